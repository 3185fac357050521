//! Built-in transformers and generators as objects of their own (KB-PLUG-01).

use std::collections::BTreeMap;

use ferroflux_yaml::Node;

use crate::build::Target;
use crate::decode::{Context, Decode, Unknown, record};
use crate::documents::read_objects;
use crate::error::{Error, ErrorKind, Result};
use crate::field_spec::{FieldSpecFields, FieldSpecs};
use crate::generators;
use crate::identity::GvkRef;
use crate::json_patch::JsonPatch;
use crate::kustomization::fields::{
    ConfigMapArgs, GeneratorArgs, Image, ObjectMeta, PatchOptions, Replacement, ReplacementField, Replica, SecretArgs, SelectorFields,
};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::selector::Selector;
use crate::transformers::hash::AddHashes;
use crate::transformers::images::{SetImage, SetImages};
use crate::transformers::labels::AddTexts;
use crate::transformers::name_affix::{NameAffix, Side};
use crate::transformers::namespace::{SetNamespace, Subjects};
use crate::transformers::patch_json6902::PatchJson6902;
use crate::transformers::patch_strategic_merge::PatchStrategicMerge;
use crate::transformers::patches::{PatchText, patch_transformer};
use crate::transformers::replacements::Replacements;
use crate::transformers::replicas::SetReplicas;
use crate::transformers::value_add::{ValueAdd, ValueTarget};
use crate::transformers::{Tools, Transformer};

/// A configured plug-in.
pub(crate) enum Plugin {
    Transformer(Option<Box<dyn Transformer>>),
    /// What the generator makes.
    Generator(Vec<Resource>),
}

/// Whether the object configures a built-in.
pub(crate) fn is_builtin(gvk: GvkRef<'_>) -> bool {
    gvk.group.is_empty() && gvk.version == "builtin"
}

