//! Arrow batches from Python.

use arrow_array::RecordBatch;
use arrow_pyarrow::FromPyArrow;
use pyo3::prelude::*;
use pyo3::types::PyRange;

use super::to_py;
use crate::error::Error;

/// Any object with the Arrow C data interface, as a batch.
pub(crate) fn record_batch(value: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
    RecordBatch::from_pyarrow_bound(value).or_else(|error| {
        rebuilt(value)
            .and_then(|rebuilt| RecordBatch::from_pyarrow_bound(&rebuilt))
            .map_err(|_| to_py(Error::Batch(format!("a RecordBatch is wanted, not {}: {error}", value.get_type()))))
    })
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
