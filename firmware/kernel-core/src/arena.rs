//! Arenas: fixed numbers of records, named by index and generation.
//!
//! A record's name ([`Id`]) stays unique after the record is gone: a stale name finds nothing, whoever lives in the slot now.
//! Slots are `repr(C)`, so a debugger can walk the table from its address, its stride and the record's layout alone.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// End of the free list, and the link of a slot that is in use.
const NO_SLOT: u32 = u32::MAX;
/// The generation of a slot that nothing has been in yet.
const FIRST_VACANT: u32 = 2;

/// The name of a record of type `T`: where it is, and which of the records that have been there.
#[repr(C)]
pub struct Id<T> {
    index: u32,
    generation: u32,
    record: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// The name of nothing: no arena ever gives it out.
    pub const NONE: Self = Self {
        index: 0,
        generation: 0,
        record: PhantomData,
    };

    /// The slot's number in its arena.
    pub const fn index(self) -> usize {
        self.index as usize
    }

    /// Which occupant of the slot is meant; odd for every name that an arena gave out.
    pub const fn generation(self) -> u32 {
        self.generation
    }

    /// True for [`Id::NONE`].
    pub const fn is_none(self) -> bool {
        self.generation == 0
    }

    /// The name as one word: generation above, index below. Zero is [`Id::NONE`].
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    /// The name that [`Id::to_bits`] made into a word. Any word is harmless: a name that was never given out finds nothing.
    pub const fn from_bits(bits: u64) -> Self {
        let generation = (bits >> 32) as u32;
        if generation.is_multiple_of(2) {
            return Self::NONE;
        }
        Self {
            index: bits as u32,
            generation,
            record: PhantomData,
        }
    }
}

// Derived implementations would ask the same of `T`, which a name does not contain.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> Default for Id<T> {
    fn default() -> Self {
        Self::NONE
    }
}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}
impl<T> Eq for Id<T> {}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_bits().hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}

/// One slot of an arena. A vacant slot holds `T::default()`.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Slot<T> {
    /// Odd while the slot is occupied; each insertion and each removal adds one. In an arena it is never 0, which is the generation of
    /// [`Id::NONE`]: as every other name has an odd one, to compare generations is all it takes to find a record.
    pub generation: u32,
    /// The next vacant slot; meaningless while occupied.
    next_free: u32,
    /// The record.
    pub value: T,
}

impl<T> Slot<T> {
    /// A vacant slot around the value that stands for "nothing here", for tables made at compile time.
    pub const fn vacant(value: T) -> Self {
        Self {
            generation: 0,
            next_free: NO_SLOT,
            value,
        }
    }

    const fn is_occupied(&self) -> bool {
        self.generation % 2 == 1
    }
}

/// Every slot is taken; the record that found no place is given back.
#[derive(Debug, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// Records of one type in a slice that the caller provides.
#[derive(Debug)]
pub struct Arena<'a, T> {
    slots: &'a mut [Slot<T>],
    first_free: u32,
    len: u32,
    /// No slot from here on was ever in use: what goes through all records stops here.
    end: u32,
}

impl<'a, T: Default> Arena<'a, T> {
    /// An empty arena. Whatever the slots held is dropped, and names given out from them before are stale.
    ///
    /// Slots beyond the first 2^32 - 1 are not used.
    pub fn new(slots: &'a mut [Slot<T>]) -> Self {
        let usable = slots.len().min(NO_SLOT as usize);
        let slots = &mut slots[..usable];
        let mut first_free = NO_SLOT;
        for (index, slot) in slots.iter_mut().enumerate().rev() {
            if slot.is_occupied() {
                slot.generation = slot.generation.wrapping_add(1);
                slot.value = T::default();
            }
            if slot.generation == 0 {
                slot.generation = FIRST_VACANT;
            }
            slot.next_free = first_free;
            first_free = index as u32;
        }
        Self {
            slots,
            first_free,
            len: 0,
            end: 0,
        }
    }

    /// Puts a record into a vacant slot. O(1).
    ///
    /// # Errors
    /// [`Full`] with the record when no slot is vacant.
    pub fn insert(&mut self, value: T) -> Result<Id<T>, Full<T>> {
        match self.occupy() {
            Some((id, slot)) => {
                *slot = value;
                Ok(id)
            }
            None => Err(Full(value)),
        }
    }

    /// The same for a record that is made where it lies: large ones are not copied. It is `T::default()`, or what
    /// [`Arena::remove_with`] made of the one that was there. `None` when no slot is vacant. O(1).
    pub fn occupy(&mut self) -> Option<(Id<T>, &mut T)> {
        let index = self.first_free;
        let slot = self.slots.get_mut(index as usize)?;
        self.first_free = slot.next_free;
        slot.next_free = NO_SLOT;
        slot.generation += 1;
        self.len += 1;
        self.end = self.end.max(index + 1);
        let id = Id {
            index,
            generation: slot.generation,
            record: PhantomData,
        };
        Some((id, &mut slot.value))
    }

