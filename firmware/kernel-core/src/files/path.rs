//! From paths to nodes, and back.

use super::{Files, Kind, NAME_MAX, Node, errno};

/// Bytes of a path, with the zero that ends it in a program's memory: longer ones are refused, so that a walk has an end.
pub const PATH_MAX: usize = 4096;
/// Symbolic links followed on one walk.
const MAX_LINKS: usize = 8;

/// The names that are still to be walked: the rest of the path, and above it those of the links on the way.
struct Rests<'p> {
    stack: [&'p [u8]; MAX_LINKS + 1],
    /// Which of them is walked now: as many links have been met, those that are walked to their end included.
    links: usize,
}

impl<'p> Rests<'p> {
    fn new(path: &'p [u8]) -> Self {
        let mut stack: [&[u8]; MAX_LINKS + 1] = [&[]; MAX_LINKS + 1];
        stack[0] = path;
        Self { stack, links: 0 }
    }

    /// The next name. A path that ends with slashes has a last name `.`: it must lead to a directory.
    fn next(&mut self) -> Option<&'p [u8]> {
        let rest = self.stack[..=self.links]
            .iter_mut()
            .rev()
            .find(|rest| has_names(rest))?;
        let name = skip_slashes(rest);
        let end = name.iter().position(|byte| *byte == b'/');
        let (name, behind) = name.split_at(end.unwrap_or(name.len()));
        *rest = match skip_slashes(behind) {
            [] if !behind.is_empty() => b".",
            more => more,
        };
        Some(name)
    }

    fn is_at_end(&self) -> bool {
        !self.stack.iter().any(|rest| has_names(rest))
    }

    /// Goes on with a link's target.
    fn follow(&mut self, target: &'p [u8]) -> Result<(), u16> {
        let rest = self.stack.get_mut(self.links + 1).ok_or(errno::ELOOP)?;
        *rest = target;
        self.links += 1;
        Ok(())
    }
}

fn has_names(path: &[u8]) -> bool {
    !skip_slashes(path).is_empty()
}

fn skip_slashes(path: &[u8]) -> &[u8] {
    let slashes = path.iter().take_while(|byte| **byte == b'/').count();
    path.split_at(slashes).1
}

impl Files<'_> {
    /// The node that a path leads to, from a directory or, for an absolute path, from the root. A link at its very end
    /// is followed if wanted, or if slashes follow it; links on the way always are.
    ///
    /// # Errors
    /// ENOENT: a name is not there, the path is empty, or `from` is gone; ENOTDIR: a name on the way, or one with a slash behind it,
    /// is not a directory's; ENAMETOOLONG: a name beyond [`NAME_MAX`], or a path of [`PATH_MAX`] bytes; ELOOP: a ninth link.
    pub fn resolve(&self, from: Node, path: &[u8], follow_last: bool) -> Result<Node, u16> {
        if path.len() >= PATH_MAX {
            return Err(errno::ENAMETOOLONG);
        }
        let first = *path.first().ok_or(errno::ENOENT)?;
        let mut at = if first == b'/' { self.root } else { from };
        self.inode(at)?;
        let mut rests = Rests::new(path);
        while let Some(name) = rests.next() {
            let directory = at;
            at = self.step(directory, name)?;
            let inode = self.inode(at)?;
            if inode.kind == Kind::Link && (follow_last || !rests.is_at_end()) {
                let target = inode.target();
                rests.follow(target)?;
                let absolute = target.first() == Some(&b'/');
                at = if absolute { self.root } else { directory };
            }
        }
        Ok(at)
    }

    /// What a single name leads to.
    fn step(&self, directory: Node, name: &[u8]) -> Result<Node, u16> {
        let inode = self.directory(directory)?;
        match name {
            b"." => Ok(directory),
            // Of a directory that was removed, nothing is known to be above.
            b".." => Ok(inode.parent),
            _ if name.len() > NAME_MAX => Err(errno::ENAMETOOLONG),
            _ => self.lookup(directory, name).ok_or(errno::ENOENT),
        }
    }

    /// The directory that a path's last name is in, or is to be in, and that name, which may be `.` or `..` (`.` for the root)
    /// and is not followed. Slashes behind the name are dropped: who makes anything but a directory has to look for them.
    ///
    /// # Errors
    /// As for [`Files::resolve`], of the directory.
    pub fn resolve_parent<'p>(&self, from: Node, path: &'p [u8]) -> Result<(Node, &'p [u8]), u16> {
        if path.len() >= PATH_MAX {
            return Err(errno::ENAMETOOLONG);
        }
        let last = path.iter().rposition(|byte| *byte != b'/');
        let Some(trimmed) = last.and_then(|last| path.get(..=last)) else {
            // Slashes alone: the root.
            return Ok((self.resolve(from, path, true)?, b"."));
        };
        let slash = trimmed.iter().rposition(|byte| *byte == b'/');
        let (way, name) = trimmed.split_at(slash.map_or(0, |slash| slash + 1));
        if name.len() > NAME_MAX {
            return Err(errno::ENAMETOOLONG);
        }
        let way: &[u8] = if way.is_empty() { b"." } else { way };
        Ok((self.resolve(from, way, true)?, name))
    }

    /// Writes the absolute path of a node, without a zero byte; says how long it is.
    ///
    /// # Errors
    /// ERANGE when it does not fit; ENOENT for what has no name any more.
    pub fn path(&self, node: Node, into: &mut [u8]) -> Result<usize, u16> {
        let mut length = 0;
        let mut at = node;
        while at != self.root {
            let inode = self.inode(at)?;
            length += 1 + inode.name().len();
            at = inode.parent;
        }
        if node == self.root {
            *into.first_mut().ok_or(errno::ERANGE)? = b'/';
            return Ok(1);
        }
        let mut rest = into.get_mut(..length).ok_or(errno::ERANGE)?;
        at = node;
        while at != self.root {
            let inode = self.inode(at)?;
            let name = inode.name();
            let start = rest
                .len()
                .checked_sub(name.len() + 1)
                .ok_or(errno::ERANGE)?;
            let (before, place) = rest.split_at_mut(start);
            if let Some((slash, place)) = place.split_first_mut() {
                *slash = b'/';
                place.copy_from_slice(name);
            }
            rest = before;
            at = inode.parent;
        }
        Ok(length)
    }
}
