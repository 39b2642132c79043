//! Many records handed to librdkafka at once: the one call that the rdkafka crate lacks.
#![expect(unsafe_code, reason = "0.97 s of processor time for a million logs instead of 1.10 s with a call for each")]

use std::ffi::CString;
use std::ptr;

use rdkafka::bindings::{
    RD_KAFKA_MSG_F_COPY, rd_kafka_message_t, rd_kafka_produce_batch, rd_kafka_topic_destroy, rd_kafka_topic_new,
};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{PARTITION_UA, Producer as _};
use rdkafka::types::{RDKafkaRespErr, RDKafkaTopic};

use super::run::Client;
use crate::{Error, Result};

/// Messages in one call of librdkafka's, far below what its counter holds.
const MOST: usize = 1024;

/// Values to send to one topic, one after the other in memory.
pub(crate) struct Batch<'a> {
    topic: Topic<'a>,
    values: Vec<u8>,
    /// Where each value ends in `values`.
    ends: Vec<usize>,
    messages: Vec<rd_kafka_message_t>,
}

impl<'a> Batch<'a> {
    /// # Errors
    /// [`Error::Kafka`] for a topic's name that can't be one.
    pub(crate) fn new(client: &'a Client, topic: &str) -> Result<Self> {
        let topic = Topic::new(client, topic)?;
        Ok(Self { topic, values: Vec::new(), ends: Vec::new(), messages: Vec::new() })
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds what `write` appends to the values, and where each ends.
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>, &mut Vec<usize>)) {
        write(&mut self.values, &mut self.ends);
    }

    /// Hands the values over from number `from` on; the client copies what it takes. `refused` gets why it takes one not.
    /// The number of the first that it did not come to is returned: its queue is full then, or it is `len`.
    pub(crate) fn send(&mut self, from: usize, mut refused: impl FnMut(RDKafkaErrorCode)) -> usize {
        let mut start = if from == 0 { 0 } else { self.ends.get(from - 1).copied().unwrap_or(self.values.len()) };
        let values = self.ends.iter().skip(from).map(|&end| {
            let value = &self.values[start..end];
            start = end;
            value
        });
        self.topic.produce(values, &mut self.messages);
        for (number, message) in (from..).zip(&self.messages) {
            match message.err {
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {}
                // It took none of those after this one either.
                RDKafkaRespErr::RD_KAFKA_RESP_ERR__QUEUE_FULL => return number,
                code => refused(code.into()),
            }
        }
        from + self.messages.len()
    }

    /// Forgets the values.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.ends.clear();
    }
}

/// librdkafka's handle of a topic.
struct Topic<'a> {
    /// Whose topic it is; it has to outlive the handle.
    _client: &'a Client,
    handle: *mut RDKafkaTopic,
}

impl<'a> Topic<'a> {
    fn new(client: &'a Client, name: &str) -> Result<Self> {
        let impossible = || Error::Kafka(format!("topic {name}: there can be none of that name"));
        let name = CString::new(name).map_err(|_| impossible())?;
        // SAFETY: the client's pointer is valid while it is borrowed; the name ends with a zero and is copied; no
        // configuration is that of the client, which was checked when it was made.
        let handle = unsafe { rd_kafka_topic_new(client.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        if handle.is_null() { Err(impossible()) } else { Ok(Self { _client: client, handle }) }
    }

    /// Offers the values, [`MOST`] of them at most, and leaves in `messages` what became of each.
    fn produce<'v>(&mut self, values: impl Iterator<Item = &'v [u8]>, messages: &mut Vec<rd_kafka_message_t>) {
        messages.clear();
        messages.extend(values.take(MOST).map(|value| rd_kafka_message_t {
            err: RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR,
            rkt: ptr::null_mut(),
            partition: PARTITION_UA,
            payload: value.as_ptr().cast_mut().cast(),
            len: value.len(),
            key: ptr::null_mut(),
            key_len: 0,
            offset: 0,
            _private: ptr::null_mut(),
        }));
        let count = i32::try_from(messages.len()).unwrap_or(0);
        // SAFETY: `handle` is not null and alive until drop. `messages` holds `count` messages, initialised, which
        // librdkafka reads and sets `err` of, during the call only. With F_COPY it copies `len` bytes from `payload`, which
        // are one of `values`, borrowed for longer, and neither writes, frees nor keeps them; key and _private are null,
        // which is the `()` that our delivery callback turns it into. Any thread may produce to any topic.
        unsafe {
            rd_kafka_produce_batch(self.handle, PARTITION_UA, RD_KAFKA_MSG_F_COPY, messages.as_mut_ptr(), count);
        }
    }
}

impl Drop for Topic<'_> {
    fn drop(&mut self) {
        // SAFETY: from rd_kafka_topic_new, not null, given back once, before the client that is borrowed for so long.
        unsafe { rd_kafka_topic_destroy(self.handle) };
    }
}
