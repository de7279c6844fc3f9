//! Disassembly in the style of LLVM: `addi a0, sp, 0x10`, with its aliases (`li`, `mv`, `ret`).

use core::fmt;

use crate::format::Format;
use crate::opcode::Opcode;
use crate::reg::{F_NAMES, X_NAMES};
use crate::{Insn, csr};

/// An instruction as text: mnemonic, tab, operands.
#[derive(Clone, Copy, Debug)]
pub struct Disassembly {
    insn: Insn,
    pc: u64,
    aliases: bool,
}

/// An instruction at `pc` as text, with aliases.
#[must_use]
pub const fn disassemble(insn: &Insn, pc: u64) -> Disassembly {
    Disassembly {
        insn: *insn,
        pc,
        aliases: true,
    }
}

impl Disassembly {
    /// The same without aliases: every instruction under its own name with all operands.
    #[must_use]
    pub const fn without_aliases(mut self) -> Self {
        self.aliases = false;
        self
    }

    /// Where a jump or branch with a fixed distance leads.
    #[must_use]
    pub const fn target(&self) -> Option<u64> {
        match self.insn.op.format() {
            Format::B | Format::J => Some(self.pc.wrapping_add(self.insn.imm as i64 as u64)),
            _ => None,
        }
    }
}

/// An integer register's name.
struct X(u8);

impl fmt::Display for X {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(X_NAMES[usize::from(self.0 & 31)])
    }
}

/// A floating-point register's name.
struct F(u8);

impl fmt::Display for F {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(F_NAMES[usize::from(self.0 & 31)])
    }
}

/// A signed number in hexadecimal.
struct Hex(i32);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{:#x}", self.0.unsigned_abs())
    }
}

/// A CSR's name, or its number.
struct Csr(i32);

impl fmt::Display for Csr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match csr::name(self.0 as u16) {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

/// Predecessors or successors of a fence.
struct Set(i32);

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & 15 == 0 {
            return f.write_str("0");
        }
        for (bit, letter) in [(8, "i"), (4, "o"), (2, "r"), (1, "w")] {
            if self.0 & bit != 0 {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}

const ROUNDING_MODES: [&str; 8] = ["rne", "rtz", "rdn", "rup", "rmm", "5", "6", "dyn"];
const DYNAMIC: u8 = 7;

/// A rounding mode behind the operands, unless it is the usual one.
struct Rounding {
    field: u8,
    usual: u8,
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field == self.usual {
            return Ok(());
        }
        write!(f, ", {}", ROUNDING_MODES[usize::from(self.field & 7)])
    }
}

/// Conversions that are exact whatever the rounding mode are written with RNE, which is not
/// shown; everything else is written dynamic.
const fn usual_rounding(op: Opcode) -> u8 {
    use Opcode as O;
    match op {
        O::FcvtDW | O::FcvtDWu | O::FcvtDS | O::FcvtSH | O::FcvtDH => 0,
        _ => DYNAMIC,
    }
}

/// Constants of `fli` as LLVM writes them.
const CONSTANTS: [&str; 32] = [
    "-1.0",
    "min",
    "1.52587890625e-05",
    "3.0517578125e-05",
    "0.00390625",
    "0.0078125",
    "0.0625",
    "0.125",
    "0.25",
    "0.3125",
    "0.375",
    "0.4375",
    "0.5",
    "0.625",
    "0.75",
    "0.875",
    "1.0",
    "1.25",
    "1.5",
    "1.75",
    "2.0",
    "2.5",
    "3.0",
    "4.0",
    "8.0",
    "16.0",
    "128.0",
    "256.0",
    "32768.0",
    "65536.0",
    "inf",
    "nan",
];

impl fmt::Display for Disassembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.aliases && self.alias(f)? {
            return Ok(());
        }
        self.plain(f)
    }
}

