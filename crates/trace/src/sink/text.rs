//! A line for each event, to be read.

use std::io::{self, Write};
use std::rc::Rc;

use debugger::session::Programs;

use super::{Sink, place};
use crate::{Call, Event, Message, Thread, What, describe, sbi};

/// Writes lines.
pub struct Text<W: Write> {
    out: W,
    programs: Rc<Programs>,
    /// A call that has begun, and so far nothing else has happened.
    held: Option<Held>,
}

struct Held {
    id: u64,
    thread: Option<Rc<Thread>>,
    head: String,
    text: String,
    notes: String,
}

impl<W: Write> Text<W> {
    /// To `out`, with the names of these programs.
    pub fn new(out: W, programs: Rc<Programs>) -> Self {
        let held = None;
        Self {
            out,
            programs,
            held,
        }
    }

    fn release(&mut self) -> io::Result<()> {
        match self.held.take() {
            Some(Held {
                head, text, notes, ..
            }) => writeln!(self.out, "{head} {text} …{notes}"),
            None => Ok(()),
        }
    }

    /// The part of a line that all have: step, hart, mode, thread.
    fn head(event: &Event) -> String {
        let thread = event
            .thread
            .as_ref()
            .map_or("-".to_owned(), |thread| thread.to_string());
        let (hart, mode) = (event.hart, event.privilege.letter());
        format!("{:>12} {hart} {mode} {thread:<18}", event.step)
    }

    fn at(&self, event: &Event) -> String {
        place(&self.programs, event).map_or(String::new(), |name| format!(" <{name}>"))
    }

    /// A call is over: on its own line, if nothing came in between.
    fn end(&mut self, event: &Event, call: &Call, result: &str) -> io::Result<()> {
        if let Some(held) = self.held.take_if(|held| held.id == call.id) {
            let Held { head, notes, .. } = held;
            return writeln!(self.out, "{head} {} = {result}{notes}", call.text);
        }
        self.release()?;
        let head = Self::head(event);
        let took = event.step.saturating_sub(call.began);
        let name = &call.name;
        writeln!(self.out, "{head} … {name} = {result} (after {took} steps)")
    }

    fn begin(&mut self, event: &Event, id: u64, text: &str) -> io::Result<()> {
        self.release()?;
        self.held = Some(Held {
            id,
            thread: event.thread.clone(),
            head: Self::head(event),
            text: text.to_owned(),
            notes: String::new(),
        });
        Ok(())
    }

    fn message(&mut self, event: &Event, verb: &str, message: &Message) -> io::Result<()> {
        let bytes = message.length;
        let what = match message.mailbox {
            Some(mailbox) => format!(
                "mailbox {mailbox}: message {} {verb}, {bytes} bytes",
                message.id
            ),
            None => format!("reply {} {verb}, {bytes} bytes", message.id),
        };
        if let Some(held) = &mut self.held
            && held.thread == event.thread
        {
            held.notes += &format!("  [{what}]");
            return Ok(());
        }
        self.line(event, &what)
    }

    fn line(&mut self, event: &Event, text: &str) -> io::Result<()> {
        self.release()?;
        writeln!(self.out, "{} {}", Self::head(event), text.trim_end())
    }
}

impl<W: Write> Sink for Text<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let pc = event.pc;
        match &event.what {
            What::Insn { word, text, wrote } => {
                let digits = if word & 3 == 3 { 8 } else { 4 };
                let wrote = wrote.map_or(String::new(), |(name, value)| {
                    format!("  {name}={value:#x}")
                });
                let at = self.at(event);
                self.line(
                    event,
                    &format!("{pc:#x}{at}: {word:0digits$x}  {text:<28}{wrote}"),
                )
            }
            What::Trap { cause, value, to } => {
                let (at, to) = (self.at(event), to.letter());
                self.line(
                    event,
                    &format!("{cause}, value {value:#x}, at {pc:#x}{at}, to {to}"),
                )
            }
            What::Fault { cause, address } => {
                let at = self.at(event);
                self.line(event, &format!("{cause} of {address:#x} at {pc:#x}{at}"))
            }
            What::Interrupt { cause, to } => {
                let (at, to) = (self.at(event), to.letter());
                self.line(event, &format!("{cause} at {pc:#x}{at}, to {to}"))
            }
            What::CallStart(call) | What::SbiStart(call) => self.begin(event, call.id, &call.text),
            What::CallEnd { call, result } => {
                let result = result.map_or("does not return".to_owned(), |result| {
                    describe::result(&call.name, result)
                });
                self.end(event, call, &result)
            }
            What::SbiEnd { call, result } => {
                let text = match sbi::error_name(result.0) {
                    Some(error) => format!("-{error}"),
                    None => format!("{:#x}", result.1),
                };
                self.end(event, call, &text)
            }
            What::Switch { from } => {
                let from = from
                    .as_ref()
                    .map_or("nobody".to_owned(), |thread| thread.to_string());
                self.line(event, &format!("runs on hart {}, after {from}", event.hart))
            }
            What::Sent(message) => self.message(event, "sent", message),
            What::Received(message) => self.message(event, "received", message),
            What::Handled | What::Runs | What::Stops | What::Waits | What::Wakes => Ok(()),
        }
    }

    fn finish(&mut self, _: u64, _: u64) -> io::Result<()> {
        self.release()?;
        self.out.flush()
    }
}
