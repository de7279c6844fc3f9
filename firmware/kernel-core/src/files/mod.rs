//! The files: a tree of directories, files, symbolic links and devices in memory (tmpfs).
//!
//! Inodes live in an arena. A file that came with the initrd points into it, and gets a frame for a page when that page is
//! first written; every other byte of content is in frames reached through [`Pages`]. There are no hard links: an inode has one name,
//! which is in its record, and directories are lists and trees of records (see `directory.rs`), so nothing but content needs frames.
//!
//! **Lifetime.** An inode lives while it has a name or is open. After that it is *dying*: no call finds it any more,
//! and [`Files::reclaim`] gives back its frames piece by piece, then its record.
//!
//! **Long work** is cut: [`Files::truncate_piece`] and [`Files::reclaim`] take a budget; close, unlink and rename do at most
//! [`PIECE`] steps of what they leave to be reclaimed. A walk of a path costs at most [`PATH_MAX`] / 2 names a link followed.
//!
//! Errors are Linux's numbers. A [`Node`] that names nothing (any more) is ENOENT everywhere.

mod content;
mod data;
mod directory;
mod path;
mod unpack;

pub use content::Pages;
pub use path::PATH_MAX;

use content::Content;

use crate::arena::{Arena, Id, Slot};

/// The numbers of `crate::errno` that this module alone needs, and those it shares.
mod errno {
    pub use crate::errno::*;
    pub const ENOTDIR: u16 = 20;
    pub const EISDIR: u16 = 21;
    pub const EFBIG: u16 = 27;
    pub const ENOSPC: u16 = 28;
    pub const ERANGE: u16 = 34;
    pub const ENOTEMPTY: u16 = 39;
    pub const ELOOP: u16 = 40;
}

/// The longest name of a file, in bytes.
pub const NAME_MAX: usize = 120;
/// The longest target of a symbolic link made by [`Files::make_link`], in bytes. Those of the initrd may have [`PATH_MAX`] - 1.
pub const TARGET_MAX: usize = 120;
/// The largest file, in bytes: what two levels of tables can find.
pub const SIZE_MAX: u64 = 1 << 30;
/// Steps of cleaning up that a call does on the side. A step releases two frames at most, a file's last one three; what it costs is to be measured in the kernel,
/// where all of them together should stay far below 50,000 instructions.
pub const PIECE: u32 = 512;

/// What an inode is.
#[repr(C, u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Names of other inodes.
    Directory,
    /// Bytes.
    #[default]
    File,
    /// Another path.
    Link,
    /// A character device with this number: what reading and writing it means is the kernel's affair.
    Device(u32),
}

/// A directory, file, link or device.
#[repr(C)]
#[derive(Debug)]
pub struct Inode {
    name: [u8; NAME_MAX],
    /// A link's target, unless it is in the initrd.
    target: [u8; TARGET_MAX],
    name_length: u32,
    target_length: u32,
    kind: Kind,
    /// Permission bits.
    mode: u32,
    /// 1 while there is a name; a directory has 2 and one for each directory inside. 0 without a name.
    links: u32,
    /// Descriptors, mappings and working directories that hold it.
    open: u32,
    /// Of the name.
    hash: u32,
    /// The directory that it is in; the root is in itself.
    parent: Node,
    /// Neighbours in the directory, in the order of cookies. `next` also links the dying.
    previous: Node,
    next: Node,
    cookie: u64,
    /// What is below in the directory's tree of names.
    branches: [Node; 2],
    /// A directory's list, its first and its last.
    first: Node,
    last: Node,
    /// The top of a directory's tree of names.
    tree: Node,
    /// In bytes, of a file.
    size: u64,
    content: Content,
    /// What pages without a frame contain, and zeros behind it; never longer than the file. For a link its target.
    archived: &'static [u8],
}

/// The name of an inode.
pub type Node = Id<Inode>;

impl Inode {
    const fn new(kind: Kind, mode: u32) -> Self {
        Self {
            name: [0; NAME_MAX],
            target: [0; TARGET_MAX],
            name_length: 0,
            target_length: 0,
            kind,
            mode: mode & 0o7777,
            links: if matches!(kind, Kind::Directory) {
                2
            } else {
                1
            },
            open: 0,
            hash: 0,
            parent: Node::NONE,
            previous: Node::NONE,
            next: Node::NONE,
            cookie: 0,
            branches: [Node::NONE; 2],
            first: Node::NONE,
            last: Node::NONE,
            tree: Node::NONE,
            size: 0,
            content: Content::NONE,
            archived: &[],
        }
    }

