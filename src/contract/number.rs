//! The rules of a number, from a property of the schema.

use super::kind::NumberRules;
use super::node::Node;
use crate::error::Result;

/// Compiles a number's rules.
pub(super) fn compile(property: &Node<'_>) -> Result<NumberRules> {
    let mut rules = NumberRules { minimum: (f64::MIN, false), maximum: (f64::MAX, false), multiple_of: None };
    let Some(options) = property.get("logicalTypeOptions") else { return Ok(rules) };
    options.keys(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"])?;
    if let Some(node) = options.get("format") {
        let most = match node.str()? {
            "f32" => f64::from(f32::MAX),
            "f64" => f64::MAX,
            other => return Err(node.error(format!("format '{other}' is not supported for numbers; f32 and f64 are"))),
        };
        (rules.minimum.0, rules.maximum.0) = (-most, most);
    }
    for (key, excluded) in [("minimum", false), ("exclusiveMinimum", true)] {
        if let Some(node) = options.get(key) {
            let bound = node.f64()?;
            if bound > rules.minimum.0 || (bound >= rules.minimum.0 && excluded) {
                rules.minimum = (bound, excluded);
            }
        }
    }
    for (key, excluded) in [("maximum", false), ("exclusiveMaximum", true)] {
        if let Some(node) = options.get(key) {
            let bound = node.f64()?;
            if bound < rules.maximum.0 || (bound <= rules.maximum.0 && excluded) {
                rules.maximum = (bound, excluded);
            }
        }
    }
    let ((low, low_out), (high, high_out)) = (rules.minimum, rules.maximum);
    if low > high || (low >= high && (low_out || high_out)) {
        return Err(options.error(format!("no number lies between {low} and {high} as they are meant")));
    }
    if let Some(node) = options.get("multipleOf") {
        let step = node.f64()?;
        if step <= 0.0 {
            return Err(node.error("multipleOf is a number above 0"));
        }
        rules.multiple_of = Some(step);
    }
    Ok(rules)
}
