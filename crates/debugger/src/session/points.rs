//! What a person sets to stop the machine: more than the machine itself knows of.

use std::rc::Rc;

use machine::hart::Caught;
use machine::hart::Privilege;

use super::Session;
use crate::expression::{Expression, evaluate};
use crate::points::{Event, Hit, Point, PointId, WatchKind};
use crate::symbols::Program;
use crate::target::{Register, Target, TargetError};

/// Where a point counts.
#[derive(Clone)]
pub enum Scope {
    /// Everywhere.
    Machine,
    /// In S-mode.
    Kernel,
    /// In M-mode.
    Firmware,
    /// In processes that run a program, and before it is loaded too.
    Program(Rc<Program>),
    /// In a process, by its number.
    Process(u32),
    /// In a thread, by its number.
    Thread(u32),
    /// On a hart.
    Hart(usize),
}

/// What stops.
#[derive(Clone)]
pub enum What {
    /// An instruction.
    Break {
        /// As it was named.
        text: String,
        /// The function or line that was named.
        name: String,
        /// Its addresses.
        addresses: Vec<u64>,
    },
    /// An access to memory.
    Watch {
        /// As it was named.
        text: String,
        /// Physical address and length.
        range: (u64, u64),
        /// Which accesses.
        kind: WatchKind,
    },
    /// An exception or interrupt.
    Trap {
        /// As it was named.
        text: String,
        /// Codes of exceptions and interrupts, or any, as the machine takes them.
        points: Vec<Point>,
    },
    /// A change of privilege, to a certain one if it was named.
    Privilege(Option<u8>),
    /// A system call of the user's, of some numbers or any.
    Syscall {
        /// As it was named.
        text: String,
        /// Numbers; none for any.
        numbers: Vec<u64>,
        /// The mailbox that it must be about.
        mailbox: Option<u32>,
    },
    /// A write of a CSR.
    Csr(u16),
    /// A hart goes over to another thread: to a certain one if it was named.
    Switch {
        /// The thread's number.
        tid: Option<u32>,
        /// Physical addresses of where each hart's thread is kept.
        places: Vec<(u64, u64)>,
    },
    /// The guest printed this.
    Console(String),
}

/// A breakpoint, watchpoint or catchpoint.
#[derive(Clone)]
pub struct UserPoint {
    /// Its number.
    pub number: u32,
    /// What stops.
    pub what: What,
    /// Where it counts.
    pub scope: Scope,
    /// What must hold: its text, and the expression.
    pub condition: Option<(String, Expression)>,
    /// How many hits still pass.
    pub ignore: u64,
    /// How often it was hit.
    pub hits: u64,
    /// It goes when it is hit.
    pub temporary: bool,
    /// It counts.
    pub enabled: bool,
    /// The command that sets it again.
    pub command: String,
    /// The points of the machine that stand for it.
    pub ids: Vec<PointId>,
}

impl What {
    /// The machine's points for it.
    fn points(&self) -> Vec<Point> {
        match self {
            Self::Break { addresses, .. } => addresses.iter().map(|&at| Point::Break(at)).collect(),
            &Self::Watch {
                range: (address, len),
                kind,
                ..
            } => vec![Point::Watch { address, len, kind }],
            Self::Trap { points, .. } => points.clone(),
            Self::Privilege(_) => vec![Point::Privilege],
            Self::Syscall { numbers, .. } if numbers.is_empty() => vec![Point::Ecall(None)],
            Self::Syscall { numbers, .. } => {
                numbers.iter().map(|&n| Point::Ecall(Some(n))).collect()
            }
            Self::Csr(number) => vec![Point::CsrWrite(*number)],
            Self::Switch { places, .. } => {
                let watch = |&(address, len): &(u64, u64)| Point::Watch {
                    address,
                    len,
                    kind: WatchKind::Change,
                };
                places.iter().map(watch).collect()
            }
            Self::Console(_) => vec![Point::Output],
        }
    }

