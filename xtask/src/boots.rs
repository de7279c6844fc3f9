//! `cargo xtask boots`: software that others have built for this kind of machine, as Debian packages it: OpenSBI, U-Boot
//! and, with `--linux`, Debian's kernel. Nothing of it stands in this repository.

#![expect(clippy::print_stdout, reason = "what a task prints is its result")]

mod debian;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const OPENSBI: &str = "/usr/lib/riscv64-linux-gnu/opensbi/generic";
const U_BOOT: &str = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin";
/// Seconds after which a boot hangs.
const LIMIT: &str = "120";

#[derive(clap::Args)]
pub struct Arguments {
    /// Also fetch Debian's kernel for RISC-V, busybox and newer firmware from its archive, and boot them
    #[arg(long)]
    linux: bool,
    /// With --linux: where Debian's archive cannot be reached, say so and go on without
    #[arg(long, requires = "linux")]
    if_reachable: bool,
    /// With --linux: boot the same on qemu-system-riscv64, alternately, so many times each, and say how long both take
    #[arg(long, value_name = "TIMES", requires = "linux")]
    against_qemu: Option<usize>,
}

/// One boot, and what it must come to.
struct Boot {
    name: String,
    arguments: Vec<String>,
    input: &'static str,
    wanted: Vec<String>,
}

/// Boots everything.
///
/// # Errors
/// Something is missing, or does not boot.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::guest::root();
    let command = crate::guest::hartland(&root)?;
    let images = root.join("crates/guest-images/images/system");
    let scratch = crate::guest::target_directory(&root).join("boots");
    std::fs::create_dir_all(&scratch)?;
    device_tree(&command, &scratch)?;
    first_words(&command)?;
    let mut boots = opensbi(&images)?;
    boots.extend(u_boot(&images)?);
    let linux = match arguments.linux.then(|| debian::Linux::fetch(&scratch)) {
        Some(Err(error)) if arguments.if_reachable => {
            println!("Debian's kernel is not booted: {error:#}");
            None
        }
        fetched => fetched.transpose()?,
    };
    if let Some(linux) = &linux {
        boots.extend(debians_kernel(linux, &images));
    }
    if let Some(linux) = &linux {
        busybox_on_fawn(&command, linux)?;
    }
    for boot in &boots {
        let took = boot.check(&command, &scratch)?;
        println!("{:<44} {:.2} s", boot.name, took.as_secs_f64());
    }
    if let (Some(linux), Some(times)) = (&linux, arguments.against_qemu) {
        compare(&command, linux, &images.join("sbi.elf"), times)?;
    }
    Ok(())
}

/// Debian's kernel, fetched, and a RAM disk whose first program switches off.
///
/// # Errors
/// The archive cannot be reached.
pub fn debians_kernel_and_disk() -> Result<(PathBuf, PathBuf)> {
    let scratch = crate::guest::target_directory(&crate::guest::root()).join("boots");
    std::fs::create_dir_all(&scratch)?;
    let linux = debian::Linux::fetch(&scratch)?;
    Ok((linux.kernel, linux.initrd_that_ends))
}

/// The device tree compiler takes the board's tree without a word.
fn device_tree(command: &Path, scratch: &Path) -> Result<()> {
    let blob = scratch.join("board.dtb");
    for harts in ["1", "8"] {
        let dumped = Command::new(command)
            .args(["run", "--smp", harts, "--dump-dtb"])
            .arg(&blob)
            .status()?;
        ensure!(dumped.success(), "--dump-dtb ended with {dumped}");
        let output = Command::new("dtc")
            .args(["-I", "dtb", "-O", "dts", "-o", "/dev/null"])
            .arg(&blob)
            .output()
            .context("dtc: apt-get install device-tree-compiler")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success() && said.is_empty(),
            "dtc, {harts} harts: {said}"
        );
    }
    println!("dtc takes the device tree without a warning");
    Ok(())
}

