//! Which fields transformers work on: the defaults, and what `configurations` and `crds` add (KB-CONF-01, KB-CONF-02).

use std::sync::{Arc, LazyLock};

use ferroflux_yaml::{Dialect, ReadOptions, read_document};

use crate::decode::{Context, Decode, Unknown, record};
use crate::error::{Error, ErrorKind, Result};
use crate::field_spec::{FieldSpec, FieldSpecFields, FieldSpecs, GvkFields};
use crate::identity::Gvk;

pub(crate) mod crds;

/// Fields that hold the names of objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameReference {
    /// The kind that is referred to.
    pub(crate) target: Gvk,
    /// Who refers to it, and in which field.
    pub(crate) referrers: FieldSpecs,
}

/// The fields of every transformer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) name_prefix: FieldSpecs,
    pub(crate) name_suffix: FieldSpecs,
    pub(crate) namespace: FieldSpecs,
    pub(crate) common_labels: FieldSpecs,
    pub(crate) labels: FieldSpecs,
    pub(crate) template_labels: FieldSpecs,
    pub(crate) common_annotations: FieldSpecs,
    pub(crate) name_reference: Vec<NameReference>,
    pub(crate) var_reference: FieldSpecs,
    pub(crate) images: FieldSpecs,
    pub(crate) replicas: FieldSpecs,
}

record! {
    struct ConfigurationFields {
        name_prefix: Vec<FieldSpecFields> = "namePrefix",
        name_suffix: Vec<FieldSpecFields> = "nameSuffix",
        namespace: Vec<FieldSpecFields> = "namespace",
        common_labels: Vec<FieldSpecFields> = "commonLabels",
        labels: Vec<FieldSpecFields> = "labels",
        template_labels: Vec<FieldSpecFields> = "templateLabels",
        common_annotations: Vec<FieldSpecFields> = "commonAnnotations",
        name_reference: Vec<NameReferenceFields> = "nameReference",
        var_reference: Vec<FieldSpecFields> = "varReference",
        images: Vec<FieldSpecFields> = "images",
        replicas: Vec<FieldSpecFields> = "replicas",
    }
}

record! {
    struct NameReferenceFields {
        #[inline] gvk: GvkFields,
        fields: Vec<FieldSpecFields> = "fieldSpecs",
    }
}

static DEFAULT: LazyLock<Arc<Configuration>> = LazyLock::new(|| Arc::new(parse_defaults(include_str!("configuration/default_fields.txt"))));

/// The fields that need no configuration.
pub(crate) fn default() -> Arc<Configuration> {
    Arc::clone(&DEFAULT)
}

fn parse_defaults(table: &str) -> Configuration {
    let mut configuration = Configuration::default();
    let mut section = "";
    let part = |p: Option<&str>| p.filter(|p| *p != "*").unwrap_or_default().to_owned();
    let gvk = |parts: &mut std::str::SplitWhitespace<'_>| Gvk {
        group: part(parts.next()),
        version: part(parts.next()),
        kind: part(parts.next()),
    };
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let mut parts = header.split_whitespace();
            section = parts.next().unwrap_or_default();
            if section == "nameReference" {
                configuration.name_reference.push(NameReference { target: gvk(&mut parts), referrers: FieldSpecs::default() });
            }
            continue;
        }
        let mut parts = line.split_whitespace();
        let gvk = gvk(&mut parts);
        let path = parts.next().unwrap_or_default();
        let spec = FieldSpec::new(gvk, path.strip_prefix('+').unwrap_or(path), path.starts_with('+'));
        if let Some(list) = configuration.list_mut(section) {
            list.0.push(spec);
        }
    }
    configuration
}

impl Configuration {
    fn list_mut(&mut self, section: &str) -> Option<&mut FieldSpecs> {
        Some(match section {
            "namePrefix" => &mut self.name_prefix,
            "nameSuffix" => &mut self.name_suffix,
            "namespace" => &mut self.namespace,
            "commonLabels" => &mut self.common_labels,
            "labels" => &mut self.labels,
            "templateLabels" => &mut self.template_labels,
            "commonAnnotations" => &mut self.common_annotations,
            "varReference" => &mut self.var_reference,
            "images" => &mut self.images,
            "replicas" => &mut self.replicas,
            "nameReference" => return self.name_reference.last_mut().map(|n| &mut n.referrers),
            _ => return None,
        })
    }

