//! `spec.dependsOn`: whether dependencies are ready (KC-DEP-01, KC-DEP-02), and the order in which objects are enqueued
//! (KC-TRIG-04).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ferroflux_api::kustomize::Kustomization;
use ferroflux_api::{Artifact, DependencyReference};
use ferroflux_artifact::revision;
use ferroflux_cel::Expression;
use ferroflux_conditions::types::READY;
use ferroflux_controller_runtime::{Cache, ObjectKey};
use kube::{Api, Client};
use serde_json::Value;

use crate::expression;
use crate::failure::told;
use crate::source;

/// Why dependencies are not met.
#[derive(Debug)]
pub(crate) enum Unmet {
    /// One is not ready yet.
    NotReady(String),
    /// An expression cannot be used: only a change of the object mends that.
    Invalid(String),
}

/// The keys of an object's dependencies.
pub(crate) fn keys(object: &Kustomization) -> impl Iterator<Item = (ObjectKey, &DependencyReference)> {
    let own = object.metadata.namespace.as_deref().unwrap_or_default();
    object.spec.depends_on.iter().map(move |d| (ObjectKey::new(d.namespace_or(own), d.name.as_str()), d))
}

/// What dependencies are checked with.
pub(crate) struct Check<'a> {
    pub(crate) client: &'a Client,
    pub(crate) cache: &'a Cache<Kustomization>,
    /// Check conditions also where there is an expression.
    pub(crate) additive: bool,
}

impl Check<'_> {
    /// Checks all dependencies of `object`, which is about to apply `artifact`. One that the watch shows as not ready costs
    /// no request; one that it shows as ready is read, since the watch may be late.
    pub(crate) async fn all(&self, object: &Kustomization, artifact: &Artifact) -> Result<(), Unmet> {
        let waiting = Waiting { object, artifact, json: OnceLock::new() };
        let mut dependencies = Vec::with_capacity(object.spec.depends_on.len());
        for (key, reference) in keys(object) {
            let ready = reference.ready_expr.as_deref().filter(|e| !e.is_empty()).map(expression::readiness).transpose();
            let invalid = |error| Unmet::Invalid(format!("failed to evaluate dependency {}: {error}", reference.name));
            dependencies.push((key, ready.map_err(invalid)?));
        }
        for (key, ready) in &dependencies {
            if let Some(cached) = self.cache.get(key) {
                self.one(&waiting, key, ready.as_ref(), &cached)?;
            }
            let live = Api::<Kustomization>::namespaced(self.client.clone(), &key.namespace).get(&key.name).await;
            let live = live.map_err(|error| {
                let chain = self.chain(object);
                Unmet::NotReady(format!("dependency '{key}' not found: {}{chain}", told(&error)))
            })?;
            self.one(&waiting, key, ready.as_ref(), &live)?;
        }
        Ok(())
    }

    fn one(&self, waiting: &Waiting<'_>, key: &ObjectKey, ready: Option<&Expression>, dependency: &Kustomization) -> Result<(), Unmet> {
        let Waiting { object, artifact, .. } = waiting;
        if let Some(expression) = ready {
            let (this, dependency) = (waiting.json(), json(dependency));
            let variables = |name: &str| match name {
                "self" => Some(this),
                "dep" => Some(&dependency),
                _ => None,
            };
            match expression.evaluate_bool(&variables) {
                Ok(true) if !self.additive => return Ok(()),
                Ok(true) => {}
                Ok(false) => return Err(Unmet::NotReady(format!("dependency '{key}' is not ready according to readyExpr eval"))),
                Err(error) => return Err(Unmet::NotReady(format!("failed to evaluate dependency {}: {error}", key.name))),
            }
        }
        let status = &dependency.status;
        let ready = status.conditions.iter().any(|c| c.type_ == READY && c.status.as_str() == "True");
        if !ready || dependency.metadata.generation.unwrap_or_default() != status.observed_generation {
            let chain = self.chain(object);
            return Err(Unmet::NotReady(format!("dependency '{key}' is not ready{chain}")));
        }
        let same_source = source::key(dependency) == source::key(object) && dependency.spec.source_ref.kind == object.spec.source_ref.kind;
        let applied = status.last_applied_revision.as_deref().unwrap_or_default();
        if same_source && !revision::is_same(&artifact.revision, applied) {
            return Err(Unmet::NotReady(format!("dependency '{key}' revision is not up to date")));
        }
        Ok(())
    }

    /// The cycle that the object is part of, as an addition to the message (KC-UX-03); empty if there is none.
    fn chain(&self, object: &Kustomization) -> String {
        match cycle(self.cache, &ObjectKey::of(object)) {
            Some(cycle) => format!(" (circular dependency detected: {cycle})"),
            None => String::new(),
        }
    }
}

