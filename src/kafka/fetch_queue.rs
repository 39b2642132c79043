//! Fetched records many at a time, past the event that the rdkafka crate makes of each.
#![expect(
    unsafe_code,
    reason = "the rdkafka crate makes an event of each record; what that costs was not measured apart"
)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::bindings::{
    rd_kafka_consume_batch_queue, rd_kafka_get_watermark_offsets, rd_kafka_message_destroy, rd_kafka_message_errstr,
    rd_kafka_message_t, rd_kafka_message_timestamp, rd_kafka_queue_destroy, rd_kafka_queue_forward,
    rd_kafka_queue_get_partition, rd_kafka_queue_new, rd_kafka_queue_t, rd_kafka_timestamp_type_t,
};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

use super::fetched::Fetched;
use crate::{Error, Result};

/// Records taken from the queue in one call.
const MOST: usize = 1024;
/// How often partitions are told again where their records go: librdkafka forgets it when one is taken away, at a moment that
/// it doesn't tell, and what is fetched after that waits in the partition's own queue.
const FORWARD: Duration = Duration::from_millis(20);

/// What comes between the records of a partition.
#[derive(Debug)]
pub(crate) enum Notice {
    /// All there is of a partition has been read; what comes next has this offset or a later one.
    End { partition: i32, offset: i64 },
    /// Something went wrong.
    Trouble { partition: i32, code: RDKafkaErrorCode, text: String },
}

/// A queue for the records of some partitions of one topic. The consumer's own queue keeps the rest, such as partitions
/// that come and go, and has to be polled for it.
pub(crate) struct FetchQueue<C: ConsumerContext + 'static> {
    queue: *mut rd_kafka_queue_t,
    partitions: BTreeMap<i32, *mut rd_kafka_queue_t>,
    topic: CString,
    messages: Vec<*mut rd_kafka_message_t>,
    forwarded: Instant,
    /// Last: the handles above are of this client.
    client: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's handles may be used from any thread; `messages` is empty between calls.
unsafe impl<C: ConsumerContext + 'static> Send for FetchQueue<C> {}

impl<C: ConsumerContext + 'static> FetchQueue<C> {
    pub(crate) fn new(client: &Arc<BaseConsumer<C>>, topic: &str) -> Result<Self> {
        let name = CString::new(topic).map_err(|_| impossible(topic))?;
        // SAFETY: the client is alive, and kept alive by the field `client`.
        let queue = unsafe { rd_kafka_queue_new(client.client().native_ptr()) };
        if queue.is_null() {
            return Err(Error::Kafka("no queue for records could be made".into()));
        }
        Ok(Self {
            queue,
            partitions: BTreeMap::new(),
            topic: name,
            messages: Vec::new(),
            forwarded: Instant::now(),
            client: Arc::clone(client),
        })
    }

    /// From here on the records of `partition` come to this queue, whenever it is assigned.
    pub(crate) fn add(&mut self, partition: i32) -> Result<()> {
        if self.partitions.contains_key(&partition) {
            return Ok(());
        }
        // SAFETY: client and name are alive; null where there can be no such partition. `queue` is not null.
        let own = unsafe {
            let own = rd_kafka_queue_get_partition(self.client.client().native_ptr(), self.topic.as_ptr(), partition);
            if !own.is_null() {
                rd_kafka_queue_forward(own, self.queue);
            }
            own
        };
        if own.is_null() {
            return Err(impossible(&self.topic.to_string_lossy()));
        }
        self.partitions.insert(partition, own);
        Ok(())
    }

    /// Appends records to `fetched`, [`MOST`] at a time, waiting up to `wait` for the first; false when none came. What
    /// else comes goes to `notice`.
    pub(crate) fn read(&mut self, wait: Duration, fetched: &mut Fetched, notice: &mut impl FnMut(Notice)) -> bool {
        if self.forwarded.elapsed() >= FORWARD {
            self.forward();
        }
        // A call for many waits until it has as many.
        let mut any = self.take(MOST, 0, fetched, notice);
        if !any && !wait.is_zero() {
            any = self.take(1, i32::try_from(wait.as_millis()).unwrap_or(i32::MAX).max(1), fetched, notice);
            if any {
                self.take(MOST, 0, fetched, notice);
            }
        }
        any
    }

    fn forward(&mut self) {
        for own in self.partitions.values() {
            // SAFETY: both are alive and not null.
            unsafe { rd_kafka_queue_forward(*own, self.queue) };
        }
        self.forwarded = Instant::now();
    }

    fn take(&mut self, most: usize, wait_ms: i32, fetched: &mut Fetched, notice: &mut impl FnMut(Notice)) -> bool {
        self.messages.clear();
        self.messages.resize(most, ptr::null_mut());
        // SAFETY: the queue is alive, and there is room for `most` pointers.
        let count = unsafe { rd_kafka_consume_batch_queue(self.queue, wait_ms, self.messages.as_mut_ptr(), most) };
        let count = usize::try_from(count).unwrap_or(0);
        for message in self.messages.drain(..).take(count) {
            // SAFETY: librdkafka has given this message to us. It is not null, nobody else has it, and it is given back
            // once, after its last use: what it points to is copied.
            unsafe {
                take_in(&*message, fetched, notice);
                rd_kafka_message_destroy(message);
            }
        }
        count > 0
    }

    /// The offset after the last record of a partition, or the last decided one, as the last fetch told; None before it.
    pub(crate) fn end(&self, partition: i32) -> Option<i64> {
        let (mut low, mut high) = (-1, -1);
        // SAFETY: client and name are alive; the two numbers are written to during the call only.
        let answer = unsafe {
            rd_kafka_get_watermark_offsets(
                self.client.client().native_ptr(),
                self.topic.as_ptr(),
                partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (answer == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
    }
}

/// # Safety
/// `message` is one of librdkafka's, complete.
unsafe fn take_in(message: &rd_kafka_message_t, fetched: &mut Fetched, notice: &mut impl FnMut(Notice)) {
    match message.err {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {
            let mut kind = rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
            // SAFETY: the message is complete; `kind` is written to during the call only.
            let millis = unsafe { rd_kafka_message_timestamp(message, &raw mut kind) };
            let value = if message.payload.is_null() {
                None
            } else {
                // SAFETY: a payload that is not null has `len` bytes, for as long as the message.
                Some(unsafe { std::slice::from_raw_parts(message.payload.cast::<u8>(), message.len) })
            };
            let known = kind != rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
            fetched.push(message.partition, message.offset, known.then_some(millis), value);
        }
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => {
            notice(Notice::End { partition: message.partition, offset: message.offset });
        }
        code => {
            // SAFETY: the message is complete; its text, where there is one, ends with a zero and lives as long.
            let text = unsafe {
                let text = rd_kafka_message_errstr(message);
                if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
            };
            notice(Notice::Trouble { partition: message.partition, code: code.into(), text });
        }
    }
}

impl<C: ConsumerContext + 'static> Drop for FetchQueue<C> {
    fn drop(&mut self) {
        // SAFETY: each handle is from librdkafka, not null and given back once, before the client, which is dropped after.
        unsafe {
            for own in self.partitions.values() {
                rd_kafka_queue_destroy(*own);
            }
            rd_kafka_queue_destroy(self.queue);
        }
    }
}

fn impossible(topic: &str) -> Error {
    Error::Kafka(format!("topic {topic}: there can be none of that name"))
}
