//! What one kustomization runs: its generators, transformers and validators, configured first and run in order.

use std::collections::HashMap;

use crate::build::{Accumulator, State, Target};
use crate::configuration::{self, Configuration};
use crate::documents::read_objects;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::field_spec::{FieldSpec, FieldSpecs};
use crate::generators;
use crate::identity::Gvk;
use crate::origin::{Configuration as ConfiguredBy, Origin};
use crate::plugins::{self, Plugin};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::transformers::images::{SetImage, SetImages};
use crate::transformers::labels::AddTexts;
use crate::transformers::name_affix::{NameAffix, Side};
use crate::transformers::namespace::{SetNamespace, Subjects};
use crate::transformers::patches::patch_transformer;
use crate::transformers::replacements::Replacements;
use crate::transformers::replicas::SetReplicas;
use crate::transformers::{Tools, Transformer};

/// A configured transformer and, if origins are recorded, where it comes from.
type Step = (Box<dyn Transformer>, Option<Origin>);

/// The label that a validator may add.
const VALIDATED_BY: &str = "validated-by";

impl Target<'_, '_> {
    fn origin_of(&self, kind: &str) -> Option<Origin> {
        self.origin.as_ref().map(|origin| origin.configured(self.file_name(), kind))
    }

    fn at_field<T>(&self, result: Result<T>, field: impl Into<String>) -> Result<T> {
        result.map_err(|e| {
            let e = e.in_file(&self.file_path());
            if e.place().is_some_and(|p| p.file == self.file_path()) { e.in_field(field) } else { e }
        })
    }

    fn place_at(&self, at: crate::decode::At) -> Option<Place> {
        Some(Place { file: self.file_path(), line: at.line, column: at.column })
    }

    pub(super) fn run_generators(&mut self, gathered: &mut Accumulator, state: &mut State<'_>, depth: usize) -> Result<()> {
        // taken out: there may be thousands, and nothing needs them afterwards
        let config_maps = std::mem::take(&mut self.kustomization.config_map_generator);
        let secrets = std::mem::take(&mut self.kustomization.secret_generator);
        let k = &self.kustomization;
        let global = k.generator_options.as_ref();
        // many generators may read one file
        let mut files: HashMap<String, generators::Content> = HashMap::new();
        let mut read = |path: &str| match files.get(path) {
            Some(content) => Ok(content.clone()),
            None => {
                let content = self.read_content(path)?;
                files.insert(path.to_owned(), content.clone());
                Ok(content)
            }
        };
        let mut made: Vec<(Resource, Option<Box<Origin>>)> = Vec::with_capacity(config_maps.len() + secrets.len());
        for (number, mut args) in config_maps.into_iter().enumerate() {
            state.options.cancel.check()?;
            args.args.options = generators::merged_options(args.args.options.as_ref(), global);
            let resource = generators::config_map(&args, &mut read);
            made.push((
                self.at_field(resource, format!("configMapGenerator[{number}] '{}'", args.args.name))?,
                self.origin_of("ConfigMapGenerator").map(Box::new),
            ));
        }
        for (number, mut args) in secrets.into_iter().enumerate() {
            state.options.cancel.check()?;
            args.args.options = generators::merged_options(args.args.options.as_ref(), global);
            let resource = generators::secret(&args, &mut read);
            made.push((
                self.at_field(resource, format!("secretGenerator[{number}] '{}'", args.args.name))?,
                self.origin_of("SecretGenerator").map(Box::new),
            ));
        }
        if let Some(chart) = k.helm_charts.first() {
            let refused = plugins::helm_refused().at(chart.at.line, chart.at.column);
            return self.at_field(Err(refused), format!("helmCharts[0] '{}'", chart.name));
        }
        for configuration in self.plugin_objects(&k.generators, "generators", state, depth)? {
            let origin = origin_of_plugin(&configuration).map(Box::new);
            match self.at_field(plugins::configure(&configuration, self), "generators")? {
                Plugin::Generator(resources) => made.extend(resources.into_iter().map(|r| (r, origin.clone()))),
                Plugin::Transformer(_) => {
                    let cause = format!("plugin {} not a generator", configuration.original_id());
                    return self.at_field(Err(Error::new(ErrorKind::Plugin, cause)), "generators");
                }
            }
        }
        for (mut resource, origin) in made {
            if let Some(origin) = origin {
                resource.origin.get_or_insert(origin);
            }
            self.at_field(gathered.resources.absorb(resource), "generators")?;
        }
        Ok(())
    }

