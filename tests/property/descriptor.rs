//! Descriptor tables against a map from numbers to entries.

use abi::errno::{EBADF, EINVAL, EMFILE, EPERM};
use kernel_core::descriptor::{Entry, Rights, Table};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Operation {
    Install(Entry<u32>),
    InstallFrom(Entry<u32>, u32),
    Replace(u64, Entry<u32>),
    Duplicate(u64, u32, Rights),
    Close(u64),
    Change(u64, Entry<u32>),
    SetLimit(u32),
    TakeCloseOnExec,
    TakeAny,
    Fork,
}

fn rights() -> impl Strategy<Value = Rights> {
    (0..8u32).prop_map(Rights::from_bits_truncate)
}

fn entry() -> impl Strategy<Value = Entry<u32>> {
    (any::<u32>(), rights(), any::<bool>(), any::<u32>()).prop_map(
        |(object, rights, close_on_exec, flags)| Entry {
            object,
            rights,
            close_on_exec,
            flags,
        },
    )
}

/// Numbers in and around a table of `slots`, and the ends of what a program can pass.
fn descriptor(slots: u64) -> impl Strategy<Value = u64> {
    prop_oneof![
        20 => 0..slots + 3,
        1 => Just(u64::MAX),
        1 => Just(1 << 32),
        1 => any::<u64>(),
    ]
}

fn operations(slots: u64) -> impl Strategy<Value = Vec<Operation>> {
    let least = move || prop_oneof![10 => 0..slots as u32 + 3, 1 => any::<u32>()];
    let one = prop_oneof![
        6 => entry().prop_map(Operation::Install),
        2 => (entry(), least()).prop_map(|(entry, least)| Operation::InstallFrom(entry, least)),
        2 => (descriptor(slots), entry()).prop_map(|(to, entry)| Operation::Replace(to, entry)),
        3 => (descriptor(slots), least(), rights())
            .prop_map(|(of, least, rights)| Operation::Duplicate(of, least, rights)),
        3 => descriptor(slots).prop_map(Operation::Close),
        1 => (descriptor(slots), entry()).prop_map(|(of, entry)| Operation::Change(of, entry)),
        1 => least().prop_map(Operation::SetLimit),
        1 => Just(Operation::TakeCloseOnExec),
        1 => Just(Operation::TakeAny),
        1 => Just(Operation::Fork),
    ];
    prop::collection::vec(one, 0..160)
}

/// What a table is, with nothing done to be fast.
struct Model {
    entries: BTreeMap<u64, Entry<u32>>,
    slots: u32,
    limit: u32,
}

impl Model {
    fn install_from(&mut self, entry: Entry<u32>, least: u32) -> Result<u32, u16> {
        let free = (least..self.limit).find(|at| !self.entries.contains_key(&u64::from(*at)));
        let free = free.ok_or(EMFILE)?;
        self.entries.insert(u64::from(free), entry);
        Ok(free)
    }

    fn duplicate(&mut self, of: u64, least: u32, rights: Rights) -> Result<u32, u16> {
        let mut entry = *self.entries.get(&of).ok_or(EBADF)?;
        entry.rights &= rights;
        if entry.rights.is_empty() || least >= self.limit {
            return Err(EINVAL);
        }
        self.install_from(entry, least)
    }

    fn replace(&mut self, to: u64, entry: Entry<u32>) -> Result<Option<Entry<u32>>, u16> {
        if to >= u64::from(self.limit) {
            return Err(EBADF);
        }
        Ok(self.entries.insert(to, entry))
    }

    fn take(&mut self, wanted: impl Fn(&Entry<u32>) -> bool) -> Option<Entry<u32>> {
        let (number, _) = self.entries.iter().find(|(_, entry)| wanted(entry))?;
        let number = *number;
        self.entries.remove(&number)
    }
}

fn apply<const N: usize>(
    table: &mut Table<u32, N>,
    model: &mut Model,
    operation: Operation,
) -> Result<(), TestCaseError> {
    match operation {
        Operation::Install(entry) => {
            prop_assert_eq!(table.install(entry), model.install_from(entry, 0))
        }
        Operation::InstallFrom(entry, least) => {
            let expected = if least >= model.limit {
                Err(EINVAL)
            } else {
                model.install_from(entry, least)
            };
            prop_assert_eq!(table.install_from(entry, least), expected);
        }
        Operation::Replace(to, entry) => {
            prop_assert_eq!(table.replace(to, entry), model.replace(to, entry))
        }
        Operation::Duplicate(of, least, rights) => prop_assert_eq!(
            table.duplicate(of, least, rights),
            model.duplicate(of, least, rights)
        ),
        Operation::Close(of) => {
            prop_assert_eq!(table.close(of), model.entries.remove(&of).ok_or(EBADF))
        }
        Operation::Change(of, entry) => {
            let changed = table.get_mut(of).map(|slot| *slot = entry);
            let expected = model.entries.get_mut(&of).map(|slot| *slot = entry);
            prop_assert_eq!(changed, expected.ok_or(EBADF));
        }
        Operation::SetLimit(limit) => {
            let expected = if limit > model.slots {
                Err(EPERM)
            } else {
                model.limit = limit;
                Ok(())
            };
            prop_assert_eq!(table.set_limit(limit), expected);
        }
        Operation::TakeCloseOnExec => {
            prop_assert_eq!(
                table.take_close_on_exec(),
                model.take(|entry| entry.close_on_exec)
            )
        }
        Operation::TakeAny => prop_assert_eq!(table.take_any(), model.take(|_| true)),
        Operation::Fork => {
            // The child takes the parent's place: what it lacks shows later.
            let mut child = Table::new();
            child.copy_for_fork(table);
            while table.take_any().is_some() {}
            *table = child;
        }
    }
    Ok(())
}