/// The default machine's first user-mode output comes within a tenth of a second.
fn first_words(command: &Path) -> Result<()> {
    /// The least of so many counts: what else the host does is not the question.
    const TIMES: usize = 5;
    const MOST: Duration = Duration::from_millis(100);
    let mut least = Duration::MAX;
    for _ in 0..TIMES {
        let begun = Instant::now();
        let mut child = Command::new(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let spoken = lines
            .map_while(Result::ok)
            .find(|line| line.starts_with("left: "))
            .map(|_| begun.elapsed());
        child.wait()?;
        least = least.min(spoken.context("Fawn's first program said nothing")?);
    }
    println!(
        "Fawn's first user-mode output after {} ms",
        least.as_millis()
    );
    ensure!(least < MOST, "that is more than {} ms", MOST.as_millis());
    Ok(())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// OpenSBI, in every form that Debian packages, starts Fawn; its table agrees with the machine.
fn opensbi(images: &Path) -> Result<Vec<Boot>> {
    let mut boots = Vec::new();
    for kind in ["fw_jump", "fw_dynamic", "fw_payload"] {
        let firmware = Path::new(OPENSBI).join(format!("{kind}.elf"));
        if !firmware.is_file() {
            ensure!(
                kind == "fw_payload",
                "{} is missing: apt-get install opensbi",
                text(&firmware)
            );
            println!("{kind}: Debian's package has none");
            continue;
        }
        for harts in [1, 2, 4, 8] {
            let all: Vec<_> = (0..harts).map(|hart| format!("{hart}*")).collect();
            boots.push(Boot {
                name: format!("OpenSBI {kind}, {harts} harts"),
                arguments: vec![
                    "--smp".into(),
                    harts.to_string(),
                    "--bios".into(),
                    text(&firmware),
                    "--kernel".into(),
                    text(&images.join("fawn.elf")),
                    "--initrd".into(),
                    text(&images.join("programs.cpio")),
                ],
                // Ctrl-D ends the shell.
                input: "\x04",
                wanted: vec![
                    format!("Platform HART Count       : {harts}\n"),
                    "Platform Timer Device     : aclint-mtimer @ 10000000Hz".into(),
                    "Platform Console Device   : uart8250".into(),
                    "Platform Reboot Device    : sifive_test".into(),
                    format!("Domain0 HARTs             : {}\n", all.join(",")),
                    "Boot HART ISA Extensions  : time,sstc".into(),
                    "Boot HART PMP Count       : 16".into(),
                    "conductor: right ended with status 0".into(),
                ],
            });
        }
    }
    Ok(boots)
}

/// U-Boot comes to its prompt and does as it is told.
fn u_boot(images: &Path) -> Result<Vec<Boot>> {
    ensure!(
        Path::new(U_BOOT).is_file(),
        "{U_BOOT} is missing: apt-get install u-boot-qemu"
    );
    let firmwares = [
        ("our SBI", images.join("sbi.elf")),
        ("OpenSBI", Path::new(OPENSBI).join("fw_dynamic.elf")),
    ];
    let boot = |(name, firmware): &(&str, PathBuf)| Boot {
        name: format!("U-Boot under {name}"),
        arguments: vec![
            "--bios".into(),
            text(firmware),
            "--kernel".into(),
            U_BOOT.into(),
        ],
        // A key ends the countdown, before and after the reset.
        input: "\nversion\nreset\n\nbdinfo\npoweroff\n",
        wanted: vec![
            "DRAM:  128 MiB".into(),
            "=> version\n".into(),
            "resetting ...".into(),
            "=> bdinfo\n".into(),
            "poweroff ...".into(),
        ],
    };
    Ok(firmwares.iter().map(boot).collect())
}

/// Debian's busybox is a program for Linux; it runs on Fawn.
fn busybox_on_fawn(command: &Path, linux: &debian::Linux) -> Result<()> {
    let script = "echo hi | cat; ls / | grep bin; for i in 1 2 3; do echo $i; done; exit 7";
    let output = Command::new("timeout")
        .arg(LIMIT)
        .arg(command)
        .arg("run")
        .arg(&linux.busybox)
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::null())
        .output()
        .context("timeout")?;
    let printed = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    ensure!(
        printed == "hi\nbin\n1\n2\n3\n" && output.status.code() == Some(7),
        "busybox on Fawn ended with {:?}:\n{printed}",
        output.status.code()
    );
    println!("Debian's busybox runs on Fawn");
    Ok(())
}

/// What is typed at the kernel's shell. The port's driver throws away what it finds when it starts, as it would on hardware: an
/// empty line comes first.
const TYPED: &str = "\n\nuname -a\ncat /proc/cpuinfo\n\
    echo warnings:; dmesg -r | grep '^<[0-4]>'; echo end of warnings\npoweroff -f\n";
/// Extensions that Linux must have found, of those that it knows.
const EXTENSIONS: &[&str] = &[
    "zicbom", "zicboz", "zicond", "zacas", "zawrs", "zfa", "zfh", "zba", "zbb", "zbc", "zbs",
    "zbkb", "zknd", "zksed", "zcb", "zimop", "sstc", "svinval", "svnapot", "svpbmt",
];

fn debians_kernel(linux: &debian::Linux, images: &Path) -> Vec<Boot> {
    let firmwares = [
        ("our SBI", images.join("sbi.elf")),
        ("OpenSBI", linux.opensbi.clone()),
    ];
    let mut boots = Vec::new();
    for (name, firmware) in &firmwares {
        for harts in [1, 4] {
            let mut wanted = vec![
                "first user program".to_owned(),
                " riscv64 GNU/Linux".to_owned(),
                format!("processor\t: {}\n", harts - 1),
                // The question, and its answer: nothing.
                "warnings:\nend of warnings\n".to_owned(),
                "reboot: Power down".to_owned(),
            ];
            wanted.extend(EXTENSIONS.iter().map(|extension| format!("_{extension}")));
            boots.push(Boot {
                name: format!("{} under {name}, {harts} harts", linux.name),
                arguments: linux.arguments(firmware, harts, &linux.initrd),
                input: TYPED,
                wanted,
            });
        }
    }
    boots
}

impl Boot {
    /// Boots; how long it took.
    fn check(&self, command: &Path, scratch: &Path) -> Result<Duration> {
        let input = scratch.join("input");
        std::fs::write(&input, self.input)?;
        let begun = Instant::now();
        let output = Command::new("timeout")
            .arg(LIMIT)
            .arg(command)
            .arg("run")
            .args(&self.arguments)
            .arg("--input")
            .arg(&input)
            .stdin(Stdio::null())
            .output()
            .context("timeout")?;
        let took = begun.elapsed();
        let printed = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        for wanted in &self.wanted {
            if !printed.contains(wanted.as_str()) {
                bail!("{}: no {wanted:?} in:\n{printed}", self.name);
            }
        }
        ensure!(
            output.status.success(),
            "{}: ended with {:?}: {}",
            self.name,
            output.status.code(),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(took)
    }
}

/// Times a boot to the first user program, which powers off, on both emulators in turn.
fn compare(command: &Path, linux: &debian::Linux, firmware: &Path, times: usize) -> Result<()> {
    for harts in [1, 4] {
        let arguments = linux.arguments(firmware, harts, &linux.initrd_that_ends);
        let mut seconds = [Vec::new(), Vec::new()];
        for _ in 0..times {
            let mut ours = Command::new(command);
            ours.arg("run").args(&arguments);
            let mut qemu = Command::new("qemu-system-riscv64");
            qemu.args(["-M", "virt", "-nographic"]).args(
                arguments
                    .iter()
                    .map(|argument| argument.replacen("--", "-", 1)),
            );
            for (command, seconds) in [&mut ours, &mut qemu].into_iter().zip(&mut seconds) {
                let begun = Instant::now();
                let output = command.stdin(Stdio::null()).output()?;
                let printed = String::from_utf8_lossy(&output.stdout);
                ensure!(
                    printed.contains("first user program"),
                    "{command:?}:\n{printed}"
                );
                seconds.push(begun.elapsed().as_secs_f64());
            }
        }
        let [ours, qemu] = seconds.map(median);
        println!(
            "to the first user program and power-off, {harts} harts: {ours:.2} s; QEMU {qemu:.2} s; ratio {:.2}",
            ours / qemu
        );
    }
    Ok(())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}
