//! Objects and arrays of a batch as JSON, which is how the table holds them: null members stay, times as in the status
//! record.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use crate::sink::json::{self, Times};

/// Whether an array is one that [`push`] writes.
pub(super) fn is_known(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(fields) => fields.iter().all(|field| is_known(field.data_type())),
        DataType::List(item) | DataType::LargeList(item) => is_known(item.data_type()),
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Int32
        | DataType::Int64
        | DataType::Float64
        | DataType::Boolean
        | DataType::Date32 => true,
        DataType::Timestamp(unit, _) => *unit == arrow_schema::TimeUnit::Microsecond,
        _ => false,
    }
}

/// Appends the JSON of a row.
pub(super) fn push(out: &mut Vec<u8>, array: &ArrayRef, row: usize) {
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match array.data_type() {
        DataType::Struct(fields) => {
            out.push(b'{');
            for ((field, column), place) in fields.iter().zip(array.as_struct().columns()).zip(0..) {
                if place > 0 {
                    out.push(b',');
                }
                json::push_string(out, field.name().as_bytes());
                out.push(b':');
                push(out, column, row);
            }
            out.push(b'}');
        }
        DataType::List(_) => push_items(out, &array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => push_items(out, &array.as_list::<i64>().value(row)),
        DataType::Utf8 => json::push_string(out, array.as_string::<i32>().value(row).as_bytes()),
        DataType::LargeUtf8 => json::push_string(out, array.as_string::<i64>().value(row).as_bytes()),
        DataType::Utf8View => json::push_string(out, array.as_string_view().value(row).as_bytes()),
        DataType::Int32 => json::push_integer(out, i64::from(array.as_primitive::<Int32Type>().value(row))),
        DataType::Int64 => json::push_integer(out, array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => json::push_number(out, array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => {
            out.extend_from_slice(if array.as_boolean().value(row) { b"true" } else { b"false" });
        }
        DataType::Date32 => json::push_date(out, i64::from(array.as_primitive::<Date32Type>().value(row))),
        DataType::Timestamp(..) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            Times::default().push(out, micros.div_euclid(1_000));
        }
        // `is_known` lets no other pass.
        _ => out.extend_from_slice(b"null"),
    }
}

fn push_items(out: &mut Vec<u8>, items: &ArrayRef) {
    out.push(b'[');
    for row in 0..items.len() {
        if row > 0 {
            out.push(b',');
        }
        push(out, items, row);
    }
    out.push(b']');
}
