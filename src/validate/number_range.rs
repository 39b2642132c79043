//! A number's range and step.

use crate::contract::NumberRules;
use crate::verdict::Code;

/// The bounds of a number and its step.
#[derive(Clone, Copy, Debug)]
pub struct NumberRange {
    minimum: (f64, bool),
    maximum: (f64, bool),
    multiple_of: Option<f64>,
}

impl NumberRange {
    /// Takes the contract's rules.
    #[must_use]
    pub fn new(rules: &NumberRules) -> Self {
        Self { minimum: rules.minimum, maximum: rules.maximum, multiple_of: rules.multiple_of }
    }

    /// Holds a number against the rules. Infinite is what a number too large for 64 bits is read as.
    ///
    /// # Errors
    /// The code of the first rule that it breaks.
    #[inline]
    pub fn check(&self, value: f64) -> Result<(), Code> {
        let ((low, low_out), (high, high_out)) = (self.minimum, self.maximum);
        let within = (value > low || (value >= low && !low_out)) && (value < high || (value <= high && !high_out));
        if !within {
            return Err(Code::OutOfRange);
        }
        match self.multiple_of {
            Some(step) if !is_multiple(value, step) => Err(Code::NotMultiple),
            _ => Ok(()),
        }
    }
}

/// Whether the quotient is whole as floats divide: 0.3 is three times 0.1, though neither is exactly what it says.
fn is_multiple(value: f64, step: f64) -> bool {
    let quotient = value / step;
    if quotient.is_finite() { quotient.fract() == 0.0 } else { value % step == 0.0 }
}

#[cfg(test)]
mod tests {
    use super::NumberRange;
    use crate::verdict::Code;

    #[test]
    fn bounds_and_steps() {
        let range = NumberRange { minimum: (0.0, true), maximum: (1e308, false), multiple_of: Some(0.1) };
        assert_eq!(range.check(0.0), Err(Code::OutOfRange));
        assert_eq!(range.check(-0.0), Err(Code::OutOfRange));
        assert_eq!(range.check(f64::INFINITY), Err(Code::OutOfRange));
        assert_eq!(range.check(0.1), Ok(()));
        assert_eq!(range.check(0.25), Err(Code::NotMultiple));
        let range = NumberRange { minimum: (f64::MIN, false), maximum: (f64::MAX, false), multiple_of: Some(1e-300) };
        assert_eq!(range.check(f64::MAX).is_ok(), f64::MAX % 1e-300 == 0.0);
        assert_eq!(range.check(f64::NEG_INFINITY), Err(Code::OutOfRange));
    }
}
