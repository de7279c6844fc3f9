//! Options that say what machine to build and what to put into it: `run`, `debug` and others share them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use isa::IsaConfig;
use machine::boot::Boot;
use machine::loader::{self, Image, ImageKind, RamRange};
use machine::schedule::SeededSchedule;
use machine::semihosting::SemihostingConfig;
use machine::{Config, Machine};

use crate::args::{Engine, Switch, TakenAs};
use crate::failure::{Failure, say, status};
use crate::fawn;
use crate::files::Files;

/// The machine, and what is in it.
#[derive(Clone, Debug, clap::Args)]
pub struct MachineOptions {
    /// The program: bare-metal, an S-mode kernel, an image, or a user program for Fawn; without one, Fawn's shell
    pub file: Option<PathBuf>,

    /// Its arguments, after `--`
    #[arg(last = true)]
    pub arguments: Vec<String>,

    /// RAM: bytes, or with K, M, G
    #[arg(short, long, value_name = "SIZE", default_value = "128M", value_parser = parse_size)]
    pub memory: u64,

    /// Harts, 1 to 8
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub smp: u8,

    /// Extensions, such as rv64gc_zba_zbb; what is not named is off. Without it: all there are
    #[arg(long, value_name = "STRING", value_parser = parse_isa)]
    pub isa: Option<IsaConfig>,

    /// Take the file for something else than it looks like
    #[arg(long = "as", value_name = "KIND")]
    pub taken_as: Option<TakenAs>,

    /// The firmware: `default` is Hartland's SBI, `none` starts the kernel in M-mode
    #[arg(long, value_name = "FILE", default_value = "default")]
    pub bios: Bios,

    /// What the firmware starts in S-mode: an ELF file, a Linux `Image` or a raw image
    #[arg(long, value_name = "FILE")]
    pub kernel: Option<PathBuf>,

    /// The kernel's initial RAM disk
    #[arg(long, value_name = "FILE")]
    pub initrd: Option<PathBuf>,

    /// The kernel's command line
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub append: String,

    /// Commands for Fawn's shell; its status becomes this process's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "kernel"])]
    pub script: Option<PathBuf>,

    /// A device tree (DTB) instead of the board's own
    #[arg(long, value_name = "FILE")]
    pub dtb: Option<PathBuf>,

    /// Write the device tree to a file, and do not run
    #[arg(long, value_name = "FILE")]
    pub dump_dtb: Option<PathBuf>,

    /// A file that lies in RAM at an address, or an ELF file at its own; may be repeated
    #[arg(long, value_name = "FILE@ADDR", value_parser = parse_load)]
    pub load: Vec<Load>,

    /// Where the guest's clock starts: `host`, or a date such as 2026-01-01 or 2026-01-01T12:00:00 (UTC)
    #[arg(long, value_name = "DATE", default_value = "2026-01-01", value_parser = parse_rtc)]
    pub rtc: u64,

    /// Seed of everything that looks random to the guest
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Let a seed choose how harts interleave and when timers interrupt, as `hartland explore` does
    #[arg(long, value_name = "N")]
    pub schedule_seed: Option<u64>,

    /// Within which steps it chooses, such as 1000..2000
    #[arg(long, value_name = "FROM..TO", requires = "schedule_seed", value_parser = parse_steps)]
    pub schedule_steps: Option<Steps>,

    /// What the guest's console receives, read whole and paced by guest time, so that runs repeat;
    /// `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,

    /// A reset ends the run
    #[arg(long)]
    pub no_reboot: bool,

    /// Whether the guest may call the host (console, exit, arguments)
    #[arg(long, value_name = "SWITCH", default_value = "on")]
    pub semihosting: Switch,

    /// The one directory whose files the guest may read by semihosting
    #[arg(long, value_name = "DIR")]
    pub semihosting_root: Option<PathBuf>,

