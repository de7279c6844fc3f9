//! Where somebody types: a terminal, or a pipe.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

/// Ctrl-A: what follows is for the emulator.
const ESCAPE: u8 = 1;
/// Pieces of input that wait to be looked at: a pipe that never ends must not fill the memory.
const MOST_WAITING: usize = 4;

/// What somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Bytes for the guest or, after [`Typed::Monitor`], for the monitor.
    Input(Vec<u8>),
    /// Ctrl-A x: end the emulator.
    Quit,
    /// Ctrl-A h: say which keys there are.
    Help,
    /// Ctrl-A c: to the monitor, or back.
    Monitor,
}

/// Where somebody types.
pub struct Keyboard {
    typed: Receiver<Typed>,
    open: bool,
}

impl Keyboard {
    /// Listens at standard input.
    pub fn listen() -> Self {
        let (send, typed) = mpsc::sync_channel(MOST_WAITING);
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            let mut keys = Keys::default();
            let mut bytes = [0; 1024];
            loop {
                let count = match stdin.read(&mut bytes) {
                    Ok(0) => return,
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(1));
                        continue;
                    }
                    Err(_) => return,
                };
                for typed in keys.take(&bytes[..count]) {
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
    /// What some bytes mean, in their order.
    fn take(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        let mut input = Vec::new();
        for &byte in bytes {
            let command = match (std::mem::take(&mut self.escaped), byte) {
                (false, ESCAPE) => {
                    self.escaped = true;
                    continue;
                }
                (true, ESCAPE) | (false, _) => {
                    input.push(byte);
                    continue;
                }
                (true, b'x' | b'X') => Typed::Quit,
                (true, b'h' | b'H' | b'?') => Typed::Help,
                (true, b'c' | b'C') => Typed::Monitor,
                (true, _) => continue,
            };
            if !input.is_empty() {
                typed.push(Typed::Input(std::mem::take(&mut input)));
            }
            typed.push(command);
        }
        if !input.is_empty() {
            typed.push(Typed::Input(input));
        }
        typed
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
    fn what_is_typed_keeps_its_order() {
        let input = |text: &[u8]| Typed::Input(text.to_vec());
        assert_eq!(
            Keys::default().take(b"ls\r\x01cinfo irq\r\x01cok"),
            [
                input(b"ls\r"),
                Typed::Monitor,
                input(b"info irq\r"),
                Typed::Monitor,
                input(b"ok")
            ]
        );
    }
}
