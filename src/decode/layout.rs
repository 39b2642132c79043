//! Layouts: what stands between the values of a log, learned from one log and tried on the next ones, a block at a time:
//! the first value of all of them, then the second, and so on. So no log waits for the end of a value of its own, and each
//! step is the same for all.
//!
//! A layout is only learned from a log that the scanner found valid, and only whole values fit between its texts: a string
//! of printable ASCII without a backslash, one with escapes or characters past ASCII, which is looked at as the scanner
//! would, a number, true or false, null, and an array of those. So a log that fits is valid JSON in valid UTF-8 with the
//! same names in the same order, and nothing of it needs to be checked again.

use super::array::flat_array_end;
use super::scanner::Member;
use super::value::{Between, Rows, Value};
use super::{BLOCK, Block, Found, Log, Token, rows_of};
use crate::lanes::Lanes;

/// The layouts met lately.
#[derive(Debug)]
pub(super) struct Layouts {
    /// For each field whether it is a string or an integer, which are often digits only.
    digits: Vec<bool>,
    known: Vec<Layout>,
    /// The one that is tried first: most logs of the last block fitted it.
    first: usize,
    /// The one that made room for another last.
    replaced: usize,
    /// Learned since one fitted; the more, the fewer are learned.
    fruitless: u32,
    /// Logs to let pass before the next is learned.
    pause: u32,
}

/// As many producers may be mixed in one topic before the scanner must help.
const MOST: usize = 4;

#[derive(Debug)]
struct Layout {
    values: Vec<Value>,
    /// What stands behind the last value.
    tail: Between,
    /// The fields of which there is no value here: those that don't occur, and objects, whose fields follow.
    constants: Vec<(u16, Token)>,
    /// How many logs were read, or tried.
    logs: u32,
}

impl Layouts {
    pub(super) fn new(digits: Vec<bool>) -> Self {
        Self { digits, known: Vec::new(), first: 0, replaced: 0, fruitless: 0, pause: 0 }
    }

    /// Finds the fields of those logs whose bits are set in `rows` and that fit a known layout; yields their bits. Behind
    /// each log at least a window lies.
    #[inline(always)]
    pub(super) fn read(&mut self, lanes: impl Lanes, logs: &[Log<'_>; BLOCK], rows: u64, block: &mut Block) -> u64 {
        self.read_some(lanes, logs, rows, block, self.known.len())
    }

    /// The same for the layout that was learned last.
    #[inline(always)]
    pub(super) fn read_first(
        &mut self,
        lanes: impl Lanes,
        logs: &[Log<'_>; BLOCK],
        rows: u64,
        block: &mut Block,
    ) -> u64 {
        self.read_some(lanes, logs, rows, block, 1)
    }

    #[inline(always)]
    fn read_some(
        &mut self,
        lanes: impl Lanes,
        logs: &[Log<'_>; BLOCK],
        rows: u64,
        block: &mut Block,
        layouts: usize,
    ) -> u64 {
        let (mut fit, mut first, mut most) = (0_u64, self.first, 0);
        for index in (self.first..self.known.len()).chain(0..self.first).take(layouts) {
            if let Some(layout) = self.known.get_mut(index).filter(|_| rows & !fit != 0) {
                let found = layout.read(lanes, logs, rows & !fit, block);
                fit |= found;
                if found.count_ones() > most {
                    (first, most) = (index, found.count_ones());
                }
            }
        }
        self.first = first;
        if fit != 0 {
            self.fruitless = 0;
        }
        fit
    }

    /// Learns the layout of a valid log that fits none; whether it did.
    pub(super) fn learn(&mut self, log: &[u8], members: Option<&[Member]>) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        // A stream in which each log has a layout of its own, or none, must not pay for learning them all.
        self.fruitless = (self.fruitless + 1).min(10);
        self.pause = (1 << self.fruitless) - 2;
        let Some(layout) = members.and_then(|members| Layout::of(log, members, &self.digits)) else { return false };
        if self.known.len() < MOST {
            self.first = self.known.len();
            self.known.push(layout);
        } else {
            // One after the other, but for the one that most logs fit.
            let next = (self.replaced + 1) % MOST;
            self.replaced = if next == self.first { (next + 1) % MOST } else { next };
            if let Some(place) = self.known.get_mut(self.replaced) {
                *place = layout;
            }
            self.first = self.replaced;
        }
        true
    }
}

impl Layout {
    fn of(log: &[u8], members: &[Member], digits: &[bool]) -> Option<Self> {
        let occurs = |field: &u16| members.iter().any(|member| member.field == Some(*field));
        let none = u16::try_from(digits.len()).ok()?;
        let mut constants: Vec<(u16, Token)> =
            (0..none).filter(|field| !occurs(field)).map(|field| (field, Token::Absent)).collect();
        let mut values: Vec<Value> = Vec::with_capacity(members.len());
        let mut at = 0;
        for member in members {
            // A string's quotes belong to it here: the next log may have a number or null in its place.
            let quote = match member.found.token {
                Token::Object => {
                    constants.push((member.field?, Token::Object));
                    continue;
                }
                Token::Array if flat_array_end(log, member.found.start as usize).is_some() => 0,
                Token::Text | Token::EscapedText => 1,
                Token::Integer | Token::Fraction | Token::Boolean | Token::Null => 0,
                _ => return None,
            };
            let start = (member.found.start as usize).checked_sub(quote)?;
            let (before, text) = (log.get(at..start)?, member.found.text(log));
            let field = member.field.unwrap_or(none);
            // Where a number may have a fraction, the next one often has.
            let whole = digits.get(usize::from(field)).copied().unwrap_or(false);
            values.push(Value::new(before, values.is_empty(), member.found.token, text, field, whole));
            at = member.found.end as usize + quote;
        }
        let tail = Between::new(log.get(at..)?, values.is_empty(), false);
        Some(Self { values, tail, constants, logs: 0 })
    }

    /// Reads those logs whose bits are set in `rows`, a value of all of them after the other; yields the bits of those that
    /// fit. What is found may reach past a log's end: then what comes last ends elsewhere than the log does.
    #[inline(always)]
    fn read(&mut self, lanes: impl Lanes, logs: &[Log<'_>; BLOCK], rows: u64, block: &mut Block) -> u64 {
        self.logs = self.logs.saturating_add(rows.count_ones());
        let mut rows = Rows::new(logs, &mut block.found, rows);
        for value in &mut self.values {
            value.read(lanes, &mut rows, self.logs);
        }
        let mut fit = rows.fit;
        for row in rows_of(fit) {
            if !rows.ends_with(lanes, &self.tail, row) {
                fit &= !(1 << row);
            }
        }
        for (field, token) in &self.constants {
            if let Some(places) = block.found.get_mut(usize::from(*field)) {
                for row in rows_of(fit) {
                    if let Some(place) = places.get_mut(row) {
                        *place = Found { token: *token, start: 0, end: 0 };
                    }
                }
            }
        }
        fit
    }
}
