//! The kustomization file (KB-FILE-01 … KB-FILE-04).

use std::collections::BTreeMap;

use ferroflux_yaml::{Dialect, Duplicates, Node, ReadOptions, read_document};

use crate::decode::{Context, Decode, Unknown, record};
use crate::error::{Error, ErrorKind, Result};

pub(crate) mod fields;

use fields::{
    ConfigMapArgs, GeneratorOptions, HelmChart, HelmChartArgs, HelmGlobals, Image, Label, ObjectMeta, Patch, ReplacementField, Replica,
    SecretArgs, SortOptions, Var,
};

/// The names a kustomization file may have, in the order in which they are tried.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

pub(crate) const COMPONENT: &str = "Component";
const KUSTOMIZATION: &str = "Kustomization";
const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

record! {
    /// A kustomization as it is written.
    pub(crate) struct Kustomization {
        kind: String = "kind",
        api_version: String = "apiVersion",
        metadata: Option<ObjectMeta> = "metadata",
        openapi: BTreeMap<String, String> = "openapi",
        name_prefix: String = "namePrefix",
        name_suffix: String = "nameSuffix",
        namespace: String = "namespace",
        common_labels: BTreeMap<String, String> = "commonLabels",
        labels: Vec<Label> = "labels",
        common_annotations: BTreeMap<String, String> = "commonAnnotations",
        patches_strategic_merge: Vec<String> = "patchesStrategicMerge",
        patches_json6902: Vec<Patch> = "patchesJson6902",
        patches: Vec<Patch> = "patches",
        images: Vec<Image> = "images",
        image_tags: Vec<Image> = "imageTags",
        replacements: Vec<ReplacementField> = "replacements",
        replicas: Vec<Replica> = "replicas",
        vars: Vec<Var> = "vars",
        sort_options: Option<SortOptions> = "sortOptions",
        resources: Vec<String> = "resources",
        components: Vec<String> = "components",
        crds: Vec<String> = "crds",
        bases: Vec<String> = "bases",
        config_map_generator: Vec<ConfigMapArgs> = "configMapGenerator",
        secret_generator: Vec<SecretArgs> = "secretGenerator",
        helm_globals: Option<HelmGlobals> = "helmGlobals",
        helm_charts: Vec<HelmChart> = "helmCharts",
        helm_chart_inflation_generator: Vec<HelmChartArgs> = "helmChartInflationGenerator",
        generator_options: Option<GeneratorOptions> = "generatorOptions",
        configurations: Vec<String> = "configurations",
        generators: Vec<String> = "generators",
        transformers: Vec<String> = "transformers",
        validators: Vec<String> = "validators",
        build_metadata: Vec<String> = "buildMetadata",
    }
}

/// Deprecated fields with what to use now (KB-FILE-04).
const DEPRECATED: [(&str, &str, &str); 6] = [
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
];

impl Kustomization {
    /// Reads a file's text. `directory` is named in messages; `warn` gets one line for each deprecated field and each
    /// repeated key.
    pub(crate) fn read(text: &str, directory: &str, unknown: Unknown, warn: &mut dyn FnMut(String)) -> Result<Self> {
        let strict = ReadOptions { dialect: Dialect::SigsYaml, ..ReadOptions::default() };
        let node = read_document(text, strict).or_else(|repeated| {
            // the original takes the last of repeated keys without a word (KB-UX-02)
            let node = read_document(text, ReadOptions { duplicates: Duplicates::LastWins, ..strict })
                .map_err(|e| Error::new(ErrorKind::KustomizationInvalid, format!("invalid Kustomization: {e}")).at(e.line(), e.column()))?;
            warn(format!("{repeated}; the last one counts"));
            Ok::<_, Error>(node)
        })?;
        Self::from_node(&node, directory, unknown, warn)
    }

    /// Reads a parsed file.
    pub(crate) fn from_node(node: &Node, directory: &str, unknown: Unknown, warn: &mut dyn FnMut(String)) -> Result<Self> {
        if node.is_null() {
            return Err(Error::new(ErrorKind::KustomizationEmpty, "kustomization.yaml is empty"));
        }
        let mut kustomization = Self::decode(node, &Context::new(unknown)).map_err(|e| {
            let cause = format!("invalid Kustomization: {}", e.cause());
            e.with_cause(cause)
        })?;
        for (field, instead, experimental) in DEPRECATED {
            if get_ignore_case(node, field).is_some_and(|v| !v.is_null()) {
                warn(format!(
                    "# Warning: '{field}' is deprecated. Please use '{instead}' instead. {experimental}Run 'kustomize edit fix' to update your Kustomization automatically."
                ));
            }
        }
        kustomization.complete();
        if !says_something(node) {
            return Err(Error::new(ErrorKind::KustomizationEmpty, "kustomization.yaml is empty"));
        }
        kustomization.check_type(directory)?;
        Ok(kustomization)
    }

