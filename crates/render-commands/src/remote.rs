//! The network for `ferroflux build` and `ferroflux template`: a runtime for it is started only for what needs it.

use std::sync::{Arc, OnceLock};

use ferroflux_kustomize::{FileSystem, HttpFile, RemoteError, RemoteLoader, RepositoryUrl};
use ferroflux_remote_bases::RemoteBases;

/// Starts when it is first asked for something.
#[derive(Debug, Default)]
pub(crate) struct OnDemand(OnceLock<Result<(tokio::runtime::Runtime, RemoteBases), String>>);

impl OnDemand {
    fn remote(&self) -> Result<&RemoteBases, RemoteError> {
        let started = self.0.get_or_init(|| {
            // Fails only if a provider is set already, which then does as well.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build();
            let runtime = runtime.map_err(|e| format!("cannot start the network: {e}"))?;
            let remote = RemoteBases::new(runtime.handle().clone(), std::env::temp_dir());
            Ok((runtime, remote))
        });
        started.as_ref().map(|(_, remote)| remote).map_err(|e| RemoteError::Failed(e.clone()))
    }
}

impl RemoteLoader for OnDemand {
    fn get(&self, url: &str) -> Result<HttpFile, RemoteError> {
        self.remote()?.get(url)
    }

    fn fetch(&self, repository: &RepositoryUrl) -> Result<Arc<dyn FileSystem>, RemoteError> {
        self.remote()?.fetch(repository)
    }
}
