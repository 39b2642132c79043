//! String fields.

use super::columns::TextColumn;
use super::fields::{NOT_LISTED, Part, fault, no_value};
use crate::decode::{BLOCK, Token, unescape};
use crate::lanes::{Lanes, Task};
use crate::validate::TextCheck;

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
    fn run(self, lanes: impl Lanes) {
        let Self { part: Part { place, required, block, found }, rules, column, listed, scratch } = self;
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
                fault(&mut block.faults, row, place, code);
            }
        }
        texts.finish();
    }
}
