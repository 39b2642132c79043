//! Which fields are looked up in which table.

use super::field::Field;
use super::node::Node;
use crate::error::Result;

/// A lookup of one or two fields in a table: the account, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The fields' places in the contract.
    pub fields: Vec<usize>,
    /// The table's name.
    pub table: String,
    /// The table's columns, one for each field.
    pub columns: Vec<String>,
}

/// Reads `relationships` of a schema; at most one is supported.
pub(super) fn compile(schema: &Node<'_>, schema_name: &str, fields: &[Field]) -> Result<Option<Lookup>> {
    let Some(list) = schema.get("relationships") else { return Ok(None) };
    let items = list.items()?;
    let relationship = match items.as_slice() {
        [] => return Ok(None),
        [one] => one,
        _ => return Err(list.error("one relationship at most is supported")),
    };
    relationship.keys(&["id", "type", "from", "to", "customProperties", "description"])?;
    if let Some(kind) = relationship.get("type")
        && kind.str()? != "foreignKey"
    {
        return Err(kind.error("only 'foreignKey' is supported"));
    }
    let from = references(&relationship.need("from")?)?;
    let to_node = relationship.need("to")?;
    let to = references(&to_node)?;
    if from.len() != to.len() || from.is_empty() || from.len() > 2 {
        return Err(relationship.error("'from' and 'to' name one or two properties each, equally many"));
    }
    let mut lookup =
        Lookup { fields: Vec::new(), table: to.first().map_or("", |first| first.1).to_owned(), columns: Vec::new() };
    for (node, schema, name) in &from {
        if *schema != schema_name {
            return Err(node.error(format!("'{schema}' is not this schema, which is '{schema_name}'")));
        }
        let index = fields
            .iter()
            .position(|field| field.name == *name)
            .ok_or_else(|| node.error(format!("the schema has no property '{name}'")))?;
        if !fields[index].required {
            return Err(node.error(format!("'{name}' is looked up, so it must be required")));
        }
        if !fields[index].kind.is_key() {
            return Err(node.error(format!(
                "'{name}' is of type {}; only strings, and integers that are no time, are looked up",
                fields[index].kind.logical_type()
            )));
        }
        if lookup.fields.contains(&index) {
            return Err(node.error(format!("'{name}' is named twice")));
        }
        lookup.fields.push(index);
    }
    for (node, table, column) in &to {
        if *table != lookup.table {
            return Err(node.error(format!("all columns must be of one table, '{}'", lookup.table)));
        }
        if lookup.columns.iter().any(|known| known == column) {
            return Err(node.error(format!("'{column}' is named twice")));
        }
        lookup.columns.push((*column).to_owned());
    }
    Ok(Some(lookup))
}

/// `a.b`, or a list of them, split at the point.
fn references<'a>(node: &Node<'a>) -> Result<Vec<(Node<'a>, &'a str, &'a str)>> {
    let items = if node.value.is_array() { node.items()? } else { vec![node.clone()] };
    items
        .into_iter()
        .map(|item| {
            let text = item.str()?;
            match text.split_once('.') {
                Some((schema, name)) if !schema.is_empty() && !name.is_empty() && !name.contains('.') => {
                    Ok((item, schema, name))
                }
                _ => Err(item.error("a reference is written schema.property")),
            }
        })
        .collect()
}
