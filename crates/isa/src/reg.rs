//! Register names.

/// ABI names of the integer registers.
pub const X_NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// ABI names of the floating-point registers.
pub const F_NAMES: [&str; 32] = [
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2",
    "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9",
    "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
];

fn numbered(name: &str, letter: char) -> Option<u8> {
    let digits = name.strip_prefix(letter)?;
    let canonical = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|&n: &u8| canonical && n < 32)
}

/// The number of the integer register called `name`: `a0`, `x10`, `fp`.
#[must_use]
pub fn x_number(name: &str) -> Option<u8> {
    if name == "fp" {
        return Some(8);
    }
    let abi = X_NAMES.iter().position(|&n| n == name).map(|n| n as u8);
    abi.or_else(|| numbered(name, 'x'))
}

/// The number of the floating-point register called `name`: `fa0`, `f10`.
#[must_use]
pub fn f_number(name: &str) -> Option<u8> {
    let abi = F_NAMES.iter().position(|&n| n == name).map(|n| n as u8);
    abi.or_else(|| numbered(name, 'f'))
}
