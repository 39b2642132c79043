//! Where a field's valid values come from, ready to be written.

use super::json::push_string;
use super::moment::Moment;
use super::nested::Within;
use super::numbers::numbers;
use super::piece::Piece;
use super::rng::{Key, Rng, Stream};
use super::rules::allows_text;
use super::span::Span;
use super::text::Texts;
use super::weights::Weights;
use crate::contract::{Field, FieldGenerator, Kind, StringRules, Valid};
use crate::error::{Error, Result};

/// Microseconds of a day.
const MICROS_A_DAY: i64 = 86_400_000_000;

/// A value's JSON text: as it is, and as a canonical string (the same unless the field takes an integer in both forms).
#[derive(Clone, Debug)]
pub(super) struct Choice(pub(super) [Piece; 2]);

/// Valid values of a field.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// One of these.
    Choices(Weights, Vec<Choice>),
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
                Ok(Self::Choices(weights, list.iter().map(|(value, _)| Choice::of_text(value)).collect()))
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
                Ok(Self::Choices(weights, numbers.into_iter().map(Choice::of_number).collect()))
            }
            (Kind::Boolean, Valid::Rules) => {
                let weights = Weights::even(2).ok_or_else(|| wrong("no value"))?;
                Ok(Self::Choices(weights, ["true", "false"].map(Choice::of_literal).to_vec()))
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
            Self::UuidHex => String::from_utf8_lossy(uuid_hex(rng).as_flattened()).into_owned(),
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

impl Choice {
    pub(super) fn of_text(text: &str) -> Self {
        let mut json = Vec::new();
        push_string(&mut json, text);
        Self([json.as_slice().into(), json.as_slice().into()])
    }

    /// A number in its shortest form.
    fn of_number(value: f64) -> Self {
        Self::of_literal(zmij::Buffer::new().format_finite(value))
    }

    /// JSON text as it stands.
    fn of_literal(json: &str) -> Self {
        Self([json.as_bytes().into(), json.as_bytes().into()])
    }

    /// An integer in its canonical form; `both` where the field takes it as a string too.
    pub(super) fn of_integer(text: &str, both: bool) -> Self {
        let quoted = if both { format!("\"{text}\"") } else { text.to_owned() };
        Self([text.as_bytes().into(), quoted.as_bytes().into()])
    }

    /// The same with what stands before and behind it in a log.
    pub(super) fn within(&self, before: &[u8], behind: &[u8]) -> Self {
        Self(self.0.each_ref().map(|json| [before, json, behind].concat().as_slice().into()))
    }

    /// A text that the field allows.
    pub(super) fn of(kind: &Kind, text: &str) -> Self {
        match kind {
            Kind::Integer(rules) => Self::of_integer(text, rules.accept_canonical_string),
            // Tables hold strings and integers only.
            _ => Self::of_text(text),
        }
    }
}

/// The 32 hex digits of a random UUID (version 4), by halves.
#[inline]
pub(super) fn uuid_hex(rng: &mut Rng) -> [[u8; 16]; 2] {
    let high = rng.bits() & !0xF000 | 0x4000;
    let low = rng.bits() & !(0b11 << 62) | 0b10 << 62;
    [hex(high), hex(low)]
}

/// 16 hex digits, all at once: each byte of a 128-bit word holds one.
#[inline]
fn hex(bits: u64) -> [u8; 16] {
    const ONES: u128 = 0x0101_0101_0101_0101_0101_0101_0101_0101;
    let mut word = u128::from(bits);
    word = (word | word << 32) & 0xFFFF_FFFF_0000_0000_FFFF_FFFF;
    word = (word | word << 16) & 0x0000_FFFF_0000_FFFF_0000_FFFF_0000_FFFF;
    word = (word | word << 8) & 0x00FF_00FF_00FF_00FF_00FF_00FF_00FF_00FF;
    word = (word | word << 4) & (0x0F * ONES);
    // 6 more carries a digit above 9 into the fourth bit.
    let letters = (word + 6 * ONES) >> 4 & ONES;
    (word + 0x30 * ONES + letters * 0x27).to_be_bytes()
}

fn takes_uuid_hex(rules: &StringRules) -> bool {
    // Digits are drawn freely, so that rules which some of them break are found out in a few hundred.
    let key = Key::new(0, Stream::Samples);
    (0..500).all(|index| allows_text(rules, &String::from_utf8_lossy(uuid_hex(&mut key.at(index)).as_flattened())))
}

#[cfg(test)]
mod tests {
    use super::{hex, uuid_hex};
    use crate::generate::rng::{Key, Stream};

    #[test]
    fn hex_digits_are_those_of_the_number() {
        for bits in [0, 1, 0x0123_4567_89AB_CDEF, u64::MAX, 0xFEDC_BA98_7654_3210] {
            assert_eq!(String::from_utf8(hex(bits).to_vec()).unwrap(), format!("{bits:016x}"));
        }
        let mut rng = Key::new(1, Stream::Logs).at(0);
        let uuid = String::from_utf8(uuid_hex(&mut rng).concat()).unwrap();
        assert_eq!((&uuid[12..13], matches!(&uuid[16..17], "8" | "9" | "a" | "b")), ("4", true), "{uuid}");
    }
}
