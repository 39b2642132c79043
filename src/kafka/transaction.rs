//! A producer whose records appear all together with the offsets that they were made from, or not at all.
#![expect(
    unsafe_code,
    reason = "the rdkafka crate looks the topic up by its name for each record; what that costs was not measured apart"
)]

use std::ffi::CString;
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::bindings::{
    RD_KAFKA_MSG_F_COPY, rd_kafka_abort_transaction, rd_kafka_commit_transaction, rd_kafka_produceva,
    rd_kafka_topic_destroy, rd_kafka_topic_new, rd_kafka_vtype_t, rd_kafka_vu_s__bindgen_ty_1,
    rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1, rd_kafka_vu_t,
};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaTopic;

use super::config::{Connection, Properties, plain};
use super::events::{Events, first_answer};
use super::native::{Headers, Native};
use super::topic::{Found, find, missing};
use crate::{Error, Result};

const DEFAULTS: [(&str, &str); 8] = [
    ("compression.type", "lz4"),
    // Where many logs wait, batches fill without it; where few do, the transaction's end sends what lingers, and then waits
    // for it: with 20 ms a commit took 5 ms at 50,000 logs/s, with 1 ms it takes 2.
    ("linger.ms", "1"),
    // Brokers refuse a transaction's first requests while they still write the markers of the last one, some milliseconds.
    // With librdkafka's own 100 ms one commit in a hundred took 100 ms.
    ("retry.backoff.ms", "5"),
    ("batch.num.messages", "5000"),
    // As the brokers' own message.max.bytes: a record has up to 1,000,000 bytes, and headers beside.
    ("message.max.bytes", "1048588"),
    // What one client holds back at most, whatever the backlog.
    ("queue.buffering.max.messages", "50000"),
    ("queue.buffering.max.kbytes", "65536"),
    // How long a reader of what is committed waits for one that died, at most.
    ("transaction.timeout.ms", "60000"),
];
const FIXED: [(&str, &str); 4] = [
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("allow.auto.create.topics", "false"),
    // A record that failed makes its transaction fail, which says so.
    ("delivery.report.only.error", "true"),
];
/// One call's wait. In between, reports of failures are taken in, as nothing ends before they are.
const STEP: Duration = Duration::from_millis(200);
/// How long brokers may be away in the midst of something.
const PATIENCE: Duration = Duration::from_mins(1);
const ABORT_NAP: Duration = Duration::from_millis(20);
const QUEUE_FULL_NAP: Duration = Duration::from_micros(500);

/// Why a transaction did not come about.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing of it is there. Another one may be begun by the same producer.
    Aborted(Error),
    /// The producer is of no more use: another one with its id has taken over, the brokers gave the transaction up, or don't
    /// say what became of it. What of it is there shows in the committed offsets once a new producer has taken over.
    Lost(Error),
    /// Trying again won't help.
    Final(Error),
}

impl Failure {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Aborted(error) | Self::Lost(error) | Self::Final(error) => error,
        }
    }

    pub(crate) fn error(&self) -> &Error {
        match self {
            Self::Aborted(error) | Self::Lost(error) | Self::Final(error) => error,
        }
    }
}

/// What the client's callbacks tell.
#[derive(Default)]
pub(crate) struct Context {
    events: Events,
    undelivered: Mutex<Option<String>>,
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.events.record(&error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            // What is thrown away after a failure is not the failure.
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PurgeQueue)
                && error.rdkafka_error_code() != Some(RDKafkaErrorCode::PurgeInflight)
            {
                let text = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| plain(code.to_string()));
                self.undelivered.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
            }
        }
    }
}

/// Records for one topic, in transactions under one id.
pub(crate) struct TransactionalProducer {
    handle: *mut RDKafkaTopic,
    topic: String,
    partitions: u32,
    connection: Connection,
    open: bool,
    /// Last: the handle above is of this client.
    client: BaseProducer<Context>,
}

// SAFETY: librdkafka's handles may be used from any thread.
unsafe impl Send for TransactionalProducer {}

