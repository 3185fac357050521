//! One build: gathering objects from a tree of kustomizations and working on them in the fixed order (KB-ORD-01).

use std::sync::Arc;

use ferroflux_yaml::{Dialect, Duplicates, Node, ReadOptions, read_document};

use crate::configuration::{self, Configuration};
use crate::decode::Unknown;
use crate::documents::{check_metadata, read_objects, text_of};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::field_spec::{FieldSpec, FieldSpecs};
use crate::file_system::{FileSystem, join};
use crate::identity::Gvk;
use crate::kustomization::{COMPONENT, FILE_NAMES, Kustomization};
use crate::loader::{Loader, Sources};
use crate::name_references;
use crate::options::{OpenApiMode, Options, Order};
use crate::origin::Origin;
use crate::output::Object;
use crate::remote::RemoteLoader;
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::schema::Schema;
use crate::sort::SortOrder;
use crate::transformers::hash::AddHashes;
use crate::transformers::labels::AddTexts;
use crate::transformers::{Tools, Transformer};
use crate::variables::Variables;
use crate::warning::Warning;

mod steps;

/// What a build made.
#[derive(Debug)]
pub struct Output {
    /// The objects in their order.
    pub objects: Vec<Object>,
    /// What the build noticed and went on.
    pub warnings: Vec<Warning>,
}

/// The label that `managedByLabel` sets, and the version that it names.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const MIRRORED_VERSION: &str = "v5.8.1";

/// Builds the kustomization in the directory `path` of a file tree.
///
/// `remote` fetches remote bases and files; without one they are refused. The result depends on the inputs alone.
pub fn build(files: &dyn FileSystem, path: &str, options: &Options, remote: Option<&dyn RemoteLoader>) -> Result<Output> {
    build_with_root(files, path, options, remote, None)
}

/// Builds a directory of this machine, as the command line does: the whole disk is the file tree, so that bases beside
/// the directory are found; `options` say what may be read.
pub fn build_directory(directory: &std::path::Path, options: &Options, remote: Option<&dyn RemoteLoader>) -> Result<Output> {
    let disk = crate::file_system::DiskFileSystem::new("/").map_err(|e| Error::new(ErrorKind::Other, e.to_string()))?;
    let disk = disk.with_max_file_bytes(options.limits.file_bytes as u64);
    let shown = directory.display();
    let path = disk.path_of(directory).ok_or_else(|| Error::new(ErrorKind::NotFound, format!("'{shown}': no such file or directory")))?;
    build(&disk, &path, options, remote)
}

/// As [`build`], with the text of the root kustomization given instead of read (KC-GEN-03).
pub(crate) fn build_with_root(
    files: &dyn FileSystem,
    path: &str,
    options: &Options,
    remote: Option<&dyn RemoteLoader>,
    root: Option<RootFile>,
) -> Result<Output> {
    let sources = Sources::new(remote, options.limits);
    let objects = {
        let loader = Loader::new(&sources, files, path, options.load_restriction)?;
        let mut state = State { options, schema: Schema::default(), schema_is_set: false, met_unknown_kind: false, directories: 0 };
        let display = loader.display_root();
        run(&loader, &mut state, root).map_err(|e| e.under(&display))?
    };
    Ok(Output { objects, warnings: sources.warnings.into_list() })
}

/// A root kustomization that stands in for the file.
pub(crate) struct RootFile {
    pub(crate) name: String,
    pub(crate) kustomization: Kustomization,
}

/// What changes during a build.
pub(crate) struct State<'o> {
    pub(crate) options: &'o Options,
    pub(crate) schema: Schema,
    schema_is_set: bool,
    /// Whether an object of a kind outside the built-in schema was loaded; a schema that comes later then adds to the
    /// built-in one, because the original has begun to use that.
    met_unknown_kind: bool,
    directories: usize,
}

/// What one kustomization has gathered.
#[derive(Default)]
pub(crate) struct Accumulator {
    pub(crate) resources: ResourceMap,
    pub(crate) configuration: Option<Arc<Configuration>>,
    pub(crate) variables: Variables,
}

