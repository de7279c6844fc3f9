//! The command at a terminal and at a pipe: keys, the monitor, what is left behind, and recordings.
#![cfg(unix)]

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longer than anything takes on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);
const COMMAND: &str = env!("CARGO_BIN_EXE_hartland");

fn sample(name: &str) -> String {
    let file = format!("../guest-images/images/{name}.elf");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    path.display().to_string()
}

/// The command at a terminal of its own.
struct AtTerminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    shown: Receiver<Vec<u8>>,
    text: String,
    child: Box<dyn Child + Send + Sync>,
}

impl AtTerminal {
    fn start(arguments: &[&str]) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize::default())
            .expect("a terminal");
        let mut command = CommandBuilder::new(COMMAND);
        command.args(arguments);
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (send, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        // The slave stays open, so that its settings can be looked at when the command is gone.
        std::mem::forget(pair.slave);
        Self {
            master: pair.master,
            keys,
            shown,
            text: String::new(),
            child,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typed");
        self.keys.flush().expect("typed");
    }

    /// Waits until a text is shown, and forgets what came up to there.
    fn wait_for(&mut self, wanted: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text.find(wanted) {
                let rest = self.text.split_off(at + wanted.len());
                return std::mem::replace(&mut self.text, rest);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.text += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("`{wanted}` was not shown, but:\n{}", self.text),
            }
        }
    }

    /// Whether the terminal hands on each key at once and shows nothing by itself.
    fn is_raw(&self) -> bool {
        let settings = self.master.get_termios().expect("settings");
        !settings
            .local_flags
            .contains(nix::sys::termios::LocalFlags::ICANON)
    }

    fn end(mut self) -> u32 {
        let status = self.child.wait().expect("it ends");
        assert!(!self.is_raw(), "the terminal was left raw");
        status.exit_code()
    }
}

#[test]
fn ctrl_a_x_ends_it_and_the_terminal_is_as_before() {
    let mut at = AtTerminal::start(&["run", "-S", &sample("spin-forever")]);
    at.wait_for("(hartland) ");
    assert!(at.is_raw());
    at.press("\x01x");
    assert_eq!(at.end(), 0);
}

#[test]
fn a_signal_leaves_the_terminal_as_before() {
    let mut at = AtTerminal::start(&["run", "-S", &sample("spin-forever")]);
    at.wait_for("(hartland) ");
    let id = at.child.process_id().expect("it runs").to_string();
    let killed = Command::new("kill").args(["-TERM", &id]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    at.wait_for("ended by signal 15");
    assert_eq!(at.end(), 128 + 15);
}

#[test]
fn the_monitor_answers() {
    let mut at = AtTerminal::start(&["run", "-S", &sample("hello")]);
    at.wait_for("(hartland) ");
    at.press("info statux\x7fs\r");
    assert!(at.wait_for("(hartland) ").contains("stopped: step 0"));
    at.press("info registers\r");
    let registers = at.wait_for("(hartland) ");
    assert!(
        registers.contains("hart 0: pc 0000000000001000"),
        "{registers}"
    );
    assert!(registers.contains("x2/sp") && registers.contains("mstatus"));
    at.press("print bare_main\r");
    assert!(at.wait_for("(hartland) ").contains("<bare_main>"));
    at.press("nonsense\r");
    assert!(at.wait_for("(hartland) ").contains("there is no command"));
    at.press("cont\r");
    at.wait_for("Hello");
    assert_eq!(at.end(), 0);
}

#[test]
fn a_reset_starts_the_guest_again() {
    let mut at = AtTerminal::start(&["run"]);
    at.wait_for("left: turn 1");
    at.press("\x01c");
    at.wait_for("(hartland) ");
    at.press("system_reset\r\x01c");
    at.wait_for("Hartland SBI");
    at.wait_for("conductor: right ended with status 0");
    at.wait_for("fawn$ ");
    at.press("exit 3\r");
    assert_eq!(at.end(), 3);
}

#[test]
fn help_names_the_keys() {
    let mut at = AtTerminal::start(&["run", "-S", &sample("hello")]);
    at.wait_for("(hartland) ");
    at.press("\x01h");
    at.wait_for("Ctrl-A x");
    at.wait_for("Ctrl-A Ctrl-A");
    at.press("quit\r");
    assert_eq!(at.end(), 0);
}

/// The command with what is typed coming from a pipe.
fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(COMMAND)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // It may end before it has read everything.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_monitor_takes_commands_from_a_pipe() {
    let output = piped(
        &["run", "-S", &sample("hello")],
        b"info mtree\nxp/xw 0x80000000\nquit\n",
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    assert!(
        said.contains("0000000010000000-00000000100000ff uart"),
        "{said}"
    );
    assert!(said.contains("0000000080000000: 0x"), "{said}");
}

#[test]
fn a_machine_that_was_stopped_goes_on_when_nobody_can_say_so() {
    let output = piped(&["run", "-S", &sample("hello")], b"");
    assert!(text(&output.stdout).starts_with("Hello"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn output_can_go_to_a_file_or_nowhere() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("console");
    let serial = format!("file:{}", file.display());
    let output = piped(&["run", "--serial", &serial, &sample("hello")], b"");
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "")
    );
    let written = std::fs::read_to_string(&file).expect("written");
    assert!(written.starts_with("Hello"));
    let output = piped(&["run", "--serial", "null", &sample("hello")], b"");
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "")
    );
    let output = piped(
        &["run", "--serial", "file:/nowhere/at/all", &sample("hello")],
        b"",
    );
    assert_eq!(output.status.code(), Some(125));
    assert!(text(&output.stderr).contains("/nowhere/at/all"));
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let mut child = Command::new(COMMAND)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(128 + 13));
}

