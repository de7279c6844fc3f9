//! Address spaces: what a process sees of memory, promised page by page and given when first touched.

use abi::errno;
use abi::layout::Record;
use kernel_core::files::Node;
use kernel_core::frame::{Account, FrameNumber};
use kernel_core::page_table::{
    Cursor, Edit, Edited, Flags, Found, Leaf, PageTable, Permissions, Pte, Tables, index, span,
};
use kernel_core::region::{Kind, Region, Regions};

use super::{Memory, direct, kernel_space};
use crate::arch::csr;
use crate::fault::Access;
use crate::hart::Hart;
use crate::layout::PAGE;

/// Entries that are looked at in one go, where nothing else is done with them.
const SCAN_BUDGET: u32 = 4096;
/// What one piece of long work may cost, in entries looked at.
const CLEAR_BUDGET: u32 = 2048;
/// What a page costs that is taken away or shared, by the same measure.
const PAGE_COST: u32 = 4;
/// Frames that are given back after one flush.
const FREED_AT_ONCE: usize = 32;
/// Pages of shared memory that fork goes through in one piece.
const SHARED_AT_ONCE: u64 = 32;
/// The most regions that an address space has.
const REGIONS: usize = 64;

/// An address space. Without a root it is that of no process.
#[repr(C)]
#[derive(Debug)]
pub struct Space {
    root: FrameNumber,
    asid: u16,
    /// In which generation of numbers `asid` was given.
    generation: u64,
    /// Harts (a bit each) that may know translations under `asid`.
    harts: u64,
    /// What its addresses mean.
    pub regions: Regions<[Region; REGIONS]>,
}

/// Where tools find what an address space is.
pub const FIELDS: &[&[Record]] = &[
    &abi::fields!("space", Space: root, asid, generation, harts, regions),
    &abi::fields!("region", Region: start, end, permissions, kind, backing, offset),
    kernel_core::region::fields::<REGIONS>(),
];

impl Default for Space {
    fn default() -> Self {
        Self {
            root: FrameNumber::default(),
            asid: 0,
            generation: 0,
            harts: 0,
            regions: Regions::new([Region::default(); REGIONS]),
        }
    }
}

/// Marks a file, with its name among the nodes, as what stands behind a [`Kind::FileCopy`] region.
const FILE: u64 = 1 << 63;

/// What stands behind a region: a file, from the region's offset on.
pub const fn file_backing(node: Node) -> u64 {
    FILE | node.to_bits()
}

/// What stands behind the trampoline: the two instructions that end a handler of a signal.
pub const SIGNAL_RETURN: u64 = 2;
/// `li a7, 139` (`rt_sigreturn`) and `ecall`.
const SIGNAL_RETURN_CODE: u64 = 0x0000_0073_08b0_0893;

/// Whether long work is done, or has to be called for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is.
    Done,
    /// The piece that may be done at once is.
    More,
}

/// Frames that nothing leads to any more, until every hart has forgotten that anything did.
struct Freed {
    frames: [FrameNumber; FREED_AT_ONCE],
    count: usize,
}

impl Default for Freed {
    fn default() -> Self {
        Self {
            frames: [FrameNumber(0); FREED_AT_ONCE],
            count: 0,
        }
    }
}

impl Freed {
    /// Two more always fit in, for tables.
    const fn is_full(&self) -> bool {
        self.count + 2 >= FREED_AT_ONCE
    }

    fn push(&mut self, frame: FrameNumber) {
        if let Some(slot) = self.frames.get_mut(self.count) {
            *slot = frame;
            self.count += 1;
        }
    }

    fn frames(&self) -> &[FrameNumber] {
        self.frames.get(..self.count).unwrap_or_default()
    }
}

/// Why an access or a change is refused: the error number.
pub type Refused = u16;

/// `satp` for the kernel alone.
pub fn kernel_satp(root: FrameNumber) -> u64 {
    csr::SATP_SV39 | root.0
}

/// Address-space numbers. When all are given out, a new generation begins, in which every hart forgets all translations
/// before it uses one of its numbers.
#[derive(Debug)]
pub struct Asids {
    most: u16,
    next: u16,
    generation: u64,
}

impl Asids {
    /// Numbers from 1 (0 is the kernel's own) to `most`, which is 0 when the harts have none.
    pub const fn new(most: u16) -> Self {
        Self {
            most,
            next: 1,
            generation: 1,
        }
    }

