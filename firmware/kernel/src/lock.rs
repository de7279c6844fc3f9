//! The kernel lock: whoever holds it has the kernel's state, and nobody else does.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Rounds of waiting after which a hart asks the others to step back: some fifty thousand instructions.
const PATIENCE: u32 = 10_000;

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// A value that one hart at a time may use.
///
/// Whoever finds it free takes it. An order of coming would be fairer, but where harts are threads of a host that has fewer
/// processors, the one whose turn it is often does not run, and nobody else may: there each turn costs a time slice of
/// the host. A hart that has waited long is let in before the others all the same, so that none waits for ever.
pub struct Lock<T> {
    /// A word, because the harts swap words: a byte takes four instructions more.
    taken: AtomicU32,
    /// A hart has waited long: the others step back.
    starving: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `lock` hands out the value to one hart at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A lock around a value.
    pub const fn new(value: T) -> Self {
        Self {
            taken: AtomicU32::new(FREE),
            starving: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// The turn, if it can be had at once.
    #[inline(always)]
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        if self.starving.load(Ordering::Relaxed)
            || self.taken.swap(TAKEN, Ordering::Acquire) != FREE
        {
            return None;
        }
        Some(Guard(self))
    }

    /// Waits for the turn. Interrupts are off in the kernel, so nothing on this hart can want the lock meanwhile.
    #[inline]
    pub fn lock(&self) -> Guard<'_, T> {
        self.try_lock().unwrap_or_else(|| {
            self.wait();
            Guard(self)
        })
    }

    #[cold]
    fn wait(&self) {
        let mut rounds = 0;
        let mut is_first = false;
        loop {
            let may_try = is_first || !self.starving.load(Ordering::Relaxed);
            if may_try
                && self.taken.load(Ordering::Relaxed) == FREE
                && self.taken.swap(TAKEN, Ordering::Acquire) == FREE
            {
                break;
            }
            core::hint::spin_loop();
            rounds += 1;
            if rounds > PATIENCE && !is_first {
                is_first = !self.starving.swap(true, Ordering::Relaxed);
            }
        }
        if is_first {
            self.starving.store(false, Ordering::Relaxed);
        }
    }
}

/// The turn; dropping it gives it to the next.
pub struct Guard<'a, T>(&'a Lock<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the turn.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the turn.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.taken.store(FREE, Ordering::Release);
    }
}
