//! The columns of a judged batch, each ready to be written as values of a statement.
//!
//! Batches come from the classifier or by way of Spark and pyarrow, which exchange string types: text and bytes are taken
//! in their small, large and view forms.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array,
    LargeBinaryArray, LargeListArray, LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, TimeUnit};

use super::{nested, reasons};
use crate::error::{Error, Result};
use crate::mysql::{bytes, push_date, push_datetime, text};

/// Columns that the status topic needs and the table does not.
const IGNORED: &[&str] = &["record_key", "record_value", "record_headers"];
/// Columns that every judged batch has; those of them that may not be null.
const FIXED: &[(&str, Wanted, bool)] = &[
    ("source_topic", Wanted::Text, true),
    ("source_partition", Wanted::Int32, true),
    ("source_offset", Wanted::Int64, true),
    ("kafka_timestamp", Wanted::Time, false),
    ("status", Wanted::Text, true),
    ("reasons", Wanted::Reasons, true),
    ("users_version", Wanted::Text, true),
    ("raw", Wanted::Bytes, false),
    ("raw_truncated", Wanted::Flag, false),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Text,
    Int32,
    Int64,
    Time,
    Reasons,
    Bytes,
    Flag,
    /// What a field of a contract may be.
    Field,
}

impl Wanted {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Time => "timestamp[us]",
            Self::Reasons => "list<struct<path: string, code: string>>",
            Self::Bytes => "binary",
            Self::Flag => "bool",
            Self::Field => "string, int32, int64, double, bool, date32, timestamp[us], or a struct or list of those",
        }
    }

    const fn takes(self, values: &Values<'_>) -> bool {
        match values {
            Values::Text(_) => matches!(self, Self::Text | Self::Field),
            Values::Int32(_) => matches!(self, Self::Int32 | Self::Field),
            Values::Int64(_) => matches!(self, Self::Int64 | Self::Field),
            Values::Time(_) => matches!(self, Self::Time | Self::Field),
            Values::Reasons(..) => matches!(self, Self::Reasons),
            Values::Bytes(_) => matches!(self, Self::Bytes),
            Values::Flag(_) => matches!(self, Self::Flag | Self::Field),
            Values::Number(_) | Values::Date(_) | Values::Nested => matches!(self, Self::Field),
        }
    }
}

/// One column of the batch.
pub(super) struct BatchColumn<'a> {
    pub(super) name: &'a str,
    array: &'a ArrayRef,
    values: Values<'a>,
}

