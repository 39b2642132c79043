//! Generated logs as Arrow batches.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};

use super::block::{BLOCK, Block, Rows};
use super::expected::path;
use super::generator::Generator;
use super::piece::{Piece, Sink};
use crate::error::{Error, Result};
use crate::lanes::{Lanes, Task};
use crate::memory::room;
use crate::verdict::{Code, Place, Status};

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
        let mut columns = Columns::with_capacity(reserved);
        let lanes = self.lanes;
        lanes.run_multiplying(Filling { generator: self, end, columns: &mut columns })?;
        let batch = columns.finish()?;
        self.position = end;
        Ok(batch)
    }
}

impl Generator {
    /// Appends `count` logs to `out`, `step` records apart from `first` on, and to `ends` where each ends in `out`: faster
    /// than one by one with [`Generator::write`].
    pub fn write_many(&mut self, first: u64, step: u64, count: usize, out: &mut Vec<u8>, ends: &mut Vec<usize>) {
        let lanes = self.lanes;
        lanes.run_multiplying(Many { generator: self, first, step, count, out, ends });
    }
}

/// Logs to be written without their verdicts.
struct Many<'a> {
    generator: &'a mut Generator,
    first: u64,
    step: u64,
    count: usize,
    out: &'a mut Vec<u8>,
    ends: &'a mut Vec<usize>,
}

impl Task for Many<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, lanes: impl Lanes) {
        let Self { generator, first: mut index, step, count, out, ends } = self;
        let (mut rows, mut block) = (Rows::new(), Block::new());
        let mut left = count;
        while left > 0 {
            let (count, start) = (left.min(BLOCK), out.len());
            generator.write_block(lanes, (index, step, count), &mut rows, out, &mut block);
            ends.extend(block.ends_from(start).take(count));
            index = index.wrapping_add(step.wrapping_mul(count as u64));
            left -= count;
        }
    }
}

/// What reasons are called, ready to be written.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The paths of the contract's placed fields.
    paths: Vec<Piece>,
    codes: Vec<Piece>,
}

impl Names {
    pub(super) fn new(paths: &[String]) -> Self {
        Self {
            paths: paths.iter().map(|path| path.as_bytes().into()).collect(),
            codes: Code::ALL.iter().map(|code| code.as_str().as_bytes().into()).collect(),
        }
    }
}

/// The columns of a batch as they grow.
struct Columns {
    values: Strings,
    statuses: Strings,
    paths: Strings,
    codes: Strings,
    reason_ends: Vec<i32>,
    /// How many there are.
    reasons: i32,
}

/// The logs up to a record, to be written into columns.
struct Filling<'a> {
    generator: &'a mut Generator,
    end: u64,
    columns: &'a mut Columns,
}

impl Task for Filling<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run(self, lanes: impl Lanes) -> Result<()> {
        let Self { generator, end, columns } = self;
        let (mut rows, mut block) = (Rows::new(), Block::new());
        let mut index = generator.position;
        while index < end {
            let count = usize::try_from(end - index).map_or(BLOCK, |left| left.min(BLOCK));
            generator.write_block(lanes, (index, 1, count), &mut rows, &mut columns.values.bytes, &mut block);
            index += count as u64;
            columns.add(&block, count, &generator.names)?;
        }
        Ok(())
    }
}

impl Columns {
    fn with_capacity(rows: usize) -> Self {
        let mut reason_ends = room(rows + 1);
        reason_ends.push(0);
        Self {
            values: Strings::with_capacity(rows, rows * TYPICAL_BYTES),
            statuses: Strings::with_capacity(rows, rows * 5),
            paths: Strings::with_capacity(rows / 4, rows * 2),
            codes: Strings::with_capacity(rows / 4, rows * 4),
            reason_ends,
            reasons: 0,
        }
    }

    fn finish(self) -> Result<RecordBatch> {
        let reasons = StructArray::try_new(reason_fields(), vec![self.paths.finish()?, self.codes.finish()?], None)?;
        let ends = OffsetBuffer::new(self.reason_ends.into());
        let reasons = ListArray::try_new(reason_item(), ends, Arc::new(reasons), None)?;
        let columns: Vec<ArrayRef> = vec![self.values.finish()?, self.statuses.finish()?, Arc::new(reasons)];
        Ok(RecordBatch::try_new(batch_schema(), columns)?)
    }

