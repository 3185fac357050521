//! The stream that a post-renderer gets, and the way back to files (HE-PR-01).
//!
//! Every document is marked with the template it comes from; what comes back is grouped by that mark again, so that
//! hooks and manifests are told apart and sorted as if nothing had happened in between.

use std::collections::BTreeMap;

use ferroflux_yaml::{Documents, Duplicates, Node, ReadOptions, WriteOptions, write_document};

use crate::manifest::{RenderedFile, split};
use crate::paths::base;

/// The annotation that holds the path of a document's template.
pub const FILENAME_ANNOTATION: &str = "postrenderer.helm.sh/postrender-filename";

/// Which documents a stream holds; names new documents that a post-renderer adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamPart {
    /// All documents in one stream.
    #[default]
    Combined,
    /// Hooks only.
    Hooks,
    /// Manifests only.
    Manifests,
}

/// A stream that cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostRenderError {
    /// A rendered file is not YAML.
    #[error("error merging manifests: parsing {path}: {text}")]
    Merge {
        /// The path of the template.
        path: String,
        /// What is wrong.
        text: String,
    },
    /// What came back is not YAML.
    #[error("error while parsing post rendered output: error parsing YAML: {0}")]
    Parse(String),
    /// The post-renderer failed.
    #[error("error while running post render on files: {0}")]
    Run(String),
}

/// Changes what a chart rendered, on its way to the release. Gets the stream of all documents and gives back another one.
pub trait PostRenderer {
    /// Runs once for a render.
    fn run(&mut self, stream: String) -> Result<String, String>;
}

/// Sends files through a post-renderer as one stream and takes what comes back apart again.
pub fn post_render(files: &[RenderedFile], renderer: &mut dyn PostRenderer) -> Result<Vec<RenderedFile>, PostRenderError> {
    let changed = renderer.run(merge_files(files)?).map_err(PostRenderError::Run)?;
    split_stream(&changed, StreamPart::Combined)
}

/// One stream of all documents of the files, in path order, each with [`FILENAME_ANNOTATION`].
pub fn merge_files(files: &[RenderedFile]) -> Result<String, PostRenderError> {
    let mut sorted: Vec<&RenderedFile> = files.iter().filter(|f| !base(&f.path).starts_with('_')).collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut out = String::new();
    for file in sorted {
        for range in split(&file.text) {
            let failed = |e: ferroflux_yaml::Error| PostRenderError::Merge { path: file.path.to_string(), text: malformed(&e) };
            for node in Documents::new(&file.text[range], read_options()).map_err(failed)? {
                let mut node = node.map_err(failed)?;
                if node.is_null() {
                    continue;
                }
                if let Some(text) = wrong_kind(&node) {
                    return Err(PostRenderError::Merge { path: file.path.to_string(), text });
                }
                let metadata = node.get_or_insert_with("metadata", || Node::mapping(Vec::new()));
                let annotations = metadata.get_or_insert_with("annotations", || Node::mapping(Vec::new()));
                annotations.set(FILENAME_ANNOTATION, Node::string(&*file.path));
                push(&mut out, &node);
            }
        }
    }
    Ok(out)
}

/// The files of a stream that a post-renderer gave back, by path; the mark is gone, and so are annotations and metadata
/// that hold nothing else.
pub fn split_stream(stream: &str, part: StreamPart) -> Result<Vec<RenderedFile>, PostRenderError> {
    let failed = |e: ferroflux_yaml::Error| PostRenderError::Parse(malformed(&e));
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let documents = Documents::new(stream, read_options()).map_err(failed)?;
    let mut number = 0;
    for node in documents {
        let mut node = node.map_err(failed)?;
        if node.is_null() {
            continue;
        }
        if let Some(text) = wrong_kind(&node) {
            return Err(PostRenderError::Parse(text));
        }
        let marked = node.at_path(&["metadata", "annotations", FILENAME_ANNOTATION]).and_then(Node::as_str).map(str::to_owned);
        let path = marked.filter(|p| !p.is_empty()).unwrap_or_else(|| match part {
            StreamPart::Combined => format!("generated-by-postrender-{number}.yaml"),
            StreamPart::Hooks => format!("generated-by-postrender-hooks-{number}.yaml"),
            StreamPart::Manifests => format!("generated-by-postrender-manifests-{number}.yaml"),
        });
        number += 1;
        if let Some(annotations) = node.at_path_mut(&["metadata", "annotations"]) {
            annotations.remove(FILENAME_ANNOTATION);
            if annotations.is_empty()
                && let Some(metadata) = node.at_path_mut(&["metadata"])
            {
                metadata.remove("annotations");
            }
        }
        if node.get("metadata").is_some_and(|metadata| metadata.is_mapping() && metadata.is_empty()) {
            node.remove("metadata");
        }
        push(files.entry(path).or_default(), &node);
    }
    Ok(files.into_iter().map(|(path, text)| RenderedFile { path: path.into(), text }).collect())
}

