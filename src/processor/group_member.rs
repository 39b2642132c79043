//! What a member of a consumer group hears beside records: partitions that come and go, and troubles.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;

use crate::kafka::Events;

/// A member's callbacks.
#[derive(Default)]
pub(super) struct Member {
    pub(super) events: Events,
    partitions: Mutex<Assignment>,
}

/// The partitions that are this member's.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    pub(super) partitions: BTreeSet<i32>,
    /// Whether the group has given any out, be it none.
    pub(super) joined: bool,
    /// Those that were taken away since somebody looked.
    pub(super) revoked: Vec<i32>,
    /// Whether anything changed since somebody looked.
    pub(super) changed: bool,
}

impl Member {
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
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
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
            }
            Rebalance::Error(_) => {}
        }
    }
}
