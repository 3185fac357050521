//! From files to a chart: what each file of a chart is (HE-CH-03, HE-CH-04), charts inside charts, validation.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use ferroflux_go_template::engine::ParseAhead;
use ferroflux_go_template::strconv::quote;

use crate::archive::{self, Archive, ArchiveError, looks_like_gzip};
use crate::chart::{Chart, Unread, is_crd};
use crate::directory::DirectoryTree;
use crate::file::{Budget, ChartFile, LoadLimits};
use crate::metadata::{DecodeError, Lock, Metadata, ValidationError, api_version};
use crate::notice::{Level, Log, Notice, Unlogged};
use crate::paths::{below_its_chart, ext};
use crate::render::TemplateCache;
use crate::tree::{self, FileTree, TreeError};
use crate::values::{ReadError, read_values};

/// Why a chart could not be loaded. The texts are those of Helm's SDK.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are no gzip stream.
    #[error("stream does not appear to be a valid chart file (details: gzip: invalid header)")]
    NotAnArchive,
    /// The archive was refused.
    #[error("unable to load chart archive: {0}")]
    Archive(ArchiveError),
    /// The directory was refused.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An archive without `Chart.yaml`.
    #[error("unable to detect chart version, no Chart.yaml found")]
    NoChartYaml,
    /// A chart without `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    ChartYamlMissing,
    /// An `apiVersion` that nobody knows.
    #[error("unsupported chart version")]
    UnsupportedVersion,
    /// The unfinished `apiVersion: v3`.
    #[error("invalid chart apiVersion")]
    PreviewVersion,
    /// A YAML file of the chart is not what it should be.
    #[error("cannot load {file}: {source}")]
    Decode {
        /// The file's name.
        file: &'static str,
        /// What is wrong.
        source: DecodeError,
    },
    /// The default values are not what they should be.
    #[error("cannot load values.yaml: {0}")]
    Values(#[from] ReadError),
    /// The metadata is not valid.
    #[error(transparent)]
    Validation(#[from] ValidationError),
    /// A chart under `charts/` could not be loaded.
    #[error("error unpacking subchart {name} in {parent}: {source}")]
    Subchart {
        /// The file or directory under `charts/`.
        name: String,
        /// The chart that holds it.
        parent: String,
        /// What is wrong.
        source: Box<LoadError>,
    },
    /// The archive of a chart under `charts/` was refused; its parent is named by [`LoadError::Subchart`].
    #[error(transparent)]
    Packed(ArchiveError),
    /// A directory under `charts/` with the name of an archive.
    #[error("error unpacking subchart tar in {parent}: expected {expected}, got {found}")]
    NotOneFile {
        /// The chart that holds it.
        parent: String,
        /// The name that an archive would have.
        expected: String,
        /// The file that is there.
        found: String,
    },
    /// Charts inside charts, too deep. The field is the limit.
    #[error("charts are nested deeper than {0} levels")]
    TooDeep(usize),
}

/// Loads a packaged chart.
pub fn load_archive(bytes: &[u8], limits: LoadLimits) -> Result<Arc<Chart>, LoadError> {
    load_packed(bytes, limits, None, &Unlogged)
}

/// `again` is the archive to read definitions from if they are asked for; with it they are not kept.
fn load_packed(packed: impl BufRead, limits: LoadLimits, again: Option<&Archive>, log: &dyn Log) -> Result<Arc<Chart>, LoadError> {
    let contents = if again.is_some() { Contents::ToRender } else { Contents::All };
    let mut budget = Budget::new(limits);
    // A chart that is to be rendered once cannot wait; one that stays is parsed when it is rendered first.
    let mut parse = again.map(|_| ParseAhead::default());
    let seen = |file: &ChartFile| {
        if let Some(parse) = parse.as_mut().filter(|_| below_its_chart(&file.name).starts_with("templates/")) {
            parse.offer(file.data.clone());
        }
    };
    let files = archive::read_within(packed, &mut budget, |name| contents.keeps(name), seen);
    let files = files.map_err(|e| match e {
        ArchiveError::NotGzip => LoadError::NotAnArchive,
        e => LoadError::Archive(e),
    })?;
    let Some(chart_file) = files.iter().find(|f| f.name == "Chart.yaml") else { return Err(LoadError::NoChartYaml) };
    check_api_version(chart_file)?;
    let packed = again.map(|archive| (archive.clone(), String::new()));
    Loader { contents, budget: &mut budget, parse, log }.load(files, packed, 0)
}

/// Which contents of the files of a packaged chart are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contents {
    All,
    /// What a render looks at. Values files are not kept once they are read; definitions under `crds/` are read again if a
    /// template looks at `.Files`, which hardly any does.
    ToRender,
}

