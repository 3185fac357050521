//! Which crate may depend on which.
//!
//! The layers stand in the workspace's Cargo.toml, as comments over the list of our crates: `# Ours: layer 1, formats`.
//! A crate may depend on lower layers and on crates of its own layer that are listed before it; deployables never depend
//! on each other, test support is a dev-dependency only, and the pure layers know no network and no cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Crates that bring a runtime, the network or a cluster. The pure layers do without, however far away.
const IMPURE: [&str; 8] = ["tokio", "hyper", "reqwest", "kube", "kube-client", "kube-runtime", "gix", "russh"];
/// The highest layer that is pure.
const LAST_PURE_LAYER: u32 = 1;
/// Layer of the deployables. Those are the crates that have a binary and a folder of their own at the top.
const DEPLOYABLES: u32 = 4;

/// Where a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a layer, as the n-th of the list.
    Layer { layer: u32, order: usize },
    /// Test support.
    TestSupport,
    /// Above all layers: what runs them all.
    Top,
}

/// Findings: each edge that must not be.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).context("read Cargo.toml")?;
    let out = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("run cargo metadata")?;
    ensure!(out.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).context("cargo metadata gave no JSON")?;
    Ok(edges(&places(&manifest), &metadata))
}

/// Reads the layers out of the workspace's Cargo.toml.
fn places(manifest: &str) -> BTreeMap<String, Place> {
    let mut places = BTreeMap::new();
    let mut section = None;
    for (order, line) in manifest.lines().enumerate() {
        if let Some(comment) = line.strip_prefix('#') {
            let ours = comment.trim().strip_prefix("Ours: ");
            section = ours.and_then(|title| match title.strip_prefix("layer ") {
                Some(layer) => layer.split(',').next()?.trim().parse().ok().map(|layer| Place::Layer { layer, order: 0 }),
                None => (title == "test support").then_some(Place::TestSupport),
            });
        } else if let (Some(place), Some((name, _))) = (section, line.split_once(" = ")) {
            let place = match place {
                Place::Layer { layer, .. } => Place::Layer { layer, order },
                other => other,
            };
            places.insert(name.trim().to_owned(), place);
        }
    }
    places
}

fn edges(places: &BTreeMap<String, Place>, metadata: &Value) -> Vec<String> {
    let place = |name: &str| places.get(name).copied().unwrap_or(Place::Top);
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: BTreeMap<&str, &str> = packages.iter().filter_map(|p| Some((p["id"].as_str()?, p["name"].as_str()?))).collect();
    let members: BTreeSet<&str> = metadata["workspace_members"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let nodes: BTreeMap<&str, Vec<&str>> = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|node| {
            Some((node["id"].as_str()?, node["deps"].as_array()?.iter().filter(is_linked).filter_map(|d| d["pkg"].as_str()).collect()))
        })
        .collect();

    let libraries = packages.iter().filter(|p| p["manifest_path"].as_str().is_some_and(|path| path.contains("/crates/")));
    let mut out: Vec<String> = libraries
        .filter_map(|p| Some((p["name"].as_str()?, p["id"].as_str()?)))
        .filter(|(name, id)| members.contains(id) && !places.contains_key(*name))
        .map(|(name, _)| format!("{name} has no layer: list it under one in the workspace's Cargo.toml"))
        .collect();
    for member in &members {
        let from = names[member];
        for to in nodes.get(member).into_iter().flatten().filter(|to| members.contains(*to)).map(|to| names[to]) {
            if let Err(why) = allowed(place(from), place(to)) {
                out.push(format!("{from} must not depend on {to}: {why}"));
            }
        }
        if matches!(place(from), Place::Layer { layer: 0..=LAST_PURE_LAYER, .. })
            && let Some(path) = way_to_impure(member, &names, &nodes)
        {
            out.push(format!("{from} is in a pure layer, but brings {}", path.join(" → ")));
        }
    }
    out
}