    /// Reads a configuration file, which knows no other fields (KB-CONF-01).
    pub(crate) fn read(text: &str) -> Result<Self> {
        let options = ReadOptions { dialect: Dialect::SigsYaml, ..ReadOptions::default() };
        let node =
            read_document(text, options).map_err(|e| Error::new(ErrorKind::MalformedYaml, e.to_string()).at(e.line(), e.column()))?;
        if node.is_null() {
            return Ok(Self::default());
        }
        let f = ConfigurationFields::decode(&node, &Context::spelling(Unknown::Refuse)).map_err(|e| {
            let kind = if e.cause().starts_with("unknown field") { ErrorKind::UnknownField } else { ErrorKind::KustomizationInvalid };
            e.with_kind(kind)
        })?;
        let mut configuration = Self {
            name_prefix: FieldSpecs::from_fields(&f.name_prefix),
            name_suffix: FieldSpecs::from_fields(&f.name_suffix),
            namespace: FieldSpecs::from_fields(&f.namespace),
            common_labels: FieldSpecs::from_fields(&f.common_labels),
            labels: FieldSpecs::from_fields(&f.labels),
            template_labels: FieldSpecs::from_fields(&f.template_labels),
            common_annotations: FieldSpecs::from_fields(&f.common_annotations),
            name_reference: f
                .name_reference
                .iter()
                .map(|n| NameReference { target: n.gvk.to_gvk(), referrers: FieldSpecs::from_fields(&n.fields) })
                .collect(),
            var_reference: FieldSpecs::from_fields(&f.var_reference),
            images: FieldSpecs::from_fields(&f.images),
            replicas: FieldSpecs::from_fields(&f.replicas),
        };
        configuration.sort();
        Ok(configuration)
    }

    fn sort(&mut self) {
        for section in SECTIONS {
            if let Some(list) = self.list_mut(section) {
                list.sort();
            }
        }
        self.name_reference.sort_by(|a, b| crate::sort::compare_kinds(&a.target, &b.target));
    }

    /// Adds what another configuration has.
    pub(crate) fn add(&mut self, mut other: Configuration) -> Result<()> {
        for section in SECTIONS {
            let theirs = other.list_mut(section).map(std::mem::take).unwrap_or_default();
            if let Some(mine) = self.list_mut(section) {
                mine.add_all(&theirs).map_err(|e| e.in_field(section))?;
            }
        }
        for reference in other.name_reference {
            self.add_name_reference(reference)?;
        }
        self.sort();
        Ok(())
    }

    pub(crate) fn add_name_reference(&mut self, reference: NameReference) -> Result<()> {
        match self.name_reference.iter_mut().find(|known| known.target == reference.target) {
            Some(known) => known.referrers.add_all(&reference.referrers).map_err(|e| e.in_field("nameReference")),
            None => {
                self.name_reference.push(reference);
                Ok(())
            }
        }
    }
}

const SECTIONS: [&str; 10] = [
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonAnnotations",
    "commonLabels",
    "labels",
    "templateLabels",
    "varReference",
    "images",
    "replicas",
];

/// Unites two configurations; the common case, twice the defaults, costs nothing.
pub(crate) fn unite(mine: &mut Option<Arc<Configuration>>, other: &Arc<Configuration>) -> Result<()> {
    match mine {
        None if Arc::ptr_eq(other, &DEFAULT) => *mine = Some(Arc::clone(other)),
        // a spec for one kind hides a later one for all kinds with the same path, so the order in which specs come
        // together matters (measured)
        None => {
            let mut fresh = Configuration::default();
            fresh.add((**other).clone())?;
            *mine = Some(Arc::new(fresh));
        }
        Some(known) if Arc::ptr_eq(known, other) => {}
        Some(known) => Arc::make_mut(known).add((**other).clone())?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KB-CONF-01, KB-LAB-01, KB-NAME-01
    #[test]
    fn defaults_and_additions() {
        let defaults = default();
        assert_eq!((defaults.common_labels.0.len(), defaults.template_labels.0.len(), defaults.name_reference.len()), (32, 10, 16));
        let more = Configuration::read(
            "nameReference:\n- kind: Foo\n  fieldSpecs:\n  - {path: spec/foo, kind: Bar}\nnamespace:\n- {path: a/b, create: true}\n",
        )
        .unwrap();
        let mut all = Some(default());
        unite(&mut all, &Arc::new(more)).unwrap();
        let all = all.unwrap();
        assert_eq!((all.name_reference.len(), all.namespace.0.len()), (17, 4));
        let own = Configuration::read("namePrefix:\n- {path: metadata/name, kind: Secret}\n").unwrap();
        let mut configured = (*default()).clone();
        configured.add(own).unwrap();
        let mut fresh = None;
        unite(&mut fresh, &Arc::new(configured)).unwrap();
        assert_eq!(fresh.unwrap().name_prefix.0.len(), 1);
        assert_eq!(Configuration::read("nope: []\n").unwrap_err().kind(), ErrorKind::UnknownField);
    }

    /// KB-LAB-01
    #[test]
    fn one_path_with_and_without_create_conflicts() {
        let more = Configuration::read("commonLabels:\n- {path: metadata/labels}\n").unwrap();
        let mut all = Some(default());
        let e = unite(&mut all, &Arc::new(more)).unwrap_err();
        assert!(e.to_string().contains("conflicting fieldspecs"), "{e}");
    }
}
