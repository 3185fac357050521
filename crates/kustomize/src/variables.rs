//! `vars`: `$(NAME)` in the fields that may refer to variables (KB-VAR-01).

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use ferroflux_yaml::{Kind, Node, Style, Tag};

use crate::error::{Error, ErrorKind, Result};
use crate::field_path;
use crate::field_spec::FieldSpecs;
use crate::field_visitor::{Create, visit};
use crate::identity::{Gvk, ResId};
use crate::kustomization::fields::Var;
use crate::resource_map::ResourceMap;
use crate::transformers::replacements::lookup;
use crate::tree::{is_text, text};

/// A variable: the field of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) object: ResId,
    pub(crate) field_path: String,
}

/// The variables of a build by name.
#[derive(Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, Variable>);

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// A map or a list, which no text can hold: references to it stay.
    Unusable,
}

fn fails(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Var, cause)
}

impl Variable {
    fn from_fields(var: &Var) -> Self {
        let mut gvk: Gvk = var.object.id.gvk.to_gvk();
        match var.object.api_version.split('/').collect::<Vec<_>>()[..] {
            [""] => {}
            [version] => gvk.version = version.to_owned(),
            [group, version] => (gvk.group, gvk.version) = (group.to_owned(), version.to_owned()),
            _ => {}
        }
        let field_path = if var.field.field_path.is_empty() { "metadata.name".to_owned() } else { var.field.field_path.clone() };
        Self { object: ResId { gvk, name: var.object.id.name.clone(), namespace: var.object.id.namespace.clone() }, field_path }
    }
}

impl Variables {
    /// Adds the variables of a kustomization and marks the objects that they take their values from.
    pub(crate) fn declare(&mut self, vars: &[Var], resources: &mut ResourceMap) -> Result<()> {
        let declared: Vec<(&Var, Variable)> = vars.iter().map(|v| (v, Variable::from_fields(v))).collect();
        for (var, variable) in &declared {
            let id = &variable.object;
            let is_meant = |known: crate::identity::IdRef<'_>| {
                known.name == id.name
                    && known.gvk == id.gvk.as_parts()
                    && (id.namespace.is_empty() || known.effective_namespace() == id.as_parts().effective_namespace())
            };
            let found: Vec<usize> =
                resources.iter().enumerate().filter(|(_, r)| !r.is_gone() && r.all_ids().any(is_meant)).map(|(at, _)| at).collect();
            match found[..] {
                [] => {}
                [at] => resources.get_mut(at).variables.push(var.name.clone()),
                _ => {
                    let cause = format!(
                        "found {} resId matches for var {} ({id} {}) (unable to disambiguate)",
                        found.len(),
                        var.name,
                        variable.field_path
                    );
                    return Err(fails(cause).at(var.at.line, var.at.column));
                }
            }
        }
        declared.into_iter().try_for_each(|(var, variable)| self.insert(&var.name, variable).map_err(|e| e.at(var.at.line, var.at.column)))
    }

    fn insert(&mut self, name: &str, variable: Variable) -> Result<()> {
        if self.0.contains_key(name) {
            return Err(fails(format!("var '{name}' already encountered")));
        }
        self.0.insert(name.to_owned(), variable);
        Ok(())
    }

    /// Adds the variables of a base.
    pub(crate) fn append(&mut self, other: Variables) -> Result<()> {
        other.0.into_iter().try_for_each(|(name, variable)| self.insert(&name, variable))
    }

    /// Replaces every reference. Gives the names that were never used.
    pub(crate) fn resolve(&self, resources: &mut ResourceMap, fields: &FieldSpecs) -> Result<Vec<String>> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = BTreeMap::new();
        for (name, variable) in &self.0 {
            values.insert(name.as_str(), self.value(name, variable, resources)?);
        }
        let mut used = HashSet::new();
        for resource in resources.iter_mut() {
            for field in &fields.0 {
                if !field.applies_to(resource.gvk()) {
                    continue;
                }
                visit(&mut resource.node, field, Create::Never, &mut |node| replace(node, &values, &mut used))
                    .map_err(|e| e.with_kind(ErrorKind::Var).on(&resource.id().to_owned()))?;
            }
        }
        Ok(self.0.keys().filter(|name| !used.contains(name.as_str())).cloned().collect())
    }

    fn value(&self, name: &str, variable: &Variable, resources: &ResourceMap) -> Result<Value> {
        let shown = format!("{{{name} {} {{{}}}}}", variable.object.gvk, variable.field_path);
        let holder = resources.iter().find(|r| r.variables.iter().any(|v| v == name)).ok_or_else(|| {
            fails(format!("var '{shown}' cannot be mapped to a field in the set of known resources: there is no {}", variable.object))
        })?;
        let path = with_indexes(field_path::split_dotted(&variable.field_path));
        let missing = || fails(format!("field specified in var '{shown}' not found in corresponding resource")).on(&holder.id().to_owned());
        let node = lookup(&holder.node, &path).map_err(|_| missing())?.ok_or_else(missing)?;
        if !node.is_scalar() {
            return Ok(Value::Unusable);
        }
        let content = text(node);
        match node.tag() {
            Tag::Int => content.parse().map(Value::Int).map_err(|_| missing()),
            Tag::Float => content.parse().map(Value::Float).map_err(|_| missing()),
            Tag::Bool => node.as_bool().map(Value::Bool).ok_or_else(missing),
            _ => Ok(Value::Text(content.to_owned())),
        }
    }
}

