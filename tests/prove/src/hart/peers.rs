//! The two sides: Hartland in this process, by either engine, and QEMU.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use isa::{Extension, Insn, IsaConfig};
use machine::hart::{Hart, Trap};
use machine::loader::{self, RamRange};
use machine::{Bus, Config, Machine, Observer, Stop};

use super::layout as at;

/// Steps that no program takes.
const MOST_STEPS: u64 = 200_000_000;

/// What a run gave: the digest of each block that came to its end, and how the run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub digests: Vec<String>,
    pub end: String,
}

impl Outcome {
    fn new(output: &[u8], end: String) -> Self {
        let text = String::from_utf8_lossy(output);
        Self {
            digests: text.split_whitespace().map(str::to_owned).collect(),
            end,
        }
    }

    /// The digests of the block of that number, and the end of the run.
    pub fn describe(&self, block: usize) -> String {
        let stages = super::harness::STAGES.len();
        let digests = self.digests.iter().skip(block * stages).take(stages);
        let digests: Vec<_> = digests.map(String::as_str).collect();
        format!("{} ({})", digests.join(" "), self.end)
    }
}

/// A machine with a program at its start.
pub fn machine(elf: &[u8], isa: IsaConfig, plain: bool) -> Result<Machine> {
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: at::MEMORY,
    };
    let image = loader::parse("random program", elf, ram, None)?;
    let mut machine = Machine::new(Config {
        memory: at::MEMORY,
        isa,
        plain_engine: plain,
        ..Config::default()
    })?;
    machine.load(image)?;
    Ok(machine)
}

/// Runs a program here.
pub fn hartland(elf: &[u8], isa: IsaConfig, plain: bool) -> Result<Outcome> {
    let mut machine = machine(elf, isa, plain)?;
    let stop = machine.run(MOST_STEPS);
    Ok(Outcome::new(&machine.take_output(), describe(&stop)))
}

