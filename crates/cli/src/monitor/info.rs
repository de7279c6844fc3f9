//! `info`: what the machine is and does now.

use std::fmt::Write;

use machine::Machine;
use machine::hart::{Hart, Privilege, Slot};

use super::mappings;

/// CSRs that `info registers` shows, where the hart has them.
const CSRS: &[&str] = &[
    "mstatus",
    "mtvec",
    "mepc",
    "mcause",
    "mtval",
    "mscratch",
    "mip",
    "mie",
    "mideleg",
    "medeleg",
    "stvec",
    "sepc",
    "scause",
    "stval",
    "sscratch",
    "satp",
    "stimecmp",
    "menvcfg",
    "senvcfg",
    "mcounteren",
    "scounteren",
    "fcsr",
];

/// Tells about a subject.
///
/// # Errors
/// There is no such subject.
pub fn about(
    words: &[&str],
    machine: &Machine,
    hart: usize,
    stopped: bool,
) -> Result<String, String> {
    let chosen = machine.harts().get(hart).ok_or("there is no such hart")?;
    Ok(match words {
        ["registers"] => registers(machine, chosen),
        ["registers", "all" | "-a"] => {
            let harts = machine.harts().iter();
            harts.map(|hart| registers(machine, hart)).collect()
        }
        ["harts" | "cpus"] => harts(machine),
        ["status"] => status(machine, stopped),
        ["irq" | "pic"] => interrupts(machine),
        ["mem" | "tlb"] => mappings::describe(machine, chosen),
        ["mtree"] => board(machine),
        [] => {
            return Err("about what? registers [all], harts, status, irq, mem or mtree".to_owned());
        }
        [other, ..] => {
            return Err(format!(
                "nothing is known about `{other}`; it is registers [all], harts, status, irq, mem or mtree"
            ));
        }
    })
}

/// Registers in columns. Writing to a string cannot fail.
fn registers(machine: &Machine, hart: &Hart) -> String {
    let mut text = format!("{}\n", place(machine, hart));
    for (number, name) in (0..32u8).zip(isa::reg::X_NAMES) {
        let end = if number % 4 == 3 { '\n' } else { ' ' };
        let label = format!("x{number}/{name}");
        let _ = write!(text, "{label:<8} {:016x}{end}", hart.reg(number));
    }
    let values = CSRS.iter().filter_map(|name| {
        let value = hart.peek_csr(machine.bus(), isa::csr::number(name)?)?;
        Some((name, value))
    });
    for (count, (name, value)) in values.enumerate() {
        let end = if count % 3 == 2 { '\n' } else { ' ' };
        let _ = write!(text, "{name:<10} {value:016x}{end}");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Where a hart is.
fn place(machine: &Machine, hart: &Hart) -> String {
    let name =
        crate::run::place(machine, hart.pc).map_or(String::new(), |name| format!(" <{name}>"));
    let waits = if hart.waiting { ", waits" } else { "" };
    let mode = hart.privilege.letter();
    format!(
        "hart {}: pc {:016x}{name}, {mode}-mode{waits}",
        hart.id(),
        hart.pc
    )
}

fn harts(machine: &Machine) -> String {
    let current = machine.schedule().current;
    let line = |hart: &Hart| {
        let mark = if hart.id() as usize == current {
            '*'
        } else {
            ' '
        };
        format!("{mark} {}, {} steps\n", place(machine, hart), hart.steps)
    };
    machine.harts().iter().map(|hart| line(hart)).collect()
}

fn status(machine: &Machine, stopped: bool) -> String {
    let now = machine.bus().clock.now();
    format!(
        "{}: step {}, {}.{:09} s of guest time\n",
        if stopped { "stopped" } else { "running" },
        machine.steps(),
        now / 1_000_000_000,
        now % 1_000_000_000
    )
}

/// Interrupts of every hart, then what the interrupt controllers and devices say.
fn interrupts(machine: &Machine) -> String {
    let bus = machine.bus();
    let mut text = String::new();
    for hart in machine.harts() {
        let lines = bus.lines.into_hart(hart.id() as usize);
        let pending = hart.interrupts_pending(lines, bus.clock.ticks());
        let on = |bit: u64| {
            if hart[Slot::Mstatus] & bit != 0 {
                "on"
            } else {
                "off"
            }
        };
        let _ = writeln!(
            text,
            "hart {}: pending {}; enabled {}; to S-mode {}; MIE {}, SIE {}",
            hart.id(),
            names(pending),
            names(hart[Slot::Mie]),
            names(hart[Slot::Mideleg]),
            on(machine::hart::status::MIE),
            on(machine::hart::status::SIE),
        );
    }
    for (device, state) in bus.inspect_devices() {
        for line in state.lines() {
            let _ = writeln!(text, "{device}: {line}");
        }
    }
    text
}

/// Interrupts by their names in `mip`.
fn names(bits: u64) -> String {
    const NAMES: &[(u32, &str)] = &[
        (1, "SSI"),
        (3, "MSI"),
        (5, "STI"),
        (7, "MTI"),
        (9, "SEI"),
        (11, "MEI"),
        (13, "LCOFI"),
    ];
    let named: Vec<_> = NAMES
        .iter()
        .filter(|(bit, _)| bits >> bit & 1 != 0)
        .map(|&(_, name)| name)
        .collect();
    match named.is_empty() {
        true => "none".to_owned(),
        false => named.join(" "),
    }
}

/// The board: RAM and devices by address.
fn board(machine: &Machine) -> String {
    let ram = &machine.bus().ram;
    let range = |base: u64, size: u64, name: &str| {
        (
            base,
            format!("{base:016x}-{:016x} {name}\n", base + size - 1),
        )
    };
    let mut ranges: Vec<_> = machine
        .bus()
        .devices()
        .map(|(region, name)| range(region.base, region.size, name))
        .collect();
    ranges.push(range(ram.base(), ram.size(), "ram"));
    for image in machine.images() {
        for segment in image.segments.iter().filter(|segment| !segment.is_empty()) {
            ranges.push(range(
                segment.address,
                segment.len(),
                &format!("  ({})", image.name),
            ));
        }
    }
    ranges.sort();
    ranges.into_iter().map(|(_, line)| line).collect()
}

/// As which mode a person looks at a hart's memory: M-mode sees physical addresses.
pub fn viewpoints(hart: &Hart) -> &'static [Privilege] {
    match hart.privilege {
        Privilege::Machine => &[Privilege::Machine],
        Privilege::Supervisor => &[Privilege::Supervisor, Privilege::User],
        Privilege::User => &[Privilege::User, Privilege::Supervisor],
    }
}
