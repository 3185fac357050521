//! Artifacts over HTTP: the server that a source controller runs over its store, and the client with which the
//! consumers fetch and unpack.
//!
//! Entry points: [`server::Server`] serves a [`ferroflux_artifact::storage::Storage`]; [`fetch::Fetcher`] downloads,
//! verifies and unpacks, once for all who want the same digest. Neither knows Kubernetes; when to fetch again is the
//! caller's business ([`fetch::Retries`] says how long to wait).
//!
//! Mirrors the file server of source-controller and fluxcd/pkg `http/fetch`.

pub mod fetch;
pub mod server;
