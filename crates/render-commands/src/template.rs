//! `ferroflux template`: renders a chart without a cluster and prints byte for byte what `helm template` prints.

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroflux_go_template::host::Host;
use ferroflux_go_template::limits::Limits;
use ferroflux_helm_chart::post_render::PostRenderer;
use ferroflux_helm_chart::{Level, Log, Notice, TemplateError, TemplateRequest, ValueOptions};

mod accepted;
mod dependencies;
mod download;
mod flags;
mod host;
mod log;
mod name;
mod output_dir;
mod post_renderer;
mod registry;
mod repositories;
mod schemas;
mod source;

use accepted::Accepted;
use download::{Access, Downloads};
use flags::List;
pub use flags::{explain, flags_take_values};
use host::CommandHost;
use log::StandardError;
use name::Named;
use post_renderer::Program;
use source::Source;

/// What is said behind errors in what was rendered.
const ADVICE: &str = "\n\nUse --debug flag to render out invalid YAML";

/// A render that takes longer than this is not going to end.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Render a chart and print it, as `helm template` does.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferroflux template my-release ./chart -f values.yaml --set image.tag=1.2.3\n  ferroflux template ./podinfo-6.14.1.tgz --namespace web --kube-version 1.33 --include-crds\n  ferroflux template podinfo ./podinfo-6.14.1.tgz --verify --keyring pubring.gpg --output-dir rendered"
)]
pub struct Args {
    /// `NAME CHART`, or `CHART` alone: the release's name and a chart directory or a packaged chart.
    #[arg(value_name = "NAME] [CHART", required = true, num_args = 1..)]
    name_and_chart: Vec<String>,
    /// A values file, or `-` for standard input; may be given several times, later ones win.
    #[arg(short = 'f', long = "values", value_name = "FILE", value_parser = flags::list)]
    values: Vec<List>,
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
    #[arg(short, long, value_name = "VERSION", value_parser = flags::list)]
    api_versions: Vec<List>,
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
    /// Accepted for compatibility: without NAME the release is called `release-name`, with this option too.
    #[arg(short, long)]
    generate_name: bool,
    /// Write a file for each template below this directory instead of printing.
    #[arg(long, value_name = "DIR", value_parser = flags::path)]
    output_dir: Option<PathBuf>,
    /// Put the release's name into the path below `--output-dir`.
    #[arg(long)]
    release_name: bool,
    /// Send what was rendered through a program: a Helm plugin of type postrenderer/v1, or a command that reads the
    /// documents on standard input and writes them to standard output.
    #[arg(long, value_name = "PLUGIN")]
    post_renderer: Option<String>,
    /// An argument for the post-renderer; may be given several times.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    post_renderer_args: Vec<String>,
    /// Let templates look up names in the DNS.
    #[arg(long)]
    enable_dns: bool,
    /// Fetch dependencies that are missing from charts/, from directories and from repositories over http and https.
    #[arg(long)]
    dependency_update: bool,
    /// Say what is done, and print what was rendered even where it is not valid.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = flags::boolean, value_name = "BOOL")]
    debug: Option<bool>,
    #[command(flatten)]
    source: Source,
    /// Accepted for compatibility; definitions are printed only with `--include-crds`.
    #[arg(long, hide = true)]
    skip_crds: bool,
    #[command(flatten)]
    accepted: Accepted,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    args.accepted.check()?;
    let host = CommandHost::new(std::env::var("TZ").unwrap_or_else(|_| "UTC".to_owned()), args.enable_dns);
    let limits = Limits { deadline: Instant::now().checked_add(TIME_LIMIT), ..Limits::default() };
    let request = args.request(limits);
    request.check().map_err(plain)?;
    let mut post_renderer = match &args.post_renderer {
        Some(name) if !name.is_empty() => Some(Program::find(name, &args.post_renderer_args)?),
        _ => None,
    };
    let debug = args.debug.unwrap_or_else(|| std::env::var("HELM_DEBUG").is_ok_and(|value| flags::boolean(&value) == Ok(true)));
    let log: Arc<dyn Log> = Arc::new(StandardError { debug });
    let network = Downloads::default();
    args.source.check()?;
    let debugging = |message: &str| Notice::new(Level::Debug, message);
    log.log(debugging("Original chart version").with("version", &args.source.version));
    if args.source.wants_devel() {
        log.log(debugging("setting version to >0.0.0-0"));
    }
    let named = Named { arguments: &args.name_and_chart, template: args.name_template.as_deref(), generate: args.generate_name };
    let (release, chart) = named.resolve(host.local_zone())?;
    let request = TemplateRequest { release, log: Some(Arc::clone(&log)), ..request };
    let chart = args.source.locate(chart, &network, &*log)?;
    log.log(debugging("Chart path").with("path", chart.path.to_string_lossy()));
    let update = |missing: &[&str]| {
        if !args.dependency_update {
            return Err(TemplateError::MissingDependencies(missing.join(", ")));
        }
        let updated =
            dependencies::update(&chart.path, &args.source.registries(&network), &args.source.repositories, &mut io::stdout().lock());
        updated.map_err(|error| TemplateError::Update(format!("{error:#}")))
    };
    let loaded = request.load_updating(&chart.path, |name| read_values_file(name, &args.source, &network), update).map_err(plain)?;
    let through = post_renderer.as_mut().map(|p| p as &mut dyn PostRenderer);
    let mut unread = String::new();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let rendered = match request.render_loaded(&loaded, &host, through, debug.then_some(&mut unread)) {
        Ok(rendered) => rendered,
        Err(error) if !error.is_of_templates() => return Err(plain(error)),
        Err(error) if debug => {
            // That something could not be shown says less than why.
            let _ = request.print_unread(&unread, &mut out).and_then(|()| Ok(out.flush()?));
            return Err(plain(error));
        }
        Err(error) => anyhow::bail!("{error}{ADVICE}"),
    };
    match args.output_dir.as_ref().filter(|directory| !directory.as_os_str().is_empty()) {
        Some(directory) => {
            let advice = if debug { "" } else { ADVICE };
            output_dir::write(&request, &rendered, directory, args.release_name, advice, &mut out)?;
        }
        None => request.print(&rendered, &mut out)?,
    }
    out.flush()?;
    // The process ends here; the system takes its memory back faster than thousands of nodes are freed one by one.
    std::mem::forget((loaded, rendered));
    Ok(())
}

