//! Why the bus refused an access.

/// A physical access that nothing answered.
///
/// It belongs to none of the guest's traps by itself: the hart, which knows whether the access was a
/// fetch, a load or a store, turns it into an access fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusFault {
    /// No RAM and no device at this address.
    #[error("nothing answers at this physical address")]
    Unmapped,
    /// A device is there but does not do this width, alignment or direction.
    #[error("the device refuses this kind of access")]
    Refused,
}
