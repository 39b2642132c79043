//! An integer's range and step.

use crate::contract::IntegerRules;
use crate::verdict::Code;

/// The bounds of an integer, both included, and its step.
#[derive(Clone, Copy, Debug)]
pub struct IntegerRange {
    minimum: i64,
    maximum: i64,
    multiple_of: Option<i64>,
}

impl IntegerRange {
    /// Takes the contract's rules.
    #[must_use]
    pub fn new(rules: &IntegerRules) -> Self {
        Self { minimum: rules.minimum, maximum: rules.maximum, multiple_of: rules.multiple_of }
    }

    /// Holds a number against the rules.
    ///
    /// # Errors
    /// The code of the first rule that it breaks.
    #[inline]
    pub fn check(&self, value: i64) -> Result<(), Code> {
        if value < self.minimum || value > self.maximum {
            return Err(Code::OutOfRange);
        }
        match self.multiple_of {
            Some(step) if value % step != 0 => Err(Code::NotMultiple),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IntegerRange;
    use crate::verdict::Code;

    #[test]
    fn range_comes_before_step() {
        let range = IntegerRange { minimum: -10, maximum: 10, multiple_of: Some(5) };
        assert_eq!(range.check(-10), Ok(()));
        assert_eq!(range.check(0), Ok(()));
        assert_eq!(range.check(7), Err(Code::NotMultiple));
        assert_eq!(range.check(11), Err(Code::OutOfRange));
        assert_eq!(range.check(i64::MIN), Err(Code::OutOfRange));
    }
}
