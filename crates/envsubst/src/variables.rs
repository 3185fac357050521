//! The variables.

use std::collections::BTreeMap;

/// Names and values; a later value of a name wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, Vec<u8>>,
}

/// A name that is no variable name (KC-SUB-04).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'")]
pub struct InvalidName(pub String);

impl Variables {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable as post-build substitution does: line feeds are removed from the value (KC-SUB-02). Names are
    /// checked by [`Variables::check_names`], since the original checks them only when it substitutes.
    pub fn set(&mut self, name: impl Into<String>, value: impl AsRef<[u8]>) {
        let value = value.as_ref().iter().copied().filter(|b| *b != b'\n').collect();
        self.values.insert(name.into(), value);
    }

    /// Sets a variable to a value as it is.
    pub fn set_raw(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.values.insert(name.into(), value.into());
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.values.get(name).map(Vec::as_slice)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Finds the first name that is none (KC-SUB-04): letters, digits and `_` of ASCII, no digit first.
    pub fn check_names(&self) -> Result<(), InvalidName> {
        let good = |name: &str| {
            let mut bytes = name.bytes();
            bytes.next().is_some_and(|b| b == b'_' || b.is_ascii_alphabetic()) && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric())
        };
        match self.names().find(|name| !good(name)) {
            Some(name) => Err(InvalidName(name.to_owned())),
            None => Ok(()),
        }
    }
}

impl<N: Into<String>, V: AsRef<[u8]>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut all = Self::new();
        for (name, value) in pairs {
            all.set(name, value);
        }
        all
    }
}
