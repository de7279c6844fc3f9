//! The target description: which registers gdb sees, by name.

use std::fmt::Write;

use crate::target::{Register, Target};

/// gdb's numbers of registers: x0 to x31, pc, f0 to f31, CSRs, the privilege.
pub(super) const PC: usize = 32;
const FLOATS: usize = 33;
const CSRS: usize = 65;
pub(super) const PRIVILEGE: usize = 4161;

/// The register of a number of gdb's.
pub(super) fn register(number: usize) -> Option<Register> {
    Some(match number {
        0..PC => Register::X(number as u8),
        PC => Register::Pc,
        FLOATS..CSRS => Register::F((number - FLOATS) as u8),
        CSRS..PRIVILEGE => Register::Csr((number - CSRS) as u16),
        PRIVILEGE => Register::Privilege,
        _ => return None,
    })
}

/// The description of the harts of a machine, as XML. CSRs that the machine has not are not in it.
pub(super) fn describe(target: &dyn Target) -> String {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n\
        <target><architecture>riscv:rv64</architecture>\n"
        .to_owned();
    integer(&mut text);
    let isa = target.hart(0).map(|hart| *hart.isa());
    if isa.is_some_and(|isa| isa.has(isa::Extension::F)) {
        float(&mut text);
    }
    csrs(&mut text, target);
    text += "<feature name=\"org.gnu.gdb.riscv.virtual\">\n";
    // A byte, as the protocol library counts it.
    let _ = writeln!(
        text,
        "<reg name=\"priv\" bitsize=\"8\" type=\"int\" regnum=\"{PRIVILEGE}\"/>"
    );
    text += "</feature>\n</target>\n";
    text
}

fn register_line(text: &mut String, name: &str, kind: &str, number: usize, group: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "<reg name=\"{name}\" bitsize=\"64\" type=\"{kind}\" regnum=\"{number}\" group=\"{group}\"/>"
    );
}

fn integer(text: &mut String) {
    *text += "<feature name=\"org.gnu.gdb.riscv.cpu\">\n";
    for number in 0..32u8 {
        let kind = match number {
            1 => "code_ptr",
            2..=4 => "data_ptr",
            _ => "int",
        };
        register_line(
            text,
            isa::reg::X_NAMES[usize::from(number)],
            kind,
            usize::from(number),
            "general",
        );
    }
    register_line(text, "pc", "code_ptr", PC, "general");
    *text += "</feature>\n";
}

fn float(text: &mut String) {
    *text += "<feature name=\"org.gnu.gdb.riscv.fpu\">\n\
        <union id=\"riscv_double\"><field name=\"float\" type=\"ieee_single\"/>\
        <field name=\"double\" type=\"ieee_double\"/></union>\n";
    for number in 0..32u8 {
        let name = isa::reg::F_NAMES[usize::from(number)];
        register_line(
            text,
            name,
            "riscv_double",
            FLOATS + usize::from(number),
            "float",
        );
    }
    *text += "</feature>\n";
}

fn csrs(text: &mut String, target: &dyn Target) {
    *text += "<feature name=\"org.gnu.gdb.riscv.csr\">\n";
    for &(number, name) in isa::csr::ALL {
        if target.register(0, Register::Csr(number)).is_some() {
            register_line(text, name, "int", CSRS + usize::from(number), "csr");
        }
    }
    *text += "</feature>\n";
}
