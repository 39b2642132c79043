//! `Users`.

use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString, PyTuple};

use super::{detached, to_py};
use crate::error::Error;
use crate::users::Users;

/// The users dimension.
#[pyclass(name = "Users", module = "logcore", frozen)]
pub(crate) struct PyUsers(pub(crate) Users);

#[pymethods]
impl PyUsers {
    #[new]
    #[pyo3(signature = (pairs, columns = None))]
    fn new(py: Python<'_>, pairs: &Bound<'_, PyAny>, columns: Option<Vec<String>>) -> PyResult<Self> {
        let columns = columns.unwrap_or_else(|| vec!["account_id".to_owned(), "device".to_owned()]);
        let mut rows: Vec<Vec<Box<str>>> = Vec::new();
        for pair in pairs.try_iter()? {
            let pair = pair?;
            if pair.is_instance_of::<PyString>() || pair.is_instance_of::<PyBytes>() {
                return Err(to_py(Error::Users(format!("a row is a tuple of values, not {}", pair.repr()?))));
            }
            let row: PyResult<Vec<Box<str>>> = pair.try_iter()?.map(|value| text(&value?)).collect();
            rows.push(row?);
        }
        detached(py, || Users::new(&columns, rows)).map(Self)
    }

    #[staticmethod]
    fn from_csv(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let read = || {
            Users::from_csv(&path).map_err(|error| match error {
                Error::File { path, source } => Error::Users(format!("{}: {source}", path.display())),
                other => other,
            })
        };
        detached(py, read).map(Self)
    }

    #[cfg(feature = "mysql")]
    #[staticmethod]
    #[pyo3(signature = (
        contract, *, host, port, user, password = None, tls_ca = None, tls = false, users_database = "dim_users"
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python passes them by keyword")]
    fn from_mysql(
        py: Python<'_>,
        contract: &super::PyContract,
        host: String,
        port: u16,
        user: String,
        password: Option<String>,
        tls_ca: Option<PathBuf>,
        tls: bool,
        users_database: &str,
    ) -> PyResult<Self> {
        let login = crate::mysql::Login { host, port, user, password, tls, tls_ca };
        super::mysql::users_from_mysql(login, users_database, contract, py).map(Self)
    }

    #[staticmethod]
    fn parse(py: Python<'_>, csv: &str) -> PyResult<Self> {
        detached(py, || Users::parse(csv)).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (contract, *, seed, accounts = 1000))]
    fn generate(py: Python<'_>, contract: &super::PyContract, seed: u64, accounts: u64) -> PyResult<Self> {
        detached(py, || crate::generate::users(&contract.0, seed, accounts)).map(Self)
    }

    #[getter]
    fn csv(&self) -> &str {
        self.0.csv()
    }

    #[getter]
    fn version(&self) -> &str {
        self.0.version()
    }

    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.columns())
    }

    fn pairs<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        self.0.rows().iter().map(|row| PyTuple::new(py, row.iter().map(|value| &**value))).collect()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("Users({} rows of {}, version {})", self.0.len(), self.0.columns().join(", "), self.0.version())
    }
}

/// A value as text; numbers in canonical decimal form.
fn text(value: &Bound<'_, PyAny>) -> PyResult<Box<str>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok((&*text.to_cow()?).into());
    }
    if value.is_instance_of::<PyBool>() || value.is_none() {
        return Err(to_py(Error::Users(format!("{} is neither text nor an integer", value.repr()?))));
    }
    if value.is_instance_of::<PyInt>() {
        // Of any size.
        return Ok((&*value.str()?.to_cow()?).into());
    }
    value
        .extract::<i64>()
        .map(|number| number.to_string().into())
        .map_err(|_| PyTypeError::new_err(format!("users hold text and integers, not {}", value.get_type())))
}