    /// The guest may also create and change files there
    #[arg(long, requires = "semihosting_root")]
    pub semihosting_write: bool,

    /// Which engine runs the code
    #[arg(long, value_name = "ENGINE", default_value = "threaded")]
    pub engine: Engine,
}

/// What runs in M-mode before the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bios {
    /// Hartland's SBI.
    Default,
    /// Nothing: the kernel starts in M-mode.
    None,
    /// A file.
    File(PathBuf),
}

impl From<&str> for Bios {
    fn from(text: &str) -> Self {
        match text {
            "default" => Self::Default,
            "none" => Self::None,
            file => Self::File(file.into()),
        }
    }
}

/// A file that lies in RAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    file: PathBuf,
    /// Physical address; an ELF file has its own.
    address: Option<u64>,
}

/// A range of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps(pub Range<u64>);

/// `FROM..TO`; either may be missing.
pub fn parse_steps(text: &str) -> Result<Steps, String> {
    let wrong = || {
        format!("`{text}` are no steps; they are FROM..TO, such as 1000..2000, 1000.. or ..2000")
    };
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str, missing: u64| match text.replace('_', "").as_str() {
        "" => Ok(missing),
        digits => digits.parse().map_err(|_| wrong()),
    };
    let (from, to) = (number(from, 0)?, number(to, u64::MAX)?);
    if from < to {
        Ok(Steps(from..to))
    } else {
        Err(wrong())
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        _ => (text, 0),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "a size is a number of bytes, or with K, M or G, such as 128M".to_owned())?;
    let bytes = number
        .checked_mul(1 << shift)
        .filter(|&bytes| bytes <= 1 << 40);
    bytes.ok_or_else(|| "the largest size is 1024G".to_owned())
}

pub fn parse_isa(text: &str) -> Result<IsaConfig, String> {
    IsaConfig::parse(text).map_err(|error| error.to_string())
}

fn parse_load(text: &str) -> Result<Load, String> {
    let Some((file, address)) = text.rsplit_once('@') else {
        return Ok(Load {
            file: text.into(),
            address: None,
        });
    };
    let parsed = match address.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => address.parse(),
    };
    let address = parsed.map_err(|_| {
        format!("`{address}` is no address; it is FILE@ADDR, such as data.bin@0x84000000")
    })?;
    Ok(Load {
        file: file.into(),
        address: Some(address),
    })
}

/// Nanoseconds since the UNIX epoch.
fn parse_rtc(text: &str) -> Result<u64, String> {
    let time = match text {
        "host" => std::time::SystemTime::now(),
        date if date.len() == "2026-01-01".len() => parse_date(&format!("{date}T00:00:00Z"))?,
        date => parse_date(date)?,
    };
    let since = time
        .duration_since(UNIX_EPOCH)
        .map_err(|_| "the guest's clock starts in 1970 at the earliest".to_owned())?;
    u64::try_from(since.as_nanos()).map_err(|_| "the guest's clock ends in 2554".to_owned())
}

fn parse_date(text: &str) -> Result<std::time::SystemTime, String> {
    humantime::parse_rfc3339_weak(text)
        .map_err(|_| "it is `host`, or a date such as 2026-01-01 or 2026-01-01T12:00:00".to_owned())
}

/// Builds the machine that the options describe, with everything in its place.
pub fn build(options: &MachineOptions, files: &Files, verbose: bool) -> Result<Built, Failure> {
    let boot = boot(options, files, verbose)?;
    let on_fawn = is_fawn(&boot);
    let mut machine =
        Machine::new(config(options, files)?).map_err(|e| Failure::new(status::EMULATOR, e))?;
    machine
        .boot(boot)
        .map_err(|e| Failure::new(status::UNUSABLE, e))?;
    Ok(Built { machine, on_fawn })
}

/// A machine with everything in its place.
pub struct Built {
    /// The machine.
    pub machine: Machine,
    /// It boots the built-in Fawn: the end of input is told to it, as by Ctrl-D.
    pub on_fawn: bool,
}