impl Accumulator {
    fn merge(&mut self, other: Accumulator) -> Result<()> {
        self.resources.append_all(other.resources)?;
        if let Some(configuration) = &other.configuration {
            configuration::unite(&mut self.configuration, configuration)?;
        }
        self.variables.append(other.variables)
    }
}

fn run(loader: &Loader<'_, '_>, state: &mut State<'_>, root: Option<RootFile>) -> Result<Vec<Object>> {
    let mut target = Target::load(loader, root)?;
    target.set_schema(state, true)?;
    if !target.kustomization.build_metadata.is_empty() {
        target.origin = Some(Origin::default());
    }
    let mut gathered = target.accumulate(Accumulator::default(), state, 0)?;
    let tools = Tools { schema: &state.schema, warnings: &loader.sources().warnings, cancel: &state.options.cancel };
    let resources = &mut gathered.resources;
    AddHashes.transform(resources, &tools)?;
    let configuration = gathered.configuration.unwrap_or_else(configuration::default);
    name_references::fix(resources, &configuration.name_reference, &state.options.cancel)?;
    let unused = gathered.variables.resolve(resources, &configuration.var_reference)?;
    if !unused.is_empty() {
        tools.warnings.push(target.place_of_file(), format!("well-defined vars that were never replaced: {}", unused.join(",")));
    }
    for resource in resources.iter() {
        check_metadata(&resource.node)
            .map_err(|cause| Error::new(ErrorKind::InvalidResource, cause).on(&resource.original_id().to_owned()))?;
    }
    resources.check_unique()?;
    if resources.iter().any(Resource::is_local_config) {
        resources.retain(|r| !r.is_local_config());
    }
    let order = match &target.kustomization.sort_options {
        Some(options) => SortOrder::from_options(options).map_err(|e| e.in_file(&target.file_path()))?,
        None if state.options.order == Order::Legacy => SortOrder::legacy(),
        None => SortOrder::Input,
    };
    if state.options.managed_by_label || target.kustomization.has_metadata("managedByLabel") {
        let version = state.options.managed_by_version.as_deref().unwrap_or(MIRRORED_VERSION);
        let texts = [(MANAGED_BY.to_owned(), format!("kustomize-{version}"))].into();
        AddTexts { texts, fields: FieldSpecs(vec![FieldSpec::new(Gvk::default(), "metadata/labels", true)]) }
            .transform(resources, &tools)?;
    }
    let with_origin = target.kustomization.has_metadata("originAnnotations");
    let with_transformations = target.kustomization.has_metadata("transformerAnnotations");
    let mut list = std::mem::take(resources).into_list();
    order.apply(&mut list);
    let mut objects = Vec::with_capacity(list.len());
    for mut resource in list {
        resource.finish(with_origin, with_transformations);
        let id = resource.id().to_owned();
        if state.options.require_api_version && resource.api_version().is_empty() {
            let cause = format!("failed to decode Kubernetes apiVersion, kind and name from: {id}");
            return Err(Error::new(ErrorKind::InvalidResource, cause).on(&id));
        }
        objects.push(Object::new(resource.node, id));
    }
    Ok(objects)
}

/// One kustomization being worked on.
pub(crate) struct Target<'l, 'p> {
    pub(crate) loader: &'l Loader<'l, 'p>,
    pub(crate) kustomization: Kustomization,
    file_name: String,
    pub(crate) origin: Option<Origin>,
}

