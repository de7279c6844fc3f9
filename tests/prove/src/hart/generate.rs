//! Random blocks: what a block starts from, and which instructions it is made of.

use isa::format::Format;
use isa::opcode::{Row, TABLE};
use isa::{Insn, IsaConfig, Opcode, decode, encode};

use super::block::{Block, Item, Part, Start};
use super::groups;
use super::layout as at;
use super::random::Random;
use super::record::CSRS;
use super::tables;

/// Registers that hold addresses and loop counters: random instructions leave them alone.
pub const RESERVED: [u8; 5] = [2, 3, 4, 8, 9];
/// Those of them that hold addresses.
pub const POINTERS: [u8; 4] = [2, 3, 8, 9];
/// The loop counter.
pub const COUNTER: u8 = 4;

/// Items of a block.
const ITEMS: u64 = 500;

/// The generator and what it chooses from.
pub struct Generator {
    pub random: Random,
    pub isa: IsaConfig,
    computing: Vec<&'static Row>,
    accessing: Vec<&'static Row>,
    atomic: Vec<&'static Row>,
    /// FS may be Initial or Clean in this block; see "known differences".
    pub clean_float: bool,
    /// The S-mode timer is on all the time; in other blocks it is not set. See "known differences".
    pub timer: bool,
    /// PMP entries cover parts of the data.
    pub protection: bool,
    /// Page-table entries change, and fences are never trapped; in other blocks a fence may be left out.
    pub changes_tables: bool,
}

/// Whether a row computes from registers to registers.
fn computes(row: &Row) -> bool {
    use Format as F;
    row.value & 3 == 3
        && !matches!(
            row.format,
            F::Load | F::Store | F::FloatLoad | F::FloatStore | F::B | F::J | F::Jalr | F::Amo
        )
        && !matches!(
            row.format,
            F::AmoPair | F::LoadReserved | F::Fence | F::FenceI | F::Fixed | F::Csr
        )
        && !matches!(
            row.format,
            F::CsrImmediate | F::FenceVma | F::CacheBlock | F::CompressedMayBe
        )
}

impl Generator {
    pub fn new(seed: u64, isa: IsaConfig) -> Self {
        use Format as F;
        let rows = |wanted: &dyn Fn(&Row) -> bool| {
            TABLE
                .iter()
                .filter(|row| isa.meets(&row.requires) && wanted(row))
                .collect()
        };
        let mut random = Random::new(seed);
        let (clean_float, timer) = (random.one_in(4), random.one_in(2));
        let (protection, changes_tables) = (random.one_in(2), random.one_in(2));
        let flags_alone = |row: &Row| {
            matches!(
                row.format,
                F::FloatCompare | F::FloatToInt | F::FloatToIntTruncating
            )
        };
        Self {
            random,
            isa,
            clean_float,
            timer,
            protection,
            changes_tables,
            computing: rows(&|row| computes(row) && !(clean_float && flags_alone(row))),
            accessing: rows(&|row| {
                matches!(
                    row.format,
                    F::Load | F::Store | F::FloatLoad | F::FloatStore
                )
            }),
            atomic: rows(&|row| {
                let conditional = matches!(row.op, Opcode::ScW | Opcode::ScD);
                matches!(row.format, F::Amo | F::AmoPair) && !conditional
            }),
        }
    }

    /// The block of a seed.
    pub fn block(seed: u64, isa: IsaConfig) -> Block {
        let mut generator = Self::new(seed, isa);
        let start = generator.start();
        let mut items = Vec::new();
        let count = ITEMS / 2 + generator.random.below(ITEMS);
        let mut bytes = 0;
        while (items.len() as u64) < count && bytes < at::WINDOW_BYTES - 0x400 {
            let item = generator.item();
            bytes += 8 * item.parts.len() as u64;
            items.push(item);
        }
        Block { seed, start, items }
    }

    fn start(&mut self) -> Start {
        let (clean_float, timer) = (self.clean_float, (self.timer, self.protection));
        let changes_tables = self.changes_tables;
        let random = &mut self.random;
        let mut x = [0; 32];
        x.fill_with(|| random.integer());
        let mut f = [0; 32];
        f.fill_with(|| random.float());
        for pointer in POINTERS {
            x[usize::from(pointer)] = tables::pointer(random);
        }
        x[usize::from(COUNTER)] = 0;
        let mpp = random.pick(&[0, 1, 3, 3]);
        // FS is mostly on, TW always: S- and U-mode do not wait.
        let fs = if clean_float {
            random.pick(&[1, 2, 3])
        } else {
            random.pick(&[3, 3, 3, 3, 3, 3, 3, 0])
        };
        let mut mstatus = mpp << 11 | fs << 13 | 1 << 21;
        for (bit, odds) in [
            (1, 2),
            (5, 2),
            (7, 2),
            (8, 2),
            (18, 2),
            (19, 3),
            (20, 8),
            (22, 8),
        ] {
            mstatus |= u64::from(random.one_in(odds)) << bit;
        }
        if changes_tables {
            mstatus &= !(1 << 20);
        }
        let csrs: Vec<u64> = CSRS
            .iter()
            .map(|(name, _)| groups::start_value(name, mpp, timer, random))
            .collect();
        let satp = csrs[CSRS.len() - 1];
        let mut start = Start {
            x,
            f,
            csrs,
            fcsr: random.below(32) | random.pick(&[0, 0, 1, 2, 3, 4, 5, 7]) << 5,
            mstatus,
            patches: tables::patches(random),
            data_seed: random.next() | 1,
        };
        let mepc = CSRS.iter().position(|(name, _)| *name == "mepc");
        if let Some(mepc) = mepc {
            let user = mpp == 0 && satp != 0;
            start.csrs[mepc] = if user { at::WINDOW_USER } else { at::WINDOW };
        }
        start
    }

