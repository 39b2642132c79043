//! `Producer`, `Consumer`, `send_records`, `ensure_topic`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow_pyarrow::ToPyArrow;
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{PyContract, PyUsers, detached};
use crate::error::{Error, Result};
use crate::generate;
use crate::kafka::{
    Consumer, ConsumerOptions, Generated, Outgoing, Producer, ProducerOptions, Properties, Shard, Start, ensure_topic,
    send,
};

pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyProducer>()?;
    module.add_class::<PyConsumer>()?;
    module.add_function(wrap_pyfunction!(py_send_records, module)?)?;
    module.add_function(wrap_pyfunction!(py_ensure_topic, module)?)
}

/// A run of generated logs into a topic.
#[pyclass(name = "Producer", module = "logcore", frozen)]
struct PyProducer(Producer);

#[pymethods]
impl PyProducer {
    #[new]
    #[pyo3(signature = (
        contract, users, *, brokers, topic, rate, count, duration, threads, seed, start, bad_rate, suspicious_rate, truth,
        config, shard = (0, 1), partitions = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn new(
        py: Python<'_>,
        contract: &PyContract,
        users: Option<&PyUsers>,
        brokers: String,
        topic: String,
        rate: Option<f64>,
        count: Option<u64>,
        duration: Option<f64>,
        threads: usize,
        seed: u64,
        start: i64,
        bad_rate: Option<f64>,
        suspicious_rate: Option<f64>,
        truth: bool,
        config: Properties,
        shard: (u64, u64),
        partitions: Option<i32>,
    ) -> PyResult<Self> {
        let logs = generate::Options {
            seed,
            start,
            rate: rate.unwrap_or(generate::Options::default().rate),
            bad_rate,
            suspicious_rate,
        };
        detached(py, || {
            let source = Generated::new(Arc::clone(&contract.0), users.map(|users| &users.0), &logs)?;
            let duration = duration.map(seconds).transpose()?;
            let shard = Shard { index: shard.0, of: shard.1 };
            let options = ProducerOptions { brokers, topic, partitions, rate, count, shard, duration, truth, config };
            Producer::start(options, vec![source; threads])
        })
        .map(Self)
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = detached(py, || Ok(self.0.stats()))?;
        let [p50, p99, max] = stats.lag.map_or([None; 3], |lag| lag.map(Some));
        let dict = PyDict::new(py);
        dict.set_item("generated", stats.generated)?;
        dict.set_item("sent", stats.sent)?;
        dict.set_item("acknowledged", stats.acknowledged)?;
        dict.set_item("failed", stats.failed)?;
        dict.set_item("bytes", stats.bytes)?;
        dict.set_item("elapsed", stats.elapsed)?;
        dict.set_item("rate", stats.rate)?;
        dict.set_item("done", stats.done)?;
        dict.set_item("error", stats.error)?;
        dict.set_item("lag_p50", p50)?;
        dict.set_item("lag_p99", p99)?;
        dict.set_item("lag_max", max)?;
        Ok(dict)
    }

    #[getter]
    fn created_topic(&self) -> bool {
        self.0.created_topic()
    }

    fn stop(&self) {
        self.0.stop();
    }

    fn join(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        detached(py, || Ok(self.0.join(seconds(timeout)?)))
    }
}

/// `"earliest"`, `"latest"`, milliseconds since 1970, or offsets by partition.
#[derive(FromPyObject)]
enum PyStart {
    Word(String),
    Time(i64),
    Offsets(BTreeMap<i32, i64>),
}

impl Default for PyStart {
    fn default() -> Self {
        Self::Word("earliest".into())
    }
}

impl TryFrom<PyStart> for Start {
    type Error = Error;

