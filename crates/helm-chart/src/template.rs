//! What `helm template` does: one chart, one release, rendered without a cluster and printed byte for byte alike
//! (HE-MAN-04). The command line and the conformance runner are thin callers of [`TemplateRequest::run`].

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use ferroflux_go_template::error::CallError;
use ferroflux_go_template::host::Host;
use ferroflux_go_template::limits::Limits;
use ferroflux_go_template::objects::{Capabilities, KubeVersion};
use ferroflux_go_template::strconv::quote;

use crate::capabilities::{KubeVersionError, offline_capabilities, parse_kube_version};
use crate::chart::Chart;
use crate::file::LoadLimits;
use crate::load::{PathError, load_path_logged, load_path_to_render};
use crate::manifest::{HookEvent, split};
use crate::notice::{Level, Log, Notice, Unlogged};
use crate::paths::matches;
use crate::post_render::{PostRenderer, post_render};
use crate::render::{
    Release, ReleaseNameError, RenderError, RenderOptions, Rendered, check_release_name, finish, push_framed, render_files,
};
use crate::schema::{NoSchemas, SchemaLoader};
use crate::values::{OptionsError, Table, ValueOptions};

/// One call of the command. Each field is the option of the same name.
#[derive(Debug, Clone, Default)]
pub struct TemplateRequest {
    /// The release's name.
    pub release: String,
    /// `--namespace`.
    pub namespace: String,
    /// `-f` and the `--set` family.
    pub values: ValueOptions,
    /// `--kube-version`.
    pub kube_version: Option<String>,
    /// `--api-versions`, in addition to the built-in ones.
    pub api_versions: Vec<String>,
    /// `--is-upgrade`.
    pub is_upgrade: bool,
    /// `--skip-schema-validation`.
    pub skip_schema_validation: bool,
    /// `--include-crds`.
    pub include_crds: bool,
    /// `--no-hooks`.
    pub no_hooks: bool,
    /// `--skip-tests`.
    pub skip_tests: bool,
    /// `--render-subchart-notes`.
    pub render_subchart_notes: bool,
    /// `--show-only`: shell patterns of template paths below the chart.
    pub show_only: Vec<String>,
    /// What schemas may refer to; nothing if there is no loader.
    pub schemas: Option<Arc<dyn SchemaLoader>>,
    /// What hears of oddities on the way; nobody if there is none.
    pub log: Option<Arc<dyn Log>>,
    /// What templates may use.
    pub limits: Limits,
}

