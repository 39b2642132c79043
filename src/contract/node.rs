//! A value of the contract's document together with its path, so that every complaint names the place.

use serde_json::Value;

use crate::error::{Error, Result};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    pub(super) fn path(&self) -> &str {
        if self.path.is_empty() { "document" } else { &self.path }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::Contract { path: self.path().to_owned(), message: message.into() }
    }

    /// An error unless this is a mapping with no other keys than these.
    pub(super) fn keys(&self, known: &[&str]) -> Result<()> {
        let map = self.value.as_object().ok_or_else(|| self.expected("a mapping"))?;
        for key in map.keys() {
            if !known.contains(&key.as_str()) {
                return Err(self
                    .child(key, self.value)
                    .error(format!("unknown key; known here: {}", known.join(", "))));
            }
        }
        Ok(())
    }

    /// The value under a key; a key with null counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key)?;
        if value.is_null() { None } else { Some(self.child(key, value)) }
    }

    /// The value under a key, null included.
    pub(super) fn get_nullable(&self, key: &str) -> Option<Node<'a>> {
        self.value.get(key).map(|value| self.child(key, value))
    }

    pub(super) fn need(&self, key: &str) -> Result<Node<'a>> {
        self.get(key).ok_or_else(|| self.error(format!("'{key}' is missing")))
    }

    pub(super) fn items(&self) -> Result<Vec<Node<'a>>> {
        let list = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        Ok(list
            .iter()
            .enumerate()
            .map(|(index, value)| Node { value, path: format!("{}[{index}]", self.path) })
            .collect())
    }

    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Node<'a>)>> {
        let map = self.value.as_object().ok_or_else(|| self.expected("a mapping"))?;
        Ok(map.iter().map(|(key, value)| (key.as_str(), self.child(key, value))).collect())
    }

    pub(super) fn str(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.expected("a string (in quotes if it looks like another type)"))
    }

    pub(super) fn bool(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub(super) fn i64(&self) -> Result<i64> {
        self.value.as_i64().ok_or_else(|| self.expected("an integer of 64 bits"))
    }

    pub(super) fn usize(&self) -> Result<usize> {
        self.value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(|| self.expected("an integer, 0 or more"))
    }

    pub(super) fn f64(&self) -> Result<f64> {
        self.value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| self.expected("a number"))
    }

    /// A weight or a probability: finite, 0 or more.
    pub(super) fn weight(&self) -> Result<f64> {
        self.value
            .as_f64()
            .filter(|number| number.is_finite() && *number >= 0.0)
            .ok_or_else(|| self.expected("a number, 0 or more"))
    }

    fn expected(&self, what: &str) -> Error {
        let found = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Object(_) => "a mapping".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            other => other.to_string(),
        };
        self.error(format!("{what} is wanted here, found {found}"))
    }

    fn child(&self, key: &str, value: &'a Value) -> Self {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Self { value, path }
    }
}