    /// Its name in its directory; nothing for the root.
    pub fn name(&self) -> &[u8] {
        self.name
            .get(..self.name_length as usize)
            .unwrap_or_default()
    }

    /// What it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    fn target(&self) -> &[u8] {
        match self.target.get(..self.target_length as usize) {
            Some(target) if !target.is_empty() => target,
            _ => self.archived,
        }
    }

    fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    const fn is_dying(&self) -> bool {
        self.links == 0 && self.open == 0
    }
}

impl Default for Inode {
    fn default() -> Self {
        Self::new(Kind::File, 0)
    }
}

/// What [`Files::stat`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// A number that no other inode has or will have.
    pub inode: u64,
    /// Type (`S_IFDIR`, `S_IFREG`, `S_IFLNK`, `S_IFCHR`) and permissions.
    pub mode: u32,
    /// How many names lead to it, `.` and `..` included; 0 when it lives on only because it is open.
    pub links: u32,
    /// Bytes of a file, or of a link's target; 0 for others.
    pub size: u64,
    /// The number of a device; 0 for others.
    pub device: u32,
}

/// All files.
#[derive(Debug)]
pub struct Files<'a> {
    inodes: Arena<'a, Inode>,
    root: Node,
    /// The first of those whose frames are still to be given back.
    dying: Node,
    /// For the next cookie.
    sequence: u64,
}

impl<'a> Files<'a> {
    /// A tree of nothing but a root directory, open to all; `None` without a slot for it.
    pub fn new(inodes: &'a mut [Slot<Inode>]) -> Option<Self> {
        let mut inodes = Arena::new(inodes);
        let root = inodes.insert(Inode::new(Kind::Directory, 0o755)).ok()?;
        inodes.get_mut(root)?.parent = root;
        Some(Self {
            inodes,
            root,
            dying: Node::NONE,
            sequence: 1,
        })
    }

    /// The directory that absolute paths begin at.
    pub const fn root(&self) -> Node {
        self.root
    }

    /// The table of inodes, for tools.
    pub fn slots(&self) -> &[Slot<Inode>] {
        self.inodes.slots()
    }

    fn inode(&self, node: Node) -> Result<&Inode, u16> {
        self.inodes
            .get(node)
            .filter(|inode| !inode.is_dying())
            .ok_or(errno::ENOENT)
    }

    fn inode_mut(&mut self, node: Node) -> Result<&mut Inode, u16> {
        self.inodes
            .get_mut(node)
            .filter(|inode| !inode.is_dying())
            .ok_or(errno::ENOENT)
    }

    fn directory(&self, node: Node) -> Result<&Inode, u16> {
        let inode = self.inode(node)?;
        inode.is_directory().then_some(inode).ok_or(errno::ENOTDIR)
    }

    /// A new inode without content in a directory.
    ///
    /// # Errors
    /// EINVAL for a name that is empty, `.`, `..` or contains `/` or a zero byte, and for a link ([`Files::make_link`] makes them);
    /// ENAMETOOLONG; ENOENT or ENOTDIR for the directory; EEXIST; ENOSPC when every inode is taken.
    pub fn create(
        &mut self,
        directory: Node,
        name: &[u8],
        kind: Kind,
        mode: u32,
    ) -> Result<Node, u16> {
        if kind == Kind::Link {
            return Err(errno::EINVAL);
        }
        self.insert(directory, name, Inode::new(kind, mode))
    }

    /// A new symbolic link. Whether its target exists is not asked.
    ///
    /// # Errors
    /// As for [`Files::create`]; ENOENT for an empty target, EINVAL for one with a zero byte, ENAMETOOLONG beyond [`TARGET_MAX`].
    pub fn make_link(&mut self, directory: Node, name: &[u8], target: &[u8]) -> Result<Node, u16> {
        check_target(target)?;
        let mut link = Inode::new(Kind::Link, 0o777);
        link.target
            .get_mut(..target.len())
            .ok_or(errno::ENAMETOOLONG)?
            .copy_from_slice(target);
        link.target_length = target.len() as u32;
        self.insert(directory, name, link)
    }

    /// Copies as much of a link's target as fits; says how many bytes those are.
    ///
    /// # Errors
    /// ENOENT; EINVAL for anything but a link.
    pub fn read_link(&self, node: Node, into: &mut [u8]) -> Result<usize, u16> {
        let inode = self.inode(node)?;
        if inode.kind != Kind::Link {
            return Err(errno::EINVAL);
        }
        let copied = into.iter_mut().zip(inode.target());
        Ok(copied.map(|(to, from)| *to = *from).count())
    }

