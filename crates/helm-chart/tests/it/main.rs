//! The crate from outside: archives, directories, values, hostile charts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod archives;
mod attacks;
mod charts;
mod directories;
mod manifests;
mod notices;
mod packaging;
mod provenance;
mod repository;
mod schemas;
mod tutorial;
mod values;

use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use ferroflux_go_template::limits::Limits;
use ferroflux_helm_chart::{
    Chart, ChartFile, Level, LoadLimits, Log, Notice, Release, RenderError, RenderOptions, Rendered, SystemHost, Table, load_files,
    offline_capabilities, read_values, render,
};

/// A gzip-compressed tar archive of these entries; names go in as they are, however hostile.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, data) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, *data).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

const CHART_YAML: &str = "apiVersion: v2\nname: app\nversion: 0.1.0\n";

/// A chart from files; `Chart.yaml` is added if it is not there.
fn chart(files: &[(&str, &str)]) -> Arc<Chart> {
    let mut all: Vec<ChartFile> = files.iter().map(|(name, text)| ChartFile::new(*name, text.as_bytes(), SystemTime::UNIX_EPOCH)).collect();
    if !files.iter().any(|(name, _)| *name == "Chart.yaml") {
        all.push(ChartFile::new("Chart.yaml", CHART_YAML.as_bytes(), SystemTime::UNIX_EPOCH));
    }
    load_files(all, LoadLimits::default()).unwrap()
}

fn table(yaml: &str) -> Table {
    read_values(yaml.as_bytes()).unwrap()
}

/// Everything that was logged, but what is for debugging.
#[derive(Debug, Default)]
struct Heard(std::sync::Mutex<Vec<String>>);

impl Log for Heard {
    fn log(&self, notice: Notice) {
        if notice.level > Level::Debug {
            self.0.lock().unwrap().push(notice.to_string());
        }
    }
}

impl Heard {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn render_logged(chart: &Arc<Chart>, values: &str, log: &dyn Log) -> Result<Rendered, RenderError> {
    let release = Release { name: "rel".to_owned(), namespace: "ns".to_owned(), revision: 1, is_upgrade: false };
    let (capabilities, host) = (offline_capabilities(), SystemHost::new("UTC"));
    render(chart, &table(values), &release, &RenderOptions { log, ..RenderOptions::new(&capabilities, &host) })
}

fn render_with(chart: &Arc<Chart>, values: &str, limits: Limits) -> Result<Rendered, RenderError> {
    let release = Release { name: "rel".to_owned(), namespace: "ns".to_owned(), revision: 1, is_upgrade: false };
    let capabilities = offline_capabilities();
    let host = SystemHost::new("UTC");
    let options = RenderOptions { limits, ..RenderOptions::new(&capabilities, &host) };
    render(chart, &table(values), &release, &options)
}

/// The text of the only manifest of a chart.
fn only_manifest(chart: &Arc<Chart>, values: &str) -> String {
    let rendered = render_with(chart, values, Limits::default()).unwrap();
    assert_eq!(rendered.manifests.len(), 1);
    rendered.manifests[0].text().to_owned()
}
