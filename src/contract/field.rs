//! One property of the schema, compiled into a field with its rules.

use std::collections::HashSet;

use super::generator::{self, FieldGenerator};
use super::node::Node;
use super::pattern::Pattern;
use crate::error::Result;

/// One field of a log.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, which is also its path in reasons.
    pub name: String,
    /// Whether it must occur and not be null.
    pub required: bool,
    /// Its type with the rules of that type.
    pub kind: Kind,
    /// How to generate it; None leaves that to its rules.
    pub generator: Option<FieldGenerator>,
}

/// A field's type and rules.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A JSON string.
    String(StringRules),
    /// A JSON integer.
    Integer(IntegerRules),
}

/// The rules of a string, tested in this order.
#[derive(Clone, Debug, Default)]
pub struct StringRules {
    /// Fewest code points.
    pub min_length: usize,
    /// Most code points.
    pub max_length: Option<usize>,
    /// The shape of the whole string.
    pub pattern: Option<Pattern>,
    /// The list of values, in the contract's order.
    pub allowed: Option<Vec<String>>,
}

impl StringRules {
    /// The longest value in bytes of UTF-8, if the rules bound it.
    #[must_use]
    pub fn max_bytes(&self) -> Option<usize> {
        let by_length = self.max_length.map(|length| length.saturating_mul(4));
        let by_pattern = self.pattern.as_ref().and_then(Pattern::max_bytes);
        let by_list = self.allowed.as_ref().and_then(|values| values.iter().map(String::len).max());
        [by_length, by_pattern, by_list].into_iter().flatten().min()
    }
}

/// How wide an integer's column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// The rules of an integer.
#[derive(Clone, Debug)]
pub struct IntegerRules {
    /// Smallest value, the format's own bound included.
    pub minimum: i64,
    /// Largest value, the format's own bound included.
    pub maximum: i64,
    /// The value must be a multiple of it.
    pub multiple_of: Option<i64>,
    /// The format: the width of the column.
    pub width: Width,
    /// Whether a string that holds a canonical integer will do.
    pub accept_canonical_string: bool,
    /// Whether it counts seconds since 1970, so that its column is a timestamp.
    pub epoch_seconds: bool,
}

/// 0001-01-01 and 9999-12-31T23:59:59, what a four-digit year can say.
const EPOCH_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Keys of a property that say nothing about its values.
const NOTES: &[&str] = &[
    "id",
    "physicalName",
    "physicalType",
    "description",
    "businessName",
    "tags",
    "authoritativeDefinitions",
    "classification",
    "encryptedName",
    "examples",
    "criticalDataElement",
    "transformSourceObjects",
    "transformLogic",
    "transformDescription",
    "partitioned",
    "partitionKeyPosition",
];
const RULES: &[&str] = &["name", "logicalType", "logicalTypeOptions", "required", "quality", "customProperties"];
/// Rules of the standard that a single log can't be held against, or that are not there yet.
const REFUSED: &[(&str, &str)] = &[
    ("unique", "a stream has no end within which a value could be unique"),
    ("primaryKey", "a key is unique, and a stream has no end within which a value could be unique"),
    ("primaryKeyPosition", "a key is unique, and a stream has no end within which a value could be unique"),
    ("relationships", "relationships are read from the schema, not from a property"),
    ("properties", "nested objects are not supported yet"),
    ("items", "arrays are not supported yet"),
];

/// Compiles one property.
pub(super) fn compile(property: &Node<'_>) -> Result<Field> {
    for (key, reason) in REFUSED {
        if let Some(node) = property.get(key)
            && node.value.as_bool() != Some(false)
        {
            return Err(node.error(format!("not supported: {reason}")));
        }
    }
    let mut known = RULES.to_vec();
    known.extend_from_slice(NOTES);
    known.extend(REFUSED.iter().map(|(key, _)| *key));
    property.keys(&known)?;

    let name = property.need("name")?.str()?;
    if name.is_empty() {
        return Err(property.need("name")?.error("a field needs a name"));
    }
    let required = property.get("required").map_or(Ok(false), |node| node.bool())?;
    let type_node = property.need("logicalType")?;
    let custom = Custom::read(property)?;
    let kind = match type_node.str()? {
        "string" => Kind::String(string(property, &custom)?),
        "integer" => Kind::Integer(integer(property, &custom)?),
        other => return Err(type_node.error(format!("type '{other}' is not supported; string and integer are"))),
    };
    let generator = custom.generator.map(|node| generator::compile_field(&node, &kind)).transpose()?;
    Ok(Field { name: name.to_owned(), required, kind, generator })
}

#[derive(Default)]
struct Custom<'a> {
    accept_canonical_string: Option<Node<'a>>,
    epoch: Option<Node<'a>>,
    generator: Option<Node<'a>>,
}

impl<'a> Custom<'a> {
    fn read(property: &Node<'a>) -> Result<Self> {
        let mut custom = Self::default();
        for (node, name, value) in custom_properties(property)? {
            let place = match name {
                "acceptCanonicalString" => &mut custom.accept_canonical_string,
                "epoch" => &mut custom.epoch,
                "generator" => &mut custom.generator,
                other => return Err(unknown_custom(&node, other)),
            };
            if place.replace(value).is_some() {
                return Err(node.error(format!("'{name}' is given twice")));
            }
        }
        Ok(custom)
    }
}

