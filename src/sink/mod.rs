//! Where verdicts go.

#[cfg(feature = "mysql")]
pub mod mysql;
