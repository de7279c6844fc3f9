//! The commands by name, with their help.

use super::{
    CommandError, Context, Done, examine, fail, info, points, processes, run, show, time, walk,
};

/// A command.
pub struct Command {
    /// Its names, the usual one first.
    pub names: &'static [&'static str],
    /// What may follow.
    pub arguments: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Under which heading it stands.
    pub group: Group,
    /// An empty line repeats it.
    pub repeats: bool,
    /// It may change the machine.
    pub(crate) changes: bool,
    pub(crate) run: fn(&mut Context<'_>, &str) -> Done,
}

/// Headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Going forward.
    Forward,
    /// Going back, and to moments.
    Time,
    /// Where to stop.
    Stop,
    /// Looking at the machine.
    Look,
    /// Looking at Fawn.
    Os,
    /// All else.
    Session,
}

impl Group {
    const ALL: [Self; 6] = [
        Self::Forward,
        Self::Time,
        Self::Stop,
        Self::Look,
        Self::Os,
        Self::Session,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Forward => "Going forward",
            Self::Time => "Going back, and to moments",
            Self::Stop => "Stopping",
            Self::Look => "Looking",
            Self::Os => "Fawn: processes, threads, mailboxes",
            Self::Session => "The session",
        }
    }
}

const REPEATS: bool = true;
const ONCE: bool = false;
const CHANGES: bool = true;
const LOOKS: bool = false;

macro_rules! commands {
    ($($group:ident: $([$($name:literal),+] $arguments:literal, $help:literal, $repeats:ident, $changes:ident, $run:expr;)+)+) => {
        const COMMANDS: &[Command] = &[$($(Command {
            names: &[$($name),+],
            arguments: $arguments,
            help: $help,
            group: Group::$group,
            repeats: $repeats,
            changes: $changes,
            run: $run,
        }),+),+];
    };
}

