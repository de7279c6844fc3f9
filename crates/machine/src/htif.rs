//! HTIF: the host-target interface of Spike and of the public test suites.
//!
//! A guest stores a doubleword to `tohost`: device in bits 63 to 56, command in bits 55 to 48,
//! payload below. Device 0 ends the guest or makes a system call, device 1 is the console. The
//! answer, when there is one, comes to `fromhost`; `tohost` is cleared when it was acted on.
//!
//! # When a store counts
//!
//! Some guests store the two words one after the other, and the first alone may mean something else:
//! the letter `a` of a console command has bit 0 set and looks like an exit. So the rule is:
//!
//! * a store of the whole doubleword counts at once;
//! * a store to one word waits for one to the other word, in either order;
//! * the low word alone counts at once when it makes the value 1 (success), which is no
//!   character that anybody prints: programs that end so store nothing else;
//! * the low word alone counts when it is stored a second time, since programs that end with a
//!   failure store it in a loop;
//! * the low word alone counts when the guest can do nothing else any more ([`Htif::settle`]).

use std::collections::VecDeque;

use memory::{HostWrite, Ram, Width};

/// Devices, and the console's commands.
const SYSTEM: u64 = 0;
const CONSOLE: u64 = 1;
const CONSOLE_GET: u64 = 0;
const CONSOLE_PUT: u64 = 1;
/// Device and command of a negative exit code: `(code << 1) | 1` leaves no bit clear there.
const NEGATIVE: u64 = 0xffff;
/// System calls, by Linux's numbers.
const SYS_WRITE: u64 = 64;
const SYS_EXIT: u64 = 93;
/// Their errors.
const EBADF: u64 = 9;
const EFAULT: u64 = 14;
const ENOSYS: u64 = 38;
/// Set in the answer to a console read that has a byte.
const HAS_BYTE: u64 = 0x100;
/// One system call writes at most so much; the guest sees that less was written.
const MOST_BYTES: u64 = 1 << 20;

/// What a store to `tohost` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HtifOutcome {
    /// Nothing, or nothing yet.
    None,
    /// End the guest with this code.
    Exit(u64),
    /// Print this.
    Console(Vec<u8>),
}

/// Which half of a command has been stored so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Half {
    #[default]
    Neither,
    Low(u32),
    High,
}

/// A guest's HTIF registers, and what is under way in them.
#[derive(Clone, Debug)]
pub struct Htif {
    tohost: u64,
    fromhost: Option<u64>,
    half: Half,
    input: VecDeque<u8>,
    reading: bool,
}

impl Htif {
    /// With the physical addresses of the symbols.
    #[must_use]
    pub fn new(tohost: u64, fromhost: Option<u64>) -> Self {
        Self {
            tohost,
            fromhost,
            half: Half::Neither,
            input: VecDeque::new(),
            reading: false,
        }
    }

    /// Looks at `tohost` after stores to its page, given in their order, and answers.
    pub fn poll(&mut self, ram: &mut Ram, writes: &[HostWrite]) -> HtifOutcome {
        let value = ram.load(self.tohost, Width::Double).unwrap_or(0);
        let complete = writes.iter().any(|write| self.completes(write, value));
        let outcome = if complete {
            self.act(ram, value)
        } else {
            HtifOutcome::None
        };
        self.answer_read(ram);
        // What was stored here is the host's own and no command.
        ram.take_host_writes();
        outcome
    }

    /// Acts on a low word that still waits for the other: the guest does nothing any more.
    pub fn settle(&mut self, ram: &mut Ram) -> HtifOutcome {
        let value = ram.load(self.tohost, Width::Double).unwrap_or(0);
        match self.half {
            Half::Low(_) => self.act(ram, value),
            Half::Neither | Half::High => HtifOutcome::None,
        }
    }

    /// Bytes for the guest to read from the console.
    pub fn feed(&mut self, ram: &mut Ram, bytes: &[u8]) {
        self.input.extend(bytes);
        self.answer_read(ram);
    }

    /// Bytes that the guest has not read.
    pub fn backlog(&self) -> usize {
        self.input.len()
    }

    /// Whether a store makes a command whole; `value` is what `tohost` holds.
    fn completes(&mut self, write: &HostWrite, value: u64) -> bool {
        let touches = |at: u64| {
            write.address < at.saturating_add(4) && at < write.address.saturating_add(write.bytes)
        };
        let stored = (touches(self.tohost), touches(self.tohost.saturating_add(4)));
        let complete = match (stored, self.half) {
            ((false, false), _) => return false,
            ((true, true), _) | ((true, false), Half::High) | ((false, true), Half::Low(_)) => true,
            ((true, false), Half::Low(before)) => before != 0 && value != 0,
            ((true, false), Half::Neither) => value == 1,
            ((false, true), Half::Neither | Half::High) => false,
        };
        self.half = match stored {
            _ if complete => Half::Neither,
            (true, _) => Half::Low(value as u32),
            _ => Half::High,
        };
        complete && value != 0
    }

