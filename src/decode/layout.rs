//! Layouts: what stands between the values of a log, learned from one log and tried on the next.
//!
//! A layout is only learned from a log that the scanner found valid, and only values of two forms are left open in it: a
//! string of printable ASCII without a backslash, and an integer. So a log that fits is valid JSON in valid UTF-8 with the
//! same names in the same order, and nothing of it needs to be checked again.

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
    /// All text between the values, one piece after the other.
    literals: Vec<u8>,
    values: Vec<Value>,
    tail: Vec<u8>,
}

#[derive(Debug)]
struct Value {
    /// The length of the piece of `literals` before it.
    before: usize,
    field: Option<u16>,
    is_text: bool,
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
        let mut layout = Self { literals: Vec::new(), values: Vec::with_capacity(members.len()), tail: Vec::new() };
        let mut at = 0;
        for member in members {
            let (start, end) = (member.found.start as usize, member.found.end as usize);
            let is_text = match member.found.token {
                Token::Text { escaped: false } if member.found.text(log).is_ascii() => true,
                Token::Integer => false,
                _ => return None,
            };
            let before = log.get(at..start)?;
            layout.literals.extend_from_slice(before);
            layout.values.push(Value { before: before.len(), field: member.field, is_text });
            at = end;
        }
        layout.tail.extend_from_slice(log.get(at..)?);
        Some(layout)
    }

    #[inline]
    fn read(&self, log: &[u8], found: &mut [Found]) -> bool {
        found.fill(Found::ABSENT);
        let mut literals = self.literals.as_slice();
        let mut at = 0;
        for value in &self.values {
            let Some((literal, rest)) = literals.split_at_checked(value.before) else { return false };
            literals = rest;
            let start = at + literal.len();
            if log.get(at..start) != Some(literal) {
                return false;
            }
            let (token, end) = if value.is_text {
                (Token::Text { escaped: false }, ascii_end(log, start))
            } else {
                let Some(end) = integer_end(log, start) else { return false };
                (Token::Integer, end)
            };
            if let Some(place) = value.field.and_then(|field| found.get_mut(usize::from(field))) {
                *place = Found { token, start: offset(start), end: offset(end) };
            }
            at = end;
        }
        log.get(at..) == Some(self.tail.as_slice())
    }
}
