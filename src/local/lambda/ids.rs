//! Ids as AWS shapes them.

use std::fmt::Write;
use std::sync::Arc;

use super::InvokeError;

/// A request's id: a random UUID.
pub fn request_id() -> Result<Arc<str>, InvokeError> {
    let mut bytes = random::<16>()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(parts.join("-").into())
}

/// What follows the bracket in the name of a log stream.
pub fn stream_suffix() -> Result<String, InvokeError> {
    Ok(hex(&random::<16>()?))
}

/// The trace header of a request that is not sampled; its parts are taken from the request's id,
/// so that the two can be matched.
pub fn trace(request_id: &str, epoch_s: u64) -> String {
    let digits: String = request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let (root, parent) = (&digits[..24], &digits[digits.len() - 16..]);
    format!("Root=1-{epoch_s:08x}-{root};Parent={parent};Sampled=0")
}

fn random<const N: usize>() -> Result<[u8; N], InvokeError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| InvokeError::Start(format!("no randomness: {error}")))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_random_uuid() {
        let id = request_id().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]));
        assert_ne!(id, request_id().unwrap());
    }

    #[test]
    fn a_trace_has_three_parts() {
        let trace = trace("01234567-89ab-4def-8123-456789abcdef", 0x65ab);
        assert_eq!(
            trace,
            "Root=1-000065ab-0123456789ab4def81234567;Parent=8123456789abcdef;Sampled=0"
        );
    }
}
