//! Steps as people mean them: by source lines and over calls, of one thread whatever the harts do in between, forward
//! and back.

use isa::{Insn, Opcode};
use machine::hart::Privilege;

use super::{Frame, Front, Report, Session, Temporary, Who};
use crate::symbols::InlineFrame;
use crate::target::{Register, Run, Target, TargetError};

/// An instruction that faults is tried again so often before a step gives up.
const MOST_TRIES: usize = 64;
const RA: u8 = 1;
/// The other register that calls may leave their return address in.
const T0: u8 = 5;

/// A line of a function, at a depth of inlining.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LinePlace {
    /// Functions from the one that has the frame inwards.
    functions: Vec<String>,
    file: Option<String>,
    line: Option<u32>,
    /// Start of the function's code.
    start: Option<u64>,
}

impl Session {
    /// Who goes on: a thread of the user's, or a hart.
    #[must_use]
    pub fn who(&self, target: &dyn Target, hart: usize) -> Who {
        let is_user = target.register(hart, Register::Privilege) == Some(Privilege::User as u64);
        let running = self.fawn(target).and_then(|fawn| fawn.running(hart));
        match running {
            Some((tid, _)) if is_user => Who::Thread(tid),
            _ => Who::Hart(hart),
        }
    }

    /// The instruction that a hart executes next.
    fn instruction(&self, target: &dyn Target, hart: usize) -> Option<(u64, Insn)> {
        let frame = self.innermost_of(target, hart)?;
        let pc = frame.registers.pc;
        let word = super::describe::word_at(target, frame.space, pc)?;
        let insn = isa::decode(word, target.hart(hart)?.isa())?;
        Some((pc, insn))
    }

    /// Steps of instructions of the selected hart, into calls and traps.
    ///
    /// # Errors
    /// The machine's.
    pub fn step_instructions(
        &mut self,
        target: &mut dyn Target,
        count: u64,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let hart = self.selected.hart;
        self.go(target, Run::Step { hart, count }, &[], front)
    }

    /// One instruction, over calls and over what the kernel does for it.
    ///
    /// # Errors
    /// The machine's.
    pub fn next_instruction(
        &mut self,
        target: &mut dyn Target,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let hart = self.selected.hart;
        let who = self.who(target, hart);
        let decoded = self.instruction(target, hart);
        let sp = target.register(hart, Register::X(2)).unwrap_or(0);
        if let Some((pc, insn)) = decoded
            && is_call(&insn)
        {
            return self.run_to(target, pc + u64::from(insn.len), who, sp, front);
        }
        self.step_over_traps(target, decoded, who, front)
    }

    /// One instruction; a trap that it or an interrupt brings about is handled before this comes back.
    fn step_over_traps(
        &mut self,
        target: &mut dyn Target,
        decoded: Option<(u64, Insn)>,
        who: Who,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let mut hart = self.selected.hart;
        let before = target.register(hart, Register::Privilege).unwrap_or(3);
        let mut report = self.step_instructions(target, 1, front)?;
        let Some((pc, insn)) = decoded else {
            return Ok(report);
        };
        // Leaving for a higher privilege by the instruction itself is what the person wants to see only of `si`.
        for _ in 0..MOST_TRIES {
            hart = report.stopped.hart;
            let now = target.register(hart, Register::Privilege).unwrap_or(3);
            if !report.is_done() || now <= before {
                return Ok(report);
            }
            let behind = pc.wrapping_add(u64::from(insn.len));
            let mut places = vec![pc, behind];
            if let Some(target) = jump_target(pc, &insn) {
                places.push(target);
            }
            let all: Vec<_> = places
                .into_iter()
                .map(|at| Temporary {
                    at,
                    who: Some(who),
                    lowest_sp: 0,
                })
                .collect();
            report = self.go(target, Run::Continue, &all, front)?;
            let again = report.temporary
                && target.register(report.stopped.hart, Register::Pc) == Some(pc)
                && insn.op != Opcode::Ecall;
            if !again {
                return Ok(report);
            }
            report = self.step_instructions(target, 1, front)?;
        }
        Ok(report)
    }

    /// On, until somebody is at an address with a stack pointer not below `lowest_sp`.
    pub(crate) fn run_to(
        &mut self,
        target: &mut dyn Target,
        at: u64,
        who: Who,
        lowest_sp: u64,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let point = Temporary {
            at,
            who: Some(who),
            lowest_sp,
        };
        self.go(target, Run::Continue, &[point], front)
    }

