//! `ppoll`: waiting on several descriptors at once.

use abi::errno;
use kernel_core::descriptor::Rights;

use super::{NotNow, Outcome};
use crate::arch::csr;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::object::{DESCRIPTORS, Object};
use crate::process::thread::Wait;

const IN: u16 = 1;
const OUT: u16 = 4;
const ERROR: u16 = 8;
const HANG_UP: u16 = 16;
const INVALID: u16 = 32;

impl Kernel {
    /// `ppoll(entries, count, timeout, mask, size)`: how many entries have something to tell, which is written to them.
    pub fn poll(&mut self, hart: &Hart, arguments: [u64; 6]) -> Outcome {
        let [entries, count, timeout, ..] = arguments;
        if count > DESCRIPTORS as u64 {
            return Err(errno::EINVAL.into());
        }
        let mut told = 0;
        for index in 0..count {
            let at = entries.wrapping_add(8 * index);
            let entry = self.read_user_u64(hart, at)?;
            let (descriptor, wanted) = (entry as u32 as i32, (entry >> 32) as u16);
            let events = match u64::try_from(descriptor) {
                Ok(descriptor) => {
                    self.events(hart, descriptor) & (wanted | ERROR | HANG_UP | INVALID)
                }
                Err(_) => 0,
            };
            self.write_user(hart, at.wrapping_add(6), &events.to_le_bytes())?;
            told += u64::from(events != 0);
        }
        if told > 0 {
            return Ok(told);
        }
        if timeout == 0 {
            return Err(Wait::Any.into());
        }
        let deadline = self.deadline(hart, timeout, false)?;
        if csr::time() >= deadline {
            return Ok(0);
        }
        Err(NotNow::WaitUntil(Wait::Any, deadline))
    }

    /// What a descriptor is ready for.
    fn events(&self, hart: &Hart, descriptor: u64) -> u16 {
        let Ok(object) = self.object(hart, descriptor, Rights::empty()) else {
            return INVALID;
        };
        let set = |events: &[(u16, bool)]| {
            let on = events.iter().filter(|(_, holds)| *holds);
            on.fold(0, |all, (event, _)| all | event)
        };
        match object {
            Object::Console => set(&[(IN, self.line.can_read()), (OUT, true)]),
            Object::Null | Object::File(_) | Object::System => IN | OUT,
            // It has ended, as on Linux.
            Object::Process(process) => set(&[(IN, !self.lives(process))]),
            Object::Pipe(pipe) => self.pipes.get(pipe).map_or(INVALID, |pipe| {
                set(&[
                    (IN, pipe.can_read()),
                    (OUT, pipe.can_write()),
                    (HANG_UP, pipe.is_broken()),
                ])
            }),
            Object::Mailbox(mailbox) => self.mailboxes.get(mailbox).map_or(INVALID, |mailbox| {
                set(&[
                    (IN, mailbox.can_receive()),
                    (OUT, mailbox.can_send()),
                    (HANG_UP, mailbox.is_broken()),
                ])
            }),
        }
    }
}
