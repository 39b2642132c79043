//! Writes judged batches: multi-row upserts, each a transaction of its own, so that any of them may be sent twice.

use ::mysql::prelude::Queryable;
use arrow_array::RecordBatch;

use super::batch_column::{BatchColumn, batch_columns};
use super::{TABLE, missing_table};
use crate::error::{Error, Result};
use crate::mysql::{Connection, Failure, identifier, is_missing_column, is_missing_table, qualified};

/// Bytes of rows after which a statement is sent. Measured with `MariaDB` 11.4: larger ones are no faster.
const STATEMENT_BYTES: usize = 512 * 1024;

/// What makes a row's primary key.
const KEY: [&str; 3] = ["source_topic", "source_partition", "source_offset"];

/// Upserts the rows of a judged batch into `judged_logs` of `database`; the rows sent. The columns `record_*` are left
/// out. Times outside the years 1 to 9999 become null.
///
/// # Errors
/// [`Error::Batch`] for a batch of other columns; [`Error::Mysql`] where the server is away or refuses, where the table is
/// not there or of another contract, and for a row that is larger than the server's `max_allowed_packet`. Rows sent
/// before stay, and may be written again.
pub fn write(connection: &mut Connection, database: &str, batch: &RecordBatch) -> Result<usize> {
    let columns = batch_columns(batch)?;
    if batch.num_rows() == 0 {
        return Ok(0);
    }
    let mut statement = Statement::new(database, &columns, connection.max_statement()?)?;
    let mut send = |sql: &str| connection.run(|open| explain(open.conn.query_drop(sql), database));
    for row in 0..batch.num_rows() {
        let mark = statement.sql.len();
        statement.push(&columns, row);
        if statement.is_too_long() && mark > statement.head {
            // The row goes into the next one.
            statement.sql.truncate(mark);
            statement.send(&mut send)?;
            statement.push(&columns, row);
        }
        if statement.is_too_long() {
            return Err(too_large(&columns, row, &statement));
        }
        if statement.sql.len() >= STATEMENT_BYTES {
            statement.send(&mut send)?;
        }
    }
    if statement.sql.len() > statement.head {
        statement.send(&mut send)?;
    }
    Ok(batch.num_rows())
}

/// One statement, its buffer used again for the next.
struct Statement {
    /// The statement's start, which is kept, then rows.
    sql: String,
    head: usize,
    tail: String,
    most: usize,
}

impl Statement {
    fn new(database: &str, columns: &[BatchColumn<'_>], most: usize) -> Result<Self> {
        let mut sql = String::with_capacity(STATEMENT_BYTES + 64 * 1024);
        let mut tail = " ON DUPLICATE KEY UPDATE ".to_owned();
        write_frame(&mut sql, &mut tail, database, columns).map_err(|failure| match failure {
            Failure::Own(error) => error,
            Failure::Driver(error) => Error::Mysql(error.to_string()),
        })?;
        Ok(Self { head: sql.len(), sql, tail, most })
    }

    fn push(&mut self, columns: &[BatchColumn<'_>], row: usize) {
        self.sql.push_str(if self.sql.len() > self.head { ",(" } else { "(" });
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                self.sql.push(',');
            }
            column.push(&mut self.sql, row);
        }
        self.sql.push(')');
    }

    fn is_too_long(&self) -> bool {
        self.sql.len() + self.tail.len() > self.most
    }

    fn send(&mut self, send: &mut impl FnMut(&str) -> Result<()>) -> Result<()> {
        self.sql.push_str(&self.tail);
        let outcome = send(&self.sql);
        self.sql.truncate(self.head);
        outcome
    }
}

/// The statement before and after its rows. `VALUES(column)` is what both `MySQL` and `MariaDB` understand.
fn write_frame(
    sql: &mut String,
    tail: &mut String,
    database: &str,
    columns: &[BatchColumn<'_>],
) -> std::result::Result<(), Failure> {
    sql.push_str("INSERT INTO ");
    qualified(sql, database, TABLE)?;
    sql.push_str(" (");
    let mut first_update = true;
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            sql.push(',');
        }
        identifier(sql, column.name)?;
        if KEY.contains(&column.name) {
            continue;
        }
        if !first_update {
            tail.push(',');
        }
        first_update = false;
        identifier(tail, column.name)?;
        tail.push_str("=VALUES(");
        identifier(tail, column.name)?;
        tail.push(')');
    }
    sql.push_str(") VALUES ");
    Ok(())
}