/// The errors hold the text of their causes, as Helm prints them on one line.
fn plain(error: TemplateError) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

impl Args {
    fn request(&self, limits: Limits) -> TemplateRequest {
        let namespace = if self.namespace.is_empty() { "default" } else { &self.namespace };
        TemplateRequest {
            release: String::new(),
            namespace: namespace.to_owned(),
            values: ValueOptions {
                files: self.values.iter().flat_map(|files| files.0.clone()).collect(),
                json: self.set_json.clone(),
                set: self.set.clone(),
                string: self.set_string.clone(),
                file: self.set_file.clone(),
                literal: self.set_literal.clone(),
            },
            kube_version: self.kube_version.clone(),
            api_versions: self.api_versions.iter().flat_map(|versions| versions.0.clone()).collect(),
            is_upgrade: self.is_upgrade,
            skip_schema_validation: self.skip_schema_validation,
            include_crds: self.include_crds,
            no_hooks: self.no_hooks,
            skip_tests: self.skip_tests,
            render_subchart_notes: false,
            show_only: self.show_only.clone(),
            schemas: Some(Arc::new(schemas::FromNetwork::default())),
            log: None,
            limits,
        }
    }
}

/// The bytes of a values file.
fn read_values_file(name: &str, source: &Source, network: &Downloads) -> Result<Vec<u8>, String> {
    if name.trim() == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map_err(|e| format!("read values from standard input: {e}"))?;
        return Ok(bytes);
    }
    let scheme = name.split_once("://").map_or("", |(scheme, _)| scheme);
    if ["http", "https"].iter().any(|web| web.eq_ignore_ascii_case(scheme)) {
        return network.get(name, &Access::default()).map_err(|e| format!("{e:#}"));
    }
    if name.starts_with("oci://") {
        return source.values_from_registry(name, network).map_err(|e| format!("{e:#}"));
    }
    std::fs::read(name).map_err(|e| {
        let verb = if e.kind() == io::ErrorKind::IsADirectory { "read" } else { "open" };
        format!("{verb} {name}: {}", os_error(&e))
    })
}

/// What the system refused, as Go programs say it: `no such file or directory`.
fn os_error(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