    fn act(&mut self, ram: &mut Ram, value: u64) -> HtifOutcome {
        self.half = Half::Neither;
        let (device, command) = (value >> 56, value >> 48 & 0xff);
        let payload = value & ((1 << 48) - 1);
        let outcome = match (device, command) {
            (SYSTEM, 0) if payload & 1 != 0 => HtifOutcome::Exit(payload >> 1),
            (SYSTEM, 0) => self.system_call(ram, payload),
            (CONSOLE, CONSOLE_PUT) => HtifOutcome::Console(vec![payload as u8]),
            (CONSOLE, CONSOLE_GET) => {
                self.reading = true;
                HtifOutcome::None
            }
            _ if value >> 48 == NEGATIVE && value & 1 != 0 => {
                HtifOutcome::Exit((value as i64 >> 1) as u64)
            }
            _ => HtifOutcome::None,
        };
        if !matches!(outcome, HtifOutcome::Exit(_)) {
            ram.write(self.tohost, &[0; 8]);
        }
        outcome
    }

    /// Gives a byte to a guest that waits for one, as soon as `fromhost` is free.
    fn answer_read(&mut self, ram: &mut Ram) {
        let Some(fromhost) = self.fromhost.filter(|_| self.reading) else {
            return;
        };
        if ram.load(fromhost, Width::Double) != Some(0) {
            return;
        }
        if let Some(byte) = self.input.pop_front() {
            self.reading = false;
            let answer = CONSOLE << 56 | CONSOLE_GET << 48 | HAS_BYTE | u64::from(byte);
            ram.write(fromhost, &answer.to_le_bytes());
        }
    }

