//! What a process may use, by number: the descriptor table.
//!
//! A handle is a file descriptor with rights. Files, pipes and mailboxes stand in the same table, so `close`, `dup3`, `fcntl`, `ppoll`,
//! `RLIMIT_NOFILE` and `FD_CLOEXEC` mean the same for all of them.
//!
//! The table counts no references: whoever takes an entry out, or puts a copy in, tells the object. Entries therefore leave one at a time,
//! which also lets `execve` and `exit` be cut into pieces.

use abi::errno::{EBADF, EINVAL, EMFILE, EPERM};
use abi::layout::Record;
use bitflags::bitflags;

/// The most slots that a table can have.
pub const MAX_SLOTS: usize = WORDS * WORD_BITS;

const WORD_BITS: usize = u64::BITS as usize;
const WORDS: usize = 4;

bitflags! {
    /// What may be done by a descriptor. The bits are those of `abi::syscall::rights`.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Rights: u32 {
        /// To read, or to receive.
        const READ = 1;
        /// To write, or to send.
        const WRITE = 2;
        /// To change the object itself.
        const CONTROL = 4;
    }
}

impl Rights {
    /// What both allow. The only way to make rights out of a process's wish: it cannot gain any.
    #[must_use]
    pub const fn restrict(self, to: Self) -> Self {
        Self::from_bits_truncate(self.bits() & to.bits())
    }
}

/// What a descriptor stands for.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry<T> {
    /// The object, as the kernel names it.
    pub object: T,
    /// What may be done with it.
    pub rights: Rights,
    /// `FD_CLOEXEC`: the next program does not have it.
    pub close_on_exec: bool,
    /// Status flags such as `O_NONBLOCK` and `O_APPEND`, as Linux numbers them.
    pub flags: u32,
}

/// The descriptors of a process: `N` slots, at most [`MAX_SLOTS`], which is checked when the kernel is compiled.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct Table<T: Copy, const N: usize> {
    /// A bit for each slot, set while it is in use: the lowest free number is found a word at a time.
    used: [u64; WORDS],
    /// New descriptors are below this number; at most `N`.
    limit: u32,
    slots: [Option<Entry<T>>; N],
}

/// Where tools find the slots of a table, and which of them are in use.
pub const fn fields<T: Copy, const N: usize>() -> &'static [Record] {
    const {
        assert!(
            size_of::<Option<Entry<T>>>() == size_of::<Entry<T>>(),
            "an entry lies at the start of its slot"
        );
        &abi::fields!("descriptors", Table<T, N>: used, limit, slots)
    }
}

impl<T: Copy, const N: usize> Default for Table<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy, const N: usize> Table<T, N> {
    /// An empty table whose limit is its size.
    pub const fn new() -> Self {
        const { assert!(N <= MAX_SLOTS, "a table has at most MAX_SLOTS slots") };
        Self {
            used: [0; WORDS],
            limit: N as u32,
            slots: [None; N],
        }
    }

    /// `RLIMIT_NOFILE`: new descriptors are below this number.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Sets `RLIMIT_NOFILE`. Descriptors that are open at or above the new limit stay usable, as on Linux.
    ///
    /// # Errors
    /// EPERM when the table has fewer slots: Linux's answer to a limit above the hard one. Nothing was changed.
    pub const fn set_limit(&mut self, limit: u32) -> Result<(), u16> {
        if limit as usize > N {
            return Err(EPERM);
        }
        self.limit = limit;
        Ok(())
    }

    /// What a descriptor stands for. O(1).
    ///
    /// # Errors
    /// EBADF.
    pub fn get(&self, descriptor: u64) -> Result<&Entry<T>, u16> {
        let slot = usize::try_from(descriptor)
            .ok()
            .and_then(|slot| self.slots.get(slot));
        slot.and_then(Option::as_ref).ok_or(EBADF)
    }

    /// The same, for who needs all of `rights`. O(1).
    ///
    /// # Errors
    /// EBADF when there is no such descriptor, or when one of the rights is missing, as Linux answers a `read` from what is open for writing only.
    pub fn get_with(&self, descriptor: u64, rights: Rights) -> Result<&Entry<T>, u16> {
        self.get(descriptor)
            .ok()
            .filter(|entry| entry.rights.contains(rights))
            .ok_or(EBADF)
    }

    /// What a descriptor stands for, to be changed (`F_SETFD`, `F_SETFL`). O(1).
    ///
    /// # Errors
    /// EBADF.
    pub fn get_mut(&mut self, descriptor: u64) -> Result<&mut Entry<T>, u16> {
        let slot = usize::try_from(descriptor)
            .ok()
            .and_then(|slot| self.slots.get_mut(slot));
        slot.and_then(Option::as_mut).ok_or(EBADF)
    }

    /// Puts an entry under the lowest free number, which is returned. O(1).
    ///
    /// # Errors
    /// EMFILE when every number below the limit is taken.
    pub fn install(&mut self, entry: Entry<T>) -> Result<u32, u16> {
        let descriptor = self.lowest_free(0).ok_or(EMFILE)?;
        self.put(descriptor, entry);
        Ok(descriptor as u32)
    }

    /// Puts an entry under the lowest free number that is not less than `least` (`F_DUPFD`). O(1).
    ///
    /// # Errors
    /// EINVAL when `least` is not below the limit; EMFILE when every number from it on is taken.
    pub fn install_from(&mut self, entry: Entry<T>, least: u32) -> Result<u32, u16> {
        if least >= self.limit {
            return Err(EINVAL);
        }
        let descriptor = self.lowest_free(least as usize).ok_or(EMFILE)?;
        self.put(descriptor, entry);
        Ok(descriptor as u32)
    }

