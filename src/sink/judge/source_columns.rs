//! Kafka's own columns beside `value`.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

use super::Source;
use crate::classify::value_array;
use crate::error::{Error, Result};

/// Where the rows came from.
pub(super) struct SourceColumns<'a> {
    topics: &'a ArrayRef,
    partitions: &'a Int32Array,
    offsets: &'a Int64Array,
    timestamps: &'a ArrayRef,
    unit: TimeUnit,
}

impl<'a> SourceColumns<'a> {
    pub(super) fn new(batch: &'a RecordBatch) -> Result<Self> {
        let column = |name: &str| value_array(batch, name).map(|(_, array)| array);
        let wrong = |name: &str, wanted: &str, array: &ArrayRef| {
            Error::Batch(format!("column '{name}' must be {wanted}, not {}", array.data_type()))
        };
        let topics = column("topic")?;
        if !matches!(topics.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
            return Err(wrong("topic", "a string", topics));
        }
        let (partitions, offsets, timestamps) = (column("partition")?, column("offset")?, column("timestamp")?);
        let unit = match timestamps.data_type() {
            DataType::Timestamp(unit, _) => *unit,
            _ => return Err(wrong("timestamp", "a timestamp", timestamps)),
        };
        Ok(Self {
            topics,
            partitions: partitions
                .as_primitive_opt::<Int32Type>()
                .ok_or_else(|| wrong("partition", "int32", partitions))?,
            offsets: offsets.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("offset", "int64", offsets))?,
            timestamps,
            unit,
        })
    }

    pub(super) fn source(&self, row: usize) -> Result<Source<'a>> {
        let null = |name: &str| Error::Batch(format!("column '{name}' is null in row {row}"));
        if self.topics.is_null(row) {
            return Err(null("topic"));
        }
        if self.partitions.is_null(row) {
            return Err(null("partition"));
        }
        if self.offsets.is_null(row) {
            return Err(null("offset"));
        }
        let topic = match self.topics.data_type() {
            DataType::Utf8 => self.topics.as_string::<i32>().value(row),
            DataType::LargeUtf8 => self.topics.as_string::<i64>().value(row),
            _ => self.topics.as_string_view().value(row),
        };
        let micros = if self.timestamps.is_null(row) { None } else { Some(self.micros(row)) };
        Ok(Source { topic, partition: self.partitions.value(row), offset: self.offsets.value(row), micros })
    }

    fn micros(&self, row: usize) -> i64 {
        match self.unit {
            TimeUnit::Second => {
                self.timestamps.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000)
            }
            TimeUnit::Millisecond => {
                self.timestamps.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1_000)
            }
            TimeUnit::Microsecond => self.timestamps.as_primitive::<TimestampMicrosecondType>().value(row),
            TimeUnit::Nanosecond => {
                self.timestamps.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000)
            }
        }
    }
}
