//! Generated logs: the same whatever the way to them, spoiled as often as the contract says, and judged as they say.

#![expect(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod generated;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Schema};
use generated::{Log, complaint, judge, logs, rates};
use logcore::contract::{AnomalyValue, Contract, short_hash};
use logcore::generate::{Generator, Options, expected_json, users};
use logcore::users::Users;
use logcore::verdict::{Code, Place, Reason, Status};

fn server_logs() -> Contract {
    Contract::server_logs().unwrap()
}

fn generator(contract: &Contract, options: Options) -> Generator {
    let users = contract.lookup().map(|_| users(contract, 1, 1_000).unwrap());
    Generator::new(contract, users.as_ref(), &options).unwrap()
}

/// The project's own contract, and those of the conformance tests.
fn contracts() -> Vec<Contract> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/contracts");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 3, "{paths:?}");
    let loaded = paths.iter().map(|path| Contract::load(path).unwrap());
    std::iter::once(server_logs()).chain(loaded).collect()
}

/// How many logs of each status there are among the first `count`.
fn shares(generator: &mut Generator, count: u64) -> [f64; 3] {
    let mut found = [0_u32; 3];
    let (mut out, mut reasons) = (Vec::new(), Vec::new());
    for index in 0..count {
        out.clear();
        reasons.clear();
        found[match generator.write(index, &mut out, &mut reasons) {
            Status::Good => 0,
            Status::Suspicious => 1,
            Status::Bad => 2,
        }] += 1;
    }
    found.map(|found| f64::from(found) / u32::try_from(count).map(f64::from).unwrap())
}

fn assert_shares(options: Options, expected: [f64; 3], tolerance: f64) {
    let found = shares(&mut generator(&server_logs(), options), 200_000);
    for (found_share, expected_share) in found.iter().zip(expected) {
        assert!((found_share - expected_share).abs() <= tolerance, "{found:?}, wanted {expected:?}: {options:?}");
    }
}

#[test]
fn the_first_logs_of_seed_1_stay_what_they_are() {
    let golden = [
        r#"{"event_id": "67171526d1674f9caa4d8b94d3d2f62c", "account_id": 303, "event_type": "other", "device": "ANDROID", "location_country": "BR", "event_timestamp": "1700000000"}"#,
        r#"{"event_id": "eb95e03110254b989f4cc260a13726b8", "account_id": 247, "event_type": "click", "device": "ANDROID", "location_country": "US", "event_timestamp": "1700000000"}"#,
        r#"{"event_id": "04e4f5a1657a4e2f96771201d6b95668", "account_id": "497", "event_type": "purchase", "device": "ANDROID", "location_country": "RU", "event_timestamp": 1700000000}"#,
    ];
    let logs = logs(&generator(&server_logs(), Options::default()).batch(20_000).unwrap());
    let first: Vec<&str> = logs[..3].iter().map(|(value, ..)| value.as_str()).collect();
    assert_eq!(first, golden);
    // The hash stands for the rest, anomalies of all kinds and verdicts among them.
    assert_eq!(short_hash(&format!("{logs:?}")), "ef28b0faba2a724d");
}

/// The same of the other contracts, none of which holds an object or an array.
#[test]
fn the_logs_of_flat_contracts_stay_what_they_are() {
    let hashes: Vec<String> = contracts()
        .iter()
        .map(|contract| {
            let natural = logs(&generator(contract, Options::default()).batch(5_000).unwrap());
            let half_bad = logs(&generator(contract, rates(0.5, None)).batch(5_000).unwrap());
            format!("{} {}", contract.name(), short_hash(&format!("{natural:?}{half_bad:?}")))
        })
        .collect();
    let golden = [
        "server_logs 378f7c75f6a4e124",
        "payments 6f4f81d2642a8b22",
        "sensor_readings de992dc82ab7fe72",
        "visits 3ce70b002d775cf3",
    ];
    assert_eq!(hashes, golden);
}

