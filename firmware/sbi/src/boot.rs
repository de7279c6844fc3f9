//! From reset to the first instruction of S-mode.

use core::fmt::Write;
use core::sync::atomic::Ordering;

use abi::memory_map::KERNEL_BASE;
use sbi_spec::hsm::hart_state::START_PENDING;

use crate::csr::{self, interrupt, menvcfg, mstatus};
use crate::extensions::{hart_state, timer};
use crate::fdt::{Fdt, GrowingFdt, PREFIX_BYTES, tag, total_size};
use crate::finisher::{self, End};
use crate::hart::{self, HARTS, Hart};
use crate::platform::{self, FIRMWARE_BASE, FIRMWARE_BYTES, FIRMWARE_END, PLATFORM};
use crate::{clint, console, entry, pmp};

/// Exceptions that S-mode handles: everything but calls to the firmware, and misaligned accesses, which are the
/// supervisor's once it asks (FWFT).
const DELEGATED: usize = 1 << 0 // instruction address misaligned
    | 1 << 1 // instruction access fault
    | 1 << 2 // illegal instruction
    | 1 << 3 // breakpoint
    | 1 << 5 // load access fault
    | 1 << 7 // store access fault
    | 1 << 8 // environment call from U-mode
    | 1 << 12 // instruction page fault
    | 1 << 13 // load page fault
    | 1 << 15 // store page fault
    | 1 << 18 // software check
    | 1 << 19; // hardware error

/// Room for what is added to the device tree.
const TREE_GROWTH: usize = 4096;

/// What the loader wants started (OpenSBI's `fw_dynamic_info`).
#[repr(C)]
struct DynamicInfo {
    magic: usize,
    version: usize,
    next_address: usize,
    next_mode: usize,
    options: usize,
    boot_hart: usize,
}

/// "OSBI".
const DYNAMIC_MAGIC: usize = 0x4942_534f;
/// `boot_hart` is there from this version on.
const DYNAMIC_BOOT_HART: usize = 2;
/// `next_mode`: S-mode.
const SUPERVISOR: usize = 1;

/// What to start, and where.
struct Next {
    address: usize,
    hart: Option<usize>,
}

/// Where the hart that won the race continues.
pub extern "C" fn first_hart(id: usize, tree: usize, info: usize) -> ! {
    let has_tree = explore(tree);
    let hart = &HARTS[id];
    hart.announce();
    console::initialise();
    let next = next(info);
    // SAFETY: RAM (checked), read as bytes; nothing else writes there yet.
    let first = unsafe { (next.address as *const u16).read_volatile() };
    if !is_quiet(tree) {
        greet(next.address);
    }
    if first == 0 {
        fail(format_args!(
            "there is nothing to start at {:#x}; give the machine a kernel",
            next.address
        ));
    }
    if has_tree {
        reserve(tree);
    }
    initialise_hart(hart);
    let chosen = next.hart.and_then(hart::by_id).unwrap_or(hart);
    chosen.start_address.store(next.address, Ordering::Relaxed);
    chosen.start_argument.store(tree, Ordering::Relaxed);
    chosen.state.store(START_PENDING, Ordering::Release);
    entry::READY.store(1, Ordering::Release);
    for other in hart::present().filter(|other| other.id != id) {
        clint::set_software_interrupt(other.id, true);
    }
    hart_state::wait_for_start(hart)
}

/// Where every other hart continues once the first is done.
pub extern "C" fn other_hart(id: usize) -> ! {
    let hart = &HARTS[id];
    // The device tree may know less harts than there are; one that it does not name stays here.
    while !hart.exists() {
        csr::write!("mie", 0);
        finisher::wait_for_interrupt();
    }
    initialise_hart(hart);
    hart_state::wait_for_start(hart)
}

fn fail(why: core::fmt::Arguments<'_>) -> ! {
    let _ = writeln!(console::lock(), "Hartland SBI: {why}");
    finisher::end(End::Failure(finisher::FIRMWARE_FAILED))
}

