//! The one error of the crate: a broken contract, batch or service. A bad log is never an error, it is a verdict.

use std::io;
use std::path::PathBuf;

/// What can go wrong besides the logs themselves.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A contract that can't be compiled; `path` is the place in the document.
    #[error("contract: {path}: {message}")]
    Contract {
        /// Where, such as `schema[0].properties[1].logicalTypeOptions.minimum`.
        path: String,
        /// What is wrong there and what would be right.
        message: String,
    },
    /// A file that can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A users table that can't be read or doesn't fit the contract.
    #[error("users: {0}")]
    Users(String),
    /// A batch that can't be judged or written as a whole.
    #[error("batch: {0}")]
    Batch(String),
    /// Options or a contract from which no logs can be generated.
    #[error("generator: {0}")]
    Generator(String),
    /// Kafka can't be reached, or refused something.
    #[error("kafka: {0}")]
    Kafka(String),
    /// `MySQL` can't be reached, or refused something.
    #[error("mysql: {0}")]
    Mysql(String),
    /// Arrow refused to build an array; a bug here, or a batch past Arrow's limits.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
}

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;