impl<'l, 'p> Target<'l, 'p> {
    fn load(loader: &'l Loader<'l, 'p>, given: Option<RootFile>) -> Result<Self> {
        if let Some(given) = given {
            return Ok(Self { loader, kustomization: given.kustomization, file_name: given.name, origin: None });
        }
        let mut found: Option<(&str, Vec<u8>)> = None;
        for name in FILE_NAMES {
            match loader.read_own(name)? {
                Some(_) if found.is_some() => {
                    return Err(Error::new(
                        ErrorKind::KustomizationMultiple,
                        format!("Found multiple kustomization files under: {}", loader.root()),
                    ));
                }
                Some(content) => found = Some((name, content)),
                None => {}
            }
        }
        let Some((name, content)) = found else {
            let [a, b, c] = FILE_NAMES;
            return Err(Error::new(
                ErrorKind::KustomizationMissing,
                format!("unable to find one of '{a}', '{b}' or '{c}' in directory '{}'", loader.root()),
            ));
        };
        let file = join(loader.root(), name);
        let text = text_of(&content).map_err(|e| e.with_kind(ErrorKind::KustomizationInvalid).in_file(&file))?;
        let mut warn = |message: String| loader.sources().warnings.push(Some(Place { file: file.clone(), ..Place::default() }), message);
        let kustomization = Kustomization::read(&text, loader.root(), Unknown::Refuse, &mut warn).map_err(|e| e.in_file(&file))?;
        Ok(Self { loader, kustomization, file_name: name.to_owned(), origin: None })
    }

    pub(crate) fn root(&self) -> &str {
        self.loader.root()
    }

    pub(crate) fn file_name(&self) -> &str {
        &self.file_name
    }

    pub(crate) fn file_path(&self) -> String {
        join(self.loader.root(), &self.file_name)
    }

    /// The kustomization file as a place.
    pub(crate) fn place_of_file(&self) -> Option<Place> {
        Some(Place { file: self.file_path(), ..Place::default() })
    }

    /// A file that the kustomization names as a place.
    pub(crate) fn place_of(&self, path: &str) -> Place {
        let file = if crate::remote::is_http(path) { path.to_owned() } else { join(self.loader.root(), path) };
        Place { file, ..Place::default() }
    }

    /// The content of a file for a generator.
    pub(crate) fn read_content(&self, path: &str) -> Result<crate::generators::Content> {
        self.loader.read(path).map(crate::generators::Content::new)
    }

    pub(crate) fn read_text(&self, path: &str) -> Result<String> {
        let bytes = self.loader.read(path)?;
        let file = || self.place_of(path).file;
        match text_of(&bytes).map_err(|e| e.in_file(&file()))? {
            std::borrow::Cow::Owned(text) => Ok(text),
            std::borrow::Cow::Borrowed(_) => {
                let text = String::from_utf8(bytes).map_err(|e| Error::new(ErrorKind::MalformedYaml, e.to_string()).in_file(&file()))?;
                Ok(match text.strip_prefix('\u{feff}') {
                    Some(rest) => rest.to_owned(),
                    None => text,
                })
            }
        }
    }

    /// A configuration file as a tree, typed by YAML 1.1.
    pub(crate) fn read_yaml(&self, path: &str) -> Result<Node> {
        let text = self.read_text(path)?;
        let options = ReadOptions { dialect: Dialect::SigsYaml, duplicates: Duplicates::LastWins, ..ReadOptions::default() };
        read_document(&text, options)
            .map_err(|e| Error::new(ErrorKind::MalformedYaml, e.to_string()).at(e.line(), e.column()).in_file(&self.place_of(path).file))
    }

    /// Takes over the schema that the kustomization names; the first one set wins (KB-PROF-04).
    fn set_schema(&self, state: &mut State<'_>, is_root: bool) -> Result<()> {
        let openapi = &self.kustomization.openapi;
        let (path, version) = (openapi.get("path"), openapi.get("version"));
        let text = path.map(|path| self.read_text(path).map_err(|e| e.in_field("openapi.path"))).transpose()?;
        if state.schema_is_set && !is_root {
            return Ok(());
        }
        let fails = |cause: &str| Error::new(ErrorKind::OpenApi, cause).in_file(&self.file_path()).in_field("openapi");
        match (text, version.map(String::as_str)) {
            (Some(_), Some(_)) => Err(fails("builtin version and custom schema provided, cannot use both")),
            (Some(text), None) => {
                let keeps_builtin = state.options.openapi == OpenApiMode::Add || (!is_root && state.met_unknown_kind);
                let file = path.map(|p| self.place_of(p).file).unwrap_or_default();
                state.schema.set_custom(&text, keeps_builtin).map_err(|e| e.in_file(&file))?;
                state.schema_is_set = true;
                Ok(())
            }
            (None, None | Some("")) => Ok(()),
            (None, Some("v1.21.2")) => {
                state.schema_is_set = true;
                Ok(())
            }
            (None, Some(_)) => Err(fails("the specified OpenAPI version is not built in").hint("the only one is v1.21.2")),
        }
    }

