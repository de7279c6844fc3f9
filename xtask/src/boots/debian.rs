//! Debian's kernel, a shell and newer firmware, fetched from its archive and checked against its index.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::guest::digest;

const ARCHIVE: &str = "http://deb.debian.org/debian";
/// Debian 13.
const INDEX: &str = "dists/trixie/main/binary-riscv64/Packages.xz";
/// Programs of busybox that are typed.
const APPLETS: &[&str] = &["sh", "uname", "cat", "poweroff", "mount", "dmesg", "grep"];

const INIT: &str =
    "#!/bin/sh\nmount -t proc proc /proc\nmount -t devtmpfs dev /dev\necho first user program\n";

/// What is booted.
pub struct Linux {
    /// The kernel's package.
    pub name: String,
    pub kernel: PathBuf,
    /// Ends in a shell.
    pub initrd: PathBuf,
    /// Powers off by itself.
    pub initrd_that_ends: PathBuf,
    /// The program that has all others in it.
    pub busybox: PathBuf,
    /// Debian 13's OpenSBI (`fw_dynamic`).
    pub opensbi: PathBuf,
}

impl Linux {
    /// Fetches everything into a folder; what is there already is not fetched again.
    ///
    /// # Errors
    /// The archive cannot be reached, or is not as it was.
    pub fn fetch(folder: &Path) -> Result<Self> {
        let folder = folder.join("debian");
        std::fs::create_dir_all(&folder)?;
        let index = Index::fetch(&folder)?;
        let kernel = index.kernel()?;
        let unpacked = index.unpack(&kernel, &folder)?;
        let release = kernel.trim_start_matches("linux-image-");
        let busybox = index.unpack("busybox-static", &folder)?;
        let opensbi = index.unpack("opensbi", &folder)?;
        let busybox = busybox.join("usr/bin/busybox");
        let shell = std::fs::read(&busybox)?;
        let initrd = folder.join("shell.cpio");
        std::fs::write(&initrd, archive(&shell, &format!("{INIT}exec sh\n"))?)?;
        let initrd_that_ends = folder.join("ends.cpio");
        std::fs::write(
            &initrd_that_ends,
            archive(&shell, &format!("{INIT}exec poweroff -f\n"))?,
        )?;
        Ok(Self {
            kernel: unpacked.join(format!("boot/vmlinux-{release}")),
            name: kernel,
            busybox,
            initrd,
            initrd_that_ends,
            opensbi: opensbi.join("usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.elf"),
        })
    }

    /// Options of a boot, such that QEMU takes them with one dash.
    pub fn arguments(&self, firmware: &Path, harts: usize, initrd: &Path) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let options = [
            ("-m", "512M".to_owned()),
            ("--smp", harts.to_string()),
            ("--bios", text(firmware)),
            ("--kernel", text(&self.kernel)),
            ("--initrd", text(initrd)),
            ("--append", "console=ttyS0".to_owned()),
        ];
        options
            .into_iter()
            .flat_map(|(option, value)| [option.to_owned(), value])
            .collect()
    }
}

/// The archive's index.
struct Index(String);

impl Index {
    fn fetch(folder: &Path) -> Result<Self> {
        let packed = folder.join("Packages.xz");
        download(INDEX, &packed)?;
        let unpacked = Command::new("xz")
            .args(["--decompress", "--stdout"])
            .arg(&packed)
            .output()
            .context("xz")?;
        ensure!(
            unpacked.status.success(),
            "xz cannot unpack {}",
            packed.display()
        );
        Ok(Self(String::from_utf8(unpacked.stdout)?))
    }

    /// The field of a package.
    fn field(&self, package: &str, field: &str) -> Result<&str> {
        let head = format!("Package: {package}\n");
        let paragraph = self
            .0
            .split("\n\n")
            .find(|paragraph| paragraph.starts_with(&head))
            .with_context(|| format!("Debian has no package {package}"))?;
        let mut lines = paragraph.lines();
        lines
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(": "))
            .with_context(|| format!("{package} has no {field}"))
    }

    /// The newest kernel: what `linux-image-riscv64` depends on.
    fn kernel(&self) -> Result<String> {
        let depends = self.field("linux-image-riscv64", "Depends")?;
        let name = depends.split([' ', ',']).next().unwrap_or_default();
        if !name.starts_with("linux-image-6.12") {
            bail!("linux-image-riscv64 depends on {depends}");
        }
        Ok(name.to_owned())
    }

    fn unpack(&self, package: &str, folder: &Path) -> Result<PathBuf> {
        let file = self.field(package, "Filename")?;
        let name = file.rsplit('/').next().unwrap_or(file);
        let packed = folder.join(name);
        let expected = self.field(package, "SHA256")?;
        let is_there = |path: &Path| {
            std::fs::read(path).is_ok_and(|bytes| digest::of_bytes(&bytes) == expected)
        };
        if !is_there(&packed) {
            download(file, &packed)?;
            ensure!(is_there(&packed), "{name} is not what Debian's index says");
        }
        let unpacked = folder.join(package);
        let status = Command::new("dpkg-deb")
            .arg("--extract")
            .args([&packed, &unpacked])
            .status()
            .context("dpkg-deb")?;
        ensure!(status.success(), "dpkg-deb cannot unpack {name}");
        Ok(unpacked)
    }
}

fn download(file: &str, into: &Path) -> Result<()> {
    let status = Command::new("curl")
        .args([
            "--fail",
            "--silent",
            "--show-error",
            "--location",
            "--retry",
            "3",
        ])
        .arg("--output")
        .arg(into)
        .arg(format!("{ARCHIVE}/{}", file.replace('+', "%2B")))
        .stdin(Stdio::null())
        .status()
        .context("curl")?;
    ensure!(status.success(), "cannot fetch {file}");
    Ok(())
}

/// An initial RAM disk: busybox under the names of its programs, and `/init`.
fn archive(busybox: &[u8], init: &str) -> Result<Vec<u8>> {
    const DIRECTORY: u32 = 0o040_755;
    const PROGRAM: u32 = 0o100_755;
    const LINK: u32 = 0o120_777;
    let mut entries = vec![
        ("bin".to_owned(), DIRECTORY, &b""[..]),
        ("dev".to_owned(), DIRECTORY, b""),
        ("proc".to_owned(), DIRECTORY, b""),
        ("init".to_owned(), PROGRAM, init.as_bytes()),
        ("bin/busybox".to_owned(), PROGRAM, busybox),
    ];
    entries.extend(
        APPLETS
            .iter()
            .map(|name| (format!("bin/{name}"), LINK, &b"busybox"[..])),
    );
    let mut archive = Vec::new();
    for (inode, (name, mode, bytes)) in (1..).zip(entries) {
        let header = cpio::newc::Builder::new(&name)
            .ino(inode)
            .mode(mode)
            .nlink(1);
        let mut writer = header.write(&mut archive, u32::try_from(bytes.len())?);
        std::io::Write::write_all(&mut writer, bytes)?;
        writer.finish()?;
    }
    cpio::newc::trailer(&mut archive)?;
    Ok(archive)
}
