//! The objects of a build in their order, found by id through a hash index (KB-PERF-01).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::error::{Error, ErrorKind, Result, nearest};
use crate::identity::{IdRef, ResId};
use crate::resource::{Behavior, Resource};

/// Objects in order. The index may hold ids that objects had; every hit is compared with the object.
#[derive(Debug, Default)]
pub(crate) struct ResourceMap {
    list: Vec<Resource>,
    index: HashMap<u64, Vec<u32>>,
    hasher: RandomState,
}

impl ResourceMap {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    pub(crate) fn get(&self, at: usize) -> &Resource {
        &self.list[at]
    }

    /// For changes that leave ids alone.
    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.list.iter_mut()
    }

    /// For changes that leave the id alone.
    pub(crate) fn get_mut(&mut self, at: usize) -> &mut Resource {
        &mut self.list[at]
    }

    pub(crate) fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Changes one object and indexes the ids that it has afterwards.
    pub(crate) fn update<T>(&mut self, at: usize, change: impl FnOnce(&mut Resource) -> T) -> T {
        let result = change(&mut self.list[at]);
        self.reindex(at);
        result
    }

    /// Indexes the ids of an object.
    pub(crate) fn reindex(&mut self, at: usize) {
        let resource = &self.list[at];
        if resource.is_gone() {
            return;
        }
        for id in resource.all_ids() {
            let entries = self.index.entry(hash(&self.hasher, id)).or_default();
            if !entries.contains(&(at as u32)) {
                entries.push(at as u32);
            }
        }
    }

    fn candidates(&self, id: IdRef<'_>) -> Vec<usize> {
        let mut found: Vec<usize> = self.index.get(&hash(&self.hasher, id)).into_iter().flatten().map(|at| *at as usize).collect();
        found.sort_unstable();
        found
    }

    /// Objects that have this id now.
    pub(crate) fn find_current(&self, id: IdRef<'_>) -> Vec<usize> {
        let mut found = self.candidates(id);
        found.retain(|at| self.list[*at].id() == id);
        found
    }

    /// Objects that have or had this id.
    pub(crate) fn find_any(&self, id: IdRef<'_>) -> Vec<usize> {
        let mut found = self.candidates(id);
        found.retain(|at| !self.list[*at].is_gone() && self.list[*at].all_ids().any(|known| known == id));
        found
    }

    /// The one object that has or had the id of a patch.
    pub(crate) fn find_one(&self, id: &ResId) -> Result<usize> {
        match self.find_any(id.as_parts())[..] {
            [at] => Ok(at),
            [] => {
                let error =
                    Error::new(ErrorKind::PatchNoMatch, format!("no matches for Id {id}; failed to find unique target for patch {id}"));
                Err(match self.nearest_to(id) {
                    Some(near) => error.hint(near),
                    None => error,
                })
            }
            _ => Err(Error::new(
                ErrorKind::PatchNoMatch,
                format!("multiple matches for Id {id}; failed to find unique target for patch {id}"),
            )),
        }
    }

    /// A hint for an id that is not there: the same name with another kind or namespace, or a similar name.
    fn nearest_to(&self, id: &ResId) -> Option<String> {
        if let Some(other) = self.list.iter().find(|r| r.name() == id.name && r.kind() == id.gvk.kind) {
            return Some(format!("there is {}", other.id()));
        }
        let names = self.list.iter().filter(|r| r.kind() == id.gvk.kind).map(Resource::name);
        nearest(&id.name, names).map(|near| format!("there is no {} '{}'; did you mean '{near}'?", id.gvk.kind, id.name))
    }

    /// Adds an object, which must be new.
    pub(crate) fn append(&mut self, resource: Resource) -> Result<()> {
        if !self.find_current(resource.id()).is_empty() {
            return Err(already_registered(resource.id()));
        }
        self.list.push(resource);
        self.reindex(self.list.len() - 1);
        Ok(())
    }

    /// Adds all objects of another map.
    pub(crate) fn append_all(&mut self, other: ResourceMap) -> Result<()> {
        if self.list.is_empty() {
            other.check_unique()?;
            *self = other;
            return Ok(());
        }
        self.list.reserve(other.list.len());
        other.list.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// Adds a generated object, or merges it into the one that has or had its id (KB-GEN-04).
    pub(crate) fn absorb(&mut self, mut resource: Resource) -> Result<()> {
        let found = self.find_any(resource.id());
        match (&found[..], resource.behavior) {
            ([], Behavior::Merge | Behavior::Replace) => {
                let id = resource.id().to_owned();
                let error = Error::new(ErrorKind::GeneratorBehavior, format!("id {id} does not exist; cannot merge or replace"));
                Err(match self.nearest_to(&id) {
                    Some(near) => error.hint(near),
                    None => error,
                })
            }
            ([], _) => self.append(resource),
            ([at], Behavior::Merge | Behavior::Replace) => {
                let at = *at;
                if resource.behavior == Behavior::Merge {
                    resource.merge_from(&self.list[at]);
                } else {
                    resource.replace_metadata_from(&self.list[at]);
                }
                if !self.find_current(resource.id()).contains(&at) {
                    return Err(Error::new(
                        ErrorKind::GeneratorBehavior,
                        format!("cannot find resource with id {} to replace", resource.id()),
                    ));
                }
                self.update(at, |old| *old = resource);
                Ok(())
            }
            ([_], behavior) => Err(Error::new(
                ErrorKind::GeneratorBehavior,
                format!("id {} exists; can not use behavior: '{}', behavior must be merge or replace", resource.id(), behavior.as_str()),
            )),
            (several, _) => {
                let ids: Vec<String> = several.iter().map(|at| self.list[*at].id().to_string()).collect();
                Err(Error::new(
                    ErrorKind::GeneratorBehavior,
                    format!("found multiple objects {} that could accept merge of {}", ids.join(", "), resource.id()),
                ))
            }
        }
    }

    /// Drops deleted objects.
    pub(crate) fn drop_gone(&mut self) {
        if self.list.iter().any(Resource::is_gone) {
            self.retain(|r| !r.is_gone());
        }
    }

    /// Keeps some objects.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        self.list.retain(keep);
        self.rebuild();
    }

    fn rebuild(&mut self) {
        self.index.clear();
        (0..self.list.len()).for_each(|at| self.reindex(at));
    }

    /// Fails if two objects have one id.
    pub(crate) fn check_unique(&self) -> Result<()> {
        for resource in self.list.iter().filter(|r| !r.is_gone()) {
            if self.find_current(resource.id()).len() > 1 {
                return Err(already_registered(resource.id()));
            }
        }
        Ok(())
    }
}

fn already_registered(id: IdRef<'_>) -> Error {
    Error::new(ErrorKind::DuplicateId, format!("may not add resource with an already registered id: {id}"))
}

fn hash(hasher: &RandomState, id: IdRef<'_>) -> u64 {
    hasher.hash_one(id)
}
