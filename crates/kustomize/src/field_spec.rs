//! Field specs: which field of which kinds a transformer works on (KB-CONF-01).

use crate::decode::record;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{Gvk, GvkRef};

record! {
    /// Group, version and kind in a configuration file.
    pub(crate) struct GvkFields {
        group: String = "group",
        version: String = "version",
        kind: String = "kind",
    }
}

impl GvkFields {
    pub(crate) fn to_gvk(&self) -> Gvk {
        Gvk { group: self.group.clone(), version: self.version.clone(), kind: self.kind.clone() }
    }
}

record! {
    /// A field spec in a configuration file.
    pub(crate) struct FieldSpecFields {
        #[inline] gvk: GvkFields,
        path: String = "path",
        create: bool = "create",
    }
}

/// A path and the kinds that it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    /// Empty parts match everything.
    pub(crate) gvk: Gvk,
    /// The path as written, parts joined by `/`.
    pub(crate) path: String,
    /// Whether missing maps on the way are made.
    pub(crate) create: bool,
    /// The parts of the path.
    pub(crate) parts: Vec<PathPart>,
}

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPart {
    /// The key.
    pub(crate) name: String,
    /// Whether it was marked as a list by `[]`.
    pub(crate) is_list: bool,
}

impl FieldSpec {
    pub(crate) fn new(gvk: Gvk, path: &str, create: bool) -> Self {
        let parts = crate::field_path::split(path, '/')
            .into_iter()
            .map(|part| match part.strip_suffix("[]") {
                Some(name) => PathPart { name: name.to_owned(), is_list: true },
                None => PathPart { name: part, is_list: false },
            })
            .collect();
        Self { gvk, path: path.to_owned(), create, parts }
    }

    pub(crate) fn from_fields(fields: &FieldSpecFields) -> Self {
        Self::new(fields.gvk.to_gvk(), &fields.path, fields.create)
    }

    /// Whether the spec is for objects of this kind.
    pub(crate) fn applies_to(&self, gvk: GvkRef<'_>) -> bool {
        gvk.is_selected(&self.gvk)
    }
}

/// Field specs in the order in which they are applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSpecs(pub(crate) Vec<FieldSpec>);

impl FieldSpecs {
    pub(crate) fn from_fields(fields: &[FieldSpecFields]) -> Self {
        Self(fields.iter().map(FieldSpec::from_fields).collect())
    }

    /// Adds a spec unless one with this path is there for these kinds; then both must agree on `create`.
    pub(crate) fn add(&mut self, spec: &FieldSpec) -> Result<()> {
        match self.0.iter().find(|known| known.path == spec.path && known.gvk.is_selected(&spec.gvk)) {
            Some(known) if known.create != spec.create => Err(Error::new(
                ErrorKind::DuplicateId,
                format!("conflicting fieldspecs: '{}' of {} has create: {} and create: {}", spec.path, spec.gvk, known.create, spec.create),
            )),
            Some(_) => Ok(()),
            None => {
                self.0.push(spec.clone());
                Ok(())
            }
        }
    }

    pub(crate) fn add_all(&mut self, specs: &FieldSpecs) -> Result<()> {
        specs.0.iter().try_for_each(|spec| self.add(spec))
    }

    pub(crate) fn sort(&mut self) {
        self.0.sort_by(|a, b| crate::sort::compare_kinds(&a.gvk, &b.gvk));
    }
}
