//! The loop over the logs of a batch.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, StringArray, UInt8Array, UInt16Array};

use super::columns::{Column, TextColumn};
use super::directory::{Directory, Suspicions};
use super::fields::{BlockLogs, FieldJudge, FieldRules};
use super::reasons::reasons_array;
use super::values::Values;
use crate::contract::Contract;
use crate::decode::{BLOCK, Block, Decoder, rows_of};
use crate::error::{Error, Result};
use crate::lanes::Best;
use crate::memory::room;
use crate::verdict::{Place, Reason, Status};

/// What a batch of logs got, row by row.
#[derive(Debug)]
pub struct Verdicts {
    columns: Vec<Column>,
    statuses: Vec<Status>,
    reasons: Vec<Reason>,
    /// Row n has the reasons from `offsets[n]` to `offsets[n + 1]`.
    offsets: Vec<i32>,
}

impl Verdicts {
    /// The contract's fields.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Each row's status.
    #[must_use]
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    /// A row's reasons, in the contract's order.
    #[must_use]
    pub fn reasons(&self, row: usize) -> &[Reason] {
        let place = |row: usize| self.offsets.get(row).and_then(|offset| usize::try_from(*offset).ok());
        match (place(row), place(row + 1)) {
            (Some(start), Some(end)) => self.reasons.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The verdicts in numbers: each row's status, its place in [`Status::ALL`]; where each row's reasons begin, and
    /// the last one's end; and each reason's code, its place in [`crate::verdict::Code::ALL`], and field, its place among the contract's
    /// placed fields, [`u16::MAX`] for the whole log.
    #[must_use]
    pub fn into_numbers(self) -> (UInt8Array, Int32Array, UInt8Array, UInt16Array) {
        let field = |reason: &Reason| match reason.place {
            Place::Log => u16::MAX,
            Place::Field(field) | Place::Item(field, _) => field,
        };
        let fields = self.reasons.iter().map(field).collect::<Vec<_>>();
        let codes = self.reasons.iter().map(|reason| reason.code as u8).collect::<Vec<_>>();
        let statuses = self.statuses.iter().map(|status| *status as u8).collect::<Vec<_>>();
        (statuses.into(), self.offsets.into(), codes.into(), fields.into())
    }

    /// Appends the verdicts of the rows behind; all rows so far make whole blocks.
    fn append(&mut self, other: Self) -> Result<()> {
        for (column, behind) in self.columns.iter_mut().zip(other.columns) {
            column.append(behind);
        }
        self.statuses.extend(other.statuses);
        let before = i32::try_from(self.reasons.len()).map_err(|_| too_many())?;
        self.reasons.extend(other.reasons);
        i32::try_from(self.reasons.len()).map_err(|_| too_many())?;
        self.offsets.extend(other.offsets.iter().skip(1).map(|offset| offset + before));
        Ok(())
    }

    /// The contract's fields, status and reasons as Arrow arrays.
    pub(crate) fn into_arrays(self, contract: &Contract) -> Result<Vec<ArrayRef>> {
        let mut arrays = self.columns.into_iter().map(Column::into_array).collect::<Result<Vec<_>>>()?;
        arrays.push(Arc::new(status_array(&self.statuses)?));
        arrays.push(reasons_array(contract, &self.reasons, self.offsets)?);
        Ok(arrays)
    }
}

fn status_array(statuses: &[Status]) -> Result<StringArray> {
    let mut column = TextColumn::with_capacity(statuses.len(), 5);
    for block in statuses.chunks(BLOCK) {
        let mut texts = column.block();
        let mut ends = [0; BLOCK];
        for ((status, end), row) in block.iter().zip(&mut ends).zip(0..) {
            // With as many bytes behind it as are copied.
            let (length, window) = match status {
                Status::Good => (4, b"good                            "),
                Status::Bad => (3, b"bad                             "),
                Status::Suspicious => (10, b"suspicious                      "),
            };
            texts.push_short(row, length, window);
            *end = texts.offset();
        }
        texts.finish(ends.get(..block.len()).unwrap_or_default());
    }
    column.into_array()
}

/// So many rows are worth a thread, which costs about as much to start as a thousand rows to judge.
const ROWS_A_THREAD: usize = 8192;

/// Judges all logs, on up to `threads` threads.
pub(super) fn judge<V: Values + Sync>(
    contract: &Contract,
    rules: &[FieldRules],
    directory: Option<&Directory>,
    logs: &V,
    threads: NonZeroUsize,
) -> Result<Verdicts> {
    let rows = logs.rows();
    let parts = threads.get().min(rows / ROWS_A_THREAD).max(1);
    if parts == 1 {
        return judge_part(contract, rules, directory, logs, 0..rows);
    }
    let part = rows.div_ceil(parts).next_multiple_of(BLOCK);
    let ranges = (0..rows).step_by(part).map(|first| first..rows.min(first + part));
    std::thread::scope(|scope| {
        let mut others: Vec<_> = Vec::new();
        for range in ranges.clone().skip(1) {
            others.push(scope.spawn(move || judge_part(contract, rules, directory, logs, range)));
        }
        let mut all = judge_part(contract, rules, directory, logs, 0..part.min(rows))?;
        for other in others {
            all.append(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)?;
        }
        Ok(all)
    })
}

fn judge_part<V: Values>(
    contract: &Contract,
    rules: &[FieldRules],
    directory: Option<&Directory>,
    logs: &V,
    range: Range<usize>,
) -> Result<Verdicts> {
    let rows = range.len();
    let mut fields = FieldJudge::all(0, contract.fields(), rules, rows);
    let lanes = Best::detect();
    let mut decoder = Decoder::new(contract);
    let mut found = Block::new(contract.placed_fields().len());
    let mut block = BlockLogs::new();
    let mut scratch = Vec::new();
    let mut sorted = Vec::new();
    let mut statuses = room(rows);
    let mut reasons: Vec<Reason> = Vec::new();
    let mut offsets = room(rows + 1);
    offsets.push(0);
    for first in (0..rows).step_by(BLOCK) {
        block.count = BLOCK.min(rows - first);
        block.faults.clear();
        logs.places(range.start + first, block.logs.get_mut(..block.count).unwrap_or_default());
        let faults = &mut block.faults;
        let mut fault = |row, code| faults.push((row, Reason { place: Place::Log, code }));
        decoder.decode(block.logs.get(..block.count).unwrap_or_default(), &mut found, &mut fault);
        for field in &mut fields {
            field.judge(lanes, &mut block, &mut found, &mut scratch);
        }
        // One field after another has added its own.
        sort_by_row(&mut block.faults, &mut sorted);
        let bad = block.faults.iter().fold(0_u64, |bad, (row, _)| bad | 1 << row);
        let suspicions =
            directory.map_or(Suspicions::NONE, |directory| directory.check(&fields, first, block.count, !bad));
        let mut faults = block.faults.iter().copied().peekable();
        let mut ends = [0; BLOCK];
        let mut judged = [Status::Good; BLOCK];
        let mut from = 0;
        for row in rows_of(bad | suspicions.rows()) {
            fill(&mut ends, from..row, reasons.len())?;
            from = row;
            if let Some(reason) = suspicions.reason(row) {
                reasons.push(reason);
            }
            while let Some((_, reason)) = faults.next_if(|(faulty, _)| *faulty == row) {
                reasons.push(reason);
            }
            if let Some(status) = judged.get_mut(row) {
                *status = if bad >> row & 1 == 1 { Status::Bad } else { Status::Suspicious };
            }
        }
        fill(&mut ends, from..block.count, reasons.len())?;
        offsets.extend_from_slice(ends.get(..block.count).unwrap_or_default());
        statuses.extend_from_slice(judged.get(..block.count).unwrap_or_default());
    }
    Ok(Verdicts { columns: fields.into_iter().map(FieldJudge::into_column).collect(), statuses, reasons, offsets })
}

/// So few faults are sorted by insertion.
const FEW: usize = 20;

/// Sorts a block's faults by log, and leaves a log's as they are. `spare` is room for as many.
fn sort_by_row(faults: &mut Vec<(usize, Reason)>, spare: &mut Vec<(usize, Reason)>) {
    if faults.len() <= FEW {
        return faults.sort_by_key(|(row, _)| *row);
    }
    // Where each log's faults go: behind those of the logs before.
    let mut places = [0_usize; BLOCK + 1];
    for (row, _) in &*faults {
        if let Some(count) = places.get_mut(row % BLOCK + 1) {
            *count += 1;
        }
    }
    let mut before = 0;
    for place in &mut places {
        before += *place;
        *place = before;
    }
    spare.clear();
    spare.extend_from_slice(faults);
    for fault in &*spare {
        if let Some(place) = places.get_mut(fault.0 % BLOCK) {
            if let Some(sorted) = faults.get_mut(*place) {
                *sorted = *fault;
            }
            *place += 1;
        }
    }
}

/// The rows' reasons end at `end`.
#[inline]
fn fill(ends: &mut [i32; BLOCK], rows: Range<usize>, end: usize) -> Result<()> {
    let end = i32::try_from(end).map_err(|_| too_many())?;
    ends.get_mut(rows).unwrap_or_default().fill(end);
    Ok(())
}

#[cold]
fn too_many() -> Error {
    Error::Batch(format!("more than {} reasons in one batch; judge smaller batches", i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, sort_by_row};
    use crate::verdict::{Code, Place, Reason};

    #[test]
    fn faults_are_sorted_by_log_and_keep_their_order() {
        let mut random = 1_u64;
        for count in [0, 1, 7, 20, 21, 64, 384] {
            let mut faults = Vec::new();
            for number in 0..count {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let row = usize::try_from(random >> 58).unwrap();
                faults.push((row, Reason { place: Place::Field(number), code: Code::Missing }));
            }
            let mut expected = faults.clone();
            expected.sort_by_key(|(row, _)| *row);
            sort_by_row(&mut faults, &mut Vec::new());
            assert_eq!(faults, expected);
            assert!(faults.iter().all(|(row, _)| *row < BLOCK));
        }
    }
}
