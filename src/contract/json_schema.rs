//! The contract as JSON Schema 2020-12.
//!
//! What JSON Schema can't say stands there as `$comment`, so that nobody takes the export for the whole: lookups, limits,
//! names that occur twice, ranges of integers in strings, bounds of times.

use serde_json::{Map, Value, json};

use super::document::Contract;
use super::field::Field;
use super::kind::{IntegerRules, Kind, NumberRules, StringRules, TimeRules};
use super::text_format::TextFormat;
use super::time_format::{Part, TimeFormat};

impl Contract {
    /// The contract as JSON Schema 2020-12, its keys in a stable order.
    #[must_use]
    pub fn json_schema(&self) -> Value {
        let mut schema = Map::new();
        schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        schema.insert("title".to_owned(), self.name().into());
        let mut comment = format!(
            "From a data contract, version {}. Not said here: a log has at most {} bytes and {} levels, and no name of the \
             contract twice in one object",
            self.version(),
            self.limits().max_bytes,
            self.limits().max_depth
        );
        if let Some(lookup) = self.lookup() {
            comment.push_str("; ");
            comment.push_str(&lookup.columns.join(" and "));
            comment.push_str(" are looked up in ");
            comment.push_str(&lookup.table);
        }
        schema.insert("$comment".to_owned(), comment.into());
        object(self.fields(), &mut schema);
        Value::Object(schema)
    }
}

fn object(fields: &[Field], schema: &mut Map<String, Value>) {
    schema.insert("type".to_owned(), "object".into());
    let properties = fields.iter().map(|field| (field.name.clone(), property(field)));
    schema.insert("properties".to_owned(), Value::Object(properties.collect()));
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
}

fn property(field: &Field) -> Value {
    let mut schema = Map::new();
    match &field.kind {
        Kind::String(rules) => string(rules, &mut schema),
        Kind::Integer(rules) => integer(rules, &mut schema),
        Kind::Number(rules) => number(rules, &mut schema),
        Kind::Boolean => set(&mut schema, "type", "boolean"),
        Kind::Timestamp(rules) => time(rules, "date-time", &mut schema),
        Kind::Date(rules) => time(rules, "date", &mut schema),
        Kind::Object(fields) => object(fields, &mut schema),
        Kind::Array(item) => {
            set(&mut schema, "type", "array");
            set(&mut schema, "items", property(item));
        }
    }
    if !field.required {
        allow_null(&mut schema);
    }
    Value::Object(schema)
}

/// An optional field may be null.
fn allow_null(schema: &mut Map<String, Value>) {
    if let Some(one) = schema.get_mut("type") {
        *one = json!([one.take(), "null"]);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.push(json!({"type": "null"}));
    }
}

fn set(schema: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    schema.insert(key.to_owned(), value.into());
}

fn string(rules: &StringRules, schema: &mut Map<String, Value>) {
    set(schema, "type", "string");
    if rules.min_length > 0 {
        set(schema, "minLength", rules.min_length);
    }
    if let Some(most) = rules.max_length {
        set(schema, "maxLength", most);
    }
    if let Some(pattern) = &rules.pattern {
        set(schema, "pattern", format!("^(?:{})$", pattern.source()));
    }
    match rules.format {
        None => {}
        Some(TextFormat::Byte) => {
            set(schema, "contentEncoding", "base64");
            let alphabet = json!({"pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"});
            set(schema, "allOf", vec![alphabet]);
        }
        Some(format) => set(schema, "format", format.name()),
    }
    if let Some(allowed) = &rules.allowed {
        set(schema, "enum", allowed.clone());
    }
}

fn integer(rules: &IntegerRules, schema: &mut Map<String, Value>) {
    let mut own = Map::new();
    set(&mut own, "type", "integer");
    set(&mut own, "minimum", rules.minimum);
    set(&mut own, "maximum", rules.maximum);
    if let Some(step) = rules.multiple_of {
        set(&mut own, "multipleOf", step);
    }
    if rules.accept_canonical_string {
        let text = json!({
            "type": "string",
            "pattern": "^(?:0|-?[1-9][0-9]*)$",
            "$comment": "Not said here: the integer in the string keeps the same rules",
        });
        set(schema, "anyOf", vec![Value::Object(own), text]);
    } else {
        schema.extend(own);
    }
    if rules.epoch_seconds {
        set(schema, "$comment", "Seconds since 1970-01-01T00:00:00Z");
    }
}

#[expect(clippy::float_cmp, reason = "bounds that no rule has set")]
fn number(rules: &NumberRules, schema: &mut Map<String, Value>) {
    set(schema, "type", "number");
    let bounds = [
        (rules.minimum, f64::MIN, "minimum", "exclusiveMinimum"),
        (rules.maximum, f64::MAX, "maximum", "exclusiveMaximum"),
    ];
    for ((bound, excluded), none, key, excluding_key) in bounds {
        if bound != none {
            set(schema, if excluded { excluding_key } else { key }, bound);
        }
    }
    if let Some(step) = rules.multiple_of {
        set(schema, "multipleOf", step);
    }
}

fn time(rules: &TimeRules, format: &str, schema: &mut Map<String, Value>) {
    set(schema, "type", "string");
    match rules.format.source() {
        None => {
            set(schema, "format", format);
            set(schema, "$comment", "Not said here: its bounds, the years 1 to 9999 and whatever is narrower");
        }
        Some(source) => {
            set(schema, "pattern", pattern(&rules.format));
            let comment = format!("{source}. Not said here: its bounds, and the last day of each month");
            set(schema, "$comment", comment);
        }
    }
}

/// The shape of a time's text, as an ECMA-262 pattern.
fn pattern(format: &TimeFormat) -> String {
    let mut out = "^".to_owned();
    for part in format.parts() {
        match part {
            Part::Year => out.push_str("[0-9]{4}"),
            Part::Month => out.push_str("(?:0[1-9]|1[0-2])"),
            Part::Day => out.push_str("(?:0[1-9]|[12][0-9]|3[01])"),
            Part::Hour => out.push_str("(?:[01][0-9]|2[0-3])"),
            Part::Minute | Part::Second => out.push_str("[0-5][0-9]"),
            Part::Fraction(count) => {
                out.push_str("[0-9]{");
                out.push_str(&count.to_string());
                out.push('}');
            }
            Part::OptionalFraction => out.push_str("(?:\\.[0-9]+)?"),
            Part::Offset { zulu, minutes, colon } => {
                out.push_str(if *zulu { "(?:[Zz]|" } else { "(?:" });
                out.push_str("[+-](?:[01][0-9]|2[0-3])");
                if *minutes {
                    out.push_str(if *colon { ":[0-5][0-9]" } else { "[0-5][0-9]" });
                }
                out.push(')');
            }
            Part::DateAndTime => out.push_str("[Tt]"),
            Part::Literal(c) => {
                if "\\^$.*+?()[]{}|/".contains(*c) {
                    out.push('\\');
                }
                out.push(*c);
            }
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use crate::contract::Contract;
    use serde_json::json;

    #[test]
    fn the_shipped_contract_in_json_schema() {
        let schema = Contract::server_logs().unwrap().json_schema();
        assert_eq!(schema["properties"]["device"], json!({"type": "string", "enum": ["ANDROID", "IOS"]}));
        assert_eq!(schema["properties"]["account_id"]["anyOf"][0]["maximum"], 10_000);
        assert_eq!(schema["required"].as_array().unwrap().len(), 6);
        assert!(schema["$comment"].as_str().unwrap().ends_with("account_id and device are looked up in users"));
    }
}
