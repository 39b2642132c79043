//! The worked cases of tests/conformance, which Python and Spark judge too.

#![expect(clippy::unwrap_used, reason = "a case that can't be read stops the test")]

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BinaryViewBuilder, LargeBinaryBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use base64::Engine as _;
use logcore::classify::Classifier;
use logcore::contract::Contract;
use logcore::users::Users;
use serde_json::Value;

struct Case {
    name: String,
    log: Option<Vec<u8>>,
    status: String,
    reasons: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    include_str!("conformance/verdicts.jsonl").lines().map(case).collect()
}

fn case(line: &str) -> Case {
    let case: Value = serde_json::from_str(line).unwrap();
    let text = |key: &str| case[key].as_str().map(ToOwned::to_owned);
    let log = if let Some(size) = case.get("good_with_padding") {
        Some(padded(usize::try_from(size.as_u64().unwrap()).unwrap()))
    } else if let Some(base64) = text("value_b64") {
        Some(base64::engine::general_purpose::STANDARD.decode(base64).unwrap())
    } else {
        assert!(case.get("value").is_some(), "{line}");
        text("value").map(String::into_bytes)
    };
    let reason =
        |reason: &Value| (reason["path"].as_str().unwrap().to_owned(), reason["code"].as_str().unwrap().to_owned());
    Case {
        name: text("name").unwrap(),
        log,
        status: text("status").unwrap(),
        reasons: case["reasons"].as_array().unwrap().iter().map(reason).collect(),
    }
}

fn padded(size: usize) -> Vec<u8> {
    let good = |padding: &str| {
        format!(
            "{{\"event_id\": \"141b3ff2a92111ebbfae367ddad5b1fa\", \"account_id\": 684, \"event_type\": \"other\", \
             \"device\": \"ANDROID\", \"location_country\": \"FR\", \"event_timestamp\": 1619724510, \
             \"padding\": \"{padding}\"}}"
        )
    };
    good(&"x".repeat(size - good("").len())).into_bytes()
}

fn classifier() -> Classifier {
    let users = [["684", "ANDROID"], ["7", "IOS"], ["10000", "ANDROID"], ["10000", "IOS"], ["1", "ANDROID"]];
    let contract = Arc::new(Contract::server_logs().unwrap());
    Classifier::new(&contract, Some(&Users::new(&["account_id", "device"], users).unwrap())).unwrap()
}

fn verdicts(logs: ArrayRef) -> Vec<(String, Vec<(String, String)>)> {
    let rows = logs.len();
    let batch = RecordBatch::try_from_iter_with_nullable([("value", logs, true)]).unwrap();
    let judged = classifier().classify(&batch, "value").unwrap();
    assert_eq!(judged.num_rows(), rows);
    let (statuses, reasons) = (judged["status"].as_string::<i32>(), judged["reasons"].as_list::<i32>());
    let of_row = |row: usize| {
        let list = reasons.value(row);
        let list = list.as_struct();
        let (paths, codes) = (list["path"].as_string::<i32>(), list["code"].as_string::<i32>());
        let pairs = (0..list.len()).map(|item| (paths.value(item).to_owned(), codes.value(item).to_owned()));
        (statuses.value(row).to_owned(), pairs.collect())
    };
    (0..rows).map(of_row).collect()
}

/// In one batch, in the reverse order, and each alone: neighbours change nothing.
#[test]
fn every_case_gets_its_verdict() {
    let mut cases = cases();
    assert!(cases.len() > 100, "only {} cases", cases.len());
    for _ in 0..2 {
        let logs = BinaryBuilder::from_iter(cases.iter().map(|case| case.log.as_deref()));
        let given = verdicts(logs);
        for (case, given) in cases.iter().zip(given) {
            assert_eq!(given, (case.status.clone(), case.reasons.clone()), "{}", case.name);
        }
        cases.reverse();
    }
    for case in &cases {
        let alone = verdicts(BinaryBuilder::from_iter([case.log.as_deref()]));
        assert_eq!(alone, [(case.status.clone(), case.reasons.clone())], "{}", case.name);
    }
}

trait FromLogs {
    fn from_iter<'a>(logs: impl IntoIterator<Item = Option<&'a [u8]>>) -> ArrayRef;
}

macro_rules! from_logs {
    ($($builder:ty),*) => {
        $(impl FromLogs for $builder {
            fn from_iter<'a>(logs: impl IntoIterator<Item = Option<&'a [u8]>>) -> ArrayRef {
                let mut builder = <$builder>::new();
                for log in logs {
                    builder.append_option(log);
                }
                Arc::new(builder.finish())
            }
        })*
    };
}

from_logs!(BinaryBuilder, LargeBinaryBuilder, BinaryViewBuilder);

#[test]
fn every_column_type_gives_the_same() {
    let cases = cases();
    let logs = || cases.iter().map(|case| case.log.as_deref());
    let binary = verdicts(BinaryBuilder::from_iter(logs()));
    assert_eq!(verdicts(LargeBinaryBuilder::from_iter(logs())), binary);
    assert_eq!(verdicts(BinaryViewBuilder::from_iter(logs())), binary);
    let text: Vec<_> = cases.iter().map(|case| case.log.clone().map(String::from_utf8)).collect();
    let is_text = |row: usize| !matches!(text[row], Some(Err(_)));
    let text: Vec<Option<String>> = text.iter().filter_map(|log| log.clone().transpose().ok()).collect();
    let of_text: Vec<_> = (0..cases.len()).filter(|row| is_text(*row)).map(|row| binary[row].clone()).collect();
    assert_eq!(verdicts(Arc::new(arrow_array::StringArray::from(text.clone()))), of_text);
    assert_eq!(verdicts(Arc::new(arrow_array::LargeStringArray::from(text.clone()))), of_text);
    assert_eq!(verdicts(Arc::new(arrow_array::StringViewArray::from_iter(text))), of_text);
    let nulls = verdicts(Arc::new(arrow_array::NullArray::new(2)));
    assert_eq!(nulls[1], ("bad".to_owned(), vec![("$".to_owned(), "empty".to_owned())]));
}

#[test]
fn a_slice_gives_what_its_rows_give() {
    let cases = cases();
    let logs = BinaryBuilder::from_iter(cases.iter().map(|case| case.log.as_deref()));
    let whole = verdicts(Arc::clone(&logs));
    assert_eq!(verdicts(logs.slice(7, 31)), whole[7..38]);
    assert_eq!(verdicts(logs.slice(0, 0)), []);
}
