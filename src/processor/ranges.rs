//! Moves ranges of offsets that somebody else has planned, each exactly once, whoever is asked again after a failure.
//!
//! Every transaction holds some records and says in the group's committed offsets how far the range is by them. The group is
//! this processor's own, so the offsets are a note to itself: who takes the range up again, after taking over the id and so
//! shutting out whoever had it, goes on from there. The note also names the batch, the plan, the range and what its logs have got
//! so far; one of another plan is passed over, and one of a later batch ends who comes too late.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::counts::Counts;
use super::mover::Mover;
use super::note::{Noted, note, noted};
use super::reader::{BLOCK, BLOCK_BYTES, Context, NO_RESET, PATIENCE, Reader, TIMEOUT};
use super::table::Table;
use crate::classify::Classifier;
use crate::kafka::{
    Failure, FetchQueue, Fetched, Notice, Properties, TransactionalProducer, is_passing_code, offset_list, watermarks,
};
use crate::{Error, Result};

/// A transaction is ended after so many logs, or so long: far before the brokers give it up.
const MOST: u64 = 500_000;
const LONGEST: Duration = Duration::from_secs(5);
/// How often a range is begun anew where its producer was of no more use.
const ATTEMPTS: usize = 3;

/// Offsets of one partition, the last one left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The partition.
    pub partition: i32,
    /// The first offset.
    pub from: i64,
    /// The offset after the last.
    pub until: i64,
}

/// What ranges belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan<'a> {
    /// Batches are moved one after the other, by rising numbers: what is done of a later one ends all tries of this.
    pub batch: i64,
    /// The ranges, and whatever else their verdicts depend on. Without spaces.
    pub id: &'a str,
}

/// A range that is done.
#[derive(Clone, Copy, Debug)]
pub struct DoneRange {
    /// Which.
    pub range: Range,
    /// What its logs got, those of an earlier attempt counted.
    pub counts: Counts,
    /// Where the partition ended when the range was begun.
    pub end: i64,
}

/// Moves ranges under one id, which is its group's name as well.
pub struct RangeProcessor {
    brokers: String,
    input: String,
    output: String,
    id: String,
    config: Properties,
    table: Option<Box<dyn Table>>,
    clients: Option<Clients>,
    /// Threads don't come along into a forked process, so clients are of no use there.
    process: u32,
}

struct Clients {
    reader: Reader<Context>,
    queue: FetchQueue<Context>,
    group: ConsumerGroupMetadata,
    producer: TransactionalProducer,
    mover: Mover,
}

/// How far a range is.
struct State {
    range: Range,
    next: i64,
    counts: Counts,
    end: i64,
}

impl State {
    fn is_done(&self) -> bool {
        self.next >= self.range.until
    }
}

impl RangeProcessor {
    /// Nothing is asked yet. `id` names the transactions and the group: two that work at the same time have two.
    #[must_use]
    pub fn new(
        brokers: String,
        input: String,
        output: String,
        id: String,
        config: Properties,
        table: Option<Box<dyn Table>>,
    ) -> Self {
        Self { brokers, input, output, id, config, table, clients: None, process: std::process::id() }
    }

    /// Moves the ranges, at most one of each partition, by what `classifier` says. What an earlier call for the same plan has
    /// committed is not done again.
    ///
    /// # Errors
    /// [`Error::Kafka`] where no broker answers, where offsets of a range are not there any more, or not yet, or where a later
    /// batch has been moved; the table's, where it stays away for a minute or refuses the rows.
    pub fn process(&mut self, classifier: &Classifier, plan: Plan<'_>, ranges: &[Range]) -> Result<Vec<DoneRange>> {
        self.forget_after_fork();
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(classifier, plan, ranges) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            // A new client has nothing of what troubled the last one.
            self.clients = None;
            match failure {
                Failure::Lost(_) | Failure::Aborted(_) if attempt < ATTEMPTS => attempt += 1,
                other => return Err(other.into_error()),
            }
        }
    }

    fn forget_after_fork(&mut self) {
        if self.process != std::process::id() {
            self.process = std::process::id();
            // To end them would be to wait for threads that are not there.
            std::mem::forget(self.clients.take());
        }
    }

    fn attempt(
        &mut self,
        classifier: &Classifier,
        plan: Plan<'_>,
        ranges: &[Range],
    ) -> std::result::Result<Vec<DoneRange>, Failure> {
        let clients = if let Some(clients) = &mut self.clients {
            clients.producer.count_partitions().map_err(Failure::Final)?;
            clients
        } else {
            let clients = Clients::new(&self.brokers, &self.input, &self.output, &self.id, &self.config);
            self.clients.insert(clients.map_err(Failure::Final)?)
        };
        let done = clients.run(classifier, plan, ranges, self.table.as_deref_mut());
        // Nothing is fetched between batches.
        let _ = clients.reader.client.unassign();
        done
    }
}

