//! The users dimension: a set of rows of one or two columns, such as (`account_id`, `device`).

mod csv;
#[cfg(feature = "mysql")]
pub mod mysql;
mod set;

pub use set::Users;
