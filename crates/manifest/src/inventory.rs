//! What a Kustomization remembers of the objects it applied (KC-INV-01, KC-INV-02).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ObjectRef, order};

/// One remembered object, as it is stored in `status.inventory.entries`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// `<namespace>_<name>_<group>_<Kind>`.
    pub id: String,
    /// The API version.
    pub v: String,
}

/// The objects of the last apply, in the order in which they were applied.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// The remembered objects.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

/// An inventory id that has not the four parts of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse stored object metadata: {0}")]
pub struct IdError(String);

/// Kinds in whose names `:` is legal; inventory ids write it as `__`.
const RBAC_KINDS: [&str; 4] = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];

impl ObjectRef {
    /// The id under which an inventory stores this object.
    pub fn inventory_id(&self) -> String {
        let rbac = self.group == "rbac.authorization.k8s.io" && RBAC_KINDS.contains(&self.kind.as_str());
        let name = if rbac { self.name.replace(':', "__") } else { self.name.clone() };
        format!("{}_{}_{}_{}", self.namespace, name, self.group, self.kind)
    }

    /// The object that an inventory id and version name. The first `_` ends the namespace, the last two start group and
    /// kind; what is between is the name, where `__` stands for `:`.
    pub fn from_inventory(id: &str, version: &str) -> Result<Self, IdError> {
        let err = || IdError(id.to_owned());
        let (namespace, rest) = id.split_once('_').ok_or_else(err)?;
        let (rest, kind) = rest.rsplit_once('_').ok_or_else(err)?;
        let (name, group) = rest.rsplit_once('_').ok_or_else(err)?;
        Ok(Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.replace("__", ":"),
        })
    }
}

impl Inventory {
    /// The entry of an object.
    pub fn push(&mut self, object: &ObjectRef) {
        self.entries.push(Entry { id: object.inventory_id(), v: object.version.clone() });
    }

    /// The remembered objects in apply order. An id that cannot be read is an error that names it.
    pub fn objects(&self) -> Result<Vec<ObjectRef>, IdError> {
        let mut out = self.entries.iter().map(|e| ObjectRef::from_inventory(&e.id, &e.v)).collect::<Result<Vec<_>, _>>()?;
        out.sort_by(order::compare);
        Ok(out)
    }

    /// Objects of `self` that `new` does not hold, whatever their version, in apply order and each once.
    pub fn stale(&self, new: &Self) -> Result<Vec<ObjectRef>, IdError> {
        let keep = new.objects()?.iter().map(ObjectRef::inventory_id).collect::<BTreeSet<_>>();
        let mut seen = BTreeSet::new();
        let mut out = self.objects()?;
        out.retain(|o| {
            let id = o.inventory_id();
            !keep.contains(&id) && seen.insert(id)
        });
        Ok(out)
    }

    /// Adds the entries of `objects` that are not there yet (objects whose deletion was not confirmed, KC-INV-03).
    pub fn merge<'a>(&mut self, objects: impl IntoIterator<Item = &'a ObjectRef>) {
        let mut seen: BTreeSet<String> = self.entries.iter().map(|e| e.id.clone()).collect();
        for object in objects {
            if seen.insert(object.inventory_id()) {
                self.push(object);
            }
        }
    }

    /// The entries of `self` followed by those of `other` that `self` does not have: what is written ahead of an apply,
    /// so that a crash between the first write and the end of the pass loses no object (KC-SAFE-02).
    pub fn union(&self, other: &Self) -> Self {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let entries = self.entries.iter().chain(&other.entries).filter(|e| seen.insert(&e.id)).cloned().collect();
        Self { entries }
    }
}
