//! Users from and to CSV with a header.

use std::path::Path;

use super::Users;
use crate::error::{Error, Result};

impl Users {
    /// Reads a CSV file whose header names the columns.
    ///
    /// # Errors
    /// [`Error::File`] where it can't be read, else as [`Users::parse`].
    pub fn from_csv(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|error| match error {
            Error::Users(message) => Error::Users(format!("{}: {message}", path.display())),
            other => other,
        })
    }

    /// Reads the same from text.
    ///
    /// # Errors
    /// [`Error::Users`] naming the line that has not as many values as the header, or a quote without its second.
    pub fn parse(text: &str) -> Result<Self> {
        // The reader would take all that follows for one value.
        if text.matches('"').count() % 2 == 1 {
            let line = text[..text.rfind('"').unwrap_or(0)].matches('\n').count() + 1;
            return Err(Error::Users(format!("a quote is not closed; the last one is on line {line}")));
        }
        let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
        let header = reader.headers().map_err(|error| wrong(&error))?.clone();
        if header.iter().all(str::is_empty) {
            return Err(Error::Users("empty; a header such as account_id,device is wanted first".to_owned()));
        }
        let columns: Vec<&str> = header.iter().collect();
        let rows = reader.records().collect::<std::result::Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
        Self::new(&columns, rows.iter().map(|row| row.iter().map(Box::<str>::from)))
    }
}

fn wrong(error: &csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Error::Users(format!("line {line}: {len} values, the header names {expected_len}"))
        }
        _ => Error::Users(format!("line {line}: {error}")),
    }
}

pub(super) fn write(columns: &[String], rows: &[Box<[Box<str>]>]) -> Result<String> {
    let failed = |error: csv::Error| Error::Users(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).map_err(failed)?;
    for row in rows {
        writer.write_record(row.iter().map(AsRef::<str>::as_ref)).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::Users(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| Error::Users(error.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::users::Users;

    #[test]
    fn reads_what_it_writes() {
        let users = Users::parse("account_id,device\n10,IOS\n9,ANDROID\n9,ANDROID\n").unwrap();
        assert_eq!(users.csv(), "account_id,device\n9,ANDROID\n10,IOS\n");
        assert_eq!(Users::parse(users.csv()).unwrap().version(), users.version());
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let error = Users::parse("account_id,device\n1,IOS\n2\n").unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        let error = Users::parse("account_id,device\n1,IOS\n2,\"IOS\n3,IOS\n").unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        assert!(Users::parse("").is_err());
        assert!(Users::parse("a,b,c\n1,2,3\n").is_err());
    }
}
