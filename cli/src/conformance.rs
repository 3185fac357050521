//! `ferroflux conformance`: corpora of what the originals do, run in one process.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use ferroflux_conformance::{Report, Suite};
use serde_json::{Value, json};

/// Which corpus.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Family {
    /// Kustomizations and what kustomize prints for them.
    Kustomize,
    /// Template functions and the template language.
    Functions,
    /// Small charts and archives.
    Charts,
    /// Public charts.
    Realworld,
    /// Tables of small functions.
    Tables,
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Output {
    /// Failing cases with their difference, a line for each group of cases, and `PASSED/TOTAL` at the end.
    #[default]
    Table,
    /// One object with passed, total, groups, failed and skipped.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Arguments of the command.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ferroflux conformance tables corpus/tables/semver.jsonl --failures 5\n  ferroflux conformance charts corpus/helm/charts.jsonl.gz -o json\n\nThe exit code is 0 when there are cases and all of them pass."
)]
pub struct Conformance {
    /// The kind of corpus.
    #[arg(value_enum)]
    family: Family,
    /// Corpus files; for `realworld` also the folder or its index.jsonl.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many failing cases are shown with their difference.
    #[arg(long, default_value_t = 10)]
    failures: usize,
    /// How the result is printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Runs the files. The exit code is 0 when every case passes; no case at all is an error, as is a file that cannot be
/// read: the others are run nevertheless.
pub fn run(args: &Conformance) -> Result<bool> {
    let suite: Box<dyn Suite> = match args.family {
        Family::Kustomize => Box::new(ferroflux_conformance::kustomize::Kustomize),
        Family::Functions => Box::new(ferroflux_conformance::functions::Functions),
        Family::Charts => Box::new(ferroflux_conformance::charts::Charts),
        Family::Realworld => Box::new(ferroflux_conformance::realworld::Realworld),
        Family::Tables => Box::new(ferroflux_conformance::tables::Tables),
    };
    let mut report = Report::default();
    let mut readable = true;
    for path in &args.paths {
        match suite.run(path).with_context(|| format!("corpus {}", path.display())) {
            Ok(cases) if cases.total == 0 && cases.skipped.is_empty() => {
                eprintln!("Error: corpus {}: no cases in it: expected a JSON object on each line", path.display());
                readable = false;
            }
            Ok(cases) => report.merge(cases),
            Err(error) => {
                eprintln!("Error: {error:#}");
                readable = false;
            }
        }
    }
    match args.output {
        Output::Table => print_table(&report, args.failures),
        Output::Json => println!("{:#}", as_value(&report, args.failures)),
        Output::Yaml => print!("{}", serde_yaml::to_string(&as_value(&report, args.failures))?),
    }
    Ok(readable && report.failed.is_empty())
}

fn print_table(report: &Report, failures: usize) {
    for (name, why) in report.failed.iter().take(failures) {
        println!("FAIL {name}\n{why}");
    }
    if report.failed.len() > failures {
        println!("… and {} more failing cases (--failures N shows more)", report.failed.len() - failures);
    }
    for (family, (passed, total)) in &report.by_family {
        println!("{family}: {passed}/{total}");
    }
    if !report.skipped.is_empty() {
        println!("{} cases skipped, for example {}: {}", report.skipped.len(), report.skipped[0].0, report.skipped[0].1);
    }
    println!("{}/{}", report.passed, report.total);
}

fn as_value(report: &Report, failures: usize) -> Value {
    let groups: BTreeMap<&String, Value> =
        report.by_family.iter().map(|(name, (passed, total))| (name, json!({ "passed": passed, "total": total }))).collect();
    let failed: Vec<Value> = report.failed.iter().take(failures).map(|(name, why)| json!({ "name": name, "difference": why })).collect();
    let skipped: Vec<Value> = report.skipped.iter().map(|(name, why)| json!({ "name": name, "reason": why })).collect();
    json!({ "passed": report.passed, "total": report.total, "groups": groups, "failed": failed, "skipped": skipped })
}
