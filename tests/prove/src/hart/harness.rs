//! The code around the blocks: what starts each, handles its traps, and digests what it leaves.
//!
//! The M-mode handler goes on behind the instruction that trapped, whose length a table says; behind an `ecall` it goes
//! on in another mode. The S-mode handler calls M-mode's by `ecall`, which writes down the S-mode CSRs, and returns by
//! `sret`. An interrupt's enable bit is cleared, since its cause stays.

use isa::Opcode as O;

use super::assembler::{Assembler, Label};
use super::layout as at;
use super::record as field;

/// Offsets in the save area.
mod save {
    pub const F: i32 = 0x100;
    pub const MSTATUS: i32 = 0x200;
    pub const DIGEST: i32 = 0x208;
    pub const TRAPS: i32 = 0x210;
    pub const RECORD: i32 = 0x218;
    pub const CODE_BYTES: i32 = 0x220;
    pub const LENGTHS: i32 = 0x228;
    pub const UNUSED: i32 = 0x238;
    pub const CSRS: i32 = 0x240;
}

/// Traps after which a block ends, whatever it does.
const MOST_TRAPS: i32 = 400;

/// CSRs that are part of the digest, beside those of each trap.
const DIGESTED: &[&str] = &[
    "fcsr",
    "medeleg",
    "mideleg",
    "mie",
    "mip",
    "sie",
    "sepc",
    "scause",
    "stval",
    "stvec",
    "satp",
    "sstatus",
    "scounteren",
    "mcounteren",
    "menvcfg",
    "senvcfg",
    "stimecmp",
    "mcountinhibit",
    "pmpcfg0",
    "pmpaddr0",
    "pmpaddr1",
    "pmpaddr2",
    "pmpaddr3",
];

struct Labels {
    finish: Label,
    next_record: Label,
    end: Label,
    handler: Label,
}

/// The harness's code, for [`at::HARNESS`].
pub fn code() -> Vec<u8> {
    let mut a = Assembler::new(at::HARNESS);
    let labels = Labels {
        finish: a.label(),
        next_record: a.label(),
        end: a.label(),
        handler: a.label(),
    };
    start(&mut a);
    a.place(labels.next_record);
    let print = a.label();
    start_block(&mut a, &labels);
    handler(&mut a, &labels);
    finish(&mut a, &labels, print);
    print_digest(&mut a, print);
    a.place(labels.end);
    a.li("t0", at::FINISHER);
    a.li("t1", 0x5555);
    a.store(O::Sw, "t1", "t0", 0);
    let forever = a.label_here();
    a.jump(forever);
    a.finish()
}

/// The page of the S-mode handler: a call of M-mode at each vector, and an `sret`.
pub fn supervisor_code() -> Vec<u8> {
    let mut a = Assembler::new(at::S_HANDLER);
    while a.here() < at::S_RETURN {
        a.insn(isa::Insn::new(O::Ecall));
    }
    a.insn(isa::Insn::new(O::Sret));
    a.insn(isa::Insn::new(O::Ecall));
    a.finish()
}

/// The address of something near the code.
fn address(a: &mut Assembler, rd: &str, target: u64) {
    let distance = target.wrapping_sub(a.here()) as i32;
    let low = distance << 20 >> 20;
    a.i(O::Auipc, rd, "zero", distance.wrapping_sub(low));
    a.i(O::Addi, rd, rd, low);
}

/// Mixes a register into the digest in `s1`, with the multiplier in `s2`; spoils `t0`.
fn mix(a: &mut Assembler, register: &str) {
    a.r(O::Xor, "s1", "s1", register);
    a.r(O::Mul, "s1", "s1", "s2");
    a.i(O::Srli, "t0", "s1", 29);
    a.r(O::Xor, "s1", "s1", "t0");
}

fn load_multiplier(a: &mut Assembler) {
    a.li("s2", 0x9e37_79b9_7f4a_7c15);
}

fn start(a: &mut Assembler) {
    // Others than hart 0 sleep.
    let first = a.label();
    a.read_csr("t0", "mhartid");
    a.branch(O::Beq, "t0", "zero", first);
    let sleep = a.label_here();
    a.insn(isa::Insn::new(O::Wfi));
    a.jump(sleep);
    a.place(first);
    a.li("t0", at::MTIMECMP);
    a.li("t1", u64::MAX);
    a.store(O::Sd, "t1", "t0", 0);
    address(a, "s0", at::SAVE);
    a.li("t0", at::RECORDS);
    a.store(O::Sd, "t0", "s0", save::RECORD);
}

