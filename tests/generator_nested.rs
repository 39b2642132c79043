//! Generated logs with objects and arrays: what they look like, and that the judge says of them what they say.

#![expect(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod generated;

use std::collections::{BTreeMap, BTreeSet};

use generated::{complaint, judge, logs, rates};
use logcore::contract::Contract;
use logcore::generate::{Generator, Options, expected_json, users};
use logcore::users::Users;
use logcore::verdict::{Code, Place, Reason, Status};
use serde_json::Value;

fn contract(properties: &str, of_the_schema: &str) -> Contract {
    let text = format!(
        "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, {of_the_schema} properties: [{properties}]}}]}}"
    );
    Contract::parse(&text).unwrap()
}

fn readings() -> Contract {
    Contract::parse(include_str!("conformance/readings.odcs.yaml")).unwrap()
}

const SPOILS: &str = "customProperties: [{property: generator, value: {cutShort: 0.02, missingField: 0.1, \
                      duplicateField: 0.1, textForNumber: 0.1}}],";

fn anomalies(list: &str) -> String {
    format!("customProperties: [{{property: generator, value: {{anomalies: [{list}]}}}}]")
}

/// Anomalies of its own for each field, at every depth, and for the items of an array.
fn with_anomalies() -> Contract {
    let null = "{weight: 0.05, value: null, expect: 'null'}";
    let wrong = "{weight: 0.05, value: 'N/A', expect: wrong_type}";
    let both = anomalies(&format!("{null}, {wrong}"));
    let list = anomalies(&format!("{null}, {{weight: 0.05, value: {{a: [1]}}, expect: wrong_type}}"));
    let range = anomalies(&format!("{wrong}, {{weight: 0.1, minimum: 10, maximum: 20, expect: out_of_range}}"));
    let time = anomalies("{weight: 0.1, valueOf: timeText, expect: wrong_type}");
    contract(
        &format!(
            "{{name: head, logicalType: object, required: true, {both}, properties: [\
               {{name: id, logicalType: string, required: true, customProperties: [{{property: generator, value: \
                 {{valid: uuidHex, anomalies: [{null}]}}}}]}}, \
               {{name: inner, logicalType: object, required: true, {both}, properties: [\
                 {{name: num, logicalType: integer, required: true, logicalTypeOptions: {{maximum: 9}}, {range}}}, \
                 {{name: list, logicalType: array, required: true, {list}, items: {{logicalType: integer, \
                   required: true, logicalTypeOptions: {{maximum: 9}}, {range}}}}}]}}, \
               {{name: 'né.x', logicalType: boolean, {wrong_only}}}]}}, \
             {{name: flat, logicalType: integer, required: true, logicalTypeOptions: {{maximum: 9}}, {range}}}, \
             {{name: tail, logicalType: object, properties: [{{name: at, logicalType: integer, required: true, \
               logicalTypeOptions: {{format: i64, minimum: 1000000000, maximum: 9999999999}}, customProperties: \
               [{{property: epoch, value: seconds}}, {{property: acceptCanonicalString, value: true}}, {{property: \
               generator, value: {{valid: time, anomalies: [{null}]}}}}]}}, \
               {{name: seen, logicalType: timestamp, {time_only}}}]}}",
            wrong_only = anomalies(wrong),
            time_only = time.replace("wrong_type", "invalid_format"),
        ),
        SPOILS,
    )
}

/// Arrays of each scalar kind, required and not, with items of both sorts.
fn with_arrays() -> Contract {
    let kinds = [
        "logicalType: string, logicalTypeOptions: {pattern: '[a-c\"é]{1,3}'}",
        "logicalType: string, quality: [{metric: invalidValues, arguments: {validValues: [x, 'y \"']}, mustBe: 0}]",
        "logicalType: string, logicalTypeOptions: {format: uuid}",
        "logicalType: integer, customProperties: [{property: acceptCanonicalString, value: true}]",
        "logicalType: number, logicalTypeOptions: {minimum: -1, maximum: 1}",
        "logicalType: boolean",
        "logicalType: timestamp",
        "logicalType: date, logicalTypeOptions: {format: dd.MM.yyyy}",
    ];
    let arrays = (0..).zip(kinds).flat_map(|(number, kind)| {
        [false, true].map(|required| {
            format!(
                "{{name: {}{number}, logicalType: array, required: {}, items: {{required: {required}, {kind}}}}}",
                if required { "r" } else { "o" },
                required != (number % 2 == 0),
            )
        })
    });
    contract(&arrays.collect::<Vec<_>>().join(", "), "")
}

