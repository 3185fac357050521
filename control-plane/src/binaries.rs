//! Where the programs of the control plane come from.
//!
//! In this order: `$KUBEBUILDER_ASSETS`, `$PATH`, our cache, and last a build from Go modules into that cache. The cache is
//! outside `target/`, so that `cargo clean` keeps it: `$FERROFLUX_CACHE`, else `$XDG_CACHE_HOME/ferroflux`, else
//! `~/.cache/ferroflux`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// The Kubernetes release that is built.
pub const KUBERNETES_VERSION: &str = "v1.36.3";
const STAGING_VERSION: &str = "v0.36.3";
const ETCD_VERSION: &str = "v3.6.8";

const ETCD: &str = "etcd";
const APISERVER: &str = "kube-apiserver";
const CONTROLLER_MANAGER: &str = "kube-controller-manager";
const KUBECTL: &str = "kubectl";

/// The programs are not there and could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BinariesError {
    /// No Go to build with.
    #[error(
        "etcd, kube-apiserver and kube-controller-manager are not in $KUBEBUILDER_ASSETS, on $PATH or in {cache}, and there is no Go to build them: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS"
    )]
    NoGo {
        /// Where the cache is.
        cache: PathBuf,
    },
    /// A step of the build failed.
    #[error("building {what} failed: {tail}")]
    Build {
        /// The program or step.
        what: String,
        /// The last lines of Go's output.
        tail: String,
    },
    /// The cache cannot be written.
    #[error("cannot write {path}: {source}")]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no home directory.
    #[error("no place for the cache: set FERROFLUX_CACHE or HOME")]
    NoHome,
}

/// Paths of the programs.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// etcd.
    pub etcd: PathBuf,
    /// The API server.
    pub apiserver: PathBuf,
    /// The controller manager: namespaces, garbage collection, Deployments.
    pub controller_manager: PathBuf,
    /// The client, for people and for tests that compare with it. Not always there in `$KUBEBUILDER_ASSETS`.
    pub kubectl: Option<PathBuf>,
}

impl Binaries {
    /// Finds the programs, or builds them, which takes some minutes the first time; `progress` is called with a line of
    /// text for each step of that.
    pub async fn find(mut progress: impl FnMut(&str)) -> Result<Self, BinariesError> {
        if let Some(dir) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from)
            && let Some(found) = Self::in_dirs(&[dir])
        {
            return Ok(found);
        }
        let path: Vec<PathBuf> = std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
        if let Some(found) = Self::in_dirs(&path) {
            return Ok(found);
        }
        let cache = cache_dir()?.join("control-plane").join(KUBERNETES_VERSION);
        if let Some(found) = Self::in_dirs(std::slice::from_ref(&cache)) {
            return Ok(found);
        }
        build(&cache, &mut progress).await?;
        Self::in_dirs(std::slice::from_ref(&cache))
            .ok_or_else(|| BinariesError::Build { what: "the control plane".into(), tail: "a program is missing after the build".into() })
    }

    fn in_dirs(dirs: &[PathBuf]) -> Option<Self> {
        let find = |name: &str| dirs.iter().map(|d| d.join(name)).find(|p| p.is_file());
        Some(Self { etcd: find(ETCD)?, apiserver: find(APISERVER)?, controller_manager: find(CONTROLLER_MANAGER)?, kubectl: find(KUBECTL) })
    }
}