impl Contents {
    /// Whether the content of a file is kept, by its path below the outermost chart.
    fn keeps(self, name: &str) -> bool {
        self == Self::All || !is_crd(below_its_chart(name))
    }
}

/// Loads a chart directory; `.helmignore` applies.
pub fn load_tree(tree: &dyn FileTree, limits: LoadLimits) -> Result<Arc<Chart>, LoadError> {
    load_tree_logged(tree, limits, &Unlogged)
}

fn load_tree_logged(tree: &dyn FileTree, limits: LoadLimits, log: &dyn Log) -> Result<Arc<Chart>, LoadError> {
    let mut budget = Budget::new(limits);
    if let Ok(data) = tree.read("Chart.yaml", limits.file_bytes) {
        check_api_version(&ChartFile::new("Chart.yaml", &data, std::time::SystemTime::UNIX_EPOCH))?;
    }
    let files = tree::read_within(tree, &mut budget, log)?;
    Loader { contents: Contents::All, budget: &mut budget, parse: None, log }.load(files, None, 0)
}

/// Loads a chart from files that are already in memory, names relative to the chart's root.
pub fn load_files(files: Vec<ChartFile>, limits: LoadLimits) -> Result<Arc<Chart>, LoadError> {
    Loader { contents: Contents::All, budget: &mut Budget::new(limits), parse: None, log: &Unlogged }.load(files, None, 0)
}

fn check_api_version(chart_file: &ChartFile) -> Result<(), LoadError> {
    match api_version(chart_file.data.as_bytes()).map_err(|source| LoadError::Decode { file: "Chart.yaml", source })?.as_str() {
        "" | "v1" | "v2" | "v3" => Ok(()),
        _ => Err(LoadError::UnsupportedVersion),
    }
}

/// What the charts of one tree share while they are loaded.
struct Loader<'l> {
    contents: Contents,
    budget: &'l mut Budget,
    /// What parses templates already; it goes to the outermost chart.
    parse: Option<ParseAhead>,
    log: &'l dyn Log,
}

