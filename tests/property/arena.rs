//! Arenas against a map from names to values: stale names find nothing, whoever lives in the slot now.

use kernel_core::arena::{Arena, Full, Id, Slot};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Operation {
    Insert(u32),
    /// Removes the n-th name ever given out, stale or not.
    Remove(usize),
    Write(usize, u32),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let one = prop_oneof![
        3 => any::<u32>().prop_map(Operation::Insert),
        2 => (0..64usize).prop_map(Operation::Remove),
        1 => (0..64usize, any::<u32>()).prop_map(|(name, value)| Operation::Write(name, value)),
    ];
    prop::collection::vec(one, 0..120)
}

fn slots(capacity: usize) -> Vec<Slot<u32>> {
    (0..capacity).map(|_| Slot::default()).collect()
}

proptest! {
    #[test]
    fn finds_what_a_map_finds(capacity in 0..9usize, operations in operations()) {
        let mut slots = slots(capacity);
        let mut arena = Arena::new(&mut slots);
        let mut names: Vec<Id<u32>> = Vec::new();
        let mut model: BTreeMap<u64, u32> = BTreeMap::new();
        for operation in operations {
            match operation {
                Operation::Insert(value) => match arena.insert(value) {
                    Ok(id) => {
                        prop_assert!(!names.contains(&id), "a name came back");
                        names.push(id);
                        model.insert(id.to_bits(), value);
                    }
                    Err(Full(back)) => {
                        prop_assert_eq!(back, value);
                        prop_assert_eq!(model.len(), capacity);
                    }
                },
                Operation::Remove(at) => if let Some(id) = names.get(at) {
                    prop_assert_eq!(arena.remove(*id), model.remove(&id.to_bits()));
                },
                Operation::Write(at, value) => if let Some(id) = names.get(at) {
                    let found = arena.get_mut(*id).map(|slot| *slot = value);
                    prop_assert_eq!(found.is_some(), model.get_mut(&id.to_bits()).map(|slot| *slot = value).is_some());
                },
            }
            prop_assert_eq!(arena.check(), Ok(()));
            prop_assert_eq!(arena.len(), model.len());
            for id in &names {
                prop_assert_eq!(arena.get(*id), model.get(&id.to_bits()));
                prop_assert_eq!(Id::from_bits(id.to_bits()), *id);
            }
            let listed: BTreeMap<u64, u32> = arena.iter().map(|(id, value)| (id.to_bits(), *value)).collect();
            prop_assert_eq!(&listed, &model);
        }
    }

    #[test]
    fn a_pair_is_two_different_living_records(first in 0..6usize, second in 0..6usize) {
        let mut slots = slots(4);
        let mut arena = Arena::new(&mut slots);
        let mut names: Vec<Id<u32>> = (0..4).map(|value| arena.insert(value).unwrap()).collect();
        arena.remove(names[3]);
        names.push(Id::NONE);
        names.push(Id::from_bits(u64::MAX));
        let expected = first != second && first < 3 && second < 3;
        let pair = arena.get_pair_mut(names[first], names[second]).map(|(a, b)| (*a as usize, *b as usize));
        prop_assert_eq!(pair, expected.then_some((first, second)));
    }
}

#[test]
fn a_slot_whose_names_are_used_up_is_retired() {
    let mut slots = slots(1);
    slots[0].generation = u32::MAX - 1;
    let mut arena = Arena::new(&mut slots);
    let last = arena.insert(7).unwrap();
    assert_eq!(arena.remove(last), Some(7));
    assert_eq!(
        arena.insert(8),
        Err(Full(8)),
        "the first name would have come back"
    );
    assert_eq!(arena.check(), Ok(()));
}

#[test]
fn a_new_arena_forgets_what_the_slots_held() {
    let mut slots = slots(2);
    let old = Arena::new(&mut slots).insert(1).unwrap();
    let mut arena = Arena::new(&mut slots);
    assert_eq!(arena.get(old), None);
    assert!(arena.is_empty());
    assert_ne!(arena.insert(2).unwrap(), old);
}