    /// A register that may be written.
    pub fn target(&mut self) -> u8 {
        loop {
            let register = if self.random.one_in(2) {
                10 + self.random.below(6) as u8
            } else {
                self.random.below(32) as u8
            };
            if !RESERVED.contains(&register) {
                return register;
            }
        }
    }

    /// A register that may be written and is not `x0`.
    pub fn scratch(&mut self) -> u8 {
        loop {
            let register = self.target();
            if register != 0 {
                return register;
            }
        }
    }

    pub fn source(&mut self) -> u8 {
        if self.random.one_in(2) {
            10 + self.random.below(6) as u8
        } else {
            self.random.below(32) as u8
        }
    }

    fn item(&mut self) -> Item {
        let parts = match self.random.below(100) {
            0..=39 => vec![self.computing()],
            40..=51 => vec![self.access()],
            52..=61 => vec![self.compressed()],
            62..=65 => groups::atomic(self),
            66..=67 => groups::reserved(self),
            68..=74 => groups::branch(self),
            75..=76 => groups::indirect_jump(self),
            77..=78 => groups::counted_loop(self),
            79..=87 => groups::csr(self),
            88..=89 => groups::float_constant(self),
            90..=91 => groups::new_pointer(self),
            92 => groups::self_modifying(self),
            93 => groups::page_table(self),
            94 => groups::fence(self),
            95..=96 => groups::trap(self),
            97 => groups::trap_return(self),
            98 => groups::interrupt(self),
            _ => groups::modified_privilege(self),
        };
        Item { parts }
    }

    /// Any instruction that computes from registers to registers.
    pub fn computing(&mut self) -> Part {
        loop {
            let index = self.random.below(self.computing.len() as u64) as usize;
            let row = self.computing[index];
            let word = row.value | self.random.next() as u32 & !row.mask;
            let Some(mut insn) = decode(word, &self.isa) else {
                continue;
            };
            if insn.op.writes_integer() {
                insn.rd = self.target();
            }
            if self.random.one_in(2) {
                insn.rs1 = self.source_like(insn.op, insn.rs1);
                insn.rs2 = self.source_like(insn.op, insn.rs2);
            }
            if insn.op.is_float() && !self.random.one_in(16) && has_rounding(row.format) {
                insn.aux = self.random.pick(&[0, 1, 2, 3, 4, 7, 7]);
            }
            if let Ok(word) = encode(&insn) {
                return Part::Word(word);
            }
        }
    }

    /// For integer instructions, a source that was likely written before.
    fn source_like(&mut self, op: Opcode, register: u8) -> u8 {
        if op.is_float() || register == 0 {
            register
        } else {
            self.source()
        }
    }

    /// A load or store near a pointer, mostly aligned.
    pub fn access(&mut self) -> Part {
        let index = self.random.below(self.accessing.len() as u64) as usize;
        let mut insn = Insn::new(self.accessing[index].op);
        let store = matches!(insn.op.format(), Format::Store | Format::FloatStore);
        insn.rs1 = self.random.pick(&POINTERS);
        insn.imm = self.random.below(4096) as i32 - 2048;
        if !self.random.one_in(3) {
            insn.imm &= !7;
        }
        let float = matches!(insn.op.format(), Format::FloatLoad | Format::FloatStore);
        let register = self.random.below(32) as u8;
        if store {
            insn.rs2 = register;
        } else if float {
            insn.rd = register;
        } else {
            insn.rd = self.target();
        }
        insn.into()
    }

    /// A compressed instruction that only computes, loads or stores.
    pub fn compressed(&mut self) -> Part {
        loop {
            let half = self.random.next() as u16;
            let Some(insn) = decode(u32::from(half), &self.isa).filter(|_| half & 3 != 3) else {
                continue;
            };
            let accesses = matches!(
                insn.op.format(),
                Format::Load | Format::Store | Format::FloatLoad | Format::FloatStore
            );
            let jumps = matches!(insn.op.format(), Format::J | Format::Jalr | Format::B);
            let writes = insn.op.writes_integer() && RESERVED.contains(&insn.rd);
            let strays = accesses && !POINTERS.contains(&insn.rs1);
            if !(jumps || writes || strays || insn.op == Opcode::Ebreak) {
                return Part::Half(half);
            }
        }
    }

    /// An AMO or compare-and-swap whose address is in `rs1`.
    pub fn atomic_row(&mut self) -> Insn {
        let index = self.random.below(self.atomic.len() as u64) as usize;
        let mut insn = Insn::new(self.atomic[index].op);
        insn.rd = self.target();
        insn.rs2 = self.source();
        insn.aux = self.random.below(4) as u8;
        if insn.op.is_compare_and_swap() && insn.rd == 0 {
            insn.rd = 10; // see "known differences"
        }
        if insn.op.format() == Format::AmoPair {
            insn.rd = self.random.pick(&[6, 10, 12, 14, 16, 28]);
            insn.rs2 &= 30;
        }
        insn
    }
}

/// Whether a format has a rounding mode.
fn has_rounding(format: Format) -> bool {
    use Format as F;
    matches!(
        format,
        F::Float | F::FloatUnary | F::FloatFused | F::FloatToInt | F::IntToFloat
    )
}
