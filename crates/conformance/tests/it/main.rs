//! The corpora as tests. Without `../shared/corpus` (a user's machine) they say that they are skipped, and pass.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::path::PathBuf;

#[cfg(feature = "helm")]
mod charts;
#[cfg(feature = "helm")]
mod functions;
#[cfg(feature = "kustomize")]
mod kustomize;
#[cfg(feature = "helm")]
mod realworld;
#[cfg(feature = "tables")]
mod tables;

/// The corpus folder beside the project, if it is there.
fn corpus(sub: &str) -> Option<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus").join(sub);
    if !dir.exists() {
        println!("skipped: no corpus at ../shared/corpus/{sub}");
    }
    dir.exists().then_some(dir)
}
