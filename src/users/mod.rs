//! The users dimension: a set of rows of one or two columns, such as (`account_id`, `device`).

mod csv;
mod set;

pub use set::Users;
