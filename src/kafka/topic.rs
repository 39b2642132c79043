//! Topics: is one there, and making it where it is missing.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;

use super::config::{Connection, Properties};
use super::events::{Events, first_answer};
use crate::{Error, Result};

const TIMEOUT: Duration = Duration::from_secs(10);

/// What the brokers say of a topic.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Its partitions, all with a leader, in order.
    Partitions(Vec<i32>),
    /// There is no such topic.
    Missing,
    /// It is being made: not all partitions have a leader yet.
    Pending,
}

/// Reads `topic` out of the answer to a request for it.
///
/// # Errors
/// [`Error::Kafka`] where the name is impossible or access is refused.
pub(crate) fn find(connection: &Connection, metadata: &Metadata, topic: &str) -> Result<Found> {
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
        return Ok(Found::Missing);
    };
    match found.error().map(RDKafkaErrorCode::from) {
        None => {}
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => return Ok(Found::Missing),
        Some(RDKafkaErrorCode::LeaderNotAvailable) => return Ok(Found::Pending),
        Some(code) => return Err(connection.error(&format!("topic {topic}"), &KafkaError::MetadataFetch(code))),
    }
    let mut partitions: Vec<i32> = found.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect();
    if partitions.is_empty() || found.partitions().iter().any(|partition| partition.leader() < 0) {
        return Ok(Found::Pending);
    }
    partitions.sort_unstable();
    Ok(Found::Partitions(partitions))
}

/// `topic TOPIC does not exist at BROKERS; …`.
pub(crate) fn missing(connection: &Connection, topic: &str) -> Error {
    connection.message(&format!("topic {topic} does not exist at {}; is the name right?", connection.brokers))
}

/// Creates `topic` where it is missing; true if it did. `replication` -1 makes as many copies as the brokers do by
/// themselves. That another client is quicker is fine, and false.
///
/// # Errors
/// [`Error::Kafka`] where no broker answers or the brokers refuse.
pub fn ensure_topic(
    brokers: &str,
    topic: &str,
    partitions: i32,
    replication: i32,
    config: &Properties,
) -> Result<bool> {
    if partitions < 1 || (replication < 1 && replication != -1) {
        return Err(Error::Kafka(format!(
            "topic {topic}: {partitions} partitions in {replication} copies can't be; both have to be 1 or more"
        )));
    }
    // Asking must not be what creates it, with the broker's own number of partitions.
    let connection = Connection::new(brokers, &[], &[("allow.auto.create.topics", "false")], config)?;
    let asking: BaseConsumer<Asking> = connection
        .config
        .create_with_context(Asking(Events::default()))
        .map_err(|error| connection.error("", &error))?;
    let events = &asking.context().0;
    let metadata = first_answer(
        &connection,
        events,
        |timeout| asking.fetch_metadata(Some(topic), timeout),
        || while asking.poll(Duration::ZERO).is_some() {},
    )?;
    if find(&connection, &metadata, topic)? != Found::Missing {
        return Ok(false);
    }
    let admin = AdminClient::<DefaultClientContext>::from_config(&connection.config)
        .map_err(|error| connection.error("", &error))?;
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(replication));
    let options = AdminOptions::new().request_timeout(Some(TIMEOUT)).operation_timeout(Some(TIMEOUT));
    let what = format!("topic {topic} can't be created");
    let answers = block_on(admin.create_topics([&new], &options)).map_err(|error| connection.error(&what, &error))?;
    let created = match answers.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => false,
        Some(Err((_, code))) => return Err(connection.error(&what, &KafkaError::MetadataFetch(code))),
        Some(Ok(_)) | None => true,
    };
    // The brokers tell each other of it within moments; whoever comes next should find it.
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        if let Ok(metadata) = asking.fetch_metadata(Some(topic), TIMEOUT)
            && let Found::Partitions(_) = find(&connection, &metadata, topic)?
        {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(created)
}

struct Asking(Events);

impl ClientContext for Asking {
    fn error(&self, error: KafkaError, reason: &str) {
        self.0.record(&error, reason);
    }
}

impl ConsumerContext for Asking {}

/// The admin client answers by a future, on a thread of its own: waiting for that one needs no runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
