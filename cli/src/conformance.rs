//! `ferroflux conformance`: corpora of what the originals do, run in one process.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use ferroflux_conformance::{Report, Suite};

/// Which corpus.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Family {
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

/// Arguments of the command.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  ferroflux conformance tables corpus/tables/semver.jsonl --failures 5")]
pub(crate) struct Conformance {
    /// The kind of corpus.
    #[arg(value_enum)]
    family: Family,
    /// Corpus files; for `realworld` also the folder or its index.jsonl.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many failing cases are shown with their difference.
    #[arg(long, default_value_t = 10)]
    failures: usize,
}

/// Runs the files. The exit code is 0 when every case passes.
pub(crate) fn run(args: &Conformance) -> Result<bool> {
    let suite: Box<dyn Suite> = match args.family {
        Family::Kustomize => Box::new(ferroflux_conformance::kustomize::Kustomize),
        Family::Functions => Box::new(ferroflux_conformance::functions::Functions),
        Family::Charts => Box::new(ferroflux_conformance::charts::Charts),
        Family::Realworld => Box::new(ferroflux_conformance::realworld::Realworld),
        Family::Tables => Box::new(ferroflux_conformance::tables::Tables),
    };
    let mut report = Report::default();
    for path in &args.paths {
        report.merge(suite.run(path).with_context(|| format!("corpus {}", path.display()))?);
    }
    for (name, why) in report.failed.iter().take(args.failures) {
        println!("FAIL {name}\n{why}");
    }
    if report.failed.len() > args.failures {
        println!("… and {} more failing cases (--failures N shows more)", report.failed.len() - args.failures);
    }
    for (family, (passed, total)) in &report.by_family {
        println!("{family}: {passed}/{total}");
    }
    if !report.skipped.is_empty() {
        println!("{} cases skipped, for example {}: {}", report.skipped.len(), report.skipped[0].0, report.skipped[0].1);
    }
    println!("{}/{}", report.passed, report.total);
    Ok(report.failed.is_empty())
}
