//! How far each partition has been read. Pure bookkeeping: no client, and the clock is an argument.
//!
//! The end of a partition may be an offset that no record has: a transaction's marker, a record of an aborted transaction,
//! one that compaction or retention took away. Reading stops before it for ever, so an offset alone can't tell whether the
//! end is reached. librdkafka says "end of partition" when it has read all there is, but not at which offset. So where that
//! is the last that was heard, the partition is read once more from where it stands: if again no record but its end comes,
//! there is nothing up to the offset that was asked for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long nothing may have come before the partition is read once more.
const QUIET: Duration = Duration::from_millis(300);

/// Whether a partition has been read up to an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Yes,
    No,
    /// Perhaps: to know, read on from this offset once more and call [`Partitions::checking`].
    ReadAgain(i64),
    /// It is not assigned to this consumer.
    NotOurs,
}

#[derive(Clone, Copy, Debug)]
struct Partition {
    /// Where reading begins; None as long as nobody has asked.
    start: Option<i64>,
    /// The offset after the last record or marker that passed; -1 before the first.
    next: i64,
    /// The offset last committed; -1 for none.
    committed: i64,
    /// Everything below this is known to have been read.
    checked: i64,
    /// The end that a check under way would prove.
    check: Option<i64>,
    at_end: bool,
    heard: Instant,
}

/// The partitions assigned to a consumer.
#[derive(Debug, Default)]
pub(crate) struct Partitions(BTreeMap<i32, Partition>);

impl Partitions {
    /// A partition joins; `start` is where reading begins, if known.
    pub(crate) fn assign(&mut self, partition: i32, start: Option<i64>, now: Instant) {
        let state = Partition { start, next: -1, committed: -1, checked: -1, check: None, at_end: false, heard: now };
        self.0.insert(partition, state);
    }

    /// A partition goes to another consumer; what of it is not committed will be read again there.
    pub(crate) fn revoke(&mut self, partition: i32) {
        self.0.remove(&partition);
    }

    /// A record came.
    pub(crate) fn record(&mut self, partition: i32, offset: i64, now: Instant) {
        if let Some(state) = self.0.get_mut(&partition) {
            state.next = state.next.max(offset + 1);
            state.at_end = false;
            state.check = None;
            state.heard = now;
        }
    }

    /// The client stands at `offset`: what lies before passed, or isn't for us, like a transaction's marker.
    pub(crate) fn passed(&mut self, partition: i32, offset: i64) {
        if let Some(state) = self.0.get_mut(&partition) {
            state.next = state.next.max(offset);
        }
    }

    /// "End of partition" came.
    pub(crate) fn end(&mut self, partition: i32, now: Instant) {
        if let Some(state) = self.0.get_mut(&partition) {
            state.at_end = true;
            state.heard = now;
            if let Some(end) = state.check.take() {
                state.checked = state.checked.max(end);
            }
        }
    }

    /// Reading begins once more, to prove that the partition has been read up to `end`.
    pub(crate) fn checking(&mut self, partition: i32, end: i64) {
        if let Some(state) = self.0.get_mut(&partition) {
            state.check = Some(end);
            state.at_end = false;
        }
    }

    /// `offset` was committed.
    pub(crate) fn committed(&mut self, partition: i32, offset: i64) {
        if let Some(state) = self.0.get_mut(&partition) {
            state.committed = state.committed.max(offset);
        }
    }

    /// Reading begins at `start`, which the group had committed (or not).
    pub(crate) fn starts(&mut self, partition: i32, start: i64, was_committed: bool) {
        if let Some(state) = self.0.get_mut(&partition) {
            state.start = Some(start);
            if was_committed {
                state.committed = state.committed.max(start);
            }
        }
    }

    /// Partitions whose position nobody knows yet.
    pub(crate) fn without_position(&self) -> Vec<i32> {
        self.0.iter().filter(|(_, state)| state.position().is_none()).map(|(id, _)| *id).collect()
    }

    /// The next offset to be read, where known.
    pub(crate) fn positions(&self) -> BTreeMap<i32, i64> {
        self.0.iter().filter_map(|(id, state)| Some((*id, state.position()?))).collect()
    }