    fn give(&mut self) -> (u16, u64) {
        if self.next > self.most {
            self.generation += 1;
            self.next = 1;
        }
        let asid = self.next.min(self.most);
        self.next = self.next.saturating_add(1);
        (asid, self.generation)
    }
}

impl Space {
    /// An address space with nothing in the user's half.
    ///
    /// # Errors
    /// No frame can be promised for its root.
    pub fn new(
        memory: &mut Memory,
        account: &mut Account,
        kernel_root: FrameNumber,
    ) -> Result<Self, Refused> {
        let mut space = Self::default();
        space.make_root(memory, account, kernel_root)?;
        Ok(space)
    }

    fn make_root(
        &mut self,
        memory: &mut Memory,
        account: &mut Account,
        kernel_root: FrameNumber,
    ) -> Result<(), Refused> {
        let charged = memory.pool.charge(account, 1);
        charged.map_err(|error| error.errno())?;
        let root = memory.pool.take().map_err(|_| errno::ENOMEM)?;
        kernel_space::fill_root(kernel_root, root);
        memory.set_entries(root, 0);
        self.root = root;
        Ok(())
    }

    /// Frames that it was promised.
    pub const fn promised(&self) -> u64 {
        if self.is_none() {
            0
        } else {
            self.regions.committed() + 1
        }
    }

    /// True for the space of a process that has none (any more).
    pub const fn is_none(&self) -> bool {
        self.root.0 == 0
    }

    fn table(&self) -> PageTable {
        PageTable::new(self.root)
    }

    /// Promises memory where nothing is.
    ///
    /// # Errors
    /// There is too little, too many regions, or something is there already.
    pub fn add_region(
        &mut self,
        memory: &mut Memory,
        account: &mut Account,
        region: Region,
    ) -> Result<(), Refused> {
        let added = self
            .regions
            .insert(region, |frames| memory.pool.charge(account, frames).is_ok());
        added.map_err(|error| error.errno())
    }

    /// Gives a range other permissions; pages that are there change at once.
    ///
    /// # Errors
    /// Something in the range is not there, or both writable and executable was asked for.
    pub fn protect(
        &mut self,
        memory: &mut Memory,
        account: &mut Account,
        (start, end): (u64, u64),
        permissions: Permissions,
    ) -> Result<(), Refused> {
        let changed = self.regions.protect(start, end, permissions, |frames| {
            memory.pool.charge(account, frames).is_ok()
        });
        changed.map_err(|error| error.errno())?;
        let mut cursor = Cursor::new(start, end);
        loop {
            let mut budget = SCAN_BUDGET;
            match self.table().scan(memory, &mut cursor, &mut budget) {
                Found::Page(leaf) => {
                    let flags = leaf.entry.flags().with_permissions(permissions);
                    let frame = leaf.entry.frame();
                    let replaced = self.table().replace(memory, leaf, frame, flags);
                    replaced.map_err(|error| error.errno())?;
                }
                Found::Paused => {}
                Found::Done => break,
            }
        }
        self.forget_translations(memory);
        Ok(())
    }

    /// Makes a range unusable; [`Space::clear_dying`] then takes its pages away.
    ///
    /// # Errors
    /// No whole pages, or too many regions.
    pub fn retire(&mut self, start: u64, end: u64) -> Result<(), Refused> {
        let retired = self.regions.retire(start, end);
        retired.map_err(|error| error.errno())
    }

    /// Takes away pages that were retired, as many as may be at once.
    pub fn clear_dying(&mut self, memory: &mut Memory, account: &mut Account) -> Progress {
        let mut budget = CLEAR_BUDGET;
        loop {
            let dying = self.regions.as_slice().iter();
            let Some(region) = dying.copied().find(|region| region.kind == Kind::Dying) else {
                return Progress::Done;
            };
            if self.clear(memory, (region.start, region.end), &mut budget) == Progress::More {
                return Progress::More;
            }
            // It was retired in these bounds, so that it can be removed in them.
            let freed = self.regions.remove(region.start, region.end).unwrap_or(0);
            memory.pool.uncharge(account, freed);
        }
    }

