//! Moments: going to them, naming them, comparing them.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::points::memory_of;
use super::{Context, Done, fail};
use crate::session::Checkpoint;
use crate::target::{Moment, Register, Run, Target};

fn go(context: &mut Context<'_>, moment: Moment) -> Done {
    let report = context
        .session
        .go(context.target, Run::To(moment), &[], context.front)?;
    let text = context.session.describe_stop(context.target, &report);
    context.say(text);
    Ok(())
}

/// The earliest moment of a step's number.
fn moment_of(context: &Context<'_>, text: &str) -> Result<Moment, super::CommandError> {
    Ok(match text.trim() {
        "" => return fail("which moment? A step's number, `start` or `end`"),
        "start" => Moment::default(),
        "end" => context.target.present(),
        text => {
            let step = context.number(text)?;
            Moment { step, idle: 0 }
        }
    })
}

pub(super) fn go_to(context: &mut Context<'_>, arguments: &str) -> Done {
    let moment = moment_of(context, arguments)?;
    go(context, moment)
}

pub(super) fn when(context: &mut Context<'_>, _: &str) -> Done {
    let (now, present) = (context.target.now(), context.target.present());
    let clock = context.target.bus().clock.now();
    let mut text = format!(
        "step {}, {}.{:09} s of guest time",
        now.step,
        clock / 1_000_000_000,
        clock % 1_000_000_000
    );
    if context.target.is_past() {
        let _ = write!(text, "; the past, known up to step {}", present.step);
    }
    context.say(text);
    Ok(())
}

pub(super) fn checkpoint(context: &mut Context<'_>, _: &str) -> Done {
    let moment = context.target.keep();
    let last = context.session.checkpoints.iter().map(|c| c.number).max();
    let number = last.unwrap_or(0) + 1;
    let checkpoint = Checkpoint { number, moment };
    context.session.checkpoints.push(checkpoint);
    context.say(format!("checkpoint {number}: step {}", moment.step));
    Ok(())
}

pub(super) fn checkpoints(context: &mut Context<'_>) -> Done {
    let all: Vec<_> = context
        .session
        .checkpoints
        .iter()
        .map(|c| format!("{} at step {}", c.number, c.moment.step))
        .collect();
    context.say(match all.is_empty() {
        true => "no checkpoints".to_owned(),
        false => all.join("\n"),
    });
    Ok(())
}

pub(super) fn restart(context: &mut Context<'_>, arguments: &str) -> Done {
    if arguments.is_empty() {
        return go(context, Moment::default());
    }
    let number = context.number(arguments)?;
    let mut all = context.session.checkpoints.iter();
    match all.find(|c| u64::from(c.number) == number) {
        Some(checkpoint) => {
            let moment = checkpoint.moment;
            go(context, moment)
        }
        None => fail(format!(
            "there is no checkpoint {number}: `info checkpoints`"
        )),
    }
}

pub(super) fn last_write(context: &mut Context<'_>, arguments: &str) -> Done {
    let (text, len) = match arguments.rsplit_once(' ') {
        // `sp - 8` is one expression.
        Some((text, len))
            if len.parse::<u64>().is_ok() && crate::expression::parse(text).is_ok() =>
        {
            (text, len.parse().ok())
        }
        _ => (arguments, None),
    };
    let (address, own_len) = memory_of(context, text)?;
    let len: u64 = len.unwrap_or(own_len);
    struct Patience<'a>(&'a mut dyn crate::session::Front);
    impl crate::target::Control for Patience<'_> {
        fn poll(&mut self, done: u64, of: u64) -> bool {
            self.0.poll(done, of)
        }
    }
    let found = context
        .target
        .last_write(address, len, &mut Patience(context.front))?;
    let Some(write) = found else {
        context.say(format!(
            "nobody has written the {len} bytes at physical address {address:#x}"
        ));
        return Ok(());
    };
    // Who it was can be told at the moment itself.
    let now = context.target.now();
    let selected = context.session.selected;
    context
        .session
        .go(context.target, Run::To(write.before), &[], context.front)?;
    context.session.select_hart(write.hart);
    let whereabouts = context.session.whereabouts(context.target);
    let scope = context.session.scope(context.target);
    let text = scope.frame.clone().map(|frame| {
        let line = context.session.frame_line(context.target, &frame, false);
        let source = context.session.source_line(context.target, &frame);
        format!("{line}\n{source}")
    });
    drop(scope);
    context
        .session
        .go(context.target, Run::To(now), &[], context.front)?;
    context.session.selected = selected;
    context.say(format!(
        "[{whereabouts}, hart {}]\n{}",
        write.hart,
        text.unwrap_or_default()
    ));
    context.say(format!(
        "`goto {}` goes to right before it",
        write.before.step
    ));
    Ok(())
}

