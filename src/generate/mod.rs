//! Seeded logs, each with the verdict that it should get.
//!
//! Everything comes from the contract: the weights of valid values, and anomalies that name the code they must get. A
//! verdict is decided before the log is written, never by judging it: a bug in the rules can't hide behind the same bug
//! here.

mod accounts;
mod batch;
mod block;
mod expected;
mod field;
mod generator;
mod groups;
mod json;
mod log;
mod mix;
mod moment;
mod nested;
mod numbers;
mod options;
mod piece;
mod rng;
mod rules;
mod source;
mod span;
mod target;
mod text;
mod time;
mod unknown;
mod users;
mod weights;

pub use expected::expected_json;
pub use generator::Generator;
pub use options::Options;
pub use users::users;