    /// Where a frame is, as lines go: in the function that it shows, whatever is inlined there.
    fn line_place(&self, frame: &Frame) -> LinePlace {
        let names = frame.functions.iter().skip(frame.inlined).rev();
        let function = frame.function();
        let debug = frame.program.as_ref().and_then(|program| program.debug());
        let range = debug.and_then(|debug| debug.function_range(frame.registers.pc));
        LinePlace {
            functions: names.map(|f| f.function.clone()).collect(),
            file: function.and_then(|f| f.file.clone()),
            line: function.and_then(|f| f.line),
            start: range.map(|(start, _)| start),
        }
    }

    /// The next source line: of the same function, or of the one that it calls with `into`.
    ///
    /// # Errors
    /// The machine's.
    pub fn step_line(
        &mut self,
        target: &mut dyn Target,
        into: bool,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let start = self.selected_place(target);
        let Some(from) = start.filter(|p| p.line.is_some()) else {
            return match into {
                true => self.step_instructions(target, 1, front),
                false => self.next_instruction(target, front),
            };
        };
        self.step_until(target, into, front, &|session, frame| {
            session.is_new_line(&from, frame, into)
        })
    }

    /// Where the selected frame is, if nothing but inlining lies between it and the hart.
    fn selected_place(&self, target: &dyn Target) -> Option<LinePlace> {
        let mut frame = self.innermost_of(target, self.selected.hart)?;
        if self.selected.frame < frame.functions.len() {
            frame.inlined = self.selected.frame;
        }
        Some(self.line_place(&frame))
    }

    /// Steps of one thread, over calls or into those that have source, until the place is the one that is meant.
    fn step_until(
        &mut self,
        target: &mut dyn Target,
        into: bool,
        front: &mut dyn Front,
        is_meant: &dyn Fn(&Self, &Frame) -> bool,
    ) -> Result<Report, TargetError> {
        let who = self.who(target, self.selected.hart);
        loop {
            let hart = self.selected.hart;
            let decoded = self.instruction(target, hart);
            let sp = target.register(hart, Register::X(2)).unwrap_or(0);
            let call = decoded.filter(|(_, insn)| is_call(insn));
            let report = match call {
                Some((pc, insn)) => {
                    let behind = pc + u64::from(insn.len);
                    if into {
                        let report = self.step_instructions(target, 1, front)?;
                        if !report.is_done() || self.has_source(target) {
                            return Ok(report);
                        }
                    }
                    self.run_to(target, behind, who, sp, front)?
                }
                None => self.step_over_traps(target, decoded, who, front)?,
            };
            if !report.is_done() || !front.poll(0, 0) {
                return Ok(report);
            }
            let Some(frame) = self.innermost_of(target, self.selected.hart) else {
                return Ok(report);
            };
            if is_meant(self, &frame) {
                return Ok(report);
            }
        }
    }

    /// Whether the function that a call led to has source that can be shown.
    fn has_source(&self, target: &dyn Target) -> bool {
        let frame = self.innermost_of(target, self.selected.hart);
        let function = frame.as_ref().and_then(|f| f.functions.last());
        let file = function.and_then(|function| function.file.as_deref());
        file.is_some_and(|file| self.source.lines(file).is_some())
    }

    fn is_new_line(&self, from: &LinePlace, frame: &Frame, into: bool) -> bool {
        let now = self.line_place(frame);
        if now.start != from.start {
            return true;
        }
        // The optimizer mixes the code of lines: only where a statement begins is somewhere else.
        let debug = frame.program.as_ref().and_then(|program| program.debug());
        let pc = frame.registers.pc;
        if !debug.is_some_and(|debug| debug.begins_statement(pc)) {
            return false;
        }
        let depth = from.functions.len();
        let is_inside = now.functions.len() >= depth && now.functions[..depth] == from.functions;
        if !is_inside {
            return true;
        }
        let at_depth = |frame: &Frame| -> Option<InlineFrame> {
            let index = frame.functions.len().checked_sub(depth)?;
            frame.functions.get(index).cloned()
        };
        let own = at_depth(frame);
        let own_line = own.as_ref().and_then(|own| own.line);
        if own_line != from.line && own_line.is_some_and(|line| line != 0) {
            return true;
        }
        // Into an inlined function, if there is something to be seen.
        let deeper = now.functions.len() > depth;
        into && deeper
            && now
                .file
                .as_deref()
                .is_some_and(|f| self.source.lines(f).is_some())
    }

