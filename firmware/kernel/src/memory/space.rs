//! Address spaces: what a process sees of memory, promised page by page and given when first touched.

use abi::errno;
use kernel_core::frame::{Account, FrameNumber};
use kernel_core::page_table::{
    Cleared, Cursor, Flags, Found, Leaf, PageTable, Permissions, tables_needed,
};

use super::{Memory, direct, kernel_space};
use crate::arch::csr;
use crate::fault::Access;
use crate::hart::Hart;
use crate::layout::PAGE;

/// The most regions that an address space has.
const REGIONS: usize = 16;
/// Entries that are looked at in one go.
const SCAN_BUDGET: u32 = 4096;

/// A part of an address space: private memory with one set of permissions.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Region {
    /// First address, a page's.
    pub start: u64,
    /// First address behind it, a page's.
    pub end: u64,
    /// What the process may do there.
    pub permissions: Permissions,
}

impl Region {
    /// Frames that the region may come to need: its pages, and the tables that map them.
    fn frames(&self) -> u64 {
        (self.end - self.start) / PAGE + tables_needed(self.start, self.end)
    }
}

/// An address space. Without a root it is that of no process.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Space {
    root: FrameNumber,
    asid: u16,
    /// In which generation of numbers `asid` was given.
    generation: u64,
    /// Harts (a bit each) that may still know translations under `asid`.
    harts: u64,
    regions: [Region; REGIONS],
    region_count: usize,
    /// Frames charged for it.
    charged: u64,
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
        memory
            .pool
            .charge(account, 1)
            .map_err(|error| error.errno())?;
        let root = memory.take_zeroed().ok_or(errno::ENOMEM)?;
        kernel_space::copy_upper_half(kernel_root, root);
        Ok(Self {
            root,
            charged: 1,
            ..Self::default()
        })
    }

    fn table(&self) -> PageTable {
        PageTable::new(self.root)
    }

    /// Promises memory: `start..end` are pages' addresses.
    ///
    /// # Errors
    /// There is too little, too many regions, or something is there already.
    pub fn add_region(
        &mut self,
        memory: &mut Memory,
        account: &mut Account,
        region: Region,
    ) -> Result<(), Refused> {
        let overlaps = |other: &Region| region.start < other.end && other.start < region.end;
        if region.start >= region.end || region.permissions.breaks_write_xor_execute() {
            return Err(errno::EINVAL);
        }
        if self.regions().iter().any(overlaps) {
            return Err(errno::EEXIST);
        }
        if self.region_count == REGIONS {
            return Err(errno::ENOMEM);
        }
        let frames = region.frames();
        memory
            .pool
            .charge(account, frames)
            .map_err(|error| error.errno())?;
        self.charged += frames;
        self.regions[self.region_count] = region;
        self.region_count += 1;
        Ok(())
    }

    /// Its regions.
    pub fn regions(&self) -> &[Region] {
        &self.regions[..self.region_count]
    }

    /// Sees to it that an access can be made, as the process itself would make it: memory that was never touched gets a
    /// frame of zeros, a page that is shared until written gets a frame of its own. Gives the frame.
    ///
    /// # Errors
    /// [`errno::EFAULT`]: the process may not make that access.
    pub fn resolve(
        &mut self,
        memory: &mut Memory,
        address: u64,
        access: Access,
    ) -> Result<FrameNumber, Refused> {
        let region = *self
            .regions()
            .iter()
            .find(|region| (region.start..region.end).contains(&address))
            .ok_or(errno::EFAULT)?;
        if !region.permissions.contains(access.permission()) {
            return Err(errno::EFAULT);
        }
        let page = address & !(PAGE - 1);
        let table = self.table();
        match table.walk(memory, page) {
            None => {
                let frame = memory.take_zeroed().ok_or(errno::ENOMEM)?;
                let flags = Flags::user(region.permissions);
                table
                    .map(memory, page, frame, 0, flags)
                    .map_err(|error| error.errno())?;
                Ok(frame)
            }
            Some(leaf)
                if access == Access::Write && leaf.entry.flags().contains(Flags::COPY_ON_WRITE) =>
            {
                self.own_page(memory, leaf, region.permissions)
            }
            Some(leaf) => Ok(leaf.entry.frame()),
        }
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
            self.forget_translations();
            memory.release(shared);
        }
        Ok(frame)
    }

    /// Makes a copy that shares every page until one side writes to it.
    ///
    /// # Errors
    /// There is too little memory for what the copy may come to need.
    pub fn duplicate(
        &mut self,
        memory: &mut Memory,
        account: &mut Account,
        kernel_root: FrameNumber,
    ) -> Result<Self, Refused> {
        let mut copy = Self::new(memory, account, kernel_root)?;
        let shared = self.share_pages(memory, account, &mut copy);
        // Pages that were writable are not any more.
        self.forget_translations();
        match shared {
            Ok(()) => Ok(copy),
            Err(refused) => {
                copy.free(memory, account);
                Err(refused)
            }
        }
    }

    fn share_pages(
        &mut self,
        memory: &mut Memory,
        account: &mut Account,
        copy: &mut Self,
    ) -> Result<(), Refused> {
        for index in 0..self.region_count {
            let region = self.regions[index];
            copy.add_region(memory, account, region)?;
            let mut cursor = Cursor::new(region.start, region.end);
            loop {
                let mut budget = SCAN_BUDGET;
                match self.table().scan(memory, &mut cursor, &mut budget) {
                    Found::Page(leaf) => self.share_page(memory, leaf, copy)?,
                    Found::Paused => {}
                    Found::Done => break,
                }
            }
        }
        Ok(())
    }

    fn share_page(&mut self, memory: &mut Memory, leaf: Leaf, copy: &Self) -> Result<(), Refused> {
        let frame = leaf.entry.frame();
        let flags = leaf.entry.flags().copy_on_write();
        memory.pool.share(frame).map_err(|_| errno::ENOMEM)?;
        let mapped = copy.table().map(memory, leaf.address, frame, 0, flags);
        mapped.map_err(|error| error.errno())?;
        let replaced = self.table().replace(memory, leaf, frame, flags);
        replaced.map(|_| ()).map_err(|error| error.errno())
    }

    /// Gives everything back. No hart may use the space any more.
    pub fn free(self, memory: &mut Memory, account: &mut Account) {
        for region in self.regions() {
            let mut cursor = Cursor::new(region.start, region.end);
            loop {
                let mut budget = SCAN_BUDGET;
                match self.table().clear(memory, &mut cursor, &mut budget) {
                    Cleared::Page(unmapped) => {
                        memory.release(unmapped.leaf.entry.frame());
                        for table in unmapped.tables.into_iter().flatten() {
                            memory.release(table);
                        }
                    }
                    Cleared::Paused => {}
                    Cleared::Done => break,
                }
            }
        }
        memory.release(self.root);
        memory.pool.uncharge(account, self.charged);
    }

    /// Lets no hart use a translation from before. Where others than the one at work may know some, the space gets another
    /// number: cheaper than interrupting them, and theirs are forgotten before the old number is given out again.
    fn forget_translations(&mut self) {
        if self.generation == 0 {
            return;
        }
        if self.harts.count_ones() > 1 {
            self.generation = 0;
        } else {
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

/// How many bits an address-space number has, by trying.
pub fn probe_asids() -> Asids {
    let satp = csr::satp();
    csr::set_satp(satp | 0xffff << 44);
    let most = csr::satp() >> 44 & 0xffff;
    csr::set_satp(satp);
    csr::flush_all();
    Asids::new(most as u16)
}
