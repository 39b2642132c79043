//! `Contract`.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;

use super::detached;
use crate::contract::{Contract, IntegerRules, Kind, Width};
use crate::error::Error;

/// A compiled contract.
#[pyclass(name = "Contract", module = "logcore", frozen)]
pub(crate) struct PyContract(pub(crate) Arc<Contract>);

/// A file that can't be read is a `ContractError` here: who loads a contract waits for one kind of error.
fn unreadable(error: Error) -> Error {
    match error {
        Error::File { path, source } => {
            Error::Contract { path: path.display().to_string(), message: source.to_string() }
        }
        other => other,
    }
}

#[pymethods]
impl PyContract {
    #[staticmethod]
    fn server_logs(py: Python<'_>) -> PyResult<Self> {
        detached(py, Contract::server_logs).map(|contract| Self(Arc::new(contract)))
    }

    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        detached(py, || Contract::load(&path).map_err(unreadable)).map(|contract| Self(Arc::new(contract)))
    }

    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        detached(py, || Contract::parse(text)).map(|contract| Self(Arc::new(contract)))
    }

    #[getter]
    fn text(&self) -> &str {
        self.0.text()
    }

    #[getter]
    fn version(&self) -> &str {
        self.0.version()
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    #[getter]
    fn topic(&self) -> &str {
        self.0.topic()
    }

    #[getter]
    fn field_names(&self) -> Vec<&str> {
        self.0.fields().iter().map(|field| field.name.as_str()).collect()
    }

    #[getter]
    fn field_types(&self) -> Vec<&'static str> {
        let name = |kind: &Kind| match kind {
            Kind::String(_) => "string",
            Kind::Integer(IntegerRules { epoch_seconds: true, .. }) | Kind::Timestamp(_) => "timestamp",
            Kind::Integer(IntegerRules { width: Width::I32, .. }) => "int32",
            Kind::Integer(_) => "int64",
            Kind::Number(_) => "double",
            Kind::Boolean => "boolean",
            Kind::Date(_) => "date",
        };
        self.0.fields().iter().map(|field| name(&field.kind)).collect()
    }

    #[getter]
    fn lookup(&self) -> Option<(Vec<&str>, &str, Vec<&str>)> {
        let lookup = self.0.lookup()?;
        let names = self.0.fields();
        let fields = lookup.fields.iter().filter_map(|field| names.get(*field)).map(|field| field.name.as_str());
        Some((fields.collect(), &lookup.table, lookup.columns.iter().map(String::as_str).collect()))
    }

    fn __repr__(&self) -> String {
        format!("Contract({}, version {})", self.0.name(), self.0.version())
    }
}
