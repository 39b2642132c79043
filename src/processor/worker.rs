//! One thread of the engine: a member of the group, and the producer that commits for it.
//!
//! Logs are read, judged and sent in transactions that carry the group's offsets. A partition that is taken away in the midst
//! of one makes it void: the member that gets the partition begins at the last commit. librdkafka tells of it within our call
//! of poll, and lets the partition go only then; so a commit, which no poll interrupts, is of partitions that are still ours.
//!
//! Where reading goes on is not left to librdkafka. A rebalance stops the partitions that stay as well, and has them go on
//! where it takes the last record for taken: with records taken many at a time and ends told, that is one past an end that
//! was told, or where the partition began (seen with 2.12.1: a log lost, thousands doubled). So they are sought.

mod group;
mod idle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;

use super::counts::Counts;
use super::group_member::Member;
use super::mover::Mover;
use super::processor::Shared;
use super::reader::{BLOCK, BLOCK_BYTES, NO_RESET, PATIENCE, Reader, TIMEOUT};
use super::table::Table;
use crate::Result;
use crate::classify::Classifier;
use crate::kafka::{Failure, FetchQueue, Fetched, Notice, TransactionalProducer, is_passing_code, offset_list};

/// A transaction that always finds more to read is ended then.
const BUSY: Duration = Duration::from_secs(1);
/// How long the first log of a transaction is waited for, before other things are looked at.
const WAIT: Duration = Duration::from_millis(20);
/// The brokers write the markers of a transaction after its commit has returned. One that begins before they are done is
/// refused, and librdkafka waits 20 ms then: so it was with one in twenty that began within 1 ms, and with none after 2 ms.
const MARKERS: Duration = Duration::from_millis(2);
/// How often the status topic's partitions are counted.
const COUNT_PARTITIONS: Duration = Duration::from_mins(1);
/// There is no hope after so many failures without a commit between, if they have gone on for [`PATIENCE`].
const ATTEMPTS: u32 = 5;
/// What a failure is followed by, times their number.
const NAP: Duration = Duration::from_millis(50);

/// A partition in the open transaction.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    next: i64,
}