/// `ports[0]` is `ports` and `0`.
fn with_indexes(path: Vec<String>) -> Vec<String> {
    let mut result = Vec::new();
    for part in path {
        let indexed = part
            .strip_suffix(']')
            .and_then(|p| p.rsplit_once('['))
            .filter(|(_, index)| !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()));
        match indexed {
            Some((name, index)) => {
                if !name.is_empty() {
                    result.push(name.to_owned());
                }
                result.push(index.to_owned());
            }
            None => result.push(part),
        }
    }
    result
}

fn replace<'v>(node: &mut Node, values: &BTreeMap<&'v str, Value>, used: &mut HashSet<&'v str>) -> Result<()> {
    if node.is_null() {
        return Ok(());
    }
    match node.kind_mut() {
        Kind::Scalar(_) | Kind::Alias(_) => {
            if is_text(node) {
                expand(node, values, used);
            }
            Ok(())
        }
        Kind::Mapping(pairs) => pairs.iter_mut().try_for_each(|(key, value)| {
            if !is_text(key) {
                return Err(fails(format!("invalid map key: value='{}', tag='{}'", text(key), key.tag_text())));
            }
            if is_text(value) {
                expand(value, values, used);
            }
            Ok(())
        }),
        Kind::Sequence(items) => items.iter_mut().try_for_each(|item| {
            if !is_text(item) {
                return Err(fails("invalid value type expect a string"));
            }
            expand(item, values, used);
            Ok(())
        }),
    }
}

/// Replaces the references in one text; a text that is one reference takes the type of the value.
fn expand<'v>(node: &mut Node, values: &BTreeMap<&'v str, Value>, used: &mut HashSet<&'v str>) {
    let input = text(node).to_owned();
    let mut known = |name: &str| {
        let (key, value) = values.get_key_value(name)?;
        if matches!(value, Value::Unusable) {
            return None;
        }
        used.insert(key);
        Some(value.clone())
    };
    let (content, tag) = match input.strip_prefix("$(").and_then(|i| i.strip_suffix(')')).filter(|name| !name.contains(')')) {
        Some(name) => match known(name) {
            Some(Value::Text(v)) => (v, Tag::Str),
            Some(Value::Int(v)) => (v.to_string(), Tag::Int),
            Some(Value::Float(v)) => (v.to_string(), Tag::Float),
            Some(Value::Bool(v)) => (v.to_string(), Tag::Bool),
            Some(Value::Unusable) | None => (input, Tag::Str),
        },
        None => (expand_text(&input, &mut known), Tag::Str),
    };
    node.set_scalar(content, tag);
    node.set_style(Style::Plain);
}

/// `$(NAME)` becomes the value, `$$` becomes `$`, everything else stays.
fn expand_text(input: &str, known: &mut dyn FnMut(&str) -> Option<Value>) -> String {
    let mut out = String::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|a| a.split_once(')')) {
            match known(name) {
                Some(Value::Text(v)) => out.push_str(&v),
                Some(Value::Int(v)) => drop(write!(out, "{v}")),
                Some(Value::Float(v)) => drop(write!(out, "{v}")),
                Some(Value::Bool(v)) => drop(write!(out, "{v}")),
                Some(Value::Unusable) | None => drop(write!(out, "$({name})")),
            }
            after
        } else {
            out.push('$');
            after
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KB-VAR-01
    #[test]
    fn references_in_texts() {
        let mut known = |name: &str| match name {
            "A" => Some(Value::Text("a".to_owned())),
            "N" => Some(Value::Int(5)),
            _ => None,
        };
        for (input, output) in [
            ("x $(A)-$(N) y", "x a-5 y"),
            ("$$(A)", "$(A)"),
            ("$(X) $(A", "$(X) $(A"),
            ("$", "$"),
            ("a$b", "a$b"),
            ("$$", "$"),
            ("$()", "$()"),
        ] {
            assert_eq!(expand_text(input, &mut known), output, "{input}");
        }
        assert_eq!(with_indexes(vec!["a".into(), "b[0]".into(), "[1]".into(), "[x=1]".into()]), ["a", "b", "0", "1", "[x=1]"]);
    }
}
