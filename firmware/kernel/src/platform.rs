//! The machine as its device tree describes it.

use fdt::Fdt;
use fdt::node::FdtNode;

use crate::layout::{self, DIRECT_MAP_LIMIT, KERNEL_OFFSET, PAGE};
use crate::plic::Plic;
use crate::ranges::Ranges;

/// The most harts that Fawn uses; further ones stay stopped.
pub const MAX_HARTS: usize = 8;

/// What the kernel needs to know about the machine. Addresses are physical.
pub struct Platform {
    /// RAM: the bank that the kernel lies in.
    pub ram: (u64, u64),
    /// What of it is nobody's yet.
    pub free: Ranges,
    /// Ids of the harts, the boot hart first.
    pub harts: [u64; MAX_HARTS],
    /// How many harts there are in `harts`.
    pub hart_count: usize,
    /// The console's registers.
    pub uart: u64,
    /// The interrupt controller.
    pub plic: Plic,
    /// The test finisher's register, or 0.
    pub finisher: u64,
    /// A number that differs from machine to machine.
    pub seed: u64,
    /// The archive of programs, empty if there is none.
    pub initrd: (u64, u64),
    /// The kernel's command line.
    pub arguments: &'static str,
    /// Every hart has `stimecmp`.
    pub sstc: bool,
    /// Ticks of `time` in a second.
    pub timebase: u64,
}

/// Why the kernel cannot use a machine.
#[derive(Debug)]
pub enum PlatformError {
    /// The device tree cannot be read.
    DeviceTree,
    /// No bank of RAM has the kernel in it.
    Memory,
    /// No 16550-compatible port is described.
    Console,
}

impl Platform {
    /// Reads the device tree. `blob` is at physical address `at`.
    ///
    /// # Errors
    /// The machine lacks what the kernel cannot do without.
    pub fn read(blob: &'static [u8], at: u64, boot_hart: u64) -> Result<Self, PlatformError> {
        let tree = Fdt::new(blob).map_err(|_| PlatformError::DeviceTree)?;
        let ram = bank_of_kernel(&tree).ok_or(PlatformError::Memory)?;
        let initrd = initrd(&tree);
        let image = layout::image();
        // What lies below the kernel is the firmware's.
        let mut free = Ranges::new(image.end - KERNEL_OFFSET, ram.1);
        free.exclude(at, at + blob.len() as u64);
        free.exclude(initrd.0, initrd.1);
        for (start, end) in reserved(&tree) {
            free.exclude(start, end);
        }
        let (harts, hart_count, sstc) = harts(&tree, boot_hart);
        Ok(Self {
            ram,
            free,
            harts,
            hart_count,
            uart: uart(&tree).ok_or(PlatformError::Console)?,
            plic: plic(&tree, boot_hart),
            finisher: finisher(&tree),
            seed: seed(&tree),
            initrd,
            arguments: tree
                .find_node("/chosen")
                .and_then(|node| node.property("bootargs")?.as_str())
                .unwrap_or(""),
            sstc,
            timebase: tree
                .find_node("/cpus")
                .and_then(|node| node.property("timebase-frequency")?.as_usize())
                .map_or(abi::memory_map::TIMEBASE_HZ, |hz| hz.max(1) as u64),
        })
    }
}

impl Platform {
    /// Whether a word is on the kernel's command line.
    pub fn has_word(&self, wanted: &str) -> bool {
        let mut own = self.own_words();
        own.any(|word| word == wanted)
    }

    /// The words of the kernel's command line up to `--`: those are the kernel's.
    fn own_words(&self) -> impl Iterator<Item = &'static str> {
        let words = self.arguments.split_ascii_whitespace();
        words.take_while(|word| *word != "--")
    }

    /// What is behind `--` on the kernel's command line: that is init's.
    pub fn init_arguments(&self) -> &'static str {
        match self.arguments.strip_prefix("-- ") {
            Some(words) => words,
            None => self
                .arguments
                .split_once(" -- ")
                .map_or("", |(_, words)| words),
        }
    }

    /// The value of `name=value` on the kernel's command line; the last one counts.
    pub fn option(&self, name: &str) -> Option<&'static str> {
        self.own_words()
            .filter_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            .last()
    }
}

/// Reads the size of a device tree from its header.
///
/// # Safety
/// The direct map shows RAM at `at`, where the firmware says that a device tree is.
pub unsafe fn blob(at: u64) -> Option<&'static [u8]> {
    // SAFETY: the caller's promise.
    let header = unsafe { crate::memory::direct::bytes(at, 8) };
    let word = |from: usize| {
        Some(u32::from_be_bytes(
            header.get(from..from + 4)?.try_into().ok()?,
        ))
    };
    if word(0)? != 0xd00d_feed {
        return None;
    }
    // SAFETY: the caller's promise; the header says how long the tree is.
    Some(unsafe { crate::memory::direct::bytes(at, word(4)? as usize) })
}

fn bank_of_kernel(tree: &Fdt<'_>) -> Option<(u64, u64)> {
    let memory = tree.find_all_nodes("/memory");
    memory
        .filter_map(|node| node.reg())
        .flatten()
        .map(|region| {
            let start = region.starting_address as u64;
            let end = start.saturating_add(region.size.unwrap_or(0) as u64);
            (start, end.min(DIRECT_MAP_LIMIT) & !(PAGE - 1))
        })
        .find(|&(start, end)| (start..end).contains(&layout::KERNEL_PHYSICAL))
}

