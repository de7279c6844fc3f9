//! gdb's breakpoints and watchpoints, as points of a target.

use std::collections::BTreeMap;

use crate::points::{Point, PointId, WatchKind};
use crate::target::{Space, Target};

/// What gdb has set. It takes everything out at each stop and puts it in again, so a watched virtual address is looked up
/// anew each time; where it is not mapped then, it stays where it was found last.
#[derive(Debug, Default)]
pub(super) struct Set {
    breakpoints: BTreeMap<u64, (PointId, u32)>,
    watched: Vec<Watched>,
    physical: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Watched {
    address: u64,
    len: u64,
    kind: WatchKind,
    ids: Vec<PointId>,
}

/// Larger ranges are somebody's mistake.
const MOST_WATCHED: u64 = 1 << 20;

impl Set {
    /// Software and hardware breakpoints are the same here; each is counted.
    pub fn add_breakpoint(&mut self, target: &mut dyn Target, address: u64) -> bool {
        if let Some((_, count)) = self.breakpoints.get_mut(&address) {
            *count += 1;
            return true;
        }
        let Ok(id) = target.add_point(Point::Break(address)) else {
            return false;
        };
        self.breakpoints.insert(address, (id, 1));
        true
    }

    pub fn remove_breakpoint(&mut self, target: &mut dyn Target, address: u64) -> bool {
        let Some((id, count)) = self.breakpoints.get_mut(&address) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            let removed = target.remove_point(*id).is_ok();
            self.breakpoints.remove(&address);
            return removed;
        }
        true
    }

    /// Watches a virtual range in the address space of a hart.
    pub fn watch(
        &mut self,
        target: &mut dyn Target,
        hart: usize,
        (address, len): (u64, u64),
        kind: WatchKind,
    ) -> bool {
        if len == 0 || len > MOST_WATCHED {
            return false;
        }
        let mut ids = Vec::new();
        let (mut at, end) = (address, address.saturating_add(len));
        while at < end {
            let part = (0x1000 - at % 0x1000).min(end - at);
            let Some(physical) = self.find(target, hart, at) else {
                return false;
            };
            let point = Point::Watch {
                address: physical,
                len: part,
                kind,
            };
            match target.add_point(point) {
                Ok(id) => ids.push(id),
                Err(_) => return false,
            }
            at += part;
        }
        self.watched.push(Watched {
            address,
            len,
            kind,
            ids,
        });
        true
    }

    fn find(&mut self, target: &dyn Target, hart: usize, address: u64) -> Option<u64> {
        let found = target.translate(Space::Hart(hart), address).ok();
        let in_ram = found.filter(|&at| target.bus().ram.offset_of(at, 1).is_some());
        if let Some(physical) = in_ram {
            self.physical.insert(address, physical);
        }
        self.physical.get(&address).copied()
    }

    pub fn unwatch(
        &mut self,
        target: &mut dyn Target,
        (address, len): (u64, u64),
        kind: WatchKind,
    ) -> bool {
        let is = |watched: &Watched| {
            (watched.address, watched.len, watched.kind) == (address, len, kind)
        };
        let Some(index) = self.watched.iter().position(is) else {
            return false;
        };
        let ids = self.watched.remove(index).ids;
        ids.into_iter().all(|id| target.remove_point(id).is_ok())
    }

    /// The watched virtual address and the kind of what was hit, if that is a watchpoint.
    pub fn watched_by(&self, id: PointId) -> Option<(u64, WatchKind)> {
        let mut all = self.watched.iter();
        all.find(|watched| watched.ids.contains(&id))
            .map(|watched| (watched.address, watched.kind))
    }

    /// gdb goes: nothing of what it set stays.
    pub fn clear(&mut self, target: &mut dyn Target) {
        let breakpoints = std::mem::take(&mut self.breakpoints);
        let watched = std::mem::take(&mut self.watched);
        let ids = breakpoints.into_values().map(|(id, _)| id);
        for id in ids.chain(watched.into_iter().flat_map(|watched| watched.ids)) {
            // It is gone either way.
            let _ = target.remove_point(id);
        }
    }
}