/// Why the command failed; the texts are Helm's, behind its `Error: `.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// `--kube-version` is no version.
    #[error("invalid kube version '{text}': {source}")]
    KubeVersion {
        /// What the user gave.
        text: String,
        /// What is wrong with it.
        source: KubeVersionError,
    },
    /// The user's values.
    #[error(transparent)]
    Values(#[from] OptionsError),
    /// The chart could not be loaded.
    #[error(transparent)]
    Load(#[from] PathError),
    /// The chart could not be loaded again after its dependencies were fetched.
    #[error("failed reloading chart after repo update: {0}")]
    Reload(#[source] PathError),
    /// The dependencies could not be fetched; the field says why.
    #[error("{0}")]
    Update(String),
    /// A library chart has nothing to install.
    #[error("{0} charts are not installable")]
    NotInstallable(String),
    /// Declared dependencies are not in `charts/`.
    #[error(
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {0}"
    )]
    MissingDependencies(String),
    /// The release's name.
    #[error("release name check failed: {0}")]
    ReleaseName(#[source] ReleaseNameProblem),
    /// The chart could not be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// `--show-only` names nothing.
    #[error("could not find template {0} in chart")]
    NothingToShow(String),
    /// The output could not be written.
    #[error("write output: {0}")]
    Write(#[from] io::Error),
}

/// What is wrong with a release's name.
#[derive(Debug, thiserror::Error)]
#[error("release name {}: {source}", quote(.name))]
pub struct ReleaseNameProblem {
    /// What the user gave.
    pub name: String,
    /// What is wrong with it.
    pub source: ReleaseNameError,
}

impl TemplateError {
    /// Whether templates or what they made is at fault, so that what was rendered helps to find out why.
    pub fn is_of_templates(&self) -> bool {
        use RenderError::{KubeVersion, Manifest, PostRender, Template};
        matches!(self, Self::Render(KubeVersion { .. } | Manifest(_) | PostRender(_) | Template(_)))
    }
}

/// What is rendered, and with what.
#[derive(Debug)]
pub struct Loaded {
    /// The chart.
    pub chart: Arc<Chart>,
    /// The user's values.
    pub values: Table,
    /// What the cluster can do.
    pub capabilities: Capabilities,
}

impl TemplateRequest {
    /// Loads the chart at `chart`, renders it and writes what Helm prints. `read` gives the bytes of values files.
    pub fn run(
        &self,
        chart: &Path,
        host: &dyn Host,
        read: impl FnMut(&str) -> Result<Vec<u8>, String>,
        out: &mut dyn Write,
    ) -> Result<(), TemplateError> {
        let rendered = self.render(chart, host, read)?;
        self.print(&rendered, out)
    }

    /// Everything up to printing.
    pub fn render(
        &self,
        chart: &Path,
        host: &dyn Host,
        read: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Rendered, TemplateError> {
        self.render_loaded(&self.load(chart, read)?, host, None, None)
    }

    /// Checks what needs neither chart nor values.
    pub fn check(&self) -> Result<(), TemplateError> {
        self.kube_version().map(|_| ())
    }

    fn kube_version(&self) -> Result<Option<KubeVersion>, TemplateError> {
        let parse = |text: &String| parse_kube_version(text).map_err(|source| TemplateError::KubeVersion { text: text.clone(), source });
        self.kube_version.as_ref().filter(|text| !text.is_empty()).map(parse).transpose()
    }

    /// What comes before rendering: the cluster's abilities, the user's values and the chart, with the checks that Helm makes
    /// of them. `read` gives the bytes of values files. Definitions of a packaged chart are without content unless they are
    /// asked for.
    pub fn load(&self, chart: &Path, read: impl FnMut(&str) -> Result<Vec<u8>, String>) -> Result<Loaded, TemplateError> {
        self.load_updating(chart, read, |missing| Err(TemplateError::MissingDependencies(missing.join(", "))))
    }

    /// As [`TemplateRequest::load`]; `update` can fetch dependencies that are missing, whose names it gets, and the chart is
    /// loaded again.
    pub fn load_updating(
        &self,
        path: &Path,
        read: impl FnMut(&str) -> Result<Vec<u8>, String>,
        update: impl FnOnce(&[&str]) -> Result<(), TemplateError>,
    ) -> Result<Loaded, TemplateError> {
        let mut capabilities = offline_capabilities();
        if let Some(version) = self.kube_version()? {
            capabilities.kube_version = version;
        }
        capabilities.api_versions.extend(self.api_versions.iter().cloned());
        let values = self.values.resolve(read)?;
        let load = if self.include_crds { load_path_logged } else { load_path_to_render };
        let mut chart = load(path, LoadLimits::default(), self.log())?;
        if !matches!(chart.metadata.chart_type.as_str(), "" | "application") {
            return Err(TemplateError::NotInstallable(chart.metadata.chart_type.clone()));
        }
        if chart.metadata.deprecated {
            self.log().log(Notice::new(Level::Warn, "this chart is deprecated"));
        }
        let missing = chart.missing_dependencies();
        if !missing.is_empty() {
            update(&missing)?;
            chart = load(path, LoadLimits::default(), self.log()).map_err(TemplateError::Reload)?;
        }
        check_release_name(&self.release).map_err(|source| {
            let error = ReleaseNameProblem { name: self.release.clone(), source };
            self.log().log(Notice::new(Level::Error, "release name check failed").with("error", error.to_string()));
            TemplateError::ReleaseName(error)
        })?;
        Ok(Loaded { chart, values, capabilities })
    }

    /// Renders what was loaded, through the program of `--post-renderer` if there is one. `unread` takes the files
    /// before they are read as manifests: `--debug` shows them where that fails.
    pub fn render_loaded(
        &self,
        loaded: &Loaded,
        host: &dyn Host,
        post_renderer: Option<&mut dyn PostRenderer>,
        unread: Option<&mut String>,
    ) -> Result<Rendered, TemplateError> {
        let release = Release { name: self.release.clone(), namespace: self.namespace.clone(), revision: 1, is_upgrade: self.is_upgrade };
        let options = RenderOptions {
            capabilities: &loaded.capabilities,
            host,
            schemas: self.schemas.as_deref().unwrap_or(&NoSchemas),
            log: self.log(),
            limits: self.limits.clone(),
            skip_schema_validation: self.skip_schema_validation,
            sub_notes: self.render_subchart_notes,
            defaults: None,
        };
        let mut files = render_files(&loaded.chart, &loaded.values, &release, &options)?;
        if let Some(renderer) = post_renderer {
            files.files = post_render(&files.files, renderer).map_err(RenderError::from)?;
        }
        if let Some(unread) = unread {
            files.files.sort_by(|a, b| a.path.cmp(&b.path));
            files.files.iter().filter(|f| !f.text.trim().is_empty()).for_each(|f| push_framed(unread, &f.path, &f.text));
        }
        Ok(finish(files, self.log())?)
    }

    fn log(&self) -> &dyn Log {
        self.log.as_deref().unwrap_or(&Unlogged)
    }

    /// Writes what Helm prints of a render.
    pub fn print(&self, rendered: &Rendered, out: &mut dyn Write) -> Result<(), TemplateError> {
        if self.show_only.is_empty() {
            return Ok(self.print_all(rendered, out)?);
        }
        let mut all = Vec::new();
        self.print_all(rendered, &mut all)?;
        self.print_chosen(&String::from_utf8_lossy(&all), out)
    }

    /// Writes rendered files that could not be read as manifests, as `--debug` does. `files` is what
    /// [`TemplateRequest::render_loaded`] put into `unread`.
    pub fn print_unread(&self, files: &str, out: &mut dyn Write) -> Result<(), TemplateError> {
        let all = format!("{}\n", files.trim());
        if self.show_only.is_empty() { Ok(out.write_all(all.as_bytes())?) } else { self.print_chosen(&all, out) }
    }

    /// Writes the documents among `all` that `--show-only` names, in its order.
    fn print_chosen(&self, all: &str, out: &mut dyn Write) -> Result<(), TemplateError> {
        let documents: Vec<&str> = split(all).map(|range| &all[range]).collect();
        let mut chosen: Vec<&str> = Vec::new();
        for pattern in &self.show_only {
            let before = chosen.len();
            let shows = |document: &&str| source_path(document).is_some_and(|path| matches(pattern, path).unwrap_or(false));
            chosen.extend(documents.iter().copied().filter(shows));
            if chosen.len() == before {
                return Err(TemplateError::NothingToShow(pattern.clone()));
            }
        }
        for document in chosen {
            write!(out, "---\n{document}\n")?;
        }
        Ok(())
    }

    fn print_all(&self, rendered: &Rendered, out: &mut dyn Write) -> io::Result<()> {
        // Helm trims the whole text before the hooks; only the last document can end in white space that this removes.
        let crds = if self.include_crds { rendered.crds.as_slice() } else { &[] };
        let mut left = crds.len() + rendered.manifests.len();
        let mut frame = |path: &str, text: &str, out: &mut dyn Write| {
            left -= 1;
            let (text, end) = if left == 0 { (text.trim_end(), "") } else { (text, "\n") };
            if text.is_empty() && left == 0 {
                return write!(out, "---\n# Source: {path}");
            }
            write!(out, "---\n# Source: {path}\n{text}{end}")
        };
        for crd in crds {
            frame(&crd.path, &crd.data.to_text(), out)?;
        }
        for manifest in &rendered.manifests {
            frame(manifest.path(), manifest.text(), out)?;
        }
        out.write_all(b"\n")?;
        if !self.no_hooks {
            for hook in &rendered.hooks {
                if self.skip_tests && hook.events.contains(&HookEvent::Test) {
                    continue;
                }
                write!(out, "---\n# Source: {}\n{}\n", hook.manifest.path(), hook.manifest.text())?;
            }
        }
        Ok(())
    }
}

/// The path below the chart in the first `# Source: chart/path` of a document.
fn source_path(document: &str) -> Option<&str> {
    const MARK: &str = "# Source: ";
    document.match_indices(MARK).find_map(|(at, _)| {
        let line = document[at + MARK.len()..].split('\n').next()?;
        let (chart, path) = line.split_once('/')?;
        (!chart.is_empty() && !path.is_empty()).then_some(path)
    })
}

/// The machine this runs on: the real clock, the system's random bytes, the time zone of `TZ`; no cluster and no DNS.
#[derive(Debug, Clone)]
pub struct SystemHost {
    zone: String,
}

impl SystemHost {
    /// A host whose local time zone is `zone` (`UTC`, `Europe/Berlin`).
    pub fn new(zone: impl Into<String>) -> Self {
        Self { zone: zone.into() }
    }
}

impl Host for SystemHost {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), CallError> {
        getrandom::fill(buffer).map_err(|e| CallError::new(format!("no random bytes: {e}")))
    }

    fn local_zone(&self) -> &str {
        &self.zone
    }
}
