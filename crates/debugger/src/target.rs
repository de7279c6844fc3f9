//! What every command of the debugger acts on.

use machine::hart::{Hart, Privilege, Slot};
use machine::loader::Image;
use machine::{Bus, Exit, Stuck};

use crate::points::{Hit, Point, PointId};

/// A moment of a machine's life: after so many steps, and so much idle time that every hart waited through. Moments of
/// one timeline are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Steps taken by all harts together: the coordinate that people see.
    pub step: u64,
    /// Idle guest nanoseconds passed.
    pub idle: u64,
}

impl Moment {
    /// The first moment that is later.
    #[must_use]
    pub const fn after(self) -> Self {
        Self {
            step: self.step,
            idle: self.idle + 1,
        }
    }
}

/// A register of a hart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Register {
    /// Integer register 0 to 31.
    X(u8),
    /// Floating-point register 0 to 31, NaN-boxed.
    F(u8),
    /// Address of the next instruction.
    Pc,
    /// A CSR by its number.
    Csr(u16),
    /// The privilege: 0 for U, 1 for S, 3 for M.
    Privilege,
}

impl From<Register> for machine::RegisterName {
    fn from(register: Register) -> Self {
        match register {
            Register::X(number) => Self::X(number),
            Register::F(number) => Self::F(number),
            Register::Pc => Self::Pc,
            Register::Csr(number) => Self::Csr(number),
            Register::Privilege => Self::Privilege,
        }
    }
}

impl Register {
    /// The register of this name: `pc`, `priv`, `x5`, `t0`, `f8`, `fs0`, `mstatus`, …
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "pc" => return Some(Self::Pc),
            "priv" => return Some(Self::Privilege),
            _ => {}
        }
        isa::reg::x_number(name)
            .map(Self::X)
            .or_else(|| isa::reg::f_number(name).map(Self::F))
            .or_else(|| isa::csr::number(name).map(Self::Csr))
    }
}

/// In which address space an address is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Physical addresses.
    Physical,
    /// The address space in which a hart makes its loads and stores now. Its kernel's and its user's pages are both seen.
    Hart(usize),
    /// The address space of this `satp`, whatever any hart does now.
    Root(u64),
}

/// How to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// On, until something stops it.
    Continue,
    /// On, but for at most so many steps of the machine.
    For(u64),
    /// On, until a hart has taken so many steps.
    Step {
        /// Which hart.
        hart: usize,
        /// How many.
        count: u64,
    },
    /// Back, to the last moment at which something would have stopped a run; else to the beginning. It ends right before the
    /// step that did it: a value that was written is the old one again.
    BackContinue,
    /// Back, to the moment right before the last so many steps of a hart. Points do not stop it.
    BackStep {
        /// Which hart.
        hart: usize,
        /// How many.
        count: u64,
    },
    /// To a moment before or behind. Points do not stop it.
    To(Moment),
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It went as far as was asked.
    Done,
    /// At a point that was accepted.
    Point(Hit),
    /// The guest ended: here is the end of time.
    Exit(Exit),
    /// The guest can never go on.
    Stuck(Stuck),
    /// Every hart waits, and nothing but input can wake one.
    Idle,
    /// [`Control::poll`] said so.
    Interrupted,
    /// Nothing is earlier.
    Beginning,
    /// In the past: the newest moment that was lived through is reached. Going on is live.
    Present,
}

/// Where and why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The hart that it concerns; else the one whose turn it is.
    pub hart: usize,
    /// Why.
    pub why: Why,
}

/// Who watches over a run.
pub trait Control {
    /// A point was hit; the target is as it is at that moment. Returns whether to stop. In a run backwards it is asked at
    /// every hit in the past, right after the step that did it, in the order in which time ran, segment by segment from the
    /// newest to the oldest.
    fn accept(&mut self, _target: &dyn Target, _hit: &Hit) -> bool {
        true
    }

    /// Called every few milliseconds with how much of the work is done, in steps, and how much there is (0 when nobody
    /// knows). Returns whether to go on: a run that is interrupted stops between two steps, going back it returns to where
    /// it began.
    fn poll(&mut self, _done: u64, _of: u64) -> bool {
        true
    }
}

