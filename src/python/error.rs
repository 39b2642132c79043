//! The core's one error as Python's exceptions, and the one place where the GIL is released.

use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

use crate::error::{Error, Result};

/// The exception classes. Some have two bases, which no macro of pyo3 can make.
struct Exceptions {
    base: Py<PyType>,
    contract: Py<PyType>,
    users: Py<PyType>,
    batch: Py<PyType>,
    generator: Py<PyType>,
    kafka: Py<PyType>,
    mysql: Py<PyType>,
}

static EXCEPTIONS: PyOnceLock<Exceptions> = PyOnceLock::new();

fn exceptions(py: Python<'_>) -> PyResult<&Exceptions> {
    EXCEPTIONS.get_or_try_init(py, || {
        let plain = py.get_type::<PyException>();
        let base = PyErr::new_type(
            py,
            c"logcore.LogcoreError",
            Some(c"Base of every error that logcore raises on purpose."),
            Some(&plain),
            None,
        )?;
        let bound = base.bind(py);
        let of_value = PyTuple::new(py, [bound.as_any(), py.get_type::<PyValueError>().as_any()])?;
        let value = |name, doc| PyErr::new_type(py, name, Some(doc), Some(of_value.as_any()), None);
        let service = |name, doc| PyErr::new_type(py, name, Some(doc), Some(bound.as_any()), None);
        Ok(Exceptions {
            contract: value(
                c"logcore.ContractError",
                c"A contract that can't be compiled; the message names the path in it.",
            )?,
            users: value(
                c"logcore.UsersError",
                c"A users table that can't be read or doesn't fit the contract.",
            )?,
            batch: value(
                c"logcore.BatchError",
                c"A batch that can't be judged or written: a column is missing or has another type. Never raised for a bad log.",
            )?,
            generator: value(
                c"logcore.GeneratorError",
                c"Options or a contract from which no logs can be generated.",
            )?,
            kafka: service(c"logcore.KafkaError", c"Kafka can't be reached, or refused something.")?,
            mysql: service(c"logcore.MysqlError", c"MySQL can't be reached, or refused something.")?,
            base,
        })
    })
}

pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let Exceptions { base, contract, users, batch, generator, kafka, mysql } = exceptions(py)?;
    for class in [base, contract, users, batch, generator, kafka, mysql] {
        let class = class.bind(py);
        module.add(class.name()?.to_str()?, class)?;
    }
    Ok(())
}

/// The exception of an error.
pub(crate) fn to_py(error: Error) -> PyErr {
    Python::attach(|py| {
        let exceptions = match exceptions(py) {
            Ok(exceptions) => exceptions,
            Err(failed) => return failed,
        };
        let class = match &error {
            Error::Contract { .. } => &exceptions.contract,
            Error::Users(_) => &exceptions.users,
            Error::Batch(_) | Error::Arrow(_) => &exceptions.batch,
            Error::Generator(_) => &exceptions.generator,
            Error::Kafka(_) => &exceptions.kafka,
            Error::Mysql(_) => &exceptions.mysql,
            Error::File { .. } => return PyOSError::new_err(error.to_string()),
        };
        PyErr::from_type(class.bind(py).clone(), error.to_string())
    })
}

/// Runs the core's work without the GIL.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(work).map_err(to_py)
}