#[test]
fn the_columns_are_those_of_pyarrow() {
    let batch = generator(&server_logs(), Options::default()).batch(0).unwrap();
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let item = Field::new("item", DataType::Struct(vec![text("path"), text("code")].into()), true);
    let reasons = Field::new("expected_reasons", DataType::List(Arc::new(item)), true);
    assert_eq!(*batch.schema(), Schema::new(vec![text("value"), text("expected_status"), reasons]));
    assert_eq!(batch.num_rows(), 0);
}

#[test]
fn a_log_depends_on_its_index_alone() {
    for contract in contracts() {
        let whole = logs(&generator(&contract, Options::default()).batch(3_000).unwrap());
        let mut other = generator(&contract, Options::default());
        let mut pieces = Vec::new();
        for size in [1, 2, 3, 7, 64, 923, 2_000] {
            pieces.extend(logs(&other.batch(size).unwrap()));
        }
        assert_eq!(pieces, whole);
        assert_eq!(other.position(), 3_000);
        for start in [2_999_u64, 17, 1_000, 0] {
            other.seek(start);
            let place = usize::try_from(start).unwrap();
            assert_eq!(logs(&other.batch(1).unwrap()), whole[place..=place]);
        }
        let (mut out, mut reasons) = (b"before".to_vec(), vec![Reason { place: Place::Log, code: Code::Empty }]);
        let status = other.write(5, &mut out, &mut reasons);
        assert_eq!((&out[6..], status.as_str()), (whole[5].0.as_bytes(), whole[5].1.as_str()));
        assert_eq!((&out[..6], reasons.len()), (&b"before"[..], 1 + whole[5].2.len()));
    }
}

/// Contracts for which blocks of logs are written in other ways than the project's own.
fn contracts_of_all_kinds() -> Vec<Contract> {
    let both = "customProperties: [{property: acceptCanonicalString, value: true}]";
    let long = "n".repeat(60);
    let properties = [
        format!("{{name: {long}, logicalType: integer, {both}}}, {{name: {long}2, logicalType: boolean}}"),
        "{name: w, logicalType: timestamp}, {name: d, logicalType: date}".to_owned(),
        "{name: a, logicalType: string, logicalTypeOptions: {pattern: '^[a-zé]{3,30}$'}}, {name: b, logicalType: number}"
            .to_owned(),
        // Logs that fit into a slot sometimes, seldom, and never.
        "{name: a, logicalType: string, logicalTypeOptions: {pattern: '^[a-z]{0,600}$'}}, {name: b, logicalType: integer}"
            .to_owned(),
        "{name: a, logicalType: string, logicalTypeOptions: {pattern: '^[a-z]{300,3000}$'}}".to_owned(),
        format!("{{name: {0}1, logicalType: integer}}, {{name: {0}2, logicalType: boolean}}", "m".repeat(250)),
        format!(
            "{{name: o, logicalType: object, properties: [{{name: x, logicalType: integer, required: true, {both}}}, {{name: \
             t, logicalType: string}}]}}, {{name: l, logicalType: array, items: {{logicalType: integer, \
             {both}}}}}, {{name: z, logicalType: integer, {both}}}"
        ),
    ];
    let anomalies =
        "cutShort: 0.02, missingField: 0.02, duplicateField: 0.05, textForNumber: 0.02, unknownAccount: 0.1";
    let made = properties.map(|properties| {
        let text = format!(
            "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, customProperties: [{{property: generator, value: \
             {{{anomalies}}}}}], properties: [{properties}]}}]}}"
        );
        Contract::parse(&text).unwrap()
    });
    let tight = server_logs().text().replace("maxBytes, value: 1048576", "maxBytes, value: 175");
    let made = made.into_iter().chain([Contract::parse(&tight).unwrap()]);
    contracts().into_iter().chain(made).collect()
}