/// Accepts every hit and lets nothing interrupt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Control for Plain {}

/// The last write to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The moment right before the step that wrote.
    pub before: Moment,
    /// The moment right after.
    pub after: Moment,
    /// The hart that took the step.
    pub hart: usize,
    /// The address of its instruction.
    pub pc: u64,
    /// Physical address and length of the write.
    pub range: (u64, u64),
}

/// What a target cannot do, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no such hart.
    #[error("there is no hart {0}")]
    NoHart(usize),
    /// There is no such register, or it cannot be written.
    #[error("hart {hart} has no register {register:?} that can be written")]
    NoRegister {
        /// The hart.
        hart: usize,
        /// The register.
        register: Register,
    },
    /// Nothing is mapped at a virtual address.
    #[error("nothing is mapped at {address:#x}{}", in_space(*.space))]
    Unmapped {
        /// The address.
        address: u64,
        /// Where.
        space: Space,
    },
    /// A device is there, or nothing: only RAM and ROM can be looked at without changing anything.
    #[error("there is no RAM at physical address {0:#x}")]
    NotRam(u64),
    /// In the past, what happened stays as it is.
    #[error(
        "at step {0} this is the past: `branch` begins another future here, which can be changed"
    )]
    Past(u64),
    /// No such point.
    #[error("there is no breakpoint, watchpoint or catchpoint {0}")]
    NoPoint(u32),
    /// The moment is not on this timeline, or cannot be reached any more.
    #[error("step {0} cannot be reached: {1}")]
    Unreachable(u64, &'static str),
    /// [`Control::poll`] said so.
    #[error("interrupted")]
    Interrupted,
    /// No such timeline.
    #[error("there is no timeline {0}")]
    NoTimeline(usize),
    /// The machine's own failure.
    #[error("{0}")]
    Machine(String),
}

fn in_space(space: Space) -> String {
    match space {
        Space::Physical => String::new(),
        Space::Hart(hart) => format!(" for hart {hart}"),
        Space::Root(satp) => format!(" in the address space of satp {satp:#x}"),
    }
}

/// A machine under a debugger. Reading changes nothing: no TLB is filled, no accessed bit set, no device touched.
pub trait Target {
    /// The harts, to look at.
    fn hart(&self, hart: usize) -> Option<&Hart>;

    /// How many harts there are.
    fn harts(&self) -> usize;

    /// RAM, devices and clock, to look at.
    fn bus(&self) -> &Bus;

    /// What was loaded, in order: the sources of symbols.
    fn images(&self) -> &[Image];

    /// The hart whose turn it is.
    fn current_hart(&self) -> usize;

    /// The hash of the whole state.
    fn state_hash(&self) -> u128;

    /// A register; none when there is no such hart or register.
    fn register(&self, hart: usize, register: Register) -> Option<u64> {
        let state = self.hart(hart)?;
        match register {
            Register::X(number) => Some(state.reg(number)),
            Register::F(number) => state.f.get(usize::from(number)).copied(),
            Register::Pc => Some(state.pc),
            Register::Csr(number) => state.peek_csr(self.bus(), number),
            Register::Privilege => Some(state.privilege as u64),
        }
    }

    /// Changes a register between two steps.
    ///
    /// # Errors
    /// There is none, it cannot be written, or this is the past.
    fn set_register(
        &mut self,
        hart: usize,
        register: Register,
        value: u64,
    ) -> Result<(), TargetError>;

    /// Where an address is, physically. Rights are not looked at, PMP neither.
    ///
    /// # Errors
    /// Nothing is mapped there.
    fn translate(&self, space: Space, address: u64) -> Result<u64, TargetError> {
        let unmapped = TargetError::Unmapped { address, space };
        match space {
            Space::Physical => Ok(address),
            Space::Hart(number) => {
                let hart = self.hart(number).ok_or(TargetError::NoHart(number))?;
                let satp = match hart.contexts.data_privilege {
                    Privilege::Machine => 0,
                    _ => hart[Slot::Satp],
                };
                let leaf = hart.look_up_in(self.bus(), satp, address);
                leaf.map(|leaf| leaf.physical).map_err(|_| unmapped)
            }
            Space::Root(satp) => {
                let hart = self.hart(0).ok_or(TargetError::NoHart(0))?;
                let leaf = hart.look_up_in(self.bus(), satp, address);
                leaf.map(|leaf| leaf.physical).map_err(|_| unmapped)
            }
        }
    }

