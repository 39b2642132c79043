//! Reasons as an Arrow column, list<struct<path, code>>.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, FieldRef, Fields};

use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::verdict::{Place, Reason};

/// The type of the column.
#[must_use]
pub fn reasons_type() -> DataType {
    DataType::List(item_field(DataType::Struct(struct_fields())))
}

fn struct_fields() -> Fields {
    ["path", "code"].map(|name| Field::new(name, DataType::Utf8, true)).to_vec().into()
}

/// The items of a list, named as pyarrow names them.
pub(crate) fn item_field(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("item", data_type, true))
}

/// A reason's path: `$`, or the field's (`a.b`), or an item's (`a.b[3]`).
#[must_use]
pub fn path<'a>(contract: &'a Contract, reason: &Reason) -> Cow<'a, str> {
    let of_field =
        |place: u16| contract.placed_fields().get(usize::from(place)).map_or("$", |field| field.path.as_str());
    match reason.place {
        Place::Log => Cow::Borrowed("$"),
        Place::Field(place) => Cow::Borrowed(of_field(place)),
        Place::Item(place, item) => Cow::Owned(format!("{}[{item}]", of_field(place))),
    }
}

/// The error for a column that would outgrow Arrow's 32-bit offsets, where Arrow itself would panic.
#[cold]
pub(crate) fn past_2_gib() -> Error {
    Error::Batch("more than 2 GiB in one column; judge smaller batches".to_owned())
}

/// The column: row n has the reasons from `offsets[n]` to `offsets[n + 1]`.
pub(super) fn reasons_array(contract: &Contract, reasons: &[Reason], offsets: Vec<i32>) -> Result<ArrayRef> {
    let mut paths = StringBuilder::with_capacity(reasons.len(), reasons.len() * 12);
    let mut codes = StringBuilder::with_capacity(reasons.len(), reasons.len() * 12);
    let mut bytes = 0_usize;
    for reason in reasons {
        // Codes are shorter than 64 bytes, so their column never is the longer one by more.
        let path = path(contract, reason);
        bytes += path.len().max(64);
        if i32::try_from(bytes).is_err() {
            return Err(past_2_gib());
        }
        paths.append_value(path);
        codes.append_value(reason.code.as_str());
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(paths.finish()), Arc::new(codes.finish())];
    let items = StructArray::try_new(struct_fields(), columns, None)?;
    let item = item_field(DataType::Struct(struct_fields()));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::new(offsets.into()), Arc::new(items), None)?))
}
