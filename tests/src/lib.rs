//! What whole-system tests share: a machine with a program, run to its end by either engine.

pub mod campaign;
pub mod program;
pub mod transcript;
pub mod wander;

use guest_images::GuestImage;
use machine::loader::{self, Image, RamRange};
use machine::semihosting::SemihostingConfig;
use machine::{Boot, Config, Machine};

/// RAM that the sample programs get.
pub const MEMORY: u64 = 64 << 20;

/// A machine with a sample program loaded, as its table says it must be run.
///
/// # Panics
/// When the program does not load: then a test has found something.
#[must_use]
pub fn machine_with(image: &GuestImage, harts: usize, plain_engine: bool) -> Machine {
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: MEMORY,
    };
    let program = loader::parse(image.name, image.bytes, ram, None).expect("a sample loads");
    let config = Config {
        memory: MEMORY,
        harts,
        input: Some(image.expected.input.as_bytes().to_vec()),
        semihosting: Some(SemihostingConfig::default()),
        plain_engine,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("the host has so much address space");
    machine.load(program).expect("a sample fits");
    machine
}

/// A machine with our SBI and a system image that it starts in S-mode, and with Fawn's programs, as `hartland` alone
/// builds it.
///
/// # Panics
/// When there is no such image, or it does not load.
#[must_use]
pub fn system_with(kernel: &str, harts: usize, plain_engine: bool) -> Machine {
    system(kernel, "report=short", harts, plain_engine)
}

/// A machine with Fawn and a command line for its kernel.
///
/// # Panics
/// When something does not load.
#[must_use]
pub fn fawn_with(arguments: &str, harts: usize) -> Machine {
    fawn_on(None, arguments, harts)
}

/// The same with another kernel, an ELF file.
///
/// # Panics
/// When something does not load.
#[must_use]
pub fn fawn_on(kernel: Option<&[u8]>, arguments: &str, harts: usize) -> Machine {
    let image = kernel.map_or_else(
        || system_image("fawn"),
        |bytes| loader::parse("kernel", bytes, ram(), None).expect("a kernel loads"),
    );
    booted(image, arguments, harts, false, true)
}

fn system(kernel: &str, arguments: &str, harts: usize, plain_engine: bool) -> Machine {
    let image = system_image(kernel);
    booted(image, arguments, harts, plain_engine, kernel == "fawn")
}

fn booted(
    kernel: Image,
    arguments: &str,
    harts: usize,
    plain_engine: bool,
    has_shell: bool,
) -> Machine {
    let config = Config {
        memory: MEMORY,
        harts,
        plain_engine,
        // Ctrl-D: the end of the shell.
        input: has_shell.then(|| vec![4]),
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("the host has so much address space");
    let boot = Boot {
        firmware: Some(system_image("sbi")),
        kernel: Some(kernel),
        initrd: Some(guest_images::programs().bytes.to_vec()),
        arguments: arguments.to_owned(),
        ..Boot::default()
    };
    machine.boot(boot).expect("a system fits");
    machine
}

/// A machine with our SBI, any kernel, and a RAM disk; 512 MiB.
///
/// # Panics
/// When something does not load.
#[must_use]
pub fn kernel_with(kernel: &[u8], initrd: &[u8], arguments: &str, harts: usize) -> Machine {
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: 512 << 20,
    };
    let config = Config {
        memory: ram.size,
        harts,
        no_reboot: true,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("the host has so much address space");
    let kind = Some(loader::ImageKind::Kernel);
    let boot = Boot {
        firmware: Some(system_image("sbi")),
        kernel: Some(loader::parse("kernel", kernel, ram, kind).expect("a kernel")),
        initrd: Some(initrd.to_vec()),
        arguments: arguments.to_owned(),
        ..Boot::default()
    };
    machine.boot(boot).expect("a system fits");
    machine
}

fn ram() -> RamRange {
    RamRange {
        base: abi::memory_map::RAM_BASE,
        size: MEMORY,
    }
}

fn system_image(name: &str) -> Image {
    let image = guest_images::system(name).expect("a system image of that name");
    loader::parse(name, image.bytes, ram(), None).expect("a system image loads")
}