    /// On, until the selected frame's function has returned.
    ///
    /// # Errors
    /// The machine's; or nobody is known who called it.
    pub fn finish(
        &mut self,
        target: &mut dyn Target,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let frames = self.backtrace(target);
        let selected = frames.get(self.selected.frame);
        if let Some(frame) = selected
            && frame.inlined + 1 < frame.functions.len()
            && frame.link == super::Link::Innermost
            && let Some(from) = self.selected_place(target)
        {
            // It was inlined: it is left where its caller's code goes on.
            let depth = from.functions.len();
            return self.step_until(target, false, front, &|session, frame| {
                let now = session.line_place(frame);
                let is_inside = now.start == from.start
                    && now.functions.len() >= depth
                    && now.functions[..depth] == from.functions;
                let debug = frame.program.as_ref().and_then(|program| program.debug());
                let begins = debug.is_some_and(|d| d.begins_statement(frame.registers.pc));
                now.start != from.start || !is_inside && begins
            });
        }
        let inlined = selected.map_or(0, |f| f.functions.len() - f.inlined.min(f.functions.len()));
        // The frame behind all that are inlined into the same one.
        let outer = self.selected.frame + inlined.max(1);
        let caller = selected.and_then(|_| frames.get(outer));
        let Some(caller) = caller else {
            return Err(TargetError::Machine(
                "it is not known who called this function".to_owned(),
            ));
        };
        let hart = self.selected.hart;
        let who = match caller.privilege {
            Privilege::User => {
                let running = self.fawn(target).and_then(|fawn| fawn.running(hart));
                running.map_or(Who::Hart(hart), |(tid, _)| Who::Thread(tid))
            }
            _ => Who::Hart(hart),
        };
        // An `ecall` that was answered goes on behind itself.
        let mut at = caller.registers.pc;
        if caller.link == super::Link::Trap
            && let Some(word) = super::describe::word_at(target, caller.space, at)
            && word == ECALL
        {
            at += 4;
        }
        let sp = selected.and_then(|frame| frame.frame_address).unwrap_or(0);
        let lowest = if caller.link == super::Link::Trap {
            0
        } else {
            sp
        };
        self.run_to(target, at, who, lowest, front)
    }

    /// Back, to right before the last instructions of the selected hart.
    ///
    /// # Errors
    /// The machine's.
    pub fn back_instructions(
        &mut self,
        target: &mut dyn Target,
        count: u64,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let hart = self.selected.hart;
        self.go(target, Run::BackStep { hart, count }, &[], front)
    }

    /// Back by one instruction, over the calls that it made.
    ///
    /// # Errors
    /// The machine's.
    pub fn back_next_instruction(
        &mut self,
        target: &mut dyn Target,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let hart = self.selected.hart;
        let who = self.who(target, hart);
        let before = self.innermost_of(target, hart);
        let sp = target.register(hart, Register::X(2)).unwrap_or(0);
        let report = self.back_instructions(target, 1, front)?;
        let (Some(before), Some(now)) = (before, self.innermost_of(target, report.stopped.hart))
        else {
            return Ok(report);
        };
        if !report.is_done() {
            return Ok(report);
        }
        let pc = before.registers.pc;
        let left = now.privilege > before.privilege
            || self
                .instruction(target, self.selected.hart)
                .is_some_and(|(at, insn)| {
                    is_return(&insn) && at.wrapping_add(u64::from(insn.len)) != pc
                });
        if !left {
            return Ok(report);
        }
        // The call is the instruction right before the address that was returned to; a trap that came from nowhere was
        // taken at that address itself.
        let mut places: Vec<Temporary> = call_before(target, &before).into_iter().collect();
        if now.privilege > before.privilege {
            places.push(Temporary {
                at: pc,
                who: None,
                lowest_sp: 0,
            });
        }
        for place in &mut places {
            place.who = Some(who);
            place.lowest_sp = sp;
        }
        if places.is_empty() {
            return Ok(report);
        }
        self.go(target, Run::BackContinue, &places, front)
    }