fn compare<const N: usize>(table: &Table<u32, N>, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(table.check(), Ok(()));
    prop_assert_eq!(table.count(), model.entries.len());
    prop_assert_eq!(table.limit(), model.limit);
    let listed: BTreeMap<u64, Entry<u32>> = table
        .iter()
        .map(|(number, entry)| (u64::from(number), *entry))
        .collect();
    prop_assert_eq!(&listed, &model.entries);
    for number in (0..N as u64 + 2).chain([1 << 32, u64::MAX]) {
        let expected = model.entries.get(&number);
        prop_assert_eq!(table.get(number), expected.ok_or(EBADF));
        for bits in 0..8 {
            let rights = Rights::from_bits_truncate(bits);
            let allowed = expected.filter(|entry| entry.rights.bits() & bits == bits);
            prop_assert_eq!(table.get_with(number, rights), allowed.ok_or(EBADF));
        }
    }
    Ok(())
}

/// Runs the operations on a table with `filled` entries, so that sequences of one length reach the end of large tables too.
fn run<const N: usize>(filled: usize, operations: Vec<Operation>) -> Result<(), TestCaseError> {
    let mut table = Table::<u32, N>::new();
    let mut model = Model {
        entries: BTreeMap::new(),
        slots: N as u32,
        limit: N as u32,
    };
    for object in 0..filled as u32 {
        let entry = Entry {
            object,
            ..Entry::default()
        };
        apply(&mut table, &mut model, Operation::Install(entry))?;
    }
    compare(&table, &model)?;
    for operation in operations {
        apply(&mut table, &mut model, operation)?;
        compare(&table, &model)?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_small_table_is_a_map(operations in operations(6)) {
        run::<6>(0, operations)?;
    }

    #[test]
    fn a_table_of_one_word_is_a_map(filled in 0..66usize, operations in operations(64)) {
        run::<64>(filled, operations)?;
    }

    #[test]
    fn a_table_of_several_words_is_a_map(filled in 0..140usize, operations in operations(130)) {
        run::<130>(filled, operations)?;
    }

    #[test]
    fn a_table_without_slots_is_a_map(operations in operations(0)) {
        run::<0>(0, operations)?;
    }

    #[test]
    fn restricting_never_adds(old in any::<u32>(), wish in any::<u32>()) {
        let (old, wish) = (Rights::from_bits_retain(old), Rights::from_bits_retain(wish));
        let new = old.restrict(wish);
        prop_assert!(old.contains(new) && wish.contains(new) && Rights::all().contains(new));
        prop_assert_eq!(new, Rights::from_bits_truncate(old.bits()) & Rights::from_bits_truncate(wish.bits()));
    }
}

#[test]
fn what_is_open_above_a_lowered_limit_stays_usable() {
    let mut table = Table::<u32, 8>::new();
    let entry = Entry {
        object: 1,
        rights: Rights::READ,
        ..Entry::default()
    };
    assert_eq!(table.install_from(entry, 7), Ok(7));
    assert_eq!(table.set_limit(1), Ok(()));
    assert_eq!(table.get(7), Ok(&entry));
    assert_eq!(table.replace(7, entry), Err(EBADF), "dup3 to above it");
    assert_eq!(table.install(entry), Ok(0));
    assert_eq!(table.install(entry), Err(EMFILE));
    assert_eq!(table.close(7), Ok(entry));
}

#[test]
fn a_full_table_of_the_largest_size_refuses() {
    let mut table = Box::new(Table::<u32, 256>::new());
    for number in 0..256 {
        assert_eq!(table.install(Entry::default()), Ok(number));
    }
    assert_eq!(table.install(Entry::default()), Err(EMFILE));
    assert_eq!(table.close(255).map(|entry| entry.object), Ok(0));
    assert_eq!(table.install_from(Entry::default(), 255), Ok(255));
    assert_eq!(table.check(), Ok(()));
}
