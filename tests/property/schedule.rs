//! Property tests of `kernel_core::schedule`.
