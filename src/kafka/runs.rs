//! Which partition each record goes to: a run of records to one, a run to the next.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};

use rdkafka::producer::{PARTITION_UA, Partitioner};

/// The longest run. A thousand records that one load made lie one after the other in memory, and so does a run of them:
/// librdkafka walks each partition's queue some five times, and with a partition drawn for each record nearly every step of
/// that missed the cache. A run of one costs 1.4 s of processor time for a million logs, a long one 0.9 s.
const LONGEST: u64 = 256;

/// Partitions in turn, so that even a short run of the producer fills them all and readers share the work.
pub(crate) struct Runs {
    /// How many records go to a partition before the next one's turn.
    length: u64,
    taken: AtomicU64,
    /// The partition of the run that is under way.
    current: AtomicI32,
}

impl Runs {
    /// For `rate` records a second; None is as fast as can be.
    pub(crate) fn new(rate: Option<f64>) -> Self {
        // A millisecond's worth: whoever watches a slow rate sees every partition.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped below, 0 for what is not a number"
        )]
        let length = rate.map_or(LONGEST, |rate| ((rate / 1000.0) as u64).clamp(1, LONGEST));
        Self { length, taken: AtomicU64::new(0), current: AtomicI32::new(0) }
    }
}

impl Partitioner for Runs {
    fn partition(&self, _: &str, _: Option<&[u8]>, count: i32, is_available: impl Fn(i32) -> bool) -> i32 {
        let taken = self.taken.fetch_add(1, Relaxed);
        let current = self.current.load(Relaxed);
        if !taken.is_multiple_of(self.length) && current < count {
            return current;
        }
        let Some(partitions) = u64::try_from(count).ok().filter(|count| *count > 0) else { return PARTITION_UA };
        let turn = taken / self.length;
        let nth = |step: u64| i32::try_from(turn.wrapping_add(step) % partitions).unwrap_or(PARTITION_UA);
        // One without a leader would keep its records waiting; where none has one, it is as good as another.
        let next = (0..partitions).map(nth).find(|partition| is_available(*partition)).unwrap_or_else(|| nth(0));
        self.current.store(next, Relaxed);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rate: Option<f64>, records: usize, available: impl Fn(i32) -> bool) -> Vec<i32> {
        let runs = Runs::new(rate);
        (0..records).map(|_| runs.partition("logs", None, 3, &available)).collect()
    }

    #[test]
    fn slow_records_go_to_each_in_turn() {
        for rate in [1e-6, 1.0, 1000.0, 1999.0] {
            assert_eq!(taken(Some(rate), 7, |_| true), [0, 1, 2, 0, 1, 2, 0], "{rate}");
        }
    }

    #[test]
    fn fast_records_go_in_runs() {
        for (rate, run) in [(Some(5000.0), 5), (Some(100_000.0), 100), (Some(1e9), 256), (None, 256)] {
            let found = taken(rate, 1000, |_| true);
            assert!(
                found.iter().enumerate().all(|(at, partition)| usize::try_from(*partition) == Ok(at / run % 3)),
                "{rate:?}"
            );
        }
    }

    #[test]
    fn a_partition_without_a_leader_is_passed_over() {
        assert_eq!(taken(Some(1.0), 6, |partition| partition != 1), [0, 2, 2, 0, 2, 2]);
        assert_eq!(taken(Some(1.0), 3, |_| false), [0, 1, 2]);
        assert_eq!(Runs::new(None).partition("logs", None, 0, |_| true), PARTITION_UA);
    }
}
