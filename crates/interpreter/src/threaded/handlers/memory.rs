//! Loads and stores: the shortcut inline, everything else out of line.

use hart::Hart;
use hart::mmu::tlb;
use isa::Opcode;
use memory::{PAGE_SIZE, Width};

use super::super::host;
use super::super::op::{Cursor, Handler};
use super::super::run::{self, Exit, Frame};
use super::next_or_new_run;
use super::unit::{Unit, single};
use crate::plain::Step;

/// How a loaded value becomes a register's.
pub(super) const SIGNED: u8 = 0;
pub(super) const UNSIGNED: u8 = 1;
pub(super) const FLOAT: u8 = 2;

#[inline(always)]
const fn extend<const KIND: u8, const BYTES: usize>(value: u64) -> u64 {
    let unused = 64 - 8 * BYTES as u32;
    match KIND {
        SIGNED => ((value << unused) as i64 >> unused) as u64,
        UNSIGNED => value,
        _ if unused == 0 => value,
        _ => value | u64::MAX << (64 - unused), // NaN-boxed
    }
}

/// The tag that a shortcut must have for an aligned access of `BYTES` bytes.
#[inline(always)]
const fn wanted_tag<const BYTES: usize>(address: u64, context: u64) -> u64 {
    address & (!(PAGE_SIZE - 1) | (BYTES as u64 - 1)) | context
}

#[inline(always)]
const fn width<const BYTES: usize>() -> Width {
    match BYTES {
        1 => Width::Byte,
        2 => Width::Half,
        4 => Width::Word,
        _ => Width::Double,
    }
}

#[inline(always)]
fn address(hart: &Hart, at: Cursor) -> u64 {
    let op = at.op();
    op.b.read(hart).wrapping_add(op.imm as i64 as u64)
}

/// A load.
pub(super) struct Load<const KIND: u8, const BYTES: usize, const HALVES: usize>;

impl<const KIND: u8, const BYTES: usize, const HALVES: usize> Unit for Load<KIND, BYTES, HALVES> {
    const HALVES: usize = HALVES;

    #[inline(always)]
    fn attempt(hart: &mut Hart, _: &Frame<'_>, at: Cursor) -> bool {
        let address = address(hart, at);
        let shortcut = &hart.tlb.fast_load[tlb::index(address)];
        let usable = shortcut.tag == wanted_tag::<BYTES>(address, hart.contexts.data);
        if !usable || KIND == FLOAT && !hart.float_ready {
            return false;
        }
        // SAFETY: the tag matched, so the shortcut leads to the host's page of this address, and the
        // access is aligned within it.
        let value = unsafe { host::load::<BYTES>(address.wrapping_add(shortcut.addend)) };
        let value = extend::<KIND, BYTES>(value);
        if KIND == FLOAT {
            hart.f[at.op().a.float()] = value;
        } else {
            at.op().a.write(hart, value);
        }
        true
    }

    #[inline(always)]
    fn slow(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
        load_slow::<KIND, BYTES, HALVES>(hart, frame, at, left);
    }
}

#[inline(never)]
fn load_slow<const KIND: u8, const BYTES: usize, const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let before = left + i64::from(at.op().left);
    if KIND == FLOAT && !hart.float_ready {
        return leave_to_plain(hart, frame, at, before);
    }
    let address = address(hart, at);
    frame.sync(hart, before);
    match load(hart, frame, address, width::<BYTES>()) {
        Some(value) if KIND == FLOAT => hart.f[at.op().a.float()] = extend::<KIND, BYTES>(value),
        Some(value) => at.op().a.write(hart, extend::<KIND, BYTES>(value)),
        None => return trapped(hart, frame, at, before),
    }
    after_slow::<HALVES>(hart, frame, at, left);
}

/// A store.
pub(super) struct Store<const KIND: u8, const BYTES: usize, const HALVES: usize>;

impl<const KIND: u8, const BYTES: usize, const HALVES: usize> Unit for Store<KIND, BYTES, HALVES> {
    const HALVES: usize = HALVES;

    #[inline(always)]
    fn attempt(hart: &mut Hart, _: &Frame<'_>, at: Cursor) -> bool {
        let address = address(hart, at);
        let shortcut = &hart.tlb.fast_store[tlb::index(address)];
        let usable = shortcut.tag == wanted_tag::<BYTES>(address, hart.contexts.data);
        if !usable || KIND == FLOAT && !hart.float_ready {
            return false;
        }
        let value = stored_value::<KIND>(hart, at);
        // SAFETY: the tag matched, so the shortcut leads to the host's page of this address, which is
        // plain, and the access is aligned within it.
        unsafe { host::store::<BYTES>(address.wrapping_add(shortcut.addend), value) };
        true
    }

