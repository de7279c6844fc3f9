//! Breakpoints, watchpoints and catchpoints.

use std::collections::BTreeMap;

use machine::hart::{Caught, Privilege};
use machine::{Halt, HaltOn, WatchHit, WatchedRange};

/// Names a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointId(pub u32);

/// What accesses to a range stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WatchKind {
    /// Loads.
    Read,
    /// Writes, whatever they write.
    Write,
    /// Loads and writes.
    Access,
    /// Writes that change the value.
    Change,
}

/// What stops a run. Nothing of it changes the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before the instruction at this virtual address, in every address space: [`crate::Control::accept`] narrows it.
    Break(u64),
    /// Right after an access to this physical range.
    Watch {
        /// Physical address.
        address: u64,
        /// Bytes.
        len: u64,
        /// Which accesses.
        kind: WatchKind,
    },
    /// Right after an exception was delivered: its code, or any.
    Exception(Option<u64>),
    /// Right after an interrupt was taken: its code, or any.
    Interrupt(Option<u64>),
    /// Right after an `ecall` from U-mode with this number in `a7`, or any: at the kernel's trap vector.
    Ecall(Option<u64>),
    /// Right after the privilege changed.
    Privilege,
    /// Right after an instruction wrote this CSR.
    CsrWrite(u16),
    /// Right after the guest printed something.
    Output,
}

/// A point that was hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which point.
    pub id: PointId,
    /// The hart that hit it.
    pub hart: usize,
    /// What happened.
    pub event: Event,
}

/// What happened at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The instruction at this address is next.
    Break(u64),
    /// A watched range was accessed.
    Access {
        /// What the access was.
        access: WatchHit,
        /// The range's first bytes (at most 8, little-endian) before.
        old: u64,
        /// And now.
        new: u64,
    },
    /// A trap, a change of privilege, or a CSR write.
    Caught(Caught),
    /// The guest printed.
    Output,
}

/// The code of an `ecall` from U-mode, and the register with its number.
const ECALL_FROM_U: u64 = 8;
const A7: u8 = 17;
/// Exceptions and interrupts have codes below this.
const CODES: u64 = 64;

#[derive(Clone, Debug)]
struct Set {
    point: Point,
    /// A watched range's first bytes when they were last looked at.
    value: u64,
}

/// All points of a session.
#[derive(Clone, Debug, Default)]
pub struct Points {
    points: BTreeMap<PointId, Set>,
    last: u32,
}

impl Points {
    /// Adds one. Its value is looked at with [`Points::refresh`].
    pub fn add(&mut self, point: Point) -> PointId {
        self.last += 1;
        let id = PointId(self.last);
        self.points.insert(id, Set { point, value: 0 });
        id
    }

    /// Removes one; returns whether it was there.
    pub fn remove(&mut self, id: PointId) -> bool {
        self.points.remove(&id).is_some()
    }

