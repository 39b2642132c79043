//! A log gets the same alone as behind other logs, whatever layouts were learned from them, and wherever it lies.
#![no_main]
#![expect(clippy::expect_used, reason = "a finding stops the run")]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use logcore::classify::Classifier;
use logcore_fuzz::core::{Layout, classifier, classify};
use logcore_fuzz::input::{NARROW, split};

static WIDE: LazyLock<Classifier> = LazyLock::new(|| classifier(split(b"").0).expect("the contract and the users fit"));
static TIGHT: LazyLock<Classifier> =
    LazyLock::new(|| classifier(split(&[NARROW]).0).expect("the contract and the users fit"));

fuzz_target!(|input: &[u8]| {
    let (_, mut logs) = split(input);
    let classifier = if input.first() == Some(&NARROW) { &TIGHT } else { &WIDE };
    let judge = |logs: &[&[u8]], layout| classify(classifier, logs, layout).expect("no log fails a batch");
    let mut alone: Vec<_> = logs.iter().flat_map(|log| judge(&[log], Layout::View)).collect();
    assert_eq!(alone.len(), logs.len(), "as many rows out as in");
    assert_eq!(judge(&logs, Layout::Binary), alone, "in a batch, then alone");
    assert_eq!(judge(&logs, Layout::View), alone, "in a batch of views, then alone");
    logs.reverse();
    alone.reverse();
    assert_eq!(judge(&logs, Layout::Binary), alone, "in the reverse order, then alone");
});
