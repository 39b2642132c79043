//! The data contract: an Open Data Contract Standard 3.1 document compiled into checked rules.
//!
//! A rule, a type or a key that the compiler does not know is an error, and so is a contradiction: a rule is never
//! passed over in silence.

mod document;
mod field;
mod generator;
mod node;
mod pattern;
mod relationship;

pub use document::{Contract, Limits, short_hash};
pub use field::{Field, IntegerRules, Kind, StringRules, Width};
pub use generator::{Anomaly, AnomalyValue, FieldGenerator, RecordAnomalies, Valid};
pub use pattern::Pattern;
pub use relationship::Lookup;
