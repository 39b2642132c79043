//! The engine in one process: threads, each a member of the consumer group.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::backlog::Backlog;
use super::counts::Counts;
use super::options::{Options, Start};
use super::start::{begin_at_end, topic_offsets};
use super::table::Table;
use super::worker::Worker;
use crate::classify::Classifier;
use crate::{Error, Result};

/// How far it is.
#[derive(Clone, Debug)]
pub struct Stats {
    /// What was committed so far.
    pub counts: Counts,
    /// Transactions committed.
    pub transactions: u64,
    /// Transactions that came to nothing, their logs read again.
    pub retries: u64,
    /// Logs on the partitions read here that are not yet committed. None until that is known of each, until the group has
    /// said which they are, and where a thread has not looked for a minute: it hangs in something.
    pub lag: Option<u64>,
    /// What keeps a thread from going on, for now. It tries again.
    pub trouble: Option<String>,
    /// Seconds from the start to now, or to the end.
    pub elapsed: f64,
    /// Whether all threads have ended.
    pub done: bool,
    /// Why they ended, where they should not have.
    pub error: Option<String>,
}

/// What the threads share.
pub(super) struct Shared {
    pub(super) options: Options,
    /// Tells this run's transactions from those of other processes.
    pub(super) run: String,
    pub(super) retries: AtomicU64,
    classifier: RwLock<Arc<Classifier>>,
    stop: AtomicBool,
    transactions: AtomicU64,
    counts: Mutex<Counts>,
    pub(super) backlog: Backlog,
    /// By thread.
    troubles: Mutex<BTreeMap<usize, String>>,
    /// With `until_end`: for each partition where it ends, and how far it is known to be done.
    ends: Mutex<BTreeMap<i32, (i64, i64)>>,
    error: Mutex<Option<Error>>,
    pub(super) started: Instant,
    ended: Mutex<(usize, Option<Duration>)>,
    end: Condvar,
}

impl Shared {
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub(super) fn classifier(&self) -> Arc<Classifier> {
        Arc::clone(&self.classifier.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn count(&self, counts: Counts) {
        *lock(&self.counts) += counts;
        self.transactions.fetch_add(1, Relaxed);
    }

    /// Thread `number` can't go on for now, or can again.
    pub(super) fn set_trouble(&self, number: usize, trouble: Option<String>) {
        let mut troubles = lock(&self.troubles);
        match trouble {
            Some(text) => troubles.insert(number, text),
            None => troubles.remove(&number),
        };
    }

    /// The partitions are done up to these offsets.
    pub(super) fn reached(&self, offsets: &BTreeMap<i32, i64>) {
        let mut ends = lock(&self.ends);
        for (partition, offset) in offsets {
            if let Some((_, done)) = ends.get_mut(partition) {
                *done = (*done).max(*offset);
            }
        }
    }

    pub(super) fn not_done(&self) -> Vec<i32> {
        lock(&self.ends).iter().filter(|(_, (end, done))| done < end).map(|(partition, _)| *partition).collect()
    }

    pub(super) fn all_is_done(&self) -> bool {
        self.not_done().is_empty()
    }

    fn fail(&self, error: Error) {
        lock(&self.error).get_or_insert(error);
        self.stop.store(true, Relaxed);
    }
}

/// A run under way. Dropped, it ends after the open transactions.
pub struct Processor {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Processor {
    /// Starts at once, one thread for each of `tables`, which are alike; None where there is no table to write to. `run` tells
    /// this process from others of its group.
    ///
    /// # Errors
    /// [`Error::Kafka`] where no broker answers within 10 s, a topic is missing, or an option is impossible.
    pub fn start(
        options: Options,
        run: String,
        classifier: Classifier,
        tables: Vec<Option<Box<dyn Table>>>,
    ) -> Result<Self> {
        if options.start == Start::Latest {
            begin_at_end(&options)?;
        }
        let ends = if options.until_end {
            let offsets = topic_offsets(&options.brokers, &options.input, &options.config)?;
            offsets.into_iter().map(|(partition, (low, high))| (partition, (high, low))).collect()
        } else {
            BTreeMap::new()
        };
        let shared = Arc::new(Shared {
            options,
            run,
            retries: AtomicU64::new(0),
            classifier: RwLock::new(Arc::new(classifier)),
            stop: AtomicBool::new(false),
            transactions: AtomicU64::new(0),
            counts: Mutex::default(),
            backlog: Backlog::new(tables.len()),
            troubles: Mutex::default(),
            ends: Mutex::new(ends),
            error: Mutex::default(),
            started: Instant::now(),
            ended: Mutex::new((tables.len(), None)),
            end: Condvar::new(),
        });
        let mut workers = Vec::new();
        for (number, table) in tables.into_iter().enumerate() {
            workers.push(Worker::new(Arc::clone(&shared), number, table)?);
        }
        let mut threads = Vec::new();
        for (number, mut worker) in workers.into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name("logcore-process".into()).spawn(move || {
                let leave = Leave(&shared);
                let result = worker.run();
                // What ended it is no trouble any more.
                leave.0.set_trouble(number, None);
                if let Err(error) = result {
                    leave.0.fail(error);
                }
                // It ends what it has open.
                drop(worker);
            });
            threads.push(thread.map_err(|error| Error::Kafka(format!("no thread to work in: {error}")))?);
        }
        Ok(Self { shared, threads })
    }

    /// From their next transaction on all threads judge by this.
    pub fn set_classifier(&self, classifier: Classifier) {
        *self.shared.classifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(classifier);
    }

    /// How far it is.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        let ended = lock(&shared.ended).1;
        let trouble = lock(&shared.troubles).values().next().cloned();
        let now = if ended.is_none() { Some(shared.started.elapsed()) } else { None };
        let error = lock(&shared.error).as_ref().map(ToString::to_string);
        // All that was to be judged is.
        let done = ended.is_some() && error.is_none() && shared.options.until_end && shared.all_is_done();
        Stats {
            counts: *lock(&shared.counts),
            transactions: shared.transactions.load(Relaxed),
            retries: shared.retries.load(Relaxed),
            // What came meanwhile is not known.
            lag: if done {
                Some(0)
            } else if trouble.is_none() {
                shared.backlog.logs(now)
            } else {
                None
            },
            trouble,
            elapsed: ended.unwrap_or_else(|| shared.started.elapsed()).as_secs_f64(),
            done: ended.is_some(),
            error,
        }
    }

    /// Reads no more; what is under way is committed.
    pub fn stop(&self) {
        self.shared.stop.store(true, Relaxed);
    }

    /// Waits up to `timeout`; true when all threads have ended.
    #[must_use]
    pub fn join(&self, timeout: Duration) -> bool {
        let ended = lock(&self.shared.ended);
        let waited = self.shared.end.wait_timeout_while(ended, timeout, |ended| ended.1.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.1.is_some()
    }
}

impl Drop for Processor {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // A panic of that thread has been told on standard error; there is nothing to add.
            let _ = thread.join();
        }
    }
}

/// Counts a thread out, also when it panics.
struct Leave<'a>(&'a Arc<Shared>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(Error::Kafka("a thread panicked; what it had not committed is judged again".into()));
        }
        let mut ended = lock(&self.0.ended);
        ended.0 = ended.0.saturating_sub(1);
        if ended.0 == 0 {
            ended.1 = Some(self.0.started.elapsed());
            self.0.end.notify_all();
        }
    }
}

/// Numbers stay usable whatever a panicking thread did.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
