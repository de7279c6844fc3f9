//! The machine-readable report of a run.

use std::io::Write;
use std::path::Path;

use machine::Machine;
use serde::Serialize;

/// What a run was and how it ended.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The program.
    pub file: String,
    /// What it was taken for.
    pub taken_for: String,
    /// Exit status of this process.
    pub status: u8,
    /// Why the run ended, in words.
    pub ended: String,
    /// The guest's own code, if it gave one.
    pub code: Option<u64>,
    /// Steps taken by all harts.
    pub steps: u64,
    /// Guest nanoseconds, idle ones included.
    pub guest_ns: u64,
    /// Hash of the whole machine state.
    pub state_hash: String,
    /// Instructions retired, by hart.
    pub retired: Vec<u64>,
    /// Program counters at the end, by hart.
    pub pc: Vec<String>,
    /// Seconds on the wall.
    pub wall_seconds: f64,
}

impl Report {
    /// The report on a machine that has stopped.
    pub fn new(
        machine: &Machine,
        code: Option<u64>,
        status: u8,
        ended: String,
        wall_seconds: f64,
    ) -> Self {
        let image = machine.images().first();
        Self {
            file: image.map(|i| i.name.clone()).unwrap_or_default(),
            taken_for: image.map(|i| i.describe()).unwrap_or_default(),
            status,
            ended,
            code,
            steps: machine.steps(),
            guest_ns: machine.bus().clock.now(),
            state_hash: format!("{:032x}", machine.state_hash()),
            retired: machine
                .harts()
                .iter()
                .map(|h| h.steps - h.unretired)
                .collect(),
            pc: machine
                .harts()
                .iter()
                .map(|h| format!("{:#x}", h.pc))
                .collect(),
            wall_seconds,
        }
    }

    /// Writes it to a file, or to standard error for `-`.
    ///
    /// # Errors
    /// When that fails.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        text.push('\n');
        if path.as_os_str() == "-" {
            std::io::stderr().write_all(text.as_bytes())
        } else {
            std::fs::write(path, text)
        }
    }
}
