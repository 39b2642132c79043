//! The table: made, found and read.

use std::fmt::Write as _;

use ::mysql::prelude::Queryable;
use ::mysql::{Row, Value};

use super::{Rows, lookup};
use crate::contract::{Contract, Kind, Lookup, Width};
use crate::error::{Error, Result};
use crate::mysql::{Connection, Failure, Open, identifier, is_missing_table, qualified, text};
use crate::sink::mysql::{create_database, most_chars};
use crate::users::Users;

/// Characters of a string column of which the contract sets no limit.
const UNBOUNDED_CHARS: usize = 255;
/// Bytes of a primary key in `InnoDB`, at four bytes a character.
const KEY_CHARS: usize = 3072 / 4;
/// Creates the users database and table where missing, its columns by the contract's lookup, together the primary key.
///
/// # Errors
/// [`Error::Users`] where the contract looks nothing up; [`Error::Mysql`] where the server is away or refuses.
pub fn create_users_table(connection: &mut Connection, database: &str, contract: &Contract) -> Result<()> {
    let lookup = lookup(contract)?;
    connection.run(|open| {
        if exists(open, database, lookup)? {
            return Ok(());
        }
        create_database(open, database)?;
        Ok(open.conn.query_drop(table_statement(database, contract, lookup)?)?)
    })
}

/// Whether the users table is there.
///
/// # Errors
/// As [`create_users_table`].
pub fn users_table_exists(connection: &mut Connection, database: &str, contract: &Contract) -> Result<bool> {
    let lookup = lookup(contract)?;
    connection.run(|open| exists(open, database, lookup))
}

/// The users table now.
///
/// # Errors
/// [`Error::Users`] for a null or a value that is no text, naming the row, and where the contract looks nothing up;
/// [`Error::Mysql`] where the server is away or refuses, or the table is not there.
pub fn read_users(connection: &mut Connection, database: &str, contract: &Contract) -> Result<Users> {
    let lookup = lookup(contract)?;
    let rows = connection.run(|open| read(open, database, lookup, ""))?;
    Users::new(&lookup.columns, rows.into_iter().map(IntoIterator::into_iter))
}

fn exists(open: &mut Open, database: &str, lookup: &Lookup) -> std::result::Result<bool, Failure> {
    let mut statement = "SELECT 1 FROM information_schema.tables WHERE table_schema = ".to_owned();
    text(&mut statement, database);
    statement.push_str(" AND table_name = ");
    text(&mut statement, &lookup.table);
    Ok(open.conn.query_first::<u8, _>(statement)?.is_some())
}

fn table_statement(database: &str, contract: &Contract, lookup: &Lookup) -> std::result::Result<String, Failure> {
    let mut statement = "CREATE TABLE IF NOT EXISTS ".to_owned();
    qualified(&mut statement, database, &lookup.table)?;
    statement.push_str(" (");
    for (column, field) in lookup.columns.iter().zip(&lookup.fields) {
        identifier(&mut statement, column)?;
        match &contract.fields()[*field].kind {
            Kind::Integer(rules) => statement.push_str(match rules.width {
                Width::I32 => " INT",
                Width::I64 => " BIGINT",
            }),
            Kind::String(rules) => {
                let most = KEY_CHARS / lookup.columns.len();
                let chars = most_chars(rules).unwrap_or(UNBOUNDED_CHARS).clamp(1, most);
                let _ = write!(statement, " VARCHAR({chars}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
            }
            // The contract takes no others for a key.
            _ => {}
        }
        statement.push_str(" NOT NULL, ");
    }
    statement.push_str("PRIMARY KEY (");
    push_columns(&mut statement, lookup)?;
    statement.push_str(")) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    Ok(statement)
}

pub(super) fn push_columns(out: &mut String, lookup: &Lookup) -> std::result::Result<(), Failure> {
    for (index, column) in lookup.columns.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        identifier(out, column)?;
    }
    Ok(())
}

/// All rows; `lock` is what stands after the table.
pub(super) fn read(open: &mut Open, database: &str, lookup: &Lookup, lock: &str) -> std::result::Result<Rows, Failure> {
    let mut statement = "SELECT ".to_owned();
    push_columns(&mut statement, lookup)?;
    statement.push_str(" FROM ");
    qualified(&mut statement, database, &lookup.table)?;
    statement.push_str(lock);
    let result = open.conn.query_iter(statement).map_err(Failure::from).map_err(|failure| {
        if is_missing_table(&failure) {
            Error::Mysql(format!("there is no users table {database}.{}; create it first", lookup.table)).into()
        } else {
            failure
        }
    })?;
    let mut rows = Rows::new();
    for row in result {
        let row: Row = row?;
        let values = row.unwrap();
        let texts: Option<Box<[Box<str>]>> = values.iter().map(as_text).collect();
        rows.push(texts.ok_or_else(|| unusable(database, lookup, rows.len() + 1, &values))?);
    }
    Ok(rows)
}

fn as_text(value: &Value) -> Option<Box<str>> {
    match value {
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok().map(Box::from),
        _ => None,
    }
}

fn unusable(database: &str, lookup: &Lookup, number: usize, values: &[Value]) -> Error {
    let shown = lookup.columns.iter().zip(values).map(|(column, value)| match value {
        Value::Bytes(bytes) => format!("{column} {:?}", String::from_utf8_lossy(bytes)),
        _ => format!("{column} NULL"),
    });
    Error::Users(format!(
        "table {database}.{}: row {number} ({}) holds a null or no text; delete or mend that row",
        lookup.table,
        shown.collect::<Vec<_>>().join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::{lookup, table_statement};
    use crate::contract::Contract;

    #[test]
    fn the_table_of_the_shipped_contract() {
        let contract = Contract::server_logs().unwrap();
        assert_eq!(
            table_statement("dim_users", &contract, lookup(&contract).unwrap()).unwrap(),
            "CREATE TABLE IF NOT EXISTS `dim_users`.`users` (`account_id` INT NOT NULL, `device` VARCHAR(7) CHARACTER SET \
             utf8mb4 COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (`account_id`,`device`)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC \
             DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        );
    }
}
