//! Registers in columns, and the fields of CSRs by name.

use std::fmt::Write;

use machine::hart::Privilege;

use crate::target::{Register, Target};

/// CSRs that are shown when none is named.
const SHOWN: &[&str] = &[
    "mstatus",
    "misa",
    "medeleg",
    "mideleg",
    "mie",
    "mip",
    "mtvec",
    "mscratch",
    "mepc",
    "mcause",
    "mtval",
    "menvcfg",
    "mcounteren",
    "sstatus",
    "sie",
    "sip",
    "stvec",
    "sscratch",
    "sepc",
    "scause",
    "stval",
    "satp",
    "senvcfg",
    "scounteren",
    "stimecmp",
    "fcsr",
    "mhartid",
    "mcycle",
    "minstret",
    "time",
];

/// The CSRs that are worth showing.
#[must_use]
pub fn csr_names() -> &'static [&'static str] {
    SHOWN
}

/// Interrupts by their bits in `mip` and `mie`.
const INTERRUPTS: &[(u32, u32, &str)] = &[
    (1, 1, "SSI"),
    (3, 1, "MSI"),
    (5, 1, "STI"),
    (7, 1, "MTI"),
    (9, 1, "SEI"),
    (11, 1, "MEI"),
    (13, 1, "LCOFI"),
];

/// A field of a CSR: first bit, bits, name.
type Field = (u32, u32, &'static str);

/// Fields of CSRs.
const FIELDS: &[(&str, &[Field])] = &[
    (
        "mstatus",
        &[
            (1, 1, "SIE"),
            (3, 1, "MIE"),
            (5, 1, "SPIE"),
            (7, 1, "MPIE"),
            (8, 1, "SPP"),
            (9, 2, "VS"),
            (11, 2, "MPP"),
            (13, 2, "FS"),
            (17, 1, "MPRV"),
            (18, 1, "SUM"),
            (19, 1, "MXR"),
            (20, 1, "TVM"),
            (21, 1, "TW"),
            (22, 1, "TSR"),
            (63, 1, "SD"),
        ],
    ),
    (
        "sstatus",
        &[
            (1, 1, "SIE"),
            (5, 1, "SPIE"),
            (8, 1, "SPP"),
            (9, 2, "VS"),
            (13, 2, "FS"),
            (18, 1, "SUM"),
            (19, 1, "MXR"),
            (63, 1, "SD"),
        ],
    ),
    ("satp", &[(60, 4, "MODE"), (44, 16, "ASID"), (0, 44, "PPN")]),
    ("mtvec", &[(0, 2, "MODE")]),
    ("stvec", &[(0, 2, "MODE")]),
    (
        "menvcfg",
        &[
            (0, 1, "FIOM"),
            (4, 2, "CBIE"),
            (6, 1, "CBCFE"),
            (7, 1, "CBZE"),
            (61, 1, "ADUE"),
            (62, 1, "PBMTE"),
            (63, 1, "STCE"),
        ],
    ),
    (
        "senvcfg",
        &[
            (0, 1, "FIOM"),
            (4, 2, "CBIE"),
            (6, 1, "CBCFE"),
            (7, 1, "CBZE"),
        ],
    ),
    (
        "fcsr",
        &[
            (0, 1, "NX"),
            (1, 1, "UF"),
            (2, 1, "OF"),
            (3, 1, "DZ"),
            (4, 1, "NV"),
            (5, 3, "frm"),
        ],
    ),
    ("mcounteren", &[(0, 1, "CY"), (1, 1, "TM"), (2, 1, "IR")]),
    ("scounteren", &[(0, 1, "CY"), (1, 1, "TM"), (2, 1, "IR")]),
    ("mip", INTERRUPTS),
    ("mie", INTERRUPTS),
    ("mideleg", INTERRUPTS),
    ("sip", INTERRUPTS),
    ("sie", INTERRUPTS),
];

/// The fields of a CSR spelled out; nothing when it has none.
#[must_use]
pub fn csr_fields(name: &str, value: u64) -> String {
    match name {
        "mcause" | "scause" => return cause(value),
        "medeleg" => return exceptions(value),
        "misa" => return extensions(value),
        _ => {}
    }
    let Some((_, fields)) = FIELDS.iter().find(|(csr, _)| *csr == name) else {
        return String::new();
    };
    let text = fields.iter().filter_map(|&(first, bits, field)| {
        let mask = (1u64 << bits) - 1;
        let value = value >> first & mask;
        match (bits, value) {
            (1, 0) => None,
            (1, _) if field == "SPP" => Some("SPP=S".to_owned()),
            (1, _) => Some(field.to_owned()),
            (_, 0) if !matches!(field, "MPP" | "MODE" | "PPN") => None,
            _ => Some(format!("{field}={}", meaning(name, field, value))),
        }
    });
    text.collect::<Vec<_>>().join(" ")
}

fn meaning(csr: &str, field: &str, value: u64) -> String {
    let words: &[&str] = match (csr, field) {
        ("mstatus" | "sstatus", "FS" | "VS") => &["off", "initial", "clean", "dirty"],
        (_, "MPP") => return Privilege::from_bits(value).letter().to_string(),
        ("satp", "MODE") => match value {
            0 => return "bare".to_owned(),
            8 => return "Sv39".to_owned(),
            9 => return "Sv48".to_owned(),
            10 => return "Sv57".to_owned(),
            _ => &[],
        },
        ("satp", "PPN") => return format!("{value:#x}"),
        ("mtvec" | "stvec", "MODE") => &["direct", "vectored"],
        ("fcsr", "frm") => &["rne", "rtz", "rdn", "rup", "rmm"],
        _ => &[],
    };
    words
        .get(value as usize)
        .map_or_else(|| value.to_string(), |word| (*word).to_owned())
}

fn cause(value: u64) -> String {
    let code = value & !(1 << 63);
    let name = match value >> 63 {
        0 => isa::trap::exception_name(code),
        _ => isa::trap::interrupt_name(code),
    };
    name.unwrap_or("").to_owned()
}

fn exceptions(value: u64) -> String {
    let named = (0..64).filter(|bit| value >> bit & 1 != 0);
    let named: Vec<_> = named.filter_map(isa::trap::exception_name).collect();
    named.join(", ")
}

fn extensions(value: u64) -> String {
    let letters = (0..26u8).filter(|bit| value >> bit & 1 != 0);
    letters.map(|bit| char::from(b'A' + bit)).collect()
}

/// A named register as text.
pub(super) fn named(target: &dyn Target, hart: usize, name: &str) -> Option<String> {
    let register = Register::by_name(name)?;
    let value = target.register(hart, register)?;
    let mut text = format!("{name:<10} {value:#018x}");
    match register {
        Register::Csr(_) => {
            let fields = csr_fields(name, value);
            if !fields.is_empty() {
                text += "  ";
                text += &fields;
            }
        }
        Register::F(_) => {
            let _ = write!(text, "  {}", float_text(value));
        }
        _ => {
            let _ = write!(text, "  {value}");
        }
    }
    Some(text)
}

/// A floating-point register's value: of a float that is boxed, or of a double.
#[must_use]
pub(crate) fn float_text(value: u64) -> String {
    match value >> 32 {
        0xffff_ffff => format!("{:?}f", f32::from_bits(value as u32)),
        _ => format!("{:?}", f64::from_bits(value)),
    }
}
