//! `Generator`.

use std::sync::{Mutex, PoisonError};

use arrow_pyarrow::ToPyArrow;
use pyo3::prelude::*;

use super::{PyContract, PyUsers, detached};
use crate::generate::{Generator, Options};

/// Seeded logs.
#[pyclass(name = "Generator", module = "logcore", frozen)]
pub(super) struct PyGenerator(Mutex<Generator>);

#[pymethods]
impl PyGenerator {
    #[new]
    #[pyo3(signature = (
        contract, users = None, *, seed, start = 1_700_000_000, rate = 1000.0, bad_rate = None,
        suspicious_rate = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python passes them by keyword")]
    fn new(
        py: Python<'_>,
        contract: &PyContract,
        users: Option<&PyUsers>,
        seed: u64,
        start: i64,
        rate: f64,
        bad_rate: Option<f64>,
        suspicious_rate: Option<f64>,
    ) -> PyResult<Self> {
        let options = Options { seed, start, rate, bad_rate, suspicious_rate };
        detached(py, || Generator::new(&contract.0, users.map(|users| &users.0), &options))
            .map(|generator| Self(Mutex::new(generator)))
    }

    fn batch<'py>(&self, py: Python<'py>, n: usize) -> PyResult<Bound<'py, PyAny>> {
        detached(py, || self.0.lock().unwrap_or_else(PoisonError::into_inner).batch(n))?.to_pyarrow(py)
    }

    #[getter]
    fn position(&self, py: Python<'_>) -> PyResult<u64> {
        // Another thread may be in the middle of a batch.
        detached(py, || Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).position()))
    }

    fn seek(&self, py: Python<'_>, index: u64) -> PyResult<()> {
        detached(py, || {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).seek(index);
            Ok(())
        })
    }
}
