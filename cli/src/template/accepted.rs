//! Options of `helm template` that change nothing in what is rendered: they are for installing, for talking to a cluster
//! or to a registry. Scripts give them, so they are accepted and checked for being well formed.

use std::path::PathBuf;

use anyhow::{Result, bail};

/// Accepted for compatibility.
#[derive(Debug, clap::Args)]
pub(super) struct Accepted {
    /// `client` is what always happens; `server` needs a cluster.
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "client", value_name = "WHERE")]
    dry_run: Option<String>,
    #[arg(long, hide = true)]
    validate: bool,
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true, conflicts_with_all = ["force_replace", "force"])]
    force_conflicts: bool,
    #[arg(long, hide = true)]
    force_replace: bool,
    #[arg(long, hide = true)]
    force: bool,
    #[arg(short, long, hide = true, value_delimiter = ',', value_parser = label)]
    labels: Vec<String>,
    #[arg(long, hide = true)]
    replace: bool,
    #[arg(long, hide = true, visible_alias = "atomic")]
    rollback_on_failure: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    server_side: Option<bool>,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true)]
    timeout: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "watcher")]
    wait: Option<String>,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[arg(long, hide = true)]
    hide_notes: bool,
    #[arg(long, hide = true)]
    debug: bool,
    #[arg(long, hide = true, alias = "colour")]
    color: Option<String>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    burst_limit: Option<i64>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    qps: Option<f32>,
    #[arg(long, hide = true)]
    content_cache: Option<PathBuf>,
    #[arg(long, hide = true)]
    kube_apiserver: Option<String>,
    #[arg(long, hide = true)]
    kube_as_group: Vec<String>,
    #[arg(long, hide = true)]
    kube_as_user: Option<String>,
    #[arg(long, hide = true)]
    kube_ca_file: Option<PathBuf>,
    #[arg(long, hide = true)]
    kube_context: Option<String>,
    #[arg(long, hide = true)]
    kube_insecure_skip_tls_verify: bool,
    #[arg(long, hide = true)]
    kube_tls_server_name: Option<String>,
    #[arg(long, hide = true)]
    kube_token: Option<String>,
    #[arg(long, hide = true)]
    kubeconfig: Option<PathBuf>,
    #[arg(long, hide = true)]
    registry_config: Option<PathBuf>,
    #[arg(long, hide = true)]
    repository_cache: Option<PathBuf>,
    #[arg(long, hide = true)]
    repository_config: Option<PathBuf>,
}

impl Accepted {
    /// Refuses what only a cluster can answer.
    pub(super) fn check(&self) -> Result<()> {
        match self.dry_run.as_deref() {
            Some("server") => bail!("--dry-run=server needs a cluster; charts are rendered without one here: leave the option out"),
            Some("client" | "true" | "1" | "t" | "T" | "TRUE" | "True") | None => {}
            Some("none" | "false" | "0" | "f" | "F" | "FALSE" | "False") => {
                bail!("invalid dry-run value ({:?}). Must be \"server\" or \"client\"", self.dry_run.as_deref().unwrap_or_default())
            }
            Some(other) => bail!("invalid dry-run value ({other:?}). Must be \"none\", \"server\", or \"client\""),
        }
        if self.validate {
            bail!("--validate needs a cluster; charts are rendered without one here: leave the option out");
        }
        Ok(())
    }
}

fn label(text: &str) -> Result<String, String> {
    if text.contains('=') { Ok(text.to_owned()) } else { Err(format!("{text} must be formatted as key=value")) }
}
