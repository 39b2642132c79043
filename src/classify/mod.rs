//! Batches of logs in, the same rows judged out.
//!
//! One log never fails a batch, and a row's verdict depends on nothing but its bytes, the contract and the users.
//!
//! ```
//! use arrow_array::{RecordBatch, StringArray, cast::AsArray};
//! use logcore::{classify::Classifier, contract::Contract, users::Users};
//! use std::sync::Arc;
//!
//! let contract = Arc::new(Contract::server_logs()?);
//! let users = Users::new(&["account_id", "device"], [["684", "ANDROID"]])?;
//! let classifier = Classifier::new(&contract, Some(&users))?;
//! let logs = StringArray::from(vec!["{", "[]"]);
//! let batch = RecordBatch::try_from_iter([("value", Arc::new(logs) as _)])?;
//! let judged = classifier.classify(&batch, "value")?;
//! assert_eq!(judged["status"].as_string::<i32>().value(0), "bad");
//! # Ok::<(), logcore::Error>(())
//! ```

mod bits;
mod columns;
mod dictionary;
mod directory;
mod fields;
mod integers;
mod nested;
mod reasons;
mod scalars;
mod texts;
pub(crate) mod values;
mod verdicts;

use std::num::NonZeroUsize;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, RecordBatchOptions, UInt8Array, UInt16Array};
use arrow_schema::{DataType, Field, FieldRef, Schema};

use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::users::Users;
use directory::Directory;
use fields::FieldRules;

pub use columns::{Column, Value};
pub use nested::{ArrayColumn, ObjectColumn};
pub use reasons::{path, reasons_type};
pub use values::Values;
pub use verdicts::Verdicts;

pub(crate) use columns::UTC;
#[cfg(feature = "mysql")]
pub(crate) use fields::data_type;
pub(crate) use reasons::{item_field, past_2_gib};
pub(crate) use values::{value_array, with_values};

/// Judges logs by a contract and a snapshot of the users. Immutable; share it between threads.
#[derive(Debug)]
pub struct Classifier {
    contract: Arc<Contract>,
    rules: Vec<FieldRules>,
    directory: Option<Directory>,
    users_version: String,
    threads: NonZeroUsize,
}

impl Classifier {
    /// A classifier; users are wanted where the contract looks them up, and must have the columns that it names.
    ///
    /// # Errors
    /// [`Error::Users`] where the users are missing or don't fit the contract.
    pub fn new(contract: &Arc<Contract>, users: Option<&Users>) -> Result<Self> {
        let directory = match (contract.lookup(), users) {
            (None, _) => None,
            (Some(lookup), Some(users)) => Some(Directory::new(contract, lookup, users)?),
            (Some(lookup), None) => {
                return Err(Error::Users(format!(
                    "the contract looks up {} in '{}'; pass the users",
                    lookup.columns.join(", "),
                    lookup.table
                )));
            }
        };
        let users_version = if directory.is_some() { users.map_or("", Users::version) } else { "" };
        let rules = contract.fields().iter().map(FieldRules::new).collect();
        Ok(Self {
            contract: Arc::clone(contract),
            rules,
            directory,
            users_version: users_version.to_owned(),
            threads: NonZeroUsize::MIN,
        })
    }

    /// The same on up to so many threads, where a batch has 8,192 logs or more for each. Verdicts don't depend on it.
    #[must_use]
    pub fn with_threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// The contract.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// The users' version; empty where nothing is looked up.
    #[must_use]
    pub fn users_version(&self) -> &str {
        &self.users_version
    }

    /// Judges the logs in the column `column`, of any string or binary type. Yields the contract's fields, `status`,
    /// `reasons`, then the other columns unchanged; as many rows, in the same order.
    ///
    /// # Errors
    /// [`Error::Batch`] where there is no such column, it is of another type, another column has the name of an output
    /// column, or the output would pass 2 GiB in one column. Never for a log.
    pub fn classify(&self, batch: &RecordBatch, column: &str) -> Result<RecordBatch> {
        let (place, logs) = value_array(batch, column)?;
        let verdicts = with_values!(logs, values => self.judge(&values))?;
        let schema = batch.schema();
        let others = schema.fields().iter().zip(batch.columns()).enumerate().filter(|(index, _)| *index != place);
        let mut fields = self.output_fields();
        let mut columns = verdicts.into_arrays(&self.contract)?;
        for (_, (field, column)) in others {
            if fields.iter().any(|known| known.name() == field.name()) {
                return Err(Error::Batch(format!(
                    "the input column '{}' has the name of an output column; rename it",
                    field.name()
                )));
            }
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
        }
        with_rows(fields, columns, batch.num_rows())
    }

    /// What [`Classifier::classify`] yields, with `status` and the fields whose values the contract lists as
    /// `dictionary<int32, string>`: a tenth of the memory, and groups without hashing. Spark takes no dictionaries.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub fn classify_with_dictionaries(&self, batch: &RecordBatch, column: &str) -> Result<RecordBatch> {
        dictionary::encode(&self.contract, &self.classify(batch, column)?)
    }

    /// Judges every log of `values`.
    ///
    /// # Errors
    /// [`Error::Batch`] where a column would pass 2 GiB.
    pub fn judge<V: Values + Sync>(&self, values: &V) -> Result<Verdicts> {
        verdicts::judge(&self.contract, &self.rules, self.directory.as_ref(), values, self.threads)
    }

    /// Judges the logs in the column `column` as [`Classifier::classify`] does, and yields numbers only.
    ///
    /// # Errors
    /// [`Error::Batch`] where there is no such column or it is of another type.
    pub fn codes(
        &self,
        batch: &RecordBatch,
        column: &str,
    ) -> Result<(UInt8Array, Int32Array, UInt8Array, UInt16Array)> {
        let (_, logs) = value_array(batch, column)?;
        Ok(with_values!(logs, values => self.judge(&values))?.into_numbers())
    }

    /// The columns that come first in every output: the contract's fields, `status` and `reasons`.
    #[must_use]
    pub fn output_fields(&self) -> Vec<FieldRef> {
        let own = self.contract.fields().iter().map(|field| (field.name.as_str(), fields::data_type(&field.kind)));
        own.chain([("status", DataType::Utf8), ("reasons", reasons_type())])
            .map(|(name, data_type)| Arc::new(Field::new(name, data_type, true)))
            .collect()
    }
}

/// A batch that keeps its number of rows even without columns.
pub(crate) fn with_rows(fields: Vec<FieldRef>, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
}
