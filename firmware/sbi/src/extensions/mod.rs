//! The calls of the Supervisor Binary Interface, one extension a file.

mod base;
mod console;
mod firmware_features;
pub mod hart_state;
mod interprocessor;
mod legacy;
mod performance;
mod reset;
pub mod rfence;
pub mod timer;

use sbi_spec::binary::SbiRet;
use sbi_spec::{base as base_numbers, dbcn, fwft, hsm, pmu, rfnc, spi, srst, time};

use crate::hart::Hart;

/// Arguments of a call and its function number, as they stand in `a0` to `a6`.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// `a0` to `a5`.
    pub arguments: [usize; 6],
    /// `a6`.
    pub function: usize,
    /// The hart that calls.
    pub hart: &'static Hart,
}

/// A call from S-mode (SBI 2.0, chapter 3). All registers but `a0` and `a1` stay as they are.
pub extern "C" fn call(
    a0: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    a5: usize,
    function: usize,
    extension: usize,
    hart: &'static Hart,
) -> SbiRet {
    let call = Call {
        arguments: [a0, a1, a2, a3, a4, a5],
        function,
        hart,
    };
    match extension {
        time::EID_TIME => timer::call(call),
        spi::EID_SPI => interprocessor::call(call),
        rfnc::EID_RFNC => rfence::call(call),
        hsm::EID_HSM => hart_state::call(call),
        dbcn::EID_DBCN => console::call(call),
        base_numbers::EID_BASE => base::call(call),
        srst::EID_SRST => reset::call(call),
        fwft::EID_FWFT => firmware_features::call(call),
        pmu::EID_PMU => performance::call(call),
        legacy if legacy::is_known(legacy) => SbiRet {
            error: legacy::call(legacy, call),
            // Legacy calls leave `a1` alone (SBI 2.0, chapter 5).
            value: a1,
        },
        _ => SbiRet::not_supported(),
    }
}

/// Whether calls of an extension are answered.
fn is_known(extension: usize) -> bool {
    match extension {
        base_numbers::EID_BASE
        | time::EID_TIME
        | spi::EID_SPI
        | rfnc::EID_RFNC
        | hsm::EID_HSM
        | dbcn::EID_DBCN
        | fwft::EID_FWFT => true,
        srst::EID_SRST => crate::finisher::exists(),
        pmu::EID_PMU => performance::is_there(),
        other => legacy::is_known(other),
    }
}
