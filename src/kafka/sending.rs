//! Sends a few given records, and says where each of them went.

use std::sync::Mutex;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use super::config::{Connection, Properties, plain};
use super::deliveries::lock;
use super::events::{Events, first_answer, is_absence};
use super::topic::{Found, find, missing};
use crate::Result;

const DEFAULTS: [(&str, &str); 5] = [
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("compression.type", "lz4"),
    ("message.timeout.ms", "120000"),
    ("allow.auto.create.topics", "false"),
];
const NAP: Duration = Duration::from_millis(100);
const FIRST_NAP: Duration = Duration::from_millis(10);
const FIRST_NAPS: u32 = 50;

/// A record to send.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; None is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Partition and offset of a record, or why the brokers don't have it.
pub type Placed = std::result::Result<(i32, i64), String>;
/// The same, before anybody is told.
type Answer = std::result::Result<(i32, i64), KafkaError>;

/// Sends `records` to `topic`, which has to be there, and waits for the brokers' answers. One answer for each record.
///
/// # Errors
/// [`crate::Error::Kafka`] where no broker answers, the topic does not exist, or a property is wrong; nothing was sent then.
pub fn send(brokers: &str, topic: &str, records: &[Outgoing], config: &Properties) -> Result<Vec<Placed>> {
    let connection = Connection::new(brokers, &DEFAULTS, &[], config)?;
    let context = Context { events: Events::default(), placed: Mutex::new(vec![None; records.len()]) };
    let client: BaseProducer<Context> =
        connection.config.create_with_context(context).map_err(|error| connection.error("", &error))?;
    let metadata = first_answer(
        &connection,
        &client.context().events,
        |timeout| client.client().fetch_metadata(Some(topic), timeout),
        || client.poll(Duration::ZERO),
    )?;
    if find(&connection, &metadata, topic)? == Found::Missing {
        return Err(missing(&connection, topic));
    }
    for (index, record) in records.iter().enumerate() {
        hand_over(&client, topic, record, index);
    }
    hurry_the_first(&client, topic);
    // Each record has its own time to live; after it, its answer is that it was not taken.
    while client.in_flight_count() > 0 {
        let _ = client.flush(NAP);
    }
    let placed = std::mem::take(&mut *lock(&client.context().placed));
    let answers = placed.into_iter().map(|placed| match placed {
        Some(Ok(place)) => Ok(place),
        Some(Err(error)) => Err(why(&connection, &client.context().events, &error)),
        None => Err("it was not answered".into()),
    });
    Ok(answers.collect())
}

/// Nothing goes before the client has a producer id. librdkafka asks for it whenever metadata come, and twice a second.
fn hurry_the_first(client: &BaseProducer<Context>, topic: &str) {
    for _ in 0..FIRST_NAPS {
        let _ = client.flush(FIRST_NAP);
        if client.in_flight_count() == 0 || lock(&client.context().placed).iter().any(Option::is_some) {
            return;
        }
        // Only that it was asked counts.
        let _ = client.client().fetch_metadata(Some(topic), FIRST_NAP);
    }
}

/// Waits while the queue is full. A record that the client refuses gets that as its answer.
fn hand_over(client: &BaseProducer<Context>, topic: &str, record: &Outgoing, index: usize) {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (key, value) in &record.headers {
        headers = headers.insert(Header { key, value: value.as_deref() });
    }
    let mut outgoing: BaseRecord<'_, [u8], [u8], Box<usize>> =
        BaseRecord::with_opaque_to(topic, Box::new(index)).headers(headers);
    outgoing.key = record.key.as_deref();
    outgoing.payload = record.value.as_deref();
    loop {
        let Err((error, returned)) = client.send(outgoing) else { return };
        // With nothing in flight it is not the others that fill the queue: the record is larger than all of it.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) || client.in_flight_count() == 0 {
            client.context().answer(index, Err(error));
            return;
        }
        client.poll(NAP);
        outgoing = returned;
    }
}

fn why(connection: &Connection, events: &Events, error: &KafkaError) -> String {
    let text = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| plain(code.to_string()));
    // "Message timed out" alone doesn't say why; the last trouble with a broker does. Other answers are the brokers' own.
    let last = events.last().filter(|_| is_absence(error)).map(|last| format!(" ({last})")).unwrap_or_default();
    connection.redacted(&format!("{text}{last}"))
}

struct Context {
    events: Events,
    placed: Mutex<Vec<Option<Answer>>>,
}

impl Context {
    fn answer(&self, index: usize, answer: Answer) {
        if let Some(place) = lock(&self.placed).get_mut(index) {
            *place = Some(answer);
        }
    }
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.events.record(&error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, index: Box<usize>) {
        self.answer(
            *index,
            match result {
                Ok(message) => Ok((message.partition(), message.offset())),
                Err((error, _)) => Err(error.clone()),
            },
        );
    }
}
