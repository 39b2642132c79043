//! The rules of a timestamp or a date, from a property of the schema.

use super::kind::TimeRules;
use super::node::Node;
use super::time_format::{DAYS, MICROS_A_DAY, TimeFormat};
use crate::error::Result;

/// The names under which UTC goes; other zones would need a table that changes with the law.
const UTC: &[&str] = &["Etc/UTC", "UTC", "Etc/GMT", "GMT", "Z"];

/// Compiles a timestamp's rules, in microseconds.
pub(super) fn timestamp(property: &Node<'_>) -> Result<TimeRules> {
    let mut rules = TimeRules {
        format: TimeFormat::timestamp(),
        minimum: DAYS.start() * MICROS_A_DAY,
        maximum: (DAYS.end() + 1) * MICROS_A_DAY - 1,
    };
    let Some(options) = property.get("logicalTypeOptions") else { return Ok(rules) };
    options.keys(&[
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "timezone",
        "defaultTimezone",
    ])?;
    if let Some(node) = options.get("format") {
        rules.format = TimeFormat::compile(node.str()?, false).map_err(|why| node.error(why))?;
    }
    if let Some(node) = options.get("timezone")
        && node.bool()? != rules.format.has_offset()
    {
        return Err(node.error(if rules.format.has_offset() {
            "the format says how far from UTC a time is (RFC 3339 does so too); leave timezone out or say true"
        } else {
            "the format does not say how far from UTC a time is; add XXX to it or say false"
        }));
    }
    if let Some(node) = options.get("defaultTimezone")
        && !UTC.contains(&node.str()?)
    {
        return Err(node.error("only Etc/UTC is supported: a time without an offset is taken for UTC"));
    }
    bounds(&options, &mut rules, 1)?;
    Ok(rules)
}

/// Compiles a date's rules, in days.
pub(super) fn date(property: &Node<'_>) -> Result<TimeRules> {
    let mut rules = TimeRules { format: TimeFormat::date(), minimum: *DAYS.start(), maximum: *DAYS.end() };
    let Some(options) = property.get("logicalTypeOptions") else { return Ok(rules) };
    options.keys(&["format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])?;
    if let Some(node) = options.get("format") {
        rules.format = TimeFormat::compile(node.str()?, true).map_err(|why| node.error(why))?;
    }
    bounds(&options, &mut rules, MICROS_A_DAY)?;
    Ok(rules)
}

/// Bounds are written as the values are; `unit` microseconds are one step.
fn bounds(options: &Node<'_>, rules: &mut TimeRules, unit: i64) -> Result<()> {
    for (key, step, is_minimum) in
        [("minimum", 0, true), ("exclusiveMinimum", 1, true), ("maximum", 0, false), ("exclusiveMaximum", -1, false)]
    {
        let Some(node) = options.get(key) else { continue };
        let text = node.str()?;
        let time = rules
            .format
            .read(text.as_bytes())
            .ok_or_else(|| node.error(format!("'{text}' is not written in the field's own format")))?;
        let bound = time.div_euclid(unit) + step;
        if is_minimum {
            rules.minimum = rules.minimum.max(bound);
        } else {
            rules.maximum = rules.maximum.min(bound);
        }
    }
    if rules.minimum > rules.maximum {
        return Err(options.error("the earliest time is after the latest: none fits"));
    }
    Ok(())
}
