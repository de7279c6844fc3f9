//! From virtual to physical addresses: [`walk`] (pure), [`tlb`] (state), [`pmp`] (rights of
//! physical addresses), and here the way a hart goes through all three.

pub mod pmp;
pub mod tlb;
pub mod walk;

use memory::{Bus, PAGE_SIZE, Width};

use crate::{Hart, Privilege, Slot, Trap, envcfg, status};
use pmp::{PageVerdict, Pmp};
use tlb::{ContextKind, Hit};
use walk::{Leaf, PteMemory, Scheme, WalkFault, WalkRules};

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Access {
    /// Reads data.
    Load = 0,
    /// Writes data (or reads and writes it atomically).
    Store = 1,
    /// Fetches an instruction.
    Fetch = 2,
}

/// What fetches and data accesses are made as, derived from privilege, `mstatus` and `satp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Contexts {
    /// Context of fetches, in its place in a TLB tag.
    pub fetch: u64,
    /// Context of loads and stores, in its place in a TLB tag.
    pub data: u64,
    /// Privilege of loads and stores (differs from the hart's under MPRV).
    pub data_privilege: Privilege,
}

/// Page-table entries as a hart's walk reads them: in RAM, where PMP lets S-mode.
struct CheckedPtes<'a> {
    bus: &'a mut Bus,
    pmp: &'a Pmp,
}

impl PteMemory for CheckedPtes<'_> {
    fn read(&mut self, address: u64) -> Result<u64, WalkFault> {
        if !self
            .pmp
            .allows(address, 8, Access::Load, Privilege::Supervisor)
        {
            return Err(WalkFault::Access);
        }
        self.bus.ram.load_u64(address).ok_or(WalkFault::Access)
    }

    fn write(&mut self, address: u64, entry: u64) -> Result<(), WalkFault> {
        let allowed = self
            .pmp
            .allows(address, 8, Access::Store, Privilege::Supervisor);
        if allowed && self.bus.ram.store(address, Width::Double, entry) {
            Ok(())
        } else {
            Err(WalkFault::Access)
        }
    }
}

/// Page-table entries as a debugger reads them: changing nothing.
struct PeekedPtes<'a>(&'a Bus);

impl PteMemory for PeekedPtes<'_> {
    fn read(&mut self, address: u64) -> Result<u64, WalkFault> {
        self.0.ram.load_u64(address).ok_or(WalkFault::Access)
    }

    fn write(&mut self, _address: u64, _entry: u64) -> Result<(), WalkFault> {
        Ok(())
    }
}

impl Hart {
    /// The paged scheme that `satp` selects, or `None` when translation is off.
    #[must_use]
    pub fn scheme(&self) -> Option<Scheme> {
        Scheme::from_mode(self[Slot::Satp] >> 60)
    }

    fn asid(&self) -> u16 {
        (self[Slot::Satp] >> 44) as u16
    }

    fn context_kind(&self, privilege: Privilege, sum: bool) -> ContextKind {
        match privilege {
            Privilege::Machine => ContextKind::Machine,
            _ if self.scheme().is_none() => ContextKind::Bare,
            Privilege::User => ContextKind::User,
            Privilege::Supervisor if sum => ContextKind::SupervisorSum,
            Privilege::Supervisor => ContextKind::Supervisor,
        }
    }

    /// Derives the contexts again; called whenever privilege, `mstatus` or `satp` changes and after
    /// a flush.
    pub fn refresh_contexts(&mut self) {
        let mstatus = self[Slot::Mstatus];
        let data_privilege = if mstatus & status::MPRV != 0 {
            Privilege::from_bits(mstatus >> status::MPP_SHIFT)
        } else {
            self.privilege
        };
        let data_kind = self.context_kind(data_privilege, mstatus & status::SUM != 0);
        let fetch_kind = self.context_kind(self.privilege, false);
        let asid = self.asid();
        self.contexts = Contexts {
            fetch: self.tlb.context(fetch_kind, asid),
            data: self.tlb.context(data_kind, asid),
            data_privilege,
        };
    }

    fn walk_rules(&self, scheme: Scheme, privilege: Privilege) -> WalkRules {
        let mstatus = self[Slot::Mstatus];
        let envcfg = self[Slot::Menvcfg];
        WalkRules {
            scheme,
            root: self[Slot::Satp] & ((1 << 44) - 1),
            user: privilege == Privilege::User,
            sum: mstatus & status::SUM != 0,
            mxr: mstatus & status::MXR != 0,
            update_ad: envcfg & envcfg::ADUE != 0,
            pbmt: envcfg & envcfg::PBMTE != 0,
            napot: self.isa().has(isa::Extension::Svnapot),
        }
    }

    /// Translates `address` (of an access of `bytes` bytes that stays within one page) for a
    /// load, store or fetch as the hart makes it now; a miss walks and fills the TLB.
    ///
    /// # Errors
    /// The page or access fault, with `tval` set to `address`.
    #[inline]
    pub fn translate(
        &mut self,
        bus: &mut Bus,
        address: u64,
        bytes: u64,
        access: Access,
    ) -> Result<u64, Trap> {
        self.translate_hit(bus, address, bytes, access)
            .map(|hit| hit.physical)
    }

