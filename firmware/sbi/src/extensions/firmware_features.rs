//! Firmware features (SBI 3.0, chapter 18): what S-mode has the firmware switch for this hart.

use core::sync::atomic::Ordering;

use sbi_spec::binary::SbiRet;
use sbi_spec::fwft::feature_type::{
    DOUBLE_TRAP, LANDING_PAD, MISALIGNED_EXC_DELEG, POINTER_MASKING_PMLEN, PTE_AD_HW_UPDATING,
    SHADOW_STACK,
};
use sbi_spec::fwft::{GET, SET};

use super::Call;
use crate::csr::{self, menvcfg};
use crate::hart::Hart;

/// Flag of a call: the feature can not be changed any more until the hart is reset.
const LOCK: usize = 1;
/// Exceptions of misaligned loads, and of misaligned stores and atomics.
const MISALIGNED: usize = 1 << 4 | 1 << 6;
/// PMM of `menvcfg` for the numbers of bits it can mask.
const MASK_NONE: usize = 0;
const MASK_7: usize = 2 << 32;
const MASK_16: usize = 3 << 32;

pub fn call(call: Call) -> SbiRet {
    // A feature's number is 32 bits wide.
    let feature = call.arguments[0] as u32 as usize;
    match call.function {
        SET => set(call.hart, feature, call.arguments[1], call.arguments[2]),
        GET => get(feature).map_or_else(|error| error, SbiRet::success),
        _ => SbiRet::not_supported(),
    }
}

fn get(feature: usize) -> Result<usize, SbiRet> {
    let flag = |mask| Ok(usize::from(environment(mask)? & mask != 0));
    match feature {
        MISALIGNED_EXC_DELEG => Ok(usize::from(csr::read!("medeleg") & MISALIGNED != 0)),
        POINTER_MASKING_PMLEN => Ok(match environment(menvcfg::PMM)? & menvcfg::PMM {
            MASK_7 => 7,
            MASK_16 => 16,
            _ => 0,
        }),
        other => flag(bit_of(other)?),
    }
}

fn set(hart: &Hart, feature: usize, value: usize, flags: usize) -> SbiRet {
    let now = match get(feature) {
        Ok(now) => now,
        Err(error) => return error,
    };
    if flags & !LOCK != 0 {
        return SbiRet::invalid_param();
    }
    let locked = hart.locked_features.load(Ordering::Relaxed);
    if locked & 1 << feature != 0 {
        return SbiRet::denied_locked();
    }
    if let Err(error) = change(feature, value, now) {
        return error;
    }
    if flags & LOCK != 0 {
        hart.locked_features
            .store(locked | 1 << feature, Ordering::Relaxed);
    }
    SbiRet::success(0)
}

fn change(feature: usize, value: usize, now: usize) -> Result<(), SbiRet> {
    if feature == POINTER_MASKING_PMLEN {
        let field = match value {
            0 => MASK_NONE,
            7 => MASK_7,
            16 => MASK_16,
            _ => return Err(SbiRet::invalid_param()),
        };
        return switch(menvcfg::PMM, field);
    }
    if value > 1 {
        return Err(SbiRet::invalid_param());
    }
    if value == now {
        return Ok(());
    }
    if feature == MISALIGNED_EXC_DELEG {
        let others = csr::read!("medeleg") & !MISALIGNED;
        csr::write!("medeleg", others | (MISALIGNED * value));
        return Ok(());
    }
    let bit = bit_of(feature)?;
    switch(bit, bit * value)
}

/// The bit of `menvcfg` that a feature is.
fn bit_of(feature: usize) -> Result<usize, SbiRet> {
    /// The first number that is not standard and local.
    const PLATFORM: usize = 0x4000_0000;
    match feature {
        LANDING_PAD => Ok(menvcfg::LPE),
        SHADOW_STACK => Ok(menvcfg::SSE),
        DOUBLE_TRAP => Ok(menvcfg::DTE),
        PTE_AD_HW_UPDATING => Ok(menvcfg::ADUE),
        other if other & PLATFORM != 0 => Err(SbiRet::not_supported()),
        _ => Err(SbiRet::denied()),
    }
}

/// `menvcfg`, if a hart has some bit of it: whether the field keeps what is written into it says so.
fn environment(field: usize) -> Result<usize, SbiRet> {
    let before = csr::try_read!("0x30a").ok_or(SbiRet::not_supported())?;
    if before & field != 0 {
        return Ok(before);
    }
    let with = csr::try_write!("0x30a", before | field).unwrap_or(before);
    let _ = csr::try_write!("0x30a", before);
    if with & field == 0 {
        return Err(SbiRet::not_supported());
    }
    Ok(before)
}

fn switch(field: usize, value: usize) -> Result<(), SbiRet> {
    let before = environment(field)?;
    let wanted = before & !field | value;
    let now = csr::try_write!("0x30a", wanted).unwrap_or(before);
    // SAFETY: translations made under the old rule are forgotten.
    unsafe { core::arch::asm!("sfence.vma") };
    if now & field == value {
        Ok(())
    } else {
        let _ = csr::try_write!("0x30a", before);
        Err(SbiRet::invalid_param())
    }
}