/// The custom properties of a node as (node, name, value), those for other readers (`x-…`) left out.
pub(super) fn custom_properties<'a>(node: &Node<'a>) -> Result<Vec<(Node<'a>, &'a str, Node<'a>)>> {
    let Some(list) = node.get("customProperties") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for item in list.items()? {
        item.keys(&["id", "property", "value", "description"])?;
        let name = item.need("property")?.str()?;
        if !name.starts_with("x-") {
            let value = item.need("value")?;
            found.push((item, name, value));
        }
    }
    Ok(found)
}

pub(super) fn unknown_custom(node: &Node<'_>, name: &str) -> crate::error::Error {
    node.error(format!("unknown custom property '{name}'; if it is a note for others, call it 'x-{name}'"))
}

fn string(property: &Node<'_>, custom: &Custom<'_>) -> Result<StringRules> {
    if let Some(node) = custom.accept_canonical_string.as_ref().or(custom.epoch.as_ref()) {
        return Err(node.error("only for integers"));
    }
    let mut rules = StringRules::default();
    if let Some(options) = property.get("logicalTypeOptions") {
        if options.get("format").is_some() {
            return Err(options.need("format")?.error("string formats are not supported yet; use a pattern"));
        }
        options.keys(&["minLength", "maxLength", "pattern", "format"])?;
        rules.min_length = options.get("minLength").map_or(Ok(0), |node| node.usize())?;
        rules.max_length = options.get("maxLength").map(|node| node.usize()).transpose()?;
        if rules.max_length.is_some_and(|most| most < rules.min_length) {
            return Err(options.error("minLength is above maxLength: no string fits"));
        }
        if let Some(node) = options.get("pattern") {
            rules.pattern = Some(Pattern::compile(node.str()?).map_err(|why| node.error(why))?);
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

fn integer(property: &Node<'_>, custom: &Custom<'_>) -> Result<IntegerRules> {
    let flag = |node: &Option<Node<'_>>| node.as_ref().map_or(Ok(false), Node::bool);
    let mut rules = IntegerRules {
        minimum: i64::from(i32::MIN),
        maximum: i64::from(i32::MAX),
        multiple_of: None,
        width: Width::I32,
        accept_canonical_string: flag(&custom.accept_canonical_string)?,
        epoch_seconds: false,
    };
    if let Some(values) = valid_values(property)? {
        return Err(values.error("a list of values is supported for strings only; use minimum and maximum"));
    }
    let options = property.get("logicalTypeOptions");
    if let Some(options) = &options {
        options.keys(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"])?;
        if let Some(node) = options.get("format") {
            match node.str()? {
                "i32" => {}
                "i64" => {
                    (rules.width, rules.minimum, rules.maximum) = (Width::I64, i64::MIN, i64::MAX);
                }
                other => return Err(node.error(format!("format '{other}' is not supported; i32 and i64 are"))),
            }
        }
        let format = rules.minimum..=rules.maximum;
        let bound = |key: &str, step: i64| -> Result<Option<i64>> {
            let Some(node) = options.get(key) else { return Ok(None) };
            let number = node.i64()?;
            if !format.contains(&number) {
                return Err(node.error(format!("{number} does not fit the field's format (i32 unless it says i64)")));
            }
            number.checked_add(step).map(Some).ok_or_else(|| node.error("no integer is beyond this"))
        };
        for minimum in [bound("minimum", 0)?, bound("exclusiveMinimum", 1)?].into_iter().flatten() {
            rules.minimum = rules.minimum.max(minimum);
        }
        for maximum in [bound("maximum", 0)?, bound("exclusiveMaximum", -1)?].into_iter().flatten() {
            rules.maximum = rules.maximum.min(maximum);
        }
        if rules.minimum > rules.maximum {
            return Err(options.error(format!(
                "the smallest value {} is above the largest {}: no number fits",
                rules.minimum, rules.maximum
            )));
        }
        if let Some(node) = options.get("multipleOf") {
            let step = node.i64()?;
            if step <= 0 {
                return Err(node.error("multipleOf is an integer above 0"));
            }
            let largest = rules.maximum - rules.maximum.rem_euclid(step);
            if rules.maximum.checked_sub(rules.maximum.rem_euclid(step)).is_none() || largest < rules.minimum {
                return Err(node.error("no multiple lies within the range"));
            }
            rules.multiple_of = Some(step);
        }
    }
    if let Some(node) = &custom.epoch {
        if node.str()? != "seconds" {
            return Err(node.error("only 'seconds' is supported"));
        }
        if rules.width != Width::I64 {
            return Err(node.error("a time needs format i64"));
        }
        if !EPOCH_SECONDS.contains(&rules.minimum) || !EPOCH_SECONDS.contains(&rules.maximum) {
            return Err(node.error(format!(
                "a time needs minimum and maximum within {} to {} (the years 1 to 9999)",
                EPOCH_SECONDS.start(),
                EPOCH_SECONDS.end()
            )));
        }
        rules.epoch_seconds = true;
    }
    Ok(rules)
}

/// The list of the one quality rule that is known, `metric: invalidValues` with `mustBe: 0`.
fn valid_values<'a>(property: &Node<'a>) -> Result<Option<Node<'a>>> {
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
