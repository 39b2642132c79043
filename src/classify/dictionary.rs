//! Columns of few different values as dictionaries: the status, and fields whose values the contract lists.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, StringArray};
use arrow_schema::Field;

use super::with_rows;
use crate::contract::{Contract, Kind};
use crate::error::Result;
use crate::verdict::Status;

/// A judged batch with those columns as `dictionary<int32, string>`, the values in the contract's order.
pub(super) fn encode(contract: &Contract, judged: &RecordBatch) -> Result<RecordBatch> {
    let mut columns = judged.columns().to_vec();
    for (place, field) in contract.fields().iter().enumerate() {
        if let Kind::String(rules) = &field.kind
            && let (Some(allowed), Some(column)) = (&rules.allowed, columns.get_mut(place))
        {
            *column = dictionary(column, allowed.iter().map(String::as_str))?;
        }
    }
    if let Some(column) = columns.get_mut(contract.fields().len()) {
        *column = dictionary(column, Status::ALL.iter().map(|status| status.as_str()))?;
    }
    let schema = judged.schema();
    let fields = schema.fields().iter().zip(&columns).map(|(field, column)| {
        Arc::new(Field::new(field.name(), column.data_type().clone(), true).with_metadata(field.metadata().clone()))
    });
    with_rows(fields.collect(), columns.clone(), judged.num_rows())
}

fn dictionary<'a>(column: &ArrayRef, values: impl Iterator<Item = &'a str> + Clone) -> Result<ArrayRef> {
    let places: HashMap<&str, i32> = values.clone().zip(0..).collect();
    let keys = column.as_string::<i32>().iter().map(|text| text.and_then(|text| places.get(text).copied())).collect();
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from_iter_values(values)))?))
}
