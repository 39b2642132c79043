//! How fast logs are judged, and Kafka's rows for both sinks. `cargo bench --bench classify`.

#![expect(clippy::expect_used, reason = "a benchmark's main, and its set-up")]

use std::hint::black_box;
use std::sync::Arc;

use arrow_array::cast::AsArray;
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
    // No log comes twice within a second: neither caches nor branch prediction know it by heart.
    let mut generator = Generator::new(&contract, Some(&users), &Options::default()).expect("the defaults go together");
    let million: Vec<RecordBatch> =
        (0..100).map(|_| generator.batch(ROWS as usize).expect("the times are allowed")).collect();
    let mut parts = million.iter().cycle();
    group.bench_function("natural mix, a million", |bencher| {
        bencher.iter(|| classifier.classify(parts.next().expect("a cycle"), "value").expect("a column of logs"));
    });
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

/// Logs of other shapes than the generator's, and such as an enemy would send; by the byte, so that they compare.
fn shapes(criterion: &mut Criterion) {
    let contract = Arc::new(Contract::server_logs().expect("the contract is compiled in"));
    let users = users(&contract, 1, 1_000).expect("the contract allows a thousand accounts");
    let classifier = Classifier::new(&contract, Some(&users)).expect("the users are the contract's");
    let options = Options { bad_rate: Some(0.0), ..Options::default() };
    let mut generator = Generator::new(&contract, Some(&users), &options).expect("the defaults go together");
    let logs = generator.batch(ROWS as usize).expect("the times are allowed");
    let good: Vec<String> = logs.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect();
    let compact = |log: &String| log.replace(", ", ",").replace(": ", ":");
    let reversed = |log: &String| {
        let mut members: Vec<&str> = log.trim_matches(['{', '}']).split(", ").collect();
        members.reverse();
        format!("{{{}}}", members.join(", "))
    };
    let extended = |log: &String| log.replacen('{', r#"{"host": "web-17.example", "pid": 4711, "#, 1);
    let nested = |log: &String| log.replacen('{', r#"{"http": {"status": 200, "path": "/"}, "#, 1);
    let escapes = format!(r#"{{"event_id": "{}"}}"#, r"\u00e9\n\\".repeat(1_000));
    let duplicates = format!("{{{}}}", vec![r#""device": "IOS""#; 1_000].join(", "));
    let deepest = format!("{}1{}", r#"{"a":["#.repeat(31), "]}".repeat(31));
    let long = format!(r#"{{"event_id": "{}"}}"#, "a".repeat((1 << 20) - 100));
    let long_number = format!(r#"{{"account_id": {}}}"#, "9".repeat((1 << 20) - 100));
    let commas = format!("[{}]", vec!["0"; 10_000].join(","));
    let names = |log: &String| log.replace("device", r"devic\u0065");
    let mut group = criterion.benchmark_group("shapes");
    let mixed = good.iter().enumerate().map(|(row, log)| if row % 2 == 0 { log.clone() } else { compact(log) });
    let turned = good.iter().enumerate().map(|(row, log)| {
        // Each log has its members in another order.
        let mut members: Vec<&str> = log.trim_matches(['{', '}']).split(", ").collect();
        let count = members.len();
        members.rotate_left(row % count);
        members.swap(row / 7 % count, row / 3 % count);
        format!("{{{}}}", members.join(", "))
    });
    for (name, logs) in [
        ("good", good.clone()),
        ("good, compact", good.iter().map(compact).collect()),
        ("good, reversed", good.iter().map(reversed).collect()),
        ("good, two producers in turns", mixed.collect()),
        ("good, other fields too", good.iter().map(extended).collect()),
        ("good, an object too", good.iter().map(nested).collect()),
        ("good, any order", turned.collect()),
        ("hostile, escapes", vec![escapes; 100]),
        ("hostile, escaped names", good.iter().map(names).collect()),
        ("hostile, duplicates", vec![duplicates; 100]),
        ("hostile, deepest nesting", vec![deepest; 5_000]),
        ("hostile, a text of 1 MiB", vec![long; 3]),
        ("hostile, a number of 1 MiB", vec![long_number; 3]),
        ("hostile, an array", vec![commas; 100]),
        ("hostile, open strings", vec![r#"{"event_id": "a"#.to_owned(); 10_000]),
        ("hostile, empty objects", vec!["{}".to_owned(); 50_000]),
    ] {
        group.throughput(Throughput::Bytes(logs.iter().map(|log| log.len() as u64).sum()));
        let column: ArrayRef = Arc::new(StringArray::from(logs));
        let batch = RecordBatch::try_from_iter([("value", column)]).expect("one column");
        group.bench_function(name, |bencher| {
            bencher.iter(|| classifier.classify(black_box(&batch), "value").expect("a column of logs"));
        });
    }
    group.finish();
}

/// Fields of every kind, one to a log and then all in one, as other people's contracts have them.
fn kinds(criterion: &mut Criterion) {
    type Draw = fn(u64) -> String;
    let fields: [(&str, &str, Draw); 13] = [
        ("string", "logicalType: string", |n| format!("\"/articles/{}\"", n % 10_000)),
        ("string, not ASCII", "logicalType: string", |n| format!("\"Zoë {n}, Zürich\"")),
        ("string, escapes", "logicalType: string", |n| format!(r#""say \"{n}\" twice""#)),
        ("uuid", "logicalType: string, logicalTypeOptions: {format: uuid}", |n| {
            format!(
                "\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\"",
                n >> 32,
                n >> 16 & 0xFFFF,
                n >> 8 & 0xFFF,
                n & 0xFFF,
                n >> 16
            )
        }),
        ("email", "logicalType: string, logicalTypeOptions: {format: email}", |n| {
            format!("\"user{n}@mail.example.com\"")
        }),
        ("ipv4", "logicalType: string, logicalTypeOptions: {format: ipv4}", |n| {
            format!("\"{}.{}.{}.{}\"", n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255)
        }),
        ("uri", "logicalType: string, logicalTypeOptions: {format: uri}", |n| {
            format!("\"https://shop.example.com/articles/{}?page={}\"", n % 10_000, n % 7)
        }),
        ("timestamp", "logicalType: timestamp", |n| {
            format!(
                "\"20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"",
                n % 30,
                n / 30 % 12 + 1,
                n / 360 % 28 + 1,
                n % 24,
                n / 24 % 60,
                n / 1_440 % 60,
                n % 1_000
            )
        }),
        ("date", "logicalType: date", |n| {
            format!("\"20{:02}-{:02}-{:02}\"", n % 30, n / 30 % 12 + 1, n / 360 % 28 + 1)
        }),
        ("number", "logicalType: number, logicalTypeOptions: {minimum: 0}", |n| {
            format!("{}.{}", n % 1_000, n / 1_000 % 10_000)
        }),
        ("integer", "logicalType: integer, logicalTypeOptions: {minimum: -5}", |n| format!("{}", n % 70_000)),
        ("boolean", "logicalType: boolean", |n| if n % 3 == 0 { "true".into() } else { "false".into() }),
        ("array", "logicalType: array, items: {logicalType: string}", |n| {
            format!(r#"["a{}", "b", "c{}"]"#, n % 10, n % 100)
        }),
    ];
    let mut group = criterion.benchmark_group("kinds");
    group.throughput(Throughput::Elements(ROWS as u64));
    let each = fields.iter().map(|field| (field.0, vec![field]));
    for (name, fields) in each.chain([("all of them", fields.iter().collect())]) {
        let properties = fields.iter().enumerate();
        let properties: Vec<_> = properties
            .map(|(number, (_, kind, _))| format!("{{name: field_{number}, required: true, {kind}}}"))
            .collect();
        let text = format!(
            "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, properties: [{}]}}]}}",
            properties.join(", ")
        );
        let contract = Arc::new(Contract::parse(&text).expect("a contract"));
        let classifier = Classifier::new(&contract, None).expect("nothing is looked up");
        let mut state = 1_u64;
        let logs = (0..ROWS).map(|_| {
            let values = fields.iter().enumerate().map(|(number, (_, _, draw))| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                format!("\"field_{number}\": {}", draw(state >> 20))
            });
            format!("{{{}}}", values.collect::<Vec<_>>().join(", "))
        });
        let column: ArrayRef = Arc::new(StringArray::from_iter_values(logs));
        let batch = RecordBatch::try_from_iter([("value", column)]).expect("one column");
        let judged = classifier.classify(&batch, "value").expect("a column of logs");
        let statuses = judged["status"].as_string::<i32>();
        assert!(statuses.iter().all(|status| status == Some("good")), "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| classifier.classify(black_box(&batch), "value").expect("a column of logs"));
        });
    }
    group.finish();
}

criterion_group!(benches, classify, shapes, kinds);
criterion_main!(benches);
