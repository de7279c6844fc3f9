//! What the machine has and where: from the device tree, or else what the `virt` board has.

use core::sync::atomic::{AtomicUsize, Ordering};

use abi::memory_map as map;

use crate::fdt::{self, Fdt, TokenKind};
use crate::hart;

/// First byte of the firmware's own memory.
pub const FIRMWARE_BASE: usize = map::RAM_BASE as usize;
/// Bytes of the firmware's own memory: a power of two for PMP (NAPOT).
pub const FIRMWARE_BYTES: usize = 512 << 10;
/// First byte behind it.
pub const FIRMWARE_END: usize = FIRMWARE_BASE + FIRMWARE_BYTES;

/// RAM when no device tree says how much there is: what the `virt` board has by default.
const DEFAULT_RAM_BYTES: usize = 128 << 20;
/// Deeper trees are no boards.
const MOST_DEPTH: usize = 8;
/// `#address-cells` and `#size-cells` where a node does not say (Devicetree Specification 2.3.5).
const DEFAULT_CELLS: (usize, usize) = (2, 1);

/// The machine; written by the hart that initialises, before others look.
#[derive(Debug)]
pub struct Platform {
    /// The serial port.
    pub uart: AtomicUsize,
    /// Its registers are `1 << uart_shift` bytes apart.
    pub uart_shift: AtomicUsize,
    /// The core-local interruptor.
    pub clint: AtomicUsize,
    /// The test finisher, or 0.
    pub finisher: AtomicUsize,
    /// RAM's first byte.
    pub ram_base: AtomicUsize,
    /// RAM's first byte that is not there.
    pub ram_end: AtomicUsize,
}

/// The machine.
pub static PLATFORM: Platform = Platform {
    uart: AtomicUsize::new(map::UART.base as usize),
    uart_shift: AtomicUsize::new(0),
    clint: AtomicUsize::new(map::CLINT.base as usize),
    finisher: AtomicUsize::new(map::TEST_FINISHER.base as usize),
    ram_base: AtomicUsize::new(map::RAM_BASE as usize),
    ram_end: AtomicUsize::new(map::RAM_BASE as usize + DEFAULT_RAM_BYTES),
};

impl Platform {
    /// Whether S-mode may name `len` bytes of memory at `address`: RAM that is not the firmware's.
    pub fn is_supervisor_ram(&self, address: usize, len: usize) -> bool {
        let Some(end) = address.checked_add(len) else {
            return false;
        };
        let in_ram = address >= self.ram_base.load(Ordering::Relaxed)
            && end <= self.ram_end.load(Ordering::Relaxed);
        in_ram && (end <= FIRMWARE_BASE || address >= FIRMWARE_END)
    }

    /// Whether S-mode may start at `address`: RAM that is not the firmware's, and an even address.
    pub fn is_supervisor_code(&self, address: usize) -> bool {
        address.is_multiple_of(2) && self.is_supervisor_ram(address, 2)
    }
}

/// Takes from the tree what it says.
pub fn discover(tree: Fdt<'_>) {
    let mut nodes = [Node::default(); MOST_DEPTH];
    let mut depth = 0;
    for token in tree.tokens() {
        match token.kind {
            TokenKind::Begin(_) => {
                if let Some(node) = nodes.get_mut(depth) {
                    *node = Node::default();
                }
                depth += 1;
            }
            TokenKind::Property(name, value) => {
                if let Some(node) = nodes.get_mut(depth.wrapping_sub(1)) {
                    node.learn(name, value);
                }
            }
            TokenKind::End => {
                let parent = nodes.get(depth.wrapping_sub(2)).copied();
                if let Some(node) = nodes.get(depth.wrapping_sub(1)) {
                    node.place(parent.unwrap_or_default().cells);
                }
                depth = depth.saturating_sub(1);
            }
        }
    }
    choose_console(tree);
}

/// A node of the tree, as far as it matters here.
#[derive(Clone, Copy, Default)]
struct Node<'a> {
    compatible: &'a [u8],
    device_type: &'a [u8],
    reg: &'a [u8],
    disabled: bool,
    shift: Option<u32>,
    cells: Option<(usize, usize)>,
}

