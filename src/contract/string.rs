//! The rules of a string, from a property of the schema.

use std::collections::HashSet;

use super::kind::StringRules;
use super::node::Node;
use super::pattern::Pattern;
use super::text_format::TextFormat;
use crate::error::Result;

/// Compiles a string's rules.
pub(super) fn compile(property: &Node<'_>) -> Result<StringRules> {
    let mut rules = StringRules::default();
    if let Some(options) = property.get("logicalTypeOptions") {
        options.keys(&["minLength", "maxLength", "pattern", "format"])?;
        rules.min_length = options.get("minLength").map_or(Ok(0), |node| node.usize())?;
        rules.max_length = options.get("maxLength").map(|node| node.usize()).transpose()?;
        if rules.max_length.is_some_and(|most| most < rules.min_length) {
            return Err(options.error("minLength is above maxLength: no string fits"));
        }
        if let Some(node) = options.get("pattern") {
            rules.pattern = Some(Pattern::compile(node.str()?).map_err(|why| node.error(why))?);
        }
        if let Some(node) = options.get("format") {
            rules.format = Some(format(&node)?);
        }
    }
    if let Some(values) = valid_values(property)? {
        let mut allowed: Vec<String> = Vec::new();
        let mut known = HashSet::new();
        for item in values.items()? {
            let value = item.str()?;
            let length = value.chars().count();
            if length < rules.min_length || rules.max_length.is_some_and(|most| length > most) {
                return Err(item.error(format!("'{value}' breaks the field's own minLength or maxLength")));
            }
            if rules.pattern.as_ref().is_some_and(|pattern| !pattern.regex().is_match(value.as_bytes())) {
                return Err(item.error(format!("'{value}' does not match the field's own pattern")));
            }
            if rules.format.is_some_and(|format| !format.matches(value.as_bytes())) {
                return Err(item.error(format!("'{value}' is not of the field's own format")));
            }
            if !known.insert(value) {
                return Err(item.error(format!("'{value}' is listed twice")));
            }
            allowed.push(value.to_owned());
        }
        if allowed.is_empty() {
            return Err(values.error("an empty list allows nothing"));
        }
        rules.allowed = Some(allowed);
    }
    Ok(rules)
}

fn format(node: &Node<'_>) -> Result<TextFormat> {
    let name = node.str()?;
    let found = TextFormat::ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, format)| *format).ok_or_else(|| {
        let known: Vec<&str> = TextFormat::ALL.iter().map(|(known, _)| *known).collect();
        node.error(format!("format '{name}' is not supported; {} are", known.join(", ")))
    })
}

/// The list of the one quality rule that is known, `metric: invalidValues` with `mustBe: 0`.
pub(super) fn valid_values<'a>(property: &Node<'a>) -> Result<Option<Node<'a>>> {
    let Some(quality) = property.get("quality") else { return Ok(None) };
    let mut values = None;
    for rule in quality.items()? {
        let metric = rule.get("metric").map(|node| node.str()).transpose()?;
        let kind = rule.get("type").map_or(Ok("library"), |node| node.str())?;
        if kind != "library" || metric != Some("invalidValues") {
            return Err(rule.error("unknown quality rule; metric invalidValues of type library is supported"));
        }
        rule.keys(&[
            "id",
            "type",
            "metric",
            "arguments",
            "mustBe",
            "name",
            "description",
            "dimension",
            "severity",
            "businessImpact",
            "tags",
            "unit",
            "authoritativeDefinitions",
        ])?;
        let must_be = rule.need("mustBe")?;
        if must_be.i64()? != 0 {
            return Err(must_be.error("only 0 is supported: each log is judged by itself"));
        }
        let arguments = rule.need("arguments")?;
        arguments.keys(&["validValues"])?;
        if values.replace(arguments.need("validValues")?).is_some() {
            return Err(rule.error("a second list of valid values"));
        }
    }
    Ok(values)
}
