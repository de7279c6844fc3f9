//! The timeline as a [`Target`].

use machine::hart::Hart;
use machine::loader::Image;
use machine::{Bus, HostEvent};

use super::Timeline;
use crate::Control;
use crate::points::{Point, PointId};
use crate::target::{Moment, Register, Run, Space, Stopped, Target, TargetError, Why, Write};

impl Timeline {
    /// Runs until a hart has taken `count` steps more.
    fn step_hart(&mut self, hart: usize, count: u64, control: &mut dyn Control) -> Why {
        let taken = |timeline: &Self| timeline.hart(hart).map_or(0, |hart| hart.steps);
        let end = taken(self).saturating_add(count);
        while taken(self) < end {
            // Never more than are missing, whoever takes them.
            let why = self.forward(end - taken(self), true, control);
            if why != Why::Done {
                return why;
            }
        }
        Why::Done
    }

    fn live(&self) -> Result<(), TargetError> {
        if self.is_past() {
            return Err(TargetError::Past(self.machine.steps()));
        }
        Ok(())
    }

    fn physical_parts(
        &self,
        space: Space,
        address: u64,
        len: usize,
    ) -> Result<Vec<(u64, std::ops::Range<usize>)>, TargetError> {
        let mut parts = Vec::new();
        let mut done = 0;
        while done < len {
            let at = address.wrapping_add(done as u64);
            let end = len.min(done + (0x1000 - at % 0x1000) as usize);
            let physical = self.translate(space, at)?;
            let bytes = (end - done) as u64;
            if self.bus().ram.offset_of(physical, bytes).is_none() {
                return Err(TargetError::NotRam(physical));
            }
            parts.push((physical, done..end));
            done = end;
        }
        Ok(parts)
    }
}

impl Target for Timeline {
    fn hart(&self, hart: usize) -> Option<&Hart> {
        self.machine.harts().get(hart).map(|hart| &**hart)
    }

    fn harts(&self) -> usize {
        self.machine.harts().len()
    }

    fn bus(&self) -> &Bus {
        self.machine.bus()
    }

    fn images(&self) -> &[Image] {
        self.machine.images()
    }

    fn current_hart(&self) -> usize {
        self.machine.schedule().current
    }

    fn state_hash(&self) -> u128 {
        self.machine.state_hash()
    }

    fn set_register(
        &mut self,
        hart: usize,
        register: Register,
        value: u64,
    ) -> Result<(), TargetError> {
        self.live()?;
        let fixed = matches!(register, Register::Csr(number) if number >> 10 == 3);
        if fixed || self.register(hart, register).is_none() {
            return Err(TargetError::NoRegister { hart, register });
        }
        self.machine.inject(HostEvent::SetRegister {
            hart: hart as u8,
            register: register.into(),
            value,
        });
        Ok(())
    }

    fn write(&mut self, space: Space, address: u64, bytes: &[u8]) -> Result<(), TargetError> {
        self.live()?;
        for (physical, part) in self.physical_parts(space, address, bytes.len())? {
            self.machine.inject(HostEvent::WriteMemory {
                address: physical,
                bytes: bytes[part].to_vec(),
            });
        }
        Ok(())
    }

    fn add_point(&mut self, point: Point) -> Result<PointId, TargetError> {
        Ok(self.points.add(point))
    }

    fn remove_point(&mut self, id: PointId) -> Result<(), TargetError> {
        match self.points.remove(id) {
            true => Ok(()),
            false => Err(TargetError::NoPoint(id.0)),
        }
    }

    fn points(&self) -> Vec<(PointId, Point)> {
        self.points.list()
    }

    fn run(&mut self, how: Run, control: &mut dyn Control) -> Result<Stopped, TargetError> {
        if let Run::Step { hart, .. } | Run::BackStep { hart, .. } = how
            && hart >= self.harts()
        {
            return Err(TargetError::NoHart(hart));
        }
        let why = match how {
            Run::Continue => self.forward(u64::MAX, true, control),
            Run::For(steps) => self.forward(steps, true, control),
            Run::Step { hart, count } => self.step_hart(hart, count, control),
            Run::To(moment) if moment > self.present => {
                let left = moment.step.saturating_sub(self.machine.steps());
                self.forward(left, false, control)
            }
            Run::To(moment) => self.go(moment, control)?.unwrap_or(Why::Done),
            Run::BackContinue => self.back_continue(control)?,
            Run::BackStep { hart, count } => self.back_step(hart, count, control)?,
        };
        let stopped = self.stopped(why);
        Ok(match how {
            Run::Step { hart, .. } | Run::BackStep { hart, .. } if stopped.why == Why::Done => {
                Stopped { hart, ..stopped }
            }
            _ => stopped,
        })
    }

    fn now(&self) -> Moment {
        self.moment()
    }

    fn present(&self) -> Moment {
        self.present
    }

    fn branch(&mut self) -> Result<(), TargetError> {
        if self.is_past() {
            self.begin_branch();
        }
        Ok(())
    }

    fn timelines(&self) -> Vec<(usize, Moment, bool)> {
        self.list_branches()
    }

    fn switch_timeline(&mut self, number: usize) -> Result<(), TargetError> {
        self.go_to_branch(number)
    }

    fn drop_timeline(&mut self, number: usize) -> Result<(), TargetError> {
        self.forget_branch(number)
    }

    fn keep(&mut self) -> Moment {
        self.checkpoint(true);
        self.moment()
    }

    fn last_write(
        &mut self,
        address: u64,
        len: u64,
        control: &mut dyn Control,
    ) -> Result<Option<Write>, TargetError> {
        self.find_last_write(address, len, control)
    }

    fn console(&self) -> &[u8] {
        let printed = usize::try_from(self.machine.printed()).unwrap_or(usize::MAX);
        &self.console[..printed.min(self.console.len())]
    }

    fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.fresh)
    }

    fn give_input(&mut self, bytes: &[u8]) -> Result<(), TargetError> {
        self.live()?;
        self.machine.inject(HostEvent::ConsoleInput(bytes.to_vec()));
        Ok(())
    }

    fn reset(&mut self) -> Result<(), TargetError> {
        self.live()?;
        self.machine.inject(HostEvent::Reset);
        Ok(())
    }
}
