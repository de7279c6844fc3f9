//! System calls that have begun and are not over.
//!
//! A kernel may give up a call and let the thread make it again later, and may run other threads meanwhile: a call is over
//! when its thread goes on behind its `ecall`.

use std::collections::HashMap;
use std::rc::Rc;

use crate::Call;
use crate::identity::{Key, Who};

/// Bytes of an `ecall`.
const ECALL_BYTES: u64 = 4;

/// A call that is not over.
#[derive(Clone, Debug)]
pub struct OpenCall {
    /// The call.
    pub call: Rc<Call>,
    /// Its caller.
    pub who: Who,
    /// Address of its `ecall`.
    pub pc: u64,
    /// The mailbox that it is about.
    pub mailbox: Option<u32>,
    /// That its message was sent, or received, was told.
    pub is_told: bool,
}

impl OpenCall {
    /// Where its thread goes on when it is over.
    #[must_use]
    pub fn return_address(&self) -> u64 {
        self.pc.wrapping_add(ECALL_BYTES)
    }

    /// Whether the thread that goes on at `pc` with that stack has this call behind it. `execve` and `rt_sigreturn` go on
    /// elsewhere.
    fn is_over(&self, pc: u64, stack: u64) -> bool {
        const EXECVE: u64 = 221;
        const SIGRETURN: u64 = 139;
        match self.call.number {
            EXECVE | SIGRETURN => pc != self.pc,
            _ => pc == self.return_address() && stack == self.who.stack,
        }
    }
}

/// All calls that are not over.
#[derive(Debug, Default)]
pub struct OpenCalls {
    by_thread: HashMap<Key, Vec<OpenCall>>,
}

impl OpenCalls {
    /// The call that a thread makes again, when that is what it does.
    pub fn again(&mut self, who: &Who, pc: u64, call: &Call) -> Option<&mut OpenCall> {
        let last = self.by_thread.get_mut(&who.key)?.last_mut()?;
        let same = last.pc == pc
            && last.who.stack == who.stack
            && last.call.number == call.number
            && last.call.arguments == call.arguments;
        same.then_some(last)
    }

    /// A call begins.
    pub fn begin(&mut self, open: OpenCall) {
        let of_thread = self.by_thread.entry(open.who.key).or_default();
        of_thread.push(open);
    }

    /// The innermost call of a thread.
    pub fn last(&mut self, key: Key) -> Option<&mut OpenCall> {
        self.by_thread.get_mut(&key)?.last_mut()
    }

    /// The call that is over now that its thread goes on at `pc`.
    pub fn end(&mut self, who: &Who, pc: u64) -> Option<OpenCall> {
        let of_thread = self.by_thread.get_mut(&who.key)?;
        if !of_thread.last()?.is_over(pc, who.stack) {
            return None;
        }
        let ended = of_thread.pop();
        if of_thread.is_empty() {
            self.by_thread.remove(&who.key);
        }
        ended
    }

    /// A thread is gone, or goes on with none of its calls.
    pub fn forget(&mut self, key: Key) -> Vec<OpenCall> {
        self.by_thread.remove(&key).unwrap_or_default()
    }

    /// All that are open.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut OpenCall> {
        self.by_thread.values_mut().flatten()
    }
}
