//! The files against maps: from paths to objects, and from offsets to bytes. No frame is lost, whatever fails on the way.

mod cases;
mod model;
mod ram;

use errno::*;
use kernel_core::arena::Slot;
use kernel_core::files::{Files, Inode, Kind, Node, SIZE_MAX, TARGET_MAX};
use model::{Model, Object, Path};
use proptest::prelude::*;
use ram::{PAGE, Ram, slots};

mod errno {
    pub const ENOENT: u16 = 2;
    pub const EAGAIN: u16 = 11;
    pub const EEXIST: u16 = 17;
    pub const ENOTDIR: u16 = 20;
    pub const EISDIR: u16 = 21;
    pub const EINVAL: u16 = 22;
    pub const EFBIG: u16 = 27;
    pub const ENOSPC: u16 = 28;
    pub const ERANGE: u16 = 34;
    pub const ENAMETOOLONG: u16 = 36;
    pub const ENOTEMPTY: u16 = 39;
    pub const ELOOP: u16 = 40;
}

const CAPACITY: usize = 14;

#[derive(Clone, Debug)]
enum Operation {
    Create {
        directory: usize,
        name: usize,
        kind: Kind,
    },
    Link {
        directory: usize,
        name: usize,
        target: String,
    },
    Unlink {
        directory: usize,
        name: usize,
        is_directory: bool,
    },
    Rename {
        from: (usize, usize),
        to: (usize, usize),
    },
    Open {
        object: usize,
    },
    Close {
        object: usize,
    },
    Write {
        object: usize,
        offset: u64,
        fill: u8,
        length: usize,
    },
    Read {
        object: usize,
        offset: u64,
        length: usize,
    },
    Truncate {
        object: usize,
        size: u64,
        budget: Option<u32>,
    },
    Reclaim {
        budget: u32,
    },
    Resolve {
        from: usize,
        path: String,
        follow: bool,
    },
}

const NAMES: [&str; 4] = ["a", "b", "long name", "\u{e9}"];

fn a_path() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/",
        "/",
        "/",
        "//",
        ".",
        "..",
        "a",
        "a",
        "b",
        "long name",
        "\u{e9}",
    ]);
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

/// Places where something changes: pages, the first table's end, the largest size.
fn place() -> impl Strategy<Value = u64> {
    let border = prop::sample::select(vec![
        0,
        PAGE,
        2 * PAGE,
        4 * PAGE,
        512 * PAGE,
        1024 * PAGE,
        SIZE_MAX,
    ]);
    (border, -5000..5000i64).prop_map(|(border, by)| border.saturating_add_signed(by))
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let pick = || any::<usize>();
    let kind = prop_oneof![3 => Just(Kind::Directory), 4 => Just(Kind::File), 1 => any::<u32>().prop_map(Kind::Device), 1 => Just(Kind::Link)];
    let name = || 0..NAMES.len();
    let one = prop_oneof![
        6 => (pick(), name(), kind).prop_map(|(directory, name, kind)| Operation::Create { directory, name, kind }),
        2 => (pick(), name(), a_path()).prop_map(|(directory, name, target)| Operation::Link { directory, name, target }),
        3 => (pick(), name(), any::<bool>()).prop_map(|(directory, name, is_directory)| Operation::Unlink { directory, name, is_directory }),
        3 => ((pick(), name()), (pick(), name())).prop_map(|(from, to)| Operation::Rename { from, to }),
        2 => pick().prop_map(|object| Operation::Open { object }),
        2 => pick().prop_map(|object| Operation::Close { object }),
        7 => (pick(), place(), any::<u8>(), 0..9000usize).prop_map(|(object, offset, fill, length)| Operation::Write { object, offset, fill, length }),
        3 => (pick(), place(), 0..9000usize).prop_map(|(object, offset, length)| Operation::Read { object, offset, length }),
        4 => (pick(), place(), prop::option::of(0..6u32)).prop_map(|(object, size, budget)| Operation::Truncate { object, size, budget }),
        1 => (0..5u32).prop_map(|budget| Operation::Reclaim { budget }),
        3 => (pick(), a_path(), any::<bool>()).prop_map(|(from, path, follow)| Operation::Resolve { from, path, follow }),
    ];
    prop::collection::vec(one, 0..70)
}

