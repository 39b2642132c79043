//! Brings the table's content to what the users are.

use std::collections::HashSet;

use ::mysql::prelude::Queryable;

use super::table::{push_columns, read};
use super::{Rows, lookup};
use crate::contract::{Contract, Kind, Lookup};
use crate::error::{Error, Result};
use crate::mysql::{Connection, Failure, Open, qualified, text};
use crate::users::Users;

/// Bytes of rows after which a statement is sent; below any server's smallest default packet of 1 MiB.
const STATEMENT_BYTES: usize = 256 * 1024;

/// Adds the rows that are missing; with `replace` removes the others as well. One transaction. The rows changed.
///
/// # Errors
/// [`Error::Users`] where the users are of other columns than the lookup's, or two of them differ in trailing spaces only;
/// else as [`read_users`].
pub fn fill_users(
    connection: &mut Connection,
    database: &str,
    users: &Users,
    contract: &Contract,
    replace: bool,
) -> Result<usize> {
    let lookup = lookup(contract)?;
    let wanted = wanted_rows(users, lookup)?;
    let table = Table { database, lookup, contract };
    connection.run(|open| {
        open.conn.query_drop("START TRANSACTION")?;
        // Locked, so that what was read still holds when it is compared below.
        let found = read(open, database, lookup, " FOR UPDATE")?;
        let known: HashSet<&[Box<str>]> = found.iter().map(AsRef::as_ref).collect();
        let kept: HashSet<&[Box<str>]> = wanted.iter().map(AsRef::as_ref).collect();
        let missing: HashSet<_> = kept.difference(&known).copied().collect();
        let others: HashSet<_> = known.difference(&kept).copied().filter(|_| replace).collect();
        let changed = missing.len() + others.len();
        table.delete(open, &others)?;
        table.insert(open, &missing)?;
        // A table that somebody else made may have types or collations that change values or take two for one.
        let now = read(open, database, lookup, " FOR UPDATE")?;
        let now: HashSet<&[Box<str>]> = now.iter().map(AsRef::as_ref).collect();
        let expected = known.difference(&others).chain(&missing).copied().collect();
        if now != expected {
            return Err(Error::Mysql(format!(
                "table {database}.{} can't hold these users as they are, by the types or collations of its columns; \
                 nothing was changed: rename or drop the table, and a new one is made",
                lookup.table
            ))
            .into());
        }
        open.conn.query_drop("COMMIT")?;
        Ok(changed)
    })
}

/// The users' rows in the order of the lookup's columns.
fn wanted_rows(users: &Users, lookup: &Lookup) -> Result<Rows> {
    let places: Option<Vec<usize>> =
        lookup.columns.iter().map(|column| users.columns().iter().position(|known| known == column)).collect();
    let places = places.filter(|places| places.len() == users.columns().len()).ok_or_else(|| {
        Error::Users(format!(
            "the users have the columns {}, the contract looks up {}",
            users.columns().join(", "),
            lookup.columns.join(", ")
        ))
    })?;
    let rows: Rows = users.rows().iter().map(|row| places.iter().map(|place| row[*place].clone()).collect()).collect();
    // A primary key takes 'a' and 'a ' for the same.
    let mut seen: HashSet<Vec<&str>> = HashSet::with_capacity(rows.len());
    for row in &rows {
        if !seen.insert(row.iter().map(|value| value.trim_end_matches(' ')).collect()) {
            let shown = row.join(", ");
            return Err(Error::Users(format!(
                "'{shown}' stands there twice but for trailing spaces, which MySQL ignores in keys; take one of them out"
            )));
        }
    }
    Ok(rows)
}

/// The table that rows go to.
struct Table<'a> {
    database: &'a str,
    lookup: &'a Lookup,
    contract: &'a Contract,
}

impl Table<'_> {
    fn insert(&self, open: &mut Open, rows: &HashSet<&[Box<str>]>) -> std::result::Result<(), Failure> {
        let mut head = "INSERT INTO ".to_owned();
        qualified(&mut head, self.database, &self.lookup.table)?;
        head.push_str(" (");
        push_columns(&mut head, self.lookup)?;
        head.push_str(") VALUES ");
        self.send(open, &head, "", rows)
    }

    fn delete(&self, open: &mut Open, rows: &HashSet<&[Box<str>]>) -> std::result::Result<(), Failure> {
        let mut head = "DELETE FROM ".to_owned();
        qualified(&mut head, self.database, &self.lookup.table)?;
        head.push_str(" WHERE (");
        push_columns(&mut head, self.lookup)?;
        head.push_str(") IN (");
        self.send(open, &head, ")", rows)
    }

    /// Sends rows as `head (…),(…) tail`, as many in a statement as it holds.
    fn send(
        &self,
        open: &mut Open,
        head: &str,
        tail: &str,
        rows: &HashSet<&[Box<str>]>,
    ) -> std::result::Result<(), Failure> {
        let most = STATEMENT_BYTES.min(open.max_statement / 2);
        let mut statement = head.to_owned();
        for row in rows {
            statement.push_str(if statement.len() > head.len() { ",(" } else { "(" });
            for (index, value) in row.iter().enumerate() {
                if index > 0 {
                    statement.push(',');
                }
                self.push_value(&mut statement, index, value);
            }
            statement.push(')');
            if statement.len() >= most {
                statement.push_str(tail);
                open.conn.query_drop(&statement)?;
                statement.truncate(head.len());
            }
        }
        if statement.len() > head.len() {
            statement.push_str(tail);
            open.conn.query_drop(&statement)?;
        }
        Ok(())
    }

    /// An integer as a number: compared with text, the server could not use the index.
    fn push_value(&self, out: &mut String, index: usize, value: &str) {
        let is_integer = matches!(self.contract.fields()[self.lookup.fields[index]].kind, Kind::Integer(_));
        if is_integer && value.parse::<i64>().is_ok() {
            out.push_str(value);
        } else {
            text(out, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{lookup, wanted_rows};
    use crate::contract::Contract;
    use crate::users::Users;

    #[test]
    fn rows_in_the_lookups_order() {
        let contract = Contract::server_logs().unwrap();
        let lookup = lookup(&contract).unwrap();
        let users = Users::new(&["device", "account_id"], [["IOS", "7"]]).unwrap();
        let rows = wanted_rows(&users, lookup).unwrap();
        assert_eq!(rows[0].iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["7", "IOS"]);
        let other = Users::new(&["account", "device"], [["7", "IOS"]]).unwrap();
        let message = wanted_rows(&other, lookup).unwrap_err().to_string();
        assert_eq!(
            message,
            "users: the users have the columns account, device, the contract looks up account_id, device"
        );
        let doubled = Users::new(&["account_id", "device"], [["7", "IOS"], ["7", "IOS "]]).unwrap();
        assert!(wanted_rows(&doubled, lookup).unwrap_err().to_string().contains("trailing spaces"));
    }
}
