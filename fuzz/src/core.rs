//! What the core says of logs.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BinaryViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use logcore::classify::Classifier;

use crate::input::{Limits, contract, users};
use crate::row::{Cell, Row};

/// A classifier with the shipped contract, these limits and [`crate::input::USERS`].
///
/// # Errors
/// Where contract and users no longer fit.
pub fn classifier(limits: Limits) -> logcore::Result<Classifier> {
    Classifier::new(&contract(limits)?, Some(&users()?))
}

/// How logs lie in memory.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    /// One behind the other.
    Binary,
    /// Short ones within the view.
    View,
}

/// The rows of one batch of these logs.
///
/// # Errors
/// None is right: no log fails a batch.
pub fn classify(classifier: &Classifier, logs: &[&[u8]], layout: Layout) -> logcore::Result<Vec<Row>> {
    let column: ArrayRef = match layout {
        Layout::Binary => Arc::new(
            logs.iter()
                .map(Some)
                .fold(BinaryBuilder::new(), |mut builder, log| {
                    builder.append_option(log);
                    builder
                })
                .finish(),
        ),
        Layout::View => Arc::new(
            logs.iter()
                .map(Some)
                .fold(BinaryViewBuilder::new(), |mut builder, log| {
                    builder.append_option(log);
                    builder
                })
                .finish(),
        ),
    };
    let judged = classifier.classify(&RecordBatch::try_from_iter([("value", column)])?, "value")?;
    Ok((0..judged.num_rows()).map(|at| row(&judged, at)).collect())
}

fn row(judged: &RecordBatch, at: usize) -> Row {
    let list = judged["reasons"].as_list::<i32>().value(at);
    let list = list.as_struct();
    let (paths, codes) = (list["path"].as_string::<i32>(), list["code"].as_string::<i32>());
    let reasons = (0..list.len()).map(|item| (paths.value(item).to_owned(), codes.value(item).to_owned()));
    let fields = judged.num_columns() - 2;
    Row {
        status: judged["status"].as_string::<i32>().value(at).to_owned(),
        reasons: reasons.collect(),
        columns: judged.columns().iter().take(fields).map(|column| cell(column, at)).collect(),
    }
}

fn cell(column: &ArrayRef, at: usize) -> Cell {
    if column.is_null(at) {
        Cell::Null
    } else if let Some(texts) = column.as_string_opt::<i32>() {
        Cell::Text(texts.value(at).to_owned())
    } else if let Some(integers) = column.as_primitive_opt::<Int32Type>() {
        Cell::Integer(integers.value(at))
    } else {
        Cell::Time(column.as_primitive::<TimestampMicrosecondType>().value(at))
    }
}