    /// All of them.
    #[must_use]
    pub fn list(&self) -> Vec<(PointId, Point)> {
        let pair = |(&id, set): (&PointId, &Set)| (id, set.point.clone());
        self.points.iter().map(pair).collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// What the machine must stop for.
    #[must_use]
    pub fn halt_on(&self) -> HaltOn {
        let mut all = HaltOn::default();
        for set in self.points.values() {
            add_to(&mut all, &set.point);
        }
        all
    }

    /// Looks at what watched ranges hold now.
    pub fn refresh(&mut self, bus: &machine::Bus) {
        for set in self.points.values_mut() {
            if let Point::Watch { address, len, .. } = set.point {
                set.value = value(bus, address, len);
            }
        }
    }

    /// Which points a machine stopped for.
    pub fn hits(&mut self, machine: &machine::Machine, halt: &Halt) -> Vec<Hit> {
        match halt {
            Halt::Breakpoint { hart } => {
                let pc = machine.harts().get(*hart).map_or(0, |hart| hart.pc);
                self.of(*hart, |point| {
                    (*point == Point::Break(pc)).then_some(Event::Break(pc))
                })
            }
            Halt::Seen {
                hart,
                caught,
                accesses,
                printed,
            } => {
                let mut hits = self.accessed(*hart, machine.bus(), accesses);
                for &caught in caught {
                    let a7 = machine.harts().get(*hart).map_or(0, |hart| hart.reg(A7));
                    hits.extend(self.of(*hart, |point| {
                        catches(point, caught, a7).then_some(Event::Caught(caught))
                    }));
                }
                if *printed {
                    hits.extend(self.of(*hart, |point| {
                        (*point == Point::Output).then_some(Event::Output)
                    }));
                }
                hits
            }
        }
    }

    fn of(&self, hart: usize, event: impl Fn(&Point) -> Option<Event>) -> Vec<Hit> {
        let hit =
            |(&id, set): (&PointId, &Set)| event(&set.point).map(|event| Hit { id, hart, event });
        self.points.iter().filter_map(hit).collect()
    }

    fn accessed(&mut self, hart: usize, bus: &machine::Bus, accesses: &[WatchHit]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (&id, set) in &mut self.points {
            let Point::Watch { address, len, kind } = set.point else {
                continue;
            };
            let range = watched(address, len, kind);
            let meant = |access: &&WatchHit| {
                let wanted = if access.write {
                    range.writes
                } else {
                    range.reads
                };
                wanted && range.overlaps(access.address, access.bytes)
            };
            let Some(&access) = accesses.iter().find(meant) else {
                continue;
            };
            let (old, new) = (set.value, value(bus, address, len));
            set.value = new;
            if kind != WatchKind::Change || old != new {
                let event = Event::Access { access, old, new };
                hits.push(Hit { id, hart, event });
            }
        }
        hits
    }
}

/// The first bytes of a range; those that are not RAM read as zero.
fn value(bus: &machine::Bus, address: u64, len: u64) -> u64 {
    let byte = |i| {
        let bytes = bus.ram.bytes(address.checked_add(i)?, 1)?;
        bytes.first().copied()
    };
    let bytes = (0..len.min(8)).rev();
    bytes.fold(0, |value, i| value << 8 | u64::from(byte(i).unwrap_or(0)))
}

const fn watched(address: u64, len: u64, kind: WatchKind) -> WatchedRange {
    WatchedRange {
        address,
        len,
        reads: matches!(kind, WatchKind::Read | WatchKind::Access),
        writes: !matches!(kind, WatchKind::Read),
    }
}

fn add_to(all: &mut HaltOn, point: &Point) {
    let bits = |code: Option<u64>| code.map_or(u64::MAX, |code| 1 << (code % CODES));
    match *point {
        Point::Break(address) => {
            all.breakpoints.insert(address);
        }
        Point::Watch { address, len, kind } => all.ranges.push(watched(address, len, kind)),
        Point::Exception(code) => all.exceptions |= bits(code),
        Point::Interrupt(code) => all.interrupts |= bits(code),
        Point::Ecall(_) => all.exceptions |= 1 << ECALL_FROM_U,
        Point::Privilege => all.privilege = true,
        Point::CsrWrite(number) => all.csrs.push(number),
        Point::Output => all.output = true,
    }
}

/// Whether a point is meant by what was caught; `a7` is the hart's.
fn catches(point: &Point, caught: Caught, a7: u64) -> bool {
    let is = |wanted: Option<u64>, code: u64| wanted.is_none_or(|wanted| wanted == code);
    match (point, caught) {
        (&Point::Exception(wanted), Caught::Exception { trap, .. }) => {
            is(wanted, trap.cause as u64)
        }
        (&Point::Ecall(wanted), Caught::Exception { trap, from, .. }) => {
            trap.cause as u64 == ECALL_FROM_U && from == Privilege::User && is(wanted, a7)
        }
        (&Point::Interrupt(wanted), Caught::Interrupt { interrupt, .. }) => {
            is(wanted, interrupt as u64)
        }
        (Point::Privilege, Caught::Privilege { .. }) => true,
        (&Point::CsrWrite(wanted), Caught::CsrWrite { number, .. }) => wanted == number,
        _ => false,
    }
}
