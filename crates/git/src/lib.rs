//! Git as a source needs it: which refs a remote has, one commit at depth 1, and the commit's tree as a stream.
//!
//! A [`Client`] keeps one mirror (packs only, no work tree) for each remote and its credentials, so that a new commit
//! costs its own objects and an unchanged one a single listing. [`Client::list`] lists refs, [`Client::checkout`]
//! resolves a [`Reference`] and fetches it, [`Checkout`] reads the tree, straight from the packs, with its submodules, and checks signatures ([`Signed`]).
//! HTTP and HTTPS go over one pooled client for each set of credentials, SSH is spoken in the process; protocol versions 2, 1 and 0 work.
//!
//! It does not: write to a remote, check out a work tree for editing, run filters or LFS, read any Git configuration,
//! start a program, say which keys are trusted, know Kubernetes.
//!
//! Remotes are hostile until checked: names, sizes, depths and URLs of submodules have limits ([`Limits`]), nothing is
//! written outside of the mirror, no link is followed. All methods are asynchronous; what blocks runs on tokio's
//! blocking threads and ends when its future is dropped or the timeout passes.
//!
//! Mirrors fluxcd/pkg `git` and `git/gogit`.

mod checkout;
mod client;
mod credentials;
mod error;
mod guard;
mod known_hosts;
mod mirror;
mod refs;
mod remote_url;
mod session;
mod signature;
mod submodules;
mod transport;
mod tree;

pub use checkout::{Checkout, CheckoutOptions, CommitInfo, TreeError};
pub use client::{Client, Limits, Remote};
pub use credentials::{Auth, Proxy, Secret, SshIdentity, Tls};
pub use error::GitError;
pub use known_hosts::{KnownHosts, KnownHostsError};
pub use refs::{Reference, RemoteRef, Resolved};
pub use remote_url::RemoteUrl;
pub use signature::{Keys, NoKeys, SignatureError, Signed};
pub use transport::ssh::{SshAlgorithms, UnknownAlgorithm};
