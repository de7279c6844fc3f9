//! What is in a directory: a list for going through it, and a tree for finding a name.
//!
//! The list is in the order of cookies, which only grow, so a listing goes on where it was whatever comes and goes meanwhile.
//! The tree is a digital search tree over the names' hashes: at depth d, bit d says which way. It needs no balancing,
//! and what is taken out is replaced by any leaf below it. Equal hashes make a chain, which is slow and still right.

use super::{Files, Inode, Kind, Node};

/// A cookie is a number that grows, and below it the inode's slot, by which it is found again without a search.
const SLOT_BITS: u32 = 20;
/// So many inodes can be made before cookies would no longer grow: at one a microsecond, a hundred days.
pub(super) const MAX_SEQUENCE: u64 = 1 << 43;
/// Cookies of `.` and `..`; those of inodes are far above.
const SELF: u64 = 1;
const PARENT: u64 = 2;

/// A place in a directory's tree.
#[derive(Clone, Copy)]
enum Place {
    Top(Node),
    Below(Node, usize),
}

/// FNV-1a, and murmur3's last step, without which similar names would share their low bits.
pub(super) fn hash(name: &[u8]) -> u32 {
    let fnv = name.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    let mixed = (fnv ^ fnv >> 16).wrapping_mul(0x85eb_ca6b);
    let mixed = (mixed ^ mixed >> 13).wrapping_mul(0xc2b2_ae35);
    mixed ^ mixed >> 16
}

