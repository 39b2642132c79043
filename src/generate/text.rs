//! Strings drawn from a field's length and pattern.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::rng::{Key, Rng, Stream};
use super::rules::allows_text;
use crate::contract::{StringRules, TextFormat};

/// Draws texts that the rules allow.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    shape: Shape,
    /// The rules, where a text of the shape might still break them.
    check: Option<StringRules>,
    /// One text that is known to be right.
    example: String,
}

/// What a pattern says, without its assertions.
#[derive(Clone, Debug)]
enum Shape {
    Literal(String),
    Class(Characters),
    Repeat { inner: Box<Shape>, fewest: u64, most: u64 },
    All(Vec<Shape>),
    OneOf(Vec<Shape>),
}

/// A set of characters.
#[derive(Clone, Debug)]
struct Characters {
    every: Vec<(u32, u32)>,
    printable: Vec<(u32, u32)>,
}

/// Draws from the shape before the rest of the rules counts as too narrow.
const TRIES_BEFORE: u64 = 20_000;
/// The same in bytes of texts drawn.
const BYTES_BEFORE: usize = 1 << 24;
/// Draws for one log, before the one text that is known to be right is taken.
const TRIES_FOR_A_LOG: usize = 32;
/// How far an open repetition goes past its fewest.
const OPEN: u64 = 8;
/// A text longer than this is drawn again: patterns such as `(a{1000}){1000}` are within the standard.
const LONGEST: usize = 1 << 20;

impl Texts {
    /// None where no text is found that the rules allow.
    pub(super) fn new(rules: &StringRules) -> Option<Self> {
        let fewest = rules.min_length as u64;
        let most = rules.max_length.map_or(u64::MAX, |most| most as u64);
        let (shape, exact) = if let Some(pattern) = &rules.pattern {
            let open = OPEN.max(fewest);
            let exact = looks(pattern.hir()) == 2 && fewest == 0 && rules.max_length.is_none();
            (Shape::of(pattern.hir(), open)?, exact && rules.format.is_none())
        } else if let Some(format) = rules.format {
            let hir = regex_syntax::parse(some_of(format)).ok()?;
            (Shape::of(&hir, OPEN.max(fewest))?, fewest == 0 && rules.max_length.is_none())
        } else {
            let any = Shape::Class(Characters::new([(0, u32::from(char::MAX))])?);
            let most = most.min(fewest.saturating_add(2 * OPEN));
            (Shape::Repeat { inner: Box::new(any), fewest, most }, true)
        };
        let key = Key::new(0, Stream::Samples);
        let mut drawn = 0;
        for index in 0..TRIES_BEFORE {
            let mut text = String::new();
            if shape.draw(&mut key.at(index), &mut text) && allows_text(rules, &text) {
                return Some(Self { shape, check: (!exact).then(|| rules.clone()), example: text });
            }
            drawn += text.len();
            if drawn > BYTES_BEFORE {
                break;
            }
        }
        None
    }

    /// Puts a text into `text`, whatever was there.
    pub(super) fn draw(&self, rng: &mut Rng, text: &mut String) {
        for _ in 0..TRIES_FOR_A_LOG {
            text.clear();
            let whole = self.shape.draw(rng, text);
            if whole && self.check.as_ref().is_none_or(|rules| allows_text(rules, text)) {
                return;
            }
        }
        text.clone_from(&self.example);
    }
}

/// A pattern of texts of that format, not of all.
const fn some_of(format: TextFormat) -> &'static str {
    match format {
        TextFormat::Uuid => "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        TextFormat::Email => "[a-z]{2,10}(?:\\.[a-z]{2,10})?@[a-z]{2,10}\\.example",
        TextFormat::Hostname => "[a-z][a-z0-9]{1,9}(?:-[a-z0-9]{1,9})?\\.example",
        TextFormat::Ipv4 => "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?:25[0-5]|1[0-9]{2}|[1-9]?[0-9])){3}",
        TextFormat::Ipv6 => "[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}",
        TextFormat::Uri => "https://[a-z]{2,10}\\.example/[a-z0-9]{1,12}(?:\\?[a-z]=[0-9]{1,4})?",
        TextFormat::Byte => "(?:[A-Za-z0-9+/]{4}){1,8}",
    }
}

/// How many assertions a pattern holds. Two are the anchors around every pattern.
fn looks(hir: &Hir) -> usize {
    usize::from(matches!(hir.kind(), HirKind::Look(_))) + hir.kind().subs().iter().map(looks).sum::<usize>()
}

