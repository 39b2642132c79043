//! Moves logs: fetches them from a topic, judges them, and writes what they got to the status topic and to a table, exactly
//! once in the topic. One engine with two homes: [`Processor`] reads as a member of a consumer group, [`RangeProcessor`] the
//! ranges of offsets that somebody else has planned, such as a micro-batch of Spark's.

mod backlog;
mod counts;
mod group_member;
mod mover;
mod murmur2;
mod note;
mod options;
#[expect(clippy::module_inception, reason = "the engine in one process")]
mod processor;
mod ranges;
mod reader;
mod start;
mod table;
mod worker;

pub use counts::Counts;
pub use options::{Options, Start};
pub use processor::{Processor, Stats};
pub use ranges::{DoneRange, Plan, Range, RangeProcessor};
pub use table::Table;

pub(crate) use start::topic_offsets;
#[cfg(feature = "mysql")]
pub(crate) use table::mysql::MysqlTable;
