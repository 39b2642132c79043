//! Generates logs on threads of its own and sends them, paced or as fast as can be.
//!
//! Thread t of n takes the records t, t + n, t + 2n …, so that what is sent does not depend on their number; the threads of
//! a shard share the shard's records out in the same way. One librdkafka client serves them all: its batches grow with the
//! whole load. A record is never dropped: when the queue is full, its thread waits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::producer::Producer as _;

use super::config::{Connection, Properties};
use super::deliveries::{Context, Counters, lock};
use super::events::{Events, first_answer};
use super::lag::LagHistogram;
use super::pacing::Schedule;
use super::run::{Client, Run};
use super::runs::Runs;
use super::sender::Sender;
use super::topic::{Found, ensure_topic, find, missing};
use crate::verdict::{Reason, Status};
use crate::{Error, Result};

const DEFAULTS: [(&str, &str); 7] = [
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("compression.type", "lz4"),
    // Without this librdkafka would not ask for a record's partition; see Runs.
    ("sticky.partitioning.linger.ms", "0"),
    // A batch that is acknowledged soon is still in the cache when librdkafka goes over it again.
    ("batch.num.messages", "5000"),
    ("queue.buffering.max.kbytes", "131072"),
    // As Java's producer; librdkafka's own 5 minutes are long to wait for a broker that is gone.
    ("message.timeout.ms", "120000"),
];

/// How many records may wait. With a rate, two seconds of a broker's silence at 100,000/s; as fast as can be it is always
/// full, and a fuller one only costs memory and cache: 0.87 s of processor time for a million logs with 200,000, 0.77 s.
const QUEUE: &str = "queue.buffering.max.messages";
const QUEUE_PACED: (&str, &str) = (QUEUE, "200000");
const QUEUE_MAX: (&str, &str) = (QUEUE, "50000");
/// How long a batch may wait to fill. With a rate it is most of a log's way to the broker; as fast as can be, batches fill.
const LINGER: &str = "linger.ms";
const LINGER_PACED: (&str, &str) = (LINGER, "5");
const LINGER_MAX: (&str, &str) = (LINGER, "20");
/// As many copies as the brokers make by themselves. One copy would stop a cluster that wants two to acknowledge.
const REPLICATION: i32 = -1;
/// How soon a topic that is not there yet is looked for again.
const TOPIC_NAP: Duration = Duration::from_millis(20);
/// How long a topic may take to show after its creation.
const TOPIC_PATIENCE: Duration = Duration::from_secs(5);
/// Where logs come from: record `index` is the same whichever thread asks.
pub trait LogSource: Send + 'static {
    /// Appends record `index` to `log`, and to `reasons` why it gets the status returned.
    fn write(&mut self, index: u64, log: &mut Vec<u8>, reasons: &mut Vec<Reason>) -> Status;

    /// Appends `count` records, `step` apart from `first` on, to `logs`, and to `ends` where each ends in it.
    fn write_many(&mut self, first: u64, step: u64, count: usize, logs: &mut Vec<u8>, ends: &mut Vec<usize>) {
        let mut index = first;
        for _ in 0..count {
            self.write(index, logs, &mut Vec::new());
            ends.push(logs.len());
            index = index.wrapping_add(step);
        }
    }

    /// Appends the JSON of what the log should get.
    fn expected(&self, status: Status, reasons: &[Reason], json: &mut Vec<u8>);
}

/// One of several producers' parts of one stream: of all records `index`, `index + of`, `index + 2 of` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, counted from 0.
    pub index: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    /// All of the stream.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

/// What to send, where to, and how fast.
#[derive(Clone, Debug, Default)]
pub struct ProducerOptions {
    /// `HOST:PORT[,HOST:PORT…]`.
    pub brokers: String,
    /// The topic; where `partitions` is None it has to be there, unless the brokers create topics on first use.
    pub topic: String,
    /// A topic that is missing is created with so many partitions, in as many copies as the brokers make by themselves.
    pub partitions: Option<i32>,
    /// Records a second, of the whole stream; None is as fast as can be.
    pub rate: Option<f64>,
    /// How many records, of the whole stream; None is no end.
    pub count: Option<u64>,
    /// The part of the stream that is sent.
    pub shard: Shard,
    /// For how long; None is no end.
    pub duration: Option<Duration>,
    /// Whether each record says in the header `logcore.expected` what it should get.
    pub truth: bool,
    /// librdkafka properties that win over ours.
    pub config: Properties,
}

/// How far it is.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Records generated.
    pub generated: u64,
    /// Of these, records that the client took to send.
    pub sent: u64,
    /// Records that the brokers have.
    pub acknowledged: u64,
    /// Records that they don't and will not have.
    pub failed: u64,
    /// Bytes of the values acknowledged.
    pub bytes: u64,
    /// Seconds from the start to now, or to the end.
    pub elapsed: f64,
    /// Records acknowledged a second, over the last second.
    pub rate: f64,
    /// Whether every record is acknowledged or failed, and no more come.
    pub done: bool,
    /// The first failure's text.
    pub error: Option<String>,
    /// With a rate: p50, p99 and maximum of the time from when a record was due to when it was sent, in seconds.
    pub lag: Option<[f64; 3]>,
}

/// A run under way. Dropped, it is cut short: what is in flight is not waited for.
pub struct Producer {
    run: Arc<Run>,
    created: bool,
    reports: Option<JoinHandle<()>>,
}

