//! CSRs: what can be written, what is made legal, what traps.

use hartland_tests::program::{Program, csr, reg};
use isa::{Extension, IsaConfig, Opcode as O};

/// Writes `value` to a CSR in M-mode and reads it back.
fn after_writing(name: &str, value: u64) -> u64 {
    let machine = Program::new()
        .set_csr(name, value)
        .csrrs("a0", name, "zero");
    reg(&machine.run(IsaConfig::default()), "a0")
}

#[test]
fn illegal_values_are_made_legal() {
    assert_eq!(after_writing("mtvec", u64::MAX), u64::MAX - 2);
    assert_eq!(after_writing("mepc", u64::MAX), u64::MAX - 1);
    assert_eq!(after_writing("medeleg", u64::MAX), 0xb3fe);
    assert_eq!(after_writing("mideleg", u64::MAX), 0x222);
    assert_eq!(after_writing("mie", u64::MAX), 0xaaa);
    assert_eq!(
        after_writing("mstatus", 2 << 11) >> 11 & 3,
        0,
        "MPP has no mode 2"
    );
    assert_eq!(
        after_writing("satp", 15 << 60),
        0,
        "an unknown MODE changes nothing"
    );
    assert_eq!(after_writing("satp", 8 << 60 | 5), 8 << 60 | 5);
    assert_eq!(after_writing("pmpcfg0", 0x02), 0, "W without R");
    assert_eq!(after_writing("menvcfg", 2 << 4), 0, "CBIE has no value 2");
}

#[test]
fn misa_says_what_there_is_and_cannot_be_changed() {
    let letters = |text: &str| text.bytes().fold(0u64, |m, b| m | 1 << (b - b'a'));
    assert_eq!(after_writing("misa", 0), 2 << 62 | letters("abcdfimsu"));
    let isa = IsaConfig::parse("rv64ima").expect("a usual string");
    let machine = Program::new().run(isa);
    assert_eq!(csr(&machine, "misa"), 2 << 62 | letters("aimsu"));
}

#[test]
fn counters_count_stop_and_can_be_set() {
    let machine = Program::new()
        .csrrs("s0", "minstret", "zero")
        .csrrs("s1", "minstret", "zero")
        .set_csr("mcountinhibit", 4)
        .csrrs("s2", "minstret", "zero")
        .csrrs("s3", "minstret", "zero")
        .csrrw("zero", "mcountinhibit", "zero")
        .li("a0", 1000)
        .csrrw("zero", "minstret", "a0")
        .csrrs("s4", "minstret", "zero")
        .run(IsaConfig::default());
    let [s0, s1, s2, s3, s4] = ["s0", "s1", "s2", "s3", "s4"].map(|name| reg(&machine, name));
    assert_eq!(s1 - s0, 1);
    assert_eq!(s2, s3, "inhibited");
    assert_eq!(s4, 1000, "the write itself does not count");
}

#[test]
fn what_is_switched_off_traps_and_reads_zero() {
    let isa = IsaConfig::parse("rv64i_zicsr").expect("a usual string");
    for op in [
        O::Mul,
        O::FaddD,
        O::AmoaddW,
        O::Sh1add,
        O::Aes64es,
        O::CzeroEqz,
        O::FenceI,
    ] {
        let word = isa::encode(&isa::Insn::new(op)).expect("an encoding");
        let head = Program::new().set_csr("mtvec", 0x8000_0400);
        let machine = head.word(word).up_to(0x8000_0400).run(isa);
        assert_eq!(csr(&machine, "mcause"), 2, "{op:?}");
        assert_eq!(csr(&machine, "mtval"), u64::from(word), "{op:?}");
    }
    let head = Program::new().set_csr("mstatus", 3 << 13);
    let machine = head.csrrs("a0", "mstatus", "zero").run(isa);
    assert_eq!(reg(&machine, "a0") & 3 << 13, 0, "no FS without F");
    let mut without = IsaConfig::default();
    without.remove(Extension::Svadu);
    without.remove(Extension::Svpbmt);
    let machine = Program::new().set_csr("menvcfg", u64::MAX).run(without);
    assert_eq!(csr(&machine, "menvcfg") & 3 << 61, 0);
}

#[test]
fn locked_pmp_entries_keep_their_value() {
    let machine = Program::new()
        .set_csr("pmpaddr0", 0x1234)
        .set_csr("pmpcfg0", 0x98) // locked NAPOT, no rights
        .set_csr("pmpcfg0", 0)
        .set_csr("pmpaddr0", 0)
        .run(IsaConfig::default());
    assert_eq!(
        (csr(&machine, "pmpcfg0"), csr(&machine, "pmpaddr0")),
        (0x98, 0x1234)
    );
}
