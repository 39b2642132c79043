//! The shape of a string. A pattern that is one class of ASCII characters, repeated, is compared 32 bytes at a time; all
//! others go through the regular expression.

use crate::contract::Pattern;
use crate::lanes::{Class, Lanes, WIDTH, Window};
use regex::bytes::Regex;
use regex_syntax::hir::{self, Hir, HirKind, Look};

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

    #[inline(always)]
    pub(super) fn matches(&self, lanes: impl Lanes, text: &[u8], within: &[u8]) -> bool {
        match self {
            Self::Run(run) => run.matches(lanes, text, within),
            Self::Expression(regex) => regex.is_match(text),
        }
    }
}

/// `[…]{fewest,most}` over ASCII.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    fewest: usize,
    most: usize,
    class: Class,
}

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
        let HirKind::Class(hir::Class::Unicode(found)) = repetition.sub.kind() else { return None };
        let mut class = Class::default();
        for range in found.ranges() {
            // A class that goes past ASCII is seen at its first character there.
            for c in range.start()..=range.end() {
                if !u8::try_from(c).is_ok_and(|byte| class.insert(byte)) {
                    return None;
                }
            }
        }
        let most = repetition.max.map_or(usize::MAX, |most| most as usize);
        Some(Self { fewest: repetition.min as usize, most, class })
    }

    /// Whether the text of `length` bytes, at most a window, at the start of that window is such a run.
    #[inline(always)]
    pub(super) fn matches_short(&self, lanes: impl Lanes, length: usize, window: &Window) -> bool {
        // The bytes behind the text don't count.
        let own = u32::try_from((1_u64 << (length as u64 & 63)) - 1).unwrap_or(u32::MAX);
        (self.fewest <= length) & (length <= self.most) & (lanes.strangers(window, &self.class) & own == 0)
    }

    /// Whether the text at the start of `within` is such a run.
    #[inline(always)]
    pub(super) fn matches(&self, lanes: impl Lanes, text: &[u8], within: &[u8]) -> bool {
        if text.len() < self.fewest || text.len() > self.most {
            return false;
        }
        let (mut text, mut within) = (text, within);
        while let (Some((window, behind)), [_, ..]) = (within.split_first_chunk(), text) {
            let count = text.len().min(WIDTH);
            // The bytes behind the text don't count.
            if lanes.strangers(window, &self.class) & (u32::MAX >> (WIDTH - count)) != 0 {
                return false;
            }
            text = text.get(count..).unwrap_or_default();
            within = behind;
        }
        text.iter().all(|byte| self.class.holds(*byte))
    }
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
    use crate::lanes::Portable;

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
        let matches = |shape: &Shape, text: &str| {
            let within = format!("{text}\", and more than 32 bytes behind it");
            let matches = shape.matches(Portable, text.as_bytes(), within.as_bytes());
            assert_eq!(shape.matches(Portable, text.as_bytes(), text.as_bytes()), matches, "{text:?}");
            matches
        };
        for pattern in ["^[0-9a-fA-F]{32}$", "[0-9a-fA-F]{0,31}", "[0-9]+", "^[a-f]*$", "[acegi013]{2,31}", r"\d{1,3}"]
        {
            let run = shape(pattern);
            assert!(matches!(run, Shape::Run(_)), "{pattern} is no run");
            let contract = format!("^(?:{})$", pattern.replace(r"\d", "[0-9]"));
            let regex = regex::bytes::Regex::new(&contract).unwrap();
            for text in texts {
                assert_eq!(matches(&run, text), regex.is_match(text.as_bytes()), "{pattern} on {text:?}");
            }
        }
    }

    #[test]
    fn other_patterns_stay_expressions() {
        for pattern in ["a|b", "[a-z][0-9]", "^[é]{2}$", "(ab)+", "[0-9]{2}$|x"] {
            assert!(matches!(shape(pattern), Shape::Expression(_)), "{pattern} is a run");
        }
    }
}
