//! Deletion of objects that are no longer wanted (KC-INV-02…04, KC-DEL-02).

use ferroflux_manifest::{ObjectRef, directive, field, label, order};
use serde_json::Value;

use crate::api::Cluster;
use crate::change::{Action, Change, ChangeSet};

/// Whose objects may be deleted: both owner labels must name it (KC-SAFE-02).
#[derive(Debug, Clone)]
pub struct Owner {
    /// Value of `kustomize.toolkit.fluxcd.io/name`.
    pub name: String,
    /// Value of `kustomize.toolkit.fluxcd.io/namespace`.
    pub namespace: String,
}

/// What a deletion came to.
#[derive(Debug)]
pub struct Deletion {
    /// What was done, in order of deletion. An object that was gone counts as deleted.
    pub changes: ChangeSet,
    /// Objects whose deletion was not confirmed.
    pub survivors: Vec<ObjectRef>,
    /// The errors, one text an object.
    pub errors: Vec<String>,
}

impl Deletion {
    /// The errors as Flux reports them, `None` if there are none.
    pub fn error(&self) -> Option<String> {
        (!self.errors.is_empty())
            .then(|| format!("delete failed, errors: {}", self.errors.iter().map(|e| format!("{e};")).collect::<String>()))
    }
}

/// Deletes objects in the reverse of the order in which they are applied. Objects of somebody else, and those that ask to
/// be kept, are skipped. Goes on after errors.
pub async fn delete_all(cluster: &Cluster, owner: &Owner, mut objects: Vec<ObjectRef>) -> Deletion {
    order::sort_for_deletion(&mut objects);
    let mut out = Deletion { changes: ChangeSet::default(), survivors: Vec::new(), errors: Vec::new() };
    for object in objects {
        let action = match delete(cluster, owner, &object).await {
            Ok(action) => action,
            Err(error) => {
                out.errors.push(error);
                out.survivors.push(object.clone());
                Action::Unknown
            }
        };
        out.changes.0.push(Change { object, action });
    }
    out
}

async fn delete(cluster: &Cluster, owner: &Owner, object: &ObjectRef) -> Result<Action, String> {
    let live = match cluster.get(object).await {
        Ok(live) => live,
        Err(error) if error.is_not_found() => return Ok(Action::Deleted),
        Err(error) => return Err(format!("{object} query failed: {error}")),
    };
    let ours = label(&live, "kustomize.toolkit.fluxcd.io/name") == Some(&owner.name)
        && label(&live, "kustomize.toolkit.fluxcd.io/namespace") == Some(&owner.namespace);
    if !ours || directive::PRUNE_DISABLED.is_set(&live) || directive::is_excluded(&live) {
        return Ok(Action::Skipped);
    }
    let uid = field(&live, &["metadata", "uid"]).and_then(Value::as_str);
    match cluster.delete(object, uid).await {
        Ok(()) => Ok(Action::Deleted),
        Err(error) if error.is_not_found() => Ok(Action::Deleted),
        Err(error) => Err(format!("{object} delete failed: {error}")),
    }
}
