//! The terminal UI in a real terminal: tmux types and looks at the screen.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

/// Nothing takes longer to appear.
const PATIENCE: Duration = Duration::from_secs(30);

struct Terminal {
    socket: String,
    home: tempfile::TempDir,
}

impl Terminal {
    /// A terminal of 80 by 24 with a debugger in it; none where there is no tmux.
    fn start(name: &str, program: &str) -> Option<Self> {
        let home = tempfile::tempdir().expect("a directory");
        let terminal = Self {
            socket: format!("hartland-{name}-{}", std::process::id()),
            home,
        };
        if Command::new("tmux").arg("-V").output().is_err() {
            // Past what the test harness keeps to itself.
            let _ = writeln!(
                std::io::stderr(),
                "NOT TESTED: there is no tmux here, so nobody looks at the terminal UI"
            );
            return None;
        }
        terminal.shell(program);
        Some(terminal)
    }

    fn shell(&self, program: &str) {
        let state = self.home.path().display();
        let hartland = env!("CARGO_BIN_EXE_hartland");
        // What stands on the screen behind the UI says whether the terminal was restored.
        let line = format!(
            "XDG_STATE_HOME={state} {hartland} debug {program}; echo \"status $?\"; stty -a | grep -o ' -\\?icanon'; sleep 60"
        );
        let images = super::images().display().to_string();
        let size = ["-x", "80", "-y", "24"];
        let session = match self.screen().is_empty() {
            true => ["new-session", "-d", "-s", "t", "-c", &images],
            // In the terminal that is there: a server that is about to end takes no new session.
            false => ["respawn-pane", "-k", "-t", "t", "-c", &images],
        };
        let size = if session[0] == "new-session" {
            &size[..]
        } else {
            &[]
        };
        self.tmux(&[&session[..], size, &[&line]].concat());
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .args(["-L", &self.socket, "-f", "/dev/null"])
            .args(arguments)
            .output()
            .expect("tmux");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn keys(&self, keys: &[&str]) {
        let mut arguments = vec!["send-keys", "-t", "t"];
        arguments.extend(keys);
        self.tmux(&arguments);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-t", "t"])
    }

    /// Waits until a text is on the screen.
    fn wait_for(&self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{text:?} does not come:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn keys_step_and_the_terminal_is_restored() {
    let Some(terminal) = Terminal::start("keys", "fib.elf") else {
        return;
    };
    let screen = terminal.wait_for("step 0");
    for text in [
        "registers",
        "code",
        "stack",
        "memory",
        "1 commands",
        "? keys",
    ] {
        assert!(screen.contains(text), "{text}:\n{screen}");
    }
    terminal.keys(&["i", "i", "i"]);
    terminal.wait_for("step 3");
    terminal.keys(&["I"]);
    terminal.wait_for("step 2 (past)");
    terminal.keys(&["?"]);
    terminal.wait_for("Shift-F11");
    terminal.keys(&["x"]);
    terminal.wait_for("registers");
    // A command with completion; what it says is below.
    terminal.keys(&[":", "p $p", "Tab", "Enter"]);
    terminal.wait_for("$1 = ");
    // To another size and back.
    terminal.tmux(&["resize-window", "-t", "t", "-x", "120", "-y", "40"]);
    terminal.wait_for("step 2 (past)");
    terminal.tmux(&["resize-window", "-t", "t", "-x", "80", "-y", "24"]);
    terminal.keys(&["q"]);
    terminal.wait_for("quit?");
    terminal.keys(&["y"]);
    let screen = terminal.wait_for("icanon");
    assert!(screen.contains("status 0"), "{screen}");
    assert!(!screen.contains("-icanon"), "{screen}");
}

#[test]
fn breakpoints_are_kept_for_the_next_session() {
    let Some(terminal) = Terminal::start("kept", "fib.elf") else {
        return;
    };
    terminal.wait_for("step 0");
    terminal.keys(&[":", "b main", "Enter"]);
    terminal.wait_for("breakpoint 1");
    terminal.keys(&["q", "y"]);
    terminal.wait_for("icanon");
    terminal.shell("fib.elf");
    terminal.wait_for("breakpoint 1: main");
    terminal.keys(&["F5"]);
    terminal.wait_for("breakpoint 1");
    terminal.keys(&["q", "y"]);
    terminal.wait_for("status 0");
}

#[test]
fn fawn_is_debugged_from_its_shell() {
    let Some(terminal) = Terminal::start("fawn", "") else {
        return;
    };
    terminal.wait_for("step 0");
    terminal.keys(&["c"]);
    terminal.wait_for("waits for input");
    terminal.keys(&[":", "b main in hello", "Enter"]);
    terminal.wait_for("breakpoint 1");
    terminal.keys(&[">", "hello", "Enter"]);
    terminal.wait_for("process 6 hello");
    terminal.keys(&["3"]);
    terminal.wait_for("waits for a child");
    // A program that runs for ever is interrupted.
    terminal.keys(&["q", "y"]);
    terminal.wait_for("status 0");
}
