//! One step at a time: the engine that defines what the others must do.

use hart::{Access, Flow, Hart, Trap};
use isa::Insn;
use isa::trap::Interrupt;
use memory::{Bus, PAGE_SIZE, Width};

/// Somebody who watches. Watching never changes the run.
///
/// A step counts ([`memory::Clock::steps`]) only after its observer was told of it; a return, a wait and a wake-up are
/// told between steps. An engine that runs decoded code tells of traps, interrupts, returns and waits only
/// ([`crate::Interpreter::run_watching_traps`]).
pub trait Observer {
    /// Nothing is told to it, so that an engine need not look for anything to tell.
    const IS_NOBODY: bool = false;

    /// An instruction is about to be executed at `hart.pc`.
    fn before(&mut self, hart: &Hart, bus: &Bus, insn: &Insn, word: u32);
    /// It retired; `hart.pc` is where the hart goes on. Its address was `pc`.
    fn retired(&mut self, hart: &Hart, bus: &Bus, pc: u64, insn: &Insn, word: u32);
    /// The attempt at `pc` trapped; the hart is at its handler.
    fn trapped(&mut self, hart: &Hart, bus: &Bus, pc: u64, trap: Trap);
    /// An interrupt was taken at `pc`; the hart is at its handler.
    fn interrupted(&mut self, hart: &Hart, bus: &Bus, pc: u64, interrupt: Interrupt);
    /// An `mret` or `sret` has retired; the hart is where it led.
    fn returned(&mut self, _hart: &Hart, _bus: &Bus) {}
    /// The hart waits from now on.
    fn waits(&mut self, _hart: &Hart, _bus: &Bus) {}
    /// Its wait is over.
    fn wakes(&mut self, _hart: &Hart, _bus: &Bus) {}
}

/// Nobody watches.
pub struct NoObserver;

impl Observer for NoObserver {
    const IS_NOBODY: bool = true;

    #[inline(always)]
    fn before(&mut self, _: &Hart, _: &Bus, _: &Insn, _: u32) {}
    #[inline(always)]
    fn retired(&mut self, _: &Hart, _: &Bus, _: u64, _: &Insn, _: u32) {}
    #[inline(always)]
    fn trapped(&mut self, _: &Hart, _: &Bus, _: u64, _: Trap) {}
    #[inline(always)]
    fn interrupted(&mut self, _: &Hart, _: &Bus, _: u64, _: Interrupt) {}
}

/// Somebody who watches, but is told only what happens between decoded code.
pub struct TrapsOnly<'a, O>(pub &'a mut O);

impl<O: Observer> Observer for TrapsOnly<'_, O> {
    #[inline(always)]
    fn before(&mut self, _: &Hart, _: &Bus, _: &Insn, _: u32) {}
    #[inline(always)]
    fn retired(&mut self, _: &Hart, _: &Bus, _: u64, _: &Insn, _: u32) {}
    fn trapped(&mut self, hart: &Hart, bus: &Bus, pc: u64, trap: Trap) {
        self.0.trapped(hart, bus, pc, trap);
    }
    fn interrupted(&mut self, hart: &Hart, bus: &Bus, pc: u64, interrupt: Interrupt) {
        self.0.interrupted(hart, bus, pc, interrupt);
    }
    fn returned(&mut self, hart: &Hart, bus: &Bus) {
        self.0.returned(hart, bus);
    }
    fn waits(&mut self, hart: &Hart, bus: &Bus) {
        self.0.waits(hart, bus);
    }
    fn wakes(&mut self, hart: &Hart, bus: &Bus) {
        self.0.wakes(hart, bus);
    }
}

/// What a step did, as far as the run loop cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// On to the next instruction.
    Next,
    /// Interrupts must be sampled before the next instruction.
    Sync,
    /// The same, behind an `mret` or `sret`.
    Returned,
    /// The hart waits for an interrupt.
    Wait,
    /// The hart lets others have their turn.
    Yield,
    /// The host must do a semihosting call; the hart stands behind the `ebreak`.
    HostCall,
    /// The next instruction is marked.
    Marked,
}

/// Fetches the instruction at `hart.pc`: its encoding, in the low 16 bits when compressed.
///
/// # Errors
/// The fault of the half that could not be fetched; `tval` names that half.
pub fn fetch(hart: &mut Hart, bus: &mut Bus) -> Result<u32, Trap> {
    let pc = hart.pc;
    if pc & 2 != 0 && !hart.isa().has(isa::Extension::C) {
        return Err(Trap::misaligned(Access::Fetch, pc));
    }
    let low_at = hart.translate(bus, pc, 2, Access::Fetch)?;
    let low = fetch_half(bus, low_at, pc)?;
    if low & 3 != 3 {
        return Ok(u32::from(low));
    }
    let second = pc.wrapping_add(2);
    let high_at = if second.is_multiple_of(PAGE_SIZE) || hart.tlb_splits_fetch(pc) {
        hart.translate(bus, second, 2, Access::Fetch)?
    } else {
        low_at + 2
    };
    let high = fetch_half(bus, high_at, second)?;
    Ok(u32::from(high) << 16 | u32::from(low))
}

fn fetch_half(bus: &mut Bus, physical: u64, address: u64) -> Result<u16, Trap> {
    match bus.ram.load(physical, Width::Half) {
        Some(half) => Ok(half as u16),
        None => bus
            .fetch_device(physical)
            .map_err(|_| Trap::access_fault(Access::Fetch, address)),
    }
}

/// Takes one step: attempts the instruction at `hart.pc`, and counts it.
pub fn step(hart: &mut Hart, bus: &mut Bus, observer: &mut impl Observer) -> Step {
    let pc = hart.pc;
    let outcome = match attempt(hart, bus, observer) {
        Ok((insn, word, flow)) => {
            let step = finish(hart, flow, insn.len);
            observer.retired(hart, bus, pc, &insn, word);
            step
        }
        Err(trap) => {
            hart.take_exception(trap);
            observer.trapped(hart, bus, pc, trap);
            if hart.catch.has_caught() {
                bus.raise_attention();
            }
            Step::Next
        }
    };
    hart.advance(bus, 1);
    if bus.needs_attention() && outcome == Step::Next {
        return Step::Sync;
    }
    outcome
}

fn attempt(
    hart: &mut Hart,
    bus: &mut Bus,
    observer: &mut impl Observer,
) -> Result<(Insn, u32, Flow), Trap> {
    let word = fetch(hart, bus)?;
    let insn = isa::decode(word, hart.isa()).ok_or(Trap::illegal(word))?;
    observer.before(hart, bus, &insn, word);
    let flow = hart.execute(bus, &insn, word)?;
    Ok((insn, word, flow))
}

/// Moves the program counter as `flow` says.
pub(crate) fn finish(hart: &mut Hart, flow: Flow, len: u8) -> Step {
    let next = hart.pc.wrapping_add(u64::from(len));
    let (pc, step) = match flow {
        Flow::Next => (next, Step::Next),
        Flow::Sync => (next, Step::Sync),
        Flow::Jump(target) => (target, Step::Next),
        Flow::Returned => (hart.pc, Step::Returned),
        Flow::Wait => (next, Step::Wait),
        Flow::Yield => (next, Step::Yield),
        Flow::HostCall => (next, Step::HostCall),
    };
    hart.pc = pc;
    step
}
