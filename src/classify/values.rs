//! The column of logs, whatever its type.

use arrow_array::types::{ByteArrayType, ByteViewType};
use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, GenericByteArray, GenericByteViewArray, NullArray, RecordBatch,
};

use arrow_buffer::ArrowNativeType;

use crate::decode::Log;
use crate::error::{Error, Result};

/// Logs by row.
pub trait Values {
    /// How many there are.
    fn rows(&self) -> usize;
    /// The log's bytes; None for a message without a value.
    fn log(&self, row: usize) -> Option<&[u8]>;
    /// The logs from the row `first` on where they lie, empty for a message without a value.
    #[inline]
    fn places<'a>(&'a self, first: usize, places: &mut [Log<'a>]) {
        for (place, row) in places.iter_mut().zip(first..) {
            let log = self.log(row).unwrap_or_default();
            *place = Log::new(log, log.len());
        }
    }
}

impl<T: ByteArrayType<Native = N>, N: AsRef<[u8]> + ?Sized + 'static> Values for &GenericByteArray<T> {
    fn rows(&self) -> usize {
        self.len()
    }

    #[inline]
    fn log(&self, row: usize) -> Option<&[u8]> {
        if self.is_null(row) { None } else { Some(self.value(row).as_ref()) }
    }

    #[inline]
    fn places<'a>(&'a self, first: usize, places: &mut [Log<'a>]) {
        let (offsets, data) = (self.value_offsets().get(first..).unwrap_or_default(), self.value_data());
        for (place, ends) in places.iter_mut().zip(offsets.array_windows::<2>()) {
            let [start, end] = ends.map(ArrowNativeType::as_usize);
            *place = Log::new(data.get(start..).unwrap_or_default(), end.saturating_sub(start));
        }
        if self.null_count() > 0 {
            for (place, row) in places.iter_mut().zip(first..) {
                if self.is_null(row) {
                    *place = Log::default();
                }
            }
        }
    }
}

impl<T: ByteViewType<Native = N>, N: AsRef<[u8]> + ?Sized + 'static> Values for &GenericByteViewArray<T> {
    fn rows(&self) -> usize {
        self.len()
    }

    #[inline]
    fn log(&self, row: usize) -> Option<&[u8]> {
        if self.is_null(row) { None } else { Some(self.value(row).as_ref()) }
    }
}

impl Values for &FixedSizeBinaryArray {
    fn rows(&self) -> usize {
        self.len()
    }

    fn log(&self, row: usize) -> Option<&[u8]> {
        if self.is_null(row) { None } else { Some(self.value(row)) }
    }
}

impl Values for &NullArray {
    fn rows(&self) -> usize {
        self.len()
    }

    fn log(&self, _row: usize) -> Option<&[u8]> {
        None
    }
}

/// The column of that name and its place.
pub(crate) fn value_array<'a>(batch: &'a RecordBatch, column: &str) -> Result<(usize, &'a ArrayRef)> {
    let schema = batch.schema();
    let mut places = (0..).zip(schema.fields()).filter(|(_, field)| field.name() == column).map(|(place, _)| place);
    let (Some(place), None) = (places.next(), places.next()) else {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(Error::Batch(format!("one column '{column}' is wanted; the batch has {}", names.join(", "))));
    };
    Ok((place, batch.column(place)))
}

/// The error for a column of logs that holds something else.
pub(crate) fn wrong_type(array: &ArrayRef) -> Error {
    Error::Batch(format!("the column of logs must hold strings or binary, not {}", array.data_type()))
}

/// Runs an expression with the array as [`Values`] of its own type.
macro_rules! with_values {
    ($array:expr, $values:ident => $run:expr) => {{
        use arrow_array::cast::AsArray;
        use arrow_schema::DataType;
        let array: &arrow_array::ArrayRef = $array;
        match array.data_type() {
            DataType::Utf8 => {
                let $values = array.as_string::<i32>();
                $run
            }
            DataType::LargeUtf8 => {
                let $values = array.as_string::<i64>();
                $run
            }
            DataType::Utf8View => {
                let $values = array.as_string_view();
                $run
            }
            DataType::Binary => {
                let $values = array.as_binary::<i32>();
                $run
            }
            DataType::LargeBinary => {
                let $values = array.as_binary::<i64>();
                $run
            }
            DataType::BinaryView => {
                let $values = array.as_binary_view();
                $run
            }
            DataType::FixedSizeBinary(_) => {
                let $values = array.as_fixed_size_binary();
                $run
            }
            DataType::Null => {
                let $values = $crate::classify::values::nulls(array)?;
                $run
            }
            _ => Err($crate::classify::values::wrong_type(array)),
        }
    }};
}
pub(crate) use with_values;

/// An array that holds nothing but nulls.
pub(crate) fn nulls(array: &ArrayRef) -> Result<&NullArray> {
    array.as_any().downcast_ref().ok_or_else(|| wrong_type(array))
}
