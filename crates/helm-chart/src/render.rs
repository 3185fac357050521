//! From a chart and values to manifests (HE-RND-01 to HE-RND-04, HE-CTX-01).

mod cache;
mod context;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ferroflux_go_template::engine::{HelmError, Options};
use ferroflux_go_template::host::Host;
use ferroflux_go_template::limits::Limits;
use ferroflux_go_template::objects::Capabilities;

use crate::assembly::Assembly;
use crate::capabilities::in_range;
use crate::chart::{Chart, Crd};
use crate::manifest::{HeadError, Hook, Manifest, ManifestError, RenderedFile, Sorted, sort};
use crate::notice::{Level, Log, Notice, Unlogged};
use crate::post_render::{PostRenderError, PostRenderer, post_render};
use crate::schema::{NoSchemas, SchemaError, SchemaLoader, validate};
use crate::values::{Table, TypeMismatch, coalesce};

pub(crate) use cache::TemplateCache;
use context::Contexts;

/// What `.Release` says.
#[derive(Debug, Clone)]
pub struct Release {
    /// The release's name.
    pub name: String,
    /// The namespace it goes to.
    pub namespace: String,
    /// The revision, from 1.
    pub revision: i64,
    /// Whether an earlier revision is there; `.Release.IsInstall` is the opposite.
    pub is_upgrade: bool,
}

/// How to render.
#[derive(Clone)]
pub struct RenderOptions<'h> {
    /// What the cluster can do.
    pub capabilities: &'h Capabilities,
    /// Cluster reads, DNS, clock and randomness of templates.
    pub host: &'h dyn Host,
    /// What the schemas of charts may refer to.
    pub schemas: &'h dyn SchemaLoader,
    /// What hears of oddities on the way.
    pub log: &'h dyn Log,
    /// What templates may use.
    pub limits: Limits,
    /// Do not check the values against the charts' schemas.
    pub skip_schema_validation: bool,
    /// Put the notes of subcharts behind those of the root chart.
    pub sub_notes: bool,
    /// What takes the place of the root chart's defaults: an upgrade that reuses values keeps the old chart's.
    pub defaults: Option<Arc<Table>>,
}

impl<'h> RenderOptions<'h> {
    /// An ordinary render: values are checked, schemas refer to nothing outside, limits are the defaults.
    pub fn new(capabilities: &'h Capabilities, host: &'h dyn Host) -> Self {
        Self {
            capabilities,
            host,
            schemas: &NoSchemas,
            log: &Unlogged,
            limits: Limits::default(),
            skip_schema_validation: false,
            sub_notes: false,
            defaults: None,
        }
    }
}

/// A rendered release, ready to be stored and applied.
#[derive(Debug)]
pub struct Rendered {
    /// Documents in install order.
    pub manifests: Vec<Manifest>,
    /// Documents that run at certain moments, in kind order; see [`crate::execution_order`].
    pub hooks: Vec<Hook>,
    /// `NOTES.txt`.
    pub notes: String,
    /// Definitions under `crds/`, never templated.
    pub crds: Vec<Crd>,
}

impl Rendered {
    /// The manifest of a release record: each document in the frame `---`, `# Source: path` (HE-MAN-04).
    pub fn manifest(&self) -> String {
        let mut out = String::with_capacity(self.manifests.iter().map(|m| m.path().len() + m.text().len() + 16).sum());
        for manifest in &self.manifests {
            push_framed(&mut out, manifest.path(), manifest.text());
        }
        out
    }
}

/// Puts a document in the frame of release records and of `helm template`.
pub fn push_framed(out: &mut String, path: &str, text: &str) {
    for part in ["---\n# Source: ", path, "\n", text, "\n"] {
        out.push_str(part);
    }
}

/// Rendered files before they are cut into documents: where a post-renderer comes in.
#[derive(Debug)]
pub struct RenderedFiles {
    /// The files, without notes.
    pub files: Vec<RenderedFile>,
    /// `NOTES.txt`.
    pub notes: String,
    /// Definitions under `crds/`.
    pub crds: Vec<Crd>,
    /// The first file whose bytes are no text; it is no manifest either.
    no_text: Option<ManifestError>,
}

