//! What a worker does while no log comes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;

use super::Worker;
use crate::kafka::{Failure, is_absence};
use crate::processor::reader::{PATIENCE, TIMEOUT};

/// How often a quiet topic's ends are committed, and the group is asked about other members' partitions.
const QUIET: Duration = Duration::from_millis(500);
/// A broker that is busy with itself answers later than we ask; one that has not after so long is away.
const SILENCE: Duration = Duration::from_secs(15);

impl Worker {
    /// Nothing is under way and nothing came.
    pub(super) fn look_around(&mut self) -> std::result::Result<(), Failure> {
        if self.looked.elapsed() < QUIET {
            return Ok(());
        }
        self.looked = Instant::now();
        let past: BTreeMap<i32, i64> = {
            let assignment = self.reader.client.context().assignment();
            let known = self.ends.iter().filter(|(partition, _)| assignment.partitions.contains(partition));
            known.map(|(partition, end)| (*partition, *end)).collect()
        };
        // Markers behind the last record would count as lag for ever.
        let markers: BTreeMap<i32, i64> = past
            .iter()
            .filter(|(partition, end)| self.committed.get(partition).is_some_and(|committed| committed < *end))
            .map(|(partition, end)| (*partition, *end))
            .collect();
        if !markers.is_empty() {
            self.producer.begin()?;
            self.commit_offsets(&markers)?;
            self.positions.extend(markers);
        }
        self.shared.reached(&past);
        self.tell_lag();
        // Only now: librdkafka tells each once.
        self.ends.clear();
        if self.shared.options.until_end {
            self.ask_about_others();
        }
        if self.heard.elapsed() >= TIMEOUT {
            self.ask_brokers()?;
        }
        Ok(())
    }

    /// Partitions of other members count as done by what they have committed.
    fn ask_about_others(&self) {
        let others: Vec<i32> = {
            let assignment = self.reader.client.context().assignment();
            if !assignment.joined {
                return;
            }
            self.shared.not_done().into_iter().filter(|partition| !assignment.partitions.contains(partition)).collect()
        };
        if others.is_empty() {
            return;
        }
        // No answer now is none yet.
        if let Ok(offsets) = self.group_offsets(&others, Duration::from_secs(1)) {
            self.shared.reached(&offsets);
        }
    }

    /// Is nothing there for want of logs or of brokers? librdkafka tells of neither.
    fn ask_brokers(&mut self) -> std::result::Result<(), Failure> {
        match self.reader.client.fetch_metadata(Some(&self.reader.topic), Duration::from_secs(1)) {
            Ok(_) => {
                self.heard = Instant::now();
                self.shared.set_trouble(self.number, None);
            }
            Err(error) if is_absence(&error) => {
                let away = self.reader.away(&self.reader.client.context().events);
                if self.heard.elapsed() >= PATIENCE {
                    return Err(Failure::Final(away));
                }
                if self.heard.elapsed() >= SILENCE {
                    self.shared.set_trouble(self.number, Some(away.to_string()));
                }
            }
            Err(_) => {}
        }
        Ok(())
    }

    pub(super) fn tell_lag(&self) {
        let ours = |partition: &&i32| self.assigned.contains(*partition);
        // Nothing is left of those whose end was told, unless something came since.
        let done = self.ends.keys().filter(ours).filter(|partition| !self.spans.contains_key(partition));
        self.shared.backlog.set(done.map(|partition| (*partition, 0)));
        let lag = self.committed.iter().filter(|(partition, _)| ours(partition)).filter_map(|(partition, offset)| {
            let end = self.queue.end(*partition)?;
            Some((*partition, u64::try_from(end - offset).unwrap_or(0)))
        });
        self.shared.backlog.set(lag);
        if self.reader.client.context().assignment().joined {
            self.shared.backlog.looked(self.number, self.shared.started.elapsed());
        }
    }
}