/// Copies `t2` doublewords (at least one) from `t0` to `t1`; spoils `t3`.
fn copy(a: &mut Assembler) {
    let again = a.label_here();
    a.i(O::Ld, "t3", "t0", 0);
    a.store(O::Sd, "t3", "t1", 0);
    a.i(O::Addi, "t0", "t0", 8);
    a.i(O::Addi, "t1", "t1", 8);
    a.i(O::Addi, "t2", "t2", -1);
    a.branch(O::Bne, "t2", "zero", again);
}

/// Clears memory from `t1` up to `t2`.
fn clear(a: &mut Assembler) {
    let again = a.label_here();
    a.store(O::Sd, "zero", "t1", 0);
    a.i(O::Addi, "t1", "t1", 8);
    a.branch(O::Bltu, "t1", "t2", again);
}

/// `s3` holds the record. Memory first, then CSRs, then registers.
fn start_block(a: &mut Assembler, labels: &Labels) {
    address(a, "s0", at::SAVE);
    a.i(O::Ld, "s3", "s0", save::RECORD);
    a.i(O::Ld, "t0", "s3", field::CODE);
    let there_is_one = a.label();
    a.branch(O::Bne, "t0", "zero", there_is_one);
    a.jump(labels.end);
    a.place(there_is_one);
    fill_memory(a);
    for (offset, from) in [
        (save::CODE_BYTES, field::CODE_BYTES),
        (save::LENGTHS, field::LENGTHS),
        (save::DIGEST, field::SEED),
    ] {
        a.i(O::Ld, "t0", "s3", from);
        a.store(O::Sd, "t0", "s0", offset);
    }
    a.store(O::Sd, "zero", "s0", save::TRAPS);
    set_csrs(a, labels.handler);
    for n in 0..32u8 {
        let offset = field::F + 8 * i32::from(n);
        let mut load = isa::Insn::new(O::Fld);
        (load.rd, load.rs1, load.imm) = (n, super::assembler::x("s3"), offset);
        a.insn(load);
    }
    a.i(O::Ld, "t0", "s3", field::FCSR);
    a.write_csr("fcsr", "t0");
    a.i(O::Ld, "t0", "s3", field::MSTATUS);
    a.write_csr("mstatus", "t0");
    a.insn(isa::Insn::new(O::FenceI));
    let s3 = super::assembler::x("s3");
    for n in (1..32u8).filter(|&n| n != s3).chain([s3]) {
        let mut load = isa::Insn::new(O::Ld);
        (load.rd, load.rs1, load.imm) = (n, s3, field::X + 8 * i32::from(n));
        a.insn(load);
    }
    a.insn(isa::Insn::new(O::Mret));
}

/// Tables, data and the code window as the record says.
fn fill_memory(a: &mut Assembler) {
    a.li("t1", at::TABLES);
    a.li("t2", at::TABLES + at::TABLES_BYTES);
    clear(a);
    a.i(O::Ld, "t0", "s3", field::PATCHES);
    a.i(O::Ld, "t2", "s3", field::PATCH_COUNT);
    let patch = a.label_here();
    a.i(O::Ld, "t1", "t0", 0);
    a.i(O::Ld, "t3", "t0", 8);
    a.store(O::Sd, "t3", "t1", 0);
    a.i(O::Addi, "t0", "t0", 16);
    a.i(O::Addi, "t2", "t2", -1);
    a.branch(O::Bne, "t2", "zero", patch);

    // Data: a xorshift generator's output.
    a.i(O::Ld, "t0", "s3", field::SEED);
    a.li("t1", at::DATA);
    a.li("t2", at::DATA + at::DATA_BYTES);
    let data = a.label_here();
    for (op, shift) in [(O::Slli, 13), (O::Srli, 7), (O::Slli, 17)] {
        a.i(op, "t3", "t0", shift);
        a.r(O::Xor, "t0", "t0", "t3");
    }
    a.store(O::Sd, "t0", "t1", 0);
    a.i(O::Addi, "t1", "t1", 8);
    a.branch(O::Bltu, "t1", "t2", data);

    a.i(O::Ld, "t0", "s3", field::CODE);
    a.li("t1", at::WINDOW);
    a.i(O::Ld, "t2", "s3", field::CODE_BYTES);
    a.i(O::Srli, "t2", "t2", 3);
    copy(a);
    a.li("t2", at::WINDOW + at::WINDOW_BYTES);
    clear(a);
    // What a block wrote where U-mode sees its code, but with translation off.
    a.li("t1", at::WINDOW_USER);
    a.li("t2", at::WINDOW_USER + at::WINDOW_BYTES);
    clear(a);
    a.insn(isa::Insn::new(O::FenceI));
}

