//! The kernel's algorithms with no hardware in them: what can be tested on the host is here.
#![no_std]
