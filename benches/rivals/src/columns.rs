//! Columns laid out as Arrow's: texts in one buffer with offsets, numbers side by side, validity apart.
//!
//! Validity is a byte a row, where Arrow has a bit: cheaper to write.

/// A verdict.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Good,
    Bad,
    Suspicious,
}

impl Status {
    pub(crate) const ALL: [Self; 3] = [Self::Good, Self::Bad, Self::Suspicious];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Suspicious => "suspicious",
        }
    }
}

/// Strings.
#[derive(Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    valid: Vec<bool>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: Option<&str>) {
        self.bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        self.ends.push(self.bytes.len());
        self.valid.push(text.is_some());
    }
}

/// Integers of one width.
#[derive(Default)]
pub(crate) struct Numbers<T> {
    values: Vec<T>,
    valid: Vec<bool>,
}

impl<T: Default> Numbers<T> {
    pub(crate) fn push(&mut self, number: Option<T>) {
        self.valid.push(number.is_some());
        self.values.push(number.unwrap_or_default());
    }
}

/// What logcore yields: the fields, typed, statuses and reasons.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) event_id: Texts,
    pub(crate) account_id: Numbers<i32>,
    pub(crate) event_type: Texts,
    pub(crate) device: Texts,
    pub(crate) location_country: Texts,
    /// Microseconds since 1970.
    pub(crate) event_timestamp: Numbers<i64>,
    pub(crate) statuses: Vec<Status>,
    /// Path and code of each reason, row by row.
    pub(crate) reasons: Vec<(&'static str, &'static str)>,
    /// Where each row's reasons end.
    pub(crate) reason_ends: Vec<usize>,
}

impl Columns {
    /// The rows of a status.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.statuses.iter().filter(|given| **given == status).count()
    }
}
