//! What Fawn has: processes, threads, jobs, mailboxes, queues.

use std::fmt::Write;

use machine::hart::Slot;

use super::memory_map::{attributes, levels, stretches};
use super::{CommandError, Context, Done, fail};
use crate::os::{Fawn, MailboxView, ProcessView, ThreadView, describe_call};

pub(super) fn processes(context: &mut Context<'_>, _: &str) -> Done {
    let fawn = context.fawn()?;
    let mut text = "  pid parent  job state    thr   ran ms  name\n".to_owned();
    let running: Vec<_> = (0..context.target.harts())
        .filter_map(|hart| Some(fawn.running(hart)?.1))
        .collect();
    for process in fawn.processes() {
        let mark = if running.contains(&process.pid) {
            '*'
        } else {
            ' '
        };
        let number = |number: Option<u32>| number.map_or("-".to_owned(), |n| n.to_string());
        let stopped = if process.stopped { " (stopped)" } else { "" };
        let _ = writeln!(
            text,
            "{mark}{:>4} {:>6} {:>4} {:<8} {:>3} {:>8.1}  {}{stopped}",
            process.pid,
            number(process.parent),
            number(process.job),
            process.state,
            process.threads,
            fawn.milliseconds(process.ran),
            process.name
        );
    }
    drop(fawn);
    context.say(text);
    Ok(())
}

/// The process of a number, or the one that the selected hart runs.
fn chosen(context: &Context<'_>, fawn: &Fawn<'_>, pid: &str) -> Result<ProcessView, CommandError> {
    if pid.is_empty() {
        let running = fawn.process_on(context.session.selected.hart);
        return running.ok_or_else(|| {
            CommandError("no process runs on this hart: say which, by its number".to_owned())
        });
    }
    let number = context.number(pid)?;
    let found = u32::try_from(number)
        .ok()
        .and_then(|pid| fawn.process_of_pid(pid));
    found.ok_or_else(|| CommandError(format!("there is no process {number}: `processes`")))
}

pub(super) fn threads(context: &mut Context<'_>, arguments: &str) -> Done {
    let fawn = context.fawn()?;
    let only = match arguments {
        "" => None,
        pid => Some(chosen(context, &fawn, pid)?.name_in_table),
    };
    let selected = context.session.selected;
    let mut text = String::new();
    for thread in fawn.threads() {
        if only.is_some_and(|process| process != thread.process) {
            continue;
        }
        let is_selected = match selected.thread {
            Some(tid) => tid == thread.tid,
            None => thread.hart == Some(selected.hart),
        };
        let mark = if is_selected { '*' } else { ' ' };
        let process = fawn.process(thread.process);
        let name = process.map_or(String::new(), |p| format!("{} {}", p.pid, p.name));
        let place = place_of(context, &fawn, &thread);
        let _ = writeln!(
            text,
            "{mark}{:>4} {name:<18} {}, at {place}",
            thread.tid,
            fawn.doing(&thread)
        );
    }
    drop(fawn);
    context.say(text);
    Ok(())
}

/// Where a thread is in its program.
fn place_of(context: &Context<'_>, fawn: &Fawn<'_>, thread: &ThreadView) -> String {
    let pc = match thread.hart.and_then(|hart| context.target.hart(hart)) {
        Some(hart) if hart.privilege == machine::hart::Privilege::User => hart.pc,
        _ => thread.pc,
    };
    let process = fawn.process(thread.process);
    let program = process.and_then(|process| {
        let found = context.session.programs.user_program(&process.name);
        found.cloned()
    });
    let symbol = program.as_ref().and_then(|program| {
        let (name, offset) = program.symbols.nearest(pc)?;
        Some(match offset {
            0 => crate::session::short(name).to_owned(),
            _ => format!("{}+{offset:#x}", crate::session::short(name)),
        })
    });
    symbol.unwrap_or_else(|| format!("{pc:#x}"))
}

