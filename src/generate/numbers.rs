//! Numbers that a field's rules allow: a table of them, each tried before it is used.

use super::rng::{Key, Stream};
use super::rules::allows_number;
use crate::contract::NumberRules;

/// So many are tried.
const TRIES: u64 = 1_000;
/// Bounds past it are no wish for numbers of that size.
const LARGE: f64 = 1e9;
/// How far numbers go from the one bound where the other is past it.
const USUAL: f64 = 1_000.0;

/// Up to [`TRIES`] numbers; none where the rules allow none that is found.
#[expect(clippy::cast_precision_loss, reason = "53 bits")]
pub(super) fn numbers(rules: &NumberRules) -> Vec<f64> {
    let (low, high) = (rules.minimum.0, rules.maximum.0);
    let low = match (low < -LARGE, high > 0.0) {
        (false, _) => low,
        (true, true) => 0.0,
        (true, false) => high - USUAL,
    };
    let high = if high > LARGE { low + USUAL } else { high };
    let key = Key::new(0, Stream::Samples);
    let draw = |index: u64| {
        let share = (key.at(index).bits().0 >> 11) as f64 / (1_u64 << 53) as f64;
        let value = low + share * (high - low);
        match rules.multiple_of {
            Some(step) => (value / step).round() * step,
            // People's numbers have few digits.
            None if high - low >= 1.0 => (value * 100.0).round() / 100.0,
            None => value,
        }
    };
    let ends = [rules.minimum.0, rules.maximum.0, 0.0];
    (0..TRIES).map(draw).chain(ends).filter(|value| value.is_finite() && allows_number(rules, *value)).collect()
}
