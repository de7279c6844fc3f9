//! The machine as gdb's protocol sees it.

use std::time::Duration;

use gdbstub::common::{Signal, Tid};
use gdbstub::stub::MultiThreadStopReason;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadRangeStepping, MultiThreadRangeSteppingOps, MultiThreadResume,
    MultiThreadResumeOps, MultiThreadSchedulerLocking, MultiThreadSchedulerLockingOps,
    MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::reverse_exec::{
    ReplayLogPosition, ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::breakpoints::{
    self as stub_points, Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint,
    HwWatchpointOps, SwBreakpoint, SwBreakpointOps,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::ext::thread_extra_info::{ThreadExtraInfo, ThreadExtraInfoOps};
use gdbstub::target::{self as stub, TargetResult};
use gdbstub_arch::riscv::Riscv64;
use gdbstub_arch::riscv::reg::RiscvCoreRegs;
use gdbstub_arch::riscv::reg::id::RiscvRegId;

use super::points::Set;
use super::{Host, description};
use crate::points::{Event, Hit, WatchKind};
use crate::target::{Control, Register, Run, Space, Target, Why};

/// Steps that a machine takes between two looks at the connection.
const SLICE: u64 = 4_000_000;
/// Single steps of a range between two looks.
const RANGE_SLICE: u64 = 10_000;

/// How long a machine that waits for input is left alone.
const PATIENCE: Duration = Duration::from_millis(5);

/// What gdb asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resume {
    Continue,
    Step(usize),
    /// Steps of a hart, as long as its program counter is in a range.
    Range(usize, u64, u64),
    Back,
    BackStep(usize),
}

/// The machine, what gdb set, and what it asked for.
pub(super) struct Debuggee<'a> {
    pub target: &'a mut dyn Target,
    pub host: &'a mut dyn Host,
    pub set: Set,
    resume: Resume,
    /// The hart that gdb was told of last.
    focus: usize,
    /// The end was reached, and gdb was told: going on ends the session.
    at_end: bool,
    description: String,
}

pub(super) type StopReason = MultiThreadStopReason<u64>;

/// gdb counts threads from 1.
fn tid(hart: usize) -> Tid {
    Tid::MIN.saturating_add(hart)
}

fn hart(tid: Tid) -> usize {
    tid.get() - 1
}

impl<'a> Debuggee<'a> {
    pub fn new(target: &'a mut dyn Target, host: &'a mut dyn Host) -> Self {
        let description = description::describe(target);
        let focus = target.current_hart();
        Self {
            target,
            host,
            set: Set::default(),
            resume: Resume::Continue,
            focus,
            at_end: false,
            description,
        }
    }

    pub fn print_output(&mut self) {
        let bytes = self.target.take_output();
        if !bytes.is_empty() {
            self.host.print(&bytes);
        }
    }

    /// Why the machine stands still although nobody was told.
    pub fn interrupted(&mut self) -> StopReason {
        self.focus = self.target.current_hart();
        StopReason::SignalWithThread {
            tid: tid(self.focus),
            signal: Signal::SIGINT,
        }
    }

    /// Runs for a moment as gdb asked. Returns why it stopped, if it did for gdb.
    pub fn go_on(&mut self, control: &mut dyn Control) -> Option<StopReason> {
        if !self.target.is_past() {
            let typed = self.host.typed();
            if !typed.is_empty() {
                // It is not the past.
                let _ = self.target.give_input(&typed);
            }
        }
        let how = match self.resume {
            Resume::Continue => Run::For(SLICE),
            Resume::Step(hart) => Run::Step { hart, count: 1 },
            Resume::Range(hart, start, end) => return self.go_on_in(hart, start..end, control),
            Resume::Back => Run::BackContinue,
            Resume::BackStep(hart) => Run::BackStep { hart, count: 1 },
        };
        let why = self.run(how, control);
        if why == Why::Done && self.resume == Resume::Continue {
            return None;
        }
        self.tell(why)
    }

