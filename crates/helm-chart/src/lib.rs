//! Charts: loading, dependencies, values, schema, rendering, hooks; what Helm 4.2's packages `chart`, `engine` and
//! `release/util` do, as a library without a cluster.
//!
//! What it does not do: fetch charts, talk to a cluster (`lookup` comes in through the template engine's host), store or
//! apply releases, run a post-renderer. It reads files only through [`FileTree`] or from bytes it is given.
//!
//! Entry points, in the order in which a release uses them:
//! - [`load_archive`], [`load_tree`], [`load_path`] make a [`Chart`]: immutable, behind an [`std::sync::Arc`], shared by
//!   all releases of it and by all threads.
//! - [`ValueOptions`], [`read_values`], [`values`] read what the user gives.
//! - [`render`] decides about dependencies, lays the values over the defaults, checks the schemas, renders and sorts:
//!   [`Rendered`] holds manifests, hooks, notes and custom resource definitions.
//! - [`post_render`] makes the stream for a post-renderer and cuts it back into files; [`lock_digest`], [`provenance`],
//!   [`package`] serve those who look after charts and repositories.
//! - [`repository`] reads the index of a chart repository, entry by entry.
//! - [`TemplateRequest`] is all of it in one call: what `helm template` does.
//!
//! Charts are hostile: archives and directories are read within [`LoadLimits`] and never outside their root, values and
//! schemas within limits of depth and size, templates within the engine's limits.

mod archive;
mod assembly;
mod capabilities;
mod chart;
mod directory;
mod file;
mod ignore;
mod load;
mod lock;
mod manifest;
mod metadata;
mod notice;
mod package;
mod paths;
pub mod post_render;
pub mod provenance;
mod render;
pub mod repository;
mod schema;
mod surrogates;
mod template;
mod tree;
pub mod values;

pub use archive::{ArchiveError, looks_like_gzip, read_archive};
pub use capabilities::{KubeVersionError, cluster_capabilities, offline_capabilities, parse_kube_version};
pub use chart::{Chart, Crd};
pub use directory::{DirectoryTree, lexically_clean};
pub use file::{ChartFile, LoadLimits};
pub use ignore::{IGNORE_FILE, IgnoreError, IgnoreRules};
pub use load::{LoadError, PathError, load_archive, load_files, load_path, load_path_logged, load_tree};
pub use lock::{lock_digest, lock_digest_v2, lock_yaml};
pub use manifest::{
    Head, HeadError, Hook, HookEvent, Manifest, ManifestError, RenderedFile, Sorted, execution_order, install_rank, sort, split,
    uninstall_rank,
};
pub use metadata::{DecodeError, Dependency, Lock, Maintainer, Metadata, ValidationError};
pub use notice::{Level, Log, Notice, Unlogged};
pub use package::{PackageError, package};
pub use render::{
    Release, ReleaseNameError, RenderError, RenderOptions, Rendered, RenderedFiles, check_release_name, push_framed, render, render_files,
    render_through, unstable_files,
};
pub use schema::{NoSchemas, SchemaError, SchemaLoader};
pub use template::{Loaded, ReleaseNameProblem, SystemHost, TemplateError, TemplateRequest};
pub use tree::{EntryKind, FileTree, TreeEntry, TreeError};
pub use values::{OptionsError, ReadError, SetError, Table, Tree, ValueOptions, read_values};