impl Shape {
    /// None for a class without a character.
    fn of(hir: &Hir, open: u64) -> Option<Self> {
        let list = |parts: &[Hir]| parts.iter().map(|part| Self::of(part, open)).collect::<Vec<_>>();
        Some(match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::All(Vec::new()),
            HirKind::Literal(literal) => Self::Literal(std::str::from_utf8(&literal.0).ok()?.to_owned()),
            HirKind::Class(Class::Unicode(class)) => Self::Class(Characters::new(
                class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))),
            )?),
            HirKind::Class(Class::Bytes(class)) => Self::Class(Characters::new(
                class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))),
            )?),
            HirKind::Repetition(repetition) => {
                let fewest = u64::from(repetition.min);
                let most = repetition.max.map_or(u64::MAX, u64::from).min(fewest + open);
                match Self::of(&repetition.sub, open) {
                    Some(inner) => Self::Repeat { inner: Box::new(inner), fewest, most },
                    None if fewest == 0 => Self::All(Vec::new()),
                    None => return None,
                }
            }
            HirKind::Capture(capture) => Self::of(&capture.sub, open)?,
            HirKind::Concat(parts) => Self::All(list(parts).into_iter().collect::<Option<_>>()?),
            HirKind::Alternation(parts) => {
                let possible: Vec<Self> = list(parts).into_iter().flatten().collect();
                if possible.is_empty() {
                    return None;
                }
                Self::OneOf(possible)
            }
        })
    }

    /// Appends a text of the shape; false where it became too long.
    fn draw(&self, rng: &mut Rng, text: &mut String) -> bool {
        match self {
            Self::Literal(literal) => text.push_str(literal),
            Self::Class(characters) => text.push(characters.draw(rng)),
            Self::Repeat { inner, fewest, most } => {
                // Half of the texts stay short: where lengths are bounded, repeated repetitions rarely fit otherwise.
                let spread = most - fewest;
                let more = if rng.coin() { rng.below(spread.min(2) + 1) } else { rng.below(spread + 1) };
                for _ in 0..fewest + more {
                    if !inner.draw(rng, text) {
                        return false;
                    }
                }
            }
            Self::All(parts) => return parts.iter().all(|part| part.draw(rng, text)),
            Self::OneOf(parts) => return parts[rng.place(parts.len())].draw(rng, text),
        }
        text.len() <= LONGEST
    }
}

impl Characters {
    /// From code points, both ends included; None without a character.
    fn new(ranges: impl IntoIterator<Item = (u32, u32)>) -> Option<Self> {
        const SURROGATES: (u32, u32) = (0xD800, 0xDFFF);
        let mut every = Vec::new();
        for (start, end) in ranges {
            for (from, to) in [(start, end.min(SURROGATES.0 - 1)), (start.max(SURROGATES.1 + 1), end)] {
                if from <= to {
                    every.push((from, to));
                }
            }
        }
        let printable =
            every.iter().map(|(start, end)| (*start.max(&0x20), *end.min(&0x7E))).filter(|(a, b)| a <= b).collect();
        (!every.is_empty()).then_some(Self { every, printable })
    }

    /// A character, mostly printable ASCII where the set has it.
    fn draw(&self, rng: &mut Rng) -> char {
        let rare = rng.below(16) == 0;
        let ranges = if rare || self.printable.is_empty() { &self.every } else { &self.printable };
        let count: u32 = ranges.iter().map(|(start, end)| end - start + 1).sum();
        let mut place = u32::try_from(rng.below(u64::from(count))).unwrap_or(0);
        for (start, end) in ranges {
            let length = end - start + 1;
            if place < length {
                return char::from_u32(start + place).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
            place -= length;
        }
        char::REPLACEMENT_CHARACTER
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;
    use crate::contract::{Contract, Kind, StringRules};
    use crate::generate::rng::{Key, Stream};
    use crate::generate::rules::allows_text;

    fn rules(options: &str) -> StringRules {
        let text = format!(
            "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, properties: [{{name: f, logicalType: string, \
             logicalTypeOptions: {options}}}]}}]}}"
        );
        let contract = Contract::parse(&text).unwrap();
        let Kind::String(rules) = contract.fields()[0].kind.clone() else { panic!("a string") };
        rules
    }

    #[test]
    fn every_text_keeps_the_rules() {
        for options in [
            "{pattern: '^[0-9a-fA-F]{32}$'}",
            "{pattern: '(?:north|south)-\\d+|lab'}",
            "{pattern: '^a|b$'}",
            "{pattern: '\\S+(?:\\s\\S+)*', minLength: 2, maxLength: 20}",
            "{pattern: '\\W*\\bfoo\\b.*'}",
            "{pattern: 'a+?b*?(c{2,3}?|[^a-c]{2,})?', maxLength: 12}",
            "{pattern: '[a-z]+', minLength: 40}",
            "{pattern: '(?:x|[])y[]*'}",
            "{pattern: '[]|z'}",
            "{pattern: ''}",
            "{minLength: 3, maxLength: 5}",
            "{minLength: 300}",
            "{}",
        ] {
            let rules = rules(options);
            let texts = Texts::new(&rules).expect(options);
            let mut text = String::new();
            for index in 0..2_000 {
                texts.draw(&mut Key::new(1, Stream::Logs).at(index), &mut text);
                assert!(allows_text(&rules, &text), "{options}: {text:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_none() {
        for options in ["{pattern: '[]'}", "{pattern: '[0-9]{3}', minLength: 4}", "{pattern: 'a\\bb'}"] {
            assert!(Texts::new(&rules(options)).is_none(), "{options}");
        }
    }

    #[test]
    fn texts_of_any_length_reach_beyond_ascii() {
        let texts = Texts::new(&rules("{}")).unwrap();
        let mut text = String::new();
        let mut wide = 0;
        for index in 0..200 {
            texts.draw(&mut Key::new(1, Stream::Logs).at(index), &mut text);
            wide += usize::from(!text.is_ascii());
        }
        assert!((20..180).contains(&wide), "{wide} of 200");
    }
}
