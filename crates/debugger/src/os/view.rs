//! The kernel's tables in a machine's memory, as they are at one moment.

use std::rc::Rc;

use machine::hart::{Hart, Slot};

use super::layout::{Layout, Name};
use crate::target::{Space, Target};

/// Tables of more elements than this are damaged.
const MOST_ELEMENTS: u64 = 1 << 16;
/// The mode of `satp` that Fawn uses: Sv39.
const SV39: u64 = 8 << 60;

/// Fawn in a machine.
pub struct Fawn<'a> {
    pub(super) layout: Rc<Layout>,
    pub(super) target: &'a dyn Target,
    pub(super) space: Space,
}

/// An element of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub address: u64,
    pub index: u32,
}

impl<'a> Fawn<'a> {
    /// The kernel's tables; none before it has told where they are.
    pub(crate) fn new(layout: Rc<Layout>, target: &'a dyn Target) -> Option<Self> {
        for number in 0..target.harts() {
            let satp = target.hart(number)?[Slot::Satp];
            let fawn = Self {
                layout: layout.clone(),
                target,
                space: Space::Root(satp),
            };
            if satp != 0 && fawn.table("thread").is_some() {
                return Some(fawn);
            }
        }
        None
    }

    /// What it is read from.
    #[must_use]
    pub fn target(&self) -> &'a dyn Target {
        self.target
    }

    /// The address space in which the kernel's addresses can be read.
    #[must_use]
    pub fn space(&self) -> Space {
        self.space
    }

    pub(super) fn long(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.target.read(self.space, address, &mut bytes).ok()?;
        Some(u64::from_le_bytes(bytes))
    }

    pub(super) fn bytes(&self, address: u64, len: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        self.target.read(self.space, address, &mut bytes).ok()?;
        Some(bytes)
    }

    /// Address and number of elements of a table.
    pub(super) fn table(&self, name: &str) -> Option<(u64, u64)> {
        let (index, _) = self.layout.table(name)?;
        let at = self.layout.tables.wrapping_add(16 * index);
        let (address, count) = (self.long(at)?, self.long(at.wrapping_add(8))?);
        (address != 0 && count <= MOST_ELEMENTS).then_some((address, count))
    }

    /// The elements of a table that are in use.
    pub(super) fn elements(&self, table: &str) -> Vec<Element> {
        let Some((address, count)) = self.table(table) else {
            return Vec::new();
        };
        let stride = self.layout.table(table).map_or(0, |(_, stride)| stride);
        let all = (0..count).map(|index| Element {
            address: address.wrapping_add(index * stride),
            index: index as u32,
        });
        let generation = format!("{table}.generation");
        let is_arena = self.layout.field(&generation).is_some();
        let used = |element: &Element| {
            !is_arena || self.field(*element, &generation).unwrap_or(0) & 1 != 0
        };
        all.filter(used).collect()
    }

    /// The element that a name names, unless it is gone.
    pub(super) fn named(&self, table: &str, name: Name) -> Option<Element> {
        let (address, count) = self.table(table)?;
        let (_, stride) = self.layout.table(table)?;
        if u64::from(name.index) >= count {
            return None;
        }
        let element = Element {
            address: address.wrapping_add(u64::from(name.index) * stride),
            index: name.index,
        };
        let generation = self.field(element, &format!("{table}.generation"))?;
        (generation == u64::from(name.generation)).then_some(element)
    }

    /// A field of up to eight bytes.
    pub(super) fn field(&self, element: Element, name: &str) -> Option<u64> {
        self.field_at(element.address, name)
    }

    /// A field of the record at an address.
    pub(super) fn field_at(&self, address: u64, name: &str) -> Option<u64> {
        let (offset, size) = self.layout.field(name)?;
        let mut bytes = [0; 8];
        let len = (size as usize).min(8);
        let at = address.wrapping_add(offset);
        self.target.read(self.space, at, &mut bytes[..len]).ok()?;
        Some(u64::from_le_bytes(bytes))
    }

    /// A field that is the name of a record.
    pub(super) fn name_in(&self, element: Element, name: &str) -> Option<Name> {
        Name::from_word(self.field(element, name)?)
    }

    /// Where a field is.
    pub(super) fn place(&self, element: Element, name: &str) -> Option<u64> {
        let (offset, _) = self.layout.field(name)?;
        Some(element.address.wrapping_add(offset))
    }

    /// `satp` for a root.
    pub(super) fn satp(root: u64) -> u64 {
        SV39 | root & ((1 << 44) - 1)
    }

    /// The kernel's record of a hart, by the firmware's number of the hart.
    pub(super) fn hart_record(&self, hart: usize) -> Option<Element> {
        let all = self.elements("hart");
        all.into_iter().find(|element| {
            // A record that was not prepared has no stacks, no thread and number 0.
            let id = self.field(*element, "hart.id");
            let is_first = element.index == 0;
            id == Some(hart as u64) && (is_first || self.field(*element, "hart.index") != Some(0))
        })
    }

    /// Where the kernel keeps which thread runs on a hart: physical address, and length.
    #[must_use]
    pub fn running_place(&self, hart: usize) -> Option<(u64, u64)> {
        let record = self.hart_record(hart)?;
        let at = self.place(record, "hart.current")?;
        Some((self.target.translate(self.space, at).ok()?, 8))
    }

    /// The program counter of the thread whose trap begins with the hart's next instruction: nothing is saved yet.
    #[must_use]
    pub fn interrupted_at_entry(&self, hart: &Hart) -> Option<u64> {
        (hart.pc == hart[Slot::Stvec] & !3).then_some(hart[Slot::Sepc])
    }

    /// Ticks of the guest's clock in a second.
    #[must_use]
    pub fn timebase(&self) -> u64 {
        let kernel = self.elements("kernel");
        let first = kernel.first();
        let base = first.and_then(|kernel| self.field(*kernel, "kernel.timebase"));
        base.filter(|&base| base > 0).unwrap_or(10_000_000)
    }

    /// The guest's clock, in ticks.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.target.bus().clock.ticks()
    }

    /// Ticks as milliseconds of the guest's time.
    #[must_use]
    pub fn milliseconds(&self, ticks: u64) -> f64 {
        ticks as f64 * 1000.0 / self.timebase() as f64
    }
}
