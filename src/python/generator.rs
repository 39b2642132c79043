//! `Generator`.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_pyarrow::ToPyArrow;
use pyo3::prelude::*;

use super::{PyContract, PyUsers, detached};
use crate::contract::escaped;
use crate::generate::{Generator, Options};

/// How many logs Jupyter shows.
const SHOWN: usize = 5;

/// Seeded logs.
#[pyclass(name = "Generator", module = "logcore", frozen)]
pub(super) struct PyGenerator {
    generator: Mutex<Generator>,
    /// Its options in words.
    description: String,
}

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
        let share = |name: &str, rate: Option<f64>| rate.map(|rate| format!(", {name} {rate}")).unwrap_or_default();
        let description = format!(
            "{} by seed {seed}, {rate} logs/s from {start} on{}{}, {}",
            contract.0.name(),
            share("bad_rate", bad_rate),
            share("suspicious_rate", suspicious_rate),
            users.map_or_else(|| "no users".to_owned(), |users| format!("{} users", users.0.len())),
        );
        detached(py, || Generator::new(&contract.0, users.map(|users| &users.0), &options))
            .map(|generator| Self { generator: Mutex::new(generator), description })
    }

    /// What Jupyter shows: the options and the next logs, which are still to come afterwards.
    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let (position, logs) = detached(py, || {
            let mut generator = self.generator.lock().unwrap_or_else(PoisonError::into_inner);
            let position = generator.position();
            let logs = generator.batch(SHOWN);
            generator.seek(position);
            // At the end of its records, or of a contract's times, it shows none instead of failing.
            Ok((position, logs.ok()))
        })?;
        Ok(self.html(position, logs.as_ref()))
    }

    fn batch<'py>(&self, py: Python<'py>, n: usize) -> PyResult<Bound<'py, PyAny>> {
        detached(py, || self.generator.lock().unwrap_or_else(PoisonError::into_inner).batch(n))?.to_pyarrow(py)
    }

    #[getter]
    fn position(&self, py: Python<'_>) -> PyResult<u64> {
        // Another thread may be in the middle of a batch.
        detached(py, || Ok(self.generator.lock().unwrap_or_else(PoisonError::into_inner).position()))
    }

    fn seek(&self, py: Python<'_>, index: u64) -> PyResult<()> {
        detached(py, || {
            self.generator.lock().unwrap_or_else(PoisonError::into_inner).seek(index);
            Ok(())
        })
    }
}

impl PyGenerator {
    fn html(&self, position: u64, logs: Option<&RecordBatch>) -> String {
        let mut out = format!(
            "<div><p><strong>Generator</strong> of {}</p><table><thead><tr><th>Record</th><th>Should get</th><th>Log</th>\
             </tr></thead><tbody>",
            escaped(&self.description)
        );
        let texts = |name: &str| logs?.column_by_name(name)?.as_string_opt::<i32>();
        if let (Some(values), Some(statuses)) = (texts("value"), texts("expected_status")) {
            for ((value, status), index) in values.iter().zip(statuses).zip(position..) {
                let (value, status) = (escaped(value.unwrap_or_default()), escaped(status.unwrap_or_default()));
                let _ = write!(out, "<tr><td>{index}</td><td>{status}</td><td><code>{value}</code></td></tr>");
            }
        }
        out.push_str("</tbody></table></div>");
        out
    }
}
