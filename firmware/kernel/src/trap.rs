//! Traps: interrupts concern the machine; exceptions concern the thread that ran.

use crate::arch::entry::run_user;
use crate::arch::{csr, sbi};
use crate::console;
use crate::fault::{self, Access};
use crate::hart::Hart;
use crate::kernel::{KERNEL, Kernel};
use crate::layout;
use crate::lock::Guard;
use crate::process::thread::attention;
use crate::schedule;
use crate::syscall;

const SOFTWARE: u64 = csr::INTERRUPT | 1;
const TIMER: u64 = csr::INTERRUPT | 5;
const EXTERNAL: u64 = csr::INTERRUPT | 9;
/// `scause`: a system call.
pub const ECALL_FROM_USER: u64 = 8;
const INSTRUCTION_PAGE_FAULT: u64 = 12;
const LOAD_PAGE_FAULT: u64 = 13;
const STORE_PAGE_FAULT: u64 = 15;

/// Where a system call arrives, all registers saved. When this returns, the thread simply goes on, and none but the caller-saved
/// registers have to be loaded again.
pub extern "C" fn system_call(hart: &mut Hart) {
    let Some(mut guard) = KERNEL.try_lock() else {
        make_call_in_turn(hart)
    };
    if let Some(kernel) = guard.as_mut()
        && syscall::answer_at_once(kernel, hart)
    {
        return;
    }
    make_call(guard, hart)
}

/// A call for which another hart has to be waited for.
#[cold]
#[inline(never)]
fn make_call_in_turn(hart: &mut Hart) -> ! {
    make_call(KERNEL.lock(), hart)
}

/// Any other call. It does not come back: the registers are all saved, so that nothing on the stack is worth returning to.
#[inline(never)]
fn make_call(mut guard: Guard<'_, Option<Kernel>>, hart: &mut Hart) -> ! {
    if let Some(kernel) = guard.as_mut() {
        kernel.memory.here = hart.index;
        kernel.has_changed = false;
        // Most calls leave everything about who runs as it was.
        if syscall::dispatch(kernel, hart) {
            drop(guard);
            run_user(hart);
        }
    }
    schedule::go_on(guard, hart)
}

/// Where every other trap out of U-mode arrives, all registers saved. The hart goes on with its thread, which may be another one then.
pub extern "C" fn trap(hart: &mut Hart, cause: u64, value: u64) -> ! {
    let mut guard = KERNEL.lock();
    if let Some(kernel) = guard.as_mut() {
        kernel.memory.here = hart.index;
        kernel.has_changed = cause & csr::INTERRUPT != 0;
        let before = hart.current;
        dispatch(kernel, hart, cause, value);
        hart.see_code(kernel.code_generation);
        if !kernel.has_changed && hart.current == before && kernel.is_undisturbed(hart) {
            drop(guard);
            run_user(hart);
        }
    }
    schedule::go_on(guard, hart)
}

fn dispatch(kernel: &mut Kernel, hart: &mut Hart, cause: u64, value: u64) {
    let is_doomed = kernel
        .threads
        .get(hart.current)
        .is_some_and(|thread| thread.attention & attention::DOOMED != 0);
    if is_doomed && cause & csr::INTERRUPT == 0 {
        // Another hart ended its process while it was on its way here: it does nothing more.
        return;
    }
    match cause {
        INSTRUCTION_PAGE_FAULT => fault::page_fault(kernel, hart, cause, value, Access::Execute),
        LOAD_PAGE_FAULT => fault::page_fault(kernel, hart, cause, value, Access::Read),
        STORE_PAGE_FAULT => fault::page_fault(kernel, hart, cause, value, Access::Write),
        TIMER => end_quantum(kernel, hart),
        SOFTWARE => csr::clear_sip(csr::SOFTWARE),
        EXTERNAL => kernel.poll_devices(),
        _ if cause & csr::INTERRUPT != 0 => {}
        _ => fault::exception(kernel, hart, cause, value),
    }
}

fn end_quantum(kernel: &mut Kernel, hart: &mut Hart) {
    let now = csr::time();
    hart.timer_is_due();
    if now >= hart.quantum_end && kernel.others_wait(hart) {
        if let Some(thread) = kernel.threads.get_mut(hart.current) {
            thread.preemptions += 1;
        }
        kernel.give_up(hart);
    }
}

/// A trap out of the kernel itself: a bug, reported on a stack of its own, whatever became of the ordinary one.
pub extern "C" fn kernel_trap(hart: &Hart, sp: u64, cause: u64, value: u64, pc: u64, ra: u64) -> ! {
    let (low, high) = layout::stack_of(hart.index);
    let overflow = (low - layout::STACK_STRIDE..low).contains(&value);
    console::print_at_once(format_args!(
        "\nfawn: the kernel failed on hart {}: {}{} at pc {pc:#x}, address {value:#x}, sp {sp:#x} (stack {low:#x}..{high:#x}), ra {ra:#x}\n",
        hart.id,
        fault::cause_name(cause),
        if overflow { " (stack overflow)" } else { "" },
    ));
    sbi::shut_down(true)
}
