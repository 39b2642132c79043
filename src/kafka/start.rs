//! Where a consumer without a group begins.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaResult;

use super::offsets::{first_since, watermarks};

/// Where a consumer without a group begins. Partitions that come later are read from their first record, except with
/// [`Start::Offsets`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the first record.
    #[default]
    Earliest,
    /// After the last one.
    Latest,
    /// At the first record whose timestamp isn't before this, in milliseconds since 1970.
    Time(i64),
    /// At these offsets, and no other partitions.
    Offsets(BTreeMap<i32, i64>),
}

impl Start {
    /// The partitions that it names.
    pub(super) fn named(&self) -> impl Iterator<Item = i32> + '_ {
        let offsets = if let Self::Offsets(offsets) = self { Some(offsets) } else { None };
        offsets.into_iter().flatten().map(|(partition, _)| *partition)
    }

    /// The offset at which each partition begins.
    pub(super) fn offsets<C: ConsumerContext>(
        &self,
        client: &BaseConsumer<C>,
        topic: &str,
        partitions: &[i32],
        timeout: Duration,
    ) -> KafkaResult<BTreeMap<i32, i64>> {
        if let Self::Offsets(offsets) = self {
            return Ok(offsets.clone());
        }
        let watermarks = watermarks(client, topic, partitions, timeout)?;
        let earliest = *self == Self::Earliest;
        let mut starts: BTreeMap<i32, i64> =
            watermarks.into_iter().map(|(id, (low, high))| (id, if earliest { low } else { high })).collect();
        if let Self::Time(milliseconds) = self {
            // A partition without a record of that time or later begins after its last one.
            starts.extend(first_since(client, topic, partitions, *milliseconds, timeout)?);
        }
        Ok(starts)
    }
}
