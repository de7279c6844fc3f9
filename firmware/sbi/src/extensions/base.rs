//! Base extension (SBI 2.0, chapter 4): who answers, and what it knows.

use sbi_spec::base::{
    GET_MARCHID, GET_MIMPID, GET_MVENDORID, GET_SBI_IMPL_ID, GET_SBI_IMPL_VERSION,
    GET_SBI_SPEC_VERSION, PROBE_EXTENSION, Version,
};
use sbi_spec::binary::SbiRet;

use super::Call;
use crate::csr;

/// "HART": no number is assigned to this firmware, and none of the assigned ones looks like it.
const IMPLEMENTATION: usize = 0x4841_5254;
/// 0.1.0, as major << 16 | minor << 8 | patch.
const IMPLEMENTATION_VERSION: usize = 0x100;

pub fn call(call: Call) -> SbiRet {
    SbiRet::success(match call.function {
        GET_SBI_SPEC_VERSION => Version::V2_0.major() << 24 | Version::V2_0.minor(),
        GET_SBI_IMPL_ID => IMPLEMENTATION,
        GET_SBI_IMPL_VERSION => IMPLEMENTATION_VERSION,
        PROBE_EXTENSION => usize::from(super::is_known(call.arguments[0])),
        GET_MVENDORID => csr::read!("mvendorid"),
        GET_MARCHID => csr::read!("marchid"),
        GET_MIMPID => csr::read!("mimpid"),
        _ => return SbiRet::not_supported(),
    })
}
