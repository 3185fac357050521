//! Where the chart is, and whether it is what its author signed.
//!
//! A chart is a path, an address of an archive over http or https, a reference to a registry (`oci://`), a name in a
//! repository (`--repo`), or `repository/chart` with a repository that was added before. What is fetched lives in a temporary folder until the
//! command ends.

use std::fs;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf, absolute};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail, ensure};
use ferroflux_helm_chart::provenance::{SignedText, Verifier, verify};
use ferroflux_helm_chart::repository::oci::Reference;
use ferroflux_helm_chart::repository::{IndexEntry, LookupError, find_logged};
use ferroflux_helm_chart::{Log, lexically_clean};
use ferroflux_openpgp::Keyring;
use reqwest::Url;
use tempfile::TempDir;

use super::dependencies::absolute_url;
use super::download::{Access, Downloads, shown, tls};
use super::flags::{given, path};
use super::registry::Registries;
use super::repositories::{INDEX_LIMITS, Repositories, index_address};

/// Options that say which chart, and how its server is spoken to.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// Verify the packaged chart against its provenance file (the archive's name and `.prov`) before it is used.
    #[arg(long)]
    verify: bool,
    /// Public keys for `--verify`, as `gpg --export` writes them, armored or not; by default GnuPG's pubring.gpg.
    #[arg(long, value_name = "FILE", value_parser = path)]
    keyring: Option<PathBuf>,
    /// The version of a chart in a repository, or a range; a chart on disk is used as it is.
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    pub(super) version: String,
    /// Take versions before a release too: like `--version '>0.0.0-0'`.
    #[arg(long)]
    devel: bool,
    /// The address of the chart repository that CHART is in.
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    repo: String,
    /// The user for the chart's server.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    username: String,
    /// The password for the chart's server.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    password: String,
    /// The client's certificate for the chart's server, PEM; with `--key-file`.
    #[arg(long, value_name = "FILE", value_parser = path)]
    cert_file: Option<PathBuf>,
    /// The key of the client's certificate.
    #[arg(long, value_name = "FILE", value_parser = path)]
    key_file: Option<PathBuf>,
    /// Authorities that may sign the server's certificate, PEM.
    #[arg(long, value_name = "FILE", value_parser = path)]
    ca_file: Option<PathBuf>,
    /// Do not check the server's certificate.
    #[arg(long)]
    insecure_skip_tls_verify: bool,
    /// Speak http to registries, not https.
    #[arg(long)]
    plain_http: bool,
    #[arg(long, hide = true, env = "HELM_REGISTRY_CONFIG", value_name = "FILE", value_parser = path)]
    registry_config: Option<PathBuf>,
    /// Give user and password to other hosts too that the repository's index names.
    #[arg(long)]
    pass_credentials: bool,
    #[command(flatten)]
    pub(super) repositories: Repositories,
}

/// A chart on disk.
pub(super) struct Located {
    /// The directory or archive.
    pub(super) path: PathBuf,
    /// What was fetched goes when this does.
    _fetched: Option<TempDir>,
}

impl Source {
    /// The wanted version; empty for the newest stable one.
    pub(super) fn version(&self) -> &str {
        if self.version.is_empty() && self.devel { ">0.0.0-0" } else { &self.version }
    }

    /// Whether `--devel` decides about the version.
    pub(super) fn wants_devel(&self) -> bool {
        self.version.is_empty() && self.devel
    }

    /// Reads the files that say how servers are spoken to, whether one is spoken to or not.
    pub(super) fn check(&self) -> Result<()> {
        let access = self.access();
        if access.certificate.is_some() || access.ca.is_some() {
            tls(&access).context("missing registry client")?;
        }
        Ok(())
    }

