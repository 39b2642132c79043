//! One field: from what the decoder found to a value in its column, or a reason.

use arrow_schema::{DataType, Fields, TimeUnit};

use super::columns::{BooleanColumn, Column, MICROS, NumberColumn, TextColumn, UTC};
use super::nested::{ArrayColumn, ObjectColumn, judge_arrays, judge_objects};
use super::reasons::item_field;
use super::scalars::{judge_values, read_boolean, read_number, read_time};
use crate::contract::{Field, IntegerRules, Kind, TimeRules, Width};
use crate::decode::{BLOCK, Block, Found, Integer, Log, Token, parse_integer, unescape};
use crate::lanes::{Best, Lanes, with_lanes};
use crate::validate::{IntegerRange, NumberRange, TextCheck, TextRules};
use crate::verdict::{Code, Place, Reason};

/// No place in a list.
pub(super) const NOT_LISTED: u32 = u32::MAX;

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
    Integer { range: IntegerRange, accept_string: bool },
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
            Kind::Integer(rules) => {
                KindRules::Integer { range: IntegerRange::new(rules), accept_string: rules.accept_canonical_string }
            }
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

/// Microseconds of a day.
const DAY: i64 = 86_400 * MICROS;

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
        let there = judge_objects(self.rules.required, Place::Field(self.place), column, block, places);
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
        let (rules, place) = (self.rules, Place::Field(self.place));
        let required = rules.required;
        match (&rules.kind, &mut self.column) {
            (KindRules::Text(text), Column::Text(column)) => {
                let listed = &mut self.listed;
                // A loop of its own for each of the common rules.
                if let Some(check) = text.only_list() {
                    with_lanes!(lanes, lanes => {
                        judge_texts(lanes, check, required, place, column, listed, block, found, scratch);
                    });
                } else if let Some(check) = text.only_run() {
                    with_lanes!(lanes, lanes => {
                        judge_texts(lanes, check, required, place, column, listed, block, found, scratch);
                    });
                } else {
                    with_lanes!(lanes, lanes => {
                        judge_texts(lanes, text, required, place, column, listed, block, found, scratch);
                    });
                }
            }
            (KindRules::Integer { range, accept_string }, column) => {
                let plain = 1 << Token::Integer as u32 | u32::from(*accept_string) << Token::Text as u32;
                let integers = Integers { range, accept_string: *accept_string, plain, required, place };
                match column {
                    Column::Int32(column) => with_lanes!(lanes, _lanes => {
                        integers.judge(column, |value| i32::try_from(value).ok(), block, found, scratch);
                    }),
                    Column::Int64(column) => with_lanes!(lanes, _lanes => {
                        integers.judge(column, Some, block, found, scratch);
                    }),
                    Column::Time(column) => with_lanes!(lanes, _lanes => {
                        integers.judge(column, |value| value.checked_mul(MICROS), block, found, scratch);
                    }),
                    // The rules made the column.
                    _ => {}
                }
            }
            _ => self.judge_other(lanes, block, found, scratch),
        }
    }

    /// The same for what is neither a string nor an integer, apart so that the loops of those stay small.
    #[inline(never)]
    fn judge_other(&mut self, lanes: Best, block: &mut BlockLogs<'_>, found: &[Found; BLOCK], scratch: &mut Vec<u8>) {
        let (rules, place) = (self.rules, Place::Field(self.place));
        let required = rules.required;
        match (&rules.kind, &mut self.column) {
            (KindRules::Number(range), Column::Number(column)) => with_lanes!(lanes, _lanes => {
                judge_values(required, place, column, block, found, |log, found| read_number(range, log, found));
            }),
            (KindRules::Boolean, Column::Boolean(column)) => {
                judge_values(required, place, column, block, found, read_boolean);
            }
            (KindRules::Timestamp(rules), Column::Time(column)) => {
                judge_values(required, place, column, block, found, |log, found| {
                    read_time(rules, 1, log, found, scratch)
                });
            }
            (KindRules::Date(rules), Column::Date(column)) => {
                judge_values(required, place, column, block, found, |log, found| {
                    let day = read_time(rules, DAY, log, found, scratch)?;
                    i32::try_from(day).map_err(|_| Code::OutOfRange)
                });
            }
            (KindRules::Array(_), Column::Array(column)) => {
                if let Some(item) = self.inner.first_mut() {
                    judge_arrays(lanes, required, self.place, column, item, block, found, scratch);
                }
            }
            _ => {}
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "parts of a borrowed FieldJudge")]
#[inline(always)]
fn judge_texts(
    lanes: impl Lanes,
    rules: &impl TextCheck,
    required: bool,
    place: Place,
    column: &mut TextColumn,
    listed: &mut [u32; BLOCK],
    block: &mut BlockLogs<'_>,
    found: &[Found; BLOCK],
    scratch: &mut Vec<u8>,
) {
    let mut texts = column.block();
    listed.fill(NOT_LISTED);
    let rows = block.logs.iter().zip(found).zip(listed).zip(0..).take(block.count);
    for (((log, found), listed), row) in rows {
        let checked = if found.token == Token::Text
            && let Some((text, within)) = log.text(*found)
        {
            match rules.check_within(lanes, text, within) {
                Ok(index) => {
                    texts.push(text, within);
                    *listed = index.unwrap_or(NOT_LISTED);
                    continue;
                }
                Err(code) => Err(code),
            }
        } else if found.token == Token::EscapedText {
            scratch.clear();
            unescape(found.text(log.bytes()), scratch);
            match rules.check_within(lanes, scratch, scratch) {
                Ok(index) => {
                    texts.push(scratch, scratch);
                    *listed = index.unwrap_or(NOT_LISTED);
                    continue;
                }
                Err(code) => Err(code),
            }
        } else {
            no_value(found.token, required)
        };
        texts.push_null();
        if let Err(code) = checked {
            block.faults.push((row, Reason { place, code }));
        }
    }
    texts.finish();
}