fn describe(stop: &Stop) -> String {
    match stop {
        Stop::Exit(exit) if exit.code == 0 => "ended".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Counts the steps made in the window of blocks, by the mode they were made in.
#[derive(Default)]
pub struct Counter {
    pub retired: [u64; 4],
    pub trapped: [u64; 4],
    pub interrupted: u64,
}

fn in_window(pc: u64) -> bool {
    (at::WINDOW..at::WINDOW + at::WINDOW_BYTES).contains(&pc)
        || (at::WINDOW_USER..at::WINDOW_USER + at::WINDOW_BYTES).contains(&pc)
}

impl Observer for Counter {
    fn before(&mut self, hart: &Hart, _: &Bus, _: &Insn, _: u32) {
        if in_window(hart.pc) {
            self.retired[hart.privilege as usize & 3] += 1;
        }
    }
    fn retired(&mut self, _: &Hart, _: &Bus, _: u64, _: &Insn, _: u32) {}
    fn trapped(&mut self, _: &Hart, _: &Bus, pc: u64, trap: Trap) {
        if in_window(pc) {
            self.trapped[usize::from(trap.cause as u64 >= 12) & 3] += 1;
        }
    }
    fn interrupted(&mut self, _: &Hart, _: &Bus, pc: u64, _: isa::trap::Interrupt) {
        self.interrupted += u64::from(in_window(pc));
    }
}

/// Runs a program here and counts; its outcome too.
pub fn counted(elf: &[u8], isa: IsaConfig, counter: &mut Counter) -> Result<Outcome> {
    let mut machine = machine(elf, isa, true)?;
    let stop = machine.run_observed(MOST_STEPS, counter);
    Ok(Outcome::new(&machine.take_output(), describe(&stop)))
}

/// QEMU, as it is found.
pub struct Qemu {
    program: PathBuf,
    pub version: String,
    /// Extensions that it has and we switch off there, or that it cannot have.
    cpu: String,
    /// What both have.
    pub isa: IsaConfig,
}

/// Properties of QEMU's processor, by the extensions that they stand for.
const PROPERTIES: &[(&str, Extension)] = &[
    ("zicbom", Extension::Zicbom),
    ("zicboz", Extension::Zicboz),
    ("zicond", Extension::Zicond),
    ("zimop", Extension::Zimop),
    ("zcmop", Extension::Zcmop),
    ("zawrs", Extension::Zawrs),
    ("zacas", Extension::Zacas),
    ("zabha", Extension::Zabha),
    ("zfa", Extension::Zfa),
    ("zfh", Extension::Zfh),
    ("zcb", Extension::Zcb),
    ("zba", Extension::Zba),
    ("zbb", Extension::Zbb),
    ("zbc", Extension::Zbc),
    ("zbs", Extension::Zbs),
    ("zbkb", Extension::Zbkb),
    ("zbkc", Extension::Zbkc),
    ("zbkx", Extension::Zbkx),
    ("zknd", Extension::Zknd),
    ("zkne", Extension::Zkne),
    ("zknh", Extension::Zknh),
    ("zksed", Extension::Zksed),
    ("zksh", Extension::Zksh),
    ("sstc", Extension::Sstc),
    ("svadu", Extension::Svadu),
    ("svinval", Extension::Svinval),
    ("svnapot", Extension::Svnapot),
    ("svpbmt", Extension::Svpbmt),
];

/// Whether QEMU has a processor of this description: it builds the board and ends.
fn accepts(program: &Path, cpu: &str) -> Result<bool> {
    // A file of its own: QEMU removes what is there before it writes, and /dev/null would be gone for everybody.
    let tree = std::env::temp_dir().join(format!("hartland-prove-{}.dtb", std::process::id()));
    let machine = format!("virt,dumpdtb={}", tree.display());
    let output = Command::new(program)
        .args(["-machine", &machine, "-display", "none"])
        .args(["-bios", "none", "-cpu", cpu])
        .output()
        .with_context(|| program.display().to_string())?;
    let _ = std::fs::remove_file(&tree);
    Ok(output.status.success())
}

impl Qemu {
    /// Asks a QEMU for its version and which of our extensions it has.
    pub fn find(program: &Path) -> Result<Self> {
        let version = Command::new(program)
            .arg("--version")
            .output()
            .with_context(|| program.display().to_string())?;
        let version = String::from_utf8_lossy(&version.stdout);
        let version = version.lines().next().unwrap_or("?").to_owned();
        let mut isa = IsaConfig::default();
        let mut cpu = "rv64,v=false,h=false,pmp=true,mmu=true".to_owned();
        // The letter B in misa; and interrupts by the priorities of the specification, which it has with AIA only.
        for more in [",b=true", ",smaia=true,ssaia=true"] {
            if accepts(program, &format!("{cpu}{more}"))? {
                cpu += more;
            }
        }
        for &(property, extension) in PROPERTIES {
            let with = format!("{cpu},{property}=true");
            if accepts(program, &with)? {
                cpu = with;
            } else {
                isa.remove(extension);
            }
        }
        Ok(Self {
            program: program.to_owned(),
            version,
            cpu,
            isa,
        })
    }

    /// With a second hart, which sleeps: alone, QEMU makes an atomic access from a load and a store, each with checks
    /// and faults of its own.
    fn command(&self, elf: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["-machine", "virt", "-smp", "2", "-m", "128M"])
            .args(["-display", "none", "-monitor", "none", "-serial", "stdio"])
            .args(["-bios", "none", "-no-reboot", "-cpu", &self.cpu, "-kernel"])
            .arg(elf)
            .stdin(Stdio::null());
        command
    }

    /// Runs a program there.
    pub fn run(&self, elf: &Path, limit: Duration) -> Result<Outcome> {
        self.run_with(elf, limit, &[])
    }

    /// Runs a program with a log of each instruction in the window and the registers before it.
    pub fn log(&self, elf: &Path, log: &Path, limit: Duration) -> Result<Outcome> {
        let window = |base: u64| format!("{:#x}..{:#x}", base, base + at::WINDOW_BYTES - 1);
        let filter = format!("{},{}", window(at::WINDOW), window(at::WINDOW_USER));
        let log = log.display().to_string();
        let options = [
            ["-accel", "tcg,one-insn-per-tb=on"],
            ["-d", "cpu,fpu,nochain"],
            ["-D", &log],
            ["-dfilter", &filter],
        ];
        self.run_with(elf, limit, options.as_flattened())
    }

    /// Memory after a program has run, by QEMU's monitor.
    pub fn memory(&self, elf: &Path, ranges: &[(u64, u64)], file: &Path) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.program);
        command
            .args(["-machine", "virt", "-smp", "2", "-m", "128M"])
            .args(["-display", "none", "-monitor", "stdio", "-serial", "null"])
            .args([
                "-bios",
                "none",
                "-no-reboot",
                "-no-shutdown",
                "-cpu",
                &self.cpu,
            ])
            .arg("-kernel")
            .arg(elf);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        std::thread::sleep(Duration::from_secs(1));
        let mut stdin = child.stdin.take().context("QEMU's monitor")?;
        let mut text = String::new();
        for (n, (base, bytes)) in ranges.iter().enumerate() {
            text += &format!("pmemsave {base:#x} {bytes:#x} \"{}.{n}\"\n", file.display());
        }
        std::io::Write::write_all(&mut stdin, (text + "quit\n").as_bytes())?;
        drop(stdin);
        child.wait()?;
        let mut memory = Vec::new();
        for n in 0..ranges.len() {
            memory.extend(std::fs::read(format!("{}.{n}", file.display()))?);
        }
        Ok(memory)
    }

    fn run_with(&self, elf: &Path, limit: Duration, options: &[&str]) -> Result<Outcome> {
        let mut child = self
            .command(elf)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| self.program.display().to_string())?;
        let mut stdout = child.stdout.take().context("QEMU's output")?;
        let reader = std::thread::spawn(move || {
            let mut output = Vec::new();
            std::io::Read::read_to_end(&mut stdout, &mut output).map(|_| output)
        });
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if start.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        let Ok(output) = reader.join() else {
            bail!("QEMU's output cannot be read");
        };
        let end = match status {
            Some(status) if status.success() => "ended".to_owned(),
            Some(status) => {
                let mut text = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    std::io::Read::read_to_string(&mut stderr, &mut text)?;
                }
                format!("{status} {}", text.trim())
            }
            None => format!("no end within {limit:?}"),
        };
        Ok(Outcome::new(&output?, end))
    }
}
