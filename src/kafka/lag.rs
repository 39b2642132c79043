//! How late records were sent: a histogram of constant size that many threads may fill.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets between two powers of two: a percentile is off by less than 1/16.
const STEPS: usize = 16;
/// Powers of two in microseconds: up to 2^40 µs, 12 days.
const POWERS: usize = 41;

/// Counts lags by their size in microseconds. 5 KB, whatever is recorded.
pub struct LagHistogram {
    buckets: [AtomicU64; STEPS * POWERS],
    largest: AtomicU64,
}

impl Default for LagHistogram {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; STEPS * POWERS], largest: AtomicU64::new(0) }
    }
}

impl LagHistogram {
    /// Counts one record that was sent `lag` after it was due.
    pub fn record(&self, lag: Duration) {
        let micros = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(micros)].fetch_add(1, Ordering::Relaxed);
        self.largest.fetch_max(micros, Ordering::Relaxed);
    }

    /// The lag that the share `quantile` (0 to 1) of all records did not exceed, in seconds; 0 without records.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> f64 {
        let counts: Vec<u64> = self.buckets.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank"
        )]
        let rank = (((total as f64) * quantile.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                // No percentile past the maximum: a bucket's upper end may lie above all that is in it.
                return seconds(upper(index)).min(self.max());
            }
        }
        self.max()
    }

    /// The largest lag, in seconds.
    #[must_use]
    pub fn max(&self) -> f64 {
        seconds(self.largest.load(Ordering::Relaxed))
    }
}

fn bucket(micros: u64) -> usize {
    let steps = STEPS as u64;
    if micros < steps {
        return usize::try_from(micros).unwrap_or(0);
    }
    // The bits after the leading one choose the step within its power of two.
    let power = micros.ilog2();
    let step = (micros >> (power - STEPS.ilog2())) & (steps - 1);
    let index = (u64::from(power - STEPS.ilog2()) + 1) * steps + step;
    usize::try_from(index).unwrap_or(usize::MAX).min(STEPS * POWERS - 1)
}

/// The largest number of microseconds that falls into the bucket.
fn upper(index: usize) -> u64 {
    let (power, step) = (index / STEPS, (index % STEPS) as u64);
    match power {
        0 => step,
        _ => ((STEPS as u64 + step + 1) << (power - 1)) - 1,
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 285 years")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_holds_what_lies_between_its_ends() {
        for index in 0..STEPS * POWERS - 1 {
            assert_eq!(bucket(upper(index)), index);
            assert_eq!(bucket(upper(index) + 1), index + 1);
        }
        assert_eq!(bucket(u64::MAX), STEPS * POWERS - 1);
    }

    #[test]
    fn quantiles_are_within_a_sixteenth() {
        let lags = LagHistogram::default();
        for micros in 1..=100_000 {
            lags.record(Duration::from_micros(micros));
        }
        for (quantile, exact) in [(0.5, 0.05), (0.99, 0.099), (1.0, 0.1)] {
            let given = lags.quantile(quantile);
            assert!(given >= exact && given <= exact * (1.0 + 1.0 / 16.0), "{quantile}: {given}");
        }
        assert!((lags.max() - 0.1).abs() < 1e-9);
    }

    #[test]
    fn nothing_recorded_is_no_lag() {
        let lags = LagHistogram::default();
        assert!(lags.quantile(0.5).abs() < 1e-9);
        assert!(lags.max().abs() < 1e-9);
    }

    #[test]
    fn one_late_record_shows_in_the_maximum_only() {
        let lags = LagHistogram::default();
        for _ in 0..999 {
            lags.record(Duration::ZERO);
        }
        lags.record(Duration::from_secs(2));
        assert!(lags.quantile(0.99) < 1e-6);
        assert!((lags.max() - 2.0).abs() < 1e-9);
    }
}
