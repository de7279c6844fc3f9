//! Property tests of `kernel_core::files`.
