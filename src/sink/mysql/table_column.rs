//! The columns of `judged_logs` as a contract wants them.

use crate::contract::{Contract, Field, Kind, StringRules, Width};
use crate::mysql::{Failure, identifier};

/// Bytes of a row that go to VARCHARs of fields; a row may have 65,535, the other columns take under 1,500 of them.
const VARCHAR_BYTES: usize = 60_000;
/// Longest name of a Kafka topic.
const TOPIC_CHARS: usize = 249;
/// Hex digits of a version.
const VERSION_CHARS: usize = 16;

/// One column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
    pub(super) nullable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// ASCII of so many characters.
    Ascii(usize),
    /// utf8mb4 of so many characters.
    Varchar(usize),
    Text,
    MediumText,
    LongText,
    Int,
    BigInt,
    Double,
    DateTime,
    Date,
    Status,
    Json,
    Reasons,
    Raw,
    Flag,
}

impl ColumnKind {
    /// The type as it stands in CREATE TABLE.
    pub(super) fn sql(self) -> String {
        match self {
            Self::Ascii(chars) => format!("VARCHAR({chars}) CHARACTER SET ascii COLLATE ascii_bin"),
            Self::Varchar(chars) => format!("VARCHAR({chars}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
            Self::Text => "TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin".to_owned(),
            Self::MediumText => "MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin".to_owned(),
            Self::LongText => "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin".to_owned(),
            Self::Int => "INT".to_owned(),
            Self::BigInt => "BIGINT".to_owned(),
            Self::Double => "DOUBLE".to_owned(),
            Self::DateTime => "DATETIME(3)".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::Status => "ENUM('good','bad','suspicious') CHARACTER SET ascii COLLATE ascii_bin".to_owned(),
            Self::Json | Self::Reasons => "JSON".to_owned(),
            Self::Raw => "MEDIUMBLOB".to_owned(),
            Self::Flag => "BOOLEAN".to_owned(),
        }
    }

    /// Whether a column that is there already will do: `data_type` and, for strings, `most_chars` as
    /// `information_schema` has them.
    pub(super) fn fits(self, data_type: &str, most_chars: Option<u64>) -> bool {
        let rank = ["varchar", "text", "mediumtext", "longtext"].iter().position(|known| *known == data_type);
        match self {
            Self::Ascii(chars) | Self::Varchar(chars) => {
                rank.is_some() && most_chars.is_some_and(|most| most >= chars as u64)
            }
            Self::Text => rank >= Some(1),
            Self::MediumText => rank >= Some(2),
            Self::LongText => rank >= Some(3),
            Self::Int => data_type == "int",
            Self::BigInt => data_type == "bigint",
            Self::Double => data_type == "double",
            Self::DateTime => data_type == "datetime",
            Self::Date => data_type == "date",
            Self::Status => data_type == "enum" || data_type == "varchar",
            // MariaDB's JSON is a LONGTEXT.
            Self::Json | Self::Reasons => data_type == "json" || data_type == "longtext",
            Self::Raw => data_type == "mediumblob" || data_type == "longblob",
            Self::Flag => data_type == "tinyint",
        }
    }
}

impl TableColumn {
    fn new(name: &str, kind: ColumnKind, nullable: bool) -> Self {
        Self { name: name.to_owned(), kind, nullable }
    }

