//! Values against the contract's rules: one kind of rule a file. Knows bytes and numbers, nothing of JSON.
//!
//! ```
//! use logcore::contract::{Contract, Kind};
//! use logcore::validate::TextRules;
//! use logcore::verdict::Code;
//!
//! let contract = Contract::server_logs()?;
//! let Kind::String(rules) = &contract.fields()[3].kind else { unreachable!() };
//! let device = TextRules::new(rules);
//! assert_eq!(device.check(b"IOS"), Ok(Some(1)));
//! assert_eq!(device.check(b"ios"), Err(Code::NotAllowed));
//! # Ok::<(), logcore::Error>(())
//! ```

mod allowed_values;
mod format;
mod integer_range;
mod length;
mod number_range;
mod pattern;
mod time;

use crate::contract::StringRules;
use crate::lanes::{Best, Lanes, Task, Window};
use crate::verdict::Code;
use length::Length;
use pattern::Shape;

pub(crate) use allowed_values::AllowedValues;
pub(crate) use format::Format;
pub use integer_range::IntegerRange;
pub use number_range::NumberRange;
pub(crate) use pattern::Run;
pub use time::check_time;

/// No place in a list of values.
pub(crate) const NOT_LISTED: u32 = u32::MAX;

/// A check of texts. What comes behind a text in memory may be read, where it spares a copy.
pub(crate) trait TextCheck {
    /// Holds the text at the start of `within` against the rules, in verdict order; where the contract lists values,
    /// yields the place in the list. The error is the code of the first rule that the text breaks.
    fn check_within(&self, lanes: impl Lanes, text: &[u8], within: &[u8]) -> Result<Option<u32>, Code>;

    /// Whether [`TextCheck::check_short`] says yes to most texts that keep the rules.
    const SHORT: bool = false;

    /// The place in the list, or [`NOT_LISTED`] without one, of a text of `length` bytes at the start of a window that keeps
    /// the rules; None where it may not.
    #[inline(always)]
    fn check_short(&self, _lanes: impl Lanes, _length: usize, _window: &Window) -> Option<u32> {
        None
    }
}

/// The rules of a string field, ready to be held against text.
#[derive(Clone, Debug)]
pub struct TextRules {
    length: Option<Length>,
    shape: Option<Shape>,
    format: Option<Format>,
    allowed: Option<AllowedValues>,
}

impl TextRules {
    /// Prepares the contract's rules.
    #[must_use]
    pub fn new(rules: &StringRules) -> Self {
        Self {
            length: Length::new(rules.min_length, rules.max_length),
            shape: rules.pattern.as_ref().map(Shape::new),
            format: rules.format.map(Format::new),
            allowed: rules.allowed.as_deref().map(AllowedValues::new),
        }
    }

    /// Holds a text against the rules, in verdict order; where the contract lists values, yields the place in the list.
    ///
    /// # Errors
    /// The code of the first rule that the text breaks.
    pub fn check(&self, text: &[u8]) -> Result<Option<u32>, Code> {
        Best::detect().run(Checking(self, text))
    }

    /// The list of values, where that is the only rule.
    pub(crate) fn only_list(&self) -> Option<&AllowedValues> {
        if self.length.is_none() && self.shape.is_none() && self.format.is_none() {
            self.allowed.as_ref()
        } else {
            None
        }
    }

    /// The format, where that is the only rule.
    pub(crate) fn only_format(&self) -> Option<&Format> {
        if self.length.is_none() && self.shape.is_none() && self.allowed.is_none() {
            self.format.as_ref()
        } else {
            None
        }
    }

    /// The class of characters, where one that is repeated is the only rule.
    pub(crate) fn only_run(&self) -> Option<&Run> {
        match &self.shape {
            Some(Shape::Run(run)) if self.length.is_none() && self.format.is_none() && self.allowed.is_none() => {
                Some(run)
            }
            _ => None,
        }
    }
}

/// [`TextRules::check`] with its arguments.
struct Checking<'a>(&'a TextRules, &'a [u8]);

impl Task for Checking<'_> {
    type Output = Result<Option<u32>, Code>;

    #[inline(always)]
    fn run(self, lanes: impl Lanes) -> Self::Output {
        let Self(rules, text) = self;
        rules.check_within(lanes, text, text)
    }
}

impl TextCheck for TextRules {
    #[inline(always)]
    fn check_within(&self, lanes: impl Lanes, text: &[u8], within: &[u8]) -> Result<Option<u32>, Code> {
        if let Some(length) = &self.length {
            length.check(text)?;
        }
        if let Some(shape) = &self.shape
            && !shape.matches(lanes, text, within)
        {
            return Err(Code::PatternMismatch);
        }
        if let Some(format) = &self.format
            && !format.matches(lanes, text, within)
        {
            return Err(Code::InvalidFormat);
        }
        match &self.allowed {
            None => Ok(None),
            Some(allowed) => allowed.check_within(lanes, text, within),
        }
    }
}

impl TextCheck for AllowedValues {
    #[inline(always)]
    fn check_within(&self, _lanes: impl Lanes, text: &[u8], within: &[u8]) -> Result<Option<u32>, Code> {
        self.find(text, within).map(Some).ok_or(Code::NotAllowed)
    }

    const SHORT: bool = true;

    #[inline(always)]
    fn check_short(&self, _lanes: impl Lanes, length: usize, window: &Window) -> Option<u32> {
        self.find_short(length, window.first_chunk()?)
    }
}

impl TextCheck for Run {
    #[inline(always)]
    fn check_within(&self, lanes: impl Lanes, text: &[u8], within: &[u8]) -> Result<Option<u32>, Code> {
        if self.matches(lanes, text, within) { Ok(None) } else { Err(Code::PatternMismatch) }
    }

    const SHORT: bool = true;

    #[inline(always)]
    fn check_short(&self, lanes: impl Lanes, length: usize, window: &Window) -> Option<u32> {
        self.matches_short(lanes, length, window).then_some(NOT_LISTED)
    }
}
