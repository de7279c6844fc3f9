//! The one door in: the log of what came from outside.

use std::collections::VecDeque;

use memory::{Clock, HostEvent, LoggedEvent, Nanos};

/// Every event that entered, and those that a replay will still let in.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    entered: Vec<LoggedEvent>,
    pending: VecDeque<LoggedEvent>,
}

impl EventLog {
    /// A log whose events will enter again at their moments.
    #[must_use]
    pub fn to_replay(events: impl IntoIterator<Item = LoggedEvent>) -> Self {
        Self {
            entered: Vec::new(),
            pending: events.into_iter().collect(),
        }
    }

    /// Events that have entered so far, in order.
    #[must_use]
    pub fn entered(&self) -> &[LoggedEvent] {
        &self.entered
    }

    /// Notes an event that enters now.
    pub(crate) fn record(&mut self, clock: &Clock, event: HostEvent) {
        self.entered.push(LoggedEvent {
            step: clock.steps,
            idle: clock.idle,
            event,
        });
    }

    /// The next event to replay, if its moment has come.
    pub(crate) fn due(&mut self, clock: &Clock) -> Option<HostEvent> {
        let first = self.pending.front()?;
        if first.step > clock.steps || first.idle > clock.idle {
            return None;
        }
        let logged = self.pending.pop_front()?;
        self.entered.push(logged.clone());
        Some(logged.event)
    }

    /// The answer to a semihosting call that is made now, when a replay has it.
    pub(crate) fn replayed_answer(&mut self) -> Option<HostEvent> {
        let first = self.pending.front()?;
        if !matches!(first.event, HostEvent::HostCall(_)) {
            return None;
        }
        let logged = self.pending.pop_front()?;
        self.entered.push(logged.clone());
        Some(logged.event)
    }

    /// Steps that can be taken before the next replayed event enters. Answers to semihosting
    /// calls enter by themselves, when the call is made.
    pub(crate) fn steps_until_next(&self, now: u64) -> u64 {
        match self.pending.front() {
            Some(LoggedEvent {
                event: HostEvent::HostCall(_),
                ..
            })
            | None => u64::MAX,
            Some(logged) if logged.step == now => u64::MAX, // waits for idle time to pass
            Some(logged) => logged.step.saturating_sub(now),
        }
    }

    /// The idle time at which the next replayed event cuts a wait short, if it does so at this
    /// step.
    pub(crate) fn idle_of_next(&self, now: u64) -> Option<Nanos> {
        let next = self.pending.front()?;
        (next.step == now).then_some(next.idle)
    }
}
