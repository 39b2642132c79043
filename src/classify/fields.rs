//! One field: from what the decoder found to a value in its column, or a reason.

use arrow_schema::{DataType, TimeUnit};

use super::columns::{Column, MICROS, NumberColumn, TextColumn, UTC};
use crate::contract::{Field, IntegerRules, Kind, Width};
use crate::decode::{Found, Integer, Token, parse_integer, unescape};
use crate::validate::{IntegerRange, TextRules};
use crate::verdict::Code;

/// A field's rules with the column that its values go to.
#[derive(Debug)]
pub(super) struct FieldJudge<'a> {
    rules: &'a FieldRules,
    pub(super) column: Column,
    /// The last value's place in the contract's list, where there is a list.
    pub(super) listed: Option<u32>,
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
}

impl FieldRules {
    pub(super) fn new(field: &Field) -> Self {
        let kind = match &field.kind {
            Kind::String(rules) => KindRules::Text(TextRules::new(rules)),
            Kind::Integer(rules) => {
                KindRules::Integer { range: IntegerRange::new(rules), accept_string: rules.accept_canonical_string }
            }
        };
        Self { required: field.required, kind }
    }
}

/// Bytes a row that a text column starts with: where the contract sets no bound, and at most.
const USUAL_WIDTH: usize = 16;
const MOST_WIDTH: usize = 64;

/// The type of a field's column.
pub(super) fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::String(_) => DataType::Utf8,
        Kind::Integer(IntegerRules { epoch_seconds: true, .. }) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
        }
        Kind::Integer(IntegerRules { width: Width::I32, .. }) => DataType::Int32,
        Kind::Integer(IntegerRules { width: Width::I64, .. }) => DataType::Int64,
    }
}

impl<'a> FieldJudge<'a> {
    pub(super) fn new(field: &Field, rules: &'a FieldRules, rows: usize) -> Self {
        let column = match &field.kind {
            Kind::String(rules) => Column::Text(TextColumn::with_capacity(
                rows,
                rules.max_bytes().map_or(USUAL_WIDTH, |most| most.min(MOST_WIDTH)),
            )),
            Kind::Integer(rules) if rules.epoch_seconds => Column::Time(NumberColumn::with_capacity(rows)),
            Kind::Integer(rules) if rules.width == Width::I32 => Column::Int32(NumberColumn::with_capacity(rows)),
            Kind::Integer(_) => Column::Int64(NumberColumn::with_capacity(rows)),
        };
        Self { rules, column, listed: None }
    }

    /// Judges what was found in `log` and pushes one value.
    #[inline]
    pub(super) fn judge(&mut self, log: &[u8], found: Found, scratch: &mut Vec<u8>) -> Option<Code> {
        let checked = match (&self.rules.kind, found.token) {
            (KindRules::Text(rules), Token::Text { escaped }) => {
                let mut text = found.text(log);
                let mut within = log.get(found.start as usize..).unwrap_or_default();
                if escaped {
                    scratch.clear();
                    unescape(text, scratch);
                    text = scratch.as_slice();
                    within = text;
                }
                rules.check_within(text, within).map(|listed| {
                    self.listed = listed;
                    if let Column::Text(column) = &mut self.column {
                        column.push(text, within);
                    }
                })
            }
            (KindRules::Integer { range, accept_string }, Token::Integer | Token::Text { .. }) => {
                integer(log, found, *accept_string, scratch)
                    .and_then(|value| range.check(value).map(|()| value))
                    .and_then(|value| push(&mut self.column, value))
            }
            (_, Token::Absent | Token::Null) if !self.rules.required => {
                self.column.push_null();
                return None;
            }
            (_, Token::Absent) => Err(Code::Missing),
            (_, Token::Null) => Err(Code::Null),
            (_, Token::Duplicate) => Err(Code::DuplicateKey),
            _ => Err(Code::WrongType),
        };
        match checked {
            Ok(()) => None,
            Err(code) => {
                self.column.push_null();
                Some(code)
            }
        }
    }
}

#[inline]
fn integer(log: &[u8], found: Found, accept_string: bool, scratch: &mut Vec<u8>) -> Result<i64, Code> {
    let number = found.token == Token::Integer;
    if number || (accept_string && found.token == Token::Text { escaped: false }) {
        return match parse_integer(found.text(log)) {
            Integer::Value(value) => Ok(value),
            Integer::TooLarge => Err(Code::OutOfRange),
            // -0 is the one JSON integer that is not in canonical form.
            Integer::NotCanonical if number => Ok(0),
            Integer::NotCanonical => Err(Code::WrongType),
        };
    }
    if !accept_string {
        return Err(Code::WrongType);
    }
    scratch.clear();
    unescape(found.text(log), scratch);
    match parse_integer(scratch) {
        Integer::Value(value) => Ok(value),
        Integer::TooLarge => Err(Code::OutOfRange),
        Integer::NotCanonical => Err(Code::WrongType),
    }
}

#[inline]
fn push(column: &mut Column, value: i64) -> Result<(), Code> {
    match column {
        Column::Int32(column) => column.push(i32::try_from(value).map_err(|_| Code::OutOfRange)?),
        Column::Int64(column) => column.push(value),
        Column::Time(column) => column.push(value.checked_mul(MICROS).ok_or(Code::OutOfRange)?),
        Column::Text(_) => return Err(Code::WrongType),
    }
    Ok(())
}
