//! Options of `helm template` that change nothing in what is rendered: they are for installing, for talking to a cluster
//! or to a registry. Scripts give them, so they are accepted and checked for being well formed.

use anyhow::{Result, bail, ensure};
use ferroflux_api::Duration;

use super::flags::{boolean, duration, float, integer};

/// Accepted for compatibility.
#[derive(Debug, clap::Args)]
pub(super) struct Accepted {
    /// `client` is what always happens; `server` needs a cluster.
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "unset", value_name = "WHERE")]
    dry_run: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    validate: Option<bool>,
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    force_conflicts: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    force_replace: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    force: Option<bool>,
    #[arg(short, long, hide = true, value_parser = labels)]
    labels: Vec<String>,
    #[arg(long, hide = true)]
    replace: bool,
    #[arg(long, hide = true)]
    rollback_on_failure: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    atomic: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    server_side: Option<bool>,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true, allow_hyphen_values = true, value_parser = duration)]
    timeout: Option<Duration>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "watcher", value_parser = wait)]
    wait: Option<String>,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    hide_notes: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    render_subchart_notes: Option<bool>,
    #[arg(long, hide = true, alias = "colour")]
    color: Option<String>,
    #[arg(long, hide = true, allow_hyphen_values = true, value_parser = integer)]
    burst_limit: Option<i64>,
    #[arg(long, hide = true, allow_hyphen_values = true, value_parser = float)]
    qps: Option<f32>,
    #[arg(long, hide = true)]
    content_cache: Option<String>,
    #[arg(long, hide = true)]
    kube_apiserver: Option<String>,
    #[arg(long, hide = true)]
    kube_as_group: Vec<String>,
    #[arg(long, hide = true)]
    kube_as_user: Option<String>,
    #[arg(long, hide = true)]
    kube_ca_file: Option<String>,
    #[arg(long, hide = true)]
    kube_context: Option<String>,
    #[arg(long, hide = true)]
    kube_insecure_skip_tls_verify: bool,
    #[arg(long, hide = true)]
    kube_tls_server_name: Option<String>,
    #[arg(long, hide = true)]
    kube_token: Option<String>,
    #[arg(long, hide = true)]
    kubeconfig: Option<String>,
}

impl Accepted {
    /// Says which flags are deprecated, and refuses what only a cluster can answer.
    pub(super) fn check(&self) -> Result<()> {
        let no_effect = "this flag has no effect for 'helm template' and will be removed in Helm 5";
        let deprecated = [
            ("atomic", self.atomic, "use --rollback-on-failure instead"),
            ("force", self.force, "use --force-replace instead"),
            ("hide-notes", self.hide_notes, no_effect),
            ("render-subchart-notes", self.render_subchart_notes, no_effect),
            ("validate", self.validate, "use '--dry-run=server' instead"),
        ];
        for (flag, _, instead) in deprecated.iter().filter(|(_, given, _)| given.is_some()) {
            eprintln!("Flag --{flag} has been deprecated, {instead}");
        }
        exclusive(&[("force", self.force.is_some()), ("force-conflicts", self.force_conflicts.is_some())])?;
        exclusive(&[("force-replace", self.force_replace.is_some()), ("force-conflicts", self.force_conflicts.is_some())])?;
        exclusive(&[("validate", self.validate.is_some()), ("dry-run", self.dry_run.is_some())])?;
        let names = self.labels.iter().flat_map(|given| each_label(given)).filter_map(|label| Some(label.split_once('=')?.0));
        ensure!(
            !names.into_iter().any(|name| RESERVED_LABELS.contains(&name)),
            "user supplied labels contains system reserved label name. System labels: [{}]",
            RESERVED_LABELS.join(" ")
        );
        match self.color.as_deref() {
            None | Some("never" | "auto" | "always") => {}
            Some(other) => bail!("invalid color mode {other:?}: must be one of: never, auto, always"),
        }
        match self.dry_run.as_deref() {
            Some("server") => bail!("--dry-run=server needs a cluster; charts are rendered without one here: leave the option out"),
            Some("client") | None => {}
            Some("unset") => eprintln!("level=WARN msg=\"--dry-run is deprecated and should be replaced with '--dry-run=client'\""),
            Some("none") => bail!("invalid dry-run value (\"none\"). Must be \"server\" or \"client\""),
            Some(other) => match boolean(other) {
                Ok(true) => eprintln!(
                    "level=WARN msg=\"boolean '--dry-run={other}' flag is deprecated and must be replaced with '--dry-run=client'\""
                ),
                Ok(false) => bail!("invalid dry-run value ({other:?}). Must be \"server\" or \"client\""),
                Err(_) => bail!("invalid dry-run value ({other:?}). Must be \"none\", \"server\", or \"client\""),
            },
        }
        let strategy = match self.wait.as_deref() {
            Some("true") => Some("watcher"),
            Some("false") => Some("hookOnly"),
            _ => None,
        };
        if let (Some(given), Some(strategy)) = (&self.wait, strategy) {
            eprintln!("level=WARN msg=\"--wait={given} is deprecated (boolean value) and can be replaced with --wait={strategy}\"");
        }
        ensure!(self.validate != Some(true), "--validate needs a cluster; charts are rendered without one here: leave the option out");
        Ok(())
    }
}

/// Refuses two flags together.
fn exclusive(group: &[(&str, bool); 2]) -> Result<()> {
    if group.iter().any(|(_, given)| !given) {
        return Ok(());
    }
    let [(first, _), (second, _)] = group;
    let (low, high) = if first < second { (first, second) } else { (second, first) };
    bail!("if any flags in the group [{first} {second}] are set none of the others can be; [{low} {high}] were all set")
}

fn wait(text: &str) -> Result<String, String> {
    match text {
        // What older versions had as truth values.
        "watcher" | "hookOnly" | "legacy" | "true" | "false" => Ok(text.to_owned()),
        _ => Err(format!("invalid wait input {text:?}. Valid inputs are watcher, hookOnly, and legacy")),
    }
}

/// Labels of a release that Helm sets itself.
const RESERVED_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// One label, whose value may have commas, or several behind commas.
fn each_label(text: &str) -> impl Iterator<Item = &str> {
    let several = text.matches('=').nth(1).is_some();
    text.split(move |c| several && c == ',')
}

/// Labels as they were given, if each has a name and a value.
fn labels(text: &str) -> Result<String, String> {
    match each_label(text).find(|label| !label.contains('=')) {
        None => Ok(text.to_owned()),
        Some(label) => Err(format!("{label} must be formatted as key=value")),
    }
}
