//! What a judge says of one log, in a form that two judges share.

/// A status, the reasons in their order, and the contract's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `good`, `bad` or `suspicious`.
    pub status: String,
    /// Path and code of each reason.
    pub reasons: Vec<(String, String)>,
    /// The values in the contract's order, null where a field has no valid one.
    pub columns: Vec<Cell>,
}

/// A typed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// No valid value.
    Null,
    /// A string.
    Text(String),
    /// A 32-bit integer.
    Integer(i32),
    /// Microseconds since 1970.
    Time(i64),
}
