//! Signatures: what architectural tests leave in memory for comparison.

use memory::Bus;

/// A signature region that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the signature from {begin:#x} to {end:#x} is not in RAM")]
pub struct SignatureError {
    begin: u64,
    end: u64,
}

/// The memory from `begin` to `end` in the format of Spike's `+signature`: `granularity` bytes a line, most
/// significant first, in hexadecimal; the last line is filled up with zeroes.
///
/// # Errors
/// When the region is not RAM.
pub fn signature(
    bus: &Bus,
    begin: u64,
    end: u64,
    granularity: u8,
) -> Result<String, SignatureError> {
    let fail = SignatureError { begin, end };
    let len = end
        .checked_sub(begin)
        .ok_or(SignatureError { begin, end })?;
    if len == 0 {
        return Ok(String::new());
    }
    let bytes = bus.ram.bytes(begin, len).ok_or(fail)?;
    let mut text = String::with_capacity(bytes.len() * 2 + bytes.len() / 4);
    for line in bytes.chunks(usize::from(granularity.max(1))) {
        for place in (0..usize::from(granularity.max(1))).rev() {
            let byte = line.get(place).copied().unwrap_or(0);
            text.push_str(&format!("{byte:02x}"));
        }
        text.push('\n');
    }
    Ok(text)
}