pub(super) struct Worker {
    shared: Arc<Shared>,
    number: usize,
    id: String,
    reader: Reader<Member>,
    queue: FetchQueue<Member>,
    producer: TransactionalProducer,
    mover: Mover,
    table: Option<Box<dyn Table>>,
    fetched: Fetched,
    kept: Fetched,
    /// The partitions that are ours, as of the last poll.
    assigned: BTreeSet<i32>,
    /// Of these, the next offset to be read, where known.
    positions: BTreeMap<i32, i64>,
    /// Of these, those that don't read on from there yet.
    adrift: BTreeSet<i32>,
    /// What the open transaction holds.
    spans: BTreeMap<i32, Span>,
    counts: Counts,
    /// Since the last commit.
    failures: u32,
    failing: Option<Instant>,
    /// When the open transaction began, and when the last one ended.
    began: Instant,
    ended: Instant,
    /// The offsets that were committed last.
    committed: BTreeMap<i32, i64>,
    /// Ends past which no record was: what follows the last one are markers.
    ends: BTreeMap<i32, i64>,
    heard: Instant,
    looked: Instant,
    counted: Instant,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, number: usize, table: Option<Box<dyn Table>>) -> Result<Self> {
        let options = &shared.options;
        // Neither name has a colon.
        let name = |instance: &str| format!("{}:{instance}:{number}", options.group);
        let id = name(options.instance.as_deref().unwrap_or(&shared.run));
        let producer = TransactionalProducer::new(&options.brokers, &options.output, &id, &options.config)?;
        let mut own = vec![("session.timeout.ms", "10000"), ("heartbeat.interval.ms", "1000")];
        if options.instance.is_some() {
            own.push(("group.instance.id", &id));
        }
        let reader = Reader::new(
            &options.brokers,
            &options.input,
            &own,
            &[("group.id", &options.group), NO_RESET],
            &options.config,
            Member::new(&shared),
        )?;
        let mut queue = FetchQueue::new(&reader.client, &options.input)?;
        for partition in reader.partitions(&reader.client.context().events)? {
            queue.add(partition)?;
        }
        let subscribed = reader.client.subscribe(&[&options.input]);
        subscribed
            .map_err(|error| reader.connection.error(&format!("topic {} can't be read", options.input), &error))?;
        let now = Instant::now();
        Ok(Self {
            mover: Mover::new(&options.input),
            number,
            id,
            reader,
            queue,
            producer,
            table,
            fetched: Fetched::default(),
            kept: Fetched::default(),
            assigned: BTreeSet::new(),
            positions: BTreeMap::new(),
            adrift: BTreeSet::new(),
            spans: BTreeMap::new(),
            counts: Counts::default(),
            failures: 0,
            failing: None,
            began: now,
            ended: now,
            committed: BTreeMap::new(),
            ends: BTreeMap::new(),
            heard: now,
            looked: now,
            counted: now,
            shared,
        })
    }

    /// Works until it is stopped, or all is done.
    pub(super) fn run(&mut self) -> Result<()> {
        loop {
            match self.turn() {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(failure) => {
                    self.failures += 1;
                    if !matches!(failure, Failure::Final(_)) {
                        self.shared.set_trouble(self.number, Some(failure.error().to_string()));
                    }
                    let failing = self.failing.get_or_insert_with(Instant::now).elapsed();
                    if self.shared.stopped() || (self.failures >= ATTEMPTS && failing >= PATIENCE) {
                        return Err(failure.into_error());
                    }
                    self.begin_anew(failure)?;
                    thread::sleep(NAP * self.failures.min(ATTEMPTS));
                }
            }
        }
    }

    /// Reads what is there, up to a block, and ends the transaction where it is time; false at the end.
    fn turn(&mut self) -> std::result::Result<bool, Failure> {
        let shared = Arc::clone(&self.shared);
        let stopping = shared.stopped();
        if stopping && self.spans.is_empty() {
            return Ok(false);
        }
        self.serve()?;
        let any = !stopping && self.read().map_err(Failure::Final)?;
        if any {
            let classifier = shared.classifier();
            self.step(&classifier)?;
        }
        let open = !self.spans.is_empty();
        let age = self.began.elapsed();
        let interval = shared.options.interval;
        let full = usize::try_from(self.counts.all()).unwrap_or(usize::MAX) >= shared.options.most;
        if open && (full || stopping || (!any && age >= interval) || age >= interval.max(BUSY)) {
            self.commit()?;
        } else if !open && !any {
            self.look_around()?;
            if shared.options.until_end && shared.all_is_done() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads up to a block into `fetched`; false where nothing came.
    fn read(&mut self) -> Result<bool> {
        let mut trouble = None;
        let (ends, assigned, adrift) = (&mut self.ends, &self.assigned, &self.adrift);
        let mut notice = |notice| match notice {
            Notice::End { partition, offset } => {
                if assigned.contains(&partition) && !adrift.contains(&partition) {
                    ends.insert(partition, offset);
                }
            }
            Notice::Trouble { code, .. } if is_passing_code(code) => {}
            Notice::Trouble { partition, code, text } => {
                trouble.get_or_insert(match code {
                    RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset => format!(
                        "partition {partition}: offsets are gone before they were read ({text}); retention took them, or \
                         the topic was made anew: to go on with what is there, use another --group"
                    ),
                    _ => format!("partition {partition} can't be read: {text}"),
                });
            }
        };
        let interval = self.shared.options.interval;
        let mut wait = if self.fetched.len() > 0 {
            Duration::ZERO
        } else if self.spans.is_empty() {
            WAIT
        } else {
            interval.saturating_sub(self.began.elapsed()).min(WAIT)
        };
        while self.fetched.len() < BLOCK
            && self.fetched.bytes() < BLOCK_BYTES
            && self.queue.read(wait, &mut self.fetched, &mut notice)
        {
            wait = Duration::ZERO;
        }
        // librdkafka gives out for a moment what it had fetched of a partition that it has let go.
        let positions = &self.positions;
        self.fetched.retain(&mut self.kept, |partition, offset| {
            assigned.contains(&partition)
                && !adrift.contains(&partition)
                && positions.get(&partition).is_none_or(|position| offset >= *position)
        });
        trouble.map_or(Ok(self.fetched.len() > 0), |text| Err(self.reader.says(&text)))
    }

    fn step(&mut self, classifier: &Classifier) -> std::result::Result<(), Failure> {
        if self.spans.is_empty() {
            self.began = Instant::now();
            thread::sleep(MARKERS.saturating_sub(self.ended.elapsed()));
            self.producer.begin()?;
        }
        for (partition, offset) in self.fetched.places() {
            let span = self.spans.entry(partition).or_insert(Span { from: offset, next: offset });
            span.next = span.next.max(offset + 1);
            self.positions.insert(partition, span.next);
        }
        let shared = Arc::clone(&self.shared);
        let statuses =
            self.mover
                .step(classifier, &self.fetched, &self.producer, self.table.as_deref_mut(), &|| shared.stopped())?;
        for status in statuses {
            self.counts.add(status);
        }
        self.counts.bytes += self.fetched.bytes() as u64;
        self.heard = Instant::now();
        self.fetched.clear();
        Ok(())
    }

    fn commit(&mut self) -> std::result::Result<(), Failure> {
        let offsets: BTreeMap<i32, i64> = self.spans.iter().map(|(partition, span)| (*partition, span.next)).collect();
        self.commit_offsets(&offsets)?;
        self.spans.clear();
        self.shared.count(std::mem::take(&mut self.counts));
        self.tell_lag();
        if self.counted.elapsed() >= COUNT_PARTITIONS {
            self.producer.count_partitions().map_err(Failure::Aborted)?;
            self.counted = Instant::now();
        }
        Ok(())
    }

    fn commit_offsets(&mut self, offsets: &BTreeMap<i32, i64>) -> std::result::Result<(), Failure> {
        let list = offset_list(&self.reader.topic, offsets.iter().map(|(partition, offset)| (*partition, *offset)));
        let list = list.map_err(|error| Failure::Final(self.reader.connection.error("", &error)))?;
        let Some(group) = self.reader.client.group_metadata() else {
            return Err(Failure::Final(self.reader.says("there is no group to commit for")));
        };
        self.producer.commit(&list, &group)?;
        self.ended = Instant::now();
        (self.failures, self.failing) = (0, None);
        self.shared.set_trouble(self.number, None);
        self.committed.extend(offsets.iter().map(|(partition, offset)| (*partition, *offset)));
        self.shared.reached(offsets);
        Ok(())
    }

    /// Nothing of the open transaction happened: its logs are read again.
    fn begin_anew(&mut self, failure: Failure) -> Result<()> {
        let failure = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Lost(error) => Failure::Lost(error),
            Failure::Aborted(error) => match self.producer.abort() {
                Ok(()) => Failure::Aborted(error),
                Err(Failure::Final(error)) => return Err(error),
                Err(other) => other,
            },
        };
        let mut happened = BTreeMap::new();
        if let Failure::Lost(_) = failure {
            let options = &self.shared.options;
            self.producer = TransactionalProducer::new(&options.brokers, &options.output, &self.id, &options.config)?;
            // Whatever the last one had under way has come about or not by now.
            let partitions: Vec<i32> = self.spans.keys().copied().collect();
            let offsets = self.group_offsets(&partitions, TIMEOUT);
            happened = offsets.map_err(|error| self.reader.connection.error("committed offsets", &error))?;
        }
        let next =
            |(partition, span): (&i32, &Span)| happened.get(partition).is_some_and(|offset| *offset == span.next);
        if !self.spans.is_empty() && self.spans.iter().all(next) {
            self.shared.count(std::mem::take(&mut self.counts));
            self.shared.reached(&happened);
            self.committed.extend(&happened);
        }
        self.shared.retries.fetch_add(1, Relaxed);
        // What was fetched and is in no transaction yet is thrown away as well.
        for (partition, offset) in self.fetched.places() {
            self.spans.entry(partition).or_insert(Span { from: offset, next: offset });
        }
        for (partition, span) in self.spans.iter().filter(|(partition, _)| self.assigned.contains(partition)) {
            self.positions.insert(*partition, happened.get(partition).copied().unwrap_or(span.from));
            self.adrift.insert(*partition);
            // What was read up to there is to be read again.
            self.ends.remove(partition);
        }
        self.seek_adrift();
        self.fetched.clear();
        self.spans.clear();
        self.counts = Counts::default();
        Ok(())
    }
}
