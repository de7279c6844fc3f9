//! A timeline in the trace-event format, which <https://ui.perfetto.dev> and `chrome://tracing` open.
//!
//! Harts are the threads of a process of their own: what each runs, which trap it handles, when it waits. Below them each
//! process of the guest has its threads, with their system calls as slices. Messages are arrows from the call that sent
//! to the call that received. A microsecond of the timeline is a thousand guest nanoseconds.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::rc::Rc;

use debugger::session::Programs;
use machine::hart::Privilege;
use serde_json::{Value, json};

use super::{Sink, place};
use crate::{Event, Message, Thread, What, describe, sbi};

/// The number that stands for the process of harts: no guest has so many processes.
const HARTS: u32 = 10_000_000;

/// A row of the timeline: process and thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Track(u32, u32);

/// What a slice shows, so that its end finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slice {
    /// User code of a thread on a hart.
    Run,
    /// A trap or interrupt that is handled.
    Handling,
    /// A hart waits.
    Idle,
    /// A call, by its number.
    Call(u64),
}

/// Writes a timeline.
pub struct Perfetto<W: Write> {
    out: W,
    programs: Rc<Programs>,
    is_empty: bool,
    open: HashMap<Track, Vec<Slice>>,
    /// Names that were told, by track.
    named: HashMap<Track, String>,
    /// Messages that were sent and not received.
    flows: HashSet<u64>,
}

impl<W: Write> Perfetto<W> {
    /// To `out`, with the names of these programs.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(mut out: W, programs: Rc<Programs>) -> io::Result<Self> {
        out.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n")?;
        Ok(Self {
            out,
            programs,
            is_empty: true,
            open: HashMap::new(),
            named: HashMap::new(),
            flows: HashSet::new(),
        })
    }

    fn write(&mut self, value: &Value) -> io::Result<()> {
        if !std::mem::take(&mut self.is_empty) {
            self.out.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut self.out, value)?;
        Ok(())
    }

    fn put(&mut self, phase: &str, track: Track, nanos: u64, rest: Value) -> io::Result<()> {
        let mut value = json!({
            "ph": phase,
            "pid": track.0,
            "tid": track.1,
            // Exact in a double for as long as any run lasts.
            "ts": nanos as f64 / 1000.0,
        });
        if let (Value::Object(to), Value::Object(from)) = (&mut value, rest) {
            to.extend(from);
        }
        self.write(&value)
    }

    fn name(&mut self, kind: &str, track: Track, name: &str) -> io::Result<()> {
        let (pid, tid) = (track.0, track.1);
        let arguments = json!({ "name": name });
        self.write(&json!({ "ph": "M", "name": kind, "pid": pid, "tid": tid, "args": arguments }))
    }

    fn hart(&mut self, hart: usize) -> io::Result<Track> {
        let track = Track(HARTS, HARTS + 1 + hart as u32);
        if self.named.insert(track, String::new()).is_none() {
            self.name("process_name", track, "harts")?;
            self.name("thread_name", track, &format!("hart {hart}"))?;
            let order = json!({ "sort_index": -1 });
            self.write(
                &json!({ "ph": "M", "name": "process_sort_index", "pid": track.0, "args": order }),
            )?;
        }
        Ok(track)
    }

    fn thread(&mut self, thread: &Thread) -> io::Result<Track> {
        let track = Track(thread.pid, thread.tid);
        let name = if thread.name.is_empty() {
            "space"
        } else {
            &thread.name
        };
        if self.named.get(&track).is_none_or(|known| known != name) {
            self.named.insert(track, name.to_owned());
            self.name("process_name", track, name)?;
            self.name("thread_name", track, name)?;
        }
        Ok(track)
    }

    fn begin(
        &mut self,
        track: Track,
        slice: Slice,
        event: &Event,
        name: &str,
        mut arguments: Value,
    ) -> io::Result<()> {
        self.open.entry(track).or_default().push(slice);
        arguments["step"] = event.step.into();
        let category = event.what.kind().to_string();
        self.put(
            "B",
            track,
            event.nanos,
            json!({ "name": name, "cat": category, "args": arguments }),
        )
    }

    /// Ends a slice, and those in it that have no end of their own.
    fn end(&mut self, track: Track, slice: Slice, nanos: u64, arguments: Value) -> io::Result<()> {
        let open = self.open.entry(track).or_default();
        let Some(at) = open.iter().rposition(|&open| open == slice) else {
            return Ok(());
        };
        let within = open.len() - 1 - at;
        open.truncate(at);
        for _ in 0..within {
            self.put("E", track, nanos, json!({}))?;
        }
        self.put("E", track, nanos, json!({ "args": arguments }))
    }

    /// What a hart does with a trap is a slice; of a thread's own code it is a mark on its row as well.
    fn handling(&mut self, event: &Event, name: &str, mut arguments: Value) -> io::Result<()> {
        if let Some(place) = place(&self.programs, event) {
            arguments["at"] = place.into();
        }
        arguments["pc"] = format!("{:#x}", event.pc).into();
        let hart = self.hart(event.hart)?;
        self.begin(hart, Slice::Handling, event, name, arguments.clone())?;
        let (Some(thread), Privilege::User) = (&event.thread, event.privilege) else {
            return Ok(());
        };
        let track = self.thread(thread)?;
        let category = event.what.kind().to_string();
        let mark = json!({ "name": name, "cat": category, "s": "t", "args": arguments });
        self.put("i", track, event.nanos, mark)
    }

    /// One end of an arrow. It needs a slice to hold on to, if there is none.
    fn flow(&mut self, event: &Event, message: &Message, is_sent: bool) -> io::Result<()> {
        let Some(thread) = &event.thread else {
            return Ok(());
        };
        let is_one = if is_sent {
            self.flows.insert(message.id)
        } else {
            self.flows.remove(&message.id)
        };
        let track = self.thread(thread)?;
        let is_bare = self.open.get(&track).is_none_or(Vec::is_empty);
        let verb = if is_sent { "send" } else { "receive" };
        if is_bare {
            let arguments = json!({ "mailbox": message.mailbox, "length": message.length });
            self.begin(track, Slice::Handling, event, verb, arguments)?;
        }
        if is_one {
            let name = if message.mailbox.is_some() {
                "message"
            } else {
                "reply"
            };
            let mut arrow = json!({ "name": name, "cat": "mailbox", "id": message.id });
            if !is_sent {
                arrow["bp"] = "e".into();
            }
            self.put(if is_sent { "s" } else { "f" }, track, event.nanos, arrow)?;
        }
        if is_bare {
            self.end(track, Slice::Handling, event.nanos, json!({}))?;
        }
        Ok(())
    }

    fn hart_end(&mut self, event: &Event, slice: Slice) -> io::Result<()> {
        let track = self.hart(event.hart)?;
        self.end(track, slice, event.nanos, json!({}))
    }

    fn hart_begin(&mut self, event: &Event, slice: Slice, name: &str) -> io::Result<()> {
        let track = self.hart(event.hart)?;
        self.begin(track, slice, event, name, json!({}))
    }
}