#[test]
fn blocks_of_logs_are_what_each_is_by_itself() {
    for contract in contracts_of_all_kinds() {
        let suspicious = contract.lookup().map(|_| 0.2);
        let slow = Options { rate: 0.7, ..Options::default() };
        for options in [Options::default(), slow, rates(0.2, None), rates(0.1, suspicious)] {
            let batch = logs(&generator(&contract, options).batch(1_500).unwrap());
            let mut single = generator(&contract, options);
            let (mut many, mut ends) = (b"before".to_vec(), vec![6]);
            single.write_many(7, 3, 100, &mut many, &mut ends);
            let found = ends.windows(2).map(|ends| String::from_utf8(many[ends[0]..ends[1]].to_vec()).unwrap());
            let third = batch.iter().skip(7).step_by(3).take(100).map(|(value, ..)| value.clone());
            assert!(found.eq(third) && ends.len() == 101);
            for (index, (value, status, reasons)) in (0..).zip(&batch) {
                let (mut out, mut found) = (Vec::new(), Vec::new());
                let its = single.write(index, &mut out, &mut found);
                assert_eq!((String::from_utf8(out).unwrap().as_str(), its.as_str()), (value.as_str(), status.as_str()));
                assert_eq!(found.len(), reasons.len(), "{value}");
            }
        }
    }
}

#[test]
fn the_seeds_of_users_and_logs_are_independent() {
    let contract = server_logs();
    let with = |users_seed, seed| {
        let users = users(&contract, users_seed, 1_000).unwrap();
        let options = Options { seed, ..Options::default() };
        logs(&Generator::new(&contract, Some(&users), &options).unwrap().batch(2_000).unwrap())
    };
    assert_eq!(users(&contract, 1, 1_000).unwrap().csv(), users(&contract, 1, 1_000).unwrap().csv());
    assert_ne!(users(&contract, 1, 1_000).unwrap().csv(), users(&contract, 2, 1_000).unwrap().csv());
    let (one, other_users, other_seed) = (with(1, 1), with(2, 1), with(1, 2));
    assert_ne!(one, other_seed);
    let equal = one.iter().zip(&other_users).filter(|(one, other)| one.1 == other.1).count();
    assert!(equal > 1_500 && equal < 2_000, "{equal} of 2,000 statuses are the same with other users");
    // Bad logs are none of the users' business.
    let bad = |logs: &[Log]| -> Vec<usize> { (0..logs.len()).filter(|row| logs[*row].1 == "bad").collect() };
    assert_eq!(bad(&one), bad(&other_users));
    assert_ne!(bad(&one), bad(&other_seed));
}

#[test]
fn users_are_drawn_by_the_contracts_weights() {
    let contract = server_logs();
    let many = users(&contract, 1, 10_000).unwrap();
    let few = users(&contract, 1, 10).unwrap();
    assert_eq!(few.rows(), &many.rows()[..10], "an account keeps its device when there are more of them");
    let accounts: BTreeSet<i64> = many.rows().iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!((accounts.len(), accounts.first(), accounts.last()), (10_000, Some(&1), Some(&10_000)));
    let ios = many.rows().iter().filter(|row| &*row[1] == "IOS").count();
    assert!((640..840).contains(&ios), "{ios} of 10,000 where 0.08 / 1.08 are wanted");
    let error = users(&contract, 1, 10_001).unwrap_err().to_string();
    assert!(error.contains("account_id") && error.contains("10000"), "{error}");
}

#[test]
fn the_mix_is_that_of_the_original_generator() {
    let found = shares(&mut generator(&server_logs(), Options::default()), 1_000_000);
    let [good, suspicious, bad] = found;
    // 1,000 users are few: how many of them have IOS moves the share of suspicious logs by half a point.
    assert!((good - 0.821).abs() < 0.015, "{found:?}");
    assert!((suspicious - 0.138).abs() < 0.015, "{found:?}");
    assert!((bad - 0.041).abs() < 0.002, "{found:?}");
}

#[test]
fn rates_are_kept() {
    assert_shares(rates(0.0, 0.0), [1.0, 0.0, 0.0], 0.0);
    assert_shares(rates(1.0, 0.0), [0.0, 0.0, 1.0], 0.0);
    assert_shares(rates(1.0, None), [0.0, 0.0, 1.0], 0.0);
    assert_shares(rates(0.0, 1.0), [0.0, 1.0, 0.0], 0.0);
    assert_shares(rates(0.9, 0.1), [0.0, 0.1, 0.9], 0.004);
    assert_shares(rates(0.2, 0.3), [0.5, 0.3, 0.2], 0.004);
    assert_shares(rates(None, 0.3), [0.659, 0.3, 0.041], 0.004);
    let [_, suspicious, bad] = shares(&mut generator(&server_logs(), rates(0.5, None)), 200_000);
    assert!((bad - 0.5).abs() < 0.004 && (suspicious - 0.07).abs() < 0.01, "{bad} {suspicious}");
}

