//! From the first hart's first Rust function to the first program.

use core::sync::atomic::Ordering;

use kernel_core::arena::{Arena, Id, Slot};
use kernel_core::files::{Files, Inode, Kind};
use kernel_core::frame::{FrameNumber, FramePool, FrameRecord};
use kernel_core::line::Line;
use kernel_core::schedule::{Node, Scheduler};

use crate::arch::{csr, entry, sbi};
use crate::hart::Hart;
use crate::kernel::{KERNEL, Kernel};
use crate::layout::{DIRECT_MAP, PAGE};
use crate::list::List;
use crate::mailbox::Transport;
use crate::memory::{self, Memory, direct, kernel_space, space};
use crate::platform::{self, MAX_HARTS, Platform};
use crate::process::exec;
use crate::schedule::{self, WAIT_LISTS};
use crate::syscall::device;
use crate::{console, note, println};

/// The most processes.
const PROCESSES: usize = 256;
/// The most threads.
pub const THREADS: usize = 1024;
/// The most mailboxes.
const MAILBOXES: usize = 256;
/// The most jobs.
const JOBS: usize = 64;
/// The most pipes.
const PIPES: usize = 256;
/// The most files that are open at a time.
const OPEN_FILES: usize = 512;
/// The most files and directories.
const INODES: usize = 2048;
/// Frames that only init and the kernel itself may be promised.
const RESERVE: u64 = 512;
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
    let jobs = carve(&mut free, JOBS, Slot::default)?;
    let pipes = carve(&mut free, PIPES, Slot::default)?;
    let files = carve(&mut free, OPEN_FILES, Slot::default)?;
    let inodes = carve(&mut free, INODES, Slot::default)?;
    let harts = carve(&mut free, platform.hart_count, Hart::new)?;
    let scheduler = Scheduler::new(
        carve(&mut free, JOBS, Node::default)?,
        carve(&mut free, PROCESSES, Node::default)?,
        carve(&mut free, THREADS, Node::default)?,
        platform.timebase * schedule::QUANTUM_MICROSECONDS / 1_000_000,
    );
    let mut pool = FramePool::new(records, base, RESERVE);
    for (start, end) in free.iter() {
        pool.add_range(FrameNumber::containing(start), FrameNumber::containing(end));
    }
    let (start, end) = platform.initrd;
    // SAFETY: the device tree says that the archive is there; the frame pool does not have that range.
    let initrd = unsafe { direct::bytes(start, (end - start) as usize) };
    let total = pool.total();
    let tree = plant(inodes, initrd)?;
    let memory = Memory::new(pool, entries, base, tree, initrd, platform.harts);
    *KERNEL.lock() = Some(Kernel {
        memory,
        root,
        processes: Arena::new(processes),
        threads: Arena::new(threads),
        jobs: Arena::new(jobs),
        mailboxes: Arena::new(mailboxes),
        pipes: Arena::new(pipes),
        files: Arena::new(files),
        scheduler,
        running: [Id::NONE; MAX_HARTS],
        preempted: 0,
        waiting: [List::new(); WAIT_LISTS],
        init: Id::NONE,
        init_path: platform.option("init").unwrap_or(INIT),
        init_arguments: platform.init_arguments(),
        next_pid: 1,
        job_frames: total / 2,
        asids: memory::space::probe_asids(),
        code_generation: 0,
        harts: (1 << platform.hart_count) - 1,
        idle: 0,
        timebase: platform.timebase,
        has_changed: true,
        next_deadline: u64::MAX,
        line: {
            let mut line = Line::new();
            let mut settings = line.settings();
            settings.echo = !platform.has_word("noecho");
            line.set_settings(settings);
            line
        },
        foreground: 0,
        plic: platform.plic,
        finisher: platform.finisher,
        reports_in_full: platform.option("report") != Some("short"),
        transport: transport(platform),
        random: platform.seed,
    });
    for (index, (hart, id)) in harts.iter_mut().zip(platform.harts).enumerate() {
        hart.prepare(index, id);
        hart.sstc = platform.sstc;
        hart.quantum = platform.timebase * schedule::QUANTUM_MICROSECONDS / 1_000_000;
    }
    note::publish(harts);
    if !platform.has_word("quiet") {
        greet(platform);
    }
    Some(harts)
}

/// What the command line says of how messages go.
fn transport(platform: &Platform) -> Transport {
    let option = platform.option("mailbox");
    Transport::from_option(option).unwrap_or_else(|| {
        println!(
            "fawn: mailbox={}: it is ring, pages or rendezvous; messages go as suits their size",
            option.unwrap_or_default()
        );
        Transport::BySize
    })
}

fn greet(platform: &Platform) {
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
}

/// The tree of files: what the archive has, and the devices.
fn plant(inodes: &'static mut [Slot<Inode>], archive: &'static [u8]) -> Option<Files<'static>> {
    let mut tree = Files::new(inodes)?;
    if let Err((at, error)) = tree.unpack(archive) {
        let reason = abi::errno::describe(error);
        println!("fawn: the archive of programs is damaged at byte {at}: {reason}");
    }
    let root = tree.root();
    for directory in [&b"dev"[..], b"tmp"] {
        // It may be in the archive.
        let _ = tree.create(root, directory, Kind::Directory, 0o755);
    }
    let devices = tree.resolve(root, b"/dev", true).ok()?;
    for (name, device) in [
        (&b"console"[..], device::CONSOLE),
        (b"tty", device::CONSOLE),
        (b"null", device::NULL),
    ] {
        let _ = tree.create(devices, name, Kind::Device(device), 0o666);
    }
    Some(tree)
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
                let gone = kernel.memory.hart_ids[..MAX_HARTS]
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
    if let Some(kernel) = KERNEL.lock().as_mut() {
        kernel.memory.here = hart.index;
        kernel.plic.enable();
        console::receive_by_interrupt();
        let path = kernel.init_path;
        if let Err(error) =
            exec::start_init(kernel, path.as_bytes(), kernel.init_arguments.as_bytes())
        {
            let reason = abi::errno::describe(error);
            println!(
                "fawn: cannot run {path}: {reason} (the archive of programs has {} bytes)",
                kernel.memory.archive.len()
            );
            sbi::shut_down(true)
        }
    }
    run(hart)
}

fn run(hart: &'static mut Hart) -> ! {
    drop(schedule::reschedule(KERNEL.lock(), hart));
    entry::run_user(hart)
}
