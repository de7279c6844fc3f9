//! A hart as the kernel sees it: what the trap path needs at fixed places, and which thread runs there.

use abi::layout::Record;
use kernel_core::arena::Id;

use crate::arch::{csr, fpu};
use crate::layout;
use crate::process::thread::{Registers, Thread};

/// One hart's record. Only its own hart uses it, after boot.
#[repr(C)]
pub struct Hart {
    /// The registers of the thread that runs: where a trap saves them, and what a return loads.
    pub registers: *mut Registers,
    /// Room for one register at the start of a trap.
    pub scratch: u64,
    /// End of the stack that the kernel runs on; empty while the user runs.
    pub stack_top: u64,
    /// End of the stack for reporting that the kernel failed.
    pub emergency_stack_top: u64,
    /// `sstatus` at the next return to the user.
    pub return_status: u64,
    /// Number among the kernel's harts, from 0; the boot hart is 0.
    pub index: usize,
    /// The firmware's number of the hart.
    pub id: u64,
    /// The thread that runs, or none while the hart idles.
    pub current: Id<Thread>,
    /// Whose floating-point registers the hart's are; none for nobody's.
    pub float_owner: Id<Thread>,
    /// The hart's floating-point registers are all zero, or written by the thread that runs since they were.
    pub float_is_zero: bool,
    /// `satp` as it is now.
    pub satp: u64,
    /// The generation of address-space numbers that its translations belong to.
    pub asid_generation: u64,
    /// The generation of code that it may have fetched.
    pub code_generation: u64,
    /// When the current thread's quantum ends, in ticks.
    pub quantum_end: u64,
    /// What the timer is set to, in ticks.
    pub timer: u64,
    /// Whether the timer is `stimecmp` rather than the firmware's.
    pub sstc: bool,
    /// Ticks in a quantum.
    pub quantum: u64,
}

/// Where tools find what a hart is.
pub const FIELDS: &[Record] = &abi::fields!("hart", Hart:
    registers, index, id, current, satp, quantum_end, timer, quantum);

// SAFETY: the pointer leads to the registers of a thread that runs on no other hart.
unsafe impl Send for Hart {}

impl Hart {
    /// A hart that runs nothing yet.
    pub const fn new() -> Self {
        Self {
            registers: core::ptr::null_mut(),
            scratch: 0,
            stack_top: 0,
            emergency_stack_top: 0,
            return_status: 0,
            index: 0,
            id: 0,
            current: Id::NONE,
            float_owner: Id::NONE,
            float_is_zero: false,
            satp: 0,
            asid_generation: 0,
            code_generation: 0,
            quantum_end: u64::MAX,
            timer: u64::MAX,
            sstc: false,
            quantum: 0,
        }
    }

    /// Gives the hart its number and its stacks.
    pub fn prepare(&mut self, index: usize, id: u64) {
        self.index = index;
        self.id = id;
        self.stack_top = layout::stack_of(index).1;
        self.emergency_stack_top = layout::emergency_stack_of(index).1;
    }

    /// Sets the timer, unless it is set to that already.
    ///
    /// One that is set to an earlier time cannot be left as it is: it may have been due while the hart idled, where no trap tells of it.
    #[inline]
    pub fn set_timer(&mut self, ticks: u64) {
        if ticks == self.timer {
            return;
        }
        self.timer = ticks;
        self.write_timer(ticks);
    }

    #[inline]
    fn write_timer(&mut self, ticks: u64) {
        if self.sstc {
            csr::set_stimecmp(ticks);
        } else {
            crate::arch::sbi::set_timer(ticks);
        }
    }

    /// Stores the floating-point registers of the thread that runs, if they were written.
    #[inline]
    pub fn save_float(&mut self, thread: &mut Thread) {
        if self.return_status & csr::SSTATUS_FS == csr::FS_DIRTY {
            fpu::save(&mut thread.float);
            self.hold_float_of(thread);
        }
    }

    /// Sees to it that the floating-point registers are those of the thread that is to run: most have none, and nothing is to be done.
    #[inline]
    pub fn show_float(&mut self, thread: &mut Thread) {
        self.return_status = csr::SSTATUS_SPIE | csr::FS_CLEAN;
        if thread.has_float {
            if self.float_owner != self.current || thread.float_hart != self.index as u32 {
                self.load_float(thread);
            }
        } else if !self.float_is_zero {
            fpu::load(&fpu::ZERO);
            self.float_owner = Id::NONE;
            self.float_is_zero = true;
        }
    }

    /// Loads the floating-point registers of the thread that runs, which were changed in its record.
    pub fn load_float(&mut self, thread: &mut Thread) {
        fpu::load(&thread.float);
        self.hold_float_of(thread);
    }

    fn hold_float_of(&mut self, thread: &mut Thread) {
        thread.has_float = true;
        thread.float_hart = self.index as u32;
        self.float_owner = self.current;
        self.float_is_zero = false;
        self.return_status = csr::SSTATUS_SPIE | csr::FS_CLEAN;
    }

    /// The timer interrupt has come.
    pub fn timer_is_due(&mut self) {
        // Whatever is set next differs.
        self.timer = 0;
    }

    /// Lets the hart fetch code that was written up to a generation.
    pub fn see_code(&mut self, generation: u64) {
        if self.code_generation != generation {
            self.code_generation = generation;
            csr::fence_i();
        }
    }

    /// Translates by another root from now on.
    pub fn use_space(&mut self, satp: u64) {
        if self.satp != satp {
            self.satp = satp;
            csr::set_satp(satp);
        }
    }
}