    /// Takes away the pages of a range that stays: the next touch finds zeros, or the file's bytes. As much as may be at once.
    ///
    /// # Errors
    /// ENOMEM: there is not a private region all along.
    pub fn forget_content(
        &mut self,
        memory: &mut Memory,
        start: u64,
        end: u64,
    ) -> Result<Progress, Refused> {
        let mut at = start;
        while at < end {
            let region = self.regions.find(at).ok_or(errno::ENOMEM)?;
            if !region.kind.is_private() || region.kind == Kind::Dying {
                return Err(errno::EINVAL);
            }
            at = region.end;
        }
        let mut budget = CLEAR_BUDGET;
        Ok(self.clear(memory, (start, end), &mut budget))
    }

    /// Takes away the pages of a range. What they were is forgotten by every hart before their frames are free.
    fn clear(
        &mut self,
        memory: &mut Memory,
        (start, end): (u64, u64),
        budget: &mut u32,
    ) -> Progress {
        let mut cursor = Cursor::new(start, end);
        let table = self.table();
        loop {
            let mut freed = Freed::default();
            let edited = table.edit(memory, &mut cursor, budget, |_, _, entry| {
                if freed.is_full() {
                    return Edit::Stop;
                }
                freed.push(entry.frame());
                Edit::Set(Pte(0))
            });
            if let Edited::Emptied(emptied) = edited {
                emptied
                    .into_iter()
                    .flatten()
                    .for_each(|table| freed.push(table));
            }
            if freed.count > 0 {
                self.forget_translations(memory);
            }
            *budget = budget.saturating_sub(PAGE_COST * freed.count as u32);
            for &frame in freed.frames() {
                memory.release(frame);
            }
            match edited {
                Edited::Done => return Progress::Done,
                Edited::Paused => return Progress::More,
                Edited::Emptied(_) | Edited::Stopped if *budget == 0 => return Progress::More,
                Edited::Emptied(_) | Edited::Stopped => {}
            }
        }
    }

    /// Sees to it that an access can be made, as the process itself would make it: memory that was never touched gets a
    /// frame, of zeros or of a file's bytes; a page that is shared until written gets a frame of its own. Gives the frame.
    ///
    /// # Errors
    /// [`errno::EFAULT`]: the process may not make that access.
    pub fn resolve(
        &mut self,
        memory: &mut Memory,
        address: u64,
        access: Access,
    ) -> Result<FrameNumber, Refused> {
        let page = address & !(PAGE - 1);
        let table = self.table();
        let found = table.walk(memory, page);
        if let Some(leaf) = found
            && leaf.entry.permissions().contains(access.permission())
        {
            return Ok(leaf.entry.frame());
        }
        let region = *self.regions.find(address).ok_or(errno::EFAULT)?;
        if !region.permissions.contains(access.permission()) {
            return Err(errno::EFAULT);
        }
        match found {
            None => self.give_page(memory, page, &region),
            Some(leaf)
                if access == Access::Write && leaf.entry.flags().contains(Flags::COPY_ON_WRITE) =>
            {
                self.own_page(memory, leaf, region.permissions)
            }
            Some(leaf) => Ok(leaf.entry.frame()),
        }
    }

    /// Maps a page that is touched for the first time.
    fn give_page(
        &mut self,
        memory: &mut Memory,
        page: u64,
        region: &Region,
    ) -> Result<FrameNumber, Refused> {
        let frame = memory.take_zeroed().ok_or(errno::ENOMEM)?;
        if region.kind == Kind::FileCopy && region.backing & FILE != 0 {
            let node = Node::from_bits(region.backing & !FILE);
            fill_from_file(memory, frame, node, region.offset + (page - region.start));
        }
        if region.backing == SIGNAL_RETURN {
            direct::write_word(frame, 0, SIGNAL_RETURN_CODE);
        }
        let entry = Pte::leaf(frame, Flags::user(region.permissions));
        let mut target = Target::new(self.table());
        if let Err(error) = target.put(memory, page, entry) {
            memory.release(frame);
            return Err(error);
        }
        target.finish(memory);
        Ok(frame)
    }

