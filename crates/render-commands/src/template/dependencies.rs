//! `--dependency-update`: what `charts/` lacks is fetched, as `helm dependency update` does (HE-REPO-03).
//!
//! Repositories are directories (`file://`), indexes over http and https, repositories that the user has added (`@name`), and registries
//! (`oci://`). Each download is checked against the digest in its index. What is said on the way is what Helm says, on standard output.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail, ensure};
use ferroflux_helm_chart::repository::{IndexEntry, Lookup, LookupError, read_index};
use ferroflux_helm_chart::{Chart, Dependency, LoadLimits, lexically_clean, load_archive, load_path, lock_digest, lock_yaml, package};

use super::registry::Registries;
use super::repositories::{INDEX_LIMITS, Repositories};
use indexes::Sources;

mod indexes;

/// One dependency as it will be locked, and its archive; a chart that lives in `charts/` has none.
struct Resolved {
    locked: Dependency,
    archive: Option<(String, Vec<u8>)>,
}

/// Fetches the dependencies of the chart in `directory` if some are missing.
pub(super) fn update(directory: &Path, registries: &Registries<'_>, repositories: &Repositories, out: &mut dyn Write) -> Result<()> {
    let shown = directory.display();
    let chart = load(directory)?;
    if chart.missing_dependencies().is_empty() {
        return Ok(());
    }
    ensure!(directory.is_dir(), "only unpacked charts can be updated");
    let mut declared = chart.metadata.dependencies.clone();
    check_local(directory, &declared)?;
    let sources = Sources::new(&mut declared, repositories)?;
    sources.refresh(repositories, registries.network, out)?;
    let charts = directory.join("charts");
    if charts.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
        bail!("{:?} is not a directory", charts.display().to_string());
    }
    let versions = resolve(directory, &declared, &sources, repositories, registries)?;
    writeln!(out, "Saving {} charts", declared.len())?;
    let mut resolved = Vec::new();
    for (dependency, found) in declared.iter().zip(versions) {
        let next = fetch(dependency, found, registries, &sources, &resolved, out);
        resolved.push(next.inspect_err(|e| _ = writeln!(out, "Save error occurred:  {e:#}"))?);
    }
    // Nothing is changed before everything is there.
    fs::create_dir_all(&charts).with_context(|| format!("charts of {shown}"))?;
    for (name, bytes) in resolved.iter().filter_map(|r| r.archive.as_ref()) {
        replace(&charts.join(name), bytes)?;
    }
    writeln!(out, "Deleting outdated charts")?;
    delete_outdated(&charts, &resolved, out)?;
    write_lock(directory, &chart, &declared, &resolved)
}

/// The error holds the text of its causes.
fn load(path: &Path) -> Result<Arc<Chart>> {
    load_path(path, LoadLimits::default()).map_err(|e| anyhow!("{e}"))
}

/// What is known about a dependency before its archive is there.
enum Found {
    /// It is in `charts/`.
    Local,
    /// The directory that it is packaged from.
    Directory(PathBuf),
    Indexed(Box<IndexEntry>),
    /// The version in a registry.
    Registry(String),
}

