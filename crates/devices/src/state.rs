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
    postcard::from_bytes(bytes).map_err(|error| StateError {
        device: device.to_owned(),
        reason: error.to_string(),
    })
}