struct World<'a> {
    files: Files<'a>,
    ram: Ram,
    model: Model,
}

impl<'a> World<'a> {
    fn new(slots: &'a mut [Slot<Inode>], limit: usize) -> Self {
        let files = Files::new(slots).unwrap();
        let root = Object::new(files.root(), Kind::Directory, "");
        let model = Model {
            tree: [(Path::new(), 0)].into(),
            objects: vec![root],
        };
        Self {
            files,
            ram: Ram::new(limit),
            model,
        }
    }

    /// One of the objects that live, files twice as often.
    fn pick(&self, pick: usize) -> usize {
        let living = |only_files: bool| {
            let objects = self.model.objects.iter().enumerate();
            objects
                .filter(move |(_, object)| {
                    object.lives() && (!only_files || object.kind == Kind::File)
                })
                .map(|(at, _)| at)
        };
        let all: Vec<usize> = living(false)
            .chain(living(true))
            .chain(living(true))
            .collect();
        all[pick % all.len()]
    }

    fn node(&self, path: &[String]) -> Node {
        self.model.objects[self.model.tree[path]].node
    }

    /// A directory most of the time, and a name in it.
    fn place(&self, directory: usize, name: usize) -> (Node, Path, &'static str) {
        let wanted = |path: &&Path| {
            self.model.kind(path) == Some(Kind::Directory) || directory.is_multiple_of(16)
        };
        let paths: Vec<&Path> = self.model.tree.keys().filter(wanted).collect();
        let path = paths[directory % paths.len()];
        (
            self.node(path),
            [&path[..], &[NAMES[name].to_string()]].concat(),
            NAMES[name],
        )
    }

    fn is_directory(&self, node: Node) -> bool {
        self.files
            .stat(node)
            .is_some_and(|stat| stat.mode >> 12 == 4)
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match operation {
            Operation::Create {
                directory,
                name,
                kind,
            } => self.create(*directory, *name, *kind, "")?,
            Operation::Link {
                directory,
                name,
                target,
            } => self.create(*directory, *name, Kind::Link, target)?,
            Operation::Unlink {
                directory,
                name,
                is_directory,
            } => self.unlink(*directory, *name, *is_directory)?,
            Operation::Rename { from, to } => self.rename(*from, *to)?,
            Operation::Reclaim { budget } => {
                let before = self.ram.used;
                self.files.reclaim(&mut self.ram, *budget);
                prop_assert!(before - self.ram.used <= 2 * *budget as usize + 1);
            }
            Operation::Resolve { from, path, follow } => self.resolve(*from, path, *follow)?,
            of_an_object => self.apply_to_object(of_an_object)?,
        }
        self.check()
    }

    fn apply_to_object(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match operation {
            Operation::Open { object } => {
                let object = self.pick(*object);
                self.files.open(self.model.objects[object].node);
                self.model.objects[object].opened += 1;
            }
            Operation::Close { object } => {
                let object = self.pick(*object);
                let object = &mut self.model.objects[object];
                object.opened = object.opened.saturating_sub(1);
                self.files.close(&mut self.ram, object.node);
            }
            Operation::Write {
                object,
                offset,
                fill,
                length,
            } => {
                let bytes: Vec<u8> = (0..*length)
                    .map(|at| fill.wrapping_add((at % 251) as u8))
                    .collect();
                self.write(self.pick(*object), *offset, &bytes)?
            }
            Operation::Read {
                object,
                offset,
                length,
            } => self.read(self.pick(*object), *offset, *length)?,
            Operation::Truncate {
                object,
                size,
                budget,
            } => self.truncate(self.pick(*object), *size, *budget)?,
            others => unreachable!("{others:?}"),
        }
        Ok(())
    }

    fn unlink(
        &mut self,
        directory: usize,
        name: usize,
        is_directory: bool,
    ) -> Result<(), TestCaseError> {
        let (node, path, name) = self.place(directory, name);
        let expected = if self.is_directory(node) {
            self.model.unlink(&path, is_directory)
        } else {
            Err(ENOTDIR)
        };
        let unlinked = self
            .files
            .unlink(&mut self.ram, node, name.as_bytes(), is_directory);
        prop_assert_eq!(unlinked, expected);
        Ok(())
    }

