//! Criterion benchmarks and the workloads they run: `cargo bench -p hartland-benches`.
//!
//! What a person asks first, how fast whole programs run and beside what, `hartland bench` answers; these
//! benchmarks look at single mechanisms.
