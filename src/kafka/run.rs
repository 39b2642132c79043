//! What the threads of one run share, and the one that sees it to its end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, Producer as _, PurgeConfig};

use super::deliveries::{Context, Counters, Window, lock};
use super::lag::LagHistogram;
use super::pacing::Schedule;
use super::producer::ProducerOptions;
use super::runs::Runs;

/// How often reports are looked for while records are sent.
const NAP: Duration = Duration::from_millis(20);
/// The same after the last one: the end of a run is noticed with this grain.
const LAST_NAP: Duration = Duration::from_millis(1);
/// The same before the first one is acknowledged, and how often at most.
const FIRST_NAP: Duration = Duration::from_millis(5);
const FIRST_NAPS: usize = 100;
/// Reports taken in at each look.
const LOOKS: usize = 64;

/// The client that all threads send by.
pub(crate) type Client = BaseProducer<Context, Runs>;

/// What the threads of one run share.
pub(crate) struct Run {
    pub(crate) client: Client,
    pub(crate) counters: Arc<Counters>,
    pub(crate) options: ProducerOptions,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) lag: LagHistogram,
    pub(crate) started: Instant,
    pub(crate) stop: AtomicBool,
    pub(crate) abandon: AtomicBool,
    pub(crate) sending: AtomicUsize,
    pub(crate) window: Mutex<Window>,
    pub(crate) ended: Mutex<Option<Duration>>,
    pub(crate) end: Condvar,
}

impl Run {
    /// Takes delivery reports in until the last one.
    pub(crate) fn serve_reports(&self, threads: Vec<JoinHandle<()>>) {
        self.hurry_the_first();
        while self.sending.load(Relaxed) > 0 {
            thread::sleep(NAP);
            // As fast as can be, the senders take in what comes, each with its own memory at hand.
            self.look(if self.schedule.is_some() { LOOKS } else { 0 });
        }
        for thread in threads {
            if thread.join().is_err() {
                self.counters.fail("a sending thread panicked; what it had not sent is missing");
            }
        }
        while self.counters.in_flight() > 0 {
            if self.abandon.load(Relaxed) {
                self.client.purge(PurgeConfig::default().queue().inflight());
            }
            // Hurries what lingers; that records remain is no error here, only the next round.
            let _ = self.client.flush(Duration::ZERO);
            thread::sleep(LAST_NAP);
            self.look(LOOKS);
        }
        *lock(&self.ended) = Some(self.started.elapsed());
        self.end.notify_all();
    }

    /// Nothing goes before the client has a producer id. librdkafka asks for it whenever metadata come; when they come before
    /// the connection is up, as every third time here, it sleeps half a second.
    fn hurry_the_first(&self) {
        for _ in 0..FIRST_NAPS {
            thread::sleep(FIRST_NAP);
            self.look(LOOKS);
            let over = self.sending.load(Relaxed) == 0 && self.counters.in_flight() == 0;
            if over || self.stopped() || self.counters.acknowledged.load(Relaxed) > 0 {
                return;
            }
            if self.counters.in_flight() > 0 {
                // Only that it was asked counts.
                let _ = self.client.client().fetch_metadata(Some(&self.options.topic), FIRST_NAP);
            }
        }
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Takes in up to `reports` reports, each of a batch of records, and a sample for the rate.
    fn look(&self, reports: usize) {
        // A poll that waits would spend its last millisecond turning round: 5 % of a core.
        for _ in 0..reports {
            self.client.poll(Duration::ZERO);
        }
        lock(&self.window).add(Instant::now(), self.counters.acknowledged.load(Relaxed));
    }
}
