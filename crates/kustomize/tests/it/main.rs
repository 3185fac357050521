//! The renderer from outside: the Flux profile, remote sources, limits, hostile input, properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod errors;
mod flux;
mod hostile;
mod remote;
mod rules;
mod scale;
mod transform;

use ferroflux_kustomize::{MemoryFileSystem, Options, Order, build, to_yaml_stream};

/// A tree of files.
fn tree(files: &[(&str, &str)]) -> MemoryFileSystem {
    let mut tree = MemoryFileSystem::new();
    for (path, content) in files {
        tree.write(path, *content);
    }
    tree
}

/// What a build prints in input order, or its error as text.
fn render(files: &[(&str, &str)], path: &str) -> Result<String, String> {
    let options = Options { order: Order::Input, ..Options::default() };
    let output = build(&tree(files), path, &options, None).map_err(|e| e.to_string())?;
    to_yaml_stream(&output.objects).map_err(|e| e.to_string())
}

/// A ConfigMap document.
fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n")
}
