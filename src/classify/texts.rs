//! String fields.

use super::columns::TextColumn;
use super::fields::{Part, fault, no_value};
use crate::decode::{BLOCK, Found, Log, Token, rows_of, unescape};
use crate::lanes::{Lanes, Task};
use crate::validate::{NOT_LISTED, TextCheck};
use crate::verdict::Code;

/// A block's values of a string field to be judged.
pub(super) struct Texts<'a, 'l, R> {
    pub(super) part: Part<'a, 'l>,
    pub(super) rules: &'a R,
    pub(super) column: &'a mut TextColumn,
    /// Gets the values' places in the contract's list.
    pub(super) listed: &'a mut [u32; BLOCK],
    pub(super) scratch: &'a mut Vec<u8>,
}

impl<R: TextCheck> Task for Texts<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn run(mut self, lanes: impl Lanes) {
        if !R::SHORT || !self.judge_short(lanes) {
            self.judge_any(lanes);
        }
    }
}

/// A text, and all that lies from its start on; with its place in the contract's list, or [`NOT_LISTED`].
type Checked<'a> = (&'a [u8], &'a [u8], u32);

/// What a string field's value is; None where there may be none.
#[inline(always)]
fn check<'a, R: TextCheck>(
    lanes: impl Lanes,
    rules: &R,
    required: bool,
    log: Log<'a>,
    found: Found,
    scratch: &'a mut Vec<u8>,
) -> Result<Option<Checked<'a>>, Code> {
    let (text, within) = if found.token == Token::Text
        && let Some(text) = log.text(found)
    {
        text
    } else if found.token == Token::EscapedText {
        scratch.clear();
        unescape(found.text(log.bytes()), scratch);
        (&**scratch, &**scratch)
    } else {
        return no_value(found.token, required).map(|()| None);
    };
    let index = rules.check_within(lanes, text, within)?;
    Ok(Some((text, within, index.unwrap_or(NOT_LISTED))))
}

impl<R: TextCheck> Texts<'_, '_, R> {
    /// Judges a block whose good values are all short, with the same steps for each; false, and nothing done, if there are
    /// others.
    #[inline(always)]
    fn judge_short(&mut self, lanes: impl Lanes) -> bool {
        let Self { part: Part { place, required, block, found }, rules, column, listed, scratch } = self;
        let mut texts = column.block();
        let mut ends = [0; BLOCK];
        let count = block.count.min(BLOCK);
        let mut others = 0_u64;
        for row in 0..count {
            let (Some(log), Some(found), Some(end), Some(listed)) =
                (block.logs.get(row), found.get(row), ends.get_mut(row), listed.get_mut(row))
            else {
                continue;
            };
            *listed = NOT_LISTED;
            if found.token == Token::Text
                && let Some((length, window)) = log.short_text(*found)
                && let Some(index) = rules.check_short(lanes, length, window)
                && texts.push_short(row, length, window)
            {
                *listed = index;
            } else {
                others |= 1 << row;
            }
            *end = texts.offset();
        }
        let faults = block.faults.len();
        for row in rows_of(others) {
            let (Some(log), Some(found)) = (block.logs.get(row), found.get(row)) else { continue };
            match check(lanes, *rules, *required, *log, *found, scratch) {
                Ok(None) => {}
                Ok(Some(_)) => {
                    block.faults.truncate(faults);
                    return false;
                }
                Err(code) => fault(&mut block.faults, row, *place, code),
            }
        }
        texts.finish(ends.get(..count).unwrap_or_default());
        true
    }

    /// Judges a block of any values.
    #[inline(always)]
    fn judge_any(self, lanes: impl Lanes) {
        let Self { part: Part { place, required, block, found }, rules, column, listed, scratch } = self;
        let mut texts = column.block();
        let mut ends = [0; BLOCK];
        listed.fill(NOT_LISTED);
        let rows = block.logs.iter().zip(found).zip(listed).zip(&mut ends).zip(0..).take(block.count);
        for ((((log, found), listed), end), row) in rows {
            match check(lanes, rules, required, *log, *found, scratch) {
                Ok(Some((text, within, index))) => {
                    texts.push(row, text, within);
                    *listed = index;
                }
                Ok(None) => {}
                Err(code) => fault(&mut block.faults, row, place, code),
            }
            *end = texts.offset();
        }
        texts.finish(ends.get(..block.count).unwrap_or_default());
    }
}