    /// As [`Hart::translate`], with what the TLB says.
    #[inline]
    pub(crate) fn translate_hit(
        &mut self,
        bus: &mut Bus,
        address: u64,
        bytes: u64,
        access: Access,
    ) -> Result<Hit, Trap> {
        let context = match access {
            Access::Fetch => self.contexts.fetch,
            _ => self.contexts.data,
        };
        let hit = match self.tlb.lookup(access, address, context) {
            Some(hit) => hit,
            None => self.walk_and_fill(bus, address, access, context)?,
        };
        if hit.split
            && !self
                .pmp
                .allows(hit.physical, bytes, access, self.access_privilege(access))
        {
            return Err(Trap::access_fault(access, address));
        }
        Ok(hit)
    }

    fn access_privilege(&self, access: Access) -> Privilege {
        match access {
            Access::Fetch => self.privilege,
            _ => self.contexts.data_privilege,
        }
    }

    #[inline(never)]
    fn walk_and_fill(
        &mut self,
        bus: &mut Bus,
        address: u64,
        access: Access,
        context: u64,
    ) -> Result<Hit, Trap> {
        let privilege = self.access_privilege(access);
        let (physical, large) = match self.scheme() {
            Some(scheme) if privilege != Privilege::Machine => {
                let rules = self.walk_rules(scheme, privilege);
                let mut ptes = CheckedPtes {
                    bus,
                    pmp: &self.pmp,
                };
                let leaf = walk::walk(&rules, address, access, &mut ptes)
                    .map_err(|fault| Trap::walk_fault(fault, access, address))?;
                (leaf.physical, leaf.large.then_some(leaf.level.max(1)))
            }
            _ => (address, None),
        };
        if physical >> 56 != 0 {
            return Err(Trap::access_fault(access, address));
        }
        let page = physical & !(PAGE_SIZE - 1);
        let split = match self.pmp.page(page, access, privilege) {
            PageVerdict::Denied => return Err(Trap::access_fault(access, address)),
            verdict => verdict == PageVerdict::Split,
        };
        let hit = Hit { physical, split };
        self.tlb.fill(access, address, context, hit, large);
        Ok(hit)
    }

    /// Whether PMP splits the page that `address` is fetched from, so that the halves of an
    /// instruction must be checked apart.
    #[must_use]
    pub fn tlb_splits_fetch(&self, address: u64) -> bool {
        let hit = self.tlb.lookup(Access::Fetch, address, self.contexts.fetch);
        hit.is_some_and(|hit| hit.split)
    }

    /// Gives loads and stores of the page that holds `address` their shortcut, if the page
    /// deserves one. `hit` is what the TLB has for it.
    #[inline]
    pub(crate) fn fill_fast_data(&mut self, bus: &mut Bus, address: u64, hit: Hit, access: Access) {
        if hit.split {
            return;
        }
        let host = match access {
            Access::Load => bus.ram.fast_load_page(hit.physical).map(|p| p as u64),
            Access::Store => bus.ram.fast_store_page(hit.physical).map(|p| p as u64),
            Access::Fetch => None,
        };
        if let Some(host) = host {
            let context = self.contexts.data;
            let addend = host.wrapping_sub(address & !(PAGE_SIZE - 1));
            self.tlb.fill_fast(access, address, context, addend);
        }
    }

    /// Translates as a debugger does: changes no TLB, no A or D bit, and ignores PMP.
    ///
    /// # Errors
    /// When the tables do not map the address for this access.
    pub fn peek_translation(
        &self,
        bus: &Bus,
        address: u64,
        access: Access,
        privilege: Privilege,
    ) -> Result<Leaf, WalkFault> {
        match self.scheme() {
            Some(scheme) if privilege != Privilege::Machine => {
                let mut rules = self.walk_rules(scheme, privilege);
                rules.update_ad = true; // a clear bit is no obstacle to looking
                walk::walk(&rules, address, access, &mut PeekedPtes(bus))
            }
            _ => Ok(Leaf {
                physical: address,
                level: 0,
                entry: walk::Pte(0),
                large: false,
            }),
        }
    }

    /// Where an address leads in the address space of `satp`, whatever rights a page has and whoever may use it: as a
    /// debugger looks. Changes nothing.
    ///
    /// # Errors
    /// When the tables do not map the address.
    pub fn look_up_in(&self, bus: &Bus, satp: u64, address: u64) -> Result<Leaf, WalkFault> {
        let Some(scheme) = Scheme::from_mode(satp >> 60) else {
            return Ok(Leaf {
                physical: address,
                level: 0,
                entry: walk::Pte(0),
                large: false,
            });
        };
        let rules = WalkRules {
            root: satp & ((1 << 44) - 1),
            sum: true,
            mxr: true,
            update_ad: true,
            ..self.walk_rules(scheme, Privilege::Supervisor)
        };
        walk::walk(&rules, address, Access::Load, &mut PeekedPtes(bus))
    }

    /// `sfence.vma` with the operands as given: `None` for `x0`.
    pub fn fence_translations(&mut self, address: Option<u64>, asid: Option<u16>) {
        match (address, asid) {
            (Some(address), _) => self.tlb.flush_address(address),
            (None, Some(asid)) => self.tlb.flush_space(asid),
            (None, None) => self.tlb.flush_spaces(),
        }
        self.refresh_contexts();
    }
}
