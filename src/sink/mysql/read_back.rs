//! Reads `judged_logs` back as batches of the form in which they were judged.

use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use ::mysql::prelude::Queryable;
use ::mysql::{Row, Value};
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};

use super::{TABLE, missing_table, reasons};
use crate::classify::{UTC, data_type, reasons_type};
use crate::contract::{Contract, Kind};
use crate::error::{Error, Result};
use crate::mysql::{Connection, Failure, identifier, is_missing_table, parse_date, parse_datetime, qualified, text};

/// The rows of `topic` after `after` (partition, offset), at most `limit`, in the order of the primary key: the
/// contract's fields, `status`, `reasons`, `source_topic`, `source_partition`, `source_offset`, `kafka_timestamp`,
/// `users_version`, `raw`, `raw_truncated`.
///
/// # Errors
/// [`Error::Mysql`] where the server is away or refuses, where the table is not there or not of this contract.
pub fn judged(
    connection: &mut Connection,
    database: &str,
    contract: &Contract,
    topic: &str,
    after: Option<(i32, i64)>,
    limit: usize,
) -> Result<RecordBatch> {
    let schema = schema(contract);
    connection.run(|open| {
        let statement = statement(database, &schema, topic, after, limit)?;
        let mut columns: Vec<Column> = schema.fields().iter().map(|field| Column::of(field)).collect();
        let rows = open
            .conn
            .query_iter(statement)
            .map_err(Failure::from)
            .map_err(|failure| if is_missing_table(&failure) { missing_table(database).into() } else { failure })?;
        for row in rows {
            let row: Row = row?;
            for (index, column) in columns.iter_mut().enumerate() {
                let value = match row.as_ref(index) {
                    Some(Value::Bytes(bytes)) => Some(bytes.as_slice()),
                    _ => None,
                };
                column.push(value).ok_or_else(|| unreadable(database, schema.field(index).name(), value))?;
            }
        }
        let arrays = columns.into_iter().map(Column::finish).collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(schema.clone(), arrays).map_err(Error::from)?)
    })
}

/// What `judged` returns: the columns of a judged batch without those of its record.
fn schema(contract: &Contract) -> Arc<Schema> {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
    let fields = contract.fields().iter().map(|field| {
        let data_type = match &field.kind {
            // JSON text, as the table holds it.
            Kind::Object(_) | Kind::Array(_) => DataType::Utf8,
            kind => data_type(kind),
        };
        (field.name.as_str(), data_type)
    });
    let own = [
        ("status", DataType::Utf8),
        ("reasons", reasons_type()),
        ("source_topic", DataType::Utf8),
        ("source_partition", DataType::Int32),
        ("source_offset", DataType::Int64),
        ("kafka_timestamp", time()),
        ("users_version", DataType::Utf8),
        ("raw", DataType::Binary),
        ("raw_truncated", DataType::Boolean),
    ];
    Arc::new(Schema::new(
        fields.chain(own).map(|(name, data_type)| Field::new(name, data_type, true)).collect::<Vec<_>>(),
    ))
}

/// The items of a reasons column, and their parts.
fn reason_fields() -> Option<(FieldRef, Fields)> {
    let DataType::List(item) = reasons_type() else { return None };
    let DataType::Struct(parts) = item.data_type() else { return None };
    let parts = parts.clone();
    Some((item, parts))
}

/// A condition in this form is one range of the primary key, which a comparison of tuples is not.
fn statement(
    database: &str,
    schema: &Schema,
    topic: &str,
    after: Option<(i32, i64)>,
    limit: usize,
) -> std::result::Result<String, Failure> {
    let mut sql = "SELECT ".to_owned();
    for (index, field) in schema.fields().iter().enumerate() {
        if index > 0 {
            sql.push(',');
        }
        identifier(&mut sql, field.name())?;
    }
    sql.push_str(" FROM ");
    qualified(&mut sql, database, TABLE)?;
    sql.push_str(" WHERE source_topic=");
    text(&mut sql, topic);
    if let Some((partition, offset)) = after {
        let _ = write!(
            sql,
            " AND source_partition>={partition} AND (source_partition>{partition} OR source_offset>{offset})"
        );
    }
    let _ = write!(sql, " ORDER BY source_topic,source_partition,source_offset LIMIT {limit}");
    Ok(sql)
}

fn unreadable(database: &str, column: &str, value: Option<&[u8]>) -> Failure {
    let shown = value.map_or_else(
        || "NULL".to_owned(),
        |value| format!("{:?}", String::from_utf8_lossy(&value[..value.len().min(60)])),
    );
    Error::Mysql(format!("table {database}.{TABLE}: column '{column}' holds {shown}, which nothing of ours writes"))
        .into()
}

