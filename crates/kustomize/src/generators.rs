//! `configMapGenerator` and `secretGenerator` (KB-GEN-01 … KB-GEN-03).

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use ferroflux_yaml::{Node, Style};
use smol_str::SmolStr;

use crate::error::{Error, ErrorKind, Result};
use crate::kustomization::fields::{ConfigMapArgs, GeneratorArgs, GeneratorOptions, SecretArgs};
use crate::resource::{Behavior, Resource, metadata};

mod sources;

/// Reads the files that a generator names.
pub(crate) type ReadFile<'a> = &'a mut dyn FnMut(&str) -> Result<Content>;

/// A value on its way into a generated object. Texts are shared: many objects may hold one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Text(SmolStr),
    Bytes(Arc<[u8]>),
}

impl Content {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(e) => Self::Bytes(e.into_bytes().into()),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Base64 text is broken into lines of this length if it is longer.
const BASE64_LINE: usize = 70;

/// What a generator adds for all of them and for itself.
pub(crate) fn merged_options(own: Option<&GeneratorOptions>, global: Option<&GeneratorOptions>) -> Option<GeneratorOptions> {
    let Some(global) = global else { return own.cloned() };
    let mut options = own.cloned().unwrap_or_default();
    for (mine, theirs) in [(&mut options.labels, &global.labels), (&mut options.annotations, &global.annotations)] {
        for (key, value) in theirs {
            mine.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    options.disable_name_suffix_hash |= global.disable_name_suffix_hash;
    options.immutable |= global.immutable;
    Some(options)
}

/// Makes a ConfigMap: text goes to `data`, everything else to `binaryData`.
pub(crate) fn config_map(args: &ConfigMapArgs, read: ReadFile<'_>) -> Result<Resource> {
    let mut node = base_node("ConfigMap", &args.args)?;
    let pairs = sources::read(&args.args, read)?;
    set_data(&mut node, pairs);
    Ok(finish(node, &args.args))
}

/// Makes a Secret: everything goes to `data` in base64.
pub(crate) fn secret(args: &SecretArgs, read: ReadFile<'_>) -> Result<Resource> {
    let mut node = base_node("Secret", &args.args)?;
    let kind = if args.secret_type.is_empty() { "Opaque" } else { &args.secret_type };
    node.set("type", Node::string(kind));
    let pairs = sources::read(&args.args, read)?;
    let data = pairs.into_iter().map(|(key, value)| (Node::string(key), text_node(encode(value.as_bytes()).into()))).collect();
    node.set("data", Node::mapping(data));
    Ok(finish(node, &args.args))
}

/// Puts bytes into `data` or `binaryData`.
fn set_data(node: &mut Node, pairs: BTreeMap<String, Content>) {
    let (mut data, mut binary) = (Vec::new(), Vec::new());
    for (key, value) in pairs {
        match value {
            Content::Text(text) => data.push((Node::string(key), text_node(text))),
            Content::Bytes(bytes) => binary.push((Node::string(key), text_node(encode(&bytes).into()))),
        }
    }
    for (field, pairs) in [("data", data), ("binaryData", binary)] {
        if !pairs.is_empty() {
            node.set(field, Node::mapping(pairs));
        }
    }
}

fn text_node(text: SmolStr) -> Node {
    let multi_line = text.contains('\n');
    let mut node = Node::string(text);
    if multi_line {
        node.set_style(Style::Literal);
    }
    node
}

/// Base64; long text is broken into lines, each with its end.
fn encode(bytes: &[u8]) -> String {
    let whole = base64::engine::general_purpose::STANDARD.encode(bytes);
    if whole.len() < BASE64_LINE {
        return whole;
    }
    let mut lines = String::with_capacity(whole.len() + whole.len() / BASE64_LINE + 1);
    let mut rest = whole.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(BASE64_LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines
}

fn base_node(kind: &'static str, args: &GeneratorArgs) -> Result<Node> {
    if args.name.is_empty() {
        return Err(Error::new(ErrorKind::GeneratorInput, "a configmap must have a name").at(args.at.line, args.at.column));
    }
    let mut node = Node::mapping(vec![(Node::string("apiVersion"), Node::string("v1")), (Node::string("kind"), Node::string(kind))]);
    let metadata = metadata(&mut node);
    metadata.set("name", Node::string(args.name.as_str()));
    if !args.namespace.is_empty() {
        metadata.set("namespace", Node::string(args.namespace.as_str()));
    }
    Ok(node)
}

fn finish(mut node: Node, args: &GeneratorArgs) -> Resource {
    let options = args.options.as_ref();
    if let Some(options) = options {
        for (field, texts) in [("labels", &options.labels), ("annotations", &options.annotations)] {
            if !texts.is_empty() {
                let pairs = texts.iter().map(|(k, v)| (crate::tree::untagged(k), Node::string(v.as_str()))).collect();
                metadata(&mut node).set(field, Node::mapping(pairs));
            }
        }
        if options.immutable {
            node.set("immutable", Node::bool(true));
        }
    }
    let mut resource = Resource::new(node);
    resource.needs_hash = options.is_none_or(|o| !o.disable_name_suffix_hash);
    resource.behavior = Behavior::parse(&args.behavior);
    resource.is_generated = true;
    resource
}

impl Resource {
    /// Takes the metadata of the object that this one replaces: labels and annotations are united, this one's win; name
    /// and namespace are the old one's (KB-GEN-04).
    pub(crate) fn replace_metadata_from(&mut self, old: &Resource) {
        for field in ["labels", "annotations"] {
            let mut texts = old.texts(field);
            texts.extend(self.texts(field));
            self.set_texts(field, texts);
        }
        self.previous.clone_from(&old.previous);
        self.prefixes.clone_from(&old.prefixes);
        self.suffixes.clone_from(&old.suffixes);
        self.behavior = old.behavior;
        self.needs_hash &= old.needs_hash;
        self.is_generated = old.is_generated;
        self.origin = self.origin.take().or_else(|| old.origin.clone());
        self.transformations.clone_from(&old.transformations);
        let (name, namespace) = (old.name().to_owned(), old.namespace().to_owned());
        self.set_name(&name);
        self.set_namespace(&namespace);
        self.variables.clone_from(&old.variables);
    }

    /// As [`Resource::replace_metadata_from`], and unites the data too.
    pub(crate) fn merge_from(&mut self, old: &Resource) {
        self.replace_metadata_from(old);
        self.origin = old.origin.clone().or_else(|| self.origin.take());
        for field in ["data", "binaryData"] {
            let texts = |resource: &Resource| -> BTreeMap<String, SmolStr> {
                let pairs = resource.node.get(field).and_then(Node::pairs).unwrap_or_default();
                let value = |v: &Node| if v.is_null() { SmolStr::default() } else { SmolStr::new(crate::tree::text(v)) };
                pairs.iter().map(|(k, v)| (crate::tree::text(k).to_owned(), value(v))).collect()
            };
            let mut merged = texts(old);
            merged.extend(texts(self));
            self.node.remove(field);
            if !merged.is_empty() {
                let pairs = merged.into_iter().map(|(k, v)| (Node::string(k), text_node(v))).collect();
                self.node.set(field, Node::mapping(pairs));
            }
        }
    }
}