impl Loader<'_> {
    /// Loads a chart from its files. `packed` is the archive and the folder in it that they come from, if some contents were
    /// not kept.
    fn load(&mut self, files: Vec<ChartFile>, packed: Option<(Archive, String)>, depth: usize) -> Result<Arc<Chart>, LoadError> {
        let contents = self.contents;
        let parse = self.parse.take();
        if depth > self.budget.limits.depth {
            return Err(LoadError::TooDeep(self.budget.limits.depth));
        }
        let decode = |file| move |source| LoadError::Decode { file, source };
        let mut parts = Parts::default();
        for file in files.iter().filter(|f| f.name == "Chart.yaml") {
            let metadata = parts.metadata.get_or_insert_default();
            metadata.update(file.data.as_bytes()).map_err(decode("Chart.yaml"))?;
            if metadata.api_version.is_empty() {
                metadata.api_version = "v1".to_owned();
            }
            parts.chart_file = Some(file.clone());
        }
        for file in files {
            parts.add(file, self.log)?;
        }
        parts.values_file = parts.values_file.filter(|_| contents == Contents::All);
        let (Some(mut metadata), Some(chart_file)) = (parts.metadata, parts.chart_file) else { return Err(LoadError::ChartYamlMissing) };
        metadata.validate()?;
        let mut dependencies = Vec::new();
        for (name, files) in parts.subcharts {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let inside = |source| LoadError::Subchart { name: name.clone(), parent: metadata.name.clone(), source: Box::new(source) };
            let mut inner = None;
            let files = if ext(&name) == ".tgz" {
                let Some(file) = files.first() else { continue };
                if file.name != name {
                    return Err(LoadError::NotOneFile { parent: metadata.name, expected: name, found: file.name.clone() });
                }
                let read = archive::read_within(file.data.as_bytes(), self.budget, |name| contents.keeps(name), |_| {});
                let read = read.map_err(|e| inside(LoadError::Packed(e)))?;
                if read.iter().any(|f| !contents.keeps(&f.name)) {
                    inner = Some((Archive::Bytes(file.data.clone()), String::new()));
                }
                read
            } else {
                inner = packed.as_ref().map(|(archive, folder)| (archive.clone(), format!("{folder}charts/{name}/")));
                let below = |mut file: ChartFile| {
                    file.name = file.name.split_once('/')?.1.to_owned();
                    Some(file)
                };
                files.into_iter().filter_map(below).collect()
            };
            dependencies.push(self.load(files, inner, depth + 1).map_err(inside)?);
        }
        // The original loads the format to the end and refuses to render it.
        if depth == 0 && metadata.api_version == "v3" {
            return Err(LoadError::PreviewVersion);
        }
        let unread = packed.filter(|_| parts.files.iter().any(|f| !contents.keeps(&f.name)));
        Ok(Arc::new(Chart {
            metadata,
            lock: parts.lock,
            values: Arc::new(parts.values),
            values_file: parts.values_file,
            schema: parts.schema,
            templates: parts.templates,
            files: parts.files,
            dependencies,
            chart_file,
            parsed: TemplateCache::after(parse),
            unread: unread.map(|(archive, folder)| Unread { archive, folder }),
        }))
    }
}

/// Said of `requirements.yaml` in a chart of API v2.
const IN_CHART_YAML: &str =
    "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating dependencies to Chart.yaml.";
/// Said of `requirements.lock` in a chart of API v2.
const IN_CHART_LOCK: &str =
    "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend migrating to Chart.lock.";

/// The files of one chart, sorted into what they are.
#[derive(Default)]
struct Parts {
    metadata: Option<Metadata>,
    chart_file: Option<ChartFile>,
    lock: Option<Lock>,
    values: crate::values::Table,
    values_file: Option<ChartFile>,
    schema: Option<ChartFile>,
    templates: Vec<ChartFile>,
    files: Vec<ChartFile>,
    subcharts: BTreeMap<String, Vec<ChartFile>>,
}

impl Parts {
    fn add(&mut self, mut file: ChartFile, log: &dyn Log) -> Result<(), LoadError> {
        let decode = |file| move |source| LoadError::Decode { file, source };
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => self.lock = Some(Lock::parse(file.data.as_bytes()).map_err(decode("Chart.lock"))?),
            "values.yaml" => {
                self.values = read_values(file.data.as_bytes())?;
                self.values_file = Some(file);
            }
            "values.schema.json" => self.schema = Some(file),
            "requirements.yaml" => {
                let metadata = self.metadata.get_or_insert_default();
                if metadata.api_version != "v1" {
                    log.log(Notice::new(Level::Info, IN_CHART_YAML));
                }
                metadata.update(file.data.as_bytes()).map_err(decode("requirements.yaml"))?;
                if metadata.api_version == "v1" {
                    self.files.push(file);
                }
            }
            "requirements.lock" => {
                self.lock = Some(Lock::parse(file.data.as_bytes()).map_err(decode("requirements.lock"))?);
                if self.metadata.as_ref().is_some_and(|m| m.api_version == "v1") {
                    self.files.push(file);
                } else {
                    log.log(Notice::new(Level::Info, IN_CHART_LOCK));
                }
            }
            name if name.starts_with("templates/") => self.templates.push(file),
            name if name.starts_with("charts/") && ext(name) != ".prov" => {
                file.name = name["charts/".len()..].to_owned();
                let chart = file.name.split('/').next().unwrap_or_default().to_owned();
                self.subcharts.entry(chart).or_default().push(file);
            }
            _ => self.files.push(file),
        }
        Ok(())
    }
}

