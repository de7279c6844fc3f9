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
    EINVAL = 22, "Invalid argument";
    EMFILE = 24, "Too many descriptors";
    EPIPE = 32, "Nobody is at the other end";
    ENAMETOOLONG = 36, "Name too long";
    ENOSYS = 38, "No such system call";
    EMSGSIZE = 90, "Message too long";
    ETIMEDOUT = 110, "The deadline has passed";
}
