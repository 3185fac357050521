//! Slices. No template can change an element in place, so a list is immutable and shared.

use std::rc::Rc;

use super::{Type, Value};

/// A Go slice with its type; a nil slice (`rest` of an empty list; JSON `null`) is empty but remembers to be nil.
#[derive(Clone, Debug)]
pub struct List {
    go_type: &'static Type,
    items: Option<Rc<Items>>,
}

#[derive(Debug)]
struct Items(Vec<Value>);

impl List {
    /// A slice of the type `go_type` (for instance [`Type::LIST`], [`Type::STRINGS`]).
    pub fn new(go_type: &'static Type, items: Vec<Value>) -> Self {
        Self { go_type, items: Some(Rc::new(Items(items))) }
    }

    /// The nil slice of a type.
    pub fn nil(go_type: &'static Type) -> Self {
        Self { go_type, items: None }
    }

    /// The slice type.
    pub fn go_type(&self) -> &'static Type {
        self.go_type
    }

    /// The same items under another slice type of the same element type.
    pub fn with_type(&self, go_type: &'static Type) -> Self {
        Self { go_type, items: self.items.clone() }
    }

    /// The items; none for a nil slice.
    pub fn items(&self) -> &[Value] {
        self.items.as_ref().map_or(&[], |i| &i.0)
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items().len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    /// Whether this is a nil slice.
    pub fn is_nil(&self) -> bool {
        self.items.is_none()
    }

    /// Whether both are the same memory.
    pub fn same(&self, other: &List) -> bool {
        match (&self.items, &other.items) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    /// Takes the items out if nobody else holds them; used to drop deep values without recursion.
    pub(super) fn take_unshared(&mut self) -> Vec<Value> {
        self.items.as_mut().and_then(Rc::get_mut).map(|i| std::mem::take(&mut i.0)).unwrap_or_default()
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        drop_deep(std::mem::take(&mut self.0));
    }
}

/// Drops values without recursion: a template can nest lists as deep as it has steps.
pub(super) fn drop_deep(mut pending: Vec<Value>) {
    if !pending.iter().any(|v| matches!(v, Value::List(_) | Value::Map(_))) {
        return;
    }
    while let Some(value) = pending.pop() {
        match value {
            Value::List(mut list) => pending.append(&mut list.take_unshared()),
            Value::Map(mut map) => pending.extend(map.take_unshared()),
            _ => {}
        }
    }
}
