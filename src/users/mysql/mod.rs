//! Users from and to a `MySQL` table whose name and columns are the contract's lookup.

mod fill;
mod table;

pub use fill::fill_users;
pub use table::{create_users_table, read_users, users_table_exists};

use crate::contract::{Contract, Lookup};
use crate::error::{Error, Result};

/// Rows of text, in the order of the lookup's columns.
type Rows = Vec<Box<[Box<str>]>>;

fn lookup(contract: &Contract) -> Result<&Lookup> {
    contract.lookup().ok_or_else(|| Error::Users(format!("contract '{}' looks no users up", contract.name())))
}