    fn create(
        &mut self,
        directory: usize,
        name: usize,
        kind: Kind,
        target: &str,
    ) -> Result<(), TestCaseError> {
        let (node, path, name) = self.place(directory, name);
        let make = |files: &mut Files| match (kind, target) {
            (Kind::Link, "") => files.create(node, name.as_bytes(), kind, 0o644),
            (Kind::Link, _) => files.make_link(node, name.as_bytes(), target.as_bytes()),
            _ => files.create(node, name.as_bytes(), kind, 0o644),
        };
        let mut made = make(&mut self.files);
        if made == Err(ENOSPC) {
            let living = self
                .model
                .objects
                .iter()
                .filter(|object| object.lives())
                .count();
            self.files.reclaim(&mut self.ram, u32::MAX);
            if living == CAPACITY {
                return Ok(());
            }
            made = make(&mut self.files);
        }
        let expected = if kind == Kind::Link && target.is_empty() {
            Err(EINVAL)
        } else if !self.is_directory(node) {
            Err(ENOTDIR)
        } else if self.model.tree.contains_key(&path) {
            Err(EEXIST)
        } else {
            Ok(())
        };
        prop_assert_eq!(made.map(|_| ()), expected);
        if let Ok(made) = made {
            self.model.tree.insert(path, self.model.objects.len());
            self.model.objects.push(Object::new(made, kind, target));
        }
        Ok(())
    }

    fn rename(&mut self, from: (usize, usize), to: (usize, usize)) -> Result<(), TestCaseError> {
        let (from_node, from, from_name) = self.place(from.0, from.1);
        let (to_node, to, to_name) = self.place(to.0, to.1);
        let expected = if !self.is_directory(from_node) {
            Err(ENOTDIR)
        } else if !self.model.tree.contains_key(&from) {
            Err(ENOENT)
        } else if !self.is_directory(to_node) {
            Err(ENOTDIR)
        } else {
            self.model.rename(&from, &to)
        };
        let (from_name, to_name) = (from_name.as_bytes(), to_name.as_bytes());
        let renamed = self
            .files
            .rename(&mut self.ram, from_node, from_name, to_node, to_name);
        prop_assert_eq!(renamed, expected);
        Ok(())
    }

    fn write(&mut self, object: usize, offset: u64, bytes: &[u8]) -> Result<(), TestCaseError> {
        let object = &mut self.model.objects[object];
        self.ram.refused = false;
        let mut written = self.files.write(&mut self.ram, object.node, offset, bytes);
        while written == Err(EAGAIN) {
            prop_assert!(object.pending && offset + bytes.len() as u64 > object.size);
            written = self.files.write(&mut self.ram, object.node, offset, bytes);
        }
        let wanted = SIZE_MAX.saturating_sub(offset).min(bytes.len() as u64) as usize;
        let expected = match object.file_error() {
            Some(error) => Err(error),
            None if bytes.is_empty() => Ok(0),
            None if wanted == 0 => Err(EFBIG),
            None => Ok(wanted),
        };
        if written != expected {
            let short = written.unwrap_or(0);
            prop_assert!(
                self.ram.refused && short < wanted,
                "{written:?} instead of {expected:?}"
            );
            prop_assert!(short > 0 || written == Err(ENOSPC));
        }
        if let Ok(count @ 1..) = written {
            object.size = object.size.max(offset + count as u64);
            for (at, byte) in (offset..).zip(&bytes[..count]) {
                object.bytes.insert(at, *byte);
            }
        }
        Ok(())
    }

    fn read(&self, object: usize, offset: u64, length: usize) -> Result<(), TestCaseError> {
        let object = &self.model.objects[object];
        let mut into = vec![0xee; length];
        let read = self.files.read(&self.ram, object.node, offset, &mut into);
        if let Some(error) = object.file_error() {
            prop_assert_eq!(read, Err(error));
            return Ok(());
        }
        let there = object.size.saturating_sub(offset).min(length as u64);
        prop_assert_eq!(read, Ok(there as usize));
        let expected: Vec<u8> = (0..there)
            .map(|at| object.bytes.get(&(offset + at)).copied().unwrap_or(0))
            .collect();
        prop_assert!(
            into[..there as usize] == expected,
            "other bytes at {offset}"
        );
        prop_assert!(into[there as usize..].iter().all(|byte| *byte == 0xee));
        Ok(())
    }