/// Picks a version of each dependency.
fn resolve(
    directory: &Path,
    declared: &[Dependency],
    sources: &Sources,
    repositories: &Repositories,
    registries: &Registries<'_>,
) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for dependency in declared {
        let Dependency { name, version, repository, .. } = dependency;
        let invalid = |e: &dyn std::fmt::Display| anyhow!("dependency {name:?} has an invalid version/constraint format: {e}");
        ensure!(!version.is_empty(), invalid(&"improper constraint: \"\""));
        let mut lookup = Lookup::new(name, version).map_err(|e| invalid(&e))?;
        if let Some(source) = sources.of(repository).filter(|_| indexes::is_indexed(repository)) {
            let index = indexes::read(source, repositories)?;
            read_index(Cursor::new(index), INDEX_LIMITS, &mut |item| lookup.offer(item))
                .with_context(|| format!("index of the repository {repository}"))?;
            match lookup.finish() {
                Ok(entry) => found.push(Found::Indexed(Box::new(entry))),
                Err(LookupError::NoChart) => bail!("{name} chart not found in repo {repository}"),
                Err(_) => missing.push(format!("{name:?} (repository {repository:?}, version {version:?})")),
            }
            continue;
        }
        if repository.starts_with("oci://") {
            let reference = in_registry(repository, name);
            let known = registries
                .version(&reference, version)
                .with_context(|| format!("could not retrieve list of tags for repository {repository}"));
            found.push(Found::Registry(known?));
            continue;
        }
        let path = match repository.strip_prefix("file://") {
            Some(path) => directory.join(path),
            None => directory.join("charts").join(name),
        };
        ensure!(path.exists(), "directory {} not found", lexically_clean(&path).display());
        let chart = load(&path)?;
        if in_range(version, &chart.metadata.version) {
            found.push(if repository.is_empty() { Found::Local } else { Found::Directory(path) });
        } else if repository.is_empty() {
            bail!("dependency {name} at version {} does not satisfy the constraint {version}", chart.metadata.version);
        } else {
            missing.push(format!("{name:?} (repository {repository:?}, version {version:?})"));
        }
    }
    ensure!(
        missing.is_empty(),
        "can't get a valid version for {} subchart(s): {}. Make sure a matching chart version exists in the repo, or change the version constraint in Chart.yaml",
        missing.len(),
        missing.join(", ")
    );
    Ok(found)
}

fn in_range(range: &str, version: &str) -> bool {
    let mut lookup = match Lookup::new("chart", range) {
        Ok(lookup) => lookup,
        Err(_) => return false,
    };
    let mut entry = IndexEntry { chart: "chart".to_owned(), ..IndexEntry::default() };
    version.clone_into(&mut entry.metadata.version);
    lookup.offer(ferroflux_helm_chart::repository::IndexItem::Entry(Box::new(entry)));
    lookup.finish().is_ok()
}

fn fetch(
    dependency: &Dependency,
    found: Found,
    registries: &Registries<'_>,
    sources: &Sources,
    before: &[Resolved],
    out: &mut dyn Write,
) -> Result<Resolved> {
    let Dependency { name, version, repository, .. } = dependency;
    let locked = |version: &str| Dependency {
        name: name.clone(),
        version: version.to_owned(),
        repository: repository.clone(),
        ..Dependency::default()
    };
    match found {
        Found::Local => {
            writeln!(out, "Dependency {name} did not declare a repository. Assuming it exists in the charts directory")?;
            Ok(Resolved { locked: locked(version), archive: None })
        }
        Found::Directory(path) => {
            let chart = load(&path)?;
            let mut bytes = Vec::new();
            package(&chart, &mut bytes).with_context(|| format!("package {}", lexically_clean(&path).display()))?;
            let version = &chart.metadata.version;
            Ok(Resolved { locked: locked(version), archive: Some((format!("{}-{version}.tgz", chart.name()), bytes)) })
        }
        Found::Registry(version) => {
            writeln!(out, "Downloading {name} from repo {repository}")?;
            let reference = in_registry(repository, name);
            let pulled = registries.pull(&reference, &version).with_context(|| format!("could not download {reference}"))?;
            write!(out, "{}", pulled.summary)?;
            load_archive(pulled.archive.as_slice(), LoadLimits::default()).with_context(|| format!("{reference} is not a chart"))?;
            Ok(Resolved { locked: locked(&version), archive: Some((format!("{name}-{version}.tgz"), pulled.archive)) })
        }
        Found::Indexed(entry) => {
            let locked = locked(&entry.metadata.version);
            let url = entry.urls.first().with_context(|| format!("chart {name:?} has no downloadable URLs"))?;
            let address = absolute_url(repository, url);
            let file = address.rsplit('/').next().unwrap_or_default().split(['?', '#']).next().unwrap_or_default().to_owned();
            ensure!(
                !file.is_empty() && !file.starts_with('.') && !file.contains('\\'),
                "the address {address} of chart {name:?} names no file"
            );
            let known = before.iter().filter_map(|r| r.archive.as_ref()).any(|(name, _)| *name == file);
            if known {
                writeln!(out, "Already downloaded {name} from repo {repository}")?;
                return Ok(Resolved { locked, archive: None });
            }
            writeln!(out, "Downloading {name} from repo {repository}")?;
            let known = sources.of(repository);
            let access = known.map(|known| known.access.clone().toward(&address, &known.url, known.pass_credentials)).unwrap_or_default();
            let bytes = registries.network.get(&address, &access).with_context(|| format!("could not download {address}"))?;
            entry.check_digest(&bytes)?;
            load_archive(bytes.as_slice(), LoadLimits::default()).with_context(|| format!("{address} is not a chart"))?;
            Ok(Resolved { locked, archive: Some((file, bytes)) })
        }
    }
}

