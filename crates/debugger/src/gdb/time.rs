//! Commands about time, for gdb's `monitor`: gdb has no words for them.

use std::fmt::Write;

use crate::target::{Moment, Plain, Run, Space, Target};

const HELP: &str = "\
when                   the step, and how far the past reaches
goto STEP              to a step; then `maintenance flush register-cache`
present                to the newest moment
last-write ADDR [LEN]  who wrote there last, before now
branch                 in the past: begin another future here
timelines              all futures
timeline N             to another future
console                what the guest has printed up to now
";

/// Does one of them.
pub fn time_command(target: &mut dyn Target, command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    let outcome = match words.as_slice() {
        ["when"] => Ok(when(target)),
        ["goto", step] => number(step).and_then(|step| go(target, Moment { step, idle: 0 })),
        ["present"] => {
            let present = target.present();
            go(target, present)
        }
        ["last-write", address] => last_write(target, address, "8"),
        ["last-write", address, len] => last_write(target, address, len),
        ["branch"] => target
            .branch()
            .map(|()| when(target))
            .map_err(|e| e.to_string()),
        ["timelines"] => Ok(timelines(target)),
        ["timeline", name] => number(name).and_then(|name| {
            let switched = target.switch_timeline(name as usize);
            switched.map(|()| when(target)).map_err(|e| e.to_string())
        }),
        ["console"] => Ok(String::from_utf8_lossy(target.console()).into_owned()),
        _ => Ok(HELP.to_owned()),
    };
    outcome.unwrap_or_else(|error| format!("{error}\n"))
}

fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is no number"))
}

fn when(target: &dyn Target) -> String {
    let (now, present) = (target.now(), target.present());
    match target.is_past() {
        true => format!(
            "step {}, in the past: the present is step {}\n",
            now.step, present.step
        ),
        false => format!("step {}, the present\n", now.step),
    }
}

fn go(target: &mut dyn Target, to: Moment) -> Result<String, String> {
    let gone = target.run(Run::To(to), &mut Plain);
    gone.map(|_| when(target)).map_err(|e| e.to_string())
}

fn timelines(target: &dyn Target) -> String {
    let mut text = String::new();
    for (name, present, current) in target.timelines() {
        let mark = if current { '*' } else { ' ' };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {name}: known up to step {}", present.step);
    }
    text
}

fn last_write(target: &mut dyn Target, address: &str, len: &str) -> Result<String, String> {
    let (address, len) = (number(address)?, number(len)?);
    let hart = target.current_hart();
    let physical = target
        .translate(Space::Hart(hart), address)
        .map_err(|e| e.to_string())?;
    let write = target
        .last_write(physical, len, &mut Plain)
        .map_err(|e| e.to_string())?;
    Ok(match write {
        None => "nobody has written there\n".to_owned(),
        Some(write) => format!(
            "hart {} at pc {:#x}, in the step after {}\n",
            write.hart, write.pc, write.before.step
        ),
    })
}
