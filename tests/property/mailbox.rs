//! Property tests of `kernel_core::mailbox`.
