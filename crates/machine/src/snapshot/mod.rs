//! Snapshots: a machine's whole state at a moment, to go back to.
//!
//! Pages are shared by reference with the snapshots before. Which ones changed since the last is known from the write
//! door ([`memory::Ram::dirty_pages`]), so that a snapshot costs what the guest wrote in between, and nothing when it is
//! not taken. What the host did in the meantime (the event log, open files) is not part of it: the log is rewound, and its
//! events enter again at their moments.

mod pages;

use memory::{Clock, Lines, PAGE_SHIFT, PAGE_SIZE};

use crate::htif::Htif;
use crate::schedule::Schedule;
use crate::stuck::ProgressCheck;
use crate::{Exit, Machine, MachineError};
use pages::{Pages, Words};

/// The state of a machine at a moment.
#[derive(Debug)]
pub struct Snapshot {
    pages: Pages,
    harts: Vec<Words>,
    devices: Vec<(String, Vec<u8>)>,
    clock: Clock,
    lines: Lines,
    reservation: Option<u64>,
    schedule: Schedule,
    htif: Option<Htif>,
    progress: ProgressCheck,
    exit: Option<Exit>,
    call_waits: bool,
    /// Events that had entered.
    entered: usize,
    /// Bytes that had been printed.
    printed: u64,
}

impl Snapshot {
    /// Steps taken when it was made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.clock.steps
    }

    /// Idle nanoseconds passed when it was made.
    #[must_use]
    pub fn idle(&self) -> u64 {
        self.clock.idle
    }

    /// Events that had entered when it was made.
    #[must_use]
    pub fn entered(&self) -> usize {
        self.entered
    }

    /// Steps that a hart had taken when it was made.
    #[must_use]
    pub fn hart_steps(&self, hart: usize) -> u64 {
        let words = self.harts.get(hart);
        words.map_or(0, |words| interpreter::hart::Hart::steps_in(words.iter()))
    }
}

/// What the newest snapshot shares with the next.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pages: Pages,
    harts: Vec<Words>,
}

impl Machine {
    /// Bytes that all snapshots of this machine hold together.
    #[must_use]
    pub fn snapshot_bytes(&self) -> u64 {
        self.shared.pages.bytes_held()
    }

    /// Takes a snapshot. The run goes on as if nothing had been.
    pub fn snapshot(&mut self) -> Snapshot {
        let ram = &mut self.bus.ram;
        for &page in ram.dirty_pages() {
            let address = ram.base() + (u64::from(page) << PAGE_SHIFT);
            if let Some(bytes) = ram.bytes(address, PAGE_SIZE) {
                self.shared.pages.set(page, bytes);
            }
        }
        ram.clean_all();
        let words = |number: usize| {
            let hart = &self.harts[number];
            let like = self.shared.harts.get(number);
            Words::new(hart.words(), like, &self.shared.pages)
        };
        let harts: Vec<Words> = (0..self.harts.len()).map(words).collect();
        self.shared.harts.clone_from(&harts);
        Snapshot {
            pages: self.shared.pages.clone(),
            harts,
            devices: self.bus.save_devices(),
            clock: self.bus.clock,
            lines: self.bus.lines.clone(),
            reservation: self.bus.ram.reservation(),
            schedule: self.schedule,
            htif: self.htif.clone(),
            progress: self.progress.clone(),
            exit: self.exit,
            call_waits: self.call_waits,
            entered: self.log.entered().len(),
            printed: self.printed,
        }
    }

    /// Goes back (or on) to a snapshot of this machine. Events that entered after it will enter again, and what was
    /// printed after it will not leave again.
    ///
    /// # Errors
    /// The snapshot is another machine's.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), MachineError> {
        self.bus.restore_devices(&snapshot.devices)?;
        self.restore_ram(&snapshot.pages);
        for (hart, words) in self.harts.iter_mut().zip(&snapshot.harts) {
            hart.restore(words.iter());
        }
        self.shared.harts.clone_from(&snapshot.harts);
        self.bus.clock = snapshot.clock;
        self.bus.lines = snapshot.lines.clone();
        self.bus.ram.reserve(snapshot.reservation);
        self.bus.take_attention();
        self.bus.effects.clear();
        self.schedule = snapshot.schedule;
        self.htif.clone_from(&snapshot.htif);
        self.progress = snapshot.progress.clone();
        self.exit = snapshot.exit;
        self.call_waits = snapshot.call_waits;
        self.log.go_to(snapshot.entered);
        self.printed = snapshot.printed;
        Ok(())
    }

    fn restore_ram(&mut self, to: &Pages) {
        let ram = &mut self.bus.ram;
        let mut pages = self.shared.pages.differing(to);
        pages.extend_from_slice(ram.dirty_pages());
        pages.sort_unstable();
        pages.dedup();
        for page in pages {
            let address = ram.base() + (u64::from(page) << PAGE_SHIFT);
            ram.write(address, to.get(page).unwrap_or(&[0; PAGE_SIZE as usize]));
        }
        ram.clean_all();
        ram.take_host_writes();
        ram.take_watch_hits();
        self.shared.pages = to.clone();
    }

    /// Forgets everything that has not happened yet: events that would enter again, and what was printed after now.
    /// Another future begins. Returns the events.
    pub fn forget_future(&mut self) -> Vec<memory::LoggedEvent> {
        self.printed_most = self.printed;
        self.log.forget_pending()
    }

    /// Bytes that the guest has printed since the machine was built.
    #[must_use]
    pub fn printed(&self) -> u64 {
        self.printed
    }

    /// The guest prints. What it printed before it was taken back in time does not leave again.
    pub(crate) fn print(&mut self, bytes: &[u8]) {
        let known = self.printed_most.saturating_sub(self.printed);
        self.printed += bytes.len() as u64;
        self.printed_most = self.printed_most.max(self.printed);
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        if let Some(new) = bytes.get(known..) {
            self.output.extend(new);
        }
    }
}
