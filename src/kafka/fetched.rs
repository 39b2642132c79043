//! Records of one topic as they were fetched: column by column, the values one after the other.

use crate::classify::Values;
use crate::decode::Log;

/// Which records, when they were written, and their values.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    partitions: Vec<i32>,
    offsets: Vec<i64>,
    /// Milliseconds since 1970, of those that have a time.
    millis: Vec<Option<i64>>,
    values: Vec<u8>,
    /// Where each value ends in `values`; None for a record without a value, which takes no room.
    ends: Vec<(usize, bool)>,
}

impl Fetched {
    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The bytes of their values.
    pub(crate) fn bytes(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn push(&mut self, partition: i32, offset: i64, millis: Option<i64>, value: Option<&[u8]>) {
        self.partitions.push(partition);
        self.offsets.push(offset);
        self.millis.push(millis);
        self.values.extend_from_slice(value.unwrap_or_default());
        self.ends.push((self.values.len(), value.is_some()));
    }

    pub(crate) fn clear(&mut self) {
        self.partitions.clear();
        self.offsets.clear();
        self.millis.clear();
        self.values.clear();
        self.ends.clear();
    }

    /// Partition, offset and milliseconds of a row.
    pub(crate) fn place(&self, row: usize) -> (i32, i64, Option<i64>) {
        let millis = self.millis.get(row).copied().flatten();
        (
            self.partitions.get(row).copied().unwrap_or_default(),
            self.offsets.get(row).copied().unwrap_or_default(),
            millis,
        )
    }

    /// Leaves out the rows that `wanted`, asked in order, doesn't want; `spare` is room for the others.
    pub(crate) fn retain(&mut self, spare: &mut Self, mut wanted: impl FnMut(i32, i64) -> bool) {
        let Some(first) = self.places().position(|(partition, offset)| !wanted(partition, offset)) else { return };
        spare.clear();
        for row in 0..self.len() {
            let (partition, offset, millis) = self.place(row);
            // Each row is asked about once: what it answers may depend on the rows before.
            if row < first || (row > first && wanted(partition, offset)) {
                spare.push(partition, offset, millis, self.log(row));
            }
        }
        std::mem::swap(self, spare);
    }

    /// Partition and offset of each row.
    pub(crate) fn places(&self) -> impl Iterator<Item = (i32, i64)> {
        self.partitions.iter().copied().zip(self.offsets.iter().copied())
    }

    fn start(&self, row: usize) -> usize {
        row.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end)
    }
}

impl Values for Fetched {
    fn rows(&self) -> usize {
        self.len()
    }

    #[inline]
    fn log(&self, row: usize) -> Option<&[u8]> {
        let (end, present) = *self.ends.get(row)?;
        if present { self.values.get(self.start(row)..end) } else { None }
    }

    #[inline]
    fn places<'a>(&'a self, first: usize, places: &mut [Log<'a>]) {
        let mut start = self.start(first);
        for (place, (end, _)) in places.iter_mut().zip(self.ends.get(first..).unwrap_or_default()) {
            *place = Log::new(self.values.get(start..).unwrap_or_default(), end.saturating_sub(start));
            start = *end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fetched;
    use crate::classify::Values;
    use crate::decode::Log;

    #[test]
    fn rows_that_are_not_wanted_leave_no_trace() {
        let (mut fetched, mut spare) = (Fetched::default(), Fetched::default());
        for offset in 0..6 {
            fetched.push(0, offset, None, Some(&[b'a'; 3][..usize::try_from(offset % 3).unwrap()]));
        }
        let mut asked = Vec::new();
        fetched.retain(&mut spare, |_, offset| {
            asked.push(offset);
            offset % 2 == 0
        });
        assert_eq!(asked, [0, 1, 2, 3, 4, 5]);
        assert_eq!(fetched.places().collect::<Vec<_>>(), [(0, 0), (0, 2), (0, 4)]);
        assert_eq!([0, 1, 2].map(|row| fetched.log(row).unwrap().len()), [0, 2, 1]);
        fetched.retain(&mut spare, |_, _| true);
        assert_eq!(fetched.len(), 3);
        fetched.retain(&mut spare, |_, _| false);
        assert_eq!((fetched.len(), fetched.bytes()), (0, 0));
    }

    #[test]
    fn rows_are_what_was_pushed() {
        let mut fetched = Fetched::default();
        for _ in 0..2 {
            fetched.clear();
            fetched.push(3, 7, Some(-1), Some(b"{}"));
            fetched.push(3, 9, None, None);
            fetched.push(1, 1 << 40, Some(5), Some(b""));
            fetched.push(0, 0, Some(0), Some(b"[1]"));
            assert_eq!((fetched.len(), fetched.bytes()), (4, 5));
            let logs: Vec<_> = (0..5).map(|row| fetched.log(row)).collect();
            assert_eq!(logs, [Some(&b"{}"[..]), None, Some(b""), Some(b"[1]"), None]);
            assert_eq!(fetched.place(1), (3, 9, None));
            assert_eq!(fetched.places().nth(2), Some((1, 1 << 40)));
            let mut places = [Log::default(); 2];
            Values::places(&fetched, 2, &mut places);
            assert_eq!(places.map(Log::bytes), [&b""[..], b"[1]"]);
        }
    }
}