    /// Fills in the type and moves deprecated fields to where they belong now.
    fn complete(&mut self) {
        if self.kind.is_empty() {
            self.kind = KUSTOMIZATION.to_owned();
        }
        if self.api_version.is_empty() {
            self.api_version = if self.kind == COMPONENT { COMPONENT_VERSION } else { KUSTOMIZATION_VERSION }.to_owned();
        }
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        let maps = self.config_map_generator.iter_mut().map(|c| &mut c.args);
        for args in maps.chain(self.secret_generator.iter_mut().map(|s| &mut s.args)) {
            if !args.env.is_empty() {
                args.envs.push(std::mem::take(&mut args.env));
            }
        }
        for old in std::mem::take(&mut self.helm_chart_inflation_generator) {
            self.helm_charts.push(HelmChart { at: old.at, name: old.chart_name, ..HelmChart::default() });
        }
    }

    fn check_type(&self, directory: &str) -> Result<()> {
        let mut wrong = Vec::new();
        if self.kind != KUSTOMIZATION && self.kind != COMPONENT {
            wrong.push(format!("kind should be {KUSTOMIZATION} or {COMPONENT}"));
        }
        let version = if self.kind == COMPONENT { COMPONENT_VERSION } else { KUSTOMIZATION_VERSION };
        if self.api_version != version {
            wrong.push(format!("apiVersion for {} should be {version}", self.kind));
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::KustomizationInvalid,
            format!("Failed to read kustomization file under {directory}: {}", wrong.join("; ")),
        ))
    }

    /// One that says nothing yet.
    pub(crate) fn empty() -> Self {
        Self { kind: KUSTOMIZATION.to_owned(), api_version: KUSTOMIZATION_VERSION.to_owned(), ..Self::default() }
    }

    /// Whether `buildMetadata` holds an entry.
    pub(crate) fn has_metadata(&self, entry: &str) -> bool {
        self.build_metadata.iter().any(|e| e == entry)
    }
}

fn get_ignore_case<'a>(node: &'a Node, field: &str) -> Option<&'a Node> {
    node.pairs()?.iter().find(|(k, _)| k.text().is_some_and(|k| k.eq_ignore_ascii_case(field))).map(|(_, v)| v)
}

/// Whether any field beside the type has a value. Null and the empty text are none, an empty list is one, except for
/// the deprecated lists that are merged into others.
fn says_something(node: &Node) -> bool {
    const MERGED: [&str; 3] = ["bases", "imageTags", "helmChartInflationGenerator"];
    node.pairs().unwrap_or_default().iter().any(|(key, value)| {
        let name = key.text().unwrap_or_default();
        let is_type = name.eq_ignore_ascii_case("kind") || name.eq_ignore_ascii_case("apiVersion");
        let merged = MERGED.iter().any(|m| name.eq_ignore_ascii_case(m));
        let known = <Kustomization as crate::decode::Record>::FIELDS.iter().any(|f| name.eq_ignore_ascii_case(f));
        known && !is_type && !value.is_null() && value.text() != Some("") && !(merged && value.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Kustomization> {
        Kustomization::read(text, "/d", Unknown::Refuse, &mut |_| {})
    }

    /// KB-FILE-02
    #[test]
    fn yaml_1_1_types_and_names_in_any_case() {
        let k = read("nameprefix: a-\nRESOURCES: [x.yaml]\nnamespace: one\nnamespace: two\n").unwrap();
        assert_eq!((k.name_prefix.as_str(), k.namespace.as_str(), k.resources.len()), ("a-", "two", 1));
        for wrong in ["namePrefix: y\n", "images: [{name: a, newTag: 1.10}]\n", "resources: x\n", "namespace: [a]\n"] {
            assert_eq!(read(wrong).unwrap_err().kind(), ErrorKind::KustomizationInvalid, "{wrong}");
        }
        let e = read("resuorces: []\n").unwrap_err().to_string();
        assert!(e.contains(r#"unknown field "resuorces""#) && e.contains(r#"did you mean "resources"?"#), "{e}");
    }

    /// KB-FILE-03
    #[test]
    fn types_and_emptiness() {
        for empty in ["", "kind: Kustomization\n", "resources:\n", "namespace: \"\"\n", "bases: []\n"] {
            assert_eq!(read(empty).unwrap_err().kind(), ErrorKind::KustomizationEmpty, "{empty}");
        }
        assert!(read("resources: []\n").is_ok());
        assert!(read("kind: Component\nnamespace: a\n").is_ok());
        let e = read("kind: Deployment\nnamespace: a\n").unwrap_err().to_string();
        assert!(e.contains("kind should be Kustomization or Component"), "{e}");
        let e = read("kind: Component\napiVersion: v1\nnamespace: a\n").unwrap_err().to_string();
        assert!(e.contains("apiVersion for Component should be kustomize.config.k8s.io/v1alpha1"), "{e}");
    }

    /// KB-FILE-04
    #[test]
    fn deprecated_fields_warn_and_work() {
        let mut warnings = Vec::new();
        let text = "bases: [b]\nresources: [a]\nimageTags: [{name: x}]\nvars: []\nconfigMapGenerator: [{name: c, env: e}]\n";
        let k = Kustomization::read(text, "/d", Unknown::Refuse, &mut |w| warnings.push(w)).unwrap();
        assert_eq!(k.resources, ["a", "b"]);
        assert_eq!((k.images.len(), k.config_map_generator[0].args.envs.len()), (1, 1));
        assert_eq!(warnings.len(), 3);
        assert!(warnings[0].starts_with("# Warning: 'bases' is deprecated. Please use 'resources' instead."));
    }
}