impl Files<'_> {
    /// What has a name in a directory. O(log n).
    pub(super) fn lookup(&self, directory: Node, name: &[u8]) -> Option<Node> {
        let (_, node) = self.find(directory, name, hash(name));
        (!node.is_none()).then_some(node)
    }

    /// Where a name is in the tree, and its node; or the vacant place where it belongs.
    fn find(&self, directory: Node, name: &[u8], hash: u32) -> (Place, Node) {
        let mut place = Place::Top(directory);
        let mut path = hash;
        loop {
            let node = self.at(place);
            match self.inodes.get(node) {
                Some(inode) if inode.hash != hash || inode.name() != name => {
                    place = Place::Below(node, (path & 1) as usize);
                    path = path.rotate_right(1);
                }
                _ => return (place, node),
            }
        }
    }

    fn at(&self, place: Place) -> Node {
        let (Place::Top(node) | Place::Below(node, _)) = place;
        let inode = self.inodes.get(node);
        inode.map_or(Node::NONE, |inode| match place {
            Place::Top(_) => inode.tree,
            Place::Below(_, side) => inode.branches[side & 1],
        })
    }

    fn set(&mut self, place: Place, to: Node) {
        let (Place::Top(node) | Place::Below(node, _)) = place;
        if let Some(inode) = self.inodes.get_mut(node) {
            match place {
                Place::Top(_) => inode.tree = to,
                Place::Below(_, side) => inode.branches[side & 1] = to,
            }
        }
    }

    fn change(&mut self, node: Node, change: impl FnOnce(&mut Inode)) {
        if let Some(inode) = self.inodes.get_mut(node) {
            change(inode);
        }
    }

    /// Enters an inode, whose name is free there, into a directory.
    pub(super) fn attach(&mut self, directory: Node, node: Node) {
        self.enter_name(directory, node);
        let cookie = self.sequence << SLOT_BITS | node.index() as u64 & ((1 << SLOT_BITS) - 1);
        self.sequence += 1;
        let last = self.inodes.get(directory).map_or(Node::NONE, |at| at.last);
        self.change(node, |inode| {
            inode.parent = directory;
            inode.cookie = cookie;
            inode.previous = last;
            inode.next = Node::NONE;
        });
        let is_directory = self.inodes.get(node).is_some_and(Inode::is_directory);
        self.change(directory, |parent| {
            parent.last = node;
            parent.links += u32::from(is_directory);
            if last.is_none() {
                parent.first = node;
            }
        });
        self.change(last, |last| last.next = node);
    }

    /// Takes an inode out of its directory.
    pub(super) fn detach(&mut self, node: Node) {
        self.leave_name(node);
        let Some(inode) = self.inodes.get_mut(node) else {
            return;
        };
        let (directory, previous, next) = (inode.parent, inode.previous, inode.next);
        let is_directory = inode.is_directory();
        (inode.parent, inode.previous, inode.next) = (Node::NONE, Node::NONE, Node::NONE);
        self.change(previous, |inode| inode.next = next);
        self.change(next, |inode| inode.previous = previous);
        self.change(directory, |parent| {
            parent.links -= u32::from(is_directory);
            if parent.first == node {
                parent.first = next;
            }
            if parent.last == node {
                parent.last = previous;
            }
        });
    }

    /// Gives an inode another name, which is free, and another directory or the same.
    pub(super) fn relocate(&mut self, node: Node, directory: Node, name: &[u8]) {
        let stays = self.inodes.get(node).map(|inode| inode.parent) == Some(directory);
        if stays {
            self.leave_name(node);
        } else {
            self.detach(node);
        }
        self.change(node, |inode| inode.set_name(name));
        if stays {
            self.enter_name(directory, node);
        } else {
            self.attach(directory, node);
        }
    }

    fn enter_name(&mut self, directory: Node, node: Node) {
        let Some(inode) = self.inodes.get(node) else {
            return;
        };
        let (place, _) = self.find(directory, inode.name(), inode.hash);
        self.set(place, node);
    }

    /// Takes a name out of its tree: a leaf from below takes its place, for which any place above it is right.
    fn leave_name(&mut self, node: Node) {
        let Some(inode) = self.inodes.get(node) else {
            return;
        };
        let (place, _) = self.find(inode.parent, inode.name(), inode.hash);
        let (mut leaf, mut leaf_place) = (node, place);
        while let Some(inode) = self.inodes.get(leaf) {
            let side = usize::from(inode.branches[0].is_none());
            if inode.branches[side].is_none() {
                break;
            }
            leaf_place = Place::Below(leaf, side);
            leaf = inode.branches[side];
        }
        self.set(leaf_place, Node::NONE);
        if leaf != node {
            let branches = self
                .inodes
                .get(node)
                .map_or_else(Default::default, |inode| inode.branches);
            self.change(leaf, |leaf| leaf.branches = branches);
            self.set(place, leaf);
        }
        self.change(node, |inode| inode.branches = [Node::NONE; 2]);
    }

    /// True for a node itself and all that is below it.
    pub(super) fn is_inside(&self, node: Node, ancestor: Node) -> bool {
        let mut at = node;
        // No path is longer than there are inodes: a loop, which cannot be, would end too.
        for _ in 0..self.inodes.len() {
            if at == ancestor {
                return true;
            }
            match self.inodes.get(at) {
                Some(inode) if inode.parent != at => at = inode.parent,
                _ => return false,
            }
        }
        false
    }

    /// The entry of a directory that follows the one with the cookie `after`, or the first one for 0: its own cookie, its name,
    /// its node and what that is. `.` and `..` come first, then the others from the oldest to the newest.
    /// What is there during the whole listing is told once, whatever else comes and goes. `None` behind the last, and for no directory.
    ///
    /// O(1), unless the entry of the cookie was taken away meanwhile: then those before its place are passed over.
    pub fn entries(&self, directory: Node, after: u64) -> Option<(u64, &[u8], Node, Kind)> {
        let inode = self.directory(directory).ok()?;
        match after {
            0 => return Some((SELF, b".", directory, Kind::Directory)),
            SELF => {
                let parent = self.directory(inode.parent);
                let parent = parent.map_or(directory, |_| inode.parent);
                return Some((PARENT, b"..", parent, Kind::Directory));
            }
            _ => {}
        }
        let slot = (after & ((1 << SLOT_BITS) - 1)) as usize;
        let last = self.inodes.id_at(slot).and_then(|at| self.inodes.get(at));
        let mut at = match last {
            Some(last) if last.cookie == after && last.parent == directory => last.next,
            _ => inode.first,
        };
        while let Some(inode) = self.inodes.get(at) {
            if inode.cookie > after {
                return Some((inode.cookie, inode.name(), at, inode.kind));
            }
            at = inode.next;
        }
        None
    }

    /// Proves a directory's list and tree to have the same inodes; says how many.
    pub(super) fn check_directory(
        &self,
        directory: Node,
        inode: &Inode,
    ) -> Result<usize, &'static str> {
        let (mut at, mut previous, mut cookie) = (inode.first, Node::NONE, PARENT);
        let (mut count, mut subdirectories) = (0, 0);
        let mut branches = usize::from(!inode.tree.is_none());
        while let Some(child) = self.inodes.get(at) {
            if child.parent != directory || child.previous != previous || child.cookie <= cookie {
                return Err("a directory's list is out of order");
            }
            if super::check_name(child.name()).is_err() || child.links == 0 {
                return Err("a directory's entry has no proper name");
            }
            if self.lookup(directory, child.name()) != Some(at) {
                return Err("a name is not found");
            }
            branches += child.branches.iter().filter(|at| !at.is_none()).count();
            subdirectories += u32::from(child.is_directory());
            count += 1;
            (previous, cookie, at) = (at, child.cookie, child.next);
        }
        if !at.is_none() || inode.last != previous {
            return Err("a directory's list does not end with its last");
        }
        if branches != count {
            return Err("a directory's tree has other nodes than its list");
        }
        if inode.is_directory() && inode.links > 0 && inode.links != 2 + subdirectories {
            return Err("a directory's links are not those that lead there");
        }
        if inode.links == 0 && count > 0 {
            return Err("a directory without a name has entries");
        }
        Ok(count)
    }
}
