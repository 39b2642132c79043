//! The contract in words, a line for each rule with the code that a log gets for breaking it.

use std::fmt::Write as _;

use super::document::Contract;
use super::field::Field;
use super::kind::{IntegerRules, Kind, NumberRules, StringRules, TimeRules};
use super::time_format::MICROS_A_DAY;
use crate::calendar::date;

impl Contract {
    /// Every rule in words, each with its code, in the order in which they are tested.
    ///
    /// ```
    /// let words = logcore::contract::Contract::server_logs()?.explain();
    /// assert!(words.contains("one of ANDROID, IOS (not_allowed)"));
    /// # Ok::<(), logcore::Error>(())
    /// ```
    #[must_use]
    pub fn explain(&self) -> String {
        let limits = self.limits();
        let mut out = format!(
            "{} (topic {}, version {})\n\nA log is one JSON object of at most {} bytes (too_large), with at most {} objects and \
             arrays open at once (too_deep).\nNames that the contract does not know are ignored. Its own names may occur once \
             (duplicate_key).\n",
            self.name(),
            self.topic(),
            self.version(),
            limits.max_bytes,
            limits.max_depth
        );
        for field in self.fields_in_words() {
            let _ = writeln!(out, "\n{}: {}", field.path, field.kind);
            for rule in field.rules {
                let _ = writeln!(out, "  - {rule}");
            }
        }
        let _ = writeln!(out, "\n{}", self.lookup_in_words());
        out
    }

    /// Every field, those within objects as well, in order.
    pub(super) fn fields_in_words(&self) -> Vec<FieldInWords> {
        let mut out = vec![];
        for field in self.fields() {
            push_field(&mut out, "", field);
        }
        out
    }

    /// Which logs are suspicious.
    pub(super) fn lookup_in_words(&self) -> String {
        match self.lookup() {
            None => "Nothing is looked up: no log is suspicious.".into(),
            Some(lookup) => {
                let names: Vec<&str> = lookup
                    .fields
                    .iter()
                    .filter_map(|field| self.fields().get(*field))
                    .map(|field| field.name.as_str())
                    .collect();
                format!(
                    "A log that keeps all of this is suspicious unless table {} knows its {} (unknown_account{}).",
                    lookup.table,
                    names.join(" with its "),
                    if names.len() > 1 { ", device_mismatch" } else { "" }
                )
            }
        }
    }
}

/// A field and its rules in words, each with the code for breaking it.
pub(super) struct FieldInWords {
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) rules: Vec<String>,
}

fn push_field(out: &mut Vec<FieldInWords>, before: &str, field: &Field) {
    let path = format!("{before}{}", field.name);
    let needed = if field.required { "required (missing), not null (null)" } else { "optional; may be null" };
    let mut rules = vec![needed.to_owned()];
    match &field.kind {
        Kind::Array(item) => {
            rules.push(format!("each item: {}", type_in_words(&item.kind)));
            rules.push(if item.required { "no item is null (null)" } else { "an item may be null" }.to_owned());
            push_rules(&mut rules, &item.kind);
        }
        kind => push_rules(&mut rules, kind),
    }
    out.push(FieldInWords { path: path.clone(), kind: type_in_words(&field.kind), rules });
    if let Kind::Object(fields) = &field.kind {
        for inner in fields {
            push_field(out, &format!("{path}."), inner);
        }
    }
}

fn type_in_words(kind: &Kind) -> String {
    let what = match kind {
        Kind::String(_) => "a string",
        Kind::Integer(IntegerRules { accept_canonical_string: true, .. }) => {
            "an integer, or a string that holds one in canonical form"
        }
        Kind::Integer(_) => "an integer: a number without fraction or exponent",
        Kind::Number(_) => "a number",
        Kind::Boolean => "true or false",
        Kind::Timestamp(_) => "a string that holds a time",
        Kind::Date(_) => "a string that holds a day",
        Kind::Object(_) => "an object",
        Kind::Array(_) => "an array",
    };
    format!("{what} (wrong_type)")
}

fn push_rules(out: &mut Vec<String>, kind: &Kind) {
    match kind {
        Kind::String(rules) => push_string(out, rules),
        Kind::Integer(rules) => {
            out.push(format!("{} to {} (out_of_range)", rules.minimum, rules.maximum));
            if let Some(step) = rules.multiple_of {
                out.push(format!("a multiple of {step} (not_multiple)"));
            }
            if rules.epoch_seconds {
                out.push("counts seconds since 1970; its column is a time in UTC".to_owned());
            }
        }
        Kind::Number(rules) => push_number(out, rules),
        Kind::Timestamp(rules) => push_time(out, rules, "RFC 3339, such as 2021-04-29T19:28:30Z", 1),
        Kind::Date(rules) => push_time(out, rules, "RFC 3339, such as 2021-04-29", MICROS_A_DAY),
        Kind::Boolean | Kind::Object(_) | Kind::Array(_) => {}
    }
}

fn push_string(out: &mut Vec<String>, rules: &StringRules) {
    if rules.min_length > 0 {
        out.push(format!("at least {} characters (too_short)", rules.min_length));
    }
    if let Some(most) = rules.max_length {
        out.push(format!("at most {most} characters (too_long)"));
    }
    if let Some(pattern) = &rules.pattern {
        out.push(format!("all of it matches {} (pattern_mismatch)", pattern.source()));
    }
    if let Some(format) = rules.format {
        out.push(format!("of the format {} (invalid_format)", format.name()));
    }
    if let Some(allowed) = &rules.allowed {
        out.push(format!("one of {} (not_allowed)", allowed.join(", ")));
    }
}

#[expect(clippy::float_cmp, reason = "bounds that no rule has set")]
fn push_number(out: &mut Vec<String>, rules: &NumberRules) {
    let bounds = [(rules.minimum, f64::MIN, ["at least", "above"]), (rules.maximum, f64::MAX, ["at most", "below"])];
    for ((bound, excluded), none, words) in bounds {
        if bound != none {
            out.push(format!("{} {bound} (out_of_range)", words[usize::from(excluded)]));
        }
    }
    out.push("within a float of 64 bits (out_of_range)".to_owned());
    if let Some(step) = rules.multiple_of {
        out.push(format!("a multiple of {step} (not_multiple)"));
    }
}

fn push_time(out: &mut Vec<String>, rules: &TimeRules, default: &str, unit: i64) {
    out.push(format!("written as {} (invalid_format)", rules.format.source().unwrap_or(default)));
    if unit == 1 && !rules.format.has_offset() {
        out.push("taken for UTC".to_owned());
    }
    let first = time_in_words(rules.minimum * unit, unit);
    let last = time_in_words(rules.maximum * unit, unit);
    out.push(format!("{first} to {last} (out_of_range)"));
}

fn time_in_words(micros: i64, unit: i64) -> String {
    let (year, month, day) = date(micros.div_euclid(MICROS_A_DAY));
    let mut out = format!("{year:04}-{month:02}-{day:02}");
    if unit == 1 {
        let (second, fraction) = (micros.rem_euclid(MICROS_A_DAY) / 1_000_000, micros.rem_euclid(1_000_000));
        let _ = write!(out, "T{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
        if fraction > 0 {
            let _ = write!(out, ".{fraction:06}");
        }
        out.push('Z');
    }
    out
}
