//! How fast charts are loaded and rendered in one process: `render_speed CHART… [--rounds N]` for packaged charts or
//! directories, `render_speed tpl` for 2,000 calls of `tpl` over 300 definitions. Prints medians in milliseconds, the
//! bytes rendered and the peak memory of the process so far; give one chart a call for the memory of that chart.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use ferroflux_helm_chart::{
    Chart, ChartFile, LoadLimits, Release, RenderOptions, SystemHost, Table, load_files, load_path, offline_capabilities, render,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut charts = Vec::new();
    let mut rounds = 20;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => rounds = args.next().ok_or("--rounds needs a number")?.parse()?,
            _ => charts.push(arg),
        }
    }
    if charts.is_empty() {
        return Err("usage: render_speed tpl | CHART… [--rounds N]".into());
    }
    for chart in charts {
        let load = || if chart == "tpl" { tpl_chart() } else { Ok(load_path(Path::new(&chart), LoadLimits::default())?) };
        let (load_ms, loaded) = median(rounds, load)?;
        let (render_ms, bytes) = median(rounds, || render_once(&loaded))?;
        let peak = peak_mib().map_or_else(|| "?".to_owned(), |mib| format!("{mib:.1}"));
        println!("{chart}: load {load_ms:.2} ms, render {render_ms:.2} ms, {bytes} bytes, peak {peak} MiB");
    }
    Ok(())
}

/// Runs `work` some times; the median time in milliseconds and the last result.
fn median<T>(rounds: usize, work: impl Fn() -> Outcome<T>) -> Outcome<(f64, T)> {
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..rounds.max(1) {
        let began = Instant::now();
        last = Some(work()?);
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok((middle, last.ok_or("no rounds")?))
}

fn render_once(chart: &Arc<Chart>) -> Outcome<usize> {
    let release = Release { name: "bench".to_owned(), namespace: "default".to_owned(), revision: 1, is_upgrade: false };
    let host = SystemHost::new("UTC");
    let capabilities = offline_capabilities();
    let options = RenderOptions::new(&capabilities, &host);
    Ok(render(chart, &Table::new(), &release, &options)?.manifest().len())
}

/// A chart with 300 definitions that calls `tpl` 2,000 times, each time with another text.
fn tpl_chart() -> Outcome<Arc<Chart>> {
    let defines: String = (0..300)
        .map(|i| {
            format!("{{{{- define \"bench.part{i}\" -}}}}\npart{i}: {{{{ .Values.name }}}}-{{{{ .Release.Name }}}}\n{{{{- end -}}}}\n")
        })
        .collect();
    let calls = "items:\n{{- range $i := until 2000 }}\n{{- $text := printf \"{{ .Values.name }}-%d-{{ include \\\"bench.part%d\\\" . }}\" $i (mod $i 300) }}\n- {{ tpl $text $ | quote }}\n{{- end }}\n";
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: bench\nversion: 1.0.0\n"),
        ("values.yaml", "name: value\n"),
        ("templates/_parts.tpl", &defines),
        ("templates/calls.yaml", calls),
    ];
    let files = files.iter().map(|(name, text)| ChartFile::new(*name, text.as_bytes(), SystemTime::UNIX_EPOCH)).collect();
    Ok(load_files(files, LoadLimits::default())?)
}

/// The highest resident memory of this process, in MiB.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}
