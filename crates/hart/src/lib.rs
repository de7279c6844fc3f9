//! One RV64 hart: registers, CSRs, MMU, PMP, traps, interrupts and the meaning of every instruction.
