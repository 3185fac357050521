//! References by name: after names have changed, fields that hold old names get the new ones (KB-REF-01 … KB-REF-03).

use std::collections::{HashMap, HashSet};

use ferroflux_yaml::{Kind, Node};

use crate::configuration::NameReference;
use crate::error::{Error, ErrorKind, Result};
use crate::field_spec::FieldSpec;
use crate::field_visitor::{Create, set_entry, set_scalar, visit};
use crate::identity::{Gvk, ResId};
use crate::options::CancelToken;
use crate::resource::{Resource, quote_if_ambiguous};
use crate::resource_map::ResourceMap;
use crate::tree::{Twins, text, untagged};

/// Follows every rename in every object.
pub(crate) fn fix(resources: &mut ResourceMap, references: &[NameReference], cancel: &CancelToken) -> Result<()> {
    let targets = Targets::new(resources);
    let mut rules: HashMap<Gvk, Vec<Rule<'_>>> = HashMap::new();
    for at in 0..resources.len() {
        cancel.check()?;
        let original = resources.get(at).original_id().gvk.to_owned();
        let rules = rules.entry(original).or_insert_with_key(|gvk| Rule::for_kind(references, gvk));
        if rules.is_empty() {
            continue;
        }
        let referrer = Referrer::new(resources.get(at))?;
        let resource = resources.get_mut(at);
        let mut twins = Twins::default();
        for rule in rules.iter() {
            let search = Search { rule, referrer: &referrer, targets: &targets };
            visit(&mut resource.node, rule.field, Create::Never, &mut |node| search.set(node, &mut twins)).map_err(|e| {
                // a path that does not fit the object is told as what it is: a reference that cannot be looked at
                let kind = if e.kind() == ErrorKind::FieldPath { ErrorKind::NameReference } else { e.kind() };
                e.with_kind(kind).on(&referrer.id)
            })?;
        }
        twins.settle(&mut resource.node);
    }
    Ok(())
}

/// One field of a kind that holds names of objects of another.
struct Rule<'r> {
    target: &'r Gvk,
    field: &'r FieldSpec,
}

impl<'r> Rule<'r> {
    fn for_kind(references: &'r [NameReference], gvk: &Gvk) -> Vec<Self> {
        let fields = references
            .iter()
            .flat_map(|reference| reference.referrers.0.iter().map(move |field| Rule { target: &reference.target, field }));
        fields.filter(|rule| gvk.is_selected(&rule.field.gvk)).collect()
    }
}

/// An object that was renamed.
struct Target {
    id: ResId,
    is_cluster_scoped: bool,
    previous: Vec<ResId>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    original_namespace: String,
}

impl Target {
    fn has_previous_kind(&self, gvk: &Gvk) -> bool {
        self.previous.iter().any(|id| id.gvk.is_selected(gvk))
    }
}

/// The renamed objects by every name that they had.
struct Targets {
    list: Vec<Target>,
    by_previous_name: HashMap<String, Vec<usize>>,
    /// Original namespace → present namespaces (effective and as written) of all namespaced objects.
    namespaces: HashMap<String, HashSet<(String, String)>>,
}

impl Targets {
    fn new(resources: &ResourceMap) -> Self {
        let mut targets = Self { list: Vec::new(), by_previous_name: HashMap::new(), namespaces: HashMap::new() };
        for resource in resources.iter() {
            let (id, original) = (resource.id(), resource.original_id());
            let original_namespace = original.effective_namespace();
            let present = (id.effective_namespace(), id.namespace);
            let known = targets.namespaces.entry(original_namespace.to_owned()).or_default();
            if !known.iter().any(|(a, b)| (a.as_str(), b.as_str()) == present) {
                known.insert((present.0.to_owned(), present.1.to_owned()));
            }
            if resource.previous.is_empty() {
                continue;
            }
            let number = targets.list.len();
            for previous in &resource.previous {
                let places = targets.by_previous_name.entry(previous.name.clone()).or_default();
                if places.last() != Some(&number) {
                    places.push(number);
                }
            }
            targets.list.push(Target {
                is_cluster_scoped: id.gvk.is_cluster_scoped(),
                original_namespace: original_namespace.to_owned(),
                previous: resource.previous_ids().map(|id| id.to_owned()).collect(),
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
                id: id.to_owned(),
            });
        }
        targets
    }
}

/// The object whose fields are looked at.
struct Referrer {
    id: ResId,
    is_cluster_scoped: bool,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// Namespaces of the service accounts of a RoleBinding.
    subject_namespaces: HashSet<String>,
    /// What a `roleRef` names.
    role: Option<Gvk>,
}

impl Referrer {
    fn new(resource: &Resource) -> Result<Self> {
        let id = resource.id().to_owned();
        let mut subject_namespaces = HashSet::new();
        if id.gvk.kind == "RoleBinding" {
            for subject in resource.node.get("subjects").and_then(Node::items).unwrap_or_default() {
                let field = |name: &str| subject.get(name).map(text);
                if field("kind") == Some("ServiceAccount")
                    && let Some(namespace) = subject.get("namespace")
                {
                    if namespace.is_null() {
                        return Err(Error::new(ErrorKind::NameReference, "Invalid Input: namespace is blank for a subject").on(&id));
                    }
                    subject_namespaces.insert(text(namespace).to_owned());
                }
            }
        }
        let role = resource.node.get("roleRef").and_then(|role| {
            let field = |name: &str| role.get(name).map(|v| text(v).to_owned());
            Some(Gvk { group: field("apiGroup")?, version: String::new(), kind: field("kind")? })
        });
        Ok(Self {
            is_cluster_scoped: id.gvk.is_cluster_scoped(),
            id,
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            subject_namespaces,
            role,
        })
    }

