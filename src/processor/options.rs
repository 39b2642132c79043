//! What to move, and how.

use std::time::Duration;

use crate::kafka::Properties;

/// Where a group without committed offsets begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the first log that is there.
    #[default]
    Earliest,
    /// At logs that come from now on.
    Latest,
}

/// What to move, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// `HOST:PORT[,HOST:PORT…]`.
    pub brokers: String,
    /// The topic of logs; it has to be there.
    pub input: String,
    /// The status topic; it has to be there.
    pub output: String,
    /// The consumer group, whose committed offsets say how far it is.
    pub group: String,
    /// A name that this process keeps when it is started again: its partitions are its own at once, and what it had not
    /// committed is undone at once. Without one both wait for timeouts of 10 and of 60 s.
    pub instance: Option<String>,
    /// Where a group without offsets begins.
    pub start: Start,
    /// How long a transaction collects logs, at least.
    pub interval: Duration,
    /// Most logs of a transaction.
    pub most: usize,
    /// Ends where all that is on the topic at the start is judged.
    pub until_end: bool,
    /// librdkafka properties that win over ours.
    pub config: Properties,
}
