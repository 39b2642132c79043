//! How many logs got which status.

use crate::verdict::Status;

/// Logs by status, in the order of [`Status::ALL`], and the bytes of their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Logs by status.
    pub logs: [u64; 3],
    /// Bytes of the logs.
    pub bytes: u64,
}

impl Counts {
    /// All logs.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.logs.iter().sum()
    }

    pub(super) fn add(&mut self, status: Status) {
        if let Some(count) = self.logs.get_mut(status as usize) {
            *count += 1;
        }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.logs.iter_mut().zip(other.logs) {
            *count += more;
        }
        self.bytes += other.bytes;
    }
}
