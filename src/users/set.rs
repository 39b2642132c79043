//! The set itself.

use std::sync::Arc;

use crate::contract::short_hash;
use crate::error::{Error, Result};

/// An immutable, sorted set of rows. Values are text; an integer's is its canonical decimal form.
#[derive(Clone, Debug)]
pub struct Users(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    columns: Vec<String>,
    rows: Vec<Box<[Box<str>]>>,
    csv: String,
    version: String,
}

impl Users {
    /// A set of these rows, sorted, each held once.
    ///
    /// ```
    /// use logcore::users::Users;
    /// let users = Users::new(&["account_id", "device"], [["684", "ANDROID"], ["7", "IOS"], ["7", "IOS"]])?;
    /// assert_eq!(users.len(), 2);
    /// # Ok::<(), logcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Users`] unless there are one or two columns and each row has as many values.
    pub fn new<C, R, V>(columns: &[C], rows: impl IntoIterator<Item = R>) -> Result<Self>
    where
        C: AsRef<str>,
        R: IntoIterator<Item = V>,
        V: Into<Box<str>>,
    {
        if !(1..=2).contains(&columns.len()) {
            return Err(Error::Users(format!("one or two columns are wanted, found {}", columns.len())));
        }
        let columns: Vec<String> = columns.iter().map(|column| column.as_ref().to_owned()).collect();
        let mut sorted: Vec<Box<[Box<str>]>> = Vec::new();
        for row in rows {
            let row: Box<[Box<str>]> = row.into_iter().map(Into::into).collect();
            if row.len() != columns.len() {
                return Err(Error::Users(format!(
                    "row {} has {} values, the columns are {}",
                    sorted.len() + 1,
                    row.len(),
                    columns.join(", ")
                )));
            }
            sorted.push(row);
        }
        // Shorter numbers first, so that 9 stands before 10; any total order would do for the version.
        sorted.sort_unstable_by(|a, b| {
            a.iter().map(|value| (value.len(), value)).cmp(b.iter().map(|value| (value.len(), value)))
        });
        sorted.dedup();
        let csv = super::csv::write(&columns, &sorted)?;
        let version = short_hash(&csv);
        Ok(Self(Arc::new(Inner { columns, rows: sorted, csv, version })))
    }

    /// The columns' names.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.0.columns
    }

    /// The rows, sorted; each has as many values as there are columns.
    #[must_use]
    pub fn rows(&self) -> &[Box<[Box<str>]>] {
        &self.0.rows
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.rows.len()
    }

    /// True without a row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.rows.is_empty()
    }

    /// The content as CSV with a header; the same set gives the same text.
    #[must_use]
    pub fn csv(&self) -> &str {
        &self.0.csv
    }

    /// 16 hex digits of the SHA-256 of [`Users::csv`].
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }
}
