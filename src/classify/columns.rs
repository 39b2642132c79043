//! Output columns, written in place as the logs are read.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};

use super::bits::Bits;
use super::nested::{ArrayColumn, ObjectColumn};
use super::reasons::past_2_gib;
use crate::decode::BLOCK;
use crate::error::Result;
use crate::memory::room;

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
    /// Microseconds since 1970.
    Time(NumberColumn<i64>),
    /// Days since 1970.
    Date(NumberColumn<i32>),
    /// Numbers.
    Number(NumberColumn<f64>),
    /// True or false.
    Boolean(BooleanColumn),
    /// Objects.
    Object(ObjectColumn),
    /// Arrays.
    Array(ArrayColumn),
}

/// A value of a column.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// No valid value.
    Null,
    /// A string.
    Text(&'a [u8]),
    /// An integer.
    Integer(i64),
    /// Microseconds since 1970.
    Time(i64),
    /// Days since 1970.
    Date(i64),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// An object: the columns of its fields, of which the same row counts.
    Object(&'a [Column]),
    /// An array: a column of items, and which of them.
    Array(&'a Column, Range<usize>),
}

impl Column {
    /// The value at a row; null past the end.
    #[must_use]
    pub fn value(&self, row: usize) -> Value<'_> {
        match self {
            Self::Text(column) => column.value(row).map_or(Value::Null, Value::Text),
            Self::Int32(column) => column.value(row).map_or(Value::Null, |value| Value::Integer(i64::from(value))),
            Self::Int64(column) => column.value(row).map_or(Value::Null, Value::Integer),
            Self::Time(column) => column.value(row).map_or(Value::Null, Value::Time),
            Self::Date(column) => column.value(row).map_or(Value::Null, |day| Value::Date(i64::from(day))),
            Self::Number(column) => column.value(row).map_or(Value::Null, Value::Number),
            Self::Boolean(column) => column.value(row).map_or(Value::Null, Value::Boolean),
            Self::Object(column) if column.holds(row) => Value::Object(column.columns()),
            Self::Object(_) => Value::Null,
            Self::Array(column) => column.items(row).map_or(Value::Null, |(items, range)| Value::Array(items, range)),
        }
    }

    /// Appends another column of the same kind; all rows so far make whole blocks.
    pub(super) fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Text(column), Self::Text(other)) => column.append(&other),
            (Self::Int32(column), Self::Int32(other)) | (Self::Date(column), Self::Date(other)) => column.append(other),
            (Self::Number(column), Self::Number(other)) => column.append(other),
            (Self::Boolean(column), Self::Boolean(other)) => column.append(&other),
            (Self::Object(column), Self::Object(other)) => column.append(other),
            (Self::Array(column), Self::Array(other)) => column.append(other),
            (Self::Int64(column), Self::Int64(other)) | (Self::Time(column), Self::Time(other)) => column.append(other),
            // One contract makes all columns.
            _ => {}
        }
    }

    /// The Arrow array.
    pub(super) fn into_array(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Text(column) => Arc::new(column.into_array()?),
            Self::Int32(column) => {
                Arc::new(Int32Array::try_new(ScalarBuffer::from(column.values), column.valid.finish())?)
            }
            Self::Int64(column) => {
                Arc::new(Int64Array::try_new(ScalarBuffer::from(column.values), column.valid.finish())?)
            }
            Self::Time(column) => Arc::new(
                TimestampMicrosecondArray::try_new(ScalarBuffer::from(column.values), column.valid.finish())?
                    .with_timezone(UTC),
            ),
            Self::Date(column) => {
                Arc::new(Date32Array::try_new(ScalarBuffer::from(column.values), column.valid.finish())?)
            }
            Self::Number(column) => {
                Arc::new(Float64Array::try_new(ScalarBuffer::from(column.values), column.valid.finish())?)
            }
            Self::Boolean(column) => Arc::new(column.into_array()),
            Self::Object(column) => column.into_array()?,
            Self::Array(column) => column.into_array()?,
        })
    }
}

/// Which rows have a value, one bit a row.
#[derive(Debug)]
pub(super) struct Validity {
    bits: Bits,
    valid: usize,
}