    /// Runs the whole kustomization on what is there already: nothing, or for a component what its parent has.
    pub(crate) fn accumulate(&mut self, mut gathered: Accumulator, state: &mut State<'_>, depth: usize) -> Result<Accumulator> {
        state.options.cancel.check()?;
        gathered = self.accumulate_resources(gathered, &self.kustomization.resources, "resources", state, depth)?;
        configuration::unite(&mut gathered.configuration, &self.configurations()?)?;
        self.run_generators(&mut gathered, state, depth)?;
        gathered = self.accumulate_components(gathered, state, depth)?;
        self.run_transformers(&mut gathered, state, depth)?;
        self.run_validators(&mut gathered, state, depth)?;
        let Accumulator { resources, variables, .. } = &mut gathered;
        variables.declare(&self.kustomization.vars, resources).map_err(|e| e.in_file(&self.file_path()).in_field("vars"))?;
        Ok(gathered)
    }

    /// The defaults with what `configurations` and `crds` add.
    fn configurations(&self) -> Result<Arc<Configuration>> {
        let k = &self.kustomization;
        let mut all = configuration::default();
        let mut add = |field: &'static str, path: &String, read: fn(&str) -> Result<Configuration>| -> Result<()> {
            let text = self.read_text(path).map_err(|e| e.in_field(field))?;
            let more = read(&text).map_err(|e| e.in_file(&self.place_of(path).file))?;
            Arc::make_mut(&mut all).add(more).map_err(|e| e.in_file(&self.place_of(path).file))
        };
        k.configurations.iter().try_for_each(|path| add("configurations", path, Configuration::read))?;
        k.crds.iter().try_for_each(|path| add("crds", path, configuration::crds::read))?;
        Ok(all)
    }

    /// Adds files and directories in list order.
    pub(crate) fn accumulate_resources(
        &self,
        mut gathered: Accumulator,
        paths: &[String],
        field: &str,
        state: &mut State<'_>,
        depth: usize,
    ) -> Result<Accumulator> {
        for (number, path) in paths.iter().enumerate() {
            let within = |e: Error| {
                let e = e.in_file(&self.file_path());
                if e.place().is_some_and(|p| p.file == self.file_path()) { e.in_field(format!("{field}[{number}] '{path}'")) } else { e }
            };
            state.options.cancel.check()?;
            let added = match self.loader.look(path) {
                Ok(Some(bytes)) => self.add_file(&mut gathered, path, &bytes, state),
                Ok(None) => {
                    gathered = self.accumulate_directory(gathered, path, false, state, depth).map_err(within)?;
                    continue;
                }
                Err(e) => Err(e),
            };
            match added {
                Ok(()) => {}
                // an address that is no file may be a repository; a path that is no file may be one too
                Err(e) if may_be_repository(&e, path) => {
                    gathered = self.accumulate_directory(gathered, path, false, state, depth).map_err(within)?;
                }
                Err(e) => return Err(within(e)),
            }
        }
        Ok(gathered)
    }

    fn add_file(&self, gathered: &mut Accumulator, path: &str, bytes: &[u8], state: &mut State<'_>) -> Result<()> {
        let file = self.place_of(path).file;
        let mut objects = text_of(bytes).and_then(|text| read_objects(&text)).map_err(|e| {
            let cause = if e.kind() == ErrorKind::MalformedYaml { format!("{} in File: {path}", e.cause()) } else { e.cause().to_owned() };
            e.with_cause(cause).in_file(&file)
        })?;
        if gathered.resources.len() + objects.len() > state.options.limits.objects {
            return Err(Error::new(ErrorKind::Limit, format!("more than {} objects", state.options.limits.objects)).in_file(&file));
        }
        if let Some(origin) = &self.origin {
            let origin = origin.append(path);
            objects.iter_mut().for_each(|o| o.origin = Some(Box::new(origin.clone())));
        }
        state.met_unknown_kind |= objects.iter().any(|o| state.schema.of(o.api_version(), o.kind()).is_none());
        // objects of one file must differ too, before they meet the others
        let mut own = ResourceMap::new();
        objects.into_iter().try_for_each(|o| own.append(o)).map_err(|e| e.in_file(&file))?;
        gathered.resources.append_all(own).map_err(|e| e.in_file(&file))
    }

    fn accumulate_components(&self, mut gathered: Accumulator, state: &mut State<'_>, depth: usize) -> Result<Accumulator> {
        for (number, path) in self.kustomization.components.iter().enumerate() {
            gathered = self.accumulate_directory(gathered, path, true, state, depth).map_err(|e| {
                let e = e.in_file(&self.file_path());
                if e.place().is_some_and(|p| p.file == self.file_path()) { e.in_field(format!("components[{number}] '{path}'")) } else { e }
            })?;
        }
        Ok(gathered)
    }

    fn accumulate_directory(
        &self,
        mut gathered: Accumulator,
        path: &str,
        is_component: bool,
        state: &mut State<'_>,
        depth: usize,
    ) -> Result<Accumulator> {
        let loader = self.loader.enter(path)?;
        let display = loader.display_root();
        if depth >= state.options.limits.depth {
            return Err(Error::new(ErrorKind::Limit, format!("kustomizations are nested more than {} deep", state.options.limits.depth))
                .under(&display));
        }
        state.directories += 1;
        if state.directories > state.options.limits.directories {
            return Err(
                Error::new(ErrorKind::Limit, format!("more than {} kustomizations", state.options.limits.directories)).under(&display)
            );
        }
        let mut inner = || -> Result<Accumulator> {
            let mut target = Target::load(&loader, None)?;
            target.kustomization.build_metadata.clone_from(&self.kustomization.build_metadata);
            target.origin = self.origin.as_ref().map(|origin| origin.append(path));
            target.set_schema(state, false)?;
            let kind = &target.kustomization.kind;
            if is_component && kind != COMPONENT {
                let cause = format!("expected kind '{COMPONENT}' for path '{}' but got '{kind}'", loader.root());
                return Err(Error::new(ErrorKind::ComponentKind, cause).in_file(&target.file_path()));
            }
            if !is_component && kind == COMPONENT {
                let cause = format!("expected kind != '{COMPONENT}' for path '{}'", loader.root());
                return Err(Error::new(ErrorKind::ComponentKind, cause).in_file(&target.file_path()).hint("list it under `components`"));
            }
            // a component works on all that is there, which is then added anew: what it made equal is found out
            let start = if is_component { std::mem::take(&mut gathered) } else { Accumulator::default() };
            let made = target.accumulate(start, state, depth + 1)?;
            let file = target.file_path();
            gathered.merge(made).map_err(|e| e.in_file(&file))?;
            Ok(std::mem::take(&mut gathered))
        };
        inner().map_err(|e| e.under(&display))
    }
}

/// Whether a failed file may be meant as a repository.
fn may_be_repository(error: &Error, path: &str) -> bool {
    let as_path = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::OutsideRoot | ErrorKind::IsDirectory);
    (error.kind() == ErrorKind::IsRepository
        || error.kind() == ErrorKind::Remote
        || (as_path && !crate::remote::is_http(path))
        || is_unreadable(error, path))
        && crate::remote::RepositoryUrl::parse(path).is_some()
}

/// A page that answers at the address of a repository is no manifest.
fn is_unreadable(error: &Error, path: &str) -> bool {
    crate::remote::is_http(path) && matches!(error.kind(), ErrorKind::MalformedYaml | ErrorKind::InvalidResource)
}
