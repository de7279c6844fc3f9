//! The commands, and which one a line means.

use machine::Machine;

use super::{Answer, Monitor, address, info, memory};

type Outcome = Result<(String, Answer), String>;

/// A command.
struct Command {
    names: &'static [&'static str],
    arguments: &'static str,
    help: &'static str,
    run: fn(&mut Monitor, &[&str], &Machine) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command {
        names: &["help", "?"],
        arguments: "",
        help: "list the commands",
        run: |_, _, _| said(help()),
    },
    Command {
        names: &["info"],
        arguments: "SUBJECT",
        help: "tell about: registers [all], harts, status, irq, mem, mtree",
        run: |monitor, words, machine| {
            said(info::about(words, machine, monitor.hart, monitor.stopped)?)
        },
    },
    Command {
        names: &["hart", "cpu"],
        arguments: "N",
        help: "the hart that other commands are about",
        run: choose_hart,
    },
    Command {
        names: &["x"],
        arguments: "/FMT ADDRESS",
        help: "show memory at a virtual address; FMT is a count, a form (x, d, u, c, i) and a size (b, h, w, g): x/8xg $sp",
        run: |monitor, words, machine| said(memory::examine(words, machine, monitor.hart, true)?),
    },
    Command {
        names: &["xp"],
        arguments: "/FMT ADDRESS",
        help: "the same at a physical address",
        run: |monitor, words, machine| said(memory::examine(words, machine, monitor.hart, false)?),
    },
    Command {
        names: &["print", "p"],
        arguments: "EXPRESSION",
        help: "the value of numbers, symbols and $registers, with + and -",
        run: print,
    },
    Command {
        names: &["stop"],
        arguments: "",
        help: "hold the machine",
        run: |monitor, _, _| {
            monitor.stopped = true;
            said(String::new())
        },
    },
    Command {
        names: &["cont", "c"],
        arguments: "",
        help: "let it go on",
        run: |monitor, _, _| {
            monitor.stopped = false;
            said(String::new())
        },
    },
    Command {
        names: &["system_reset"],
        arguments: "",
        help: "press the machine's reset button",
        run: |_, _, _| Ok((String::new(), Answer::Reset)),
    },
    Command {
        names: &["quit", "q"],
        arguments: "",
        help: "end the emulator",
        run: |_, _, _| Ok((String::new(), Answer::Quit)),
    },
];

fn said(text: String) -> Outcome {
    Ok((text, Answer::Done))
}

/// Does what a line says.
pub fn execute(monitor: &mut Monitor, line: &str, machine: &Machine) -> Outcome {
    // `x/4i` is two words.
    let line = line.trim().replacen('/', " /", 1);
    let words: Vec<_> = line.split_whitespace().collect();
    let Some((&name, arguments)) = words.split_first() else {
        return said(String::new());
    };
    (find(name)?.run)(monitor, arguments, machine)
}

/// The command of that name, or the only one that begins so.
fn find(name: &str) -> Result<&'static Command, String> {
    let exact = COMMANDS
        .iter()
        .find(|command| command.names.contains(&name));
    if let Some(command) = exact {
        return Ok(command);
    }
    let begin: Vec<_> = COMMANDS
        .iter()
        .filter(|command| command.names[0].starts_with(name))
        .collect();
    match begin.as_slice() {
        [command] => Ok(command),
        [] => Err(format!("there is no command `{name}`; `help` lists them")),
        several => {
            let names: Vec<_> = several.iter().map(|command| command.names[0]).collect();
            Err(format!("`{name}` can be {}", names.join(" or ")))
        }
    }
}

fn help() -> String {
    let line = |command: &Command| {
        let name = command.names.join("|");
        let usage = format!("{name} {}", command.arguments);
        format!("{usage:<24} {}\n", command.help)
    };
    let mut text: String = COMMANDS.iter().map(line).collect();
    text += "Ctrl-A c goes back to the guest's console.\n";
    text
}

fn choose_hart(monitor: &mut Monitor, words: &[&str], machine: &Machine) -> Outcome {
    let harts = machine.harts().len();
    let chosen = words.first().and_then(|word| word.parse().ok());
    match chosen {
        Some(hart) if hart < harts => {
            monitor.hart = hart;
            said(String::new())
        }
        _ => Err(format!("it is a hart, 0 to {}", harts - 1)),
    }
}

fn print(monitor: &mut Monitor, words: &[&str], machine: &Machine) -> Outcome {
    let value = address::evaluate(&words.concat(), machine, monitor.hart)?;
    let place =
        crate::run::place(machine, value).map_or(String::new(), |name| format!(" <{name}>"));
    said(format!("{value:#x} = {value}{place}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::Config;
    use proptest::prelude::*;

    fn machine() -> Machine {
        Machine::new(Config {
            memory: 1 << 20,
            ..Config::default()
        })
        .unwrap()
    }

    #[test]
    fn commands_are_found_by_how_they_begin() {
        assert_eq!(find("sto").unwrap().names[0], "stop");
        assert_eq!(find("c").unwrap().names[0], "cont");
        assert!(find("s").err().unwrap().contains("stop or system_reset"));
        assert!(find("nonsense").err().unwrap().contains("help"));
    }

    #[test]
    fn stop_and_cont_hold_and_release() {
        let (mut monitor, machine) = (Monitor::new(false, false), machine());
        execute(&mut monitor, "stop", &machine).unwrap();
        assert!(monitor.is_stopped());
        execute(&mut monitor, "cont", &machine).unwrap();
        assert!(!monitor.is_stopped());
        let reset = execute(&mut monitor, "system_reset", &machine).unwrap();
        assert_eq!(reset.1, Answer::Reset);
    }

    #[test]
    fn memory_is_shown() {
        let (mut monitor, mut machine) = (Monitor::new(false, false), machine());
        machine
            .bus_mut()
            .ram
            .write(0x8000_0000, &0x0000_0013_u32.to_le_bytes());
        let mut shown = |line| execute(&mut monitor, line, &machine).map(|(text, _)| text);
        assert_eq!(
            shown("xp/2xb 0x80000000").unwrap(),
            "0000000080000000: 0x13 0x00\n"
        );
        assert_eq!(
            shown("x/i 0x80000000").unwrap(),
            "0000000080000000: 00000013\tnop\n"
        );
        assert!(shown("x 0").unwrap_err().contains("not mapped"));
    }

    proptest! {
        #[test]
        fn no_line_does_any_harm(line in "(info |x|xp|p |cpu )?[/a-z0-9$+ -]{0,24}") {
            let (mut monitor, machine) = (Monitor::new(false, false), machine());
            let _ = execute(&mut monitor, &line, &machine);
        }
    }
}
