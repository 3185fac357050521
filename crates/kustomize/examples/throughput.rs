//! How builds scale: 16 at once beside one after another, and time and memory for each object as their number grows.
//!
//! `cargo run --release -p ferroflux-kustomize --example throughput -- DIR` builds the kustomization in `DIR`; without
//! `DIR` a made one is built.
#![allow(clippy::print_stdout, reason = "a program that prints what it measures")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ferroflux_kustomize::{DiskFileSystem, Error, FileSystem, MemoryFileSystem, Options, build};

const BUILDS: usize = 16;
const SIZES: [usize; 5] = [1_000, 2_000, 5_000, 10_000, 20_000];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::args().nth(1) {
        Some(directory) => {
            let files = DiskFileSystem::new("/")?;
            let root = files.path_of(Path::new(&directory)).ok_or("no such directory")?;
            side_by_side(&files, &root)?;
        }
        None => side_by_side(&objects(1_000), "/")?,
    }
    growth()?;
    Ok(())
}

/// Builds and prints into memory; the number of objects.
fn render(files: &dyn FileSystem, root: &str) -> Result<usize, Error> {
    let output = build(files, root, &Options::default(), None)?;
    let count = output.objects.len();
    output.into_yaml_stream().map(|text| std::hint::black_box(text).len()).map(|_| count)
}

/// The best of three runs of [`BUILDS`] builds by some threads.
fn time(files: &dyn FileSystem, root: &str, threads: usize) -> Result<Duration, Error> {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let next = AtomicUsize::new(0);
        let began = Instant::now();
        std::thread::scope(|scope| {
            let work = || -> Result<(), Error> {
                while next.fetch_add(1, Ordering::Relaxed) < BUILDS {
                    render(files, root)?;
                }
                Ok(())
            };
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|w| w.join().unwrap_or(Ok(())))
        })?;
        best = best.min(began.elapsed());
    }
    Ok(best)
}

fn side_by_side(files: &dyn FileSystem, root: &str) -> Result<(), Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(BUILDS);
    let alone = time(files, root, 1)?;
    let together = time(files, root, cores)?;
    let ratio = alone.as_secs_f64() / together.as_secs_f64();
    println!(
        "{BUILDS} builds: one after another {:.1} ms each, {cores} at once {:.1} ms each, {ratio:.2} x the throughput",
        alone.as_secs_f64() * 1e3 / BUILDS as f64,
        together.as_secs_f64() * 1e3 / BUILDS as f64,
    );
    Ok(())
}

fn growth() -> Result<(), Error> {
    let mut first = None;
    for size in SIZES {
        let files = objects(size);
        let mut best = Duration::MAX;
        let mut count = 0;
        for _ in 0..3 {
            let began = Instant::now();
            count = render(&files, "/")?;
            best = best.min(began.elapsed());
        }
        let each = best.as_secs_f64() * 1e9 / count as f64;
        let first = *first.get_or_insert(each);
        println!("{count:6} objects: {each:7.0} ns each, {:.2} x as much as among the fewest", each / first);
    }
    Ok(())
}

/// Deployments that each use a generated ConfigMap, with every transformer.
fn objects(count: usize) -> MemoryFileSystem {
    let mut files = MemoryFileSystem::new();
    let pairs = count / 2;
    let mut kustomization = String::from(
        "namespace: apps\nnamePrefix: p-\ncommonAnnotations: {owner: team}\nlabels:\n- pairs: {env: prod}\n  includeSelectors: true\n\
         images:\n- name: nginx\n  newTag: '1.27'\nreplicas:\n- name: d0\n  count: 3\nresources: [deployments.yaml]\nconfigMapGenerator:\n",
    );
    let mut deployments = String::new();
    for i in 0..pairs {
        kustomization.push_str(&format!("- name: c{i}\n  literals: [key={i}]\n"));
        deployments.push_str(&format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d{i}\nspec:\n  selector:\n    matchLabels:\n      app: d{i}\n  \
             template:\n    metadata:\n      labels:\n        app: d{i}\n    spec:\n      containers:\n      - name: main\n        \
             image: nginx:1.25\n        envFrom:\n        - configMapRef:\n            name: c{i}\n"
        ));
    }
    files.write("/kustomization.yaml", kustomization);
    files.write("/deployments.yaml", deployments);
    files
}
