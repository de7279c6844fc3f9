//! The instruction table: one row an instruction, the single source for decoding, encoding and
//! disassembly.

use crate::Extension;
use crate::format::Format;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The instruction.
    pub op: Opcode,
    /// Its assembler mnemonic.
    pub mnemonic: &'static str,
    /// Where its operands are.
    pub format: Format,
    /// Bits that are fixed.
    pub mask: u32,
    /// Their values.
    pub value: u32,
    /// When it exists.
    pub requires: Requires,
}

macro_rules! instructions {
    ($( $requires:tt { $( $op:ident $mnemonic:literal $format:ident $value:expr; )* } )*) => {
        /// An instruction, after compressed forms were expanded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        #[allow(missing_docs)] // each is the instruction of that mnemonic
        pub enum Opcode { $( $( $op, )* )* }

        impl Opcode {
            /// Every instruction, in the order of the table.
            pub const ALL: &'static [Self] = &[ $( $( Self::$op, )* )* ];
        }

        /// The table, in the order of [`Opcode::ALL`].
        pub static TABLE: &[Row] = &[ $( $( Row {
            op: Opcode::$op,
            mnemonic: $mnemonic,
            format: Format::$format,
            mask: Format::$format.fixed_bits(),
            value: $value,
            requires: requires!($requires),
        }, )* )* ];
    };
}

/// When an instruction exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requires {
    /// Any of these extensions,
    pub any: &'static [Extension],
    /// and this one too.
    pub also: Option<Extension>,
}

macro_rules! requires {
    ([ZfhminAndD]) => { both(&[Extension::Zfhmin], Extension::D) };
    ([ZfaAndD]) => { both(&[Extension::Zfa], Extension::D) };
    ([ZfaAndZfh]) => { both(&[Extension::Zfa], Extension::Zfh) };
    ([ZabhaAndZacas]) => { both(&[Extension::Zabha], Extension::Zacas) };
    ([$($extension:ident)*]) => { Requires { any: &[$(Extension::$extension),*], also: None } };
}

const fn both(any: &'static [Extension], also: Extension) -> Requires {
    Requires {
        any,
        also: Some(also),
    }
}

const fn op(major: u32, funct3: u32) -> u32 {
    funct3 << 12 | major
}

const fn r(major: u32, funct3: u32, funct7: u32) -> u32 {
    funct7 << 25 | funct3 << 12 | major
}

/// Unary: the rs2 field is part of the code.
const fn u(major: u32, funct3: u32, funct7: u32, rs2: u32) -> u32 {
    rs2 << 20 | r(major, funct3, funct7)
}

const fn amo(funct5: u32, width: u32) -> u32 {
    funct5 << 27 | width << 12 | 0x2f
}

/// Floating point: funct5 and format; rm is free.
const fn f(funct5: u32, fmt: u32) -> u32 {
    funct5 << 27 | fmt << 25 | 0x53
}

/// Floating point with fixed funct3.
const fn f3(funct5: u32, fmt: u32, funct3: u32) -> u32 {
    f(funct5, fmt) | funct3 << 12
}

/// Floating point, unary: the rs2 field is part of the code.
const fn fu(funct5: u32, fmt: u32, rs2: u32) -> u32 {
    f(funct5, fmt) | rs2 << 20
}

const fn fu3(funct5: u32, fmt: u32, rs2: u32, funct3: u32) -> u32 {
    fu(funct5, fmt, rs2) | funct3 << 12
}

const fn fma(major: u32, fmt: u32) -> u32 {
    fmt << 25 | major
}

const S: u32 = 0;
const D: u32 = 1;
const H: u32 = 2;

