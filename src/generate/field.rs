//! One field of a log, ready to be written. Each writes `"name": value, `; the record takes the last comma back.

use super::json::{depth, push_string, push_value};
use super::rng::{Chance, Rng};
use super::source::{Choice, Source, uuid_hex};
use super::span::Span;
use super::time;
use super::weights::Weights;
use crate::contract::{Anomaly, AnomalyValue, Contract, Field, Kind};
use crate::error::{Error, Result};
use crate::verdict::Code;

/// What stands behind each field.
const BEHIND: &[u8] = b", ";
/// Strings that hold no integer in canonical form.
const NO_NUMBERS: [&str; 10] = ["N/A", "unknown", "", "12a", "1e3", "1.0", " 7", "007", "+7", "-0"];

/// How one field is written.
#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    /// `"name": `.
    before: Box<[u8]>,
    source: Source,
    /// Whether an integer is written as a canonical string half the time.
    both: bool,
    /// How often a value is an anomaly.
    pub(super) anomalous: Chance,
    /// The same as a number.
    pub(super) share: f64,
    anomalies: Option<(Weights, Vec<(Odd, Code)>)>,
    pub(super) required: bool,
    pub(super) integer: bool,
}

/// An anomaly's value.
#[derive(Clone, Debug)]
enum Odd {
    Json(Box<[u8]>),
    Integers(Span),
    TimeText,
}

impl FieldPlan {
    pub(super) fn new(field: &Field, contract: &Contract) -> Result<Self> {
        let mut before = Vec::new();
        push_string(&mut before, &field.name);
        before.extend_from_slice(b": ");
        let source = match Source::new(field)? {
            Source::Choices(weights, choices) => {
                let choices = choices.iter().map(|choice| choice.within(&before, BEHIND)).collect();
                Source::Choices(weights, choices)
            }
            other => other,
        };
        let (mut share, mut anomalies) = (0.0, None);
        if let Some(generator) = &field.generator {
            let total: f64 = generator.anomalies.iter().map(|anomaly| anomaly.weight).sum();
            if let Some(weights) = Weights::new(generator.anomalies.iter().map(|anomaly| anomaly.weight)) {
                let list =
                    generator.anomalies.iter().map(|anomaly| Ok((odd(field, anomaly, contract)?, anomaly.expect)));
                anomalies = Some((weights, list.collect::<Result<_>>()?));
                share = total / (generator.weight + total);
            }
        }
        let (both, integer) = match &field.kind {
            Kind::Integer(rules) => (rules.accept_canonical_string, true),
            _ => (false, false),
        };
        let anomalous = Chance::new(share);
        let required = field.required;
        Ok(Self { before: before.into(), source, both, anomalous, share, anomalies, required, integer })
    }

    /// A value of this field with what stands around it.
    pub(super) fn whole(&self, choice: &Choice) -> Choice {
        choice.within(&self.before, BEHIND)
    }

    /// The times that it may hold, where it holds the record's.
    pub(super) fn times(&self) -> Option<&Span> {
        match &self.source {
            Source::Time(span) => Some(span),
            _ => None,
        }
    }

    /// Writes a value that keeps the contract. `text` is scratch.
    #[inline]
    pub(super) fn write_valid(&self, rng: &mut Rng, time: i64, text: &mut String, out: &mut Vec<u8>) {
        match &self.source {
            // A list is of strings, which are written in one way only.
            Source::Choices(weights, choices) => out.extend_from_slice(&choices[weights.draw(rng)].0[0]),
            Source::UuidHex => {
                out.extend_from_slice(&self.before);
                let mut quoted = [b'"'; 36];
                quoted[1..33].copy_from_slice(&uuid_hex(rng));
                quoted[34..].copy_from_slice(BEHIND);
                out.extend_from_slice(&quoted);
            }
            Source::Integers(span) => {
                let value = rng.within(span);
                self.write_integer(rng, value, out);
            }
            Source::Moment(moment) => {
                out.extend_from_slice(&self.before);
                moment.push(out, time);
                out.extend_from_slice(BEHIND);
            }
            Source::Time(span) => self.write_integer(rng, span.at_most(time), out),
            Source::Texts(texts) => {
                texts.draw(rng, text);
                self.write_text(text, out);
            }
        }
    }

    /// Writes an integer as a number or, where the field takes both, as a canonical string half the time.
    #[inline]
    pub(super) fn write_integer(&self, rng: &mut Rng, value: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(value).as_bytes();
        if self.both && rng.coin() {
            out.push(b'"');
            out.extend_from_slice(digits);
            out.extend_from_slice(b"\", ");
        } else {
            out.extend_from_slice(digits);
            out.extend_from_slice(BEHIND);
        }
    }

    /// Writes an anomaly and yields the code that the contract expects for it; a valid value where there is none.
    #[cold]
    pub(super) fn write_anomaly(&self, rng: &mut Rng, time: i64, text: &mut String, out: &mut Vec<u8>) -> Option<Code> {
        let Some((weights, list)) = &self.anomalies else {
            self.write_valid(rng, time, text, out);
            return None;
        };
        let (odd, code) = &list[weights.draw(rng)];
        match odd {
            Odd::Json(json) => {
                out.extend_from_slice(&self.before);
                out.extend_from_slice(json);
                out.extend_from_slice(BEHIND);
            }
            Odd::Integers(span) => {
                let value = rng.within(span);
                self.write_integer(rng, value, out);
            }
            Odd::TimeText => {
                out.extend_from_slice(&self.before);
                out.push(b'"');
                time::push_text(out, time);
                out.extend_from_slice(b"\", ");
            }
        }
        Some(*code)
    }

    /// Writes a string that is no integer, for an integer field.
    #[cold]
    pub(super) fn write_no_number(&self, rng: &mut Rng, out: &mut Vec<u8>) {
        self.write_text(NO_NUMBERS[rng.place(NO_NUMBERS.len())], out);
    }

    fn write_text(&self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        push_string(out, text);
        out.extend_from_slice(BEHIND);
    }
}

fn odd(field: &Field, anomaly: &Anomaly, contract: &Contract) -> Result<Odd> {
    let wrong = |what: String| Error::Generator(format!("field '{}': an anomaly {what}", field.name));
    Ok(match &anomaly.value {
        AnomalyValue::Json(value) => {
            let deepest = contract.limits().max_depth;
            if depth(value) + 1 > deepest {
                return Err(wrong(format!("opens more than the {deepest} objects and arrays of maxDepth")));
            }
            let mut json = Vec::new();
            push_value(&mut json, value);
            Odd::Json(json.into())
        }
        AnomalyValue::Range(low, high) => {
            Odd::Integers(Span::new(*low, *high, None).ok_or_else(|| wrong("has an empty range".to_owned()))?)
        }
        AnomalyValue::TimeText => Odd::TimeText,
    })
}
