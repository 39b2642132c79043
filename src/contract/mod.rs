//! The data contract: an Open Data Contract Standard 3.1 document compiled into checked rules.
//!
//! A rule, a type or a key that the compiler does not know is an error, and so is a contradiction: a rule is never
//! passed over in silence.

mod document;
mod explain;
mod field;
mod generator;
mod html;
mod integer;
mod json_schema;
mod kind;
mod node;
mod number;
mod pattern;
mod place;
mod relationship;
mod string;
mod text_format;
mod time;
mod time_format;

pub use document::{Contract, Limits, short_hash};
pub use field::Field;
pub use generator::{Anomaly, AnomalyValue, FieldGenerator, RecordAnomalies, Valid};
pub use html::escaped;
pub use kind::{IntegerRules, Kind, NumberRules, StringRules, TimeRules, Width};
pub use pattern::Pattern;
pub use place::PlacedField;
pub use relationship::Lookup;
pub use text_format::TextFormat;
pub use time_format::{Part, TimeFormat};
