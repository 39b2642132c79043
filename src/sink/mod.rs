//! Where verdicts go: the status topic's record, and MySQL.

mod json;
pub mod judge;
mod raw;
mod status_record;