    /// Ends the sharing of a page that is about to be written.
    fn own_page(
        &mut self,
        memory: &mut Memory,
        leaf: Leaf,
        permissions: Permissions,
    ) -> Result<FrameNumber, Refused> {
        let shared = leaf.entry.frame();
        let frame = if memory.pool.references(shared) == 1 {
            shared
        } else {
            let own = memory.pool.take().map_err(|_| errno::ENOMEM)?;
            direct::copy_page(shared, own);
            own
        };
        let flags = Flags::user(permissions);
        let replaced = self.table().replace(memory, leaf, frame, flags);
        replaced.map_err(|error| error.errno())?;
        if frame != shared {
            self.forget_translations(memory);
            memory.release(shared);
        }
        Ok(frame)
    }

    /// Shares `count` pages with a message: they are not writable any more, here or there. Writes their frames, each held once more,
    /// into a list from its word `first` on. How many were shared is told in any case.
    ///
    /// # Errors
    /// EFAULT: not all of it may be read, or something is shared as it is; ENOMEM.
    pub fn lend(
        &mut self,
        memory: &mut Memory,
        start: u64,
        count: u64,
        (list, first): (FrameNumber, u64),
    ) -> (u64, Result<(), Refused>) {
        let end = start.saturating_add(count * PAGE);
        if let Err(error) = self.allows_lending(start, end) {
            return (0, Err(error));
        }
        let mut lent = 0;
        let mut cursor = Cursor::new(start, end);
        while !cursor.is_done() {
            // What was never touched is given a page now.
            let at = cursor.next;
            if let Err(error) = self.resolve(memory, at, Access::Read) {
                return (lent, Err(error));
            }
            let mut budget = SCAN_BUDGET;
            self.table().edit(
                memory,
                &mut cursor,
                &mut budget,
                |memory, address, entry| {
                    let is_next = address == start + lent * PAGE;
                    if !is_next || memory.pool.share(entry.frame()).is_err() {
                        return Edit::Stop;
                    }
                    direct::write_word(list, (first + lent) as usize, entry.frame().0);
                    lent += 1;
                    Edit::Set(entry.copy_on_write())
                },
            );
            // Vacant places were passed over.
            cursor.next = start + lent * PAGE;
            if cursor.next == at {
                return (lent, Err(errno::ENOMEM));
            }
        }
        (lent, Ok(()))
    }

    fn allows_lending(&self, start: u64, end: u64) -> Result<(), Refused> {
        let mut at = start;
        while at < end {
            let region = self.regions.find(at).ok_or(errno::EFAULT)?;
            if !region.kind.is_private() || !region.permissions.contains(Permissions::READ) {
                return Err(errno::EFAULT);
            }
            at = region.end;
        }
        Ok(())
    }

    /// Puts `count` frames of a list where pages are or may be, each to be copied before it is written. The list then has those that were
    /// there, or 0: harts may know them until [`Space::forget_all`]. Where no table is to be had the list stays as it is.
    pub fn put_lent(
        &mut self,
        memory: &mut Memory,
        start: u64,
        count: u64,
        (list, permissions): (FrameNumber, Permissions),
    ) {
        let flags = Flags::user(permissions).copy_on_write();
        let tree = self.table();
        let mut at = 0;
        while at < count {
            let address = start + at * PAGE;
            let Ok(table) = tree.leaf_table(memory, address) else {
                return;
            };
            let first = index(address, 0);
            let part = (count - at).min((512 - first) as u64);
            let mut added = 0;
            for place in 0..part {
                let frame = FrameNumber(direct::read_word(list, (at + place) as usize));
                let before = Pte(memory.read(table, first + place as usize));
                let is_vacant = !before.is_valid();
                added += u16::from(is_vacant);
                memory.write(table, first + place as usize, Pte::leaf(frame, flags).0);
                let old = if is_vacant { 0 } else { before.frame().0 };
                direct::write_word(list, (at + place) as usize, old);
            }
            memory.set_entries(table, memory.entries(table) + added);
            at += part;
        }
    }

    /// Puts a shared frame where a page is or may be. Gives the frame that was there, which harts may know until [`Space::forget_all`].
    ///
    /// # Errors
    /// ENOMEM.
    pub fn exchange(
        &mut self,
        memory: &mut Memory,
        address: u64,
        frame: FrameNumber,
        permissions: Permissions,
    ) -> Result<Option<FrameNumber>, Refused> {
        let flags = Flags::user(permissions).copy_on_write();
        let table = self.table();
        let exchanged = match table.walk(memory, address) {
            None => table.map(memory, address, frame, 0, flags).map(|()| None),
            Some(leaf) => {
                let old = leaf.entry.frame();
                table.replace(memory, leaf, frame, flags).map(|_| Some(old))
            }
        };
        exchanged.map_err(|error| error.errno())
    }

