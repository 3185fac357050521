//! The chart repositories that a user has added, as Helm keeps them: a list with addresses and credentials, and an index of
//! each in the cache. Both are only read.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use ferroflux_helm_chart::repository::{IndexEntry, IndexLimits, find};
use serde_yaml::Value;

use super::download::Access;
use super::flags::{given, path};
use super::os_error;

/// The largest index that is read.
pub(super) const INDEX_LIMITS: IndexLimits = IndexLimits { bytes: 64 << 20, entry_bytes: 1 << 20, charts: 1_000_000 };

/// Where the list and the cache are.
#[derive(Debug, clap::Args)]
pub(super) struct Repositories {
    #[arg(long, hide = true, env = "HELM_REPOSITORY_CONFIG", value_name = "FILE", value_parser = path)]
    repository_config: Option<PathBuf>,
    #[arg(long, hide = true, env = "HELM_REPOSITORY_CACHE", value_name = "DIR", value_parser = path)]
    repository_cache: Option<PathBuf>,
}

/// A repository of the list.
pub(super) struct Repository {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) access: Access,
    /// The credentials are for every host that the index names.
    pub(super) pass_credentials: bool,
}

impl Repositories {
    /// The repository that was added under `name`.
    pub(super) fn named(&self, name: &str) -> Result<Repository> {
        let path = self.list()?;
        let missing = || anyhow!("repo {name} not found");
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
            read => read.map_err(|e| anyhow!("couldn't load repositories file ({0}): read {0}: {1}", path.display(), os_error(&e)))?,
        };
        let list: Value = serde_yaml::from_str(&text).with_context(|| format!("couldn't load repositories file ({})", path.display()))?;
        let entry = list["repositories"].as_sequence().into_iter().flatten().find(|entry| entry["name"].as_str() == Some(name));
        let entry = entry.ok_or_else(missing)?;
        let field = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let file = |key: &str| entry[key].as_str().filter(|path| !path.is_empty()).map(PathBuf::from);
        let flag = |key: &str| entry[key].as_bool().unwrap_or_default();
        let url = field("url");
        if url.is_empty() {
            bail!("no URL found for repository {name}");
        }
        let access = Access {
            username: field("username"),
            password: field("password"),
            certificate: file("certFile").zip(file("keyFile")),
            ca: file("caFile"),
            insecure: flag("insecure_skip_tls_verify"),
        };
        Ok(Repository { name: name.to_owned(), url, access, pass_credentials: flag("pass_credentials_all") })
    }

    /// The entry of a chart in the cached index of `repository`.
    pub(super) fn find(&self, repository: &Repository, chart: &str, version: &str) -> Result<IndexEntry> {
        let name = &repository.name;
        let path = self.cache()?.join(format!("{name}-index.yaml"));
        let missing = |error| anyhow!("no cached repo found. (try 'helm repo update'): open {}: {}", path.display(), os_error(&error));
        let file = File::open(&path).map_err(missing)?;
        find(BufReader::new(file), INDEX_LIMITS, chart, version)
            .map_err(|e| anyhow!("chart {chart:?} matching {version} not found in {name} index. (try 'helm repo update'): {e}"))
    }

    fn list(&self) -> Result<PathBuf> {
        given(&self.repository_config)
            .or_else(|| Some(home("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config")?.join("repositories.yaml")))
            .context(NO_HOME)
    }

    fn cache(&self) -> Result<PathBuf> {
        given(&self.repository_cache)
            .or_else(|| Some(home("HELM_CACHE_HOME", "XDG_CACHE_HOME", ".cache")?.join("repository")))
            .context(NO_HOME)
    }
}

const NO_HOME: &str = "no home directory: set HELM_REPOSITORY_CONFIG and HELM_REPOSITORY_CACHE";

/// A folder of Helm: named by its own variable, or below the one that the desktop's variable or the home directory gives.
pub(super) fn home(own: &str, desktop: &str, below_home: &str) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable(own).or_else(|| Some(variable(desktop).or_else(|| Some(std::env::home_dir()?.join(below_home)))?.join("helm")))
}
