//! Inventories beyond what the tables ask.

use ferroflux_manifest::{Inventory, ObjectRef, documents};
use serde_json::json;

fn map(name: &str) -> ObjectRef {
    ObjectRef::new("v1", "ConfigMap", "ns", name)
}

fn inventory(names: &[&str]) -> Inventory {
    let mut inventory = Inventory::default();
    names.iter().for_each(|n| inventory.push(&map(n)));
    inventory
}

/// KC-SAFE-02: the union holds what was there and what comes, each once, so that nothing is lost by a crash.
#[test]
fn union() {
    assert_eq!(inventory(&["a", "b"]).union(&inventory(&["b", "c"])), inventory(&["a", "b", "c"]));
    assert_eq!(inventory(&["a", "b"]).union(&inventory(&["b"])), inventory(&["a", "b"]), "nothing new: nothing to write");
}

/// KC-INV-03: what could not be deleted comes back, once.
#[test]
fn survivors() {
    let mut after = inventory(&["a"]);
    after.merge(&[map("b"), map("a"), map("b")]);
    assert_eq!(after, inventory(&["a", "b"]));
}

/// KC-INV-02: another version of the same object is not stale.
#[test]
fn versions_do_not_count() {
    let (mut old, mut new) = (Inventory::default(), Inventory::default());
    old.push(&ObjectRef::new("apps/v1beta1", "Deployment", "ns", "app"));
    new.push(&ObjectRef::new("apps/v1", "Deployment", "ns", "app"));
    assert_eq!(old.stale(&new), Ok(vec![]));
}

/// KC-REC-10: lists are taken apart; what is no object, and kustomizations, are left out.
#[test]
fn documents_to_objects() {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let list = json!({"apiVersion": "v1", "kind": "ConfigMapList", "items": [object]});
    let kustomization = json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "metadata": {"name": "k"}});
    let flux = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "k"}});
    let nameless = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let kept = documents::objects([list, kustomization, flux.clone(), nameless, json!(null), object.clone()]);
    assert_eq!(kept, [object.clone(), flux, object]);
}