/// As deep as its maxDepth allows, with optional and required objects in turn.
fn with_depth() -> Contract {
    let mut inner = "{name: x, logicalType: array, required: true, items: {logicalType: boolean}}".to_owned();
    for level in 0..6 {
        inner = format!(
            "{{name: o{level}, logicalType: object, required: {}, properties: [{{name: b, logicalType: date}}, \
             {inner}, {{name: a, logicalType: number, required: true}}]}}",
            level % 2 == 0
        );
    }
    contract(&inner, "customProperties: [{property: maxDepth, value: 8}],")
}

/// Account and device stand behind an object, so that their places among all fields are not those among their own.
fn with_users() -> (Contract, Users) {
    let id = "logicalType: string, required: true, customProperties: [{property: generator, value: {values: {k: 1, l: \
              2}, anomalies: [{weight: 0.1, value: null, expect: 'null'}]}}]";
    let contract = contract(
        &format!(
            "{{name: first, logicalType: object, properties: [{{name: a, logicalType: number}}, {{name: b, \
             logicalType: object, properties: [{{name: b, {id}}}]}}]}}, {{name: a, logicalType: integer, required: \
             true, logicalTypeOptions: {{minimum: 1, maximum: 50}}}}, {{name: b, {id}}}"
        ),
        "relationships: [{from: [s.a, s.b], to: [t.a, t.b]}], customProperties: [{property: generator, value: \
         {missingField: 0.05, duplicateField: 0.05, unknownAccount: 0.1}}],",
    );
    let known = users(&contract, 1, 20).unwrap();
    (contract, known)
}

fn assert_all_seen(seen: &BTreeMap<String, u32>, wanted: &[&str]) {
    let found: BTreeSet<&str> =
        seen.keys().flat_map(|key| key.split(": ").skip(1)).flat_map(|key| key.split(", ")).collect();
    for reason in wanted {
        assert!(found.contains(reason), "{reason} is not among {found:?}");
    }
}

#[test]
fn the_judge_agrees_where_the_contract_names_no_anomaly() {
    for contract in [readings(), with_arrays(), with_depth()] {
        let natural = judge(&contract, None, &Options::default(), 10_000);
        assert_eq!(natural.keys().collect::<Vec<_>>(), ["good: "]);
        judge(&contract, None, &rates(0.5, None), 20_000);
    }
    let seen = judge(&readings(), None, &rates(1.0, None), 100_000);
    let mut wanted: Vec<String> = vec!["$ malformed_json".into(), "port wrong_type".into()];
    for path in ["id", "user", "user.name", "user.home.zip"] {
        wanted.extend(["missing", "null", "wrong_type", "duplicate_key"].map(|code| format!("{path} {code}")));
    }
    for path in ["tags", "sizes", "user.home", "user.home.since"] {
        wanted.extend(["wrong_type", "duplicate_key"].map(|code| format!("{path} {code}")));
    }
    for item in 0..3 {
        wanted.extend(
            ["tags[N] null", "tags[N] wrong_type", "sizes[N] wrong_type"]
                .map(|path| path.replace('N', &item.to_string())),
        );
    }
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    assert_all_seen(&seen, &wanted);
}

