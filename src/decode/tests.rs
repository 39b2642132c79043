use super::{Decoder, Found, Token};
use crate::contract::Contract;
use crate::verdict::Code;

const GOOD: &str = r#"{"event_id": "0a", "account_id": 1, "event_type": "x", "device": "D", "location_country": "C", "event_timestamp": 5}"#;

fn decode(decoder: &mut Decoder, log: &[u8]) -> Result<Vec<Found>, Code> {
    let mut found = vec![Found::ABSENT; 6];
    decoder.decode(log, &mut found).map(|()| found)
}

fn decoder() -> Decoder {
    Decoder::new(&Contract::server_logs().unwrap())
}

/// Both ways must say the same of every log; here each log is read cold, and after a log whose layout it may fit.
#[test]
fn a_learned_layout_changes_nothing() {
    let logs: Vec<Vec<u8>> = [
        GOOD.to_owned(),
        GOOD.replace("\"D\"", "\"D\\u0041\""),
        GOOD.replace("\"D\"", "\"Dé\""),
        GOOD.replace("\"D\"", "\"\u{7F}\""),
        GOOD.replace("\"D\"", "\"\n\""),
        GOOD.replace("\"D\"", "null"),
        GOOD.replace(": 1,", ": 01,"),
        GOOD.replace(": 1,", ": -0,"),
        GOOD.replace(": 1,", ": -,"),
        GOOD.replace(": 1,", ": 1.5,"),
        GOOD.replace(": 1,", ": ,"),
        GOOD.replace('}', ""),
        GOOD.replace('}', "} "),
        GOOD.replace('}', "}}"),
        GOOD.replace("device", "devise"),
        GOOD.replace("\"D\"", &format!("\"{}\"", "x".repeat(2 << 20))),
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([GOOD.replace("\"D\"", "\"~\"").replace('~', "\u{1}").into_bytes(), {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[20] = 0xFF;
        bytes
    }])
    .collect();
    for log in &logs {
        let cold = decode(&mut decoder(), log);
        let mut warm = decoder();
        for other in &logs {
            let _ = decode(&mut warm, other);
        }
        decode(&mut warm, GOOD.as_bytes()).unwrap();
        assert_eq!(decode(&mut warm, log), cold, "{}", String::from_utf8_lossy(log));
    }
}

#[test]
fn finds_values_and_their_text() {
    let mut decoder = decoder();
    for _ in 0..2 {
        let found = decode(&mut decoder, GOOD.as_bytes()).unwrap();
        assert_eq!(found[0].token, Token::Text { escaped: false });
        assert_eq!(found[0].text(GOOD.as_bytes()), b"0a");
        assert_eq!(found[5].token, Token::Integer);
        assert_eq!(found[5].text(GOOD.as_bytes()), b"5");
    }
}

#[test]
fn a_layout_without_a_field_leaves_it_absent() {
    let mut decoder = decoder();
    for _ in 0..2 {
        let found = decode(&mut decoder, br#"{"account_id": 7, "extra": "x", "n": 12}"#).unwrap();
        assert_eq!(found[0], Found::ABSENT);
        assert_eq!(found[1].token, Token::Integer);
    }
}

#[test]
fn many_layouts_are_no_trouble() {
    let mut decoder = decoder();
    for index in 0..5000_u32 {
        let log = format!("{{\"k{index}\": 1, \"account_id\": {index}}}");
        let found = decode(&mut decoder, log.as_bytes()).unwrap();
        assert_eq!(found[1].text(log.as_bytes()), index.to_string().as_bytes());
    }
    let found = decode(&mut decoder, GOOD.as_bytes()).unwrap();
    assert_eq!(found[3].text(GOOD.as_bytes()), b"D");
}
