//! The devices of the board: ACLINT timer and software interrupts, PLIC, 16550 UART, RTC, test finisher.
