//! What Prometheus' own client libraries tell of a process, read from `/proc` at each scrape, and the two `go_` series that
//! the stock control-plane dashboard counts pods and plots memory with (RT-50).

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};

/// Reads the figures of the running process.
#[derive(Debug, Default)]
pub(super) struct Process;

/// The figures; on a system without `/proc` there are none.
struct Figures {
    cpu_seconds: f64,
    resident_bytes: u64,
    open_fds: u64,
    start_seconds: f64,
}

fn figures() -> Option<Figures> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name may hold blanks and parentheses: fields count from the last parenthesis (field 3 is the state).
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let field = |n: usize| fields.get(n - 3)?.parse::<f64>().ok();
    let ticks = 100.0; // USER_HZ, fixed by the kernel's ABI on all of Rust's Linux targets
    let boot: f64 = std::fs::read_to_string("/proc/stat").ok()?.lines().find_map(|l| l.strip_prefix("btime "))?.parse().ok()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident_kib: u64 = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").parse().ok()?;
    Some(Figures {
        cpu_seconds: (field(14)? + field(15)?) / ticks,
        resident_bytes: resident_kib * 1024,
        open_fds: std::fs::read_dir("/proc/self/fd").ok()?.count() as u64,
        start_seconds: boot + field(22)? / ticks,
    })
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(figures) = figures() else { return Ok(()) };
        let mut gauge = |name: &str, help: &str, value: f64| {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge("process_resident_memory_bytes", "Memory that the process holds", figures.resident_bytes as f64)?;
        gauge("process_open_fds", "Open file descriptors", figures.open_fds as f64)?;
        gauge("process_start_time_seconds", "When the process started, Unix time", figures.start_seconds)?;
        gauge(
            "go_memstats_alloc_bytes",
            "The same as process_resident_memory_bytes, for dashboards of the Go controllers",
            figures.resident_bytes as f64,
        )?;
        let cpu = ConstCounter::new(figures.cpu_seconds);
        cpu.encode(encoder.encode_descriptor("process_cpu_seconds", "CPU time used", None, MetricType::Counter)?)?;
        let info = Family::<Vec<(&str, &str)>, Gauge>::default();
        info.get_or_create(&vec![("version", "none")]).set(1);
        info.encode(encoder.encode_descriptor(
            "go_info",
            "Always 1: lets dashboards of the Go controllers count this pod",
            None,
            MetricType::Gauge,
        )?)
    }
}