#[test]
fn rates_that_cannot_be_had_are_refused() {
    let contract = server_logs();
    let known = users(&contract, 1, 10).unwrap();
    for (bad, suspicious, word) in [
        (Some(1.1), None, "bad"),
        (Some(f64::NAN), None, "bad"),
        (None, Some(-0.1), "suspicious"),
        (Some(0.6), Some(0.5), "add up"),
        (None, Some(0.97), "weights"),
    ] {
        let message = complaint(&contract, Some(&known), &rates(bad, suspicious));
        assert!(message.contains(word), "{message}");
    }
    let every: Vec<[String; 2]> =
        (1..=10_000).flat_map(|account: u32| ["ANDROID", "IOS"].map(|d| [account.to_string(), d.to_owned()])).collect();
    let every = Users::new(&["account_id", "device"], every).unwrap();
    assert!(complaint(&contract, Some(&every), &rates(None, 0.1)).contains("suspicious"));
    assert!(Generator::new(&contract, Some(&every), &rates(None, 0.0)).is_ok());
    assert!(complaint(&contract, None, &rates(None, 0.1)).contains("suspicious"));
    let sensors = contracts().into_iter().find(|contract| contract.lookup().is_none()).unwrap();
    assert!(complaint(&sensors, Some(&known), &rates(None, 0.1)).contains("suspicious"));
    let nobody = Users::new(&["account_id", "device"], [["1", "WATCH"]]).unwrap();
    assert!(complaint(&contract, Some(&nobody), &rates(None, 0.1)).contains("good"));
}

#[test]
fn other_complaints_name_what_is_wrong() {
    let contract = server_logs();
    let known = users(&contract, 1, 10).unwrap();
    let strangers = Users::new(&["account_id", "device"], [["0", "IOS"], ["007", "IOS"], ["10001", "IOS"]]).unwrap();
    assert!(complaint(&contract, Some(&strangers), &Options::default()).contains("account_id"));
    let others = Users::new(&["account", "device"], [["1", "IOS"]]).unwrap();
    assert!(complaint(&contract, Some(&others), &Options::default()).contains("account, device"));
    let early = Options { start: 5, ..Options::default() };
    assert!(complaint(&contract, Some(&known), &early).contains("event_timestamp"));
    let never = Options { rate: 0.0, ..Options::default() };
    assert!(complaint(&contract, Some(&known), &never).contains("rate"));
    let sensors = contracts().into_iter().find(|contract| contract.lookup().is_none()).unwrap();
    assert!(users(&sensors, 1, 10).is_err());
    for (from, to, word) in [
        ("pattern: '^[0-9a-fA-F]{32}$'", "pattern: '^[0-9]{32}$'", "event_id"),
        ("maxBytes, value: 1048576", "maxBytes, value: 50", "maxBytes"),
        ("value: 0, expect: wrong_type", "value: [[]], expect: wrong_type", "maxDepth"),
    ] {
        let text = contract.text().replace(from, to).replace("maxDepth, value: 64", "maxDepth, value: 2");
        let message = complaint(&Contract::parse(&text).unwrap(), Some(&known), &Options::default());
        assert!(message.contains(word), "{to}: {message}");
    }
}

#[test]
fn time_stays_within_the_field() {
    let contract = server_logs();
    let options = Options { start: 9_999_999_998, rate: 1.0, ..Options::default() };
    let mut generator = generator(&contract, options);
    assert_eq!(generator.batch(2).unwrap().num_rows(), 2);
    let error = generator.batch(1).unwrap_err().to_string();
    assert!(error.contains("record 2") && error.contains("9999999999"), "{error}");
    assert_eq!(generator.position(), 2);
    let (mut out, mut reasons) = (Vec::new(), Vec::new());
    generator.write(1_000, &mut out, &mut reasons);
    assert!(String::from_utf8(out).unwrap().contains("9999999999"));
}

