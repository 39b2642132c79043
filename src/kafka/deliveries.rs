//! What becomes of the records sent: counts, the first failure, the rate of the last second.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::config::{Connection, plain};
use super::events::Events;
use super::runs::Runs;

/// What became of the records. The client's callbacks count, everyone reads.
pub(crate) struct Counters {
    connection: Connection,
    pub(crate) events: Events,
    pub(crate) sent: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) undelivered: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) first_error: Mutex<Option<String>>,
}

impl Counters {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            events: Events::default(),
            sent: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            undelivered: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            first_error: Mutex::new(None),
        }
    }

    pub(crate) fn in_flight(&self) -> u64 {
        let over = self.acknowledged.load(Relaxed) + self.undelivered.load(Relaxed);
        self.sent.load(Relaxed).saturating_sub(over)
    }

    pub(crate) fn fail_with(&self, error: &KafkaError) {
        if lock(&self.first_error).is_some() {
            return;
        }
        let text = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| plain(code.to_string()));
        // "Message timed out" alone doesn't say why; the last trouble with a broker does.
        let why = self.events.last().map(|last| format!(" ({last})")).unwrap_or_default();
        self.fail(&format!("{text}{why}"));
    }

    pub(crate) fn fail(&self, text: &str) {
        lock(&self.first_error).get_or_insert_with(|| self.connection.redacted(text));
    }
}

pub(crate) struct Context {
    pub(crate) counters: Arc<Counters>,
    /// None leaves the choice of partitions to librdkafka.
    pub(crate) runs: Option<Runs>,
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.counters.events.record(&error, reason);
    }
}

impl ProducerContext<Runs> for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) => {
                self.counters.bytes.fetch_add(message.payload_len() as u64, Relaxed);
                self.counters.acknowledged.fetch_add(1, Relaxed);
            }
            Err((error, _)) => {
                self.counters.fail_with(error);
                self.counters.undelivered.fetch_add(1, Relaxed);
            }
        }
    }

    fn get_custom_partitioner(&self) -> Option<&Runs> {
        self.runs.as_ref()
    }
}

/// Samples of the last second.
#[derive(Default)]
pub(crate) struct Window(VecDeque<(Instant, u64)>);

impl Window {
    const LENGTH: Duration = Duration::from_secs(1);

    pub(crate) fn add(&mut self, now: Instant, count: u64) {
        self.0.push_back((now, count));
        // The oldest kept is the last one that is a second old.
        while self.0.get(1).is_some_and(|(then, _)| now.duration_since(*then) >= Self::LENGTH) {
            self.0.pop_front();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate, to be looked at")]
    pub(crate) fn rate(&self, now: Instant, count: u64) -> f64 {
        let Some((then, before)) = self.0.front() else { return 0.0 };
        let seconds = now.duration_since(*then).as_secs_f64();
        if seconds > 0.0 { count.saturating_sub(*before) as f64 / seconds } else { 0.0 }
    }
}

/// Counts stay usable whatever a panicking thread did.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_second() {
        let start = Instant::now();
        let mut window = Window::default();
        assert!(window.rate(start, 5).abs() < 1e-9);
        for tenth in 0..50 {
            window.add(start + Duration::from_millis(tenth * 100), if tenth < 30 { 0 } else { (tenth - 30) * 10 });
        }
        let rate = window.rate(start + Duration::from_millis(4900), 190);
        assert!((rate - 100.0).abs() < 1.0, "{rate}");
        assert!(window.0.len() <= 12);
    }
}
