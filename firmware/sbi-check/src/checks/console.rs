//! SBI 2.0, chapter 12.

use sbi_spec::dbcn::{CONSOLE_READ, CONSOLE_WRITE, CONSOLE_WRITE_BYTE, EID_DBCN};

use super::{INVALID_PARAM, NOT_SUPPORTED};
use crate::calls::call;
use crate::report::Report;

/// Where the firmware lies on the boards that this is for.
const FIRMWARE: usize = 0x8000_0000;

pub fn run(report: &mut Report) {
    if !report.has("DBCN", EID_DBCN) {
        return;
    }
    let text = b"ok   DBCN: this line was written by one call\n";
    let address = text.as_ptr() as usize;
    let answer = call(EID_DBCN, CONSOLE_WRITE, [text.len(), address, 0, 0, 0]);
    report.same(
        "DBCN: all of it was written",
        (answer.error, answer.value),
        (0, text.len()),
    );
    for &byte in b"ok   DBCN: and this one byte by byte\n" {
        call(EID_DBCN, CONSOLE_WRITE_BYTE, [byte.into(), 0, 0, 0, 0]);
    }
    let mut buffer = [0u8; 16];
    let address = buffer.as_mut_ptr() as usize;
    let answer = call(EID_DBCN, CONSOLE_READ, [buffer.len(), address, 0, 0, 0]);
    report.same(
        "DBCN: reading gets nothing when nothing was typed",
        (answer.error, answer.value),
        (0, 0),
    );
    for (name, arguments) in [
        (
            "DBCN: the firmware's memory can not be printed",
            [16, FIRMWARE, 0, 0, 0],
        ),
        (
            "DBCN: nothing beyond the address space can be printed",
            [16, 0, 1, 0, 0],
        ),
        (
            "DBCN: no range that wraps around can be printed",
            [16, usize::MAX - 7, 0, 0, 0],
        ),
    ] {
        report.same(
            name,
            call(EID_DBCN, CONSOLE_WRITE, arguments).error,
            INVALID_PARAM,
        );
    }
    report.same(
        "DBCN: nothing is read into the firmware's memory",
        call(EID_DBCN, CONSOLE_READ, [16, FIRMWARE, 0, 0, 0]).error,
        INVALID_PARAM,
    );
    report.same(
        "DBCN: an unknown function is not supported",
        call(EID_DBCN, 0x4242, [0; 5]).error,
        NOT_SUPPORTED,
    );
}