/// The object that waits, and what for.
struct Waiting<'a> {
    object: &'a Kustomization,
    artifact: &'a Artifact,
    /// The object as expressions see it, once one asks.
    json: OnceLock<Value>,
}

impl Waiting<'_> {
    fn json(&self) -> &Value {
        self.json.get_or_init(|| json(self.object))
    }
}

fn json(object: &Kustomization) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// A chain of dependencies that leads from an object back to itself, as `a -> b -> a`.
fn cycle(cache: &Cache<Kustomization>, start: &ObjectKey) -> Option<String> {
    let mut path = vec![start.clone()];
    let mut visited = BTreeSet::new();
    walk(cache, start, &mut path, &mut visited).then(|| path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> "))
}

fn walk(cache: &Cache<Kustomization>, start: &ObjectKey, path: &mut Vec<ObjectKey>, visited: &mut BTreeSet<ObjectKey>) -> bool {
    const MAX_CHAIN: usize = 100;
    let Some(object) = path.last().and_then(|key| cache.get(key)) else { return false };
    for (next, _) in keys(&object) {
        if next == *start {
            path.push(next);
            return true;
        }
        if path.len() < MAX_CHAIN && visited.insert(next.clone()) {
            path.push(next);
            if walk(cache, start, path, visited) {
                return true;
            }
            path.pop();
        }
    }
    false
}

/// The objects and what they depend on, each after its dependencies. A cycle is an error that names it.
pub(crate) fn in_order(objects: &BTreeMap<ObjectKey, Vec<ObjectKey>>) -> Result<Vec<ObjectKey>, String> {
    #[derive(PartialEq)]
    enum Mark {
        Open,
        Done,
    }
    let mut marks: BTreeMap<ObjectKey, Mark> = BTreeMap::new();
    let mut out = Vec::new();
    for root in objects.keys() {
        // An explicit stack: chains may be as long as the cluster is large.
        let mut stack = vec![(root.clone(), 0)];
        if marks.contains_key(root) {
            continue;
        }
        marks.insert(root.clone(), Mark::Open);
        while let Some((key, next)) = stack.pop() {
            let dependencies = objects.get(&key).map_or(&[][..], Vec::as_slice);
            let Some(dependency) = dependencies.get(next) else {
                marks.insert(key.clone(), Mark::Done);
                out.push(key);
                continue;
            };
            stack.push((key, next + 1));
            match marks.get(dependency) {
                Some(Mark::Done) => {}
                Some(Mark::Open) => {
                    let start = stack.iter().position(|(k, _)| k == dependency).unwrap_or(0);
                    let names = stack[start..].iter().map(|(k, _)| k).chain([dependency]).map(ToString::to_string);
                    return Err(names.collect::<Vec<_>>().join(" -> "));
                }
                None => {
                    marks.insert(dependency.clone(), Mark::Open);
                    stack.push((dependency.clone(), 0));
                }
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> BTreeMap<ObjectKey, Vec<ObjectKey>> {
        let key = |n: &str| ObjectKey::new("ns", n);
        edges.iter().map(|(from, to)| (key(from), to.iter().map(|t| key(t)).collect())).collect()
    }

    /// KC-TRIG-04: dependencies come first, those outside of the given set too; a cycle is named.
    #[test]
    fn topological() {
        let order = in_order(&graph(&[("app", &["db", "infra"]), ("db", &["infra"]), ("infra", &["crds"])]));
        let names: Vec<_> = order.unwrap_or_default().iter().map(|k| k.name.to_string()).collect();
        assert_eq!(names, ["crds", "infra", "db", "app"]);
        assert_eq!(in_order(&graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])])), Err("ns/b -> ns/c -> ns/b".into()));
        assert_eq!(in_order(&graph(&[("a", &["a"])])), Err("ns/a -> ns/a".into()));
    }
}
