//! Which subcharts take part in a render, under which names and with which defaults (HE-DP-01, HE-DP-02, HE-DP-03).
//!
//! A loaded [`Chart`] is shared and never changed; an [`Assembly`] is the light tree laid over it for one render.

use std::sync::Arc;

use crate::capabilities::in_range;
use crate::chart::{Chart, Crd};
use crate::metadata::{Dependency, Metadata};
use crate::notice::{Level, Log, Notice};
use crate::values::{ChartValues, Import, Table, Tree, TypeMismatch, coalesce, import_values};

/// A chart as it takes part in one render.
#[derive(Debug, Clone)]
pub(crate) struct Assembly {
    pub(crate) chart: Arc<Chart>,
    /// With the alias as name, and without disabled dependencies.
    pub(crate) metadata: Metadata,
    /// The defaults, with what was imported from dependencies.
    pub(crate) defaults: Arc<Table>,
    pub(crate) children: Vec<Assembly>,
}

impl ChartValues for Assembly {
    fn name(&self) -> &str {
        &self.metadata.name
    }

    fn defaults(&self) -> &Table {
        &self.defaults
    }

    fn subcharts(&self) -> &[Self] {
        &self.children
    }
}

impl Assembly {
    /// Lays an assembly over a chart and decides about its dependencies with the user's values.
    pub(crate) fn new(chart: &Arc<Chart>, defaults: Option<&Arc<Table>>, user: &Table, log: &dyn Log) -> Result<Self, TypeMismatch> {
        let mut root = Self::over(chart);
        if let Some(defaults) = defaults {
            root.defaults = Arc::clone(defaults);
        }
        root.enable(user, "", log)?;
        root.import(log)?;
        Ok(root)
    }

    fn over(chart: &Arc<Chart>) -> Self {
        Self {
            chart: Arc::clone(chart),
            metadata: chart.metadata.clone(),
            defaults: Arc::clone(&chart.values),
            children: chart.dependencies.iter().map(Self::over).collect(),
        }
    }

    /// Keeps the subcharts that are declared and switched on (or not declared at all), renames aliased ones, and goes
    /// on below. `values` are the coalesced values of the chart above; `path` leads from the root to here.
    fn enable(&mut self, values: &Table, path: &str, log: &dyn Log) -> Result<(), TypeMismatch> {
        if !self.metadata.lists_dependencies {
            return Ok(());
        }
        let fits =
            |child: &Self, wanted: &Dependency| child.metadata.name == wanted.name && in_range(&wanted.version, &child.metadata.version);
        let loaded = std::mem::take(&mut self.children);
        let mut children: Vec<Self> = loaded.iter().filter(|c| !self.metadata.dependencies.iter().any(|d| fits(c, d))).cloned().collect();
        for wanted in &mut self.metadata.dependencies {
            if let Some(found) = loaded.iter().find(|c| fits(c, wanted)) {
                let mut child = found.clone();
                if !wanted.alias.is_empty() {
                    child.metadata.name.clone_from(&wanted.alias);
                }
                children.push(child);
            }
            if !wanted.alias.is_empty() {
                wanted.name.clone_from(&wanted.alias);
            }
            wanted.enabled = true;
        }
        self.children = children;
        let values = coalesce(self, values, log)?.to_table();
        let dependencies = &mut self.metadata.dependencies;
        dependencies.iter_mut().for_each(|dependency| by_tags(dependency, &values, log));
        dependencies.iter_mut().for_each(|dependency| by_condition(dependency, &values, path, log));
        let off: Vec<String> = self.metadata.dependencies.iter().filter(|d| !d.enabled).map(|d| d.name.clone()).collect();
        self.children.retain(|c| !off.contains(&c.metadata.name));
        self.metadata.dependencies.retain(|d| !off.contains(&d.name));
        for child in &mut self.children {
            let below = format!("{path}{}.", child.metadata.name);
            child.enable(&values, &below, log)?;
        }
        Ok(())
    }

    /// Takes over values from dependencies, from the leaves up.
    fn import(&mut self, log: &dyn Log) -> Result<(), TypeMismatch> {
        for child in &mut self.children {
            child.import(log)?;
        }
        if self.metadata.dependencies.is_empty() {
            return Ok(());
        }
        let imports: Vec<Import> = self.metadata.dependencies.iter().flat_map(Dependency::imports).collect();
        self.defaults = Arc::new(import_values(self, &imports, log)?);
        Ok(())
    }

    /// The definitions under `crds/`: the chart's own first, then those of its enabled subcharts (HE-CH-05).
    pub(crate) fn crds(&self) -> Vec<Crd> {
        fn collect(assembly: &Assembly, path: &str, crds: &mut Vec<Crd>) {
            for file in assembly.chart.own_crds() {
                crds.push(Crd { name: file.name.clone(), path: format!("{path}/{}", file.name), data: file.data.clone() });
            }
            for child in &assembly.children {
                collect(child, &format!("{path}/charts/{}", child.metadata.name), crds);
            }
        }
        let mut crds = Vec::new();
        collect(self, &self.metadata.name, &mut crds);
        crds
    }
}

/// Said of a tag or the path of a condition.
const NO_BOOLEAN: &str = "returned non-bool value";

/// Tags first: any true one enables, else any false one disables, else the dependency stays on.
fn by_tags(dependency: &mut Dependency, values: &Table, log: &dyn Log) {
    let Some(Tree::Table(tags)) = values.get("tags".as_bytes()) else { return };
    let (mut any_true, mut any_false) = (false, false);
    for tag in &dependency.tags {
        match tags.get(tag.as_bytes()) {
            None => {}
            Some(Tree::Bool(true)) => any_true = true,
            Some(Tree::Bool(false)) => any_false = true,
            Some(_) => log.log(Notice::new(Level::Warn, NO_BOOLEAN).with("tag", tag).with("chart", &dependency.name)),
        }
    }
    dependency.enabled = any_true || !any_false;
}

/// The first path of the condition that holds a boolean decides.
fn by_condition(dependency: &mut Dependency, values: &Table, path: &str, log: &dyn Log) {
    for condition in dependency.condition.trim().split(',').filter(|c| !c.is_empty()) {
        match Tree::at(values, &format!("{path}{condition}")) {
            Some(Tree::Bool(on)) => {
                dependency.enabled = *on;
                return;
            }
            None | Some(Tree::Table(_)) => {}
            Some(_) => log.log(Notice::new(Level::Warn, NO_BOOLEAN).with("path", condition).with("chart", &dependency.name)),
        }
    }
}