    fn sees_namespace(&self, effective: &str, written: &str) -> bool {
        self.is_cluster_scoped || effective == self.id.effective_namespace() || self.subject_namespaces.contains(written)
    }

    fn sees(&self, target: &Target) -> bool {
        target.is_cluster_scoped || self.sees_namespace(target.id.effective_namespace(), &target.id.namespace)
    }

    fn is_in_reach_of(&self, target: &Target) -> bool {
        self.is_cluster_scoped
            || target.is_cluster_scoped
            || target.id.gvk.kind == "ServiceAccount"
            || target.id.effective_namespace() == self.id.effective_namespace()
    }
}

struct Search<'a> {
    rule: &'a Rule<'a>,
    referrer: &'a Referrer,
    targets: &'a Targets,
}

impl Search<'_> {
    fn set(&self, node: &mut Node, twins: &mut Twins) -> Result<()> {
        if node.is_null() {
            return Ok(());
        }
        match node.kind_mut() {
            Kind::Mapping(_) => self.set_mapping(node, twins),
            Kind::Sequence(items) => items.iter_mut().try_for_each(|item| match item.kind() {
                _ if item.is_null() => Ok(()),
                Kind::Mapping(_) => self.set_mapping(item, twins),
                Kind::Sequence(_) => {
                    Err(Error::new(ErrorKind::NameReference, "a name reference is expected to be either a string or a map, found a list"))
                }
                Kind::Scalar(_) | Kind::Alias(_) => self.set_name(item, twins),
            }),
            Kind::Scalar(_) | Kind::Alias(_) => self.set_name(node, twins),
        }
    }

    fn set_name(&self, node: &mut Node, twins: &mut Twins) -> Result<()> {
        let old = text(node);
        match self.find(old, None, false)? {
            Some(target) if target.id.name != old => set_scalar(node, untagged(&target.id.name), twins),
            _ => Ok(()),
        }
    }

    fn set_mapping(&self, node: &mut Node, twins: &mut Twins) -> Result<()> {
        let Some(name) = node.get("name") else {
            return Err(Error::new(ErrorKind::NameReference, "path config error; no 'name' field in node"));
        };
        let old = text(name).to_owned();
        let namespace = node.get("namespace").map(|n| text(n).to_owned());
        let Some(target) = self.find(&old, namespace.as_deref(), true)? else { return Ok(()) };
        if target.id.name == old && target.id.namespace.is_empty() {
            return Ok(());
        }
        let new = |value: &str| {
            let mut node = untagged(value);
            quote_if_ambiguous(&mut node);
            node
        };
        set_entry(node, "name", new(&target.id.name), twins)?;
        if !target.id.namespace.is_empty() {
            set_entry(node, "namespace", new(&target.id.namespace), twins)?;
        }
        Ok(())
    }

    /// The object that had a name. `namespace` narrows the search where the field has one; `with_namespace` says that
    /// the namespace is written too, so that candidates must agree in it.
    fn find(&self, old: &str, namespace: Option<&str>, with_namespace: bool) -> Result<Option<&Target>> {
        let Some(places) = self.targets.by_previous_name.get(old) else { return Ok(None) };
        let by_original = namespace.is_some_and(|namespace| {
            self.targets
                .namespaces
                .get(namespace)
                .is_some_and(|present| present.iter().any(|(effective, written)| self.referrer.sees_namespace(effective, written)))
        });
        let in_namespace = |target: &Target| match namespace {
            None => true,
            Some(_) if target.is_cluster_scoped => false,
            Some(namespace) if by_original => target.original_namespace == namespace,
            Some(namespace) => target.id.effective_namespace() == namespace,
        };
        let is_role = self.rule.field.path.ends_with("roleRef/name");
        let role = self.referrer.role.as_ref().filter(|_| is_role);
        let mut found: Vec<&Target> = places
            .iter()
            .map(|at| &self.targets.list[*at])
            .filter(|t| self.referrer.sees(t) && in_namespace(t) && t.has_previous_kind(self.rule.target))
            .filter(|t| role.is_none_or(|role| t.has_previous_kind(role)) && self.referrer.is_in_reach_of(t))
            .collect();
        if found.len() > 1 {
            found.retain(|t| self.has_same_affixes(t, true));
            if found.len() > 1 {
                found.retain(|t| self.has_same_affixes(t, false));
            }
        }
        let Some((first, rest)) = found.split_first() else { return Ok(None) };
        let same = |t: &&Target| t.id.name == first.id.name && (!with_namespace || t.id.namespace == first.id.namespace);
        if rest.iter().all(same) {
            return Ok(Some(first));
        }
        let ids: Vec<String> = found.iter().map(|t| t.id.to_string()).collect();
        Err(Error::new(ErrorKind::NameReference, format!("found multiple possible referrals: {}", ids.join(", ")))
            .in_field(self.rule.field.path.clone()))
    }

    fn has_same_affixes(&self, target: &Target, or_none: bool) -> bool {
        let same = |a: &[String], b: &[String]| (or_none && (a.is_empty() || b.is_empty())) || same_ending(a, b);
        same(&target.prefixes, &self.referrer.prefixes) && same(&target.suffixes, &self.referrer.suffixes)
    }
}

/// Whether the shorter list is the end of the longer one; an empty list ends only an empty one.
fn same_ending(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}
