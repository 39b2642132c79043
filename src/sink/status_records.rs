//! The status records of a batch of logs, one after the other in memory, as the moving of logs wants them.

use super::status_record::{RecordWriter, Source, push_key};
use crate::classify::{Classifier, Values, Verdicts};
use crate::verdict::Status;

/// Where one record's parts end.
#[derive(Clone, Copy, Debug)]
struct Ends {
    key: usize,
    value: usize,
    message: usize,
    status: Status,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusRecord<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) value: &'a [u8],
    pub(crate) status: Status,
    /// The reasons as text; empty but for bad logs.
    pub(crate) message: &'a [u8],
}

/// Records, their memory used again for the next batch.
#[derive(Debug, Default)]
pub(crate) struct StatusRecords {
    bytes: Vec<u8>,
    ends: Vec<Ends>,
}

impl StatusRecords {
    /// Writes the records of all logs in place of those that are there; `source` says where the log of a row came from.
    pub(crate) fn write<'s, V: Values>(
        &mut self,
        classifier: &Classifier,
        verdicts: &Verdicts,
        logs: &V,
        source: impl Fn(usize) -> Source<'s>,
    ) {
        self.bytes.clear();
        self.ends.clear();
        let mut writer = RecordWriter::new(classifier.contract(), classifier.users_version());
        for (row, status) in verdicts.statuses().iter().enumerate() {
            let source = source(row);
            push_key(&mut self.bytes, source);
            let key = self.bytes.len();
            writer.push_value(&mut self.bytes, verdicts, row, source, logs.log(row));
            let value = self.bytes.len();
            if *status == Status::Bad {
                writer.push_message(&mut self.bytes, verdicts.reasons(row));
            }
            self.ends.push(Ends { key, value, message: self.bytes.len(), status: *status });
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The record of a row; None past the last one.
    pub(crate) fn get(&self, row: usize) -> Option<StatusRecord<'_>> {
        let start = match row.checked_sub(1) {
            Some(before) => self.ends.get(before)?.message,
            None => 0,
        };
        let ends = self.ends.get(row)?;
        Some(StatusRecord {
            key: self.bytes.get(start..ends.key)?,
            value: self.bytes.get(ends.key..ends.value)?,
            status: ends.status,
            message: self.bytes.get(ends.value..ends.message)?,
        })
    }
}