    /// The objects of `generators`, `transformers` or `validators`: inline, or files and directories.
    fn plugin_objects(&self, entries: &[String], field: &str, state: &mut State<'_>, depth: usize) -> Result<Vec<Resource>> {
        let mut gathered = Accumulator::default();
        let mut paths = Vec::new();
        for entry in entries {
            let inline = read_objects(entry).and_then(|objects| {
                let mut map = ResourceMap::new();
                objects.into_iter().try_for_each(|o| map.append(o)).map(|()| map)
            });
            let Ok(mut objects) = inline else {
                paths.push(entry.clone());
                continue;
            };
            if let Some(origin) = &self.origin {
                let origin = origin.append(self.file_name());
                objects.iter_mut().for_each(|o| o.origin = Some(Box::new(origin.clone())));
            }
            let added = gathered.resources.append_all(objects).map_err(|e| e.with_kind(ErrorKind::Plugin));
            self.at_field(added, field)?;
        }
        let unreadable: Vec<String> = paths.iter().filter(|p| p.contains('\n')).cloned().collect();
        if let Some(entry) = unreadable.first() {
            // neither an object nor a path: the reason why it is no object is the one to tell
            if let Err(why) = read_objects(entry) {
                return self.at_field(Err(why), field);
            }
        }
        let gathered = self.accumulate_resources(gathered, &paths, field, state, depth)?;
        Ok(gathered.resources.into_list())
    }

    pub(super) fn run_transformers(&self, gathered: &mut Accumulator, state: &mut State<'_>, depth: usize) -> Result<()> {
        let configuration = gathered.configuration.clone().unwrap_or_else(configuration::default);
        let mut steps = self.own_steps(&configuration)?;
        steps.extend(self.plugin_steps(&self.kustomization.transformers, "transformers", state, depth)?);
        let tools = Tools { schema: &state.schema, warnings: &self.loader.sources().warnings, cancel: &state.options.cancel };
        for (transformer, origin) in steps {
            tools.cancel.check()?;
            transformer.transform(&mut gathered.resources, &tools).map_err(|e| e.in_file(&self.file_path()))?;
            if let Some(origin) = origin {
                for resource in gathered.resources.iter_mut() {
                    match resource.origin {
                        None => resource.origin = Some(Box::new(origin.clone())),
                        Some(_) => resource.transformations.push(origin.clone()),
                    }
                }
            }
            gathered.resources.drop_gone();
        }
        Ok(())
    }

    /// The transformers of the kustomization's own fields, in their fixed order.
    fn own_steps(&self, configuration: &Configuration) -> Result<Vec<Step>> {
        let k = &self.kustomization;
        let mut steps: Vec<Step> = Vec::new();
        let mut add = |kind: &str, transformer: Box<dyn Transformer>| steps.push((transformer, self.origin_of(kind)));
        if !k.patches_strategic_merge.is_empty() {
            let made = plugins::merge_patches(&k.patches_strategic_merge, "", self);
            add("PatchStrategicMergeTransformer", self.at_field(made, "patchesStrategicMerge")?);
        }
        for (number, patch) in k.patches.iter().enumerate() {
            let made = plugins::patch_text(&patch.path, &patch.patch, self)
                .and_then(|text| patch_transformer(&text, patch.target.as_ref(), patch.options.as_ref()));
            let made = self.at_field(made.map_err(|e| e.at(patch.at.line, patch.at.column)), format!("patches[{number}]"))?;
            // a patch without content counts as a step all the same
            add("PatchTransformer", made.unwrap_or_else(|| Box::new(Nothing)));
        }
        if !k.namespace.is_empty() {
            let (namespace, fields) = (k.namespace.clone(), configuration.namespace.clone());
            add("NamespaceTransformer", Box::new(SetNamespace { namespace, fields, unset_only: false, subjects: Subjects::DefaultOnly }));
        }
        if !k.name_prefix.is_empty() {
            let (affix, fields) = (k.name_prefix.clone(), configuration.name_prefix.clone());
            add("PrefixTransformer", Box::new(NameAffix { side: Side::Prefix, affix, fields }));
        }
        if !k.name_suffix.is_empty() {
            let (affix, fields) = (k.name_suffix.clone(), configuration.name_suffix.clone());
            add("SuffixTransformer", Box::new(NameAffix { side: Side::Suffix, affix, fields }));
        }
        if !k.labels.is_empty() || !k.common_labels.is_empty() {
            for (number, label) in k.labels.iter().enumerate() {
                let fields = self.at_field(label_fields(label, configuration), format!("labels[{number}]"))?;
                add("LabelTransformer", Box::new(AddTexts { texts: label.pairs.clone(), fields }));
            }
            add("LabelTransformer", Box::new(AddTexts { texts: k.common_labels.clone(), fields: configuration.common_labels.clone() }));
        }
        if !k.common_annotations.is_empty() {
            let fields = configuration.common_annotations.clone();
            add("AnnotationsTransformer", Box::new(AddTexts { texts: k.common_annotations.clone(), fields }));
        }
        for (number, patch) in k.patches_json6902.iter().enumerate() {
            let made = plugins::json_patch(patch.target.as_ref(), &patch.path, &patch.patch, self)
                .map_err(|e| e.at(patch.at.line, patch.at.column));
            add("PatchJson6902Transformer", self.at_field(made, format!("patchesJson6902[{number}]"))?);
        }
        for replica in &k.replicas {
            let fields = configuration.replicas.clone();
            add("ReplicaCountTransformer", Box::new(SetReplicas { name: replica.name.clone(), count: replica.count, fields }));
        }
        let mut images = Vec::with_capacity(k.images.len());
        for (number, image) in k.images.iter().enumerate() {
            images.push(self.at_field(SetImage::new(image.clone(), self.place_at(image.at)), format!("images[{number}]"))?);
        }
        let fields = &configuration.images;
        if self.origin.is_none() {
            // nobody counts the steps: all images in one walk
            if !images.is_empty() {
                add("ImageTagTransformer", Box::new(SetImages { images, fields: fields.clone() }));
            }
        } else {
            for image in images {
                add("ImageTagTransformer", Box::new(SetImages { images: vec![image], fields: fields.clone() }));
            }
        }
        if !k.replacements.is_empty() {
            let list = self.at_field(plugins::replacements(k.replacements.clone(), self), "replacements")?;
            add("ReplacementTransformer", Box::new(Replacements { list, place: self.place_of_file() }));
        }
        Ok(steps)
    }