enum Values<'a> {
    Text(Text<'a>),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    /// Objects and arrays.
    Nested,
    Number(&'a Float64Array),
    Date(&'a Date32Array),
    Time(&'a TimestampMicrosecondArray),
    Reasons(Lists<'a>, Text<'a>, Text<'a>),
    Bytes(Bytes<'a>),
    Flag(&'a BooleanArray),
}

enum Text<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

enum Bytes<'a> {
    Small(&'a BinaryArray),
    Large(&'a LargeBinaryArray),
    View(&'a BinaryViewArray),
}

enum Lists<'a> {
    Small(&'a ListArray),
    Large(&'a LargeListArray),
}

/// The batch's columns that go to the table, in the batch's order.
///
/// # Errors
/// [`Error::Batch`] where one is missing, doubled, of another type, or has nulls that it may not have.
pub(super) fn batch_columns(batch: &RecordBatch) -> Result<Vec<BatchColumn<'_>>> {
    let schema = batch.schema_ref();
    for (name, wanted, _) in FIXED {
        if schema.column_with_name(name).is_none() {
            return Err(Error::Batch(format!("column '{name}' ({}) is missing", wanted.in_words())));
        }
    }
    let mut columns: Vec<BatchColumn<'_>> = Vec::with_capacity(batch.num_columns());
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        let name = field.name().as_str();
        if IGNORED.contains(&name) {
            continue;
        }
        if columns.iter().any(|column| column.name == name) {
            return Err(Error::Batch(format!("a second column '{name}'")));
        }
        let (wanted, needed) = FIXED
            .iter()
            .find(|(fixed, ..)| *fixed == name)
            .map_or((Wanted::Field, false), |(_, wanted, needed)| (*wanted, *needed));
        let found = if wanted == Wanted::Field { field_values(array) } else { values(array) };
        let values = found.filter(|values| wanted.takes(values)).ok_or_else(|| {
            Error::Batch(format!("column '{name}' is {}, {} is wanted", array.data_type(), wanted.in_words()))
        })?;
        if needed && array.null_count() > 0 {
            return Err(Error::Batch(format!("column '{name}' has nulls")));
        }
        columns.push(BatchColumn { name, array, values });
    }
    Ok(columns)
}

/// What a field of a contract may be.
fn field_values(array: &ArrayRef) -> Option<Values<'_>> {
    match array.data_type() {
        DataType::Struct(_) | DataType::List(_) | DataType::LargeList(_) => {
            nested::is_known(array.data_type()).then_some(Values::Nested)
        }
        _ => values(array),
    }
}

fn values(array: &ArrayRef) -> Option<Values<'_>> {
    Some(match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Values::Text(texts(array)?),
        DataType::Int32 => Values::Int32(array.as_primitive::<Int32Type>()),
        DataType::Int64 => Values::Int64(array.as_primitive::<Int64Type>()),
        DataType::Float64 => Values::Number(array.as_primitive::<Float64Type>()),
        DataType::Date32 => Values::Date(array.as_primitive::<Date32Type>()),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Values::Time(array.as_primitive::<TimestampMicrosecondType>()),
        DataType::Binary => Values::Bytes(Bytes::Small(array.as_binary())),
        DataType::LargeBinary => Values::Bytes(Bytes::Large(array.as_binary())),
        DataType::BinaryView => Values::Bytes(Bytes::View(array.as_binary_view())),
        DataType::Boolean => Values::Flag(array.as_boolean()),
        DataType::List(_) => {
            let list: &ListArray = array.as_list();
            let (path, code) = reason_parts(list.values())?;
            Values::Reasons(Lists::Small(list), path, code)
        }
        DataType::LargeList(_) => {
            let list: &LargeListArray = array.as_list();
            let (path, code) = reason_parts(list.values())?;
            Values::Reasons(Lists::Large(list), path, code)
        }
        _ => return None,
    })
}

fn texts(array: &ArrayRef) -> Option<Text<'_>> {
    Some(match array.data_type() {
        DataType::Utf8 => Text::Small(array.as_string()),
        DataType::LargeUtf8 => Text::Large(array.as_string()),
        DataType::Utf8View => Text::View(array.as_string_view()),
        _ => return None,
    })
}

/// Path and code of a list's items; None where they are others, or null.
fn reason_parts(items: &ArrayRef) -> Option<(Text<'_>, Text<'_>)> {
    let items = items.as_struct_opt()?;
    let part = |name| items.column_by_name(name).filter(|part| part.null_count() == 0);
    Some((texts(part("path")?)?, texts(part("code")?)?))
}

impl Text<'_> {
    fn value(&self, row: usize) -> &str {
        match self {
            Self::Small(array) => array.value(row),
            Self::Large(array) => array.value(row),
            Self::View(array) => array.value(row),
        }
    }
}

impl Bytes<'_> {
    fn value(&self, row: usize) -> &[u8] {
        match self {
            Self::Small(array) => array.value(row),
            Self::Large(array) => array.value(row),
            Self::View(array) => array.value(row),
        }
    }
}

impl Lists<'_> {
    /// The items of a row.
    fn range(&self, row: usize) -> std::ops::Range<usize> {
        match self {
            Self::Small(array) => {
                let offsets = array.value_offsets();
                place(offsets[row])..place(offsets[row + 1])
            }
            Self::Large(array) => {
                let offsets = array.value_offsets();
                place(offsets[row])..place(offsets[row + 1])
            }
        }
    }
}

/// An Arrow offset, which is never negative.
fn place(offset: impl TryInto<usize>) -> usize {
    offset.try_into().unwrap_or_default()
}

impl BatchColumn<'_> {
    /// Appends the row's value as a literal.
    pub(super) fn push(&self, out: &mut String, row: usize) {
        if self.array.is_null(row) {
            out.push_str("NULL");
            return;
        }
        match &self.values {
            Values::Text(array) => text(out, array.value(row)),
            Values::Int32(array) => out.push_str(itoa::Buffer::new().format(array.value(row))),
            Values::Int64(array) => out.push_str(itoa::Buffer::new().format(array.value(row))),
            Values::Nested => {
                let mut json = Vec::new();
                nested::push(&mut json, self.array, row);
                text(out, &String::from_utf8_lossy(&json));
            }
            Values::Number(array) => out.push_str(zmij::Buffer::new().format(array.value(row))),
            Values::Date(array) => {
                if !push_date(out, i64::from(array.value(row))) {
                    out.push_str("NULL");
                }
            }
            Values::Time(array) => {
                if !push_datetime(out, array.value(row)) {
                    out.push_str("NULL");
                }
            }
            Values::Reasons(lists, path, code) => {
                reasons::begin(out);
                let items = lists.range(row);
                for item in items.clone() {
                    reasons::push(out, item == items.start, path.value(item), code.value(item));
                }
                reasons::end(out);
            }
            Values::Bytes(array) => bytes(out, array.value(row)),
            Values::Flag(array) => out.push(if array.value(row) { '1' } else { '0' }),
        }
    }
}
