//! From fetched logs to status records that are sent and rows that are written.

use std::sync::Arc;

use super::murmur2::partition;
use super::table::{self, Table};
use crate::classify::Classifier;
use crate::kafka::{Failure, Fetched, TransactionalProducer};
use crate::sink::{CONNECT_HEADERS, STATUS_HEADER, Source, StatusRecords, judged_batch};
use crate::verdict::Status;

/// Moves logs of one topic. Its memory is used again.
pub(super) struct Mover {
    topic: Arc<str>,
    records: StatusRecords,
    /// Partition and row of each record, by partition.
    order: Vec<(i32, usize)>,
}

impl Mover {
    pub(super) fn new(topic: &str) -> Self {
        Self { topic: topic.into(), records: StatusRecords::default(), order: Vec::new() }
    }

    /// Judges the logs, adds their records to the open transaction of `producer` and writes them to `table`, where there is
    /// one; the status that each got.
    pub(super) fn step(
        &mut self,
        classifier: &Classifier,
        fetched: &Fetched,
        producer: &TransactionalProducer,
        table: Option<&mut (dyn Table + 'static)>,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<Status>, Failure> {
        let topic = Arc::clone(&self.topic);
        let source = |row: usize| {
            let (partition, offset, millis) = fetched.place(row);
            Source { topic: &topic, partition, offset, micros: millis.map(|millis| millis.saturating_mul(1000)) }
        };
        let verdicts = classifier.judge(fetched).map_err(Failure::Final)?;
        self.records.write(classifier, &verdicts, fetched, source);
        self.send(fetched, producer)?;
        let statuses = verdicts.statuses().to_vec();
        if let Some(table) = table {
            let batch = judged_batch(classifier, verdicts, fetched, |row| Ok(source(row))).map_err(Failure::Final)?;
            table::write(table, &batch, stopped).map_err(Failure::Final)?;
        }
        Ok(statuses)
    }

    /// Sends the records, those of one partition after the other: librdkafka keeps a queue for each and walks it several
    /// times, and in this order a partition's records lie one after the other in memory.
    fn send(&mut self, fetched: &Fetched, producer: &TransactionalProducer) -> Result<(), Failure> {
        self.order.clear();
        for row in 0..self.records.len() {
            let key = self.records.get(row).map_or(&[][..], |record| record.key);
            self.order.push((partition(key, producer.partitions()), row));
        }
        self.order.sort_by_key(|(partition, _)| *partition);
        let (mut from, mut offset) = (itoa::Buffer::new(), itoa::Buffer::new());
        for (partition, row) in &self.order {
            let Some(record) = self.records.get(*row) else { continue };
            let status = (STATUS_HEADER, record.status.as_str().as_bytes());
            if record.status == Status::Bad {
                let place = fetched.place(*row);
                let [topic_name, partition_name, offset_name, message_name] = CONNECT_HEADERS;
                let headers = [
                    status,
                    (topic_name, self.topic.as_bytes()),
                    (partition_name, from.format(place.0).as_bytes()),
                    (offset_name, offset.format(place.1).as_bytes()),
                    (message_name, record.message),
                ];
                producer.send(*partition, record.key, record.value, &headers)?;
            } else {
                producer.send(*partition, record.key, record.value, &[status])?;
            }
        }
        Ok(())
    }
}