    /// The logs of a block, whose bytes are there.
    #[inline(always)]
    fn add(&mut self, block: &Block, count: usize, names: &Names) -> Result<()> {
        // Ends are copied some steps after they were made: many at once can only be loaded from where they have got to.
        let status_ends = self.statuses.push_statuses(&block.statuses[..count]);
        self.values.offsets.extend_from_slice(&block.ends[..count]);
        self.values.look()?;
        for reason in &block.reasons {
            match reason.place {
                Place::Field(field) => self.paths.push(&names.paths[usize::from(field)]),
                place => {
                    self.paths.push(&path(place, |field| names.paths.get(field).map(Piece::text)).as_bytes().into());
                }
            }
            self.codes.push(&names.codes[reason.code as usize]);
        }
        let reasons = self.reasons;
        self.reason_ends.extend(block.reason_ends[..count].iter().map(|end| reasons + end));
        self.reasons += block.reason_ends[count - 1];
        self.statuses.offsets.extend_from_slice(&status_ends[..count]);
        Ok(())
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
    /// Where each row begins, and the last one ends, within `bytes`. Those that don't fit have wrapped.
    offsets: Vec<i32>,
    /// Whether the first so many bytes are ASCII.
    ascii: bool,
    looked_at: usize,
}

impl Strings {
    fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = room(rows + 1);
        offsets.push(0);
        Self { bytes: room(bytes), offsets, ascii: true, looked_at: 0 }
    }

    /// A row.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "see Strings::look")]
    fn push(&mut self, text: &Piece) {
        self.bytes.push_short(text);
        self.offsets.push(self.bytes.len() as i32);
    }

    /// The names of up to [`BLOCK`] statuses, each copied with as many bytes behind it as any has.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "see Strings::look")]
    fn push_statuses(&mut self, statuses: &[Status]) -> [i32; BLOCK] {
        let mut ends = [0; BLOCK];
        self.bytes.reserve(16 * BLOCK);
        for (status, end) in statuses.iter().zip(&mut ends) {
            let (name, length) = match status {
                Status::Good => (b"good            ", 4),
                Status::Bad => (b"bad             ", 3),
                Status::Suspicious => (b"suspicious      ", 10),
            };
            self.bytes.push_padded(name, length);
            *end = self.bytes.len() as i32;
        }
        ends
    }

    /// Looks whether all ends fit, and all bytes are ASCII; bytes just written are looked at sooner than later.
    #[inline(always)]
    fn look(&mut self) -> Result<()> {
        i32::try_from(self.bytes.len())
            .map_err(|_| Error::Generator("the batch would pass 2 GiB; ask for fewer logs at once".to_owned()))?;
        // The compiler finds lanes in this loop.
        let new = self.bytes.get(self.looked_at..).unwrap_or_default();
        self.ascii &= new.iter().fold(0, |all, byte| all | byte).is_ascii();
        self.looked_at = self.bytes.len();
        Ok(())
    }

    /// The array, without a second look at its bytes and offsets.
    #[expect(unsafe_code, reason = "62 against 72 ns a log, benches/compare/generate.py with batches of 10,000")]
    fn finish(mut self) -> Result<ArrayRef> {
        self.look()?;
        let bytes = Buffer::from_vec(self.bytes);
        if self.ascii {
            // SAFETY: the bytes are ASCII, so that each text between two offsets is UTF-8. The offsets begin with 0, ascend
            // and end at the length of `bytes`, for each is that length as a row ended, what was there then is never taken
            // away, and the last has just been seen to fit.
            return Ok(Arc::new(unsafe {
                let offsets = OffsetBuffer::new_unchecked(self.offsets.into());
                StringArray::new_unchecked(offsets, bytes, None)
            }));
        }
        let offsets = OffsetBuffer::new(self.offsets.into());
        Ok(Arc::new(StringArray::try_new(offsets, bytes, None)?))
    }
}

#[cfg(test)]
mod tests {
    use super::Filling;
    use crate::contract::Contract;
    use crate::generate::{Generator, Options, users};
    use crate::lanes::{Task, basic};

    #[test]
    fn every_way_of_lanes_writes_the_same() {
        let contract = Contract::server_logs().unwrap();
        let users = users(&contract, 1, 100).unwrap();
        let mut generator = Generator::new(&contract, Some(&users), &Options::default()).unwrap();
        let best = generator.batch(1_000).unwrap();
        generator.seek(0);
        let mut columns = super::Columns::with_capacity(1_000);
        Filling { generator: &mut generator, end: 1_000, columns: &mut columns }.run(basic()).unwrap();
        assert_eq!(columns.finish().unwrap(), best);
    }
}
