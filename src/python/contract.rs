//! `Contract`.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;

use super::detached;
use crate::contract::{Contract, Field, IntegerRules, Kind, Width};
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

    /// What Jupyter shows.
    fn _repr_html_(&self) -> String {
        self.0.html()
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
        self.0.fields().iter().map(|field| type_name(&field.kind)).collect()
    }

    #[getter]
    fn lookup(&self) -> Option<(Vec<&str>, &str, Vec<&str>)> {
        let lookup = self.0.lookup()?;
        let names = self.0.fields();
        let fields = lookup.fields.iter().filter_map(|field| names.get(*field)).map(|field| field.name.as_str());
        Some((fields.collect(), &lookup.table, lookup.columns.iter().map(String::as_str).collect()))
    }

    fn explain(&self) -> String {
        self.0.explain()
    }

    fn json_schema(&self) -> String {
        format!("{:#}", self.0.json_schema())
    }

    #[getter]
    fn structure(&self) -> Vec<Shape> {
        self.0.fields().iter().map(Shape::of).collect()
    }

    fn __repr__(&self) -> String {
        format!("Contract({}, version {})", self.0.name(), self.0.version())
    }
}

/// The type of a field's column, by its name.
fn type_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::String(_) => "string",
        Kind::Integer(IntegerRules { epoch_seconds: true, .. }) | Kind::Timestamp(_) => "timestamp",
        Kind::Integer(IntegerRules { width: Width::I32, .. }) => "int32",
        Kind::Integer(_) => "int64",
        Kind::Number(_) => "double",
        Kind::Boolean => "boolean",
        Kind::Date(_) => "date",
        Kind::Object(_) => "struct",
        Kind::Array(_) => "list",
    }
}

/// A field as (name, type, fields or item): what an index needs to know of it.
#[derive(IntoPyObject)]
struct Shape(String, &'static str, Vec<Shape>);

impl Shape {
    fn of(field: &Field) -> Self {
        let inner = match &field.kind {
            Kind::Object(fields) => fields.iter().map(Self::of).collect(),
            Kind::Array(item) => vec![Self::of(item)],
            _ => Vec::new(),
        };
        Self(field.name.clone(), type_name(&field.kind), inner)
    }
}
