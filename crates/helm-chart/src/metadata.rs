//! `Chart.yaml`: what a chart says about itself (HE-CH-01, HE-CH-02, HE-CH-03).

mod decode;
mod index;

use std::collections::{BTreeMap, BTreeSet};

use ferroflux_go_template::strconv::quote;
use ferroflux_go_template::value::{Map, Type, Value};
use ferroflux_semver_go::Version;

pub use decode::DecodeError;
pub(crate) use decode::{Field, read_field};
use decode::{Object, read_object};
pub(crate) use index::{IndexRecord, read_index_head};

use crate::paths::base;
use crate::values::Import;
use crate::values::Tree;

/// Whom to ask about a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// A person or organisation.
    pub name: String,
    /// An e-mail address.
    pub email: String,
    /// A web address.
    pub url: String,
}

/// A chart that a chart needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dependency {
    /// The chart's name.
    pub name: String,
    /// A version or a range.
    pub version: String,
    /// Where the chart can be found; not used while rendering.
    pub repository: String,
    /// Comma-separated paths of values that switch the dependency on or off.
    pub condition: String,
    /// Groups that are switched together.
    pub tags: Vec<String>,
    /// Whether the dependency takes part; `Chart.yaml` has no say in it.
    pub enabled: bool,
    /// Values to take over from the dependency, as they stand there; [`Dependency::imports`] reads them.
    pub import_values: Vec<Tree>,
    /// The name under which the parent knows the chart.
    pub alias: String,
}

/// `Chart.yaml`, without unknown keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// `v1` or `v2`.
    pub api_version: String,
    /// The chart's name; of an aliased subchart, its alias.
    pub name: String,
    /// The chart's version.
    pub version: String,
    /// A range of Kubernetes versions.
    pub kube_version: String,
    /// One sentence.
    pub description: String,
    /// `application` (also if empty) or `library`.
    pub chart_type: String,
    /// Search terms.
    pub keywords: Vec<String>,
    /// A web page.
    pub home: String,
    /// Where the source is.
    pub sources: Vec<String>,
    /// Charts that this one needs.
    pub dependencies: Vec<Dependency>,
    /// Whether there is a list of dependencies, which may be empty: only then does Helm look at what the subcharts say about
    /// theirs.
    pub(crate) lists_dependencies: bool,
    /// Who looks after the chart.
    pub maintainers: Vec<Maintainer>,
    /// A picture.
    pub icon: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// Whether the chart should no longer be used.
    pub deprecated: bool,
    /// Free key-value pairs.
    pub annotations: BTreeMap<String, String>,
    /// Written by Helm 2 only.
    pub condition: String,
    /// Written by Helm 2 only.
    pub tags: String,
    /// Whether `maintainers` or `dependencies` has a null item; found while reading, reported by validation.
    null_items: NullItems,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct NullItems {
    maintainers: bool,
    dependencies: bool,
}

/// `Chart.lock`: the versions that dependencies were resolved to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lock {
    /// When it was written, as text.
    pub generated: String,
    /// The digest of declared and locked dependencies; see [`crate::lock_digest`].
    pub digest: String,
    /// The dependencies with exact versions.
    pub dependencies: Vec<Dependency>,
}

/// Metadata that Helm refuses. The texts are Helm's, behind `validation: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("validation: {0}")]
pub struct ValidationError(pub String);

