//! Kafka records as an Arrow batch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, Int32Builder, Int64Builder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::Result;

/// partition, offset, timestamp, key, value, headers; a header's value may be null, as may a record's key and value.
pub(crate) struct Records {
    partition: Int32Builder,
    offset: Int64Builder,
    timestamp: TimestampMillisecondBuilder,
    key: BinaryBuilder,
    value: BinaryBuilder,
    header_ends: Vec<usize>,
    header_key: StringBuilder,
    header_value: BinaryBuilder,
    bytes: usize,
}

impl Records {
    pub(crate) fn new() -> Self {
        Self {
            partition: Int32Builder::new(),
            offset: Int64Builder::new(),
            timestamp: TimestampMillisecondBuilder::new(),
            key: BinaryBuilder::new(),
            value: BinaryBuilder::new(),
            header_ends: vec![],
            header_key: StringBuilder::new(),
            header_value: BinaryBuilder::new(),
            bytes: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.header_ends.len()
    }

    /// Bytes of keys, values and headers.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn push(&mut self, message: &BorrowedMessage<'_>) {
        self.partition.append_value(message.partition());
        self.offset.append_value(message.offset());
        self.timestamp.append_option(message.timestamp().to_millis());
        self.key.append_option(message.key());
        self.value.append_option(message.payload());
        self.bytes += message.key_len() + message.payload_len();
        if let Some(headers) = message.headers() {
            for index in 0..headers.count() {
                // rdkafka panics for a name that isn't UTF-8, which anyone who may write to the topic can send.
                let header = catch_unwind(AssertUnwindSafe(|| headers.try_get(index)));
                let (key, value) = match &header {
                    Ok(Some(header)) => (header.key, header.value),
                    Ok(None) | Err(_) => ("\u{fffd}", None),
                };
                self.header_key.append_value(key);
                self.header_value.append_option(value);
                self.bytes += key.len() + value.map_or(0, <[u8]>::len);
            }
        }
        self.header_ends.push(self.header_key.len());
    }

    pub(crate) fn finish(mut self) -> Result<RecordBatch> {
        let timestamps = self.timestamp.finish().with_timezone("UTC");
        let pairs: Vec<ArrayRef> = vec![Arc::new(self.header_key.finish()), Arc::new(self.header_value.finish())];
        let pairs = StructArray::try_new(header_fields(), pairs, None)?;
        let starts = std::iter::once(&0).chain(&self.header_ends);
        let lengths = starts.zip(&self.header_ends).map(|(start, end)| end - start);
        let headers = ListArray::try_new(header_item(), OffsetBuffer::from_lengths(lengths), Arc::new(pairs), None)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.partition.finish()),
            Arc::new(self.offset.finish()),
            Arc::new(timestamps),
            Arc::new(self.key.finish()),
            Arc::new(self.value.finish()),
            Arc::new(headers),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("partition", DataType::Int32, false),
        Field::new("offset", DataType::Int64, false),
        Field::new("timestamp", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", DataType::List(header_item()), false),
    ]))
}

fn header_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(header_fields()), false))
}

fn header_fields() -> Fields {
    vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)].into()
}
