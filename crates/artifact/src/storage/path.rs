//! Paths of artifacts below the storage root: `<kind>/<namespace>/<name>/<file>`, nothing else.

use std::fmt;

/// A checked path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactPath {
    text: String,
    file_at: usize,
}

/// Why a text is no path of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid artifact path {path:?}: {reason}")]
pub struct PathError {
    /// The text.
    pub path: String,
    /// What is wrong.
    pub reason: &'static str,
}

impl ArtifactPath {
    /// The path of an object's file; the kind is lower-cased.
    pub fn new(kind: &str, namespace: &str, name: &str, file: &str) -> Result<Self, PathError> {
        let directory = object_directory(kind, namespace, name)?;
        Ok(Self { file_at: directory.len() + 1, text: format!("{directory}/{}", segment(file)?) })
    }

    /// Reads a path from a status or a URL. Temporary and lock files are no artifacts.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        let bad = |reason| PathError { path: path.to_owned(), reason };
        let segments: Vec<&str> = path.split('/').collect();
        let [kind, namespace, name, file] = segments[..] else {
            return Err(bad("expected <kind>/<namespace>/<name>/<file>"));
        };
        if file.starts_with('.') || file.ends_with(".lock") {
            return Err(bad("not the name of an artifact"));
        }
        if kind.chars().any(char::is_uppercase) {
            return Err(bad("the kind must be lower-case"));
        }
        Self::new(kind, namespace, name, file)
    }

    /// The whole path, relative to the root.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `<kind>/<namespace>/<name>`.
    pub fn directory(&self) -> &str {
        &self.text[..self.file_at - 1]
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        &self.text[self.file_at..]
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The directory of an object.
pub(super) fn object_directory(kind: &str, namespace: &str, name: &str) -> Result<String, PathError> {
    Ok(format!("{}/{}/{}", segment(kind)?.to_lowercase(), segment(namespace)?, segment(name)?))
}

/// A single segment that neither climbs, nor hides a separator or a control character.
pub(super) fn segment(text: &str) -> Result<&str, PathError> {
    let bad = |reason| PathError { path: text.chars().take(256).collect(), reason };
    match text {
        "" | "." | ".." => Err(bad("empty or relative segment")),
        _ if text.len() > 255 => Err(bad("segment of more than 255 bytes")),
        _ if text.chars().any(|c| c == '/' || c == '\\' || c.is_control()) => Err(bad("separator or control character in a segment")),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// SRC-ART-09, SRC-ART-20: what would leave the object's directory is no path.
    #[test]
    fn hostile_paths_are_refused() {
        for path in [
            "",
            "a",
            "a/b/c",
            "../a/b/c",
            "a/b/../c",
            "a/b/c/d/e",
            "a//b/c",
            "/a/b/c",
            "a/b/c/..",
            "a/b/c/x.lock",
            "a/b/c/.tmp-x",
            "a/b/c/d\\e",
            "a/b/c/d\n",
        ] {
            assert!(ArtifactPath::parse(path).is_err(), "{path:?}");
        }
        assert_eq!(ArtifactPath::new("GitRepository", "ns", "n", "f").map(|p| p.to_string()), Ok("gitrepository/ns/n/f".into()));
    }

    proptest! {
        /// SRC-ART-09: whatever is accepted stays exactly four levels below the root.
        #[test]
        fn accepted_paths_stay_inside(path in "[a-z./\\\\ ]{0,40}") {
            if let Ok(path) = ArtifactPath::parse(&path) {
                let normal = std::path::Path::new(path.as_str()).components().all(|c| matches!(c, std::path::Component::Normal(_)));
                prop_assert!(normal && path.as_str().split('/').count() == 4);
            }
        }
    }
}