#[test]
fn the_judge_agrees_on_anomalies_at_every_depth() {
    let contract = with_anomalies();
    let natural = judge(&contract, None, &Options::default(), 60_000);
    let seen = judge(&contract, None, &rates(0.6, None), 60_000);
    for seen in [&natural, &seen] {
        assert!(seen.contains_key("good: "), "{seen:?}");
        assert_all_seen(
            seen,
            &[
                "head missing",
                "head null",
                "head wrong_type",
                "head duplicate_key",
                "head.id null",
                "head.inner missing",
                "head.inner wrong_type",
                "head.inner.num missing",
                "head.inner.num out_of_range",
                "head.inner.num wrong_type",
                "head.inner.list null",
                "head.inner.list wrong_type",
                "head.inner.list duplicate_key",
                "head.inner.list[0] out_of_range",
                "head.inner.list[2] wrong_type",
                "head.né.x wrong_type",
                "tail.at missing",
                "tail.at null",
                "tail.at wrong_type",
                "tail.seen invalid_format",
            ],
        );
        // Several at once, in the contract's order.
        assert!(seen.contains_key("bad: head.inner.num out_of_range, flat out_of_range"), "{seen:?}");
        assert!(seen.contains_key("bad: head.inner.num out_of_range, head.inner.list[0] out_of_range"), "{seen:?}");
    }
}

#[test]
fn the_judge_agrees_on_users_behind_an_object() {
    let (contract, users) = with_users();
    for options in [Options::default(), rates(0.3, 0.3)] {
        let seen = judge(&contract, Some(&users), &options, 40_000);
        assert_all_seen(&seen, &["a unknown_account", "b device_mismatch", "first.b.b null", "first.b.b missing"]);
    }
    let seen = judge(&contract, Some(&users), &rates(0.0, 1.0), 5_000);
    assert!(seen.keys().all(|key| key.starts_with("suspicious: ")), "{seen:?}");
}

/// Whether the reason is there for all to see in the JSON. Only for codes that need no rule.
fn is_evident(log: &Value, text: &str, reason: &str) -> bool {
    let (path, code) = reason.split_once(' ').unwrap();
    let (mut parent, mut name) = (log, path);
    while let Some((object, rest)) = name.split_once('.') {
        (parent, name) = (&parent[object], rest);
    }
    if let Some((array, item)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        let value = &parent[array][item.parse::<usize>().unwrap()];
        return match code {
            "null" => value.is_null(),
            _ => !value.is_boolean() && !value.is_null(),
        };
    }
    match code {
        "missing" => parent.is_object() && parent.get(name).is_none(),
        "null" => parent[name] == Value::Null && parent.get(name).is_some(),
        "duplicate_key" => text.matches(&format!("\"{name}\": ")).count() == 2,
        "wrong_type" => match name {
            "ok" | "set" => !parent[name].is_boolean(),
            "list" => !parent[name].is_array(),
            _ => !parent[name].is_object(),
        },
        _ => panic!("{code} is not generated here"),
    }
}

