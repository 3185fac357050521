//! Maps with string keys, shared by reference and kept in key order (the order of `range` and of printing).

use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use rustc_hash::FxHashMap;

use super::list::drop_deep;
use super::{Str, Type, Value};

mod table;

use table::Table;

/// A Go map with its type. Clones share the entries: what one alias inserts, all see. A nil map is empty and refuses
/// insertion, as in Go.
#[derive(Clone, Debug)]
pub struct Map {
    go_type: &'static Type,
    entries: Option<Rc<Entries>>,
}

#[derive(Default)]
struct Entries {
    map: RefCell<Table>,
    /// Makes the entries of a deferred map when they are asked for.
    deferred: Cell<Option<Box<Fill>>>,
}

/// What makes the entries of a deferred map.
type Fill = dyn FnOnce() -> Vec<(Str, Value)>;

impl Entries {
    fn of(map: Table) -> Self {
        Self { map: RefCell::new(map), deferred: Cell::new(None) }
    }

    /// The entries, made now if they were deferred.
    #[inline]
    fn map(&self) -> &RefCell<Table> {
        if let Some(fill) = self.deferred.take() {
            self.map.borrow_mut().extend(fill());
        }
        &self.map
    }

    /// The entries in key order.
    fn sorted(&self) -> Ref<'_, Table> {
        let map = self.map();
        if !map.borrow().is_sorted() {
            map.borrow_mut().sort();
        }
        map.borrow()
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map.fmt(f)
    }
}

impl Map {
    /// An empty `map[string]interface {}`.
    pub fn new() -> Self {
        Self::of_type(Type::MAP)
    }

    /// An empty map of the type `go_type`.
    pub fn of_type(go_type: &'static Type) -> Self {
        Self { go_type, entries: Some(Rc::new(Entries::default())) }
    }

    /// The nil map of a type.
    pub fn nil(go_type: &'static Type) -> Self {
        Self { go_type, entries: None }
    }

    /// A map of the type `go_type` with these entries; later ones win.
    pub fn from_entries<K: Into<Str>>(go_type: &'static Type, entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        let map = entries.into_iter().map(|(k, v)| (k.into(), v)).collect();
        Self { go_type, entries: Some(Rc::new(Entries::of(map))) }
    }

    /// A map of the type `go_type` whose entries are made when a template first looks at them; `fill` must not use this map.
    pub fn deferred(go_type: &'static Type, fill: impl FnOnce() -> Vec<(Str, Value)> + 'static) -> Self {
        let entries = Entries { map: RefCell::default(), deferred: Cell::new(Some(Box::new(fill))) };
        Self { go_type, entries: Some(Rc::new(entries)) }
    }

    /// The map type.
    #[inline]
    pub fn go_type(&self) -> &'static Type {
        self.go_type
    }

    /// The same entries, still shared, under another map type (a Go conversion).
    pub fn with_type(&self, go_type: &'static Type) -> Self {
        Self { go_type, entries: self.entries.clone() }
    }

    /// The value of a key.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.entries.as_ref().and_then(|e| e.map().borrow().get(key.as_ref()).cloned())
    }

    /// Whether a key is present, with any value.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        self.entries.as_ref().is_some_and(|e| e.map().borrow().get(key.as_ref()).is_some())
    }

    /// Sets a key for every alias of this map. On a nil map this does nothing and answers `false`
    /// (Go panics with "assignment to entry in nil map").
    pub fn insert(&self, key: impl Into<Str>, value: Value) -> bool {
        let Some(entries) = &self.entries else { return false };
        if matches!(value, Value::Map(_) | Value::List(_)) && Rc::strong_count(entries) > 1 {
            note_change(entries);
        }
        let old = entries.map().borrow_mut().insert(key.into(), value);
        drop(old);
        true
    }

    /// Removes a key for every alias of this map and gives its value.
    pub fn remove(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.entries.as_ref().and_then(|e| e.map().borrow_mut().remove(key.as_ref()))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, |e| e.map().borrow().len())
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is a nil map.
    pub fn is_nil(&self) -> bool {
        self.entries.is_none()
    }

    /// Whether both are the same memory.
    pub fn same(&self, other: &Map) -> bool {
        match (&self.entries, &other.entries) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }

    /// The entries as they are now, in bytewise key order. A snapshot: the map may be changed while it is walked.
    pub fn entries(&self) -> Vec<(Str, Value)> {
        self.entries.as_ref().map_or_else(Vec::new, |e| e.sorted().iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    /// The keys as they are now, in bytewise order.
    pub fn keys(&self) -> Vec<Str> {
        self.entries.as_ref().map_or_else(Vec::new, |e| e.sorted().iter().map(|(k, _)| k.clone()).collect())
    }

    /// Calls `visit` for each entry in bytewise key order, without a snapshot, until it answers an error.
    /// `visit` must not change this map; it works on a copy if it has to.
    pub fn try_for_each<E>(&self, mut visit: impl FnMut(&Str, &Value) -> Result<(), E>) -> Result<(), E> {
        match &self.entries {
            Some(entries) => entries.sorted().iter().try_for_each(|(k, v)| visit(k, v)),
            None => Ok(()),
        }
    }

    /// Takes the entries out if nobody else holds them; used to drop deep values without recursion.
    pub(super) fn take_unshared(&mut self) -> Vec<Value> {
        self.entries.as_mut().and_then(Rc::get_mut).map(|e| std::mem::take(e.map.get_mut()).into_values().collect()).unwrap_or_default()
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        let entries = self.map.get_mut();
        if entries.iter().any(|(_, v)| matches!(v, Value::List(_) | Value::Map(_))) {
            drop_deep(std::mem::take(entries).into_values().collect());
        }
    }
}

thread_local! {
    /// Shared maps of the current render that were given a container: only these can be part of a cycle.
    static CHANGED: RefCell<Option<FxHashMap<usize, Weak<Entries>>>> = const { RefCell::new(None) };
}

fn note_change(entries: &Rc<Entries>) {
    CHANGED.with(|changed| {
        if let Some(changed) = changed.borrow_mut().as_mut() {
            changed.entry(Rc::as_ptr(entries).addr()).or_insert_with(|| Rc::downgrade(entries));
        }
    });
}

/// While this lives, maps that could have become part of themselves (`set $x "self" $x`) are noted; when it goes, they
/// are emptied. Without it a chart that does so would leak its values on every render.
#[derive(Debug)]
pub(crate) struct CycleGuard(Option<FxHashMap<usize, Weak<Entries>>>);

impl CycleGuard {
    /// Starts noting on this thread.
    pub(crate) fn start() -> Self {
        Self(CHANGED.with(|changed| changed.borrow_mut().replace(FxHashMap::default())))
    }
}

impl Drop for CycleGuard {
    fn drop(&mut self) {
        let noted = CHANGED.with(|changed| std::mem::replace(&mut *changed.borrow_mut(), self.0.take()));
        for entries in noted.into_iter().flatten().filter_map(|(_, entries)| entries.upgrade()) {
            let values = std::mem::take(&mut *entries.map.borrow_mut());
            drop(values);
        }
    }
}
