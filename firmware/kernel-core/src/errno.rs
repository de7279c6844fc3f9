//! The Linux error numbers that this crate's error types stand for.

/// Operation not permitted.
pub const EPERM: u16 = 1;
/// No such file or directory.
pub const ENOENT: u16 = 2;
/// Argument list or file format: not executable.
pub const ENOEXEC: u16 = 8;
/// Bad file descriptor.
pub const EBADF: u16 = 9;
/// Try again.
pub const EAGAIN: u16 = 11;
/// Out of memory.
pub const ENOMEM: u16 = 12;
/// Permission denied.
pub const EACCES: u16 = 13;
/// Bad address.
pub const EFAULT: u16 = 14;
/// File exists.
pub const EEXIST: u16 = 17;
/// Invalid argument.
pub const EINVAL: u16 = 22;
/// Too many open files in the process.
pub const EMFILE: u16 = 24;
/// Broken pipe.
pub const EPIPE: u16 = 32;
/// File name too long.
pub const ENAMETOOLONG: u16 = 36;
/// Message too long.
pub const EMSGSIZE: u16 = 90;
