//! The rules of an integer, from a property of the schema.

use super::field::Custom;
use super::kind::{IntegerRules, Width};
use super::node::Node;
use crate::error::Result;

/// 0001-01-01 and 9999-12-31T23:59:59, what a four-digit year can say.
const EPOCH_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The formats, each with the column that holds it and its range.
const FORMATS: &[(&str, Width, i64, i64)] = &[
    ("i8", Width::I32, -0x80, 0x7F),
    ("u8", Width::I32, 0, 0xFF),
    ("i16", Width::I32, -0x8000, 0x7FFF),
    ("u16", Width::I32, 0, 0xFFFF),
    ("i32", Width::I32, -0x8000_0000, 0x7FFF_FFFF),
    ("u32", Width::I64, 0, 0xFFFF_FFFF),
    ("i64", Width::I64, i64::MIN, i64::MAX),
];

/// Compiles an integer's rules.
pub(super) fn compile(property: &Node<'_>, custom: &Custom<'_>) -> Result<IntegerRules> {
    let flag = |node: &Option<Node<'_>>| node.as_ref().map_or(Ok(false), Node::bool);
    let mut rules = IntegerRules {
        minimum: i64::from(i32::MIN),
        maximum: i64::from(i32::MAX),
        multiple_of: None,
        width: Width::I32,
        accept_canonical_string: flag(&custom.accept_canonical_string)?,
        epoch_seconds: false,
    };
    let options = property.get("logicalTypeOptions");
    if let Some(options) = &options {
        options.keys(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"])?;
        if let Some(node) = options.get("format") {
            let name = node.str()?;
            let Some((_, width, minimum, maximum)) = FORMATS.iter().find(|(known, ..)| *known == name) else {
                let known: Vec<&str> = FORMATS.iter().map(|(known, ..)| *known).collect();
                return Err(node.error(format!(
                    "format '{name}' is not supported; {} are: a column has 64 bits with a sign",
                    known.join(", ")
                )));
            };
            (rules.width, rules.minimum, rules.maximum) = (*width, *minimum, *maximum);
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
