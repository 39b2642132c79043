//! Layouts: what stands between the values of a log, learned from one log and tried on the next.
//!
//! A layout is only learned from a log that the scanner found valid, and only values of three forms fit between its
//! texts: a string of printable ASCII without a backslash, an integer, and null. So a log that fits is valid JSON in valid
//! UTF-8 with the same names in the same order, and nothing of it needs to be checked again.

use super::chunk::load16;
use super::number::integer_end;
use super::scanner::{Member, offset};
use super::text::ascii_end;
use super::{Found, Token};

/// The layouts met lately.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    known: Vec<Layout>,
    /// The one that fitted last, or was learned last.
    last: usize,
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
    tail: Vec<u8>,
}

#[derive(Debug)]
struct Value {
    before: Literal,
    field: Option<u16>,
}

/// The text before a value: its first 32 bytes as two chunks, so that comparing them costs no call.
#[derive(Debug)]
struct Literal {
    chunks: [u128; 2],
    masks: [u128; 2],
    length: usize,
    /// What comes after 32 bytes.
    rest: Vec<u8>,
}

impl Literal {
    fn new(text: &[u8]) -> Self {
        let mask = |skip: usize| load16(&[0xFF; 32][..text.len().min(32)], skip);
        Self {
            chunks: [load16(text, 0), load16(text, 16)],
            masks: [mask(0), mask(16)],
            length: text.len(),
            rest: text.get(32..).unwrap_or_default().to_vec(),
        }
    }

    /// The place behind the literal, if it stands at `at`.
    #[inline]
    fn end(&self, log: &[u8], at: usize) -> Option<usize> {
        let first = (load16(log, at) ^ self.chunks[0]) & self.masks[0];
        let second = (load16(log, at + 16) ^ self.chunks[1]) & self.masks[1];
        if first | second != 0 {
            return None;
        }
        let end = at + self.length;
        // The masks leave a literal of zeros open, and no literal has any: it is valid JSON.
        if !self.rest.is_empty() && log.get(at + 32..end) != Some(&self.rest) {
            return None;
        }
        Some(end)
    }
}

impl Layouts {
    /// Finds the fields of a log that fits a known layout; false if none does.
    #[inline]
    pub(super) fn read(&mut self, log: &[u8], found: &mut [Found]) -> bool {
        if self.known.get(self.last).is_some_and(|layout| layout.read(log, found)) {
            self.fruitless = 0;
            return true;
        }
        for (index, layout) in self.known.iter().enumerate() {
            if index != self.last && layout.read(log, found) {
                self.last = index;
                self.fruitless = 0;
                return true;
            }
        }
        false
    }

    /// Learns the layout of a valid log that fits none.
    pub(super) fn learn(&mut self, log: &[u8], members: Option<&[Member]>) {
        if self.pause > 0 {
            self.pause -= 1;
            return;
        }
        let Some(layout) = members.and_then(|members| Layout::of(log, members)) else { return };
        if self.known.len() < MOST {
            self.last = self.known.len();
            self.known.push(layout);
        } else {
            self.last = (self.last + 1) % MOST;
            if let Some(place) = self.known.get_mut(self.last) {
                *place = layout;
            }
        }
        // A stream in which each log has a layout of its own must not pay for learning them all.
        self.fruitless = (self.fruitless + 1).min(10);
        self.pause = (1 << self.fruitless) - 2;
    }
}

impl Layout {
    fn of(log: &[u8], members: &[Member]) -> Option<Self> {
        let mut layout = Self { values: Vec::with_capacity(members.len()), tail: Vec::new() };
        let mut at = 0;
        for member in members {
            // A string's quotes belong to it here: the next log may have a number or null in its place.
            let quote = match member.found.token {
                Token::Text { escaped: false } if member.found.text(log).is_ascii() => 1,
                Token::Integer | Token::Null => 0,
                _ => return None,
            };
            let start = (member.found.start as usize).checked_sub(quote)?;
            layout.values.push(Value { before: Literal::new(log.get(at..start)?), field: member.field });
            at = member.found.end as usize + quote;
        }
        layout.tail.extend_from_slice(log.get(at..)?);
        Some(layout)
    }

    #[inline]
    fn read(&self, log: &[u8], found: &mut [Found]) -> bool {
        found.fill(Found::ABSENT);
        let mut at = 0;
        for value in &self.values {
            let Some(start) = value.before.end(log, at) else { return false };
            let (token, start, end) = match log.get(start) {
                Some(b'"') => {
                    let end = ascii_end(log, start + 1);
                    if log.get(end) != Some(&b'"') {
                        return false;
                    }
                    at = end + 1;
                    (Token::Text { escaped: false }, start + 1, end)
                }
                Some(b'n') if log.get(start..start + 4) == Some(b"null") => {
                    at = start + 4;
                    (Token::Null, start, at)
                }
                _ => {
                    let Some(end) = integer_end(log, start) else { return false };
                    at = end;
                    (Token::Integer, start, end)
                }
            };
            if let Some(place) = value.field.and_then(|field| found.get_mut(usize::from(field))) {
                *place = Found { token, start: offset(start), end: offset(end) };
            }
        }
        let rest = log.get(at..).unwrap_or_default();
        rest.len() == self.tail.len() && rest.iter().zip(&self.tail).all(|(found, known)| found == known)
    }
}
