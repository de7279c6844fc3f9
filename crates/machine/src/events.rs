//! The one door in: the log of what came from outside.

use std::collections::VecDeque;

use memory::{Clock, HostEvent, LoggedEvent, Nanos};

/// An event that enters from the log.
pub(crate) struct Entering {
    pub event: HostEvent,
    /// It has entered before: the machine went back in time.
    pub again: bool,
}

/// Every event that entered, and those that a replay will still let in.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    entered: Vec<LoggedEvent>,
    pending: VecDeque<LoggedEvent>,
    /// Events that have entered at most: what enters again below this is known to the host's side.
    most: usize,
}

impl EventLog {
    /// A log whose events will enter again at their moments.
    #[must_use]
    pub fn to_replay(events: impl IntoIterator<Item = LoggedEvent>) -> Self {
        Self {
            entered: Vec::new(),
            most: 0,
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
        self.most = self.most.max(self.entered.len());
    }

    /// Goes to the moment at which `entered` events had entered: later ones will enter again.
    pub(crate) fn go_to(&mut self, entered: usize) {
        while self.entered.len() < entered
            && let Some(event) = self.pending.pop_front()
        {
            self.entered.push(event);
        }
        let again = self.entered.split_off(entered.min(self.entered.len()));
        for event in again.into_iter().rev() {
            self.pending.push_front(event);
        }
    }

    /// Drops the events that have not entered, and returns them.
    pub(crate) fn forget_pending(&mut self) -> Vec<LoggedEvent> {
        self.most = self.entered.len();
        std::mem::take(&mut self.pending).into()
    }

    /// Lets these events enter in the place of those that have not.
    pub(crate) fn expect(&mut self, events: Vec<LoggedEvent>) {
        self.pending = events.into();
        self.most = self.entered.len() + self.pending.len();
    }

    /// Takes out the events that have not entered, from number `first` of all on: until they are expected again.
    pub(crate) fn hold(&mut self, first: usize) -> Vec<LoggedEvent> {
        let at = first.saturating_sub(self.entered.len());
        self.pending.split_off(at.min(self.pending.len())).into()
    }

    /// Whether events have yet to enter.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The next event to replay, if its moment has come.
    pub(crate) fn due(&mut self, clock: &Clock) -> Option<Entering> {
        let first = self.pending.front()?;
        if first.step > clock.steps || first.idle > clock.idle {
            return None;
        }
        self.enter_next()
    }

    /// The answer to a semihosting call that is made now, when a replay has it.
    pub(crate) fn replayed_answer(&mut self) -> Option<Entering> {
        let first = self.pending.front()?;
        if !matches!(first.event, HostEvent::HostCall(_)) {
            return None;
        }
        self.enter_next()
    }

    fn enter_next(&mut self) -> Option<Entering> {
        let logged = self.pending.pop_front()?;
        self.entered.push(logged.clone());
        let again = self.entered.len() <= self.most;
        self.most = self.most.max(self.entered.len());
        Some(Entering {
            event: logged.event,
            again,
        })
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
