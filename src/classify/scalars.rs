//! Fields that are neither strings nor integers: a loop over a block's logs with the reading left open.

use super::columns::{BooleanColumn, NumberColumn};
use super::fields::{BlockLogs, no_value};
use crate::contract::TimeRules;
use crate::decode::{BLOCK, Found, Log, Token, parse_number, unescape};
use crate::validate::{NumberRange, check_time};
use crate::verdict::{Code, Place, Reason};

/// A column that takes a block's values, and the bits of those that are there.
pub(super) trait BlockColumn<T> {
    /// Rows whose bits are not set have no value, whatever stands in their place.
    fn push(&mut self, values: &[T], valid: u64);
}

impl<T: Copy + Default> BlockColumn<T> for NumberColumn<T> {
    #[inline]
    fn push(&mut self, values: &[T], valid: u64) {
        self.push_block(values, valid);
    }
}

impl BlockColumn<bool> for BooleanColumn {
    #[inline]
    fn push(&mut self, values: &[bool], valid: u64) {
        let truths = values.iter().zip(0..).fold(0, |truths, (value, row)| truths | u64::from(*value) << row);
        self.push_block(values.len(), truths, valid);
    }
}

/// Judges a block's values by `read`, which gets only those that are there.
#[inline(always)]
pub(super) fn judge_values<T: Copy + Default>(
    required: bool,
    place: Place,
    column: &mut impl BlockColumn<T>,
    block: &mut BlockLogs<'_>,
    found: &[Found; BLOCK],
    mut read: impl FnMut(Log<'_>, Found) -> Result<T, Code>,
) {
    let mut values = [T::default(); BLOCK];
    let mut valid = 0;
    let rows = block.logs.iter().zip(found).zip(&mut values).zip(0..).take(block.count);
    for (((log, found), value), row) in rows {
        let checked = if matches!(found.token, Token::Unread | Token::Absent | Token::Null | Token::Duplicate) {
            no_value(found.token, required)
        } else {
            match read(*log, *found) {
                Ok(read) => {
                    *value = read;
                    valid |= 1 << row;
                    continue;
                }
                Err(code) => Err(code),
            }
        };
        if let Err(code) = checked {
            block.faults.push((row, Reason { place, code }));
        }
    }
    column.push(values.get(..block.count).unwrap_or_default(), valid);
}

/// Any JSON number within the range.
#[inline(always)]
pub(super) fn read_number(range: &NumberRange, log: Log<'_>, found: Found) -> Result<f64, Code> {
    // Up to 16 digits are fewer than 2^54 and converted exactly or to the nearest, as all of the number would be.
    let value = match (found.token, log.digits(found)) {
        #[expect(clippy::cast_precision_loss, reason = "to the nearest, as JSON's numbers are read")]
        (Token::Integer, Some(digits)) => digits as f64,
        (Token::Integer | Token::Fraction, _) => parse_number(found.text(log.bytes())).ok_or(Code::OutOfRange)?,
        _ => return Err(Code::WrongType),
    };
    range.check(value)?;
    Ok(value)
}

/// `true` or `false`.
#[inline(always)]
pub(super) fn read_boolean(log: Log<'_>, found: Found) -> Result<bool, Code> {
    if found.token == Token::Boolean { Ok(found.text(log.bytes()) == b"true") } else { Err(Code::WrongType) }
}

/// A string that holds a time within the range, in steps of `unit` microseconds.
#[inline(always)]
pub(super) fn read_time(
    rules: &TimeRules,
    unit: i64,
    log: Log<'_>,
    found: Found,
    scratch: &mut Vec<u8>,
) -> Result<i64, Code> {
    let text = match found.token {
        Token::Text => found.text(log.bytes()),
        Token::EscapedText => {
            scratch.clear();
            unescape(found.text(log.bytes()), scratch);
            scratch
        }
        _ => return Err(Code::WrongType),
    };
    check_time(rules, unit, text)
}
