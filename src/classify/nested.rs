//! Objects and arrays: their own columns, and how what is within them is judged.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, ListArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Fields};

use super::columns::{Column, Validity};
use super::fields::{BlockLogs, FieldJudge, Part, fault, no_value};
use super::reasons::{item_field, past_2_gib};
use crate::decode::{BLOCK, Found, Items, Token};
use crate::error::Result;
use crate::lanes::Best;
use crate::memory::room;
use crate::verdict::{Place, Reason};

/// Objects: whether there is one, and a column for each of its fields.
#[derive(Debug)]
pub struct ObjectColumn {
    fields: Fields,
    columns: Vec<Column>,
    valid: Validity,
}

impl ObjectColumn {
    pub(super) fn with_capacity(fields: Fields, rows: usize) -> Self {
        Self { fields, columns: Vec::new(), valid: Validity::with_capacity(rows) }
    }

    /// The columns of its fields, in the contract's order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(super) fn holds(&self, row: usize) -> bool {
        self.valid.holds(row)
    }

    pub(super) fn append(&mut self, other: Self) {
        for (column, behind) in self.columns.iter_mut().zip(other.columns) {
            column.append(behind);
        }
        self.valid.append(&other.valid);
    }

    pub(super) fn into_array(self) -> Result<ArrayRef> {
        let columns = self.columns.into_iter().map(Column::into_array).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(StructArray::try_new(self.fields, columns, self.valid.finish())?))
    }
}

/// Arrays: where each row's items end, and a column of all items. A row whose items are at fault has no value; its items
/// stay behind it.
#[derive(Debug)]
pub struct ArrayColumn {
    item: DataType,
    items: Option<Box<Column>>,
    offsets: Vec<i32>,
    valid: Validity,
    overflow: bool,
}

impl ArrayColumn {
    pub(super) fn with_capacity(item: DataType, rows: usize) -> Self {
        let mut offsets = room(rows + 1);
        offsets.push(0);
        Self { item, items: None, offsets, valid: Validity::with_capacity(rows), overflow: false }
    }

    /// The column of items and the row's among them; None where there is no value.
    #[must_use]
    pub fn items(&self, row: usize) -> Option<(&Column, Range<usize>)> {
        let place = |row: usize| self.offsets.get(row).and_then(|offset| usize::try_from(*offset).ok());
        let items = self.items.as_deref().filter(|_| self.valid.holds(row))?;
        Some((items, place(row)?..place(row + 1)?))
    }

    pub(super) fn append(&mut self, other: Self) {
        let before = self.offsets.last().copied().unwrap_or(0);
        for offset in other.offsets.iter().skip(1) {
            let end = before.checked_add(*offset);
            self.overflow |= end.is_none();
            self.offsets.push(end.unwrap_or(i32::MAX));
        }
        self.overflow |= other.overflow;
        if let (Some(items), Some(behind)) = (&mut self.items, other.items) {
            items.append(*behind);
        }
        self.valid.append(&other.valid);
    }

    pub(super) fn into_array(self) -> Result<ArrayRef> {
        let items = match self.items {
            Some(items) if !self.overflow => items.into_array()?,
            _ => return Err(past_2_gib()),
        };
        debug_assert_eq!(self.offsets.last().copied().unwrap_or(0).unsigned_abs() as usize, items.len());
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        Ok(Arc::new(ListArray::try_new(item_field(self.item), offsets, items, self.valid.finish())?))
    }
}

/// Judges whether there is an object; yields the rows where there is one, a bit each.
pub(super) fn judge_objects(part: Part<'_, '_>, column: &mut ObjectColumn) -> u64 {
    let Part { place, required, block, found } = part;
    let mut there = 0;
    for (found, row) in found.iter().zip(0..).take(block.count) {
        if found.token == Token::Object {
            there |= 1 << row;
        } else if let Err(code) = no_value(found.token, required) {
            fault(&mut block.faults, row, place, code);
        }
    }
    column.valid.push(block.count, there);
    there
}

/// Judges arrays, their items in blocks of their own. A field gives one reason at most: of an array it is the first item
/// at fault.
pub(super) fn judge_arrays(
    lanes: Best,
    part: Part<'_, '_>,
    column: &mut ArrayColumn,
    item: &mut FieldJudge<'_>,
    scratch: &mut Vec<u8>,
) {
    let Part { place, required, block, found } = part;
    let mut items = ItemBlock { logs: BlockLogs::new(), found: [Found::ABSENT; BLOCK], of: [(0, 0); BLOCK] };
    let (mut there, mut faulty) = (0_u64, 0_u64);
    let mut end = column.offsets.last().copied().unwrap_or(0);
    for (found, row) in found.iter().zip(0..).take(block.count) {
        if found.token == Token::Array {
            there |= 1 << row;
            let log = block.logs.get(row).copied().unwrap_or_default();
            for (found, number) in Items::new(log.bytes(), *found).zip(0..) {
                if items.logs.count == BLOCK {
                    faulty |= items.judge(lanes, place, item, &mut block.faults, faulty, scratch);
                }
                items.push(log, found, (row, number));
                column.overflow |= end == i32::MAX;
                end = end.saturating_add(1);
            }
        } else if let Err(code) = no_value(found.token, required) {
            fault(&mut block.faults, row, place, code);
        }
        column.offsets.push(end);
    }
    faulty |= items.judge(lanes, place, item, &mut block.faults, faulty, scratch);
    column.valid.push(block.count, there & !faulty);
}

/// Items that wait to be judged.
struct ItemBlock<'a> {
    logs: BlockLogs<'a>,
    found: [Found; BLOCK],
    /// The row of each and its number there.
    of: [(usize, u32); BLOCK],
}

impl<'a> ItemBlock<'a> {
    fn push(&mut self, log: crate::decode::Log<'a>, found: Found, of: (usize, u32)) {
        let at = self.logs.count;
        if let (Some(to), Some(place), Some(number)) =
            (self.logs.logs.get_mut(at), self.found.get_mut(at), self.of.get_mut(at))
        {
            (*to, *place, *number) = (log, found, of);
            self.logs.count += 1;
        }
    }

    /// Judges what waits; yields the rows that have a wrong item, besides those known to have one.
    fn judge(
        &mut self,
        lanes: Best,
        place: u16,
        item: &mut FieldJudge<'_>,
        faults: &mut Vec<(usize, Reason)>,
        known: u64,
        scratch: &mut Vec<u8>,
    ) -> u64 {
        item.judge_found(lanes, &mut self.logs, &self.found, scratch);
        let mut wrong = known;
        for (at, reason) in self.logs.faults.drain(..) {
            let Some((row, number)) = self.of.get(at).copied() else { continue };
            if wrong >> row & 1 == 0 {
                wrong |= 1 << row;
                faults.push((row, Reason { place: Place::Item(place, number), code: reason.code }));
            }
        }
        self.logs.count = 0;
        wrong
    }
}

impl ObjectColumn {
    /// Takes the columns of its fields, which are judged by themselves.
    pub(super) fn with_columns(self, columns: Vec<Column>) -> Self {
        Self { columns, ..self }
    }
}

impl ArrayColumn {
    /// Takes the column of its items.
    pub(super) fn with_items(self, items: Column) -> Self {
        Self { items: Some(Box::new(items)), ..self }
    }
}
