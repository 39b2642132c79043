//! Kafka: client configuration, the producer with its pacing, the consumer, topics.

mod batch;
mod config;
mod consumer;
mod deliveries;
mod events;
mod lag;
mod membership;
mod pacing;
mod partitions;
mod producer;
mod records;
mod run;
mod runs;
mod sender;
mod source;
mod topic;

pub use config::Properties;
pub use consumer::{Consumer, ConsumerOptions};
pub use lag::LagHistogram;
pub use pacing::Schedule;
pub use producer::{LogSource, Producer, ProducerOptions, Shard, Stats};
pub use source::Generated;
pub use topic::ensure_topic;
