//! The reset ROM says what its table says it does.

use isa::{IsaConfig, Opcode, decode};
use memory::{BusFault, Width};

use crate::board::{Guest, board};

const ROM: u64 = 0x1000;

#[test]
fn code_loads_the_three_registers_and_jumps() {
    let mut bus = board();
    let isa = IsaConfig::default();
    let code: Vec<_> = (0..6)
        .map(|i| decode(bus.word(ROM + 4 * i), &isa).expect("an instruction"))
        .collect();
    let (a0, a1, a2, t0, zero) = (10, 11, 12, 5, 0);
    let seen: Vec<_> = code.iter().map(|i| (i.op, i.rd, i.rs1, i.imm)).collect();
    let expected = [
        (Opcode::Auipc, t0, zero, 0),
        (Opcode::Addi, a2, t0, devices::rom::FW_DYNAMIC_INFO as i32),
        (Opcode::Csrrs, a0, zero, 0xf14),
        (Opcode::Ld, a1, t0, 0x20),
        (Opcode::Ld, t0, t0, 0x18),
        (Opcode::Jalr, zero, t0, 0),
    ];
    assert_eq!(seen, expected);
    assert_eq!(bus.double(ROM + 0x18), 0x8000_0000, "entry");
    assert_eq!(bus.double(ROM + 0x20), 0x8020_0000, "device tree");
    assert_eq!(bus.double(ROM + 0x28), 0x4942_534f, "OSBI");
    assert_eq!(bus.double(ROM + 0x30), 2, "fw_dynamic version");
    assert_eq!(bus.double(ROM + 0x40), 1, "S-mode next");
}

#[test]
fn instructions_are_fetched_from_it_and_from_no_other_device() {
    let mut bus = board();
    assert_eq!(bus.fetch_device(ROM), Ok(0x0297));
    assert_eq!(bus.fetch_device(0x1000_0000), Err(BusFault::Refused));
}

#[test]
fn writes_are_lost_and_what_is_past_its_content_is_zero() {
    let mut bus = board();
    bus.set_word(ROM, 0xdead_beef);
    assert_eq!(bus.word(ROM), 0x0000_0297);
    assert_eq!(bus.load(ROM + 0xeff8, Width::Double), Ok(0));
}
