//! `namespace` (KB-NS-01, KB-NS-02).

use ferroflux_yaml::Node;

use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Result};
use crate::field_spec::{FieldSpec, FieldSpecs};
use crate::field_visitor::{Create, set_scalar, visit, wrong_kind};
use crate::identity::{Gvk, scope};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::tree::{Twins, text, untagged};

/// Which subjects of role bindings follow the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Subjects {
    /// Those with the name `default`.
    #[default]
    DefaultOnly,
    /// All service accounts.
    AllServiceAccounts,
    /// None.
    None,
}

/// Sets the namespace of objects.
#[derive(Debug)]
pub(crate) struct SetNamespace {
    pub(crate) namespace: String,
    pub(crate) fields: FieldSpecs,
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

impl Transformer for SetNamespace {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        for at in 0..resources.len() {
            tools.cancel.check()?;
            let resource = resources.get(at);
            if resource.is_gone() || resource.helm_generated {
                continue;
            }
            let gvk = resource.gvk();
            if scope::is_cluster_scoped_since(gvk.group, gvk.version, gvk.kind) {
                let message = format!(
                    "namespace '{}' is set on {}, although its kind is cluster-scoped since Kubernetes 1.22",
                    self.namespace,
                    resource.id()
                );
                tools.warnings.push(None, message);
            }
            resources.update(at, |resource| {
                resource.remember_id();
                self.apply(resource).map_err(|e| e.on(&resource.id().to_owned()))
            })?;
            self.check_conflict(resources, at)?;
        }
        Ok(())
    }
}

impl SetNamespace {
    fn check_conflict(&self, resources: &ResourceMap, at: usize) -> Result<()> {
        let same = resources.find_current(resources.get(at).id());
        if same.len() == 1 {
            return Ok(());
        }
        let ids: Vec<String> = same.iter().map(|at| resources.get(*at).original_id().to_string()).collect();
        Err(Error::new(
            ErrorKind::DuplicateId,
            format!("namespace transformation produces ID conflict: {} are all {} now", ids.join(" and "), resources.get(at).id()),
        ))
    }

    /// Works on one object.
    pub(crate) fn apply(&self, resource: &mut Resource) -> Result<()> {
        let gvk = resource.gvk().to_owned();
        let mut twins = Twins::default();
        if !gvk.is_cluster_scoped() {
            let field = FieldSpec::new(Gvk::default(), "metadata/namespace", true);
            visit(&mut resource.node, &field, Create::Scalar, &mut |target| self.set(target, &mut twins))?;
        }
        let is_binding = matches!(gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if is_binding && self.subjects != Subjects::None {
            self.set_subjects(&mut resource.node, &mut twins)?;
        }
        let is_core_v1 = resource.api_version() == "v1";
        for field in &self.fields.0 {
            let skipped = field.path == "metadata/namespace"
                || (field.path == "metadata/name" && !is_core_v1)
                || (is_binding
                    && field.path == "subjects/namespace"
                    && matches!(field.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding"));
            if !skipped && field.applies_to(gvk.as_parts()) {
                visit(&mut resource.node, field, Create::Scalar, &mut |target| self.set(target, &mut twins))?;
            }
        }
        twins.settle(&mut resource.node);
        Ok(())
    }

    fn set(&self, target: &mut Node, twins: &mut Twins) -> Result<()> {
        if self.unset_only && target.is_scalar() && !target.is_null() && !text(target).is_empty() {
            return Ok(());
        }
        set_scalar(target, Node::string(self.namespace.as_str()), twins)
    }

    fn set_subjects(&self, node: &mut Node, twins: &mut Twins) -> Result<()> {
        let Some(subjects) = node.get_mut("subjects").filter(|s| !s.is_null()) else { return Ok(()) };
        if !subjects.is_sequence() {
            return Err(wrong_kind("SequenceNode", subjects));
        }
        for subject in subjects.items_mut().into_iter().flatten() {
            let (field, value) = match self.subjects {
                Subjects::AllServiceAccounts => ("kind", "ServiceAccount"),
                _ => ("name", "default"),
            };
            if subject.get(field).is_some_and(|v| v.text() == Some(value)) {
                self.set(subject.get_or_insert_with("namespace", || untagged("")), twins)?;
            }
        }
        Ok(())
    }
}