    fn truncate(
        &mut self,
        object: usize,
        size: u64,
        budget: Option<u32>,
    ) -> Result<(), TestCaseError> {
        let object = &mut self.model.objects[object];
        let done = match budget {
            None => self
                .files
                .truncate(&mut self.ram, object.node, size)
                .map(|()| true),
            Some(budget) => self
                .files
                .truncate_piece(&mut self.ram, object.node, size, budget),
        };
        let error = object.file_error().or((size > SIZE_MAX).then_some(EFBIG));
        if let Some(error) = error {
            prop_assert_eq!(done, Err(error));
            return Ok(());
        }
        prop_assert!(done.is_ok());
        object.bytes.split_off(&size);
        object.size = if done == Ok(true) {
            size
        } else {
            object.size.min(size)
        };
        object.pending = done == Ok(false);
        Ok(())
    }

    fn resolve(&self, from: usize, path: &str, follow: bool) -> Result<(), TestCaseError> {
        let paths: Vec<&Path> = self.model.tree.keys().collect();
        let from = paths[from % paths.len()];
        let expected = self
            .model
            .resolve(from, path, follow)
            .map(|path| self.node(&path));
        prop_assert_eq!(
            self.files.resolve(self.node(from), path.as_bytes(), follow),
            expected,
            "{}",
            path
        );
        let parent = self.files.resolve_parent(self.node(from), path.as_bytes());
        let trimmed = path.trim_end_matches('/');
        if let (Some(at), false) = (trimmed.rfind('/'), trimmed.is_empty()) {
            let way = self
                .model
                .resolve(from, &trimmed[..=at], true)
                .map(|path| self.node(&path));
            prop_assert_eq!(parent, way.map(|way| (way, &trimmed.as_bytes()[at + 1..])));
        } else if let Ok((node, name)) = parent {
            let name = std::str::from_utf8(name).unwrap();
            prop_assert_eq!(
                (node, name),
                if trimmed.is_empty() {
                    (self.files.root(), ".")
                } else {
                    (self.node(from), trimmed)
                }
            );
        }
        Ok(())
    }