impl TransactionalProducer {
    /// Whoever has used `id` before is shut out from here on, and what he had not committed is gone.
    ///
    /// # Errors
    /// [`Error::Kafka`] where no broker answers, the topic is missing, or the brokers allow no such transactions.
    pub(crate) fn new(brokers: &str, topic: &str, id: &str, config: &Properties) -> Result<Self> {
        let fixed = [&FIXED[..], &[("transactional.id", id)]].concat();
        let connection = Connection::new(brokers, &DEFAULTS, &fixed, config)?;
        let client: BaseProducer<Context> =
            connection.config.create_with_context(Context::default()).map_err(|error| connection.error("", &error))?;
        let partitions = partitions(&connection, &client, topic)?;
        let name = CString::new(topic).map_err(|_| missing(&connection, topic))?;
        // SAFETY: the client is alive; the name is copied; no configuration means the client's, which was checked.
        let handle = unsafe { rd_kafka_topic_new(client.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        if handle.is_null() {
            return Err(missing(&connection, topic));
        }
        let producer = Self { handle, topic: topic.into(), partitions, connection, open: false, client };
        producer.init(id)?;
        Ok(producer)
    }

    fn init(&self, id: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let error = match self.client.init_transactions(STEP * 10) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            self.client.poll(Duration::ZERO);
            let again = matches!(&error, KafkaError::Transaction(error) if error.is_retriable() && !error.is_fatal());
            if !again || Instant::now() >= deadline {
                return Err(self.error(&format!("transactions of '{id}' can't be begun"), &error));
            }
        }
    }

    /// How many partitions the topic has, as of the last call of [`TransactionalProducer::count_partitions`].
    pub(crate) fn partitions(&self) -> u32 {
        self.partitions
    }

    /// Asks how many partitions the topic has.
    pub(crate) fn count_partitions(&mut self) -> Result<()> {
        self.partitions = partitions(&self.connection, &self.client, &self.topic)?;
        Ok(())
    }

    /// Begins a transaction, unless one is open.
    pub(crate) fn begin(&mut self) -> std::result::Result<(), Failure> {
        if !self.open {
            self.client.begin_transaction().map_err(|error| self.failure("a transaction can't be begun", &error))?;
            self.open = true;
        }
        Ok(())
    }

    /// Whether a transaction is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Adds a record to the transaction, waiting while too many are under way.
    pub(crate) fn send(
        &self,
        partition: i32,
        key: &[u8],
        value: &[u8],
        headers: &[(&str, &[u8])],
    ) -> std::result::Result<(), Failure> {
        let headers = Headers::new(headers);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let parts = [
                part(rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT, rd_kafka_vu_s__bindgen_ty_1 { rkt: self.handle }),
                part(rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION, rd_kafka_vu_s__bindgen_ty_1 { i32_: partition }),
                part(rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS, rd_kafka_vu_s__bindgen_ty_1 { i: RD_KAFKA_MSG_F_COPY }),
                part(rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY, rd_kafka_vu_s__bindgen_ty_1 { mem: memory(key) }),
                part(rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE, rd_kafka_vu_s__bindgen_ty_1 { mem: memory(value) }),
                part(rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS, rd_kafka_vu_s__bindgen_ty_1 { headers: headers.0 }),
            ];
            // SAFETY: client and handle are alive. Each part says by its kind which field of its union is set. With F_COPY
            // key and value are copied in the call, which only reads them. The headers become librdkafka's where it takes
            // the record, and stay ours where it returns an error.
            let error = unsafe { rd_kafka_produceva(self.client.client().native_ptr(), parts.as_ptr(), parts.len()) };
            let Some(error) = Native::new(error) else {
                std::mem::forget(headers);
                return Ok(());
            };
            if error.code() != RDKafkaErrorCode::QueueFull {
                return Err(self.native_failure("a record can't be sent", &error));
            }
            if Instant::now() >= deadline {
                return Err(Failure::Aborted(self.away("records can't be sent")));
            }
            self.client.poll(Duration::ZERO);
            thread::sleep(QUEUE_FULL_NAP);
        }
    }

