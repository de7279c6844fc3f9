//! The terminal's line discipline: what becomes of the keys before a program reads them.
//!
//! In canonical mode bytes form a line that can be edited until it is finished, and programs read finished lines; otherwise they read every
//! byte as it comes. What is typed is echoed, and some keys are signals. This is what Linux's `n_tty` does with its default keys.
//!
//! Everything is in one ring: first what is finished and waits to be read, then the line under edit. To finish a line is to move the border,
//! and a change of mode loses nothing.

/// The most bytes in the line under edit, without the one that finishes it.
pub const LINE_BYTES: usize = 256;
/// The most bytes that wait to be read, with a place for each Ctrl-D.
pub const FINISHED_BYTES: usize = 1024;

const SLOTS: usize = FINISHED_BYTES + LINE_BYTES;

const BELL: u8 = 7;
const DELETE: u8 = 0x7f;

/// The byte that a key makes together with Ctrl.
const fn control(key: u8) -> u8 {
    key ^ 0x40
}

/// How bytes are treated: the parts of Linux's `termios` that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `ICANON`: lines are edited, and read when they are finished.
    pub canonical: bool,
    /// `ECHO`: what is typed appears. The bell rings without it too.
    pub echo: bool,
    /// `ISIG`: Ctrl-C, Ctrl-Z and Ctrl-\ are signals.
    pub signals: bool,
    /// `ICRNL`: Enter, which terminals send as a carriage return, is a newline.
    pub map_cr: bool,
}

impl Settings {
    /// As a terminal begins: everything on.
    pub const DEFAULT: Self = Self {
        canonical: true,
        echo: true,
        signals: true,
        map_cr: true,
    };
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a key means to the job in the foreground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C: SIGINT.
    Interrupt,
    /// Ctrl-Z: SIGTSTP.
    Stop,
    /// Ctrl-\: SIGQUIT.
    Quit,
}

/// What the terminal has to do about a byte.
#[must_use]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    bytes: [u8; 8],
    length: u8,
    /// How often the bytes are sent: erasing a line repeats what erases one column.
    times: u16,
    /// A signal for the job in the foreground.
    pub signal: Option<Signal>,
}

impl Effect {
    const NOTHING: Self = Self {
        bytes: [0; 8],
        length: 0,
        times: 0,
        signal: None,
    };

    /// The bytes to send to the terminal as they are, newlines included: nothing is to be put before them.
    pub fn echo(&self) -> impl Iterator<Item = u8> + use<> {
        let one = self.bytes.into_iter().take(usize::from(self.length));
        (0..self.times).flat_map(move |_| one.clone())
    }

    /// Those of `bytes` that find room, `times` times.
    fn of(bytes: &[u8], times: usize) -> Self {
        let mut effect = Self::NOTHING;
        for (place, byte) in effect.bytes.iter_mut().zip(bytes) {
            *place = *byte;
            effect.length += 1;
        }
        effect.times = times as u16;
        effect
    }
}

/// The line under edit, and the input that waits to be read.
#[derive(Clone, Debug)]
pub struct Line {
    settings: Settings,
    slots: [u8; SLOTS],
    /// A bit for each slot, set where Ctrl-D is kept: it ends what is before it, and with nothing before it, the file. Not a byte to be read.
    marks: [u64; SLOTS.div_ceil(64)],
    /// The slot of the oldest byte.
    first: usize,
    /// How many slots from there on are finished.
    finished: usize,
    /// How many behind these are the line under edit; none unless canonical.
    editing: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

impl Line {
    /// Nothing typed, [`Settings::DEFAULT`].
    pub const fn new() -> Self {
        Self {
            settings: Settings::DEFAULT,
            slots: [0; SLOTS],
            marks: [0; SLOTS.div_ceil(64)],
            first: 0,
            finished: 0,
            editing: 0,
        }
    }

    /// How bytes are treated.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// Changes how bytes are treated from now on. When canonical mode ends, the line under edit can be read as it is; when it begins,
    /// what was typed before stays to be read, and can no longer be edited.
    pub const fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
        if !settings.canonical {
            self.finished += self.editing;
            self.editing = 0;
        }
    }

