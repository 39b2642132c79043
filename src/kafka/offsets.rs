//! Where partitions begin and end.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};

/// The first offset of each partition and the one after its last: two requests to each leader, not two for each partition,
/// as every one of them waits behind a fetch that waits for records.
pub(crate) fn watermarks<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partitions: &[i32],
    timeout: Duration,
) -> KafkaResult<BTreeMap<i32, (i64, i64)>> {
    if partitions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let low = list_offsets(client, topic, partitions, Offset::Beginning, timeout)?;
    let high = list_offsets(client, topic, partitions, Offset::End, timeout)?;
    Ok(low.into_iter().filter_map(|(id, low)| high.get(&id).map(|high| (id, (low, *high)))).collect())
}

/// `which` of each partition: in Kafka's `ListOffsets` the first and the last are times before all others.
fn list_offsets<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partitions: &[i32],
    which: Offset,
    timeout: Duration,
) -> KafkaResult<BTreeMap<i32, i64>> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition_offset(topic, *partition, which)?;
    }
    let list = client.offsets_for_times(list, timeout)?;
    let offset = |element: &TopicPartitionListElem<'_>| match (element.error(), element.offset()) {
        (Ok(()), Offset::Offset(offset)) => Ok((element.partition(), offset)),
        (Ok(()), _) => Err(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset)),
        (Err(error), _) => Err(error),
    };
    list.elements().iter().map(offset).collect()
}

/// The first record of each partition whose timestamp isn't before `milliseconds`; partitions without one are left out.
pub(crate) fn first_since<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partitions: &[i32],
    milliseconds: i64,
    timeout: Duration,
) -> KafkaResult<BTreeMap<i32, i64>> {
    // Below 0 they would be the first or the last record.
    let times = offset_list(topic, partitions.iter().map(|id| (*id, milliseconds.max(0))))?;
    let list = client.offsets_for_times(times, timeout)?;
    let mut found = BTreeMap::new();
    for element in list.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset() {
            found.insert(element.partition(), offset);
        }
    }
    Ok(found)
}

/// Offsets of one topic's partitions, as librdkafka takes them.
pub(crate) fn offset_list(
    topic: &str,
    offsets: impl IntoIterator<Item = (i32, i64)>,
) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    }
    Ok(list)
}

/// What the client's group has committed for these partitions, those without a commit left out.
pub(crate) fn committed<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partitions: &[i32],
    timeout: Duration,
) -> KafkaResult<BTreeMap<i32, i64>> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(topic, *partition);
    }
    let list = client.committed_offsets(list, timeout)?;
    let elements = list.elements_for_topic(topic);
    let offsets = elements.iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => Some((element.partition(), offset)),
        _ => None,
    });
    Ok(offsets.collect())
}