fn set_csrs(a: &mut Assembler, handler: Label) {
    // mtvec: the handler's address, by a call over it
    let over = a.label();
    a.call("t1", over);
    a.jump(handler);
    a.place(over);
    a.write_csr("mtvec", "t1");
    a.li("t0", at::MSIP);
    a.store(O::Sw, "zero", "t0", 0);
    a.li("t0", at::MTIMECMP);
    a.li("t1", u64::MAX);
    a.store(O::Sd, "t1", "t0", 0);
    a.write_csr("stimecmp", "t1");
    // Where the last block left the S-mode timer on, its pending bit could not be written.
    a.write_csr("menvcfg", "zero");
    for (name, offset) in field::CSRS {
        a.i(O::Ld, "t0", "s3", *offset);
        a.write_csr(name, "t0");
    }
    let mut fence = isa::Insn::new(O::SfenceVma);
    (fence.rs1, fence.rs2) = (0, 0);
    a.insn(fence);
    a.li("t0", 0x6000);
    a.csr(O::Csrrs, "zero", "mstatus", "t0");
}

/// M-mode's handler. MPRV is cleared before anything is saved, and set again last.
fn handler(a: &mut Assembler, labels: &Labels) {
    a.place(labels.handler);
    save_registers(a);
    a.read_csr("a0", "mcause");
    a.read_csr("a1", "mepc");
    a.read_csr("a2", "mtval");
    a.i(O::Ld, "a3", "s0", save::MSTATUS);
    for register in ["a0", "a1", "a2", "a3"] {
        mix(a, register);
    }
    a.i(O::Ld, "t0", "s0", save::TRAPS);
    a.i(O::Addi, "t0", "t0", 1);
    a.store(O::Sd, "t0", "s0", save::TRAPS);
    a.i(O::Addi, "t1", "zero", MOST_TRAPS);
    let go_on = a.label();
    a.branch(O::Bltu, "t0", "t1", go_on);
    a.jump(labels.finish);
    a.place(go_on);
    let (restore, interrupt, own_page) = (a.label(), a.label(), a.label());
    a.branch(O::Blt, "a0", "zero", interrupt);
    a.li("t0", at::S_HANDLER >> 12);
    a.i(O::Srli, "t1", "a1", 12);
    a.branch(O::Beq, "t0", "t1", own_page);
    // Behind the instruction that trapped; behind an ecall, in another mode.
    change_mode(a);
    let behind = a.label();
    a.call("ra", behind);
    a.write_csr("mepc", "a1");
    a.jump(restore);

    a.place(interrupt);
    a.i(O::Addi, "t1", "zero", 1);
    a.r(O::Sll, "t1", "t1", "a0");
    a.csr(O::Csrrc, "zero", "mie", "t1");
    a.jump(restore);

    a.place(own_page);
    delegated(a, behind, restore);

    a.place(behind);
    go_behind(a, labels);
    a.place(restore);
    restore_registers(a);
}

fn save_registers(a: &mut Assembler) {
    a.write_csr("mscratch", "t0");
    a.write_csr("sscratch", "t1");
    a.i(O::Lui, "t0", "zero", 0x2_0000);
    a.csr(O::Csrrc, "t0", "mstatus", "t0");
    address(a, "t1", at::SAVE);
    a.store(O::Sd, "t0", "t1", save::MSTATUS);
    a.read_csr("t0", "mscratch");
    a.store(O::Sd, "t0", "t1", 8 * 5);
    a.read_csr("t0", "sscratch");
    a.store(O::Sd, "t0", "t1", 8 * 6);
    for n in (1..32).filter(|n| !matches!(n, 5 | 6)) {
        let mut store = isa::Insn::new(O::Sd);
        (store.rs1, store.rs2, store.imm) = (6, n, 8 * i32::from(n));
        a.insn(store);
    }
    a.i(O::Addi, "s0", "t1", 0);
    a.i(O::Ld, "s1", "s0", save::DIGEST);
    load_multiplier(a);
    // Ends a reservation.
    a.i(O::Addi, "t0", "s0", save::UNUSED);
    a.r(O::ScD, "zero", "t0", "zero");
}