/// Why a chart could not be rendered. The texts are Helm's.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A subchart's values are no table, found while deciding about dependencies.
    #[error("chart dependencies processing failed: {0}")]
    Dependencies(#[source] TypeMismatch),
    /// A subchart's values are no table.
    #[error(transparent)]
    Values(TypeMismatch),
    /// The values break a schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The cluster is too old or too new.
    #[error("chart requires kubeVersion: {range} which is incompatible with Kubernetes {version}")]
    KubeVersion {
        /// What the chart asks for.
        range: String,
        /// What there is.
        version: String,
    },
    /// A template does not parse or failed.
    #[error("{0}")]
    Template(#[from] HelmError),
    /// A rendered document is no manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The post-renderer failed, or what it gave back is not YAML.
    #[error(transparent)]
    PostRender(#[from] PostRenderError),
}

/// Renders a release of `chart` with the user's `values`.
pub fn render(chart: &Arc<Chart>, values: &Table, release: &Release, options: &RenderOptions<'_>) -> Result<Rendered, RenderError> {
    finish(render_files(chart, values, release, options)?, options.log)
}

/// Renders a release and sends its documents, hooks among them, through a post-renderer.
pub fn render_through(
    chart: &Arc<Chart>,
    values: &Table,
    release: &Release,
    options: &RenderOptions<'_>,
    renderer: &mut dyn PostRenderer,
) -> Result<Rendered, RenderError> {
    let mut files = render_files(chart, values, release, options)?;
    files.files = post_render(&files.files, renderer)?;
    finish(files, options.log)
}

/// Cuts files into documents and sorts them.
pub(crate) fn finish(files: RenderedFiles, log: &dyn Log) -> Result<Rendered, RenderError> {
    if let Some(error) = files.no_text {
        return Err(error.into());
    }
    let Sorted { manifests, hooks } = sort(files.files, log)?;
    Ok(Rendered { manifests, hooks, notes: files.notes, crds: files.crds })
}

/// The paths of files that two renders of one input made differently, or that only one of them made, with notes as
/// `NOTES.txt`: templates ask for the time, random numbers or the order of what has none, so that each upgrade changes
/// objects that nobody has changed (HE-PAIN-12).
pub fn unstable_files<'f>(first: &'f RenderedFiles, second: &'f RenderedFiles) -> BTreeSet<&'f str> {
    let texts = |rendered: &'f RenderedFiles| -> BTreeMap<&'f str, &'f str> {
        let files = rendered.files.iter().map(|file| (&*file.path, file.text.as_str()));
        files.chain([("NOTES.txt", rendered.notes.as_str())]).collect()
    };
    let (first, second) = (texts(first), texts(second));
    let differs = |path: &&&str| first.get(**path) != second.get(**path);
    first.keys().chain(second.keys()).filter(differs).copied().collect()
}

/// Renders up to the point where a post-renderer comes in.
pub fn render_files(
    chart: &Arc<Chart>,
    values: &Table,
    release: &Release,
    options: &RenderOptions<'_>,
) -> Result<RenderedFiles, RenderError> {
    let log = options.log;
    let assembly = Assembly::new(chart, options.defaults.as_ref(), values, log).map_err(|error| {
        log.log(Notice::new(Level::Error, "chart dependencies processing failed").with("error", error.to_string()));
        RenderError::Dependencies(error)
    })?;
    let coalesced = coalesce(&assembly, values, log).map_err(RenderError::Values)?;
    if !options.skip_schema_validation {
        validate(&assembly, options.schemas, log, || coalesced.to_table())?;
    }
    let range = &assembly.metadata.kube_version;
    if !range.is_empty() {
        let kube = &options.capabilities.kube_version;
        let version = if kube.normalized.is_empty() { &kube.version } else { &kube.normalized };
        if !in_range(range, version) {
            return Err(RenderError::KubeVersion { range: range.clone(), version: kube.version.clone() });
        }
    }
    let contexts = Contexts::new(&assembly, &coalesced, release, options.capabilities);
    drop(coalesced);
    let set = chart.parsed.get(contexts.templates())?;
    let engine = Options { host: options.host, limits: options.limits.clone(), strict: false, lint: false };
    let rendered = set.render(&engine, |name| contexts.scope(name))?;

    let own_notes = format!("{}/templates/{NOTES}", assembly.metadata.name);
    let mut notes = String::new();
    let mut no_text: Vec<ManifestError> = Vec::new();
    let mut files = Vec::with_capacity(rendered.len());
    for file in rendered {
        let text = match String::from_utf8(file.text) {
            Ok(text) => text,
            Err(error) => {
                if !file.name.ends_with(NOTES) {
                    no_text.push(ManifestError { path: file.name.to_string(), source: HeadError::of_bytes(error.as_bytes()) });
                }
                String::from_utf8_lossy(error.as_bytes()).into_owned()
            }
        };
        if !file.name.ends_with(NOTES) {
            files.push(RenderedFile { path: file.name, text });
        } else if options.sub_notes || *file.name == own_notes {
            if !notes.is_empty() {
                notes.push('\n');
            }
            notes.push_str(&text);
        }
    }
    let no_text = no_text.into_iter().min_by(|a, b| a.path.cmp(&b.path));
    Ok(RenderedFiles { files, notes, crds: assembly.crds(), no_text })
}

const NOTES: &str = "NOTES.txt";

/// A name that no release may have. The text is Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseNameError {
    /// No name at all.
    #[error("no name provided")]
    Missing,
    /// A name with other characters than lower case letters, digits, `-` and `.`, or that is too long.
    #[error(
        "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
    )]
    Invalid,
}

/// Checks a release's name as every action does (HE-ACT-01).
pub fn check_release_name(name: &str) -> Result<(), ReleaseNameError> {
    if name.is_empty() {
        return Err(ReleaseNameError::Missing);
    }
    let label = |label: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(label.chars().next())
            && edge(label.chars().last())
            && label.chars().all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.len() > 53 || !name.split('.').all(label) { Err(ReleaseNameError::Invalid) } else { Ok(()) }
}
