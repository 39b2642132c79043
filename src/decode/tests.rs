use super::{BLOCK, Block, Decoder, Found, Log, Token};
use crate::contract::Contract;
use crate::verdict::Code;

const GOOD: &str = r#"{"event_id": "0a", "account_id": 1, "event_type": "x", "device": "D", "location_country": "C", "event_timestamp": 5}"#;

fn decode(decoder: &mut Decoder, log: &[u8]) -> Result<Vec<Found>, Code> {
    // What an earlier block has left there.
    let mut block = Block::new(6);
    for found in &mut block.found {
        found[1] = Found { token: Token::Fraction, start: 3, end: 2 };
    }
    let mut fault = None;
    let logs = [Log::default(), Log::new(log, log.len())];
    decoder.decode(&logs, &mut block, &mut |row, code| fault = fault.or((row == 1).then_some(code)));
    match fault {
        Some(code) => Err(code),
        None => Ok(block.fields().map(|found| found[1]).collect()),
    }
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
        GOOD.replace("\"D\"", r#""\ud800""#),
        GOOD.replace("\"D\"", r#""\""#),
        GOOD.replace("\"0a\"", r#""é\"\\""#),
        r#"{"device": "abcd"}"#.to_owned(),
        r#"{"device": "é\"c"}"#.to_owned(),
        r#"{"device": "a\nd"}"#.to_owned(),
        r#"{"device": "ab\"}"#.to_owned(),
        r#"{"device": "éc"#.to_owned(),
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
    .chain([GOOD.replace("\"D\"", "\"~\"").replace('~', "\u{1}").into_bytes(), b"{\"device\": \"a\xC3\"}".to_vec(), {
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
        assert_eq!(found[0].token, Token::Text);
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

/// Small numbers from a seed (Marsaglia's xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// Changes a byte or a stretch of bytes, mostly into something that JSON has a meaning for.
fn mutate(log: &mut Vec<u8>, chance: &mut Chance) {
    const BYTES: &[u8] = b"\"\\{}[]:,0123456789-+.eEntfu \t\n\0\x1F\x7F\x80\xC3\xA9\xFFaA";
    let at = chance.below(log.len().max(1));
    let end = (at + chance.below(12)).min(log.len());
    match chance.below(6) {
        0 if at < log.len() => log[at] = BYTES[chance.below(BYTES.len())],
        1 if at < log.len() => log[at] = u8::try_from(chance.below(256)).unwrap(),
        2 => log.insert(at, BYTES[chance.below(BYTES.len())]),
        3 => drop(log.drain(at.min(end)..end)),
        4 => {
            let piece: Vec<u8> = log[at.min(end)..end].to_vec();
            let to = chance.below(log.len() + 1);
            log.splice(to..to, piece);
        }
        _ => {
            let many = vec![*b"x9\"a".get(chance.below(4)).unwrap(); chance.below(90)];
            log.splice(at.min(log.len())..at.min(log.len()), many);
        }
    }
}

/// Generated logs and mutated ones, side by side in one buffer as a batch has them, in blocks, through a decoder that knows
/// their layouts: each is as it is alone and cold.
#[test]
fn neighbours_and_layouts_change_nothing() {
    let contract = Contract::server_logs().unwrap();
    let options = crate::generate::Options { bad_rate: Some(0.2), ..Default::default() };
    let mut generator = crate::generate::Generator::new(&contract, None, &options).unwrap();
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut warm = decoder();
    let mut index = 0;
    for round in 0..200 {
        let mut logs: Vec<Vec<u8>> = Vec::new();
        for _ in 0..BLOCK {
            let (mut log, mut reasons) = (Vec::new(), Vec::new());
            generator.write(index, &mut log, &mut reasons);
            index += 1;
            if round % 3 == 1 {
                // Another producer, with other spaces.
                log = String::from_utf8_lossy(&log).replace(", ", ",").replace(": ", ":").into_bytes();
            }
            for _ in 0..chance.below(3) * chance.below(3) {
                mutate(&mut log, &mut chance);
            }
            logs.push(log);
        }
        let buffer = logs.concat();
        let mut start = 0;
        let mut places = Vec::new();
        for log in &logs {
            places.push(Log::new(&buffer[start..], log.len()));
            start += log.len();
        }
        let mut block = Block::new(6);
        let mut faults = [None; BLOCK];
        warm.decode(&places, &mut block, &mut |row, code| faults[row] = Some(code));
        for (row, log) in logs.iter().enumerate() {
            let here = match faults[row] {
                Some(code) => Err(code),
                None => Ok(block.fields().map(|found| found[row]).collect()),
            };
            assert_eq!(here, decode(&mut decoder(), log), "{}", String::from_utf8_lossy(log));
        }
    }
}
