//! The chart repositories that a user has added, as Helm keeps them: a list with addresses and credentials, which is only
//! read, and an index of each in the cache.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use ferroflux_helm_chart::Log;
use ferroflux_helm_chart::repository::{IndexEntry, IndexLimits, find_logged};
use reqwest::Url;
use serde_yaml::Value;

use super::download::Access;
use super::flags::{given, path};
use super::os_error;

/// The largest index that is read.
pub(super) const INDEX_LIMITS: IndexLimits = IndexLimits { bytes: 64 << 20, entry_bytes: 1 << 20, charts: 1_000_000 };

/// The address of the index of the repository at `url`; only http and https are spoken.
pub(super) fn index_address(url: &str) -> Result<String> {
    let scheme = Url::parse(url).map(|url| url.scheme().to_owned()).unwrap_or_default();
    ensure!(matches!(scheme.as_str(), "http" | "https"), "could not find protocol handler for: {scheme}");
    Ok(format!("{}/index.yaml", url.trim_end_matches('/')))
}

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

impl Repository {
    fn of(entry: &Value) -> Self {
        let field = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let file = |key: &str| entry[key].as_str().filter(|path| !path.is_empty()).map(PathBuf::from);
        let flag = |key: &str| entry[key].as_bool().unwrap_or_default();
        let access = Access {
            username: field("username"),
            password: field("password"),
            certificate: file("certFile").zip(file("keyFile")),
            ca: file("caFile"),
            insecure: flag("insecure_skip_tls_verify"),
        };
        Self { name: field("name"), url: field("url"), access, pass_credentials: flag("pass_credentials_all") }
    }
}

impl Repositories {
    /// The repository that was added under `name`.
    pub(super) fn named(&self, name: &str) -> Result<Repository> {
        let found = self.all()?.into_iter().find(|repository| repository.name == name);
        let repository = found.ok_or_else(|| anyhow!("repo {name} not found"))?;
        ensure!(!repository.url.is_empty(), "no URL found for repository {name}");
        Ok(repository)
    }

    /// All repositories that were added.
    pub(super) fn all(&self) -> Result<Vec<Repository>> {
        let path = self.list()?;
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(|e| anyhow!("couldn't load repositories file ({0}): read {0}: {1}", path.display(), os_error(&e)))?,
        };
        let list: Value = serde_yaml::from_str(&text).with_context(|| format!("couldn't load repositories file ({})", path.display()))?;
        Ok(list["repositories"].as_sequence().into_iter().flatten().map(Repository::of).collect())
    }

    /// Where the index of the repository `name` is kept.
    pub(super) fn index_path(&self, name: &str) -> Result<PathBuf> {
        ensure!(!name.contains(['/', '\\']) && !name.starts_with('.'), "the repository name {name:?} names no file");
        Ok(self.cache()?.join(format!("{name}-index.yaml")))
    }

    /// The entry of a chart in the cached index of `repository`.
    pub(super) fn find(&self, repository: &Repository, chart: &str, version: &str, log: &dyn Log) -> Result<IndexEntry> {
        let name = &repository.name;
        let path = self.index_path(name)?;
        let missing = |error| anyhow!("no cached repo found. (try 'helm repo update'): open {}: {}", path.display(), os_error(&error));
        let file = File::open(&path).map_err(missing)?;
        find_logged(BufReader::new(file), INDEX_LIMITS, chart, version, &path.to_string_lossy(), log)
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