#[test]
fn every_anomaly_of_the_contract_occurs_with_its_code() {
    let contract = server_logs();
    let batch = generator(&contract, rates(1.0, None)).batch(200_000).unwrap();
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for (value, status, reasons) in logs(&batch) {
        assert_eq!(status, "bad");
        assert!(!reasons.is_empty(), "{value}");
        for reason in reasons {
            *found.entry(reason).or_default() += 1;
        }
    }
    let mut wanted = BTreeSet::from(["$ malformed_json".to_owned()]);
    for field in contract.fields() {
        let anomalies = &field.generator.as_ref().unwrap().anomalies;
        wanted.extend(anomalies.iter().map(|anomaly| format!("{} {}", field.name, anomaly.expect.as_str())));
        wanted.extend(["missing", "duplicate_key"].map(|code| format!("{} {code}", field.name)));
    }
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), wanted);
    let text: String = batch.column(0).as_string::<i32>().iter().flatten().collect();
    for field in contract.fields() {
        for anomaly in &field.generator.as_ref().unwrap().anomalies {
            if let AnomalyValue::Json(value) = &anomaly.value {
                assert!(text.contains(&format!("\"{}\": {value}", field.name)), "{value} in {}", field.name);
            }
        }
    }
}

#[test]
fn several_fields_are_odd_at_once_and_in_order() {
    let contract = server_logs();
    let names: Vec<&str> = contract.fields().iter().map(|field| field.name.as_str()).collect();
    let batch = generator(&contract, rates(1.0, None)).batch(100_000).unwrap();
    let mut several = 0;
    for (value, _, reasons) in logs(&batch) {
        let places: Vec<usize> = reasons
            .iter()
            .filter_map(|reason| names.iter().position(|name| reason.split(' ').next() == Some(*name)))
            .collect();
        assert!(places.is_sorted_by(|one, next| one < next), "{value}: {reasons:?}");
        several += usize::from(places.len() > 1);
    }
    // Two of six chances of a half to two percent each, given that there is one.
    assert!((500..4_000).contains(&several), "{several} of 100,000");
}

#[test]
fn integers_are_written_in_both_forms() {
    let batch = generator(&server_logs(), rates(0.0, 0.0)).batch(10_000).unwrap();
    for name in ["account_id", "event_timestamp"] {
        let quoted = logs(&batch).iter().filter(|log| log.0.contains(&format!("\"{name}\": \""))).count();
        assert!((4_700..5_300).contains(&quoted), "{name}: {quoted} of 10,000 as strings");
    }
}

#[test]
fn the_expectation_is_json() {
    let contract = contracts().into_iter().find(|contract| contract.name() == "sensor_readings").unwrap();
    let reasons =
        [Reason { place: Place::Field(3), code: Code::Null }, Reason { place: Place::Log, code: Code::Empty }];
    let mut out = b"x".to_vec();
    expected_json(&contract, Status::Bad, &reasons, &mut out);
    let found: serde_json::Value = serde_json::from_slice(&out[1..]).unwrap();
    let wanted = serde_json::json!({"status": "bad", "reasons": [{"path": "größe", "code": "null"}, {"path": "$", "code": "empty"}]});
    assert_eq!(found, wanted);
}

/// The judge and the generator know nothing of each other.
#[test]
fn the_judge_agrees() {
    for contract in contracts() {
        let users = contract.lookup().map(|_| users(&contract, 1, 1_000).unwrap());
        let natural = judge(&contract, users.as_ref(), &Options::default(), 120_000);
        assert!(natural.contains_key("good: "), "{natural:?}");
        let suspicious = contract.lookup().map(|_| 0.3);
        let seen = judge(&contract, users.as_ref(), &rates(0.4, suspicious), 80_000);
        let has = |status: &str| seen.keys().any(|key| key.starts_with(status));
        assert_eq!((has("bad"), has("suspicious"), has("good")), (true, suspicious.is_some(), true), "{seen:?}");
    }
}