    fn try_from(start: PyStart) -> Result<Self> {
        match start {
            PyStart::Word(word) if word == "earliest" => Ok(Self::Earliest),
            PyStart::Word(word) if word == "latest" => Ok(Self::Latest),
            PyStart::Word(word) => Err(Error::Kafka(format!("a topic can't be read from {word}: earliest or latest"))),
            PyStart::Time(milliseconds) => Ok(Self::Time(milliseconds)),
            PyStart::Offsets(offsets) => Ok(Self::Offsets(offsets)),
        }
    }
}

/// A reader of one topic; None once it is closed.
#[pyclass(name = "Consumer", module = "logcore", frozen)]
struct PyConsumer(Mutex<Option<Consumer>>);

impl PyConsumer {
    /// Waits for other threads' calls, and does `work`, all without the GIL.
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Consumer) -> Result<T> + Send) -> PyResult<T> {
        detached(py, || {
            let mut consumer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let consumer = consumer.as_mut().ok_or_else(|| Error::Kafka("the consumer is closed".into()))?;
            work(consumer)
        })
    }
}

#[pymethods]
impl PyConsumer {
    #[new]
    #[pyo3(signature = (*, brokers, topic, group = None, start = PyStart::default(), read_committed = true, config = None))]
    fn new(
        py: Python<'_>,
        brokers: String,
        topic: String,
        group: Option<String>,
        start: PyStart,
        read_committed: bool,
        config: Option<Properties>,
    ) -> PyResult<Self> {
        let (start, config) = (start.try_into().map_err(super::to_py)?, config.unwrap_or_default());
        let options = ConsumerOptions { brokers, topic, group, start, read_committed, config };
        detached(py, || Consumer::new(&options)).map(|consumer| Self(Mutex::new(Some(consumer))))
    }

    fn poll<'py>(&self, py: Python<'py>, max_records: usize, timeout: f64) -> PyResult<Option<Bound<'py, PyAny>>> {
        let batch = self.with(py, |consumer| consumer.poll(max_records, seconds(timeout)?))?;
        batch.map(|batch| batch.to_pyarrow(py)).transpose()
    }

    fn end_offsets(&self, py: Python<'_>) -> PyResult<BTreeMap<i32, i64>> {
        self.with(py, Consumer::end_offsets)
    }

    fn position(&self, py: Python<'_>) -> PyResult<BTreeMap<i32, i64>> {
        self.with(py, Consumer::position)
    }

    fn at_end(&self, py: Python<'_>, ends: BTreeMap<i32, i64>) -> PyResult<bool> {
        self.with(py, |consumer| consumer.at_end(&ends))
    }

    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, Consumer::commit)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
            Ok(())
        })
    }
}

/// Creates the topic where it is missing.
#[pyfunction]
#[pyo3(name = "ensure_topic", signature = (brokers, topic, *, partitions = 4, replication = 1, config = None))]
fn py_ensure_topic(
    py: Python<'_>,
    brokers: &str,
    topic: &str,
    partitions: i32,
    replication: i32,
    config: Option<Properties>,
) -> PyResult<bool> {
    let config = config.unwrap_or_default();
    detached(py, || ensure_topic(brokers, topic, partitions, replication, &config))
}

/// A key, a value and headers, as Python gives them.
type PyRecord = (Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

/// Sends records and says where each of them went.
#[pyfunction]
#[pyo3(name = "send_records", signature = (brokers, topic, records, *, config = None))]
fn py_send_records<'py>(
    py: Python<'py>,
    brokers: &str,
    topic: &str,
    records: Vec<PyRecord>,
    config: Option<Properties>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let outgoing =
        records.into_iter().map(|(key, value, headers)| Outgoing { key, value, headers }).collect::<Vec<_>>();
    let placed = detached(py, || send(brokers, topic, &outgoing, &config.unwrap_or_default()))?;
    placed
        .into_iter()
        .map(|placed| match placed {
            Ok(place) => place.into_bound_py_any(py),
            Err(why) => why.into_bound_py_any(py),
        })
        .collect()
}

pub(super) fn seconds(seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|error| Error::Kafka(format!("{seconds} s is no time: {error}")))
}