    /// Lets no hart use what it knew of the space: pages were shared or replaced.
    pub fn forget_all(&mut self, memory: &Memory) {
        self.forget_translations(memory);
    }

    /// Begins a copy of another space that shares every page until one side writes to it: promises all that it may come to need.
    /// [`Space::share_piece`] then goes through the pages. This one has nothing yet.
    ///
    /// # Errors
    /// There is too little memory for what the copy may come to need.
    pub fn begin_copy_of(
        &mut self,
        original: &Self,
        memory: &mut Memory,
        account: &mut Account,
        kernel_root: FrameNumber,
    ) -> Result<(), Refused> {
        self.make_root(memory, account, kernel_root)?;
        let copied = self.regions.copy_from(&original.regions, |frames| {
            memory.pool.charge(account, frames).is_ok()
        });
        copied.map_err(|error| {
            self.free(memory, account);
            error.errno()
        })
    }

    /// Shares pages from `cursor` on with a copy, as many as may be at once.
    ///
    /// # Errors
    /// The copy has regions that this space has not had when it was begun: nothing that can be helped.
    pub fn share_piece(
        &mut self,
        memory: &mut Memory,
        copy: &Self,
        cursor: &mut Cursor,
    ) -> Result<Progress, Refused> {
        let mut budget = CLEAR_BUDGET;
        // Region by region: tables are mostly empty.
        while let Some(region) = copy.regions.at_or_after(cursor.next) {
            let mut part = Cursor::new(region.start.max(cursor.next), region.end);
            if region.kind == Kind::Shared {
                // What nobody has touched yet is to be the same page on both sides, too.
                part.end = part.end.min(part.next + SHARED_AT_ONCE * PAGE);
                self.populate(memory, part.next, part.end)?;
            }
            let is_private = region.kind.is_private();
            let progress = self.share_range(memory, copy, &mut part, is_private, &mut budget)?;
            cursor.next = part.next;
            if progress == Progress::More || part.end < region.end {
                self.forget_translations(memory);
                return Ok(Progress::More);
            }
            cursor.next = region.end;
        }
        // Pages that were writable are not any more.
        self.forget_translations(memory);
        Ok(Progress::Done)
    }

    /// Shares the pages of a part of a region with a copy.
    fn share_range(
        &self,
        memory: &mut Memory,
        copy: &Self,
        part: &mut Cursor,
        is_private: bool,
        budget: &mut u32,
    ) -> Result<Progress, Refused> {
        let mut shared = 0;
        let mut failed = None;
        let mut target = Target::new(copy.table());
        let edited = self
            .table()
            .edit(memory, part, budget, |memory, address, entry| {
                let both = if is_private {
                    entry.copy_on_write()
                } else {
                    entry
                };
                if memory.pool.share(entry.frame()).is_err() {
                    failed = Some(errno::ENOMEM);
                    return Edit::Stop;
                }
                if let Err(error) = target.put(memory, address, both) {
                    memory.release(entry.frame());
                    failed = Some(error);
                    return Edit::Stop;
                }
                shared += 1;
                if both == entry {
                    Edit::Keep
                } else {
                    Edit::Set(both)
                }
            });
        target.finish(memory);
        *budget = budget.saturating_sub(PAGE_COST * shared);
        match (failed, edited) {
            (Some(error), _) => Err(error),
            (None, Edited::Done) if *budget > 0 => Ok(Progress::Done),
            _ => Ok(Progress::More),
        }
    }

    /// Gives every page of a range that has none its frame.
    fn populate(&mut self, memory: &mut Memory, start: u64, end: u64) -> Result<(), Refused> {
        for page in (start..end).step_by(PAGE as usize) {
            if self.table().walk(memory, page).is_none() {
                let region = *self.regions.find(page).ok_or(errno::EFAULT)?;
                self.give_page(memory, page, &region)?;
            }
        }
        Ok(())
    }

