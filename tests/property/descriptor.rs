//! Property tests of `kernel_core::descriptor`.
