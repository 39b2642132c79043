//! The loop over the logs of a batch.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, StringArray};

use super::columns::Column;
use super::directory::Directory;
use super::fields::{FieldJudge, FieldRules};
use super::reasons::reasons_array;
use super::values::Values;
use crate::contract::Contract;
use crate::decode::{Decoder, Found};
use crate::error::{Error, Result};
use crate::verdict::{Place, Reason, Status};

/// What a batch of logs got, row by row.
#[derive(Debug)]
pub struct Verdicts {
    columns: Vec<Column>,
    statuses: Vec<Status>,
    reasons: Vec<Reason>,
    /// Row n has the reasons from `offsets[n]` to `offsets[n + 1]`.
    offsets: Vec<i32>,
}

impl Verdicts {
    /// The contract's fields.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Each row's status.
    #[must_use]
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    /// A row's reasons, in the contract's order.
    #[must_use]
    pub fn reasons(&self, row: usize) -> &[Reason] {
        let place = |row: usize| self.offsets.get(row).and_then(|offset| usize::try_from(*offset).ok());
        match (place(row), place(row + 1)) {
            (Some(start), Some(end)) => self.reasons.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The contract's fields, status and reasons as Arrow arrays.
    pub(crate) fn into_arrays(self, contract: &Contract) -> Result<Vec<ArrayRef>> {
        let mut arrays = self.columns.into_iter().map(Column::into_array).collect::<Result<Vec<_>>>()?;
        arrays.push(Arc::new(status_array(&self.statuses)));
        arrays.push(reasons_array(contract, &self.reasons, self.offsets)?);
        Ok(arrays)
    }
}

fn status_array(statuses: &[Status]) -> StringArray {
    let mut array = StringBuilder::with_capacity(statuses.len(), statuses.len() * 5);
    for status in statuses {
        array.append_value(status.as_str());
    }
    array.finish()
}

pub(super) fn judge<V: Values>(
    contract: &Contract,
    rules: &[FieldRules],
    directory: Option<&Directory>,
    logs: &V,
) -> Result<Verdicts> {
    let rows = logs.rows();
    let ready = contract.fields().iter().zip(rules);
    let mut fields: Vec<FieldJudge<'_>> = ready.map(|(field, rules)| FieldJudge::new(field, rules, rows)).collect();
    let mut decoder = Decoder::new(contract);
    let mut found = vec![Found::ABSENT; fields.len()];
    let mut scratch = Vec::new();
    let mut statuses = Vec::with_capacity(rows);
    let mut reasons: Vec<Reason> = Vec::new();
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    for row in 0..rows {
        let before = reasons.len();
        let log = logs.log(row).unwrap_or_default();
        match decoder.decode(log, &mut found) {
            Err(code) => {
                for field in &mut fields {
                    field.column.push_null();
                }
                reasons.push(Reason { place: Place::Log, code });
            }
            Ok(()) => {
                for ((field, found), place) in fields.iter_mut().zip(&found).zip(0_u16..) {
                    if let Some(code) = field.judge(log, *found, &mut scratch) {
                        reasons.push(Reason { place: Place::Field(place), code });
                    }
                }
            }
        }
        statuses.push(if reasons.len() > before {
            Status::Bad
        } else if let Some(reason) = directory.and_then(|directory| directory.check(&fields, row)) {
            reasons.push(reason);
            Status::Suspicious
        } else {
            Status::Good
        });
        offsets.push(i32::try_from(reasons.len()).map_err(|_| too_many())?);
    }
    Ok(Verdicts { columns: fields.into_iter().map(|field| field.column).collect(), statuses, reasons, offsets })
}

#[cold]
fn too_many() -> Error {
    Error::Batch(format!("more than {} reasons in one batch; judge smaller batches", i32::MAX))
}
