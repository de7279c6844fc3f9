//! Writes a recording while the machine runs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use machine::Machine;

use super::{End, MAGIC, Record};
use crate::failure::{Failure, status};

/// A recording in the making.
pub struct Recorder {
    path: PathBuf,
    file: File,
    /// Events that are written.
    noted: usize,
    output_bytes: u64,
    output: crc32fast::Hasher,
}

impl Recorder {
    /// Begins a recording of a machine that was built from this command line, with the guest's clock starting at `rtc`,
    /// and these files.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(
        path: &Path,
        arguments: Vec<String>,
        rtc: u64,
        files: BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|e| Failure::cannot_write(path, &e))?;
        let mut recorder = Self {
            path: path.to_owned(),
            file,
            noted: 0,
            output_bytes: 0,
            output: crc32fast::Hasher::new(),
        };
        recorder.write(MAGIC)?;
        recorder.append(&Record::Start {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            arguments,
            rtc,
        })?;
        for (name, bytes) in files {
            let compressed = compress(&bytes).map_err(|e| Failure::cannot_write(path, &e))?;
            recorder.append(&Record::File { name, compressed })?;
        }
        Ok(recorder)
    }

    /// Writes the events that entered since it was last called.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&mut self, machine: &Machine) -> Result<(), Failure> {
        let entered = machine.log().entered();
        for event in &entered[self.noted..] {
            self.append(&Record::Event(event.clone()))?;
        }
        self.noted = entered.len();
        Ok(())
    }

    /// The guest has printed this.
    pub fn note_output(&mut self, bytes: &[u8]) {
        self.output_bytes += bytes.len() as u64;
        self.output.update(bytes);
    }

    /// The run has ended.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self, machine: &Machine, status: u8) -> Result<(), Failure> {
        self.note(machine)?;
        let end = End {
            steps: machine.steps(),
            idle: machine.bus().clock.idle,
            state: machine.state_hash(),
            output: (self.output_bytes, self.output.clone().finalize()),
            status,
        };
        self.append(&Record::End(end))?;
        let synced = self.file.sync_all();
        synced.map_err(|e| Failure::cannot_write(&self.path, &e))
    }

    fn append(&mut self, record: &Record) -> Result<(), Failure> {
        let bytes = postcard::to_stdvec(record)
            .map_err(|e| Failure::new(status::EMULATOR, format!("the recording: {e}")))?;
        let len = u32::try_from(bytes.len()).map_err(|_| {
            let message = "--record: a file of more than 4 GiB does not fit into a recording";
            Failure::new(status::UNUSABLE, message)
        })?;
        let mut framed = Vec::with_capacity(bytes.len() + 8);
        framed.extend(len.to_le_bytes());
        framed.extend(crc32fast::hash(&bytes).to_le_bytes());
        framed.extend(bytes);
        self.write(&framed)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(bytes);
        written.map_err(|e| Failure::cannot_write(&self.path, &e))
    }
}

/// The command line of this process.
///
/// # Errors
/// It is not UTF-8.
pub fn command_line() -> Result<Vec<String>, Failure> {
    let arguments = std::env::args_os().map(|argument| argument.into_string());
    arguments.collect::<Result<_, _>>().map_err(|argument| {
        let message = format!("--record: {} is not UTF-8", argument.display());
        Failure::new(status::UNUSABLE, message)
    })
}

fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
