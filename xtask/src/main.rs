//! Project chores, as `cargo xtask <chore>`:
//!
//! - `crds [--check]` writes the CRD manifests in `crds/` from the types, or fails if they are not up to date;
//! - `tidy` fails on what compiler and clippy do not see: dependencies that point upwards, paths of somebody's machine,
//!   documents out of form, crates without a description;
//! - `status [--check]` writes STATUS.md: which requirement is held by which test.
#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

mod crds;
mod files;
mod status;
mod tidy;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let root = root()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["crds"] => crds::write(&root),
        ["crds", "--check"] => crds::check(&root),
        ["tidy"] => tidy::run(&root),
        ["status"] => status::write(&root),
        ["status", "--check"] => status::check(&root),
        _ => bail!("usage: cargo xtask crds [--check] | tidy | status [--check]"),
    }
}

/// The workspace's folder.
fn root() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).context("xtask has no parent folder")
}