/// A table that is not there or of another contract, in words.
fn explain(sent: ::mysql::Result<()>, database: &str) -> std::result::Result<(), Failure> {
    sent.map_err(Failure::from).map_err(|failure| {
        if is_missing_table(&failure) {
            missing_table(database).into()
        } else if is_missing_column(&failure) {
            Error::Mysql(format!(
                "table {database}.{TABLE} is not of this batch's contract ({failure}); rename or drop the table, and \
                 create the log tables"
            ))
            .into()
        } else {
            failure
        }
    })
}

fn too_large(columns: &[BatchColumn<'_>], row: usize, statement: &Statement) -> Error {
    let mut key = String::new();
    for column in columns.iter().filter(|column| KEY.contains(&column.name)) {
        key.push(' ');
        column.push(&mut key, row);
    }
    Error::Mysql(format!(
        "the row of{key} is larger ({} bytes as a statement) than the server's max_allowed_packet ({}): raise it there",
        statement.sql.len() + statement.tail.len(),
        statement.most
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{ListBuilder, StringBuilder, StructBuilder};
    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    };
    use arrow_schema::{DataType, Field};

    use super::{Statement, batch_columns, too_large};

    fn reasons() -> ArrayRef {
        let fields = vec![Field::new("path", DataType::Utf8, true), Field::new("code", DataType::Utf8, true)];
        let parts = StructBuilder::new(fields, vec![Box::new(StringBuilder::new()), Box::new(StringBuilder::new())]);
        let mut lists = ListBuilder::new(parts);
        lists.append(true);
        for (index, text) in ["it's", "null"].into_iter().enumerate() {
            lists.values().field_builder::<StringBuilder>(index).unwrap().append_value(text);
        }
        lists.values().append(true);
        lists.append(true);
        Arc::new(lists.finish())
    }

    fn batch() -> RecordBatch {
        let columns: [(&str, ArrayRef); 12] = [
            ("a`b", Arc::new(StringArray::from(vec![Some("it's \\"), None]))),
            ("number", Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
            ("status", Arc::new(StringArray::from(vec!["good", "bad"]))),
            ("reasons", reasons()),
            ("source_topic", Arc::new(StringArray::from(vec!["t", "t"]))),
            ("source_partition", Arc::new(Int32Array::from(vec![0, 12]))),
            ("source_offset", Arc::new(Int64Array::from(vec![7, 1 << 40]))),
            ("kafka_timestamp", Arc::new(TimestampMicrosecondArray::from(vec![-1, i64::MAX]))),
            ("users_version", Arc::new(StringArray::from(vec!["", "0f"]))),
            ("raw", Arc::new(BinaryArray::from(vec![None, Some(b"\xFF'".as_slice())]))),
            ("raw_truncated", Arc::new(BooleanArray::from(vec![false, true]))),
            ("record_key", Arc::new(StringArray::from(vec!["x", "x"]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn a_statement_of_two_rows() {
        let batch = batch();
        let columns = batch_columns(&batch).unwrap();
        let mut statement = Statement::new("logs", &columns, 1 << 20).unwrap();
        statement.push(&columns, 0);
        statement.push(&columns, 1);
        assert_eq!(
            statement.sql,
            "INSERT INTO `logs`.`judged_logs` (`a``b`,`number`,`status`,`reasons`,`source_topic`,`source_partition`,\
             `source_offset`,`kafka_timestamp`,`users_version`,`raw`,`raw_truncated`) VALUES \
             ('it''s \\',-9223372036854775808,'good','[]','t',0,7,'1969-12-31 23:59:59.999','',NULL,0),\
             (NULL,NULL,'bad','[{\"path\":\"it''s\",\"code\":\"null\"}]','t',12,1099511627776,NULL,'0f',X'FF27',1)"
        );
        assert!(
            statement.tail.starts_with(" ON DUPLICATE KEY UPDATE `a``b`=VALUES(`a``b`),`number`=VALUES(`number`),")
                && !statement.tail.contains("source_"),
            "{}",
            statement.tail
        );
    }

    #[test]
    fn the_buffer_is_used_again_and_a_row_too_large_is_named() {
        let batch = batch();
        let columns = batch_columns(&batch).unwrap();
        let mut statement = Statement::new("logs", &columns, 1 << 20).unwrap();
        let mut sent = Vec::new();
        for row in [0, 1] {
            statement.push(&columns, row);
            statement
                .send(&mut |sql| {
                    sent.push(sql.to_owned());
                    Ok(())
                })
                .unwrap();
        }
        assert!(sent.iter().all(|sql| sql.starts_with("INSERT") && sql.ends_with("VALUES(`raw_truncated`)")));
        assert!(sent[1].contains("VALUES (NULL,NULL,'bad'"), "{}", sent[1]);
        let message = too_large(&columns, 1, &statement).to_string();
        assert!(message.starts_with("mysql: the row of 't' 12 1099511627776 is larger ("), "{message}");
    }
}
