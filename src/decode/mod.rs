//! Bytes into the contract's fields: JSON, UTF-8, size, depth and duplicate names. The only code that faces outside bytes.
//!
//! A [`Decoder`] has two ways. Logs of one producer share their layout: the same names in the same order with the same
//! spaces. The decoder remembers the layouts that it met and compares a log's text between the values with the last one's;
//! only the values are looked at. A log that does not fit goes the whole way, through the scanner, which is also what
//! layouts are learned from.

mod chunk;
mod layout;
mod names;
mod number;
mod scanner;
mod text;

use crate::contract::{Contract, Limits};
use crate::verdict::Code;
use layout::Layouts;
use names::Names;
use scanner::Scanner;

pub use number::{Integer, parse_integer};
pub use text::unescape;

/// What stands under a field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
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
    /// A string; with `escaped`, one that holds a backslash.
    Text {
        /// Whether it must be unescaped.
        escaped: bool,
    },
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

/// Reads logs one after another; keeps what it learned of their layouts.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    names: Names,
    layouts: Layouts,
    scanner: Scanner,
}

impl Decoder {
    /// A decoder for a contract's fields.
    #[must_use]
    pub fn new(contract: &Contract) -> Self {
        let limits = contract.limits();
        Self {
            limits,
            names: Names::new(contract.fields().iter().map(|field| field.name.as_bytes())),
            layouts: Layouts::default(),
            scanner: Scanner::new(limits.max_depth),
        }
    }

    /// Finds the fields of a log; `found` has one place for each field of the contract.
    ///
    /// # Errors
    /// The code of the first document fault that applies; `found` then holds nothing of use.
    #[inline]
    pub fn decode(&mut self, log: &[u8], found: &mut [Found]) -> Result<(), Code> {
        if log.len() <= self.limits.max_bytes && self.layouts.read(log, found) {
            return Ok(());
        }
        self.scan(log, found)
    }

    fn scan(&mut self, log: &[u8], found: &mut [Found]) -> Result<(), Code> {
        if log.iter().all(|byte| text::is_space(*byte)) {
            return Err(Code::Empty);
        }
        if log.len() > self.limits.max_bytes {
            return Err(Code::TooLarge);
        }
        if std::str::from_utf8(log).is_err() {
            return Err(Code::InvalidUtf8);
        }
        self.scanner.scan(log, &self.names, found)?;
        self.layouts.learn(log, self.scanner.members());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
