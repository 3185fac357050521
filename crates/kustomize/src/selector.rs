//! Selecting objects by regular expressions and labels (KB-SEL-01).

use ferroflux_regex_go::Regex;

use crate::error::{Error, ErrorKind, Result};
use crate::identity::{Gvk, GvkRef, IdRef, ResId};
use crate::kustomization::fields::SelectorFields;
use crate::resource::Resource;
use crate::resource_map::ResourceMap;

mod labels;

use labels::LabelSelector;

/// A compiled selector; empty parts match everything.
#[derive(Debug)]
pub(crate) struct Selector {
    /// The id as written.
    pub(crate) id: ResId,
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: LabelSelector,
    annotations: LabelSelector,
}

/// An anchored regular expression. Most are plain words, which need no engine.
#[derive(Debug)]
enum Pattern {
    Any,
    Word(String),
    Regex(Box<Regex>),
}

impl Pattern {
    fn new(field: &str, text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/ ".contains(&b)) {
            return Ok(Self::Word(text.to_owned()));
        }
        match Regex::new(format!("^(?:{text})$")) {
            Ok(regex) => Ok(Self::Regex(Box::new(regex))),
            Err(e) => Err(Error::new(ErrorKind::Selector, e.to_string()).in_field(format!("target.{field} {text:?}"))),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Word(word) => word == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Selector {
    pub(crate) fn new(fields: &SelectorFields) -> Result<Self> {
        let id = fields.id.to_id();
        Ok(Self {
            group: Pattern::new("group", &id.gvk.group)?,
            version: Pattern::new("version", &id.gvk.version)?,
            kind: Pattern::new("kind", &id.gvk.kind)?,
            name: Pattern::new("name", &id.name)?,
            namespace: Pattern::new("namespace", &id.namespace)?,
            labels: LabelSelector::parse(&fields.label_selector)?,
            annotations: LabelSelector::parse(&fields.annotation_selector)?,
            id,
        })
    }

    pub(crate) fn matches_gvk(&self, gvk: GvkRef<'_>) -> bool {
        self.kind.matches(gvk.kind) && self.group.matches(gvk.group) && self.version.matches(gvk.version)
    }

    /// Whether kind, name and namespace of one id match.
    pub(crate) fn matches_id(&self, id: IdRef<'_>) -> bool {
        self.matches_gvk(id.gvk) && self.name.matches(id.name) && self.namespace.matches(id.namespace)
    }

    pub(crate) fn matches_labels(&self, resource: &Resource) -> bool {
        (self.labels.is_empty() || self.labels.matches(|key| resource.label(key)))
            && (self.annotations.is_empty() || self.annotations.matches(|key| resource.annotation(key)))
    }

    /// Whether there is any condition on labels or annotations.
    pub(crate) fn has_labels(&self) -> bool {
        !self.labels.is_empty() || !self.annotations.is_empty()
    }

    fn matches(&self, resource: &Resource) -> bool {
        let (original, current) = (resource.original_id(), resource.id());
        (self.namespace.matches(original.effective_namespace()) || self.namespace.matches(current.effective_namespace()))
            && (self.name.matches(original.name) || self.name.matches(current.name))
            && self.matches_gvk(current.gvk)
            && self.matches_labels(resource)
    }

    /// Places of the objects that match by their original or current name and namespace.
    pub(crate) fn select(&self, resources: &ResourceMap) -> Vec<usize> {
        resources.iter().enumerate().filter(|(_, r)| self.matches(r)).map(|(at, _)| at).collect()
    }

    /// As messages show it.
    pub(crate) fn describe(&self) -> String {
        let mut parts = Vec::new();
        let Gvk { group, version, kind } = &self.id.gvk;
        for (name, value) in
            [("group", group), ("version", version), ("kind", kind), ("name", &self.id.name), ("namespace", &self.id.namespace)]
        {
            if !value.is_empty() {
                parts.push(format!("{name} '{value}'"));
            }
        }
        if self.has_labels() {
            parts.push("the label and annotation selectors".to_owned());
        }
        if parts.is_empty() { "any object".to_owned() } else { parts.join(", ") }
    }
}