/// Without the judge: the JSON of a simple contract.
#[test]
fn logs_are_what_they_say() {
    let contract = contract(
        "{name: outer, logicalType: object, required: true, properties: [{name: ok, logicalType: boolean, required: \
         true}, {name: inner, logicalType: object, properties: [{name: set, logicalType: boolean, required: true}]}]}, \
         {name: list, logicalType: array, required: true, items: {logicalType: boolean, required: true}}",
        "",
    );
    let mut generator = Generator::new(&contract, None, &rates(0.5, None)).unwrap();
    let (mut lengths, mut shapes) = (BTreeMap::<usize, u32>::new(), BTreeSet::new());
    for (text, status, reasons) in logs(&generator.batch(20_000).unwrap()) {
        let log: Result<Value, _> = serde_json::from_str(&text);
        let Ok(log) = log else {
            assert_eq!((status.as_str(), reasons), ("bad", vec!["$ malformed_json".to_owned()]), "{text}");
            continue;
        };
        assert_eq!(status == "good", reasons.is_empty(), "{text}");
        assert!(
            reasons.len() <= 1 && reasons.iter().all(|reason| is_evident(&log, &text, reason)),
            "{text} {reasons:?}"
        );
        if status == "good" {
            *lengths.entry(log["list"].as_array().unwrap().len()).or_default() += 1;
            shapes.insert(text.replace("true", "?").replace("false", "?"));
        }
    }
    assert_eq!(lengths.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(lengths.values().all(|count| *count > 1_000), "{lengths:?}");
    let lists = ["[]", "[?]", "[?, ?]", "[?, ?, ?]"];
    let outers = [r#"{"ok": ?, "inner": {"set": ?}}"#, r#"{"ok": ?}"#];
    let wanted = lists.iter().flat_map(|list| outers.map(|outer| format!(r#"{{"outer": {outer}, "list": {list}}}"#)));
    assert_eq!(shapes, wanted.collect());
}

#[test]
fn a_nested_log_depends_on_its_index_alone() {
    for contract in [readings(), with_anomalies(), with_arrays(), with_depth()] {
        for options in [Options::default(), rates(0.5, None)] {
            let whole = logs(&Generator::new(&contract, None, &options).unwrap().batch(2_000).unwrap());
            let mut other = Generator::new(&contract, None, &options).unwrap();
            let mut pieces = Vec::new();
            for size in [1, 2, 997, 1_000] {
                pieces.extend(logs(&other.batch(size).unwrap()));
            }
            assert_eq!(pieces, whole);
        }
    }
}

#[test]
fn the_expectation_names_fields_and_items_within() {
    let contract = readings();
    let paths: Vec<&str> = contract.placed_fields().iter().map(|field| field.path.as_str()).collect();
    let place = |path: &str| u16::try_from(paths.iter().position(|known| *known == path).unwrap()).unwrap();
    let reasons = [
        Reason { place: Place::Field(place("user.home.zip")), code: Code::Null },
        Reason { place: Place::Item(place("tags"), 12), code: Code::TooLong },
    ];
    let mut out = Vec::new();
    expected_json(&contract, Status::Bad, &reasons, &mut out);
    let wanted =
        r#"{"status":"bad","reasons":[{"path":"user.home.zip","code":"null"},{"path":"tags[12]","code":"too_long"}]}"#;
    assert_eq!(String::from_utf8(out).unwrap(), wanted);
}

#[test]
fn what_cannot_be_generated_is_named_by_its_path() {
    let object = |inner: &str, more: &str| {
        format!("{{name: o, logicalType: object, {more} properties: [{{name: a, required: true, {inner}}}]}}")
    };
    let wrong = |value: &str| format!("{},", anomalies(&format!("{{weight: 1, value: {value}, expect: wrong_type}}")));
    let shallow = "customProperties: [{property: maxDepth, value: 2}],";
    let scalar = "logicalType: boolean";
    let list = "logicalType: array, items: {logicalType: boolean}";
    let narrow =
        "logicalType: string, logicalTypeOptions: {pattern: '[a-c]+', minLength: 9, maxLength: 9, format: uuid}";
    for (properties, of_the_schema, words) in [
        (object(list, ""), shallow, ["'o.a'", "maxDepth"]),
        (object(&format!("{} {scalar}", wrong("[]")), ""), shallow, ["'o.a'", "maxDepth"]),
        (
            object(&format!("{} {scalar}", wrong("[[]]")), ""),
            "customProperties: [{property: maxDepth, value: 3}],",
            ["'o.a'", "maxDepth"],
        ),
        (object(narrow, ""), "", ["'o.a'", "no text"]),
        (object(scalar, &wrong("{a: 1}")), "", ["'o'", "within"]),
        (object(&format!("{} {list}", wrong("[1]")), ""), "", ["'o.a'", "within"]),
    ] {
        let message = complaint(&contract(&properties, of_the_schema), None, &Options::default());
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
    // The other way round they are of another type, and the depth is just enough.
    let fits = contract(
        &object(&format!("{} {list}", wrong("{}")), &wrong("[[1]]")),
        "customProperties: [{property: maxDepth, value: 3}],",
    );
    assert!(judge(&fits, None, &Options::default(), 1_000).len() > 2);
    let early = Options { start: 5, ..Options::default() };
    assert!(complaint(&with_anomalies(), None, &early).contains("'tail.at'"));
}
