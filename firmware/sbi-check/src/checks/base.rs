//! SBI 2.0, chapter 4, and how unknown calls are answered.

use sbi_spec::base::{
    EID_BASE, GET_MARCHID, GET_MIMPID, GET_MVENDORID, GET_SBI_IMPL_ID, GET_SBI_IMPL_VERSION,
    GET_SBI_SPEC_VERSION, PROBE_EXTENSION,
};
use sbi_spec::{hsm, rfnc, spi, srst, time};

use super::{NOT_SUPPORTED, is_fine};
use crate::calls::call;
use crate::report::Report;

const NONE: [usize; 5] = [0; 5];
/// In the range for experiments, and nobody's.
const UNKNOWN_EXTENSION: usize = 0x08ff_fff0;

pub fn run(report: &mut Report) {
    let version = call(EID_BASE, GET_SBI_SPEC_VERSION, NONE);
    report.check(
        "base: the specification's version is at least 1.0",
        is_fine(version) && version.value >= 1 << 24,
    );
    for (name, function) in [
        ("base: names its implementation", GET_SBI_IMPL_ID),
        ("base: has a version", GET_SBI_IMPL_VERSION),
        ("base: knows mvendorid", GET_MVENDORID),
        ("base: knows marchid", GET_MARCHID),
        ("base: knows mimpid", GET_MIMPID),
    ] {
        report.check(name, is_fine(call(EID_BASE, function, NONE)));
    }
    let probe = call(EID_BASE, PROBE_EXTENSION, [UNKNOWN_EXTENSION, 0, 0, 0, 0]);
    report.same(
        "base: probing an unknown extension says no",
        (probe.error, probe.value),
        (0, 0),
    );
    report.same(
        "an unknown extension is not supported",
        call(UNKNOWN_EXTENSION, 0, NONE).error,
        NOT_SUPPORTED,
    );
    for (name, extension) in [
        ("base: an unknown function is not supported", EID_BASE),
        ("TIME: an unknown function is not supported", time::EID_TIME),
        ("IPI: an unknown function is not supported", spi::EID_SPI),
        (
            "RFENCE: an unknown function is not supported",
            rfnc::EID_RFNC,
        ),
        ("HSM: an unknown function is not supported", hsm::EID_HSM),
        ("SRST: an unknown function is not supported", srst::EID_SRST),
    ] {
        report.same(name, call(extension, 0x4242, NONE).error, NOT_SUPPORTED);
    }
}
