//! Reads a recording, without trusting a byte of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::ZlibDecoder;
use machine::LoggedEvent;

use super::{End, MAGIC, Record};

/// Larger files are no programs.
const MOST_FILE_BYTES: u64 = 1 << 32;

/// A recording.
#[derive(Debug)]
pub(super) struct Recording {
    /// The version of the command that recorded.
    pub version: String,
    /// Its command line.
    pub arguments: Vec<String>,
    /// Where the guest's clock starts.
    pub rtc: u64,
    /// The files that the machine started with.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What came from outside, in order.
    pub events: Vec<LoggedEvent>,
    /// How it ended; a recording that was cut off has no end.
    pub end: Option<End>,
}

/// Why a file is no recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// Another kind of file.
    #[error("it is no recording: it does not begin with `{}`", String::from_utf8_lossy(MAGIC).trim_end())]
    NotOne,
    /// Made by a version with another format.
    #[error("it has another version of the format: `{0}`, and this is `{ours}`", ours = String::from_utf8_lossy(MAGIC).trim_end())]
    Version(String),
    /// Cut off before the machine was described.
    #[error("it was cut off before the first step")]
    CutOff,
    /// A record that makes no sense where it is.
    #[error("the record at byte {0} is damaged")]
    Damaged(usize),
    /// A carried file that does not decompress.
    #[error("the file {0} in it is damaged")]
    File(String),
}

impl Recording {
    /// Reads one from a file's bytes.
    ///
    /// # Errors
    /// It is none, or damaged. What was cut off at its end is not missed.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordingError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or_else(|| not_one(bytes))?;
        let first = next(bytes, &mut rest)?.ok_or(RecordingError::CutOff)?;
        let Record::Start {
            version,
            arguments,
            rtc,
        } = first
        else {
            return Err(RecordingError::Damaged(MAGIC.len()));
        };
        let mut recording = Self {
            version,
            arguments,
            rtc,
            files: BTreeMap::new(),
            events: Vec::new(),
            end: None,
        };
        loop {
            let at = bytes.len() - rest.len();
            match next(bytes, &mut rest)? {
                None => return Ok(recording),
                Some(_) if recording.end.is_some() => return Err(RecordingError::Damaged(at)),
                Some(record) => recording.add(record, at)?,
            }
        }
    }

    /// Where it ends: steps and idle time of the recorded end, or of the last event if it was cut off.
    pub fn last(&self) -> (u64, u64) {
        let event = self.events.last().map(|event| (event.step, event.idle));
        let end = self.end.as_ref().map(|end| (end.steps, end.idle));
        end.or(event).unwrap_or_default()
    }

    fn add(&mut self, record: Record, at: usize) -> Result<(), RecordingError> {
        match record {
            Record::Start { .. } => return Err(RecordingError::Damaged(at)),
            Record::File { name, compressed } => {
                let content = decompress(&compressed);
                let content = content.ok_or_else(|| RecordingError::File(name.clone()))?;
                self.files.insert(name, content);
            }
            Record::Event(event) => {
                let in_order = self
                    .events
                    .last()
                    .is_none_or(|last| last.step <= event.step && last.idle <= event.idle);
                if !in_order {
                    return Err(RecordingError::Damaged(at));
                }
                self.events.push(event);
            }
            Record::End(end) => self.end = Some(end),
        }
        Ok(())
    }
}

fn not_one(bytes: &[u8]) -> RecordingError {
    let name_bytes = MAGIC.len() - 2;
    let line = bytes
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    if line.starts_with(&MAGIC[..name_bytes]) {
        RecordingError::Version(String::from_utf8_lossy(line).chars().take(60).collect())
    } else {
        RecordingError::NotOne
    }
}

/// The next record; none at the end, or where the file was cut off.
fn next(all: &[u8], rest: &mut &[u8]) -> Result<Option<Record>, RecordingError> {
    let at = all.len() - rest.len();
    let Some((head, after)) = rest.split_first_chunk::<8>() else {
        return Ok(None);
    };
    let [a, b, c, d, e, f, g, h] = *head;
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    let Some((bytes, after)) = after.split_at_checked(len) else {
        return Ok(None);
    };
    if crc32fast::hash(bytes) != u32::from_le_bytes([e, f, g, h]) {
        // A torn last record is the crash's; damage in the middle is something else.
        return match after.is_empty() {
            true => Ok(None),
            false => Err(RecordingError::Damaged(at)),
        };
    }
    *rest = after;
    let record = postcard::from_bytes(bytes).map_err(|_| RecordingError::Damaged(at))?;
    Ok(Some(record))
}

fn decompress(compressed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut decoder = ZlibDecoder::new(compressed).take(MOST_FILE_BYTES);
    decoder.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Reads the recording in a file.
///
/// # Errors
/// See [`crate::files::read_file`] and [`Recording::parse`].
pub(super) fn read(path: &Path) -> Result<Recording, crate::failure::Failure> {
    let bytes = crate::files::read_file(path)?;
    Recording::parse(&bytes).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        crate::failure::Failure::new(crate::failure::status::UNUSABLE, message)
    })
}
