//! The machine's firmware: what runs in M-mode below any operating system.
//!
//! It starts every hart, keeps its own memory from S- and U-mode, answers the calls of the RISC-V Supervisor Binary
//! Interface 2.0 and hands over to S-mode as OpenSBI's `fw_dynamic` and `fw_jump` do, so that the same kernels start
//! under either. See `docs/sbi.md`.
#![no_std]
#![no_main]

use core::fmt::Write;

mod boot;
mod clint;
mod console;
mod csr;
mod entry;
mod extensions;
mod fdt;
mod finisher;
mod hart;
mod mmio;
mod platform;
mod pmp;
mod trap;

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(console::seize(), "\nHartland SBI: {info}");
    finisher::end(finisher::End::Failure(finisher::FIRMWARE_FAILED))
}
