//! Kafka's rows in, everything out that the status topic and MySQL need.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Int32Builder, Int64Builder, ListBuilder, StringBuilder, StructBuilder,
};
use arrow_array::{Array, ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};

use super::raw;
use super::status_record::{CONNECT_HEADERS, RecordWriter, STATUS_HEADER, Source, push_key};
use crate::classify::{Classifier, UTC, Values, Verdicts, item_field, past_2_gib, value_array, with_rows, with_values};
use crate::error::Result;
use crate::verdict::Status;

mod source_columns;

use source_columns::SourceColumns;

/// The schema of [`judge`]'s output.
#[must_use]
pub fn judged_schema(classifier: &Classifier) -> Schema {
    Schema::new(judged_fields(classifier))
}

fn header_fields() -> Fields {
    vec![Field::new("key", DataType::Utf8, true), Field::new("value", DataType::Binary, true)].into()
}

fn judged_fields(classifier: &Classifier) -> Vec<FieldRef> {
    let mut fields = classifier.output_fields();
    let own = [
        ("source_topic", DataType::Utf8),
        ("source_partition", DataType::Int32),
        ("source_offset", DataType::Int64),
        ("kafka_timestamp", DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))),
        ("users_version", DataType::Utf8),
        ("raw", DataType::Binary),
        ("raw_truncated", DataType::Boolean),
        ("record_key", DataType::Utf8),
        ("record_value", DataType::Utf8),
        ("record_headers", DataType::List(item_field(DataType::Struct(header_fields())))),
    ];
    fields.extend(own.map(|(name, data_type)| Arc::new(Field::new(name, data_type, true))));
    fields
}

/// Judges Kafka's rows: `value`, `topic`, `partition`, `offset` and `timestamp` in, others are ignored; the columns of
/// [`judged_schema`] out, as many rows in the same order.
///
/// # Errors
/// [`crate::Error::Batch`] where a column is missing, of another type or holds a null that Kafka never gives, or where a
/// column of the output would pass 2 GiB. Never for a log.
pub fn judge(classifier: &Classifier, batch: &RecordBatch) -> Result<RecordBatch> {
    let (_, logs) = value_array(batch, "value")?;
    let sources = SourceColumns::new(batch)?;
    with_values!(logs, values => {
        judged_batch(classifier, classifier.judge(&values)?, &values, |row| sources.source(row))
    })
}

/// The batch that [`judge`] yields, of logs that are judged already; `source` says where the log of a row came from.
pub(crate) fn judged_batch<'s, V: Values>(
    classifier: &Classifier,
    verdicts: Verdicts,
    logs: &V,
    source: impl Fn(usize) -> Result<Source<'s>>,
) -> Result<RecordBatch> {
    let mut rows = Rows::new(classifier, logs.rows());
    for row in 0..logs.rows() {
        rows.push(&verdicts, row, source(row)?, logs.log(row))?;
    }
    let mut columns = verdicts.into_arrays(classifier.contract())?;
    columns.extend(rows.finish());
    with_rows(judged_fields(classifier), columns, logs.rows())
}

