//! Where a field's valid values come from, ready to be written.

use super::json::push_string;
use super::moment::Moment;
use super::nested::Within;
use super::numbers::numbers;
use super::piece::Piece;
use super::rng::{Bits, Key, Rng, Stream};
use super::rules::allows_text;
use super::span::Span;
use super::text::Texts;
use super::weights::Weights;
use crate::contract::{Field, FieldGenerator, Kind, StringRules, Valid};
use crate::error::{Error, Result};
use crate::lanes::{Lanes, Window, basic};

/// Microseconds of a day.
const MICROS_A_DAY: i64 = 86_400_000_000;

/// Valid values of a field.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// One of these, JSON text.
    Choices(Weights, Vec<Piece>),
    /// A UUID's 32 hex digits.
    UuidHex,
    /// Evenly from these integers.
    Integers(Span),
    /// The record's time, cut down to one of these integers.
    Time(Span),
    /// The record's time as text.
    Moment(Moment),
    /// Texts by pattern and length.
    Texts(Texts),
    /// An object, each of whose fields has a source of its own.
    Object(Within),
    /// An array, whose items share one.
    Array(Within),
}

/// How a field is drawn: values with weights where there are some to choose from.
pub(super) fn weighted(field: &Field) -> Option<Vec<(&str, f64)>> {
    let Kind::String(rules) = &field.kind else { return None };
    match field.generator.as_ref().map(|generator| &generator.valid) {
        Some(Valid::Weighted(list)) => Some(list.iter().map(|(value, weight)| (value.as_str(), *weight)).collect()),
        None | Some(Valid::Rules) => {
            rules.allowed.as_ref().map(|allowed| allowed.iter().map(|value| (value.as_str(), 1.0)).collect())
        }
        Some(_) => None,
    }
}

impl Source {
    /// Of a scalar field, which complaints call by its path.
    pub(super) fn new(field: &Field, path: &str) -> Result<Self> {
        let wrong = |what: &str| Error::Generator(format!("field '{path}': {what}"));
        let valid = field.generator.as_ref().map_or(&Valid::Rules, |FieldGenerator { valid, .. }| valid);
        match (&field.kind, valid) {
            (Kind::String(rules), Valid::Rules | Valid::Weighted(_)) => {
                let Some(list) = weighted(field) else {
                    let texts = Texts::new(rules).ok_or_else(|| {
                        wrong("no text is found that keeps its pattern and lengths; name 'values' under 'generator'")
                    })?;
                    return Ok(Self::Texts(texts));
                };
                if let Some((value, _)) = list.iter().find(|(value, _)| !allows_text(rules, value)) {
                    return Err(wrong(&format!("'{value}' is to be generated, but breaks the field's own rules")));
                }
                let weights = Weights::new(list.iter().map(|(_, weight)| *weight))
                    .ok_or_else(|| wrong("all values have the weight 0"))?;
                Ok(Self::Choices(weights, list.iter().map(|(value, _)| json_string(value)).collect()))
            }
            (Kind::String(rules), Valid::UuidHex) if takes_uuid_hex(rules) => Ok(Self::UuidHex),
            (Kind::String(_), Valid::UuidHex) => Err(wrong("a UUID's 32 hex digits break the field's own rules")),
            (Kind::Integer(rules), Valid::Rules) => {
                Span::of(rules).map(Self::Integers).ok_or_else(|| wrong("no integer fits its rules"))
            }
            (Kind::Integer(rules), Valid::Range(low, high)) => Span::new(*low, *high, rules.multiple_of)
                .map(Self::Integers)
                .ok_or_else(|| wrong("no multiple lies within the range to generate")),
            (Kind::Integer(rules), Valid::Time) => {
                Span::of(rules).map(Self::Time).ok_or_else(|| wrong("no integer fits its rules"))
            }
            (Kind::Number(rules), Valid::Rules) => {
                let numbers = numbers(rules);
                let weights =
                    Weights::even(numbers.len()).ok_or_else(|| wrong("no number is found that fits its rules"))?;
                Ok(Self::Choices(weights, numbers.into_iter().map(number).collect()))
            }
            (Kind::Boolean, Valid::Rules) => {
                let weights = Weights::even(2).ok_or_else(|| wrong("no value"))?;
                Ok(Self::Choices(weights, ["true", "false"].map(|json| json.as_bytes().into()).to_vec()))
            }
            (Kind::Timestamp(rules), Valid::Rules) => Moment::new(rules, 1)
                .map(Self::Moment)
                .ok_or_else(|| wrong("no time that its format can say lies within its bounds")),
            (Kind::Date(rules), Valid::Rules) => {
                Moment::new(rules, MICROS_A_DAY).map(Self::Moment).ok_or_else(|| wrong("no day lies within its bounds"))
            }
            _ => Err(wrong("its 'generator' does not go with its type")),
        }
    }

    /// A value as text: users are drawn so. None for what no users table holds.
    pub(super) fn draw_text(&self, rng: &mut Rng, field: &Field) -> Option<String> {
        Some(match self {
            Self::Choices(weights, _) => (*weighted(field)?.get(weights.draw(rng))?.0).to_owned(),
            Self::UuidHex => String::from_utf8_lossy(&uuid_hex(basic(), rng.bits(), rng.bits())).into_owned(),
            Self::Integers(span) => rng.within(span).to_string(),
            Self::Time(_) | Self::Moment(_) | Self::Object(_) | Self::Array(_) => return None,
            Self::Texts(texts) => {
                let mut text = String::new();
                texts.draw(rng, &mut text);
                text
            }
        })
    }
}

/// A string as JSON text.
pub(super) fn json_string(value: &str) -> Piece {
    let mut json = Vec::new();
    push_string(&mut json, value);
    json.as_slice().into()
}

/// A number in its shortest form.
fn number(value: f64) -> Piece {
    zmij::Buffer::new().format_finite(value).as_bytes().into()
}

/// The 32 hex digits of a random UUID (version 4), made of that many random bits.
#[inline(always)]
pub(super) fn uuid_hex(lanes: impl Lanes, Bits(high): Bits, Bits(low): Bits) -> Window {
    lanes.hex([high & !0xF000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62])
}

fn takes_uuid_hex(rules: &StringRules) -> bool {
    // Digits are drawn freely, so that rules which some of them break are found out in a few hundred.
    let key = Key::new(0, Stream::Samples);
    (0..500).all(|index| {
        let mut rng = key.at(index);
        allows_text(rules, &String::from_utf8_lossy(&uuid_hex(basic(), rng.bits(), rng.bits())))
    })
}

#[cfg(test)]
mod tests {
    use super::uuid_hex;
    use crate::generate::rng::{Key, Stream};
    use crate::lanes::basic;

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        let key = Key::new(1, Stream::Logs);
        for index in 0..1_000 {
            let mut rng = key.at(index);
            let uuid = String::from_utf8(uuid_hex(basic(), rng.bits(), rng.bits()).to_vec()).unwrap();
            assert_eq!((&uuid[12..13], matches!(&uuid[16..17], "8" | "9" | "a" | "b")), ("4", true), "{uuid}");
        }
    }
}