commands! {
    Forward:
        ["continue", "c"] "[N]", "runs on, past N-1 more hits of the breakpoint it stands at", REPEATS, LOOKS, run::go_on;
        ["step", "s"] "[N]", "to the next source line, into calls", REPEATS, LOOKS, run::step;
        ["next", "n"] "[N]", "to the next source line, over calls", REPEATS, LOOKS, run::next;
        ["stepi", "si"] "[N]", "one instruction of the selected hart, into traps too", REPEATS, LOOKS, run::step_instruction;
        ["nexti", "ni"] "[N]", "one instruction, over calls and traps", REPEATS, LOOKS, run::next_instruction;
        ["finish", "fin"] "", "until the selected function has returned", REPEATS, LOOKS, run::finish;
        ["until", "advance", "u"] "PLACE", "until a place is reached", ONCE, LOOKS, run::until;
        ["run"] "N", "N steps of the whole machine", REPEATS, LOOKS, run::run_for;
        ["input"] "TEXT", "types a line at the guest's console and runs on", ONCE, CHANGES, run::input;
        ["type"] "TEXT", "types at the guest's console (\\n ends a line) without running", ONCE, CHANGES, run::type_in;
    Time:
        ["reverse-continue", "rc"] "[N]", "back to the last moment at which something would have stopped", REPEATS, LOOKS, run::back;
        ["reverse-step", "rs"] "[N]", "back to the source line before, into calls", REPEATS, LOOKS, run::back_step;
        ["reverse-next", "rn"] "[N]", "back to the source line before, over calls", REPEATS, LOOKS, run::back_next;
        ["reverse-stepi", "rsi"] "[N]", "back by one instruction of the selected hart", REPEATS, LOOKS, run::back_instruction;
        ["reverse-nexti", "rni"] "[N]", "back by one instruction, over calls and traps", REPEATS, LOOKS, run::back_next_instruction;
        ["reverse-finish", "rfin"] "", "back to the call of the selected function", REPEATS, LOOKS, run::back_finish;
        ["goto"] "N|start|end", "to a moment: a step's number, where it began, the newest moment", ONCE, LOOKS, time::go_to;
        ["when"] "", "which moment this is", ONCE, LOOKS, time::when;
        ["checkpoint"] "", "gives this moment a number", ONCE, LOOKS, time::checkpoint;
        ["restart"] "[N]", "back to a checkpoint, or to the beginning", ONCE, LOOKS, time::restart;
        ["last-write", "lw"] "EXPR|ADDR [LEN]", "who wrote there last: step, function, process", ONCE, LOOKS, time::last_write;
        ["branch"] "", "begins another future here, which can be changed", ONCE, CHANGES, time::branch;
        ["timelines"] "", "the futures that there are", ONCE, LOOKS, time::timelines;
        ["timeline"] "N", "goes over to another future", ONCE, LOOKS, time::timeline;
        ["drop-timeline"] "N", "forgets a future", ONCE, LOOKS, time::drop_timeline;
        ["diff"] "N M", "what changed from step N to step M", ONCE, LOOKS, time::diff;
    Stop:
        ["break", "b"] "[PLACE] [in SCOPE] [if EXPR]", "stops before a place; SCOPE is a program, kernel, process N, thread N or hart N", ONCE, LOOKS, points::set_break;
        ["tbreak", "tb"] "[PLACE] [in SCOPE] [if EXPR]", "the same, once", ONCE, LOOKS, points::set_temporary;
        ["watch"] "EXPR [in SCOPE] [if EXPR]", "stops when a value changes", ONCE, LOOKS, points::watch;
        ["wwatch"] "EXPR [in SCOPE] [if EXPR]", "stops when it is written, changed or not", ONCE, LOOKS, points::watch_writes;
        ["rwatch"] "EXPR [in SCOPE] [if EXPR]", "stops when it is read", ONCE, LOOKS, points::watch_reads;
        ["awatch"] "EXPR [in SCOPE] [if EXPR]", "stops when it is read or written", ONCE, LOOKS, points::watch_access;
        ["catch"] "EVENT [in SCOPE] [if EXPR]", "stops at trap, interrupt, priv, syscall, csr, send, recv, fork, execve, exit, switch or console: `help catch`", ONCE, LOOKS, points::catch;
        ["delete", "d"] "[N…]", "removes points, or all", ONCE, LOOKS, points::delete;
        ["enable"] "[N…]", "switches points on", ONCE, LOOKS, points::enable;
        ["disable"] "[N…]", "switches points off", ONCE, LOOKS, points::disable;
        ["condition"] "N [EXPR]", "gives a point a condition, or takes it away", ONCE, LOOKS, points::condition;
        ["ignore"] "N COUNT", "lets the next hits of a point pass", ONCE, LOOKS, points::ignore;
    Look:
        ["print", "p"] "[/FORMAT] EXPR", "a value; FORMAT is x d u o t c f s or a", ONCE, LOOKS, examine::print;
        ["x"] "[/COUNT FORMAT SIZE] [EXPR]", "memory; FORMAT also i (instructions), SIZE b h w or g", REPEATS, LOOKS, examine::examine;
        ["xp"] "[/COUNT FORMAT SIZE] ADDR", "memory at a physical address", REPEATS, LOOKS, examine::examine_physical;
        ["set"] "[var] PLACE = EXPR", "changes a register, a variable or memory", ONCE, CHANGES, examine::set;
        ["whatis"] "EXPR", "the type of a value", ONCE, LOOKS, examine::whatis;
        ["display"] "[EXPR]", "shows a value at every stop", ONCE, LOOKS, examine::display;
        ["undisplay"] "", "shows nothing more at stops", ONCE, LOOKS, examine::undisplay;
        ["backtrace", "bt", "where"] "[N]", "who called whom, across ecall and interrupts", ONCE, LOOKS, show::backtrace;
        ["frame", "f"] "[N]", "selects a function of the backtrace, or shows the selected one", ONCE, LOOKS, show::frame;
        ["up"] "[N]", "selects the caller", REPEATS, LOOKS, show::up;
        ["down"] "[N]", "selects the callee", REPEATS, LOOKS, show::down;
        ["list", "l"] "[PLACE]", "source", REPEATS, LOOKS, show::list;
        ["disassemble", "disas"] "[PLACE] [COUNT]", "instructions, with source lines between them", ONCE, LOOKS, show::disassemble;
        ["info", "i"] "TOPIC", "r b mem threads locals harts csr irq line symbol programs source: `help info`", ONCE, LOOKS, info::info;
        ["hart"] "[N]", "selects a hart, or lists them", ONCE, LOOKS, show::hart;
        ["console"] "[N]", "the last lines that the guest printed", ONCE, LOOKS, show::console;
        ["translate"] "ADDR [in PID]", "an address step by step through the page tables", ONCE, LOOKS, walk::translate;
        ["explain"] "", "the last trap: what was done, what was allowed, what would have to differ", ONCE, LOOKS, walk::explain;
    Os:
        ["processes", "ps"] "", "all processes", ONCE, LOOKS, processes::processes;
        ["threads"] "[PID]", "all threads, and what they are about", ONCE, LOOKS, processes::threads;
        ["thread", "t"] "[TID]", "selects a thread, also one that does not run", ONCE, LOOKS, processes::thread;
        ["jobs"] "", "all jobs, with their limits", ONCE, LOOKS, processes::jobs;
        ["mailboxes", "mb"] "[N]", "mailboxes, what is in them and who waits; deadlocks", ONCE, LOOKS, processes::mailboxes;
        ["sched"] "", "run queues: who is next, and why", ONCE, LOOKS, processes::sched;
        ["why"] "[PID]", "why a process does not run: since when, in which call, waiting for whom", ONCE, LOOKS, processes::why;
        ["page-table", "pt"] "[PID]", "what a process's addresses map to", ONCE, LOOKS, processes::page_table;
    Session:
        ["assert"] "EXPR", "fails (and so a script does) when it is zero", ONCE, LOOKS, examine::assert;
        ["expect-text"] "TEXT", "fails when the guest has not printed it", ONCE, LOOKS, show::expect_text;
        ["echo"] "TEXT", "says it", ONCE, LOOKS, show::echo;
        ["directory"] "DIR", "looks for source there too", ONCE, LOOKS, show::directory;
        ["system_reset", "reset"] "", "pulls the reset line", ONCE, CHANGES, run::reset;
        ["help", "h", "?"] "[COMMAND]", "this", ONCE, LOOKS, help;
        ["quit", "q"] "[EXPR]", "ends the session, with a status", ONCE, LOOKS, quit;
}