impl Metadata {
    /// Reads `Chart.yaml`. A missing `apiVersion` is `v1`.
    pub fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        let mut metadata = Self::default();
        metadata.update(text)?;
        if metadata.api_version.is_empty() {
            metadata.api_version = "v1".to_owned();
        }
        Ok(metadata)
    }

    /// Reads a text with the same keys over what is there (`requirements.yaml` of API v1 holds `dependencies`).
    pub fn update(&mut self, text: &[u8]) -> Result<(), DecodeError> {
        match read_object(text, "Metadata")? {
            Some(object) => self.take(&object),
            None => Ok(()),
        }
    }

    /// Takes the fields of a mapping over what is there. Here and below in the order of the keys: of several errors the
    /// first is told, and the original reads the keys sorted.
    fn take(&mut self, object: &Object) -> Result<(), DecodeError> {
        object.string_map("annotations", &mut self.annotations)?;
        object.string("apiVersion", &mut self.api_version)?;
        object.string("appVersion", &mut self.app_version)?;
        object.string("condition", &mut self.condition)?;
        if let Some(items) = object.objects("dependencies", "Dependency")? {
            self.lists_dependencies = true;
            self.null_items.dependencies = items.iter().any(Option::is_none);
            self.dependencies = items.iter().flatten().map(dependency).collect::<Result<_, _>>()?;
        }
        object.boolean("deprecated", &mut self.deprecated)?;
        object.string("description", &mut self.description)?;
        object.string("home", &mut self.home)?;
        object.string("icon", &mut self.icon)?;
        object.strings("keywords", &mut self.keywords)?;
        object.string("kubeVersion", &mut self.kube_version)?;
        if let Some(items) = object.objects("maintainers", "Maintainer")? {
            self.null_items.maintainers = items.iter().any(Option::is_none);
            self.maintainers = items.iter().flatten().map(maintainer).collect::<Result<_, _>>()?;
        }
        object.string("name", &mut self.name)?;
        object.strings("sources", &mut self.sources)?;
        object.string("tags", &mut self.tags)?;
        object.string("type", &mut self.chart_type)?;
        object.string("version", &mut self.version)
    }

    /// Cleans texts of control characters and checks what Helm checks when it loads a chart (HE-CH-02).
    pub fn validate(&mut self) -> Result<(), ValidationError> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources.iter_mut().chain(&mut self.keywords).for_each(sanitize);
        let refuse = |text: String| Err(ValidationError(text));
        if self.api_version.is_empty() {
            return refuse("chart.metadata.apiVersion is required".to_owned());
        }
        if self.name.is_empty() {
            return refuse("chart.metadata.name is required".to_owned());
        }
        if matches!(self.name.as_str(), "." | "..") {
            return refuse(format!("chart.metadata.name {} is not allowed", quote(&self.name)));
        }
        if self.name != base(&self.name) {
            return refuse(format!("chart.metadata.name {} is invalid", quote(&self.name)));
        }
        if self.version.is_empty() {
            return refuse("chart.metadata.version is required".to_owned());
        }
        if Version::parse(&self.version).is_err() {
            return refuse(format!("chart.metadata.version {} is invalid", quote(&self.version)));
        }
        if !matches!(self.chart_type.as_str(), "" | "application" | "library") {
            return refuse("chart.metadata.type must be application or library".to_owned());
        }
        if self.null_items.maintainers {
            return refuse("maintainers must not contain empty or null nodes".to_owned());
        }
        for maintainer in &mut self.maintainers {
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(sanitize);
        }
        if self.null_items.dependencies {
            return refuse("dependencies must not contain empty or null nodes".to_owned());
        }
        let mut names = BTreeSet::new();
        for dependency in &mut self.dependencies {
            [&mut dependency.name, &mut dependency.version, &mut dependency.repository, &mut dependency.condition]
                .into_iter()
                .for_each(sanitize);
            dependency.tags.iter_mut().for_each(sanitize);
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if !dependency.alias.chars().all(plain) {
                return refuse(format!("dependency {} has disallowed characters in the alias", quote(&dependency.name)));
            }
            if !names.insert(dependency.known_as()) {
                return refuse(format!("more than one dependency with name or alias {}", quote(dependency.known_as())));
            }
        }
        Ok(())
    }

    /// Whether this is a library chart, in any case of letters (HE-CH-06).
    pub fn is_library(&self) -> bool {
        self.chart_type.eq_ignore_ascii_case("library")
    }

    /// `.Chart`: a map with Go's field names (§6 of the contract).
    pub fn to_template(&self, is_root: bool) -> Value {
        let text = |s: &String| Value::from(s.as_str());
        let texts = |list: &[String]| Value::list(list.iter().map(text).collect());
        let annotations = self.annotations.iter().map(|(k, v)| (k.as_str(), text(v)));
        let annotations = if self.annotations.is_empty() { Map::nil(STRING_MAP) } else { Map::from_entries(STRING_MAP, annotations) };
        Value::map([
            ("APIVersion", text(&self.api_version)),
            ("Annotations", Value::Map(annotations)),
            ("AppVersion", text(&self.app_version)),
            ("Condition", text(&self.condition)),
            ("Dependencies", Value::list(self.dependencies.iter().map(Dependency::to_template).collect())),
            ("Deprecated", Value::Bool(self.deprecated)),
            ("Description", text(&self.description)),
            ("Home", text(&self.home)),
            ("Icon", text(&self.icon)),
            ("IsRoot", Value::Bool(is_root)),
            ("Keywords", texts(&self.keywords)),
            ("KubeVersion", text(&self.kube_version)),
            ("Maintainers", Value::list(self.maintainers.iter().map(Maintainer::to_template).collect())),
            ("Name", text(&self.name)),
            ("Sources", texts(&self.sources)),
            ("Tags", text(&self.tags)),
            ("Type", text(&self.chart_type)),
            ("Version", text(&self.version)),
        ])
    }
}

