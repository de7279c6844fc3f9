//! `info`: what is set, and what the machine is and does now.

use std::fmt::Write;

use machine::hart::{Privilege, Slot, status};

use super::registers::{csr_names, float_text, named};
use super::{Context, Done, fail, memory_map, processes, show, time};
use crate::expression::Format;
use crate::session::{short, shown_file};
use crate::symbols::Space;
use crate::target::Register;

/// What `help info` adds.
pub(super) const HELP: &str = "\
topics:
  registers [NAME…|all]  r    the registers of the selected frame
  float                       floating-point registers
  csr [NAME]                  CSRs, with their fields
  breakpoints            b    what was set to stop
  locals, args                variables of the selected function
  frame                       the selected frame
  mem                         the selected hart's mappings, in QEMU's columns
  harts, threads              harts; threads of Fawn, else harts
  irq                         pending and enabled interrupts
  line [PLACE]                address of a line, line of an address
  symbol ADDR                 the symbol at an address
  functions TEXT              functions whose name contains a text
  programs, source            what is known by name; where source is looked for
  checkpoints, timelines      moments and futures
  mtree                       what is where in physical memory";

pub(super) fn info(context: &mut Context<'_>, arguments: &str) -> Done {
    let (topic, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let rest = rest.trim();
    match topic {
        "registers" | "reg" | "r" => registers(context, rest),
        "all-registers" => registers(context, "all"),
        "float" | "f" => float(context),
        "csr" | "csrs" => csr(context, rest),
        "breakpoints" | "break" | "b" | "watchpoints" => points(context),
        "locals" => variables(context, false),
        "args" => variables(context, true),
        "frame" => show::frame(context, ""),
        "mem" | "tlb" => {
            let text = memory_map::describe(context.target, context.session.selected.hart);
            context.say(text);
            Ok(())
        }
        "harts" | "cpus" => show::hart(context, ""),
        "threads" if context.session.knows_os() => processes::threads(context, rest),
        "threads" => show::hart(context, ""),
        "irq" | "pic" => interrupts(context),
        "line" => line(context, rest),
        "symbol" => symbol(context, rest),
        "functions" | "fun" => functions(context, rest),
        "programs" | "files" | "sharedlibrary" => programs(context),
        "source" => source(context),
        "checkpoints" => time::checkpoints(context),
        "timelines" => time::timelines(context, ""),
        "mtree" => board(context),
        "display" => super::examine::display(context, ""),
        "processes" => processes::processes(context, ""),
        "" => fail("about what? `help info` lists the topics"),
        other => fail(format!(
            "nothing is known about `{other}`: `help info` lists the topics"
        )),
    }
}

fn registers(context: &mut Context<'_>, names: &str) -> Done {
    let hart = context.session.selected.hart;
    if !names.is_empty() && names != "all" {
        for name in names.split([' ', ',']).filter(|name| !name.is_empty()) {
            let name = name.trim_start_matches('$');
            // In an outer frame, registers are those that it had.
            let selected = context.session.selected;
            let is_here = selected.frame == 0 && selected.thread.is_none();
            let text = match named(context.target, hart, name).filter(|_| is_here) {
                Some(text) => text,
                None => {
                    let text = format!("${name}");
                    let value = context.session.evaluate(context.target, &text)?.int()?;
                    format!("{name:<10} {value:#018x}")
                }
            };
            context.say(text);
        }
        return Ok(());
    }
    let Some(frame) = context.session.scope(context.target).frame else {
        return fail("there is no such hart");
    };
    let mut text = String::new();
    let shown = |value: Option<u64>| match value {
        Some(value) => format!("{value:016x}"),
        None => "      <unknown>".to_owned(),
    };
    for row in 0..8 {
        for column in 0..4 {
            let number = row + 8 * column;
            let name = isa::reg::X_NAMES[number];
            let value = shown(frame.registers.x[number]);
            let _ = write!(text, "{name:>4} {value:<16}");
            text.push(if column == 3 { '\n' } else { ' ' });
        }
    }
    let pc = frame.registers.pc;
    let symbol = context.session.symbol(pc, Some(&frame));
    let symbol = symbol.map_or(String::new(), |symbol| format!(" <{symbol}>"));
    let _ = writeln!(text, "  pc {pc:016x}{symbol}");
    let letter = frame.privilege.letter();
    let _ = writeln!(text, "priv {letter}");
    context.say(text);
    if names == "all" {
        float(context)?;
        csr(context, "")?;
    }
    Ok(())
}

fn float(context: &mut Context<'_>) -> Done {
    let hart = context.session.selected.hart;
    let mut text = String::new();
    for row in 0..16u8 {
        for number in [row, row + 16] {
            let value = context.target.register(hart, Register::F(number));
            let value = value.unwrap_or(0);
            let name = isa::reg::F_NAMES[usize::from(number)];
            let cell = format!("{name:>4} {value:016x} {}", float_text(value));
            let _ = match number {
                16.. => writeln!(text, "{}", cell.trim_end()),
                _ => write!(text, "{cell:<39} "),
            };
        }
    }
    context.say(text);
    Ok(())
}

fn csr(context: &mut Context<'_>, names: &str) -> Done {
    let hart = context.session.selected.hart;
    if names.is_empty() {
        for name in csr_names() {
            if let Some(text) = named(context.target, hart, name) {
                context.say(text.trim_end());
            }
        }
        return Ok(());
    }
    for name in names.split([' ', ',']).filter(|name| !name.is_empty()) {
        let is_csr = isa::csr::number(name).is_some();
        match named(context.target, hart, name).filter(|_| is_csr) {
            Some(text) => context.say(text.trim_end()),
            None => return fail(format!("this hart has no CSR `{name}`")),
        }
    }
    Ok(())
}

fn points(context: &mut Context<'_>) -> Done {
    let mut text = String::new();
    for point in context.session.points() {
        let (kind, what) = point.what.describe();
        let _ = write!(text, "{:<3} {kind}: {what}", point.number);
        if let Some(scope) = point.scope.describe() {
            let _ = write!(text, " in {scope}");
        }
        if let Some((condition, _)) = &point.condition {
            let _ = write!(text, " if {condition}");
        }
        if point.temporary {
            text += ", once";
        }
        if !point.enabled {
            text += ", disabled";
        }
        if point.ignore > 0 {
            let _ = write!(text, ", lets {} pass", point.ignore);
        }
        if point.hits > 0 {
            let times = if point.hits == 1 { "time" } else { "times" };
            let _ = write!(text, ", hit {} {times}", point.hits);
        }
        text.push('\n');
    }
    if text.is_empty() {
        text = "nothing is set".to_owned();
    }
    context.say(text);
    Ok(())
}

fn variables(context: &mut Context<'_>, parameters: bool) -> Done {
    let scope = context.session.scope(context.target);
    let all = scope.variables();
    let mut lines = Vec::new();
    for variable in all.iter().filter(|v| v.is_parameter == parameters) {
        let text = match scope.value_of(variable) {
            Ok(value) => context
                .session
                .value_text(context.target, &value, Format::Natural),
            Err(_) => "<optimized out>".to_owned(),
        };
        lines.push(format!("{} = {text}", variable.name));
    }
    if lines.is_empty() {
        lines.push(
            if parameters {
                "no arguments"
            } else {
                "no locals"
            }
            .to_owned(),
        );
    }
    let text = lines.join("\n");
    context.say(text);
    Ok(())
}

fn interrupts(context: &mut Context<'_>) -> Done {
    let mut text = String::new();
    let bus = context.target.bus();
    for number in 0..context.target.harts() {
        let Some(hart) = context.target.hart(number) else {
            continue;
        };
        let lines = bus.lines.into_hart(number);
        let pending = hart.interrupts_pending(lines, bus.clock.ticks());
        let on = |bit: u64| match hart[Slot::Mstatus] & bit {
            0 => "off",
            _ => "on",
        };
        let names = |bits: u64| match super::csr_fields("mip", bits) {
            names if names.is_empty() => "none".to_owned(),
            names => names,
        };
        let _ = writeln!(
            text,
            "hart {number}: pending {}; enabled {}; to S-mode {}; MIE {}, SIE {}",
            names(pending),
            names(hart[Slot::Mie]),
            names(hart[Slot::Mideleg]),
            on(status::MIE),
            on(status::SIE),
        );
    }
    for (device, state) in bus.inspect_devices() {
        for line in state.lines() {
            let _ = writeln!(text, "{device}: {line}");
        }
    }
    context.say(text);
    Ok(())
}

fn line(context: &mut Context<'_>, text: &str) -> Done {
    let text = if text.is_empty() { "*$pc" } else { text };
    let place = context.session.location(context.target, text, None)?;
    let frame = context.session.scope(context.target).frame;
    let mut lines = Vec::new();
    for &address in &place.addresses {
        let program = place.program.clone();
        let program = program.or_else(|| frame.as_ref()?.program.clone());
        let debug = program.as_ref().and_then(|program| program.debug());
        let found = debug.and_then(|debug| debug.line_at(address));
        lines.push(match found {
            Some(line) => format!(
                "{}:{} is {:#x} to {:#x}",
                shown_file(&line.file),
                line.line,
                line.start,
                line.end
            ),
            None => format!("{address:#x} belongs to no source line that is known"),
        });
    }
    context.say(lines.join("\n"));
    Ok(())
}

fn symbol(context: &mut Context<'_>, text: &str) -> Done {
    let address = context.number(text)?;
    let frame = context.session.scope(context.target).frame;
    let symbol = context.session.symbol(address, frame.as_ref());
    context.say(match symbol {
        Some(symbol) => format!("{address:#x} is {symbol}"),
        None => format!("{address:#x} has no symbol"),
    });
    Ok(())
}

fn functions(context: &mut Context<'_>, text: &str) -> Done {
    const MOST: usize = 100;
    if text.is_empty() {
        return fail("functions with which text in their name?");
    }
    let mut found = Vec::new();
    for program in context.session.programs.iter() {
        for (name, address, _) in program.symbols.iter() {
            if name.contains(text) {
                found.push(format!(
                    "{address:#018x} {}  ({})",
                    short(name),
                    program.name
                ));
            }
        }
    }
    let count = found.len();
    found.truncate(MOST);
    if count > MOST {
        found.push(format!("… and {} more", count - MOST));
    }
    context.say(match found.is_empty() {
        true => "none".to_owned(),
        false => found.join("\n"),
    });
    Ok(())
}

fn programs(context: &mut Context<'_>) -> Done {
    let mut text = String::new();
    for program in context.session.programs.iter() {
        let space = match program.space {
            Space::Machine => "M",
            Space::Kernel => "S",
            Space::User => "U",
        };
        let symbols = program.symbols.iter().count();
        let _ = writeln!(text, "{space}  {:<28} {symbols} symbols", program.name);
    }
    context.say(text);
    Ok(())
}

fn source(context: &mut Context<'_>) -> Done {
    let current = context.session.current_line(context.target);
    context.say(match current {
        None => "there is no source line here".to_owned(),
        Some((file, line)) => {
            let found = context.session.source.lines(&file).is_some();
            let note = match found {
                true => "",
                false => " (its text is not found: `directory DIR` says where to look)",
            };
            format!("{}:{line}{note}", shown_file(&file))
        }
    });
    Ok(())
}

/// The board: RAM and devices by address.
fn board(context: &mut Context<'_>) -> Done {
    let bus = context.target.bus();
    let range = |base: u64, size: u64, name: &str| {
        (base, format!("{base:016x}-{:016x} {name}", base + size - 1))
    };
    let mut ranges: Vec<_> = bus
        .devices()
        .map(|(region, name)| range(region.base, region.size, name))
        .collect();
    ranges.push(range(bus.ram.base(), bus.ram.size(), "ram"));
    for image in context.target.images() {
        for segment in image.segments.iter().filter(|segment| !segment.is_empty()) {
            let name = format!("  ({})", image.name);
            ranges.push(range(segment.address, segment.len(), &name));
        }
    }
    ranges.sort();
    let lines: Vec<_> = ranges.into_iter().map(|(_, line)| line).collect();
    context.say(lines.join("\n"));
    Ok(())
}

/// The letter of a privilege number.
pub(super) fn letter(privilege: Option<u64>) -> char {
    privilege.map_or('?', |bits| Privilege::from_bits(bits).letter())
}