/// A field without a value of its type is a fault, unless it may be left out or its log is wrong as a whole.
#[cold]
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

struct Integers<'a> {
    range: &'a IntegerRange,
    accept_string: bool,
    /// The tokens whose text is the number, one bit each.
    plain: u32,
    required: bool,
    place: Place,
}

impl Integers<'_> {
    #[inline(always)]
    fn judge<T: Copy + Default>(
        &self,
        column: &mut NumberColumn<T>,
        convert: impl Fn(i64) -> Option<T>,
        block: &mut BlockLogs<'_>,
        found: &[Found; BLOCK],
        scratch: &mut Vec<u8>,
    ) {
        let mut values = [T::default(); BLOCK];
        let mut valid = 0;
        let rows = block.logs.iter().zip(found).zip(&mut values).zip(0..).take(block.count);
        for (((log, found), value), row) in rows {
            // Whether digits stand in quotes is not branched on: no processor guesses it.
            let parsed = match log.digits(*found) {
                Some(number) if 1 << found.token as u32 & self.plain != 0 => Ok(Some(number)),
                _ => self.parse_slowly(log.bytes(), *found, scratch),
            };
            let checked = match parsed {
                Ok(Some(number)) => match (self.range.check(number), convert(number)) {
                    (Ok(()), Some(number)) => {
                        *value = number;
                        valid |= 1 << row;
                        continue;
                    }
                    (Err(code), _) => Err(code),
                    (Ok(()), None) => Err(Code::OutOfRange),
                },
                Ok(None) => Ok(()),
                Err(code) => Err(code),
            };
            if let Err(code) = checked {
                block.faults.push((row, Reason { place: self.place, code }));
            }
        }
        column.push_block(values.get(..block.count).unwrap_or_default(), valid);
    }

    /// Any value; None where there may be none.
    #[cold]
    fn parse_slowly(&self, log: &[u8], found: Found, scratch: &mut Vec<u8>) -> Result<Option<i64>, Code> {
        let parsed = match found.token {
            Token::Integer => parse_integer(found.text(log)),
            Token::Text if self.accept_string => parse_integer(found.text(log)),
            Token::EscapedText if self.accept_string => {
                scratch.clear();
                unescape(found.text(log), scratch);
                parse_integer(scratch)
            }
            token => return no_value(token, self.required).map(|()| None),
        };
        match parsed {
            Integer::Value(value) => Ok(Some(value)),
            Integer::TooLarge => Err(Code::OutOfRange),
            // -0 is the one JSON integer that is not in canonical form.
            Integer::NotCanonical if found.token == Token::Integer => Ok(Some(0)),
            Integer::NotCanonical => Err(Code::WrongType),
        }
    }
}
