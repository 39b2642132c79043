//! Fields that are neither strings nor integers: a loop over a block's logs with the reading left open.

use super::columns::{BooleanColumn, MICROS, NumberColumn};
use super::fields::{Part, fault, no_value};
use crate::contract::TimeRules;
use crate::decode::{BLOCK, Found, Log, Token, parse_number, unescape};
use crate::lanes::{Lanes, Task};
use crate::validate::{NumberRange, check_time};
use crate::verdict::Code;

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

/// Reads a value that is there.
pub(super) trait Reader {
    /// What it is read to.
    type Value: Copy + Default;

    /// The value, or what is wrong with it.
    fn read(&mut self, lanes: impl Lanes, log: Log<'_>, found: Found) -> Result<Self::Value, Code>;
}

/// A block's values of a field to be judged.
pub(super) struct Scalars<'a, 'l, C, R> {
    pub(super) part: Part<'a, 'l>,
    pub(super) column: &'a mut C,
    pub(super) reader: R,
}

impl<R: Reader, C: BlockColumn<R::Value>> Task for Scalars<'_, '_, C, R> {
    type Output = ();

    #[inline(always)]
    fn run(self, lanes: impl Lanes) {
        let Self { part: Part { place, required, block, found }, column, mut reader } = self;
        let mut values = [R::Value::default(); BLOCK];
        let mut valid = 0;
        let rows = block.logs.iter().zip(found).zip(&mut values).zip(0..).take(block.count);
        for (((log, found), value), row) in rows {
            let checked = if matches!(found.token, Token::Unread | Token::Absent | Token::Null | Token::Duplicate) {
                no_value(found.token, required)
            } else {
                match reader.read(lanes, *log, *found) {
                    Ok(read) => {
                        *value = read;
                        valid |= 1 << row;
                        continue;
                    }
                    Err(code) => Err(code),
                }
            };
            if let Err(code) = checked {
                fault(&mut block.faults, row, place, code);
            }
        }
        column.push(values.get(..block.count).unwrap_or_default(), valid);
    }
}

/// Any JSON number within the range.
pub(super) struct Numbers<'a>(pub(super) &'a NumberRange);

impl Reader for Numbers<'_> {
    type Value = f64;

    #[inline(always)]
    fn read(&mut self, lanes: impl Lanes, log: Log<'_>, found: Found) -> Result<f64, Code> {
        // Up to 16 digits are fewer than 2^54 and converted exactly or to the nearest, as all of the number would be.
        let value = match (found.token, log.digits(lanes, found)) {
            #[expect(clippy::cast_precision_loss, reason = "to the nearest, as JSON's numbers are read")]
            (Token::Integer, Some(digits)) => digits as f64,
            (Token::Integer | Token::Fraction, _) => parse_number(found.text(log.bytes())).ok_or(Code::OutOfRange)?,
            _ => return Err(Code::WrongType),
        };
        self.0.check(value)?;
        Ok(value)
    }
}

/// `true` or `false`.
pub(super) struct Booleans;

impl Reader for Booleans {
    type Value = bool;

    #[inline(always)]
    fn read(&mut self, _lanes: impl Lanes, log: Log<'_>, found: Found) -> Result<bool, Code> {
        if found.token == Token::Boolean { Ok(found.text(log.bytes()) == b"true") } else { Err(Code::WrongType) }
    }
}

/// A string that holds a time within the range, in microseconds.
pub(super) struct Times<'a> {
    pub(super) rules: &'a TimeRules,
    pub(super) scratch: &'a mut Vec<u8>,
}

impl Times<'_> {
    /// The time in steps of `unit` microseconds.
    #[inline(always)]
    fn read_steps(&mut self, unit: i64, log: Log<'_>, found: Found) -> Result<i64, Code> {
        let text = match found.token {
            Token::Text => found.text(log.bytes()),
            Token::EscapedText => {
                self.scratch.clear();
                unescape(found.text(log.bytes()), self.scratch);
                &*self.scratch
            }
            _ => return Err(Code::WrongType),
        };
        check_time(self.rules, unit, text)
    }
}

impl Reader for Times<'_> {
    type Value = i64;

    #[inline(always)]
    fn read(&mut self, _lanes: impl Lanes, log: Log<'_>, found: Found) -> Result<i64, Code> {
        self.read_steps(1, log, found)
    }
}

/// The same in days.
pub(super) struct Dates<'a>(pub(super) Times<'a>);

/// Microseconds of a day.
const DAY: i64 = 86_400 * MICROS;

impl Reader for Dates<'_> {
    type Value = i32;

    #[inline(always)]
    fn read(&mut self, _lanes: impl Lanes, log: Log<'_>, found: Found) -> Result<i32, Code> {
        let day = self.0.read_steps(DAY, log, found)?;
        i32::try_from(day).map_err(|_| Code::OutOfRange)
    }
}
