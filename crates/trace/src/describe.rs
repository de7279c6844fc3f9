//! Calls as text.

use std::fmt::Write;

use crate::calls::{self, Argument};
use crate::guest::Guest;

/// Characters of a path that are shown.
const MOST_PATH: usize = 128;
/// Bytes of a buffer that are shown.
const MOST_BYTES: u64 = 32;
/// The current directory, where a call takes a directory (`AT_FDCWD`).
const CURRENT_DIRECTORY: i64 = -100;
/// Results from minus this on are errors.
const MOST_ERROR: u64 = 4095;

/// The name of a call with its arguments, as a person writes it. Texts whose page is not there yet, since the kernel brings
/// it when it looks at it, stand as addresses.
#[must_use]
pub fn call(number: u64, arguments: &[u64; 6], guest: &Guest<'_>) -> (String, String) {
    let Some((name, kinds)) = calls::lookup(number) else {
        return (format!("call_{number}"), format!("call_{number}()"));
    };
    let mut text = format!("{name}(");
    for (index, kind) in kinds.enumerate().take(arguments.len()) {
        if index > 0 {
            text.push_str(", ");
        }
        let length = arguments.get(index + 1).copied().unwrap_or(0);
        argument(&mut text, kind, arguments[index], length, guest);
    }
    text.push(')');
    (name.to_owned(), text)
}

/// Writes an argument; writing to a string cannot fail.
fn argument(text: &mut String, kind: Argument, value: u64, length: u64, guest: &Guest<'_>) {
    let signed = value as i32;
    let _ = match kind {
        Argument::Number => write!(text, "{signed}"),
        Argument::Directory if i64::from(signed) == CURRENT_DIRECTORY => write!(text, "AT_FDCWD"),
        Argument::Directory => write!(text, "{signed}"),
        Argument::Unsigned if value < 1 << 40 => write!(text, "{value}"),
        Argument::Octal => write!(text, "0{value:o}"),
        Argument::Address if value == 0 => write!(text, "NULL"),
        Argument::Deadline if value == u64::MAX => write!(text, "forever"),
        Argument::Deadline if value == 0 => write!(text, "now"),
        Argument::Deadline => write!(text, "{value}"),
        Argument::Path => match guest.user_text(value, MOST_PATH) {
            Some(path) => quoted(text, &path, path.len() == MOST_PATH),
            None => write!(text, "{value:#x}"),
        },
        Argument::Bytes => {
            let mut bytes = vec![0; length.min(MOST_BYTES) as usize];
            let read = guest.read(machine::hart::Privilege::User, value, &mut bytes);
            if read < bytes.len() || value == 0 {
                write!(text, "{value:#x}")
            } else {
                quoted(text, &bytes, length > MOST_BYTES)
            }
        }
        _ if value < 10 => write!(text, "{value}"),
        _ => write!(text, "{value:#x}"),
    };
}

fn quoted(text: &mut String, bytes: &[u8], is_cut: bool) -> std::fmt::Result {
    let end = if is_cut { "…" } else { "" };
    write!(text, "\"{}\"{end}", bytes.escape_ascii())
}

/// Whether a result is an error, and its name.
#[must_use]
pub fn error_of(result: u64) -> Option<String> {
    let number = result.wrapping_neg();
    if !(1..=MOST_ERROR).contains(&number) {
        return None;
    }
    let name = calls::error_name(number).map(str::to_owned);
    Some(name.unwrap_or_else(|| number.to_string()))
}

/// A call's result as text.
#[must_use]
pub fn result(name: &str, result: u64) -> String {
    if let Some(error) = error_of(result) {
        return format!("-{error}");
    }
    match name {
        // The low half is a length, the upper half says who called or what came with it.
        "mailbox_recv" | "mailbox_reply_wait" if result >> 32 != 0 => {
            format!("{} (and {})", result & 0xffff_ffff, result >> 32)
        }
        _ if result < 1 << 16 => result.to_string(),
        _ => format!("{result:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::{Config, Machine};

    #[test]
    fn arguments_and_results_are_readable() {
        let mut machine = Machine::new(Config::default()).unwrap();
        let at = 0x8000_1000;
        assert!(machine.bus_mut().ram.write(at, b"/etc/mo\ttd\0"));
        let guest = Guest {
            hart: &machine.harts()[0],
            bus: machine.bus(),
        };
        let text = |number, arguments| call(number, &arguments, &guest).1;
        assert_eq!(
            text(56, [-100i64 as u64, at, 0, 0, 9, 9]),
            r#"openat(AT_FDCWD, "/etc/mo\ttd", 0, 00)"#
        );
        assert_eq!(text(64, [1, at, 4, 0, 0, 0]), r#"write(1, "/etc", 4)"#);
        assert_eq!(text(64, [1, 16, 4, 0, 0, 0]), "write(1, 0x10, 4)");
        assert_eq!(
            text(1025, [3, at, 1, u64::MAX, 0, 0]),
            r#"mailbox_send(3, "/", 1, forever, NULL, 0)"#
        );
        assert_eq!(text(172, [1; 6]), "getpid()");
        assert_eq!(text(9999, [1; 6]), "call_9999()");
        assert_eq!(result("read", -11i64 as u64), "-EAGAIN");
        assert_eq!(result("mailbox_recv", 1 << 32 | 8), "8 (and 1)");
        assert_eq!(result("mmap", 0x3f_0000_0000), "0x3f00000000");
    }
}
