//! The commands that render without a cluster: `ferroflux build` prints what `kustomize build` prints, `ferroflux
//! template` what `helm template` prints. What they have in common is that they end in milliseconds.
//!
//! They stand in a crate of their own, built small, so that their code lies together in the program: a start touches no
//! page of the commands that run a cluster.
//!
//! It does no rendering itself (that is `ferroflux-kustomize` and `ferroflux-helm-chart`) and never speaks to a cluster.
//!
//! Entry points: [`build::run`], [`template::run`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak on standard output and error")]

pub mod build;
mod remote;
pub mod template;
