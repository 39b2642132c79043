//! Kafka: client configuration, the producer with its pacing, the consumer, topics.

mod batch;
mod config;
mod consumer;
mod deliveries;
mod events;
mod fetch_queue;
mod fetched;
mod lag;
mod membership;
mod native;
mod offsets;
mod pacing;
mod partitions;
mod producer;
mod records;
mod run;
mod runs;
mod sender;
mod sending;
mod source;
mod start;
mod topic;
mod transaction;

pub use config::Properties;
pub use consumer::{Consumer, ConsumerOptions};
pub use lag::LagHistogram;
pub use pacing::Schedule;
pub use producer::{LogSource, Producer, ProducerOptions, Shard, Stats};
pub use sending::{Outgoing, Placed, send};
pub use source::Generated;
pub use start::Start;
pub use topic::ensure_topic;

pub(crate) use config::Connection;
pub(crate) use consumer::{DEFAULTS as READER_DEFAULTS, FIXED as READER_FIXED};
pub(crate) use events::{Events, first_answer, is_absence, no_broker};
pub(crate) use fetch_queue::{FetchQueue, Notice};
pub(crate) use fetched::Fetched;
pub(crate) use membership::is_passing_code;
pub(crate) use offsets::{committed, offset_list, watermarks};
pub(crate) use topic::{Found, find, missing};
pub(crate) use transaction::{Failure, TransactionalProducer};
