//! The checks, one subject a file.

pub mod base;
pub mod console;
pub mod counters;
pub mod features;
pub mod harts;
pub mod legacy;
pub mod memory;
pub mod timer;

use sbi_spec::binary::SbiRet;

/// What a call that the firmware lacks answers.
const NOT_SUPPORTED: usize = -2isize as usize;
/// What a wrong argument is answered with.
const INVALID_PARAM: usize = -3isize as usize;
/// What a wrong address is answered with.
const INVALID_ADDRESS: usize = -5isize as usize;
/// What starting a hart that runs is answered with.
const ALREADY_AVAILABLE: usize = -6isize as usize;

/// An answer without error.
fn is_fine(answer: SbiRet) -> bool {
    answer.error == 0
}
