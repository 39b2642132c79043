//! A field's value as JSON text.

use super::json::{self, Times};
use crate::classify::{Column, Value};
use crate::contract::{Field, Kind};

/// Appends the value of a row; `times` is kept for the field.
#[inline]
pub(super) fn push(out: &mut Vec<u8>, field: &Field, column: &Column, row: usize, times: &mut Times) {
    match column.value(row) {
        Value::Text(text) => json::push_string(out, text),
        Value::Integer(value) => json::push_integer(out, value),
        Value::Time(micros) => times.push(out, micros.div_euclid(1_000)),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Date(day) => json::push_date(out, day),
        Value::Number(number) => json::push_number(out, number),
        Value::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Value::Object(columns) => push_object(out, field, columns, row, times),
        Value::Array(items, rows) => {
            let Kind::Array(item) = &field.kind else { return out.extend_from_slice(b"null") };
            out.push(b'[');
            for row in rows.clone() {
                if row > rows.start {
                    out.push(b',');
                }
                push(out, item, items, row, times);
            }
            out.push(b']');
        }
    }
}

fn push_object(out: &mut Vec<u8>, field: &Field, columns: &[Column], row: usize, times: &mut Times) {
    let Kind::Object(fields) = &field.kind else { return out.extend_from_slice(b"null") };
    out.push(b'{');
    for ((field, column), place) in fields.iter().zip(columns).zip(0..) {
        if place > 0 {
            out.push(b',');
        }
        json::push_string(out, field.name.as_bytes());
        out.push(b':');
        push(out, field, column, row, times);
    }
    out.push(b'}');
}

/// The bytes that [`push`] would append for a text, an object or an array; 0 for what is short.
pub(super) fn size(field: &Field, column: &Column, row: usize) -> usize {
    match column.value(row) {
        Value::Text(text) => json::string_size(text),
        Value::Object(_) | Value::Array(..) => {
            let mut out = Vec::new();
            push(&mut out, field, column, row, &mut Times::default());
            out.len()
        }
        _ => 0,
    }
}
