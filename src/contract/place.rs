//! The fields of a contract one after another, those within objects behind their object: what a reason's place counts.

use super::field::Field;
use super::kind::Kind;

/// A field where it stands.
#[derive(Clone, Debug)]
pub struct PlacedField {
    /// Its name within its object.
    pub name: String,
    /// Its path from the log's own object: `a.b`.
    pub path: String,
    /// The place of the object that holds it; None for the log itself.
    pub parent: Option<u16>,
    /// How many fields within it follow.
    pub within: u16,
    /// Whether it is an object itself.
    pub is_object: bool,
    /// Whether it is a string or an integer, which are often digits only.
    pub is_often_digits: bool,
}

/// All fields in their order.
pub(super) fn placed(fields: &[Field]) -> Vec<PlacedField> {
    let mut out = Vec::new();
    push(fields, None, "", &mut out);
    out
}

fn push(fields: &[Field], parent: Option<u16>, before: &str, out: &mut Vec<PlacedField>) {
    for field in fields {
        let place = out.len();
        let path = format!("{before}{}", field.name);
        out.push(PlacedField {
            name: field.name.clone(),
            path: path.clone(),
            parent,
            within: 0,
            is_object: matches!(field.kind, Kind::Object(_)),
            is_often_digits: matches!(field.kind, Kind::String(_) | Kind::Integer(_)),
        });
        if let Kind::Object(inner) = &field.kind {
            // A contract holds at most 1,000 fields.
            push(inner, u16::try_from(place).ok(), &format!("{path}."), out);
            let within = out.len() - place - 1;
            if let Some(object) = out.get_mut(place) {
                object.within = u16::try_from(within).unwrap_or(u16::MAX);
            }
        }
    }
}
