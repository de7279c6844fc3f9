//! The guest's console on the host: bytes to standard output, keys from the terminal.

use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use crate::terminal;

/// Ctrl-A: what follows is for the emulator.
const ESCAPE: u8 = 1;

/// What a person typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Bytes for the guest.
    Input(Vec<u8>),
    /// Ctrl-A x: end the emulator.
    Quit,
    /// Ctrl-A h: say which keys there are.
    Help,
}

/// Where a person types, if one is there.
pub struct Keyboard {
    typed: Receiver<Typed>,
    open: bool,
}

impl Keyboard {
    /// Listens at the terminal.
    pub fn listen() -> Self {
        let (send, typed) = mpsc::channel();
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            let mut keys = Keys::default();
            let mut bytes = [0; 256];
            while let Ok(n @ 1..) = stdin.read(&mut bytes) {
                for typed in keys.take(&bytes[..n]) {
                    if send.send(typed).is_err() {
                        return;
                    }
                }
            }
        });
        Self { typed, open: true }
    }

    /// What was typed meanwhile.
    pub fn poll(&mut self) -> Option<Typed> {
        match self.typed.try_recv() {
            Ok(typed) => Some(typed),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.open = false;
                None
            }
        }
    }

    /// Waits until something is typed, or for `most`.
    pub fn wait(&mut self, most: Duration) -> Option<Typed> {
        match self.typed.recv_timeout(most) {
            Ok(typed) => Some(typed),
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

/// Tells keys for the emulator from keys for the guest.
#[derive(Default)]
struct Keys {
    escaped: bool,
}

impl Keys {
    fn take(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        let mut input = Vec::new();
        for &byte in bytes {
            match (std::mem::take(&mut self.escaped), byte) {
                (false, ESCAPE) => self.escaped = true,
                (true, b'x' | b'X') => typed.push(Typed::Quit),
                (true, b'h' | b'H' | b'?') => typed.push(Typed::Help),
                (true, ESCAPE) | (false, _) => input.push(byte),
                (true, _) => {}
            }
        }
        if !input.is_empty() {
            typed.insert(0, Typed::Input(input));
        }
        typed
    }
}

/// Writes guest output at once; a reader that went away ends the output, not the run.
pub fn print(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    let written = if terminal::is_raw() {
        bytes
            .split_inclusive(|&byte| byte == b'\n')
            .try_for_each(|line| match line.strip_suffix(b"\n") {
                Some(text) => stdout
                    .write_all(text)
                    .and_then(|()| stdout.write_all(b"\r\n")),
                None => stdout.write_all(line),
            })
    } else {
        stdout.write_all(bytes)
    };
    // A closed pipe is the reader's choice: there is nobody left to tell.
    let _ = written.and_then(|()| stdout.flush());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_after_ctrl_a_are_the_emulators() {
        let mut keys = Keys::default();
        assert_eq!(keys.take(b"ab\x03"), [Typed::Input(b"ab\x03".to_vec())]);
        assert_eq!(keys.take(b"\x01"), []);
        assert_eq!(keys.take(b"x"), [Typed::Quit]);
        assert_eq!(
            keys.take(b"\x01\x01\x01h"),
            [Typed::Input(vec![1]), Typed::Help]
        );
        assert_eq!(keys.take(b"\x01q"), []);
    }

    #[test]
    fn a_text_is_found_across_pieces() {
        let mut watch = TextWatch::new("passed");
        assert!(!watch.sees(b"all pa"));
        assert!(!watch.sees(b"ss"));
        assert!(watch.sees(b"ed\n"));
        assert!(TextWatch::new("").sees(b""));
    }
}
