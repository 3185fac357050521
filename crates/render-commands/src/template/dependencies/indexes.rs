//! The indexes that versions of dependencies are looked up in: refreshed first, those of all repositories that the user has
//! added and those of addresses that only the chart names.
//!
//! An index that could be refreshed is put into Helm's cache, where both programs find it when the network is gone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};

use anyhow::{Result, anyhow, bail};
use ferroflux_go_template::strconv::quote;
use ferroflux_helm_chart::Dependency;
use ferroflux_helm_chart::repository::read_index;
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::super::download::{Access, Downloads};
use super::super::os_error;
use super::super::repositories::{INDEX_LIMITS, Repositories, Repository, index_address};

/// Where the dependencies of a chart come from.
pub(super) struct Sources {
    added: Vec<Repository>,
    /// Repositories that were not added, by address. Their names are those of Helm's cache.
    unmanaged: BTreeMap<String, Repository>,
}

impl Sources {
    /// Finds the repository of each dependency; a name (`@name`, `alias:name`) gives way to its address.
    pub(super) fn new(declared: &mut [Dependency], repositories: &Repositories) -> Result<Self> {
        let added = repositories.all()?;
        let mut unmanaged = BTreeMap::new();
        let mut unknown = Vec::new();
        for dependency in declared.iter_mut().filter(|dependency| is_indexed(&dependency.repository)) {
            let wanted = dependency.repository.clone();
            let alias = wanted.strip_prefix('@').or_else(|| wanted.strip_prefix("alias:"));
            if let Some(known) = added.iter().find(|known| alias == Some(known.name.as_str()) || same(&known.url, &wanted)) {
                if alias.is_some() {
                    dependency.repository.clone_from(&known.url);
                }
            } else if Url::parse(&wanted).is_ok() {
                let digest: String = Sha256::digest(wanted.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
                unmanaged.insert(wanted.clone(), Repository::at(format!("helm-manager-{digest}"), wanted));
            } else {
                unknown.push(wanted);
            }
        }
        if unknown.is_empty() {
            return Ok(Self { added, unmanaged });
        }
        let is_word = |name: &String| !name.contains("//") && !name.starts_with('@');
        let note = if unknown.iter().any(is_word) {
            "\nNote that repositories must be URLs or aliases. For example, to refer to the \"example\"\nrepository, use \"https://charts.example.com/\" or \"@example\" instead of\n\"example\". Don't forget to add the repo, too ('helm repo add')."
        } else {
            ""
        };
        bail!("no repository definition for {}. Please add them via 'helm repo add'{note}", unknown.join(", "))
    }

    /// The repository of a dependency, by its address.
    pub(super) fn of(&self, address: &str) -> Option<&Repository> {
        self.added.iter().find(|known| same(&known.url, address)).or_else(|| self.unmanaged.get(address))
    }

    /// Fetches all indexes and puts them into the cache. One that cannot be had is said, and an older one may do.
    pub(super) fn refresh(&self, repositories: &Repositories, network: &Downloads, out: &mut dyn Write) -> Result<()> {
        if !self.unmanaged.is_empty() {
            writeln!(out, "Getting updates for unmanaged Helm repositories...")?;
            for repository in once_each(self.unmanaged.values()) {
                update(repository, &repository.url, "", repositories, network, out)?;
            }
        }
        if !self.added.is_empty() {
            writeln!(out, "Hang tight while we grab the latest from your chart repositories...")?;
            for repository in once_each(self.added.iter()) {
                update(repository, &repository.name, &format!(" ({})", repository.url), repositories, network, out)?;
            }
            writeln!(out, "Update Complete. ⎈Happy Helming!⎈")?;
        }
        Ok(())
    }
}

/// Whether a dependency's versions stand in an index.
pub(super) fn is_indexed(repository: &str) -> bool {
    !repository.is_empty() && !["file://", "oci://"].iter().any(|scheme| repository.starts_with(scheme))
}

/// The index of a repository, as it was refreshed or is left from an earlier time.
pub(super) fn read(repository: &Repository, repositories: &Repositories) -> Result<Vec<u8>> {
    let path = repositories.index_path(&repository.name)?;
    let name = &repository.name;
    fs::read(&path)
        .map_err(|e| anyhow!("no cached repository for {name} found. (try 'helm repo update'): open {}: {}", path.display(), os_error(&e)))
}

/// Fetches an index and says how that went, of a repository that is called `name`; `place` says where a failing one is.
fn update(
    repository: &Repository,
    name: &str,
    place: &str,
    repositories: &Repositories,
    network: &Downloads,
    out: &mut dyn Write,
) -> Result<()> {
    let address = index_address(&repository.url)?;
    let name = quote(name);
    match fetch(&address, repository, repositories, network) {
        Ok(()) => writeln!(out, "...Successfully got an update from the {name} chart repository")?,
        Err(error) => writeln!(out, "...Unable to get an update from the {name} chart repository{place}:\n\t{error:#}")?,
    }
    Ok(())
}

/// Fetches the index at `address` into the cache.
fn fetch(address: &str, repository: &Repository, repositories: &Repositories, network: &Downloads) -> Result<()> {
    let bytes = network.get(address, &repository.access)?;
    read_index(Cursor::new(&bytes), INDEX_LIMITS, &mut |_| {}).map_err(|e| anyhow!("{e}"))?;
    let path = repositories.index_path(&repository.name)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    super::replace(&path, &bytes)
}

/// Repositories with different addresses. The last one of each counts.
fn once_each<'r>(all: impl Iterator<Item = &'r Repository>) -> Vec<&'r Repository> {
    let mut unique: Vec<&Repository> = Vec::new();
    for repository in all {
        unique.retain(|known| !same(&known.url, &repository.url));
        unique.push(repository);
    }
    unique
}

/// Whether two addresses are one; slashes at the end make no difference.
fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

impl Repository {
    /// One that was not added: nothing is known to speak to it with.
    fn at(name: String, url: String) -> Self {
        Self { name, url, access: Access::default(), pass_credentials: false }
    }
}