pub(super) fn branch(context: &mut Context<'_>, _: &str) -> Done {
    if !context.target.is_past() {
        return fail("this is the present: it can be changed as it is");
    }
    context.target.branch()?;
    let step = context.target.now().step;
    context.session.ended = false;
    context.say(format!("another future begins at step {step}"));
    Ok(())
}

pub(super) fn timelines(context: &mut Context<'_>, _: &str) -> Done {
    for (number, moment, is_this) in context.target.timelines() {
        let mark = if is_this { '*' } else { ' ' };
        context.say(format!("{mark} {number}: known up to step {}", moment.step));
    }
    Ok(())
}

pub(super) fn timeline(context: &mut Context<'_>, arguments: &str) -> Done {
    let number = context.number(arguments)? as usize;
    context.target.switch_timeline(number)?;
    context.session.ended = false;
    context.session.select_hart(context.target.current_hart());
    let text = context.session.describe_here(context.target);
    context.say(text);
    Ok(())
}

pub(super) fn drop_timeline(context: &mut Context<'_>, arguments: &str) -> Done {
    let number = context.number(arguments)? as usize;
    context.target.drop_timeline(number)?;
    Ok(())
}

/// What can be compared of a moment.
struct Picture {
    registers: Vec<(String, u64)>,
    facts: BTreeMap<String, String>,
    /// Pages of RAM by their number, with a sum of their content.
    pages: BTreeMap<u32, u64>,
    console: usize,
}

pub(super) fn diff(context: &mut Context<'_>, arguments: &str) -> Done {
    let Some((first, second)) = arguments.split_once(' ') else {
        return fail("two steps are needed: `diff N M`");
    };
    let (first, second) = (moment_of(context, first)?, moment_of(context, second)?);
    let now = context.target.now();
    let selected = context.session.selected;
    let mut pictures = Vec::new();
    for moment in [first, second] {
        context
            .session
            .go(context.target, Run::To(moment), &[], context.front)?;
        pictures.push(picture(context));
    }
    let owners = owners(context);
    context
        .session
        .go(context.target, Run::To(now), &[], context.front)?;
    context.session.selected = selected;
    if let [before, after] = pictures.as_slice() {
        let text = compare(before, after, &owners);
        context.say(match text.is_empty() {
            true => "nothing changed".to_owned(),
            false => text,
        });
    }
    Ok(())
}

fn picture(context: &Context<'_>) -> Picture {
    let target: &dyn Target = context.target;
    let mut registers = Vec::new();
    for hart in 0..target.harts() {
        let named = (1..32u8).map(|n| (isa::reg::X_NAMES[usize::from(n)], Register::X(n)));
        let csrs = super::csr_names().iter().filter_map(|name| {
            let counts = matches!(*name, "mcycle" | "minstret" | "time");
            let register = Register::by_name(name).filter(|_| !counts)?;
            Some((*name, register))
        });
        for (name, register) in named.chain([("pc", Register::Pc)]).chain(csrs) {
            if let Some(value) = target.register(hart, register) {
                let name = match target.harts() {
                    1 => name.to_owned(),
                    _ => format!("hart {hart} {name}"),
                };
                registers.push((name, value));
            }
        }
    }
    Picture {
        registers,
        facts: facts(context),
        pages: target
            .bus()
            .ram
            .content()
            .map(|(page, bytes)| (page, sum(bytes)))
            .collect(),
        console: target.console().len(),
    }
}

