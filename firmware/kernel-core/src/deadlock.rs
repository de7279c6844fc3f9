//! Who waits for whom, and for ever.
