//! `ioctl` of the console.

use abi::errno;
use kernel_core::descriptor::Rights;

use super::Outcome;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::object::Object;

const TCGETS: u64 = 0x5401;
const TCSETS: u64 = 0x5402;
const TCSETSW: u64 = 0x5403;
const TCSETSF: u64 = 0x5404;
const TIOCGPGRP: u64 = 0x540f;
const TIOCSPGRP: u64 = 0x5410;
const TIOCGWINSZ: u64 = 0x5413;

/// Bytes of Linux's `struct termios` as the kernel has it, and where its parts are.
const TERMIOS_BYTES: usize = 36;
const INPUT_FLAGS: usize = 0;
const OUTPUT_FLAGS: usize = 4;
const CONTROL_FLAGS: usize = 8;
const LOCAL_FLAGS: usize = 12;
const CHARACTERS: usize = 17;

const ICRNL: u32 = 0o400;
const OPOST_ONLCR: u32 = 5;
/// 38,400 baud, 8 bits, receiver on.
const CONTROL: u32 = 0o277;
const ISIG: u32 = 1;
const ICANON: u32 = 2;
const ECHO: u32 = 8;
const ECHOE_ECHOK: u32 = 0o60;

impl Kernel {
    /// `ioctl(descriptor, request, argument)`.
    pub fn control_terminal(&mut self, hart: &Hart, arguments: [u64; 6]) -> Outcome {
        let [descriptor, request, at, ..] = arguments;
        if self.object(hart, descriptor, Rights::empty())? != Object::Console {
            return Err(errno::ENOTTY.into());
        }
        match request as u32 as u64 {
            TCGETS => {
                let bytes = self.terminal_settings();
                self.write_user(hart, at, &bytes)?;
            }
            TCSETS | TCSETSW | TCSETSF => {
                let mut bytes = [0; TERMIOS_BYTES];
                self.read_user(hart, at, &mut bytes)?;
                if request as u32 as u64 == TCSETSF {
                    self.line.flush_input();
                }
                self.set_terminal(&bytes);
            }
            TIOCGWINSZ => {
                let (rows, columns) = (24u16, 80u16);
                let mut bytes = [0; 8];
                bytes[..2].copy_from_slice(&rows.to_le_bytes());
                bytes[2..4].copy_from_slice(&columns.to_le_bytes());
                self.write_user(hart, at, &bytes)?;
            }
            TIOCGPGRP => {
                let foreground = self.foreground;
                self.write_user(hart, at, &foreground.to_le_bytes())?;
            }
            TIOCSPGRP => {
                let mut bytes = [0; 4];
                self.read_user(hart, at, &mut bytes)?;
                self.foreground = u32::from_le_bytes(bytes);
            }
            _ => return Err(errno::ENOTTY.into()),
        }
        Ok(0)
    }

    fn terminal_settings(&self) -> [u8; TERMIOS_BYTES] {
        /// Ctrl-C, Ctrl-\, DEL, Ctrl-U, Ctrl-D.
        const KEYS: [u8; 5] = [3, 28, 127, 21, 4];
        let settings = self.line.settings();
        let flag = |on: bool, bits: u32| if on { bits } else { 0 };
        let local = flag(settings.signals, ISIG)
            | flag(settings.canonical, ICANON)
            | flag(settings.echo, ECHO | ECHOE_ECHOK);
        let mut bytes = [0; TERMIOS_BYTES];
        let words = [
            (INPUT_FLAGS, flag(settings.map_cr, ICRNL)),
            (OUTPUT_FLAGS, OPOST_ONLCR),
            (CONTROL_FLAGS, CONTROL),
            (LOCAL_FLAGS, local),
        ];
        for (at, word) in words {
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        bytes[CHARACTERS..CHARACTERS + KEYS.len()].copy_from_slice(&KEYS);
        bytes
    }

    fn set_terminal(&mut self, bytes: &[u8; TERMIOS_BYTES]) {
        let word = |at: usize| {
            let bytes = bytes
                .get(at..at + 4)
                .and_then(|bytes| bytes.try_into().ok());
            u32::from_le_bytes(bytes.unwrap_or_default())
        };
        let mut settings = self.line.settings();
        settings.map_cr = word(INPUT_FLAGS) & ICRNL != 0;
        settings.signals = word(LOCAL_FLAGS) & ISIG != 0;
        settings.canonical = word(LOCAL_FLAGS) & ICANON != 0;
        settings.echo = word(LOCAL_FLAGS) & ECHO != 0;
        self.line.set_settings(settings);
    }
}
