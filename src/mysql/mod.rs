//! The connection to a `MySQL` or `MariaDB` server: login, session, what is tried again, and how statements are written.

mod connection;
mod failure;
mod login;
mod quote;
mod timestamp;

pub use connection::Connection;
pub use login::Login;

pub(crate) use connection::Open;
pub(crate) use failure::{Failure, is_already_there, is_missing_column, is_missing_table};
pub(crate) use quote::{bytes, identifier, qualified, text};
pub(crate) use timestamp::{parse_date, parse_datetime, push_date, push_datetime};
