//! Output columns, written in place as the logs are read.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;

use crate::error::{Error, Result};

/// The time zone of every time that leaves.
pub(crate) const UTC: &str = "UTC";
pub(super) const MICROS: i64 = 1_000_000;

/// One field's values; a row without a valid value is null.
#[derive(Debug)]
pub enum Column {
    /// Strings.
    Text(TextColumn),
    /// 32-bit integers.
    Int32(NumberColumn<i32>),
    /// 64-bit integers.
    Int64(NumberColumn<i64>),
    /// Microseconds since 1970; a log's times are whole seconds.
    Time(NumberColumn<i64>),
}

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// No valid value.
    Null,
    /// A string.
    Text(&'a [u8]),
    /// An integer.
    Integer(i64),
    /// Seconds since 1970.
    Time(i64),
}

impl Column {
    pub(super) fn push_null(&mut self) {
        match self {
            Self::Text(column) => column.push_null(),
            Self::Int32(column) => column.push_null(),
            Self::Int64(column) | Self::Time(column) => column.push_null(),
        }
    }

    /// The value at a row; null past the end.
    #[must_use]
    pub fn value(&self, row: usize) -> Value<'_> {
        match self {
            Self::Text(column) => column.value(row).map_or(Value::Null, Value::Text),
            Self::Int32(column) => column.value(row).map_or(Value::Null, |value| Value::Integer(i64::from(value))),
            Self::Int64(column) => column.value(row).map_or(Value::Null, Value::Integer),
            Self::Time(column) => column.value(row).map_or(Value::Null, |micros| Value::Time(micros / MICROS)),
        }
    }

    /// The Arrow array.
    pub(super) fn into_array(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Text(column) => Arc::new(column.into_array()?),
            Self::Int32(mut column) => {
                Arc::new(Int32Array::try_new(ScalarBuffer::from(column.values), column.valid.finish())?)
            }
            Self::Int64(mut column) => {
                Arc::new(Int64Array::try_new(ScalarBuffer::from(column.values), column.valid.finish())?)
            }
            Self::Time(mut column) => Arc::new(
                TimestampMicrosecondArray::try_new(ScalarBuffer::from(column.values), column.valid.finish())?
                    .with_timezone(UTC),
            ),
        })
    }
}

/// Strings as Arrow holds them: bytes end to end, and the offsets between them.
#[derive(Debug)]
pub struct TextColumn {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    valid: NullBufferBuilder,
    overflow: bool,
}

impl TextColumn {
    pub(super) fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, bytes: Vec::with_capacity(rows * 8), valid: NullBufferBuilder::new(rows), overflow: false }
    }

    #[inline]
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.push_offset();
        self.valid.append_non_null();
    }

    fn push_null(&mut self) {
        self.push_offset();
        self.valid.append_null();
    }

    #[inline]
    fn push_offset(&mut self) {
        let end = i32::try_from(self.bytes.len()).unwrap_or_else(|_| {
            self.overflow = true;
            i32::MAX
        });
        self.offsets.push(end);
    }

    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<&[u8]> {
        if row >= self.valid.len() || !self.valid.is_valid(row) {
            return None;
        }
        let start = usize::try_from(*self.offsets.get(row)?).ok()?;
        let end = usize::try_from(*self.offsets.get(row + 1)?).ok()?;
        self.bytes.get(start..end)
    }

    fn into_array(mut self) -> Result<StringArray> {
        if self.overflow {
            return Err(Error::Batch("more than 2 GiB in one column; judge smaller batches".to_owned()));
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        Ok(StringArray::try_new(offsets, self.bytes.into(), self.valid.finish())?)
    }
}

/// Integers of one width.
#[derive(Debug)]
pub struct NumberColumn<T> {
    values: Vec<T>,
    valid: NullBufferBuilder,
}

impl<T: Copy + Default> NumberColumn<T> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), valid: NullBufferBuilder::new(rows) }
    }

    #[inline]
    pub(super) fn push(&mut self, value: T) {
        self.values.push(value);
        self.valid.append_non_null();
    }

    fn push_null(&mut self) {
        self.values.push(T::default());
        self.valid.append_null();
    }

    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<T> {
        if row >= self.valid.len() || !self.valid.is_valid(row) {
            return None;
        }
        self.values.get(row).copied()
    }
}

/// An empty column of that type.
pub(super) fn with_capacity(data_type: &DataType, rows: usize) -> Column {
    match data_type {
        DataType::Utf8 => Column::Text(TextColumn::with_capacity(rows)),
        DataType::Int32 => Column::Int32(NumberColumn::with_capacity(rows)),
        DataType::Int64 => Column::Int64(NumberColumn::with_capacity(rows)),
        _ => Column::Time(NumberColumn::with_capacity(rows)),
    }
}
