//! Merging lists whose items have keys.
//!
//! Items are shared between the lists of the original's algorithm, and its result depends on that, so items live in one
//! pool here and the lists hold their numbers. The odd results for items without a key, or with one of two keys, are
//! the original's (KB-SMP-04, KB-SMP-05, KB-SMP-06).

use std::collections::{HashMap, HashSet};

use ferroflux_yaml::Node;

use super::{Merger, Outcome, key_scalar};
use crate::error::Result;
use crate::field_visitor::wrong_kind;
use crate::schema::Type;
use crate::tree::{is_null_or_empty, is_null_or_empty_map, text};

/// The items of both sides.
struct Pool {
    items: Vec<Node>,
    target: Vec<usize>,
    /// `None`: the patch says nothing about this list.
    patch: Option<Vec<usize>>,
}

impl<'a> Merger<'a> {
    /// Merges the items of a patch, if there are any, into a list.
    pub(super) fn items(&mut self, target: &mut Node, patch: Option<Node>, keys: Vec<String>, known: Option<Type<'a>>) -> Result<()> {
        let mut items = take_items(target);
        let count = items.len();
        let patch = patch.map(|mut patch| {
            items.extend(take_items(&mut patch));
            (count..items.len()).collect()
        });
        let pool = Pool { items, target: (0..count).collect(), patch };
        if pool.has_twins(&keys) {
            self.notes.push(format!("a list keyed by {} has items with the same key, of which only the last stays", keys.join(" and ")));
        }
        if pool.has_partial_keys(&keys) {
            self.notes
                .push(format!("a list keyed by {} has items without one of the keys; items may be lost or merged", keys.join(" and ")));
        }
        let merged = self.merge_pool(pool, &keys, known)?;
        put_items(target, merged);
        Ok(())
    }

    /// A list that stands on both sides.
    pub(super) fn own_items(&mut self, list: &mut Node, keys: Vec<String>, known: Option<Type<'a>>) -> Result<()> {
        let items = take_items(list);
        let all: Vec<usize> = (0..items.len()).collect();
        let merged = self.merge_pool(Pool { items, target: all.clone(), patch: Some(all) }, &keys, known)?;
        put_items(list, merged);
        Ok(())
    }

    fn merge_pool(&mut self, mut pool: Pool, keys: &[String], known: Option<Type<'a>>) -> Result<Vec<Node>> {
        let mut wanted = if keys.is_empty() { pool.scalar_values() } else { pool.key_values(keys) };
        let scalar_key = [String::new()];
        let keys = if keys.is_empty() { &scalar_key[..] } else { keys };
        if keys.len() > 1 {
            join_partial(&mut wanted);
        }
        let known = known.and_then(Type::items);
        let mut added: Vec<usize> = Vec::new();
        let mut last_keys: Vec<String> = keys.to_vec();
        for values in &wanted {
            let (valid_keys, valid_values) = effective(&wanted, values, keys);
            last_keys.clone_from(&valid_keys);
            let found = self.merge_items(&mut pool, &valid_keys, &valid_values, known)?;
            match found.filter(|at| !is_null_or_empty_map(&pool.items[*at])) {
                None => pool.remove_from_target(&valid_keys, &valid_values)?,
                Some(at) => {
                    for (key, value) in valid_keys.iter().zip(&valid_values) {
                        if !key.is_empty() && !value.is_empty() && pool.items[at].get(key).is_none() {
                            pool.items[at].set(key.as_str(), key_scalar(value));
                        }
                    }
                    set_item(&pool.items, &mut added, Some(at), &valid_keys, &valid_values)?;
                }
            }
        }
        if !wanted.is_empty() {
            let target = std::mem::take(&mut pool.target);
            append_rest(&pool.items, &mut added, &target, &last_keys)?;
            pool.target = added;
        }
        Ok(pool.take_target())
    }

