//! Creates the database, the table and the views, and holds a table that is there already against the contract.

use std::fmt::Write as _;

use ::mysql::prelude::Queryable;

use super::TABLE;
use super::table_column::{TableColumn, table_columns};
use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::mysql::{Connection, Failure, Open, identifier, is_already_there, qualified, text};
use crate::verdict::Status;

/// Creates what is missing of `database`, its table `judged_logs` with the contract's columns, and the views `good_logs`,
/// `bad_logs` and `suspicious_logs`. What exists needs no right to create it.
///
/// # Errors
/// [`Error::Mysql`] where the server refuses, where the contract has a field that the table can't have, and where the
/// table exists with other columns than the contract's: the message names them.
pub fn create_log_tables(connection: &mut Connection, database: &str, contract: &Contract) -> Result<()> {
    let columns = table_columns(contract);
    check_names(&columns)?;
    connection.run(|open| {
        create_database(open, database)?;
        let found = existing_columns(open, database)?;
        if found.is_empty() {
            open.conn.query_drop(table_statement(database, &columns)?)?;
        } else {
            check_fit(database, &columns, &found)?;
        }
        for status in [Status::Good, Status::Bad, Status::Suspicious] {
            create_view(open, database, &columns, status, found.is_empty())?;
        }
        Ok(())
    })
}

/// Creates a database unless it is there.
pub(crate) fn create_database(open: &mut Open, database: &str) -> std::result::Result<(), Failure> {
    let mut name = String::new();
    text(&mut name, database);
    let found: Option<u8> =
        open.conn.query_first(format!("SELECT 1 FROM information_schema.schemata WHERE schema_name = {name}"))?;
    if found.is_none() {
        let mut statement = "CREATE DATABASE IF NOT EXISTS ".to_owned();
        identifier(&mut statement, database)?;
        statement.push_str(" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
        open.conn.query_drop(statement)?;
    }
    Ok(())
}

/// `MySQL` takes names that differ in case only for the same.
fn check_names(columns: &[TableColumn]) -> Result<()> {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for column in columns {
        let folded = column.name.to_lowercase();
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == folded) {
            return Err(Error::Mysql(format!(
                "'{other}' and '{}' are one column name in MySQL, which ignores case; give the field another name",
                column.name
            )));
        }
        seen.push((folded, &column.name));
    }
    Ok(())
}

