//! Queues in the order of virtual runtime: the first node, and behind it a balanced (AVL) tree whose links live in the nodes.
//!
//! The first stands apart because most queues have one or two nodes: those never see a rotation, and whoever is next is known without
//! a descent. A tree behind it, and not a heap, because a hart may not run every thread: each node knows which harts something at or below it may run on,
//! so the first permitted node is found in one descent however many others stand before it. All operations are O(log n) at worst,
//! without recursion, and stop climbing where nothing changes any more.

use abi::layout::Record;

/// No node: the link of a leaf, the parent of a root.
pub(super) const NO_NODE: u32 = u32::MAX;

/// The weight by which one tick of running is one tick of virtual runtime.
pub(super) const DEFAULT_WEIGHT: u32 = 1024;

/// What a node is doing. Jobs and processes are never [`State::Running`]: they are ready while a thread of theirs is.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// The slot is not in use.
    #[default]
    Vacant,
    /// In no queue.
    Blocked,
    /// In its parent's queue.
    Ready,
    /// A thread that was picked, on some hart.
    Running,
}

/// The children of a node: how many there are, and the queue of the ready ones.
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// The least virtual runtime among the runnable children when it was last looked at, in ticks; it never falls.
    pub floor: u64,
    /// The ready child that comes before all others; none when no child is ready.
    first: u32,
    /// The root of the tree of the others.
    root: u32,
    /// Children, whatever they do.
    pub members: u32,
    /// Children that are ready or running, or that have such children.
    pub runnable: u32,
}

/// A node of the hierarchy: a job, a process or a thread. The kernel carves slices of them out of RAM.
///
/// A vacant node is all zeros.
// A power of two in size, so that finding one takes no multiplication.
#[repr(C, align(128))]
#[derive(Clone, Debug, Default)]
pub struct Node {
    pub(super) virtual_runtime: u64,
    /// When the node took its place: ties go in that order.
    pub(super) arrival: u64,
    /// The harts that the node may run on: for a thread its affinity, for the others what their ready threads allow.
    pub(super) harts: u64,
    /// The same for the node and all below it in its tree.
    harts_below: u64,
    pub(super) group: Group,
    pub(super) weight: u32,
    /// What the last charge left over, in 1024ths of a tick: less than the weight.
    pub(super) remainder: u32,
    /// The job of a process, the process of a thread.
    pub(super) parent: u32,
    up: u32,
    children: [u32; 2],
    height: u8,
    pub(super) state: State,
}

/// Where tools find what a node is.
pub(super) const FIELDS: &[Record] = &abi::fields!("schedule", Node:
    virtual_runtime, arrival, harts, weight, parent, state);

const LEFT: usize = 0;
const RIGHT: usize = 1;

impl Node {
    /// A node in no queue, with nothing to its credit or debit among its siblings.
    pub(super) fn new(parent: u32, weight: u32, harts: u64, floor: u64) -> Self {
        Self {
            virtual_runtime: floor,
            harts,
            group: Group::new(),
            weight: weight.max(1),
            parent,
            up: NO_NODE,
            children: [NO_NODE; 2],
            state: State::Blocked,
            ..Self::default()
        }
    }

    fn key(&self) -> (u64, u64) {
        (self.virtual_runtime, self.arrival)
    }

    /// Charges `ticks`, scaled by the weight. Exact over many short charges: what the division leaves is kept.
    pub(super) fn charge(&mut self, ticks: u64) {
        if self.weight == DEFAULT_WEIGHT {
            self.virtual_runtime = self.virtual_runtime.saturating_add(ticks);
            return;
        }
        let weight = u64::from(self.weight.max(1));
        let scaled = ticks
            .saturating_mul(u64::from(DEFAULT_WEIGHT))
            .saturating_add(u64::from(self.remainder));
        self.virtual_runtime = self.virtual_runtime.saturating_add(scaled / weight);
        self.remainder = (scaled % weight) as u32;
    }

    /// Lets credit expire: the virtual runtime is at least `least` now.
    pub(super) fn raise(&mut self, least: u64) {
        self.virtual_runtime = self.virtual_runtime.max(least);
    }
}

