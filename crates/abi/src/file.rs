//! Files as system calls name them: flags, kinds and the layout of what `stat` writes (Linux, RISC-V).

/// For reading only.
pub const O_RDONLY: u64 = 0;
/// For writing only.
pub const O_WRONLY: u64 = 1;
/// For both.
pub const O_RDWR: u64 = 2;
/// The bits of the three above.
pub const O_ACCMODE: u64 = 3;
/// Make it if it is not there.
pub const O_CREAT: u64 = 0o100;
/// With `O_CREAT`: fail if it is there.
pub const O_EXCL: u64 = 0o200;
/// Begin with nothing in it.
pub const O_TRUNC: u64 = 0o1000;
/// Every write goes to the end.
pub const O_APPEND: u64 = 0o2000;
/// Fail with EAGAIN where one would have to wait.
pub const O_NONBLOCK: u64 = 0o4000;
/// Only a directory will do.
pub const O_DIRECTORY: u64 = 0o200_000;
/// A symbolic link is not followed.
pub const O_NOFOLLOW: u64 = 0o400_000;
/// The next program does not have it.
pub const O_CLOEXEC: u64 = 0o2_000_000;

/// In place of a directory's descriptor: where the process is.
pub const AT_FDCWD: i64 = -100;
/// Do not follow a symbolic link.
pub const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
/// `unlinkat`: a directory.
pub const AT_REMOVEDIR: u64 = 0x200;
/// The descriptor itself is meant when the path is empty.
pub const AT_EMPTY_PATH: u64 = 0x1000;

/// Kinds of files, in their modes.
pub const S_IFMT: u32 = 0o170_000;
/// A pipe.
pub const S_IFIFO: u32 = 0o010_000;
/// A device of characters.
pub const S_IFCHR: u32 = 0o020_000;
/// A directory.
pub const S_IFDIR: u32 = 0o040_000;
/// An ordinary file.
pub const S_IFREG: u32 = 0o100_000;
/// A symbolic link.
pub const S_IFLNK: u32 = 0o120_000;

/// Bytes of `struct stat`.
pub const STAT_BYTES: usize = 128;
