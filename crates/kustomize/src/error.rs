//! What goes wrong in a build, told so that it can be mended: the cause in one line with file, line and column first,
//! then the chain of kustomizations that led there (KB-UX-01).

use std::fmt;

use crate::identity::ResId;

/// The class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The build was cancelled by its caller.
    Cancelled,
    /// A kind that does not fit where it stands: a Component as a resource, a Kustomization as a component.
    ComponentKind,
    /// A kustomization that includes itself or a directory above it.
    Cycle,
    /// Two objects with one id, or two field specs that contradict each other.
    DuplicateId,
    /// A field path that does not fit the object.
    FieldPath,
    /// `behavior:` that does not fit what exists.
    GeneratorBehavior,
    /// Unusable literals, files or env files of a generator.
    GeneratorInput,
    /// A document that is no Kubernetes object.
    InvalidResource,
    /// A JSON 6902 patch that does not apply.
    Json6902,
    /// A kustomization with nothing in it.
    KustomizationEmpty,
    /// A kustomization with wrong types, unknown fields or a wrong apiVersion or kind.
    KustomizationInvalid,
    /// A directory without a kustomization.
    KustomizationMissing,
    /// A directory with several kustomization files.
    KustomizationMultiple,
    /// A limit on size, depth or number was passed.
    Limit,
    /// Text that is not YAML.
    MalformedYaml,
    /// A name reference that cannot be resolved.
    NameReference,
    /// A file or directory that does not exist.
    NotFound,
    /// An unusable `openapi` field or file.
    OpenApi,
    /// A directory where a file must be.
    IsDirectory,
    /// An address that is a repository and no file.
    IsRepository,
    /// Something else.
    Other,
    /// A path that leaves the directory it must stay in.
    OutsideRoot,
    /// What makes the original crash.
    Panic,
    /// A patch that cannot be read.
    PatchInvalid,
    /// A strategic merge patch without a target.
    PatchNoMatch,
    /// A plug-in configuration that cannot be used.
    Plugin,
    /// A plug-in that is not built in.
    PluginDisabled,
    /// A remote base or file that was refused or could not be had.
    Remote,
    /// A replacement that cannot be made.
    Replacement,
    /// A `replicas` entry without a target.
    Replica,
    /// A selector that is no regular expression or no label selector.
    Selector,
    /// Wrong `sortOptions`.
    SortOptions,
    /// An unknown field in a configuration file.
    UnknownField,
    /// A validator that objects.
    Validation,
    /// A `vars` entry that cannot be resolved.
    Var,
}

impl ErrorKind {
    /// The name of the class: lower case, words joined by dashes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::ComponentKind => "component-kind",
            Self::Cycle => "cycle",
            Self::DuplicateId => "duplicate-id",
            Self::FieldPath => "field-path",
            Self::GeneratorBehavior => "generator-behavior",
            Self::GeneratorInput => "generator-input",
            Self::InvalidResource => "invalid-resource",
            Self::Json6902 => "json6902",
            Self::KustomizationEmpty => "kustomization-empty",
            Self::KustomizationInvalid => "kustomization-invalid",
            Self::KustomizationMissing => "kustomization-missing",
            Self::KustomizationMultiple => "kustomization-multiple",
            Self::Limit => "limit",
            Self::MalformedYaml => "malformed-yaml",
            Self::NameReference => "name-reference",
            Self::NotFound => "not-found",
            Self::OpenApi => "openapi",
            Self::IsDirectory => "not-found",
            Self::IsRepository => "remote",
            Self::Other => "other",
            Self::OutsideRoot => "outside-root",
            Self::Panic => "panic",
            Self::PatchInvalid => "patch-invalid",
            Self::PatchNoMatch => "patch-no-match",
            Self::Plugin => "plugin",
            Self::PluginDisabled => "plugin-disabled",
            Self::Remote => "remote",
            Self::Replacement => "replacement",
            Self::Replica => "replica",
            Self::Selector => "selector",
            Self::SortOptions => "sort-options",
            Self::UnknownField => "unknown-field",
            Self::Validation => "validation",
            Self::Var => "var",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in an input file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Path of the file inside the file tree, or the address of a remote file.
    pub file: String,
    /// Line, from 1; 0 if the whole file is meant.
    pub line: usize,
    /// Column, from 1; 0 if the whole line is meant.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.file),
            (line, 0) => write!(f, "{}:{line}", self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }
    }
}

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    kind: ErrorKind,
    cause: String,
    place: Option<Place>,
    field: Option<String>,
    subject: Option<String>,
    hint: Option<String>,
    chain: Vec<String>,
}