fn is_fawn(boot: &Boot) -> bool {
    boot.kernel
        .as_ref()
        .is_some_and(|kernel| kernel.name == FAWN)
}

/// The name of the built-in kernel.
const FAWN: &str = "fawn";

fn boot(options: &MachineOptions, files: &Files, verbose: bool) -> Result<Boot, Failure> {
    let read = Reader {
        options,
        files,
        verbose,
    };
    let file = |path: &Option<PathBuf>| path.as_deref().map(|path| files.read(path)).transpose();
    let initrd = file(&options.initrd)?;
    if let (Some([]), Some(path)) = (initrd.as_deref(), &options.initrd) {
        let message = format!("--initrd {}: the file is empty", path.display());
        return Err(Failure::new(status::UNUSABLE, message));
    }
    let mut boot = Boot {
        initrd,
        device_tree: file(&options.dtb)?,
        arguments: options.append.clone(),
        ..Boot::default()
    };
    for load in &options.load {
        boot.extra.push(read.extra(load)?);
    }
    boot.kernel = match &options.kernel {
        Some(path) => Some(read.image(
            path,
            Some(options.taken_as.map_or(ImageKind::Kernel, Into::into)),
        )?),
        None => None,
    };
    if let Some(path) = &options.file {
        let image = read.image(path, options.taken_as.map(Into::into))?;
        return place_program(boot, image, &read);
    }
    boot.firmware = match &options.bios {
        Bios::None => None,
        Bios::Default => Some(read.built_in("sbi")?),
        Bios::File(path) => Some(read.image(path, Some(ImageKind::BareMetal))?),
    };
    if boot.kernel.is_none() && options.bios == Bios::Default {
        let program = match &options.script {
            Some(path) => Some(fawn::Program::script(files.read(path)?)),
            None => None,
        };
        return fawn_boot(boot, &read, program);
    }
    Ok(boot)
}

/// Our SBI, Fawn, and its programs; one more of them if it is to run instead of the shell.
fn fawn_boot(
    mut boot: Boot,
    read: &Reader<'_>,
    program: Option<fawn::Program>,
) -> Result<Boot, Failure> {
    boot.firmware = Some(read.built_in("sbi")?);
    boot.kernel = Some(read.built_in(FAWN)?);
    let programs = match boot.initrd {
        Some(initrd) => initrd,
        None => read
            .files
            .built_in("programs", guest_images::programs().bytes)?,
    };
    boot.initrd = Some(programs);
    if let Some(program) = program {
        program.add_to(&mut boot);
    }
    Ok(boot)
}

/// The program named on the command line takes the place that its kind has.
fn place_program(mut boot: Boot, image: Image, read: &Reader<'_>) -> Result<Boot, Failure> {
    let conflict = |option: &str| {
        let message = format!(
            "{}: it is {}, which leaves no place for {option}",
            image.name,
            image.kind.describe()
        );
        Failure::new(status::UNUSABLE, message)
    };
    match image.kind {
        ImageKind::BareMetal | ImageKind::Data => {
            if boot.kernel.is_some() {
                return Err(conflict("--kernel (give the program as --bios)"));
            }
            if let Bios::File(_) = read.options.bios {
                return Err(conflict("--bios (give the program as --kernel)"));
            }
            boot.firmware = Some(image);
        }
        ImageKind::Kernel | ImageKind::LinuxImage => {
            if boot.kernel.is_some() {
                return Err(conflict("--kernel"));
            }
            boot.firmware = match &read.options.bios {
                Bios::None => None,
                Bios::Default => Some(read.built_in("sbi")?),
                Bios::File(path) => Some(read.image(path, Some(ImageKind::BareMetal))?),
            };
            boot.kernel = Some(image);
        }
        ImageKind::User => {
            if boot.kernel.is_some() || read.options.initrd.is_some() {
                return Err(conflict("--kernel or --initrd: it runs on Fawn"));
            }
            let path = read.options.file.as_deref().unwrap_or(Path::new("program"));
            let program = fawn::Program::new(path, read.files.read(path)?, &read.options.arguments);
            return fawn_boot(boot, read, Some(program));
        }
    }
    Ok(boot)
}

