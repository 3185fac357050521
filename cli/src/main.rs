//! The command `ferroflux`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard output and error")]

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Args as _, CommandFactory, FromArgMatches, Parser, Subcommand};
use ferroflux_cli::{conformance, demo, dev};
use ferroflux_render_commands::{build, template};

// On musl the system's allocator has one lock. glibc's touches fewer pages than this one, which decides for a command
// that ends in milliseconds.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A source-to-cluster GitOps engine.
#[derive(Debug, Parser)]
#[command(name = "ferroflux", version, after_help = "Example:\n  ferroflux demo")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a kustomization and print it, as `kustomize build` does.
    Build(build::Build),
    /// Render a chart and print it, as `helm template` does.
    Template(Box<template::Args>),
    /// An embedded control plane for development.
    #[command(subcommand)]
    Dev(dev::Dev),
    /// A commit becomes running objects on an embedded control plane, before your eyes.
    Demo(demo::Demo),
    /// Run corpora of what the originals do.
    Conformance(conformance::Conformance),
}

/// The definition of the command line. A start that names `template` needs no other definition: that of `helm template`
/// alone is large, and a render is over in milliseconds.
fn definition(name: Option<&OsStr>) -> clap::Command {
    let command = match name {
        Some(name) if name == "template" => {
            let template = template::Args::augment_args(clap::Command::new("template"));
            clap::Command::new("ferroflux").subcommand_required(true).subcommand(template)
        }
        _ => Cli::command(),
    };
    command.mut_subcommand("template", template::flags_take_values)
}

fn main() -> ExitCode {
    // A render touches little memory here and there; pages of 2 MiB would be cleared and counted for nothing. A kernel
    // without that switch refuses, which is as good.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let name = std::env::args_os().nth(1);
    let mut command = definition(name.as_deref());
    let matches = command.try_get_matches_from_mut(std::env::args_os()).unwrap_or_else(|error| {
        let template = command.find_subcommand("template").filter(|_| name.as_deref().is_some_and(|name| name == "template"));
        let Some(text) = template.and_then(|template| template::explain(template, &error)) else { error.exit() };
        eprintln!("Error: {text}");
        std::process::exit(1)
    });
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    let result = match cli.command {
        Command::Build(args) => build::run(&args),
        Command::Template(args) => template::run(&args),
        Command::Dev(command) => dev::run(command),
        Command::Demo(args) => demo::run(&args),
        Command::Conformance(args) => match conformance::run(&args) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
