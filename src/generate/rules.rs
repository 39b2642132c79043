//! Whether a field allows a text. Only for what stands in tables: users, and the contract's own lists. What is drawn for
//! a log is right by construction.

use super::span::Span;
use crate::contract::{Kind, NumberRules, StringRules};

/// True where the field allows the text; an integer in canonical form.
pub(super) fn allows(kind: &Kind, text: &str) -> bool {
    match kind {
        Kind::String(rules) => allows_text(rules, text),
        Kind::Integer(rules) => {
            integer(text).is_some_and(|value| Span::of(rules).is_some_and(|span| span.steps_to(value).is_some()))
        }
        // No table holds these.
        _ => false,
    }
}

/// The integer that a text is the canonical form of.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|value: &i64| value.to_string() == text)
}

pub(super) fn allows_text(rules: &StringRules, text: &str) -> bool {
    let length = text.chars().count();
    length >= rules.min_length
        && rules.max_length.is_none_or(|most| length <= most)
        && rules.pattern.as_ref().is_none_or(|pattern| pattern.regex().is_match(text.as_bytes()))
        && rules.format.is_none_or(|format| format.matches(text.as_bytes()))
        && rules.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|value| value == text))
}

pub(super) fn allows_number(rules: &NumberRules, value: f64) -> bool {
    let ((low, low_out), (high, high_out)) = (rules.minimum, rules.maximum);
    let above = if low_out { value > low } else { value >= low };
    let below = if high_out { value < high } else { value <= high };
    let step = |step: f64| (value / step).is_finite() && (value / step).fract() == 0.0;
    above && below && rules.multiple_of.is_none_or(step)
}