record! { struct TextsConfig { labels: BTreeMap<String, String> = "labels", annotations: BTreeMap<String, String> = "annotations", fields: Vec<FieldSpecFields> = "fieldSpecs" } }
record! { struct AffixConfig { prefix: String = "prefix", suffix: String = "suffix", fields: Option<Vec<FieldSpecFields>> = "fieldSpecs" } }
record! { struct NamespaceConfig { metadata: ObjectMeta = "metadata", fields: Vec<FieldSpecFields> = "fieldSpecs", unset_only: bool = "unsetOnly", subjects: String = "setRoleBindingSubjects" } }
record! { struct ImageConfig { image: Image = "imageTag", fields: Vec<FieldSpecFields> = "fieldSpecs" } }
record! { struct ReplicaConfig { replica: Replica = "replica", fields: Vec<FieldSpecFields> = "fieldSpecs" } }
record! { struct ReplacementConfig { list: Vec<ReplacementField> = "replacements" } }
record! { struct PatchConfig { path: String = "path", patch: String = "patch", target: Option<SelectorFields> = "target", options: Option<PatchOptions> = "options" } }
record! { struct JsonPatchConfig { target: Option<SelectorFields> = "target", path: String = "path", operations: String = "jsonOp" } }
record! { struct MergePatchConfig { paths: Vec<String> = "paths", patches: String = "patches" } }
record! { struct ConfigMapConfig { metadata: ObjectMeta = "metadata", #[inline] args: ConfigMapArgs } }
record! { struct SecretConfig { metadata: ObjectMeta = "metadata", #[inline] args: SecretArgs } }
record! { struct ValueAddConfig { value: String = "value", targets: Vec<ValueTargetConfig> = "targets", file: String = "targetFilePath" } }
record! { struct ValueTargets { targets: Vec<ValueTargetConfig> = "targets" } }
record! { struct ValueTargetConfig { selector: Option<SelectorFields> = "selector", field_path: String = "fieldPath", position: i64 = "filePathPosition" } }
record! { struct IamPolicyConfig { #[inline] meta: IamMeta, cloud: String = "cloud", kubernetes: NamedService = "kubernetesService", account: GoogleAccount = "serviceAccount" } }
record! { struct IamMeta { metadata: ObjectMeta = "metadata" } }
record! { struct NamedService { name: String = "name", namespace: String = "namespace" } }
record! { struct GoogleAccount { name: String = "name", project: String = "projectId" } }

fn fails(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Plugin, cause)
}

fn decode<T: Decode>(node: &Node) -> Result<T> {
    T::decode(node, &Context::spelling(Unknown::Ignore)).map_err(|e| e.with_kind(ErrorKind::Plugin))
}

/// Configures the plug-in that an object describes.
pub(crate) fn configure(resource: &Resource, target: &Target<'_, '_>) -> Result<Plugin> {
    let gvk = resource.gvk();
    if !is_builtin(gvk) {
        let kind = resource.original_id().gvk.kind;
        return Err(Error::new(ErrorKind::PluginDisabled, format!("external plugins disabled; unable to load external plugin '{kind}'"))
            .on(&resource.id().to_owned()));
    }
    configure_builtin(resource, target).map_err(|e| match e.kind() {
        ErrorKind::PluginDisabled => e,
        _ => e.with_kind(ErrorKind::Plugin).in_field(format!("plugin {} fails configuration", resource.original_id())),
    })
}

fn transformer(made: impl Transformer + 'static) -> Result<Plugin> {
    Ok(Plugin::Transformer(Some(Box::new(made))))
}

fn configure_builtin(resource: &Resource, target: &Target<'_, '_>) -> Result<Plugin> {
    let node = &resource.node;
    match resource.kind() {
        "AnnotationsTransformer" => {
            let c: TextsConfig = decode(node)?;
            transformer(AddTexts { texts: c.annotations, fields: FieldSpecs::from_fields(&c.fields) })
        }
        "LabelTransformer" => {
            let c: TextsConfig = decode(node)?;
            transformer(AddTexts { texts: c.labels, fields: FieldSpecs::from_fields(&c.fields) })
        }
        kind @ ("PrefixTransformer" | "SuffixTransformer") => {
            let c: AffixConfig = decode(node)?;
            let (side, affix) = if kind == "PrefixTransformer" { (Side::Prefix, c.prefix) } else { (Side::Suffix, c.suffix) };
            let fields = c.fields.ok_or_else(|| fails("fieldSpecs is not expected to be nil"))?;
            transformer(NameAffix { side, affix, fields: FieldSpecs::from_fields(&fields) })
        }
        "PrefixSuffixTransformer" => {
            let c: AffixConfig = decode(node)?;
            let fields = FieldSpecs::from_fields(&c.fields.ok_or_else(|| fails("fieldSpecs is not expected to be nil"))?);
            let prefix = NameAffix { side: Side::Prefix, affix: c.prefix, fields: fields.clone() };
            transformer(Both(prefix, NameAffix { side: Side::Suffix, affix: c.suffix, fields }))
        }
        "NamespaceTransformer" => namespace(node),
        "ImageTagTransformer" => {
            let c: ImageConfig = decode(node)?;
            transformer(SetImages { images: vec![SetImage::new(c.image, None)?], fields: FieldSpecs::from_fields(&c.fields) })
        }
        "ReplicaCountTransformer" => {
            let c: ReplicaConfig = decode(node)?;
            transformer(SetReplicas { name: c.replica.name, count: c.replica.count, fields: FieldSpecs::from_fields(&c.fields) })
        }
        "ReplacementTransformer" => {
            let c: ReplacementConfig = decode(node)?;
            transformer(Replacements { list: replacements(c.list, target)?, place: None })
        }
        "HashTransformer" => transformer(AddHashes),
        "PatchTransformer" => {
            let c: PatchConfig = decode(node)?;
            let text = patch_text(&c.path, &c.patch, target)?;
            patch_transformer(&text, c.target.as_ref(), c.options.as_ref()).map(Plugin::Transformer)
        }
        "PatchJson6902Transformer" => {
            let c: JsonPatchConfig = decode(node)?;
            json_patch(c.target.as_ref(), &c.path, &c.operations, target).map(|made| Plugin::Transformer(Some(made)))
        }
        "PatchStrategicMergeTransformer" => {
            let c: MergePatchConfig = decode(node)?;
            merge_patches(&c.paths, &c.patches, target).map(|made| Plugin::Transformer(Some(made)))
        }
        "ValueAddTransformer" => value_add(node, target),
        "ConfigMapGenerator" => {
            let mut c: ConfigMapConfig = decode(node)?;
            name_from_metadata(&mut c.args.args, c.metadata);
            generators::config_map(&c.args, &mut |path| target.read_content(path)).map(|made| Plugin::Generator(vec![made]))
        }
        "SecretGenerator" => {
            let mut c: SecretConfig = decode(node)?;
            name_from_metadata(&mut c.args.args, c.metadata);
            generators::secret(&c.args, &mut |path| target.read_content(path)).map(|made| Plugin::Generator(vec![made]))
        }
        "IAMPolicyGenerator" => iam_policy(node),
        "HelmChartInflationGenerator" => Err(helm_refused()),
        _ => Err(fails(format!("unable to load builtin {}", resource.gvk()))),
    }
}

/// Charts need another renderer (KB-HELM-01).
pub(crate) fn helm_refused() -> Error {
    Error::new(ErrorKind::PluginDisabled, "must specify --enable-helm")
        .hint("this renderer inflates no charts; render them beforehand or use a HelmRelease")
}

/// Prefix, then suffix.
struct Both(NameAffix, NameAffix);

impl Transformer for Both {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        self.0.transform(resources, tools)?;
        self.1.transform(resources, tools)
    }
}

fn name_from_metadata(args: &mut GeneratorArgs, metadata: ObjectMeta) {
    if args.name.is_empty() {
        args.name = metadata.name;
    }
    if args.namespace.is_empty() {
        args.namespace = metadata.namespace;
    }
    if !args.env.is_empty() {
        // only the kustomization's own field knows the old spelling
        args.env.clear();
    }
}

fn namespace(node: &Node) -> Result<Plugin> {
    let c: NamespaceConfig = decode(node)?;
    let subjects = match c.subjects.as_str() {
        "" | "defaultOnly" => Subjects::DefaultOnly,
        "allServiceAccounts" => Subjects::AllServiceAccounts,
        "none" => Subjects::None,
        other => {
            return Err(fails(format!(
                "invalid value {other:?} for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \"allServiceAccounts\""
            )));
        }
    };
    transformer(SetNamespace {
        namespace: c.metadata.namespace,
        fields: FieldSpecs::from_fields(&c.fields),
        unset_only: c.unset_only,
        subjects,
    })
}

fn value_add(node: &Node, target: &Target<'_, '_>) -> Result<Plugin> {
    let mut c: ValueAddConfig = decode(node)?;
    if !c.file.is_empty() {
        let more: ValueTargets = decode(&target.read_yaml(&c.file)?)?;
        c.targets.extend(more.targets);
    }
    if c.targets.is_empty() {
        return Err(fails("must specify at least one target"));
    }
    let trimmed = c.value.trim();
    let value = if trimmed.is_empty() { crate::file_system::parent_and_name(target.root()).1.to_owned() } else { trimmed.to_owned() };
    let targets = c
        .targets
        .into_iter()
        .map(|t| ValueTarget::new(t.selector.as_ref().map(Selector::new).transpose()?, t.field_path, t.position))
        .collect::<Result<_>>()?;
    transformer(ValueAdd { value, targets })
}

fn iam_policy(node: &Node) -> Result<Plugin> {
    let c: IamPolicyConfig = decode(node)?;
    if c.cloud != "gke" {
        return Err(fails(format!("cloud provider {} not supported yet", c.cloud)));
    }
    let account = format!("{}@{}.iam.gserviceaccount.com", c.account.name, c.account.project);
    let mut metadata = vec![
        (Node::string("annotations"), Node::mapping(vec![(Node::string("iam.gke.io/gcp-service-account"), Node::string(account))])),
        (Node::string("name"), Node::string(c.kubernetes.name)),
    ];
    if !c.kubernetes.namespace.is_empty() {
        metadata.push((Node::string("namespace"), Node::string(c.kubernetes.namespace)));
    }
    let object = Node::mapping(vec![
        (Node::string("apiVersion"), Node::string("v1")),
        (Node::string("kind"), Node::string("ServiceAccount")),
        (Node::string("metadata"), Node::mapping(metadata)),
    ]);
    Ok(Plugin::Generator(vec![Resource::new(object)]))
}

/// The text of a patch from one of its two sources.
pub(crate) fn patch_text(path: &str, patch: &str, target: &Target<'_, '_>) -> Result<PatchText> {
    let invalid = |cause: &str| Error::new(ErrorKind::PatchInvalid, cause);
    match (path, patch.trim()) {
        ("", "") => Err(invalid("must specify one of patch and path")),
        ("", patch) => Ok(PatchText { text: patch.to_owned(), path: None, place: target.place_of_file() }),
        (path, "") => {
            let text = target.read_text(path).map_err(|e| {
                let cause = format!("failed to get the patch file from path({path}): {}", e.cause());
                e.with_cause(cause).with_kind(ErrorKind::PatchInvalid)
            })?;
            Ok(PatchText { text, path: Some(path.to_owned()), place: Some(target.place_of(path)) })
        }
        _ => Err(invalid("patch and path can't be set at the same time")),
    }
}

/// The deprecated form of a JSON patch, which needs the name of its target.
pub(crate) fn json_patch(
    selector: Option<&SelectorFields>,
    path: &str,
    operations: &str,
    target: &Target<'_, '_>,
) -> Result<Box<dyn Transformer>> {
    let invalid = |cause: String| Error::new(ErrorKind::PatchInvalid, cause);
    let Some(selector) = selector.filter(|s| !s.id.name.is_empty()) else { return Err(invalid("must specify the target name".to_owned())) };
    let (text, name, place) = match (path, operations) {
        ("", "") => return Err(invalid("empty file path and empty jsonOp".to_owned())),
        ("", operations) => (operations.to_owned(), "jsonOp".to_owned(), target.place_of_file()),
        (path, "") => (target.read_text(path)?, format!("[path: {path:?}]"), Some(target.place_of(path))),
        _ => return Err(invalid("must specify a file path or jsonOp, not both".to_owned())),
    };
    if text.is_empty() {
        return Err(invalid(format!("patch file '{path}' empty seems to be empty")));
    }
    let patch = JsonPatch::parse(&text).map_err(|e| match &place {
        Some(place) if !path.is_empty() => e.in_file(&place.file),
        _ => e,
    })?;
    if patch.is_empty() {
        return Err(Error::new(ErrorKind::Other, format!("patch appears to be empty; file={path}")));
    }
    Ok(Box::new(PatchJson6902 { target: Selector::new(selector)?, patch, remembers_id: false, place, name }))
}

/// `patchesStrategicMerge`: each entry is a patch itself or a file.
pub(crate) fn merge_patches(paths: &[String], inline: &str, target: &Target<'_, '_>) -> Result<Box<dyn Transformer>> {
    let invalid = |cause: String| Error::new(ErrorKind::PatchInvalid, cause);
    if paths.is_empty() && inline.is_empty() {
        return Err(invalid("empty file path and empty patch content".to_owned()));
    }
    let mut patches = Vec::new();
    for entry in paths {
        match read_objects(entry) {
            Ok(objects) => patches.extend(objects),
            Err(inline_error) => {
                let looks_inline = entry.contains('\n');
                let text = target.read_text(entry).map_err(|e| if looks_inline { inline_error } else { e })?;
                patches.extend(read_objects(&text).map_err(|e| e.in_file(&target.place_of(entry).file))?);
            }
        }
    }
    if !inline.is_empty() {
        patches.extend(read_objects(inline)?);
    }
    if patches.is_empty() {
        return Err(Error::new(ErrorKind::Other, format!("patch appears to be empty; files={paths:?}")));
    }
    let name = if paths.is_empty() { "patches".to_owned() } else { "patchesStrategicMerge".to_owned() };
    Ok(Box::new(PatchStrategicMerge { patches, target: None, legacy: true, place: target.place_of_file(), name }))
}

/// Reads the replacements that stand in files of their own.
pub(crate) fn replacements(list: Vec<ReplacementField>, target: &Target<'_, '_>) -> Result<Vec<Replacement>> {
    let mut all = Vec::with_capacity(list.len());
    for field in list {
        if field.path.is_empty() {
            all.push(field.replacement);
            continue;
        }
        let has_targets = field.replacement.targets.as_ref().is_some_and(|t| !t.is_empty());
        if field.replacement.source.is_some() || has_targets {
            return Err(
                Error::new(ErrorKind::Replacement, "cannot specify both path and inline replacement").at(field.at.line, field.at.column)
            );
        }
        let node = target.read_yaml(&field.path).map_err(|e| e.with_kind(ErrorKind::Replacement))?;
        let decoded = |node: &Node| {
            Replacement::decode(node, &Context::spelling(Unknown::Ignore))
                .map_err(|e| e.with_kind(ErrorKind::Replacement).in_file(&target.place_of(&field.path).file))
        };
        match (node.items(), node.is_mapping()) {
            (Some(items), _) => all.extend(items.iter().map(decoded).collect::<Result<Vec<_>>>()?),
            (None, true) => all.push(decoded(&node)?),
            (None, false) => {
                return Err(Error::new(
                    ErrorKind::Replacement,
                    format!("unsupported replacement type encountered within replacement path: {}", crate::decode::what(&node)),
                ));
            }
        }
    }
    Ok(all)
}
