//! One field of a log, ready to be written. Each writes `"name": value, `; the record takes the last comma back.

use serde_json::Value;

use super::json::{depth, push_string, push_value};
use super::nested::{Pen, Within};
use super::piece::{Decimal, MOST_OF_INTEGER, Piece, SHORT, Sink, Slot};
use super::rng::{Chance, Rng};
use super::source::{Source, uuid_hex};
use super::span::Span;
use super::time;
use super::weights::Weights;
use crate::contract::{Anomaly, AnomalyValue, Contract, Field, Kind};
use crate::error::{Error, Result};
use crate::lanes::basic;
use crate::verdict::Code;

/// What stands behind each field.
pub(super) const BEHIND: &[u8] = b", ";
/// Strings that hold no integer in canonical form.
const NO_NUMBERS: [&str; 10] = ["N/A", "unknown", "", "12a", "1e3", "1.0", " 7", "007", "+7", "-0"];

/// How one field is written.
#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    /// Its place among the contract's placed fields, and that of the last field within it. An array's items have its own.
    pub(super) place: u16,
    pub(super) last_place: u16,
    /// `"name": `, without and with the quote of a string; the quote alone for the items of an array.
    pub(super) before: [Piece; 2],
    pub(super) source: Source,
    /// Whether an integer is written as a canonical string half the time.
    pub(super) both: bool,
    /// How often a value is an anomaly.
    pub(super) anomalous: Chance,
    /// The same as a number.
    pub(super) share: f64,
    anomalies: Option<(Weights, Vec<(Odd, Code)>)>,
    pub(super) required: bool,
    pub(super) integer: bool,
    /// Values of another type.
    others: &'static [&'static str],
}

/// A short piece and its length.
pub(super) type ShortInteger = ([u8; SHORT], usize);

/// An anomaly's value.
#[derive(Clone, Debug)]
enum Odd {
    Json(Box<[u8]>),
    Integers(Span),
    TimeText,
}

impl FieldPlan {
    /// Those of fields that stand side by side, the first at that place. `level` counts the objects and arrays that are
    /// open around them.
    pub(super) fn all(fields: &[Field], first: u16, level: usize, contract: &Contract) -> Result<Vec<Self>> {
        let mut plans: Vec<Self> = Vec::new();
        for field in fields {
            let mut before = Vec::new();
            push_string(&mut before, &field.name);
            before.extend_from_slice(b": ");
            let place = plans.last().map_or(first, |plan| plan.last_place + 1);
            plans.push(Self::new(field, &before, place, level, contract)?);
        }
        Ok(plans)
    }

    fn new(field: &Field, before: &[u8], place: u16, level: usize, contract: &Contract) -> Result<Self> {
        let path = contract.placed_fields().get(usize::from(place)).map_or("", |placed| placed.path.as_str());
        let (mut share, mut anomalies) = (0.0, None);
        if let Some(generator) = &field.generator {
            let total: f64 = generator.anomalies.iter().map(|anomaly| anomaly.weight).sum();
            if let Some(weights) = Weights::new(generator.anomalies.iter().map(|anomaly| anomaly.weight)) {
                let list = generator
                    .anomalies
                    .iter()
                    .map(|anomaly| Ok((odd(&field.kind, path, anomaly, level, contract)?, anomaly.expect)));
                anomalies = Some((weights, list.collect::<Result<_>>()?));
                share = total / (generator.weight + total);
            }
        }
        let mut last_place = place;
        let source = match &field.kind {
            Kind::Object(fields) => {
                check_depth(1, path, level, contract)?;
                let plans = Self::all(fields, place + 1, level + 1, contract)?;
                last_place = plans.last().map_or(place, |plan| plan.last_place);
                Source::Object(Within::new(plans, share))
            }
            Kind::Array(item) => {
                check_depth(1, path, level, contract)?;
                let item = Self::new(item, b"", place, level + 1, contract)?;
                Source::Array(Within::new(vec![item], share))
            }
            _ => match Source::new(field, path)? {
                Source::Choices(weights, choices) => {
                    let choices = choices.iter().map(|choice| whole(before, choice)).collect();
                    Source::Choices(weights, choices)
                }
                other => other,
            },
        };
        if let Source::Object(within) | Source::Array(within) = &source {
            share = within.share;
        }
        let (both, integer) = match &field.kind {
            Kind::Integer(rules) => (rules.accept_canonical_string, true),
            _ => (false, false),
        };
        Ok(Self {
            place,
            last_place,
            before: [before.into(), [before, b"\""].concat().as_slice().into()],
            source,
            both,
            anomalous: Chance::new(share),
            share,
            anomalies,
            required: field.required,
            integer,
            others: others(&field.kind),
        })
    }