    #[inline(always)]
    fn slow(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
        store_slow::<KIND, BYTES, HALVES>(hart, frame, at, left);
    }
}

#[inline(always)]
fn stored_value<const KIND: u8>(hart: &Hart, at: Cursor) -> u64 {
    if KIND == FLOAT {
        hart.f[at.op().a.float()]
    } else {
        at.op().a.read(hart)
    }
}

#[inline(never)]
fn store_slow<const KIND: u8, const BYTES: usize, const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let before = left + i64::from(at.op().left);
    if KIND == FLOAT && !hart.float_ready {
        return leave_to_plain(hart, frame, at, before);
    }
    let address = address(hart, at);
    let value = stored_value::<KIND>(hart, at);
    frame.sync(hart, before);
    if !store(hart, frame, address, width::<BYTES>(), value) {
        return trapped(hart, frame, at, before);
    }
    after_slow::<HALVES>(hart, frame, at, left);
}

/// A load by the reference engine.
#[inline(never)]
fn load(hart: &mut Hart, frame: &mut Frame<'_>, address: u64, width: Width) -> Option<u64> {
    let result = hart.load(frame.bus, address, width);
    frame.put_trap_by(result)
}

/// A store by the reference engine; whether it did not trap.
#[inline(never)]
fn store(hart: &mut Hart, frame: &mut Frame<'_>, address: u64, width: Width, value: u64) -> bool {
    let result = hart.store(frame.bus, address, width, value);
    frame.put_trap_by(result).is_some()
}

fn trapped(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, before: i64) {
    let pc = frame.pc(at);
    run::trap(hart, frame, pc, before);
}

/// FS is not dirty yet: the plain engine sees to it, or traps.
fn leave_to_plain(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, before: i64) {
    let pc = frame.pc(at);
    frame.leave(hart, pc, before, Exit::Plain);
}

/// A device may have changed what comes next: then the stretch ends behind this instruction.
fn after_slow<const HALVES: usize>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    if !frame.must_stop() {
        return next_or_new_run::<HALVES>(hart, frame, at, left);
    }
    let pc = frame.pc(at).wrapping_add(2 * HALVES as u64);
    let left = left + i64::from(at.op().left) - 1;
    let step = if frame.bus.needs_attention() {
        Step::Sync
    } else {
        Step::Next
    };
    frame.leave(hart, pc, left, Exit::Step(step));
}

macro_rules! pick {
    ($len:expr, $unit:ident, $kind:expr, $bytes:expr) => {
        Some(if $len == 2 {
            single::<$unit<{ $kind }, { $bytes }, 1>> as Handler
        } else {
            single::<$unit<{ $kind }, { $bytes }, 2>> as Handler
        })
    };
}

/// The handler of a load, if `op` is one.
pub(in super::super) fn load_handler(op: Opcode, len: u8) -> Option<Handler> {
    match op {
        Opcode::Lb => pick!(len, Load, SIGNED, 1),
        Opcode::Lh => pick!(len, Load, SIGNED, 2),
        Opcode::Lw => pick!(len, Load, SIGNED, 4),
        Opcode::Ld => pick!(len, Load, SIGNED, 8),
        Opcode::Lbu => pick!(len, Load, UNSIGNED, 1),
        Opcode::Lhu => pick!(len, Load, UNSIGNED, 2),
        Opcode::Lwu => pick!(len, Load, UNSIGNED, 4),
        _ => None,
    }
}

/// The handler of a store, if `op` is one.
pub(in super::super) fn store_handler(op: Opcode, len: u8) -> Option<Handler> {
    match op {
        Opcode::Sb => pick!(len, Store, SIGNED, 1),
        Opcode::Sh => pick!(len, Store, SIGNED, 2),
        Opcode::Sw => pick!(len, Store, SIGNED, 4),
        Opcode::Sd => pick!(len, Store, SIGNED, 8),
        _ => None,
    }
}

/// The handler of a floating-point load or store, if `op` is one.
pub(in super::super) fn float_access(op: Opcode, len: u8) -> Option<Handler> {
    match op {
        Opcode::Flw => pick!(len, Load, FLOAT, 4),
        Opcode::Fld => pick!(len, Load, FLOAT, 8),
        Opcode::Fsw => pick!(len, Store, FLOAT, 4),
        Opcode::Fsd => pick!(len, Store, FLOAT, 8),
        _ => None,
    }
}
