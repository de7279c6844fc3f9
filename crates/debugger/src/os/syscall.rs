//! System calls by name.

use abi::syscall::Syscall;

/// Numbers of calls are below this.
const NUMBERS: u64 = 2048;

/// A call that a thread makes: its number and arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// `a7`.
    pub number: u64,
    /// `a0` to `a5`.
    pub arguments: [u64; 6],
}

/// A call's name: `mailbox_send`, `dup3`, …
#[must_use]
pub fn call_name(number: u64) -> Option<String> {
    let call = Syscall::try_from(number).ok()?;
    let mut name = String::new();
    for letter in format!("{call:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    Some(name)
}

/// The number of a call by its name, or by a number.
#[must_use]
pub fn call_number(name: &str) -> Option<u64> {
    // Names that people know better.
    let name = match name {
        "send" => "mailbox_send",
        "recv" | "receive" => "mailbox_recv",
        "fork" => "clone",
        other => other,
    };
    let by_name = (0..NUMBERS).find(|&number| call_name(number).as_deref() == Some(name));
    by_name.or_else(|| name.parse().ok())
}

/// A call as text: `write(1, 0x10f20, 6)`. Only as many arguments as are likely meant.
#[must_use]
pub fn describe_call(call: &Call) -> String {
    let name = call_name(call.number).unwrap_or_else(|| format!("call {}", call.number));
    let count = match name.as_str() {
        "getpid" | "gettid" | "getppid" | "sched_yield" => 0,
        "exit" | "exit_group" | "close" | "dup" | "brk" | "chdir" => 1,
        "clock_gettime" | "nanosleep" | "kill" | "munmap" | "pipe2" | "fstat" => 2,
        "read" | "write" | "fcntl" | "ioctl" | "dup3" | "execve" | "lseek" | "mailbox_create" => 3,
        "wait4" | "openat" => 4,
        _ => 5,
    };
    let shown: Vec<_> = call.arguments[..count]
        .iter()
        .map(|&value| number(value))
        .collect();
    format!("{name}({})", shown.join(", "))
}

fn number(value: u64) -> String {
    match value as i64 {
        small @ -4095..=4095 => small.to_string(),
        _ => format!("{value:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_the_names_that_linux_gives_them() {
        assert_eq!(call_name(64).as_deref(), Some("write"));
        assert_eq!(call_number("execve"), Some(221));
        assert_eq!(call_number("send"), Some(1025));
        assert_eq!(call_number("64"), Some(64));
        assert_eq!(call_number("no such call"), None);
        let call = Call {
            number: 64,
            arguments: [1, 0x1_0000, 6, 0, 0, 0],
        };
        assert_eq!(describe_call(&call), "write(1, 0x10000, 6)");
    }
}
