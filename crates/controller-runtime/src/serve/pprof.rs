//! `/debug/pprof` as far as it can be told the truth about a process without Go's runtime (RT-39).
//!
//! The profiles are read from the kernel's books when somebody asks, so that nothing is kept or sampled otherwise: `heap`
//! is resident memory by mapping, `profile` the CPU time of each thread over a while, `threadcreate` the threads. All are
//! gzipped protocol buffers that `go tool pprof` reads. Call stacks are not in them; what has no meaning here (goroutines,
//! Go's locks and traces) answers 501 and says what to use instead.

mod figures;
mod profile;

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use profile::{Profile, ValueType};

/// Length of a CPU profile if the request does not say.
const DEFAULT_SECONDS: u64 = 30;
/// The longest CPU profile.
const MAX_SECONDS: u64 = 600;
/// What the kernel counts CPU time in: hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

const INDEX: &str = "/debug/pprof/\n
heap          resident memory by mapping
profile       CPU time by thread, over ?seconds=30
threadcreate  threads by name
cmdline       the command line
symbol        always empty: the profiles carry their names
\nUse `go tool pprof http://<address>/debug/pprof/heap`; for call stacks, `perf record -g -p <pid>`.\n";

const ABSENT: &str = "is a profile of Go's runtime, which this process does not have; see /debug/pprof/ for what there is\n";

/// Everything below `/debug/pprof`.
pub(super) fn router() -> Router {
    Router::new()
        .route("/debug/pprof", get(|| async { INDEX }))
        .route("/debug/pprof/", get(|| async { INDEX }))
        .route("/debug/pprof/{name}", get(answer).post(answer))
}

async fn answer(Path(name): Path<String>, uri: Uri) -> Response {
    let profile = match name.as_str() {
        "heap" => figures::mappings().map(heap),
        "profile" => match seconds(&uri) {
            Ok(length) => cpu(length).await,
            Err(given) => {
                let text = format!("seconds={given} cannot be used: expected a whole number from 1 to {MAX_SECONDS}\n");
                return (StatusCode::BAD_REQUEST, text).into_response();
            }
        },
        "threadcreate" => figures::threads().map(threads),
        "cmdline" => return std::env::args().collect::<Vec<_>>().join("\0").into_response(),
        "symbol" => return "num_symbols: 0\n".into_response(),
        "goroutine" | "block" | "mutex" | "trace" | "allocs" => {
            return (StatusCode::NOT_IMPLEMENTED, format!("'{name}' {ABSENT}")).into_response();
        }
        _ => return (StatusCode::NOT_FOUND, format!("unknown profile '{name}'\n")).into_response(),
    };
    match profile.and_then(|p| p.encode()) {
        Ok(bytes) => {
            let nosniff = (HeaderName::from_static("x-content-type-options"), "nosniff".to_owned());
            let named = (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
            ([(CONTENT_TYPE, "application/octet-stream".to_owned()), named, nosniff], bytes).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("cannot read the figures of this process: {error}\n")).into_response(),
    }
}

/// The length that the request asks for; what it says if that cannot be.
fn seconds(uri: &Uri) -> Result<Duration, String> {
    let given = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("seconds="));
    let Some(given) = given else { return Ok(Duration::from_secs(DEFAULT_SECONDS)) };
    match given.parse() {
        Ok(seconds @ 1..=MAX_SECONDS) => Ok(Duration::from_secs(seconds)),
        _ => Err(given.chars().take(20).collect()),
    }
}

fn heap(mappings: Vec<figures::Mapping>) -> Profile {
    let mut profile = Profile::new(&[ValueType::new("inuse_space", "bytes")], SystemTime::now());
    profile.comment("resident memory by mapping, as the kernel counts it; there are no call stacks in here");
    for mapping in mappings.iter().filter(|m| m.resident > 0) {
        let kind = if mapping.is_file { "files" } else { "heap and stacks" };
        profile.sample(&[&mapping.name, kind], &[mapping.resident]);
    }
    profile
}

fn threads(threads: Vec<figures::Thread>) -> Profile {
    let mut profile = Profile::new(&[ValueType::new("threadcreate", "count")], SystemTime::now());
    threads.iter().for_each(|thread| profile.sample(&[&thread.name], &[1]));
    profile
}

/// The CPU time that each thread takes from now on.
async fn cpu(length: Duration) -> std::io::Result<Profile> {
    let began = SystemTime::now();
    let before = figures::threads()?;
    tokio::time::sleep(length).await;
    let mut profile = Profile::new(&[ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")], began);
    profile.comment("CPU time by thread, as the kernel counts it; there are no call stacks in here");
    profile.lasted(length, ValueType::new("cpu", "nanoseconds"), TICK);
    for thread in figures::threads()? {
        let earlier = before.iter().find(|t| t.id == thread.id);
        let since = |now: u64, then: fn(&figures::Thread) -> u64| now.saturating_sub(earlier.map_or(0, then));
        for (mode, ticks) in [("user", since(thread.user, |t| t.user)), ("kernel", since(thread.kernel, |t| t.kernel))] {
            if ticks > 0 {
                profile.sample(&[mode, &thread.name], &[ticks, ticks.saturating_mul(TICK.as_nanos() as u64)]);
            }
        }
    }
    Ok(profile)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// RT-39: the length of a profile is Go's if nothing is said, and never without end.
    #[test]
    fn lengths() {
        let of = |uri: &str| seconds(&uri.parse().unwrap()).map(|d| d.as_secs());
        assert_eq!(of("/debug/pprof/profile"), Ok(30));
        assert_eq!(of("/debug/pprof/profile?debug=0&seconds=5"), Ok(5));
        for bad in ["0", "-1", "601", "x", "99999999999999999999999"] {
            assert!(of(&format!("/debug/pprof/profile?seconds={bad}")).is_err(), "{bad}");
        }
    }
}