    /// Finds the chart, fetches it if it is elsewhere, and verifies it if that was asked for.
    pub(super) fn locate(&self, chart: &str, network: &Downloads, log: &dyn Log) -> Result<Located> {
        let chart = chart.trim();
        let version = self.version().trim();
        let path = Path::new(chart);
        if !self.repo.is_empty() {
            let entry = self.indexed(chart, version, network, log)?;
            return self.fetch_entry(&entry, &self.repo, self.access(), self.pass_credentials, network);
        }
        if path.exists() {
            let path = lexically_clean(&absolute(path).with_context(|| format!("chart {chart}"))?);
            if self.verify {
                self.verify(&path)?;
            }
            return Ok(Located { path, _fetched: None });
        }
        ensure!(!path.is_absolute() && !chart.starts_with('.'), "path {chart:?} not found");
        if chart.starts_with("http://") || chart.starts_with("https://") {
            return self.fetch(chart, &self.access(), network);
        }
        if chart.starts_with("oci://") {
            return self.pull(chart, version, network);
        }
        if let Some((scheme, _)) = chart.split_once("://") {
            bail!("scheme {scheme:?} not supported");
        }
        let (repository, name) =
            chart.split_once('/').ok_or_else(|| anyhow!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {chart}"))?;
        let repository = self.repositories.named(repository)?;
        let entry = self.repositories.find(&repository, name, version, log)?;
        let mut access = repository.access;
        if !self.username.is_empty() {
            (access.username, access.password) = (self.username.clone(), self.password.clone());
        }
        self.fetch_entry(&entry, &repository.url, access, repository.pass_credentials || self.pass_credentials, network)
    }

    /// The registries, spoken to as the options say.
    pub(super) fn registries<'n>(&self, network: &'n Downloads) -> Registries<'n> {
        Registries { network, access: self.access(), plain_http: self.plain_http, config: given(&self.registry_config) }
    }

    /// What the original takes for a values file from a registry: the layer that holds a chart. The options that say how the
    /// chart's server is spoken to do not count for it.
    pub(super) fn values_from_registry(&self, address: &str, network: &Downloads) -> Result<Vec<u8>> {
        let reference = Reference::parse(address)?;
        let named = !reference.tag.is_empty() || !reference.digest.is_empty();
        ensure!(named, "failed to perform \"FetchReference\" on source: invalid reference");
        let registries = Registries { network, access: Access::default(), plain_http: false, config: given(&self.registry_config) };
        Ok(registries.pull(address, "")?.archive)
    }

    /// Fetches a chart from a registry. Where it came from is said on standard error: manifests go to standard output.
    fn pull(&self, chart: &str, version: &str, network: &Downloads) -> Result<Located> {
        let pulled = self.registries(network).pull(chart, version)?;
        eprint!("{}", pulled.summary);
        let name = Reference::parse(chart)?.repository.rsplit('/').next().unwrap_or_default().to_owned();
        let file = if pulled.version.is_empty() { format!("{name}.tgz") } else { format!("{name}-{}.tgz", pulled.version) };
        if !self.verify {
            return self.keep(&file, &pulled.archive, None);
        }
        let missing = || anyhow!("failed to fetch provenance {:?}", format!("{chart}.prov"));
        self.keep(&file, &pulled.archive, Some(&pulled.provenance.ok_or_else(missing)?))
    }

    fn access(&self) -> Access {
        Access {
            username: self.username.clone(),
            password: self.password.clone(),
            certificate: given(&self.cert_file).zip(given(&self.key_file)),
            ca: given(&self.ca_file),
            insecure: self.insecure_skip_tls_verify,
        }
    }

    /// The entry of a chart in the index of `--repo`.
    fn indexed(&self, chart: &str, version: &str, network: &Downloads, log: &dyn Log) -> Result<IndexEntry> {
        let repository = &self.repo;
        let index = index_address(repository)?;
        let failed = || format!("looks like {:?} is not a valid chart repository or cannot be reached", shown(repository));
        let index = network.get(&index, &self.access()).with_context(failed)?;
        match find_logged(BufReader::new(Cursor::new(index)), INDEX_LIMITS, chart, version, repository, log) {
            Ok(entry) => Ok(entry),
            Err(error @ LookupError::Index(_)) => bail!("{}: {error}", failed()),
            Err(_) => {
                let version = if version.is_empty() { String::new() } else { format!(" version {version:?}") };
                bail!("chart {chart:?}{version} not found in {} repository", shown(repository))
            }
        }
    }

    fn fetch_entry(&self, entry: &IndexEntry, repository: &str, access: Access, everywhere: bool, network: &Downloads) -> Result<Located> {
        let named = format!("chart {:?} version {:?}", entry.chart, entry.metadata.version);
        let url = entry.urls.first().with_context(|| format!("{named} has no downloadable URLs"))?;
        let address = absolute_url(repository, url);
        let fetched = self.fetch(&address, &access.toward(&address, repository, everywhere), network)?;
        entry.check_digest(&fs::read(&fetched.path)?)?;
        Ok(fetched)
    }

    /// Fetches an archive, and what says who made it if that is to be verified.
    fn fetch(&self, address: &str, access: &Access, network: &Downloads) -> Result<Located> {
        let url = Url::parse(address).with_context(|| format!("address {:?}", shown(address)))?;
        let name = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        ensure!(!name.is_empty(), "the address {:?} names no file", shown(address));
        let archive = network.get(address, access)?;
        if !self.verify {
            return self.keep(name, &archive, None);
        }
        let provenance = format!("{address}.prov");
        let signed = network.get(&provenance, access).map_err(|_| anyhow!("failed to fetch provenance {:?}", shown(&provenance)))?;
        self.keep(name, &archive, Some(&signed))
    }

    /// Puts an archive where the command can load it, and verifies it if there is a provenance file.
    fn keep(&self, name: &str, archive: &[u8], provenance: Option<&[u8]>) -> Result<Located> {
        let failed = "folder for the chart";
        let folder = tempfile::Builder::new().prefix("ferroflux-chart-").tempdir().context(failed)?;
        let path = folder.path().join(name);
        fs::write(&path, archive).context(failed)?;
        if let Some(provenance) = provenance {
            fs::write(folder.path().join(format!("{name}.prov")), provenance).context(failed)?;
            self.verify(&path)?;
        }
        Ok(Located { path, _fetched: Some(folder) })
    }

    /// Checks signature, file name and digest of a packaged chart, with Helm's messages.
    fn verify(&self, archive: &Path) -> Result<()> {
        ensure!(!archive.is_dir(), "unpacked charts cannot be verified");
        ensure!(archive.extension().is_some_and(|e| e.eq_ignore_ascii_case("tgz")), "chart must be a tgz file");
        let mut provenance = archive.as_os_str().to_owned();
        provenance.push(".prov");
        let provenance = PathBuf::from(provenance);
        let shown = provenance.display();
        let signed = fs::read(&provenance).with_context(|| format!("could not load provenance file {shown}"))?;
        let signed = String::from_utf8(signed).map_err(|_| anyhow!("could not load provenance file {shown}: it is not text"))?;
        let keyring = given(&self.keyring).unwrap_or_else(default_keyring);
        let failed = || format!("failed to load keyring: {}", keyring.display());
        let keys = Keyring::parse(&fs::read(&keyring).with_context(failed)?).with_context(failed)?;
        let bytes = fs::read(archive).context("failed to read chart archive")?;
        let name = archive.file_name().unwrap_or_default().to_string_lossy();
        verify(&bytes, &signed, &name, &Keys(keys))?;
        Ok(())
    }
}

/// GnuPG's keyring in the format of its first versions, which is Helm's default.
fn default_keyring() -> PathBuf {
    let home = std::env::var_os("GNUPGHOME").map(PathBuf::from);
    home.or_else(|| Some(std::env::home_dir()?.join(".gnupg"))).unwrap_or_default().join("pubring.gpg")
}

struct Keys(Keyring);

impl Verifier for Keys {
    fn verify(&self, provenance: &str) -> Result<SignedText, String> {
        let (signer, text) = self.0.verify_cleartext(provenance, SystemTime::now()).map_err(|e| e.to_string())?;
        Ok(SignedText { signed_by: signer.names.join(", "), text })
    }
}
