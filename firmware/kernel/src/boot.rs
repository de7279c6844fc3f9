//! From the first hart's first Rust function to the first program.

use core::sync::atomic::Ordering;

use kernel_core::arena::{Arena, Id, Slot};
use kernel_core::frame::{Account, FrameNumber, FramePool, FrameRecord};

use crate::arch::{csr, entry, sbi};
use crate::hart::Hart;
use crate::kernel::{KERNEL, Kernel};
use crate::layout::{DIRECT_MAP, PAGE};
use crate::memory::{self, Memory, direct, kernel_space, space};
use crate::platform::{self, MAX_HARTS, Platform};
use crate::process::exec;
use crate::schedule::{self, Queue};
use crate::{console, println};

/// The most processes.
const PROCESSES: usize = 256;
/// The most threads.
const THREADS: usize = 1024;
/// The most mailboxes.
const MAILBOXES: usize = 256;
/// The program that becomes process 1, unless the command line says `init=`.
const INIT: &str = "/bin/init";

/// The boot hart arrives here, translating by the early root.
pub extern "C" fn boot_hart_main(hart_id: u64, device_tree: u64) -> ! {
    show_ram_early();
    // SAFETY: the early root shows all that the direct map can show, and a1 is where SBI says the tree is.
    let Some(blob) = (unsafe { platform::blob(device_tree) }) else {
        panic!("no device tree at {device_tree:#x}");
    };
    let mut platform = match Platform::read(blob, device_tree, hart_id) {
        Ok(platform) => platform,
        Err(error) => panic!("the machine cannot be used: {error:?}"),
    };
    console::set_port(platform.uart);
    let Ok(root) = kernel_space::build(&mut platform) else {
        panic!("too little memory for the kernel's page tables");
    };
    let satp = space::kernel_satp(root);
    entry::KERNEL_SATP.store(satp, Ordering::Release);
    csr::set_satp(satp);
    csr::flush_all();
    let Some(harts) = set_up(&platform, root) else {
        panic!(
            "too little memory: {} KiB",
            (platform.ram.1 - platform.ram.0) >> 10
        );
    };
    let mut harts = harts.iter_mut();
    let boot = harts.next();
    start_others(harts);
    match boot {
        Some(hart) => entry::switch_to_own_stack(hart, first_program),
        None => sbi::shut_down(true),
    }
}

/// Lets the early root show physical memory where the direct map will.
fn show_ram_early() {
    const READ_WRITE: u64 = 0xc7;
    let first = (DIRECT_MAP >> 30 & 511) as usize;
    for gib in 0..128 {
        entry::early_root().0[first + gib]
            .store((gib as u64) << 28 | READ_WRITE, Ordering::Relaxed);
    }
    csr::flush_all();
}

/// Carves the kernel's tables out of free memory, gives the rest to the frame pool; the harts' records.
fn set_up(platform: &Platform, root: FrameNumber) -> Option<&'static mut [Hart]> {
    let mut free = platform.free;
    let base = FrameNumber::containing(platform.ram.0);
    let frames = ((platform.ram.1 - platform.ram.0) / PAGE) as usize;
    let records = carve(&mut free, frames, || FrameRecord::NOT_OURS)?;
    let entries = carve(&mut free, frames, || 0u16)?;
    let processes = carve(&mut free, PROCESSES, Slot::default)?;
    let threads = carve(&mut free, THREADS, Slot::default)?;
    let mailboxes = carve(&mut free, MAILBOXES, Slot::default)?;
    let harts = carve(&mut free, platform.hart_count, Hart::new)?;
    let mut pool = FramePool::new(records, base, 0);
    for (start, end) in free.iter() {
        pool.add_range(FrameNumber::containing(start), FrameNumber::containing(end));
    }
    let (start, end) = platform.initrd;
    // SAFETY: the device tree says that the archive is there; the frame pool does not have that range.
    let initrd = unsafe { direct::bytes(start, (end - start) as usize) };
    let limit = pool.total();
    *KERNEL.lock() = Some(Kernel {
        memory: Memory::new(pool, entries, base),
        account: Account::new(limit, true),
        root,
        processes: Arena::new(processes),
        threads: Arena::new(threads),
        mailboxes: Arena::new(mailboxes),
        ready: Queue::new(),
        init: Id::NONE,
        init_path: platform.option("init").unwrap_or(INIT),
        next_pid: 1,
        asids: memory::space::probe_asids(),
        code_generation: 0,
        initrd,
        hart_ids: platform.harts,
        harts: (1 << platform.hart_count) - 1,
        idle: 0,
        timebase: platform.timebase,
        next_deadline: u64::MAX,
    });
    for (index, (hart, id)) in harts.iter_mut().zip(platform.harts).enumerate() {
        hart.prepare(index, id);
        hart.sstc = platform.sstc;
        hart.quantum = platform.timebase * schedule::QUANTUM_MICROSECONDS / 1_000_000;
    }
    println!(
        "Fawn {}: {} MiB of memory, timer {}",
        env!("CARGO_PKG_VERSION"),
        (platform.ram.1 - platform.ram.0) >> 20,
        if platform.sstc {
            "stimecmp"
        } else {
            "by firmware"
        },
    );
    Some(harts)
}

fn carve<T>(
    free: &mut crate::ranges::Ranges,
    count: usize,
    make: impl FnMut() -> T,
) -> Option<&'static mut [T]> {
    let at = free.take((count * size_of::<T>()) as u64)?;
    // SAFETY: the range was just taken out of what is free, and the kernel's root shows it.
    Some(unsafe { direct::carve(at, count, make) })
}

fn start_others(harts: impl Iterator<Item = &'static mut Hart>) {
    for hart in harts {
        let id = hart.id;
        let record = core::ptr::from_mut(hart) as u64;
        if let Err(error) = sbi::start_hart(id, entry::secondary_entry(), record) {
            println!("fawn: hart {id} does not start: SBI error {}", error.0);
            if let Some(kernel) = KERNEL.lock().as_mut() {
                let gone = kernel.hart_ids[..MAX_HARTS]
                    .iter()
                    .position(|&other| other == id);
                kernel.harts &= !gone.map_or(0, |index| 1 << index);
            }
        }
    }
}

/// What every hart needs before it runs a thread.
fn prepare_hart(hart: &mut Hart) {
    entry::take_traps(hart);
    hart.satp = csr::satp();
    // Programs may read the time, the cycles and the instructions.
    csr::set_scounteren(0b111);
    // Nothing is due before a thread runs.
    hart.timer = 0;
    hart.set_timer(u64::MAX);
    csr::set_sie(csr::SOFTWARE | csr::TIMER | csr::EXTERNAL);
}

/// Other harts arrive here, on their own stacks, translating by the kernel's root.
pub extern "C" fn secondary_hart_main(hart: &'static mut Hart) -> ! {
    prepare_hart(hart);
    run(hart)
}

extern "C" fn first_program(hart: &'static mut Hart) -> ! {
    prepare_hart(hart);
    if let Some(kernel) = KERNEL.lock().as_mut()
        && let Err(error) = exec::start_init(kernel, kernel.init_path.as_bytes())
    {
        let (path, reason) = (kernel.init_path, abi::errno::describe(error));
        println!(
            "fawn: cannot run {path}: {reason} (the archive of programs has {} bytes)",
            kernel.initrd.len()
        );
        sbi::shut_down(true)
    }
    run(hart)
}

fn run(hart: &'static mut Hart) -> ! {
    drop(schedule::reschedule(KERNEL.lock(), hart));
    entry::run_user(hart)
}