impl<W: Write> Sink for Perfetto<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.what {
            What::Insn {
                word: _,
                text,
                wrote,
            } => {
                let track = self.hart(event.hart)?;
                let wrote = wrote.map(|(name, value)| format!("{name}={value:#x}"));
                let arguments =
                    json!({ "pc": format!("{:#x}", event.pc), "wrote": wrote, "step": event.step });
                let insn = json!({ "name": text.trim_end(), "cat": "insn", "dur": 0.001, "args": arguments });
                self.put("X", track, event.nanos, insn)
            }
            What::Trap { cause, value, .. } => self.handling(
                event,
                cause.name(),
                json!({ "value": format!("{value:#x}") }),
            ),
            What::Fault { cause, address } => self.handling(
                event,
                cause.name(),
                json!({ "address": format!("{address:#x}") }),
            ),
            What::Interrupt { cause, .. } => self.handling(event, cause.name(), json!({})),
            What::CallStart(call) => {
                self.hart_begin(event, Slice::Handling, &call.name)?;
                let Some(thread) = &event.thread else {
                    return Ok(());
                };
                let track = self.thread(thread)?;
                self.begin(
                    track,
                    Slice::Call(call.id),
                    event,
                    &call.name,
                    json!({ "call": call.text }),
                )
            }
            What::CallEnd { call, result } => {
                let Some(thread) = &event.thread else {
                    return Ok(());
                };
                let track = self.thread(thread)?;
                let result = result.map(|result| describe::result(&call.name, result));
                self.end(
                    track,
                    Slice::Call(call.id),
                    event.nanos,
                    json!({ "result": result }),
                )
            }
            What::SbiStart(call) => {
                let track = self.hart(event.hart)?;
                self.begin(
                    track,
                    Slice::Handling,
                    event,
                    &call.name,
                    json!({ "call": call.text }),
                )
            }
            What::SbiEnd { result, .. } => match sbi::error_name(result.0) {
                Some(error) => {
                    let track = self.hart(event.hart)?;
                    let mark = json!({ "name": format!("error {error}"), "cat": "sbi", "s": "t" });
                    self.put("i", track, event.nanos, mark)
                }
                None => Ok(()),
            },
            What::Sent(message) => self.flow(event, message, true),
            What::Received(message) => self.flow(event, message, false),
            What::Handled => self.hart_end(event, Slice::Handling),
            What::Runs => {
                let name = event
                    .thread
                    .as_ref()
                    .map_or("user".to_owned(), |thread| thread.to_string());
                self.hart_begin(event, Slice::Run, &name)
            }
            What::Stops => self.hart_end(event, Slice::Run),
            What::Waits => self.hart_begin(event, Slice::Idle, "idle"),
            What::Wakes => self.hart_end(event, Slice::Idle),
            What::Switch { .. } => Ok(()),
        }
    }

    fn finish(&mut self, _: u64, nanos: u64) -> io::Result<()> {
        let mut open: Vec<_> = std::mem::take(&mut self.open).into_iter().collect();
        open.sort_by_key(|(track, _)| (track.0, track.1));
        for (track, slices) in open {
            for _ in slices {
                self.put("E", track, nanos, json!({}))?;
            }
        }
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}
