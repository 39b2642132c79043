//! Where verdicts go: the status topic's record, and `MySQL`.

mod json;
pub mod judge;
#[cfg(feature = "mysql")]
pub mod mysql;
mod raw;
mod status_record;
#[cfg(feature = "kafka")]
mod status_records;
mod value;

#[cfg(feature = "kafka")]
pub(crate) use judge::judged_batch;
#[cfg(feature = "kafka")]
pub(crate) use status_record::{CONNECT_HEADERS, STATUS_HEADER, Source};
#[cfg(feature = "kafka")]
pub(crate) use status_records::StatusRecords;
