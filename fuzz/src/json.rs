//! A strict and slow reader of RFC 8259 texts over `serde_json`, which keeps repeated names and the text of numbers.
//!
//! `serde_json` passes over escapes of values that it ignores and drops the text of numbers. So each value is first taken
//! as its text, then read by its kind: a quadratic way, on short logs.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number, as it was written.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    Array,
    /// The members in their order, repeated names kept.
    Object(Vec<(String, Json)>),
}

/// Why a text has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One object or array too many is open, and no syntax error comes before it.
    TooDeep,
    /// Not one JSON text from end to end.
    Malformed,
}

/// The value of `text`, with at most `max_depth` objects and arrays open at once.
///
/// # Errors
/// The [`Fault`] that comes first in the text.
pub fn read(text: &str, max_depth: usize) -> Result<Json, Fault> {
    // The text up to the bracket that is too deep, closed, is JSON exactly where no syntax error comes before.
    if let Some(closed) = closed_at(text, max_depth) {
        return Err(if value(&closed).is_some() { Fault::TooDeep } else { Fault::Malformed });
    }
    value(text).ok_or(Fault::Malformed)
}

/// `text` up to and with the first bracket that has `depth` others open around it, and what closes all of them. What is
/// open is only counted rightly in a text without syntax errors; one with any stays wrong when it is closed.
fn closed_at(text: &str, depth: usize) -> Option<String> {
    let mut open = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    for (at, character) in text.char_indices() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '"' => in_string = true,
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                open.pop();
            }
            _ => {}
        }
        if open.len() > depth {
            let closers: String = open.iter().rev().collect();
            return text.get(..=at).map(|start| format!("{start}{closers}"));
        }
    }
    None
}

/// The value of a whole text; None if it is malformed anywhere within.
fn value(text: &str) -> Option<Json> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let text = raw.get();
    match text.as_bytes().first()? {
        b'n' => Some(Json::Null),
        b't' | b'f' => Some(Json::Boolean),
        b'"' => serde_json::from_str(text).ok().map(Json::Text),
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            items.into_iter().try_for_each(|item| value(item.get()).map(drop)).map(|()| Json::Array)
        }
        b'{' => {
            let Members(members) = serde_json::from_str(text).ok()?;
            let members = members.into_iter().map(|(name, raw)| Some((name, value(raw.get())?)));
            members.collect::<Option<_>>().map(Json::Object)
        }
        _ => Some(Json::Number(text.to_owned())),
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EveryMember)
    }
}

struct EveryMember;

impl<'de> Visitor<'de> for EveryMember {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_and_the_text_of_numbers_stay() {
        let number = |text: &str| Json::Number(text.to_owned());
        let members = vec![("a".to_owned(), number("1e400")), ("a".to_owned(), number("-0"))];
        assert_eq!(read(r#" {"a": 1e400, "\u0061": -0} "#, 64), Ok(Json::Object(members)));
    }

    #[test]
    fn a_syntax_error_counts_where_it_comes_before_the_depth() {
        assert_eq!(read("[[1]]", 2), Ok(Json::Array));
        assert_eq!(read("[[[", 2), Err(Fault::TooDeep));
        assert_eq!(read(r#"[["]", [}"#, 2), Err(Fault::TooDeep));
        assert_eq!(read("[1 [[", 2), Err(Fault::Malformed));
        assert_eq!(read("[[}[[", 2), Err(Fault::Malformed));
        assert_eq!(read(r#"["\ud800", [["#, 2), Err(Fault::Malformed));
        assert_eq!(read("[[", 2), Err(Fault::Malformed));
    }

    #[test]
    fn what_serde_json_lets_pass_in_ignored_values_is_malformed() {
        assert_eq!(read(r#"{"a": [{"\udc00": 1}]}"#, 64), Err(Fault::Malformed));
        assert_eq!(read("\u{feff}{}", 64), Err(Fault::Malformed));
        assert_eq!(read("[01]", 64), Err(Fault::Malformed));
    }
}
