//! One property of the schema, compiled into a field with its rules.

use super::generator::{self, FieldGenerator};
use super::kind::Kind;
use super::node::Node;
use super::{integer, number, string, time};
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

/// Most bytes of a field's name.
const MOST_NAME: usize = 255;

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
const RULES: &[&str] =
    &["name", "logicalType", "logicalTypeOptions", "required", "quality", "customProperties", "properties", "items"];
/// Rules of the standard that a single log can't be held against, or that are not there yet.
const REFUSED: &[(&str, &str)] = &[
    ("unique", "a stream has no end within which a value could be unique"),
    ("primaryKey", "a key is unique, and a stream has no end within which a value could be unique"),
    ("primaryKeyPosition", "a key is unique, and a stream has no end within which a value could be unique"),
    ("relationships", "relationships are read from the schema, not from a property"),
];

/// Compiles a list of properties, all of one object.
pub(super) fn compile_all(properties: &Node<'_>) -> Result<Vec<Field>> {
    let mut fields: Vec<Field> = Vec::new();
    for property in properties.items()? {
        let place = property.need("name")?;
        let field = compile(&property)?;
        if fields.iter().any(|known| known.name == field.name) {
            return Err(place.error(format!("a second field '{}'", field.name)));
        }
        if field.name.is_empty() {
            return Err(place.error("a field needs a name"));
        }
        if field.name.len() > MOST_NAME || field.name.chars().any(char::is_control) {
            return Err(place.error(format!("a name has at most {MOST_NAME} bytes, and no control characters")));
        }
        fields.push(field);
    }
    Ok(fields)
}

/// Compiles one property, or the items of an array, which need no name.
fn compile(property: &Node<'_>) -> Result<Field> {
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

    let name = property.get("name").map_or(Ok(""), |node| node.str())?;
    let required = property.get("required").map_or(Ok(false), |node| node.bool())?;
    let type_node = property.need("logicalType")?;
    let custom = Custom::read(property)?;
    let kind = match type_node.str()? {
        "string" => Kind::String(string::compile(property)?),
        "integer" => Kind::Integer(integer::compile(property, &custom)?),
        "number" => Kind::Number(number::compile(property)?),
        "boolean" => {
            no_options(property)?;
            Kind::Boolean
        }
        "timestamp" => Kind::Timestamp(time::timestamp(property)?),
        "date" => Kind::Date(time::date(property)?),
        "object" => {
            no_options(property)?;
            let properties = property.need("properties")?;
            let fields = compile_all(&properties)?;
            if fields.is_empty() {
                return Err(properties.error("an object needs at least one property"));
            }
            Kind::Object(fields)
        }
        "array" => {
            no_options(property)?;
            let items = property.need("items")?;
            let item = compile(&items)?;
            if matches!(item.kind, Kind::Object(_) | Kind::Array(_)) {
                return Err(items.error("only arrays of scalars are supported"));
            }
            Kind::Array(Box::new(item))
        }
        other => {
            return Err(type_node.error(format!(
                "type '{other}' is not supported; string, integer, number, boolean, timestamp, date, object and array are"
            )));
        }
    };
    for (key, of) in [("properties", "object"), ("items", "array")] {
        if kind.logical_type() != of
            && let Some(node) = property.get(key)
        {
            return Err(node.error(format!("only for logicalType {of}")));
        }
    }
    if !matches!(kind, Kind::Integer(_))
        && let Some(node) = custom.accept_canonical_string.as_ref().or(custom.epoch.as_ref())
    {
        return Err(node.error("only for integers"));
    }
    if !matches!(kind, Kind::String(_))
        && let Some(values) = string::valid_values(property)?
    {
        return Err(values.error("a list of values is supported for strings only; use minimum and maximum"));
    }
    let generator = custom.generator.map(|node| generator::compile_field(&node, &kind)).transpose()?;
    Ok(Field { name: name.to_owned(), required, kind, generator })
}

#[derive(Default)]
pub(super) struct Custom<'a> {
    pub(super) accept_canonical_string: Option<Node<'a>>,
    pub(super) epoch: Option<Node<'a>>,
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

fn no_options(property: &Node<'_>) -> Result<()> {
    match property.get("logicalTypeOptions") {
        Some(options) => match options.entries()?.first() {
            None => Ok(()),
            Some((_, node)) => Err(node.error("not supported: the verdict rules have no code for it")),
        },
        None => Ok(()),
    }
}
