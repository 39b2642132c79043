//! `Processor`, `RangeProcessor`, `topic_offsets`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::classifier::PyClassifier;
use super::kafka::seconds;
use super::{PyContract, PyUsers, detached};
use crate::classify::Classifier;
use crate::error::Error;
use crate::kafka::Properties;
use crate::processor::{Options, Plan, Processor, Range, RangeProcessor, Start, Table, topic_offsets};

pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyProcessor>()?;
    module.add_class::<PyRangeProcessor>()?;
    module.add_function(wrap_pyfunction!(py_topic_offsets, module)?)
}

/// The engine in this process.
#[pyclass(name = "Processor", module = "logcore", frozen)]
struct PyProcessor(Processor);

#[pymethods]
impl PyProcessor {
    #[new]
    #[pyo3(signature = (
        contract, users, *, brokers, input, output, group, run, instance, start, threads, interval, most, until_end, config,
        mysql
    ))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn new(
        py: Python<'_>,
        contract: &PyContract,
        users: Option<&PyUsers>,
        brokers: String,
        input: String,
        output: String,
        group: String,
        run: String,
        instance: Option<String>,
        start: &str,
        threads: NonZeroUsize,
        interval: f64,
        most: usize,
        until_end: bool,
        config: Properties,
        mysql: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let start = if start == "latest" { Start::Latest } else { Start::Earliest };
        let mut tables = Vec::new();
        for _ in 0..threads.get() {
            tables.push(mysql.map(table).transpose()?);
        }
        detached(py, || {
            let interval = seconds(interval)?;
            let options = Options { brokers, input, output, group, instance, start, interval, most, until_end, config };
            Processor::start(options, run, Classifier::new(&contract.0, users.map(|users| &users.0))?, tables)
        })
        .map(Self)
    }

    fn set_users(&self, py: Python<'_>, contract: &PyContract, users: &PyUsers) -> PyResult<()> {
        detached(py, || {
            self.0.set_classifier(Classifier::new(&contract.0, Some(&users.0))?);
            Ok(())
        })
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = detached(py, || Ok(self.0.stats()))?;
        let [good, bad, suspicious] = stats.counts.logs;
        let dict = PyDict::new(py);
        dict.set_item("good", good)?;
        dict.set_item("bad", bad)?;
        dict.set_item("suspicious", suspicious)?;
        dict.set_item("bytes", stats.counts.bytes)?;
        dict.set_item("transactions", stats.transactions)?;
        dict.set_item("retries", stats.retries)?;
        dict.set_item("lag", stats.lag)?;
        dict.set_item("trouble", stats.trouble)?;
        dict.set_item("elapsed", stats.elapsed)?;
        dict.set_item("done", stats.done)?;
        dict.set_item("error", stats.error)?;
        Ok(dict)
    }

    fn stop(&self) {
        self.0.stop();
    }

    fn join(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        detached(py, || Ok(self.0.join(seconds(timeout)?)))
    }
}

/// Moves ranges of offsets that somebody else has planned.
#[pyclass(name = "RangeProcessor", module = "logcore", frozen)]
struct PyRangeProcessor(Mutex<RangeProcessor>);

/// partition, from, until, good, bad, suspicious, bytes, end.
type Done = (i32, i64, i64, u64, u64, u64, u64, i64);

#[pymethods]
impl PyRangeProcessor {
    #[new]
    #[pyo3(signature = (*, brokers, input, output, id, config, mysql = None))]
    fn new(
        brokers: String,
        input: String,
        output: String,
        id: String,
        config: Properties,
        mysql: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let table = mysql.map(table).transpose()?;
        Ok(Self(Mutex::new(RangeProcessor::new(brokers, input, output, id, config, table))))
    }

    fn process(
        &self,
        py: Python<'_>,
        classifier: &PyClassifier,
        batch: i64,
        plan: &str,
        ranges: Vec<(i32, i64, i64)>,
    ) -> PyResult<Vec<Done>> {
        let ranges: Vec<Range> =
            ranges.into_iter().map(|(partition, from, until)| Range { partition, from, until }).collect();
        let done = detached(py, || {
            let mut processor = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            processor.process(&classifier.0, Plan { batch, id: plan }, &ranges)
        })?;
        let row = |done: crate::processor::DoneRange| {
            let ([good, bad, suspicious], range) = (done.counts.logs, done.range);
            (range.partition, range.from, range.until, good, bad, suspicious, done.counts.bytes, done.end)
        };
        Ok(done.into_iter().map(row).collect())
    }
}

/// The first offset of each partition and the one after its last.
#[pyfunction]
#[pyo3(name = "topic_offsets", signature = (brokers, topic, *, config = None))]
fn py_topic_offsets(
    py: Python<'_>,
    brokers: &str,
    topic: &str,
    config: Option<Properties>,
) -> PyResult<BTreeMap<i32, (i64, i64)>> {
    detached(py, || topic_offsets(brokers, topic, &config.unwrap_or_default()))
}

/// The table that the arguments of `Mysql` name.
#[cfg(feature = "mysql")]
fn table(arguments: &Bound<'_, PyDict>) -> PyResult<Box<dyn Table>> {
    use crate::mysql::Login;
    use crate::processor::MysqlTable;

    let wanted = |name: &str| {
        let missing = || super::to_py(Error::Mysql(format!("the argument {name} is missing")));
        arguments.get_item(name)?.ok_or_else(missing)
    };
    let given = |name: &str| Ok::<_, PyErr>(arguments.get_item(name)?.filter(|value| !value.is_none()));
    let login = Login {
        host: wanted("host")?.extract()?,
        port: wanted("port")?.extract()?,
        user: wanted("user")?.extract()?,
        password: given("password")?.map(|value| value.extract()).transpose()?,
        tls: given("tls")?.map_or(Ok(false), |value| value.extract())?,
        tls_ca: given("tls_ca")?.map(|value| value.extract()).transpose()?,
    };
    let database = given("logs_database")?.map_or(Ok("logs".to_owned()), |value| value.extract())?;
    Ok(Box::new(MysqlTable::new(login, database)))
}

#[cfg(not(feature = "mysql"))]
fn table(_: &Bound<'_, PyDict>) -> PyResult<Box<dyn Table>> {
    Err(super::to_py(Error::Mysql("logcore was built without the feature mysql".into())))
}
