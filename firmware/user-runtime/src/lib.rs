//! What programs for Fawn link.
#![no_std]
