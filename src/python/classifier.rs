//! `Classifier`.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use arrow_array::Array;
use arrow_pyarrow::ToPyArrow;
use pyo3::prelude::*;

use super::record_batch::record_batch;
use super::{PyContract, PyUsers, detached};
use crate::classify::Classifier;
use crate::sink::judge::{judge, judged_schema};

/// Judges logs.
#[pyclass(name = "Classifier", module = "logcore", frozen)]
pub(crate) struct PyClassifier(pub(crate) Classifier);

#[pymethods]
impl PyClassifier {
    #[new]
    #[pyo3(signature = (contract, users = None, *, threads = None))]
    fn new(
        py: Python<'_>,
        contract: &PyContract,
        users: Option<&PyUsers>,
        threads: Option<NonZeroUsize>,
    ) -> PyResult<Self> {
        let threads = threads.or_else(|| available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        detached(py, || Classifier::new(&contract.0, users.map(|users| &users.0)))
            .map(|classifier| Self(classifier.with_threads(threads)))
    }

    #[pyo3(signature = (batch, *, column = "value", dictionary = false))]
    fn classify<'py>(
        &self,
        py: Python<'py>,
        batch: &Bound<'py, PyAny>,
        column: &str,
        dictionary: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let batch = record_batch(batch, Some(column))?;
        let classify = || {
            if dictionary { self.0.classify_with_dictionaries(&batch, column) } else { self.0.classify(&batch, column) }
        };
        detached(py, classify)?.to_pyarrow(py)
    }

    #[pyo3(signature = (batch, *, column = "value"))]
    fn codes<'py>(&self, py: Python<'py>, batch: &Bound<'py, PyAny>, column: &str) -> PyResult<[Bound<'py, PyAny>; 4]> {
        let batch = record_batch(batch, Some(column))?;
        let (statuses, ends, codes, fields) = detached(py, || self.0.codes(&batch, column))?;
        Ok([
            statuses.into_data().to_pyarrow(py)?,
            ends.into_data().to_pyarrow(py)?,
            codes.into_data().to_pyarrow(py)?,
            fields.into_data().to_pyarrow(py)?,
        ])
    }

    fn judge<'py>(&self, py: Python<'py>, batch: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let batch = record_batch(batch, Some("value"))?;
        detached(py, || judge(&self.0, &batch))?.to_pyarrow(py)
    }

    #[getter]
    fn judged_schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        judged_schema(&self.0).to_pyarrow(py)
    }

    #[getter]
    fn users_version(&self) -> &str {
        self.0.users_version()
    }
}