    /// Back by one source line.
    ///
    /// # Errors
    /// The machine's.
    pub fn back_line(
        &mut self,
        target: &mut dyn Target,
        into: bool,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let start = self.selected_place(target);
        let Some(from) = start.filter(|p| p.line.is_some()) else {
            return match into {
                true => self.back_instructions(target, 1, front),
                false => self.back_next_instruction(target, front),
            };
        };
        // To the line before, which is entered at its end; then to its beginning.
        let mut found: Option<LinePlace> = None;
        loop {
            let moment = target.now();
            let one =
                |session: &mut Self, target: &mut dyn Target, front: &mut dyn Front| match into {
                    true => session.back_instructions(target, 1, front),
                    false => session.back_next_instruction(target, front),
                };
            let report = one(self, target, front)?;
            if !report.is_done() || !front.poll(0, 0) {
                return Ok(report);
            }
            let Some(frame) = self.innermost_of(target, self.selected.hart) else {
                return Ok(report);
            };
            match &found {
                None => {
                    let now = self.line_place(&frame);
                    if self.is_new_line(&from, &frame, into) && now.line.is_some() {
                        found = Some(now);
                    }
                }
                Some(line) if self.is_new_line(line, &frame, into) => {
                    return self.go(target, Run::To(moment), &[], front);
                }
                Some(_) => {}
            }
        }
    }

    /// Back, to the call of the selected frame's function.
    ///
    /// # Errors
    /// The machine's; or nobody is known who called it.
    pub fn back_finish(
        &mut self,
        target: &mut dyn Target,
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let frames = self.backtrace(target);
        let selected = frames.get(self.selected.frame);
        let inlined = selected.map_or(0, |f| f.functions.len() - f.inlined.min(f.functions.len()));
        let caller = frames.get(self.selected.frame + inlined.max(1)).cloned();
        let unknown =
            || TargetError::Machine("it is not known who called this function".to_owned());
        let caller = caller.ok_or_else(unknown)?;
        let hart = self.selected.hart;
        let who = match caller.privilege {
            Privilege::User => self.who_runs(target, hart),
            _ => Who::Hart(hart),
        };
        let mut places: Vec<Temporary> = Vec::new();
        if caller.link == super::Link::Trap {
            places.push(Temporary {
                at: caller.registers.pc,
                who: Some(who),
                lowest_sp: 0,
            });
        } else if let Some(mut call) = call_before(target, &caller) {
            call.who = Some(who);
            call.lowest_sp = selected.and_then(|frame| frame.frame_address).unwrap_or(0);
            places.push(call);
        }
        if places.is_empty() {
            return Err(unknown());
        }
        self.go(target, Run::BackContinue, &places, front)
    }

    fn who_runs(&self, target: &dyn Target, hart: usize) -> Who {
        let running = self.fawn(target).and_then(|fawn| fawn.running(hart));
        running.map_or(Who::Hart(hart), |(tid, _)| Who::Thread(tid))
    }
}

/// The word of `ecall`.
const ECALL: u32 = 0x73;

/// Whether an instruction is a call: it leaves a return address.
fn is_call(insn: &Insn) -> bool {
    matches!(insn.op, Opcode::Jal | Opcode::Jalr) && matches!(insn.rd, RA | T0)
}

fn is_return(insn: &Insn) -> bool {
    matches!(insn.op, Opcode::Jalr) && insn.rd == 0 && matches!(insn.rs1, RA | T0)
}

/// Where a jump or branch goes, when that stands in it.
fn jump_target(pc: u64, insn: &Insn) -> Option<u64> {
    let is_branch = matches!(
        insn.op,
        Opcode::Beq | Opcode::Bne | Opcode::Blt | Opcode::Bge | Opcode::Bltu | Opcode::Bgeu
    );
    (is_branch || insn.op == Opcode::Jal).then(|| pc.wrapping_add(insn.imm as i64 as u64))
}

/// The call whose return address a frame's program counter is.
fn call_before(target: &dyn Target, frame: &Frame) -> Option<Temporary> {
    let pc = frame.registers.pc;
    let isa = *target.hart(0)?.isa();
    let at = [4, 2].into_iter().find_map(|len| {
        let at = pc.wrapping_sub(len);
        let word = super::describe::word_at(target, frame.space, at)?;
        let insn = isa::decode(word, &isa)?;
        let is = u64::from(insn.len) == len && (is_call(&insn) || insn.op == Opcode::Ecall);
        is.then_some(at)
    })?;
    Some(Temporary {
        at,
        who: None,
        lowest_sp: 0,
    })
}
