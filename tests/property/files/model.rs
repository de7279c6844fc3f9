//! The model: a map from paths to objects, whose bytes are a map too.

use super::errno::*;
use kernel_core::files::{Kind, Node};
use std::collections::{BTreeMap, VecDeque};

pub(super) type Path = Vec<String>;

/// What a path leads to in the model. Bytes that are zero are not in the map.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) node: Node,
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) bytes: BTreeMap<u64, u8>,
    pub(super) target: String,
    pub(super) opened: u32,
    pub(super) named: bool,
    /// A truncation in pieces may have left frames.
    pub(super) pending: bool,
}

impl Object {
    pub(super) fn new(node: Node, kind: Kind, target: &str) -> Self {
        Self {
            node,
            kind,
            size: 0,
            bytes: BTreeMap::new(),
            target: target.to_string(),
            opened: 0,
            named: true,
            pending: false,
        }
    }

    pub(super) fn lives(&self) -> bool {
        self.named || self.opened > 0
    }

    pub(super) fn file_error(&self) -> Option<u16> {
        match self.kind {
            Kind::File => None,
            Kind::Directory => Some(EISDIR),
            _ => Some(EINVAL),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) tree: BTreeMap<Path, usize>,
    pub(super) objects: Vec<Object>,
}

impl Model {
    pub(super) fn kind(&self, path: &[String]) -> Option<Kind> {
        self.tree.get(path).map(|object| self.objects[*object].kind)
    }

    pub(super) fn children(&self, path: &[String]) -> Vec<(&Path, usize)> {
        let inside = |at: &&Path| at.len() == path.len() + 1 && at.starts_with(path);
        self.tree
            .iter()
            .filter(|at| inside(&at.0))
            .map(|(path, object)| (path, *object))
            .collect()
    }

    /// What a path leads to, by replacing links in a queue of names.
    pub(super) fn resolve(
        &self,
        from: &[String],
        path: &str,
        follow_last: bool,
    ) -> Result<Path, u16> {
        if path.is_empty() {
            return Err(ENOENT);
        }
        let mut at = if path.starts_with('/') {
            Vec::new()
        } else {
            from.to_vec()
        };
        let (mut queue, mut links) = (names(path), 0);
        while let Some(name) = queue.pop_front() {
            if self.kind(&at) != Some(Kind::Directory) {
                return Err(ENOTDIR);
            }
            match name.as_str() {
                "." => {}
                ".." => drop(at.pop()),
                _ => {
                    at.push(name);
                    let object = &self.objects[*self.tree.get(&at).ok_or(ENOENT)?];
                    if object.kind == Kind::Link && (follow_last || !queue.is_empty()) {
                        links += 1;
                        if links > 8 {
                            return Err(ELOOP);
                        }
                        at.pop();
                        if object.target.starts_with('/') {
                            at.clear();
                        }
                        for name in names(&object.target).into_iter().rev() {
                            queue.push_front(name);
                        }
                    }
                }
            }
        }
        Ok(at)
    }

    pub(super) fn may_replace(&self, path: &[String], by_directory: bool) -> Result<(), u16> {
        match (self.kind(path) == Some(Kind::Directory), by_directory) {
            (true, false) => Err(EISDIR),
            (false, true) => Err(ENOTDIR),
            (true, true) if !self.children(path).is_empty() => Err(ENOTEMPTY),
            _ => Ok(()),
        }
    }

    pub(super) fn remove(&mut self, path: &[String]) {
        if let Some(object) = self.tree.remove(path) {
            self.objects[object].named = false;
        }
    }

    pub(super) fn unlink(&mut self, path: &[String], is_directory: bool) -> Result<(), u16> {
        self.tree.get(path).ok_or(ENOENT)?;
        self.may_replace(path, is_directory)?;
        self.remove(path);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &[String], to: &[String]) -> Result<(), u16> {
        let is_directory = self.kind(from).ok_or(ENOENT)? == Kind::Directory;
        if is_directory && to.len() > from.len() && to.starts_with(from) {
            return Err(EINVAL);
        }
        if from == to {
            return Ok(());
        }
        if self.tree.contains_key(to) {
            self.may_replace(to, is_directory)?;
            self.remove(to);
        }
        let moved: Vec<Path> = self
            .tree
            .keys()
            .filter(|path| path.starts_with(from))
            .cloned()
            .collect();
        for path in moved {
            let object = self.tree.remove(&path).unwrap();
            self.tree.insert([to, &path[from.len()..]].concat(), object);
        }
        Ok(())
    }
}

/// The names of a path; slashes behind the last stand for one more, `.`.
fn names(path: &str) -> VecDeque<String> {
    let proper = path.split('/').filter(|name| !name.is_empty());
    let mut names: VecDeque<String> = proper.map(String::from).collect();
    if path.ends_with('/') && !names.is_empty() {
        names.push_back(".".into());
    }
    names
}
