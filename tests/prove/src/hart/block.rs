//! A block: a piece of random code with the state that it starts from.

use isa::{Insn, Opcode, encode};

use super::layout as at;

/// Instructions that only make sense together: shrinking takes or leaves them as one.
#[derive(Clone, Debug, Default)]
pub struct Item {
    pub parts: Vec<Part>,
}

/// One instruction, or a pair that makes an address.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    Word(u32),
    Half(u16),
    /// A jump or branch to the item that is so many behind this one.
    Forward(Insn, usize),
    /// The same in sixteen bits.
    ShortForward(ShortJump, usize),
    /// A branch back to a part of the same item.
    Back(Insn, usize),
    /// `auipc` and `addi`: the address of the item that is so many behind this one, plus an offset.
    Address(u8, usize, i32),
}

/// A compressed jump or branch.
#[derive(Clone, Copy, Debug)]
pub enum ShortJump {
    Jump,
    BranchZero(u8),
    BranchNonzero(u8),
}

/// What a block starts from.
#[derive(Clone, Debug)]
pub struct Start {
    pub x: [u64; 32],
    pub f: [u64; 32],
    /// In the order of [`super::record::CSRS`].
    pub csrs: Vec<u64>,
    pub fcsr: u64,
    pub mstatus: u64,
    /// Page-table entries: address and value.
    pub patches: Vec<(u64, u64)>,
    pub data_seed: u64,
}

#[derive(Clone, Debug)]
pub struct Block {
    pub seed: u64,
    pub start: Start,
    pub items: Vec<Item>,
}

/// The code of a block, and the length of the instruction at each of its halfwords.
pub struct Code {
    pub bytes: Vec<u8>,
    pub lengths: Vec<u8>,
    /// Offset of each item, and of what follows the last.
    pub offsets: Vec<u64>,
}

impl Part {
    const fn bytes(&self) -> u64 {
        match self {
            Self::Word(_) | Self::Forward(..) | Self::Back(..) => 4,
            Self::Half(_) | Self::ShortForward(..) => 2,
            Self::Address(..) => 8,
        }
    }
}

impl From<Insn> for Part {
    fn from(insn: Insn) -> Self {
        Self::Word(encode(&insn).expect("the generator's operands fit"))
    }
}

impl Item {
    fn bytes(&self) -> u64 {
        self.parts.iter().map(Part::bytes).sum()
    }
}

impl Block {
    /// Lays the items out one behind the other, an `ecall` at the end.
    pub fn code(&self) -> Code {
        let mut offsets = vec![0];
        let mut at = 0;
        for item in &self.items {
            at += item.bytes();
            offsets.push(at);
        }
        let mut code = Code {
            bytes: Vec::new(),
            lengths: Vec::new(),
            offsets,
        };
        for (i, item) in self.items.iter().enumerate() {
            code.add(i, item);
        }
        code.word(0x0000_0073);
        // Behind the final ecall, and where padding follows, the block is over.
        let last = code.lengths.len() - 2;
        while !code.bytes.len().is_multiple_of(8) {
            code.half(0);
        }
        code.lengths[last..].fill(16);
        code
    }
}

impl Code {
    fn half(&mut self, half: u16) {
        self.bytes.extend(half.to_le_bytes());
        self.lengths.push(2);
    }

    fn word(&mut self, word: u32) {
        self.bytes.extend(word.to_le_bytes());
        self.lengths.extend([4, 2]);
    }

    fn insn(&mut self, insn: &Insn) {
        self.word(encode(insn).unwrap_or(NOP));
    }

    fn add(&mut self, number: usize, item: &Item) {
        let last = self.offsets.len() - 1;
        let mut starts = Vec::new();
        for part in &item.parts {
            let here = self.bytes.len() as u64;
            starts.push(here);
            let to = |items: usize| self.offsets[(number + items).min(last)] as i32 - here as i32;
            match *part {
                // See "known differences": not at the end of a page.
                Part::Word(WFI) if here & 0xfff >= 0xffc => self.word(NOP),
                Part::Word(word) => self.word(word),
                Part::Half(half) => self.half(half),
                Part::Forward(mut insn, items) => {
                    insn.imm = to(items);
                    self.insn(&insn);
                }
                Part::ShortForward(jump, items) => self.half(jump.encode(to(items))),
                Part::Back(mut insn, part) => {
                    insn.imm = starts[part] as i32 - here as i32;
                    self.insn(&insn);
                }
                Part::Address(rd, items, offset) => {
                    let distance = to(items) + offset;
                    let low = distance << 20 >> 20;
                    let mut high = Insn::new(Opcode::Auipc);
                    (high.rd, high.imm) = (rd, distance - low);
                    self.insn(&high);
                    let mut add = Insn::new(Opcode::Addi);
                    (add.rd, add.rs1, add.imm) = (rd, rd, low);
                    self.insn(&add);
                }
            }
        }
        debug_assert!((self.bytes.len() as u64) <= at::WINDOW_BYTES);
    }
}

const NOP: u32 = 0x13;
const WFI: u32 = 0x1050_0073;
const C_NOP: u16 = 1;

impl ShortJump {
    /// The encoding; `c.nop` when the distance does not fit.
    fn encode(self, distance: i32) -> u16 {
        let bit = |from: u32, to: u32| ((distance >> from & 1) as u16) << to;
        let bits = |low: u32, mask: u16, to: u32| ((distance >> low) as u16 & mask) << to;
        let (code, register) = match self {
            Self::Jump if distance < 2048 => {
                return 0xa001
                    | bit(11, 12)
                    | bit(4, 11)
                    | bits(8, 3, 9)
                    | bit(10, 8)
                    | bit(6, 7)
                    | bit(7, 6)
                    | bits(1, 7, 3)
                    | bit(5, 2);
            }
            Self::BranchZero(register) if distance < 256 => (0xc001, register),
            Self::BranchNonzero(register) if distance < 256 => (0xe001, register),
            _ => return C_NOP,
        };
        code | u16::from(register & 7) << 7
            | bit(8, 12)
            | bits(3, 3, 10)
            | bits(6, 3, 5)
            | bits(1, 3, 3)
            | bit(5, 2)
    }
}
