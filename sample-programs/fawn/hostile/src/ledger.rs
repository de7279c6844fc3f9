//! What became of the calls: how often each was made, how often it succeeded, and how often each error came.

use core::sync::atomic::{AtomicU32, Ordering};

use fawn::syscall::{Number, call6};
use fawn::{Error, print, println};

/// Numbers below this are counted each for itself: Linux's calls, and then Fawn's.
const NUMBERS: usize = 460;
/// Fawn's own calls begin here...
const OWN: u64 = 1024;
/// ... and are counted from this row on.
const OWN_ROW: usize = 440;
/// Columns of a row: made, succeeded, and the errors by their numbers.
const COLUMNS: usize = 136;
/// Calls that were made, whether or not they came back.
const MADE: usize = 0;
/// Errors have their numbers as columns; this one, EPERM's, is moved to the end.
const SUCCEEDED: usize = 1;
const EPERM: usize = 135;
const LARGEST_ERROR: i64 = 134;

/// The counts, in memory that all hostile processes share.
#[derive(Clone, Copy)]
pub struct Ledger(&'static [AtomicU32]);

impl Ledger {
    /// An empty one.
    pub fn new() -> Result<Self, Error> {
        const READ_WRITE: u64 = 3;
        const SHARED_ANONYMOUS: u64 = 0x21;
        const COUNT: usize = NUMBERS * COLUMNS;
        let bytes = (COUNT * size_of::<AtomicU32>()) as u64;
        let start = call6(
            Number::Mmap,
            [0, bytes, READ_WRITE, SHARED_ANONYMOUS, u64::MAX, 0],
        )?;
        // SAFETY: the kernel has just given this memory to the program, filled with zeros, and nothing unmaps it.
        let counts = unsafe { core::slice::from_raw_parts(start as *const AtomicU32, COUNT) };
        // So that it is there before the frames are counted.
        counts
            .iter()
            .for_each(|count| count.store(0, Ordering::Relaxed));
        Ok(Self(counts))
    }

    /// A call is about to be made.
    pub fn begin(self, number: u64) {
        self.add(number, MADE);
    }

    /// A call has come back.
    pub fn end(self, number: u64, result: u64) {
        let column = match -(result as i64) {
            1 => EPERM,
            error @ 2..=LARGEST_ERROR => error as usize,
            _ => SUCCEEDED,
        };
        self.add(number, column);
    }

    fn add(self, number: u64, column: usize) {
        if let Some(count) = row(number).and_then(|row| self.0.get(row * COLUMNS + column)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn count(self, number: u64, column: usize) -> u32 {
        let count = row(number).and_then(|row| self.0.get(row * COLUMNS + column));
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Forgets everything.
    pub fn clear(self) {
        self.0
            .iter()
            .for_each(|count| count.store(0, Ordering::Relaxed));
    }

    /// Prints a line for each call that Fawn has.
    pub fn report(self) {
        for number in (0..OWN_ROW as u64).chain(OWN..OWN + (NUMBERS - OWN_ROW) as u64) {
            let Ok(call) = Number::try_from(number) else {
                continue;
            };
            let (made, succeeded) = (self.count(number, MADE), self.count(number, SUCCEEDED));
            print!("coverage: {number} {call:?} made {made} succeeded {succeeded}");
            for column in SUCCEEDED + 1..COLUMNS {
                let count = self.count(number, column);
                if count > 0 {
                    let error = if column == EPERM { 1 } else { column };
                    print!(" E{error} {count}");
                }
            }
            println!("");
        }
    }
}

fn row(number: u64) -> Option<usize> {
    match number {
        OWN.. => usize::try_from(number - OWN).ok().map(|at| OWN_ROW + at),
        _ => usize::try_from(number).ok().filter(|&at| at < OWN_ROW),
    }
    .filter(|&row| row < NUMBERS)
}
