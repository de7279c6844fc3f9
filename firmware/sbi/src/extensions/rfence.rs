//! Remote fences (SBI 2.0, chapter 8). A call returns when every hart it names has done the fence.

use core::hint::spin_loop;
use core::sync::atomic::Ordering;

use sbi_spec::binary::SbiRet;
use sbi_spec::hsm::hart_state::STOPPED;
use sbi_spec::rfnc::{REMOTE_FENCE_I, REMOTE_SFENCE_VMA, REMOTE_SFENCE_VMA_ASID};

use super::Call;
use crate::hart::{FenceKind, HARTS, Hart, HartSet};
use crate::{clint, trap};

const PAGE_BYTES: usize = 4096;
/// From this many pages on, flushing everything is cheaper than flushing page by page.
const MOST_PAGES: usize = 64;
/// Names all addresses.
pub const EVERYWHERE: usize = usize::MAX;

/// A fence on a range of virtual addresses.
#[derive(Clone, Copy, Debug)]
pub struct Fence {
    pub kind: FenceKind,
    pub start: usize,
    pub size: usize,
    pub asid: usize,
}

pub fn call(call: Call) -> SbiRet {
    let [mask, base, start, size, asid, _] = call.arguments;
    let kind = match call.function {
        REMOTE_FENCE_I => FenceKind::Instructions,
        REMOTE_SFENCE_VMA => FenceKind::AllSpaces,
        REMOTE_SFENCE_VMA_ASID => FenceKind::OneSpace,
        // The fences of the hypervisor extension, which these harts lack.
        _ => return SbiRet::not_supported(),
    };
    let Some(harts) = HartSet::from_mask(mask, base) else {
        return SbiRet::invalid_param();
    };
    if kind != FenceKind::Instructions && start.checked_add(size).is_none() && size != EVERYWHERE {
        return SbiRet::invalid_address();
    }
    let fence = Fence {
        kind,
        start,
        size,
        asid,
    };
    send(call.hart, harts, fence);
    SbiRet::success(0)
}

/// Has the harts do the fence, and waits until they have. A stopped hart needs none: it fences when it starts.
pub fn send(caller: &'static Hart, harts: HartSet, fence: Fence) {
    let others = harts.iter().filter(|hart| hart.id != caller.id);
    let awaited = others
        .filter(|hart| hart.state.load(Ordering::Acquire) != STOPPED)
        .fold(0, |set, hart| set | 1 << hart.id);
    let request = &caller.fence;
    request.kind.store(fence.kind as usize, Ordering::Relaxed);
    request.start.store(fence.start, Ordering::Relaxed);
    request.size.store(fence.size, Ordering::Relaxed);
    request.asid.store(fence.asid, Ordering::Relaxed);
    request.unanswered.store(awaited, Ordering::Release);
    for hart in HartSet::existing(awaited).iter() {
        hart.mailbox.fetch_or(1 << caller.id, Ordering::AcqRel);
        clint::set_software_interrupt(hart.id, true);
    }
    if harts.iter().any(|hart| hart.id == caller.id) {
        fence.perform();
    }
    while request.unanswered.load(Ordering::Acquire) != 0 {
        // The awaited hart may itself wait for this one.
        trap::read_mail(caller);
        spin_loop();
    }
}

/// Does the fences that some harts, a bit each, ask this one for.
pub fn answer(hart: &Hart, callers: usize) {
    for caller in HARTS.iter().filter(|caller| callers & 1 << caller.id != 0) {
        let request = &caller.fence;
        let instructions = FenceKind::Instructions as usize;
        let all = FenceKind::AllSpaces as usize;
        let fence = Fence {
            kind: match request.kind.load(Ordering::Relaxed) {
                kind if kind == instructions => FenceKind::Instructions,
                kind if kind == all => FenceKind::AllSpaces,
                _ => FenceKind::OneSpace,
            },
            start: request.start.load(Ordering::Relaxed),
            size: request.size.load(Ordering::Relaxed),
            asid: request.asid.load(Ordering::Relaxed),
        };
        fence.perform();
        request
            .unanswered
            .fetch_and(!(1 << hart.id), Ordering::AcqRel);
    }
}

impl Fence {
    /// Does it on this hart.
    fn perform(self) {
        // A size of 0 at address 0 means everything (SBI 2.0, 8.2).
        let everything = self.size == EVERYWHERE || self.start == 0 && self.size == 0;
        let pages = self.size.div_ceil(PAGE_BYTES) + 1;
        let flush_all = everything || pages > MOST_PAGES;
        let first = self.start & !(PAGE_BYTES - 1);
        let end = self.start.saturating_add(self.size);
        let addresses = (first..end).step_by(PAGE_BYTES);
        // SAFETY: fences change no state that a program sees but through its own page tables and stores.
        unsafe {
            use core::arch::asm;
            match self.kind {
                FenceKind::Instructions => asm!("fence.i"),
                FenceKind::AllSpaces if flush_all => asm!("sfence.vma"),
                FenceKind::OneSpace if flush_all => asm!("sfence.vma zero, {}", in(reg) self.asid),
                FenceKind::AllSpaces => addresses.for_each(|at| asm!("sfence.vma {}", in(reg) at)),
                FenceKind::OneSpace => addresses
                    .for_each(|at| asm!("sfence.vma {}, {}", in(reg) at, in(reg) self.asid)),
            }
        }
    }
}
