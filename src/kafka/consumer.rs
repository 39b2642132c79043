//! Reads a whole topic as Arrow batches, with a group or without.
//!
//! Without a group partitions are read from where [`Start`] says, and nothing is committed. With a group its committed
//! offsets decide, and other members may take partitions away and give them back: [`Consumer::position`] and
//! [`Consumer::commit`] are about the partitions that are assigned at the moment. What was polled from a partition and not
//! committed before it was taken away is read again by the member that gets it.

use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;

use super::config::{Connection, Properties};
use super::events::{first_answer, is_absence, no_broker};
use super::membership::{Context, is_passing};
use super::offsets::{committed, offset_list, watermarks};
use super::partitions::{Partitions, Reached};
use super::records::Records;
use super::start::Start;
use super::topic::{Found, find, missing};
use crate::{Error, Result};

/// Of every client that reads.
pub(crate) const DEFAULTS: [(&str, &str); 7] = [
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    // New partitions are noticed within this time; librdkafka's own is 5 minutes.
    ("topic.metadata.refresh.interval.ms", "30000"),
    ("fetch.message.max.bytes", "4194304"),
    // With its own 1,000 a full queue pauses for a second: 300,000 records/s became 1,600,000.
    ("fetch.queue.backoff.ms", "10"),
    // What is fetched ahead, per partition; 64 MiB each is too much for a topic of 100 partitions.
    ("queued.max.messages.kbytes", "32768"),
    ("allow.auto.create.topics", "false"),
];
pub(crate) const FIXED: [(&str, &str); 3] =
    [("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("enable.partition.eof", "true")];
/// librdkafka wants a group to assign partitions. Without a commit or a subscription no broker ever hears of it.
const NO_GROUP: &str = "logcore-reader";

const TIMEOUT: Duration = Duration::from_secs(10);
/// How long no broker may answer before a poll fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// After how long without a record a poll asks whether a broker is there, and how long it waits for the answer.
const ASK_BROKER: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(1);
/// How often the group is asked about partitions of its other members.
const ASK_GROUP: Duration = Duration::from_secs(1);
/// A batch is full at this size: Arrow's offsets end at 2 GiB, and memory before.
const BATCH_BYTES: usize = 256 * 1024 * 1024;

/// What to read, and as whom.
#[derive(Clone, Debug, Default)]
pub struct ConsumerOptions {
    /// `HOST:PORT[,HOST:PORT…]`.
    pub brokers: String,
    /// The topic; it has to be there.
    pub topic: String,
    /// The consumer group whose offsets to go on from; None reads everything.
    pub group: Option<String>,
    /// Where to begin without a group. A group goes on from its offsets, and begins at the first record.
    pub start: Start,
    /// Whether records of transactions that are open or aborted stay out.
    pub read_committed: bool,
    /// librdkafka properties that win over ours.
    pub config: Properties,
}

/// Reads one topic.
pub struct Consumer {
    client: BaseConsumer<Context>,
    connection: Connection,
    topic: String,
    grouped: bool,
    /// Whether partitions that are new are read as well.
    all_partitions: bool,
    /// An error that came after records, kept for the next poll.
    pending: Option<Error>,
    /// When a broker was last asked for, or heard from; and since when none has answered.
    asked: Instant,
    away_since: Option<Instant>,
    /// The group's offsets of others' partitions, and when they were asked for.
    others: Option<(Instant, BTreeMap<i32, i64>)>,
}

impl Consumer {
    /// # Errors
    /// [`Error::Kafka`] where no broker answers within 10 s, the topic or a partition to begin in does not exist, a property
    /// is wrong, or a group is given a start.
    pub fn new(options: &ConsumerOptions) -> Result<Self> {
        let isolation = if options.read_committed { "read_committed" } else { "read_uncommitted" };
        let group = options.group.as_deref().unwrap_or(NO_GROUP);
        let mut defaults = vec![("isolation.level", isolation), ("group.id", group)];
        defaults.extend(DEFAULTS);
        let connection = Connection::new(&options.brokers, &defaults, &FIXED, &options.config)?;
        let client: BaseConsumer<Context> =
            connection.config.create_with_context(Context::default()).map_err(|error| connection.error("", &error))?;
        let mut consumer = Self {
            client,
            connection,
            topic: options.topic.clone(),
            grouped: options.group.is_some(),
            all_partitions: !matches!(options.start, Start::Offsets(_)),
            pending: None,
            asked: Instant::now(),
            away_since: None,
            others: None,
        };
        let partitions = first_answer(
            &consumer.connection,
            &consumer.client.context().events,
            |timeout| consumer.client.fetch_metadata(Some(&consumer.topic), timeout),
            || while consumer.client.poll(Duration::ZERO).is_some() {},
        )
        .and_then(|metadata| match find(&consumer.connection, &metadata, &consumer.topic)? {
            Found::Partitions(partitions) => Ok(partitions),
            Found::Missing => Err(missing(&consumer.connection, &consumer.topic)),
            Found::Pending => consumer.partitions(),
        })?;
        if consumer.grouped && options.start != Start::Earliest {
            return Err(consumer.connection.message("a group begins at its own offsets, it can't be given a start"));
        }
        if consumer.grouped {
            let subscribed = consumer.client.subscribe(&[&consumer.topic]);
            subscribed.map_err(|error| consumer.failed("can't be read", &error))?;
        } else {
            let starts = consumer.starts(&options.start, &partitions)?;
            consumer.take(&starts)?;
        }
        Ok(consumer)
    }

    /// The next records, at most `max_records` (at least 1) and 256 MiB, waiting up to `timeout` for the first; None
    /// when none came. Columns: partition, offset, timestamp, key, value, headers.
    ///
    /// A broker that goes away and comes back within 30 s is waited for.
    ///
    /// # Errors
    /// [`Error::Kafka`] where no broker has answered for 30 s, or the topic can't be read.
    pub fn poll(&mut self, max_records: usize, timeout: Duration) -> Result<Option<RecordBatch>> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let deadline = Instant::now() + timeout;
        let mut records = Records::new();
        let mut wait = timeout;
        while records.len() < max_records.max(1) && records.bytes() < BATCH_BYTES {
            match self.client.poll(wait) {
                Some(Ok(message)) => {
                    records.push(&message);
                    self.progress().record(message.partition(), message.offset(), Instant::now());
                    // Only the first is waited for.
                    wait = Duration::ZERO;
                    continue;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.progress().end(partition, Instant::now());
                }
                Some(Err(error)) if is_passing(&error, self.grouped) => {}
                Some(Err(error)) => {
                    let error = self.failed("can't be read", &error);
                    if records.len() == 0 {
                        return Err(error);
                    }
                    self.pending = Some(error);
                    break;
                }
                None if records.len() > 0 => break,
                None => {}
            }
            if records.len() == 0 {
                wait = deadline.saturating_duration_since(Instant::now());
                if wait.is_zero() {
                    return self.nothing_came().map(|()| None);
                }
            }
        }
        (self.asked, self.away_since) = (Instant::now(), None);
        records.finish().map(Some)
    }

    /// For each partition of the topic, also those that others of the group read, the offset after its last record
    /// (with `read_committed`: its last one that is decided), now. Without a group, partitions that are new since the
    /// last call are read from now on.
    ///
    /// # Errors
    /// [`Error::Kafka`] where the brokers don't answer, or the topic is gone.
    pub fn end_offsets(&mut self) -> Result<BTreeMap<i32, i64>> {
        let partitions = self.partitions()?;
        let watermarks = self.watermarks(&partitions)?;
        if !self.grouped && self.all_partitions {
            let new = {
                let known = self.progress();
                watermarks.iter().filter(|(id, _)| !known.contains(**id)).map(|(id, (low, _))| (*id, *low)).collect()
            };
            self.take(&new)?;
        }
        Ok(watermarks.into_iter().map(|(id, (_, high))| (id, high)).collect())
    }

    /// For each assigned partition the next offset to be read; transaction markers are skipped as they pass.
    ///
    /// # Errors
    /// [`Error::Kafka`] where the brokers can't say where the group stands.
    pub fn position(&mut self) -> Result<BTreeMap<i32, i64>> {
        self.catch_up()?;
        Ok(self.progress().positions())
    }

    /// True when every partition of `ends` has been read up to that offset; one that another member of the group reads,
    /// when that member has committed it. Records to come, and gaps at the end of a partition, show in calls of
    /// [`Consumer::poll`] in between.
    ///
    /// # Errors
    /// [`Error::Kafka`] as [`Consumer::position`].
    pub fn at_end(&mut self, ends: &BTreeMap<i32, i64>) -> Result<bool> {
        self.catch_up()?;
        let mut all = true;
        for (&partition, &end) in ends {
            let reached = self.progress().reached(partition, end, Instant::now());
            all &= match reached {
                Reached::Yes => true,
                Reached::No => false,
                Reached::NotOurs => end <= 0 || self.group_has_read(partition, end, ends),
                Reached::ReadAgain(position) => {
                    // If it was taken away this moment, there is nothing to prove.
                    if self.client.seek(&self.topic, partition, Offset::Offset(position), TIMEOUT).is_ok() {
                        self.progress().checking(partition, end);
                    }
                    false
                }
            };
        }
        Ok(all)
    }

    /// Commits what `poll` has returned so far from the partitions still assigned, and waits for the broker's answer.
    ///
    /// # Errors
    /// [`Error::Kafka`] without a group, or where the broker doesn't take it.
    pub fn commit(&mut self) -> Result<()> {
        if !self.grouped {
            return Err(self.connection.message("nothing can be committed without a group"));
        }
        self.pass_markers();
        let offsets = self.progress().to_commit();
        if offsets.is_empty() {
            return Ok(());
        }
        let committed = offset_list(&self.topic, offsets.iter().copied())
            .and_then(|list| self.client.commit(&list, CommitMode::Sync));
        committed.map_err(|error| self.failed("offsets can't be committed", &error))?;
        let mut progress = self.progress();
        for (partition, offset) in offsets {
            progress.committed(partition, offset);
        }
        Ok(())
    }

    /// All partitions of the topic.
    fn partitions(&self) -> Result<Vec<i32>> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let metadata = self.client.fetch_metadata(Some(&self.topic), TIMEOUT).map_err(|error| self.away(&error))?;
            match find(&self.connection, &metadata, &self.topic)? {
                Found::Partitions(partitions) => return Ok(partitions),
                Found::Missing => return Err(missing(&self.connection, &self.topic)),
                Found::Pending if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(100)),
                Found::Pending => {
                    let text = format!("topic {} has partitions without a leader", self.topic);
                    return Err(self.connection.message(&text));
                }
            }
        }
    }

    /// The first offset of each partition and the one after its last.
    fn watermarks(&self, partitions: &[i32]) -> Result<BTreeMap<i32, (i64, i64)>> {
        watermarks(&self.client, &self.topic, partitions, TIMEOUT).map_err(|error| self.away(&error))
    }

    /// Where each partition that `start` speaks of begins.
    fn starts(&self, start: &Start, partitions: &[i32]) -> Result<BTreeMap<i32, i64>> {
        if let Some(other) = start.named().find(|id| !partitions.contains(id)) {
            return Err(self.connection.message(&format!("topic {} has no partition {other}", self.topic)));
        }
        start.offsets(&self.client, &self.topic, partitions, TIMEOUT).map_err(|error| self.away(&error))
    }

    /// Reads these partitions from these offsets on.
    fn take(&mut self, starts: &BTreeMap<i32, i64>) -> Result<()> {
        if starts.is_empty() {
            return Ok(());
        }
        let taken = offset_list(&self.topic, starts.iter().map(|(partition, offset)| (*partition, *offset)))
            .and_then(|list| self.client.incremental_assign(&list));
        taken.map_err(|error| self.failed("can't be read", &error))?;
        let mut progress = self.progress();
        for (partition, offset) in starts {
            progress.assign(*partition, Some(*offset), Instant::now());
        }
        Ok(())
    }

    /// Learns the positions that only the client or the brokers know.
    fn catch_up(&mut self) -> Result<()> {
        self.pass_markers();
        let unknown = self.progress().without_position();
        if unknown.is_empty() {
            return Ok(());
        }
        let committed = self.committed(&unknown, TIMEOUT)?;
        let fresh: Vec<i32> = unknown.iter().filter(|id| !committed.contains_key(id)).copied().collect();
        let watermarks = self.watermarks(&fresh)?;
        let mut progress = self.progress();
        for (partition, offset) in committed {
            progress.starts(partition, offset, true);
        }
        for (partition, (low, _)) in watermarks {
            progress.starts(partition, low, false);
        }
        Ok(())
    }

    /// The client's own position is past transaction markers that came after the last record.
    fn pass_markers(&self) {
        // It fails for a consumer that is just being closed; then there is nothing to learn.
        let Ok(list) = self.client.position() else { return };
        let mut progress = self.progress();
        for element in list.elements_for_topic(&self.topic) {
            if let Offset::Offset(offset) = element.offset() {
                progress.passed(element.partition(), offset);
            }
        }
    }

    /// What the group has committed for these partitions, those without a commit left out.
    fn committed(&self, partitions: &[i32], timeout: Duration) -> Result<BTreeMap<i32, i64>> {
        committed(&self.client, &self.topic, partitions, timeout).map_err(|error| self.away(&error))
    }

    fn group_has_read(&mut self, partition: i32, end: i64, ends: &BTreeMap<i32, i64>) -> bool {
        // Before the group has shared its partitions out, its coordinator may not even be known.
        if !self.grouped || !self.client.context().has_joined() {
            return false;
        }
        if self.others.as_ref().is_none_or(|(asked, _)| asked.elapsed() >= ASK_GROUP) {
            let all: Vec<i32> = ends.keys().copied().collect();
            // No answer now is none yet; a broker that is gone shows in polls.
            let committed = self.committed(&all, ASK_GROUP).unwrap_or_default();
            self.others = Some((Instant::now(), committed));
        }
        self.others.as_ref().and_then(|(_, offsets)| offsets.get(&partition)).is_some_and(|offset| *offset >= end)
    }

    /// A poll is about to return nothing: is that for want of records or of brokers? librdkafka tells of neither.
    fn nothing_came(&mut self) -> Result<()> {
        if self.asked.elapsed() < if self.away_since.is_some() { ANSWER } else { ASK_BROKER } {
            return Ok(());
        }
        let answer = self.client.fetch_metadata(Some(&self.topic), ANSWER);
        self.asked = Instant::now();
        if answer.is_ok() {
            self.away_since = None;
        } else if self.away_since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            return Err(no_broker(&self.connection, &self.client.context().events));
        }
        Ok(())
    }

    /// A question went unanswered.
    fn away(&self, error: &KafkaError) -> Error {
        if is_absence(error) {
            no_broker(&self.connection, &self.client.context().events)
        } else {
            self.failed("can't be asked about", error)
        }
    }

    fn failed(&self, what: &str, error: &KafkaError) -> Error {
        self.connection.error(&format!("topic {} {what}", self.topic), error)
    }

    fn progress(&self) -> MutexGuard<'_, Partitions> {
        self.client.context().progress()
    }
}