    fn run(&mut self, how: Run, control: &mut dyn Control) -> Why {
        let outcome = self.target.run(how, control);
        self.print_output();
        match outcome {
            Ok(stopped) => {
                self.focus = stopped.hart;
                stopped.why
            }
            Err(error) => {
                self.host.say(&error.to_string());
                Why::Interrupted
            }
        }
    }

    fn go_on_in(
        &mut self,
        hart: usize,
        range: std::ops::Range<u64>,
        control: &mut dyn Control,
    ) -> Option<StopReason> {
        for _ in 0..RANGE_SLICE {
            let why = self.run(Run::Step { hart, count: 1 }, control);
            let pc = self.target.register(hart, Register::Pc);
            if why != Why::Done || pc.is_none_or(|pc| !range.contains(&pc)) {
                return self.tell(why);
            }
        }
        None
    }

    /// How gdb is told; not at all when the machine only waits for somebody to type.
    fn tell(&mut self, why: Why) -> Option<StopReason> {
        let thread = tid(self.focus);
        let log = |pos| StopReason::ReplayLog {
            tid: Some(thread),
            pos,
        };
        let at_end = std::mem::replace(&mut self.at_end, false);
        Some(match why {
            // Not `DoneStep`, which names no thread.
            Why::Done => StopReason::SignalWithThread {
                tid: thread,
                signal: Signal::SIGTRAP,
            },
            Why::Point(hit) => self.tell_hit(&hit),
            Why::Beginning => log(ReplayLogPosition::Begin),
            Why::Present => log(ReplayLogPosition::End),
            Why::Interrupted => self.interrupted(),
            Why::Idle => {
                std::thread::sleep(PATIENCE);
                return None;
            }
            Why::Exit(exit) if at_end => StopReason::Exited(exit.status()),
            // It can be looked at, and taken back in time, before it is over.
            Why::Exit(exit) => {
                self.at_end = true;
                let via = exit.via;
                self.host
                    .say(&format!("the guest ended with {} by {via}", exit.code));
                log(ReplayLogPosition::End)
            }
            Why::Stuck(stuck) => {
                self.host
                    .say(&format!("the guest can never go on: {stuck}"));
                StopReason::SignalWithThread {
                    tid: thread,
                    signal: Signal::SIGSTOP,
                }
            }
        })
    }

    fn tell_hit(&self, hit: &Hit) -> StopReason {
        let thread = tid(hit.hart);
        match (&hit.event, self.set.watched_by(hit.id)) {
            (Event::Access { .. }, Some((addr, kind))) => StopReason::Watch {
                tid: thread,
                kind: match kind {
                    WatchKind::Read => stub_points::WatchKind::Read,
                    WatchKind::Access => stub_points::WatchKind::ReadWrite,
                    WatchKind::Write | WatchKind::Change => stub_points::WatchKind::Write,
                },
                addr,
            },
            (Event::Break(_), _) => StopReason::SwBreak(thread),
            _ => StopReason::SignalWithThread {
                tid: thread,
                signal: Signal::SIGTRAP,
            },
        }
    }

    /// Changes a register, if its value is another.
    fn write(&mut self, hart: usize, register: Register, value: u64) -> TargetResult<(), Self> {
        if self.target.register(hart, register) == Some(value) {
            return Ok(());
        }
        let written = self.target.set_register(hart, register, value);
        written.map_err(|error| {
            self.host.say(&error.to_string());
            stub::TargetError::NonFatal
        })
    }
}

impl stub::Target for Debuggee<'_> {
    type Arch = Riscv64;
    type Error = std::convert::Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Self::Arch, Self::Error> {
        BaseOps::MultiThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }
}

