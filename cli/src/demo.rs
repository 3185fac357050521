//! `ferroflux demo`: the main job, before the user's eyes.
//!
//! A real control plane, a real Git server, the controllers as the processes that a cluster would run as pods. A commit
//! becomes objects; a second commit changes them and removes one. Nothing is left behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use ferroflux_control_plane::{Binaries, ControlPlane, Home, KUBERNETES_VERSION};
use ferroflux_git_server::{HttpOptions, HttpServer, Repository};

mod cluster;
mod controllers;
mod view;

use cluster::Cluster;
use controllers::Controllers;
use view::View;

/// Arguments of the command.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  ferroflux demo --repository examples/fleet")]
pub struct Demo {
    /// Folder with the GitOps repository that is served; `clusters/demo` in it holds what is applied by hand.
    #[arg(long, default_value = "examples/fleet")]
    repository: PathBuf,
    /// The whole demo is given up after so many seconds.
    #[arg(long, default_value_t = 300)]
    timeout: u64,
}

/// Runs the demo; an error is what did not become ready, and why.
pub fn run(args: &Demo) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let limit = Duration::from_secs(args.timeout);
    runtime.block_on(async {
        let interrupted = tokio::signal::ctrl_c();
        tokio::select! {
            done = tokio::time::timeout(limit, play(args)) => done.with_context(|| format!("the demo is not done after {} s", limit.as_secs()))?,
            _ = interrupted => bail!("interrupted"),
        }
    })
}

async fn play(args: &Demo) -> Result<()> {
    let mut view = View::new();
    let began = Instant::now();
    let programs = Controllers::find()?;
    let fleet = args.repository.clone();
    if !fleet.join("clusters/demo").is_dir() {
        bail!(
            "{} has no folder clusters/demo: run the demo from the project's folder, or name a repository with --repository",
            fleet.display()
        );
    }

    let binaries = Binaries::find(|line| view.note(line)).await?;
    view.state("control plane", &format!("starting etcd and kube-apiserver {KUBERNETES_VERSION}"));
    let plane = ControlPlane::start(binaries, Home::Temporary).await?;
    view.state("control plane", &format!("ready in {:.1} s", began.elapsed().as_secs_f32()));

    let root = tempfile::tempdir()?;
    let repository = Repository::create(root.path(), "fleet.git").await?;
    repository.copy_from(&fleet)?;
    let first = repository.push("Run the shop").await?;
    let server = HttpServer::start(root.path(), HttpOptions::default()).await?;
    let url = server.url("fleet.git");
    view.state("git server", &format!("{url}, main at {}", short(&first)));

    let cluster = Cluster::connect(&plane.kubeconfig()).await?;
    let crds = cluster.install_crds().await?;
    view.state("definitions", &format!("{crds} CustomResourceDefinitions established"));
    let controllers = programs.start(&plane.kubeconfig()).await?;
    for name in controllers.names() {
        view.state(name, "running");
    }

    let applied = Instant::now();
    cluster.apply_folder(&fleet.join("clusters/demo"), &[("${GIT_URL}", &url)]).await?;
    let rollout = cluster.wait_revision(&first, &mut view).await.with_context(|| controllers.tails())?;
    let first_took = applied.elapsed();

    view.note("");
    view.note("A second commit: a newer storefront, a new banner, no disruption budget any more.");
    change(&repository)?;
    let second = repository.push("Release storefront 1.5.0").await?;
    view.state("git server", &format!("{url}, main at {}", short(&second)));
    let pushed = Instant::now();
    cluster.request_reconcile("fleet").await?;
    cluster.wait_revision(&second, &mut view).await.with_context(|| controllers.tails())?;
    let second_took = pushed.elapsed();
    let shop = cluster.shop().await?;
    shop.check()?;

    view.finish();
    println!();
    println!("Ready:");
    for line in rollout {
        println!("  {line}");
    }
    println!();
    println!("In the namespace shop:");
    for line in &shop.lines {
        println!("  {line}");
    }
    println!();
    println!("From an empty cluster to ready    {:>7.2} s", first_took.as_secs_f32());
    println!("From the second commit to ready   {:>7.2} s", second_took.as_secs_f32());
    for (name, peak, now) in controllers.memory() {
        println!("{name:<24} peak {peak:>6.1} MiB, now {now:>6.1} MiB");
    }
    controllers.stop().await;
    plane.stop().await;
    Ok(())
}

/// What the second commit does.
fn change(repository: &Repository) -> Result<()> {
    edit(repository.work_tree(), "apps/production/kustomization.yaml", "newTag: 1.4.0", "newTag: 1.5.0")?;
    edit(repository.work_tree(), "apps/base/storefront/kustomization.yaml", "Welcome to our shop", "Winter sale")?;
    edit(repository.work_tree(), "apps/base/inventory-api/kustomization.yaml", "  - disruption-budget.yaml\n", "")
}

fn edit(root: &Path, file: &str, from: &str, to: &str) -> Result<()> {
    let path = root.join(file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {file}"))?;
    if !text.contains(from) {
        bail!("{file} does not hold {from:?}: the demo's second commit is written for the example fleet");
    }
    Ok(std::fs::write(&path, text.replace(from, to))?)
}

/// The first seven digits of a commit, as Git shows them.
fn short(commit: &str) -> &str {
    &commit[..commit.len().min(7)]
}