impl Group {
    /// No children.
    pub fn new() -> Self {
        Self {
            first: NO_NODE,
            root: NO_NODE,
            ..Self::default()
        }
    }

    /// True when no child is ready.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first == NO_NODE
    }

    /// True when exactly one child is ready.
    #[inline]
    pub fn is_single(&self) -> bool {
        self.root == NO_NODE && self.first != NO_NODE
    }

    /// The harts that some ready child may run on.
    #[inline]
    pub fn harts(&self, level: &[Node]) -> u64 {
        let first = level.get(self.first as usize).map_or(0, |node| node.harts);
        match self.root {
            NO_NODE => first,
            root => first | harts_below(level, root),
        }
    }

    /// The ready child with the least virtual runtime.
    #[inline]
    pub fn first<'a>(&self, level: &'a [Node]) -> Option<&'a Node> {
        level.get(self.first as usize)
    }

    /// The ready child with the least virtual runtime among those that may run on one of `harts`. The least among all is remembered.
    #[inline(always)]
    pub fn first_for(&mut self, level: &[Node], harts: u64) -> Option<u32> {
        let first = level.get(self.first as usize)?;
        self.floor = self.floor.max(first.virtual_runtime);
        if first.harts & harts != 0 {
            return Some(self.first);
        }
        self.next_for(level, harts)
    }

    /// The same among all but the first.
    #[inline(never)]
    fn next_for(&self, level: &[Node], harts: u64) -> Option<u32> {
        let mut at = self.root;
        if harts_below(level, at) & harts == 0 {
            return None;
        }
        loop {
            let node = &level[at as usize];
            if harts_below(level, node.children[LEFT]) & harts != 0 {
                at = node.children[LEFT];
            } else if node.harts & harts != 0 {
                return Some(at);
            } else {
                at = node.children[RIGHT];
            }
        }
    }

    /// Remembers the least virtual runtime among the ready children and one that may be running.
    #[inline]
    pub fn note(&mut self, level: &[Node], running: u32) {
        let own = level[running as usize].virtual_runtime;
        let first = self.first(level).map_or(own, |first| first.virtual_runtime);
        self.floor = self.floor.max(own.min(first));
    }

    /// Counts a child as runnable and lets its credit beyond `quantum` expire. The child is in no queue.
    pub fn admit(&mut self, child: &mut Node, quantum: u64) {
        child.raise(self.floor.saturating_sub(quantum));
        self.runnable += 1;
    }

    /// Queues a child that is not queued, behind those of the same virtual runtime.
    #[inline]
    pub fn insert(&mut self, level: &mut [Node], child: u32, arrival: u64) {
        let Some(node) = level.get_mut(child as usize) else {
            return;
        };
        node.arrival = arrival;
        node.state = State::Ready;
        let own = node.virtual_runtime;
        let Some(first) = level.get(self.first as usize) else {
            self.first = child;
            return;
        };
        // It is the last to arrive.
        if own < first.virtual_runtime {
            let before = core::mem::replace(&mut self.first, child);
            self.plant(level, before);
        } else {
            self.plant(level, child);
        }
    }

    /// Puts a ready child, which is not the first, into the tree.
    #[inline]
    fn plant(&mut self, level: &mut [Node], child: u32) {
        let Some(node) = level.get_mut(child as usize) else {
            return;
        };
        node.up = NO_NODE;
        node.children = [NO_NODE; 2];
        node.height = 1;
        node.harts_below = node.harts;
        if self.root == NO_NODE {
            self.root = child;
        } else {
            let key = node.key();
            self.plant_below(level, child, key);
        }
    }

    #[inline(never)]
    fn plant_below(&mut self, level: &mut [Node], child: u32, key: (u64, u64)) {
        let mut at = self.root;
        loop {
            let side = usize::from(key > level[at as usize].key());
            let next = level[at as usize].children[side];
            if next == NO_NODE {
                level[at as usize].children[side] = child;
                level[child as usize].up = at;
                break;
            }
            at = next;
        }
        self.climb(level, at);
    }

    /// Takes a queued child out; `state` is what it does from now on.
    #[inline]
    pub fn remove(&mut self, level: &mut [Node], child: u32, state: State) {
        if let Some(node) = level.get_mut(child as usize) {
            node.state = state;
        }
        if self.first != child {
            self.uproot(level, child);
        } else if self.root == NO_NODE {
            self.first = NO_NODE;
        } else {
            self.advance(level);
        }
    }

    /// The next in order becomes the first: there is one.
    #[inline]
    fn advance(&mut self, level: &mut [Node]) {
        let root = self.root;
        let next = match level.get(root as usize) {
            Some(node) if node.children[LEFT] != NO_NODE => leftmost(level, root),
            _ => root,
        };
        self.first = next;
        self.uproot(level, next);
    }

    /// Takes a node out of the tree.
    #[inline]
    fn uproot(&mut self, level: &mut [Node], child: u32) {
        match level.get(child as usize) {
            Some(node) if node.height == 1 && self.root == child => self.root = NO_NODE,
            _ => self.uproot_among(level, child),
        }
    }

    #[inline(never)]
    fn uproot_among(&mut self, level: &mut [Node], child: u32) {
        let node = &level[child as usize];
        let (up, height, below) = (node.up, node.height, node.harts_below);
        let [left, right] = node.children;
        if left == NO_NODE || right == NO_NODE {
            let only = if left == NO_NODE { right } else { left };
            self.replace(level, up, child, only);
            self.climb(level, up);
            return;
        }
        // The next in order takes the place, and for now the looks, of the removed one.
        let next = leftmost(level, right);
        let next_up = level[next as usize].up;
        if next != right {
            let orphan = level[next as usize].children[RIGHT];
            self.replace(level, next_up, next, orphan);
            adopt(level, next, RIGHT, right);
        }
        adopt(level, next, LEFT, left);
        self.replace(level, up, child, next);
        level[next as usize].height = height;
        level[next as usize].harts_below = below;
        if next != right {
            self.climb(level, next_up);
        }
        self.climb(level, next);
    }

    /// Gives a queued child the place of its virtual runtime, behind its equals, after `change` has changed it.
    #[inline(always)]
    pub fn requeue(
        &mut self,
        level: &mut [Node],
        child: u32,
        arrival: u64,
        change: impl FnOnce(&mut Node),
    ) {
        // Alone it has no place to lose, which is the usual case for a job or a process on an idle machine.
        if self.is_single() {
            let node = &mut level[child as usize];
            node.arrival = arrival;
            change(node);
        } else {
            self.remove(level, child, State::Ready);
            change(&mut level[child as usize]);
            self.insert(level, child, arrival);
        }
    }

    /// Changes the harts that a queued child may run on; it keeps its place.
    #[inline]
    pub fn set_harts(&mut self, level: &mut [Node], child: u32, harts: u64) {
        level[child as usize].harts = harts;
        if self.first != child {
            self.climb(level, child);
        }
    }

    /// Puts `new` where `old` was below `up`.
    fn replace(&mut self, level: &mut [Node], up: u32, old: u32, new: u32) {
        match level.get_mut(up as usize) {
            Some(above) => above.children[usize::from(above.children[RIGHT] == old)] = new,
            None => self.root = new,
        }
        if let Some(node) = level.get_mut(new as usize) {
            node.up = up;
        }
    }

    /// Renews what nodes know about those below them, and balances, from `at` upwards until nothing changes.
    fn climb(&mut self, level: &mut [Node], mut at: u32) {
        while let Some(node) = level.get(at as usize) {
            let (before, up) = ((node.height, node.harts_below), node.up);
            let tall = usize::from(
                height(level, node.children[RIGHT]) > height(level, node.children[LEFT]),
            );
            let difference =
                height(level, node.children[tall]) - height(level, node.children[1 - tall]);
            if difference > 1 {
                self.balance(level, at, tall);
            } else {
                renew(level, at);
                let node = &level[at as usize];
                if (node.height, node.harts_below) == before {
                    return;
                }
            }
            at = up;
        }
    }

    /// Lowers the side `tall` of a node, which is two higher than the other.
    fn balance(&mut self, level: &mut [Node], at: u32, tall: usize) {
        let child = level[at as usize].children[tall];
        let [outer, inner] =
            [tall, 1 - tall].map(|side| height(level, level[child as usize].children[side]));
        if inner > outer {
            self.rotate(level, child, 1 - tall);
        }
        self.rotate(level, at, tall);
    }

    /// The child on `side` takes the node's place, and the node becomes its child on the other side.
    fn rotate(&mut self, level: &mut [Node], at: u32, side: usize) {
        let (up, child) = (level[at as usize].up, level[at as usize].children[side]);
        let between = level[child as usize].children[1 - side];
        self.replace(level, up, at, child);
        adopt(level, at, side, between);
        adopt(level, child, 1 - side, at);
        renew(level, at);
        renew(level, child);
    }

    /// Proves the tree right and says how many nodes are in it: each a ready child of `parent`, in order, balanced,
    /// and with a true summary of what is below it.
    pub fn check(&self, level: &[Node], parent: u32) -> Result<usize, &'static str> {
        if level
            .get(self.root as usize)
            .is_some_and(|root| root.up != NO_NODE)
        {
            return Err("the root of a queue has something above it");
        }
        let Some(first) = self.first(level) else {
            return match self.root {
                NO_NODE => Ok(0),
                _ => Err("a queue has no first node but others"),
            };
        };
        if first.state != State::Ready || first.parent != parent {
            return Err("the first node of a queue does not belong to it");
        }
        let (mut at, mut count, mut last) = (leftmost(level, self.root), 1, Some(first.key()));
        while let Some(node) = level.get(at as usize) {
            if node.state != State::Ready || node.parent != parent {
                return Err("a node is in a queue that it does not belong to");
            }
            if last.is_some_and(|last| last >= node.key()) {
                return Err("a queue is out of order");
            }
            check_summary(level, at)?;
            last = Some(node.key());
            count += 1;
            if count > level.len() {
                return Err("a queue has a loop");
            }
            at = next_in_order(level, at);
        }
        Ok(count)
    }
}

