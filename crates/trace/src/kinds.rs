//! What can be traced.

use std::fmt;

/// A set of kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u16);

impl Kinds {
    /// Every instruction that retires.
    pub const INSN: Self = Self(1);
    /// Exceptions that are not told as something else.
    pub const TRAP: Self = Self(1 << 1);
    /// System calls.
    pub const SYSCALL: Self = Self(1 << 2);
    /// Calls of the firmware.
    pub const SBI: Self = Self(1 << 3);
    /// Which thread a hart runs.
    pub const SWITCH: Self = Self(1 << 4);
    /// Messages sent and received.
    pub const MAILBOX: Self = Self(1 << 5);
    /// Page faults.
    pub const FAULT: Self = Self(1 << 6);
    /// Interrupts.
    pub const INTERRUPT: Self = Self(1 << 7);

    const NAMES: [(&'static str, Self); 8] = [
        ("insn", Self::INSN),
        ("trap", Self::TRAP),
        ("syscall", Self::SYSCALL),
        ("sbi", Self::SBI),
        ("switch", Self::SWITCH),
        ("mailbox", Self::MAILBOX),
        ("fault", Self::FAULT),
        ("interrupt", Self::INTERRUPT),
    ];

    /// Everything but instructions.
    #[must_use]
    pub fn default_set() -> Self {
        let all = Self::NAMES.iter().fold(0, |bits, (_, kind)| bits | kind.0);
        Self(all & !Self::INSN.0)
    }

    /// Names between commas; `all` is everything but instructions.
    ///
    /// # Errors
    /// A name that is none, with those that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut bits = 0;
        for name in text.split(',').map(str::trim) {
            if name == "all" {
                bits |= Self::default_set().0;
                continue;
            }
            let found = Self::NAMES.iter().find(|(known, _)| *known == name);
            let Some((_, kind)) = found else {
                let names: Vec<_> = Self::NAMES.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                return Err(format!(
                    "`{name}` is no kind of event; they are {names}, and all"
                ));
            };
            bits |= kind.0;
        }
        Ok(Self(bits))
    }

    /// Whether it has all of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(_, kind)| self.contains(*kind));
        let names: Vec<_> = names.map(|(name, _)| *name).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_sets() {
        let set = Kinds::parse("syscall, fault").unwrap();
        assert!(set.contains(Kinds::FAULT) && !set.contains(Kinds::INSN));
        assert_eq!(set.to_string(), "syscall,fault");
        let all = Kinds::parse("all,insn").unwrap();
        assert!(all.contains(Kinds::default_set()) && all.contains(Kinds::INSN));
        assert!(Kinds::parse("sycall").unwrap_err().contains("syscall"));
    }
}
