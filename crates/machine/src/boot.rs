//! What a machine starts with, and where in RAM it goes: firmware and kernel where they are linked, the device tree
//! at the end of RAM, the initial RAM disk below it.

use abi::memory_map as map;
use abi::memory_map::Region;

use crate::device_tree::{self, Chosen, DtbError};
use crate::loader::{Image, ImageKind, Segment, Symbols};
use crate::{Config, MachineError};

/// Kernels map the device tree by large pages: where there is room it begins on one.
const LARGE_PAGE: u64 = 2 << 20;
const PAGE: u64 = 4096;
/// Machines with less RAM place it on a small page.
const ROOM_FOR_LARGE_PAGES: u64 = 32 << 20;

/// The name of the device tree among the images.
pub(crate) const DEVICE_TREE: &str = "device tree";

/// What a machine starts with.
#[derive(Clone, Debug, Default)]
pub struct Boot {
    /// What runs first, in M-mode: an SBI, or a bare-metal program. Without it the kernel does.
    pub firmware: Option<Image>,
    /// What the firmware starts next.
    pub kernel: Option<Image>,
    /// The initial RAM disk.
    pub initrd: Option<Vec<u8>>,
    /// The kernel's command line.
    pub arguments: String,
    /// A device tree (a DTB) instead of the board's own; command line and RAM disk are written into it.
    pub device_tree: Option<Vec<u8>>,
    /// What else lies in RAM.
    pub extra: Vec<Image>,
}

/// Everything in its place.
pub(crate) struct Plan {
    /// What goes to RAM at each reset.
    pub images: Vec<Image>,
    /// Where every hart goes from the reset ROM.
    pub entry: u64,
    /// Where the firmware goes next.
    pub next: u64,
    /// Where the device tree lies.
    pub device_tree: u64,
}

