//! The calls of SBI 0.1 (SBI 2.0, chapter 5), which kernels of courses use. They give `a0` only.

use sbi_spec::binary::SbiRet;
use sbi_spec::legacy::{
    LEGACY_CLEAR_IPI, LEGACY_CONSOLE_GETCHAR, LEGACY_CONSOLE_PUTCHAR, LEGACY_REMOTE_FENCE_I,
    LEGACY_REMOTE_SFENCE_VMA, LEGACY_REMOTE_SFENCE_VMA_ASID, LEGACY_SEND_IPI, LEGACY_SET_TIMER,
    LEGACY_SHUTDOWN,
};

use super::rfence::{self, EVERYWHERE, Fence};
use super::{Call, interprocessor, timer};
use crate::csr::{self, interrupt, mstatus};
use crate::finisher::{self, End};
use crate::hart::{FenceKind, HartSet};
use crate::{console, trap};

/// Whether a number is that of a legacy call.
pub fn is_known(extension: usize) -> bool {
    extension <= LEGACY_SHUTDOWN
}

/// What the call puts into `a0`.
pub fn call(number: usize, call: Call) -> usize {
    let [a0, a1, a2, a3, ..] = call.arguments;
    match number {
        LEGACY_SET_TIMER => timer::set(call.hart, a0 as u64),
        LEGACY_CONSOLE_PUTCHAR => console::lock().send(a0 as u8),
        LEGACY_CONSOLE_GETCHAR => {
            // -1 when nothing was received.
            return console::lock().receive().map_or(usize::MAX, usize::from);
        }
        LEGACY_CLEAR_IPI => csr::clear!("mip", interrupt::SSI),
        LEGACY_SHUTDOWN if finisher::exists() => finisher::end(End::PowerOff),
        LEGACY_SHUTDOWN => return SbiRet::failed().error,
        LEGACY_SEND_IPI => match harts(a0) {
            Some(harts) => interprocessor::send(harts),
            // `a0` as it was: the call did not happen.
            None => return a0,
        },
        _ => match harts(a0) {
            Some(harts) => rfence::send(call.hart, harts, fence(number, [a1, a2, a3])),
            None => return a0,
        },
    }
    0
}

fn fence(number: usize, [start, size, asid]: [usize; 3]) -> Fence {
    let kind = match number {
        LEGACY_REMOTE_FENCE_I => FenceKind::Instructions,
        LEGACY_REMOTE_SFENCE_VMA => FenceKind::AllSpaces,
        LEGACY_REMOTE_SFENCE_VMA_ASID => FenceKind::OneSpace,
        other => unreachable!("legacy call {other}"),
    };
    let reaches_end = start.checked_add(size).is_none();
    Fence {
        kind,
        start,
        size: if reaches_end { EVERYWHERE } else { size },
        asid,
    }
}

/// The harts of the mask at a virtual address of the caller; all harts for address 0. A page fault there becomes the
/// caller's own, at the call.
fn harts(address: usize) -> Option<HartSet> {
    if address == 0 {
        return Some(HartSet::all());
    }
    let mut mask = address;
    let read = csr::guarded!(
        concat!(
            "li {executed}, ",
            "(1 << 17) | (1 << 19)\n", // MPRV, MXR
            "csrs mstatus, {executed}\n",
            "ld {value}, 0({value})\n",
            "csrc mstatus, {executed}"
        ),
        mask
    );
    const _: () = assert!(mstatus::MPRV | mstatus::MXR == 1 << 17 | 1 << 19);
    if read {
        return Some(HartSet::existing(mask));
    }
    let call = csr::read!("mepc") - 4;
    trap::redirect(csr::read!("mcause"), csr::read!("mtval"), call);
    None
}