fn table_statement(database: &str, columns: &[TableColumn]) -> std::result::Result<String, Failure> {
    let mut statement = "CREATE TABLE IF NOT EXISTS ".to_owned();
    qualified(&mut statement, database, TABLE)?;
    statement.push_str(" (\n");
    for column in columns {
        statement.push_str("  ");
        column.push_definition(&mut statement)?;
        statement.push_str(",\n");
    }
    statement.push_str(
        "  PRIMARY KEY (source_topic, source_partition, source_offset),\n  \
           KEY by_status_and_time (status, kafka_timestamp)\n\
         ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    );
    Ok(statement)
}

/// A column that is there: its name, its type, most characters, whether it may be null, whether it is computed.
type Existing = (String, String, Option<u64>, bool, bool);

fn existing_columns(open: &mut Open, database: &str) -> std::result::Result<Vec<Existing>, Failure> {
    let mut statement = "SELECT column_name, LOWER(data_type), character_maximum_length, is_nullable = 'YES', \
         COALESCE(generation_expression, '') <> '' FROM information_schema.columns WHERE table_schema = "
        .to_owned();
    text(&mut statement, database);
    let _ = write!(statement, " AND table_name = '{TABLE}' ORDER BY ordinal_position");
    Ok(open.conn.query(statement)?)
}

fn check_fit(database: &str, wanted: &[TableColumn], found: &[Existing]) -> Result<()> {
    let mut differences: Vec<String> = Vec::new();
    for column in wanted {
        let Some((_, data_type, most_chars, nullable, _)) =
            found.iter().find(|existing| same(&existing.0, &column.name))
        else {
            differences.push(format!("column '{}' is missing", column.name));
            continue;
        };
        if !column.kind.fits(data_type, *most_chars) {
            let sql = column.kind.sql();
            let wanted = sql.split(" CHARACTER SET").next().unwrap_or(&sql);
            let length = most_chars.filter(|_| data_type == "varchar").map(|most| format!("({most})"));
            differences.push(format!(
                "column '{}' is {}{}, wanted is {wanted}",
                column.name,
                data_type.to_uppercase(),
                length.unwrap_or_default()
            ));
        } else if column.nullable && !nullable {
            differences.push(format!("column '{}' may not be null", column.name));
        }
    }
    for (name, ..) in found.iter().filter(|existing| !existing.4) {
        if !wanted.iter().any(|column| same(name, &column.name)) {
            differences.push(format!("column '{name}' is not in the contract"));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let more = differences.len().saturating_sub(5);
    differences.truncate(5);
    let mut listed = differences.join(", ");
    if more > 0 {
        let _ = write!(listed, " and {more} more");
    }
    Err(Error::Mysql(format!(
        "table {database}.{TABLE} is not of this contract: {listed}; rename or drop the table, and a new one is made"
    )))
}

fn same(name: &str, other: &str) -> bool {
    name == other || name.to_lowercase() == other.to_lowercase()
}

/// Creates one view. One that is there stays, unless the table is new: then it was of an older table.
fn create_view(
    open: &mut Open,
    database: &str,
    columns: &[TableColumn],
    status: Status,
    table_is_new: bool,
) -> std::result::Result<(), Failure> {
    let view = format!("{}_logs", status.as_str());
    let mut query = "SELECT 1 FROM information_schema.views WHERE table_schema = ".to_owned();
    text(&mut query, database);
    let _ = write!(query, " AND table_name = '{view}'");
    let exists = open.conn.query_first::<u8, _>(query)?.is_some();
    if exists && !table_is_new {
        return Ok(());
    }
    let statement = view_statement(database, columns, &view, status, exists)?;
    match open.conn.query_drop(statement).map_err(Failure::from) {
        // Another process was faster.
        Err(failure) if is_already_there(&failure) => Ok(()),
        other => other,
    }
}

fn view_statement(
    database: &str,
    columns: &[TableColumn],
    view: &str,
    status: Status,
    replace: bool,
) -> std::result::Result<String, Failure> {
    let mut statement = if replace { "CREATE OR REPLACE VIEW " } else { "CREATE VIEW " }.to_owned();
    qualified(&mut statement, database, view)?;
    statement.push_str(" AS SELECT ");
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            statement.push_str(", ");
        }
        identifier(&mut statement, &column.name)?;
    }
    statement.push_str(" FROM ");
    qualified(&mut statement, database, TABLE)?;
    let _ = write!(statement, " WHERE status = '{}'", status.as_str());
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::{Existing, check_fit, check_names, table_columns, table_statement, view_statement};
    use crate::contract::Contract;
    use crate::verdict::Status;

    fn existing(contract: &Contract) -> Vec<Existing> {
        table_columns(contract)
            .into_iter()
            .map(|column| {
                let sql = column.kind.sql().to_lowercase();
                let data_type = sql.split([' ', '(']).next().unwrap().replace("boolean", "tinyint");
                (column.name, data_type, Some(1000), column.nullable, false)
            })
            .collect()
    }

    #[test]
    fn statements() {
        let contract = Contract::server_logs().unwrap();
        let columns = table_columns(&contract);
        let table = table_statement("lo`gs", &columns).unwrap();
        assert!(
            table.starts_with("CREATE TABLE IF NOT EXISTS `lo``gs`.`judged_logs` (\n  `source_topic` VARCHAR(249)")
        );
        assert!(table.contains("PRIMARY KEY (source_topic, source_partition, source_offset)"));
        let view = view_statement("logs", &columns, "bad_logs", Status::Bad, false).unwrap();
        assert!(view.starts_with("CREATE VIEW `logs`.`bad_logs` AS SELECT `source_topic`, `source_partition`, "));
        assert!(view.ends_with("`raw_truncated` FROM `logs`.`judged_logs` WHERE status = 'bad'"), "{view}");
    }

    #[test]
    fn a_table_of_another_contract_is_named_with_its_differences() {
        let contract = Contract::server_logs().unwrap();
        let columns = table_columns(&contract);
        let mut found = existing(&contract);
        check_fit("logs", &columns, &found).unwrap();
        found.push(("computed".to_owned(), "int".to_owned(), None, true, true));
        check_fit("logs", &columns, &found).unwrap();
        found.push(("older".to_owned(), "int".to_owned(), None, true, false));
        found[6].1 = "bigint".to_owned();
        found[7].2 = Some(3);
        found[8].3 = false;
        found.remove(5);
        assert_eq!(
            check_fit("logs", &columns, &found).unwrap_err().to_string(),
            "mysql: table logs.judged_logs is not of this contract: column 'event_id' is missing, column 'account_id' is \
             BIGINT, wanted is INT, column 'event_type' is VARCHAR(3), wanted is VARCHAR(15), column 'device' may not be \
             null, column 'older' is not in the contract; rename or drop the table, and a new one is made"
        );
    }

    #[test]
    fn names_that_differ_in_case_only_are_refused() {
        let text = Contract::server_logs().unwrap().text().replacen("name: event_id", "name: DEVICE", 1);
        let columns = table_columns(&Contract::parse(&text).unwrap());
        let message = check_names(&columns).unwrap_err().to_string();
        assert!(message.starts_with("mysql: 'DEVICE' and 'device' are one column name"), "{message}");
    }
}
