//! The flags that all controllers share, with Flux's names and defaults (RT-01).
//!
//! A controller flattens [`RuntimeFlags`] into its own clap struct and adds what only it has. Unknown flags are fatal;
//! `--name=value`, `--name value` and bare booleans are accepted, durations are in Go's syntax.

use std::ffi::OsString;
use std::time::Duration as StdDuration;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory};
use ferroflux_api::Duration;

use crate::client::Rates;
use crate::logging::{Encoding, LogLevel};
use crate::queue::Backoff;

/// Flags of every controller.
#[derive(Debug, Clone, Args)]
pub struct RuntimeFlags {
    /// Address of the metrics endpoint; "0" turns it off.
    #[arg(long, default_value = ":8080", env = "METRICS_ADDR")]
    pub metrics_addr: String,
    /// Address of the health probes; "0" turns them off.
    #[arg(long, default_value = ":9440")]
    pub health_addr: String,
    /// URL that events are posted to; empty turns it off.
    #[arg(long, default_value = "", env = "EVENTS_ADDR")]
    pub events_addr: String,
    /// Watch all namespaces; false watches only $RUNTIME_NAMESPACE.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub watch_all_namespaces: bool,
    /// Only objects whose labels match this selector are reconciled (sharding).
    #[arg(long, default_value = "")]
    pub watch_label_selector: String,
    /// ConfigMaps and Secrets that match this selector trigger the objects that refer to them.
    #[arg(long, default_value = "reconcile.fluxcd.io/watch=Enabled")]
    pub watch_configs_label_selector: String,
    /// How much is logged.
    #[arg(long, value_enum, default_value = "info")]
    pub log_level: LogLevel,
    /// In which form logs are written.
    #[arg(long, value_enum, default_value = "json")]
    pub log_encoding: Encoding,
    /// Only the replica that holds the lease works.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub enable_leader_election: bool,
    /// Give the lease back at a clean shutdown.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub leader_election_release_on_cancel: bool,
    /// Others may take a lease that was not renewed for this long.
    #[arg(long, default_value = "35s")]
    pub leader_election_lease_duration: Duration,
    /// The leader stops working when it could not renew for this long.
    #[arg(long, default_value = "30s")]
    pub leader_election_renew_deadline: Duration,
    /// Time between two tries to take or renew the lease.
    #[arg(long, default_value = "5s")]
    pub leader_election_retry_period: Duration,
    /// Requests a second to an API server that has no priority and fairness.
    #[arg(long, default_value_t = 50.0)]
    pub kube_api_qps: f32,
    /// Burst of requests to an API server that has no priority and fairness.
    #[arg(long, default_value_t = 300)]
    pub kube_api_burst: u32,
    /// Delay after the first failure of an object.
    #[arg(long, default_value = "750ms")]
    pub min_retry_delay: Duration,
    /// Longest delay after failures of an object.
    #[arg(long, default_value = "15m")]
    pub max_retry_delay: Duration,
    /// Feature gates, as A=true,B=false.
    #[arg(long, default_value = "", value_parser = clap::builder::StringValueParser::new())]
    pub feature_gates: String,
}

impl RuntimeFlags {
    /// Rates for an API server without priority and fairness.
    pub fn rates(&self) -> Rates {
        Rates { qps: self.kube_api_qps, burst: self.kube_api_burst }
    }

    /// Back-off of failing objects.
    pub fn backoff(&self) -> Backoff {
        Backoff { min: self.min_retry_delay.as_std(), max: self.max_retry_delay.as_std() }
    }
}

/// Logs which flags of `unused` (as field names of `F`) were given: they are taken, and nothing is done with them (RT-02).
pub fn log_ignored<F: CommandFactory>(unused: &[&str]) {
    for flag in given::<F>(std::env::args_os(), unused) {
        tracing::info!("flag --{flag} is ignored, this controller does without");
    }
}