fn restore_registers(a: &mut Assembler) {
    a.store(O::Sd, "s1", "s0", save::DIGEST);
    a.i(O::Addi, "t1", "s0", 0);
    a.i(O::Ld, "t0", "t1", 8 * 5);
    a.write_csr("mscratch", "t0");
    a.i(O::Ld, "t0", "t1", 8 * 6);
    a.write_csr("sscratch", "t0");
    for n in (1..32).filter(|n| !matches!(n, 5 | 6)) {
        let mut load = isa::Insn::new(O::Ld);
        (load.rd, load.rs1, load.imm) = (n, 6, 8 * i32::from(n));
        a.insn(load);
    }
    a.i(O::Ld, "t0", "t1", save::MSTATUS);
    a.i(O::Lui, "t1", "zero", 0x2_0000);
    a.r(O::And, "t0", "t0", "t1");
    a.csr(O::Csrrs, "zero", "mstatus", "t0");
    a.read_csr("t1", "sscratch");
    a.read_csr("t0", "mscratch");
    a.insn(isa::Insn::new(O::Mret));
}

/// After an ecall (cause 8, 9 or 11 in `a0`) MPP becomes U, S or M in turn.
fn change_mode(a: &mut Assembler) {
    let (ecall, same) = (a.label(), a.label());
    for cause in [8, 9, 11] {
        a.i(O::Addi, "t1", "zero", cause);
        a.branch(O::Beq, "a0", "t1", ecall);
    }
    a.jump(same);
    a.place(ecall);
    a.li("t0", 0x1800);
    a.csr(O::Csrrc, "zero", "mstatus", "t0");
    // U, S, M, M by the number of traps so far
    a.i(O::Ld, "t0", "s0", save::TRAPS);
    a.i(O::Andi, "t0", "t0", 3);
    a.i(O::Sltiu, "t1", "t0", 2);
    let lower = a.label();
    a.branch(O::Bne, "t1", "zero", lower);
    a.i(O::Addi, "t0", "zero", 3);
    a.place(lower);
    a.i(O::Slli, "t0", "t0", 11);
    a.csr(O::Csrrs, "zero", "mstatus", "t0");
    a.place(same);
    // What go_behind looks at: the mode to return to.
    a.read_csr("a4", "mstatus");
    a.i(O::Srli, "a4", "a4", 11);
    a.i(O::Andi, "a4", "a4", 3);
}

/// `a1` becomes the address behind the instruction at `a1`, for the mode in `a4`; the block ends when there is none.
fn go_behind(a: &mut Assembler, labels: &Labels) {
    let inside = a.label();
    let finish = a.label();
    for base in [at::WINDOW, at::WINDOW_USER] {
        a.li("t0", base);
        a.r(O::Sub, "t1", "a1", "t0");
        a.li("t2", at::WINDOW_BYTES);
        a.branch(O::Bltu, "t1", "t2", inside);
    }
    a.place(finish);
    a.jump(labels.finish);
    a.place(inside);
    a.i(O::Ld, "t2", "s0", save::LENGTHS);
    a.i(O::Srli, "t3", "t1", 1);
    a.r(O::Add, "t2", "t2", "t3");
    a.i(O::Ld, "t4", "s0", save::CODE_BYTES);
    a.branch(O::Bgeu, "t1", "t4", finish);
    a.i(O::Lbu, "t2", "t2", 0);
    a.r(O::Add, "t1", "t1", "t2");
    a.branch(O::Bgeu, "t1", "t4", finish);
    a.li("t0", at::WINDOW);
    let base_found = a.label();
    a.branch(O::Bne, "a4", "zero", base_found);
    a.read_csr("t2", "satp");
    a.i(O::Srli, "t2", "t2", 60);
    a.branch(O::Beq, "t2", "zero", base_found);
    a.li("t0", at::WINDOW_USER);
    a.place(base_found);
    a.r(O::Add, "a1", "t0", "t1");
    a.ret("ra");
}

/// A trap in the S-mode handler's page: its `ecall` hands over a delegated trap. Anything else can only be an `sret`
/// that TSR traps: it is tried again without.
fn delegated(a: &mut Assembler, behind: Label, restore: Label) {
    let (call, interrupt) = (a.label(), a.label());
    a.i(O::Addi, "t0", "zero", 9);
    a.branch(O::Beq, "a0", "t0", call);
    a.li("t0", 1 << 22);
    a.csr(O::Csrrc, "zero", "mstatus", "t0");
    a.jump(restore);
    a.place(call);
    a.read_csr("a0", "scause");
    a.read_csr("a1", "sepc");
    a.read_csr("a2", "stval");
    a.read_csr("a3", "sstatus");
    for register in ["a0", "a1", "a2", "a3"] {
        mix(a, register);
    }
    a.li("t0", at::S_RETURN);
    a.write_csr("mepc", "t0");
    a.branch(O::Blt, "a0", "zero", interrupt);
    a.i(O::Srli, "a4", "a3", 8);
    a.i(O::Andi, "a4", "a4", 1);
    a.call("ra", behind);
    a.write_csr("sepc", "a1");
    a.jump(restore);
    a.place(interrupt);
    a.i(O::Addi, "t1", "zero", 1);
    a.r(O::Sll, "t1", "t1", "a0");
    a.csr(O::Csrrc, "zero", "mie", "t1");
    a.jump(restore);
}