/// Reads images as the options say.
struct Reader<'a> {
    options: &'a MachineOptions,
    files: &'a Files,
    verbose: bool,
}

impl Reader<'_> {
    fn ram(&self) -> RamRange {
        RamRange {
            base: abi::memory_map::RAM_BASE,
            size: self.options.memory,
        }
    }

    fn image(&self, path: &Path, taken_as: Option<ImageKind>) -> Result<Image, Failure> {
        let bytes = self.files.read(path)?;
        self.parse(&path.display().to_string(), &bytes, taken_as)
    }

    fn built_in(&self, name: &str) -> Result<Image, Failure> {
        let bytes = self.files.built_in(name, built_in_bytes(name)?)?;
        self.parse(name, &bytes, None)
    }

    fn parse(
        &self,
        name: &str,
        bytes: &[u8],
        taken_as: Option<ImageKind>,
    ) -> Result<Image, Failure> {
        let image = loader::parse(name, bytes, self.ram(), taken_as)
            .map_err(|error| Failure::new(status::UNUSABLE, error))?;
        if self.verbose {
            say(&format!("{name}: {}", image.describe()));
        }
        Ok(image)
    }

    fn extra(&self, load: &Load) -> Result<Image, Failure> {
        let Some(address) = load.address else {
            return self.image(&load.file, None);
        };
        let bytes = self.files.read(&load.file)?;
        loader::raw_at(
            &load.file.display().to_string(),
            &bytes,
            self.ram(),
            address,
        )
        .map_err(|error| Failure::new(status::UNUSABLE, error))
    }
}

/// An image that travels with the emulator.
fn built_in_bytes(name: &str) -> Result<&'static [u8], Failure> {
    let image = guest_images::system(name);
    image.map(|image| image.bytes).ok_or_else(|| {
        let message = format!("the built-in image `{name}` is missing: run `cargo xtask guest`");
        Failure::new(status::EMULATOR, message)
    })
}

fn config(options: &MachineOptions, files: &Files) -> Result<Config, Failure> {
    let input = input(options, files)?;
    // A replay has every answer in its recording, and asks no host.
    if let Some(root) = &options.semihosting_root
        && !files.are_carried()
        && !root.is_dir()
    {
        return Err(Failure::new(
            status::NOT_FOUND,
            format!("--semihosting-root {}: no such directory", root.display()),
        ));
    }
    let semihosting = (options.semihosting == Switch::On).then(|| SemihostingConfig {
        root: options
            .semihosting_root
            .clone()
            .filter(|_| !files.are_carried()),
        writable: options.semihosting_write,
        arguments: options.arguments.clone(),
        input: input.clone().unwrap_or_default(),
    });
    Ok(Config {
        memory: options.memory,
        harts: usize::from(options.smp),
        isa: options.isa.unwrap_or_default(),
        input,
        seed: options.seed,
        interleaving: options.schedule_seed.map(|seed| SeededSchedule {
            seed,
            within: options
                .schedule_steps
                .as_ref()
                .map_or(0..u64::MAX, |steps| steps.0.clone()),
        }),
        rtc_base: options.rtc,
        semihosting,
        no_reboot: options.no_reboot,
        plain_engine: options.engine == Engine::Plain,
        ..Config::default()
    })
}

fn input(options: &MachineOptions, files: &Files) -> Result<Option<Vec<u8>>, Failure> {
    match &options.input {
        Some(path) if path.as_os_str() == "-" => files.read_standard_input().map(Some),
        Some(path) => files.read(path).map(Some),
        None => Ok(None),
    }
}
