//! A field's type with the rules of that type, ready to be held against values.

use super::field::Field;
use super::pattern::Pattern;
use super::text_format::TextFormat;
use super::time_format::TimeFormat;

/// A field's type and rules.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A JSON string.
    String(StringRules),
    /// A JSON integer.
    Integer(IntegerRules),
    /// Any JSON number, compared as a 64-bit float.
    Number(NumberRules),
    /// `true` or `false`.
    Boolean,
    /// A string that holds a moment; bounds in microseconds since 1970.
    Timestamp(TimeRules),
    /// A string that holds a day; bounds in days since 1970.
    Date(TimeRules),
    /// An object with fields of its own; names that it does not know are ignored.
    Object(Vec<Field>),
    /// An array whose items are all of one scalar type.
    Array(Box<Field>),
}

impl Kind {
    /// Its name in the standard: the `logicalType`.
    #[must_use]
    pub const fn logical_type(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Boolean => "boolean",
            Self::Timestamp(_) => "timestamp",
            Self::Date(_) => "date",
            Self::Object(_) => "object",
            Self::Array(_) => "array",
        }
    }

    /// Whether a users table can hold it: a string, or an integer that is no time.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        matches!(self, Self::String(_) | Self::Integer(IntegerRules { epoch_seconds: false, .. }))
    }
}

/// The rules of a string, tested in this order.
#[derive(Clone, Debug, Default)]
pub struct StringRules {
    /// Fewest code points.
    pub min_length: usize,
    /// Most code points.
    pub max_length: Option<usize>,
    /// The shape of the whole string.
    pub pattern: Option<Pattern>,
    /// What the string must be, such as a UUID.
    pub format: Option<TextFormat>,
    /// The list of values, in the contract's order.
    pub allowed: Option<Vec<String>>,
}

impl StringRules {
    /// The longest value in bytes of UTF-8, if the rules bound it.
    #[must_use]
    pub fn max_bytes(&self) -> Option<usize> {
        let by_length = self.max_length.map(|length| length.saturating_mul(4));
        let by_pattern = self.pattern.as_ref().and_then(Pattern::max_bytes);
        let by_format = self.format.and_then(TextFormat::max_bytes);
        let by_list = self.allowed.as_ref().and_then(|values| values.iter().map(String::len).max());
        [by_length, by_pattern, by_format, by_list].into_iter().flatten().min()
    }
}

/// How wide an integer's column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// The rules of an integer.
#[derive(Clone, Debug)]
pub struct IntegerRules {
    /// Smallest value, the format's own bound included.
    pub minimum: i64,
    /// Largest value, the format's own bound included.
    pub maximum: i64,
    /// The value must be a multiple of it.
    pub multiple_of: Option<i64>,
    /// The width of the column, by the format.
    pub width: Width,
    /// Whether a string that holds a canonical integer will do.
    pub accept_canonical_string: bool,
    /// Whether it counts seconds since 1970, so that its column is a timestamp.
    pub epoch_seconds: bool,
}

/// The rules of a number. A number too large for 64 bits is out of any range.
#[derive(Clone, Debug)]
pub struct NumberRules {
    /// Smallest value, the format's own bound included; true if it is excluded itself.
    pub minimum: (f64, bool),
    /// The same for the largest.
    pub maximum: (f64, bool),
    /// The value divided by it must be whole.
    pub multiple_of: Option<f64>,
}

/// The rules of a timestamp or a date.
#[derive(Clone, Debug)]
pub struct TimeRules {
    /// How it is written.
    pub format: TimeFormat,
    /// The earliest, the years 1 to 9999 included.
    pub minimum: i64,
    /// The latest.
    pub maximum: i64,
}
