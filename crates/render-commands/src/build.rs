//! `ferroflux build`: what `kustomize build` prints.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use ferroflux_kustomize::{DiskFileSystem, FileSystem, LoadRestriction, Object, Options, Order, RemoteLoader, RepositoryUrl, ResId};

use crate::remote::OnDemand;

/// `--load-restrictor`, in the words of kustomize.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Restrictor {
    /// Files must be in the directory of their kustomization or below.
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    /// Files may be anywhere.
    #[value(name = "LoadRestrictionsNone")]
    None,
}

/// `--reorder`, in the words of kustomize.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reorder {
    /// Namespaces and definitions first, webhooks last.
    Legacy,
    /// As they were loaded.
    None,
}

/// Arguments of the command.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  ferroflux build ./overlays/production --load-restrictor LoadRestrictionsNone")]
pub struct Build {
    /// Directory with the kustomization file, or the address of one in a Git repository.
    #[arg(default_value = ".")]
    dir: String,
    /// Whether files outside the directory of a kustomization may be named.
    #[arg(long, value_enum, ignore_case = true, default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: Restrictor,
    /// Order of the output where the kustomization has no sortOptions.
    #[arg(long, value_enum, default_value = "legacy")]
    reorder: Reorder,
    /// Write to this file instead of standard output; into a directory, a file for each object.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Add the label app.kubernetes.io/managed-by to every object.
    #[arg(long)]
    enable_managedby_label: bool,
    /// Charts in kustomizations are not inflated; the flag is refused with a reason.
    #[arg(long)]
    enable_helm: bool,
}

/// Builds and prints.
pub fn run(args: &Build) -> Result<()> {
    if args.enable_helm {
        bail!(
            "--enable-helm: charts in kustomizations are not supported; render the chart with `ferroflux template` and list the result under resources"
        );
    }
    let remote = OnDemand::default();
    let disk;
    let repository;
    let (files, root): (&dyn FileSystem, String) = match RepositoryUrl::parse(&args.dir).filter(|_| !Path::new(&args.dir).exists()) {
        Some(url) => {
            repository = remote.fetch(&url).with_context(|| format!("fetch {}", args.dir))?;
            (&*repository, format!("/{}", url.directory))
        }
        None => {
            disk = DiskFileSystem::new("/").context("open the file system")?;
            let root = disk.path_of(Path::new(&args.dir)).with_context(|| format!("{} is not a directory that can be read", args.dir))?;
            (&disk, root)
        }
    };
    let options = Options {
        load_restriction: match args.load_restrictor {
            Restrictor::RootOnly => LoadRestriction::RootOnly,
            Restrictor::None => LoadRestriction::None,
        },
        order: match args.reorder {
            Reorder::Legacy => Order::Legacy,
            Reorder::None => Order::Input,
        },
        managed_by_label: args.enable_managedby_label,
        ..Options::default()
    };
    let output = ferroflux_kustomize::build(files, &root, &options, Some(&remote))?;
    for warning in &output.warnings {
        eprintln!("warning: {warning}");
    }
    let write = |to: &mut dyn Write| -> Result<()> {
        // A document at a time: the whole output need not be in memory beside the objects.
        let mut text = String::new();
        for (at, object) in output.objects.iter().enumerate() {
            text.clear();
            if at > 0 {
                text.push_str("---\n");
            }
            text = object.append_yaml(text)?;
            to.write_all(text.as_bytes())?;
        }
        Ok(to.flush()?)
    };
    match &args.output {
        Some(directory) if directory.is_dir() => write_files(&output.objects, directory)?,
        Some(path) => {
            write(&mut std::io::BufWriter::new(std::fs::File::create(path).with_context(|| format!("create {}", path.display()))?))?;
        }
        None => write(&mut std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock()))?,
    }
    // the process ends here: to free a hundred thousand nodes one by one would take a tenth of its time
    std::mem::forget(output);
    Ok(())
}

/// Writes each object into a file of its own, named for its kind and name; and for its namespace, where there are several.
fn write_files(objects: &[Object], directory: &Path) -> Result<()> {
    let namespaced = objects.iter().map(Object::id).filter(|id| !id.gvk.is_cluster_scoped());
    let several = namespaced.map(ResId::effective_namespace).collect::<BTreeSet<_>>().len() > 1;
    for object in objects {
        let id = object.id();
        let prefix = if several && !id.gvk.is_cluster_scoped() { id.effective_namespace() } else { "" };
        let parts = [prefix, &id.gvk.group, &id.gvk.version, &id.gvk.kind, &id.name];
        let parts: Vec<String> = parts.iter().filter(|part| !part.is_empty()).map(|part| part.to_lowercase()).collect();
        let name = format!("{}.yaml", parts.join("_"));
        // The name of an object is text of somebody else's; a file never leaves the directory.
        if name.contains('/') || name.starts_with("..") {
            bail!("{} {} cannot be a file in {}: its name holds a slash", id.gvk.kind, id.name, directory.display());
        }
        let path = directory.join(name);
        std::fs::write(&path, object.to_yaml()?).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}
