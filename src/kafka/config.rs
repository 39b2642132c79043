//! From our defaults and the user's properties to a client's configuration. No message shows a secret.

use std::collections::BTreeMap;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;

use crate::{Error, Result};

/// librdkafka properties by name, as a user gives them.
pub type Properties = BTreeMap<String, String>;

/// Names that hold one of these parts have values that no message may show.
const SECRET: [&str; 7] = ["password", "secret", "key.pem", "oauthbearer.config", "jaas", "token", "passphrase"];

/// What a client is told, and what its messages must not.
#[derive(Clone)]
pub(crate) struct Connection {
    /// `HOST:PORT[,HOST:PORT…]`.
    pub(crate) brokers: String,
    /// The whole configuration.
    pub(crate) config: ClientConfig,
    secrets: Vec<String>,
}

impl Connection {
    /// `given` wins over `defaults`; `fixed` is what our code relies on, and giving it another value is an error.
    ///
    /// # Errors
    /// [`Error::Kafka`] for no brokers, a property that librdkafka doesn't know, or a fixed one.
    pub(crate) fn new(
        brokers: &str,
        defaults: &[(&str, &str)],
        fixed: &[(&str, &str)],
        given: &Properties,
    ) -> Result<Self> {
        let brokers = brokers.trim();
        if brokers.is_empty() {
            return Err(Error::Kafka("no broker is named; give HOST:PORT[,HOST:PORT...]".into()));
        }
        let mut config = ClientConfig::new();
        // Below errors, librdkafka would only repeat in its log what its events and results say already.
        config.set_log_level(RDKafkaLogLevel::Error);
        config.set("bootstrap.servers", brokers);
        config.set("client.id", "logcore");
        // Half of this lies between two looks for a connection that is wanted, the first one as well: with librdkafka's own
        // 100 ms, 50 ms pass before anything is asked. It doubles with each failure.
        config.set("reconnect.backoff.ms", "5");
        for (name, value) in defaults {
            config.set(*name, *value);
        }
        for (name, value) in given {
            config.set(name, value);
        }
        for (name, value) in fixed {
            if given.get(*name).is_some_and(|other| other != value) {
                return Err(Error::Kafka(format!("the property {name} can't be set: logcore needs it to be {value}")));
            }
            config.set(*name, *value);
        }
        let secrets = given.iter().filter(|(name, value)| is_secret(name) && !value.is_empty());
        let connection = Self { brokers: brokers.into(), secrets: secrets.map(|(_, v)| v.clone()).collect(), config };
        // Checked here, so that every client says the same.
        connection.config.create_native_config().map_err(|error| connection.error("", &error))?;
        Ok(connection)
    }

    /// `error` as ours, in one line, `what` telling what failed (may be empty).
    pub(crate) fn error(&self, what: &str, error: &KafkaError) -> Error {
        let text = match error {
            // Its own text quotes the value, and librdkafka's may.
            KafkaError::ClientConfig(_, _, name, _) if is_secret(name) => {
                format!("property {name}: librdkafka refuses its value")
            }
            KafkaError::ClientConfig(_, text, name, _) => format!("property {name}: {text}"),
            KafkaError::ClientCreation(text) => text.clone(),
            other => other.rdkafka_error_code().map_or_else(|| other.to_string(), |code| plain(code.to_string())),
        };
        self.message(&if what.is_empty() { text } else { format!("{what}: {text}") })
    }

    /// A message as our error: one line, secrets blotted out.
    pub(crate) fn message(&self, text: &str) -> Error {
        Error::Kafka(self.redacted(text))
    }

    /// `text` in one line, secrets blotted out.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &self.secrets {
            line = line.replace(secret.as_str(), "***");
        }
        line
    }
}

/// librdkafka's own words for a code: `MessageTimedOut (Local: Message timed out)` without the Rust name around them.
pub(crate) fn plain(code: String) -> String {
    match (code.find('('), code.strip_suffix(')')) {
        (Some(open), Some(inner)) => inner[open + 1..].into(),
        _ => code,
    }
}

fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Properties {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn refused(pairs: &[(&str, &str)], fixed: &[(&str, &str)]) -> String {
        match Connection::new("b:1", &[], fixed, &given(pairs)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{pairs:?} was taken"),
        }
    }

    #[test]
    fn what_is_given_wins_over_defaults() {
        let defaults = [("linger.ms", "20"), ("acks", "all")];
        let connection = Connection::new("b:1", &defaults, &[], &given(&[("linger.ms", "7")])).unwrap();
        assert_eq!(connection.config.get("linger.ms"), Some("7"));
        assert_eq!(connection.config.get("acks"), Some("all"));
        assert_eq!(connection.config.get("bootstrap.servers"), Some("b:1"));
    }

    #[test]
    fn what_the_code_relies_on_can_not_be_changed() {
        let fixed = [("enable.auto.commit", "false")];
        let text = refused(&[("enable.auto.commit", "true")], &fixed);
        assert_eq!(text, "kafka: the property enable.auto.commit can't be set: logcore needs it to be false");
        assert!(Connection::new("b:1", &[], &fixed, &given(&[("enable.auto.commit", "false")])).is_ok());
    }

    #[test]
    fn a_wrong_property_is_named() {
        assert!(refused(&[("lingering", "1")], &[]).contains("property lingering: No such configuration property"));
        assert!(refused(&[("linger.ms", "soon")], &[]).contains("property linger.ms: "));
    }

    #[test]
    fn no_message_shows_a_secret() {
        let text = refused(&[("ssl.key.password", "hunter2"), ("nonsense", "hunter2")], &[]);
        assert!(!text.contains("hunter2"), "{text}");
        let text = refused(&[("sasl.password\0", "hunter2")], &[]);
        assert!(!text.contains("hunter2"), "{text}");
        let connection = Connection::new("b:1", &[], &[], &given(&[("sasl.password", "hunter2")])).unwrap();
        assert_eq!(connection.message("login\nwith hunter2 failed").to_string(), "kafka: login with *** failed");
    }

    #[test]
    fn no_broker_is_an_error() {
        assert!(Connection::new(" ", &[], &[], &Properties::new()).is_err());
    }

    #[test]
    fn codes_speak_plainly() {
        let text = rdkafka::error::RDKafkaErrorCode::MessageTimedOut.to_string();
        assert_eq!(plain(text), "Local: Message timed out");
        assert_eq!(plain("odd".into()), "odd");
    }

    #[test]
    fn lz4_and_zstd_are_built_in() {
        for codec in ["lz4", "zstd", "gzip"] {
            assert!(Connection::new("b:1", &[], &[], &given(&[("compression.type", codec)])).is_ok(), "{codec}");
        }
    }
}