/// Whether a dependency is part of the crate itself, and not only of its tests.
fn is_linked(dependency: &&Value) -> bool {
    dependency["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k["kind"].is_null()))
}

fn allowed(from: Place, to: Place) -> Result<(), &'static str> {
    match (from, to) {
        (Place::Top, Place::Top) => Err("both are on top"),
        (Place::Top | Place::TestSupport, _) => Ok(()),
        (_, Place::Top) => Err("it is above all layers"),
        (_, Place::TestSupport) => Err("test support is for tests, as a dev-dependency"),
        (Place::Layer { layer: a, .. }, Place::Layer { layer: b, .. }) if a < b => Err("it is in a higher layer"),
        (Place::Layer { layer: DEPLOYABLES, .. }, Place::Layer { layer: DEPLOYABLES, .. }) => {
            Err("deployables speak through the cluster and HTTP")
        }
        (Place::Layer { layer: a, order: x }, Place::Layer { layer: b, order: y }) if a == b && x < y => {
            Err("it comes later in the list of the same layer")
        }
        _ => Ok(()),
    }
}

/// A shortest way from a crate to one that is not pure.
fn way_to_impure<'a>(start: &'a str, names: &BTreeMap<&'a str, &'a str>, nodes: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        if IMPURE.contains(names.get(at)?) {
            let mut way = vec![names[at]];
            let mut at = at;
            while let Some(previous) = came_from.get(at) {
                at = previous;
                way.push(names[at]);
            }
            way.pop();
            way.reverse();
            return Some(way);
        }
        for next in nodes.get(at).into_iter().flatten() {
            if *next != start && !came_from.contains_key(next) {
                came_from.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MANIFEST: &str = "# Ours: layer 0, pure\na = {}\nb = {}\n# Ours: layer 2, clients\nc = {}\n# Ours: layer 4, deployables\nd = {}\ne = {}\n# Ours: test support\nt = {}\n\n# Kubernetes\nkube = {}\n";

    /// One edge from a crate to another, of the given kind.
    fn edge(from: &str, to: &str, kind: Value) -> Vec<String> {
        let metadata = json!({
            "packages": [{ "id": from, "name": from }, { "id": to, "name": to }],
            "workspace_members": if IMPURE.contains(&to) { vec![from] } else { vec![from, to] },
            "resolve": { "nodes": [
                { "id": from, "deps": [{ "pkg": to, "dep_kinds": [{ "kind": kind }] }] },
                { "id": to, "deps": [] },
            ] },
        });
        edges(&places(MANIFEST), &metadata)
    }

    #[test]
    fn arrows_point_downwards() {
        for (from, to, fine) in [
            ("c", "a", true),
            ("b", "a", true),
            ("a", "b", false),
            ("a", "c", false),
            ("d", "c", true),
            ("d", "e", false),
            ("e", "d", false),
            ("cli", "d", true),
            ("a", "cli", false),
            ("c", "t", false),
            ("t", "d", true),
            ("c", "tokio", true),
            ("a", "tokio", false),
        ] {
            assert_eq!(edge(from, to, Value::Null).is_empty(), fine, "{from} → {to}");
        }
        assert_eq!(edge("c", "t", json!("dev")), Vec::<String>::new());
    }

    #[test]
    fn a_library_needs_a_layer() {
        let metadata = |path: &str| {
            json!({
                "packages": [{ "id": "new", "name": "new", "manifest_path": path }],
                "workspace_members": ["new"],
            })
        };
        assert_eq!(edges(&places(MANIFEST), &metadata("x/crates/new/Cargo.toml")).len(), 1);
        assert_eq!(edges(&places(MANIFEST), &metadata("x/new/Cargo.toml")), Vec::<String>::new());
    }

    #[test]
    fn the_way_is_named() {
        assert_eq!(edge("a", "tokio", Value::Null), ["a is in a pure layer, but brings tokio"]);
    }
}
