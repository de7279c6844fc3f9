//! The counter of retired instructions.

use core::arch::asm;

use fawn::Error;

/// Tries, of which the least counts.
const TRIES: u32 = 16;

/// Instructions that this hart has retired.
#[inline(always)]
pub fn read() -> u64 {
    let count;
    // SAFETY: reads a counter. It may touch memory as far as the compiler knows, so that what is measured stays in between.
    unsafe { asm!("rdinstret {}", out(reg) count, options(nostack)) };
    count
}

/// What two readings in a row are apart.
pub fn overhead() -> u64 {
    let before = read();
    read() - before
}

/// Instructions between two readings, those of reading left out.
pub fn between(before: u64, after: u64) -> u64 {
    after.saturating_sub(before).saturating_sub(overhead())
}

/// The least of several tries; a try that says nothing does not count.
pub fn least(mut attempt: impl FnMut() -> Result<Option<u64>, Error>) -> Result<u64, Error> {
    let mut least = u64::MAX;
    for _ in 0..TRIES {
        if let Some(cost) = attempt()? {
            least = least.min(cost);
        }
    }
    Ok(least)
}

/// The least cost of something that is done over and over.
pub fn least_of(mut work: impl FnMut() -> Result<(), Error>) -> Result<u64, Error> {
    least(|| {
        let before = read();
        let done = work();
        let after = read();
        done?;
        Ok(Some(between(before, after)))
    })
}