    /// Puts an inode into a directory, if its name is good and free.
    fn insert(&mut self, directory: Node, name: &[u8], mut inode: Inode) -> Result<Node, u16> {
        check_name(name)?;
        if self.directory(directory)?.links == 0 {
            return Err(errno::ENOENT);
        }
        if self.lookup(directory, name).is_some() {
            return Err(errno::EEXIST);
        }
        if self.sequence >= directory::MAX_SEQUENCE {
            return Err(errno::ENOSPC);
        }
        inode.set_name(name);
        let node = self.inodes.insert(inode).map_err(|_| errno::ENOSPC)?;
        self.attach(directory, node);
        Ok(node)
    }

    /// Takes a name away, and its inode with it, unless that is open: then it lives without a name until its last close.
    ///
    /// # Errors
    /// EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR as for [`Files::create`]; EISDIR for a directory unless `is_directory` (rmdir);
    /// with it ENOTDIR for anything else, and ENOTEMPTY.
    pub fn unlink(
        &mut self,
        pages: &mut impl Pages,
        directory: Node,
        name: &[u8],
        is_directory: bool,
    ) -> Result<(), u16> {
        check_name(name)?;
        self.directory(directory)?;
        let node = self.lookup(directory, name).ok_or(errno::ENOENT)?;
        self.may_replace(node, is_directory)?;
        self.remove(pages, node);
        Ok(())
    }

    /// A directory can make way only for a directory, when it is empty; anything else only for something else.
    fn may_replace(&self, node: Node, by_directory: bool) -> Result<(), u16> {
        let inode = self.inode(node)?;
        match (inode.is_directory(), by_directory) {
            (true, false) => Err(errno::EISDIR),
            (false, true) => Err(errno::ENOTDIR),
            (true, true) if !inode.first.is_none() => Err(errno::ENOTEMPTY),
            _ => Ok(()),
        }
    }

    /// Gives an inode another name, maybe in another directory. What had that name before makes way. Within a directory the inode
    /// keeps its cookie, so whoever renames while listing does not meet it again.
    ///
    /// # Errors
    /// As for [`Files::unlink`] with regard to what makes way, ENOENT without anything to rename; EINVAL for a bad name,
    /// and for a directory that would come to be inside of itself. Nothing has changed then.
    pub fn rename(
        &mut self,
        pages: &mut impl Pages,
        from_directory: Node,
        from_name: &[u8],
        to_directory: Node,
        to_name: &[u8],
    ) -> Result<(), u16> {
        check_name(from_name)?;
        check_name(to_name)?;
        self.directory(from_directory)?;
        let node = self
            .lookup(from_directory, from_name)
            .ok_or(errno::ENOENT)?;
        if self.directory(to_directory)?.links == 0 {
            return Err(errno::ENOENT);
        }
        let is_directory = self.inode(node)?.is_directory();
        if is_directory && self.is_inside(to_directory, node) {
            return Err(errno::EINVAL);
        }
        match self.lookup(to_directory, to_name) {
            Some(same) if same == node => return Ok(()),
            Some(other) => {
                self.may_replace(other, is_directory)?;
                self.remove(pages, other);
            }
            None => {}
        }
        self.relocate(node, to_directory, to_name);
        Ok(())
    }

    /// Takes an inode without children out of the tree; what is not open dies.
    fn remove(&mut self, pages: &mut impl Pages, node: Node) {
        self.detach(node);
        if let Some(inode) = self.inodes.get_mut(node) {
            inode.links = 0;
            self.bury(pages, node);
        }
    }

    /// Holds an inode: it lives until as many calls of [`Files::close`]. A node that names nothing is no harm.
    pub fn open(&mut self, node: Node) {
        if let Ok(inode) = self.inode_mut(node) {
            inode.open = inode.open.saturating_add(1);
        }
    }

    /// Lets go of an inode; the last to do so ends it when it has no name.
    pub fn close(&mut self, pages: &mut impl Pages, node: Node) {
        if let Ok(inode) = self.inode_mut(node)
            && inode.open > 0
        {
            inode.open -= 1;
            self.bury(pages, node);
        }
    }

    /// Counts an inode among the dying, if it is, and begins to give back what is theirs.
    fn bury(&mut self, pages: &mut impl Pages, node: Node) {
        if let Some(inode) = self.inodes.get_mut(node)
            && inode.is_dying()
        {
            inode.next = self.dying;
            self.dying = node;
            self.reclaim(pages, PIECE);
        }
    }

