//! What the contract says about generating logs: weights of valid values, and anomalies with the code each must get.
//!
//! The expected code is written in the contract, beside the anomaly. The generator never has to judge a value, so a bug
//! in the rules can't hide behind the same bug in the expectation.

use serde_json::Value;

use super::kind::Kind;
use super::node::Node;
use crate::error::Result;
use crate::verdict::Code;

/// How a field's values are drawn.
#[derive(Clone, Debug)]
pub struct FieldGenerator {
    /// Valid values.
    pub valid: Valid,
    /// The weight of a valid value, against the anomalies' weights.
    pub weight: f64,
    /// Values that break the contract.
    pub anomalies: Vec<Anomaly>,
}

/// Where valid values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Valid {
    /// The field's own rules.
    Rules,
    /// A random UUID's 32 hex digits.
    UuidHex,
    /// These values by their weights.
    Weighted(Vec<(String, f64)>),
    /// Evenly from this range, both ends included.
    Range(i64, i64),
    /// The time of the record.
    Time,
}

/// A value that breaks the contract.
#[derive(Clone, Debug)]
pub struct Anomaly {
    /// How often, against the other weights of the field.
    pub weight: f64,
    /// What stands in the log.
    pub value: AnomalyValue,
    /// The code that the field must get for it.
    pub expect: Code,
}

/// What an anomaly puts in a field.
#[derive(Clone, Debug, PartialEq)]
pub enum AnomalyValue {
    /// This JSON value.
    Json(Value),
    /// Evenly from this range, both ends included.
    Range(i64, i64),
    /// The record's time as text, `YYYY-MM-DD HH:MM:SS`.
    TimeText,
}

/// How often, from 0 to 1, a log as a whole is spoiled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecordAnomalies {
    /// The text is cut short.
    pub cut_short: f64,
    /// A required field is left out, of the log or of an object within it.
    pub missing_field: f64,
    /// A field stands there twice, at whatever depth.
    pub duplicate_field: f64,
    /// An integer field, or an item of an array, holds a string that is no number.
    pub text_for_number: f64,
    /// The account is within the contract, but the users table has no row for it.
    pub unknown_account: f64,
}

impl RecordAnomalies {
    /// The sum of all.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.cut_short + self.missing_field + self.duplicate_field + self.text_for_number + self.unknown_account
    }
}

/// Compiles a field's `generator` property.
pub(super) fn compile_field(node: &Node<'_>, kind: &Kind) -> Result<FieldGenerator> {
    node.keys(&["weight", "values", "valid", "minimum", "maximum", "anomalies"])?;
    let range = range(node)?;
    let (mut valid, mut weight) = (Valid::Rules, node.get("weight").map_or(Ok(1.0), |weight| weight.weight())?);
    match (node.get("values"), node.get("valid"), range) {
        (None, None, None) => {}
        (Some(values), None, None) => {
            let Kind::String(rules) = kind else { return Err(values.error("only for strings")) };
            if node.get("weight").is_some() {
                return Err(node.error("with 'values' the weights are theirs; leave 'weight' out"));
            }
            let mut list = Vec::new();
            for (value, entry) in values.entries()? {
                if rules.allowed.as_ref().is_some_and(|allowed| !allowed.iter().any(|known| known == value)) {
                    return Err(entry.error("the field does not allow this value"));
                }
                list.push((value.to_owned(), entry.weight()?));
            }
            weight = list.iter().map(|(_, weight)| weight).sum();
            valid = Valid::Weighted(list);
        }
        (None, Some(name), None) => {
            valid = match (name.str()?, kind) {
                ("uuidHex", Kind::String(_)) => Valid::UuidHex,
                ("time", Kind::Integer(rules)) if rules.epoch_seconds => Valid::Time,
                (other, _) => {
                    return Err(name.error(format!(
                        "'{other}' does not go with this field; uuidHex is for strings, time for epoch seconds"
                    )));
                }
            };
        }
        (None, None, Some((low, high))) => {
            let Kind::Integer(rules) = kind else { return Err(node.error("a range is only for integers")) };
            if low < rules.minimum || high > rules.maximum {
                return Err(node.error("the range leaves the field's own range"));
            }
            valid = Valid::Range(low, high);
        }
        _ => return Err(node.error("one of 'values', 'valid' and 'minimum' with 'maximum' at most")),
    }
    if weight <= 0.0 {
        return Err(node.error("the weight of valid values must be above 0"));
    }
    let mut anomalies = Vec::new();
    if let Some(list) = node.get("anomalies") {
        for item in list.items()? {
            anomalies.push(anomaly(&item)?);
        }
    }
    Ok(FieldGenerator { valid, weight, anomalies })
}

fn anomaly(node: &Node<'_>) -> Result<Anomaly> {
    node.keys(&["weight", "value", "valueOf", "minimum", "maximum", "expect"])?;
    let weight = node.need("weight")?.weight()?;
    let expect_node = node.need("expect")?;
    let expect = Code::from_name(expect_node.str()?)
        .filter(|code| code.is_of_a_field())
        .ok_or_else(|| expect_node.error("no code that a field can get"))?;
    let value = match (node.get_nullable("value"), node.get("valueOf"), range(node)?) {
        (Some(value), None, None) => AnomalyValue::Json(value.value.clone()),
        (None, Some(name), None) if name.str()? == "timeText" => AnomalyValue::TimeText,
        (None, Some(name), None) => return Err(name.error("only 'timeText' is known")),
        (None, None, Some((low, high))) => AnomalyValue::Range(low, high),
        _ => return Err(node.error("exactly one of 'value', 'valueOf' and 'minimum' with 'maximum' is wanted")),
    };
    Ok(Anomaly { weight, value, expect })
}

fn range(node: &Node<'_>) -> Result<Option<(i64, i64)>> {
    match (node.get("minimum"), node.get("maximum")) {
        (None, None) => Ok(None),
        (Some(low), Some(high)) if low.i64()? <= high.i64()? => Ok(Some((low.i64()?, high.i64()?))),
        (Some(low), Some(_)) => Err(low.error("above the maximum")),
        (Some(one), None) | (None, Some(one)) => Err(one.error("minimum and maximum go together")),
    }
}

/// Compiles the schema's `generator` property.
pub(super) fn compile_record(node: &Node<'_>) -> Result<RecordAnomalies> {
    node.keys(&["cutShort", "missingField", "duplicateField", "textForNumber", "unknownAccount"])?;
    let rate = |key: &str| node.get(key).map_or(Ok(0.0), |rate| rate.weight());
    let rates = RecordAnomalies {
        cut_short: rate("cutShort")?,
        missing_field: rate("missingField")?,
        duplicate_field: rate("duplicateField")?,
        text_for_number: rate("textForNumber")?,
        unknown_account: rate("unknownAccount")?,
    };
    if rates.total() > 1.0 {
        return Err(node.error("the rates add up to more than 1"));
    }
    Ok(rates)
}