/// The result of a step of a build.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure of a class with its cause in one line.
    pub fn new(kind: ErrorKind, cause: impl Into<String>) -> Self {
        Self(Box::new(Parts { kind, cause: cause.into(), place: None, field: None, subject: None, hint: None, chain: Vec::new() }))
    }

    /// The class.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The cause alone, without place and chain.
    pub fn cause(&self) -> &str {
        &self.0.cause
    }

    /// Where in the input the cause is, as far as known.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// The kustomization directories from the root to the one that failed.
    pub fn chain(&self) -> &[String] {
        &self.0.chain
    }

    /// Another class for the same failure: a patch that cannot be read is malformed YAML seen from the file and a
    /// plug-in failure seen from the plug-in.
    #[must_use]
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same failure in other words.
    #[must_use]
    pub(crate) fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = cause.into();
        self
    }

    /// Names the file unless a closer place is known.
    #[must_use]
    pub(crate) fn in_file(mut self, file: &str) -> Self {
        match &mut self.0.place {
            Some(place) if place.file.is_empty() => place.file = file.to_owned(),
            Some(_) => {}
            none => *none = Some(Place { file: file.to_owned(), line: 0, column: 0 }),
        }
        self
    }

    /// Names line and column; the file may follow by [`Error::in_file`].
    #[must_use]
    pub(crate) fn at(mut self, line: usize, column: usize) -> Self {
        match &mut self.0.place {
            Some(place) if place.line == 0 => (place.line, place.column) = (line, column),
            Some(_) => {}
            none => *none = Some(Place { file: String::new(), line, column }),
        }
        self
    }

    /// Names the field of the kustomization, unless a closer one is known.
    #[must_use]
    pub(crate) fn in_field(mut self, field: impl Into<String>) -> Self {
        self.0.field.get_or_insert_with(|| field.into());
        self
    }

    /// Puts a field name in front of the path that is named.
    #[must_use]
    pub(crate) fn prefix_field(mut self, name: &str) -> Self {
        self.0.field = Some(match self.0.field.take() {
            Some(inner) => format!("{name}.{inner}"),
            None => name.to_owned(),
        });
        self
    }

    /// Names the object, unless a closer one is known.
    #[must_use]
    pub(crate) fn on(mut self, id: &ResId) -> Self {
        self.0.subject.get_or_insert_with(|| id.to_string());
        self
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Adds a kustomization directory in front of the chain.
    #[must_use]
    pub(crate) fn under(mut self, directory: &str) -> Self {
        self.0.chain.insert(0, directory.to_owned());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { cause, place, field, subject, hint, chain, .. } = &*self.0;
        if let Some(place) = place
            && !place.file.is_empty()
        {
            write!(f, "{place}: ")?;
        }
        match (field, subject) {
            (Some(field), Some(subject)) => write!(f, "{field}: {subject}: {cause}")?,
            (Some(only), None) | (None, Some(only)) => write!(f, "{only}: {cause}")?,
            (None, None) => f.write_str(cause)?,
        }
        if let Some(hint) = hint {
            write!(f, " ({hint})")?;
        }
        if chain.len() > 1 {
            write!(f, "\n  while building {}", chain.join(" → "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The candidate nearest to `name` by edit distance, if one is near enough to be a typo.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .take(2000)
        .filter(|c| c.len().abs_diff(name.len()) <= 2 * limit && *c != name)
        .map(|c| (edit_distance(name, c), c))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

/// Number of insertions, removals and changes of one character between two names, ignoring case.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(200).flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(200).flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KB-UX-01
    #[test]
    fn the_cause_comes_first_and_the_chain_after_it() {
        let e = Error::new(ErrorKind::NotFound, "'/base/a.yaml' doesn't exist")
            .in_file("/base/kustomization.yaml")
            .at(3, 5)
            .in_field("resources[0]")
            .hint("did you mean 'b.yaml'?")
            .under("/base")
            .under("/app");
        assert_eq!(
            e.to_string(),
            "/base/kustomization.yaml:3:5: resources[0]: '/base/a.yaml' doesn't exist (did you mean 'b.yaml'?)\n  while building /app → /base"
        );
    }

    /// KB-UX-01
    #[test]
    fn typos_find_their_neighbour() {
        let names = ["resources", "configMapGenerator", "foo"];
        assert_eq!(nearest("resuorces", names.into_iter()), Some("resources"));
        assert_eq!(nearest("fooo", names.into_iter()), Some("foo"));
        assert_eq!(nearest("unlike", names.into_iter()), None);
    }
}