    /// Takes a byte that the terminal sent, and says what to do about it. A byte that finds no room is dropped, and the bell rings.
    pub fn take(&mut self, byte: u8) -> Effect {
        const END_OF_FILE: u8 = control(b'D');
        const KILL: u8 = control(b'U');
        const ERASE_WORD: u8 = control(b'W');
        const BACKSPACE: u8 = control(b'H');

        let byte = match byte {
            b'\r' if self.settings.map_cr => b'\n',
            other => other,
        };
        if let Some(signal) = self.signal(byte) {
            return self.interrupt(byte, signal);
        }
        if !self.settings.canonical {
            return self.finish(byte, false);
        }
        match byte {
            b'\n' => self.finish(byte, false),
            END_OF_FILE => self.finish(byte, true),
            BACKSPACE | DELETE => self.erase_to(self.character_start()),
            ERASE_WORD => self.erase_to(self.word_start()),
            KILL => self.erase_to(0),
            _ => self.append(byte),
        }
    }

    /// Reads what is finished, and in canonical mode not beyond the end of a line. `None` when there is nothing yet; `Some(0)` at the end of
    /// the file (Ctrl-D on an empty line), once, and when there is no room in `into`, which reads nothing.
    pub fn read(&mut self, into: &mut [u8]) -> Option<usize> {
        if into.is_empty() {
            return Some(0);
        }
        if self.finished == 0 {
            return None;
        }
        let mut count = 0;
        let mut last = None;
        for place in into {
            let Some(byte) = self.take_first() else {
                break;
            };
            *place = byte;
            count += 1;
            last = Some(byte);
            if self.settings.canonical && byte == b'\n' {
                break;
            }
        }
        // The Ctrl-D that finished these bytes goes with them, even if they fill `into`: read later it would be an end of file.
        if last != Some(b'\n') {
            self.take_mark();
        }
        Some(count)
    }

    /// Whether [`Line::read`] would give something, be it the end of the file.
    pub const fn can_read(&self) -> bool {
        self.finished > 0
    }

    /// Forgets everything that was typed and not read (`TCIFLUSH`).
    pub const fn flush_input(&mut self) {
        self.marks = [0; SLOTS.div_ceil(64)];
        self.finished = 0;
        self.editing = 0;
    }

    fn signal(&self, byte: u8) -> Option<Signal> {
        const INTERRUPT: u8 = control(b'C');
        const STOP: u8 = control(b'Z');
        const QUIT: u8 = control(b'\\');
        match byte {
            _ if !self.settings.signals => None,
            INTERRUPT => Some(Signal::Interrupt),
            STOP => Some(Signal::Stop),
            QUIT => Some(Signal::Quit),
            _ => None,
        }
    }

    /// Clears the line for a signal. Finished lines stay, unlike on Linux: input from a script comes all at once, and would be lost.
    fn interrupt(&mut self, byte: u8, signal: Signal) -> Effect {
        self.editing = 0;
        let echo = match self.settings.echo {
            true => Effect::of(&[b'^', control(byte), b'\r', b'\n'], 1),
            false => Effect::NOTHING,
        };
        Effect {
            signal: Some(signal),
            ..echo
        }
    }

    /// Lets the line under edit be read, with the byte or the mark that finishes it.
    fn finish(&mut self, byte: u8, is_mark: bool) -> Effect {
        if self.finished + self.editing >= FINISHED_BYTES {
            return Effect::of(&[BELL], 1);
        }
        self.put(byte);
        self.finished += self.editing;
        self.editing = 0;
        if is_mark {
            self.set_mark(self.finished - 1, true);
            return Effect::NOTHING;
        }
        self.echo_of(byte)
    }

    /// Adds a byte to the line under edit.
    fn append(&mut self, byte: u8) -> Effect {
        if self.editing >= LINE_BYTES || self.finished + self.editing >= SLOTS {
            return Effect::of(&[BELL], 1);
        }
        self.put(byte);
        self.echo_of(byte)
    }

