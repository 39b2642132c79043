//! What is noted with a commit of a range's offset.

use super::counts::Counts;
use super::ranges::{Plan, Range};

const NOTE: &str = "logcore-2";

/// What the note of a partition's last commit means to who comes to a range of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// The commit is of this plan and range; what its logs have got so far.
    Ours(Counts),
    /// It is of a later batch: this one is done, and whoever still tries it comes too late.
    Later(i64),
    /// It is of something else.
    Other,
}

/// What a commit says of a range beside its offset.
pub(super) fn note(plan: Plan<'_>, range: &Range, counts: &Counts) -> String {
    let Range { from, until, .. } = *range;
    let [good, bad, suspicious] = counts.logs;
    let Plan { batch, id } = plan;
    format!("{NOTE} {batch} {id} {from} {until} {good} {bad} {suspicious} {}", counts.bytes)
}

/// Reads a note.
pub(super) fn noted(note: &str, plan: Plan<'_>, range: &Range) -> Noted {
    read(note, plan, range).unwrap_or(Noted::Other)
}

fn read(note: &str, plan: Plan<'_>, range: &Range) -> Option<Noted> {
    let mut words = note.strip_prefix(NOTE)?.strip_prefix(' ')?.split(' ');
    let batch: i64 = words.next()?.parse().ok()?;
    if batch > plan.batch {
        return Some(Noted::Later(batch));
    }
    let id = words.next()?;
    let numbers = words.map(str::parse).collect::<std::result::Result<Vec<i64>, _>>().ok()?;
    let [from, until, counts @ ..] = numbers.as_slice() else { return None };
    let counts: Vec<u64> = counts.iter().filter_map(|count| u64::try_from(*count).ok()).collect();
    let [good, bad, suspicious, bytes] = counts.try_into().ok()?;
    let ours = batch == plan.batch && id == plan.id && (*from, *until) == (range.from, range.until);
    ours.then_some(Noted::Ours(Counts { logs: [good, bad, suspicious], bytes }))
}

#[cfg(test)]
mod tests {
    use super::{Counts, Noted, Plan, Range, note, noted};

    #[test]
    fn a_note_is_good_for_its_plan_and_range_only() {
        let range = Range { partition: 2, from: 10, until: 400 };
        let plan = Plan { batch: 7, id: "a1b2" };
        let counts = Counts { logs: [1, 2, 3], bytes: 999 };
        let text = note(plan, &range, &counts);
        assert_eq!(text, "logcore-2 7 a1b2 10 400 1 2 3 999");
        assert_eq!(noted(&text, plan, &range), Noted::Ours(counts));
        assert_eq!(noted(&text, Plan { id: "a1b", ..plan }, &range), Noted::Other);
        assert_eq!(noted(&text, Plan { id: "a1b3", ..plan }, &range), Noted::Other);
        assert_eq!(noted(&text, Plan { batch: 8, ..plan }, &range), Noted::Other);
        assert_eq!(noted(&text, plan, &Range { from: 11, ..range }), Noted::Other);
        assert_eq!(noted(&text, plan, &Range { until: 401, ..range }), Noted::Other);
        for other in ["", "logcore-2", "logcore-2 7 a1b2 10 400 1 2 3", "logcore-2 7 a1b2 10 400 1 2 3 x", "somebody's"]
        {
            assert_eq!(noted(other, plan, &range), Noted::Other, "{other}");
        }
    }

    #[test]
    fn a_note_of_a_later_batch_says_that_this_one_is_done() {
        let range = Range { partition: 2, from: 10, until: 400 };
        let later =
            note(Plan { batch: 8, id: "c3d4" }, &Range { partition: 2, from: 400, until: 500 }, &Counts::default());
        assert_eq!(noted(&later, Plan { batch: 7, id: "a1b2" }, &range), Noted::Later(8));
    }
}
