//! The contract's rules on a decoded log, and the lookup of its user.

use crate::columns::{Columns, Status};
use crate::log::{Field, Log};
use crate::users::Users;

type Checked<T> = Result<T, &'static str>;
type Reasons = Vec<(&'static str, &'static str)>;

/// Appends the row of a log.
pub(crate) fn judge(log: &Log<'_>, users: &Users, columns: &mut Columns) {
    let reasons = &mut columns.reasons;
    let before = reasons.len();
    let event_id = keep("event_id", text(&log.event_id, "pattern_mismatch", is_event_id), reasons);
    let account = integer(&log.account_id, 1, 10_000).and_then(|id| i32::try_from(id).map_err(|_| "out_of_range"));
    let account = keep("account_id", account, reasons);
    let event_type = keep("event_type", text(&log.event_type, "not_allowed", is_event_type), reasons);
    let device = keep("device", text(&log.device, "not_allowed", |name| matches!(name, "ANDROID" | "IOS")), reasons);
    let country = keep("location_country", text(&log.location_country, "not_allowed", is_country), reasons);
    let seconds = keep("event_timestamp", integer(&log.event_timestamp, 1_000_000_000, 9_999_999_999), reasons);
    let status = if reasons.len() > before {
        Status::Bad
    } else {
        match users.find(account.unwrap_or_default(), device.unwrap_or_default()) {
            (_, true) => Status::Good,
            (known, false) => {
                reasons.push(if known { ("device", "device_mismatch") } else { ("account_id", "unknown_account") });
                Status::Suspicious
            }
        }
    };
    columns.event_id.push(event_id);
    columns.account_id.push(account);
    columns.event_type.push(event_type);
    columns.device.push(device);
    columns.location_country.push(country);
    columns.event_timestamp.push(seconds.map(|seconds| seconds * 1_000_000));
    columns.statuses.push(status);
    columns.reason_ends.push(columns.reasons.len());
}

/// Appends the row of a log that could not be decoded.
pub(crate) fn refuse(columns: &mut Columns) {
    columns.event_id.push(None);
    columns.account_id.push(None);
    columns.event_type.push(None);
    columns.device.push(None);
    columns.location_country.push(None);
    columns.event_timestamp.push(None);
    columns.statuses.push(Status::Bad);
    columns.reasons.push(("$", "malformed_json"));
    columns.reason_ends.push(columns.reasons.len());
}

/// The value; where there is none, its reason is noted.
fn keep<T>(path: &'static str, checked: Checked<T>, reasons: &mut Reasons) -> Option<T> {
    checked.map_err(|code| reasons.push((path, code))).ok()
}

fn text<'a>(field: &'a Field<'_>, code: &'static str, fits: impl Fn(&str) -> bool) -> Checked<&'a str> {
    match field {
        Field::Text(text) if fits(text) => Ok(text),
        Field::Text(_) => Err(code),
        Field::Missing => Err("missing"),
        Field::Null => Err("null"),
        Field::Integer(_) | Field::Other => Err("wrong_type"),
    }
}

fn integer(field: &Field<'_>, minimum: i64, maximum: i64) -> Checked<i64> {
    let number = match field {
        Field::Integer(number) => *number,
        // What is canonical and can't be read is past 64 bits.
        Field::Text(text) if is_canonical(text.as_bytes()) => text.parse().map_err(|_| "out_of_range")?,
        Field::Missing => return Err("missing"),
        Field::Null => return Err("null"),
        Field::Text(_) | Field::Other => return Err("wrong_type"),
    };
    if (minimum..=maximum).contains(&number) { Ok(number) } else { Err("out_of_range") }
}

/// `0|-?[1-9][0-9]*`
fn is_canonical(text: &[u8]) -> bool {
    match text.strip_prefix(b"-").unwrap_or(text) {
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => text == b"0",
    }
}

fn is_event_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn is_event_type(text: &str) -> bool {
    matches!(
        text,
        "click" | "purchase" | "login" | "log-out" | "delete-account" | "create-account" | "update-settings" | "other"
    )
}

fn is_country(text: &str) -> bool {
    matches!(
        text,
        "US" | "IN" | "UK" | "CA" | "AU" | "DE" | "ES" | "FR" | "NL" | "SG" | "RU" | "JP" | "BR" | "CN" | "OT"
    )
}