    /// How a byte looks: control characters as `^X`, in two columns, so that it is known how to erase them, wherever the line began.
    fn echo_of(&self, byte: u8) -> Effect {
        match byte {
            _ if !self.settings.echo => Effect::NOTHING,
            b'\n' => Effect::of(b"\r\n", 1),
            _ if byte.is_ascii_control() => Effect::of(&[b'^', control(byte)], 1),
            _ => Effect::of(&[byte], 1),
        }
    }

    /// Shortens the line under edit to its first bytes, on the screen too.
    fn erase_to(&mut self, length: usize) -> Effect {
        let columns = (length..self.editing)
            .map(|at| match self.edited(at) {
                byte if byte.is_ascii_control() => 2,
                byte if is_continuation(byte) => 0,
                _ => 1,
            })
            .sum();
        self.editing = length;
        match self.settings.echo {
            true => Effect::of(b"\x08 \x08", columns),
            false => Effect::NOTHING,
        }
    }

    /// Where the last character of the line begins; a character may be several bytes (UTF-8).
    fn character_start(&self) -> usize {
        (0..self.editing)
            .rev()
            .find(|at| !is_continuation(self.edited(*at)))
            .unwrap_or(0)
    }

    /// Where the last word of the line begins. As on Linux, words are of letters, digits and `_`, and what follows one belongs to it.
    fn word_start(&self) -> usize {
        let is_word = |at: &usize| {
            let byte = self.edited(*at);
            byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
        };
        let end = (0..self.editing).rev().find(is_word);
        let before = end.and_then(|end| (0..end).rev().find(|at| !is_word(at)));
        before.map_or(0, |before| before + 1)
    }

    /// A byte of the line under edit.
    fn edited(&self, at: usize) -> u8 {
        self.slots
            .get(slot(self.first + self.finished + at))
            .copied()
            .unwrap_or(0)
    }

    /// Puts a byte at the end of the line under edit; the caller has checked that there is room.
    fn put(&mut self, byte: u8) {
        if let Some(place) = self
            .slots
            .get_mut(slot(self.first + self.finished + self.editing))
        {
            *place = byte;
            self.editing += 1;
        }
    }

    /// Takes out the oldest finished byte; nothing when there is a mark in its place.
    fn take_first(&mut self) -> Option<u8> {
        if self.finished == 0 || self.is_mark(0) {
            return None;
        }
        let byte = self.slots.get(self.first).copied()?;
        self.skip_first();
        Some(byte)
    }

    /// Takes out a mark, if it is what comes next.
    fn take_mark(&mut self) {
        if self.finished > 0 && self.is_mark(0) {
            self.set_mark(0, false);
            self.skip_first();
        }
    }

    fn skip_first(&mut self) {
        self.first = slot(self.first + 1);
        self.finished -= 1;
    }

    /// Whether a mark is that many slots behind the oldest byte.
    fn is_mark(&self, at: usize) -> bool {
        let slot = slot(self.first + at);
        self.marks
            .get(slot / 64)
            .is_some_and(|word| word >> (slot % 64) & 1 != 0)
    }

    fn set_mark(&mut self, at: usize, on: bool) {
        let slot = slot(self.first + at);
        if let Some(word) = self.marks.get_mut(slot / 64) {
            *word = *word & !(1 << (slot % 64)) | u64::from(on) << (slot % 64);
        }
    }

    /// Proves the counts and the marks right.
    ///
    /// # Errors
    /// What is wrong, in words: a bug of this module.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.first >= SLOTS || self.finished + self.editing > SLOTS {
            return Err("there is more in the ring than it can hold");
        }
        if self.editing > LINE_BYTES || self.editing > 0 && !self.settings.canonical {
            return Err("the line under edit is too long, or there is none");
        }
        if (self.finished..SLOTS).any(|at| self.is_mark(at)) {
            return Err("a mark is outside of what is finished");
        }
        if (0..self.editing).any(|at| self.edited(at) == b'\n') {
            return Err("a line was not finished by its newline");
        }
        Ok(())
    }
}

/// The slot of a position that may be beyond the ring's end.
const fn slot(position: usize) -> usize {
    position % SLOTS
}

/// True for the bytes of a UTF-8 character behind its first.
const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}
