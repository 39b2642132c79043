//! What a member of a consumer group hears beside records: partitions that come and go, and troubles.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};

use super::processor::Shared;
use crate::kafka::{Events, committed};

/// One question's wait: long enough for an answer, short enough for somebody who wants to stop.
const WAIT: Duration = Duration::from_secs(1);
const NAP: Duration = Duration::from_millis(50);

/// A member's callbacks.
pub(super) struct Member {
    pub(super) events: Events,
    partitions: Mutex<Assignment>,
    shared: Arc<Shared>,
}

/// The partitions that are this member's.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    pub(super) partitions: BTreeSet<i32>,
    /// Whether the group has given any out, be it none, and has not taken all away since.
    pub(super) joined: bool,
    /// Those that were taken away since somebody looked.
    pub(super) revoked: Vec<i32>,
    /// Whether anything changed since somebody looked.
    pub(super) changed: bool,
}

impl Member {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { events: Events::default(), partitions: Mutex::default(), shared: Arc::clone(shared) }
    }

    /// Partitions begin where the group says, and at the first log where it says nothing. librdkafka would take the two
    /// cases that offsets are gone and that there are none for one.
    fn set_offsets(&self, client: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let partitions: Vec<i32> = list.elements().iter().map(TopicPartitionListElem::partition).collect();
        let offsets = loop {
            match committed(client, &self.shared.options.input, &partitions, WAIT) {
                Ok(offsets) => break offsets,
                // Brokers are away, or a transaction of a member that died is open. Whoever stops reads nothing any more.
                Err(_) if self.shared.stopped() => return,
                Err(_) => thread::sleep(NAP),
            }
        };
        for mut element in list.elements() {
            let offset = offsets.get(&element.partition()).map_or(Offset::Beginning, |offset| Offset::Offset(*offset));
            // It can't fail for these.
            let _ = element.set_offset(offset);
        }
    }

    pub(super) fn assignment(&self) -> MutexGuard<'_, Assignment> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Member {
    fn error(&self, error: KafkaError, reason: &str) {
        self.events.record(&error, reason);
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, client: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            self.set_offsets(client, list);
        }
        let mut assignment = self.assignment();
        assignment.changed = true;
        match rebalance {
            Rebalance::Assign(list) => {
                assignment.joined = true;
                assignment.partitions.extend(list.elements().iter().map(TopicPartitionListElem::partition));
            }
            Rebalance::Revoke(list) => {
                for element in list.elements() {
                    assignment.partitions.remove(&element.partition());
                    assignment.revoked.push(element.partition());
                }
                // Until the group gives some out again, be it none.
                assignment.joined &= !assignment.partitions.is_empty();
            }
            Rebalance::Error(_) => {}
        }
    }
}
