//! What was found, a line each.

use core::fmt::{self, Write};

use sbi_spec::base::{EID_BASE, PROBE_EXTENSION};

use crate::{calls, machine};

/// The checks so far.
pub struct Report {
    /// The hart that checks.
    pub hart: usize,
    passed: usize,
    skipped: usize,
    failed: usize,
}

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(calls::put);
        Ok(())
    }
}

/// Prints a line.
pub fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(Console, "{text}");
}

impl Report {
    /// None yet.
    pub fn new(hart: usize) -> Self {
        Self {
            hart,
            passed: 0,
            skipped: 0,
            failed: 0,
        }
    }

    /// One check.
    pub fn check(&mut self, what: &str, holds: bool) {
        if holds {
            self.passed += 1;
            line(format_args!("ok   {what}"));
        } else {
            self.failed += 1;
            line(format_args!("FAIL {what}"));
        }
    }

    /// One check of two values.
    pub fn same<T: PartialEq + fmt::Debug>(&mut self, what: &str, found: T, expected: T) {
        let holds = found == expected;
        self.check(what, holds);
        if !holds {
            line(format_args!(
                "     found {found:x?}, expected {expected:x?}"
            ));
        }
    }

    /// Whether the firmware says that it has an extension; if not, its checks are skipped.
    pub fn has(&mut self, name: &str, extension: usize) -> bool {
        let has = calls::call(EID_BASE, PROBE_EXTENSION, [extension, 0, 0, 0, 0]).value != 0;
        if !has {
            self.skipped += 1;
            line(format_args!("skip {name}: the firmware has none"));
        }
        has
    }

    /// The last line, and the end of the machine.
    pub fn end(self) -> ! {
        let Self {
            passed,
            skipped,
            failed,
            ..
        } = self;
        line(format_args!(
            "{passed} passed, {skipped} skipped, {failed} failed"
        ));
        if failed > 0 {
            machine::fail()
        }
        calls::legacy_shutdown()
    }
}
