//! Where verdicts go: the status topic's record, and `MySQL`.

mod json;
pub mod judge;
#[cfg(feature = "mysql")]
pub mod mysql;
mod raw;
mod status_record;
mod value;
