//! `--gdb`: a machine that gdb debugs, with the guest's console where it always is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use debugger::gdb::{self, Connections, Ending, Host, Peer};
use debugger::session::Session;
use debugger::symbols::Source;
use debugger::{Target, Timeline, Why};

use crate::debug::programs;
use crate::failure::{Failure, say, status};
use crate::terminal::RawTerminal;
use crate::terminal::keyboard::{Keyboard, Typed};
use crate::terminal::output::{Output, Serial};
use crate::terminal::signals::Signals;

/// Ctrl-D: what ends the input of a program that reads a terminal.
const END_OF_INPUT: u8 = 4;

/// Where gdb connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// An address of this host, with its port.
    Address(String),
    /// Standard input and output: gdb started this process.
    Stdio,
}

/// `--gdb` as it is written: `stdio`, `:1234`, `localhost:1234`, or QEMU's `tcp::1234`.
pub fn parse_where(text: &str) -> Result<Where, String> {
    if text == "stdio" || text == "-" {
        return Ok(Where::Stdio);
    }
    let address = text.strip_prefix("tcp:").unwrap_or(text);
    let (host, port) = address.rsplit_once(':').unwrap_or(("", address));
    let port: u16 = port
        .parse()
        .map_err(|_| "it is `stdio`, or a port such as `:1234`".to_owned())?;
    // From elsewhere nobody comes in unless asked: whoever does can do anything.
    let host = if host.is_empty() { "localhost" } else { host };
    Ok(Where::Address(format!("{host}:{port}")))
}

/// What surrounds the machine.
pub struct Surroundings {
    /// Where gdb connects.
    pub at: Where,
    /// What the serial port is connected to.
    pub serial: Serial,
    /// Whether somebody may type at the guest's console.
    pub listens: bool,
    /// The guest is told when there is no more input.
    pub tells_end: bool,
    /// Wait for gdb before the first step.
    pub waits: bool,
    /// When it must end.
    pub timeout: Option<f64>,
    /// The programs that `monitor` knows by name.
    pub programs: BTreeMap<String, Vec<u8>>,
    /// The file that is debugged.
    pub file: Option<PathBuf>,
}

struct Console {
    session: Session,
    output: Option<Output>,
    keyboard: Option<Keyboard>,
    tells_end: bool,
    signals: Signals,
    deadline: Option<Instant>,
    /// Why it must end, as an exit status.
    ends: Option<u8>,
}

impl Host for Console {
    fn print(&mut self, bytes: &[u8]) {
        let written = match &mut self.output {
            Some(output) => output.write(bytes).is_ok(),
            None => std::io::Write::write_all(&mut std::io::stderr(), bytes).is_ok(),
        };
        if !written {
            self.ends = Some(status::EMULATOR);
        }
    }

    fn typed(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(keyboard) = &mut self.keyboard {
            match keyboard.poll() {
                Some(Typed::Input(more)) => bytes.extend(more),
                Some(Typed::Quit) => self.ends = Some(0),
                Some(Typed::Help) => say("Ctrl-A x ends the emulator; all else is gdb's"),
                Some(Typed::Monitor) => say("gdb's `monitor` command is the monitor"),
                None if keyboard.is_open() => break,
                None => {
                    self.keyboard = None;
                    if self.tells_end {
                        bytes.push(END_OF_INPUT);
                    }
                }
            }
        }
        bytes
    }

    fn wants_end(&mut self) -> bool {
        if let Some(number) = self.signals.caught() {
            self.ends = Some(status::SIGNAL + number);
        }
        if self.deadline.is_some_and(|at| Instant::now() >= at) {
            self.ends = Some(status::LIMIT);
        }
        self.ends.is_some()
    }

    fn monitor(&mut self, target: &mut dyn Target, command: &str) -> String {
        const OF_TIME: [&str; 8] = [
            "when",
            "goto",
            "present",
            "last-write",
            "branch",
            "timelines",
            "timeline",
            "",
        ];
        let first = command.split_whitespace().next().unwrap_or_default();
        if OF_TIME.contains(&first) {
            return gdb::time_command(target, command);
        }
        let mut text = match first {
            "help" => gdb::time_command(target, "help"),
            _ => String::new(),
        };
        let reply = self.session.look(target, command);
        text += &reply.text;
        if let Some(error) = reply.error {
            text += &error;
            text.push('\n');
        }
        text
    }

    fn say(&mut self, what: &str) {
        say(what);
    }
}

/// Serves gdb until it kills the machine or the guest has ended.
///
/// # Errors
/// The port cannot be had, or a file not be made.
pub fn serve(timeline: &mut Timeline, mut around: Surroundings) -> Result<u8, Failure> {
    let mut session = Session::new(Source::default());
    let files = std::mem::take(&mut around.programs);
    let memory = timeline.machine().config().memory;
    programs::add_to(&mut session, around.file.as_deref(), memory, files);
    let over_stdio = around.at == Where::Stdio;
    let (output, at_stdio) = match (&around.serial, over_stdio) {
        // gdb speaks there.
        (Serial::Stdio, true) => (None, false),
        (serial, _) => (Some(Output::open(serial)?), *serial == Serial::Stdio),
    };
    let mut connections = connect(&around.at)?;
    let listens = around.listens && at_stdio;
    let raw = listens.then(RawTerminal::enter).flatten();
    let mut console = Console {
        session,
        output,
        keyboard: listens.then(Keyboard::listen),
        tells_end: around.tells_end && raw.is_none(),
        signals: Signals::catch(),
        deadline: around
            .timeout
            .map(|seconds| Instant::now() + Duration::from_secs_f64(seconds)),
        ends: None,
    };
    if let Some(port) = connections.port() {
        say(&format!("gdb can connect: target remote :{port}"));
    }
    let running = !around.waits;
    let served = gdb::serve(timeline, &mut console, &mut connections, running);
    drop(raw);
    let ending = served.map_err(|error| Failure::new(status::EMULATOR, format!("gdb: {error}")))?;
    Ok(match ending {
        Ending::Asked => console.ends.unwrap_or(0),
        Ending::Exited(status) => status,
        Ending::Over(Why::Exit(exit)) => exit.status(),
        Ending::Over(Why::Stuck(stuck)) => {
            say(&format!("the guest can never go on: {stuck}"));
            status::EMULATOR
        }
        Ending::Killed | Ending::Closed | Ending::Over(_) => 0,
    })
}

fn connect(at: &Where) -> Result<Connections, Failure> {
    match at {
        Where::Stdio => Ok(Connections::once(Peer::new(
            std::io::stdin(),
            Box::new(std::io::stdout()),
        ))),
        Where::Address(address) => Connections::listen(address).map_err(|error| {
            let message = format!("--gdb {address}: cannot listen there: {error}");
            Failure::new(status::EMULATOR, message)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_gdb_and_qemu_write_it() {
        let address = |text: &str| Ok(Where::Address(text.to_owned()));
        assert_eq!(parse_where("stdio"), Ok(Where::Stdio));
        assert_eq!(parse_where(":1234"), address("localhost:1234"));
        assert_eq!(parse_where("1234"), address("localhost:1234"));
        assert_eq!(parse_where("tcp::1234"), address("localhost:1234"));
        assert_eq!(parse_where("0.0.0.0:99"), address("0.0.0.0:99"));
        assert!(parse_where("hello.elf").is_err());
        assert!(parse_where(":70000").is_err());
    }
}
