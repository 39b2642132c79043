//! Bytes into the contract's fields: JSON, UTF-8, size, depth and duplicate names. The only code that faces outside bytes.
//!
//! A [`Decoder`] has two ways. Logs of one producer share their layout: the same names in the same order with the same
//! spaces. The decoder remembers the layouts that it met and compares the text between the values of 64 logs with one's,
//! value by value; only the values are looked at. A log that does not fit goes the whole way, through the scanner, which is
//! also what layouts are learned from.

mod array;
mod chunk;
mod layout;
mod names;
mod number;
mod scanner;
mod text;
mod value;

use crate::contract::{Contract, Limits};
use crate::lanes::{Best, Lanes, Task, WIDTH, Window};
use crate::memory::fetch_ahead;
use crate::verdict::Code;
use layout::Layouts;
use names::Names;
use scanner::Scanner;

pub(crate) use array::Items;
use number::parse_digits;
pub use number::{Integer, parse_integer, parse_number};
pub use text::unescape;

/// What stands under a field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The log is no JSON object.
    Unread,
    /// The name does not occur.
    Absent,
    /// The name occurs more than once.
    Duplicate,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number without fraction or exponent.
    Integer,
    /// A number with a fraction or an exponent.
    Fraction,
    /// A string without a backslash.
    Text,
    /// A string that must be unescaped.
    EscapedText,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// A field's value: its token and where its text lies in the log (a string's between the quotes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub token: Token,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Found {
    /// Nothing found.
    pub const ABSENT: Self = Self { token: Token::Absent, start: 0, end: 0 };

    /// The value's text in the log; empty if the log is another one.
    #[must_use]
    pub fn text<'a>(&self, log: &'a [u8]) -> &'a [u8] {
        log.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// So much behind a log is as good as all: no place in it is past 32 bits.
const BEHIND: usize = 4096;

/// A log where it lies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Log<'a> {
    /// The first `length` bytes of `rest`. What follows them, other logs as a rule, is read but never looked at; where
    /// little follows, decoding costs a copy.
    #[must_use]
    #[inline]
    pub fn new(rest: &'a [u8], length: usize) -> Self {
        let length = length.min(rest.len());
        Self { rest: rest.get(..length.saturating_add(BEHIND)).unwrap_or(rest), length }
    }

    /// The log itself.
    #[must_use]
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.rest.get(..self.length).unwrap_or_default()
    }

    /// The text of a value that was found, and all that lies from its start on, past the log's end; None if the value is
    /// another log's.
    #[must_use]
    #[inline(always)]
    pub fn text(self, found: Found) -> Option<(&'a [u8], &'a [u8])> {
        let within = self.rest.get(found.start as usize..)?;
        Some((within.get(..found.end.wrapping_sub(found.start) as usize)?, within))
    }

    /// The length of a text that was found and fits into a window, and that window; None for others, and where less lies
    /// from its start on.
    #[inline(always)]
    pub(crate) fn short_text(self, found: Found) -> Option<(usize, &'a Window)> {
        let start = found.start as usize;
        let window = self.rest.get(start..start + WIDTH)?.first_chunk()?;
        let length = found.end.wrapping_sub(found.start) as usize;
        (length <= WIDTH).then_some((length, window))
    }

    /// The value of an integer, or of a string without escapes that holds one, where it has up to 16 digits and no sign.
    #[inline(always)]
    pub(crate) fn digits(self, lanes: impl Lanes, found: Found) -> Option<i64> {
        parse_digits(lanes, self.rest, found.start, found.end)
    }
}

/// So many logs are decoded before their fields are looked at, one field after another.
pub const BLOCK: usize = 64;

/// The rows of a block whose bits are set, in order.
#[inline(always)]
pub(crate) fn rows_of(bits: u64) -> RowsOf {
    RowsOf(bits)
}

/// See [`rows_of`].
#[derive(Clone, Debug)]
pub(crate) struct RowsOf(u64);

impl Iterator for RowsOf {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let row = self.0.trailing_zeros() as usize % BLOCK;
        self.0 &= self.0 - 1;
        Some(row)
    }
}

/// What was found in up to [`BLOCK`] logs, the places of a field's values side by side.
#[derive(Debug)]
pub struct Block {
    /// The fields, and one more place for what no field takes.
    found: Vec<[Found; BLOCK]>,
}

impl Block {
    /// Room for so many fields of each log.
    #[must_use]
    pub fn new(fields: usize) -> Self {
        Self { found: vec![[Found::ABSENT; BLOCK]; fields + 1] }
    }

    /// What was found of each field, in the contract's order; each has one place for each log of the block.
    pub fn fields(&self) -> impl Iterator<Item = &[Found; BLOCK]> {
        self.found.iter().take(self.found.len() - 1)
    }

    /// What was found of the field at that place among [`Contract::placed_fields`].
    #[must_use]
    #[inline]
    pub fn field(&self, place: u16) -> Option<&[Found; BLOCK]> {
        self.found.get(usize::from(place))
    }

    /// Forgets what was found of the fields at those places in the logs whose bits are set.
    pub(crate) fn forget(&mut self, places: std::ops::Range<usize>, rows: u64) {
        for found in self.found.get_mut(places).unwrap_or_default() {
            for row in rows_of(rows) {
                if let Some(found) = found.get_mut(row) {
                    *found = Found { token: Token::Unread, start: 0, end: 0 };
                }
            }
        }
    }