impl Disassembly {
    fn plain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let i = &self.insn;
        let name = i.op.mnemonic();
        let (rd, rs1, rs2) = (X(i.rd), X(i.rs1), X(i.rs2));
        let (fd, fs1, fs2, fs3) = (F(i.rd), F(i.rs1), F(i.rs2), F(i.rs3));
        let imm = Hex(i.imm);
        let rm = Rounding {
            field: i.aux,
            usual: usual_rounding(i.op),
        };
        match i.op.format() {
            Format::R => write!(f, "{name}\t{rd}, {rs1}, {rs2}"),
            Format::Unary => write!(f, "{name}\t{rd}, {rs1}"),
            Format::I | Format::Shift6 | Format::Shift5 | Format::RoundNumber => {
                write!(f, "{name}\t{rd}, {rs1}, {imm}")
            }
            Format::Load | Format::Jalr => write!(f, "{name}\t{rd}, {imm}({rs1})"),
            Format::Store => write!(f, "{name}\t{rs2}, {imm}({rs1})"),
            Format::FloatLoad => write!(f, "{name}\t{fd}, {imm}({rs1})"),
            Format::FloatStore => write!(f, "{name}\t{fs2}, {imm}({rs1})"),
            Format::B => write!(f, "{name}\t{rs1}, {rs2}, {:#x}", self.target().unwrap_or(0)),
            Format::J => write!(f, "{name}\t{rd}, {:#x}", self.target().unwrap_or(0)),
            Format::U => write!(f, "{name}\t{rd}, {:#x}", i.imm as u32 >> 12),
            Format::Amo | Format::AmoPair => {
                write!(f, "{name}{}\t{rd}, {rs2}, ({rs1})", ordering(i.aux))
            }
            Format::LoadReserved => write!(f, "{name}{}\t{rd}, ({rs1})", ordering(i.aux)),
            Format::Fence => write!(f, "{name}\t{}, {}", Set(i.imm >> 4), Set(i.imm)),
            Format::FenceI | Format::Fixed => f.write_str(name),
            Format::Csr => write!(f, "{name}\t{rd}, {}, {rs1}", Csr(i.imm)),
            Format::CsrImmediate => write!(f, "{name}\t{rd}, {}, {:#x}", Csr(i.imm), i.rs1),
            Format::FenceVma => write!(f, "{name}\t{rs1}, {rs2}"),
            Format::CacheBlock => write!(f, "{name}\t({rs1})"),
            Format::Float => write!(f, "{name}\t{fd}, {fs1}, {fs2}{rm}"),
            Format::FloatUnary => write!(f, "{name}\t{fd}, {fs1}{rm}"),
            Format::FloatFused => write!(f, "{name}\t{fd}, {fs1}, {fs2}, {fs3}{rm}"),
            Format::FloatFixed => write!(f, "{name}\t{fd}, {fs1}, {fs2}"),
            Format::FloatCompare => write!(f, "{name}\t{rd}, {fs1}, {fs2}"),
            Format::FloatToInt => write!(f, "{name}\t{rd}, {fs1}{rm}"),
            Format::FloatToIntFixed => write!(f, "{name}\t{rd}, {fs1}"),
            Format::FloatToIntTruncating => write!(f, "{name}\t{rd}, {fs1}, rtz"),
            Format::IntToFloat => write!(f, "{name}\t{fd}, {rs1}{rm}"),
            Format::IntToFloatFixed => write!(f, "{name}\t{fd}, {rs1}"),
            Format::FloatConstant => {
                write!(f, "{name}\t{fd}, {}", CONSTANTS[usize::from(i.rs1 & 31)])
            }
            Format::ByteSelect => write!(f, "{name}\t{rd}, {rs1}, {rs2}, {imm}"),
            Format::MayBe => write!(f, "{name}.{}\t{rd}, {rs1}", i.imm),
            Format::MayBeTwo => write!(f, "{name}.{}\t{rd}, {rs1}, {rs2}", i.imm),
            Format::CompressedMayBe => write!(f, "{name}.{}", i.imm),
        }
    }

    /// Writes the instruction under another name, if it has one with these operands.
    fn alias(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        let done = self.alias_of_computation(f)?
            || self.alias_of_jump(f)?
            || self.alias_of_csr(f)?
            || self.alias_of_float(f)?
            || self.alias_of_fence(f)?;
        Ok(done)
    }

    fn alias_of_computation(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        use Opcode as O;
        let i = &self.insn;
        let (rd, rs1, rs2) = (X(i.rd), X(i.rs1), X(i.rs2));
        match (i.op, i.rs1, i.rs2, i.imm) {
            (O::Addi, 0, _, 0) if i.rd == 0 => f.write_str("nop")?,
            (O::Addi, 0, ..) => write!(f, "li\t{rd}, {}", Hex(i.imm))?,
            (O::Addi, _, _, 0) => write!(f, "mv\t{rd}, {rs1}")?,
            // c.mv is an add of x0 first, and LLVM shows it as what it is
            (O::Add, 0, ..) if i.len == 2 => write!(f, "mv\t{rd}, {rs2}")?,
            (O::Addiw, _, _, 0) => write!(f, "sext.w\t{rd}, {rs1}")?,
            (O::Andi, _, _, 0xff) => write!(f, "zext.b\t{rd}, {rs1}")?,
            (O::Xori, _, _, -1) => write!(f, "not\t{rd}, {rs1}")?,
            (O::Sltiu, _, _, 1) => write!(f, "seqz\t{rd}, {rs1}")?,
            (O::Sub, 0, ..) => write!(f, "neg\t{rd}, {rs2}")?,
            (O::Subw, 0, ..) => write!(f, "negw\t{rd}, {rs2}")?,
            (O::Sltu, 0, ..) => write!(f, "snez\t{rd}, {rs2}")?,
            (O::Slt, _, 0, _) => write!(f, "sltz\t{rd}, {rs1}")?,
            (O::Slt, 0, ..) => write!(f, "sgtz\t{rd}, {rs2}")?,
            (O::AddUw, _, 0, _) => write!(f, "zext.w\t{rd}, {rs1}")?,
            (O::Ori, _, 0..=31, _) if i.rd == 0 && (0..=3).contains(&(i.imm & 31)) => {
                return self.prefetch(f);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Zicbop's hints are `ori` into `x0`.
    fn prefetch(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        let i = &self.insn;
        let kind = match i.imm & 31 {
            0 => "i",
            1 => "r",
            3 => "w",
            _ => return Ok(false),
        };
        write!(f, "prefetch.{kind}\t{}({})", Hex(i.imm & !31), X(i.rs1))?;
        Ok(true)
    }

    fn alias_of_jump(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        use Opcode as O;
        let i = &self.insn;
        let target = self.target().unwrap_or(0);
        let (rs1, rs2, imm) = (X(i.rs1), X(i.rs2), Hex(i.imm));
        match (i.op, i.rd, i.rs1, i.rs2) {
            (O::Jal, 0, ..) => write!(f, "j\t{target:#x}")?,
            (O::Jal, 1, ..) => write!(f, "jal\t{target:#x}")?,
            (O::Jalr, 0, 1, _) if i.imm == 0 => f.write_str("ret")?,
            (O::Jalr, 0, ..) if i.imm == 0 => write!(f, "jr\t{rs1}")?,
            (O::Jalr, 0, ..) => write!(f, "jr\t{imm}({rs1})")?,
            (O::Jalr, 1, ..) if i.imm == 0 => write!(f, "jalr\t{rs1}")?,
            (O::Jalr, 1, ..) => write!(f, "jalr\t{imm}({rs1})")?,
            (O::Jalr, ..) if i.imm == 0 => write!(f, "jalr\t{}, {rs1}", X(i.rd))?,
            (O::Beq, _, _, 0) => write!(f, "beqz\t{rs1}, {target:#x}")?,
            (O::Bne, _, _, 0) => write!(f, "bnez\t{rs1}, {target:#x}")?,
            (O::Bge, _, 0, _) => write!(f, "blez\t{rs2}, {target:#x}")?,
            (O::Bge, _, _, 0) => write!(f, "bgez\t{rs1}, {target:#x}")?,
            (O::Blt, _, _, 0) => write!(f, "bltz\t{rs1}, {target:#x}")?,
            (O::Blt, _, 0, _) => write!(f, "bgtz\t{rs2}, {target:#x}")?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn alias_of_csr(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        use Opcode as O;
        let i = &self.insn;
        let number = i.imm as u16;
        let (rd, rs1) = (X(i.rd), X(i.rs1));
        if let Some(name) = float_status_alias(i.op, number) {
            return self.float_status(f, name);
        }
        match (i.op, i.rd, i.rs1) {
            (O::Csrrw, 0, 0) if number == csr::CYCLE => f.write_str("unimp")?,
            (O::Csrrs, _, 0) if number == csr::CYCLE => write!(f, "rdcycle\t{rd}")?,
            (O::Csrrs, _, 0) if number == csr::TIME => write!(f, "rdtime\t{rd}")?,
            (O::Csrrs, _, 0) if number == csr::INSTRET => write!(f, "rdinstret\t{rd}")?,
            (O::Csrrs, _, 0) => write!(f, "csrr\t{rd}, {}", Csr(i.imm))?,
            (O::Csrrw, 0, _) => write!(f, "csrw\t{}, {rs1}", Csr(i.imm))?,
            (O::Csrrs, 0, _) => write!(f, "csrs\t{}, {rs1}", Csr(i.imm))?,
            (O::Csrrc, 0, _) => write!(f, "csrc\t{}, {rs1}", Csr(i.imm))?,
            (O::Csrrwi, 0, _) => write!(f, "csrwi\t{}, {:#x}", Csr(i.imm), i.rs1)?,
            (O::Csrrsi, 0, _) => write!(f, "csrsi\t{}, {:#x}", Csr(i.imm), i.rs1)?,
            (O::Csrrci, 0, _) => write!(f, "csrci\t{}, {:#x}", Csr(i.imm), i.rs1)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Accesses to the floating-point status: `frflags`, `fsrm`, `fscsr`, …
    fn float_status(&self, f: &mut fmt::Formatter<'_>, name: &str) -> Result<bool, fmt::Error> {
        use Opcode as O;
        let i = &self.insn;
        let (rd, rs1) = (X(i.rd), X(i.rs1));
        match (i.op, i.rd) {
            (O::Csrrs, _) if i.rs1 == 0 => write!(f, "fr{name}\t{rd}")?,
            (O::Csrrw, 0) => write!(f, "fs{name}\t{rs1}")?,
            (O::Csrrw, _) => write!(f, "fs{name}\t{rd}, {rs1}")?,
            (O::Csrrwi, 0) if name != "csr" => write!(f, "fs{name}i\t{:#x}", i.rs1)?,
            (O::Csrrwi, _) if name != "csr" => write!(f, "fs{name}i\t{rd}, {:#x}", i.rs1)?,
            (O::Csrrs, 0) => write!(f, "csrs\t{}, {rs1}", Csr(i.imm))?,
            (O::Csrrc, 0) => write!(f, "csrc\t{}, {rs1}", Csr(i.imm))?,
            (O::Csrrwi, 0) => write!(f, "csrwi\t{}, {:#x}", Csr(i.imm), i.rs1)?,
            (O::Csrrsi, 0) => write!(f, "csrsi\t{}, {:#x}", Csr(i.imm), i.rs1)?,
            (O::Csrrci, 0) => write!(f, "csrci\t{}, {:#x}", Csr(i.imm), i.rs1)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn alias_of_float(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        use Opcode as O;
        let i = &self.insn;
        if i.rs1 != i.rs2 {
            return Ok(false);
        }
        let name = match i.op {
            O::FsgnjS => "fmv.s",
            O::FsgnjD => "fmv.d",
            O::FsgnjH => "fmv.h",
            O::FsgnjnS => "fneg.s",
            O::FsgnjnD => "fneg.d",
            O::FsgnjnH => "fneg.h",
            O::FsgnjxS => "fabs.s",
            O::FsgnjxD => "fabs.d",
            O::FsgnjxH => "fabs.h",
            _ => return Ok(false),
        };
        write!(f, "{name}\t{}, {}", F(i.rd), F(i.rs1))?;
        Ok(true)
    }

    fn alias_of_fence(&self, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        let i = &self.insn;
        match (i.op, i.imm) {
            (Opcode::Fence, 0x0ff) => f.write_str("fence")?,
            (Opcode::Fence, 0x833) => f.write_str("fence.tso")?,
            (Opcode::Fence, 0x010) => f.write_str("pause")?,
            (Opcode::SfenceVma, _) if i.rs1 == 0 && i.rs2 == 0 => f.write_str("sfence.vma")?,
            (Opcode::SfenceVma, _) if i.rs2 == 0 => write!(f, "sfence.vma\t{}", X(i.rs1))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

const fn ordering(aux: u8) -> &'static str {
    match aux & 3 {
        0 => "",
        1 => ".rl",
        2 => ".aq",
        _ => ".aqrl",
    }
}

/// What a floating-point status CSR is called in the names of its aliases.
const fn float_status_alias(op: Opcode, number: u16) -> Option<&'static str> {
    match (op.format(), number) {
        (Format::Csr | Format::CsrImmediate, csr::FFLAGS) => Some("flags"),
        (Format::Csr | Format::CsrImmediate, csr::FRM) => Some("rm"),
        (Format::Csr | Format::CsrImmediate, csr::FCSR) => Some("csr"),
        _ => None,
    }
}
