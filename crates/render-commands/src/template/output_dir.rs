//! `--output-dir`: a file for each template instead of one stream.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Component, Path};

use anyhow::{Result, anyhow, bail};
use ferroflux_helm_chart::{HookEvent, Rendered, TemplateRequest};

use super::os_error;

/// Writes definitions (if asked for), manifests and hooks below `directory`, and says so on `out`, as Helm does. A file
/// that is there is replaced, except by hooks, which go behind it. With `release_name`, manifests and hooks go into a
/// folder of the release's name. `advice` goes behind errors about what Helm writes while it still renders.
pub(super) fn write(
    request: &TemplateRequest,
    rendered: &Rendered,
    directory: &Path,
    release_name: bool,
    advice: &str,
    out: &mut dyn Write,
) -> Result<()> {
    let mut written = HashSet::new();
    let below = if release_name { directory.join(&request.release) } else { directory.to_owned() };
    let mut put = |directory: &Path, path: &str, text: &str, is_hook: bool| -> Result<()> {
        let target = directory.join(path);
        // Names come from the chart: a file must end up below the directory that the user named.
        if Path::new(path).components().any(|c| !matches!(c, Component::Normal(_))) {
            bail!("template {path:?} does not name a file below {}", directory.display());
        }
        let shown = target.display();
        if let Some(parent) = target.parent() {
            let failed = |what: &str, e: &std::io::Error| {
                anyhow!("{what} {}: {}{}", parent.display(), os_error(e), if is_hook { "" } else { advice })
            };
            fs::metadata(parent).map(|_| ()).or_else(|e| if e.kind() == ErrorKind::NotFound { Ok(()) } else { Err(failed("stat", &e)) })?;
            fs::create_dir_all(parent).map_err(|e| failed("mkdir", &e))?;
        }
        let append = !written.insert(target.clone()) || is_hook && target.exists();
        let file = if append { OpenOptions::new().append(true).open(&target) } else { File::create(&target) };
        let mut file = file.map_err(|e| anyhow!("open {shown}: {}", os_error(&e)))?;
        write!(file, "---\n# Source: {path}\n{text}\n").map_err(|e| anyhow!("write {shown}: {}", os_error(&e)))?;
        writeln!(out, "wrote {}/{path}", directory.display())?;
        Ok(())
    };
    if request.include_crds {
        for crd in &rendered.crds {
            put(directory, &crd.path, &crd.data.to_text(), false)?;
        }
    }
    for manifest in &rendered.manifests {
        put(&below, manifest.path(), manifest.text(), false)?;
    }
    if !request.no_hooks {
        for hook in rendered.hooks.iter().filter(|h| !(request.skip_tests && h.events.contains(&HookEvent::Test))) {
            put(&below, hook.manifest.path(), hook.manifest.text(), true)?;
        }
    }
    // Helm looks for these in what is printed, and nothing is.
    if let Some(shown) = request.show_only.first() {
        bail!("could not find template {shown} in chart");
    }
    // What is printed otherwise is empty here, and ends with a line break all the same.
    writeln!(out)?;
    Ok(())
}
