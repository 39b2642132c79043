//! What is noted with a commit of a range's offset.

use super::counts::Counts;
use super::ranges::Range;

const NOTE: &str = "logcore-1";

/// What a commit says of a range beside its offset.
pub(super) fn note(plan: &str, range: &Range, counts: &Counts) -> String {
    let Range { from, until, .. } = *range;
    let [good, bad, suspicious] = counts.logs;
    format!("{NOTE} {plan} {from} {until} {good} {bad} {suspicious} {}", counts.bytes)
}

/// What a range's logs have got so far, if the note is of this plan and range.
pub(super) fn noted(note: &str, plan: &str, range: &Range) -> Option<Counts> {
    let rest = note.strip_prefix(NOTE)?.strip_prefix(' ')?.strip_prefix(plan)?.strip_prefix(' ')?;
    let numbers = rest.split(' ').map(str::parse).collect::<std::result::Result<Vec<i64>, _>>().ok()?;
    let [from, until, counts @ ..] = numbers.as_slice() else { return None };
    let counts: Vec<u64> = counts.iter().filter_map(|count| u64::try_from(*count).ok()).collect();
    let [good, bad, suspicious, bytes] = counts.try_into().ok()?;
    let ours = (*from, *until) == (range.from, range.until);
    ours.then_some(Counts { logs: [good, bad, suspicious], bytes })
}

#[cfg(test)]
mod tests {
    use super::{Counts, Range, note, noted};

    #[test]
    fn a_note_is_good_for_its_plan_and_range_only() {
        let range = Range { partition: 2, from: 10, until: 400 };
        let counts = Counts { logs: [1, 2, 3], bytes: 999 };
        let text = note("a1b2", &range, &counts);
        assert_eq!(text, "logcore-1 a1b2 10 400 1 2 3 999");
        assert_eq!(noted(&text, "a1b2", &range), Some(counts));
        assert_eq!(noted(&text, "a1b", &range), None);
        assert_eq!(noted(&text, "a1b3", &range), None);
        assert_eq!(noted(&text, "a1b2", &Range { from: 11, ..range }), None);
        assert_eq!(noted(&text, "a1b2", &Range { until: 401, ..range }), None);
        for other in ["", "logcore-1", "logcore-1 a1b2 10 400 1 2 3", "logcore-1 a1b2 10 400 1 2 3 x", "somebody's"] {
            assert_eq!(noted(other, "a1b2", &range), None, "{other}");
        }
    }
}
