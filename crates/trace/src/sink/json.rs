//! A JSON object for each event, a line each, for programs to read.

use std::io::{self, Write};
use std::rc::Rc;

use debugger::session::Programs;
use serde_json::{Map, Value, json};

use super::{Sink, place};
use crate::{Call, Event, Message, What, describe, sbi};

/// Writes JSON lines.
pub struct Json<W: Write> {
    out: W,
    programs: Rc<Programs>,
}

impl<W: Write> Json<W> {
    /// To `out`, with the names of these programs.
    pub fn new(out: W, programs: Rc<Programs>) -> Self {
        Self { out, programs }
    }
}

fn call(kind: &str, phase: &str, call: &Call) -> Value {
    json!({
        "kind": kind,
        "phase": phase,
        "id": call.id,
        "number": call.number,
        "name": call.name,
        "arguments": call.arguments,
        "text": call.text,
        "began": call.began,
    })
}

fn message(phase: &str, message: &Message) -> Value {
    json!({
        "kind": "mailbox",
        "phase": phase,
        "message": message.id,
        "mailbox": message.mailbox,
        "length": message.length,
    })
}

/// What is particular to an event; none for those that only a timeline shows.
fn particular(what: &What) -> Option<Value> {
    let mut value = match what {
        What::Insn { word, text, wrote } => json!({
            "kind": "insn",
            "word": format!("{word:#x}"),
            "text": text,
            "wrote": wrote.map(|(name, value)| json!({ "register": name, "value": format!("{value:#x}") })),
        }),
        What::Trap { cause, value, to } => json!({
            "kind": "trap",
            "cause": cause.name(),
            "value": format!("{value:#x}"),
            "to": to.letter(),
        }),
        What::Fault { cause, address } => json!({
            "kind": "fault",
            "cause": cause.name(),
            "address": format!("{address:#x}"),
        }),
        What::Interrupt { cause, to } => json!({
            "kind": "interrupt",
            "cause": cause.name(),
            "to": to.letter(),
        }),
        What::CallStart(it) => call("syscall", "start", it),
        What::CallEnd { call: it, .. } => call("syscall", "end", it),
        What::SbiStart(it) => call("sbi", "start", it),
        What::SbiEnd { call: it, .. } => call("sbi", "end", it),
        What::Switch { from } => json!({
            "kind": "switch",
            "from": from.as_ref().map(|from| from.tid),
        }),
        What::Sent(it) => message("sent", it),
        What::Received(it) => message("received", it),
        What::Handled | What::Runs | What::Stops | What::Waits | What::Wakes => return None,
    };
    let outcome = match what {
        What::CallEnd { result, .. } => {
            let error = result.and_then(describe::error_of);
            json!({ "result": result.map(|result| result as i64), "error": error })
        }
        What::SbiEnd { result, .. } => {
            json!({ "result": result.1 as i64, "error": sbi::error_name(result.0) })
        }
        _ => Value::Null,
    };
    if let (Value::Object(to), Value::Object(from)) = (&mut value, outcome) {
        to.extend(from);
    }
    Some(value)
}

impl<W: Write> Sink for Json<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Some(particular) = particular(&event.what) else {
            return Ok(());
        };
        let mut line = Map::new();
        line.insert("step".to_owned(), event.step.into());
        line.insert("ns".to_owned(), event.nanos.into());
        line.insert("hart".to_owned(), event.hart.into());
        line.insert(
            "privilege".to_owned(),
            event.privilege.letter().to_string().into(),
        );
        line.insert("pc".to_owned(), format!("{:#x}", event.pc).into());
        line.insert("place".to_owned(), place(&self.programs, event).into());
        let thread = event.thread.as_ref();
        line.insert("pid".to_owned(), thread.map(|thread| thread.pid).into());
        line.insert("tid".to_owned(), thread.map(|thread| thread.tid).into());
        line.insert(
            "process".to_owned(),
            thread.map(|thread| thread.name.clone()).into(),
        );
        if let Value::Object(particular) = particular {
            line.extend(particular);
        }
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn finish(&mut self, _: u64, _: u64) -> io::Result<()> {
        self.out.flush()
    }
}
