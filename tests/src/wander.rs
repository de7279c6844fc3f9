//! A run that is interrupted by random stops, steps back and leaps in time, and must come out as if nothing had been.

use std::collections::BTreeMap;

use debugger::{Moment, Plain, Point, PointId, Run, Settings, Target, Timeline, WatchKind, Why};
use machine::{Machine, Stop};

/// A small generator of random numbers; a test's whole course follows from its seed.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number below `below` (at least 1).
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 20) % below.max(1)
    }
}

/// Steps, idle time, state and output at the end: what must agree.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Where it ended.
    pub end: Moment,
    /// The state's hash.
    pub state: u128,
    /// Everything printed.
    pub output: Vec<u8>,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tail = self.output.len().saturating_sub(200);
        f.debug_struct("Outcome")
            .field("end", &self.end)
            .field("state", &format_args!("{:032x}", self.state))
            .field("output", &String::from_utf8_lossy(&self.output[tail..]))
            .finish()
    }
}

fn moment(machine: &Machine) -> Moment {
    Moment {
        step: machine.steps(),
        idle: machine.bus().clock.idle,
    }
}

/// Runs a machine to its end or to `limit` steps, as `hartland run` does with somebody at the terminal who types nothing.
#[must_use]
pub fn undisturbed(mut machine: Machine, limit: u64) -> Outcome {
    machine.set_interactive(true);
    while machine.steps() < limit {
        match machine.run(limit - machine.steps()) {
            Stop::Idle(Some(until)) => machine.pass_idle_until(until),
            _ => break,
        }
    }
    Outcome {
        end: moment(&machine),
        state: machine.state_hash(),
        output: machine.take_output(),
    }
}

/// A run under the debugger, and what was seen on the way.
pub struct Wander {
    /// The machine and its past.
    pub timeline: Timeline,
    random: Random,
    limit: u64,
    seen: BTreeMap<Moment, u128>,
    points: Vec<PointId>,
    /// Acts done, by kind: forward, back, leap, points, back to a point, last write.
    pub acts: [u64; 6],
}

impl Wander {
    /// Begins at the machine's first step.
    #[must_use]
    pub fn new(machine: Machine, limit: u64, seed: u64, settings: Settings) -> Self {
        Self {
            timeline: Timeline::new(machine, settings),
            random: Random(seed),
            limit,
            seen: BTreeMap::new(),
            points: Vec::new(),
            acts: [0; 6],
        }
    }

    /// Does `acts` random things, then runs on to the end.
    ///
    /// # Panics
    /// When a moment does not look as it did before.
    #[must_use]
    pub fn run(mut self, acts: u64, stride: u64) -> Outcome {
        for _ in 0..acts {
            self.act(stride);
        }
        for id in std::mem::take(&mut self.points) {
            self.timeline.remove_point(id).expect("it was added");
        }
        let present = self.timeline.present();
        self.leap(present);
        let left = self.limit - self.timeline.now().step;
        self.timeline.advance(left);
        Outcome {
            end: self.timeline.now(),
            state: self.timeline.state_hash(),
            output: self.timeline.console().to_vec(),
        }
    }

    fn go(&mut self, how: Run) -> Why {
        let stopped = self.timeline.run(how, &mut Plain);
        let stopped = stopped.unwrap_or_else(|error| panic!("{how:?}: {error}"));
        self.check();
        stopped.why
    }

    /// Every moment looks the same whenever it is seen.
    fn check(&mut self) {
        let (now, hash) = (self.timeline.now(), self.timeline.state_hash());
        let before = *self.seen.entry(now).or_insert(hash);
        assert_eq!(before, hash, "another state at {now:?}");
    }

    fn leap(&mut self, to: Moment) {
        self.go(Run::To(to));
        assert_eq!(self.timeline.now(), to);
    }

    fn act(&mut self, stride: u64) {
        let act = self.random.below(12);
        match act {
            0..=3 => {
                let left = self.limit - self.timeline.now().step;
                let steps = 1 + self.random.below(stride);
                self.go(Run::For(steps.min(left)));
                self.acts[0] += 1;
            }
            4..=6 => {
                let hart = self.random.below(self.timeline.harts() as u64) as usize;
                let count = 1 + self.random.below(3);
                self.back(hart, count);
                self.acts[1] += 1;
            }
            7..=8 => {
                let index = self.random.below(self.seen.len() as u64) as usize;
                if let Some(&to) = self.seen.keys().nth(index) {
                    self.leap(to);
                }
                self.acts[2] += 1;
            }
            9 => self.change_points(),
            10 => {
                self.go(Run::BackContinue);
                self.acts[4] += 1;
            }
            _ => self.last_write(),
        }
    }

    fn back(&mut self, hart: usize, count: u64) {
        let taken = |wander: &Self| wander.timeline.hart(hart).map_or(0, |hart| hart.steps);
        let before = taken(self);
        let why = self.go(Run::BackStep { hart, count });
        if why == Why::Done {
            assert_eq!(taken(self), before - count, "hart {hart}");
            // The hart's next step is the machine's next.
            let here = self.timeline.now().step;
            self.timeline.advance(1);
            assert_eq!(self.timeline.now().step, here + 1);
            assert_eq!(taken(self), before - count + 1, "hart {hart}");
        }
    }

    fn change_points(&mut self) {
        if self.points.len() >= 3 {
            let id = self.points.remove(0);
            self.timeline.remove_point(id).expect("it was added");
        }
        let hart = self.random.below(self.timeline.harts() as u64) as usize;
        let hart = self.timeline.hart(hart).expect("a hart");
        let (pc, sp) = (hart.pc, hart.reg(2));
        let point = match self.random.below(6) {
            0 | 1 => Point::Break(pc),
            2 => Point::Watch {
                address: self.timeline.bus().ram.base() + sp % (1 << 20) / 8 * 8,
                len: 8,
                kind: WatchKind::Access,
            },
            3 => Point::Exception(None),
            4 => Point::Interrupt(None),
            _ => Point::CsrWrite(isa::csr::SSTATUS),
        };
        let id = self
            .timeline
            .add_point(point)
            .expect("any machine has these");
        self.points.push(id);
        self.acts[3] += 1;
    }

    fn last_write(&mut self) {
        let before = self.timeline.now();
        let hash = self.timeline.state_hash();
        let base = self.timeline.bus().ram.base();
        let address = base + self.random.below(1 << 20) / 8 * 8;
        let write = self.timeline.last_write(address, 4096, &mut Plain);
        let write = write.expect("nothing interrupts");
        assert_eq!(self.timeline.now(), before);
        assert_eq!(self.timeline.state_hash(), hash);
        if let Some(write) = write {
            assert!(
                write.before < write.after && write.after <= before,
                "{write:?}"
            );
        }
        self.acts[5] += 1;
    }
}
