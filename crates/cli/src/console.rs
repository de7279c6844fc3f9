//! The guest's console on the host: bytes to standard output, lines from the terminal.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

/// Where a person types, if one is there.
pub struct Keyboard {
    lines: Receiver<Vec<u8>>,
    open: bool,
}

impl Keyboard {
    /// Listens at the terminal; `None` when standard input is none.
    pub fn at_terminal() -> Option<Self> {
        if !io::stdin().is_terminal() {
            return None;
        }
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            let mut line = Vec::new();
            while matches!(stdin.read_until(b'\n', &mut line), Ok(n) if n > 0) {
                if send.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        Some(Self { lines, open: true })
    }

    /// What was typed meanwhile.
    pub fn poll(&mut self) -> Option<Vec<u8>> {
        match self.lines.try_recv() {
            Ok(line) => Some(line),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.open = false;
                None
            }
        }
    }

    /// Waits until something is typed, or for `most`.
    pub fn wait(&mut self, most: Duration) -> Option<Vec<u8>> {
        match self.lines.recv_timeout(most) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.open = false;
                None
            }
        }
    }

    /// Whether somebody may still type.
    pub fn is_open(&self) -> bool {
        self.open
    }
}

/// Writes guest output at once; a reader that went away ends the output, not the run.
pub fn print(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    // A closed pipe is the reader's choice: there is nobody left to tell.
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

/// Finds a text in output that comes piece by piece.
pub struct TextWatch {
    text: Vec<u8>,
    tail: Vec<u8>,
}

impl TextWatch {
    /// Looks for `text`.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.as_bytes().to_vec(),
            tail: Vec::new(),
        }
    }

    /// Whether the text has been seen, with this piece.
    pub fn sees(&mut self, piece: &[u8]) -> bool {
        if self.text.is_empty() {
            return true;
        }
        self.tail.extend_from_slice(piece);
        let found = self.tail.windows(self.text.len()).any(|w| w == self.text);
        let keep = self.tail.len().min(self.text.len() - 1);
        self.tail.drain(..self.tail.len() - keep);
        found
    }
}
