//! The RISC-V instruction set as one table: decode, encode, disassemble, expand compressed; register, CSR and trap names.
