//! Generated logs as Arrow batches.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};

use super::expected::path;
use super::generator::Generator;
use crate::error::{Error, Result};
use crate::memory::room;
use crate::verdict::Reason;

/// About a log's size, to reserve memory once. A wrong guess costs a copy.
const TYPICAL_BYTES: usize = 192;
/// No memory is reserved for more logs than this.
const MOST_RESERVED: usize = 1 << 20;

impl Generator {
    /// The next `count` logs: `value` (string), `expected_status` (string) and `expected_reasons` (list<struct<path:
    /// string, code: string>>), one row a log.
    ///
    /// # Errors
    /// [`Error::Generator`] where the batch would pass 2 GiB, or its time what a field allows; the position stays.
    pub fn batch(&mut self, count: usize) -> Result<RecordBatch> {
        let end = u64::try_from(count).ok().and_then(|count| self.position.checked_add(count));
        let Some(end) = end.filter(|_| i32::try_from(count).is_ok()) else {
            return Err(Error::Generator(format!(
                "a batch of {count} logs from record {}; a batch has at most {}, and the last record is {}",
                self.position,
                i32::MAX,
                u64::MAX - 1
            )));
        };
        let last = self.clock.at(end.saturating_sub(1));
        if count > 0 && last > self.last_time {
            return Err(Error::Generator(format!(
                "record {} happens at {last}, past the last second that the contract allows, {}; start earlier",
                end - 1,
                self.last_time
            )));
        }
        let reserved = count.min(MOST_RESERVED);
        let mut values = Strings::with_capacity(reserved, reserved * TYPICAL_BYTES);
        let mut statuses = Strings::with_capacity(reserved, reserved * 5);
        let (mut paths, mut codes) = (Strings::with_capacity(0, 0), Strings::with_capacity(0, 0));
        let mut reason_ends = Vec::with_capacity(reserved);
        let mut reasons: Vec<Reason> = Vec::new();
        for index in self.position..end {
            reasons.clear();
            let status = self.write(index, &mut values.bytes, &mut reasons);
            values.end()?;
            statuses.push(status.as_str())?;
            for reason in &reasons {
                paths.push(&path(reason.place, |field| self.paths.get(field).map(String::as_str)))?;
                codes.push(reason.code.as_str())?;
            }
            reason_ends.push(paths.offsets.len() - 1);
        }
        let reasons = StructArray::try_new(reason_fields(), vec![paths.finish()?, codes.finish()?], None)?;
        let offsets = OffsetBuffer::from_lengths(
            std::iter::once(0).chain(reason_ends.iter().copied()).zip(&reason_ends).map(|(start, end)| end - start),
        );
        let reasons = ListArray::try_new(reason_item(), offsets, Arc::new(reasons), None)?;
        let columns: Vec<ArrayRef> = vec![values.finish()?, statuses.finish()?, Arc::new(reasons)];
        let batch = RecordBatch::try_new(batch_schema(), columns)?;
        self.position = end;
        Ok(batch)
    }
}

/// The schema of [`Generator::batch`].
fn batch_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("value", DataType::Utf8, true),
        Field::new("expected_status", DataType::Utf8, true),
        Field::new("expected_reasons", DataType::List(reason_item()), true),
    ]))
}

/// Nullable and called `item`, as pyarrow's `list_(struct([…]))` has it.
fn reason_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(reason_fields()), true))
}

fn reason_fields() -> Fields {
    Fields::from(vec![Field::new("path", DataType::Utf8, true), Field::new("code", DataType::Utf8, true)])
}

/// A string column as it grows.
struct Strings {
    bytes: Vec<u8>,
    /// Where each row begins, and the last one ends.
    offsets: Vec<i32>,
}

impl Strings {
    fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = room(rows + 1);
        offsets.push(0);
        Self { bytes: room(bytes), offsets }
    }

    fn push(&mut self, text: &str) -> Result<()> {
        self.bytes.extend_from_slice(text.as_bytes());
        self.end()
    }

    /// Ends a row after the bytes that are there.
    #[inline]
    fn end(&mut self) -> Result<()> {
        let end = i32::try_from(self.bytes.len())
            .map_err(|_| Error::Generator("the batch would pass 2 GiB; ask for fewer logs at once".to_owned()))?;
        self.offsets.push(end);
        Ok(())
    }

    fn finish(self) -> Result<ArrayRef> {
        let offsets = OffsetBuffer::new(self.offsets.into());
        Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(self.bytes), None)?))
    }
}
