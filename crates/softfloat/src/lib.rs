//! IEEE 754 binary16/32/64 arithmetic in software, exact in every RISC-V rounding mode, flags included.
