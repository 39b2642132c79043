//! Every log of a batch gets from the core what the slow judge says: status, reasons and columns.
#![no_main]
#![expect(clippy::expect_used, reason = "a finding stops the run")]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use logcore::classify::Classifier;
use logcore_fuzz::core::{Layout, classifier, classify};
use logcore_fuzz::input::{NARROW, split};
use logcore_fuzz::judge::judge;

static WIDE: LazyLock<Classifier> = LazyLock::new(|| classifier(split(b"").0).expect("the contract and the users fit"));
static TIGHT: LazyLock<Classifier> =
    LazyLock::new(|| classifier(split(&[NARROW]).0).expect("the contract and the users fit"));

fuzz_target!(|input: &[u8]| {
    let (limits, logs) = split(input);
    let classifier = if input.first() == Some(&NARROW) { &TIGHT } else { &WIDE };
    let given = classify(classifier, &logs, Layout::Binary).expect("no log fails a batch");
    assert_eq!(given.len(), logs.len(), "as many rows out as in");
    for (log, given) in logs.iter().zip(given) {
        assert_eq!(given, judge(log, limits), "core, then judge, of {}", log.escape_ascii());
    }
});