impl Producer {
    /// Starts at once, one thread for each of `sources`, which are alike.
    ///
    /// # Errors
    /// [`Error::Kafka`] where no broker answers within 10 s, the topic can't be written to, or an option is impossible.
    pub fn start<S: LogSource>(options: ProducerOptions, sources: Vec<S>) -> Result<Self> {
        if sources.is_empty() {
            return Err(Error::Kafka("no thread is to send anything; it takes 1 or more".into()));
        }
        let shard = options.shard;
        let Some(step) = shard.of.checked_mul(sources.len() as u64).filter(|_| shard.index < shard.of) else {
            return Err(Error::Kafka(format!("there is no shard {} of {}", shard.index, shard.of)));
        };
        let schedule = options.rate.map(Schedule::new).transpose()?;
        let own = if schedule.is_some() { [QUEUE_PACED, LINGER_PACED] } else { [QUEUE_MAX, LINGER_MAX] };
        // Asking must not be what creates it, with the broker's own number of partitions.
        let asking: &[_] = if options.partitions.is_some() { &[("allow.auto.create.topics", "false")] } else { &[] };
        let connection = Connection::new(&options.brokers, &[&DEFAULTS[..], &own].concat(), asking, &options.config)?;
        let counters = Arc::new(Counters::new(connection.clone()));
        let runs = (!options.config.contains_key("partitioner")).then(|| Runs::new(options.rate));
        let client: Client = connection
            .config
            .create_with_context(Context { counters: Arc::clone(&counters), runs })
            .map_err(|error| connection.error("", &error))?;
        let created = wait_for_topic(&connection, &client, &counters.events, &options)?;
        let run = Arc::new(Run {
            client,
            counters,
            schedule,
            lag: LagHistogram::default(),
            started: Instant::now(),
            stop: AtomicBool::new(false),
            abandon: AtomicBool::new(false),
            sending: AtomicUsize::new(sources.len()),
            window: Mutex::default(),
            ended: Mutex::default(),
            end: Condvar::new(),
            options,
        });
        let mut threads = Vec::new();
        for (first, source) in (shard.index..).step_by(usize::try_from(shard.of).unwrap_or(usize::MAX)).zip(sources) {
            let run = Arc::clone(&run);
            threads.push(spawn("logcore-send", move || Sender::new(&run, source).send_all(first, step))?);
        }
        let watched = Arc::clone(&run);
        let reports = spawn("logcore-reports", move || watched.serve_reports(threads))?;
        Ok(Self { run, created, reports: Some(reports) })
    }

    /// Whether it created the topic.
    #[must_use]
    pub fn created_topic(&self) -> bool {
        self.created
    }

    /// How far it is.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (run, counters) = (&self.run, &self.run.counters);
        let ended = *lock(&run.ended);
        let acknowledged = counters.acknowledged.load(Relaxed);
        Stats {
            generated: counters.sent.load(Relaxed) + counters.refused.load(Relaxed),
            sent: counters.sent.load(Relaxed),
            acknowledged,
            failed: counters.refused.load(Relaxed) + counters.undelivered.load(Relaxed),
            bytes: counters.bytes.load(Relaxed),
            elapsed: ended.unwrap_or_else(|| run.started.elapsed()).as_secs_f64(),
            rate: lock(&run.window).rate(Instant::now(), acknowledged),
            done: ended.is_some(),
            error: lock(&counters.first_error).clone(),
            lag: run.schedule.map(|_| [run.lag.quantile(0.5), run.lag.quantile(0.99), run.lag.max()]),
        }
    }

    /// Generates no more; what is in flight is still flushed.
    pub fn stop(&self) {
        self.run.stop.store(true, Relaxed);
    }

    /// Waits up to `timeout`; true when every record is acknowledged or failed.
    #[must_use]
    pub fn join(&self, timeout: Duration) -> bool {
        let ended = lock(&self.run.ended);
        let (ended, _) = self
            .run
            .end
            .wait_timeout_while(ended, timeout, |ended| ended.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        ended.is_some()
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.run.abandon.store(true, Relaxed);
        self.stop();
        if let Some(reports) = self.reports.take() {
            // A panic of that thread has been told on standard error; there is nothing to add.
            let _ = reports.join();
        }
    }
}

/// Waits until the topic is there, and creates it where that is wanted; true if it did. One client asks and sends: a
/// second one would cost 20 ms.
fn wait_for_topic(
    connection: &Connection,
    client: &Client,
    events: &Events,
    options: &ProducerOptions,
) -> Result<bool> {
    let ProducerOptions { brokers, topic, config, .. } = options;
    let mut partitions = options.partitions;
    let (mut created, mut deadline) = (false, None);
    loop {
        let metadata = first_answer(
            connection,
            events,
            |timeout| client.client().fetch_metadata(Some(topic), timeout),
            || client.poll(Duration::ZERO),
        )?;
        match (find(connection, &metadata, topic)?, partitions.take()) {
            (Found::Partitions(_), _) => return Ok(created),
            (Found::Missing, Some(partitions)) => {
                created = ensure_topic(brokers, topic, partitions, REPLICATION, config)?;
                continue;
            }
            _ => {}
        }
        // A topic just made, by us or by this very question, shows within moments.
        if Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + TOPIC_PATIENCE) {
            return Err(missing(connection, topic));
        }
        thread::sleep(TOPIC_NAP);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name(name.into());
    thread.spawn(work).map_err(|error| Error::Kafka(format!("no thread to send from: {error}")))
}