    /// Commits the records sent since [`TransactionalProducer::begin`], and `offsets` for the group, all or nothing.
    pub(crate) fn commit(
        &mut self,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> std::result::Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.client.send_offsets_to_transaction(offsets, group, STEP * 10) {
                Ok(()) => break,
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && !error.txn_requires_abort() && Instant::now() < deadline =>
                {
                    self.client.poll(Duration::ZERO);
                }
                Err(error) => return Err(self.failure("offsets can't be committed", &error)),
            }
        }
        loop {
            // SAFETY: the client is alive. An error is given to us, see `Native`.
            let error = unsafe {
                rd_kafka_commit_transaction(
                    self.client.client().native_ptr(),
                    i32::try_from(STEP.as_millis()).unwrap_or(1),
                )
            };
            let Some(error) = Native::new(error) else {
                self.open = false;
                return Ok(());
            };
            self.client.poll(Duration::ZERO);
            if !error.is_retriable() {
                return Err(self.native_failure("a transaction can't be committed", &error));
            }
            if Instant::now() >= deadline {
                // It goes on being asked for, and may come about: there is nothing left to abort.
                self.open = false;
                return Err(Failure::Lost(self.away("whether a transaction was committed is not known")));
            }
        }
    }

    /// Throws away what was sent since [`TransactionalProducer::begin`].
    pub(crate) fn abort(&mut self) -> std::result::Result<(), Failure> {
        if !self.open {
            return Ok(());
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            // SAFETY: as for the commit.
            let error = unsafe { rd_kafka_abort_transaction(self.client.client().native_ptr(), 20) };
            for _ in 0..1000 {
                self.client.poll(Duration::ZERO);
            }
            let Some(error) = Native::new(error) else {
                self.open = false;
                *self.undelivered() = None;
                return Ok(());
            };
            if !error.is_retriable() || Instant::now() >= deadline {
                // Then only a new producer helps.
                self.open = false;
                return Err(match self.native_failure("a transaction can't be aborted", &error) {
                    Failure::Aborted(error) => Failure::Lost(error),
                    other => other,
                });
            }
            thread::sleep(ABORT_NAP);
        }
    }

    fn undelivered(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.client.context().undelivered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn native_failure(&self, what: &str, error: &Native) -> Failure {
        let why = self.undelivered().clone().unwrap_or_else(|| error.text());
        self.sort(error.code(), error.is_fatal(), &format!("{what}: {why}"))
    }

    fn failure(&self, what: &str, error: &KafkaError) -> Failure {
        let (fatal, text) = match error {
            KafkaError::Transaction(error) => (error.is_fatal(), error.string()),
            other => (false, other.to_string()),
        };
        self.sort(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail), fatal, &format!("{what}: {text}"))
    }

    fn sort(&self, code: RDKafkaErrorCode, fatal: bool, text: &str) -> Failure {
        use RDKafkaErrorCode as Code;
        let error = self.connection.message(&format!("topic {}: {text}", self.topic));
        match code {
            Code::MessageSizeTooLarge
            | Code::InvalidRecord
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::UnknownTopic
            | Code::UnknownPartition => Failure::Final(error),
            _ if fatal => Failure::Lost(error),
            Code::Fenced | Code::InvalidProducerEpoch | Code::ProducerFenced | Code::State => Failure::Lost(error),
            _ => Failure::Aborted(error),
        }
    }

    fn error(&self, what: &str, error: &KafkaError) -> Error {
        let text = match error {
            KafkaError::Transaction(error) => error.string(),
            other => other.to_string(),
        };
        self.connection.message(&format!("{what}: {text}"))
    }

    fn away(&self, what: &str) -> Error {
        let why = self.client.context().events.last().map(|text| format!(" ({text})")).unwrap_or_default();
        self.connection.message(&format!("topic {}: {what}, no broker takes any{why}", self.topic))
    }
}

impl Drop for TransactionalProducer {
    fn drop(&mut self) {
        if self.open {
            // The brokers need not wait for its timeout; where they are away, they will.
            let _ = self.abort();
        }
        // SAFETY: from rd_kafka_topic_new, not null, given back once, before the client, which is dropped after.
        unsafe { rd_kafka_topic_destroy(self.handle) };
    }
}

fn partitions(connection: &Connection, client: &BaseProducer<Context>, topic: &str) -> Result<u32> {
    let metadata = first_answer(
        connection,
        &client.context().events,
        |timeout| client.client().fetch_metadata(Some(topic), timeout),
        || {
            client.poll(Duration::ZERO);
        },
    )?;
    match find(connection, &metadata, topic)? {
        Found::Partitions(partitions) => Ok(u32::try_from(partitions.len()).unwrap_or(u32::MAX).max(1)),
        Found::Pending => Err(connection.message(&format!("topic {topic} has partitions without a leader"))),
        Found::Missing => Err(missing(connection, topic)),
    }
}

fn part(vtype: rd_kafka_vtype_t, u: rd_kafka_vu_s__bindgen_ty_1) -> rd_kafka_vu_t {
    rd_kafka_vu_t { vtype, u }
}

fn memory(bytes: &[u8]) -> rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
    rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr: bytes.as_ptr().cast_mut().cast(), size: bytes.len() }
}
