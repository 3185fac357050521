//! An object on its way through the build: its tree, and what the build knows about it besides.

use std::collections::BTreeMap;

use ferroflux_yaml::{Kind, Node, Tag};

use crate::identity::{GvkRef, IdRef, split_api_version};
use crate::origin::Origin;
use crate::tree::{is_null_or_empty, text, untagged};

/// The prefix of annotations that carry the state of a build; they never reach the output.
const INTERNAL: &str = "internal.config.kubernetes.io/";
const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
const REFERENCED_BY: &str = "internal.config.kubernetes.io/refBy";
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";
const HELM_GENERATED: &str = "internal.config.kubernetes.io/helm-generated";
const ENABLED: &str = "enabled";

/// Annotations that are removed at the end (KB-OUT-04).
const BUILD_ANNOTATIONS: [&str; 19] = [
    PREVIOUS_KINDS,
    PREVIOUS_NAMES,
    PREVIOUS_NAMESPACES,
    PREFIXES,
    SUFFIXES,
    BEHAVIOR,
    NEEDS_HASH,
    ALLOW_NAME_CHANGE,
    ALLOW_KIND_CHANGE,
    REFERENCED_BY,
    HELM_GENERATED,
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
];

/// What a generated object does to one that exists (KB-GEN-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// A name, namespace and kind that the object had before (KB-ID-03).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreviousId {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) kind: String,
}

/// An object of the build.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The object itself; null once it is deleted.
    pub(crate) node: Node,
    /// Oldest first.
    pub(crate) previous: Vec<PreviousId>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) behavior: Behavior,
    pub(crate) needs_hash: bool,
    /// Whether a generator made it; the original then keeps its behavior in an annotation.
    pub(crate) is_generated: bool,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
    pub(crate) helm_generated: bool,
    pub(crate) origin: Option<Box<Origin>>,
    pub(crate) transformations: Vec<Origin>,
    /// Counts the groups of twins that were made, see [`crate::tree::Twins`].
    pub(crate) twin_marks: u16,
    /// Variables that take their value from this object.
    pub(crate) variables: Vec<String>,
}

/// The state that lives beside the tree, as annotations would hold it.
type Annotations = BTreeMap<String, String>;

impl Resource {
    /// From a tree that is an object; state that its annotations hold is taken over.
    pub(crate) fn new(node: Node) -> Self {
        let mut resource = Self {
            node,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Unspecified,
            needs_hash: false,
            is_generated: false,
            allow_name_change: false,
            allow_kind_change: false,
            helm_generated: false,
            origin: None,
            transformations: Vec::new(),
            twin_marks: 0,
            variables: Vec::new(),
        };
        resource.absorb_annotations();
        resource
    }

    pub(crate) fn kind(&self) -> &str {
        self.node.get("kind").map_or("", text)
    }

    pub(crate) fn api_version(&self) -> &str {
        self.node.get("apiVersion").map_or("", text)
    }

