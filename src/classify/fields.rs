//! One field: from what the decoder found to a value in its column, or a reason.

use arrow_schema::{DataType, Fields, TimeUnit};

use super::columns::{BooleanColumn, Column, NumberColumn, TextColumn, UTC};
use super::integers::{IntegerCheck, Integers, Seconds};
use super::nested::{ArrayColumn, ObjectColumn, judge_arrays, judge_objects};
use super::reasons::item_field;
use super::scalars::{Booleans, Dates, Numbers, Scalars, Times};
use super::texts::Texts;
use crate::contract::{Field, IntegerRules, Kind, TimeRules, Width};
use crate::decode::{BLOCK, Block, Found, Log, Token};
use crate::lanes::Best;
use crate::validate::{NOT_LISTED, NumberRange, TextRules};
use crate::verdict::{Code, Place, Reason};

/// The logs of a block and what is wrong with them so far.
#[derive(Debug)]
pub(super) struct BlockLogs<'a> {
    pub(super) logs: [Log<'a>; BLOCK],
    /// How many there are.
    pub(super) count: usize,
    /// Each with its log's number in the block; a log's in the contract's order.
    pub(super) faults: Vec<(usize, Reason)>,
}

impl BlockLogs<'_> {
    pub(super) fn new() -> Self {
        Self { logs: [Log::default(); BLOCK], count: 0, faults: Vec::new() }
    }
}

/// What was found of one field in a block, and where its faults go.
#[derive(Debug)]
pub(super) struct Part<'a, 'l> {
    pub(super) place: u16,
    pub(super) required: bool,
    pub(super) block: &'a mut BlockLogs<'l>,
    pub(super) found: &'a [Found; BLOCK],
}

/// Notes a fault of a field in the log `row`.
#[inline(always)]
pub(super) fn fault(faults: &mut Vec<(usize, Reason)>, row: usize, place: u16, code: Code) {
    faults.push((row, Reason { place: Place::Field(place), code }));
}

/// A field's rules with the column that its values go to.
#[derive(Debug)]
pub(super) struct FieldJudge<'a> {
    place: u16,
    rules: &'a FieldRules,
    pub(super) column: Column,
    /// Of the block's values the places in the contract's list, [`NOT_LISTED`] where there is no value or no list.
    pub(super) listed: [u32; BLOCK],
    /// The fields of an object, or the items of an array.
    inner: Vec<Self>,
}

/// A field's rules, made ready once: a long list of values takes milliseconds.
#[derive(Debug)]
pub(super) struct FieldRules {
    required: bool,
    kind: KindRules,
}

#[derive(Debug)]
enum KindRules {
    Text(TextRules),
    Integer(IntegerCheck),
    Number(NumberRange),
    Boolean,
    Timestamp(TimeRules),
    Date(TimeRules),
    Object(Vec<FieldRules>),
    Array(Box<FieldRules>),
}

impl FieldRules {
    pub(super) fn new(field: &Field) -> Self {
        let kind = match &field.kind {
            Kind::String(rules) => KindRules::Text(TextRules::new(rules)),
            Kind::Integer(rules) => KindRules::Integer(IntegerCheck::new(rules)),
            Kind::Number(rules) => KindRules::Number(NumberRange::new(rules)),
            Kind::Boolean => KindRules::Boolean,
            Kind::Timestamp(rules) => KindRules::Timestamp(rules.clone()),
            Kind::Date(rules) => KindRules::Date(rules.clone()),
            Kind::Object(fields) => KindRules::Object(fields.iter().map(FieldRules::new).collect()),
            Kind::Array(item) => KindRules::Array(Box::new(FieldRules::new(item))),
        };
        Self { required: field.required, kind }
    }
}

/// Bytes a row that a text column starts with: where the contract sets no bound, and at most.
const USUAL_WIDTH: usize = 16;
const MOST_WIDTH: usize = 64;

/// The type of a field's column.
pub(crate) fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::String(_) => DataType::Utf8,
        Kind::Integer(IntegerRules { epoch_seconds: true, .. }) | Kind::Timestamp(_) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
        }
        Kind::Integer(IntegerRules { width: Width::I32, .. }) => DataType::Int32,
        Kind::Integer(IntegerRules { width: Width::I64, .. }) => DataType::Int64,
        Kind::Number(_) => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::Date(_) => DataType::Date32,
        Kind::Object(fields) => DataType::Struct(struct_fields(fields)),
        Kind::Array(item) => DataType::List(item_field(data_type(&item.kind))),
    }
}

/// The fields of an object's column.
pub(super) fn struct_fields(fields: &[Field]) -> Fields {
    fields.iter().map(|field| arrow_schema::Field::new(&field.name, data_type(&field.kind), true)).collect()
}

impl<'a> FieldJudge<'a> {
    pub(super) fn new(place: u16, field: &Field, rules: &'a FieldRules, rows: usize) -> Self {
        let column = match &field.kind {
            Kind::String(rules) => Column::Text(TextColumn::with_capacity(
                rows,
                rules.max_bytes().map_or(USUAL_WIDTH, |most| most.min(MOST_WIDTH)),
            )),
            Kind::Integer(rules) if rules.epoch_seconds => Column::Time(NumberColumn::with_capacity(rows)),
            Kind::Integer(rules) if rules.width == Width::I32 => Column::Int32(NumberColumn::with_capacity(rows)),
            Kind::Integer(_) => Column::Int64(NumberColumn::with_capacity(rows)),
            Kind::Number(_) => Column::Number(NumberColumn::with_capacity(rows)),
            Kind::Boolean => Column::Boolean(BooleanColumn::with_capacity(rows)),
            Kind::Timestamp(_) => Column::Time(NumberColumn::with_capacity(rows)),
            Kind::Date(_) => Column::Date(NumberColumn::with_capacity(rows)),
            Kind::Object(fields) => Column::Object(ObjectColumn::with_capacity(struct_fields(fields), rows)),
            Kind::Array(item) => Column::Array(ArrayColumn::with_capacity(data_type(&item.kind), rows)),
        };
        let inner = match (&field.kind, &rules.kind) {
            (Kind::Object(fields), KindRules::Object(rules)) => Self::all(place + 1, fields, rules, rows),
            // Of an item only the code of its reason counts.
            (Kind::Array(item), KindRules::Array(rules)) => vec![Self::new(place, item, rules, rows)],
            _ => Vec::new(),
        };
        Self { place, rules, column, listed: [NOT_LISTED; BLOCK], inner }
    }

