//! Demand mapping: pages of one range are mapped as they are touched, read-only first.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicUsize, Ordering};

use bare_runtime::{csr_write, println, trap};

bare_runtime::entry!(main);

/// Where the pages appear: 4 GiB, in a gigabyte of its own.
const WINDOW: usize = 4 << 30;
const PAGES: usize = 4;
const V: usize = 1;
const R: usize = 1 << 1;
const W: usize = 1 << 2;
const A: usize = 1 << 6;
const D: usize = 1 << 7;
const IDENTITY: usize = 0xcf;

#[repr(C, align(4096))]
struct Page([AtomicUsize; 512]);

const EMPTY: Page = Page([const { AtomicUsize::new(0) }; 512]);
static ROOT: Page = EMPTY;
static MIDDLE: Page = EMPTY;
static LEAVES: Page = EMPTY;
static FRAMES: [Page; PAGES] = [EMPTY; PAGES];
static FAULTS: AtomicUsize = AtomicUsize::new(0);

fn physical(page: &'static Page) -> usize {
    core::ptr::from_ref(page) as usize >> 12 << 10
}

fn on_machine_trap(cause: usize, value: usize, pc: usize) -> usize {
    println!("trap in M-mode: {cause:#x} value {value:#x} at {pc:#x}");
    bare_runtime::exit(2)
}

fn on_trap(cause: usize, value: usize, pc: usize) -> usize {
    let index = value.wrapping_sub(WINDOW) >> 12;
    if index >= PAGES || !matches!(cause, 13 | 15) {
        println!("unexpected trap {cause:#x} value {value:#x} at {pc:#x}");
        bare_runtime::exit(3)
    }
    let kind = if cause == 15 { "store" } else { "load" };
    println!("{kind} page fault at {value:#x}");
    FAULTS.fetch_add(1, Ordering::Relaxed);
    let rights = if cause == 15 { R | W | A | D } else { R | A };
    LEAVES.0[index].store(physical(&FRAMES[index]) | V | rights, Ordering::Relaxed);
    // SAFETY: makes the new entry visible.
    unsafe { core::arch::asm!("sfence.vma") };
    pc
}

extern "C" fn supervisor() -> ! {
    trap::install_supervisor(on_trap);
    for i in 0..4 {
        ROOT.0[i].store(i << 28 | IDENTITY, Ordering::Relaxed);
    }
    ROOT.0[4].store(physical(&MIDDLE) | V, Ordering::Relaxed);
    MIDDLE.0[0].store(physical(&LEAVES) | V, Ordering::Relaxed);
    csr_write!("satp", 8 << 60 | core::ptr::from_ref(&ROOT) as usize >> 12);
    // SAFETY: the new tables map everything that is in use to itself.
    unsafe { core::arch::asm!("sfence.vma") };
    for page in 0..PAGES {
        let at = (WINDOW + page * 4096 + 8 * page) as *mut usize;
        // SAFETY: the fault handler maps these pages when they are touched.
        unsafe {
            if page % 2 == 0 {
                let before = at.read_volatile();
                println!("page {page} begins with {before}");
            }
            at.write_volatile(page + 100);
            println!("page {page} holds {}", at.read_volatile());
        }
        let through_memory = FRAMES[page].0[page].load(Ordering::Relaxed);
        println!("the frame behind it holds {through_memory}");
    }
    println!("{} faults", FAULTS.load(Ordering::Relaxed));
    bare_runtime::exit(0)
}

fn main() -> u16 {
    trap::install_machine(on_machine_trap);
    trap::enter_supervisor(supervisor)
}
