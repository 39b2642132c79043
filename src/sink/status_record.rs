//! The record on the status topic: key, value and headers of one judged log.

use super::{json, raw, value};
use crate::classify::{Verdicts, path};
use crate::contract::Contract;
use crate::verdict::{Reason, Status};

/// The header of every record: the status.
pub(crate) const STATUS_HEADER: &str = "logcore.status";
/// The headers of a bad log's record, as Kafka Connect calls those of a dead letter: the source's topic, partition and
/// offset, and the reasons as text.
pub(crate) const CONNECT_HEADERS: [&str; 4] = [
    "__connect.errors.topic",
    "__connect.errors.partition",
    "__connect.errors.offset",
    "__connect.errors.exception.message",
];

/// Where a log came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// Microseconds since 1970, the Kafka timestamp.
    pub(crate) micros: Option<i64>,
}

/// Most bytes of JSON that a record's strings, objects and arrays may take. With the payload, which takes at most twice
/// [`raw::KEPT_BYTES`], and the names, which the contract holds under 64 KiB and which may stand there twice and once more
/// in a header, a record stays under 1 MB.
const MOST_TEXT: usize = 196_608;

/// Writes records; keeps what is the same in each.
pub(crate) struct RecordWriter<'a> {
    contract: &'a Contract,
    /// `"name":` of each field.
    names: Vec<Vec<u8>>,
    /// `"users_version":"…","source":{"topic":`.
    users_version: Vec<u8>,
    /// For each field that is a time, and for the record's own.
    times: Vec<json::Times>,
    timestamps: json::Times,
    /// The fields that are left out of a record for its size.
    omitted: Vec<usize>,
}

impl<'a> RecordWriter<'a> {
    pub(crate) fn new(contract: &'a Contract, users_version: &str) -> Self {
        let name = |name: &str| {
            let mut out = Vec::new();
            json::push_string(&mut out, name.as_bytes());
            out.push(b':');
            out
        };
        let mut version = b",\"users_version\":".to_vec();
        json::push_string(&mut version, users_version.as_bytes());
        version.extend_from_slice(b",\"source\":{\"topic\":");
        let names: Vec<Vec<u8>> = contract.fields().iter().map(|field| name(&field.name)).collect();
        Self {
            contract,
            times: vec![json::Times::default(); names.len()],
            timestamps: json::Times::default(),
            names,
            users_version: version,
            omitted: Vec::new(),
        }
    }

    /// Appends the record's value.
    pub(crate) fn push_value(
        &mut self,
        out: &mut Vec<u8>,
        verdicts: &Verdicts,
        row: usize,
        source: Source<'_>,
        payload: Option<&[u8]>,
    ) {
        self.omitted.clear();
        // A log's texts are no longer than the log, and an escape takes at most six bytes for one.
        if payload.is_some_and(|payload| payload.len() > MOST_TEXT / 6) {
            self.choose_omitted(verdicts, row);
        }
        out.push(b'{');
        let fields = self.names.iter().zip(&mut self.times).zip(verdicts.columns()).zip(self.contract.fields());
        for (index, (((name, times), column), field)) in fields.enumerate() {
            out.extend_from_slice(name);
            if self.omitted.contains(&index) {
                out.extend_from_slice(b"null");
            } else {
                value::push(out, field, column, row, times);
            }
            out.push(b',');
        }
        let status = verdicts.statuses().get(row).copied().unwrap_or(Status::Bad);
        out.extend_from_slice(b"\"status\":\"");
        out.extend_from_slice(status.as_str().as_bytes());
        out.extend_from_slice(b"\",\"reasons\":[");
        for (index, reason) in verdicts.reasons(row).iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"{\"path\":" } else { b",{\"path\":" });
            json::push_string(out, path(self.contract, reason).as_bytes());
            out.extend_from_slice(b",\"code\":\"");
            out.extend_from_slice(reason.code.as_str().as_bytes());
            out.extend_from_slice(b"\"}");
        }
        out.push(b']');
        out.extend_from_slice(&self.users_version);
        json::push_string(out, source.topic.as_bytes());
        out.extend_from_slice(b",\"partition\":");
        json::push_integer(out, i64::from(source.partition));
        out.extend_from_slice(b",\"offset\":");
        json::push_integer(out, source.offset);
        out.extend_from_slice(b"},\"@timestamp\":");
        match source.micros {
            Some(micros) => self.timestamps.push(out, micros.div_euclid(1_000)),
            None => out.extend_from_slice(b"null"),
        }
        if let (Status::Bad, Some(payload)) = (status, payload) {
            out.push(b',');
            raw::push(out, payload);
        }
        if !self.omitted.is_empty() {
            out.extend_from_slice(b",\"omitted\":[");
            for (index, field) in self.omitted.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                json::push_string(out, self.contract.fields().get(*field).map_or(b"", |field| field.name.as_bytes()));
            }
            out.push(b']');
        }
        out.push(b'}');
    }

    /// Leaves out the longest strings, objects and arrays until the others fit.
    #[cold]
    fn choose_omitted(&mut self, verdicts: &Verdicts, row: usize) {
        let fields = self.contract.fields().iter().zip(verdicts.columns()).enumerate();
        let sizes = fields.map(|(index, (field, column))| (value::size(field, column, row), index));
        let mut sizes: Vec<(usize, usize)> = sizes.collect();
        sizes.sort_unstable();
        let mut total: usize = sizes.iter().map(|(size, _)| size).sum();
        while total > MOST_TEXT
            && let Some((size, index)) = sizes.pop()
        {
            total -= size;
            self.omitted.push(index);
        }
        self.omitted.sort_unstable();
    }

    /// The reasons as text, for the header that Kafka Connect calls the exception's message.
    pub(crate) fn push_message(&self, out: &mut Vec<u8>, reasons: &[Reason]) {
        for (index, reason) in reasons.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b"; ");
            }
            out.extend_from_slice(path(self.contract, reason).as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(reason.code.as_str().as_bytes());
        }
    }
}

/// Appends the record's key, `topic:partition:offset`.
pub(crate) fn push_key(out: &mut Vec<u8>, source: Source<'_>) {
    out.extend_from_slice(source.topic.as_bytes());
    out.push(b':');
    json::push_integer(out, i64::from(source.partition));
    out.push(b':');
    json::push_integer(out, source.offset);
}
