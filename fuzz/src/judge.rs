//! The second judge: the rules of the contract `server-logs` written out, apart from the core that it is held against.

use crate::input::{Limits, USERS};
use crate::json::{Fault, Json, read};
use crate::row::{Cell, Row};

const FIELDS: [&str; 6] = ["event_id", "account_id", "event_type", "device", "location_country", "event_timestamp"];
const EVENT_TYPES: [&str; 8] =
    ["click", "purchase", "login", "log-out", "delete-account", "create-account", "update-settings", "other"];
const DEVICES: [&str; 2] = ["ANDROID", "IOS"];
const COUNTRIES: [&str; 15] =
    ["US", "IN", "UK", "CA", "AU", "DE", "ES", "FR", "NL", "SG", "RU", "JP", "BR", "CN", "OT"];

/// The verdict of one log.
#[must_use]
pub fn judge(log: &[u8], limits: Limits) -> Row {
    let members = match document(log, limits) {
        Ok(members) => members,
        Err(code) => {
            let reasons = vec![("$".to_owned(), code.to_owned())];
            return Row { status: "bad".to_owned(), reasons, columns: vec![Cell::Null; FIELDS.len()] };
        }
    };
    let mut reasons = Vec::new();
    let mut columns = Vec::new();
    for name in FIELDS {
        columns.push(field(name, &members).unwrap_or_else(|code| {
            reasons.push((name.to_owned(), code.to_owned()));
            Cell::Null
        }));
    }
    let mut status = if reasons.is_empty() { "good" } else { "bad" };
    if let (true, [_, Cell::Integer(account), _, Cell::Text(device), ..]) = (reasons.is_empty(), columns.as_slice()) {
        let known = USERS.iter().filter(|(user, _)| *user == i64::from(*account));
        let devices: Vec<&str> = known.map(|(_, device)| *device).collect();
        if !devices.contains(&device.as_str()) {
            status = "suspicious";
            let (path, code) =
                if devices.is_empty() { ("account_id", "unknown_account") } else { ("device", "device_mismatch") };
            reasons.push((path.to_owned(), code.to_owned()));
        }
    }
    Row { status: status.to_owned(), reasons, columns }
}

/// An object's members, or the first document fault that applies.
fn document(log: &[u8], limits: Limits) -> Result<Vec<(String, Json)>, &'static str> {
    if log.iter().all(|byte| b" \t\n\r".contains(byte)) {
        return Err("empty");
    }
    if log.len() > limits.max_bytes {
        return Err("too_large");
    }
    let text = std::str::from_utf8(log).map_err(|_| "invalid_utf8")?;
    match read(text, limits.max_depth) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err("not_an_object"),
        Err(Fault::TooDeep) => Err("too_deep"),
        Err(Fault::Malformed) => Err("malformed_json"),
    }
}

/// A field's typed value, or the code of the first rule that it breaks.
fn field(name: &str, members: &[(String, Json)]) -> Result<Cell, &'static str> {
    let mut values = members.iter().filter(|(member, _)| member == name).map(|(_, value)| value);
    let value = values.next().ok_or("missing")?;
    if values.next().is_some() {
        return Err("duplicate_key");
    }
    match (name, value) {
        (_, Json::Null) => Err("null"),
        ("account_id", _) => {
            let account = integer(value, 1..=10_000)?;
            i32::try_from(account).map(Cell::Integer).map_err(|_| "out_of_range")
        }
        ("event_timestamp", _) => Ok(Cell::Time(integer(value, 1_000_000_000..=9_999_999_999)? * 1_000_000)),
        ("event_id", Json::Text(text)) => {
            let fits = text.chars().count() == 32 && text.chars().all(|digit| digit.is_ascii_hexdigit());
            if fits { Ok(Cell::Text(text.clone())) } else { Err("pattern_mismatch") }
        }
        ("event_type", Json::Text(text)) => listed(text, &EVENT_TYPES),
        ("device", Json::Text(text)) => listed(text, &DEVICES),
        ("location_country", Json::Text(text)) => listed(text, &COUNTRIES),
        _ => Err("wrong_type"),
    }
}

fn listed(text: &str, allowed: &[&str]) -> Result<Cell, &'static str> {
    if allowed.contains(&text) { Ok(Cell::Text(text.to_owned())) } else { Err("not_allowed") }
}

/// An integer of the range: a number without fraction or exponent, or a string in canonical form.
fn integer(value: &Json, range: std::ops::RangeInclusive<i64>) -> Result<i64, &'static str> {
    let text = match value {
        Json::Number(text) if !text.contains(['.', 'e', 'E']) => text,
        Json::Text(text) if canonical(text) => text,
        _ => return Err("wrong_type"),
    };
    // Only a number past 64 bits can't be read.
    text.parse().ok().filter(|number| range.contains(number)).ok_or("out_of_range")
}

/// `0|-?[1-9][0-9]*`
fn canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    text == "0" || (whole && !digits.starts_with('0'))
}
