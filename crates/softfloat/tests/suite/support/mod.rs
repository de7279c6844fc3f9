//! What the tests of this crate and those against Berkeley SoftFloat (`oracle/`) share: the
//! operations, the operands they are tried on, and a digest of all results and flags.
//!
//! Both sides run the same cases, so that the digests in `digests.txt`, which the oracle vouches
//! for, pin every result here too, on machines that cannot build the oracle.

pub mod digests;
pub mod operands;
pub mod operations;
