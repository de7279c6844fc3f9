//! Page tables against a map from page numbers to frames and flags; the tables themselves against the count of what they need.

use kernel_core::frame::FrameNumber;
use kernel_core::page_table::{
    Cleared, Cursor, ENTRIES, Edit, Edited, Flags, Found, LEVELS, MapError, PageTable, Permissions,
    Pte, Tables, USER_END, index, is_canonical, span, tables_needed,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ROOT: FrameNumber = FrameNumber(0x8_0000);

/// Tables in host memory, at most so many beside the root.
struct Memory {
    tables: BTreeMap<u64, (Vec<u64>, u16)>,
    limit: usize,
    next: u64,
}

impl Memory {
    fn new(limit: usize) -> Self {
        let tables = BTreeMap::from([(ROOT.0, (vec![0; ENTRIES], 0))]);
        Self {
            tables,
            limit,
            next: ROOT.0 + 1,
        }
    }

    fn used(&self) -> usize {
        self.tables.len() - 1
    }

    /// Every linked table has as many entries as its count says, and at least one; every table taken is linked.
    fn check(&self) -> Result<(), TestCaseError> {
        let mut seen = BTreeSet::from([ROOT.0]);
        let mut todo = vec![ROOT.0];
        while let Some(table) = todo.pop() {
            let (entries, count) = &self.tables[&table];
            let valid: Vec<Pte> = entries
                .iter()
                .map(|entry| Pte(*entry))
                .filter(|entry| entry.is_valid())
                .collect();
            prop_assert_eq!(valid.len(), usize::from(*count));
            prop_assert!(
                table == ROOT.0 || !valid.is_empty(),
                "an empty table is linked"
            );
            for next in valid.into_iter().filter(|entry| entry.is_table()) {
                prop_assert!(seen.insert(next.frame().0), "a table is linked twice");
                todo.push(next.frame().0);
            }
        }
        prop_assert_eq!(seen.len(), self.tables.len(), "a table is lost");
        Ok(())
    }
}

impl Tables for Memory {
    fn read(&self, table: FrameNumber, index: usize) -> u64 {
        self.tables[&table.0].0[index]
    }
    fn write(&mut self, table: FrameNumber, index: usize, entry: u64) {
        self.tables.get_mut(&table.0).expect("a table in use").0[index] = entry;
    }
    fn take(&mut self) -> Option<FrameNumber> {
        if self.used() == self.limit {
            return None;
        }
        self.next += 1;
        self.tables.insert(self.next, (vec![0; ENTRIES], 0));
        Some(FrameNumber(self.next))
    }
    fn give_back(&mut self, frame: FrameNumber) {
        assert!(self.tables.remove(&frame.0).is_some(), "not a table in use");
    }
    fn entries(&self, table: FrameNumber) -> u16 {
        self.tables[&table.0].1
    }
    fn set_entries(&mut self, table: FrameNumber, entries: u16) {
        self.tables.get_mut(&table.0).expect("a table in use").1 = entries;
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Map {
        address: u64,
        frame: u64,
        flags: Flags,
    },
    Unmap {
        address: u64,
    },
    Protect {
        address: u64,
        permissions: Permissions,
    },
    MarkCopyOnWrite {
        address: u64,
    },
    Clear {
        start: u64,
        pages: u64,
        budget: u32,
    },
    /// In a range one page of so many is taken away, and the others are marked copy-on-write.
    Edit {
        start: u64,
        pages: u64,
        budget: u32,
        each: u64,
    },
}

/// Addresses that share tables, meet at their edges, and are wrong now and then.
fn address() -> impl Strategy<Value = u64> {
    let page = (
        prop::sample::select(vec![0, 1, 255]),
        prop::sample::select(vec![0, 1, 511]),
        prop::sample::select(vec![0, 1, 2, 510, 511]),
    )
        .prop_map(|(high, middle, low): (u64, u64, u64)| {
            high * span(2) + middle * span(1) + low * span(0)
        });
    prop_oneof![20 => page, 1 => any::<u64>()]
}

fn permissions() -> impl Strategy<Value = Permissions> {
    (0..8u32).prop_map(Permissions::from_bits_truncate)
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let flags = prop_oneof![8 => permissions().prop_map(Flags::user), 1 => (0..1024u64).prop_map(Flags::from_bits_truncate)];
    let one = prop_oneof![
        6 => (address(), 0..0x1000u64, flags).prop_map(|(address, frame, flags)| Operation::Map { address, frame, flags }),
        2 => address().prop_map(|address| Operation::Unmap { address }),
        1 => (address(), permissions()).prop_map(|(address, permissions)| Operation::Protect { address, permissions }),
        1 => address().prop_map(|address| Operation::MarkCopyOnWrite { address }),
        1 => (address(), 0..300_000u64, 3..2000u32).prop_map(|(start, pages, budget)| Operation::Clear { start, pages, budget }),
        2 => (address(), 0..300_000u64, 3..2000u32, 1..4u64).prop_map(|(start, pages, budget, each)| Operation::Edit { start, pages, budget, each }),
    ];
    prop::collection::vec(one, 0..60)
}

type Model = BTreeMap<u64, (u64, Flags)>;

struct World {
    memory: Memory,
    table: PageTable,
    model: Model,
}

impl World {
    fn needed(model: &Model) -> usize {
        let low: BTreeSet<u64> = model.keys().map(|address| address / span(1)).collect();
        let middle: BTreeSet<u64> = model.keys().map(|address| address / span(2)).collect();
        low.len() + middle.len()
    }

    fn map(&mut self, address: u64, frame: u64, flags: Flags) -> Result<(), TestCaseError> {
        let mut after = self.model.clone();
        after.insert(address, (frame, flags));
        let expected = if !is_canonical(address) || !address.is_multiple_of(4096) {
            Err(MapError::Misplaced)
        } else if !permitted(flags) {
            Err(MapError::Permissions)
        } else if self.model.contains_key(&address) {
            Err(MapError::AlreadyMapped)
        } else if Self::needed(&after) > self.memory.limit {
            Err(MapError::OutOfFrames)
        } else {
            Ok(())
        };
        prop_assert_eq!(
            self.table
                .map(&mut self.memory, address, FrameNumber(frame), 0, flags),
            expected
        );
        if expected.is_ok() {
            self.model = after;
        }
        Ok(())
    }

    fn release(&mut self, tables: [Option<FrameNumber>; 2]) {
        tables
            .into_iter()
            .flatten()
            .for_each(|table| self.memory.give_back(table));
    }

    fn clear(&mut self, start: u64, pages: u64, budget: u32) -> Result<(), TestCaseError> {
        let start = start.min(USER_END);
        let end = start.saturating_add(pages * 4096);
        let mut cursor = Cursor::new(start, end);
        let mut pieces = 0;
        loop {
            let mut left = budget;
            match self.table.clear(&mut self.memory, &mut cursor, &mut left) {
                Cleared::Page(unmapped) => {
                    let known = self.model.remove(&unmapped.leaf.address);
                    prop_assert_eq!(
                        known,
                        Some((unmapped.leaf.entry.frame().0, unmapped.leaf.entry.flags()))
                    );
                    self.release(unmapped.tables);
                    self.memory.check()?;
                }
                Cleared::Paused => pieces += 1,
                Cleared::Done => break,
            }
            prop_assert!(pieces < 10_000, "no progress");
        }
        let from = start & !4095;
        if from < end {
            prop_assert_eq!(self.model.range(from..end.min(USER_END)).next(), None);
        }
        Ok(())
    }

    fn edit(
        &mut self,
        (start, pages): (u64, u64),
        budget: u32,
        each: u64,
    ) -> Result<(), TestCaseError> {
        let start = start.min(USER_END);
        let mut cursor = Cursor::new(start, start.saturating_add(pages * 4096));
        let range = cursor.next..cursor.end.max(cursor.next);
        let is_taken = |address: u64| (address / 4096).is_multiple_of(each);
        let (mut shown, mut pieces) = (Vec::new(), 0);
        loop {
            let mut left = budget;
            let table = self.table;
            let edited = table.edit(
                &mut self.memory,
                &mut cursor,
                &mut left,
                |_, address, entry| {
                    shown.push((address, entry.frame().0, entry.flags()));
                    match is_taken(address) {
                        true => Edit::Set(Pte(0)),
                        false => Edit::Set(entry.copy_on_write()),
                    }
                },
            );
            match edited {
                Edited::Done => break,
                Edited::Emptied(tables) => self.release(tables),
                Edited::Paused | Edited::Stopped => pieces += 1,
            }
            self.memory.check()?;
            prop_assert!(pieces < 10_000, "no progress");
        }
        let pages = self.model.range(range.clone());
        let known: Vec<_> = pages.map(|(at, page)| (*at, page.0, page.1)).collect();
        prop_assert_eq!(shown, known);
        self.model
            .retain(|address, _| !range.contains(address) || !is_taken(*address));
        for (_, page) in self.model.range_mut(range) {
            page.1 = page.1.copy_on_write();
        }
        Ok(())
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match *operation {
            Operation::Map {
                address,
                frame,
                flags,
            } => self.map(address, frame, flags)?,
            Operation::Unmap { address } => {
                let unmapped = self.table.unmap(&mut self.memory, address);
                let known = self.model.remove(&(address & !4095));
                prop_assert_eq!(
                    unmapped.map(|it| (it.leaf.entry.frame().0, it.leaf.entry.flags())),
                    known
                );
                if let Some(unmapped) = unmapped {
                    self.release(unmapped.tables);
                }
            }
            Operation::Protect {
                address,
                permissions,
            } => self.protect(address, permissions)?,
            Operation::MarkCopyOnWrite { address } => {
                if let Some(leaf) = self.table.walk(&self.memory, address) {
                    let flags = leaf.entry.flags().copy_on_write();
                    let old = self
                        .table
                        .replace(&mut self.memory, leaf, leaf.entry.frame(), flags);
                    prop_assert_eq!(old, Ok(leaf.entry));
                    self.model
                        .entry(leaf.address)
                        .and_modify(|page| page.1 = flags);
                }
            }
            Operation::Clear {
                start,
                pages,
                budget,
            } => self.clear(start, pages, budget)?,
            Operation::Edit {
                start,
                pages,
                budget,
                each,
            } => self.edit((start, pages), budget, each)?,
        }
        Ok(())
    }

    fn protect(&mut self, address: u64, permissions: Permissions) -> Result<(), TestCaseError> {
        let known = self.model.get_mut(&(address & !4095));
        let Some(page) = known else {
            prop_assert_eq!(
                self.table.protect(&mut self.memory, address, permissions),
                Ok(None)
            );
            return Ok(());
        };
        let copies = page.1.contains(Flags::COPY_ON_WRITE);
        let result = self.table.protect(&mut self.memory, address, permissions);
        if permissions.breaks_write_xor_execute() && !copies {
            prop_assert_eq!(result, Err(MapError::Permissions));
            return Ok(());
        }
        prop_assert!(matches!(result, Ok(Some(_))));
        let leaf = self.table.walk(&self.memory, address).unwrap();
        let mut expected = permissions;
        if permissions.contains(Permissions::WRITE) {
            expected |= Permissions::READ;
        }
        if copies {
            expected -= Permissions::WRITE;
        }
        prop_assert_eq!(leaf.entry.permissions(), expected);
        page.1 = leaf.entry.flags();
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        self.memory.check()?;
        prop_assert_eq!(self.memory.used(), Self::needed(&self.model));
        let mut cursor = Cursor::new(0, USER_END);
        let (mut found, mut budget) = (Model::new(), u32::MAX);
        while let Found::Page(leaf) = self.table.scan(&self.memory, &mut cursor, &mut budget) {
            let again = self.table.walk(&self.memory, leaf.address + 0xabc).unwrap();
            prop_assert_eq!(again, leaf);
            prop_assert_eq!(
                leaf.physical(leaf.address + 0xabc),
                leaf.entry.frame().address() + 0xabc
            );
            prop_assert!(
                leaf.entry.is_leaf() && !leaf.entry.permissions().breaks_write_xor_execute()
            );
            found.insert(leaf.address, (leaf.entry.frame().0, leaf.entry.flags()));
        }
        let user: Model = self
            .model
            .range(..USER_END)
            .map(|(at, page)| (*at, *page))
            .collect();
        prop_assert_eq!(found, user);
        Ok(())
    }
}

fn permitted(flags: Flags) -> bool {
    let has = |flag| flags.contains(flag);
    has(Flags::VALID)
        && (has(Flags::READ) || has(Flags::EXECUTE))
        && !(has(Flags::WRITE)
            && (has(Flags::EXECUTE) || has(Flags::COPY_ON_WRITE) || !has(Flags::READ)))
}

proptest! {
    #[test]
    fn maps_what_a_map_maps(limit in prop_oneof![0..6usize, Just(100)], operations in operations()) {
        let mut world = World { memory: Memory::new(limit), table: PageTable::new(ROOT), model: Model::new() };
        for operation in &operations {
            world.apply(operation)?;
            world.check()?;
        }
        world.model.retain(|address, _| *address < USER_END);
        world.clear(0, USER_END / 4096, u32::MAX)?;
        prop_assert!(world.model.is_empty());
    }

    #[test]
    fn the_charge_for_tables_is_the_worst_case(start in 0..USER_END / 4096, pages in 1..2000u64) {
        let (start, end) = (start * 4096, (start + pages) * 4096);
        prop_assume!(end <= USER_END);
        let pages: Model = (start..end).step_by(4096).map(|at| (at, (0, Flags::default()))).collect();
        prop_assert_eq!(tables_needed(start, end) as usize, World::needed(&pages));
        prop_assert_eq!(tables_needed(end, start), 0);
    }

    #[test]
    fn large_pages_show_what_small_ones_would(level in 0..LEVELS, slot in 0..4u64, frame in 0..4u64, probe in any::<u64>()) {
        let mut memory = Memory::new(2);
        let table = PageTable::new(ROOT);
        let address = (-1i64 << 38) as u64 + slot * span(level);
        let frame = FrameNumber(frame * span(level) / 4096);
        let flags = Flags::kernel(Permissions::READ | Permissions::WRITE);
        prop_assert_eq!(table.map(&mut memory, address, frame, level, flags), Ok(()));
        prop_assert_eq!(table.map(&mut memory, address, frame, level, flags), Err(MapError::AlreadyMapped));
        let at = address + probe % span(level);
        let leaf = table.walk(&memory, at).unwrap();
        prop_assert_eq!((leaf.level, leaf.physical(at)), (level, frame.address() + probe % span(level)));
        prop_assert_eq!(leaf.entry.permissions(), Permissions::empty(), "the user may do nothing there");
        prop_assert_eq!(memory.read(leaf.table, index(at, level)), leaf.entry.0);
        prop_assert_eq!(leaf.entry_address(), leaf.table.address() + 8 * leaf.index as u64);
        let below = FrameNumber(0);
        let small = table.map(&mut memory, at & !4095, below, 0, flags);
        prop_assert_eq!(small, Err(MapError::AlreadyMapped));
        memory.check()?;
    }

    #[test]
    fn any_entry_can_be_looked_at(bits in any::<u64>()) {
        let entry = Pte(bits);
        prop_assert_eq!(entry.is_valid(), bits & 1 == 1);
        prop_assert_eq!(entry.is_leaf(), bits & 1 == 1 && bits & 0b1110 != 0);
        prop_assert_eq!(entry.is_table(), entry.is_valid() && !entry.is_leaf());
        prop_assert_eq!(Pte::leaf(entry.frame(), entry.flags()).0, bits & ((1 << 54) - 1));
    }
}

#[test]
fn a_larger_page_does_not_replace_a_table() {
    let mut memory = Memory::new(4);
    let table = PageTable::new(ROOT);
    let flags = Flags::user(Permissions::READ);
    assert_eq!(
        table.map(&mut memory, 0x1000, FrameNumber(1), 0, flags),
        Ok(())
    );
    for level in [1, 2] {
        assert_eq!(
            table.map(&mut memory, 0, FrameNumber(0), level, flags),
            Err(MapError::AlreadyMapped)
        );
    }
    assert_eq!(
        table.map(&mut memory, 0x1000, FrameNumber(0), 1, flags),
        Err(MapError::Misplaced)
    );
    assert_eq!(
        table.map(&mut memory, 0, FrameNumber(1), 1, flags),
        Err(MapError::Misplaced)
    );
    assert_eq!(
        table.map(&mut memory, 0, FrameNumber(0), LEVELS, flags),
        Err(MapError::Misplaced)
    );
    assert_eq!(
        table.map(&mut memory, 0, FrameNumber(1 << 44), 0, flags),
        Err(MapError::Misplaced)
    );
}
