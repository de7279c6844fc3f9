//! Entering decoded code, and coming back from it with an exact step count.

use hart::mmu::tlb;
use hart::{Access, Hart, Trap};
use memory::{Bus, PAGE_SHIFT};

use super::build;
use super::cache::CodeCache;
use super::handlers::KEPT_SHIFT;
use super::op::Cursor;
use super::page::{CodePage, Kept};
use crate::Marks;
use crate::plain::{self, NoObserver, Observer, Step};

/// Why decoded code came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// The next run is longer than the steps that remain, or leads to a page whose translation is
    /// not at hand: `hart.pc` says where to go on.
    Lookup,
    /// The instruction at `hart.pc` is for the plain engine.
    Plain,
    /// The instruction at `hart.pc` may be marked.
    Marked,
    /// As [`Step`] says.
    Step(Step),
}

/// What handlers share during one stretch, beside the hart.
pub(super) struct Frame<'b> {
    pub bus: &'b mut Bus,
    /// The page that is executed, for its kept instructions.
    page: *const CodePage,
    /// What to add to [`Cursor::code_offset`] to get the program counter.
    bias: u64,
    /// Steps that were left when the clock was last brought up to date.
    synced: i64,
    exit: Exit,
    /// Somebody is told of traps and returns, so they end the stretch.
    pub watched: bool,
    /// What the instruction that was just attempted raised.
    raised: Trap,
}

impl Frame<'_> {
    /// The program counter at a place in the current page.
    #[inline(always)]
    pub fn pc(&self, at: Cursor) -> u64 {
        at.code_offset().wrapping_add(self.bias)
    }

    /// Brings the clock and the hart's counter up to date: `left` steps remain.
    #[inline(always)]
    pub fn sync(&mut self, hart: &mut Hart, left: i64) {
        let taken = (self.synced - left) as u64;
        self.synced = left;
        hart.advance(self.bus, taken);
    }

    /// Somebody else brought clock and counter up to date: `left` steps remain.
    #[inline(always)]
    pub fn counted(&mut self, left: i64) {
        self.synced = left;
    }

    /// What an attempt gave; a trap is put by, for [`trap`]. So results fit registers: a handler that
    /// keeps something on the stack could not end in a jump.
    #[inline(always)]
    pub fn put_trap_by<T>(&mut self, result: Result<T, Trap>) -> Option<T> {
        result.map_err(|trap| self.raised = trap).ok()
    }

    /// The instruction kept beside the decoded one at `at`.
    #[inline(always)]
    pub fn kept(&self, at: Cursor) -> Option<Kept> {
        // SAFETY: `page` was set from a live page of the code cache when control entered it, and no page
        // changes or goes during a stretch (see `Cursor`).
        unsafe { &*self.page }
            .kept(at.op().imm >> KEPT_SHIFT)
            .copied()
    }

    /// Leaves decoded code at `pc` with `left` steps remaining.
    #[inline(always)]
    pub fn leave(&mut self, hart: &mut Hart, pc: u64, left: i64, exit: Exit) {
        hart.pc = pc;
        self.sync(hart, left);
        self.exit = exit;
    }

    /// Whether something happened that must be looked at before the next instruction.
    #[inline(always)]
    pub fn must_stop(&self) -> bool {
        self.bus.needs_attention()
            || self.bus.ram.has_stale_code()
            || self.bus.ram.has_host_writes()
    }
}

/// The instruction at `pc` raised what was put by; `left` counts it as not yet made. Goes on at the handler.
pub(super) fn trap(hart: &mut Hart, frame: &mut Frame<'_>, pc: u64, left: i64) {
    hart.pc = pc;
    frame.sync(hart, left);
    hart.take_exception(frame.raised);
    if hart.catch.has_caught() {
        frame.bus.raise_attention();
    }
    frame.sync(hart, left - 1);
    let handler = hart.pc;
    if frame.watched || frame.must_stop() {
        return frame.leave(hart, handler, left - 1, Exit::Step(Step::Next));
    }
    enter_far(hart, frame, handler, left - 1);
}

/// Goes on at `at`, the start of a run, if enough steps remain for all of it.
#[inline(always)]
pub(super) fn enter(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let after = left - i64::from(at.op().left);
    if after < 0 {
        let pc = frame.pc(at);
        return frame.leave(hart, pc, left, Exit::Lookup);
    }
    at.go(hart, frame, after);
}

/// Goes on at virtual address `target`, if its page's shortcut is at hand.
#[inline(always)]
pub(super) fn enter_far(hart: &mut Hart, frame: &mut Frame<'_>, target: u64, left: i64) {
    let shortcut = hart.tlb.fast_fetch[tlb::index(target)];
    if shortcut.tag != tlb::tag(target, hart.contexts.fetch) {
        return frame.leave(hart, target, left, Exit::Lookup);
    }
    let page = shortcut.addend as *const CodePage;
    frame.page = page;
    // SAFETY: fetch shortcuts are filled from live pages of the code cache only, and dropped when one
    // goes (`Threaded::honour_generation`).
    let at = unsafe { &*page }.cursor((target as usize & 0xfff) >> 1);
    frame.bias = target.wrapping_sub(at.code_offset());
    enter(hart, frame, at, left);
}

/// The engine: the code cache, and which hart has seen which generation of it.
pub struct Threaded {
    cache: CodeCache,
    seen: [u64; abi::memory_map::MAX_HARTS],
}