/// Everything that the contracts of the conformance tests don't have.
#[test]
fn the_judge_agrees_on_unusual_contracts_and_users() {
    let contract = |properties: &str, lookup: &str| {
        let text = format!(
            "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, {lookup} customProperties: [{{property: \
             generator, value: {{cutShort: 0.02, missingField: 0.02, duplicateField: 0.05, textForNumber: 0.02, \
             unknownAccount: 0.1}}}}], properties: [{properties}]}}]}}"
        );
        Contract::parse(&text).unwrap()
    };
    let lookup = "relationships: [{from: [s.a, s.b], to: [t.a, t.b]}],";
    let both = "customProperties: [{property: acceptCanonicalString, value: true}";
    let cases = [
        // One field, none required, none a number: nothing can be missing or text for a number.
        (contract("{name: a, logicalType: string}", ""), None),
        (contract("{name: a, logicalType: integer, required: true}", ""), None),
        // Integers in both places of the lookup, in either form; users of both, one or no device, or none that fits.
        (
            contract(
                &format!(
                    "{{name: b, logicalType: integer, required: true, logicalTypeOptions: {{multipleOf: 7}}, {both}]}}, \
                     {{name: a, logicalType: integer, required: true, logicalTypeOptions: {{minimum: -9, maximum: 30, \
                     multipleOf: 3}}, {both}, {{property: generator, value: {{minimum: 0, maximum: 9, anomalies: \
                     [{{weight: 0.1, minimum: 40, maximum: 50, expect: out_of_range}}, {{weight: 0.1, value: 4, \
                     expect: not_multiple}}, {{weight: 0.1, valueOf: timeText, expect: wrong_type}}]}}}}]}}"
                ),
                lookup,
            ),
            Some(vec![["0", "7"], ["0", "14"], ["3", "7"], ["-9", "21"], ["6", "8"], ["30", "14"], ["99", "7"]]),
        ),
        // A list of accounts, and devices by weight, one of them never drawn.
        (
            contract(
                "{name: a, logicalType: string, required: true, quality: [{metric: invalidValues, arguments: \
                 {validValues: [x, 'y \"', é]}, mustBe: 0}]}, {name: b, logicalType: string, required: true, \
                 customProperties: [{property: generator, value: {values: {k: 1, l: 0, m: 3}, anomalies: [{weight: 1, \
                 value: {deep: [1.5, false]}, expect: wrong_type}]}}]}",
                lookup,
            ),
            Some(vec![["x", "k"], ["x", "m"], ["y \"", "l"], ["é", "k"]]),
        ),
    ];
    for (contract, rows) in cases {
        let users = rows.map(|rows| Users::new(&["a", "b"], rows).unwrap());
        let suspicious = users.as_ref().map(|_| 0.3);
        let natural = judge(&contract, users.as_ref(), &Options::default(), 50_000);
        assert!(natural.contains_key("good: ") && natural.contains_key("bad: $ malformed_json"), "{natural:?}");
        let seen = judge(&contract, users.as_ref(), &rates(0.4, suspicious), 50_000);
        if users.is_some() {
            assert!(seen.contains_key("suspicious: b device_mismatch"), "{seen:?}");
            // The last list of accounts has x, y and é alone, and all have users.
            let unknown = contract.fields()[0].name == "b";
            assert_eq!(seen.contains_key("suspicious: a unknown_account"), unknown, "{seen:?}");
        }
    }
}

#[test]
fn logs_of_any_contract_are_written_as_python_writes_them() {
    for contract in contracts() {
        for (value, ..) in logs(&generator(&contract, rates(0.0, None)).batch(1_000).unwrap()) {
            assert!(value.is_ascii() && value.len() <= contract.limits().max_bytes, "{value}");
            let log: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&value).unwrap();
            let names: Vec<&String> = log.keys().collect();
            let fields: Vec<&String> = contract.fields().iter().map(|field| &field.name).collect();
            assert_eq!(names, fields, "{value}");
        }
    }
}
