//! The timeline as a [`Target`].

use machine::hart::{Hart, Privilege};
use machine::loader::Image;
use machine::{Bus, HostEvent};

use super::Timeline;
use crate::Control;
use crate::points::{Point, PointId};
use crate::target::{Moment, Register, Run, Space, Stopped, Target, TargetError, Write};

impl Timeline {
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
        let missing = TargetError::NoRegister { hart, register };
        if self.register(hart, register).is_none() {
            return Err(missing);
        }
        let state = self
            .machine
            .hart_mut(hart)
            .ok_or(TargetError::NoHart(hart))?;
        match register {
            Register::X(number) => state.set_reg(number, value),
            Register::F(number) => state.f[usize::from(number) & 31] = value,
            Register::Pc => state.pc = value & !1,
            Register::Privilege => {
                state.privilege = Privilege::from_bits(value);
                state.refresh_contexts();
            }
            Register::Csr(number) => {
                if !self.machine.poke_csr(hart, number, value) {
                    return Err(missing);
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, space: Space, address: u64, bytes: &[u8]) -> Result<(), TargetError> {
        self.live()?;
        for (physical, part) in self.physical_parts(space, address, bytes.len())? {
            self.machine.bus_mut().ram.write(physical, &bytes[part]);
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
        match how {
            Run::Continue => Ok(self.forward(u64::MAX, true, control)),
            Run::For(steps) => Ok(self.forward(steps, true, control)),
            Run::Step { hart, count } if hart < self.harts() => {
                Ok(self.steps_of(hart, count, control))
            }
            Run::Step { hart, .. } => Err(TargetError::NoHart(hart)),
            Run::To(moment) if moment.step >= self.machine.steps() => {
                Ok(self.forward(moment.step - self.machine.steps(), false, control))
            }
            Run::To(Moment { step, .. }) => Err(TargetError::Unreachable(
                step,
                "going back is not there yet",
            )),
            Run::BackContinue | Run::BackStep { .. } => {
                Err(TargetError::Unreachable(0, "going back is not there yet"))
            }
        }
    }

    fn now(&self) -> Moment {
        self.moment()
    }

    fn present(&self) -> Moment {
        self.present
    }

    fn branch(&mut self) -> Result<(), TargetError> {
        Ok(())
    }

    fn timelines(&self) -> Vec<(Moment, bool)> {
        vec![(self.present, true)]
    }

    fn switch_timeline(&mut self, number: usize) -> Result<(), TargetError> {
        Err(TargetError::NoTimeline(number))
    }

    fn drop_timeline(&mut self, number: usize) -> Result<(), TargetError> {
        Err(TargetError::NoTimeline(number))
    }

    fn keep(&mut self) -> Moment {
        self.moment()
    }

    fn last_write(
        &mut self,
        _address: u64,
        _len: u64,
        _control: &mut dyn Control,
    ) -> Result<Option<Write>, TargetError> {
        Err(TargetError::Unreachable(0, "going back is not there yet"))
    }

    fn console(&self) -> &[u8] {
        &self.console
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