/// Two things that a machine starts with do not fit.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// No room beside what is loaded.
    #[error(
        "{what} ({len} bytes at {address:#x}) does not fit into RAM beside {other}: give more --memory"
    )]
    NoRoom {
        /// What has no place.
        what: &'static str,
        /// Its length.
        len: u64,
        /// Where it would lie.
        address: u64,
        /// What lies there.
        other: String,
    },
    /// Two files at one place.
    #[error("{first} and {second} overlap at {address:#x}")]
    Overlap {
        /// One file.
        first: String,
        /// The other.
        second: String,
        /// First byte that both want.
        address: u64,
    },
    /// Larger than RAM.
    #[error("{what} ({len} bytes) does not fit into RAM: give more --memory")]
    TooLarge {
        /// What has no place.
        what: &'static str,
        /// Its length.
        len: u64,
    },
    /// `--append` with a character that no device tree can hold.
    #[error("the kernel's command line has a NUL character in it")]
    Arguments,
    /// `--dtb` with a file that is none.
    #[error("the device tree: {0}")]
    DeviceTree(#[from] DtbError),
    /// The board's own device tree.
    #[error("the device tree cannot be made: {0}")]
    OwnTree(#[from] vm_fdt::Error),
    /// Nothing to start.
    #[error("there is nothing to run: give a program, --bios or --kernel")]
    Nothing,
}

impl Boot {
    /// A machine that starts with one image, as a bare-metal program does.
    #[must_use]
    pub fn from_image(image: Image) -> Self {
        Self {
            firmware: Some(image),
            ..Self::default()
        }
    }

    pub(crate) fn plan(self, config: &Config) -> Result<Plan, MachineError> {
        let entry = |image: &Option<Image>| image.as_ref().map(|image| image.entry);
        let kernel = entry(&self.kernel);
        let first = entry(&self.firmware).or(kernel).ok_or(BootError::Nothing)?;
        let Self {
            firmware,
            kernel: kernel_image,
            initrd,
            arguments,
            device_tree: own_tree,
            extra,
        } = self;
        let mut images: Vec<Image> = firmware
            .into_iter()
            .chain(kernel_image)
            .chain(extra)
            .collect();
        check_overlaps(&images)?;

        // The tree's length does not depend on where the disk lies, so that one is placed below the other.
        let tree_of = |initrd| {
            let chosen = Chosen {
                arguments: &arguments,
                initrd,
            };
            build_tree(config, chosen, own_tree.as_deref())
        };
        let anywhere = initrd.as_ref().map(|_| Region { base: 0, size: 0 });
        let tree_len = tree_of(anywhere)?.len() as u64;
        let align = match config.memory {
            ..ROOM_FOR_LARGE_PAGES => PAGE,
            _ => LARGE_PAGE,
        };
        let top = map::RAM_BASE + config.memory;
        let tree_at = below(top, tree_len, align, "the device tree")?;
        check_room(&images, "the device tree", tree_at, tree_len)?;
        let disk = match initrd {
            Some(bytes) => Some(place_disk(&images, bytes, tree_at)?),
            None => None,
        };
        let region = disk.as_ref().map(|image| Region {
            base: image.entry,
            size: image.segments.iter().map(Segment::len).sum(),
        });
        images.extend(disk);
        images.push(data(DEVICE_TREE, tree_at, tree_of(region)?));
        Ok(Plan {
            images,
            entry: first,
            next: kernel.unwrap_or(map::KERNEL_BASE),
            device_tree: tree_at,
        })
    }
}

fn build_tree(
    config: &Config,
    chosen: Chosen<'_>,
    instead: Option<&[u8]>,
) -> Result<Vec<u8>, BootError> {
    if chosen.arguments.contains('\0') {
        return Err(BootError::Arguments);
    }
    Ok(match instead {
        Some(tree) => device_tree::with_chosen(tree, chosen)?,
        None => device_tree::device_tree(config, chosen)?,
    })
}

fn place_disk(images: &[Image], bytes: Vec<u8>, top: u64) -> Result<Image, BootError> {
    let what = "the initial RAM disk";
    let len = bytes.len() as u64;
    let address = below(top, len, PAGE, what)?;
    check_room(images, what, address, len)?;
    Ok(data("initrd", address, bytes))
}

/// Where `len` bytes that end below `top` begin.
fn below(top: u64, len: u64, align: u64, what: &'static str) -> Result<u64, BootError> {
    let at = top.checked_sub(len).map(|at| at & !(align - 1));
    at.filter(|&at| at >= map::RAM_BASE)
        .ok_or(BootError::TooLarge { what, len })
}

fn check_room(
    images: &[Image],
    what: &'static str,
    address: u64,
    len: u64,
) -> Result<(), BootError> {
    let taken = images
        .iter()
        .flat_map(|image| image.segments.iter().map(move |s| (image, s)))
        .find(|(_, s)| s.address < address + len && address < s.address + s.len());
    match taken {
        Some((image, _)) => Err(BootError::NoRoom {
            what,
            len,
            address,
            other: image.name.clone(),
        }),
        None => Ok(()),
    }
}

/// Firmware, kernel and what else was named must lie beside each other.
fn check_overlaps(images: &[Image]) -> Result<(), BootError> {
    let mut all: Vec<(&Segment, &Image)> = images
        .iter()
        .flat_map(|image| image.segments.iter().map(move |s| (s, image)))
        .filter(|(segment, _)| !segment.is_empty())
        .collect();
    all.sort_by_key(|(segment, _)| segment.address);
    for pair in all.windows(2) {
        let ((low, first), (high, second)) = (pair[0], pair[1]);
        if low.address.saturating_add(low.len()) > high.address {
            return Err(BootError::Overlap {
                first: first.name.clone(),
                second: second.name.clone(),
                address: high.address,
            });
        }
    }
    Ok(())
}

fn data(name: &str, address: u64, bytes: Vec<u8>) -> Image {
    Image {
        name: name.to_owned(),
        kind: ImageKind::Data,
        entry: address,
        segments: vec![Segment {
            address,
            bytes,
            zero_bytes: 0,
        }],
        symbols: Symbols::default(),
        format: "raw image",
    }
}
