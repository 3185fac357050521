//! The kustomize-controller process.

use std::process::ExitCode;

use ferroflux_controller_runtime::{logging, parse_flags};
use ferroflux_kustomize_controller::{Flags, run};

fn main() -> ExitCode {
    let flags: Flags = parse_flags();
    logging::init(flags.runtime.log_level, flags.runtime.log_encoding);
    // Fails only if a provider is set already, which then does as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "unable to start the runtime");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(flags)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "problem running kustomize-controller");
            ExitCode::FAILURE
        }
    }
}
