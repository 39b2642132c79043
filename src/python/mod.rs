//! The only pyo3: convert, release the GIL, call the core, convert.

#![expect(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]

mod classifier;
mod contract;
mod error;
mod generator;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "kafka")]
mod processor;
mod record_batch;
mod users;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::verdict::{Code, Status};

pub(crate) use contract::PyContract;
pub(crate) use error::{detached, to_py};
pub(crate) use users::PyUsers;

/// The module `logcore._core`.
#[pymodule]
#[pyo3(name = "_core")]
fn core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    let names = |of: &[&'static str]| PyTuple::new(module.py(), of);
    module.add("STATUSES", names(&Status::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>())?)?;
    module.add("CODES", names(&Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>())?)?;
    error::add_to(module)?;
    module.add_class::<PyContract>()?;
    module.add_class::<PyUsers>()?;
    module.add_class::<classifier::PyClassifier>()?;
    module.add_class::<generator::PyGenerator>()?;
    #[cfg(feature = "mysql")]
    module.add_class::<mysql::PyMysql>()?;
    #[cfg(feature = "kafka")]
    kafka::add_to(module)?;
    #[cfg(feature = "kafka")]
    processor::add_to(module)?;
    Ok(())
}