/// What cannot be marked: a document, its metadata or its annotations that are no mapping.
fn wrong_kind(document: &Node) -> Option<String> {
    let inner = [["metadata"].as_slice(), &["metadata", "annotations"]];
    let found = inner.into_iter().filter_map(|path| document.at_path(path)).filter(|node| !node.is_null());
    let wrong = std::iter::once(document).chain(found).find(|node| !node.is_mapping())?;
    let kind = if wrong.is_sequence() { "SequenceNode" } else { "ScalarNode" };
    let contents = write_document(wrong, WriteOptions::default(), String::new());
    Some(format!("wrong node kind: expected MappingNode but got {kind}: node contents:\n{contents}"))
}

fn read_options() -> ReadOptions {
    // the original keeps a key that stands twice, and so leaves it to whoever reads the manifest
    ReadOptions { comments: true, duplicates: Duplicates::Keep, ..ReadOptions::default() }
}

fn malformed(error: &ferroflux_yaml::Error) -> String {
    format!("MalformedYAMLError: {error}")
}

fn push(out: &mut String, node: &Node) {
    if !out.is_empty() {
        out.push_str("---\n");
    }
    *out = write_document(node, WriteOptions::default(), std::mem::take(out));
}

#[cfg(test)]
mod tests {
    use super::{FILENAME_ANNOTATION, PostRenderError, StreamPart, merge_files, split_stream};
    use crate::manifest::RenderedFile;

    /// HE-PR-01: marks on the way out, groups and names on the way back, empty annotations dropped.
    #[test]
    fn there_and_back() -> Result<(), PostRenderError> {
        let file = |path: &str, text: &str| RenderedFile { path: path.into(), text: text.to_owned() };
        let files = [
            file("app/templates/b.yaml", "kind: B\nmetadata:\n  name: b\n---\nkind: C\nmetadata:\n  annotations:\n    x: y\n"),
            file("app/templates/a.yaml", "kind: A\n"),
            file("app/templates/_p.yaml", "kind: P\n"),
            file("app/templates/blank.yaml", " \n"),
        ];
        let merged = merge_files(&files)?;
        assert_eq!(merged.matches(FILENAME_ANNOTATION).count(), 3);
        assert!(merged.starts_with("kind: A\n"), "{merged}");
        let back = split_stream(&format!("{merged}---\nkind: New\n"), StreamPart::Hooks)?;
        let paths: Vec<&str> = back.iter().map(|f| &*f.path).collect();
        assert_eq!(paths, ["app/templates/a.yaml", "app/templates/b.yaml", "generated-by-postrender-hooks-3.yaml"]);
        assert_eq!(back[0].text, "kind: A\n");
        assert_eq!(back[1].text, "kind: B\nmetadata:\n  name: b\n---\nkind: C\nmetadata:\n  annotations:\n    x: y\n");
        assert!(split_stream("a: [", StreamPart::Combined).is_err_and(|e| e.to_string().contains("MalformedYAMLError: yaml: line 1")));
        Ok(())
    }

    /// HE-PR-01: what cannot be marked is refused and not overwritten; keys that stand twice stay.
    #[test]
    fn odd_documents() -> Result<(), PostRenderError> {
        let merge = |text: &str| merge_files(&[RenderedFile { path: "app/templates/a.yaml".into(), text: text.to_owned() }]);
        for (text, kind) in [("- a\n", "SequenceNode"), ("text\n", "ScalarNode"), ("kind: A\nmetadata: x\n", "ScalarNode")] {
            let error = split_stream(text, StreamPart::Combined).map_err(|e| e.to_string());
            assert!(error.is_err_and(|e| e.contains(&format!("error parsing YAML: wrong node kind: expected MappingNode but got {kind}"))));
            let said = merge(text).map_err(|e| e.to_string());
            assert!(
                said.is_err_and(|e| e.contains(&format!("app/templates/a.yaml: wrong node kind: expected MappingNode but got {kind}")))
            );
        }
        let twice = merge("kind: A\nkind: B\nmetadata:\n")?;
        assert_eq!(split_stream(&twice, StreamPart::Combined)?[0].text, "kind: A\nkind: B\n");
        Ok(())
    }
}
