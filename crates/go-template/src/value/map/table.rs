//! The entries of a map: found by hash, put in order when somebody walks them.
//!
//! Templates look keys up far more often than they walk a map: a chain like `.Values.a.b` is three lookups, and a tree
//! compares a dozen keys for each. Most maps are made in key order and never need sorting.

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use crate::value::{Str, Value};

/// Keys with their values.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: IndexMap<Str, Value, RandomState>,
    /// Whether the entries may not stand in key order.
    disordered: bool,
}

impl Table {
    /// The value of a key.
    #[inline]
    pub(super) fn get(&self, key: &[u8]) -> Option<&Value> {
        self.entries.get(key)
    }

    /// Sets a key and gives its old value.
    pub(super) fn insert(&mut self, key: Str, value: Value) -> Option<Value> {
        if !self.disordered && self.entries.last().is_some_and(|(last, _)| *last > key) {
            self.disordered = !self.entries.contains_key(key.as_bytes());
        }
        self.entries.insert(key, value)
    }

    /// Removes a key and gives its value.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Value> {
        let (place, _, value) = self.entries.swap_remove_full(key)?;
        // The last entry has taken its place, unless it was the last.
        self.disordered |= place < self.entries.len();
        Some(value)
    }

    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the entries stand in bytewise key order.
    #[inline]
    pub(super) fn is_sorted(&self) -> bool {
        !self.disordered
    }

    /// Puts the entries in bytewise key order.
    pub(super) fn sort(&mut self) {
        self.entries.sort_unstable_keys();
        self.disordered = false;
    }

    /// The entries in the order in which they stand.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.entries.iter()
    }

    /// The values alone.
    pub(super) fn into_values(self) -> impl Iterator<Item = Value> {
        self.entries.into_values()
    }
}

impl Extend<(Str, Value)> for Table {
    /// Later ones win.
    fn extend<I: IntoIterator<Item = (Str, Value)>>(&mut self, entries: I) {
        let entries = entries.into_iter();
        self.entries.reserve(entries.size_hint().0);
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl FromIterator<(Str, Value)> for Table {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(entries: I) -> Self {
        let mut table = Self::default();
        table.extend(entries);
        table
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// HE-TPL-05: whatever is set and removed, a walk sees each key once, in order, with its last value.
        #[test]
        fn walks_are_in_key_order(steps in prop::collection::vec(("[a-d]{1,2}", any::<Option<i64>>()), 0..40)) {
            let (mut table, mut expected) = (Table::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => {
                        table.insert(key.as_str().into(), Value::Int(value));
                        expected.insert(key, value);
                    }
                    None => prop_assert_eq!(table.remove(key.as_bytes()).is_some(), expected.remove(&key).is_some()),
                }
                if table.is_sorted() {
                    prop_assert!(table.iter().is_sorted_by_key(|(key, _)| key.clone()));
                }
            }
            table.sort();
            let walked: Vec<(String, String)> = table.iter().map(|(k, v)| (k.to_string(), format!("{v:?}"))).collect();
            let wanted: Vec<(String, String)> = expected.iter().map(|(k, v)| (k.clone(), format!("{:?}", Value::Int(*v)))).collect();
            prop_assert_eq!(walked, wanted);
            prop_assert_eq!(table.len(), expected.len());
        }
    }
}