/// Refuses dependencies from directories that are not there, before anything is fetched.
fn check_local(directory: &Path, declared: &[Dependency]) -> Result<()> {
    for path in declared.iter().filter_map(|dependency| dependency.repository.strip_prefix("file://")) {
        let path = directory.join(path);
        ensure!(path.exists(), "directory {} not found", lexically_clean(&path).display());
    }
    Ok(())
}

fn in_registry(repository: &str, name: &str) -> String {
    format!("{}/{name}", repository.trim_end_matches('/'))
}

/// An address in an index may be relative to the repository.
pub(super) fn absolute_url(repository: &str, url: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    let base = repository.trim_end_matches('/');
    match url.strip_prefix('/') {
        Some(path) => {
            let host_end = base.find("://").and_then(|at| base[at + 3..].find('/').map(|slash| at + 3 + slash)).unwrap_or(base.len());
            format!("{}/{path}", &base[..host_end])
        }
        None => format!("{base}/{url}"),
    }
}

/// Removes archives that no dependency accounts for any more.
fn delete_outdated(charts: &Path, resolved: &[Resolved], out: &mut dyn Write) -> Result<()> {
    let kept = |name: &str| resolved.iter().filter_map(|r| r.archive.as_ref()).any(|(file, _)| file == name);
    let local = |name: &str| resolved.iter().any(|r| r.locked.repository.is_empty() && r.locked.name == name);
    for entry in fs::read_dir(charts)?.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if !entry.file_type()?.is_file() || kept(&name) {
            continue;
        }
        match load_path(&path, LoadLimits::default()) {
            Ok(chart) if local(chart.name()) => {}
            Ok(_) => fs::remove_file(&path).with_context(|| format!("delete {}", path.display()))?,
            Err(error) => writeln!(out, "Could not verify {} for deletion: {error} (Skipping)", path.display())?,
        }
    }
    Ok(())
}

/// Writes the lock file, unless it is there with the same digest.
fn write_lock(directory: &Path, chart: &Chart, declared: &[Dependency], resolved: &[Resolved]) -> Result<()> {
    let locked: Vec<Dependency> = resolved.iter().map(|r| r.locked.clone()).collect();
    let digest = lock_digest(declared, &locked);
    if chart.lock.as_ref().is_some_and(|old| old.digest == digest) {
        return Ok(());
    }
    let name = if chart.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" };
    let path = directory.join(name);
    if let Ok(link) = fs::read_link(&path) {
        bail!("the {name} file is a symlink to {:?}", link.display().to_string());
    }
    let generated = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default().to_string();
    replace(&path, lock_yaml(&locked, &digest, &generated).as_bytes())
}

/// Writes a file as a whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = || format!("write {}", path.display());
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}
