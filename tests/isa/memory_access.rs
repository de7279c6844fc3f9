//! Loads and stores: widths, extension, alignment, faults.

use hartland_tests::program::{DATA, Program, csr, reg};
use isa::{Extension, IsaConfig, Opcode as O};

fn traps_to_end(program: Program) -> Program {
    // The vector is the wfi behind the program: mcause and mtval tell what happened.
    let body = program;
    let handler = body.here() + 0x400;
    Program::new()
        .set_csr("mtvec", handler)
        .append(&body)
        .up_to(handler)
}

trait Append {
    fn append(self, other: &Program) -> Self;
}

impl Append for Program {
    fn append(mut self, other: &Program) -> Self {
        for chunk in other.bytes().chunks_exact(4) {
            self = self.word(u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]));
        }
        self
    }
}

#[test]
fn loads_extend_as_they_say() {
    let program = Program::new()
        .li("a0", DATA)
        .li("a1", 0x8182_8384_8586_8788)
        .s(O::Sd, "a0", "a1", 0)
        .i(O::Lb, "s0", "a0", 0)
        .i(O::Lbu, "s1", "a0", 0)
        .i(O::Lh, "s2", "a0", 2)
        .i(O::Lhu, "s3", "a0", 2)
        .i(O::Lw, "s4", "a0", 4)
        .i(O::Lwu, "s5", "a0", 4)
        .i(O::Ld, "s6", "a0", 0);
    let machine = program.run(IsaConfig::default());
    let values = ["s0", "s1", "s2", "s3", "s4", "s5", "s6"].map(|name| reg(&machine, name));
    assert_eq!(
        values,
        [
            0xffff_ffff_ffff_ff88,
            0x88,
            0xffff_ffff_ffff_8586,
            0x8586,
            0xffff_ffff_8182_8384,
            0x8182_8384,
            0x8182_8384_8586_8788,
        ]
    );
}

#[test]
fn misaligned_accesses_work_within_and_across_pages() {
    for offset in [1, 3, 5, 0xff9, 0xffd, 0xfff] {
        let program = Program::new()
            .li("a0", DATA + offset)
            .li("a1", 0x0102_0304_0506_0708)
            .s(O::Sd, "a0", "a1", 0)
            .i(O::Ld, "a2", "a0", 0)
            .i(O::Lhu, "a3", "a0", 1)
            .i(O::Lw, "a4", "a0", 3);
        let machine = program.run(IsaConfig::default());
        assert_eq!(
            reg(&machine, "a2"),
            0x0102_0304_0506_0708,
            "offset {offset:#x}"
        );
        assert_eq!(reg(&machine, "a3"), 0x0607);
        assert_eq!(reg(&machine, "a4"), 0x0203_0405);
    }
}

#[test]
fn misaligned_accesses_trap_where_they_are_not_supported() {
    let mut isa = IsaConfig::default();
    isa.remove(Extension::Zicclsm);
    let load = traps_to_end(Program::new().li("a0", DATA + 1).i(O::Lw, "a1", "a0", 0)).run(isa);
    assert_eq!((csr(&load, "mcause"), csr(&load, "mtval")), (4, DATA + 1));
    let store = traps_to_end(Program::new().li("a0", DATA + 2).s(O::Sd, "a0", "a0", 0)).run(isa);
    assert_eq!((csr(&store, "mcause"), csr(&store, "mtval")), (6, DATA + 2));
}

#[test]
fn accesses_to_nothing_fault_and_name_the_address() {
    for (op, cause) in [(O::Lb, 5), (O::Ld, 5)] {
        let body = Program::new().li("a0", 0x4000_0000).i(op, "a1", "a0", 8);
        let machine = traps_to_end(body).run(IsaConfig::default());
        assert_eq!(
            (csr(&machine, "mcause"), csr(&machine, "mtval")),
            (cause, 0x4000_0008)
        );
    }
    let body = Program::new().li("a0", 0x4000_0000).s(O::Sw, "a0", "a0", 4);
    let machine = traps_to_end(body).run(IsaConfig::default());
    assert_eq!(
        (csr(&machine, "mcause"), csr(&machine, "mtval")),
        (7, 0x4000_0004)
    );
}

#[test]
fn a_store_that_faults_half_way_has_changed_nothing() {
    // The last seven bytes of RAM, and one byte behind it.
    let end = 0x8000_0000 + (16 << 20);
    let body = Program::new()
        .li("a0", end - 7)
        .li("a1", u64::MAX)
        .s(O::Sd, "a0", "a1", 0);
    let machine = traps_to_end(body).run(IsaConfig::default());
    assert_eq!(csr(&machine, "mcause"), 7);
    assert_eq!(machine.peek(end - 8, memory::Width::Double), Some(0));
}