    /// The place of a field's value in the log `row` of the block.
    #[inline(always)]
    fn place(&mut self, field: u16, row: usize) -> Option<&mut Found> {
        self.found.as_flattened_mut().get_mut(usize::from(field) * BLOCK + row)
    }

    /// The same for every field of the log `row`.
    fn fill(&mut self, row: usize, token: Token) {
        for places in &mut self.found {
            if let Some(place) = places.get_mut(row) {
                *place = Found { token, start: 0, end: 0 };
            }
        }
    }
}

/// Reads logs one after another; keeps what it learned of their layouts.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    names: Names,
    layouts: Layouts,
    scanner: Scanner,
    lanes: Best,
    /// Logs behind which nothing lies.
    copy: Vec<u8>,
}

impl Decoder {
    /// A decoder for a contract's fields.
    #[must_use]
    pub fn new(contract: &Contract) -> Self {
        let limits = contract.limits();
        Self {
            limits,
            names: Names::new(contract),
            layouts: Layouts::new(contract.placed_fields().iter().map(|field| field.is_often_digits).collect()),
            scanner: Scanner::new(limits.max_depth),
            lanes: Best::detect(),
            copy: Vec::new(),
        }
    }

    /// Finds the fields of up to [`BLOCK`] logs. `fault` gets the number of each log in the block that is no JSON object,
    /// with the code of the first document fault that applies; its fields are [`Token::Unread`].
    pub fn decode(&mut self, logs: &[Log<'_>], block: &mut Block, fault: &mut impl FnMut(usize, Code)) {
        self.lanes.run(Decoding { decoder: self, logs, block, fault });
    }

    /// Goes the whole way with a log; whether its layout was learned.
    #[inline(never)]
    fn scan(&mut self, log: &[u8], block: &mut Block, row: usize) -> Result<bool, Code> {
        if log.iter().all(|byte| text::is_space(*byte)) {
            return Err(Code::Empty);
        }
        if log.len() > self.limits.max_bytes {
            return Err(Code::TooLarge);
        }
        if std::str::from_utf8(log).is_err() {
            return Err(Code::InvalidUtf8);
        }
        self.scanner.scan(log, &self.names, block, row)?;
        Ok(self.layouts.learn(log, self.scanner.members()))
    }
}

/// [`Decoder::decode`] with its arguments.
struct Decoding<'a, 'l, F> {
    decoder: &'a mut Decoder,
    logs: &'a [Log<'l>],
    block: &'a mut Block,
    fault: &'a mut F,
}

impl<F: FnMut(usize, Code)> Task for Decoding<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, lanes: impl Lanes) {
        let Self { decoder, logs, block, fault } = self;
        let (mut small, mut cramped, mut all) = (0_u64, 0_u64, 0_u64);
        for (log, row) in logs.iter().zip(0..).take(BLOCK) {
            fetch_ahead(log.rest);
            all |= 1 << row;
            small |= u64::from(log.length <= decoder.limits.max_bytes) << row;
            cramped |= u64::from(log.rest.len() - log.length < WIDTH) << row;
        }
        let mut copy = std::mem::take(&mut decoder.copy);
        let places;
        let spacious = match logs.first_chunk() {
            Some(logs) if cramped == 0 => logs,
            _ => {
                let too_long;
                (places, too_long) = copy_cramped(logs, cramped, &mut copy);
                small &= !too_long;
                &places
            }
        };
        let mut left = all & !decoder.layouts.read(lanes, spacious, small, block);
        while left != 0 {
            let row = left.trailing_zeros() as usize;
            left &= left - 1;
            match decoder.scan(logs.get(row).map_or(b"", |log| log.bytes()), block, row) {
                // More may be like it.
                Ok(true) => left &= !decoder.layouts.read_first(lanes, spacious, left & small, block),
                Ok(false) => {}
                Err(code) => {
                    block.fill(row, Token::Unread);
                    fault(row, code);
                }
            }
        }
        decoder.copy = copy;
    }
}

/// A longer log is scanned where it lies.
const LONGEST_COPY: usize = 4096;
/// So many zeros are behind a copy that nothing of it need be read the careful way.
const PADDING: usize = 3 * WIDTH;

/// Where the logs are, those that are cramped (less than a window lies behind them) as copies with zeros behind them;
/// yields the bits of those that are too long for that.
#[cold]
#[inline(never)]
fn copy_cramped<'a>(logs: &[Log<'a>], cramped: u64, copy: &'a mut Vec<u8>) -> ([Log<'a>; BLOCK], u64) {
    copy.clear();
    let mut too_long = 0;
    for (log, row) in logs.iter().zip(0..).take(BLOCK).filter(|(_, row)| cramped >> row & 1 == 1) {
        if log.length <= LONGEST_COPY {
            copy.extend_from_slice(log.bytes());
            copy.extend_from_slice(&[0; PADDING]);
        } else {
            too_long |= 1 << row;
        }
    }
    let mut copies: &'a [u8] = copy;
    let mut places = [Log::default(); BLOCK];
    for ((log, place), row) in logs.iter().zip(&mut places).zip(0..) {
        *place = *log;
        if cramped & !too_long & 1 << row != 0
            && let Some((own, behind)) = copies.split_at_checked(log.length + PADDING)
        {
            *place = Log::new(own, log.length);
            copies = behind;
        }
    }
    (places, too_long)
}

#[cfg(test)]
mod tests;