    /// Merges the first item of each side that has these key values; gives the number of the result.
    fn merge_items(&mut self, pool: &mut Pool, keys: &[String], values: &[String], known: Option<Type<'a>>) -> Result<Option<usize>> {
        let (keys, values) = effective(&[values.to_vec()], values, keys);
        let target = pool.find(&pool.target, &keys, &values);
        let patch = pool.patch.as_ref().and_then(|list| pool.find(list, &keys, &values));
        match (target, patch) {
            (None, None) => Ok(None),
            (Some(t), Some(p)) if t == p => {
                let outcome = {
                    let mut item = pool.items[t].take();
                    let outcome = self.own(&mut item, known)?;
                    pool.items[t] = item;
                    outcome
                };
                Ok(if matches!(outcome, Outcome::Clear) { None } else { Some(t) })
            }
            (None, Some(p)) => match self.added(pool.items[p].clone(), known)? {
                Outcome::Replace(item) => {
                    pool.items[p] = item;
                    Ok(Some(p))
                }
                Outcome::Keep => Ok(Some(p)),
                Outcome::Clear => Ok(None),
            },
            (Some(t), patch) => {
                let from_patch = patch.map(|p| pool.items[p].clone());
                let mut item = pool.items[t].take();
                let outcome = self.pair(&mut item, from_patch, known);
                pool.items[t] = item;
                match (outcome?, patch) {
                    (Outcome::Keep, _) => Ok(Some(t)),
                    (Outcome::Clear, _) => Ok(None),
                    (Outcome::Replace(new), Some(p)) => {
                        pool.items[p] = new;
                        Ok(Some(p))
                    }
                    (Outcome::Replace(new), None) => {
                        pool.items[t] = new;
                        Ok(Some(t))
                    }
                }
            }
        }
    }
}

impl Pool {
    /// The patch's items first, then the target's.
    fn both(&self) -> impl Iterator<Item = &Node> {
        self.patch.iter().flatten().chain(&self.target).map(|at| &self.items[*at])
    }

    fn key_values(&self, keys: &[String]) -> Vec<Vec<String>> {
        let values = self.both().map(|item| {
            let value = |key: &String| item.get(key).filter(|v| !is_null_or_empty(v)).map_or("", text).to_owned();
            keys.iter().map(value).collect()
        });
        unique(values)
    }

    fn scalar_values(&self) -> Vec<Vec<String>> {
        unique(self.both().map(|item| vec![text(item).to_owned()]))
    }

    /// Whether the target has two items with the same keys.
    fn has_twins(&self, keys: &[String]) -> bool {
        let mut seen = HashSet::new();
        self.target.iter().map(|at| &self.items[*at]).any(|item| {
            let values: Vec<Option<&str>> = keys.iter().map(|k| item.get(k).map(text)).collect();
            values.iter().any(Option::is_some) && !seen.insert(values)
        })
    }

    /// Whether two items agree in the first key, and only one of them has the others.
    fn has_partial_keys(&self, keys: &[String]) -> bool {
        let [first, others @ ..] = keys else { return false };
        let mut seen: HashMap<&str, Vec<bool>> = HashMap::new();
        self.items.iter().any(|item| {
            let Some(value) = item.get(first).map(text) else { return false };
            let has: Vec<bool> = others.iter().map(|k| item.get(k).is_some()).collect();
            *seen.entry(value).or_insert_with(|| has.clone()) != has
        })
    }

    fn find(&self, list: &[usize], keys: &[String], values: &[String]) -> Option<usize> {
        let is_scalar_list = keys.first().is_none_or(String::is_empty);
        if is_scalar_list {
            let wanted = values.first().map_or("", String::as_str);
            return list.iter().copied().find(|at| text(&self.items[*at]) == wanted);
        }
        if keys.len() != values.len() {
            return None;
        }
        list.iter().copied().find(|at| {
            let item = &self.items[*at];
            item.is_mapping() && keys.iter().zip(values).all(|(key, value)| item.get(key).is_some_and(|v| text(v) == value))
        })
    }

    fn remove_from_target(&mut self, keys: &[String], values: &[String]) -> Result<()> {
        set_item(&self.items, &mut self.target, None, keys, values)
    }

    /// The items of the target. One that stands there twice is copied.
    fn take_target(mut self) -> Vec<Node> {
        let mut last_use = vec![0; self.items.len()];
        self.target.iter().enumerate().for_each(|(n, at)| last_use[*at] = n);
        let target = std::mem::take(&mut self.target);
        let node = |(n, at): (usize, usize)| if last_use[at] == n { self.items[at].take() } else { self.items[at].clone() };
        target.into_iter().enumerate().map(node).collect()
    }
}

fn take_items(list: &mut Node) -> Vec<Node> {
    list.items_mut().map(std::mem::take).unwrap_or_default()
}