/// All commands.
#[must_use]
pub fn all() -> &'static [Command] {
    COMMANDS
}

/// The command of a name, or of the beginning of one that no other has.
pub(super) fn find(name: &str) -> Result<&'static Command, CommandError> {
    let exact = COMMANDS
        .iter()
        .find(|command| command.names.contains(&name));
    if let Some(command) = exact {
        return Ok(command);
    }
    let begins = |command: &&Command| {
        !name.is_empty() && command.names.iter().any(|full| full.starts_with(name))
    };
    let found: Vec<_> = COMMANDS.iter().filter(begins).collect();
    match found.as_slice() {
        [command] => Ok(command),
        [] => fail(format!("there is no command `{name}`: `help` lists them")),
        several => {
            let names: Vec<_> = several.iter().map(|command| command.names[0]).collect();
            fail(format!("`{name}` could be {}", names.join(", ")))
        }
    }
}

fn help(context: &mut Context<'_>, arguments: &str) -> Done {
    if !arguments.is_empty() {
        let command = find(arguments)?;
        context.say(format!(
            "{} {}\n{}",
            command.names.join(", "),
            command.arguments,
            command.help
        ));
        match command.names[0] {
            "catch" => context.say(points::CATCH_HELP),
            "info" => context.say(info::HELP),
            _ => {}
        }
        return Ok(());
    }
    for group in Group::ALL {
        context.say(format!("{}:", group.title()));
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let names = format!("{} {}", command.names.join(", "), command.arguments);
            match names.len() {
                ..=30 => context.say(format!("  {names:<31} {}", command.help)),
                _ => context.say(format!("  {names}\n  {:<31} {}", "", command.help)),
            }
        }
    }
    Ok(())
}

fn quit(context: &mut Context<'_>, arguments: &str) -> Done {
    let status = match arguments {
        "" => 0,
        text => context.number(text)?,
    };
    context.quit = Some(u8::try_from(status).unwrap_or(u8::MAX));
    Ok(())
}