instructions! {
    [I] {
        Lui "lui" U 0x37;
        Auipc "auipc" U 0x17;
        Jal "jal" J 0x6f;
        Jalr "jalr" Jalr op(0x67, 0);
        Beq "beq" B op(0x63, 0);
        Bne "bne" B op(0x63, 1);
        Blt "blt" B op(0x63, 4);
        Bge "bge" B op(0x63, 5);
        Bltu "bltu" B op(0x63, 6);
        Bgeu "bgeu" B op(0x63, 7);
        Lb "lb" Load op(0x03, 0);
        Lh "lh" Load op(0x03, 1);
        Lw "lw" Load op(0x03, 2);
        Ld "ld" Load op(0x03, 3);
        Lbu "lbu" Load op(0x03, 4);
        Lhu "lhu" Load op(0x03, 5);
        Lwu "lwu" Load op(0x03, 6);
        Sb "sb" Store op(0x23, 0);
        Sh "sh" Store op(0x23, 1);
        Sw "sw" Store op(0x23, 2);
        Sd "sd" Store op(0x23, 3);
        Addi "addi" I op(0x13, 0);
        Slti "slti" I op(0x13, 2);
        Sltiu "sltiu" I op(0x13, 3);
        Xori "xori" I op(0x13, 4);
        Ori "ori" I op(0x13, 6);
        Andi "andi" I op(0x13, 7);
        Slli "slli" Shift6 r(0x13, 1, 0x00);
        Srli "srli" Shift6 r(0x13, 5, 0x00);
        Srai "srai" Shift6 r(0x13, 5, 0x20);
        Add "add" R r(0x33, 0, 0x00);
        Sub "sub" R r(0x33, 0, 0x20);
        Sll "sll" R r(0x33, 1, 0x00);
        Slt "slt" R r(0x33, 2, 0x00);
        Sltu "sltu" R r(0x33, 3, 0x00);
        Xor "xor" R r(0x33, 4, 0x00);
        Srl "srl" R r(0x33, 5, 0x00);
        Sra "sra" R r(0x33, 5, 0x20);
        Or "or" R r(0x33, 6, 0x00);
        And "and" R r(0x33, 7, 0x00);
        Addiw "addiw" I op(0x1b, 0);
        Slliw "slliw" Shift5 r(0x1b, 1, 0x00);
        Srliw "srliw" Shift5 r(0x1b, 5, 0x00);
        Sraiw "sraiw" Shift5 r(0x1b, 5, 0x20);
        Addw "addw" R r(0x3b, 0, 0x00);
        Subw "subw" R r(0x3b, 0, 0x20);
        Sllw "sllw" R r(0x3b, 1, 0x00);
        Srlw "srlw" R r(0x3b, 5, 0x00);
        Sraw "sraw" R r(0x3b, 5, 0x20);
        Fence "fence" Fence op(0x0f, 0);
        Ecall "ecall" Fixed 0x0000_0073;
        Ebreak "ebreak" Fixed 0x0010_0073;
        Mret "mret" Fixed 0x3020_0073;
        Wfi "wfi" Fixed 0x1050_0073;
    }
    [S] {
        Sret "sret" Fixed 0x1020_0073;
        SfenceVma "sfence.vma" FenceVma 0x1200_0073;
    }
    [Svinval] {
        SinvalVma "sinval.vma" FenceVma 0x1600_0073;
        SfenceWInval "sfence.w.inval" Fixed 0x1800_0073;
        SfenceInvalIr "sfence.inval.ir" Fixed 0x1810_0073;
    }
    [Zifencei] {
        FenceI "fence.i" FenceI op(0x0f, 1);
    }
    [Zicsr] {
        Csrrw "csrrw" Csr op(0x73, 1);
        Csrrs "csrrs" Csr op(0x73, 2);
        Csrrc "csrrc" Csr op(0x73, 3);
        Csrrwi "csrrwi" CsrImmediate op(0x73, 5);
        Csrrsi "csrrsi" CsrImmediate op(0x73, 6);
        Csrrci "csrrci" CsrImmediate op(0x73, 7);
    }
    [Zmmul] {
        Mul "mul" R r(0x33, 0, 1);
        Mulh "mulh" R r(0x33, 1, 1);
        Mulhsu "mulhsu" R r(0x33, 2, 1);
        Mulhu "mulhu" R r(0x33, 3, 1);
        Mulw "mulw" R r(0x3b, 0, 1);
    }
    [M] {
        Div "div" R r(0x33, 4, 1);
        Divu "divu" R r(0x33, 5, 1);
        Rem "rem" R r(0x33, 6, 1);
        Remu "remu" R r(0x33, 7, 1);
        Divw "divw" R r(0x3b, 4, 1);
        Divuw "divuw" R r(0x3b, 5, 1);
        Remw "remw" R r(0x3b, 6, 1);
        Remuw "remuw" R r(0x3b, 7, 1);
    }
    [Zalrsc] {
        LrW "lr.w" LoadReserved amo(0x02, 2);
        ScW "sc.w" Amo amo(0x03, 2);
        LrD "lr.d" LoadReserved amo(0x02, 3);
        ScD "sc.d" Amo amo(0x03, 3);
    }
    [Zaamo] {
        AmoswapW "amoswap.w" Amo amo(0x01, 2);
        AmoaddW "amoadd.w" Amo amo(0x00, 2);
        AmoxorW "amoxor.w" Amo amo(0x04, 2);
        AmoandW "amoand.w" Amo amo(0x0c, 2);
        AmoorW "amoor.w" Amo amo(0x08, 2);
        AmominW "amomin.w" Amo amo(0x10, 2);
        AmomaxW "amomax.w" Amo amo(0x14, 2);
        AmominuW "amominu.w" Amo amo(0x18, 2);
        AmomaxuW "amomaxu.w" Amo amo(0x1c, 2);
        AmoswapD "amoswap.d" Amo amo(0x01, 3);
        AmoaddD "amoadd.d" Amo amo(0x00, 3);
        AmoxorD "amoxor.d" Amo amo(0x04, 3);
        AmoandD "amoand.d" Amo amo(0x0c, 3);
        AmoorD "amoor.d" Amo amo(0x08, 3);
        AmominD "amomin.d" Amo amo(0x10, 3);
        AmomaxD "amomax.d" Amo amo(0x14, 3);
        AmominuD "amominu.d" Amo amo(0x18, 3);
        AmomaxuD "amomaxu.d" Amo amo(0x1c, 3);
    }
    [Zabha] {
        AmoswapB "amoswap.b" Amo amo(0x01, 0);
        AmoaddB "amoadd.b" Amo amo(0x00, 0);
        AmoxorB "amoxor.b" Amo amo(0x04, 0);
        AmoandB "amoand.b" Amo amo(0x0c, 0);
        AmoorB "amoor.b" Amo amo(0x08, 0);
        AmominB "amomin.b" Amo amo(0x10, 0);
        AmomaxB "amomax.b" Amo amo(0x14, 0);
        AmominuB "amominu.b" Amo amo(0x18, 0);
        AmomaxuB "amomaxu.b" Amo amo(0x1c, 0);
        AmoswapH "amoswap.h" Amo amo(0x01, 1);
        AmoaddH "amoadd.h" Amo amo(0x00, 1);
        AmoxorH "amoxor.h" Amo amo(0x04, 1);
        AmoandH "amoand.h" Amo amo(0x0c, 1);
        AmoorH "amoor.h" Amo amo(0x08, 1);
        AmominH "amomin.h" Amo amo(0x10, 1);
        AmomaxH "amomax.h" Amo amo(0x14, 1);
        AmominuH "amominu.h" Amo amo(0x18, 1);
        AmomaxuH "amomaxu.h" Amo amo(0x1c, 1);
    }
    [F] {
        Flw "flw" FloatLoad op(0x07, 2);
        Fsw "fsw" FloatStore op(0x27, 2);
    }
    [D] {
        Fld "fld" FloatLoad op(0x07, 3);
        Fsd "fsd" FloatStore op(0x27, 3);
    }
    [Zfhmin] {
        Flh "flh" FloatLoad op(0x07, 1);
        Fsh "fsh" FloatStore op(0x27, 1);
        FmvXH "fmv.x.h" FloatToIntFixed fu3(0x1c, H, 0, 0);
        FmvHX "fmv.h.x" IntToFloatFixed fu3(0x1e, H, 0, 0);
        FcvtSH "fcvt.s.h" FloatUnary fu(0x08, S, 2);
        FcvtHS "fcvt.h.s" FloatUnary fu(0x08, H, 0);
    }
    [ZfhminAndD] {
        FcvtDH "fcvt.d.h" FloatUnary fu(0x08, D, 2);
        FcvtHD "fcvt.h.d" FloatUnary fu(0x08, H, 1);
    }
    [F] {
        FmaddS "fmadd.s" FloatFused fma(0x43, S);
        FmsubS "fmsub.s" FloatFused fma(0x47, S);
        FnmsubS "fnmsub.s" FloatFused fma(0x4b, S);
        FnmaddS "fnmadd.s" FloatFused fma(0x4f, S);
        FaddS "fadd.s" Float f(0x00, S);
        FsubS "fsub.s" Float f(0x01, S);
        FmulS "fmul.s" Float f(0x02, S);
        FdivS "fdiv.s" Float f(0x03, S);
        FsqrtS "fsqrt.s" FloatUnary fu(0x0b, S, 0);
        FsgnjS "fsgnj.s" FloatFixed f3(0x04, S, 0);
        FsgnjnS "fsgnjn.s" FloatFixed f3(0x04, S, 1);
        FsgnjxS "fsgnjx.s" FloatFixed f3(0x04, S, 2);
        FminS "fmin.s" FloatFixed f3(0x05, S, 0);
        FmaxS "fmax.s" FloatFixed f3(0x05, S, 1);
        FleS "fle.s" FloatCompare f3(0x14, S, 0);
        FltS "flt.s" FloatCompare f3(0x14, S, 1);
        FeqS "feq.s" FloatCompare f3(0x14, S, 2);
        FclassS "fclass.s" FloatToIntFixed fu3(0x1c, S, 0, 1);
        FcvtWS "fcvt.w.s" FloatToInt fu(0x18, S, 0);
        FcvtSW "fcvt.s.w" IntToFloat fu(0x1a, S, 0);
        FcvtWuS "fcvt.wu.s" FloatToInt fu(0x18, S, 1);
        FcvtSWu "fcvt.s.wu" IntToFloat fu(0x1a, S, 1);
        FcvtLS "fcvt.l.s" FloatToInt fu(0x18, S, 2);
        FcvtSL "fcvt.s.l" IntToFloat fu(0x1a, S, 2);
        FcvtLuS "fcvt.lu.s" FloatToInt fu(0x18, S, 3);
        FcvtSLu "fcvt.s.lu" IntToFloat fu(0x1a, S, 3);
        FmvXW "fmv.x.w" FloatToIntFixed fu3(0x1c, S, 0, 0);
        FmvWX "fmv.w.x" IntToFloatFixed fu3(0x1e, S, 0, 0);
    }
    [D] {
        FmaddD "fmadd.d" FloatFused fma(0x43, D);
        FmsubD "fmsub.d" FloatFused fma(0x47, D);
        FnmsubD "fnmsub.d" FloatFused fma(0x4b, D);
        FnmaddD "fnmadd.d" FloatFused fma(0x4f, D);
        FaddD "fadd.d" Float f(0x00, D);
        FsubD "fsub.d" Float f(0x01, D);
        FmulD "fmul.d" Float f(0x02, D);
        FdivD "fdiv.d" Float f(0x03, D);
        FsqrtD "fsqrt.d" FloatUnary fu(0x0b, D, 0);
        FsgnjD "fsgnj.d" FloatFixed f3(0x04, D, 0);
        FsgnjnD "fsgnjn.d" FloatFixed f3(0x04, D, 1);
        FsgnjxD "fsgnjx.d" FloatFixed f3(0x04, D, 2);
        FminD "fmin.d" FloatFixed f3(0x05, D, 0);
        FmaxD "fmax.d" FloatFixed f3(0x05, D, 1);
        FleD "fle.d" FloatCompare f3(0x14, D, 0);
        FltD "flt.d" FloatCompare f3(0x14, D, 1);
        FeqD "feq.d" FloatCompare f3(0x14, D, 2);
        FclassD "fclass.d" FloatToIntFixed fu3(0x1c, D, 0, 1);
        FcvtWD "fcvt.w.d" FloatToInt fu(0x18, D, 0);
        FcvtDW "fcvt.d.w" IntToFloat fu(0x1a, D, 0);
        FcvtWuD "fcvt.wu.d" FloatToInt fu(0x18, D, 1);
        FcvtDWu "fcvt.d.wu" IntToFloat fu(0x1a, D, 1);
        FcvtLD "fcvt.l.d" FloatToInt fu(0x18, D, 2);
        FcvtDL "fcvt.d.l" IntToFloat fu(0x1a, D, 2);
        FcvtLuD "fcvt.lu.d" FloatToInt fu(0x18, D, 3);
        FcvtDLu "fcvt.d.lu" IntToFloat fu(0x1a, D, 3);
        FmvXD "fmv.x.d" FloatToIntFixed fu3(0x1c, D, 0, 0);
        FmvDX "fmv.d.x" IntToFloatFixed fu3(0x1e, D, 0, 0);
        FcvtSD "fcvt.s.d" FloatUnary fu(0x08, S, 1);
        FcvtDS "fcvt.d.s" FloatUnary fu(0x08, D, 0);
    }
    [Zfh] {
        FmaddH "fmadd.h" FloatFused fma(0x43, H);
        FmsubH "fmsub.h" FloatFused fma(0x47, H);
        FnmsubH "fnmsub.h" FloatFused fma(0x4b, H);
        FnmaddH "fnmadd.h" FloatFused fma(0x4f, H);
        FaddH "fadd.h" Float f(0x00, H);
        FsubH "fsub.h" Float f(0x01, H);
        FmulH "fmul.h" Float f(0x02, H);
        FdivH "fdiv.h" Float f(0x03, H);
        FsqrtH "fsqrt.h" FloatUnary fu(0x0b, H, 0);
        FsgnjH "fsgnj.h" FloatFixed f3(0x04, H, 0);
        FsgnjnH "fsgnjn.h" FloatFixed f3(0x04, H, 1);
        FsgnjxH "fsgnjx.h" FloatFixed f3(0x04, H, 2);
        FminH "fmin.h" FloatFixed f3(0x05, H, 0);
        FmaxH "fmax.h" FloatFixed f3(0x05, H, 1);
        FleH "fle.h" FloatCompare f3(0x14, H, 0);
        FltH "flt.h" FloatCompare f3(0x14, H, 1);
        FeqH "feq.h" FloatCompare f3(0x14, H, 2);
        FclassH "fclass.h" FloatToIntFixed fu3(0x1c, H, 0, 1);
        FcvtWH "fcvt.w.h" FloatToInt fu(0x18, H, 0);
        FcvtHW "fcvt.h.w" IntToFloat fu(0x1a, H, 0);
        FcvtWuH "fcvt.wu.h" FloatToInt fu(0x18, H, 1);
        FcvtHWu "fcvt.h.wu" IntToFloat fu(0x1a, H, 1);
        FcvtLH "fcvt.l.h" FloatToInt fu(0x18, H, 2);
        FcvtHL "fcvt.h.l" IntToFloat fu(0x1a, H, 2);
        FcvtLuH "fcvt.lu.h" FloatToInt fu(0x18, H, 3);
        FcvtHLu "fcvt.h.lu" IntToFloat fu(0x1a, H, 3);
    }
    [Zfa] {
        FliS "fli.s" FloatConstant fu3(0x1e, S, 1, 0);
        FminmS "fminm.s" FloatFixed f3(0x05, S, 2);
        FmaxmS "fmaxm.s" FloatFixed f3(0x05, S, 3);
        FroundS "fround.s" FloatUnary fu(0x08, S, 4);
        FroundnxS "froundnx.s" FloatUnary fu(0x08, S, 5);
        FleqS "fleq.s" FloatCompare f3(0x14, S, 4);
        FltqS "fltq.s" FloatCompare f3(0x14, S, 5);
    }
    [ZfaAndD] {
        FliD "fli.d" FloatConstant fu3(0x1e, D, 1, 0);
        FminmD "fminm.d" FloatFixed f3(0x05, D, 2);
        FmaxmD "fmaxm.d" FloatFixed f3(0x05, D, 3);
        FroundD "fround.d" FloatUnary fu(0x08, D, 4);
        FroundnxD "froundnx.d" FloatUnary fu(0x08, D, 5);
        FleqD "fleq.d" FloatCompare f3(0x14, D, 4);
        FltqD "fltq.d" FloatCompare f3(0x14, D, 5);
        FcvtmodWD "fcvtmod.w.d" FloatToIntTruncating fu3(0x18, D, 8, 1);
    }
    [ZfaAndZfh] {
        FliH "fli.h" FloatConstant fu3(0x1e, H, 1, 0);
        FminmH "fminm.h" FloatFixed f3(0x05, H, 2);
        FmaxmH "fmaxm.h" FloatFixed f3(0x05, H, 3);
        FroundH "fround.h" FloatUnary fu(0x08, H, 4);
        FroundnxH "froundnx.h" FloatUnary fu(0x08, H, 5);
        FleqH "fleq.h" FloatCompare f3(0x14, H, 4);
        FltqH "fltq.h" FloatCompare f3(0x14, H, 5);
    }
    [Zba] {
        Sh1add "sh1add" R r(0x33, 2, 0x10);
        Sh2add "sh2add" R r(0x33, 4, 0x10);
        Sh3add "sh3add" R r(0x33, 6, 0x10);
        AddUw "add.uw" R r(0x3b, 0, 0x04);
        Sh1addUw "sh1add.uw" R r(0x3b, 2, 0x10);
        Sh2addUw "sh2add.uw" R r(0x3b, 4, 0x10);
        Sh3addUw "sh3add.uw" R r(0x3b, 6, 0x10);
        SlliUw "slli.uw" Shift6 r(0x1b, 1, 0x04);
    }
    [Zbb Zbkb] {
        Andn "andn" R r(0x33, 7, 0x20);
        Orn "orn" R r(0x33, 6, 0x20);
        Xnor "xnor" R r(0x33, 4, 0x20);
        Rol "rol" R r(0x33, 1, 0x30);
        Ror "ror" R r(0x33, 5, 0x30);
        Rolw "rolw" R r(0x3b, 1, 0x30);
        Rorw "rorw" R r(0x3b, 5, 0x30);
        Rori "rori" Shift6 r(0x13, 5, 0x30);
        Roriw "roriw" Shift5 r(0x1b, 5, 0x30);
        Rev8 "rev8" Unary u(0x13, 5, 0x35, 0x18);
    }
    [Zbb] {
        Clz "clz" Unary u(0x13, 1, 0x30, 0);
        Ctz "ctz" Unary u(0x13, 1, 0x30, 1);
        Cpop "cpop" Unary u(0x13, 1, 0x30, 2);
        SextB "sext.b" Unary u(0x13, 1, 0x30, 4);
        SextH "sext.h" Unary u(0x13, 1, 0x30, 5);
        OrcB "orc.b" Unary u(0x13, 5, 0x14, 7);
        Clzw "clzw" Unary u(0x1b, 1, 0x30, 0);
        Ctzw "ctzw" Unary u(0x1b, 1, 0x30, 1);
        Cpopw "cpopw" Unary u(0x1b, 1, 0x30, 2);
        Max "max" R r(0x33, 6, 0x05);
        Maxu "maxu" R r(0x33, 7, 0x05);
        Min "min" R r(0x33, 4, 0x05);
        Minu "minu" R r(0x33, 5, 0x05);
    }
    [Zbb] {
        ZextH "zext.h" Unary u(0x3b, 4, 0x04, 0);
    }
    [Zbkb] {
        Pack "pack" R r(0x33, 4, 0x04);
        Packh "packh" R r(0x33, 7, 0x04);
        Packw "packw" R r(0x3b, 4, 0x04);
        Brev8 "brev8" Unary u(0x13, 5, 0x34, 7);
    }
    [Zbc Zbkc] {
        Clmul "clmul" R r(0x33, 1, 0x05);
        Clmulh "clmulh" R r(0x33, 3, 0x05);
    }
    [Zbc] {
        Clmulr "clmulr" R r(0x33, 2, 0x05);
    }
    [Zbkx] {
        Xperm4 "xperm4" R r(0x33, 2, 0x14);
        Xperm8 "xperm8" R r(0x33, 4, 0x14);
    }
    [Zbs] {
        Bclr "bclr" R r(0x33, 1, 0x24);
        Bext "bext" R r(0x33, 5, 0x24);
        Binv "binv" R r(0x33, 1, 0x34);
        Bset "bset" R r(0x33, 1, 0x14);
        Bclri "bclri" Shift6 r(0x13, 1, 0x24);
        Bexti "bexti" Shift6 r(0x13, 5, 0x24);
        Binvi "binvi" Shift6 r(0x13, 1, 0x34);
        Bseti "bseti" Shift6 r(0x13, 1, 0x14);
    }
    [Zicond] {
        CzeroEqz "czero.eqz" R r(0x33, 5, 0x07);
        CzeroNez "czero.nez" R r(0x33, 7, 0x07);
    }
    [Zkne] {
        Aes64es "aes64es" R r(0x33, 0, 0x19);
        Aes64esm "aes64esm" R r(0x33, 0, 0x1b);
    }
    [Zknd] {
        Aes64ds "aes64ds" R r(0x33, 0, 0x1d);
        Aes64dsm "aes64dsm" R r(0x33, 0, 0x1f);
        Aes64im "aes64im" Unary u(0x13, 1, 0x18, 0);
    }
    [Zkne Zknd] {
        Aes64ks1i "aes64ks1i" RoundNumber r(0x13, 1, 0x18) | 1 << 24;
        Aes64ks2 "aes64ks2" R r(0x33, 0, 0x3f);
    }
    [Zknh] {
        Sha256sum0 "sha256sum0" Unary u(0x13, 1, 0x08, 0);
        Sha256sum1 "sha256sum1" Unary u(0x13, 1, 0x08, 1);
        Sha256sig0 "sha256sig0" Unary u(0x13, 1, 0x08, 2);
        Sha256sig1 "sha256sig1" Unary u(0x13, 1, 0x08, 3);
        Sha512sum0 "sha512sum0" Unary u(0x13, 1, 0x08, 4);
        Sha512sum1 "sha512sum1" Unary u(0x13, 1, 0x08, 5);
        Sha512sig0 "sha512sig0" Unary u(0x13, 1, 0x08, 6);
        Sha512sig1 "sha512sig1" Unary u(0x13, 1, 0x08, 7);
    }
    [Zksed] {
        Sm4ed "sm4ed" ByteSelect r(0x33, 0, 0x18);
        Sm4ks "sm4ks" ByteSelect r(0x33, 0, 0x1a);
    }
    [Zksh] {
        Sm3p0 "sm3p0" Unary u(0x13, 1, 0x08, 8);
        Sm3p1 "sm3p1" Unary u(0x13, 1, 0x08, 9);
    }
    [Zacas] {
        AmocasW "amocas.w" Amo amo(0x05, 2);
        AmocasD "amocas.d" Amo amo(0x05, 3);
        AmocasQ "amocas.q" AmoPair amo(0x05, 4);
    }
    [ZabhaAndZacas] {
        AmocasB "amocas.b" Amo amo(0x05, 0);
        AmocasH "amocas.h" Amo amo(0x05, 1);
    }
    [Zawrs] {
        WrsNto "wrs.nto" Fixed 0x00d0_0073;
        WrsSto "wrs.sto" Fixed 0x01d0_0073;
    }
    [Zicbom] {
        CboInval "cbo.inval" CacheBlock op(0x0f, 2);
        CboClean "cbo.clean" CacheBlock 1 << 20 | op(0x0f, 2);
        CboFlush "cbo.flush" CacheBlock 2 << 20 | op(0x0f, 2);
    }
    [Zicboz] {
        CboZero "cbo.zero" CacheBlock 4 << 20 | op(0x0f, 2);
    }
    [Zimop] {
        MopR "mop.r" MayBe 0x81c0_4073;
        MopRr "mop.rr" MayBeTwo 0x8200_4073;
    }
    [Zcmop] {
        CMop "c.mop" CompressedMayBe 0x6081;
    }
}