    /// Appends the column's line of CREATE TABLE.
    pub(super) fn push_definition(&self, out: &mut String) -> Result<(), Failure> {
        identifier(out, &self.name)?;
        out.push(' ');
        out.push_str(&self.kind.sql());
        out.push_str(if self.nullable { " NULL" } else { " NOT NULL" });
        Ok(())
    }
}

/// All columns in the table's order: the place in Kafka (the primary key), the verdict, the fields, what else is known.
/// A field is always nullable: a bad log lacks it, required or not.
pub(super) fn table_columns(contract: &Contract) -> Vec<TableColumn> {
    let mut columns = vec![
        TableColumn::new("source_topic", ColumnKind::Ascii(TOPIC_CHARS), false),
        TableColumn::new("source_partition", ColumnKind::Int, false),
        TableColumn::new("source_offset", ColumnKind::BigInt, false),
        // Null where a producer set a time outside the years 1 to 9999.
        TableColumn::new("kafka_timestamp", ColumnKind::DateTime, true),
        TableColumn::new("status", ColumnKind::Status, false),
    ];
    let mut bytes_left = VARCHAR_BYTES;
    let fields = contract.fields().iter();
    columns.extend(fields.map(|field| field_column(field, contract.limits().max_bytes, &mut bytes_left)));
    columns.extend([
        TableColumn::new("reasons", ColumnKind::Reasons, false),
        TableColumn::new("users_version", ColumnKind::Ascii(VERSION_CHARS), false),
        TableColumn::new("raw", ColumnKind::Raw, true),
        TableColumn::new("raw_truncated", ColumnKind::Flag, true),
    ]);
    columns
}

fn field_column(field: &Field, log_bytes: usize, bytes_left: &mut usize) -> TableColumn {
    let kind = match &field.kind {
        Kind::Integer(rules) if rules.epoch_seconds => ColumnKind::DateTime,
        Kind::Integer(rules) => match rules.width {
            Width::I32 => ColumnKind::Int,
            Width::I64 => ColumnKind::BigInt,
        },
        Kind::Number(_) => ColumnKind::Double,
        Kind::Boolean => ColumnKind::Flag,
        Kind::Object(_) | Kind::Array(_) => ColumnKind::Json,
        Kind::Timestamp(_) => ColumnKind::DateTime,
        Kind::Date(_) => ColumnKind::Date,
        Kind::String(rules) => {
            let chars = most_chars(rules).unwrap_or(usize::MAX).max(1);
            // Four bytes a character, and the length.
            let bytes = chars.saturating_mul(4).saturating_add(2);
            if bytes <= *bytes_left {
                *bytes_left -= bytes;
                ColumnKind::Varchar(chars)
            } else {
                // A string within a log is never longer than the log.
                match rules.max_bytes().unwrap_or(usize::MAX).min(log_bytes) {
                    0..=0xFFFF => ColumnKind::Text,
                    0x1_0000..=0xFF_FFFF => ColumnKind::MediumText,
                    _ => ColumnKind::LongText,
                }
            }
        }
    };
    TableColumn::new(&field.name, kind, true)
}

/// Most code points of a valid value, if the rules bound it.
pub(crate) fn most_chars(rules: &StringRules) -> Option<usize> {
    let by_list = rules.allowed.as_ref().and_then(|values| values.iter().map(|value| value.chars().count()).max());
    // A character has at least one byte.
    let by_pattern = rules.pattern.as_ref().and_then(crate::contract::Pattern::max_bytes);
    [rules.max_length, by_pattern, by_list].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::{ColumnKind, table_columns};
    use crate::contract::Contract;

    fn kinds(text: &str) -> Vec<(String, ColumnKind)> {
        let contract = Contract::parse(text).unwrap();
        table_columns(&contract).into_iter().map(|column| (column.name, column.kind)).collect()
    }

    fn with_properties(properties: &str) -> String {
        format!(
            "apiVersion: v3.1.0\nkind: DataContract\nid: x\nname: x\nversion: 1.0.0\nstatus: active\nschema:\n  - name: x\n    \
             logicalType: object\n    properties:\n{properties}"
        )
    }

    #[test]
    fn the_columns_of_the_shipped_contract() {
        let columns = table_columns(&Contract::server_logs().unwrap());
        let mut text = String::new();
        for column in &columns {
            column.push_definition(&mut text).unwrap();
            text.push('\n');
        }
        let utf8 = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL";
        let ascii = "CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
        assert_eq!(
            text,
            format!(
                "`source_topic` VARCHAR(249) {ascii}\n\
                 `source_partition` INT NOT NULL\n\
                 `source_offset` BIGINT NOT NULL\n\
                 `kafka_timestamp` DATETIME(3) NULL\n\
                 `status` ENUM('good','bad','suspicious') {ascii}\n\
                 `event_id` VARCHAR(32) {utf8}\n\
                 `account_id` INT NULL\n\
                 `event_type` VARCHAR(15) {utf8}\n\
                 `device` VARCHAR(7) {utf8}\n\
                 `location_country` VARCHAR(2) {utf8}\n\
                 `event_timestamp` DATETIME(3) NULL\n\
                 `reasons` JSON NOT NULL\n\
                 `users_version` VARCHAR(16) {ascii}\n\
                 `raw` MEDIUMBLOB NULL\n\
                 `raw_truncated` BOOLEAN NULL\n"
            )
        );
    }

    #[test]
    fn strings_take_the_smallest_type_that_holds_them() {
        let text = with_properties(
            "      - {name: short, logicalType: string, logicalTypeOptions: {maxLength: 5}}\n      \
             - {name: none, logicalType: string, logicalTypeOptions: {maxLength: 0}}\n      \
             - {name: listed, logicalType: string, quality: [{metric: invalidValues, arguments: {validValues: [é, éé]}, mustBe: 0}]}\n      \
             - {name: wide, logicalType: string, logicalTypeOptions: {maxLength: 14000}}\n      \
             - {name: wide_too, logicalType: string, logicalTypeOptions: {maxLength: 14000}}\n      \
             - {name: large, logicalType: string, logicalTypeOptions: {maxLength: 20000}}\n      \
             - {name: open, logicalType: string}\n      \
             - {name: big, logicalType: integer, logicalTypeOptions: {format: i64}}\n",
        );
        let found = kinds(&text);
        let fields: Vec<ColumnKind> = found[5..13].iter().map(|(_, kind)| *kind).collect();
        assert_eq!(
            fields,
            [
                ColumnKind::Varchar(5),
                ColumnKind::Varchar(1),
                ColumnKind::Varchar(2),
                ColumnKind::Varchar(14_000),
                ColumnKind::Text,
                ColumnKind::MediumText,
                ColumnKind::MediumText,
                ColumnKind::BigInt,
            ]
        );
    }

    #[test]
    fn what_an_existing_column_may_be() {
        assert!(ColumnKind::Varchar(5).fits("varchar", Some(5)) && ColumnKind::Varchar(5).fits("text", Some(65_535)));
        assert!(!ColumnKind::Varchar(5).fits("varchar", Some(4)) && !ColumnKind::Varchar(5).fits("int", None));
        assert!(ColumnKind::Text.fits("longtext", None) && !ColumnKind::MediumText.fits("text", None));
        assert!(!ColumnKind::Text.fits("varchar", Some(10)) && !ColumnKind::Text.fits("blob", None));
        assert!(!ColumnKind::BigInt.fits("int", None) && ColumnKind::Reasons.fits("longtext", None));
    }
}
