//! Address translation step by step, and what a trap was about.

use std::fmt::Write;

use machine::hart::{Privilege, Pte, Slot, status};

use super::memory_map::{attributes, levels};
use super::{Context, Done, fail};
use crate::session::code_line;
use crate::target::{Register, Space, Target};

const PAGE: u64 = 4096;

/// What an access needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Fetch,
    Load,
    Store,
}

impl Need {
    const fn name(self) -> &'static str {
        match self {
            Self::Fetch => "fetch of an instruction",
            Self::Load => "load",
            Self::Store => "store",
        }
    }
}

/// Who makes an access, and under which rules.
#[derive(Clone, Copy, Debug)]
struct Rules {
    privilege: Privilege,
    sum: bool,
    mxr: bool,
    /// Hardware sets A and D.
    updates: bool,
}

/// How a walk ended.
struct Walked {
    text: String,
    /// Where the address is.
    physical: Option<u64>,
    /// Why an access would fail.
    verdict: Option<String>,
}

/// The walk of an address through page tables, a line a level.
fn walk(target: &dyn Target, satp: u64, address: u64, need: Option<(Need, Rules)>) -> Walked {
    let mut text = String::new();
    let Some(levels) = levels(satp) else {
        return Walked {
            text: "satp is 0: the address is physical\n".to_owned(),
            physical: Some(address),
            verdict: None,
        };
    };
    let unused = 64 - (12 + 9 * levels);
    let canonical = ((address << unused) as i64 >> unused) as u64;
    if canonical != address {
        let bits = 64 - unused;
        let verdict = format!(
            "bits {} to 63 of the address must repeat bit {}",
            bits,
            bits - 1
        );
        return Walked {
            text,
            physical: None,
            verdict: Some(verdict),
        };
    }
    let scheme = format!("Sv{}", 64 - unused);
    let mut table = (satp & ((1 << 44) - 1)) * PAGE;
    let _ = writeln!(text, "{scheme}, root table at {table:#x} (satp {satp:#x})");
    for level in (0..levels).rev() {
        let index = address >> (12 + 9 * level) & 0x1ff;
        let at = table + 8 * index;
        let mut bytes = [0; 8];
        if target.read(Space::Physical, at, &mut bytes).is_err() {
            let verdict = format!("the entry at physical address {at:#x} is not in memory");
            return Walked {
                text,
                physical: None,
                verdict: Some(verdict),
            };
        }
        let entry = Pte(u64::from_le_bytes(bytes));
        let bits = attributes(entry.0);
        let _ = write!(
            text,
            "level {level}: entry {index:3} at {at:#x} = {:#018x}",
            entry.0
        );
        if entry.0 & Pte::V == 0 {
            text += ", not valid\n";
            let verdict = format!(
                "the entry of level {level} at {at:#x} is not valid: bit 0 (V) would have to be set"
            );
            return Walked {
                text,
                physical: None,
                verdict: Some(verdict),
            };
        }
        if !entry.is_leaf() {
            table = entry.ppn() * PAGE;
            let _ = writeln!(text, ", next table at {table:#x}");
            continue;
        }
        let size = 1u64 << (12 + 9 * level);
        let base = (entry.ppn() * PAGE) & !(size - 1);
        let physical = base | address & (size - 1);
        let unit = match size >> 10 {
            kib @ ..1024 => format!("{kib} KiB"),
            kib @ ..1_048_576 => format!("{} MiB", kib >> 10),
            kib => format!("{} GiB", kib >> 20),
        };
        let _ = writeln!(text, ", a page of {unit}: {bits}");
        let _ = writeln!(text, "{address:#x} is physical {physical:#x}");
        let misaligned = (entry.ppn() * PAGE) & (size - 1) != 0;
        let verdict = match need {
            _ if misaligned => Some(format!(
                "the page of the entry at {at:#x} is not aligned to its size"
            )),
            Some((need, rules)) => denied(entry, need, rules)
                .map(|why| format!("the entry of level {level} at {at:#x} {why}")),
            None => None,
        };
        return Walked {
            text,
            physical: Some(physical),
            verdict,
        };
    }
    Walked {
        text,
        physical: None,
        verdict: Some("the entry of the last level leads to another table".to_owned()),
    }
}

