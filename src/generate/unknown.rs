//! Accounts that the contract allows and the users table does not know.

use std::collections::HashSet;

use super::field::FieldPlan;
use super::piece::Piece;
use super::rng::{Key, Rng, Stream};
use super::source::{Source, json_string};
use super::span::Span;
use crate::contract::{Field, Kind};
use crate::error::Result;

/// Where unknown accounts come from.
#[derive(Clone, Debug)]
pub(super) enum Unknown {
    /// Integers.
    Integers(Missing),
    /// Texts, ready to be written.
    Texts(Vec<Piece>),
}

/// The integers of a span that are not in a list.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    span: Span,
    /// Places of the listed ones within the span, sorted.
    listed: Vec<u64>,
    count: u64,
}

/// How many unknown texts are kept, and how many are drawn to find them.
const TEXTS: usize = 256;
const DRAWS: u64 = 4_096;

impl Unknown {
    /// None where the table knows every account that the field allows.
    pub(super) fn new(field: &Field, known: &[i64], names: &[&str], plan: &FieldPlan) -> Result<Option<Self>> {
        if let Kind::Integer(rules) = &field.kind {
            return Ok(Span::of(rules).and_then(|span| Missing::new(span, known)).map(Self::Integers));
        }
        let names: HashSet<&str> = names.iter().copied().collect();
        let source = Source::new(field, &field.name)?;
        let key = Key::new(1, Stream::Samples);
        let mut texts: Vec<String> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        for index in 0..DRAWS {
            let Some(text) = source.draw_text(&mut key.at(index), field) else { break };
            if texts.len() < TEXTS && !names.contains(&*text) && seen.insert(text.clone()) {
                texts.push(text);
            }
        }
        let texts: Vec<Piece> = texts.iter().map(|value| plan.whole(&json_string(value))).collect();
        Ok((!texts.is_empty()).then_some(Self::Texts(texts)))
    }
}

impl Missing {
    /// None where the list holds them all.
    fn new(span: Span, listed: &[i64]) -> Option<Self> {
        let mut listed: Vec<u64> = listed.iter().filter_map(|value| span.steps_to(*value)).collect();
        listed.sort_unstable();
        listed.dedup();
        let count = u128::from(span.last_step()) + 1 - listed.len() as u128;
        // Only an empty list leaves 2^64; the last of them is never drawn then.
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        (count > 0).then_some(Self { span, listed, count })
    }

    /// One of them, evenly.
    pub(super) fn draw(&self, rng: &mut Rng) -> i64 {
        self.nth(rng.below(self.count))
    }

    fn nth(&self, rank: u64) -> i64 {
        // Before the listed one at place k stand `listed[k] - k` that are missing.
        let (mut low, mut high) = (0, self.listed.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.listed[middle] - middle as u64 <= rank { low = middle + 1 } else { high = middle }
        }
        self.span.at(rank + low as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::Missing;
    use crate::generate::span::Span;

    #[test]
    fn counts_what_is_not_listed() {
        let missing = Missing::new(Span::new(0, 30, Some(3)).unwrap(), &[3, 6, 27, 0, 15, 7]).unwrap();
        let all: Vec<i64> = (0..missing.count).map(|rank| missing.nth(rank)).collect();
        assert_eq!(all, [9, 12, 18, 21, 24, 30]);
        assert!(Missing::new(Span::new(1, 3, None).unwrap(), &[3, 2, 1]).is_none());
        let wide = Missing::new(Span::new(i64::MIN, i64::MAX, None).unwrap(), &[i64::MIN, 0]).unwrap();
        assert_eq!((wide.nth(0), wide.nth(wide.count - 1)), (i64::MIN + 1, i64::MAX));
    }
}