/// What Fawn's tables say.
fn facts(context: &Context<'_>) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let Ok(fawn) = context.fawn() else {
        return facts;
    };
    for process in fawn.processes() {
        let key = format!("process {} {}", process.pid, process.name);
        let mapped = super::memory_map::stretches(context.target, process.satp);
        let user = mapped.iter().filter(|s| s.start >> 63 == 0);
        let pages: u64 = user.map(|stretch| stretch.size / 4096).sum();
        let threads = process.threads;
        facts.insert(
            key,
            format!("{}, {threads} threads, {pages} pages mapped", process.state),
        );
    }
    for thread in fawn.threads() {
        let key = format!("thread {}", thread.tid);
        facts.insert(key, fawn.doing(&thread));
    }
    for mailbox in fawn.mailboxes() {
        let key = format!("mailbox {}", mailbox.name.index);
        let text = format!("{} messages", mailbox.count);
        facts.insert(key, text);
    }
    facts
}

fn sum(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// To whom physical pages belong, by their number from the start of RAM, at this moment.
fn owners(context: &Context<'_>) -> BTreeMap<u32, String> {
    let mut owners = BTreeMap::new();
    let base = context.target.bus().ram.base();
    for image in context.target.images() {
        for segment in &image.segments {
            let first = segment.address.saturating_sub(base) / 4096;
            let last = (segment.address + segment.len()).saturating_sub(base) / 4096;
            for page in first..=last {
                owners.insert(page as u32, image.name.clone());
            }
        }
    }
    let Ok(fawn) = context.fawn() else {
        return owners;
    };
    for process in fawn.processes() {
        for stretch in super::memory_map::stretches(context.target, process.satp) {
            if stretch.start >> 63 != 0 {
                continue;
            }
            for page in 0..stretch.size / 4096 {
                let Some(at) = (stretch.physical + page * 4096).checked_sub(base) else {
                    continue;
                };
                let owner = format!("process {} {}", process.pid, process.name);
                owners.insert((at / 4096) as u32, owner);
            }
        }
    }
    owners
}

fn compare(before: &Picture, after: &Picture, owners: &BTreeMap<u32, String>) -> String {
    let mut text = String::new();
    for ((name, old), (_, new)) in before.registers.iter().zip(&after.registers) {
        if old != new {
            let _ = writeln!(text, "{name}: {old:#x} -> {new:#x}");
        }
    }
    for (key, old) in &before.facts {
        match after.facts.get(key) {
            None => {
                let _ = writeln!(text, "{key}: gone ({old} before)");
            }
            Some(new) if new != old => {
                let _ = writeln!(text, "{key}: {old} -> {new}");
            }
            Some(_) => {}
        }
    }
    for (key, new) in &after.facts {
        if !before.facts.contains_key(key) {
            let _ = writeln!(text, "{key}: new, {new}");
        }
    }
    let changed = |page: &u32| before.pages.get(page) != after.pages.get(page);
    let all = before.pages.keys().chain(after.pages.keys());
    let pages: std::collections::BTreeSet<_> = all.copied().filter(changed).collect();
    let mut by_owner: BTreeMap<&str, usize> = BTreeMap::new();
    for page in &pages {
        let owner = owners.get(page).map_or("the kernel's pool", String::as_str);
        *by_owner.entry(owner).or_default() += 1;
    }
    for (owner, count) in by_owner {
        let _ = writeln!(text, "memory: {count} pages of {owner} changed");
    }
    if after.console > before.console {
        let _ = writeln!(
            text,
            "console: {} bytes more",
            after.console - before.console
        );
    }
    text
}