pub(super) fn thread(context: &mut Context<'_>, arguments: &str) -> Done {
    if arguments.is_empty() {
        return threads(context, "");
    }
    let number = context.number(arguments)?;
    let fawn = context.fawn()?;
    let all = fawn.threads();
    let found = all.iter().find(|thread| u64::from(thread.tid) == number);
    let Some(hart) = found.map(|thread| thread.hart) else {
        return fail(format!("there is no thread {number}: `threads`"));
    };
    drop(fawn);
    match hart {
        Some(hart) => context.session.select_hart(hart),
        None => {
            context.session.select_hart(context.session.selected.hart);
            context.session.selected.thread = u32::try_from(number).ok();
        }
    }
    let Some(frame) = context.session.scope(context.target).frame else {
        return fail("its registers cannot be read");
    };
    let line = context.session.frame_line(context.target, &frame, true);
    let source = context.session.source_line(context.target, &frame);
    context.say(format!("[thread {number}]\n{line}\n{source}"));
    Ok(())
}

pub(super) fn jobs(context: &mut Context<'_>, _: &str) -> Done {
    let fawn = context.fawn()?;
    let mut text = " job  frames (most)      processes (most)  threads (most)  in it\n".to_owned();
    let processes = fawn.processes();
    for job in fawn.jobs() {
        let members = processes.iter().filter(|p| p.job == Some(job.number));
        let names: Vec<_> = members.map(|p| format!("{} {}", p.pid, p.name)).collect();
        let most = |limit: u64| match limit {
            limit if limit > u64::from(u32::MAX) => "-".to_owned(),
            limit => limit.to_string(),
        };
        let pair = |used: u64, limit: u64| format!("{used} ({})", most(limit));
        let _ = writeln!(
            text,
            "{:>4}  {:<18} {:<17} {:<15} {}",
            job.number,
            pair(job.frames.0, job.frames.1),
            pair(job.processes.0.into(), job.processes.1.into()),
            pair(job.threads.0.into(), job.threads.1.into()),
            names.join(", ")
        );
    }
    drop(fawn);
    context.say(text);
    Ok(())
}

pub(super) fn mailboxes(context: &mut Context<'_>, arguments: &str) -> Done {
    let wanted = match arguments {
        "" => None,
        text => Some(context.number(text)?),
    };
    let fawn = context.fawn()?;
    let all = fawn.mailboxes();
    let mut text = String::new();
    for mailbox in &all {
        if wanted.is_none_or(|wanted| u64::from(mailbox.name.index) == wanted) {
            text += &describe_mailbox(&fawn, mailbox, wanted.is_some());
        }
    }
    if text.is_empty() {
        text = match wanted {
            Some(wanted) => return fail(format!("there is no mailbox {wanted}: `mailboxes`")),
            None => "no mailboxes\n".to_owned(),
        };
    }
    let deadlock = fawn.deadlock().threads;
    if !deadlock.is_empty() && wanted.is_none() {
        let names: Vec<_> = deadlock.iter().map(u32::to_string).collect();
        let _ = writeln!(
            text,
            "deadlock: threads {} wait for each other for ever",
            names.join(", ")
        );
    }
    drop(fawn);
    context.say(text);
    Ok(())
}

