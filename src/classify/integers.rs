//! Integer fields.

use super::columns::{MICROS, NumberColumn};
use super::fields::{Part, fault, no_value};
use crate::contract::IntegerRules;
use crate::decode::{BLOCK, Found, Integer, Token, parse_integer, rows_of, unescape};
use crate::lanes::{Lanes, Task};
use crate::validate::IntegerRange;
use crate::verdict::Code;

/// An integer field's rules.
#[derive(Debug)]
pub(super) struct IntegerCheck {
    range: IntegerRange,
    accept_string: bool,
    /// The tokens whose text is the number, one bit each.
    plain: u32,
}

impl IntegerCheck {
    pub(super) fn new(rules: &IntegerRules) -> Self {
        let accept_string = rules.accept_canonical_string;
        let plain = 1 << Token::Integer as u32 | u32::from(accept_string) << Token::Text as u32;
        Self { range: IntegerRange::new(rules), accept_string, plain }
    }

    /// Any value; None where there may be none.
    #[cold]
    fn parse_slowly(
        &self,
        log: &[u8],
        found: Found,
        required: bool,
        scratch: &mut Vec<u8>,
    ) -> Result<Option<i64>, Code> {
        let parsed = match found.token {
            Token::Integer => parse_integer(found.text(log)),
            Token::Text if self.accept_string => parse_integer(found.text(log)),
            Token::EscapedText if self.accept_string => {
                scratch.clear();
                unescape(found.text(log), scratch);
                parse_integer(scratch)
            }
            token => return no_value(token, required).map(|()| None),
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

/// A column that takes integers.
pub(super) trait IntegerColumn {
    /// What it holds.
    type Native: Copy + Default;

    /// The integer as the column holds it; None if it can't.
    fn convert(value: i64) -> Option<Self::Native>;

    /// Appends a block.
    fn push(self, values: &[Self::Native], valid: u64);
}

impl IntegerColumn for &mut NumberColumn<i32> {
    type Native = i32;

    #[inline(always)]
    fn convert(value: i64) -> Option<i32> {
        i32::try_from(value).ok()
    }

    #[inline(always)]
    fn push(self, values: &[i32], valid: u64) {
        self.push_block(values, valid);
    }
}

impl IntegerColumn for &mut NumberColumn<i64> {
    type Native = i64;

    #[inline(always)]
    fn convert(value: i64) -> Option<i64> {
        Some(value)
    }

    #[inline(always)]
    fn push(self, values: &[i64], valid: u64) {
        self.push_block(values, valid);
    }
}

/// Seconds since 1970, held as microseconds.
pub(super) struct Seconds<'a>(pub(super) &'a mut NumberColumn<i64>);

impl IntegerColumn for Seconds<'_> {
    type Native = i64;

    #[inline(always)]
    fn convert(value: i64) -> Option<i64> {
        value.checked_mul(MICROS)
    }

    #[inline(always)]
    fn push(self, values: &[i64], valid: u64) {
        self.0.push_block(values, valid);
    }
}

/// A block's values of an integer field to be judged.
pub(super) struct Integers<'a, 'l, C> {
    pub(super) part: Part<'a, 'l>,
    pub(super) rules: &'a IntegerCheck,
    pub(super) column: C,
    pub(super) scratch: &'a mut Vec<u8>,
}

impl<C: IntegerColumn> Task for Integers<'_, '_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self, lanes: impl Lanes) {
        let Self { part: Part { place, required, block, found }, rules, column, scratch } = self;
        let mut values = [C::Native::default(); BLOCK];
        let count = block.count.min(BLOCK);
        let (mut valid, mut others) = (0_u64, 0_u64);
        for row in 0..count {
            let (Some(log), Some(found), Some(value)) = (block.logs.get(row), found.get(row), values.get_mut(row))
            else {
                continue;
            };
            // Whether digits stand in quotes is not branched on: no processor guesses it.
            if let Some(number) = log.digits(lanes, *found)
                && (1 << found.token as u32 & rules.plain != 0) & rules.range.check(number).is_ok()
                && let Some(number) = C::convert(number)
            {
                *value = number;
                valid |= 1 << row;
            } else {
                others |= 1 << row;
            }
        }
        for row in rows_of(others) {
            let (Some(log), Some(found), Some(value)) = (block.logs.get(row), found.get(row), values.get_mut(row))
            else {
                continue;
            };
            let checked = match rules.parse_slowly(log.bytes(), *found, required, scratch) {
                Ok(Some(number)) => match (rules.range.check(number), C::convert(number)) {
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
                fault(&mut block.faults, row, place, code);
            }
        }
        column.push(values.get(..count).unwrap_or_default(), valid);
    }
}
