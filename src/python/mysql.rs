//! `Mysql`, and the users read by it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arrow_pyarrow::ToPyArrow;
use pyo3::prelude::*;

use super::record_batch::record_batch;
use super::{PyContract, PyUsers, detached};
use crate::error::Result;
use crate::mysql::{Connection, Login};
use crate::sink;
use crate::users::{Users, mysql as users};

/// One `MySQL` server.
#[pyclass(name = "Mysql", module = "logcore", frozen)]
pub(crate) struct PyMysql {
    /// A connection says one thing at a time.
    connection: Mutex<Connection>,
    logs_database: String,
    users_database: String,
}

impl PyMysql {
    /// Works with the connection, without the GIL.
    fn detached<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Connection) -> Result<T> + Send) -> PyResult<T> {
        // Whoever panicked while holding it left no statement half sent that the next one's error would not show.
        detached(py, || work(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl PyMysql {
    #[new]
    #[pyo3(signature = (
        *,
        host,
        port,
        user,
        password = None,
        tls_ca = None,
        tls = false,
        logs_database = "logs",
        users_database = "dim_users",
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python passes them by keyword")]
    fn new(
        host: String,
        port: u16,
        user: String,
        password: Option<String>,
        tls_ca: Option<PathBuf>,
        tls: bool,
        logs_database: &str,
        users_database: &str,
    ) -> Self {
        Self {
            connection: Mutex::new(Connection::new(Login { host, port, user, password, tls, tls_ca })),
            logs_database: logs_database.to_owned(),
            users_database: users_database.to_owned(),
        }
    }

    fn ping(&self, py: Python<'_>) -> PyResult<()> {
        self.detached(py, Connection::ping)
    }

    fn create_users_table(&self, py: Python<'_>, contract: &PyContract) -> PyResult<()> {
        self.detached(py, |connection| users::create_users_table(connection, &self.users_database, &contract.0))
    }

    fn users_table_exists(&self, py: Python<'_>, contract: &PyContract) -> PyResult<bool> {
        self.detached(py, |connection| users::users_table_exists(connection, &self.users_database, &contract.0))
    }

    fn read_users(&self, py: Python<'_>, contract: &PyContract) -> PyResult<PyUsers> {
        self.detached(py, |connection| users::read_users(connection, &self.users_database, &contract.0)).map(PyUsers)
    }

    #[pyo3(signature = (users, contract, *, replace = false))]
    fn fill_users(&self, py: Python<'_>, users: &PyUsers, contract: &PyContract, replace: bool) -> PyResult<usize> {
        self.detached(py, |connection| {
            users::fill_users(connection, &self.users_database, &users.0, &contract.0, replace)
        })
    }

    fn create_log_tables(&self, py: Python<'_>, contract: &PyContract) -> PyResult<()> {
        self.detached(py, |connection| sink::mysql::create_log_tables(connection, &self.logs_database, &contract.0))
    }

    fn write(&self, py: Python<'_>, batch: &Bound<'_, PyAny>) -> PyResult<usize> {
        let batch = record_batch(batch, None)?;
        self.detached(py, |connection| sink::mysql::write(connection, &self.logs_database, &batch))
    }

    #[pyo3(signature = (contract, source_topic, *, after, limit))]
    fn judged<'py>(
        &self,
        py: Python<'py>,
        contract: &PyContract,
        source_topic: &str,
        after: Option<(i32, i64)>,
        limit: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.detached(py, |connection| {
            sink::mysql::judged(connection, &self.logs_database, &contract.0, source_topic, after, limit)
        })?
        .to_pyarrow(py)
    }
}

/// The users table of a server, by a connection of its own: `Users.from_mysql`.
pub(crate) fn users_from_mysql(login: Login, database: &str, contract: &PyContract, py: Python<'_>) -> PyResult<Users> {
    detached(py, || users::read_users(&mut Connection::new(login), database, &contract.0))
}
