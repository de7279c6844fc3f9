//! Locks between the threads of a process.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use abi::syscall::Syscall;

use crate::syscall::call;

const WAIT_PRIVATE: u64 = 128;
const WAKE_PRIVATE: u64 = 129;

/// Waits while a word has a value, or until somebody wakes whoever waits there.
pub fn wait_while(word: &AtomicU32, value: u32) {
    // That the word has changed already is as good as being woken.
    let _ = call(
        Syscall::Futex,
        [word.as_ptr() as u64, WAIT_PRIVATE, u64::from(value), 0],
    );
}

/// Wakes so many threads that wait at a word.
pub fn wake(word: &AtomicU32, most: u64) {
    let _ = call(
        Syscall::Futex,
        [word.as_ptr() as u64, WAKE_PRIVATE, most, 0],
    );
}

const FREE: u32 = 0;
const HELD: u32 = 1;
const AWAITED: u32 = 2;

/// A value that one thread at a time may use. A thread that has to wait gives its hart away.
#[derive(Debug)]
pub struct Mutex<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is handed to one thread at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// A lock around a value.
    pub const fn new(value: T) -> Self {
        Self {
            state: AtomicU32::new(FREE),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until nobody else has it.
    pub fn lock(&self) -> Guard<'_, T> {
        let taken = self
            .state
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            // From here on whoever lets go has to wake somebody.
            while self.state.swap(AWAITED, Ordering::Acquire) != FREE {
                wait_while(&self.state, AWAITED);
            }
        }
        Guard(self)
    }
}

/// The right to use the value; dropping it lets the next thread have it.
#[derive(Debug)]
pub struct Guard<'a, T>(&'a Mutex<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is the right to it.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the right to it.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if self.0.state.swap(FREE, Ordering::Release) == AWAITED {
            wake(&self.0.state, 1);
        }
    }
}
