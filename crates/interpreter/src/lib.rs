//! Decoded code and the execution engines over a hart.