const STRING_MAP: &Type = &Type::Map(&Type::String);

impl Maintainer {
    fn to_template(&self) -> Value {
        Value::map([
            ("Email", Value::from(self.email.as_str())),
            ("Name", Value::from(self.name.as_str())),
            ("URL", Value::from(self.url.as_str())),
        ])
    }
}

impl Dependency {
    /// The name in the parent's values: the alias, or the chart's name.
    pub fn known_as(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    /// What the parent takes over. A text `x` stands for `exports.x` into the root (`.`); what is neither a text nor a table has no meaning (HE-DP-03).
    pub fn imports(&self) -> impl Iterator<Item = Import> + '_ {
        let import = |child, parent, is_export| Some(Import { chart: self.name.clone(), child, parent, is_export });
        self.import_values.iter().filter_map(move |item| match item {
            Tree::String(name) => import(format!("exports.{name}"), ".".to_owned(), true),
            Tree::Table(table) => {
                // Helm prints whatever stands there, and a missing key as the text of nil.
                let text = |key: &str| match table.get(key.as_bytes()) {
                    None | Some(Tree::Null) => "<nil>".to_owned(),
                    Some(Tree::String(s)) => s.to_string(),
                    Some(other) => other.to_json().to_string(),
                };
                import(text("child"), text("parent"), false)
            }
            _ => None,
        })
    }

    /// An item of `.Chart.Dependencies`.
    pub fn to_template(&self) -> Value {
        let text = |s: &String| Value::from(s.as_str());
        Value::map([
            ("Alias", text(&self.alias)),
            ("Condition", text(&self.condition)),
            ("Enabled", Value::Bool(self.enabled)),
            ("ImportValues", Value::list(self.imports().map(|import| pair(&import.child, &import.parent)).collect())),
            ("Name", text(&self.name)),
            ("Repository", text(&self.repository)),
            ("Tags", Value::list(self.tags.iter().map(text).collect())),
            ("Version", text(&self.version)),
        ])
    }
}

fn pair(child: &str, parent: &str) -> Value {
    Value::Map(Map::from_entries(STRING_MAP, [("child", Value::from(child)), ("parent", Value::from(parent))]))
}

impl Lock {
    /// Reads `Chart.lock` or `requirements.lock`.
    pub fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        let mut lock = Self::default();
        let Some(object) = read_object(text, "Lock")? else { return Ok(lock) };
        if let Some(items) = object.objects("dependencies", "Dependency")? {
            lock.dependencies = items.iter().flatten().map(dependency).collect::<Result<_, _>>()?;
        }
        object.string("digest", &mut lock.digest)?;
        object.string("generated", &mut lock.generated)?;
        Ok(lock)
    }
}

/// The table `files` of a provenance file's second part: file names and digests.
pub(crate) fn read_files_table(text: &[u8]) -> Result<BTreeMap<String, String>, DecodeError> {
    let mut files = BTreeMap::new();
    if let Some(object) = read_object(text, "SumCollection")? {
        object.string_map("files", &mut files)?;
    }
    Ok(files)
}

/// The `apiVersion` of a `Chart.yaml` alone, which decides how the rest is read.
pub(crate) fn api_version(text: &[u8]) -> Result<String, DecodeError> {
    let mut version = String::new();
    if let Some(object) = read_object(text, decode::CHART_BASE)? {
        object.string("apiVersion", &mut version)?;
    }
    Ok(version)
}

fn maintainer(object: &Object) -> Result<Maintainer, DecodeError> {
    let mut maintainer = Maintainer::default();
    object.string("email", &mut maintainer.email)?;
    object.string("name", &mut maintainer.name)?;
    object.string("url", &mut maintainer.url)?;
    Ok(maintainer)
}

fn dependency(object: &Object) -> Result<Dependency, DecodeError> {
    let mut dependency = Dependency::default();
    object.string("alias", &mut dependency.alias)?;
    object.string("condition", &mut dependency.condition)?;
    object.boolean("enabled", &mut dependency.enabled)?;
    dependency.import_values = object.trees("import-values")?;
    object.string("name", &mut dependency.name)?;
    object.string("repository", &mut dependency.repository)?;
    object.strings("tags", &mut dependency.tags)?;
    object.string("version", &mut dependency.version)?;
    Ok(dependency)
}

/// White space of every kind becomes a blank, what cannot be printed goes.
fn sanitize(text: &mut String) {
    let odd = |c: char| c != ' ' && (c.is_whitespace() || !printable(c));
    if text.contains(odd) {
        *text = text.chars().filter(|c| c.is_whitespace() || printable(*c)).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    }
}

fn printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{10ffff}')
}
