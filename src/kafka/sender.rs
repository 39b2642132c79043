//! One thread that generates logs and sends them, each when it is due.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::batch::Batch;
use super::producer::LogSource;
use super::run::Run;
use crate::verdict::Reason;

/// The header that says what a log should get, with [`super::ProducerOptions::truth`].
const EXPECTED: &str = "logcore.expected";

/// The longest sleep: how soon a stop is noticed.
const NAP: Duration = Duration::from_millis(50);
const QUEUE_FULL_NAP: Duration = Duration::from_millis(1);
/// How many records are sent before delivery reports are looked for, when there is no rate to keep. Whoever allocated the
/// records frees them: on another thread that would wait for this one's allocator, and a million logs took 1.07 s
/// instead of 0.86 s.
const RECORDS_A_LOOK: usize = 64;
/// How far past its duration a paced run may go to send what was due before.
const GRACE: Duration = Duration::from_secs(1);

/// One sending thread.
pub(crate) struct Sender<'a, S> {
    run: &'a Run,
    source: S,
    log: Vec<u8>,
    reasons: Vec<Reason>,
    truth: Vec<u8>,
}

impl<'a, S: LogSource> Sender<'a, S> {
    pub(crate) fn new(run: &'a Run, source: S) -> Self {
        Self { run, source, log: Vec::new(), reasons: Vec::new(), truth: Vec::new() }
    }

    /// Sends the records `first`, `first + step`, … until count, duration or a stop.
    pub(crate) fn send_all(&mut self, first: u64, step: u64) {
        let run = self.run;
        if run.schedule.is_none() && !run.options.truth {
            match Batch::new(&run.client, &run.options.topic) {
                Ok(mut batch) => self.send_batches(first, step, &mut batch),
                Err(error) => run.counters.fail(&error.to_string()),
            }
            return;
        }
        let mut unpolled = 0;
        let mut next = Some(first);
        while let Some(index) = next.filter(|index| self.goes_on(*index)) {
            if !self.in_time(index) {
                // A slow rate's last record may be due long before the time is up.
                self.wait(|now| run.options.duration.and_then(|end| end.checked_sub(now)));
                return;
            }
            let headers = self.generate(index);
            // Generated beforehand, so that it can go the moment it is due.
            if !self.wait_until_due(index) || !self.send(index, headers) {
                return;
            }
            unpolled += 1;
            if run.schedule.is_none() && unpolled >= RECORDS_A_LOOK {
                unpolled = 0;
                run.client.poll(Duration::ZERO);
            }
            next = index.checked_add(step);
        }
    }

    /// The same as fast as can be, many records at once, and those without headers.
    fn send_batches(&mut self, first: u64, step: u64, batch: &mut Batch<'_>) {
        let run = self.run;
        let mut next = Some(first);
        while let Some(index) = next.filter(|index| self.goes_on(*index) && self.in_time(*index)) {
            let last = run.options.count.map_or(u64::MAX, |count| count.saturating_sub(1));
            let steps = last.saturating_sub(index) / step;
            let count =
                usize::try_from(steps).map_or(RECORDS_A_LOOK, |steps| RECORDS_A_LOOK.min(steps.saturating_add(1)));
            batch.add(|values, ends| self.source.write_many(index, step, count, values, ends));
            next = step.checked_mul(count as u64).and_then(|steps| index.checked_add(steps));
            if !self.send_batch(batch) {
                return;
            }
            batch.clear();
            run.client.poll(Duration::ZERO);
        }
    }

    /// Hands the records over, waiting while the queue is full. False where no more can be sent.
    fn send_batch(&self, batch: &mut Batch<'_>) -> bool {
        let run = self.run;
        let mut from = 0;
        loop {
            let mut refusals = 0;
            let mut fatal = false;
            let until = batch.send(from, |code| {
                refusals += 1;
                fatal |= code == RDKafkaErrorCode::Fatal;
                run.counters.fail_with(&KafkaError::MessageProduction(code));
            });
            run.counters.sent.fetch_add((until - from) as u64 - refusals, Relaxed);
            run.counters.refused.fetch_add(refusals, Relaxed);
            if fatal {
                // The client is of no more use, to no thread.
                run.stop.store(true, Relaxed);
            }
            if fatal || until == batch.len() {
                return !fatal;
            }
            from = until;
            if run.stopped() {
                return false;
            }
            run.client.poll(Duration::ZERO);
            thread::sleep(QUEUE_FULL_NAP);
        }
    }

    fn goes_on(&self, index: u64) -> bool {
        !self.run.stopped() && self.run.options.count.is_none_or(|count| index < count)
    }

    fn in_time(&self, index: u64) -> bool {
        let run = self.run;
        match (run.options.duration, run.schedule) {
            (None, _) => true,
            (Some(duration), None) => run.started.elapsed() < duration,
            (Some(duration), Some(schedule)) => {
                schedule.due(index) < duration && run.started.elapsed() < duration.saturating_add(GRACE)
            }
        }
    }

    fn generate(&mut self, index: u64) -> Option<OwnedHeaders> {
        self.log.clear();
        self.reasons.clear();
        let status = self.source.write(index, &mut self.log, &mut self.reasons);
        self.run.options.truth.then(|| {
            self.truth.clear();
            self.source.expected(status, &self.reasons, &mut self.truth);
            OwnedHeaders::new_with_capacity(1).insert(Header { key: EXPECTED, value: Some(&self.truth) })
        })
    }

    /// False where it was stopped meanwhile.
    fn wait_until_due(&self, index: u64) -> bool {
        self.run.schedule.is_none_or(|schedule| self.wait(|now| schedule.wait(index, now)))
    }

    /// Waits while there is a rest, given the time since the start. False where it was stopped meanwhile.
    fn wait(&self, rest: impl Fn(Duration) -> Option<Duration>) -> bool {
        while let Some(rest) = rest(self.run.started.elapsed()).filter(|rest| !rest.is_zero()) {
            if self.run.stopped() {
                return false;
            }
            thread::sleep(rest.min(NAP));
        }
        true
    }

    /// Hands the record over, waiting while the queue is full. False where no more can be sent.
    fn send(&self, index: u64, headers: Option<OwnedHeaders>) -> bool {
        let run = self.run;
        let mut record = BaseRecord::<(), [u8]>::to(&run.options.topic).payload(&self.log);
        record.headers = headers;
        loop {
            let (error, returned) = match run.client.send(record) {
                Ok(()) => break,
                Err(refusal) => refusal,
            };
            match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) => {
                    if run.stopped() {
                        return false;
                    }
                    run.client.poll(Duration::ZERO);
                    thread::sleep(QUEUE_FULL_NAP);
                    record = returned;
                }
                code => {
                    run.counters.refused.fetch_add(1, Relaxed);
                    run.counters.fail_with(&error);
                    let fatal = code == Some(RDKafkaErrorCode::Fatal);
                    if fatal {
                        // The client is of no more use, to no thread.
                        run.stop.store(true, Relaxed);
                    }
                    return !fatal;
                }
            }
        }
        run.counters.sent.fetch_add(1, Relaxed);
        if let Some(schedule) = run.schedule {
            run.lag.record(schedule.lag(index, run.started.elapsed()));
        }
        true
    }
}

impl<S> Drop for Sender<'_, S> {
    // Also when the source panics: the run has to end all the same.
    fn drop(&mut self) {
        self.run.sending.fetch_sub(1, Relaxed);
    }
}