fn greet(next: usize) {
    let mut console = console::lock();
    let ram = PLATFORM.ram_end.load(Ordering::Relaxed) - PLATFORM.ram_base.load(Ordering::Relaxed);
    let harts = hart::present().count();
    let plural = if harts == 1 { "" } else { "s" };
    let _ = writeln!(
        console,
        "Hartland SBI {}: {harts} hart{plural}, {} MiB; S-mode starts at {next:#x}",
        env!("CARGO_PKG_VERSION"),
        ram >> 20,
    );
}

/// Whether the kernel's command line has the word `quiet`: then the firmware is, too.
fn is_quiet(address: usize) -> bool {
    // SAFETY: as in `explore`; the borrow ends here.
    let tree = unsafe { blob(address, 0) }.and_then(|tree| Fdt::open(tree));
    let line = tree.and_then(|tree| tree.property(b"/chosen", b"bootargs"));
    line.is_some_and(|line| {
        let line = line.strip_suffix(b"\0").unwrap_or(line);
        line.split(|&byte| byte == b' ')
            .any(|word| word == b"quiet")
    })
}

/// Reads the device tree; whether there is one.
fn explore(address: usize) -> bool {
    // SAFETY: the loader says that a tree is here; its magic number and its checked lengths say the rest.
    let tree = unsafe { blob(address, 0) };
    match tree.and_then(|tree| Fdt::open(tree)) {
        Some(tree) => {
            platform::discover(tree);
            true
        }
        None => false,
    }
}

/// The blob at an address, with as much room behind it as asked for.
///
/// # Safety
/// Nobody else uses it while it is borrowed.
unsafe fn blob(address: usize, room: usize) -> Option<&'static mut [u8]> {
    let in_firmware = (FIRMWARE_BASE..FIRMWARE_END).contains(&address);
    if address == 0 || in_firmware || !address.is_multiple_of(8) {
        return None;
    }
    // SAFETY: the caller's promise.
    let prefix = unsafe { core::slice::from_raw_parts(address as *const u8, PREFIX_BYTES) };
    let len = total_size(prefix)?.checked_add(room)?;
    let end = address.checked_add(len)?;
    if room > 0 && end > PLATFORM.ram_end.load(Ordering::Relaxed) {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { core::slice::from_raw_parts_mut(address as *mut u8, len) })
}

/// What the loader wants started: what `info` says (`fw_dynamic`), or else what is where kernels are put (`fw_jump`).
fn next(info: usize) -> Next {
    let default = Next {
        address: KERNEL_BASE as usize,
        hart: None,
    };
    if info == 0 || !info.is_multiple_of(8) {
        return default;
    }
    // SAFETY: the reset ROM points at its record, or `a2` is 0.
    let info = unsafe { &*(info as *const DynamicInfo) };
    if info.magic != DYNAMIC_MAGIC || info.next_address == 0 {
        return default;
    }
    if info.next_mode != SUPERVISOR {
        fail(format_args!(
            "the loader wants mode {} at {:#x}; only S-mode (1) can be started",
            info.next_mode, info.next_address
        ));
    }
    if !PLATFORM.is_supervisor_ram(info.next_address, 4) {
        fail(format_args!(
            "the loader wants {:#x} started, where no RAM is that S-mode may use",
            info.next_address
        ));
    }
    Next {
        address: info.next_address,
        hart: (info.version >= DYNAMIC_BOOT_HART && info.boot_hart != usize::MAX)
            .then_some(info.boot_hart),
    }
}

/// Tells the kernel to keep its hands off the firmware: a child of `/reserved-memory` that is not to be mapped.
fn reserve(address: usize) {
    // SAFETY: no other hart looks at the tree before the kernel gets it.
    let grown = unsafe { blob(address, TREE_GROWTH) }
        .and_then(GrowingFdt::open)
        .and_then(|mut tree| add_reservation(&mut tree));
    if grown.is_none() {
        let _ = writeln!(
            console::lock(),
            "Hartland SBI: no room to reserve the firmware's memory in the device tree"
        );
    }
}