impl<'a> Node<'a> {
    fn learn(&mut self, name: &[u8], value: &'a [u8]) {
        let word = || fdt::number(value, 1).map_or(0, |(word, _)| word);
        match name {
            b"compatible" => self.compatible = value,
            b"device_type" => self.device_type = value,
            b"reg" => self.reg = value,
            b"status" => self.disabled = !matches!(value, b"okay\0" | b"ok\0"),
            b"reg-shift" => self.shift = u32::try_from(word()).ok(),
            b"#address-cells" => {
                self.cells = Some((word() as usize, self.cells.unwrap_or(DEFAULT_CELLS).1))
            }
            b"#size-cells" => {
                self.cells = Some((self.cells.unwrap_or(DEFAULT_CELLS).0, word() as usize))
            }
            _ => {}
        }
    }

    /// Address and size in `reg`.
    fn region(&self, cells: Option<(usize, usize)>) -> Option<(usize, usize)> {
        let (address_cells, size_cells) = cells.unwrap_or(DEFAULT_CELLS);
        let (address, rest) = fdt::number(self.reg, address_cells)?;
        let (size, _) = fdt::number(rest, size_cells)?;
        Some((usize::try_from(address).ok()?, usize::try_from(size).ok()?))
    }

    fn is(&self, compatible: &[&[u8]]) -> bool {
        compatible
            .iter()
            .any(|name| fdt::has_text(self.compatible, name))
    }

    fn place(&self, cells: Option<(usize, usize)>) {
        let Some((base, size)) = self.region(cells).filter(|_| !self.disabled) else {
            return;
        };
        if self.device_type == b"cpu\0" {
            if let Some(hart) = hart::HARTS.get(base) {
                hart.announce();
            }
        } else if self.device_type == b"memory\0" {
            let holds_firmware = base <= FIRMWARE_BASE && base.saturating_add(size) >= FIRMWARE_END;
            if holds_firmware {
                PLATFORM.ram_base.store(base, Ordering::Relaxed);
                PLATFORM
                    .ram_end
                    .store(base.saturating_add(size), Ordering::Relaxed);
            }
        } else if self.is(&[b"sifive,clint0", b"riscv,clint0"]) {
            PLATFORM.clint.store(base, Ordering::Relaxed);
        } else if self.is(&[b"sifive,test0", b"sifive,test1"]) {
            PLATFORM.finisher.store(base, Ordering::Relaxed);
        } else if self.is(&[b"ns16550a", b"ns16550"]) {
            self.place_console(base);
        }
    }

    fn place_console(&self, base: usize) {
        let shift = self.shift.unwrap_or(0).min(3);
        PLATFORM.uart.store(base, Ordering::Relaxed);
        PLATFORM.uart_shift.store(shift as usize, Ordering::Relaxed);
    }
}

/// Of several serial ports, the one that `/chosen` names, itself or by an alias.
fn choose_console(tree: Fdt<'_>) -> Option<()> {
    let path = until(tree.property(b"/chosen", b"stdout-path")?, b":\0");
    let path = if path.starts_with(b"/") {
        path
    } else {
        until(tree.property(b"/aliases", path)?, b"\0")
    };
    let parent = path.get(..path.iter().rposition(|&byte| byte == b'/')?)?;
    let cells = |name| tree.word(parent, name).map(|cells| cells as usize);
    let node = Node {
        compatible: tree.property(path, b"compatible")?,
        reg: tree.property(path, b"reg")?,
        shift: tree.word(path, b"reg-shift"),
        ..Node::default()
    };
    let cells = (
        cells(b"#address-cells").unwrap_or(DEFAULT_CELLS.0),
        cells(b"#size-cells").unwrap_or(DEFAULT_CELLS.1),
    );
    if node.is(&[b"ns16550a", b"ns16550"]) {
        node.place_console(node.region(Some(cells))?.0);
    }
    Some(())
}

/// What stands before the first of some bytes.
fn until<'a>(text: &'a [u8], ends: &[u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| ends.contains(byte));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}