/// Processes by number and name.
fn named(fawn: &Fawn<'_>, pids: &[u32]) -> String {
    let name = |pid: &u32| {
        let process = fawn.process_of_pid(*pid);
        process.map_or(pid.to_string(), |p| format!("{pid} {}", p.name))
    };
    match pids {
        [] => "nobody".to_owned(),
        pids => pids.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

fn describe_mailbox(fawn: &Fawn<'_>, mailbox: &MailboxView, all_of_it: bool) -> String {
    const MOST_SHOWN: usize = 3;
    let kind = match mailbox.capacity {
        0 => "rendezvous".to_owned(),
        capacity => format!("{} of {capacity} messages", mailbox.count),
    };
    let mut text = format!(
        "mailbox {}: {kind} of up to {} bytes\n",
        mailbox.name.index, mailbox.size
    );
    let senders = fawn.holders(mailbox.name, |descriptor| descriptor.writes);
    let receivers = fawn.holders(mailbox.name, |descriptor| descriptor.reads);
    let travelling = match mailbox.in_flight {
        0 => String::new(),
        count => format!(", {count} handles to send are in messages"),
    };
    let _ = match senders == receivers {
        true => writeln!(
            text,
            "  send and receive: {}{travelling}",
            named(fawn, &senders)
        ),
        false => writeln!(
            text,
            "  send: {}; receive: {}{travelling}",
            named(fawn, &senders),
            named(fawn, &receivers)
        ),
    };
    let messages = fawn.messages(mailbox);
    let most = if all_of_it { usize::MAX } else { MOST_SHOWN };
    for (number, message) in messages.iter().enumerate().take(most) {
        let bytes = match &message.bytes {
            Some(bytes) => shown_bytes(bytes, message.length),
            None => "passed by pages".to_owned(),
        };
        let caller = message.caller.map_or(String::new(), |caller| {
            let all = fawn.threads();
            let thread = all.into_iter().find(|thread| thread.slot == caller);
            thread.map_or(String::new(), |t| {
                format!(", thread {} waits for a reply", t.tid)
            })
        });
        let _ = writeln!(
            text,
            "  {number}: {} bytes: {bytes}{caller}",
            message.length
        );
    }
    if messages.len() > most {
        let _ = writeln!(text, "  … and {} more", messages.len() - most);
    }
    let waits = |thread: &&ThreadView, kind: &str| {
        thread.state == "waiting"
            && thread.wait.on == Some(mailbox.name)
            && thread.wait.kind == kind
    };
    let threads = fawn.threads();
    for (kind, what) in [("message", "a message"), ("room", "room")] {
        let here: Vec<_> = threads
            .iter()
            .filter(|thread| waits(thread, kind))
            .map(|thread| {
                let process = fawn.process(thread.process);
                let name = process.map_or(String::new(), |p| format!(" ({})", p.name));
                format!("thread {}{name}", thread.tid)
            })
            .collect();
        if !here.is_empty() {
            let _ = writeln!(text, "  waits for {what}: {}", here.join(", "));
        }
    }
    text
}

/// Bytes as text where they are that, else in hexadecimal.
fn shown_bytes(bytes: &[u8], length: u64) -> String {
    let is_text = !bytes.is_empty()
        && bytes
            .iter()
            .all(|&byte| matches!(byte, 9 | 10 | 13 | 32..=126));
    let more = if bytes.len() as u64 >= length {
        ""
    } else {
        "…"
    };
    if is_text {
        return format!("{:?}{more}", String::from_utf8_lossy(bytes));
    }
    let words: Vec<_> = bytes
        .iter()
        .take(24)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let more = if bytes.len() > 24 { "…" } else { more };
    format!("{}{more}", words.join(" "))
}

pub(super) fn sched(context: &mut Context<'_>, _: &str) -> Done {
    let fawn = context.fawn()?;
    let queue = fawn.queue();
    let threads = fawn.threads();
    let thread_at = |index: u32| threads.iter().find(|thread| thread.slot.index == index);
    let label = |thread: &ThreadView| {
        let process = fawn.process(thread.process);
        let name = process.map_or(String::new(), |p| format!(" of {} {}", p.pid, p.name));
        format!("thread {}{name}", thread.tid)
    };
    let mut text = String::new();
    for hart in 0..context.target.harts() {
        let now = threads.iter().find(|thread| thread.hart == Some(hart));
        let now = now.map_or("idles".to_owned(), |thread| {
            let had = fawn.milliseconds(fawn.ticks().saturating_sub(thread.since));
            format!("runs {}, for {had:.3} ms now", label(thread))
        });
        let _ = writeln!(text, "hart {hart} {now}");
    }
    let order = queue.order();
    if order.is_empty() {
        text += "nobody else is ready\n";
    } else {
        text += "ready, in the order in which they get a hart (least runtime of job, process, thread):\n";
    }
    let runtime = |nodes: &[crate::os::Node], index: u32| {
        let node = nodes.iter().find(|node| node.index == index);
        node.map_or(0.0, |node| fawn.milliseconds(node.virtual_runtime))
    };
    for node in order {
        let Some(thread) = thread_at(node.index) else {
            continue;
        };
        let process = queue.processes.iter().find(|p| p.index == node.parent);
        let job = process.map_or(u32::MAX, |process| process.parent);
        let _ = writeln!(
            text,
            "  {:<28} job {:.3} ms, process {:.3} ms, thread {:.3} ms",
            label(thread),
            runtime(&queue.jobs, job),
            runtime(&queue.processes, node.parent),
            fawn.milliseconds(node.virtual_runtime)
        );
    }
    drop(fawn);
    context.say(text);
    Ok(())
}

pub(super) fn why(context: &mut Context<'_>, arguments: &str) -> Done {
    let fawn = context.fawn()?;
    let all = match (arguments, fawn.process_on(context.session.selected.hart)) {
        // Nobody runs: why not?
        ("", None) => fawn.processes(),
        _ => vec![chosen(context, &fawn, arguments)?],
    };
    let text: String = all
        .iter()
        .map(|process| why_process(context, &fawn, process))
        .collect();
    drop(fawn);
    context.say(text);
    Ok(())
}

fn why_process(context: &Context<'_>, fawn: &Fawn<'_>, process: &ProcessView) -> String {
    let mut text = format!(
        "process {} {}: {}",
        process.pid, process.name, process.state
    );
    if process.stopped {
        text += ", stopped by a signal";
    }
    if process.state == "zombie" {
        let _ = write!(text, ", its status {:#x} was not asked for", process.status);
        if let Some(parent) = process.parent {
            let _ = write!(text, " by its parent {}", named(fawn, &[parent]));
        }
    }
    text.push('\n');
    let deadlock = fawn.deadlock().threads;
    for thread in fawn.threads() {
        if thread.process != process.name_in_table {
            continue;
        }
        text += &why_thread(context, fawn, &thread);
        if deadlock.contains(&thread.tid) {
            let _ = writeln!(
                text,
                "    it is in a deadlock: nobody who could end this ever will"
            );
        }
    }
    text
}

fn why_thread(context: &Context<'_>, fawn: &Fawn<'_>, thread: &ThreadView) -> String {
    let mut text = format!("  thread {}: {}", thread.tid, fawn.doing(thread));
    if thread.state == "waiting" || thread.state == "ready" {
        // It last had a hart from `since` on; how long it then ran is not kept apart, so this is the most.
        let since = fawn.milliseconds(fawn.ticks().saturating_sub(thread.since));
        let _ = write!(text, "; it was given a hart {since:.3} ms ago");
    }
    text.push('\n');
    if thread.state == "waiting" {
        if let Some(call) = fawn.call_of(thread) {
            let place = place_of(context, fawn, thread);
            let _ = writeln!(text, "    in {}, called at {place}", describe_call(&call));
        }
        let waits = fawn.waits(thread);
        if thread.wait.on.is_some() || !waits.by.is_empty() {
            let _ = writeln!(text, "    could be ended by {}", named(fawn, &waits.by));
        }
    }
    if thread.state == "ready" {
        let order = fawn.queue();
        let place = order
            .order()
            .iter()
            .position(|node| node.index == thread.slot.index);
        if let Some(place) = place {
            let _ = writeln!(text, "    {place} others get a hart before it (`sched`)");
        }
    }
    text
}

pub(super) fn page_table(context: &mut Context<'_>, arguments: &str) -> Done {
    let process = match context.fawn() {
        Ok(fawn) => match (arguments, chosen(context, &fawn, arguments)) {
            (_, Ok(process)) => Some((process.clone(), fawn.regions(&process))),
            ("", Err(_)) => None,
            (_, Err(error)) => return Err(error),
        },
        Err(error) if !arguments.is_empty() => return Err(error),
        Err(_) => None,
    };
    let hart = context.session.selected.hart;
    let satp = match &process {
        Some((process, _)) => process.satp,
        None => context.target.hart(hart).map_or(0, |hart| hart[Slot::Satp]),
    };
    if levels(satp).is_none() {
        return fail("this hart translates no addresses: satp is 0");
    }
    let mut text = match &process {
        Some((process, _)) => format!("process {} {}, ", process.pid, process.name),
        None => String::new(),
    };
    let _ = writeln!(text, "root table at {:#x}", (satp & ((1 << 44) - 1)) << 12);
    for stretch in stretches(context.target, satp) {
        // The kernel's half is the same for all.
        if stretch.start >> 63 != 0 && process.is_some() {
            continue;
        }
        let regions = process.as_ref().map_or(&[][..], |(_, regions)| regions);
        let kind = regions
            .iter()
            .find(|region| region.start <= stretch.start && stretch.start < region.end)
            .map_or("", |region| region.kind);
        let _ = writeln!(
            text,
            "{:#014x} -> {:#012x} {:>6} KiB {} {kind}",
            stretch.start,
            stretch.physical,
            stretch.size >> 10,
            attributes(stretch.attributes)
        );
    }
    context.say(text);
    Ok(())
}
