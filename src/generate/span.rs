//! Integers from a first to a last, a step apart.

use crate::contract::IntegerRules;

/// `first`, `first + step`, … ; there is at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: i64,
    step: u64,
    last_step: u64,
}

impl Span {
    /// The multiples of `step` from `low` to `high`, both included; None without one.
    pub(super) fn new(low: i64, high: i64, step: Option<i64>) -> Option<Self> {
        let (low, high, step) = (i128::from(low), i128::from(high), i128::from(step.unwrap_or(1)));
        let first = low + (-low).rem_euclid(step);
        if first > high {
            return None;
        }
        Some(Self {
            first: i64::try_from(first).ok()?,
            step: u64::try_from(step).ok()?,
            last_step: u64::try_from((high - first) / step).ok()?,
        })
    }

    /// Every value that the rules allow.
    pub(super) fn of(rules: &IntegerRules) -> Option<Self> {
        Self::new(rules.minimum, rules.maximum, rules.multiple_of)
    }

    /// How many steps lead from the first to the last: one less than there are values.
    #[inline]
    pub(super) fn last_step(&self) -> u64 {
        self.last_step
    }

    /// The value that many steps from the first.
    #[inline]
    pub(super) fn at(&self, steps: u64) -> i64 {
        // The true result lies within i64, so the wrapped one equals it, even where the product alone does not fit.
        self.first.wrapping_add(steps.wrapping_mul(self.step).cast_signed())
    }

    pub(super) fn first(&self) -> i64 {
        self.first
    }

    pub(super) fn last(&self) -> i64 {
        self.at(self.last_step)
    }

    /// How many steps lead to a value; None where it is none of these.
    pub(super) fn steps_to(&self, value: i64) -> Option<u64> {
        let distance = i128::from(value) - i128::from(self.first);
        let step = i128::from(self.step);
        if distance % step != 0 {
            return None;
        }
        u64::try_from(distance / step).ok().filter(|steps| *steps <= self.last_step)
    }

    /// The largest value that is not above the given one; the first where all are.
    #[inline]
    pub(super) fn at_most(&self, value: i64) -> i64 {
        if value <= self.first {
            return self.first;
        }
        self.at((value.abs_diff(self.first) / self.step).min(self.last_step))
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn holds_the_multiples_of_a_range() {
        let span = Span::new(1, 99, Some(3)).unwrap();
        assert_eq!((span.first(), span.last(), span.last_step()), (3, 99, 32));
        assert_eq!(span.steps_to(6), Some(1));
        assert_eq!((span.steps_to(7), span.steps_to(102), span.steps_to(0)), (None, None, None));
        assert_eq!((span.at_most(-5), span.at_most(8), span.at_most(1000)), (3, 6, 99));
        assert_eq!(Span::new(-7, 7, Some(5)).map(|span| (span.first(), span.last())), Some((-5, 5)));
        assert_eq!(Span::new(1, 4, Some(5)), None);
    }

    #[test]
    fn reaches_the_ends_of_64_bits() {
        let span = Span::new(i64::MIN, i64::MAX, None).unwrap();
        assert_eq!((span.at(0), span.at(u64::MAX)), (i64::MIN, i64::MAX));
        assert_eq!(span.steps_to(i64::MAX), Some(u64::MAX));
        assert_eq!(span.at_most(7), 7);
        let halves = Span::new(i64::MIN, i64::MAX, Some(i64::MAX)).unwrap();
        assert_eq!((halves.first(), halves.last()), (-i64::MAX, i64::MAX));
    }
}