    /// Everything that can be asked is as the model says.
    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.files.check(), Ok(()));
        prop_assert_eq!(self.files.frames(&self.ram), Ok(self.ram.used as u64));
        for object in &self.model.objects {
            self.check_object(object)?;
        }
        for (path, object) in &self.model.tree {
            let node = self.model.objects[*object].node;
            let text = format!("/{}", path.join("/"));
            prop_assert_eq!(
                self.files
                    .resolve(self.files.root(), text.as_bytes(), false),
                Ok(node)
            );
            let mut into = vec![0; text.len()];
            prop_assert_eq!(self.files.path(node, &mut into), Ok(text.len()));
            prop_assert_eq!(into, text.as_bytes());
            prop_assert_eq!(
                self.files.path(node, &mut vec![0; text.len() - 1]),
                Err(ERANGE)
            );
            let mut listed: Vec<(String, Node)> = listing(&self.files, node);
            listed.sort_by(|a, b| a.0.cmp(&b.0));
            let children = self.model.children(path).into_iter();
            let children: Vec<(String, Node)> = children
                .map(|(path, object)| {
                    (
                        path.last().unwrap().clone(),
                        self.model.objects[object].node,
                    )
                })
                .collect();
            prop_assert_eq!(listed, children);
        }
        Ok(())
    }

    fn check_object(&self, object: &Object) -> Result<(), TestCaseError> {
        let stat = self.files.stat(object.node);
        prop_assert_eq!(stat.is_some(), object.lives());
        let Some(stat) = stat else {
            return Ok(());
        };
        let (format, size, device) = match object.kind {
            Kind::Directory => (4, 0, 0),
            Kind::File => (8, object.size, 0),
            Kind::Link => (10, object.target.len() as u64, 0),
            Kind::Device(number) => (2, 0, number),
        };
        prop_assert_eq!(
            (stat.mode >> 12, stat.size, stat.device),
            (format, size, device)
        );
        prop_assert_eq!(stat.links > 0, object.named);
        let mut target = [0; TARGET_MAX];
        let target = self
            .files
            .read_link(object.node, &mut target)
            .map(|length| target[..length].to_vec());
        prop_assert_eq!(
            target,
            if object.kind == Kind::Link {
                Ok(object.target.clone().into_bytes())
            } else {
                Err(EINVAL)
            }
        );
        for page in [
            0,
            1,
            object.size.div_ceil(PAGE),
            511,
            512,
            u64::from(u32::MAX) + 1,
            u64::MAX,
        ] {
            if let Some(frame) = self.files.page_of(&self.ram, object.node, page) {
                prop_assert!(page * PAGE < object.size);
                let expected: Vec<u8> = (page * PAGE..(page + 1) * PAGE)
                    .map(|at| object.bytes.get(&at).copied().unwrap_or(0))
                    .collect();
                prop_assert!(self.ram.frame(frame) == expected, "page {page} differs");
            }
        }
        Ok(())
    }

    /// Closes and unlinks everything: every frame and inode comes back.
    fn end(&mut self) -> Result<(), TestCaseError> {
        for (at, object) in self.model.objects.iter().enumerate() {
            for (border, object) in [0, 512 * PAGE, SIZE_MAX]
                .into_iter()
                .zip(std::iter::repeat(object))
            {
                if object.lives() {
                    self.read(at, border.saturating_sub(9000), 18_000)?;
                }
            }
        }
        for object in &mut self.model.objects {
            for _ in 0..std::mem::take(&mut object.opened) {
                self.files.close(&mut self.ram, object.node);
            }
        }
        let paths: Vec<Path> = self.model.tree.keys().skip(1).rev().cloned().collect();
        for path in paths {
            let (parent, name) = (self.node(&path[..path.len() - 1]), path.last().unwrap());
            let is_directory = self.model.kind(&path) == Some(Kind::Directory);
            prop_assert_eq!(
                self.files
                    .unlink(&mut self.ram, parent, name.as_bytes(), is_directory),
                Ok(())
            );
            self.model.remove(&path);
        }
        prop_assert!(self.files.reclaim(&mut self.ram, u32::MAX));
        prop_assert_eq!(self.ram.used, 0, "frames are lost");
        prop_assert_eq!(
            self.files
                .slots()
                .iter()
                .filter(|slot| slot.generation % 2 == 1)
                .count(),
            1
        );
        self.check()
    }
}

/// What a directory lists, without `.` and `..`.
fn listing(files: &Files, directory: Node) -> Vec<(String, Node)> {
    let mut after = 0;
    let mut listed = Vec::new();
    while let Some((cookie, name, node, _)) = files.entries(directory, after) {
        assert!(cookie > after, "cookies grow");
        after = cookie;
        listed.push((String::from_utf8(name.to_vec()).unwrap(), node));
    }
    if !listed.is_empty() {
        let dots: Vec<_> = listed.drain(..2).map(|(name, _)| name).collect();
        assert_eq!(dots, [".", ".."]);
    }
    listed
}

proptest! {
    #[test]
    fn are_what_the_maps_say(limit in prop_oneof![1 => 0..12usize, 1 => Just(1000)], operations in operations()) {
        let mut slots = slots(CAPACITY);
        let mut world = World::new(&mut slots, limit);
        for operation in &operations {
            world.apply(operation)?;
        }
        world.end()?;
    }

    #[test]
    fn any_path_is_harmless(path in prop::collection::vec(prop_oneof![Just(b'/'), Just(b'.'), Just(b'a'), Just(0), any::<u8>()], 0..40)) {
        let mut slots = slots(3);
        let mut files = Files::new(&mut slots).unwrap();
        let _ = files.make_link(files.root(), b"a", &path);
        for from in [files.root(), Node::NONE, Node::from_bits(u64::MAX)] {
            let found = files.resolve(from, &path, true);
            prop_assert!(found.is_err() || files.stat(found.unwrap()).is_some());
            if let Ok((directory, name)) = files.resolve_parent(from, &path) {
                prop_assert!(!name.contains(&b'/'));
                let _ = files.create(directory, name, Kind::File, 0o644);
            }
            prop_assert_eq!(files.check(), Ok(()));
        }
    }
}