/// Why a chart at a path could not be loaded, in the words of Helm's command line.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// There is nothing at the path.
    #[error("path {} not found", quote(.0))]
    NotFound(String),
    /// The file could not be read.
    #[error("{path}: {source}")]
    Read {
        /// The path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A YAML file where an archive was expected.
    #[error("file '{0}' seems to be a YAML file, but expected a gzipped archive")]
    Yaml(String),
    /// A file that is no archive.
    #[error("file '{path}' does not appear to be a gzipped archive; got '{found}'")]
    NotGzip {
        /// The path.
        path: String,
        /// The media type that its first bytes suggest.
        found: &'static str,
    },
    /// A directory without `Chart.yaml`.
    #[error("unable to detect chart at {0}/Chart.yaml: open {0}/Chart.yaml: no such file or directory")]
    NoChart(String),
    /// An archive that was refused; Helm's command line does not say why, so the reason is kept for those who ask.
    #[error("unable to load chart archive")]
    Archive(#[source] ArchiveError),
    /// The chart itself.
    #[error(transparent)]
    Load(LoadError),
}

/// Loads the chart directory or packaged chart at `path`.
pub fn load_path(path: &Path, limits: LoadLimits) -> Result<Arc<Chart>, PathError> {
    load_path_logged(path, limits, &Unlogged)
}

/// As [`load_path`], and says to `log` what Helm logs on the way.
pub fn load_path_logged(path: &Path, limits: LoadLimits, log: &dyn Log) -> Result<Arc<Chart>, PathError> {
    load_at(path, limits, Contents::All, log)
}

/// As [`load_path_logged`], for one render that does not print definitions: those of a packaged chart are not kept in memory.
pub(crate) fn load_path_to_render(path: &Path, limits: LoadLimits, log: &dyn Log) -> Result<Arc<Chart>, PathError> {
    load_at(path, limits, Contents::ToRender, log)
}

fn load_at(path: &Path, limits: LoadLimits, contents: Contents, log: &dyn Log) -> Result<Arc<Chart>, PathError> {
    let shown = || path.display().to_string();
    let read = |source| PathError::Read { path: shown(), source };
    let Ok(meta) = std::fs::metadata(path) else { return Err(PathError::NotFound(shown())) };
    if meta.is_dir() {
        if !path.join("Chart.yaml").exists() {
            return Err(PathError::NoChart(std::path::absolute(path).map_err(read)?.display().to_string()));
        }
        let tree = DirectoryTree::open(path).map_err(read)?;
        return load_tree_logged(&tree, limits, log).map_err(PathError::Load);
    }
    if meta.len() > limits.total_bytes {
        return Err(PathError::Archive(ArchiveError::TooLarge(limits.total_bytes)));
    }
    let archive = Archive::File(Arc::new(File::open(path).map_err(read)?));
    let mut packed = archive.read().map_err(read)?;
    let head = packed.fill_buf().map_err(read)?;
    if !looks_like_gzip(head) {
        let path = shown();
        let yaml = path.ends_with(".yml") || path.ends_with(".yaml");
        return Err(if yaml { PathError::Yaml(path) } else { PathError::NotGzip { found: media_type(head), path } });
    }
    let again = (contents == Contents::ToRender).then_some(&archive);
    load_packed(packed, limits, again, log).map_err(|e| match e {
        LoadError::Archive(e) => PathError::Archive(e),
        e => PathError::Load(e),
    })
}

/// The media type of the file types that people mistake for charts; a page that says that there is no chart is one of them.
fn media_type(bytes: &[u8]) -> &'static str {
    let known: [(&[u8], &str); 6] = [
        (b"PK\x03\x04", "application/zip"),
        (b"%PDF-", "application/pdf"),
        (b"Rar!\x1a\x07", "application/x-rar-compressed"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"%!PS-Adobe-", "application/postscript"),
    ];
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    if HTML.iter().any(|tag| starts_with_tag(text, tag.as_bytes())) {
        return "text/html; charset=utf-8";
    }
    known.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map_or("application/octet-stream", |(_, name)| name)
}

/// What HTML starts with.
const HTML: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
];

/// Whether a text starts with a tag, in any case of letters.
fn starts_with_tag(text: &[u8], tag: &[u8]) -> bool {
    text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)) && matches!(text.get(tag.len()), Some(b' ' | b'>'))
}
