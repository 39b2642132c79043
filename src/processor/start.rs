//! Where a topic begins and ends, and where a new group begins in it.

use std::collections::BTreeMap;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::options::Options;
use super::reader::{Context, NO_RESET, Reader, TIMEOUT};
use crate::Result;
use crate::kafka::{Properties, committed, offset_list, watermarks};

/// Commits the ends of all partitions for a group that has committed nothing yet. From here on it begins there, whoever gets
/// a partition, and whenever; a partition that comes later begins with its first log.
pub(super) fn begin_at_end(options: &Options) -> Result<()> {
    let Options { brokers, input, group, config, .. } = options;
    let fixed = [("group.id", group.as_str()), NO_RESET];
    let reader = Reader::new(brokers, input, &[], &fixed, config, Context::default())?;
    let failed = |error: KafkaError| reader.connection.error(&format!("where group {group} begins"), &error);
    let partitions = reader.partitions(&reader.client.context().events)?;
    if !committed(&reader.client, input, &partitions, TIMEOUT).map_err(failed)?.is_empty() {
        return Ok(());
    }
    let ends = watermarks(&reader.client, input, &partitions, TIMEOUT).map_err(failed)?;
    let ends = offset_list(input, ends.into_iter().map(|(partition, (_, end))| (partition, end))).map_err(failed)?;
    match reader.client.commit(&ends, CommitMode::Sync) {
        Ok(()) => Ok(()),
        // The group has members, and the first of them has done this.
        Err(error) if error.rdkafka_error_code().is_some_and(is_of_members) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn is_of_members(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress)
}

/// All offsets of some partitions as they are now: the first, and the one after the last.
///
/// # Errors
/// [`Error::Kafka`] where no broker answers, or the topic is missing.
pub(crate) fn topic_offsets(brokers: &str, topic: &str, config: &Properties) -> Result<BTreeMap<i32, (i64, i64)>> {
    let reader: Reader<Context> =
        Reader::new(brokers, topic, &[("group.id", "logcore-reader")], &[], config, Context::default())?;
    let partitions = reader.partitions(&reader.client.context().events)?;
    let client: &BaseConsumer<Context> = &reader.client;
    watermarks(client, topic, &partitions, TIMEOUT).map_err(|error| reader.connection.error("", &error))
}
