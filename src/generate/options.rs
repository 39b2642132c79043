//! What a person chooses.

/// Which logs are generated, from the same contract and users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Decides everything that is drawn.
    pub seed: u64,
    /// The time of record 0, in seconds since 1970.
    pub start: i64,
    /// Logs a second: record i happens at `start + floor(i / rate)`.
    pub rate: f64,
    /// The share of bad logs, from 0 to 1; None leaves it to the contract's weights.
    pub bad_rate: Option<f64>,
    /// The share of suspicious logs, from 0 to 1; None leaves it to the contract's weights and the users.
    pub suspicious_rate: Option<f64>,
}

impl Default for Options {
    /// Seed 1, a thousand logs a second from 2023-11-14T22:13:20Z, the contract's own mix.
    fn default() -> Self {
        Self { seed: 1, start: 1_700_000_000, rate: 1_000.0, bad_rate: None, suspicious_rate: None }
    }
}
