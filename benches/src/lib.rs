//! Criterion benchmarks and the workloads they run.