/// Why an entry does not allow an access.
fn denied(entry: Pte, need: Need, rules: Rules) -> Option<String> {
    let has = |bit: u64| entry.0 & bit != 0;
    let missing = |letter: char, bit: u32, what: &str| {
        Some(format!(
            "does not allow {what}: bit {bit} ({letter}) would have to be set"
        ))
    };
    if rules.privilege == Privilege::User && !has(Pte::U) {
        return missing('U', 4, "U-mode to use the page");
    }
    if rules.privilege == Privilege::Supervisor && has(Pte::U) {
        if need == Need::Fetch {
            return Some(
                "is the user's: S-mode never executes it; bit 4 (U) would have to be clear"
                    .to_owned(),
            );
        }
        if !rules.sum {
            return Some(
                "is the user's: bit 4 (U) would have to be clear, or sstatus.SUM set".to_owned(),
            );
        }
    }
    match need {
        Need::Fetch if !has(Pte::X) => return missing('X', 3, "execution"),
        Need::Load if !(has(Pte::R) || rules.mxr && has(Pte::X)) => {
            return missing('R', 1, "loads");
        }
        Need::Store if !has(Pte::W) => return missing('W', 2, "stores"),
        _ => {}
    }
    if !rules.updates && !has(Pte::A) {
        return missing('A', 6, "an access before the A bit is set");
    }
    if !rules.updates && need == Need::Store && !has(Pte::D) {
        return missing('D', 7, "a store before the D bit is set");
    }
    None
}

/// The address space that is meant: of a process, or of the selected frame.
fn space_of(context: &Context<'_>, pid: Option<&str>) -> Result<u64, super::CommandError> {
    if let Some(pid) = pid {
        let number = context.number(pid)?;
        let fawn = context.fawn()?;
        let process = u32::try_from(number)
            .ok()
            .and_then(|pid| fawn.process_of_pid(pid));
        return match process {
            Some(process) => Ok(process.satp),
            None => fail(format!("there is no process {number}: `processes`")),
        };
    }
    let scope = context.session.scope(context.target);
    Ok(match scope.space() {
        Space::Root(satp) => satp,
        Space::Hart(hart) => context.target.hart(hart).map_or(0, |hart| hart[Slot::Satp]),
        Space::Physical => 0,
    })
}

pub(super) fn translate(context: &mut Context<'_>, arguments: &str) -> Done {
    if arguments.is_empty() {
        return fail("translate which address?");
    }
    let (address, pid) = match arguments.rsplit_once(" in ") {
        Some((address, pid)) => (address, Some(pid.trim().trim_start_matches("process "))),
        None => (arguments, None),
    };
    let address = context.number(address)?;
    let satp = space_of(context, pid)?;
    let walked = walk(context.target, satp, address, None);
    context.say(walked.text);
    if let Some(verdict) = walked.verdict {
        context.say(verdict);
    }
    if let Some(physical) = walked.physical {
        let bus = context.target.bus();
        let what = if bus.ram.offset_of(physical, 1).is_some() {
            "RAM".to_owned()
        } else {
            let mut devices = bus.devices();
            let found = devices.find(|(region, _)| (region.base..region.end()).contains(&physical));
            found.map_or("nothing that is there".to_owned(), |(_, name)| {
                format!("the device {name}")
            })
        };
        context.say(format!("that is in {what}"));
    }
    Ok(())
}

/// A trap as its CSRs tell it.
struct Told {
    cause: u64,
    value: u64,
    pc: u64,
    from: Privilege,
    by: Privilege,
}

/// The trap that the selected hart's mode has taken last.
fn last_trap(context: &Context<'_>) -> Option<Told> {
    let hart = context.target.hart(context.session.selected.hart)?;
    let by_machine = hart.privilege == Privilege::Machine;
    let mstatus = hart[Slot::Mstatus];
    let told = if by_machine {
        Told {
            cause: hart[Slot::Mcause],
            value: hart[Slot::Mtval],
            pc: hart[Slot::Mepc],
            from: Privilege::from_bits(mstatus >> status::MPP_SHIFT),
            by: Privilege::Machine,
        }
    } else {
        let from = match mstatus & status::SPP {
            0 => Privilege::User,
            _ => Privilege::Supervisor,
        };
        Told {
            cause: hart[Slot::Scause],
            value: hart[Slot::Stval],
            pc: hart[Slot::Sepc],
            from,
            by: Privilege::Supervisor,
        }
    };
    // Nothing was ever taken by this mode.
    (told.pc != 0 || told.cause != 0).then_some(told)
}

pub(super) fn explain(context: &mut Context<'_>, _: &str) -> Done {
    let Some(told) = last_trap(context) else {
        return fail("no trap was taken yet by the mode that the hart is in");
    };
    let code = told.cause & !(1 << 63);
    let is_interrupt = told.cause >> 63 != 0;
    let name = match is_interrupt {
        true => isa::trap::interrupt_name(code),
        false => isa::trap::exception_name(code),
    };
    let by = told.by.letter();
    let from = told.from.letter();
    let mut text = format!(
        "{} (cause {code}), from {from}-mode, handled in {by}-mode\n",
        name.unwrap_or("an unknown trap")
    );
    let hart = context.session.selected.hart;
    let satp = context.target.hart(hart).map_or(0, |hart| hart[Slot::Satp]);
    text += &instruction_text(context, &told, satp);
    let need = match code {
        12 => Some(Need::Fetch),
        13 => Some(Need::Load),
        15 => Some(Need::Store),
        _ => None,
    };
    if !is_interrupt && let Some(need) = need {
        text += &fault_text(context, &told, satp, need);
    } else if !is_interrupt && told.value != 0 {
        let _ = writeln!(text, "tval is {:#x}", told.value);
    }
    if !is_interrupt {
        text += advice(code);
    }
    context.say(text);
    Ok(())
}