    pub(crate) fn gvk(&self) -> GvkRef<'_> {
        let (group, version) = split_api_version(self.api_version());
        GvkRef { group, version, kind: self.kind() }
    }

    fn metadata_text(&self, field: &str) -> &str {
        self.node
            .get("metadata")
            .filter(|m| !is_null_or_empty(m))
            .and_then(|m| m.get(field))
            .filter(|v| !is_null_or_empty(v))
            .map_or("", text)
    }

    pub(crate) fn name(&self) -> &str {
        self.metadata_text("name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.metadata_text("namespace")
    }

    /// The id as the object is now.
    pub(crate) fn id(&self) -> IdRef<'_> {
        IdRef { gvk: self.gvk(), name: self.name(), namespace: self.namespace() }
    }

    /// Earlier ids, oldest first.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = IdRef<'_>> {
        let gvk = self.gvk();
        self.previous.iter().map(move |p| IdRef { gvk: GvkRef { kind: &p.kind, ..gvk }, name: &p.name, namespace: &p.namespace })
    }

    /// The id that the object was loaded with.
    pub(crate) fn original_id(&self) -> IdRef<'_> {
        self.previous_ids().next().unwrap_or_else(|| self.id())
    }

    /// Every id, the current one last.
    pub(crate) fn all_ids(&self) -> impl Iterator<Item = IdRef<'_>> {
        self.previous_ids().chain(std::iter::once(self.id()))
    }

    /// Remembers the present id before it changes.
    pub(crate) fn remember_id(&mut self) {
        let id = self.id();
        let previous =
            PreviousId { name: id.name.to_owned(), namespace: id.effective_namespace().to_owned(), kind: id.gvk.kind.to_owned() };
        self.previous.push(previous);
    }

    /// Whether a patch has deleted the object.
    pub(crate) fn is_gone(&self) -> bool {
        is_null_or_empty(&self.node)
    }

    pub(crate) fn set_kind(&mut self, kind: &str) {
        set_scalar(&mut self.node, "kind", kind);
    }

    pub(crate) fn set_api_version(&mut self, api_version: &str) {
        set_scalar(&mut self.node, "apiVersion", api_version);
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        set_scalar(metadata(&mut self.node), "name", name);
    }

    /// Sets the namespace; the empty one removes the field.
    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            if let Some(metadata) = self.node.get_mut("metadata") {
                metadata.remove("namespace");
            }
        } else {
            set_scalar(metadata(&mut self.node), "namespace", namespace);
        }
    }

    /// A label's text.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.node.at_path(&["metadata", "labels"])?.get(key).map(text)
    }

    /// An annotation's text.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.node.at_path(&["metadata", "annotations"])?.get(key).map(text)
    }

    /// Whether the object takes part in everything but the output (KB-DOC-06).
    pub(crate) fn is_local_config(&self) -> bool {
        self.annotation(LOCAL_CONFIG).is_some_and(|v| v != "false")
    }

    /// Whether annotations would be there in the original although the tree has none.
    pub(crate) fn has_state(&self) -> bool {
        !self.previous.is_empty()
            || !self.prefixes.is_empty()
            || !self.suffixes.is_empty()
            || self.is_generated
            || self.needs_hash
            || self.origin.is_some()
            || !self.transformations.is_empty()
    }

    /// The labels or annotations as texts.
    pub(crate) fn texts(&self, field: &str) -> Annotations {
        match self.node.at_path(&["metadata", field]).map(Node::kind) {
            Some(Kind::Mapping(pairs)) => pairs.iter().map(|(k, v)| (text(k).to_owned(), text(v).to_owned())).collect(),
            // the original takes the items of a list for keys and values in turn
            Some(Kind::Sequence(items)) => items.chunks_exact(2).map(|c| (text(&c[0]).to_owned(), text(&c[1]).to_owned())).collect(),
            _ => Annotations::new(),
        }
    }

    /// Replaces all labels or annotations; none at all removes the field.
    pub(crate) fn set_texts(&mut self, field: &str, texts: Annotations) {
        let metadata = metadata(&mut self.node);
        metadata.remove(field);
        if !texts.is_empty() {
            let text = |v: String| {
                let mut node = Node::string(v);
                quote_if_ambiguous(&mut node);
                node
            };
            let pairs = texts.into_iter().map(|(k, v)| (untagged(&k), text(v))).collect();
            metadata.set(field, Node::mapping(pairs));
        }
    }

    /// Takes over what annotations of the input say about the build.
    pub(crate) fn absorb_annotations(&mut self) {
        let Some(pairs) = self.node.at_path(&["metadata", "annotations"]).and_then(Node::pairs) else { return };
        if !pairs.iter().any(|(k, _)| text(k).starts_with(INTERNAL)) {
            return;
        }
        let mut texts = self.texts("annotations");
        let mut list = |key: &str| texts.remove(key).map(|v| v.split(',').map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default();
        let (names, namespaces, kinds) = (list(PREVIOUS_NAMES), list(PREVIOUS_NAMESPACES), list(PREVIOUS_KINDS));
        let (prefixes, suffixes) = (list(PREFIXES), list(SUFFIXES));
        self.previous =
            names.into_iter().zip(namespaces).zip(kinds).map(|((name, namespace), kind)| PreviousId { name, namespace, kind }).collect();
        self.prefixes = prefixes;
        self.suffixes = suffixes;
        let behavior = texts.remove(BEHAVIOR);
        self.is_generated = behavior.is_some();
        self.behavior = behavior.map(|v| Behavior::parse(&v)).unwrap_or_default();
        let mut flag = |key: &str| texts.remove(key).is_some_and(|v| v == ENABLED);
        self.needs_hash = flag(NEEDS_HASH);
        self.allow_name_change = flag(ALLOW_NAME_CHANGE);
        self.allow_kind_change = flag(ALLOW_KIND_CHANGE);
        self.helm_generated = texts.remove(HELM_GENERATED).is_some_and(|v| v == "true");
        self.remove_annotations(&BUILD_ANNOTATIONS[..11]);
    }

    fn remove_annotations(&mut self, keys: &[&str]) {
        let Some(metadata) = self.node.get_mut("metadata") else { return };
        if let Some(annotations) = metadata.get_mut("annotations")
            && let Some(pairs) = annotations.pairs_mut()
        {
            pairs.retain(|(k, _)| !keys.contains(&text(k)));
            if pairs.is_empty() {
                metadata.remove("annotations");
            }
        }
    }

    /// Writes the state into annotations, for a step that may see or move them.
    pub(crate) fn write_state(&mut self) {
        if !self.has_state() {
            return;
        }
        let mut texts = Annotations::new();
        let mut put = |key: &str, value: String| texts.insert(key.to_owned(), value);
        if !self.previous.is_empty() {
            let join = |get: fn(&PreviousId) -> &str| self.previous.iter().map(get).collect::<Vec<_>>().join(",");
            put(PREVIOUS_KINDS, join(|p| &p.kind));
            put(PREVIOUS_NAMES, join(|p| &p.name));
            put(PREVIOUS_NAMESPACES, join(|p| &p.namespace));
        }
        if !self.prefixes.is_empty() {
            put(PREFIXES, self.prefixes.join(","));
        }
        if !self.suffixes.is_empty() {
            put(SUFFIXES, self.suffixes.join(","));
        }
        if self.is_generated {
            put(BEHAVIOR, self.behavior.as_str().to_owned());
        }
        if self.needs_hash {
            put(NEEDS_HASH, ENABLED.to_owned());
        }
        if let Some(origin) = &self.origin {
            put(ORIGIN, origin.to_yaml());
        }
        if !self.transformations.is_empty() {
            put(TRANSFORMATIONS, Origin::list_to_yaml(&self.transformations));
        }
        let metadata = metadata(&mut self.node);
        if metadata.get("annotations").is_some_and(is_null_or_empty) {
            metadata.remove("annotations");
        }
        for (key, value) in texts {
            metadata.get_or_insert_with("annotations", || Node::mapping(Vec::new())).set(key, Node::string(value));
        }
    }

    /// Takes back what [`Resource::write_state`] wrote: the state itself has not changed.
    pub(crate) fn unwrite_state(&mut self) {
        self.remove_annotations(&BUILD_ANNOTATIONS[..11]);
        if self.origin.is_some() {
            if self.annotation(ORIGIN).is_none() {
                self.origin = None;
            }
            self.remove_annotations(&[ORIGIN, TRANSFORMATIONS]);
        }
    }

    /// Forgets what the original keeps in annotations, because a patch has removed them all.
    pub(crate) fn forget_state(&mut self) {
        *self = Self { variables: std::mem::take(&mut self.variables), ..Self::new(self.node.take()) };
    }

    /// The last step: annotations become texts, internal ones go, origins come if they are asked for (KB-OUT-04, KB-META-01).
    pub(crate) fn finish(&mut self, with_origin: bool, with_transformations: bool) {
        let mut texts = self.texts("annotations");
        texts.retain(|key, _| !BUILD_ANNOTATIONS.contains(&key.as_str()));
        if !with_origin {
            texts.remove(ORIGIN);
        } else if let Some(origin) = &self.origin {
            texts.insert(ORIGIN.to_owned(), origin.to_yaml());
        }
        if !with_transformations {
            texts.remove(TRANSFORMATIONS);
        } else if !self.transformations.is_empty() {
            texts.insert(TRANSFORMATIONS.to_owned(), Origin::list_to_yaml(&self.transformations));
        }
        self.set_texts("annotations", texts);
    }

    /// Whether an annotation of the tree asks for a hash suffix (KB-HASH-02).
    pub(crate) fn wants_hash(&self) -> bool {
        self.needs_hash || self.annotation(NEEDS_HASH) == Some(ENABLED)
    }
}

/// `metadata`, made if it is missing.
pub(crate) fn metadata(node: &mut Node) -> &mut Node {
    node.get_or_insert_with("metadata", || Node::mapping(Vec::new()))
}

/// Sets a field to a text of no type; the style of an existing field stays, which may decide its type.
fn set_scalar(node: &mut Node, field: &str, value: &str) {
    let mut new = untagged(value);
    quote_if_ambiguous(&mut new);
    match node.get_mut(field) {
        Some(old) => {
            new.set_style(old.style());
            *old = new;
        }
        None => {
            node.set(field, new);
        }
    }
}

/// A new untyped text that YAML 1.1 would read as something else is written in quotes.
pub(crate) fn quote_if_ambiguous(node: &mut Node) {
    use ferroflux_yaml::{Dialect, Style, plain_tag};
    let value = text(node);
    if node.style() == Style::Plain && !value.is_empty() && !value.contains('\n') && plain_tag(Dialect::SigsYaml, value) != Tag::Str {
        node.set_style(Style::DoubleQuoted);
    }
}