    fn plugin_steps(&self, entries: &[String], field: &str, state: &mut State<'_>, depth: usize) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = Vec::new();
        for configuration in self.plugin_objects(entries, field, state, depth)? {
            match self.at_field(plugins::configure(&configuration, self), field)? {
                Plugin::Transformer(made) => steps.push((made.unwrap_or_else(|| Box::new(Nothing)), origin_of_plugin(&configuration))),
                Plugin::Generator(_) => {
                    let cause = format!("plugin {} not a transformer", configuration.original_id());
                    return self.at_field(Err(Error::new(ErrorKind::Plugin, cause)), field);
                }
            }
        }
        Ok(steps)
    }

    /// Validators are transformers that must not change anything (KB-PLUG-02).
    pub(super) fn run_validators(&self, gathered: &mut Accumulator, state: &mut State<'_>, depth: usize) -> Result<()> {
        let steps = self.plugin_steps(&self.kustomization.validators, "validators", state, depth)?;
        let tools = Tools { schema: &state.schema, warnings: &self.loader.sources().warnings, cancel: &state.options.cancel };
        for (validator, _) in steps {
            let before: Vec<Resource> = gathered.resources.iter().cloned().collect();
            validator.transform(&mut gathered.resources, &tools)?;
            let same = before.len() == gathered.resources.len()
                && before.iter().zip(gathered.resources.iter()).all(|(a, b)| {
                    let mut b = b.clone();
                    if let Some(labels) = b.node.get_mut("metadata").and_then(|m| m.get_mut("labels")) {
                        labels.remove(VALIDATED_BY);
                    }
                    a.node.same_value(&b.node)
                        || (b.label(VALIDATED_BY).is_none() && without_empty_labels(a).same_value(&without_empty_labels(&b)))
                });
            if !same {
                let changed = before.iter().zip(gathered.resources.iter()).find(|(a, b)| !a.node.same_value(&b.node));
                let which = changed.map_or_else(|| "the number of objects".to_owned(), |(a, _)| a.id().to_string());
                return self.at_field(
                    Err(Error::new(ErrorKind::Validation, format!("validator shouldn't modify the resource map: {which} changed"))),
                    "validators",
                );
            }
        }
        Ok(())
    }
}

fn without_empty_labels(resource: &Resource) -> ferroflux_yaml::Node {
    let mut node = resource.node.clone();
    if let Some(metadata) = node.get_mut("metadata")
        && metadata.get("labels").is_some_and(crate::tree::is_null_or_empty)
    {
        metadata.remove("labels");
    }
    node
}

/// The fields of one entry of `labels`.
fn label_fields(label: &crate::kustomization::fields::Label, configuration: &Configuration) -> Result<FieldSpecs> {
    let mut fields = FieldSpecs::from_fields(&label.fields);
    fields.add_all(&configuration.labels)?;
    if label.include_selectors {
        fields.add_all(&configuration.common_labels)?;
    } else {
        if label.include_templates {
            fields.add_all(&configuration.template_labels)?;
        }
        fields.add(&FieldSpec::new(Gvk::default(), "metadata/labels", true))?;
    }
    Ok(fields)
}

fn origin_of_plugin(configuration: &Resource) -> Option<Origin> {
    configuration.origin.as_ref().map(|origin| Origin {
        path: String::new(),
        repo: origin.repo.clone(),
        reference: origin.reference.clone(),
        configured_in: origin.path.clone(),
        configured_by: Some(ConfiguredBy {
            api_version: configuration.api_version().to_owned(),
            kind: configuration.kind().to_owned(),
            name: configuration.name().to_owned(),
            namespace: configuration.namespace().to_owned(),
        }),
    })
}

/// Does nothing.
struct Nothing;

impl Transformer for Nothing {
    fn transform(&self, _: &mut ResourceMap, _: &Tools<'_>) -> Result<()> {
        Ok(())
    }
}
