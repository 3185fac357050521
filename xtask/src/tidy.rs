//! What compiler and clippy do not see.

use std::path::Path;

use anyhow::{Result, bail};

mod dependencies;
mod form;

/// Prints every finding, and fails if there is one that must not be.
pub(crate) fn run(root: &Path) -> Result<()> {
    let files = crate::files::text_files(root)?;
    let mut errors = dependencies::check(root)?;
    errors.extend(form::check(&files));
    for note in form::notes(&files) {
        println!("note: {note}");
    }
    for error in &errors {
        println!("error: {error}");
    }
    if !errors.is_empty() {
        bail!("tidy: {} findings", errors.len());
    }
    println!("tidy: {} files, nothing to complain about", files.len());
    Ok(())
}
