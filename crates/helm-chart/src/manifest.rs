//! Manifests and hooks: rendered files cut into documents and put in order (HE-MAN-01 to HE-MAN-05, HE-HK-01).

mod head;
mod hook;
mod kinds;
mod split;

use std::ops::Range;
use std::sync::Arc;

pub use head::{Head, HeadError};
pub use hook::{Hook, HookEvent, execution_order};
pub use kinds::{install_rank, uninstall_rank};
pub use split::split;

use crate::notice::{Level, Log, Notice};
use crate::paths::base;

/// A rendered file.
#[derive(Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// The path below the root chart: `parent/charts/child/templates/a.yaml`.
    pub path: Arc<str>,
    /// The text.
    pub text: String,
}

/// One document of a rendered file; it shares the file's text.
#[derive(Debug, Clone)]
pub struct Manifest {
    file: Arc<RenderedFile>,
    range: Range<usize>,
    /// What the document says about itself.
    pub head: Head,
}

impl Manifest {
    /// The path of the template that it comes from.
    pub fn path(&self) -> &str {
        &self.file.path
    }

    /// The document's text, without the separator; blank lines at its end are part of it.
    pub fn text(&self) -> &str {
        &self.file.text[self.range.clone()]
    }
}

/// A rendered document that is not YAML or not a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("YAML parse error on {path}: {source}")]
pub struct ManifestError {
    /// The path of the template.
    pub path: String,
    /// What is wrong with the document.
    pub source: HeadError,
}

/// Documents in install order and hooks in kind order.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Documents that belong to the release's manifest.
    pub manifests: Vec<Manifest>,
    /// Documents that run at certain moments.
    pub hooks: Vec<Hook>,
}

/// Cuts files into documents, tells hooks from manifests and sorts both by kind, keeping the order of files (by path)
/// and of documents among equals (HE-MAN-02). Partials and blank files are skipped.
pub fn sort(mut files: Vec<RenderedFile>, log: &dyn Log) -> Result<Sorted, ManifestError> {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.retain(|file| !base(&file.path).starts_with('_') && !file.text.trim().is_empty());
    let files: Vec<Arc<RenderedFile>> = files.into_iter().map(Arc::new).collect();
    let mut sorted = Sorted::default();
    for file in &files {
        for manifest in read(file) {
            let manifest = manifest?;
            match manifest.head.annotations.get(hook::ANNOTATION) {
                None => sorted.manifests.push(manifest),
                Some(events) => match HookEvent::parse_list(events) {
                    Some(events) => sorted.hooks.push(Hook::new(manifest, events)),
                    None => {
                        log.log(Notice::new(Level::Info, "skipping unknown hooks").with("hookTypes", events.as_str()));
                    }
                },
            }
        }
    }
    let rank = |kind: &str| {
        let (place, name) = install_rank(kind);
        (place, name.to_owned())
    };
    sorted.manifests.sort_by_cached_key(|m| rank(&m.head.kind));
    sorted.hooks.sort_by_cached_key(|h| rank(h.kind()));
    Ok(sorted)
}

/// The documents of a file, or why one of them is no manifest.
fn read(file: &Arc<RenderedFile>) -> impl Iterator<Item = Result<Manifest, ManifestError>> + '_ {
    let manifest = move |range: Range<usize>| match Head::parse(&file.text[range.clone()]) {
        Ok(head) => Ok(Manifest { file: Arc::clone(file), range, head }),
        Err(source) => Err(ManifestError { path: file.path.to_string(), source }),
    };
    split(&file.text).map(manifest)
}
