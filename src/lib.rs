//! Judges JSON logs against a data contract over Arrow buffers, and generates logs that know the verdict they should get.
//!
//! A log flows one way: bytes → [`decode`] → [`validate`] → [`classify`] → [`sink`]. What a log must look like is data: a
//! [`contract`]. With the feature `kafka`, `processor` moves logs that way from topic to topic.

#[cfg(all(feature = "python", feature = "kafka", target_os = "linux", target_env = "gnu"))]
mod allocator;
mod calendar;
pub mod classify;
pub mod contract;
pub mod decode;
mod error;
pub mod generate;
#[cfg(feature = "kafka")]
pub mod kafka;
mod lanes;
mod memory;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "kafka")]
pub mod processor;
#[cfg(feature = "python")]
mod python;
pub mod sink;
pub mod users;
pub mod validate;
pub mod verdict;

pub use error::{Error, Result};
