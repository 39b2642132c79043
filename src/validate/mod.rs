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
mod integer_range;
mod length;
mod pattern;

use crate::contract::StringRules;
use crate::verdict::Code;
use allowed_values::AllowedValues;
use length::Length;
use pattern::Shape;

pub use integer_range::IntegerRange;

/// The rules of a string field, ready to be held against text.
#[derive(Clone, Debug)]
pub struct TextRules {
    length: Option<Length>,
    shape: Option<Shape>,
    allowed: Option<AllowedValues>,
}

impl TextRules {
    /// Prepares the contract's rules.
    #[must_use]
    pub fn new(rules: &StringRules) -> Self {
        Self {
            length: Length::new(rules.min_length, rules.max_length),
            shape: rules.pattern.as_ref().map(Shape::new),
            allowed: rules.allowed.as_deref().map(AllowedValues::new),
        }
    }

    /// Holds a text against the rules, in verdict order; where the contract lists values, yields the place in the list.
    ///
    /// # Errors
    /// The code of the first rule that the text breaks.
    #[inline]
    pub fn check(&self, text: &[u8]) -> Result<Option<u32>, Code> {
        self.check_within(text, text)
    }

    /// The same for a text at the start of `within`: with 16 bytes to read there, a listed value is found without a copy.
    ///
    /// # Errors
    /// As [`TextRules::check`].
    #[inline]
    pub fn check_within(&self, text: &[u8], within: &[u8]) -> Result<Option<u32>, Code> {
        if let Some(length) = &self.length {
            length.check(text)?;
        }
        if let Some(shape) = &self.shape
            && !shape.matches(text)
        {
            return Err(Code::PatternMismatch);
        }
        match &self.allowed {
            None => Ok(None),
            Some(allowed) => allowed.find(text, within).map(Some).ok_or(Code::NotAllowed),
        }
    }
}