/// Those of the flags that the command line or the environment sets.
fn given<F: CommandFactory>(args: impl IntoIterator<Item = OsString>, flags: &[&str]) -> Vec<String> {
    // Whoever asks has read the same command line before, without errors.
    let Ok(matches) = F::command().try_get_matches_from(args) else { return Vec::new() };
    let set = |flag: &str| matches!(matches.value_source(flag), Some(ValueSource::CommandLine | ValueSource::EnvVariable));
    flags.iter().filter(|flag| set(flag)).map(|flag| flag.replace('_', "-")).collect()
}

/// `--interval-jitter-percentage`: spreads intervals by ±p % (RT-26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(u8);

impl std::str::FromStr for Jitter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<u8>() {
            Ok(percent) if percent < 100 => Ok(Self(percent)),
            _ => Err(format!("interval jitter percentage must be a number from 0 to 99, got {text:?}")),
        }
    }
}

impl Jitter {
    /// The interval, longer or shorter by a random part.
    pub fn spread(self, interval: StdDuration) -> StdDuration {
        let range = f64::from(self.0) / 100.0;
        // 53 random bits of a v4 UUID: no other randomness is needed in this crate.
        let random = (uuid::Uuid::new_v4().as_u128() >> 75) as f64 / (1u64 << 53) as f64;
        interval.mul_f64(1.0 + range * (2.0 * random - 1.0))
    }
}

/// Environment variable with the namespace that the controller runs in.
pub const RUNTIME_NAMESPACE: &str = "RUNTIME_NAMESPACE";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        runtime: RuntimeFlags,
    }

    fn parse(args: &[&str]) -> Result<RuntimeFlags, clap::Error> {
        Command::try_parse_from(["controller"].iter().chain(args)).map(|c| c.runtime)
    }

    /// RT-01: Flux's defaults, Go's forms of a flag, fatal unknown flags.
    #[test]
    fn forms() {
        let flags = parse(&[]).unwrap();
        assert_eq!((flags.metrics_addr.as_str(), flags.health_addr.as_str()), (":8080", ":9440"));
        assert_eq!(flags.leader_election_lease_duration.as_std(), StdDuration::from_secs(35));
        assert_eq!(flags.backoff().max, StdDuration::from_secs(900));
        assert!(flags.watch_all_namespaces && !flags.enable_leader_election);
        let flags = parse(&[
            "--enable-leader-election",
            "--watch-all-namespaces=false",
            "--log-level",
            "debug",
            "--min-retry-delay=1m30s",
            "--events-addr=",
        ])
        .unwrap();
        assert!(flags.enable_leader_election && !flags.watch_all_namespaces);
        assert_eq!(flags.min_retry_delay.as_std(), StdDuration::from_secs(90));
        assert!(parse(&["--no-such-flag"]).is_err());
        assert!(parse(&["--min-retry-delay=soon"]).is_err());
    }

    /// RT-02: what is given and not used is named, defaults are not.
    #[test]
    fn unused_flags_are_named() {
        let args = ["controller", "--kube-api-burst=300", "--events-addr", "http://x"].map(OsString::from);
        assert_eq!(given::<Command>(args, &["kube_api_qps", "kube_api_burst"]), ["kube-api-burst"]);
    }

    /// RT-26: the interval moves by at most the percentage, and a percentage of 100 is refused.
    #[test]
    fn jitter() {
        let five: Jitter = "5".parse().unwrap();
        let minute = StdDuration::from_secs(60);
        let spread: Vec<_> = (0..1000).map(|_| five.spread(minute)).collect();
        assert!(spread.iter().all(|d| (57.0..=63.0).contains(&d.as_secs_f64())));
        assert!(spread.iter().any(|d| *d < minute) && spread.iter().any(|d| *d > minute));
        assert_eq!("0".parse::<Jitter>().unwrap().spread(minute), minute);
        assert!("100".parse::<Jitter>().is_err() && "-1".parse::<Jitter>().is_err());
    }
}
