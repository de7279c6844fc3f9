//! Floating point against the specification, the oracle's digests and the host's FPU.

#![allow(missing_docs)]

mod digests;
mod fast_paths;
mod specification;
mod support;
