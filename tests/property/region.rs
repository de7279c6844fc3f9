//! Regions against a map from single pages to what they are.

use kernel_core::page_table::{Permissions, USER_END, span};
use kernel_core::region::{Kind, Region, RegionError, Regions};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: u64 = 4096;
const SLOTS: usize = 8;
/// The pages that the tests play with lie around a border between two tables, so the charge for tables matters.
const BASE: u64 = span(1) - 12 * PAGE;
const PAGES: u64 = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    permissions: Permissions,
    kind: Kind,
    backing: u64,
    offset: u64,
}

type Model = BTreeMap<u64, Page>;

#[derive(Clone, Debug)]
enum Operation {
    Insert {
        range: (u64, u64),
        permissions: Permissions,
        kind: Kind,
        backing: u64,
        refuse: bool,
    },
    Protect {
        range: (u64, u64),
        permissions: Permissions,
        refuse: bool,
    },
    Retire {
        range: (u64, u64),
    },
    Remove {
        range: (u64, u64),
    },
    Heap {
        end: u64,
    },
    Gap {
        length: u64,
        hint: u64,
    },
    Fork,
}

fn range() -> impl Strategy<Value = (u64, u64)> {
    (0..PAGES, 0..6u64).prop_map(|(start, length)| {
        (
            BASE + start * PAGE,
            BASE + (start + length).min(PAGES) * PAGE,
        )
    })
}

fn permissions() -> impl Strategy<Value = Permissions> {
    prop::sample::select(vec![0, 1, 3, 5, 7]).prop_map(Permissions::from_bits_truncate)
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let kind = prop::sample::select(vec![
        Kind::Guard,
        Kind::Anonymous,
        Kind::Stack,
        Kind::FileCopy,
        Kind::Shared,
    ]);
    let one = prop_oneof![
        5 => (range(), permissions(), kind, 0..2u64, prop::bool::weighted(0.1)).prop_map(|(range, permissions, kind, backing, refuse)| Operation::Insert { range, permissions, kind, backing, refuse }),
        3 => (range(), permissions(), prop::bool::weighted(0.1)).prop_map(|(range, permissions, refuse)| Operation::Protect { range, permissions, refuse }),
        1 => range().prop_map(|range| Operation::Retire { range }),
        2 => range().prop_map(|range| Operation::Remove { range }),
        1 => (0..6 * PAGE).prop_map(|end| Operation::Heap { end: BASE + PAGES * PAGE + end }),
        1 => (0..4 * PAGE, 0..BASE + PAGES * PAGE).prop_map(|(length, hint)| Operation::Gap { length, hint }),
        1 => Just(Operation::Fork),
    ];
    prop::collection::vec(one, 0..40)
}

fn pages(range: (u64, u64)) -> impl Iterator<Item = u64> {
    (range.0..range.1).step_by(PAGE as usize)
}

/// What the pages may cost, counted one by one.
fn cost(model: &Model) -> u64 {
    let charged: Vec<u64> = model
        .iter()
        .filter(|(_, page)| page.kind != Kind::Guard)
        .map(|(at, _)| *at)
        .collect();
    let tables = |level| {
        charged
            .iter()
            .map(|at| at / span(level))
            .collect::<BTreeSet<_>>()
            .len() as u64
    };
    charged.len() as u64 + tables(1) + tables(2)
}

/// How many regions the pages make when neighbours are joined.
fn runs(model: &Model) -> usize {
    let starts = model.iter().filter(|(at, page)| {
        let before = model.get(&(**at - PAGE));
        let shifted = before.map(|before| Page {
            offset: if before.backing == 0 {
                before.offset
            } else {
                before.offset + PAGE
            },
            ..*before
        });
        shifted != Some(**page)
    });
    starts.count()
}

/// The model's pages as the regions tell them.
fn told(regions: &Regions<[Region; SLOTS]>) -> Model {
    let mut model = Model::new();
    for region in regions.as_slice() {
        for at in pages((region.start, region.end)) {
            let offset = if region.backing == 0 {
                0
            } else {
                region.offset + at - region.start
            };
            model.insert(
                at,
                Page {
                    permissions: region.permissions,
                    kind: region.kind,
                    backing: region.backing,
                    offset,
                },
            );
        }
    }
    model
}

struct World {
    regions: Regions<[Region; SLOTS]>,
    model: Model,
}