    /// Gives back the frames and records of inodes that are gone: at most `budget` frames, holes or records.
    /// True when nothing is left to do. The kernel calls it when a call was long enough already, and when memory is short.
    pub fn reclaim(&mut self, pages: &mut impl Pages, mut budget: u32) -> bool {
        while let Some(inode) = self.inodes.get_mut(self.dying) {
            if budget == 0 || !inode.content.shrink(pages, 0, &mut budget) {
                return false;
            }
            budget = budget.saturating_sub(1);
            let next = inode.next;
            self.inodes.remove(self.dying);
            self.dying = next;
        }
        true
    }

    /// What is known about an inode; `None` when it is gone.
    pub fn stat(&self, node: Node) -> Option<Stat> {
        let inode = self.inode(node).ok()?;
        let (format, size, device) = match inode.kind {
            Kind::Directory => (0o040_000, 0, 0),
            Kind::File => (0o100_000, inode.size, 0),
            Kind::Link => (0o120_000, inode.target().len() as u64, 0),
            Kind::Device(number) => (0o020_000, 0, number),
        };
        Some(Stat {
            inode: node.to_bits(),
            mode: format | inode.mode,
            links: inode.links,
            size,
            device,
        })
    }

    /// Proves the tree, its names and the dying right. O(n log n) for n inodes, and the depth of the tree for each.
    ///
    /// # Errors
    /// What is wrong, in words: a bug of this module.
    pub fn check(&self) -> Result<(), &'static str> {
        self.inodes.check()?;
        let (mut named, mut listed, mut dying) = (0, 0, 0);
        for (node, inode) in self.inodes.iter() {
            inode.check()?;
            named += usize::from(inode.links > 0);
            dying += usize::from(inode.is_dying());
            listed += self.check_directory(node, inode)?;
            if inode.links > 0 && !self.is_inside(node, self.root) {
                return Err("an inode with a name is not below the root");
            }
        }
        if listed + 1 != named {
            return Err("the inodes with names are not those in directories");
        }
        let mut at = self.dying;
        while let Some(inode) = self.inodes.get(at) {
            if !inode.is_dying() || dying == 0 {
                return Err("the list of the dying has others, or a loop");
            }
            dying -= 1;
            at = inode.next;
        }
        if dying == 0 && at.is_none() {
            Ok(())
        } else {
            Err("a dying inode is not on the list")
        }
    }

    /// Counts the frames of all files, tables included: what [`Pages`] has handed out and not got back. Long: for tests and tools.
    ///
    /// # Errors
    /// What is wrong with a file's tables, in words.
    pub fn frames(&self, pages: &impl Pages) -> Result<u64, &'static str> {
        self.inodes
            .iter()
            .map(|(_, inode)| inode.content.count(pages))
            .sum()
    }
}

impl Inode {
    fn check(&self) -> Result<(), &'static str> {
        self.content.check()?;
        if self.kind != Kind::File && (self.size > 0 || !self.content.is_empty()) {
            return Err("what is not a file has content");
        }
        if self.size > SIZE_MAX {
            return Err("a file is too large");
        }
        if self.kind == Kind::File && self.archived.len() as u64 > self.size {
            return Err("more of the archive is used than the file is long");
        }
        if self.kind == Kind::Link && check_target(self.target()).is_err() {
            return Err("a link leads nowhere");
        }
        if !self.is_directory() && (!self.first.is_none() || !self.tree.is_none()) {
            return Err("what is not a directory has children");
        }
        Ok(())
    }

    fn set_name(&mut self, name: &[u8]) {
        self.name = [0; NAME_MAX];
        for (to, from) in self.name.iter_mut().zip(name) {
            *to = *from;
        }
        self.name_length = name.len().min(NAME_MAX) as u32;
        self.hash = directory::hash(name);
    }
}

/// Names that an inode can have.
fn check_name(name: &[u8]) -> Result<(), u16> {
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || name.contains(&0) {
        Err(errno::EINVAL)
    } else if name.len() > NAME_MAX {
        Err(errno::ENAMETOOLONG)
    } else {
        Ok(())
    }
}

fn check_target(target: &[u8]) -> Result<(), u16> {
    if target.is_empty() {
        Err(errno::ENOENT)
    } else if target.len() >= PATH_MAX {
        Err(errno::ENAMETOOLONG)
    } else if target.contains(&0) {
        Err(errno::EINVAL)
    } else {
        Ok(())
    }
}
