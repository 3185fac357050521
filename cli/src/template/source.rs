//! Where the chart is, and whether it is what its author signed.

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail, ensure};
use ferroflux_helm_chart::provenance::{SignedText, Verifier, verify};
use ferroflux_openpgp::Keyring;

/// Options that say which chart. Those of repositories are accepted, as scripts give them; nothing is downloaded.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// Verify the packaged chart against its provenance file (the archive's name and `.prov`) before it is used.
    #[arg(long)]
    verify: bool,
    /// Public keys for `--verify`, as `gpg --export` writes them, armored or not; by default GnuPG's pubring.gpg.
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// The version of a chart in a repository; a chart on disk is used as it is.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Accepted for compatibility: like `--version '>0.0.0-0'`.
    #[arg(long, hide = true)]
    devel: bool,
    /// The address of a chart repository. Charts are not downloaded: the error says how to get the archive.
    #[arg(long, value_name = "URL")]
    repo: Option<String>,
    #[arg(long, hide = true, value_name = "NAME")]
    username: Option<String>,
    #[arg(long, hide = true, value_name = "TEXT")]
    password: Option<String>,
    #[arg(long, hide = true, value_name = "FILE")]
    cert_file: Option<PathBuf>,
    #[arg(long, hide = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[arg(long, hide = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[arg(long, hide = true)]
    insecure_skip_tls_verify: bool,
    #[arg(long, hide = true)]
    plain_http: bool,
    #[arg(long, hide = true)]
    pass_credentials: bool,
}

impl Source {
    /// The absolute path of the chart, verified if that was asked for.
    pub(super) fn locate(&self, chart: &str) -> Result<PathBuf> {
        let chart = chart.trim();
        let path = Path::new(chart);
        if let Some(repo) = &self.repo {
            bail!(
                "charts are not downloaded; get the archive first, with `helm pull {chart} --repo {repo}{}`, and give its path",
                self.wanted()
            );
        }
        if path.exists() {
            let path = absolute(path).with_context(|| format!("chart {chart}"))?;
            if self.verify {
                self.verify(&path)?;
            }
            return Ok(path);
        }
        if path.is_absolute() || chart.starts_with('.') {
            bail!("path {chart:?} not found");
        }
        bail!(
            "chart {chart:?} is not a directory or an archive here, and charts are not downloaded; get the archive first, with `helm pull {chart}{}`, and give its path",
            self.wanted()
        )
    }

    fn wanted(&self) -> String {
        match &self.version {
            Some(version) => format!(" --version '{version}'"),
            None if self.devel => " --devel".to_owned(),
            None => String::new(),
        }
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
        let keyring = self.keyring.clone().unwrap_or_else(default_keyring);
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
