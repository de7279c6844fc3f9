//! Error numbers, as Linux has them.

/// Defines the numbers and their names.
macro_rules! errors {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        $(#[doc = concat!($text, ".")] pub const $name: u16 = $number;)*

        /// What an error number means, in a few words.
        #[must_use]
        pub const fn describe(number: u16) -> &'static str {
            match number {
                $($number => $text,)*
                _ => "unknown error",
            }
        }
    };
}

errors! {
    EPERM = 1, "Operation not permitted";
    ENOENT = 2, "No such file or directory";
    ESRCH = 3, "No such process";
    EINTR = 4, "Interrupted";
    EIO = 5, "Input or output error";
    E2BIG = 7, "Argument list too long";
    ENOEXEC = 8, "Not a program that can run here";
    EBADF = 9, "No such descriptor, or without the right that is needed";
    ECHILD = 10, "No such child";
    EAGAIN = 11, "Not now";
    ENOMEM = 12, "No memory";
    EACCES = 13, "Permission denied";
    EFAULT = 14, "Bad address";
    EEXIST = 17, "It exists already";
    ENODEV = 19, "No such device";
    ENOTDIR = 20, "Not a directory";
    EISDIR = 21, "Is a directory";
    EINVAL = 22, "Invalid argument";
    ENFILE = 23, "Too many open files in the system";
    EMFILE = 24, "Too many descriptors";
    ENOTTY = 25, "Not a terminal";
    EFBIG = 27, "File too large";
    ENOSPC = 28, "No space left";
    ESPIPE = 29, "Has no place to go to";
    EPIPE = 32, "Nobody is at the other end";
    ERANGE = 34, "Result too large";
    ENAMETOOLONG = 36, "Name too long";
    ENOSYS = 38, "No such system call";
    ENOTEMPTY = 39, "Directory not empty";
    ELOOP = 40, "Too many symbolic links";
    EMSGSIZE = 90, "Message too long";
    ETIMEDOUT = 110, "The deadline has passed";
}