/// A directory with a recording of what a pipe typed.
fn recorded(arguments: &[&str], input: &[u8]) -> (tempfile::TempDir, String, Output) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("run.rec").display().to_string();
    let mut all = vec!["run", "--record", &file];
    all.extend(arguments);
    let output = piped(&all, input);
    (directory, file, output)
}

#[test]
fn a_recording_replays_to_the_same_state_and_output() {
    for arguments in [
        &["--smp", "4"][..],
        &[&sample("semihosting")],
        &[&sample("exit-status")],
    ] {
        let (_directory, file, live) = recorded(arguments, b"typed while it runs\n");
        let again = piped(&["replay", &file], b"");
        assert_eq!(again.status.code(), live.status.code(), "{arguments:?}");
        assert_eq!(text(&again.stdout), text(&live.stdout), "{arguments:?}");
        let said = text(&again.stderr);
        assert!(
            said.contains("same state") && said.contains("same output"),
            "{said}"
        );
        let plain = piped(&["replay", "--engine", "plain", &file], b"");
        assert!(
            text(&plain.stderr).contains("same state"),
            "{}",
            text(&plain.stderr)
        );
    }
}

#[test]
fn an_interactive_session_replays() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("run.rec").display().to_string();
    let mut at = AtTerminal::start(&["run", "--record", &file]);
    at.wait_for("left: turn 1");
    at.press("keys that are not read\r\x01c");
    at.wait_for("(hartland) ");
    at.press("system_reset\r");
    at.wait_for("Hartland SBI");
    at.wait_for("right: turn 1");
    at.press("quit\r");
    assert_eq!(at.end(), 0);
    let again = piped(&["replay", &file], b"");
    let said = text(&again.stderr);
    assert!(
        said.contains("2 events: same state") && said.contains("same output"),
        "{said}"
    );
    assert_eq!(text(&again.stdout).matches("Hartland SBI").count(), 2);
}

#[test]
fn a_recording_that_was_cut_off_replays_as_far_as_it_goes() {
    let (_directory, file, _) = recorded(&[&sample("hello")], b"abc");
    let whole = std::fs::read(&file).expect("the recording");
    for len in [whole.len() - 1, whole.len() - 20] {
        std::fs::write(&file, &whole[..len]).expect("written");
        let output = piped(&["replay", &file], b"");
        assert_eq!(output.status.code(), Some(0));
        assert!(
            text(&output.stderr).contains("cut off"),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn what_is_no_recording_is_refused_in_a_sentence() {
    let (_directory, file, _) = recorded(&[&sample("hello")], b"");
    let whole = std::fs::read(&file).expect("the recording");
    let mut damaged = whole.clone();
    damaged[60] ^= 1;
    let mut other = whole.clone();
    other[19] = b'9';
    for (bytes, why) in [
        (&b"\x7fELF and more"[..], "no recording"),
        (&whole[..40], "cut off before the first step"),
        (&damaged, "damaged"),
        (&other, "another version"),
    ] {
        std::fs::write(&file, bytes).expect("written");
        let output = piped(&["replay", &file], b"");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(126), "{said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    }
    let output = piped(&["replay", "/nowhere/at/all"], b"");
    assert_eq!(output.status.code(), Some(127));
}

#[test]
fn a_script_runs_in_fawns_shell_and_its_status_is_ours() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("script");
    std::fs::write(&file, "hello a b | grep argument | wc\nexit 5\n").expect("written");
    let output = piped(&["run", "--script", &file.display().to_string()], b"");
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    let printed = text(&output.stdout).replace('\r', "");
    assert_eq!(printed.split_whitespace().next(), Some("2"), "{printed}");
}

#[test]
fn the_end_of_input_ends_fawns_shell() {
    let output = piped(&["run"], b"echo typed\nexit 6\n");
    assert_eq!(output.status.code(), Some(6));
    assert!(
        text(&output.stdout).contains("\ntyped\r\n"),
        "{}",
        text(&output.stdout)
    );
    let output = piped(&["run"], b"");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn keys_stop_and_interrupt_what_runs_on_fawn() {
    let mut at = AtTerminal::start(&["run"]);
    at.wait_for("fawn$ ");
    at.press("sleep 1000\r");
    at.wait_for("sleep 1000");
    std::thread::sleep(Duration::from_millis(300));
    at.press("\x1a");
    at.wait_for("stopped  sleep 1000");
    at.wait_for("fawn$ ");
    at.press("fg\r");
    at.wait_for("sleep 1000");
    std::thread::sleep(Duration::from_millis(300));
    at.press("\x03");
    at.wait_for("fawn$ ");
    at.press("exit 9\r");
    assert_eq!(at.end(), 9);
}
