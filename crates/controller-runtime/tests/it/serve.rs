//! Probes, metrics and profiles over HTTP.

use std::io::Read;
use std::sync::Arc;

use ferroflux_controller_runtime::metrics::Metrics;
use ferroflux_controller_runtime::serve;
use tokio_util::sync::CancellationToken;

/// The address of a running server of metrics.
async fn metrics() -> (String, CancellationToken) {
    let stop = CancellationToken::new();
    let listener = serve::listen("127.0.0.1:0", "--metrics-addr").await.unwrap().unwrap();
    let metrics = Arc::new(Metrics::default());
    metrics.controller("Kustomization", "kustomization", 4);
    let addr = serve::spawn(listener, serve::metrics(metrics), stop.clone()).unwrap();
    (format!("http://{addr}"), stop)
}

async fn get(url: &str, accept: &str) -> reqwest::Response {
    reqwest::Client::builder().no_proxy().build().unwrap().get(url).header("accept", accept).send().await.unwrap()
}

/// RT-39, RT-50: metrics come in the form that the scraper asks for, by default in the one that all read.
#[tokio::test]
async fn both_formats() {
    let (base, _stop) = metrics().await;
    for (accept, kind, head, end) in [
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", "# TYPE controller_runtime_reconcile_total counter\n", "\n"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "# TYPE controller_runtime_reconcile counter\n",
            "\n# EOF\n",
        ),
    ] {
        let answer = get(&format!("{base}/metrics"), accept).await;
        assert_eq!(answer.headers()["content-type"], kind);
        let text = answer.text().await.unwrap();
        assert!(text.contains(head) && text.ends_with(end), "{accept}:\n{text}");
        assert_eq!(text.contains("# EOF"), end.contains("EOF"));
        assert!(text.contains("\ncontroller_runtime_reconcile_total{controller=\"kustomization\",result=\"success\"} 0\n"), "{text}");
    }
}

/// Field numbers and values of a protocol buffer: numbers, or bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, Vec<u8>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let number = varint(&mut bytes);
        match tag & 7 {
            0 => found.push((tag >> 3, number, Vec::new())),
            2 => {
                let (value, rest) = bytes.split_at(number as usize);
                found.push((tag >> 3, 0, value.to_vec()));
                bytes = rest;
            }
            other => panic!("wire type {other}"),
        }
    }
    found
}

/// The columns of a profile, and the sums of their values.
fn columns(gzipped: &[u8]) -> Vec<(String, String, u64)> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gzipped).read_to_end(&mut bytes).unwrap();
    let all = fields(&bytes);
    let texts: Vec<String> = all.iter().filter(|f| f.0 == 6).map(|f| String::from_utf8(f.2.clone()).unwrap()).collect();
    assert_eq!(texts[0], "");
    let locations: Vec<u64> = all.iter().filter(|f| f.0 == 4).map(|f| fields(&f.2)[0].1).collect();
    let functions: Vec<u64> = all.iter().filter(|f| f.0 == 5).map(|f| fields(&f.2)[0].1).collect();
    assert_eq!(locations, functions);
    let samples: Vec<_> = all.iter().filter(|f| f.0 == 2).map(|f| fields(&f.2)).collect();
    let columns: Vec<_> = all.iter().filter(|f| f.0 == 1).map(|f| fields(&f.2)).collect();
    let text = |column: &[(u64, u64, Vec<u8>)], field| texts[column.iter().find(|f| f.0 == field).unwrap().1 as usize].clone();
    let sum = |n: usize| samples.iter().map(|s| s.iter().filter(|f| f.0 == 2).nth(n).unwrap().1).sum();
    assert!(samples.iter().all(|s| s.iter().filter(|f| f.0 == 1).all(|f| locations.contains(&f.1))));
    columns.iter().enumerate().map(|(n, column)| (text(column, 1), text(column, 2), sum(n))).collect()
}

/// RT-39: heap and CPU profiles are in pprof's format and true; what cannot be offered says so.
#[tokio::test(flavor = "multi_thread")]
async fn profiles() {
    let (base, _stop) = metrics().await;
    let fetch = async |name: &str| {
        let answer = get(&format!("{base}/debug/pprof/{name}"), "*/*").await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"application/octet-stream".parse().unwrap()),
            "{name}"
        );
        answer.bytes().await.unwrap()
    };
    // Held over the look, touched, and larger than anything else can be by chance.
    let ballast = vec![1u8; 64 << 20];
    let heap = fetch("heap").await;
    drop(ballast);
    let after = columns(&fetch("heap").await);
    let with = columns(&heap);
    assert_eq!((with[0].0.as_str(), with[0].1.as_str()), ("inuse_space", "bytes"));
    assert!(with[0].2 > after[0].2 + (32 << 20), "{with:?} {after:?}");

    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let busy = std::thread::spawn(move || while !stopped.load(std::sync::atomic::Ordering::Relaxed) {});
    let cpu = columns(&fetch("profile?seconds=1").await);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    busy.join().unwrap();
    let kinds: Vec<_> = cpu.iter().map(|(kind, unit, _)| (kind.as_str(), unit.as_str())).collect();
    assert_eq!(kinds, [("samples", "count"), ("cpu", "nanoseconds")]);
    assert!(cpu[0].2 > 0 && cpu[1].2 == cpu[0].2 * 10_000_000, "{cpu:?}");
    assert!(columns(&fetch("threadcreate").await)[0].2 >= 2);

    if let Ok(mut file) = tempfile::NamedTempFile::new() {
        std::io::Write::write_all(&mut file, &heap).unwrap();
        match std::process::Command::new("go").args(["tool", "pprof", "-top"]).arg(file.path()).output() {
            Ok(out) => {
                let text = String::from_utf8_lossy(&out.stdout).into_owned();
                assert!(out.status.success() && text.contains("heap and stacks"), "{text}{}", String::from_utf8_lossy(&out.stderr));
            }
            Err(_) => println!("skipped: no go to read the profile with"),
        }
    }

    for (name, status, text) in [
        ("", 200, "resident memory by mapping"),
        ("cmdline", 200, "it"),
        ("symbol", 200, "num_symbols: 0"),
        ("goroutine", 501, "Go's runtime"),
        ("block", 501, "Go's runtime"),
        ("mutex", 501, "Go's runtime"),
        ("trace", 501, "Go's runtime"),
        ("profile?seconds=0", 400, "from 1 to 600"),
        ("nonsense", 404, "unknown profile"),
    ] {
        let answer = get(&format!("{base}/debug/pprof/{name}"), "*/*").await;
        assert_eq!(answer.status().as_u16(), status, "{name}");
        let body = answer.text().await.unwrap();
        assert!(body.contains(text), "{name}: {body}");
    }
}

/// RT-39: probes answer plainly, and `0` means no server.
#[tokio::test]
async fn probes() {
    let stop = CancellationToken::new();
    let listener = serve::listen("127.0.0.1:0", "--health-addr").await.unwrap().unwrap();
    let addr = serve::spawn(listener, serve::probes(Arc::default()), stop.clone()).unwrap();
    for path in ["healthz", "healthz/ping", "readyz", "readyz/ping"] {
        let answer = get(&format!("http://{addr}/{path}"), "*/*").await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "ok"), "{path}");
    }
    assert!(serve::listen("0", "--health-addr").await.unwrap().is_none());
    let error = serve::listen(&addr.to_string(), "--health-addr").await.unwrap_err().to_string();
    assert!(error.contains("--health-addr") && error.contains(&addr.to_string()), "{error}");
}
