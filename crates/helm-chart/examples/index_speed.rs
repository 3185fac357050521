//! How fast and in how much memory a repository's index is read: `index_speed` writes an index of 100,000 versions
//! (about 100 MiB) to a temporary file, `index_speed FILE` takes one that is there. Prints milliseconds, the entries and the
//! peak memory of the process, with and without looking for one chart.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ferroflux_helm_chart::repository::{IndexItem, IndexLimits, find, read_index};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Charts of the index that is made up, and versions of each.
const CHARTS: usize = 500;
const VERSIONS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args().nth(1).map(PathBuf::from);
    let path = given.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("index-{}.yaml", std::process::id())));
    if given.is_none() {
        make_up(&path)?;
    }
    let measured = measure(&path);
    if given.is_none() {
        std::fs::remove_file(&path)?;
    }
    measured
}

fn measure(path: &Path) -> Result<(), Box<dyn Error>> {
    let limits = IndexLimits { bytes: 1 << 30, ..IndexLimits::default() };
    let size = path.metadata()?.len() as f64 / f64::from(1 << 20);
    let (mut entries, mut skipped) = (0, 0);
    let began = Instant::now();
    read_index(BufReader::with_capacity(1 << 16, File::open(path)?), limits, &mut |item| match item {
        IndexItem::Chart(_) => {}
        IndexItem::Entry(_) => entries += 1,
        IndexItem::Skipped { .. } => skipped += 1,
    })?;
    let read = began.elapsed().as_millis();
    println!("read: {size:.1} MiB, {entries} entries, {skipped} skipped, {read} ms, peak {}", peak());
    let began = Instant::now();
    let found = find(BufReader::with_capacity(1 << 16, File::open(path)?), limits, "chart-250", ">=1.0.0")?;
    println!("find: chart-250 {}, {} ms, peak {}", found.metadata.version, began.elapsed().as_millis(), peak());
    Ok(())
}

/// An index as tools write it.
fn make_up(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "apiVersion: v1\nentries:")?;
    for chart in 0..CHARTS {
        writeln!(out, "  chart-{chart}:")?;
        for version in (0..VERSIONS).rev() {
            writeln!(out, "  - annotations:\n      category: Infrastructure\n      licenses: Apache-2.0\n      images: |")?;
            for image in ["server", "sidecar", "exporter"] {
                writeln!(
                    out,
                    "        - name: {image}\n          image: registry.example.com/images/{image}-{chart}:1.{version}.0-debian-12-r{version}"
                )?;
            }
            writeln!(
                out,
                "    apiVersion: v2\n    appVersion: 1.{version}.0\n    created: \"2024-03-05T10:11:12.131415Z\"\n    dependencies:"
            )?;
            writeln!(
                out,
                "    - name: common\n      repository: https://charts.example.com/stable\n      tags:\n      - infrastructure\n      version: 2.x.x"
            )?;
            writeln!(
                out,
                "    description: Chart {chart} packages a server with its sidecar, an exporter of metrics and everything else that a platform team wants to see in it."
            )?;
            writeln!(
                out,
                "    digest: {:064x}\n    home: https://example.com/charts/{chart}\n    icon: https://example.com/icons/chart-{chart}.png",
                chart * VERSIONS + version
            )?;
            writeln!(
                out,
                "    keywords:\n    - server\n    - metrics\n    - chart{chart}\n    kubeVersion: '>=1.25.0-0'\n    maintainers:\n    - name: The platform team\n      url: https://example.com/team"
            )?;
            writeln!(
                out,
                "    name: chart-{chart}\n    sources:\n    - https://example.com/source/chart-{chart}\n    urls:\n    - https://charts.example.com/stable/chart-{chart}-1.{version}.0.tgz\n    version: 1.{version}.0"
            )?;
        }
    }
    writeln!(out, "generated: \"2024-03-05T10:11:12.131415Z\"")?;
    Ok(out.flush()?)
}

/// The most memory that the process has had.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<f64> = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.1} MiB", kib / 1024.0))
}