    /// What a commit has to say: partitions with more read than is committed.
    pub(crate) fn to_commit(&self) -> Vec<(i32, i64)> {
        let read = self.0.iter().filter(|(_, state)| state.next > state.committed && state.next >= 0);
        read.map(|(id, state)| (*id, state.next)).collect()
    }

    /// Whether `partition` is assigned to this consumer.
    pub(crate) fn contains(&self, partition: i32) -> bool {
        self.0.contains_key(&partition)
    }

    /// Whether `partition` has been read up to `end`.
    pub(crate) fn reached(&self, partition: i32, end: i64, now: Instant) -> Reached {
        let Some(state) = self.0.get(&partition) else { return Reached::NotOurs };
        match state.position() {
            Some(position) if position >= end => Reached::Yes,
            Some(position) if state.at_end && now.duration_since(state.heard) >= QUIET => Reached::ReadAgain(position),
            _ => Reached::No,
        }
    }
}

impl Partition {
    fn position(&self) -> Option<i64> {
        let read = self.next.max(self.checked);
        if read >= 0 { Some(read.max(self.start.unwrap_or(-1))) } else { self.start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(now: Instant) -> Instant {
        now + QUIET
    }

    #[test]
    fn an_empty_partition_is_at_its_end_from_the_start() {
        let (mut partitions, now) = (Partitions::default(), Instant::now());
        partitions.assign(0, Some(7), now);
        assert_eq!(partitions.reached(0, 7, now), Reached::Yes);
        assert_eq!(partitions.reached(0, 8, now), Reached::No);
        assert_eq!(partitions.reached(1, 0, now), Reached::NotOurs);
    }

    #[test]
    fn records_and_markers_move_the_position() {
        let (mut partitions, now) = (Partitions::default(), Instant::now());
        partitions.assign(3, None, now);
        assert_eq!(partitions.without_position(), [3]);
        partitions.record(3, 41, now);
        assert_eq!(partitions.positions(), BTreeMap::from([(3, 42)]));
        assert_eq!(partitions.reached(3, 43, later(now)), Reached::No);
        partitions.passed(3, 43);
        assert_eq!(partitions.reached(3, 43, now), Reached::Yes);
        assert!(partitions.without_position().is_empty());
    }

    #[test]
    fn a_gap_at_the_end_is_proved_by_reading_again() {
        let (mut partitions, now) = (Partitions::default(), Instant::now());
        partitions.assign(0, Some(0), now);
        partitions.record(0, 9, now);
        partitions.end(0, now);
        assert_eq!(partitions.reached(0, 15, now), Reached::No);
        assert_eq!(partitions.reached(0, 15, later(now)), Reached::ReadAgain(10));
        partitions.checking(0, 15);
        assert_eq!(partitions.reached(0, 15, later(now)), Reached::No);
        partitions.end(0, later(now));
        assert_eq!(partitions.reached(0, 15, now), Reached::Yes);
        assert_eq!(partitions.positions(), BTreeMap::from([(0, 15)]));
    }

    #[test]
    fn a_record_that_comes_while_reading_again_disproves_it() {
        let (mut partitions, now) = (Partitions::default(), Instant::now());
        partitions.assign(0, Some(0), now);
        partitions.end(0, now);
        partitions.checking(0, 5);
        partitions.record(0, 2, now);
        partitions.end(0, now);
        assert_eq!(partitions.reached(0, 5, now), Reached::No);
        assert_eq!(partitions.positions(), BTreeMap::from([(0, 3)]));
    }

    #[test]
    fn only_what_is_new_and_ours_is_committed() {
        let (mut partitions, now) = (Partitions::default(), Instant::now());
        partitions.assign(0, None, now);
        partitions.assign(1, None, now);
        partitions.starts(0, 4, true);
        assert!(partitions.to_commit().is_empty());
        partitions.record(0, 4, now);
        partitions.record(1, 0, now);
        assert_eq!(partitions.to_commit(), [(0, 5), (1, 1)]);
        partitions.committed(0, 5);
        partitions.revoke(1);
        assert!(partitions.to_commit().is_empty());
        assert!(partitions.contains(0) && !partitions.contains(1));
    }
}