impl Default for Threaded {
    fn default() -> Self {
        Self::new()
    }
}

impl Threaded {
    /// An engine with an empty code cache.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cache: CodeCache::default(),
            seen: [0; abi::memory_map::MAX_HARTS],
        }
    }

    /// Forgets all decoded code.
    pub fn clear(&mut self, bus: &mut Bus) {
        self.cache.clear(&mut bus.ram);
    }

    /// Takes at most `steps` steps (and at most a few thousand), without sampling interrupts.
    pub(crate) fn run<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        steps: u64,
        marks: &Marks,
        observer: &mut O,
    ) -> Step {
        let end = bus.clock.steps + steps;
        loop {
            for page in take_stale(bus) {
                self.cache.forget(page);
            }
            let left = end.saturating_sub(bus.clock.steps) as i64;
            if left == 0 {
                return Step::Next;
            }
            hart.honour_revocations(&bus.ram);
            self.honour_generation(hart);
            let trapped_before = hart.unretired;
            let at = shortcut(hart).or_else(|| self.find(hart, bus, marks));
            let step = match at {
                Some(at) if i64::from(at.1.op().left) <= left => {
                    stretch(hart, bus, at, left, !O::IS_NOBODY)
                }
                _ => Exit::Marked,
            };
            let step = match step {
                // The instruction is the next stretch's when this one's last step led to it.
                Exit::Plain | Exit::Marked if bus.clock.steps >= end => Step::Next,
                Exit::Marked if marks.stops(hart.pc, bus.clock.steps) => Step::Marked,
                Exit::Plain | Exit::Marked => plain::step(hart, bus, &mut NoObserver),
                Exit::Lookup => Step::Next,
                Exit::Step(step) => step,
            };
            if !O::IS_NOBODY && hart.unretired != trapped_before {
                tell_of_trap(hart, bus, observer);
            }
            if step != Step::Next || bus.ram.has_host_writes() || bus.needs_attention() {
                return step;
            }
        }
    }

    /// Finds, and if need be decodes, the code at `hart.pc`. `None` when the plain engine must take the next step:
    /// the translation is not in the TLB, or the code is in no page that can be decoded whole.
    fn find(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        marks: &Marks,
    ) -> Option<(*const CodePage, Cursor)> {
        let pc = hart.pc;
        let context = hart.contexts.fetch;
        let hit = hart.tlb.lookup(Access::Fetch, pc, context)?;
        let offset = bus.ram.offset_of(hit.physical & !0xfff, 1 << PAGE_SHIFT)?;
        if hit.split || pc & 1 != 0 {
            return None;
        }
        let page = (offset >> PAGE_SHIFT) as u32;
        let slot = (pc as usize & 0xfff) >> 1;
        let place = self.cache.place(&mut bus.ram, page);
        if !self.cache.page(place).is_decoded(slot) {
            build::decode_run(
                self.cache.page_mut(place),
                &mut bus.ram,
                page,
                slot,
                hart.isa(),
                marks,
            );
        }
        hart.honour_revocations(&bus.ram);
        self.honour_generation(hart);
        let code = self.cache.page(place);
        let pointer: *const CodePage = code;
        hart.tlb
            .fill_fast(Access::Fetch, pc, context, pointer as u64);
        Some((pointer, code.cursor(slot)))
    }

    fn honour_generation(&mut self, hart: &mut Hart) {
        let seen = &mut self.seen[hart.id() as usize % abi::memory_map::MAX_HARTS];
        if *seen != self.cache.generation() {
            *seen = self.cache.generation();
            hart.tlb.drop_fast_fetch();
        }
    }
}

/// A trap ends what decoded code does while somebody watches: the CSRs of its handler's mode say which it was.
fn tell_of_trap(hart: &Hart, bus: &mut Bus, observer: &mut impl Observer) {
    let (pc, trap) = hart.last_trap();
    // The step that trapped counts only after its observer was told of it.
    bus.clock.steps -= 1;
    if let Some(trap) = trap {
        observer.trapped(hart, bus, pc, trap);
    }
    bus.clock.steps += 1;
}

/// Where the code at `hart.pc` is, if it is decoded and its page's shortcut at hand.
fn shortcut(hart: &Hart) -> Option<(*const CodePage, Cursor)> {
    let pc = hart.pc;
    let shortcut = hart.tlb.fast_fetch[tlb::index(pc)];
    if shortcut.tag != tlb::tag(pc, hart.contexts.fetch) || pc & 1 != 0 {
        return None;
    }
    let page = shortcut.addend as *const CodePage;
    // SAFETY: as in `enter_far`.
    let code = unsafe { &*page };
    let slot = (pc as usize & 0xfff) >> 1;
    code.is_decoded(slot).then(|| (page, code.cursor(slot)))
}

fn take_stale(bus: &mut Bus) -> Vec<u32> {
    if bus.ram.has_stale_code() {
        bus.ram.take_stale_code()
    } else {
        Vec::new()
    }
}

/// Runs decoded code from `at` until something ends the stretch.
fn stretch(
    hart: &mut Hart,
    bus: &mut Bus,
    (page, at): (*const CodePage, Cursor),
    left: i64,
    watched: bool,
) -> Exit {
    let mut frame = Frame {
        bus,
        page,
        bias: hart.pc.wrapping_sub(at.code_offset()),
        synced: left,
        exit: Exit::Lookup,
        watched,
        raised: Trap::illegal(0),
    };
    enter(hart, &mut frame, at, left);
    frame.exit
}