/// A column as it grows. `push` takes the value's text and gives None where it is none of the column's.
enum Column {
    Text(StringBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Number(Float64Builder),
    Date(Date32Builder),
    Time(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
    Flag(BooleanBuilder),
    Reasons { ends: Vec<usize>, path: StringBuilder, code: StringBuilder },
}

impl Column {
    fn of(field: &Field) -> Self {
        match field.data_type() {
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Number(Float64Builder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => Self::Time(TimestampMicrosecondBuilder::new()),
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            DataType::Boolean => Self::Flag(BooleanBuilder::new()),
            DataType::List(_) => {
                Self::Reasons { ends: Vec::new(), path: StringBuilder::new(), code: StringBuilder::new() }
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, value: Option<&[u8]>) -> Option<()> {
        match self {
            Self::Text(builder) => {
                optional(value, |text| std::str::from_utf8(text).ok(), |value| builder.append_option(value))
            }
            Self::Int32(builder) => optional(value, number, |value| builder.append_option(value)),
            Self::Int64(builder) => optional(value, number, |value| builder.append_option(value)),
            Self::Number(builder) => optional(value, number, |value| builder.append_option(value)),
            Self::Date(builder) => optional(value, parse_date, |value| builder.append_option(value)),
            Self::Time(builder) => optional(value, parse_datetime, |value| builder.append_option(value)),
            Self::Bytes(builder) => optional(value, Some, |value| builder.append_option(value)),
            Self::Flag(builder) => optional(value, |text| Some(text != b"0"), |value| builder.append_option(value)),
            Self::Reasons { ends, path, code } => {
                let list = reasons::parse(value?)?;
                ends.push(ends.last().copied().unwrap_or_default() + list.len());
                for reason in list {
                    path.append_value(reason.0);
                    code.append_value(reason.1);
                }
                Some(())
            }
        }
    }

    fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Int32(mut builder) => Arc::new(builder.finish()),
            Self::Int64(mut builder) => Arc::new(builder.finish()),
            Self::Number(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish().with_timezone(UTC)),
            Self::Bytes(mut builder) => Arc::new(builder.finish()),
            Self::Flag(mut builder) => Arc::new(builder.finish()),
            Self::Reasons { ends, mut path, mut code } => {
                let lengths = std::iter::once(0).chain(ends.iter().copied()).zip(&ends).map(|(start, end)| end - start);
                let offsets = OffsetBuffer::from_lengths(lengths);
                let parts: Vec<ArrayRef> = vec![Arc::new(path.finish()), Arc::new(code.finish())];
                let (item, fields) =
                    reason_fields().ok_or_else(|| Error::Batch("reasons are no list of structs".to_owned()))?;
                let items = StructArray::try_new(fields, parts, None)?;
                Arc::new(ListArray::try_new(item, offsets, Arc::new(items), None)?)
            }
        })
    }
}

/// A null stays one; None where `read` finds no value of the column's in the text.
fn optional<'a, T>(
    value: Option<&'a [u8]>,
    read: impl Fn(&'a [u8]) -> Option<T>,
    append: impl FnOnce(Option<T>),
) -> Option<()> {
    append(match value {
        None => None,
        Some(text) => Some(read(text)?),
    });
    Some(())
}

fn number<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;

    use super::{Column, schema, statement};
    use crate::contract::Contract;

    #[test]
    fn pages_by_the_primary_key() {
        let contract = Contract::server_logs().unwrap();
        let first = statement("logs", &schema(&contract), "it's", None, 10).unwrap();
        assert!(first.starts_with("SELECT `event_id`,`account_id`,"), "{first}");
        assert!(
            first.ends_with(
                "FROM `logs`.`judged_logs` WHERE source_topic='it''s' \
                 ORDER BY source_topic,source_partition,source_offset LIMIT 10"
            ),
            "{first}"
        );
        let next = statement("logs", &schema(&contract), "t", Some((3, -1)), 10).unwrap();
        assert!(next.contains("AND source_partition>=3 AND (source_partition>3 OR source_offset>-1) ORDER"), "{next}");
    }

    #[test]
    fn lists_of_reasons() {
        let mut column = Column::of(&super::Field::new("reasons", super::reasons_type(), true));
        assert!(column.push(Some(b"[]")).is_some());
        assert!(column.push(Some(br#"[{"code":"a","path":"b"},{"path":"c","code":"d"}]"#)).is_some());
        assert!(column.push(None).is_none() && column.push(Some(b"x")).is_none());
        let array = column.finish().unwrap();
        let list = array.as_list::<i32>();
        assert_eq!((list.len(), list.value_length(0), list.value_length(1)), (2, 0, 2));
        let items = list.value(1);
        assert_eq!(items.as_struct().column_by_name("path").unwrap().as_string::<i32>().value(0), "b");
    }
}