fn height(level: &[Node], at: u32) -> u8 {
    level.get(at as usize).map_or(0, |node| node.height)
}

fn harts_below(level: &[Node], at: u32) -> u64 {
    level.get(at as usize).map_or(0, |node| node.harts_below)
}

fn leftmost(level: &[Node], mut at: u32) -> u32 {
    while let Some(node) = level.get(at as usize) {
        if node.children[LEFT] == NO_NODE {
            break;
        }
        at = node.children[LEFT];
    }
    at
}

fn next_in_order(level: &[Node], mut at: u32) -> u32 {
    let right = level[at as usize].children[RIGHT];
    if right != NO_NODE {
        return leftmost(level, right);
    }
    loop {
        let up = level[at as usize].up;
        if up == NO_NODE || level[up as usize].children[LEFT] == at {
            return up;
        }
        at = up;
    }
}

fn adopt(level: &mut [Node], parent: u32, side: usize, child: u32) {
    level[parent as usize].children[side] = child;
    if let Some(child) = level.get_mut(child as usize) {
        child.up = parent;
    }
}

/// The height and the harts of a node as those of its children make them.
fn summary(level: &[Node], at: u32) -> (u8, u64) {
    let node = &level[at as usize];
    let [left, right] = node.children;
    let taller = height(level, left).max(height(level, right));
    let harts = node.harts | harts_below(level, left) | harts_below(level, right);
    (taller + 1, harts)
}

fn renew(level: &mut [Node], at: u32) {
    let (height, harts_below) = summary(level, at);
    let node = &mut level[at as usize];
    node.height = height;
    node.harts_below = harts_below;
}

fn check_summary(level: &[Node], at: u32) -> Result<(), &'static str> {
    let node = &level[at as usize];
    if (node.height, node.harts_below) != summary(level, at) {
        return Err("a node's summary of what is below it is wrong");
    }
    let [left, right] = node.children.map(|child| height(level, child));
    if left.abs_diff(right) > 1 {
        return Err("a queue is out of balance");
    }
    let strays = |child: &u32| {
        level
            .get(*child as usize)
            .is_some_and(|child| child.up != at)
    };
    if node.children.iter().any(strays) {
        return Err("a node is not below the one that is above it");
    }
    Ok(())
}
