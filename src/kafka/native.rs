//! librdkafka's objects that a call gives or takes, each given back once.
#![expect(unsafe_code, reason = "see transaction.rs")]

use rdkafka::bindings::{
    rd_kafka_error_code, rd_kafka_error_destroy, rd_kafka_error_is_fatal, rd_kafka_error_is_retriable,
    rd_kafka_error_string, rd_kafka_error_t, rd_kafka_header_add, rd_kafka_headers_destroy, rd_kafka_headers_new,
    rd_kafka_headers_t,
};
use rdkafka::error::RDKafkaErrorCode;

/// A record's headers, until it is sent.
pub(super) struct Headers(pub(super) *mut rd_kafka_headers_t);

impl Headers {
    pub(super) fn new(headers: &[(&str, &[u8])]) -> Self {
        // SAFETY: names and values are copied, as many bytes as are given.
        unsafe {
            let list = rd_kafka_headers_new(headers.len());
            for (name, value) in headers {
                rd_kafka_header_add(
                    list,
                    name.as_ptr().cast(),
                    isize::try_from(name.len()).unwrap_or(0),
                    value.as_ptr().cast(),
                    isize::try_from(value.len()).unwrap_or(0),
                );
            }
            Self(list)
        }
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        // SAFETY: ours, and given back once; what librdkafka took is forgotten instead.
        unsafe { rd_kafka_headers_destroy(self.0) };
    }
}

/// An error object of librdkafka's.
pub(super) struct Native(*mut rd_kafka_error_t);

impl Native {
    pub(super) fn new(error: *mut rd_kafka_error_t) -> Option<Self> {
        if error.is_null() { None } else { Some(Self(error)) }
    }

    pub(super) fn code(&self) -> RDKafkaErrorCode {
        // SAFETY: not null, and ours until drop; so below.
        unsafe { rd_kafka_error_code(self.0) }.into()
    }

    pub(super) fn is_fatal(&self) -> bool {
        // SAFETY: see above.
        unsafe { rd_kafka_error_is_fatal(self.0) != 0 }
    }

    pub(super) fn is_retriable(&self) -> bool {
        // SAFETY: see above.
        unsafe { rd_kafka_error_is_retriable(self.0) != 0 }
    }

    pub(super) fn text(&self) -> String {
        // SAFETY: see above; the text ends with a zero and lives as long as the error.
        unsafe { std::ffi::CStr::from_ptr(rd_kafka_error_string(self.0)) }.to_string_lossy().into_owned()
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: given to us, not null, given back once.
        unsafe { rd_kafka_error_destroy(self.0) };
    }
}
