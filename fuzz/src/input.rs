//! A fuzz input: several logs, so that a layout learned from one is tried on the next.

use std::sync::Arc;

use logcore::contract::Contract;
use logcore::users::Users;

/// Between two logs. 0xFF never occurs in UTF-8; a log of invalid UTF-8 may hold it before anything but a line feed.
pub const SEPARATOR: [u8; 2] = [0xFF, b'\n'];
/// An input that begins with it is judged by narrow limits, which a short log can pass.
pub const NARROW: u8 = 0xFE;

const WIDE_LIMITS: Limits = Limits { max_bytes: 1_048_576, max_depth: 64 };
const NARROW_LIMITS: Limits = Limits { max_bytes: 300, max_depth: 4 };

/// The pairs of tests/conformance.
pub const USERS: [(i64, &str); 5] =
    [(684, "ANDROID"), (7, "IOS"), (10_000, "ANDROID"), (10_000, "IOS"), (1, "ANDROID")];

/// A log's largest size and depth.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In bytes.
    pub max_bytes: usize,
    /// Objects and arrays open at once.
    pub max_depth: usize,
}

/// The limits that an input is judged by, and its logs.
#[must_use]
pub fn split(input: &[u8]) -> (Limits, Vec<&[u8]>) {
    let (limits, mut rest) = match input.split_first() {
        Some((&NARROW, rest)) => (NARROW_LIMITS, rest),
        _ => (WIDE_LIMITS, input),
    };
    let mut logs = Vec::new();
    while let Some(at) = rest.windows(SEPARATOR.len()).position(|pair| pair == SEPARATOR) {
        let (log, behind) = rest.split_at(at);
        logs.push(log);
        rest = behind.get(SEPARATOR.len()..).unwrap_or_default();
    }
    logs.push(rest);
    (limits, logs)
}

/// The shipped contract with these limits.
///
/// # Errors
/// Where the contract or the users no longer have the shape that is known here.
pub fn contract(limits: Limits) -> logcore::Result<Arc<Contract>> {
    let text = Contract::server_logs()?.text().to_owned();
    let bytes = text.replace("maxBytes, value: 1048576", &format!("maxBytes, value: {}", limits.max_bytes));
    let depth = bytes.replace("maxDepth, value: 64", &format!("maxDepth, value: {}", limits.max_depth));
    Ok(Arc::new(Contract::parse(&depth)?))
}

/// [`USERS`] as the core takes them.
///
/// # Errors
/// As [`contract`].
pub fn users() -> logcore::Result<Users> {
    let pairs = USERS.map(|(account, device)| [account.to_string(), device.to_owned()]);
    Users::new(&["account_id", "device"], pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_split_at_each_separator() {
        let (limits, logs) = split(b"{}\xFF\n\xFF\n[\xFF]");
        assert_eq!(logs, [&b"{}"[..], b"", b"[\xFF]"]);
        assert_eq!(limits.max_depth, 64);
    }

    #[test]
    fn the_contract_takes_the_narrow_limits() {
        let (limits, logs) = split(b"\xFE{}");
        assert_eq!(logs, [b"{}"]);
        let taken = contract(limits).unwrap().limits();
        assert_eq!((taken.max_bytes, taken.max_depth), (300, 4));
    }
}
