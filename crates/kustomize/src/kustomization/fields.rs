//! The records of a kustomization file.

use std::collections::BTreeMap;

use crate::decode::{Anything, record};
use crate::field_spec::{FieldSpecFields, GvkFields};
use crate::identity::ResId;

record! {
    /// `metadata`, which nothing uses.
    pub(crate) struct ObjectMeta {
        name: String = "name",
        namespace: String = "namespace",
        labels: BTreeMap<String, String> = "labels",
        annotations: BTreeMap<String, String> = "annotations",
    }
}

record! {
    /// One entry of `labels`.
    pub(crate) struct Label {
        pairs: BTreeMap<String, String> = "pairs",
        include_selectors: bool = "includeSelectors",
        include_templates: bool = "includeTemplates",
        fields: Vec<FieldSpecFields> = "fields",
    }
}

record! {
    /// Which objects a patch or a replacement is for; texts are regular expressions (KB-SEL-01).
    pub(crate) struct SelectorFields {
        #[inline] id: IdFields,
        annotation_selector: String = "annotationSelector",
        label_selector: String = "labelSelector",
    }
}

record! {
    /// Kind, name and namespace.
    pub(crate) struct IdFields {
        #[inline] gvk: GvkFields,
        name: String = "name",
        namespace: String = "namespace",
    }
}

impl IdFields {
    pub(crate) fn to_id(&self) -> ResId {
        ResId { gvk: self.gvk.to_gvk(), name: self.name.clone(), namespace: self.namespace.clone() }
    }
}

record! {
    /// One entry of `patches` or `patchesJson6902`.
    pub(crate) struct Patch {
        path: String = "path",
        patch: String = "patch",
        target: Option<SelectorFields> = "target",
        options: Option<PatchOptions> = "options",
    }
}

record! {
    /// What a strategic merge patch may change besides.
    pub(crate) struct PatchOptions {
        allow_name_change: bool = "allowNameChange",
        allow_kind_change: bool = "allowKindChange",
    }
}

record! {
    /// One entry of `images`.
    pub(crate) struct Image {
        name: String = "name",
        new_name: String = "newName",
        tag_suffix: String = "tagSuffix",
        new_tag: String = "newTag",
        digest: String = "digest",
    }
}

record! {
    /// One entry of `replicas`.
    pub(crate) struct Replica {
        name: String = "name",
        count: i64 = "count",
    }
}

record! {
    /// One entry of `replacements`: a file or the replacement itself.
    pub(crate) struct ReplacementField {
        #[inline] replacement: Replacement,
        path: String = "path",
    }
}

record! {
    /// A value and where to put it.
    pub(crate) struct Replacement {
        source: Option<ReplacementSource> = "source",
        targets: Option<Vec<ReplacementTarget>> = "targets",
        source_value: Option<String> = "sourceValue",
    }
}

record! {
    /// The field of one object.
    pub(crate) struct ReplacementSource {
        #[inline] id: IdFields,
        field_path: String = "fieldPath",
        options: Option<FieldOptions> = "options",
    }
}

record! {
    /// Fields of many objects.
    pub(crate) struct ReplacementTarget {
        select: Option<SelectorFields> = "select",
        reject: Vec<SelectorFields> = "reject",
        field_paths: Vec<String> = "fieldPaths",
        options: Option<FieldOptions> = "options",
    }
}

record! {
    /// Which part of a field.
    pub(crate) struct FieldOptions {
        delimiter: String = "delimiter",
        index: i64 = "index",
        encoding: String = "encoding",
        create: bool = "create",
    }
}

record! {
    /// One entry of `vars`.
    pub(crate) struct Var {
        name: String = "name",
        object: VarObject = "objref",
        field: VarField = "fieldref",
    }
}

record! {
    /// The object of a variable.
    pub(crate) struct VarObject {
        api_version: String = "apiVersion",
        #[inline] id: IdFields,
    }
}

record! {
    /// The field of a variable.
    pub(crate) struct VarField {
        field_path: String = "fieldPath",
    }
}

record! {
    /// `sortOptions`.
    pub(crate) struct SortOptions {
        order: String = "order",
        legacy: Option<LegacySortOptions> = "legacySortOptions",
    }
}

record! {
    /// Kinds that come first and last.
    pub(crate) struct LegacySortOptions {
        first: Vec<String> = "orderFirst",
        last: Vec<String> = "orderLast",
    }
}

record! {
    /// One entry of `configMapGenerator`.
    pub(crate) struct ConfigMapArgs {
        #[inline] args: GeneratorArgs,
    }
}

record! {
    /// One entry of `secretGenerator`.
    pub(crate) struct SecretArgs {
        #[inline] args: GeneratorArgs,
        secret_type: String = "type",
    }
}

record! {
    /// What both generators have.
    pub(crate) struct GeneratorArgs {
        namespace: String = "namespace",
        name: String = "name",
        behavior: String = "behavior",
        literals: Vec<String> = "literals",
        files: Vec<String> = "files",
        envs: Vec<String> = "envs",
        env: String = "env",
        options: Option<GeneratorOptions> = "options",
    }
}

record! {
    /// `generatorOptions` and `options` of a generator.
    pub(crate) struct GeneratorOptions {
        labels: BTreeMap<String, String> = "labels",
        annotations: BTreeMap<String, String> = "annotations",
        disable_name_suffix_hash: bool = "disableNameSuffixHash",
        immutable: bool = "immutable",
    }
}

record! {
    /// `helmGlobals`.
    pub(crate) struct HelmGlobals {
        chart_home: String = "chartHome",
        config_home: String = "configHome",
    }
}

record! {
    /// One entry of `helmCharts`.
    pub(crate) struct HelmChart {
        name: String = "name",
        version: String = "version",
        repo: String = "repo",
        release_name: String = "releaseName",
        namespace: String = "namespace",
        additional_values_files: Vec<String> = "additionalValuesFiles",
        values_file: String = "valuesFile",
        values_inline: BTreeMap<String, Anything> = "valuesInline",
        values_merge: String = "valuesMerge",
        include_crds: bool = "includeCRDs",
        skip_hooks: bool = "skipHooks",
        api_versions: Vec<String> = "apiVersions",
        kube_version: String = "kubeVersion",
        name_template: String = "nameTemplate",
        skip_tests: bool = "skipTests",
        debug: bool = "debug",
        devel: bool = "devel",
    }
}

record! {
    /// One entry of the deprecated `helmChartInflationGenerator`.
    pub(crate) struct HelmChartArgs {
        chart_name: String = "chartName",
        chart_version: String = "chartVersion",
        chart_repo_url: String = "chartRepoUrl",
        chart_home: String = "chartHome",
        chart_repo_name: String = "chartRepoName",
        helm_bin: String = "helmBin",
        helm_home: String = "helmHome",
        values: String = "values",
        values_local: BTreeMap<String, Anything> = "valuesLocal",
        values_merge: String = "valuesMerge",
        release_name: String = "releaseName",
        release_namespace: String = "releaseNamespace",
        extra_args: Vec<String> = "extraArgs",
    }
}
