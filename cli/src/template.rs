//! `ferroflux template`: renders a chart without a cluster and prints byte for byte what `helm template` prints.

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ferroflux_go_template::engine::{Options, Scope, TemplateFile, TemplateSet};
use ferroflux_go_template::limits::Limits;
use ferroflux_go_template::value::Map;
use ferroflux_helm_chart::{SystemHost, TemplateError, TemplateRequest, ValueOptions};

/// A render that takes longer than this is not going to end.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Render a chart and print it, as `helm template` does.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferroflux template my-release ./chart -f values.yaml --set image.tag=1.2.3\n  ferroflux template ./podinfo-6.14.1.tgz --namespace web --kube-version 1.33 --include-crds"
)]
pub(crate) struct Args {
    /// `NAME CHART`, or `CHART` alone: the release's name and a chart directory or a packaged chart.
    #[arg(value_name = "NAME] [CHART", required = true, num_args = 1..=2)]
    name_and_chart: Vec<String>,
    /// A values file, or `-` for standard input; may be given several times, later ones win.
    #[arg(short = 'f', long = "values", value_name = "FILE", value_delimiter = ',')]
    values: Vec<String>,
    /// Set values: `key1=value1,key2.inner=value2`.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Set values that stay text.
    #[arg(long, value_name = "KEY=TEXT")]
    set_string: Vec<String>,
    /// Set values from JSON: `key1=json1,key2=json2`, or one object.
    #[arg(long, value_name = "KEY=JSON")]
    set_json: Vec<String>,
    /// Set values from files: `key1=path1,key2=path2`.
    #[arg(long, value_name = "KEY=PATH")]
    set_file: Vec<String>,
    /// Set one value to the rest of the argument, as it stands.
    #[arg(long, value_name = "KEY=TEXT")]
    set_literal: Vec<String>,
    /// The namespace of the release.
    #[arg(short, long, env = "HELM_NAMESPACE", default_value = "default")]
    namespace: String,
    /// The Kubernetes version that templates see.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// API versions that templates see, in addition to the built-in ones.
    #[arg(short, long, value_name = "VERSION", value_delimiter = ',')]
    api_versions: Vec<String>,
    /// Print the custom resource definitions of the chart too.
    #[arg(long)]
    include_crds: bool,
    /// Do not print hooks.
    #[arg(long)]
    no_hooks: bool,
    /// Print only what these templates made; shell patterns of paths below the chart.
    #[arg(short, long, value_name = "TEMPLATE")]
    show_only: Vec<String>,
    /// Do not print tests.
    #[arg(long)]
    skip_tests: bool,
    /// Do not check the values against the chart's schema.
    #[arg(long)]
    skip_schema_validation: bool,
    /// Let templates see an upgrade instead of an installation.
    #[arg(long)]
    is_upgrade: bool,
    /// A template of the release's name.
    #[arg(long, value_name = "TEMPLATE")]
    name_template: Option<String>,
    /// Make up a name for the release.
    #[arg(short, long)]
    generate_name: bool,
    /// Accepted for compatibility; notes are never printed.
    #[arg(long, hide = true)]
    render_subchart_notes: bool,
    /// Accepted for compatibility; definitions are printed only with `--include-crds`.
    #[arg(long, hide = true)]
    skip_crds: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let host = SystemHost::new(std::env::var("TZ").unwrap_or_else(|_| "UTC".to_owned()));
    let limits = Limits { deadline: Instant::now().checked_add(TIME_LIMIT), ..Limits::default() };
    let (release, chart) = args.name_and_chart(&host)?;
    let request = TemplateRequest {
        release,
        namespace: args.namespace.clone(),
        values: ValueOptions {
            files: args.values.clone(),
            json: args.set_json.clone(),
            set: args.set.clone(),
            string: args.set_string.clone(),
            file: args.set_file.clone(),
            literal: args.set_literal.clone(),
        },
        kube_version: args.kube_version.clone(),
        api_versions: args.api_versions.clone(),
        is_upgrade: args.is_upgrade,
        skip_schema_validation: args.skip_schema_validation,
        include_crds: args.include_crds,
        no_hooks: args.no_hooks,
        skip_tests: args.skip_tests,
        render_subchart_notes: args.render_subchart_notes,
        show_only: args.show_only.clone(),
        limits,
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    // The errors hold the text of their causes, as Helm prints them on one line.
    let text = |e: TemplateError| anyhow::Error::msg(e.to_string());
    let (chart, rendered) = request.load_and_render(&chart, &host, read_values_file).map_err(text)?;
    request.print(&rendered, &mut out).map_err(text)?;
    out.flush()?;
    for warning in &rendered.warnings {
        eprintln!("warning: {warning}");
    }
    // The process ends here; the system takes its memory back faster than thousands of nodes are freed one by one.
    std::mem::forget((chart, rendered));
    Ok(())
}

impl Args {
    /// The release's name and the chart, by Helm's rules for one or two arguments.
    fn name_and_chart(&self, host: &SystemHost) -> anyhow::Result<(String, PathBuf)> {
        let (name, chart) = match self.name_and_chart.as_slice() {
            [name, chart] => (Some(name), chart),
            [chart] => (None, chart),
            _ => anyhow::bail!("expected one or two arguments: [NAME] CHART"),
        };
        let release = match (name, &self.name_template, self.generate_name) {
            (Some(_), _, true) => anyhow::bail!("cannot set --generate-name and also specify a name"),
            (Some(_), Some(_), _) => anyhow::bail!("cannot set --name-template and also specify a name"),
            (Some(name), None, false) => name.clone(),
            (None, Some(template), _) => render_name(template, host)?,
            (None, None, true) => {
                let base = chart.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                let base = base.split('.').next().filter(|b| !b.is_empty()).unwrap_or("chart");
                format!("{base}-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
            }
            (None, None, false) => "release-name".to_owned(),
        };
        Ok((release, PathBuf::from(chart)))
    }
}

/// Renders the template of a name, which has no data.
fn render_name(template: &str, host: &SystemHost) -> anyhow::Result<String> {
    let name: Arc<str> = "name-template".into();
    let set = TemplateSet::parse(vec![TemplateFile { name: Arc::clone(&name), text: template.into() }])?;
    let scope = Scope { context: Map::new(), base_path: "".into() };
    let options = Options { host, limits: Limits::default(), strict: false, lint: false };
    let rendered = set.render(&options, |_| Some(&scope))?;
    Ok(rendered.into_iter().map(|r| String::from_utf8_lossy(&r.text).into_owned()).collect())
}

/// The bytes of a values file.
fn read_values_file(name: &str) -> Result<Vec<u8>, String> {
    if name.trim() == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map_err(|e| format!("read values from standard input: {e}"))?;
        return Ok(bytes);
    }
    if name.starts_with("https://") || name.starts_with("http://") {
        return Err(format!("values file {name}: only local files are read; download it first"));
    }
    std::fs::read(name).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => format!("open {name}: no such file or directory"),
        _ => format!("open {name}: {e}"),
    })
}
