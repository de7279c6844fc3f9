//! Why a call failed, as SYS_ERRNO tells the guest.

use std::io::{Error, ErrorKind};

/// An error number. The numbers are those of newlib and picolibc, which the guests of semihosting
/// are built with; up to 34 they are Linux's too. The host's own numbers never reach the guest, so
/// that it sees the same on every host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Errno(pub u64);

impl Errno {
    pub const EPERM: Self = Self(1);
    pub const ENOENT: Self = Self(2);
    pub const EIO: Self = Self(5);
    pub const EBADF: Self = Self(9);
    pub const EACCES: Self = Self(13);
    pub const EFAULT: Self = Self(14);
    pub const EEXIST: Self = Self(17);
    pub const ENOTDIR: Self = Self(20);
    pub const EISDIR: Self = Self(21);
    pub const EINVAL: Self = Self(22);
    pub const EMFILE: Self = Self(24);
    pub const EFBIG: Self = Self(27);
    pub const ENOSPC: Self = Self(28);
    pub const ESPIPE: Self = Self(29);
    pub const EROFS: Self = Self(30);
    pub const ENOSYS: Self = Self(88);
    pub const ENAMETOOLONG: Self = Self(91);
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::ENOENT,
            ErrorKind::PermissionDenied => Self::EACCES,
            ErrorKind::AlreadyExists => Self::EEXIST,
            ErrorKind::NotADirectory => Self::ENOTDIR,
            ErrorKind::IsADirectory => Self::EISDIR,
            ErrorKind::InvalidInput => Self::EINVAL,
            ErrorKind::FileTooLarge => Self::EFBIG,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::ENOSPC,
            ErrorKind::ReadOnlyFilesystem => Self::EROFS,
            ErrorKind::InvalidFilename => Self::ENAMETOOLONG,
            _ => Self::EIO,
        }
    }
}