impl Drop for RangeProcessor {
    fn drop(&mut self) {
        self.forget_after_fork();
    }
}

impl Clients {
    fn new(brokers: &str, input: &str, output: &str, id: &str, config: &Properties) -> Result<Self> {
        // Before anything is read: what another one of this id has under way ends here.
        let producer = TransactionalProducer::new(brokers, output, id, config)?;
        // All that is wanted is there; a question would wait behind a fetch that waits for more.
        let own = [("fetch.wait.max.ms", "20")];
        let fixed = [("group.id", id), NO_RESET];
        let reader = Reader::new(brokers, input, &own, &fixed, config, Context::default())?;
        let queue = FetchQueue::new(&reader.client, input)?;
        let group = reader.client.group_metadata().ok_or_else(|| reader.says("there is no group to commit for"))?;
        Ok(Self { queue, group, producer, mover: Mover::new(input), reader })
    }

    fn run(
        &mut self,
        classifier: &Classifier,
        plan: Plan<'_>,
        ranges: &[Range],
        mut table: Option<&mut (dyn Table + 'static)>,
    ) -> std::result::Result<Vec<DoneRange>, Failure> {
        let mut states = self.states(plan, ranges).map_err(Failure::Final)?;
        self.assign(&states).map_err(Failure::Final)?;
        let (mut fetched, mut kept) = (Fetched::default(), Fetched::default());
        let (mut begun, mut open, mut heard) = (Instant::now(), 0, Instant::now());
        while states.values().any(|state| !state.is_done()) || self.producer.is_open() {
            let moved = self.read(&mut states, &mut fetched, &mut kept).map_err(Failure::Final)?;
            if fetched.len() > 0 {
                if !self.producer.is_open() {
                    self.producer.begin()?;
                    (begun, open) = (Instant::now(), 0);
                }
                let table = table.as_deref_mut();
                self.step(&mut states, classifier, &fetched, table)?;
                open += fetched.len() as u64;
            }
            if moved {
                heard = Instant::now();
            }
            let all = states.values().all(State::is_done);
            if self.producer.is_open() && (all || open >= MOST || begun.elapsed() >= LONGEST) {
                self.commit(plan, &states)?;
            } else if heard.elapsed() >= PATIENCE {
                return Err(Failure::Final(self.nothing_comes(&states)));
            }
        }
        let done = states.into_values();
        Ok(done.map(|state| DoneRange { range: state.range, counts: state.counts, end: state.end }).collect())
    }

    /// Reads a block of logs of the ranges into `fetched`; false where nothing came, not even an end.
    fn read(&mut self, states: &mut BTreeMap<i32, State>, fetched: &mut Fetched, kept: &mut Fetched) -> Result<bool> {
        fetched.clear();
        let mut trouble = None;
        let mut ends = BTreeMap::new();
        let mut moved = false;
        let mut wait = Duration::from_millis(50);
        let mut notice = |notice| match notice {
            // Markers of transactions and what was compacted away have no record.
            Notice::End { partition, offset } => {
                ends.insert(partition, offset);
            }
            Notice::Trouble { code, .. } if is_passing_code(code) => {}
            Notice::Trouble { partition, code, text } => {
                trouble.get_or_insert(match code {
                    RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset => {
                        format!("partition {partition}: offsets are gone while they are read: {text}")
                    }
                    _ => format!("partition {partition} can't be read: {text}"),
                });
            }
        };
        while fetched.len() < BLOCK && fetched.bytes() < BLOCK_BYTES && self.queue.read(wait, fetched, &mut notice) {
            wait = Duration::ZERO;
        }
        if let Some(text) = trouble {
            return Err(self.reader.says(&text));
        }
        // What isn't of a partition comes here.
        while let Some(event) = self.reader.client.poll(Duration::ZERO) {
            if let Err(KafkaError::MessageConsumptionFatal(code)) = event {
                return Err(self.reader.connection.error("", &KafkaError::MessageConsumptionFatal(code)));
            }
        }
        // A record past a range's end says that all before it have come, and the step counts those; an offset before its
        // start was read already.
        fetched.retain(kept, |partition, offset| {
            let Some(state) = states.get_mut(&partition) else { return false };
            if offset >= state.range.until && !state.is_done() {
                state.next = state.range.until;
                moved = true;
            }
            offset >= state.next && offset < state.range.until
        });
        // Only now, as it may have come after records of this block.
        for (partition, end) in ends {
            if let Some(state) = states.get_mut(&partition)
                && end.min(state.range.until) > state.next
            {
                state.next = end.min(state.range.until);
                moved = true;
            }
        }
        Ok(moved || fetched.len() > 0)
    }

    fn step(
        &mut self,
        states: &mut BTreeMap<i32, State>,
        classifier: &Classifier,
        fetched: &Fetched,
        table: Option<&mut (dyn Table + 'static)>,
    ) -> std::result::Result<(), Failure> {
        let statuses = self.mover.step(classifier, fetched, &self.producer, table, &|| false)?;
        for (row, (partition, offset)) in fetched.places().enumerate() {
            let Some(state) = states.get_mut(&partition) else { continue };
            state.next = state.next.max(offset + 1);
            if let Some(status) = statuses.get(row) {
                state.counts.add(*status);
            }
            state.counts.bytes += crate::classify::Values::log(fetched, row).map_or(0, |log| log.len() as u64);
        }
        Ok(())
    }

    fn commit(&mut self, plan: Plan<'_>, states: &BTreeMap<i32, State>) -> std::result::Result<(), Failure> {
        let list = (|| -> KafkaResult<TopicPartitionList> {
            let mut list = TopicPartitionList::with_capacity(states.len());
            for (partition, state) in states {
                let mut element = list.add_partition(&self.reader.topic, *partition);
                element.set_offset(Offset::Offset(state.next))?;
                element.set_metadata(note(plan, &state.range, &state.counts));
            }
            Ok(list)
        })();
        let list = list.map_err(|error| Failure::Final(self.reader.connection.error("", &error)))?;
        self.producer.commit(&list, &self.group)
    }

    /// Where each range stands by the notes, and whether all of its offsets are there.
    fn states(&self, plan: Plan<'_>, ranges: &[Range]) -> Result<BTreeMap<i32, State>> {
        let topic = &self.reader.topic;
        let partitions: Vec<i32> = ranges.iter().map(|range| range.partition).collect();
        let failed = |error: KafkaError| self.reader.connection.error(&format!("topic {topic}"), &error);
        let present = self.reader.partitions(&self.reader.client.context().events)?;
        if let Some(gone) = partitions.iter().find(|partition| !present.contains(partition)) {
            return Err(self.reader.says(&format!("partition {gone} is gone, and what was planned of it")));
        }
        let mut list = TopicPartitionList::with_capacity(ranges.len());
        for partition in &partitions {
            list.add_partition(topic, *partition);
        }
        let committed = self.reader.client.committed_offsets(list, TIMEOUT).map_err(failed)?;
        let ends = watermarks(&self.reader.client, topic, &partitions, TIMEOUT).map_err(failed)?;
        let mut states = BTreeMap::new();
        for range in ranges {
            let Range { partition, from, until } = *range;
            let (low, high) = ends.get(&partition).copied().unwrap_or((i64::MAX, -1));
            let mut state = State { range: *range, next: from, counts: Counts::default(), end: high };
            if let Some(element) = committed.find_partition(topic, partition)
                && let Offset::Offset(offset) = element.offset()
            {
                match noted(element.metadata(), plan, range) {
                    Noted::Ours(counts) if (from..=until).contains(&offset) => {
                        (state.next, state.counts) = (offset, counts);
                    }
                    Noted::Later(batch) => {
                        return Err(self.reader.says(&format!(
                            "batch {} comes too late, batch {batch} of the same query has been moved; either another \
                             driver uses the checkpoint, or it was set back: to judge again, take a new one",
                            plan.batch
                        )));
                    }
                    Noted::Ours(_) | Noted::Other => {}
                }
            }
            if state.next < low && !state.is_done() {
                return Err(self.reader.says(&format!(
                    "partition {partition}: offsets {} to {} are gone before they were read, the log begins at {low}; \
                     retention took them, or the topic was made anew",
                    state.next,
                    low.min(until) - 1
                )));
            }
            if until > high && !state.is_done() {
                return Err(self.reader.says(&format!(
                    "partition {partition}: offsets up to {until} were planned, but the log ends at {high}; it was cut \
                     short, or the topic was made anew"
                )));
            }
            states.insert(partition, state);
        }
        Ok(states)
    }

    fn assign(&mut self, states: &BTreeMap<i32, State>) -> Result<()> {
        let failed = |error: KafkaError| self.reader.connection.error("", &error);
        let open =
            states.iter().filter(|(_, state)| !state.is_done()).map(|(partition, state)| (*partition, state.next));
        let list = offset_list(&self.reader.topic, open).map_err(failed)?;
        for element in list.elements() {
            self.queue.add(element.partition())?;
        }
        self.reader.client.assign(&list).map_err(failed)
    }

    fn nothing_comes(&self, states: &BTreeMap<i32, State>) -> Error {
        if let Err(error) = self.reader.client.fetch_metadata(Some(&self.reader.topic), Duration::from_secs(1))
            && crate::kafka::is_absence(&error)
        {
            return self.reader.away(&self.reader.client.context().events);
        }
        let open = states.values().find(|state| !state.is_done());
        let place = open.map_or_else(String::new, |state| {
            format!(
                "partition {}: nothing came for a minute at offset {} of {}",
                state.range.partition, state.next, state.range.until
            )
        });
        self.reader.says(&format!("{place}; is a transaction open there?"))
    }
}
