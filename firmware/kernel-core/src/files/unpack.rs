//! From the initrd to files.

use super::{Files, Inode, Kind, NAME_MAX, Node, SIZE_MAX, check_target, errno};
use crate::cpio::{Entries, Entry};

impl Files<'_> {
    /// Makes the entries of a cpio archive, and the directories they need; says how many entries that were. No data is copied:
    /// files point into the archive until they are written. What is there already is kept if it is a directory (its mode changes),
    /// and replaced if it is a file that was never written. Devices, pipes and sockets are left out: of what number they would be,
    /// `cpio` does not tell. For boot: the work is bounded by the archive's length alone.
    ///
    /// # Errors
    /// Where in the archive the entry is, and why: EINVAL for a broken archive or a name with `..`, ENAMETOOLONG, ENOTDIR,
    /// EEXIST, ENOSPC, EFBIG. What came before it is there.
    pub fn unpack(&mut self, archive: &'static [u8]) -> Result<usize, (usize, u16)> {
        let mut entries = Entries::new(archive);
        let mut count = 0;
        loop {
            let offset = entries.offset();
            let Some(entry) = entries.next() else {
                return Ok(count);
            };
            let entry = entry.map_err(|error| (error.offset, errno::EINVAL))?;
            let made = self.unpack_entry(&entry, &entries);
            count += usize::from(made.map_err(|error| (offset, error))?);
        }
    }

    fn unpack_entry(
        &mut self,
        entry: &Entry<'static>,
        following: &Entries<'static>,
    ) -> Result<bool, u16> {
        let mut inode = if entry.is_directory() {
            Inode::new(Kind::Directory, entry.mode)
        } else if entry.is_file() {
            Inode::new(Kind::File, entry.mode)
        } else if entry.is_link() {
            check_target(entry.data)?;
            Inode::new(Kind::Link, entry.mode)
        } else {
            return Ok(false);
        };
        if entry.is_file() {
            inode.archived = data_of(entry, following);
            inode.size = inode.archived.len() as u64;
        } else if entry.is_link() {
            inode.archived = entry.data;
        }
        if inode.size > SIZE_MAX {
            return Err(errno::EFBIG);
        }
        self.place(entry.name, inode)?;
        Ok(true)
    }

    /// Puts an inode where its path says.
    fn place(&mut self, path: &[u8], inode: Inode) -> Result<(), u16> {
        let is_name = |name: &&[u8]| !name.is_empty() && *name != b".";
        let mut names = path.split(|byte| *byte == b'/').filter(is_name).peekable();
        let mut at = self.root;
        while let Some(name) = names.next() {
            if name == b".." {
                return Err(errno::EINVAL);
            }
            if names.peek().is_none() {
                return match self.lookup(at, name) {
                    Some(there) => self.replace(there, inode),
                    None => self.insert(at, name, inode).map(|_| ()),
                };
            }
            at = self.enter(at, name)?;
        }
        self.replace(self.root, inode)
    }

    /// The directory of a name, which is made if it is not there.
    fn enter(&mut self, directory: Node, name: &[u8]) -> Result<Node, u16> {
        if name.len() > NAME_MAX {
            return Err(errno::ENAMETOOLONG);
        }
        match self.resolve(directory, name, true) {
            Err(errno::ENOENT) => self.create(directory, name, Kind::Directory, 0o755),
            Ok(node) => self.directory(node).map(|_| node),
            Err(error) => Err(error),
        }
    }

    fn replace(&mut self, node: Node, new: Inode) -> Result<(), u16> {
        let old = self.inode_mut(node)?;
        if old.kind != new.kind || old.kind == Kind::Link || !old.content.is_empty() {
            return Err(errno::EEXIST);
        }
        (old.mode, old.size, old.archived) = (new.mode, new.size, new.archived);
        Ok(())
    }
}

/// What a file contains. Of files that are linked, cpio gives the data with the last one alone; here each gets it as its own.
fn data_of(entry: &Entry<'static>, following: &Entries<'static>) -> &'static [u8] {
    if entry.links < 2 || !entry.data.is_empty() {
        return entry.data;
    }
    let same = |other: &Entry<'_>| other.inode == entry.inode && other.is_file();
    let mut linked = following.clone().flatten().filter(same);
    linked
        .find(|other| !other.data.is_empty())
        .map_or(entry.data, |other| other.data)
}
