//! Property tests of `kernel_core::deadlock`.