    /// Reads memory: RAM, and ROM.
    ///
    /// # Errors
    /// Part of it is not mapped, or is no memory; `into` then holds what lies before.
    fn read(&self, space: Space, address: u64, into: &mut [u8]) -> Result<(), TargetError> {
        let mut done = 0;
        while done < into.len() {
            let at = address.wrapping_add(done as u64);
            let len = ((0x1000 - at % 0x1000) as usize).min(into.len() - done);
            let physical = self.translate(space, at)?;
            let part = &mut into[done..done + len];
            match self.bus().ram.bytes(physical, len as u64) {
                Some(bytes) => part.copy_from_slice(bytes),
                None => {
                    for (byte, at) in part.iter_mut().zip(physical..) {
                        *byte = self.bus().peek_device(at).ok_or(TargetError::NotRam(at))?;
                    }
                }
            }
            done += len;
        }
        Ok(())
    }

    /// Changes RAM between two steps.
    ///
    /// # Errors
    /// Part of it is not mapped or not RAM (then nothing is changed), or this is the past.
    fn write(&mut self, space: Space, address: u64, bytes: &[u8]) -> Result<(), TargetError>;

    /// Stops here from now on.
    ///
    /// # Errors
    /// The point makes no sense on this machine.
    fn add_point(&mut self, point: Point) -> Result<PointId, TargetError>;

    /// Stops there no more.
    ///
    /// # Errors
    /// There is no such point.
    fn remove_point(&mut self, id: PointId) -> Result<(), TargetError>;

    /// All points.
    fn points(&self) -> Vec<(PointId, Point)>;

    /// Runs forward or back, and says why it stopped. A run that starts at a breakpoint passes it.
    ///
    /// # Errors
    /// There is no such hart, or the moment cannot be reached.
    fn run(&mut self, how: Run, control: &mut dyn Control) -> Result<Stopped, TargetError>;

    /// Where in time the machine is.
    fn now(&self) -> Moment;

    /// The newest moment that was lived through on this timeline.
    fn present(&self) -> Moment;

    /// Whether what happens now happened before: input and edits are refused.
    fn is_past(&self) -> bool {
        self.now() < self.present()
    }

    /// In the past: begins another future here. The old one is kept, as a timeline of its own.
    ///
    /// # Errors
    /// The machine's own.
    fn branch(&mut self) -> Result<(), TargetError>;

    /// All timelines: number, the moment up to which it is known, and whether it is this one.
    fn timelines(&self) -> Vec<(usize, Moment, bool)>;

    /// Goes over to another timeline, at the moment at which it parts from this one.
    ///
    /// # Errors
    /// There is none of this number.
    fn switch_timeline(&mut self, number: usize) -> Result<(), TargetError>;

    /// Forgets a timeline other than this one.
    ///
    /// # Errors
    /// There is none of this number, or it is this one.
    fn drop_timeline(&mut self, number: usize) -> Result<(), TargetError>;

    /// Keeps a snapshot of this moment until the end, so that coming back here is quick.
    fn keep(&mut self) -> Moment;

    /// The last write before now to a physical range. The target is at the same moment afterwards.
    ///
    /// # Errors
    /// The machine's own.
    fn last_write(
        &mut self,
        address: u64,
        len: u64,
        control: &mut dyn Control,
    ) -> Result<Option<Write>, TargetError>;

    /// Everything that the guest has printed up to now.
    fn console(&self) -> &[u8];

    /// What the guest has printed that nobody was shown yet. What it prints again in the past is not new.
    fn take_output(&mut self) -> Vec<u8>;

    /// Types at the guest's console.
    ///
    /// # Errors
    /// This is the past.
    fn give_input(&mut self, bytes: &[u8]) -> Result<(), TargetError>;

    /// Pulls the reset line.
    ///
    /// # Errors
    /// This is the past.
    fn reset(&mut self) -> Result<(), TargetError>;
}