    /// Whether it is an object or an array.
    pub(super) fn is_nested(&self) -> bool {
        matches!(self.source, Source::Object(_) | Source::Array(_))
    }

    /// A value of this field with what stands around it.
    pub(super) fn whole(&self, json: &Piece) -> Piece {
        whole(&self.before[0], json)
    }

    /// The most bytes that a valid value takes; None where that isn't known.
    pub(super) fn most(&self) -> Option<usize> {
        match &self.source {
            Source::Choices(_, choices) => choices.iter().map(|choice| choice.len()).max(),
            Source::UuidHex => Some(self.before[1].len() + 32 + 1 + BEHIND.len()),
            Source::Integers(_) | Source::Time(_) => Some(self.most_of_integer()),
            Source::Moment(_) | Source::Texts(_) | Source::Object(_) | Source::Array(_) => None,
        }
    }

    /// An integer with what stands around it, if that is short.
    pub(super) fn short_integer(&self, value: Decimal, quoted: bool) -> Option<ShortInteger> {
        let mut slot = Slot { bytes: &mut [0; 2 * SHORT], end: 0 };
        if self.before[1].is_short() {
            self.push_integer(value, quoted, &mut slot);
        }
        Some((*slot.bytes.first_chunk()?, slot.end)).filter(|(_, length)| (1..=SHORT).contains(length))
    }

    /// The most bytes that an integer takes.
    pub(super) fn most_of_integer(&self) -> usize {
        self.before[1].len() + MOST_OF_INTEGER
    }

    /// Where it, or a field within it, holds the record's time: the field's place and the times that it may hold.
    pub(super) fn times(&self) -> Vec<(u16, &Span)> {
        match &self.source {
            Source::Time(span) => vec![(self.place, span)],
            Source::Object(within) | Source::Array(within) => within.plans.iter().flat_map(Self::times).collect(),
            _ => Vec::new(),
        }
    }

    /// Writes a value that keeps the contract. `text` is scratch.
    pub(super) fn write_valid(&self, rng: &mut Rng, time: i64, text: &mut String, out: &mut Vec<u8>) {
        match &self.source {
            Source::Choices(weights, choices) => out.push_piece(&choices[weights.draw(rng)]),
            Source::UuidHex => {
                out.push_piece(&self.before[1]);
                out.extend_from_slice(&uuid_hex(basic(), rng.bits(), rng.bits()));
                out.extend_from_slice(b"\", ");
            }
            Source::Integers(span) => {
                let value = rng.within(span);
                self.write_integer(rng, Decimal::new(value), out);
            }
            Source::Moment(moment) => {
                out.push_piece(&self.before[0]);
                moment.push(out, time);
                out.extend_from_slice(BEHIND);
            }
            Source::Time(span) => self.write_integer(rng, Decimal::new(span.at_most(time)), out),
            Source::Texts(texts) => {
                texts.draw(rng, text);
                self.write_text(text, out);
            }
            Source::Object(_) | Source::Array(_) => self.write_nested(rng, time, text, out),
        }
    }