/// The instruction that trapped, or was interrupted.
fn instruction_text(context: &Context<'_>, told: &Told, satp: u64) -> String {
    let space = match told.from {
        Privilege::Machine => Space::Physical,
        _ => Space::Root(satp),
    };
    let process = context.session.fawn(context.target).and_then(|fawn| {
        let process = fawn.process_on(context.session.selected.hart)?;
        Some(process.name)
    });
    let programs = &context.session.programs;
    let program = programs.at(told.pc, told.from, process.as_deref()).cloned();
    let place = program.as_ref().and_then(|program| {
        let debug = program.debug()?;
        let functions = debug.functions_at(told.pc);
        let function = functions.first()?;
        let file = crate::session::shown_file(function.file.as_deref()?);
        Some(format!(" at {file}:{}", function.line?))
    });
    let frame = crate::session::Frame {
        registers: crate::symbols::RegisterSet {
            pc: told.pc,
            x: [None; 32],
            f: None,
        },
        space,
        privilege: told.from,
        program,
        link: crate::session::Link::Innermost,
        functions: Vec::new(),
        frame_address: None,
        inlined: 0,
    };
    let code = context.session.code(context.target, &frame, told.pc);
    match code {
        Some(code) => format!("{}{}\n", code_line(&code, true), place.unwrap_or_default()),
        None => format!("the instruction at {:#x} cannot be read\n", told.pc),
    }
}

/// The walk of a page fault, and the bit that failed.
fn fault_text(context: &Context<'_>, told: &Told, satp: u64, need: Need) -> String {
    let target = &*context.target;
    let hart = context.session.selected.hart;
    let csr = |name: &str| {
        let number = isa::csr::number(name)?;
        target.register(hart, Register::Csr(number))
    };
    let mstatus = csr("mstatus").unwrap_or(0);
    let rules = Rules {
        privilege: told.from,
        sum: mstatus & status::SUM != 0,
        mxr: mstatus & status::MXR != 0,
        updates: csr("menvcfg").unwrap_or(0) & machine::hart::envcfg::ADUE != 0,
    };
    let mut text = format!(
        "a {} at {:#x} in {}-mode\n",
        need.name(),
        told.value,
        told.from.letter()
    );
    let walked = walk(target, satp, told.value, Some((need, rules)));
    text += &walked.text;
    match walked.verdict {
        Some(verdict) => {
            let _ = writeln!(text, "{verdict}");
        }
        None => text += "the entry allows it now: it was changed since\n",
    }
    if let Some(fawn) = context.session.fawn(target)
        && let Some(process) = fawn.process_on(hart)
        && told.from == Privilege::User
    {
        let regions = fawn.regions(&process);
        let region = regions
            .iter()
            .find(|region| (region.start..region.end).contains(&told.value));
        let _ = match region {
            Some(region) => {
                let what = match walked.physical {
                    None => "whose pages come when they are first used",
                    Some(_) if need == Need::Store => {
                        "whose pages are shared until they are written to"
                    }
                    Some(_) => "which does not allow it",
                };
                writeln!(
                    text,
                    "Fawn: it lies in {:#x}..{:#x} ({}) of process {} {}, {what}",
                    region.start, region.end, region.kind, process.pid, process.name
                )
            }
            None => writeln!(
                text,
                "Fawn: process {} {} has nothing at that address",
                process.pid, process.name
            ),
        };
    }
    text
}

fn advice(code: u64) -> &'static str {
    match code {
        0 => "a jump went to an address that is no instruction's\n",
        1 | 5 | 7 => "PMP does not allow it, or no RAM or device is there\n",
        2 => "the word is no instruction, or not at this privilege, or its extension is off\n",
        4 | 6 => "the address is not a multiple of the access's size\n",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Rules = Rules {
        privilege: Privilege::User,
        sum: false,
        mxr: false,
        updates: true,
    };

    #[test]
    fn the_bit_that_fails_is_named() {
        let readable = Pte(Pte::V | Pte::R | Pte::U);
        assert_eq!(denied(readable, Need::Load, USER), None);
        let why = denied(readable, Need::Store, USER).unwrap();
        assert!(why.contains("bit 2 (W)"), "{why}");
        let kernels = Pte(Pte::V | Pte::R | Pte::W);
        let why = denied(kernels, Need::Load, USER).unwrap();
        assert!(why.contains("bit 4 (U)"), "{why}");
        let supervisor = Rules {
            privilege: Privilege::Supervisor,
            ..USER
        };
        let why = denied(readable, Need::Load, supervisor).unwrap();
        assert!(why.contains("SUM"), "{why}");
    }
}
