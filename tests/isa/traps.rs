//! Traps, delegation, returns, interrupts.

use hartland_tests::program::{Program, csr, reg};
use isa::{IsaConfig, Opcode as O};

const HANDLER: u64 = 0x8000_0800;
const LOWER: u64 = 0x8000_0400;

/// Goes to `LOWER` in the privilege mode that MPP names, with all memory allowed; the handler of
/// M-mode is the `wfi` at `HANDLER`.
fn drop_to(mpp: u64) -> Program {
    Program::new()
        .set_csr("mtvec", HANDLER)
        .set_csr("pmpaddr0", u64::MAX >> 10)
        .set_csr("pmpcfg0", 0x1f)
        .set_csr("mepc", LOWER)
        .set_csr("mstatus", mpp << 11)
        .op(O::Mret)
        .up_to(LOWER)
}

#[test]
fn ecall_names_the_mode_it_came_from() {
    for (mpp, cause) in [(0, 8), (1, 9), (3, 11)] {
        let machine = drop_to(mpp)
            .op(O::Ecall)
            .up_to(HANDLER)
            .run(IsaConfig::default());
        assert_eq!(csr(&machine, "mcause"), cause);
        assert_eq!(csr(&machine, "mepc"), LOWER);
        assert_eq!(csr(&machine, "mstatus") >> 11 & 3, mpp);
        assert_eq!(csr(&machine, "mtval"), 0);
    }
}

#[test]
fn illegal_instructions_leave_their_encoding_in_mtval() {
    for word in [0xffff_ffffu32, 0x0000_0000, 0x3020_0073 ^ 1 << 28] {
        let machine = drop_to(0)
            .word(word)
            .up_to(HANDLER)
            .run(IsaConfig::default());
        assert_eq!(csr(&machine, "mcause"), 2);
        let expected = if word & 3 == 3 { word } else { word & 0xffff };
        assert_eq!(csr(&machine, "mtval"), u64::from(expected));
    }
}

#[test]
fn privileged_instructions_trap_in_user_mode() {
    for op in [O::Mret, O::Sret, O::Wfi, O::SfenceVma] {
        let machine = drop_to(0).op(op).up_to(HANDLER).run(IsaConfig::default());
        assert_eq!(csr(&machine, "mcause"), 2, "{op:?}");
    }
    let machine = drop_to(0)
        .csrrs("a0", "sstatus", "zero")
        .up_to(HANDLER)
        .run(IsaConfig::default());
    assert_eq!(csr(&machine, "mcause"), 2);
}

#[test]
fn tvm_tw_and_tsr_give_supervisor_instructions_to_machine_mode() {
    for (bit, op) in [(20, O::SfenceVma), (21, O::Wfi), (22, O::Sret)] {
        let own = drop_to(1).op(op).up_to(HANDLER).run(IsaConfig::default());
        assert_ne!(
            csr(&own, "mcause"),
            2,
            "{op:?} without the bit is S-mode's own"
        );
        let set = Program::new()
            .set_csr("mtvec", HANDLER)
            .set_csr("pmpaddr0", u64::MAX >> 10)
            .set_csr("pmpcfg0", 0x1f)
            .set_csr("mepc", LOWER)
            .set_csr("mstatus", 1 << 11 | 1 << bit)
            .op(O::Mret)
            .up_to(LOWER)
            .op(op)
            .up_to(HANDLER);
        assert_eq!(csr(&set.run(IsaConfig::default()), "mcause"), 2, "{op:?}");
    }
}

#[test]
fn delegated_exceptions_go_to_supervisor_mode() {
    let program = Program::new()
        .set_csr("medeleg", 1 << 8)
        .set_csr("stvec", HANDLER)
        .set_csr("pmpaddr0", u64::MAX >> 10)
        .set_csr("pmpcfg0", 0x1f)
        .set_csr("mepc", LOWER)
        .set_csr("mstatus", 0)
        .op(O::Mret)
        .up_to(LOWER)
        .op(O::Ecall)
        .up_to(HANDLER);
    let machine = program.run(IsaConfig::default());
    assert_eq!((csr(&machine, "scause"), csr(&machine, "sepc")), (8, LOWER));
    assert_eq!(csr(&machine, "mcause"), 0);
    assert_eq!(
        machine.harts()[0].privilege,
        machine::hart::Privilege::Supervisor
    );
}

#[test]
fn of_several_interrupts_the_most_urgent_is_taken() {
    // Software-written supervisor interrupts, not delegated: external before software before timer.
    for (pending, cause) in [(0x222, 9), (0x022, 1), (0x020, 5)] {
        let machine = Program::new()
            .set_csr("mtvec", HANDLER)
            .set_csr("mie", 0x222)
            .set_csr("mip", pending)
            .li("a0", 8)
            .csrrs("zero", "mstatus", "a0")
            .i(O::Addi, "a1", "a1", 1)
            .up_to(HANDLER)
            .csrrw("zero", "mie", "zero")
            .run(IsaConfig::default());
        assert_eq!(csr(&machine, "mcause"), 1 << 63 | cause);
        assert_eq!(reg(&machine, "a1"), 0, "taken before the next instruction");
    }
}

#[test]
fn vectored_interrupts_go_four_bytes_a_cause_on() {
    let machine = Program::new()
        .set_csr("mtvec", HANDLER | 1)
        .set_csr("mie", 2)
        .set_csr("mip", 2)
        .li("a0", 8)
        .csrrs("zero", "mstatus", "a0")
        .up_to(HANDLER)
        .i(O::Addi, "a4", "zero", 1)
        .csrrw("zero", "mie", "zero")
        .i(O::Addi, "a3", "zero", 3)
        .run(IsaConfig::default());
    assert_eq!((reg(&machine, "a4"), reg(&machine, "a3")), (0, 3));
}

#[test]
fn sstc_raises_the_supervisor_timer_and_wakes_a_wait() {
    let machine = Program::new()
        .set_csr("mtvec", HANDLER)
        .set_csr("menvcfg", 1 << 63)
        .set_csr("mie", 0x20)
        .csrrs("a0", "time", "zero")
        .i(O::Addi, "a0", "a0", 100)
        .csrrw("zero", "stimecmp", "a0")
        .li("a1", 8)
        .csrrs("zero", "mstatus", "a1")
        .op(O::Wfi)
        .up_to(HANDLER)
        .csrrs("a2", "time", "zero")
        .csrrw("zero", "mie", "zero")
        .run(IsaConfig::default());
    assert_eq!(csr(&machine, "mcause"), 1 << 63 | 5);
    assert_eq!(
        reg(&machine, "a2"),
        reg(&machine, "a0"),
        "idle time is jumped to the moment"
    );
}