impl Validity {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { bits: Bits::with_capacity(rows), valid: 0 }
    }

    /// Appends up to [`BLOCK`] rows.
    #[inline]
    pub(super) fn push(&mut self, rows: usize, valid: u64) {
        self.bits.push(rows, valid);
        self.valid += valid.count_ones() as usize;
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.bits.append(&other.bits);
        self.valid += other.valid;
    }

    /// The bits of the block that begins with the row `first`.
    #[inline]
    fn block(&self, first: usize) -> u64 {
        self.bits.word(first)
    }

    #[inline]
    pub(super) fn holds(&self, row: usize) -> bool {
        self.bits.get(row)
    }

    pub(super) fn finish(self) -> Option<NullBuffer> {
        let nulls = self.bits.len() - self.valid;
        (nulls > 0).then(|| NullBuffer::new(self.bits.finish()))
    }
}

/// Strings as Arrow holds them: bytes end to end, and the offsets between them.
#[derive(Debug)]
pub struct TextColumn {
    offsets: Vec<i32>,
    /// The texts, and behind `end` room that is written over.
    bytes: Vec<u8>,
    end: usize,
    valid: Validity,
    overflow: bool,
}

impl TextColumn {
    /// Room for `rows` texts of `width` bytes and a block's copies behind them; it grows where that is not enough.
    pub(super) fn with_capacity(rows: usize, width: usize) -> Self {
        let mut offsets = room(rows + 1);
        offsets.push(0);
        Self {
            offsets,
            bytes: room(rows * width + ROOM),
            end: 0,
            valid: Validity::with_capacity(rows),
            overflow: false,
        }
    }

    fn append(&mut self, other: &Self) {
        let before = i32::try_from(self.end).ok().filter(|_| !other.overflow);
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(other.bytes.get(..other.end).unwrap_or_default());
        self.end = self.bytes.len();
        let end = i32::try_from(self.end);
        match (before, end) {
            (Some(before), Ok(_)) => self.offsets.extend(other.offsets.iter().skip(1).map(|offset| offset + before)),
            _ => self.overflow = true,
        }
        self.valid.append(&other.valid);
    }

    /// The next block of rows, written row by row; [`TextBlock::finish`] ends it.
    #[inline(always)]
    pub(super) fn block(&mut self) -> TextBlock<'_> {
        if self.bytes.len() < self.end + BLOCK * SHORT {
            self.bytes.resize(self.end + ROOM, 0);
        }
        TextBlock { at: self.end, valid: 0, column: self }
    }

    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<&[u8]> {
        if !self.valid.holds(row) {
            return None;
        }
        let start = usize::try_from(*self.offsets.get(row)?).ok()?;
        let end = usize::try_from(*self.offsets.get(row + 1)?).ok()?;
        self.bytes.get(start..end)
    }

    pub(super) fn into_array(mut self) -> Result<StringArray> {
        if self.overflow {
            return Err(past_2_gib());
        }
        self.bytes.truncate(self.end);
        Ok(utf8_array(self.offsets, self.bytes, self.valid.finish()))
    }
}

/// The array without a second look at its bytes and offsets: checking them again takes time that the judge has spent before.
#[expect(
    unsafe_code,
    reason = "5.7 against 5.4 million logs a second through Python for the bytes, a fortieth of the time for the offsets, a \
              million logs of the natural mix"
)]
fn utf8_array(offsets: Vec<i32>, bytes: Vec<u8>, valid: Option<NullBuffer>) -> StringArray {
    // SAFETY: the offsets begin with 0, ascend and end at the length of `bytes`, for each is that length as a row ended, no
    // row takes anything of it away, and no block has ended at a length past `i32::MAX`. Each text between them is UTF-8.
    // It is the whole of a JSON string's text between its quotes, of a log that the decoder passed: such a log is checked
    // as a whole (`str::from_utf8` in `Decoder::scan`), or the text is ASCII (`Layout::read` ends a text at any byte past
    // it) or checked by itself (`read_on`, `flat_array_end`), and a quote stands on the edge of a character. Or it is what
    // `unescape` makes of such a text: it copies what lies between escapes, which are ASCII, and encodes `char`s. Or it is
    // the name of a status.
    unsafe { StringArray::new_unchecked(OffsetBuffer::new_unchecked(ScalarBuffer::from(offsets)), bytes.into(), valid) }
}

/// Texts of up to so many bytes are copied whole, without a look at their length.
const SHORT: usize = 32;
/// So much is made ready at a time for a block's texts and some that come after.
const ROOM: usize = 4 * BLOCK * SHORT;