/// What a doubleword is that reports compare, by its address.
pub fn name_of(address: u64) -> String {
    let offset = address.wrapping_sub(at::SAVE) as i32;
    match offset {
        0..0x100 => format!("x{}", offset / 8),
        save::F..save::MSTATUS => format!("f{}", (offset - save::F) / 8),
        save::MSTATUS => "mstatus at the last trap".to_owned(),
        save::DIGEST => "digest".to_owned(),
        save::TRAPS => "traps".to_owned(),
        save::CSRS..0x400 => {
            let name = DIGESTED.get(((offset - save::CSRS) / 8) as usize);
            name.map_or_else(|| format!("{address:#x}"), |name| (*name).to_owned())
        }
        _ => format!("{address:#x}"),
    }
}

/// What the digests of a block cover, one after the other; each covers what those before do.
pub const STAGES: [&str; 4] = ["registers, CSRs or traps", "data", "page tables", "code"];

/// The block is over: digests of registers and CSRs, then data, tables and code, printed; on to the next.
fn finish(a: &mut Assembler, labels: &Labels, print: Label) {
    a.place(labels.finish);
    for n in 1..32 {
        a.i(O::Ld, "t1", "s0", 8 * n);
        mix(a, "t1");
    }
    a.li("t0", 0x6000);
    a.csr(O::Csrrs, "zero", "mstatus", "t0");
    for n in 0..32u8 {
        let mut store = isa::Insn::new(O::Fsd);
        (store.rs1, store.rs2) = (super::assembler::x("s0"), n);
        store.imm = save::F + 8 * i32::from(n);
        a.insn(store);
        a.i(O::Ld, "t1", "s0", save::F + 8 * i32::from(n));
        mix(a, "t1");
    }
    for (n, name) in DIGESTED.iter().enumerate() {
        a.read_csr("t1", name);
        a.store(O::Sd, "t1", "s0", save::CSRS + 8 * n as i32);
        mix(a, "t1");
    }
    a.call("ra", print);
    // An access that a PMP entry matches in part fails, in M-mode too.
    a.write_csr("pmpcfg0", "zero");
    a.insn(isa::Insn::new(O::SfenceVma));
    for (base, bytes) in [
        (at::DATA, at::DATA_BYTES),
        (at::TABLES, at::TABLES_BYTES),
        (at::WINDOW, at::WINDOW_BYTES),
    ] {
        a.li("t2", base);
        a.li("t3", base + bytes);
        let again = a.label_here();
        a.i(O::Ld, "t1", "t2", 0);
        mix(a, "t1");
        a.i(O::Addi, "t2", "t2", 8);
        a.branch(O::Bltu, "t2", "t3", again);
        a.call("ra", print);
    }
    a.i(O::Ld, "s3", "s0", save::RECORD);
    a.i(O::Ld, "t0", "s3", field::NEXT);
    a.store(O::Sd, "t0", "s0", save::RECORD);
    a.jump(labels.next_record);
}

/// Prints `s1` as sixteen digits and a line feed.
fn print_digest(a: &mut Assembler, print: Label) {
    a.place(print);
    a.li("t0", at::UART);
    a.i(O::Addi, "t1", "zero", 60);
    let digit = a.label_here();
    a.r(O::Srl, "t2", "s1", "t1");
    a.i(O::Andi, "t2", "t2", 15);
    a.i(O::Sltiu, "t3", "t2", 10);
    a.i(O::Addi, "t2", "t2", i32::from(b'a') - 10);
    let letter = a.label();
    a.branch(O::Beq, "t3", "zero", letter);
    a.i(O::Addi, "t2", "t2", i32::from(b'0') - i32::from(b'a') + 10);
    a.place(letter);
    put(a);
    a.i(O::Addi, "t1", "t1", -4);
    a.branch(O::Bge, "t1", "zero", digit);
    a.i(O::Addi, "t2", "zero", 10);
    put(a);
    a.ret("ra");
}

/// Sends the character in `t2`; spoils `t3`.
fn put(a: &mut Assembler) {
    let wait = a.label_here();
    a.i(O::Lbu, "t3", "t0", 5);
    a.i(O::Andi, "t3", "t3", 0x20);
    a.branch(O::Beq, "t3", "zero", wait);
    a.store(O::Sb, "t2", "t0", 0);
}
