//! A log as serde decodes it: a struct of the six fields, each of whatever type it came.

use std::borrow::Cow;
use std::fmt::{Formatter, Result as Written};

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The contract's fields; others are passed over.
#[derive(Deserialize)]
pub(crate) struct Log<'a> {
    #[serde(borrow, default)]
    pub(crate) event_id: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) account_id: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) event_type: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) device: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) location_country: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) event_timestamp: Field<'a>,
}

/// What stands under a name.
#[derive(Default)]
pub(crate) enum Field<'a> {
    /// Nothing.
    #[default]
    Missing,
    /// `null`.
    Null,
    /// A string, borrowed where nothing had to be unescaped.
    Text(Cow<'a, str>),
    /// An integer of 64 bits.
    Integer(i64),
    /// Anything else.
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Field<'de>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Written {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Field::Null)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Field::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        // What is past 63 bits is past every range as well.
        Ok(Field::Integer(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Field::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
}