    /// Ends a record where it lies: `reset` makes of it what is as good as `T::default()`. False when it is gone. O(1).
    pub fn remove_with(&mut self, id: Id<T>, reset: impl FnOnce(&mut T)) -> bool {
        let Some(slot) = Self::occupied_mut(self.slots, id) else {
            return false;
        };
        reset(&mut slot.value);
        self.vacate(id);
        true
    }

    fn vacate(&mut self, id: Id<T>) {
        let Some(slot) = self.slots.get_mut(id.index()) else {
            return;
        };
        self.len -= 1;
        // Behind the last odd generation the names would start over.
        if slot.generation == u32::MAX {
            slot.generation = FIRST_VACANT;
        } else {
            slot.generation += 1;
            slot.next_free = self.first_free;
            self.first_free = id.index;
        }
    }

    /// Takes a record out; its name is stale from now on. O(1).
    ///
    /// A slot that has had 2^31 occupants is not used again, so no name ever comes back.
    pub fn remove(&mut self, id: Id<T>) -> Option<T> {
        let slot = Self::occupied_mut(self.slots, id)?;
        let value = core::mem::take(&mut slot.value);
        self.vacate(id);
        Some(value)
    }

    /// The record of that name, unless it is gone.
    pub fn get(&self, id: Id<T>) -> Option<&T> {
        let slot = self.slots.get(id.index())?;
        (slot.generation == id.generation).then_some(&slot.value)
    }

    /// The record of that name, to be changed, unless it is gone.
    pub fn get_mut(&mut self, id: Id<T>) -> Option<&mut T> {
        Self::occupied_mut(self.slots, id).map(|slot| &mut slot.value)
    }

    /// Two different records at once; nothing when either is gone or both are the same.
    pub fn get_pair_mut(&mut self, first: Id<T>, second: Id<T>) -> Option<(&mut T, &mut T)> {
        let [a, b] = self
            .slots
            .get_disjoint_mut([first.index(), second.index()])
            .ok()?;
        let both = a.generation == first.generation && b.generation == second.generation;
        both.then_some((&mut a.value, &mut b.value))
    }

    /// The name of the record that lives in a slot now.
    pub fn id_at(&self, index: usize) -> Option<Id<T>> {
        let slot = self.slots.get(index)?;
        slot.is_occupied().then_some(Id {
            index: index as u32,
            generation: slot.generation,
            record: PhantomData,
        })
    }

    /// The record that lives in a slot now, to be changed, with its name.
    #[inline]
    pub fn at_mut(&mut self, index: usize) -> Option<(Id<T>, &mut T)> {
        let slot = self.slots.get_mut(index)?;
        let id = Id {
            index: index as u32,
            generation: slot.generation,
            record: PhantomData,
        };
        slot.is_occupied().then_some((id, &mut slot.value))
    }

    /// Every record with its name, in the order of the slots.
    pub fn iter(&self) -> impl Iterator<Item = (Id<T>, &T)> {
        let named = |(index, slot): (usize, &'_ Slot<T>)| Id {
            index: index as u32,
            generation: slot.generation,
            record: PhantomData,
        };
        self.touched()
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.is_occupied())
            .map(move |at| (named(at), &at.1.value))
    }

    /// The first record at or after a slot, with its name: a walk that may change the arena between its steps.
    pub fn next_from(&self, index: usize) -> Option<Id<T>> {
        let rest = self.touched().get(index..)?;
        let found = rest.iter().position(Slot::is_occupied)?;
        self.id_at(index + found)
    }

    /// The slots that were ever in use.
    fn touched(&self) -> &[Slot<T>] {
        self.slots.get(..self.end as usize).unwrap_or(self.slots)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// True when there is no record.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The slots as tools see them.
    pub fn slots(&self) -> &[Slot<T>] {
        self.slots
    }

    fn occupied_mut(slots: &mut [Slot<T>], id: Id<T>) -> Option<&mut Slot<T>> {
        slots
            .get_mut(id.index())
            .filter(|slot| slot.generation == id.generation)
    }

    /// Proves the free list and the count right.
    ///
    /// # Errors
    /// What is wrong, in words: a bug of this module.
    pub fn check(&self) -> Result<(), &'static str> {
        let occupied = self.slots.iter().filter(|slot| slot.is_occupied()).count();
        if occupied != self.len() {
            return Err("the count differs from the occupied slots");
        }
        let mut at = self.first_free;
        let mut vacant = 0;
        while let Some(slot) = self.slots.get(at as usize) {
            if slot.is_occupied() {
                return Err("an occupied slot is on the free list");
            }
            vacant += 1;
            if vacant > self.slots.len() - occupied {
                return Err("the free list has a loop");
            }
            at = slot.next_free;
        }
        Ok(())
    }
}
