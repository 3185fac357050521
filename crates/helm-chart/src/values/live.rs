//! The mutable side of coalescing.
//!
//! Helm copies whole value maps and then merges in place, and in a few places two maps end up sharing an inner one, so
//! that a later merge into one is seen through the other (globals do this). To get the same result without
//! copying everything, a [`Node`] is either *frozen* (a private copy nobody has touched yet, still the shared tree) or
//! *live* (a map that has been touched, with an identity of its own).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use ferroflux_go_template::value::{Map, Str, Type, Value};

use super::{Table, Tree};

/// A map that can be changed and shared.
pub(super) type Live = Rc<RefCell<BTreeMap<Str, Node>>>;

/// A value during coalescing.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A scalar, a list or an untouched table. Cloning it stands for a deep copy.
    Frozen(Tree),
    /// A touched table. Cloning it makes an alias.
    Live(Live),
}

impl Node {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Frozen(Tree::Null))
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self, Self::Live(_) | Self::Frozen(Tree::Table(_)))
    }

    /// The same value with no map in common with this one.
    pub(super) fn deep_copy(&self) -> Self {
        match self {
            Self::Frozen(tree) => Self::Frozen(tree.clone()),
            Self::Live(map) => Self::Live(Rc::new(RefCell::new(map.borrow().iter().map(|(k, v)| (k.clone(), v.deep_copy())).collect()))),
        }
    }

    /// Takes nulls out at every level of tables (lists are left alone).
    pub(super) fn without_nulls(&self) -> Self {
        match self {
            Self::Frozen(Tree::Table(table)) => Self::Frozen(Tree::Table(without_nulls(table))),
            Self::Frozen(tree) => Self::Frozen(tree.clone()),
            Self::Live(map) => {
                let kept = map.borrow().iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.without_nulls())).collect();
                Self::Live(Rc::new(RefCell::new(kept)))
            }
        }
    }

    /// The immutable tree; aliases become copies.
    pub(super) fn freeze(&self) -> Tree {
        match self {
            Self::Frozen(tree) => tree.clone(),
            Self::Live(map) => Tree::Table(Arc::new(freeze_map(map))),
        }
    }

    /// The value as templates see it; aliases stay aliases, so that `set` on one is seen through the other.
    fn to_template(&self, seen: &mut HashMap<*const RefCell<BTreeMap<Str, Node>>, Map>) -> Value {
        match self {
            Self::Frozen(tree) => tree.to_template(),
            Self::Live(map) => Value::Map(map_to_template(map, seen)),
        }
    }
}

/// A live copy of a table; its inner tables stay frozen.
pub(super) fn thaw(table: &Table) -> Live {
    Rc::new(RefCell::new(table.iter().map(|(k, v)| (k.clone(), Node::Frozen(v.clone()))).collect()))
}

/// The live map under `key`, thawed in place if it was frozen; `None` if there is none or it is no table.
pub(super) fn live_at(map: &Live, key: &Str) -> Option<Live> {
    let mut map = map.borrow_mut();
    let node = map.get_mut(key.as_bytes())?;
    make_live(node)
}

/// Makes a table live in place and gives an alias of it; `None` for anything else.
pub(super) fn make_live(node: &mut Node) -> Option<Live> {
    if let Node::Frozen(Tree::Table(table)) = node {
        *node = Node::Live(thaw(table));
    }
    match node {
        Node::Live(live) => Some(Rc::clone(live)),
        Node::Frozen(_) => None,
    }
}

/// The immutable table.
pub(super) fn freeze_map(map: &Live) -> Table {
    map.borrow().iter().map(|(k, v)| (k.clone(), v.freeze())).collect()
}

/// The map as templates see it.
pub(super) fn to_template(map: &Live) -> Map {
    map_to_template(map, &mut HashMap::new())
}

fn map_to_template(map: &Live, seen: &mut HashMap<*const RefCell<BTreeMap<Str, Node>>, Map>) -> Map {
    let identity = Rc::as_ptr(map);
    if let Some(known) = seen.get(&identity) {
        return known.clone();
    }
    let made = Map::from_entries(Type::MAP, map.borrow().iter().map(|(k, v)| (k.clone(), v.to_template(seen))));
    if Rc::strong_count(map) > 1 {
        seen.insert(identity, made.clone());
    }
    made
}

/// Takes nulls out at every level; the same table if there are none.
fn without_nulls(table: &Arc<Table>) -> Arc<Table> {
    fn holds_null(table: &Table) -> bool {
        table.values().any(|v| match v {
            Tree::Null => true,
            Tree::Table(inner) => holds_null(inner),
            _ => false,
        })
    }
    if !holds_null(table) {
        return Arc::clone(table);
    }
    let kept = table.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| {
        let v = match v {
            Tree::Table(inner) => Tree::Table(without_nulls(inner)),
            other => other.clone(),
        };
        (k.clone(), v)
    });
    Arc::new(kept.collect())
}
