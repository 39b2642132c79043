//! The shape of a string. A pattern that is one class of ASCII characters, repeated, is compared 16 bytes at a time; all
//! others go through the regular expression.

use crate::contract::Pattern;
use regex::bytes::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A shape to hold texts against.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Some of these characters.
    Run(Run),
    /// Anything else.
    Expression(Regex),
}

impl Shape {
    pub(super) fn new(pattern: &Pattern) -> Self {
        match Run::of(pattern.hir()) {
            Some(run) => Self::Run(run),
            None => Self::Expression(pattern.regex().clone()),
        }
    }

    #[inline]
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Run(run) => run.matches(text),
            Self::Expression(regex) => regex.is_match(text),
        }
    }
}

/// `[…]{fewest,most}` over ASCII.
#[derive(Clone, Debug)]
pub(super) struct Run {
    fewest: usize,
    most: usize,
    /// First characters of the class's ranges, and how many follow each.
    ranges: [(u8, u8); RANGES],
}

/// Hex digits in either case are three ranges.
const RANGES: usize = 4;

impl Run {
    fn of(hir: &Hir) -> Option<Self> {
        let repetition = match hir.kind() {
            HirKind::Concat(parts) => {
                let mut inner = parts.iter().filter(|part| !is_anchor(part));
                let only = inner.next()?;
                if inner.next().is_some() || !anchored(parts) {
                    return None;
                }
                match only.kind() {
                    HirKind::Repetition(repetition) => repetition,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let HirKind::Class(Class::Unicode(class)) = repetition.sub.kind() else { return None };
        let mut ranges = [(0, 0); RANGES];
        let found = class.ranges();
        if found.is_empty() || found.len() > RANGES {
            return None;
        }
        // Places that are left over repeat the last range.
        for (place, index) in ranges.iter_mut().zip(0..) {
            let range = found.get(index).or(found.last())?;
            let (start, end) = (ascii(range.start())?, ascii(range.end())?);
            *place = (start, end - start);
        }
        let most = repetition.max.map_or(usize::MAX, |most| most as usize);
        Some(Self { fewest: repetition.min as usize, most, ranges })
    }

    #[inline]
    fn matches(&self, text: &[u8]) -> bool {
        if text.len() < self.fewest || text.len() > self.most {
            return false;
        }
        let (chunks, rest) = text.as_chunks::<16>();
        // Lane by lane, in a form that the compiler turns into vector instructions.
        let mut outside = [0; 16];
        for chunk in chunks {
            let mut missed = [1; 16];
            for (start, span) in self.ranges {
                for (missed, byte) in missed.iter_mut().zip(chunk) {
                    *missed &= u8::from(byte.wrapping_sub(start) > span);
                }
            }
            for (outside, missed) in outside.iter_mut().zip(missed) {
                *outside |= missed;
            }
        }
        u128::from_ne_bytes(outside) == 0 && rest.iter().all(|byte| self.holds(*byte))
    }

    #[inline]
    fn holds(&self, byte: u8) -> bool {
        self.ranges.iter().any(|(start, span)| byte.wrapping_sub(*start) <= *span)
    }
}

fn ascii(c: char) -> Option<u8> {
    u8::try_from(c).ok().filter(u8::is_ascii)
}

fn is_anchor(part: &Hir) -> bool {
    matches!(part.kind(), HirKind::Look(Look::Start | Look::End))
}

/// Anchors stand at the edges only, `^` before and `$` behind.
fn anchored(parts: &[Hir]) -> bool {
    let middle = parts.iter().position(|part| !is_anchor(part)).unwrap_or(0);
    let is = |part: &Hir, look: Look| matches!(part.kind(), HirKind::Look(found) if *found == look);
    middle > 0
        && parts.iter().take(middle).all(|part| is(part, Look::Start))
        && parts.len() > middle + 1
        && parts.iter().skip(middle + 1).all(|part| is(part, Look::End))
}

#[cfg(test)]
mod tests {
    use super::Shape;
    use crate::contract::{Contract, Kind};

    fn shape(pattern: &str) -> Shape {
        let contract = format!(
            "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, properties: [{{name: f, logicalType: string, \
             logicalTypeOptions: {{pattern: '{pattern}'}}}}]}}]}}"
        );
        let contract = Contract::parse(&contract).unwrap();
        let Kind::String(rules) = &contract.fields()[0].kind else { panic!("a string") };
        Shape::new(rules.pattern.as_ref().unwrap())
    }

    #[test]
    fn runs_of_a_class_say_what_the_expression_says() {
        let texts = [
            "",
            "0",
            "g",
            "0123456789abcdefABCDEF0123456789",
            "0123456789abcdefABCDEF012345678",
            "0123456789abcdefABCDEF01234567890",
            "0123456789abcdefGBCDEF0123456789",
            "0123456789abcdefABCDEF012345678\n",
            "0123456789abcdefABCDEF01234567é",
            "/:@G`",
        ];
        for pattern in ["^[0-9a-fA-F]{32}$", "[0-9a-fA-F]{0,31}", "[0-9]+", "^[a-f]*$", r"\d{1,3}"] {
            let run = shape(pattern);
            assert!(matches!(run, Shape::Run(_)), "{pattern} is no run");
            let contract = format!("^(?:{})$", pattern.replace(r"\d", "[0-9]"));
            let regex = regex::bytes::Regex::new(&contract).unwrap();
            for text in texts {
                assert_eq!(run.matches(text.as_bytes()), regex.is_match(text.as_bytes()), "{pattern} on {text:?}");
            }
        }
    }

    #[test]
    fn other_patterns_stay_expressions() {
        for pattern in ["a|b", "[a-z][0-9]", "^[é]{2}$", "(ab)+", "[acegi]{2}", "[0-9]{2}$|x"] {
            assert!(matches!(shape(pattern), Shape::Expression(_)), "{pattern} is a run");
        }
    }
}