impl World {
    /// Compares a change with the model's: the regions may refuse for want of slots only when slots are scarce.
    fn settle(
        &mut self,
        result: Result<u64, RegionError>,
        asked: Option<u64>,
        after: Result<Model, RegionError>,
        refuse: bool,
    ) -> Result<(), TestCaseError> {
        let grown = after
            .as_ref()
            .map_or(0, cost)
            .checked_sub(cost(&self.model));
        match (result, after) {
            (Ok(_), Ok(after)) => {
                prop_assert!(!refuse);
                if let Some(asked) = asked {
                    prop_assert_eq!(Some(asked), grown);
                }
                self.model = after;
            }
            (Err(RegionError::Full), Ok(after)) => {
                prop_assert!(
                    runs(&self.model) + 2 > SLOTS,
                    "slots were left: {} and {}",
                    runs(&self.model),
                    runs(&after)
                );
            }
            (Err(RegionError::Refused), Ok(_)) => prop_assert!(refuse),
            (Err(error), Err(expected)) => prop_assert_eq!(error, expected),
            (result, after) => prop_assert!(false, "{result:?} where {after:?} was expected"),
        }
        Ok(())
    }

    fn insert(&mut self, region: Region, refuse: bool) -> Result<(), TestCaseError> {
        let range = (region.start, region.end);
        let after = if range.0 >= range.1 {
            Err(RegionError::Range)
        } else if pages(range).any(|at| self.model.contains_key(&at)) {
            Err(RegionError::Overlap)
        } else if region.permissions.breaks_write_xor_execute() {
            Err(RegionError::WriteAndExecute)
        } else {
            let mut after = self.model.clone();
            for at in pages(range) {
                let offset = if region.backing == 0 {
                    0
                } else {
                    region.offset + at - region.start
                };
                after.insert(
                    at,
                    Page {
                        permissions: region.permissions,
                        kind: region.kind,
                        backing: region.backing,
                        offset,
                    },
                );
            }
            Ok(after)
        };
        let mut asked = None;
        let result = self.regions.insert(region, |frames| {
            asked = Some(frames);
            !refuse
        });
        self.settle(result.map(|()| 0), asked, after, refuse)
    }

    fn protect(
        &mut self,
        range: (u64, u64),
        permissions: Permissions,
        refuse: bool,
    ) -> Result<(), TestCaseError> {
        let usable = |at| {
            self.model
                .get(&at)
                .is_some_and(|page| page.kind != Kind::Dying)
        };
        let after = if range.0 >= range.1 {
            Err(RegionError::Range)
        } else if permissions.breaks_write_xor_execute() {
            Err(RegionError::WriteAndExecute)
        } else if !pages(range).all(usable) {
            Err(RegionError::Hole)
        } else {
            let mut after = self.model.clone();
            for at in pages(range) {
                after.entry(at).and_modify(|page| {
                    page.permissions = permissions;
                    if page.kind == Kind::Guard && !permissions.is_empty() {
                        page.kind = Kind::Anonymous;
                    }
                });
            }
            Ok(after)
        };
        let mut asked = None;
        let result = self
            .regions
            .protect(range.0, range.1, permissions, |frames| {
                asked = Some(frames);
                !refuse
            });
        self.settle(result.map(|()| 0), asked, after, refuse)
    }

    fn retire(&mut self, range: (u64, u64)) -> Result<(), TestCaseError> {
        let dead = Page {
            permissions: Permissions::empty(),
            kind: Kind::Dying,
            backing: 0,
            offset: 0,
        };
        let mut after = self.model.clone();
        after.retain(|at, page| !(pages(range).any(|it| it == *at) && page.kind == Kind::Guard));
        pages(range).for_each(|at| {
            after.entry(at).and_modify(|page| *page = dead);
        });
        let after = if range.0 < range.1 {
            Ok(after)
        } else {
            Err(RegionError::Range)
        };
        let result = self.regions.retire(range.0, range.1);
        self.settle(result.map(|()| 0), None, after, false)
    }

    fn remove(&mut self, range: (u64, u64)) -> Result<(), TestCaseError> {
        let mut after = self.model.clone();
        after.retain(|at, _| !(range.0 <= *at && *at < range.1));
        let freed = cost(&self.model) - cost(&after);
        let after = if range.0 < range.1 {
            Ok(after)
        } else {
            Err(RegionError::Range)
        };
        let result = self.regions.remove(range.0, range.1);
        if let Ok(frames) = result {
            prop_assert_eq!(frames, freed);
        }
        self.settle(result, None, after, false)
    }

