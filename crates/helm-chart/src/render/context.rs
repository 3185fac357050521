//! The data that templates get: one context for each chart of the tree (§6 of the contract).

use std::collections::HashMap;
use std::sync::Arc;

use ferroflux_go_template::engine::{Scope, TemplateFile};
use ferroflux_go_template::objects::{self, Capabilities, FILES};
use ferroflux_go_template::value::{Map, Str, Type, Value};

use super::Release;
use crate::assembly::Assembly;
use crate::chart::Chart;
use crate::paths::{base, clean};
use crate::values::Coalesced;

const FILES_TYPE: &Type = &Type::Named(&FILES);

/// Templates and contexts of a chart and its subcharts.
pub(super) struct Contexts {
    scopes: Vec<Scope>,
    templates: Vec<TemplateFile>,
    /// Which scope a template has.
    owners: HashMap<Arc<str>, usize>,
}

impl Contexts {
    pub(super) fn new(root: &Assembly, values: &Coalesced, release: &Release, capabilities: &Capabilities) -> Self {
        let shared = Shared {
            release: Value::map([
                ("Name", Value::from(release.name.as_str())),
                ("Namespace", Value::from(release.namespace.as_str())),
                ("Revision", Value::Int(release.revision)),
                ("IsInstall", Value::Bool(!release.is_upgrade)),
                ("IsUpgrade", Value::Bool(release.is_upgrade)),
                ("Service", Value::from("Helm")),
            ]),
            capabilities: objects::capabilities(capabilities),
        };
        let mut contexts = Self { scopes: Vec::new(), templates: Vec::new(), owners: HashMap::new() };
        contexts.add(root, &root.metadata.name, values.to_template(), true, &shared);
        contexts
    }

    /// The template files of the whole tree.
    pub(super) fn templates(&self) -> Vec<TemplateFile> {
        self.templates.clone()
    }

    /// The data of a template.
    pub(super) fn scope(&self, name: &str) -> Option<&Scope> {
        self.owners.get(name).map(|owner| &self.scopes[*owner])
    }

    /// Adds a chart, its subcharts first, and gives its context.
    fn add(&mut self, assembly: &Assembly, path: &str, values: Map, is_root: bool, shared: &Shared) -> Map {
        let subcharts = Map::new();
        for child in &assembly.children {
            let name = child.metadata.name.as_str();
            // Subcharts find their values by a dotted path, so that a name with a dot finds nothing.
            let mut found = Some(values.clone());
            for part in name.split('.') {
                found = found.and_then(|map| map.get(part)).and_then(|value| value.as_map().cloned());
            }
            let context = self.add(child, &format!("{path}/charts/{name}"), found.unwrap_or_default(), false, shared);
            subcharts.insert(name, Value::Map(context));
        }
        let context = Map::new();
        context.insert("Chart", assembly.metadata.to_template(is_root));
        context.insert("Files", files(&assembly.chart));
        context.insert("Release", shared.release.clone());
        context.insert("Capabilities", shared.capabilities.clone());
        context.insert("Values", objects::values(&values));
        context.insert("Subcharts", Value::Map(subcharts));
        let owner = self.scopes.len();
        self.scopes.push(Scope { context: context.clone(), base_path: format!("{path}/templates").into() });
        for file in &assembly.chart.templates {
            if assembly.metadata.is_library() && !base(&file.name).starts_with('_') {
                continue;
            }
            let name: Arc<str> = clean(&format!("{path}/{}", file.name)).into();
            match self.owners.insert(Arc::clone(&name), owner) {
                None => self.templates.push(TemplateFile { name, text: file.data.clone() }),
                Some(_) => {
                    // The same path twice: the later file takes the place of the earlier one.
                    if let Some(earlier) = self.templates.iter_mut().find(|t| t.name == name) {
                        earlier.text = file.data.clone();
                    }
                }
            }
        }
        context
    }
}

/// What every chart of a tree gets.
struct Shared {
    release: Value,
    capabilities: Value,
}

/// `.Files`; the contents are shared with the chart, or read when a template looks at them.
fn files(chart: &Arc<Chart>) -> Value {
    let entry = |name: &str, data: &Str| (Str::from(name), Value::Bytes(data.clone()));
    if chart.unread.is_none() {
        return Value::Map(Map::from_entries(FILES_TYPE, chart.files.iter().map(|f| entry(&f.name, &f.data))));
    }
    let chart = Arc::clone(chart);
    Value::Map(Map::deferred(FILES_TYPE, move || {
        let read: HashMap<String, Str> = chart.unread.iter().flat_map(|unread| unread.files()).map(|f| (f.name, f.data)).collect();
        chart.files.iter().map(|f| entry(&f.name, read.get(&f.name).unwrap_or(&f.data))).collect()
    }))
}
