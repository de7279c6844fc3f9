//! Saving and restoring device state.

use memory::StateError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The state's bytes. Encoding plain numbers into memory cannot fail.
pub(crate) fn save(state: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(state).unwrap_or_default()
}

/// The state that `bytes` hold.
pub(crate) fn restore<T: DeserializeOwned>(device: &str, bytes: &[u8]) -> Result<T, StateError> {
    let unreadable = |reason: String| StateError {
        device: device.to_owned(),
        reason,
    };
    match postcard::take_from_bytes(bytes) {
        Ok((state, [])) => Ok(state),
        Ok(_) => Err(unreadable("bytes are left over".to_owned())),
        Err(error) => Err(unreadable(error.to_string())),
    }
}
