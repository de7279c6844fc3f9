//! Asks the firmware below everything that SBI 2.0 says, and judges the answers: one line a check.
//!
//! Runs in S-mode under any SBI firmware. What the firmware's own probe denies is skipped, and the line says so. Ends
//! with the legacy shutdown when all is well, and with a system failure when not.
#![no_std]
#![no_main]

mod calls;
mod checks;
mod harts;
mod machine;
mod report;

use report::Report;

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    report::line(format_args!("FAIL {info}"));
    machine::fail()
}

/// Where the firmware starts S-mode.
extern "C" fn main(hart: usize, _tree: usize) -> ! {
    machine::catch_exceptions();
    let mut report = Report::new(hart);
    checks::base::run(&mut report);
    checks::console::run(&mut report);
    checks::timer::run(&mut report);
    checks::features::run(&mut report);
    checks::counters::run(&mut report);
    checks::memory::run(&mut report);
    checks::harts::run(&mut report);
    checks::legacy::run(&mut report);
    report.end()
}