/// The folder of what is built once and kept: `$FERROFLUX_CACHE`, else `ferroflux` in `$XDG_CACHE_HOME`, else in
/// `~/.cache`. It need not exist yet. An error if none of the variables is set.
pub fn cache_dir() -> Result<PathBuf, BinariesError> {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    var("FERROFLUX_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|d| d.join("ferroflux")))
        .or_else(|| var("HOME").map(|d| d.join(".cache/ferroflux")))
        .ok_or(BinariesError::NoHome)
}

/// Builds everything into `cache`. Programs appear there whole (built beside it, then renamed), so that an interrupted
/// build leaves nothing that looks finished.
async fn build(cache: &Path, progress: &mut impl FnMut(&str)) -> Result<(), BinariesError> {
    if Command::new("go").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().await.is_err() {
        return Err(BinariesError::NoGo { cache: cache.to_owned() });
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BinariesError::Cache { path, source }
    };
    let work = cache.join("build");
    std::fs::create_dir_all(&work).map_err(failed(&work))?;
    progress(&format!("building Kubernetes {KUBERNETES_VERSION} and etcd {ETCD_VERSION} from their Go modules, about four minutes, once"));
    write_module(&work, progress).await?;
    let version = "k8s.io/component-base/version";
    let (major, minor) = KUBERNETES_VERSION.trim_start_matches('v').split_once('.').unwrap_or(("1", "0"));
    let minor = minor.split('.').next().unwrap_or_default();
    let flags = format!("-s -w -X {version}.gitVersion={KUBERNETES_VERSION} -X {version}.gitMajor={major} -X {version}.gitMinor={minor}");
    let programs = [
        (ETCD, "go.etcd.io/etcd/server/v3".to_owned()),
        (APISERVER, format!("k8s.io/kubernetes/cmd/{APISERVER}")),
        (CONTROLLER_MANAGER, format!("k8s.io/kubernetes/cmd/{CONTROLLER_MANAGER}")),
        (KUBECTL, format!("k8s.io/kubernetes/cmd/{KUBECTL}")),
    ];
    for (name, package) in programs {
        let target = cache.join(name);
        if target.is_file() {
            continue;
        }
        let began = Instant::now();
        progress(&format!("building {name} …"));
        let made = work.join(name);
        go(&work, name, &["build", "-trimpath", "-ldflags", &flags, "-o", name, &package], progress).await?;
        std::fs::rename(&made, &target).map_err(failed(&target))?;
        progress(&format!("built {name} in {} s", began.elapsed().as_secs()));
    }
    let _ = std::fs::remove_dir_all(&work);
    Ok(())
}

/// A module that requires the programs. Kubernetes' own `replace` lines point into its source tree and do not carry over:
/// each is repeated with the published version of that module.
async fn write_module(work: &Path, progress: &mut impl FnMut(&str)) -> Result<(), BinariesError> {
    let write = |name: &str, text: &str| {
        let path = work.join(name);
        std::fs::write(&path, text).map_err(|source| BinariesError::Cache { path, source })
    };
    let module = format!(
        "module control-plane\n\ngo 1.26\n\nrequire k8s.io/kubernetes {KUBERNETES_VERSION}\n\nrequire go.etcd.io/etcd/server/v3 {ETCD_VERSION}\n"
    );
    write("go.mod", &module)?;
    let downloaded =
        go(work, "the module list", &["mod", "download", "-json", &format!("k8s.io/kubernetes@{KUBERNETES_VERSION}")], progress).await?;
    let described: serde_json::Value = serde_json::from_str(&downloaded).unwrap_or_default();
    let theirs = std::fs::read_to_string(described["GoMod"].as_str().unwrap_or_default())
        .map_err(|e| BinariesError::Build { what: "the module list".into(), tail: format!("Kubernetes' go.mod cannot be read: {e}") })?;
    let replaced = theirs
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("replace ").split_once(" => ./staging/"))
        .map(|(name, _)| name.trim());
    let replaces: String = replaced.map(|name| format!("replace {name} => {name} {STAGING_VERSION}\n")).collect();
    write("go.mod", &format!("{module}\n{replaces}"))?;
    let imports = [
        "go.etcd.io/etcd/server/v3",
        "k8s.io/kubernetes/cmd/kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        "k8s.io/kubernetes/cmd/kubectl",
    ];
    let imports: String = imports.iter().map(|i| format!("\t_ \"{i}\"\n")).collect();
    write("tools.go", &format!("//go:build tools\n\npackage tools\n\nimport (\n{imports})\n"))?;
    progress("resolving modules …");
    go(work, "the module", &["mod", "tidy"], progress).await.map(drop)
}

/// Runs Go and returns its standard output. What it downloads is told as progress.
async fn go(dir: &Path, what: &str, args: &[&str], progress: &mut impl FnMut(&str)) -> Result<String, BinariesError> {
    let failed = |tail: String| BinariesError::Build { what: what.to_owned(), tail };
    let mut child = Command::new("go")
        .args(args)
        .current_dir(dir)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=mod")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed(e.to_string()))?;
    let stdout = child.stdout.take();
    let output = tokio::spawn(async move {
        let mut text = String::new();
        if let Some(mut stdout) = stdout {
            let _ = tokio::io::AsyncReadExt::read_to_string(&mut stdout, &mut text).await;
        }
        text
    });
    let mut tail: Vec<String> = Vec::new();
    let mut downloads = 0;
    if let Some(stderr) = child.stderr.take() {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.starts_with("go: downloading") {
                downloads += 1;
                if downloads % 50 == 0 {
                    progress(&format!("{downloads} modules downloaded …"));
                }
            } else {
                tail.push(line);
                if tail.len() > 12 {
                    tail.remove(0);
                }
            }
        }
    }
    let status = child.wait().await.map_err(|e| failed(e.to_string()))?;
    if !status.success() {
        return Err(failed(tail.join("\n")));
    }
    Ok(output.await.unwrap_or_default())
}
