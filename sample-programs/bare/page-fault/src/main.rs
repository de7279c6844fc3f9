//! Demand mapping: the pages of one range are mapped as they are touched, and their accessed and
//! dirty bits are looked at in between. Works with bits set by hardware and by the fault handler.
#![no_std]
#![no_main]

use core::ptr::from_ref;
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

impl Page {
    const fn empty() -> Self {
        Self([const { AtomicUsize::new(0) }; 512])
    }

    /// Its address as the number in a page-table entry.
    fn entry(&'static self) -> usize {
        from_ref(self) as usize >> 12 << 10
    }
}

static ROOT: Page = Page::empty();
static MIDDLE: Page = Page::empty();
static LEAVES: Page = Page::empty();
static FRAMES: [Page; PAGES] = [const { Page::empty() }; PAGES];
static FAULTS: AtomicUsize = AtomicUsize::new(0);

/// Makes changed entries visible.
fn fence() {
    // SAFETY: all tables map what is in use to itself.
    unsafe { core::arch::asm!("sfence.vma") };
}

fn on_trap(cause: usize, value: usize, pc: usize) -> usize {
    let index = value.wrapping_sub(WINDOW) >> 12;
    if index >= PAGES || !matches!(cause, trap::LOAD_PAGE_FAULT | trap::STORE_PAGE_FAULT) {
        trap::unexpected(cause, value, pc);
    }
    let store = cause == trap::STORE_PAGE_FAULT;
    let leaf = LEAVES.0[index].load(Ordering::Relaxed);
    let needed = if store { V | W } else { V | R };
    if leaf & needed == needed {
        // Only the accessed or the dirty bit was missing: hardware does not set it here.
        let bits = if store { A | D } else { A };
        LEAVES.0[index].fetch_or(bits, Ordering::Relaxed);
    } else {
        println!(
            "{} page fault at {value:#x}",
            if store { "store" } else { "load" }
        );
        FAULTS.fetch_add(1, Ordering::Relaxed);
        let rights = if store { R | W } else { R };
        LEAVES.0[index].store(
            FRAMES[index].entry() | V | rights | leaf & A,
            Ordering::Relaxed,
        );
    }
    fence();
    pc
}

/// What the leaf of a page says now.
fn show(page: usize) {
    let leaf = LEAVES.0[page].load(Ordering::Relaxed);
    let bit = |bit, name| if leaf & bit != 0 { name } else { '-' };
    println!(
        "  leaf {}{}{}{}{}",
        bit(V, 'V'),
        bit(R, 'R'),
        bit(W, 'W'),
        bit(A, 'A'),
        bit(D, 'D')
    );
}

fn visit(page: usize, frame: &Page) {
    let at = (WINDOW + page * 4096 + 8 * page) as *mut usize;
    println!("page {page}");
    // SAFETY: the fault handler maps these pages when they are touched.
    unsafe {
        if page.is_multiple_of(2) {
            println!("  holds {}", at.read_volatile());
            show(page);
        }
        at.write_volatile(page + 100);
        show(page);
        println!("  holds {}", at.read_volatile());
    }
    println!(
        "  its frame holds {}",
        frame.0[page].load(Ordering::Relaxed)
    );
}

extern "C" fn supervisor() -> ! {
    trap::install_supervisor(on_trap);
    for i in 0..4 {
        ROOT.0[i].store(i << 28 | IDENTITY, Ordering::Relaxed);
    }
    ROOT.0[4].store(MIDDLE.entry() | V, Ordering::Relaxed);
    MIDDLE.0[0].store(LEAVES.entry() | V, Ordering::Relaxed);
    csr_write!("satp", 8 << 60 | from_ref(&ROOT) as usize >> 12);
    fence();
    for (page, frame) in FRAMES.iter().enumerate() {
        visit(page, frame);
    }
    println!("{} faults", FAULTS.load(Ordering::Relaxed));
    bare_runtime::exit(0)
}

fn main() -> u16 {
    trap::install_machine(|cause, value, pc| trap::unexpected(cause, value, pc));
    trap::enter_supervisor(supervisor)
}