    /// In words, as `info b` shows it: its kind, and what it is about.
    #[must_use]
    pub fn describe(&self) -> (&'static str, String) {
        match self {
            Self::Break {
                text, addresses, ..
            } => {
                let at: Vec<_> = addresses.iter().map(|a| format!("{a:#x}")).collect();
                ("breakpoint", format!("{text} at {}", at.join(", ")))
            }
            Self::Watch { text, kind, .. } => {
                let kind = match kind {
                    WatchKind::Read => "read watchpoint",
                    WatchKind::Access => "access watchpoint",
                    WatchKind::Write => "write watchpoint",
                    WatchKind::Change => "watchpoint",
                };
                (kind, text.clone())
            }
            Self::Trap { text, .. } => ("catchpoint", text.clone()),
            Self::Privilege(None) => ("catchpoint", "priv".to_owned()),
            Self::Privilege(Some(to)) => {
                let letter = Privilege::from_bits(u64::from(*to)).letter();
                ("catchpoint", format!("priv {letter}"))
            }
            Self::Syscall { text, .. } => ("catchpoint", text.clone()),
            Self::Csr(number) => {
                let name = isa::csr::name(*number).unwrap_or("?");
                ("catchpoint", format!("csr {name}"))
            }
            Self::Switch { tid: None, .. } => ("catchpoint", "switch".to_owned()),
            Self::Switch { tid: Some(tid), .. } => ("catchpoint", format!("switch {tid}")),
            Self::Console(text) => ("catchpoint", format!("console {text:?}")),
        }
    }
}

impl Scope {
    /// In words; nothing for everywhere.
    #[must_use]
    pub fn describe(&self) -> Option<String> {
        Some(match self {
            Self::Machine => return None,
            Self::Kernel => "the kernel".to_owned(),
            Self::Firmware => "the firmware".to_owned(),
            Self::Program(program) => program.name.clone(),
            Self::Process(pid) => format!("process {pid}"),
            Self::Thread(tid) => format!("thread {tid}"),
            Self::Hart(hart) => format!("hart {hart}"),
        })
    }
}

impl Session {
    /// Sets a point; returns its number.
    ///
    /// # Errors
    /// The machine's.
    pub fn set_point(
        &mut self,
        target: &mut dyn Target,
        mut point: UserPoint,
    ) -> Result<u32, TargetError> {
        for wanted in point.what.points() {
            match target.add_point(wanted) {
                Ok(id) => point.ids.push(id),
                Err(error) => {
                    for id in point.ids {
                        // It was added a moment ago.
                        let _ = target.remove_point(id);
                    }
                    return Err(error);
                }
            }
        }
        point.number = self.next_point;
        self.next_point += 1;
        let number = point.number;
        self.points.push(point);
        Ok(number)
    }

    /// Removes a point; returns whether it was there.
    pub fn remove_point(&mut self, target: &mut dyn Target, number: u32) -> bool {
        let Some(at) = self.points.iter().position(|point| point.number == number) else {
            return false;
        };
        for id in self.points.remove(at).ids {
            // Only the session removes its points.
            let _ = target.remove_point(id);
        }
        true
    }

    /// Switches a point on or off; returns whether it was there.
    ///
    /// # Errors
    /// The machine's.
    pub fn enable_point(
        &mut self,
        target: &mut dyn Target,
        number: u32,
        enabled: bool,
    ) -> Result<bool, TargetError> {
        let Some(point) = self.points.iter_mut().find(|p| p.number == number) else {
            return Ok(false);
        };
        if point.enabled == enabled {
            return Ok(true);
        }
        for id in point.ids.drain(..) {
            let _ = target.remove_point(id);
        }
        if enabled {
            for wanted in point.what.points() {
                point.ids.push(target.add_point(wanted)?);
            }
        }
        point.enabled = enabled;
        Ok(true)
    }

    /// All points.
    #[must_use]
    pub fn points(&self) -> &[UserPoint] {
        &self.points
    }

