//! A loaded chart.

use std::sync::Arc;

use ferroflux_go_template::value::Str;

use crate::archive::{Archive, read_within};
use crate::file::{Budget, ChartFile, LoadLimits};
use crate::metadata::{Lock, Metadata};
use crate::paths::ext;
use crate::render::TemplateCache;
use crate::values::Table;

/// A chart with everything in it, as loaded: no dependency has been switched off, no value merged. It is immutable and
/// free to cross threads, so that one parsed chart serves every release of it.
#[derive(Debug)]
pub struct Chart {
    /// `Chart.yaml`, validated.
    pub metadata: Metadata,
    /// `Chart.lock` or `requirements.lock`.
    pub lock: Option<Lock>,
    /// The default values.
    pub values: Arc<Table>,
    /// `values.yaml` as it was written, with comments; nothing in a chart that is loaded for one render.
    pub values_file: Option<ChartFile>,
    /// `values.schema.json`.
    pub schema: Option<ChartFile>,
    /// Files under `templates/`.
    pub templates: Vec<ChartFile>,
    /// Everything else that is not one of the above (HE-CH-04): what templates see as `.Files`.
    pub files: Vec<ChartFile>,
    /// The charts under `charts/`.
    pub dependencies: Vec<Arc<Chart>>,
    /// `Chart.yaml` as it was written.
    pub chart_file: ChartFile,
    /// Parsed templates of this chart and its subcharts.
    pub(crate) parsed: TemplateCache,
    /// Where the content of `files` is that was not kept.
    pub(crate) unread: Option<Unread>,
}

/// The archive that a chart comes from, for files whose content was not kept when it was loaded.
#[derive(Debug)]
pub(crate) struct Unread {
    /// The packaged chart.
    pub(crate) archive: Archive,
    /// The folder of the chart in it: empty, or with a final slash.
    pub(crate) folder: String,
}

impl Unread {
    /// All files of the chart and below it, with their content. The archive has been read once without complaint.
    pub(crate) fn files(&self) -> Vec<ChartFile> {
        let within = |mut file: ChartFile| {
            file.name = file.name.strip_prefix(self.folder.as_str())?.to_owned();
            Some(file)
        };
        let read = |packed| read_within(packed, &mut Budget::new(LoadLimits::default()), |_| true, |_| {}).ok();
        let files = self.archive.read().ok().and_then(read).unwrap_or_default();
        files.into_iter().filter_map(within).collect()
    }
}

impl Chart {
    /// The chart's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The files under `crds/` that are manifests by their extension, in any case of letters (HE-CH-05).
    pub fn own_crds(&self) -> impl Iterator<Item = &ChartFile> {
        self.files.iter().filter(|f| is_crd(&f.name))
    }

    /// The chart's own files that take the most room, with their sizes in bytes; the largest first, at most `count`. A stored
    /// release holds these and not those of dependencies, so an error about a release that is too large for its store names
    /// them (HE-PAIN-07).
    pub fn largest_files(&self, count: usize) -> Vec<(&str, usize)> {
        let single = [Some(&self.chart_file), self.values_file.as_ref(), self.schema.as_ref()];
        let files = single.into_iter().flatten().chain(&self.templates).chain(&self.files);
        let mut all: Vec<_> = files.map(|file| (file.name.as_str(), file.data.as_bytes().len())).collect();
        all.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        all.truncate(count);
        all
    }

    /// Names of declared dependencies that are not in `charts/`.
    pub fn missing_dependencies(&self) -> Vec<&str> {
        let declared = self.metadata.dependencies.iter().map(|d| d.name.as_str());
        declared.filter(|name| !self.dependencies.iter().any(|c| c.name() == *name)).collect()
    }
}

/// Whether the file of a chart, by its path below the chart, is one of its definitions.
pub(crate) fn is_crd(name: &str) -> bool {
    name.starts_with("crds/") && [".yaml", ".yml", ".json"].iter().any(|e| ext(name).eq_ignore_ascii_case(e))
}

/// A custom resource definition that a chart carries outside its templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crd {
    /// The path below its own chart: `crds/a.yaml`.
    pub name: String,
    /// The path below the root chart: `parent/charts/child/crds/a.yaml`.
    pub path: String,
    /// The file's bytes.
    pub data: Str,
}