fn put_items(list: &mut Node, items: Vec<Node>) {
    if let Some(place) = list.items_mut() {
        *place = items;
    }
}

fn unique(values: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let mut seen = std::collections::HashSet::new();
    values.filter(|v| seen.insert(v.clone())).collect()
}

/// Fills the missing part of a pair of keys from another pair that agrees in the rest.
fn join_partial(wanted: &mut [Vec<String>]) {
    // without a gap anywhere there is nothing to fill, and the search below is quadratic
    if wanted.iter().flatten().all(|v| !v.is_empty()) {
        return;
    }
    for i in 0..wanted.len() {
        let mine = wanted[i].clone();
        for j in 0..wanted.len() {
            if let Some(joined) = joined(&mine, &wanted[j]) {
                wanted[i].clone_from(&joined);
                wanted[j] = joined;
            }
        }
    }
}

fn joined(a: &[String], b: &[String]) -> Option<Vec<String>> {
    let mut common = false;
    let mut result = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        if x == y {
            common = true;
        } else if !x.is_empty() && !y.is_empty() {
            return None;
        }
        result.push(if x.is_empty() { y.clone() } else { x.clone() });
    }
    (common && a.len() == b.len()).then_some(result)
}

/// Leaves out keys that no item has.
fn effective(all: &[Vec<String>], values: &[String], keys: &[String]) -> (Vec<String>, Vec<String>) {
    let used: Vec<bool> = (0..keys.len()).map(|i| all.iter().any(|v| v.get(i).is_some_and(|v| !v.is_empty()))).collect();
    if !used.contains(&true) {
        return (keys.to_vec(), values.to_vec());
    }
    let valid_keys = keys.iter().zip(&used).filter(|(_, used)| **used).map(|(k, _)| k.clone()).collect();
    let valid_values = values.iter().zip(&used).filter(|(v, used)| !v.is_empty() || **used).map(|(v, _)| v.clone()).collect();
    (valid_keys, valid_values)
}

/// Puts an item in the place of every one with these key values, at the end if there is none; without an item those are
/// removed. Empty items are dropped, and so are all others if no values are given.
fn set_item(items: &[Node], list: &mut Vec<usize>, item: Option<usize>, keys: &[String], values: &[String]) -> Result<()> {
    let is_keyed = keys.first().is_some_and(|k| !k.is_empty()) && values.first().is_some_and(|v| !v.is_empty());
    let mut result = Vec::with_capacity(list.len() + 1);
    let mut found = false;
    for at in list.iter().copied() {
        let node = &items[at];
        if is_null_or_empty_map(node) {
            continue;
        }
        if !node.is_mapping() && is_keyed {
            result.push(at);
            continue;
        }
        if has_values(node, keys, values)? {
            found = true;
            result.extend(item);
        } else if !values.is_empty() {
            result.push(at);
        }
    }
    if let Some(item) = item.filter(|at| !found && !items[*at].is_null()) {
        result.push(item);
    }
    *list = result;
    Ok(())
}

fn has_values(node: &Node, keys: &[String], values: &[String]) -> Result<bool> {
    if values.is_empty() {
        return Ok(false);
    }
    for (key, value) in keys.iter().zip(values) {
        if key.is_empty() {
            if !node.is_scalar() {
                return Err(wrong_kind("ScalarNode", node));
            }
            if text(node) != value {
                return Ok(false);
            }
        } else {
            if !node.is_mapping() {
                return Err(wrong_kind("MappingNode", node));
            }
            if !node.get(key).is_some_and(|v| value.is_empty() || text(v) == value) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Puts the target's items behind the merged ones; a merged item's twin takes its place.
fn append_rest(items: &[Node], list: &mut Vec<usize>, rest: &[usize], keys: &[String]) -> Result<()> {
    for at in rest.iter().copied() {
        let node = &items[at];
        if keys.first().is_none_or(String::is_empty) {
            set_item(items, list, Some(at), &[String::new()], &[text(node).to_owned()])?;
            continue;
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            if !node.is_null() && !node.is_mapping() {
                return Err(wrong_kind("MappingNode", node));
            }
            match node.get(key) {
                Some(value) => values.push(text(value).to_owned()),
                None => list.push(at),
            }
        }
        if keys.len() > 1 {
            set_item(items, list, None, keys, &values)?;
        }
        set_item(items, list, Some(at), keys, &values)?;
    }
    Ok(())
}
