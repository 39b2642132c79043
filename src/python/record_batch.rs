//! Arrow batches from Python.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch, make_array};
use arrow_pyarrow::FromPyArrowUnchecked;
use arrow_schema::DataType;
use pyo3::prelude::*;
use pyo3::types::PyRange;

use super::to_py;
use crate::classify::with_rows;
use crate::error::Error;

/// Any object with the Arrow C data interface, as a batch. Its column `logs`, where it holds strings, becomes one of bytes.
pub(crate) fn record_batch(value: &Bound<'_, PyAny>, logs: Option<&str>) -> PyResult<RecordBatch> {
    imported(value, logs).or_else(|error| {
        rebuilt(value)
            .and_then(|rebuilt| imported(&rebuilt, logs))
            .map_err(|_| to_py(Error::Batch(format!("a RecordBatch is wanted, not {}: {error}", value.get_type()))))
    })
}

#[expect(unsafe_code, reason = "10.2 against 8.4 million logs a second through Python, a million of the natural mix")]
fn imported(value: &Bound<'_, PyAny>, logs: Option<&str>) -> PyResult<RecordBatch> {
    // SAFETY: every column is checked below, before anything looks at its values. The logs are checked as bytes: whether
    // they are UTF-8 is for the decoder to say, and is not asked twice.
    let batch = unsafe { RecordBatch::from_pyarrow_bound_unchecked(value) }?;
    let schema = batch.schema();
    let mut fields = schema.fields().to_vec();
    let mut columns = Vec::with_capacity(fields.len());
    for (field, column) in fields.iter_mut().zip(batch.columns()) {
        let bytes = match column.data_type() {
            DataType::Utf8 => DataType::Binary,
            DataType::LargeUtf8 => DataType::LargeBinary,
            DataType::Utf8View => DataType::BinaryView,
            other => other.clone(),
        };
        if Some(field.name().as_str()) == logs {
            // This checks it.
            let data = column.to_data().into_builder().data_type(bytes.clone()).build().map_err(invalid)?;
            *field = Arc::new(field.as_ref().clone().with_data_type(bytes));
            columns.push(make_array(data));
        } else {
            column.to_data().validate_full().map_err(invalid)?;
            columns.push(Arc::clone(column));
        }
    }
    with_rows(fields, columns, batch.num_rows()).map_err(to_py)
}

fn invalid(error: arrow_schema::ArrowError) -> PyErr {
    to_py(Error::from(error))
}

/// The same rows in arrays that pyarrow makes anew. Java's Arrow, which Spark sends batches with, writes no offsets for a
/// string array without an item, alone or within a list: what stands there is whatever the memory held, and the import
/// refuses it. pyarrow does not look.
fn rebuilt<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let rows: isize = value.getattr("num_rows")?.extract()?;
    let indices = py.import("pyarrow")?.call_method1("array", (PyRange::new(py, 0, rows)?, "int64"))?;
    py.import("pyarrow.compute")?.call_method1("take", (value, indices))
}
