//! The source-controller process.

use std::process::ExitCode;
use std::time::Duration;

use ferroflux_controller_runtime::{logging, parse_flags};
use ferroflux_source_controller::{Flags, run};

fn main() -> ExitCode {
    let flags: Flags = parse_flags();
    logging::init(flags.runtime.log_level, flags.runtime.log_encoding);
    // Fails only if a provider is set already, which then does as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Each thread costs memory of its own. Fetches block one thread each and need others for name look-ups; the file
    // server's reads are short.
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(4);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(workers).max_blocking_threads(flags.concurrent + 16).thread_keep_alive(Duration::from_secs(1));
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "unable to start the runtime");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(flags)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "problem running source-controller");
            ExitCode::FAILURE
        }
    }
}
