//! Generated logs for tests: read from a batch, and held against the judge.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use logcore::Error;
use logcore::classify::Classifier;
use logcore::contract::Contract;
use logcore::generate::{Generator, Options};
use logcore::users::Users;

/// One log: text, status, reasons as `path code`.
pub(crate) type Log = (String, String, Vec<String>);

pub(crate) fn reasons(batch: &RecordBatch, column: &str, row: usize) -> Vec<String> {
    let list = batch.column_by_name(column).unwrap().as_list::<i32>().value(row);
    let list = list.as_struct();
    let text = |name: &str, row: usize| list.column_by_name(name).unwrap().as_string::<i32>().value(row).to_owned();
    (0..list.len()).map(|row| format!("{} {}", text("path", row), text("code", row))).collect()
}

pub(crate) fn logs(batch: &RecordBatch) -> Vec<Log> {
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
    let (values, statuses) = (text("value"), text("expected_status"));
    (0..batch.num_rows())
        .map(|row| (values.value(row).into(), statuses.value(row).into(), reasons(batch, "expected_reasons", row)))
        .collect()
}

pub(crate) fn rates(bad: impl Into<Option<f64>>, suspicious: impl Into<Option<f64>>) -> Options {
    Options { bad_rate: bad.into(), suspicious_rate: suspicious.into(), ..Options::default() }
}

pub(crate) fn complaint(contract: &Contract, users: Option<&Users>, options: &Options) -> String {
    match Generator::new(contract, users, options) {
        Err(Error::Generator(message)) => {
            assert!(!message.contains('\n'), "{message}");
            message
        }
        other => panic!("no complaint: {other:?}"),
    }
}

/// Classifies `count` logs. Yields how many there are of each status and reasons, such as `bad: $ malformed_json`.
pub(crate) fn judge(
    contract: &Contract,
    users: Option<&Users>,
    options: &Options,
    count: usize,
) -> BTreeMap<String, u32> {
    let classifier = Classifier::new(&Arc::new(contract.clone()), users).unwrap();
    let batch = Generator::new(contract, users, options).unwrap().batch(count).unwrap();
    let judged = classifier.classify(&batch, "value").unwrap();
    let statuses = judged.column_by_name("status").unwrap().as_string::<i32>();
    let mut seen = BTreeMap::new();
    for (row, (value, status, expected)) in logs(&batch).into_iter().enumerate() {
        let found = (statuses.value(row), reasons(&judged, "reasons", row));
        assert_eq!(found, (status.as_str(), expected.clone()), "{} {row}: {value}", contract.name());
        *seen.entry(format!("{status}: {}", expected.join(", "))).or_default() += 1;
    }
    seen
}
