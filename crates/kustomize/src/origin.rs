//! Where objects come from, for `buildMetadata` (KB-META-01).

use ferroflux_yaml::Node;

use crate::remote::RepositoryUrl;

/// Where an object or a transformer comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The file, relative to the build root or to the root of its repository.
    pub(crate) path: String,
    pub(crate) repo: String,
    pub(crate) reference: String,
    /// The file that configures the generator or transformer.
    pub(crate) configured_in: String,
    /// Type and name of the configuration.
    pub(crate) configured_by: Option<Configuration>,
}

/// What configured a generator or transformer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl Origin {
    /// The origin of something that a kustomization names by `path`.
    pub(crate) fn append(&self, path: &str) -> Self {
        let mut origin = self.clone();
        let mut path = path.to_owned();
        if let Some(url) = RepositoryUrl::parse(&path) {
            origin.repo = url.clone_url();
            origin.reference.clone_from(&url.reference);
            origin.path.clear();
            path = url.directory;
        }
        origin.path = join_relative(&origin.path, &path);
        origin
    }

    /// The origin of what a field of the kustomization `file` configures.
    pub(crate) fn configured(&self, file: &str, kind: &str) -> Self {
        Self {
            path: String::new(),
            repo: self.repo.clone(),
            reference: self.reference.clone(),
            configured_in: join_relative(&self.path, file),
            configured_by: Some(Configuration { api_version: "builtin".to_owned(), kind: kind.to_owned(), ..Configuration::default() }),
        }
    }

    fn to_node(&self) -> Node {
        let mut pairs = Vec::new();
        let mut put = |key: &'static str, value: &str| {
            if !value.is_empty() {
                pairs.push((Node::string(key), Node::string(value)));
            }
        };
        put("path", &self.path);
        put("repo", &self.repo);
        put("ref", &self.reference);
        put("configuredIn", &self.configured_in);
        if let Some(by) = &self.configured_by {
            let fields = [("apiVersion", &by.api_version), ("kind", &by.kind), ("name", &by.name), ("namespace", &by.namespace)];
            let by = fields.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (Node::string(k), Node::string(v.as_str()))).collect();
            pairs.push((Node::string("configuredBy"), Node::mapping(by)));
        }
        Node::mapping(pairs)
    }

    /// As the annotation shows it.
    pub(crate) fn to_yaml(&self) -> String {
        let node = self.to_node();
        if node.is_empty() { "{}\n".to_owned() } else { crate::output::block_text(&node) }
    }

    /// A list as the annotation shows it.
    pub(crate) fn list_to_yaml(list: &[Origin]) -> String {
        crate::output::block_text(&Node::sequence(list.iter().map(Origin::to_node).collect()))
    }
}

/// Joins relative paths and removes dots; `..` at the front stays.
pub(crate) fn join_relative(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() && !(base.is_empty() && path.is_empty()) { ".".to_owned() } else { parts.join("/") }
}