    /// A block of doublewords at `block`: number and arguments; the result goes to the first.
    fn system_call(&self, ram: &mut Ram, block: u64) -> HtifOutcome {
        let word = |index: u64| {
            let address = block.checked_add(8 * index)?;
            ram.load(address, Width::Double)
        };
        let (result, outcome) = match [word(0), word(1), word(2), word(3)] {
            [Some(SYS_EXIT), Some(code), ..] => return HtifOutcome::Exit(code),
            [Some(SYS_WRITE), Some(1 | 2), Some(address), Some(len)] => {
                match ram.bytes(address, len.min(MOST_BYTES)) {
                    Some(bytes) => (bytes.len() as u64, HtifOutcome::Console(bytes.to_vec())),
                    None => (EFAULT.wrapping_neg(), HtifOutcome::None),
                }
            }
            [Some(SYS_WRITE), ..] => (EBADF.wrapping_neg(), HtifOutcome::None),
            _ => (ENOSYS.wrapping_neg(), HtifOutcome::None),
        };
        ram.write(block, &result.to_le_bytes());
        if let Some(fromhost) = self.fromhost {
            ram.write(fromhost, &1u64.to_le_bytes());
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use memory::PageFlags;

    use super::*;

    const TOHOST: u64 = 0x8000_1000;
    const FROMHOST: u64 = 0x8000_1040;
    const BLOCK: u64 = 0x8000_2000;
    const TEXT: u64 = 0x8000_3000;

    struct Guest {
        ram: Ram,
        htif: Htif,
    }

    impl Guest {
        fn new() -> Self {
            let mut ram = Ram::new(0x8000_0000, 1 << 20).expect("RAM");
            ram.set_page_flags(1, PageFlags::HOST_CALL);
            Self {
                ram,
                htif: Htif::new(TOHOST, Some(FROMHOST)),
            }
        }

        fn store(&mut self, address: u64, width: Width, value: u64) -> HtifOutcome {
            assert!(self.ram.store(address, width, value));
            let writes = self.ram.take_host_writes();
            assert!(!writes.is_empty(), "the write door tells of the store");
            self.htif.poll(&mut self.ram, &writes)
        }

        fn low(&mut self, value: u64) -> HtifOutcome {
            self.store(TOHOST, Width::Word, value)
        }

        fn high(&mut self, value: u64) -> HtifOutcome {
            self.store(TOHOST + 4, Width::Word, value)
        }

        fn double(&mut self, value: u64) -> HtifOutcome {
            self.store(TOHOST, Width::Double, value)
        }

        fn tohost(&self) -> u64 {
            self.ram.load_u64(TOHOST).expect("in RAM")
        }

        fn fromhost(&self) -> u64 {
            self.ram.load_u64(FROMHOST).expect("in RAM")
        }

        /// Makes a system call; the text to print is `hi`.
        fn call(&mut self, block: [u64; 4]) -> (HtifOutcome, u64) {
            self.ram.write(TEXT, b"hi");
            for (at, word) in (BLOCK..).step_by(8).zip(block) {
                self.ram.write(at, &word.to_le_bytes());
            }
            let outcome = self.double(BLOCK);
            (outcome, self.ram.load_u64(BLOCK).expect("in RAM"))
        }
    }

    #[test]
    fn a_doubleword_with_bit_0_ends_the_guest() {
        assert_eq!(Guest::new().double(1), HtifOutcome::Exit(0));
        assert_eq!(Guest::new().double(7 << 1 | 1), HtifOutcome::Exit(7));
        assert_eq!(
            Guest::new().double(u64::MAX),
            HtifOutcome::Exit(u64::MAX),
            "exit(-1)"
        );
    }

    #[test]
    fn two_words_end_the_guest_in_either_order() {
        let mut guest = Guest::new();
        assert_eq!(guest.low(7), HtifOutcome::None);
        assert_eq!(guest.high(0), HtifOutcome::Exit(3));
        let mut guest = Guest::new();
        assert_eq!(guest.high(0), HtifOutcome::None);
        assert_eq!(guest.low(7), HtifOutcome::Exit(3));
    }

    #[test]
    fn a_low_word_alone_ends_the_guest_when_it_cannot_mean_anything_else() {
        assert_eq!(Guest::new().low(1), HtifOutcome::Exit(0));
        let mut looping = Guest::new();
        assert_eq!(looping.low(7), HtifOutcome::None);
        assert_eq!(looping.low(7), HtifOutcome::Exit(3));
        let mut still = Guest::new();
        assert_eq!(still.low(7), HtifOutcome::None);
        assert_eq!(still.htif.settle(&mut still.ram), HtifOutcome::Exit(3));
        assert_eq!(
            still.htif.settle(&mut still.ram),
            HtifOutcome::None,
            "only once"
        );
    }

    #[test]
    fn the_console_prints_by_one_store_or_two() {
        const PUT: u64 = 0x0101_0000;
        let mut guest = Guest::new();
        for byte in *b"abc" {
            let printed = HtifOutcome::Console(vec![byte]);
            assert_eq!(guest.double(PUT << 32 | u64::from(byte)), printed);
            assert_eq!(guest.tohost(), 0, "cleared when acted on");
            assert_eq!(guest.low(byte.into()), HtifOutcome::None, "no exit");
            assert_eq!(guest.high(PUT), printed);
            assert_eq!(guest.high(PUT), HtifOutcome::None, "no NUL");
            assert_eq!(guest.low(byte.into()), printed);
        }
        assert_eq!(guest.fromhost(), 0);
    }

    #[test]
    fn clearing_tohost_means_nothing() {
        let mut guest = Guest::new();
        assert_eq!(guest.double(0), HtifOutcome::None);
        assert_eq!(guest.low(0), HtifOutcome::None);
        assert_eq!(guest.high(0), HtifOutcome::None);
        assert_eq!(
            guest.low(b'a'.into()),
            HtifOutcome::None,
            "both halves begin anew"
        );
        assert_eq!(guest.high(0x0101_0000), HtifOutcome::Console(vec![b'a']));
        let elsewhere = guest.store(TOHOST + 8, Width::Double, 1);
        assert_eq!(
            elsewhere,
            HtifOutcome::None,
            "on the page, but not at tohost"
        );
    }

    #[test]
    fn a_system_call_writes_or_exits_and_is_answered() {
        let mut guest = Guest::new();
        let (outcome, result) = guest.call([SYS_WRITE, 1, TEXT, 2]);
        assert_eq!((outcome, result), (HtifOutcome::Console(b"hi".to_vec()), 2));
        assert_eq!((guest.tohost(), guest.fromhost()), (0, 1));
        let (outcome, _) = guest.call([SYS_EXIT, 9, 0, 0]);
        assert_eq!(outcome, HtifOutcome::Exit(9));
    }

    #[test]
    fn a_system_call_that_cannot_be_done_fails() {
        let mut guest = Guest::new();
        let failed = |error: u64| (HtifOutcome::None, error.wrapping_neg());
        assert_eq!(guest.call([SYS_WRITE, 3, TEXT, 2]), failed(EBADF));
        assert_eq!(guest.call([SYS_WRITE, 1, 8, 2]), failed(EFAULT));
        assert_eq!(
            guest.call([SYS_WRITE, 1, u64::MAX, u64::MAX]),
            failed(EFAULT)
        );
        assert_eq!(guest.call([12_345, 0, 0, 0]), failed(ENOSYS));
        assert_eq!(guest.double(8), HtifOutcome::None, "a block outside RAM");
        assert_eq!(guest.double(0xffff_ffff_fff0), HtifOutcome::None);
    }

    #[test]
    fn the_console_is_read_when_there_is_input_and_fromhost_is_free() {
        const GET: u64 = CONSOLE << 56;
        let mut guest = Guest::new();
        guest.double(GET);
        assert_eq!(
            (guest.tohost(), guest.fromhost()),
            (0, 0),
            "nothing to read"
        );
        guest.htif.feed(&mut guest.ram, b"xy");
        assert_eq!(guest.fromhost(), GET | 0x178);
        guest.double(GET);
        assert_eq!(guest.fromhost(), GET | 0x178, "not taken yet");
        guest.store(FROMHOST, Width::Double, 0);
        assert_eq!(guest.fromhost(), GET | 0x179);
    }
}
