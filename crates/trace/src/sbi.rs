//! Names of the firmware's calls (RISC-V SBI 2.0).

/// By extension: its name, and the names of its functions.
const EXTENSIONS: &[(u64, &str, &[&str])] = &[
    (
        0x10,
        "base",
        &[
            "get_spec_version",
            "get_impl_id",
            "get_impl_version",
            "probe_extension",
            "get_mvendorid",
            "get_marchid",
            "get_mimpid",
        ],
    ),
    (0x5449_4d45, "time", &["set_timer"]),
    (0x0073_5049, "ipi", &["send_ipi"]),
    (
        0x5246_4e43,
        "rfence",
        &["fence_i", "sfence_vma", "sfence_vma_asid"],
    ),
    (
        0x0048_534d,
        "hsm",
        &["hart_start", "hart_stop", "hart_get_status", "hart_suspend"],
    ),
    (0x5352_5354, "srst", &["system_reset"]),
    (0x0050_4d55, "pmu", &["num_counters", "counter_get_info"]),
    (
        0x4442_434e,
        "dbcn",
        &["console_write", "console_read", "console_write_byte"],
    ),
    (0x4657_4654, "fwft", &["set", "get"]),
    (0x00, "legacy", &["set_timer"]),
    (0x01, "legacy", &["console_putchar"]),
    (0x02, "legacy", &["console_getchar"]),
];

/// The name of a function of an extension.
#[must_use]
pub fn name(extension: u64, function: u64) -> String {
    let known = EXTENSIONS.iter().find(|&&(id, ..)| id == extension);
    let Some((_, name, functions)) = known else {
        return format!("sbi_{extension:#x}_{function}");
    };
    // The first extensions have one function each, whatever a6 says.
    let function = if extension < 0x10 { 0 } else { function };
    let index = usize::try_from(function).unwrap_or(usize::MAX);
    match functions.get(index) {
        Some(function) => format!("sbi_{name}_{function}"),
        None => format!("sbi_{name}_{function}"),
    }
}

/// The name of an error that a call gives back in `a0`.
#[must_use]
pub fn error_name(error: u64) -> Option<&'static str> {
    const NAMES: [&str; 12] = [
        "FAILED",
        "NOT_SUPPORTED",
        "INVALID_PARAM",
        "DENIED",
        "INVALID_ADDRESS",
        "ALREADY_AVAILABLE",
        "ALREADY_STARTED",
        "ALREADY_STOPPED",
        "NO_SHMEM",
        "INVALID_STATE",
        "BAD_RANGE",
        "TIMEOUT",
    ];
    let index = usize::try_from(error.wrapping_neg()).ok()?.checked_sub(1)?;
    NAMES.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_names() {
        assert_eq!(name(0x5449_4d45, 0), "sbi_time_set_timer");
        assert_eq!(name(0x48_534d, 2), "sbi_hsm_hart_get_status");
        assert_eq!(name(0x1234, 2), "sbi_0x1234_2");
        assert_eq!(name(0x5352_5354, 9), "sbi_srst_9");
        assert_eq!(error_name(-2i64 as u64), Some("NOT_SUPPORTED"));
        assert_eq!((error_name(0), error_name(1)), (None, None));
    }
}
