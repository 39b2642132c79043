//! What a consumer hears besides records: partitions that come and go, and troubles.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::events::{Events, is_absence};
use super::partitions::Partitions;

/// A consumer's callbacks.
#[derive(Default)]
pub(crate) struct Context {
    pub(crate) events: Events,
    joined: AtomicBool,
    partitions: Mutex<Partitions>,
}

impl Context {
    /// Whether the group has given us partitions, be it none, at least once.
    pub(crate) fn has_joined(&self) -> bool {
        self.joined.load(Relaxed)
    }

    pub(crate) fn progress(&self) -> MutexGuard<'_, Partitions> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.events.record(&error, reason);
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let mut progress = self.progress();
        match rebalance {
            Rebalance::Assign(list) => {
                self.joined.store(true, Relaxed);
                for element in list.elements() {
                    progress.assign(element.partition(), None, Instant::now());
                }
            }
            Rebalance::Revoke(list) => {
                for element in list.elements() {
                    progress.revoke(element.partition());
                }
            }
            Rebalance::Error(_) => {}
        }
    }
}

/// True for errors of a poll that librdkafka gets over by itself; `grouped` where the consumer is member of a group.
pub(crate) fn is_passing(error: &KafkaError, grouped: bool) -> bool {
    let Some(code) = error.rdkafka_error_code() else { return false };
    if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
        return false;
    }
    // Without a group, what brokers have against its name is nothing to us.
    let of_groups = matches!(code, RDKafkaErrorCode::GroupAuthorizationFailed | RDKafkaErrorCode::InvalidGroupId);
    is_passing_code(code) || (of_groups && !grouped)
}

/// True for what librdkafka gets over by itself, whoever reads.
pub(crate) fn is_passing_code(code: RDKafkaErrorCode) -> bool {
    is_absence(&KafkaError::MessageConsumption(code))
        || matches!(
            code,
            RDKafkaErrorCode::PollExceeded
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::WaitingForCoordinator
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
        )
}