fn reserved<'t>(tree: &'t Fdt<'_>) -> impl Iterator<Item = (u64, u64)> + 't {
    let nodes = tree.find_node("/reserved-memory");
    nodes
        .into_iter()
        .flat_map(|node| node.children())
        .filter_map(|child| child.reg())
        .flatten()
        .map(|region| {
            let start = region.starting_address as u64;
            (start, start.saturating_add(region.size.unwrap_or(0) as u64))
        })
}

/// A number of one or two cells.
fn number(node: &FdtNode<'_, '_>, name: &str) -> Option<u64> {
    let value = node.property(name)?.value;
    match value.len() {
        4 => Some(u64::from(u32::from_be_bytes(value.try_into().ok()?))),
        8 => Some(u64::from_be_bytes(value.try_into().ok()?)),
        _ => None,
    }
}

fn initrd(tree: &Fdt<'_>) -> (u64, u64) {
    let chosen = tree.find_node("/chosen");
    let bounds = chosen.and_then(|node| {
        let start = number(&node, "linux,initrd-start")?;
        Some((start, number(&node, "linux,initrd-end")?))
    });
    bounds
        .filter(|&(start, end)| start < end && end <= DIRECT_MAP_LIMIT)
        .unwrap_or((0, 0))
}

fn uart(tree: &Fdt<'_>) -> Option<u64> {
    let node = tree.find_compatible(&["ns16550a", "ns16550"])?;
    let address = node.reg()?.next()?.starting_address as u64;
    (address < DIRECT_MAP_LIMIT).then_some(address)
}

/// The interrupt controller, with the boot hart's S-mode context and the console's source.
fn plic(tree: &Fdt<'_>, boot_hart: u64) -> Plic {
    const EXTERNAL_INTERRUPT: u32 = 9;
    let found = tree.find_compatible(&["sifive,plic-1.0.0", "riscv,plic0"]);
    let uart = tree
        .find_compatible(&["ns16550a", "ns16550"])
        .and_then(|node| number(&node, "interrupts"));
    let intc = tree
        .find_node("/cpus")
        .into_iter()
        .flat_map(|node| node.children())
        .filter(|cpu| cpu.name.starts_with("cpu@") && number(cpu, "reg") == Some(boot_hart))
        .flat_map(|cpu| cpu.children())
        .find_map(|child| number(&child, "phandle"));
    let plic = found.and_then(|node| {
        let base = node.reg()?.next()?.starting_address as u64;
        let wires = node.property("interrupts-extended")?.value;
        let mut wires = wires.chunks_exact(8).map(|wire| {
            let word = |at: usize| {
                let bytes = wire[at..at + 4].try_into().unwrap_or_default();
                u32::from_be_bytes(bytes)
            };
            (u64::from(word(0)), word(4))
        });
        let context =
            wires.position(|wire| (Some(wire.0), wire.1) == (intc, EXTERNAL_INTERRUPT))?;
        (base < DIRECT_MAP_LIMIT).then_some((base, context as u64))
    });
    let (base, context) = plic.unwrap_or((0, 0));
    Plic {
        base,
        context,
        uart: uart
            .and_then(|source| u32::try_from(source).ok())
            .unwrap_or(0),
    }
}

fn finisher(tree: &Fdt<'_>) -> u64 {
    let found = tree.find_compatible(&["sifive,test1", "sifive,test0"]);
    let address = found.and_then(|node| Some(node.reg()?.next()?.starting_address as u64));
    address
        .filter(|&address| address < DIRECT_MAP_LIMIT)
        .unwrap_or(0)
}

fn seed(tree: &Fdt<'_>) -> u64 {
    let chosen = tree.find_node("/chosen");
    let seed = chosen.and_then(|node| Some(node.property("rng-seed")?.value));
    let bytes = seed.and_then(|seed| seed.get(..8)?.try_into().ok());
    u64::from_le_bytes(bytes.unwrap_or_default())
}

fn harts(tree: &Fdt<'_>, boot_hart: u64) -> ([u64; MAX_HARTS], usize, bool) {
    let mut ids = [boot_hart; MAX_HARTS];
    let mut count = 1;
    let mut sstc = true;
    let cpus = tree
        .find_node("/cpus")
        .into_iter()
        .flat_map(|node| node.children());
    for cpu in cpus.filter(|node| node.name.starts_with("cpu@")) {
        let Some(id) = number(&cpu, "reg") else {
            continue;
        };
        let status = cpu.property("status").and_then(|status| status.as_str());
        if !matches!(status, None | Some("okay")) {
            continue;
        }
        sstc &= has_sstc(&cpu);
        if id != boot_hart && count < MAX_HARTS && id < 64 {
            ids[count] = id;
            count += 1;
        }
    }
    (ids, count, sstc)
}

fn has_sstc(cpu: &FdtNode<'_, '_>) -> bool {
    let in_string = cpu
        .property("riscv,isa")
        .and_then(|isa| isa.as_str())
        .is_some_and(|isa| isa.split('_').any(|name| name == "sstc"));
    let in_list = cpu.property("riscv,isa-extensions").is_some_and(|list| {
        list.value
            .split(|&byte| byte == 0)
            .any(|name| name == b"sstc")
    });
    in_string || in_list
}