impl MultiThreadBase for Debuggee<'_> {
    fn read_registers(
        &mut self,
        regs: &mut RiscvCoreRegs<u64>,
        tid: Tid,
    ) -> TargetResult<(), Self> {
        let state = self.target.hart(hart(tid)).ok_or(())?;
        regs.x.copy_from_slice(&state.x[..32]);
        regs.pc = state.pc;
        Ok(())
    }

    fn write_registers(&mut self, regs: &RiscvCoreRegs<u64>, tid: Tid) -> TargetResult<(), Self> {
        for (number, &value) in (0..32).zip(&regs.x).skip(1) {
            self.write(hart(tid), Register::X(number), value)?;
        }
        self.write(hart(tid), Register::Pc, regs.pc)
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, Tid, Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, start: u64, data: &mut [u8], tid: Tid) -> TargetResult<usize, Self> {
        // As far as it can be read.
        let space = Space::Hart(hart(tid));
        let mut done = 0;
        while done < data.len() {
            let at = start.wrapping_add(done as u64);
            let len = ((0x1000 - at % 0x1000) as usize).min(data.len() - done);
            if self
                .target
                .read(space, at, &mut data[done..done + len])
                .is_err()
            {
                break;
            }
            done += len;
        }
        match done {
            0 if !data.is_empty() => Err(stub::TargetError::NonFatal),
            done => Ok(done),
        }
    }

    fn write_addrs(&mut self, start: u64, data: &[u8], tid: Tid) -> TargetResult<(), Self> {
        let written = self.target.write(Space::Hart(hart(tid)), start, data);
        written.map_err(|error| {
            self.host.say(&error.to_string());
            stub::TargetError::NonFatal
        })
    }

    fn list_active_threads(&mut self, active: &mut dyn FnMut(Tid)) -> Result<(), Self::Error> {
        (0..self.target.harts()).for_each(|hart| active(tid(hart)));
        Ok(())
    }

    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

impl ThreadExtraInfo for Debuggee<'_> {
    fn thread_extra_info(&self, tid: Tid, buf: &mut [u8]) -> Result<usize, Self::Error> {
        let Some(state) = self.target.hart(hart(tid)) else {
            return Ok(0);
        };
        let waits = if state.waiting { ", waits" } else { "" };
        let mode = state.privilege;
        let text = format!("hart {}, {mode:?} mode{waits}", state.id());
        let len = text.len().min(buf.len());
        buf[..len].copy_from_slice(&text.as_bytes()[..len]);
        Ok(len)
    }
}

/// The register that an id of the protocol names.
fn named(id: RiscvRegId<u64>) -> Option<Register> {
    description::register(match id {
        RiscvRegId::Gpr(number) => usize::from(number),
        RiscvRegId::Pc => description::PC,
        RiscvRegId::Fpr(number) => 33 + usize::from(number),
        RiscvRegId::Csr(number) => 65 + usize::from(number),
        RiscvRegId::Priv => description::PRIVILEGE,
        _ => return None,
    })
}

impl SingleRegisterAccess<Tid> for Debuggee<'_> {
    fn read_register(
        &mut self,
        tid: Tid,
        id: RiscvRegId<u64>,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let register = named(id).ok_or(())?;
        let value = self.target.register(hart(tid), register).ok_or(())?;
        let bytes = value.to_le_bytes();
        let whole = if register == Register::Privilege {
            1
        } else {
            8
        };
        let len = buf.len().min(whole);
        buf[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn write_register(
        &mut self,
        tid: Tid,
        id: RiscvRegId<u64>,
        val: &[u8],
    ) -> TargetResult<(), Self> {
        let mut bytes = [0; 8];
        bytes.get_mut(..val.len()).ok_or(())?.copy_from_slice(val);
        let register = named(id).ok_or(())?;
        self.write(hart(tid), register, u64::from_le_bytes(bytes))
    }
}

impl MultiThreadResume for Debuggee<'_> {
    fn resume(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn clear_resume_actions(&mut self) -> Result<(), Self::Error> {
        self.resume = Resume::Continue;
        Ok(())
    }

    /// The machine runs as a whole: what one hart does decides.
    fn set_resume_action_continue(&mut self, _: Tid, _: Option<Signal>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_range_step(&mut self) -> Option<MultiThreadRangeSteppingOps<'_, Self>> {
        Some(self)
    }

    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, Tid, Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, Tid, Self>> {
        Some(self)
    }
}

/// Harts share one machine, whose schedule nobody changes: while one takes its step, the others have their turns.
impl MultiThreadSchedulerLocking for Debuggee<'_> {
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl MultiThreadSingleStep for Debuggee<'_> {
    fn set_resume_action_step(&mut self, tid: Tid, _: Option<Signal>) -> Result<(), Self::Error> {
        self.resume = Resume::Step(hart(tid));
        Ok(())
    }
}