    /// Writes an integer as a number or, where the field takes both, as a canonical string half the time.
    pub(super) fn write_integer(&self, rng: &mut Rng, value: Decimal, out: &mut impl Sink) {
        let quoted = self.both && rng.coin();
        self.push_integer(value, quoted, out);
    }

    /// The same in the form that was drawn.
    #[inline(always)]
    pub(super) fn push_integer(&self, value: Decimal, quoted: bool, out: &mut impl Sink) {
        out.push_short(&self.before[usize::from(quoted)]);
        out.push_integer(value, quoted);
    }

    /// Writes an anomaly of the field itself and yields the code that the contract expects for it; a valid value where
    /// there is none.
    #[cold]
    pub(super) fn write_own_anomaly(&self, pen: &mut Pen<'_>) -> Option<Code> {
        let Pen { rng, time, text, out, .. } = pen;
        let Some((weights, list)) = &self.anomalies else {
            self.write_valid(rng, *time, text, out);
            return None;
        };
        let (odd, code) = &list[weights.draw(rng)];
        match odd {
            Odd::Json(json) => self.write_json(json, out),
            Odd::Integers(span) => {
                let value = rng.within(span);
                self.write_integer(rng, Decimal::new(value), *out);
            }
            Odd::TimeText => {
                out.push_piece(&self.before[0]);
                out.push(b'"');
                time::push_text(out, *time);
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

    /// Writes a value of another type than the field's.
    #[cold]
    pub(super) fn write_other_type(&self, rng: &mut Rng, out: &mut Vec<u8>) {
        let json = self.others.get(rng.place(self.others.len())).copied().unwrap_or_default();
        self.write_json(json.as_bytes(), out);
    }

    /// Writes JSON text as it stands.
    pub(super) fn write_json(&self, json: &[u8], out: &mut Vec<u8>) {
        out.push_piece(&self.before[0]);
        out.extend_from_slice(json);
        out.extend_from_slice(BEHIND);
    }

    fn write_text(&self, text: &str, out: &mut Vec<u8>) {
        out.push_piece(&self.before[0]);
        push_string(out, text);
        out.extend_from_slice(BEHIND);
    }
}

fn whole(before: &[u8], json: &[u8]) -> Piece {
    [before, json, BEHIND].concat().as_slice().into()
}

/// JSON that is a value of another type, whatever the field's other rules.
const fn others(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::String(_) | Kind::Timestamp(_) | Kind::Date(_) => &["0", "true"],
        Kind::Integer(_) | Kind::Number(_) => &["false", "\"N/A\""],
        Kind::Boolean => &["0", "\"true\""],
        Kind::Object(_) => &["[]", "\"{}\"", "0"],
        Kind::Array(_) => &["{}", "\"[]\"", "0"],
    }
}

/// An error where a value that opens that many objects and arrays would pass the contract's maxDepth.
fn check_depth(opened: usize, path: &str, level: usize, contract: &Contract) -> Result<()> {
    let deepest = contract.limits().max_depth;
    if opened + level > deepest {
        return Err(Error::Generator(format!(
            "field '{path}': a value opens more than the {deepest} objects and arrays of maxDepth"
        )));
    }
    Ok(())
}

fn odd(kind: &Kind, path: &str, anomaly: &Anomaly, level: usize, contract: &Contract) -> Result<Odd> {
    let wrong = |what: String| Error::Generator(format!("field '{path}': an anomaly {what}"));
    Ok(match &anomaly.value {
        AnomalyValue::Json(value) => {
            check_depth(depth(value), path, level, contract)?;
            // The judge looks into it, so that its reason would be at another path.
            if matches!((kind, value), (Kind::Object(_), Value::Object(_)) | (Kind::Array(_), Value::Array(_))) {
                return Err(wrong(format!(
                    "is an {}, as it should be; name the anomalies of what is within it instead",
                    kind.logical_type()
                )));
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