/// The columns behind `reasons`.
struct Rows<'a> {
    writer: RecordWriter<'a>,
    users_version: &'a str,
    topics: StringBuilder,
    partitions: Int32Builder,
    offsets: Int64Builder,
    micros: Vec<Option<i64>>,
    versions: StringBuilder,
    raws: BinaryBuilder,
    truncated: BooleanBuilder,
    keys: StringBuilder,
    values: StringBuilder,
    headers: ListBuilder<StructBuilder>,
    scratch: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn new(classifier: &'a Classifier, rows: usize) -> Self {
        let headers =
            StructBuilder::new(header_fields(), vec![Box::new(StringBuilder::new()), Box::new(BinaryBuilder::new())]);
        Self {
            writer: RecordWriter::new(classifier.contract(), classifier.users_version()),
            users_version: classifier.users_version(),
            topics: StringBuilder::with_capacity(rows, rows * 12),
            partitions: Int32Builder::with_capacity(rows),
            offsets: Int64Builder::with_capacity(rows),
            micros: Vec::with_capacity(rows),
            versions: StringBuilder::with_capacity(rows, rows * classifier.users_version().len()),
            raws: BinaryBuilder::with_capacity(rows, 0),
            truncated: BooleanBuilder::with_capacity(rows),
            keys: StringBuilder::with_capacity(rows, rows * 24),
            values: StringBuilder::with_capacity(rows, rows * 384),
            headers: ListBuilder::with_capacity(headers, rows),
            scratch: Vec::new(),
        }
    }

    fn push(&mut self, verdicts: &Verdicts, row: usize, source: Source<'_>, payload: Option<&[u8]>) -> Result<()> {
        let status = verdicts.statuses().get(row).copied().unwrap_or(Status::Bad);
        room(self.topics.values_slice().len(), source.topic.len())?;
        self.topics.append_value(source.topic);
        self.partitions.append_value(source.partition);
        self.offsets.append_value(source.offset);
        self.micros.push(source.micros);
        self.versions.append_value(self.users_version);
        let kept = payload.filter(|_| status == Status::Bad).map(raw::kept);
        room(self.raws.values_slice().len(), kept.map_or(0, |(first, _)| first.len()))?;
        self.raws.append_option(kept.map(|(first, _)| first));
        self.truncated.append_value(kept.is_some_and(|(_, truncated)| truncated));
        self.scratch.clear();
        push_key(&mut self.scratch, source);
        append_utf8(&mut self.keys, &self.scratch)?;
        self.scratch.clear();
        self.writer.push_value(&mut self.scratch, verdicts, row, source, payload);
        append_utf8(&mut self.values, &self.scratch)?;
        self.push_headers(verdicts, row, status, source)
    }

    fn push_headers(&mut self, verdicts: &Verdicts, row: usize, status: Status, source: Source<'_>) -> Result<()> {
        push_header(&mut self.headers, STATUS_HEADER, status.as_str().as_bytes())?;
        if status == Status::Bad {
            let (mut partition, mut offset) = (itoa::Buffer::new(), itoa::Buffer::new());
            self.scratch.clear();
            self.writer.push_message(&mut self.scratch, verdicts.reasons(row));
            let partition = partition.format(source.partition).as_bytes();
            let offset = offset.format(source.offset).as_bytes();
            let values = [source.topic.as_bytes(), partition, offset, &self.scratch];
            for (name, value) in CONNECT_HEADERS.into_iter().zip(values) {
                push_header(&mut self.headers, name, value)?;
            }
        }
        self.headers.append(true);
        Ok(())
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.topics.finish()),
            Arc::new(self.partitions.finish()),
            Arc::new(self.offsets.finish()),
            Arc::new(TimestampMicrosecondArray::from(self.micros).with_timezone(UTC)),
            Arc::new(self.versions.finish()),
            Arc::new(self.raws.finish()),
            Arc::new(self.truncated.finish()),
            Arc::new(self.keys.finish()),
            Arc::new(self.values.finish()),
            Arc::new(self.headers.finish()),
        ]
    }
}

/// Appends text that is UTF-8 by construction: its parts are checked logs, names and ASCII.
fn append_utf8(builder: &mut StringBuilder, text: &[u8]) -> Result<()> {
    room(builder.values_slice().len(), text.len())?;
    match std::str::from_utf8(text) {
        Ok(text) => builder.append_value(text),
        Err(_) => builder.append_value(String::from_utf8_lossy(text)),
    }
    Ok(())
}

/// Whether a column of so many bytes has room for more; Arrow's builders would panic.
fn room(bytes: usize, more: usize) -> Result<()> {
    if i32::try_from(bytes + more).is_ok() { Ok(()) } else { Err(past_2_gib()) }
}

fn push_header(headers: &mut ListBuilder<StructBuilder>, key: &str, value: &[u8]) -> Result<()> {
    let entry = headers.values();
    if let Some(keys) = entry.field_builder::<StringBuilder>(0) {
        room(keys.values_slice().len(), key.len())?;
        keys.append_value(key);
    }
    if let Some(values) = entry.field_builder::<BinaryBuilder>(1) {
        room(values.values_slice().len(), value.len())?;
        values.append_value(value);
    }
    entry.append(true);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn a_column_ends_at_2_gib_without_a_panic() {
        assert!(room(2_147_483_640, 7).is_ok());
        let error = room(2_147_483_640, 8).unwrap_err().to_string();
        assert_eq!(error, "batch: more than 2 GiB in one column; judge smaller batches");
    }
}