    /// Takes everything away, as much as may be at once. No hart uses the space any more.
    pub fn free_piece(&mut self, memory: &mut Memory, account: &mut Account) -> Progress {
        if self.is_none() {
            return Progress::Done;
        }
        // Nobody will use its number again before every hart has forgotten everything: no need to tell them.
        self.generation = 0;
        let mut budget = CLEAR_BUDGET;
        for index in 0..self.regions.as_slice().len() {
            let Some(&region) = self.regions.as_slice().get(index) else {
                break;
            };
            if self.clear(memory, (region.start, region.end), &mut budget) == Progress::More {
                return Progress::More;
            }
        }
        memory.release(self.root);
        memory.pool.uncharge(account, self.regions.committed() + 1);
        self.root = FrameNumber(0);
        self.asid = 0;
        self.harts = 0;
        self.regions.clear();
        Progress::Done
    }

    /// The same, whole: for a space that has few pages yet.
    pub fn free(&mut self, memory: &mut Memory, account: &mut Account) {
        while self.free_piece(memory, account) == Progress::More {}
    }

    /// Lets no hart use a translation from before.
    fn forget_translations(&mut self, memory: &Memory) {
        if self.generation == 0 {
            return;
        }
        let here = 1 << memory.here;
        let others = self.harts & !here;
        if others != 0 {
            memory.fence_harts(others, self.asid);
        }
        if self.harts & here != 0 {
            csr::flush_asid(u64::from(self.asid));
        }
    }

    /// Lets this hart see a page that was just made accessible.
    pub fn forget_page(&self, address: u64) {
        csr::flush_page(address, u64::from(self.asid));
    }

    /// Lets a hart translate by this space.
    pub fn enter(&mut self, hart: &mut Hart, asids: &mut Asids) {
        if self.generation != asids.generation {
            (self.asid, self.generation) = asids.give();
            self.harts = 0;
        }
        self.harts |= 1 << hart.index;
        let satp = csr::SATP_SV39 | u64::from(self.asid) << 44 | self.root.0;
        let stale =
            hart.asid_generation != asids.generation || asids.most == 0 && hart.satp != satp;
        hart.use_space(satp);
        if stale {
            hart.asid_generation = asids.generation;
            csr::flush_all();
        }
    }
}

/// Where many pages are put into a tree, one after another: its table is looked for once, and told once how many there are.
struct Target {
    tree: PageTable,
    table: FrameNumber,
    /// What the table is for: addresses divided by the bytes that it covers.
    place: u64,
    added: u16,
}

impl Target {
    const fn new(tree: PageTable) -> Self {
        Self {
            tree,
            table: FrameNumber(0),
            place: u64::MAX,
            added: 0,
        }
    }

    /// Puts an entry where none is.
    #[inline]
    fn put(&mut self, memory: &mut Memory, address: u64, entry: Pte) -> Result<(), Refused> {
        if address / span(1) != self.place {
            self.move_to(memory, address)?;
        }
        memory.write(self.table, index(address, 0), entry.0);
        self.added += 1;
        Ok(())
    }

    #[inline(never)]
    fn move_to(&mut self, memory: &mut Memory, address: u64) -> Result<(), Refused> {
        self.finish(memory);
        let table = self.tree.leaf_table(memory, address);
        self.table = table.map_err(|error| error.errno())?;
        self.place = address / span(1);
        Ok(())
    }

    /// Tells the last table.
    fn finish(&mut self, memory: &mut Memory) {
        if self.added > 0 {
            memory.set_entries(self.table, memory.entries(self.table) + self.added);
            self.added = 0;
        }
    }
}

/// Copies what a file has at an offset into a frame of zeros; there may be less than a page.
fn fill_from_file(memory: &mut Memory, frame: FrameNumber, node: Node, offset: u64) {
    let mut bytes = [0; 512];
    let mut done = 0;
    while done < PAGE as usize {
        let (tree, pages) = memory.files();
        match tree.read(&pages, node, offset + done as u64, &mut bytes) {
            Ok(count @ 1..) => done += direct::write_bytes(frame, done, &bytes[..count]),
            // The end of the file, or a file that is gone: zeros.
            _ => return,
        }
    }
}

/// How many bits an address-space number has, by trying.
pub fn probe_asids() -> Asids {
    let satp = csr::satp();
    csr::set_satp(satp | 0xffff << 44);
    let most = csr::satp() >> 44 & 0xffff;
    csr::set_satp(satp);
    csr::flush_all();
    Asids::new(most as u16)
}
