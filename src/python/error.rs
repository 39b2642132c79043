//! The core's one error as Python's exceptions, and the one place where the GIL is released.

use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::error::{Error, Result};

/// The exception classes. Some have two bases, which no macro of pyo3 makes.
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
        let make = |name: &str, doc: &str, bases: &[Bound<'_, PyType>]| -> PyResult<Py<PyType>> {
            let content = PyDict::new(py);
            content.set_item("__module__", "logcore")?;
            content.set_item("__doc__", doc)?;
            let class = py.get_type::<PyType>().call1((name, PyTuple::new(py, bases)?, content))?;
            Ok(class.cast_into::<PyType>()?.unbind())
        };
        let base = make(
            "LogcoreError",
            "Base of every error that logcore raises on purpose.",
            &[py.get_type::<PyException>()],
        )?;
        let service = [base.bind(py).clone()];
        let value = [base.bind(py).clone(), py.get_type::<PyValueError>()];
        Ok(Exceptions {
            contract: make(
                "ContractError",
                "A contract that can't be compiled; the message names the path in it.",
                &value,
            )?,
            users: make("UsersError", "A users table that can't be read or doesn't fit the contract.", &value)?,
            batch: make(
                "BatchError",
                "A batch that can't be judged or written: a column is missing or has another type. Never raised for a bad \
                 log.",
                &value,
            )?,
            generator: make(
                "GeneratorError",
                "Options or a contract from which no logs can be generated.",
                &value,
            )?,
            kafka: make("KafkaError", "Kafka can't be reached, or refused something.", &service)?,
            mysql: make("MysqlError", "MySQL can't be reached, or refused something.", &service)?,
            base,
        })
    })
}

pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let Exceptions { base, contract, users, batch, generator, kafka, mysql } = exceptions(py)?;
    for class in [base, contract, users, batch, generator, kafka, mysql] {
        let class = class.bind(py);
        module.add(&*class.name()?.to_cow()?, class)?;
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
        PyErr::from_type(class.bind(py).clone(), one_line(&error.to_string()))
    })
}

/// What a file or a service put into a message may hold line breaks, and megabytes.
fn one_line(message: &str) -> String {
    const MOST: usize = 2_000;
    let visible: String = message
        .chars()
        .take(MOST)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if message.chars().nth(MOST).is_some() { format!("{visible}…") } else { visible }
}

/// Runs the core's work without the GIL.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(work).map_err(to_py)
}
