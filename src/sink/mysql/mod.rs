//! Verdicts in `MySQL`: one table with one row a log, held under its place in Kafka, whatever is replayed.

mod batch_column;
mod nested;
mod read_back;
mod reasons;
mod table_column;
mod tables;
mod upsert;

pub use read_back::judged;
pub(crate) use table_column::most_chars;
pub(crate) use tables::create_database;
pub use tables::create_log_tables;
pub use upsert::write;

/// The table of all verdicts.
const TABLE: &str = "judged_logs";

/// The error for a database or table that is not there.
fn missing_table(database: &str) -> crate::Error {
    crate::Error::Mysql(format!("there is no table {database}.{TABLE}; create the log tables first"))
}
