//! Builds a kustomization into objects, as kustomize 5.8 does.
//!
//! A build is a pure function over a file tree: [`build()`] takes a [`FileSystem`], a directory in it and [`Options`], and
//! gives the rendered objects with the warnings that came up. It does no network and knows no cluster: remote bases and
//! files come through a [`RemoteLoader`] that the caller passes in, and without one they are refused. There is no state
//! between builds and no lock, so any number of them can run side by side; each can be cancelled and is bounded.
//!
//! It does not: inflate Helm charts, run plug-ins that are programs or containers, edit kustomizations, or look into its
//! own environment.
//!
//! Entry points: [`build()`] for what the command prints ([`to_yaml_stream`]), [`flux::build`] for what Flux's controller
//! renders. The mirrored original is sigs.k8s.io/kustomize, api and kyaml v0.21.1; where its behaviour is odd but decides
//! what runs in clusters it is kept, and the comment beside it says so.

mod build;
mod configuration;
mod decode;
mod documents;
mod error;
mod field_path;
mod field_spec;
mod field_visitor;
mod file_system;
pub mod flux;
mod generators;
mod identity;
mod json_patch;
mod kustomization;
mod loader;
mod name_references;
mod options;
mod origin;
mod output;
mod plugins;
mod remote;
mod resource;
mod resource_map;
mod schema;
mod selector;
mod sort;
mod strategic_merge;
mod transformers;
mod tree;
mod variables;
mod warning;

pub use build::{Output, build, build_directory};
pub use error::{Error, ErrorKind, Place, Result};
pub use file_system::{DiskFileSystem, Entry, EntryKind, FileError, FileSystem, Loaded, MemoryFileSystem, Resolved};
pub use identity::{Gvk, ResId};
pub use kustomization::FILE_NAMES;
pub use options::{CancelToken, Limits, LoadRestriction, OpenApiMode, Options, Order};
pub use output::{Object, to_yaml_stream};
pub use remote::{HttpFile, RemoteError, RemoteLoader, RepositoryUrl};
pub use transformers::hash::name_suffix;
pub use warning::Warning;
