//! Fawn's kernel: one machine made many.
//!
//! An event kernel: one stack a hart, interrupts off, no stack for a thread that waits. A trap saves the thread's registers in
//! its record, takes the one kernel lock, does what is to be done, and returns to whichever thread the hart has then.
#![no_std]
#![no_main]

mod arch;
mod boot;
mod console;
mod fault;
mod hart;
mod kernel;
mod layout;
mod list;
mod lock;
mod mailbox;
mod memory;
mod note;
mod object;
mod pipe;
mod platform;
mod plic;
mod process;
mod ranges;
mod report;
mod schedule;
mod syscall;
mod trap;

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    console::print_at_once(format_args!("\nfawn: the kernel failed: {info}\n"));
    arch::sbi::shut_down(true)
}