/// A block of rows as it is written. There are always [`SHORT`] bytes for each row that is still to come.
#[derive(Debug)]
pub(super) struct TextBlock<'a> {
    column: &'a mut TextColumn,
    /// Where the next text goes.
    at: usize,
    valid: u64,
}

impl TextBlock<'_> {
    /// Writes the text of the block's row `row`, which stands at the start of `within`. Rows come in order.
    #[inline(always)]
    pub(super) fn push(&mut self, row: usize, text: &[u8], within: &[u8]) {
        match (within.first_chunk::<SHORT>(), self.column.bytes.get_mut(self.at..self.at.wrapping_add(SHORT))) {
            (Some(chunk), Some(place)) if text.len() <= SHORT => place.copy_from_slice(chunk),
            _ => write_long(&mut self.column.bytes, self.at, text),
        }
        self.at += text.len();
        self.valid |= 1 << row;
    }

    /// The same for a short text at the start of a window; false, and nothing written, if there is no room.
    #[inline(always)]
    pub(super) fn push_short(&mut self, row: usize, length: usize, window: &[u8; SHORT]) -> bool {
        let place = self.column.bytes.get_mut(self.at..self.at.wrapping_add(SHORT));
        let Some(place) = place.filter(|_| length <= SHORT) else { return false };
        place.copy_from_slice(window);
        self.at += length;
        self.valid |= 1 << row;
        true
    }

    /// Where the texts so far end, for the offsets. An end that wraps is past 2 GiB, and noticed at the end of the block.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "noticed in finish")]
    pub(super) fn offset(&self) -> i32 {
        self.at as i32
    }

    /// Ends the block, whose rows end at `ends`.
    #[inline(always)]
    pub(super) fn finish(self, ends: &[i32]) {
        let Self { column, at, valid } = self;
        column.end = at;
        column.offsets.extend_from_slice(ends);
        column.valid.push(ends.len(), valid);
        column.overflow |= i32::try_from(at).is_err();
    }
}

/// Writes a text of any length at `at`, and makes room for as many short ones behind it as may come. What it writes over
/// is what a copy of [`SHORT`] bytes has left, or zeros.
#[cold]
#[inline(never)]
fn write_long(bytes: &mut Vec<u8>, at: usize, text: &[u8]) {
    bytes.truncate(at);
    bytes.extend_from_slice(text);
    bytes.resize(at + text.len() + BLOCK * SHORT, 0);
}

/// Integers of one width.
#[derive(Debug)]
pub struct NumberColumn<T> {
    values: Vec<T>,
    valid: Validity,
}

impl<T: Copy + Default> NumberColumn<T> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { values: room(rows), valid: Validity::with_capacity(rows) }
    }

    /// Appends a block; rows whose bits are not set have no value, whatever stands in their place.
    #[inline]
    pub(super) fn push_block(&mut self, values: &[T], valid: u64) {
        self.values.extend_from_slice(values);
        self.valid.push(values.len(), valid);
    }

    fn append(&mut self, other: Self) {
        self.values.extend(other.values);
        self.valid.append(&other.valid);
    }

    /// The values of the block that begins with the row `first`, and the bits of those that are there.
    #[inline]
    pub(super) fn block(&self, first: usize) -> (&[T], u64) {
        (self.values.get(first..).unwrap_or_default(), self.valid.block(first))
    }

    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<T> {
        if !self.valid.holds(row) {
            return None;
        }
        self.values.get(row).copied()
    }
}

/// True or false, one bit each.
#[derive(Debug)]
pub struct BooleanColumn {
    truths: Bits,
    valid: Validity,
}

impl BooleanColumn {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { truths: Bits::with_capacity(rows), valid: Validity::with_capacity(rows) }
    }

    /// Appends a block; rows whose bits are not set in `valid` have no value.
    #[inline]
    pub(super) fn push_block(&mut self, rows: usize, truths: u64, valid: u64) {
        self.truths.push(rows, truths);
        self.valid.push(rows, valid);
    }

    fn append(&mut self, other: &Self) {
        self.truths.append(&other.truths);
        self.valid.append(&other.valid);
    }

    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<bool> {
        self.valid.holds(row).then(|| self.truths.get(row))
    }

    fn into_array(self) -> BooleanArray {
        BooleanArray::new(self.truths.finish(), self.valid.finish())
    }
}