    fn heap(&mut self, end: u64) -> Result<(), TestCaseError> {
        let old = self.regions.heap_end();
        let before = self.regions.clone();
        match self.regions.set_heap_end(end, |_| true) {
            Ok(Some((from, to))) => {
                prop_assert!(
                    end <= old
                        && from == end.next_multiple_of(PAGE)
                        && to == old.next_multiple_of(PAGE)
                );
                self.regions.remove(from, to).unwrap();
                self.model.retain(|at, _| !(from <= *at && *at < to));
            }
            Ok(None) => {
                let heap = Page {
                    permissions: Permissions::READ | Permissions::WRITE,
                    kind: Kind::Heap,
                    backing: 0,
                    offset: 0,
                };
                for at in pages((old.next_multiple_of(PAGE), end.next_multiple_of(PAGE))) {
                    prop_assert_eq!(self.model.insert(at, heap), None);
                }
            }
            Err(error) => {
                prop_assert_eq!(error, RegionError::Full);
                prop_assert_eq!(self.regions.as_slice(), before.as_slice());
                return Ok(());
            }
        }
        prop_assert_eq!(self.regions.heap_end(), end);
        Ok(())
    }

    fn gap(&self, length: u64, hint: u64) -> Result<(), TestCaseError> {
        let (floor, ceiling) = (BASE, BASE + PAGES * PAGE);
        let length = length.next_multiple_of(PAGE);
        let fits = |at: u64| {
            length > 0
                && at >= floor
                && at + length <= ceiling
                && pages((at, at + length)).all(|at| !self.model.contains_key(&at))
        };
        let hinted = hint & !(PAGE - 1);
        let expected = if fits(hinted) {
            Some(hinted)
        } else {
            pages((floor, ceiling)).filter(|at| fits(*at)).max()
        };
        prop_assert_eq!(
            self.regions.find_gap(length, hint, floor, ceiling),
            expected
        );
        Ok(())
    }

    fn fork(&mut self) -> Result<(), TestCaseError> {
        let mut child = Regions::new([Region::default(); SLOTS]);
        let mut expected = self.model.clone();
        expected.retain(|_, page| page.kind != Kind::Dying);
        let mut asked = 0;
        prop_assert_eq!(
            child.copy_from(&self.regions, |_| false),
            Err(RegionError::Refused)
        );
        prop_assert_eq!(child.as_slice(), &[]);
        let copied = child.copy_from(&self.regions, |frames| {
            asked = frames;
            true
        });
        prop_assert_eq!(copied, Ok(()));
        prop_assert_eq!(asked, cost(&expected));
        prop_assert_eq!(child.check(), Ok(()));
        prop_assert_eq!(child.heap_end(), self.regions.heap_end());
        prop_assert_eq!(told(&child), expected);
        Ok(())
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match *operation {
            Operation::Insert {
                range,
                permissions,
                kind,
                backing,
                refuse,
            } => {
                let region = Region {
                    backing,
                    offset: range.0 * backing,
                    ..Region::new(range.0, range.1, permissions, kind)
                };
                self.insert(region, refuse)
            }
            Operation::Protect {
                range,
                permissions,
                refuse,
            } => self.protect(range, permissions, refuse),
            Operation::Retire { range } => self.retire(range),
            Operation::Remove { range } => self.remove(range),
            Operation::Heap { end } => self.heap(end),
            Operation::Gap { length, hint } => self.gap(length, hint),
            Operation::Fork => self.fork(),
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.regions.check(), Ok(()));
        prop_assert_eq!(&told(&self.regions), &self.model);
        prop_assert_eq!(self.regions.as_slice().len(), runs(&self.model));
        prop_assert_eq!(self.regions.committed(), cost(&self.model));
        for at in pages((BASE - PAGE, BASE + (PAGES + 8) * PAGE)) {
            let found = self.regions.find(at + 7);
            prop_assert_eq!(
                found.map(|region| region.kind),
                self.model.get(&at).map(|page| page.kind)
            );
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn tells_what_a_map_of_pages_tells(operations in operations()) {
        let mut world = World { regions: Regions::new([Region::default(); SLOTS]), model: Model::new() };
        world.regions.set_heap(BASE + PAGES * PAGE);
        for operation in &operations {
            world.apply(operation)?;
            world.check()?;
        }
    }

    #[test]
    fn any_numbers_are_refused_or_kept(start: u64, end: u64, hint: u64, length: u64, floor: u64, ceiling: u64) {
        let mut regions = Regions::new([Region::default(); 2]);
        let region = Region::new(start, end, Permissions::READ, Kind::Anonymous);
        let fits = start % PAGE == 0 && end % PAGE == 0 && start < end && end <= USER_END;
        prop_assert_eq!(regions.insert(region, |_| true).is_ok(), fits);
        prop_assert_eq!(regions.retire(start, end).is_ok(), fits);
        prop_assert_eq!(regions.set_heap_end(end, |_| true).is_ok(), end <= USER_END);
        if let Some(at) = regions.find_gap(length, hint, floor, ceiling) {
            prop_assert!(at >= floor && at.checked_add(length).unwrap() <= ceiling.min(USER_END));
        }
        prop_assert_eq!(regions.check(), Ok(()));
    }
}