    /// One for each field of an object, the first at that place among the contract's placed fields.
    pub(super) fn all(first: u16, fields: &[Field], rules: &'a [FieldRules], rows: usize) -> Vec<Self> {
        let mut judges: Vec<Self> = Vec::new();
        for (field, rules) in fields.iter().zip(rules) {
            let place = judges.last().map_or(first, |before| before.place + 1 + before.within());
            judges.push(Self::new(place, field, rules, rows));
        }
        judges
    }

    /// How many fields are within it.
    fn within(&self) -> u16 {
        match self.rules.kind {
            KindRules::Object(_) => self.inner.iter().map(|field| 1 + field.within()).sum(),
            _ => 0,
        }
    }

    /// The column, with those of what is within.
    pub(super) fn into_column(self) -> Column {
        let mut inner = self.inner.into_iter().map(Self::into_column);
        match self.column {
            Column::Object(column) => Column::Object(column.with_columns(inner.collect())),
            Column::Array(column) => match inner.next() {
                Some(items) => Column::Array(column.with_items(items)),
                None => Column::Array(column),
            },
            column => column,
        }
    }

    /// Judges what was found of the field, and of those within it, in a block's logs: a value or null for each, and the
    /// faults.
    #[inline]
    pub(super) fn judge(&mut self, lanes: Best, block: &mut BlockLogs<'_>, found: &mut Block, scratch: &mut Vec<u8>) {
        let Some(places) = found.field(self.place) else { return };
        let Column::Object(column) = &mut self.column else { return self.judge_found(lanes, block, places, scratch) };
        let part = Part { place: self.place, required: self.rules.required, block: &mut *block, found: places };
        let there = judge_objects(part, column);
        // Where there is no object, nothing is missing in it.
        if there.count_ones() as usize != block.count {
            let first = usize::from(self.place) + 1;
            found.forget(first..first + usize::from(self.within()), !there);
        }
        for field in &mut self.inner {
            field.judge(lanes, block, found, scratch);
        }
    }

    /// The same for a field that is no object, from what was found of it.
    pub(super) fn judge_found(
        &mut self,
        lanes: Best,
        block: &mut BlockLogs<'_>,
        found: &[Found; BLOCK],
        scratch: &mut Vec<u8>,
    ) {
        let Self { place, rules, column, listed, .. } = self;
        let part = Part { place: *place, required: rules.required, block, found };
        match (&rules.kind, column) {
            (KindRules::Text(rules), Column::Text(column)) => {
                // A loop of its own for each of the common rules.
                if let Some(rules) = rules.only_list() {
                    lanes.run(Texts { part, rules, column, listed, scratch });
                } else if let Some(rules) = rules.only_run() {
                    lanes.run(Texts { part, rules, column, listed, scratch });
                } else if let Some(rules) = rules.only_format() {
                    lanes.run(Texts { part, rules, column, listed, scratch });
                } else {
                    lanes.run(Texts { part, rules, column, listed, scratch });
                }
            }
            (KindRules::Integer(rules), column) => match column {
                Column::Int32(column) => lanes.run(Integers { part, rules, column, scratch }),
                Column::Int64(column) => lanes.run(Integers { part, rules, column, scratch }),
                Column::Time(column) => lanes.run(Integers { part, rules, column: Seconds(column), scratch }),
                // The rules made the column.
                _ => {}
            },
            _ => self.judge_other(lanes, part, scratch),
        }
    }

    /// The same for what is neither a string nor an integer, apart so that the loops of those stay small.
    #[inline(never)]
    fn judge_other(&mut self, lanes: Best, part: Part<'_, '_>, scratch: &mut Vec<u8>) {
        match (&self.rules.kind, &mut self.column) {
            (KindRules::Number(range), Column::Number(column)) => {
                lanes.run(Scalars { part, column, reader: Numbers(range) });
            }
            (KindRules::Boolean, Column::Boolean(column)) => lanes.run(Scalars { part, column, reader: Booleans }),
            (KindRules::Timestamp(rules), Column::Time(column)) => {
                lanes.run(Scalars { part, column, reader: Times { rules, scratch } });
            }
            (KindRules::Date(rules), Column::Date(column)) => {
                lanes.run(Scalars { part, column, reader: Dates(Times { rules, scratch }) });
            }
            (KindRules::Array(_), Column::Array(column)) => {
                if let Some(item) = self.inner.first_mut() {
                    judge_arrays(lanes, part, column, item, scratch);
                }
            }
            _ => {}
        }
    }
}

/// A field without a value of its type is a fault, unless it may be left out or its log is wrong as a whole.
#[cold]
#[inline(never)]
pub(super) fn no_value(token: Token, required: bool) -> Result<(), Code> {
    match token {
        Token::Unread => Ok(()),
        Token::Absent | Token::Null if !required => Ok(()),
        Token::Absent => Err(Code::Missing),
        Token::Null => Err(Code::Null),
        Token::Duplicate => Err(Code::DuplicateKey),
        _ => Err(Code::WrongType),
    }
}
