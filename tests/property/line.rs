//! Property tests of `kernel_core::line`.
