//! How many logs wait, as far as that is known.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const NEVER: u64 = u64::MAX;
/// A thread looks twice a second, and after each transaction: one that has not looked for so long hangs in something.
const STALE: Duration = Duration::from_mins(1);

/// What waits on the partitions of some threads. Times are since the start.
pub(super) struct Backlog {
    partitions: Mutex<BTreeMap<i32, Option<u64>>>,
    /// When each thread looked last, ms.
    looked: Vec<AtomicU64>,
}

impl Backlog {
    pub(super) fn new(threads: usize) -> Self {
        Self { partitions: Mutex::default(), looked: (0..threads).map(|_| AtomicU64::new(NEVER)).collect() }
    }

    /// Partitions of which it is not known yet how many logs wait.
    pub(super) fn expect<'a>(&self, partitions: impl Iterator<Item = &'a i32>) {
        let mut all = self.lock();
        for partition in partitions {
            all.entry(*partition).or_default();
        }
    }

    pub(super) fn set(&self, known: impl Iterator<Item = (i32, u64)>) {
        self.lock().extend(known.map(|(partition, logs)| (partition, Some(logs))));
    }

    /// Partitions that another member of the group has now.
    pub(super) fn forget(&self, partitions: &[i32]) {
        let mut all = self.lock();
        for partition in partitions {
            all.remove(partition);
        }
    }

    /// Thread `number`, which the group has told its partitions, has looked.
    pub(super) fn looked(&self, number: usize, now: Duration) {
        if let Some(looked) = self.looked.get(number) {
            looked.store(millis(now), Relaxed);
        }
    }

    /// The logs that wait; None unless that is known of each partition, and each thread has looked lately (`now` None:
    /// ever).
    pub(super) fn logs(&self, now: Option<Duration>) -> Option<u64> {
        let lately = |looked: &AtomicU64| {
            let at = looked.load(Relaxed);
            at != NEVER && now.is_none_or(|now| millis(now.saturating_sub(STALE)) <= at)
        };
        if self.looked.iter().all(lately) { self.lock().values().copied().sum() } else { None }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<i32, Option<u64>>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backlog;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_known_once_each_thread_has_looked_and_each_partition_is_known() {
        let backlog = Backlog::new(2);
        assert_eq!(backlog.logs(Some(SECOND)), None);
        backlog.looked(0, SECOND);
        backlog.expect([0, 1].iter());
        backlog.set([(0, 5)].into_iter());
        assert_eq!(backlog.logs(Some(SECOND)), None);
        backlog.looked(1, SECOND);
        assert_eq!(backlog.logs(Some(SECOND)), None);
        backlog.set([(1, 7)].into_iter());
        assert_eq!(backlog.logs(Some(SECOND)), Some(12));
        // A partition that stays keeps what is known of it.
        backlog.expect([1].iter());
        backlog.forget(&[0]);
        assert_eq!(backlog.logs(Some(SECOND)), Some(7));
    }

    #[test]
    fn a_spare_member_has_nothing_that_waits() {
        let backlog = Backlog::new(1);
        backlog.looked(0, SECOND);
        assert_eq!(backlog.logs(Some(SECOND)), Some(0));
    }

    #[test]
    fn of_a_thread_that_hangs_it_is_not_known_and_of_one_that_has_ended_it_is() {
        let backlog = Backlog::new(1);
        backlog.looked(0, SECOND);
        assert_eq!(backlog.logs(Some(SECOND * 61)), Some(0));
        assert_eq!(backlog.logs(Some(SECOND * 62)), None);
        assert_eq!(backlog.logs(None), Some(0));
    }
}