    /// Whether a hit of the machine's is one of a point of the person's: its number.
    pub(super) fn meant(&mut self, target: &dyn Target, hit: &Hit, forward: bool) -> Option<u32> {
        let at = self
            .points
            .iter()
            .position(|point| point.enabled && point.ids.contains(&hit.id))?;
        let point = &self.points[at];
        let counts = self.is_in_scope(target, hit, &point.scope)
            && self.is_what(target, hit, &point.what)
            && self.holds(target, hit.hart, point);
        if !counts {
            return None;
        }
        let point = &mut self.points[at];
        if forward {
            point.hits += 1;
            if point.ignore > 0 {
                point.ignore -= 1;
                return None;
            }
        }
        Some(point.number)
    }

    fn is_in_scope(&self, target: &dyn Target, hit: &Hit, scope: &Scope) -> bool {
        let privilege = privilege_at(target, hit);
        let running = || self.fawn(target)?.running(hit.hart);
        match scope {
            Scope::Machine => true,
            Scope::Kernel => privilege == Some(Privilege::Supervisor),
            Scope::Firmware => privilege == Some(Privilege::Machine),
            Scope::Hart(hart) => *hart == hit.hart,
            Scope::Process(pid) => running().is_some_and(|(_, on)| on == *pid),
            Scope::Thread(tid) => running().is_some_and(|(on, _)| on == *tid),
            Scope::Program(program) => {
                if privilege != Some(Privilege::User) {
                    return false;
                }
                let process = self.fawn(target).and_then(|fawn| fawn.process_on(hit.hart));
                // Without an OS that is known, every user's code may be meant.
                process.is_none_or(|process| {
                    let known = self.programs.user_program(&process.name);
                    known.is_some_and(|known| Rc::ptr_eq(known, program))
                })
            }
        }
    }

    fn is_what(&self, target: &dyn Target, hit: &Hit, what: &What) -> bool {
        match what {
            What::Privilege(Some(wanted)) => {
                target.register(hit.hart, Register::Privilege) == Some(u64::from(*wanted))
            }
            What::Switch { tid, .. } => {
                let Event::Access { old, new, .. } = hit.event else {
                    return false;
                };
                let named = crate::os::Name::from_word(new);
                let fawn = self.fawn(target);
                let now = named.and_then(|name| {
                    let all = fawn.as_ref()?.threads();
                    all.into_iter().find(|thread| thread.slot == name)
                });
                old != new && tid.is_none_or(|tid| now.is_some_and(|now| now.tid == tid))
            }
            What::Console(text) => target.console().ends_with(text.as_bytes()),
            What::Syscall {
                mailbox: Some(mailbox),
                ..
            } => self.is_about_mailbox(target, hit.hart, *mailbox),
            _ => true,
        }
    }

    fn is_about_mailbox(&self, target: &dyn Target, hart: usize, mailbox: u32) -> bool {
        let about = || {
            let fawn = self.fawn(target)?;
            let descriptor = target.register(hart, Register::X(10))?;
            let process = fawn.process_on(hart)?;
            let all = fawn.descriptors(&process);
            let found = all
                .iter()
                .find(|d| u64::from(d.number) == descriptor && d.object == "mailbox")?;
            found.name
        };
        about().is_some_and(|name: crate::os::Name| name.index == mailbox)
    }

    /// Whether a point's condition holds. One that cannot be told counts as true: better one stop too many.
    fn holds(&self, target: &dyn Target, hart: usize, point: &UserPoint) -> bool {
        let Some((_, condition)) = &point.condition else {
            return true;
        };
        let scope = self.scope_on(target, hart);
        match evaluate(condition, &scope) {
            Ok(value) => value.int() != Ok(0),
            Err(_) => true,
        }
    }
}

/// The privilege at which what was hit was done.
fn privilege_at(target: &dyn Target, hit: &Hit) -> Option<Privilege> {
    if let Event::Caught(Caught::Exception { from, .. }) = hit.event {
        return Some(from);
    }
    target.hart(hit.hart).map(|hart| hart.privilege)
}
