//! A real etcd, kube-apiserver and kube-controller-manager on loopback, for `ferroflux dev`, the demo and the tests.
//!
//! [`Binaries::find`] looks for the programs and builds them from their Go modules where they are nowhere to be found;
//! [`ControlPlane::start`] runs them in a directory of their own on free ports. Nothing stays behind: every process has a
//! watchdog that ends it when the process that started it is gone, however that one ended, and a directory that we made
//! is removed.
//!
//! What is deliberately absent: nodes. Deployments with zero replicas become ready; pods do not run.

mod binaries;
mod cluster;
mod credentials;
mod ports;
mod shared;
mod supervised;

pub use binaries::{Binaries, BinariesError, KUBERNETES_VERSION, cache_dir};
pub use cluster::{ControlPlane, Home, StartError};
pub use ports::free_port;
pub use shared::shared;
pub use supervised::Supervised;