    /// Puts an entry under a certain number (`dup3`) and gives back what was there, for the caller to close. O(1).
    ///
    /// # Errors
    /// EBADF when the number is not below the limit.
    pub fn replace(&mut self, descriptor: u64, entry: Entry<T>) -> Result<Option<Entry<T>>, u16> {
        if descriptor >= u64::from(self.limit) {
            return Err(EBADF);
        }
        Ok(self.put(descriptor as usize, entry))
    }

    /// The same object under the lowest free number from `least` on, with no more than `rights` of the rights. O(1).
    ///
    /// `close_on_exec` and the status flags are kept: a handle that was not for the next program does not get there by being restricted.
    /// `dup` and `F_DUPFD`, which clear `FD_CLOEXEC`, do so in the entry that they install.
    ///
    /// # Errors
    /// EBADF; EINVAL when no right is left, or `least` is not below the limit; EMFILE.
    pub fn duplicate(&mut self, descriptor: u64, least: u32, rights: Rights) -> Result<u32, u16> {
        let mut entry = *self.get(descriptor)?;
        entry.rights = entry.rights.restrict(rights);
        if entry.rights.is_empty() {
            return Err(EINVAL);
        }
        self.install_from(entry, least)
    }

    /// Takes an entry out; its number is free from now on. O(1).
    ///
    /// # Errors
    /// EBADF.
    pub fn close(&mut self, descriptor: u64) -> Result<Entry<T>, u16> {
        let slot = usize::try_from(descriptor).map_err(|_| EBADF)?;
        self.take(slot).ok_or(EBADF)
    }

    /// Takes out the lowest entry that the next program is not to have, if there is one. O(N): `execve` asks until there is none.
    pub fn take_close_on_exec(&mut self) -> Option<Entry<T>> {
        let (descriptor, _) = self.iter().find(|(_, entry)| entry.close_on_exec)?;
        self.take(descriptor as usize)
    }

    /// Takes out the lowest entry, if there is one: `exit` asks until there is none. O(1).
    pub fn take_any(&mut self) -> Option<Entry<T>> {
        let (word, bits) = (0..).zip(&self.used).find(|(_, bits)| **bits != 0)?;
        self.take(word * WORD_BITS + bits.trailing_zeros() as usize)
    }

    /// Every descriptor with its entry, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Entry<T>)> {
        (0..)
            .zip(&self.slots)
            .filter_map(|(descriptor, slot)| Some((descriptor, slot.as_ref()?)))
    }

    /// What a child of `fork` has: the same descriptors and the same limit. Each object has one more descriptor from then on,
    /// which the caller tells it.
    ///
    /// The table itself must be empty.
    pub fn copy_for_fork(&mut self, parent: &Self) {
        self.used = parent.used;
        self.limit = parent.limit;
        for (word, bits) in parent.used.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let slot = word * WORD_BITS + bits.trailing_zeros() as usize;
                if let (Some(to), Some(from)) = (self.slots.get_mut(slot), parent.slots.get(slot)) {
                    *to = *from;
                }
                bits &= bits - 1;
            }
        }
    }

    /// The first open descriptor from a number on, with its entry: a walk that may change other things between its steps.
    pub fn next_from(&self, from: u32) -> Option<(u32, &Entry<T>)> {
        let mut at = from as usize;
        while let Some(word) = self.used.get(at / WORD_BITS) {
            let rest = word >> (at % WORD_BITS);
            if rest != 0 {
                at += rest.trailing_zeros() as usize;
                let entry = self.slots.get(at)?.as_ref()?;
                return Some((at as u32, entry));
            }
            at = (at / WORD_BITS + 1) * WORD_BITS;
        }
        None
    }

    /// How many descriptors are open.
    pub fn count(&self) -> usize {
        self.used
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// The lowest free number from `least` on and below the limit. O(1): there are at most [`WORDS`] words.
    fn lowest_free(&self, least: usize) -> Option<usize> {
        let first = least / WORD_BITS;
        let mut mask = u64::MAX << (least % WORD_BITS);
        for (word, used) in (0..).zip(&self.used).skip(first) {
            let free = !used & mask;
            if free != 0 {
                let slot = word * WORD_BITS + free.trailing_zeros() as usize;
                return (slot < self.limit as usize).then_some(slot);
            }
            mask = u64::MAX;
        }
        None
    }

    /// Fills a slot; what was in it comes back. The caller has checked the number against the limit.
    fn put(&mut self, slot: usize, entry: Entry<T>) -> Option<Entry<T>> {
        let place = self.slots.get_mut(slot)?;
        let word = self.used.get_mut(slot / WORD_BITS)?;
        *word |= 1 << (slot % WORD_BITS);
        place.replace(entry)
    }

    /// Empties a slot.
    fn take(&mut self, slot: usize) -> Option<Entry<T>> {
        let entry = self.slots.get_mut(slot)?.take()?;
        if let Some(word) = self.used.get_mut(slot / WORD_BITS) {
            *word &= !(1 << (slot % WORD_BITS));
        }
        Some(entry)
    }

    /// Proves the bit mask and the limit right.
    ///
    /// # Errors
    /// What is wrong, in words: a bug of this module.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.limit as usize > N {
            return Err("the limit is above the number of slots");
        }
        let mut used = [0; WORDS];
        for (descriptor, _) in self.iter() {
            let slot = descriptor as usize;
            if let Some(word) = used.get_mut(slot / WORD_BITS) {
                *word |= 1 << (slot % WORD_BITS);
            }
        }
        if used == self.used {
            Ok(())
        } else {
            Err("the bit mask differs from the slots in use")
        }
    }
}
