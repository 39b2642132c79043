//! What a worker hears from its group: partitions that come and go, and troubles.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::Offset;

use super::Worker;
use crate::Result;
use crate::kafka::{Failure, committed, is_passing_code};
use crate::processor::reader::TIMEOUT;

impl Worker {
    /// Takes in what is not a record of a partition's queue.
    pub(super) fn serve(&mut self) -> std::result::Result<(), Failure> {
        self.poll()?;
        while self.follow_group()? {
            // Of a partition that has just come, the first records may lie here, before those in its queue.
            self.poll()?;
        }
        self.seek_adrift();
        Ok(())
    }

    fn poll(&mut self) -> std::result::Result<(), Failure> {
        while let Some(event) = self.reader.client.poll(Duration::ZERO) {
            match event {
                // Fetched before the partition's records went to our queue.
                Ok(message) => {
                    use rdkafka::Message as _;
                    let millis = message.timestamp().to_millis();
                    self.fetched.push(message.partition(), message.offset(), millis, message.payload());
                }
                Err(KafkaError::PartitionEOF(_)) => {}
                Err(KafkaError::MessageConsumptionFatal(code)) => {
                    let text = if code == RDKafkaErrorCode::FencedInstanceId {
                        format!(
                            "another processor has taken the name of this one ({}); give each its --instance",
                            self.id
                        )
                    } else {
                        format!("can't be read: {code}")
                    };
                    return Err(Failure::Final(self.reader.says(&text)));
                }
                Err(error) => {
                    if !error.rdkafka_error_code().is_some_and(is_passing_code) {
                        let what = format!("topic {} can't be read", self.reader.topic);
                        return Err(Failure::Final(self.reader.connection.error(&what, &error)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes note of partitions that came and went; false where none did.
    fn follow_group(&mut self) -> std::result::Result<bool, Failure> {
        let (revoked, assigned, changed) = {
            let mut assignment = self.reader.client.context().assignment();
            let changed = std::mem::take(&mut assignment.changed);
            (std::mem::take(&mut assignment.revoked), assignment.partitions.clone(), changed)
        };
        if changed {
            self.reassigned(&revoked, assigned).map_err(Failure::Final)?;
        }
        if !revoked.is_empty() {
            self.shared.backlog.forget(&revoked);
            if revoked.iter().any(|partition| self.spans.contains_key(partition)) {
                let lost = self.reader.says("partitions went to another member in the midst of a transaction");
                self.begin_anew(Failure::Aborted(lost)).map_err(Failure::Final)?;
            }
        }
        Ok(changed)
    }

    fn reassigned(&mut self, revoked: &[i32], assigned: BTreeSet<i32>) -> Result<()> {
        for partition in revoked {
            self.assigned.remove(partition);
            self.committed.remove(partition);
            self.ends.remove(partition);
        }
        self.shared.backlog.expect(assigned.difference(&self.assigned));
        // What was known of those that come was known before others had them.
        for partition in assigned.difference(&self.assigned) {
            self.queue.add(*partition)?;
            self.committed.remove(partition);
            self.positions.remove(partition);
            self.ends.remove(partition);
        }
        self.adrift = assigned.intersection(&self.assigned).copied().collect();
        self.assigned = assigned;
        Ok(())
    }

    /// Has partitions read on from where they are; those for which it does not work now are tried again.
    pub(super) fn seek_adrift(&mut self) {
        if self.adrift.is_empty() {
            return;
        }
        let unknown: Vec<i32> =
            self.adrift.iter().filter(|partition| !self.positions.contains_key(partition)).copied().collect();
        if !unknown.is_empty() {
            // Nothing was read of these: they are where the group says, or nowhere, and begin as new ones do.
            let Ok(offsets) = self.group_offsets(&unknown, TIMEOUT) else { return };
            self.positions.extend(offsets);
        }
        let (client, topic, positions) = (&self.reader.client, &self.reader.topic, &self.positions);
        self.adrift.retain(|partition| {
            let Some(position) = positions.get(partition) else { return false };
            client.seek(topic, *partition, Offset::Offset(*position), TIMEOUT).is_err()
        });
    }

    /// What the group has committed for these partitions; those without a commit are left out.
    pub(super) fn group_offsets(&self, partitions: &[i32], timeout: Duration) -> KafkaResult<BTreeMap<i32, i64>> {
        committed(&self.reader.client, &self.reader.topic, partitions, timeout)
    }
}
