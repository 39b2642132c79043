//! What librdkafka says on the side, and the wait for a first broker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::config::Connection;
use crate::{Error, Result};

/// How long a broker may take to answer when a client is made.
const PATIENCE: Duration = Duration::from_secs(10);
const ATTEMPT: Duration = Duration::from_secs(1);

/// The last trouble. Every client's context holds one.
#[derive(Default)]
pub(crate) struct Events {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: Option<String>,
    hopeless: bool,
}

impl Events {
    /// Takes in what a client's error callback gets.
    pub(crate) fn record(&self, error: &KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // The end of a partition comes this way as well, and that all brokers are down says less than what came before.
        if matches!(code, Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AllBrokersDown)) {
            return;
        }
        let mut state = self.lock();
        // A wrong password doesn't get better by waiting.
        state.hopeless |=
            matches!(code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed));
        state.last = Some(brief(reason));
    }

    /// The last trouble's text.
    pub(crate) fn last(&self) -> Option<String> {
        self.lock().last.clone()
    }

    fn hopeless(&self) -> bool {
        self.lock().hopeless
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `attempt` until a broker answers it or 10 s have passed; `serve` lets the client's callbacks run.
///
/// # Errors
/// [`Error::Kafka`] `no broker answers at …`, with the last trouble that librdkafka told of.
pub(crate) fn first_answer<T>(
    connection: &Connection,
    events: &Events,
    attempt: impl Fn(Duration) -> KafkaResult<T>,
    serve: impl Fn(),
) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let error = match attempt(ATTEMPT) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        serve();
        if !is_absence(&error) {
            return Err(connection.error("", &error));
        }
        if events.hopeless() || Instant::now() >= deadline {
            return Err(no_broker(connection, events));
        }
    }
}

/// `no broker answers at HOST:PORT; …`.
pub(crate) fn no_broker(connection: &Connection, events: &Events) -> Error {
    let why = events.last().map(|text| format!(" ({text})")).unwrap_or_default();
    connection.message(&format!(
        "no broker answers at {}{why}; is Kafka running there, and do its security settings match ours?",
        connection.brokers
    ))
}

/// True for errors that mean that no broker is there, for now.
pub(crate) fn is_absence(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::MessageTimedOut
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::TimedOutQueue
                | RDKafkaErrorCode::SSL
                | RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::BrokerNotAvailable
        )
    )
}

/// librdkafka's text without its clockwork: `…: Connection refused (after 0ms in state CONNECT, 3 identical error(s))`.
fn brief(reason: &str) -> String {
    reason.find(" (after ").map_or(reason, |end| &reason[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_trouble_is_kept_in_brief() {
        let events = Events::default();
        let refused = KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure);
        events.record(&refused, "b:1/bootstrap: Connect failed: Connection refused (after 0ms in state CONNECT)");
        events.record(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        events.record(&KafkaError::Global(RDKafkaErrorCode::PartitionEOF), "end");
        assert_eq!(events.last().as_deref(), Some("b:1/bootstrap: Connect failed: Connection refused"));
        assert!(!events.hopeless());
    }

    #[test]
    fn a_refused_login_is_not_waited_for() {
        let connection = Connection::new("b:1", &[], &[], &super::super::Properties::new()).unwrap();
        let events = Events::default();
        let refused = KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerTransportFailure);
        let login = KafkaError::Global(RDKafkaErrorCode::Authentication);
        let start = Instant::now();
        let answer: Result<()> =
            first_answer(&connection, &events, |_| Err(refused.clone()), || events.record(&login, "bad login"));
        assert!(answer.unwrap_err().to_string().starts_with("kafka: no broker answers at b:1 (bad login); "));
        assert!(start.elapsed() < PATIENCE / 2);
    }
}
