//! How fast logs are judged, and Kafka's rows for both sinks. `cargo bench --bench classify`.

#![expect(clippy::expect_used, reason = "a benchmark's main, and its set-up")]

use std::hint::black_box;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logcore::classify::Classifier;
use logcore::contract::Contract;
use logcore::generate::{Generator, Options, users};
use logcore::sink::judge::judge;

const ROWS: i32 = 10_000;

fn classify(criterion: &mut Criterion) {
    let contract = Arc::new(Contract::server_logs().expect("the contract is compiled in"));
    let users = users(&contract, 1, 1_000).expect("the contract allows a thousand accounts");
    let classifier = Classifier::new(&contract, Some(&users)).expect("the users are the contract's");
    let mut group = criterion.benchmark_group("classify");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, bad_rate) in [("natural mix", None), ("all good", Some(0.0)), ("all bad", Some(1.0))] {
        let options = Options { bad_rate, suspicious_rate: bad_rate.map(|_| 0.0), ..Options::default() };
        let mut generator = Generator::new(&contract, Some(&users), &options).expect("the defaults go together");
        let logs = generator.batch(ROWS as usize).expect("the times are allowed");
        group.bench_function(name, |bencher| {
            bencher.iter(|| classifier.classify(black_box(&logs), "value").expect("a column of logs"));
        });
    }
    let mut generator = Generator::new(&contract, Some(&users), &Options::default()).expect("the defaults go together");
    let logs = generator.batch(ROWS as usize).expect("the times are allowed");
    let rows = RecordBatch::try_from_iter([
        ("value", Arc::clone(logs.column(0))),
        ("topic", Arc::new(StringArray::from_iter_values((0..ROWS).map(|_| "server-logs"))) as ArrayRef),
        ("partition", Arc::new(Int32Array::from_iter_values((0..ROWS).map(|_| 0)))),
        ("offset", Arc::new(Int64Array::from_iter_values(0..i64::from(ROWS)))),
        ("timestamp", Arc::new(TimestampMicrosecondArray::from_iter_values((0..ROWS).map(|_| 1_700_000_000_000_000)))),
    ])
    .expect("columns of one length");
    group.bench_function("judge, natural mix", |bencher| {
        bencher.iter(|| judge(&classifier, black_box(&rows)).expect("Kafka's columns"));
    });
    group.finish();
}

criterion_group!(benches, classify);
criterion_main!(benches);
