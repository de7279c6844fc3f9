//! What a workload is run on beside this emulator: another emulator's command, or the host itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use guest_images::GuestImage;
use nix::sys::resource::{UsageWho, getrusage};
use wait_timeout::ChildExt as _;

use super::MEMORY;
use crate::args::{BenchOptions, Other};
use crate::failure::{Failure, status};

/// No other emulator is waited for longer.
const PATIENCE: Duration = Duration::from_secs(600);
/// Status of a native workload that needs a machine of its own.
const NEEDS_MACHINE: i32 = 2;

/// Something to compare with.
#[derive(Clone, Debug)]
pub struct Rival {
    /// What it is called in tables.
    pub name: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// A command; `{}` stands for the ELF file.
    Command(String),
    /// A folder of native programs, each named as its workload.
    Native(PathBuf),
}

impl Rival {
    /// What the options name, in order: `--against`, `--against-cmd`, `--native`.
    pub fn all(options: &BenchOptions) -> Vec<Self> {
        let known = options.against.iter().map(|Other::Qemu| Self {
            name: "qemu".to_owned(),
            what: What::Command(format!(
                "qemu-system-riscv64 -M virt -m {}M -bios none -nographic -kernel {{}}",
                MEMORY >> 20
            )),
        });
        let commands = options.against_cmd.iter().map(|text| Self::parse(text));
        let native = options.native.iter().map(|folder| Self {
            name: "native".to_owned(),
            what: What::Native(folder.clone()),
        });
        known.chain(commands).chain(native).collect()
    }

    /// `NAME=COMMAND`, or a command that is called as its program's file is.
    fn parse(text: &str) -> Self {
        let (name, command) = match text.split_once('=') {
            Some((name, command)) if !name.contains([' ', '/']) => (name.to_owned(), command),
            _ => {
                let program = text.split_whitespace().next().unwrap_or_default();
                let file = Path::new(program).file_name();
                let name = file.map_or_else(|| program.into(), |file| file.to_string_lossy());
                (name.into_owned(), text)
            }
        };
        Self {
            name,
            what: What::Command(command.to_owned()),
        }
    }

    /// What is run, for the reader of a report.
    pub fn command(&self) -> String {
        match &self.what {
            What::Command(command) => command.clone(),
            What::Native(folder) => format!("{}/WORKLOAD", folder.display()),
        }
    }

    /// Runs a workload to its end: seconds of CPU time, starting included. `None` when it is none for this rival.
    ///
    /// # Errors
    /// It cannot be started, does not end in ten minutes, or ends with something else than 0.
    pub fn run(&self, image: &GuestImage, elf: &Path) -> Result<Option<f64>, Failure> {
        let mut command = self.prepare(image, elf)?;
        let shown = format!("{:?}", command.get_program());
        let before = children_seconds()?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                let message = format!(
                    "{shown} cannot be started: {error}; install it, or leave {} out",
                    self.name
                );
                Failure::new(status::NOT_FOUND, message)
            })?;
        let failed = |message: String| Failure::new(status::FAILED, message);
        let ended = child
            .wait_timeout(PATIENCE)
            .map_err(|error| failed(format!("{shown}: {error}")))?;
        let Some(ended) = ended else {
            // It may have ended just now; then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
            let limit = PATIENCE.as_secs();
            return Err(failed(format!(
                "{shown} did not end `{}` in {limit} s: does it know how the workload powers off?",
                image.name
            )));
        };
        if matches!(self.what, What::Native(_)) && ended.code() == Some(NEEDS_MACHINE) {
            return Ok(None);
        }
        if !ended.success() {
            return Err(failed(format!(
                "{shown} ended `{}` with {ended}; it must end with 0",
                image.name
            )));
        }
        Ok(Some(children_seconds()? - before))
    }

    fn prepare(&self, image: &GuestImage, elf: &Path) -> Result<Command, Failure> {
        match &self.what {
            What::Command(text) => {
                let mut words = text.split_whitespace();
                let path = elf.display().to_string();
                let mut command = Command::new(words.next().unwrap_or_default());
                command.args(words.map(|word| word.replace("{}", &path)));
                Ok(command)
            }
            What::Native(folder) => {
                let program = folder.join(image.name);
                if !program.is_file() {
                    let message = format!(
                        "{}: there is no such file; build the workloads natively by \
                         `cargo build --release --manifest-path benches/workloads/Cargo.toml`, or name their folder",
                        program.display()
                    );
                    return Err(Failure::new(status::NOT_FOUND, message));
                }
                Ok(Command::new(program))
            }
        }
    }
}

/// CPU time of this process, in seconds.
pub fn own_seconds() -> Result<f64, Failure> {
    seconds(UsageWho::RUSAGE_SELF)
}

/// CPU time of all children that have ended, in seconds.
fn children_seconds() -> Result<f64, Failure> {
    seconds(UsageWho::RUSAGE_CHILDREN)
}

fn seconds(who: UsageWho) -> Result<f64, Failure> {
    let usage = getrusage(who).map_err(|error| Failure::new(status::EMULATOR, error))?;
    let both = [usage.user_time(), usage.system_time()];
    Ok(both
        .iter()
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .sum())
}

/// An ELF file for other emulators, gone when dropped.
pub struct TemporaryElf(PathBuf);

impl TemporaryElf {
    /// Writes an image to the temporary folder.
    pub fn new(image: &GuestImage) -> Result<Self, Failure> {
        let name = format!("hartland-bench-{}-{}.elf", std::process::id(), image.name);
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, image.bytes).map_err(|error| Failure::cannot_write(&path, &error))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryElf {
    fn drop(&mut self) {
        // Left behind in the temporary folder at worst.
        let _ = std::fs::remove_file(&self.0);
    }
}