impl MultiThreadRangeStepping for Debuggee<'_> {
    fn set_resume_action_range_step(
        &mut self,
        tid: Tid,
        start: u64,
        end: u64,
    ) -> Result<(), Self::Error> {
        self.resume = Resume::Range(hart(tid), start, end);
        Ok(())
    }
}

impl ReverseCont<Tid> for Debuggee<'_> {
    fn reverse_cont(&mut self) -> Result<(), Self::Error> {
        self.resume = Resume::Back;
        Ok(())
    }
}

impl ReverseStep<Tid> for Debuggee<'_> {
    fn reverse_step(&mut self, tid: Tid) -> Result<(), Self::Error> {
        // gdb asks for any thread, and the library then names the first: the one that stopped last is meant.
        self.resume = Resume::BackStep(match hart(tid) {
            0 => self.focus,
            other => other,
        });
        Ok(())
    }
}

impl Breakpoints for Debuggee<'_> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Debuggee<'_> {
    fn add_sw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        Ok(self.set.add_breakpoint(self.target, addr))
    }

    fn remove_sw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        Ok(self.set.remove_breakpoint(self.target, addr))
    }
}

impl HwBreakpoint for Debuggee<'_> {
    fn add_hw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        Ok(self.set.add_breakpoint(self.target, addr))
    }

    fn remove_hw_breakpoint(&mut self, addr: u64, _: usize) -> TargetResult<bool, Self> {
        Ok(self.set.remove_breakpoint(self.target, addr))
    }
}

/// gdb looks only at changes when it watches writes.
fn kind(kind: stub_points::WatchKind) -> WatchKind {
    match kind {
        stub_points::WatchKind::Read => WatchKind::Read,
        stub_points::WatchKind::ReadWrite => WatchKind::Access,
        stub_points::WatchKind::Write => WatchKind::Change,
    }
}

impl HwWatchpoint for Debuggee<'_> {
    fn add_hw_watchpoint(
        &mut self,
        addr: u64,
        len: u64,
        wanted: stub_points::WatchKind,
    ) -> TargetResult<bool, Self> {
        let range = (addr, len);
        Ok(self.set.watch(self.target, self.focus, range, kind(wanted)))
    }

    fn remove_hw_watchpoint(
        &mut self,
        addr: u64,
        len: u64,
        wanted: stub_points::WatchKind,
    ) -> TargetResult<bool, Self> {
        Ok(self.set.unwatch(self.target, (addr, len), kind(wanted)))
    }
}

impl MonitorCmd for Debuggee<'_> {
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Self::Error> {
        let answer = self
            .host
            .monitor(self.target, &String::from_utf8_lossy(command));
        self.print_output();
        out.write_raw(answer.as_bytes());
        Ok(())
    }
}

impl TargetDescriptionXmlOverride for Debuggee<'_> {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if annex != b"target.xml" {
            return Err(stub::TargetError::NonFatal);
        }
        let text = self.description.as_bytes();
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(text.len());
        let part = &text[start..text.len().min(start.saturating_add(length.min(buf.len())))];
        buf[..part.len()].copy_from_slice(part);
        Ok(part.len())
    }
}
