//! What both homes of the engine read with.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;

use crate::kafka::{
    Connection, Events, Found, Properties, READER_DEFAULTS, READER_FIXED, find, first_answer, missing, no_broker,
};
use crate::{Error, Result};

/// How long brokers may be silent in the midst of something.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// One question's wait.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Logs judged at a time: their records' bytes, some 2 MB, stay in the cache on their way to librdkafka.
pub(super) const BLOCK: usize = 4096;
/// The same in bytes, for large ones.
pub(super) const BLOCK_BYTES: usize = 8 * 1024 * 1024;

/// Offsets that are gone are an error: librdkafka would go on from elsewhere, and say nothing.
pub(super) const NO_RESET: (&str, &str) = ("auto.offset.reset", "error");

/// The callbacks of a client that is no member of a group.
#[derive(Default)]
pub(super) struct Context {
    pub(super) events: Events,
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.events.record(&error, reason);
    }
}

impl ConsumerContext for Context {}

/// A client that reads, and what it may say to people.
pub(super) struct Reader<C: ConsumerContext + 'static> {
    pub(super) connection: Connection,
    pub(super) client: Arc<BaseConsumer<C>>,
    pub(super) topic: String,
}

impl<C: ConsumerContext + 'static> Reader<C> {
    pub(super) fn new(
        brokers: &str,
        topic: &str,
        own: &[(&str, &str)],
        fixed: &[(&str, &str)],
        config: &Properties,
        context: C,
    ) -> Result<Self> {
        let defaults = [&READER_DEFAULTS[..], &[("isolation.level", "read_committed")], own].concat();
        let fixed = [&READER_FIXED[..], fixed].concat();
        let connection = Connection::new(brokers, &defaults, &fixed, config)?;
        let client = connection.config.create_with_context(context).map_err(|error| connection.error("", &error))?;
        Ok(Self { connection, client: Arc::new(client), topic: topic.to_owned() })
    }

    /// The topic's partitions.
    pub(super) fn partitions(&self, events: &Events) -> Result<Vec<i32>> {
        let metadata = first_answer(
            &self.connection,
            events,
            |timeout| self.client.fetch_metadata(Some(&self.topic), timeout),
            || while self.client.poll(Duration::ZERO).is_some() {},
        )?;
        match find(&self.connection, &metadata, &self.topic)? {
            Found::Partitions(partitions) => Ok(partitions),
            Found::Pending => Err(self.says("some partitions have no leader")),
            Found::Missing => Err(missing(&self.connection, &self.topic)),
        }
    }

    /// An error about the topic.
    pub(super) fn says(&self, text: &str) -> Error {
        self.connection.message(&format!("topic {}: {text}", self.topic))
    }

    /// The error where brokers don't answer any more.
    pub(super) fn away(&self, events: &Events) -> Error {
        no_broker(&self.connection, events)
    }
}