fn add_reservation(tree: &mut GrowingFdt<'_>) -> Option<()> {
    let reg = tree.add_name(b"reg")?;
    let no_map = tree.add_name(b"no-map")?;
    let address_cells = tree.add_name(b"#address-cells")?;
    let size_cells = tree.add_name(b"#size-cells")?;
    let ranges = tree.add_name(b"ranges")?;
    let mut tokens = Tokens::new();
    let place = match tree.view()?.first_child_offset(b"/reserved-memory") {
        Some(place) => place,
        None => {
            tokens.begin(b"reserved-memory");
            tokens.property(address_cells, &[2]);
            tokens.property(size_cells, &[2]);
            tokens.property(ranges, &[]);
            tree.view()?.first_child_offset(b"/")?
        }
    };
    let is_new = tokens.len > 0;
    tokens.begin(b"mmode_resv0@80000000");
    tokens.property(reg, &[0, FIRMWARE_BASE as u32, 0, FIRMWARE_BYTES as u32]);
    tokens.property(no_map, &[]);
    tokens.word(tag::END_NODE);
    if is_new {
        tokens.word(tag::END_NODE);
    }
    tree.add_tokens(place, tokens.bytes())
}

/// Tokens of a device tree in the making.
struct Tokens {
    bytes: [u8; 256],
    len: usize,
}

impl Tokens {
    fn new() -> Self {
        Self {
            bytes: [0; 256],
            len: 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn word(&mut self, word: u32) {
        self.bytes[self.len..self.len + 4].copy_from_slice(&word.to_be_bytes());
        self.len += 4;
    }

    fn begin(&mut self, name: &[u8]) {
        self.word(tag::BEGIN_NODE);
        self.bytes[self.len..self.len + name.len()].copy_from_slice(name);
        self.len = (self.len + name.len() + 1).next_multiple_of(4);
    }

    fn property(&mut self, name: u32, cells: &[u32]) {
        self.word(tag::PROPERTY);
        self.word(cells.len() as u32 * 4);
        self.word(name);
        cells.iter().for_each(|&cell| self.word(cell));
    }
}

/// Sets up what outlasts a stop of the hart: protection, delegation, and what S-mode may use.
fn initialise_hart(hart: &Hart) {
    pmp::protect();
    csr::write!("medeleg", DELEGATED);
    csr::write!("mideleg", interrupt::SUPERVISOR);
    csr::write!("mcounteren", usize::MAX);
    if let Some(before) = csr::try_read!("0x30a") {
        let allowed = menvcfg::CBIE_INVALIDATE | menvcfg::CBCFE | menvcfg::CBZE | menvcfg::PBMTE;
        let _ = csr::try_write!("0x30a", before | allowed);
    }
    // mstateen0: S-mode has all the state there is (Smstateen).
    let _ = csr::try_write!("0x30c", usize::MAX);
    timer::initialise(hart);
}

/// Makes ready for S-mode what each start resets (SBI 2.0, table 4), and what a kernel expects: floating point and
/// vectors in their initial state, user-mode counters readable.
pub fn prepare_supervisor(hart: &Hart) {
    let width = csr::read!("mstatus") & mstatus::UXL_SXL;
    csr::write!(
        "mstatus",
        width | mstatus::MPP_SUPERVISOR | mstatus::FS_INITIAL | mstatus::VS_INITIAL
    );
    csr::write!("satp", 0);
    csr::write!("stvec", 0);
    csr::write!("sscratch", 0);
    csr::write!("scounteren", 7);
    csr::clear!("mip", interrupt::SUPERVISOR);
    csr::write!("mie", interrupt::MSI);
    timer::initialise(hart);
}
