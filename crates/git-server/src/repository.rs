//! A repository to make commits in.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// A bare repository and a work tree that pushes into it.
#[derive(Debug)]
pub struct Repository {
    bare: PathBuf,
    work: tempfile::TempDir,
}

impl Repository {
    /// Makes the bare repository `<root>/<name>` with an empty branch `main`.
    pub async fn create(root: &Path, name: &str) -> std::io::Result<Self> {
        let bare = root.join(name);
        std::fs::create_dir_all(&bare)?;
        git(&bare, &["init", "-q", "--bare", "-b", "main"]).await?;
        let work = tempfile::tempdir()?;
        git(work.path(), &["init", "-q", "-b", "main"]).await?;
        git(work.path(), &["remote", "add", "origin", &bare.display().to_string()]).await?;
        Ok(Self { bare, work })
    }

    /// The bare repository.
    pub fn path(&self) -> &Path {
        &self.bare
    }

    /// The work tree; change files here, then [`Repository::push`].
    pub fn work_tree(&self) -> &Path {
        self.work.path()
    }

    /// Writes a file of the work tree, with the folders it needs.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> std::io::Result<()> {
        let path = self.work.path().join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)
    }

    /// Removes a file of the work tree.
    pub fn remove(&self, path: &str) -> std::io::Result<()> {
        std::fs::remove_file(self.work.path().join(path))
    }

    /// Copies a folder into the work tree.
    pub fn copy_from(&self, folder: &Path) -> std::io::Result<()> {
        copy(folder, self.work.path())
    }

    /// Commits everything that changed and pushes the branch, by force. Returns the commit's id.
    pub async fn push(&self, message: &str) -> std::io::Result<String> {
        self.git(&["add", "-A"]).await?;
        self.git(&["commit", "-q", "--allow-empty", "-m", message]).await?;
        self.git(&["push", "-qf", "origin", "HEAD"]).await?;
        self.git(&["rev-parse", "HEAD"]).await
    }

    /// Writes the files, commits and pushes them, with whatever else changed. Returns the commit's id.
    pub async fn commit(&self, message: &str, files: &[(&str, &str)]) -> std::io::Result<String> {
        for (path, text) in files {
            self.write(path, text)?;
        }
        self.push(message).await
    }

    /// Tags the present commit and pushes the tag.
    pub async fn tag(&self, name: &str) -> std::io::Result<()> {
        self.git(&["tag", "-f", name]).await?;
        self.git(&["push", "-q", "--force", "origin", &format!("refs/tags/{name}")]).await.map(drop)
    }

    /// Stores a tree that Git itself would not make from files, given as `git ls-tree` prints one. Returns its id.
    pub async fn make_tree(&self, lines: &str) -> std::io::Result<String> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), lines)?;
        run(self.work.path(), &["mktree"], file.reopen()?.into()).await
    }

    /// Runs Git in the work tree and returns what it prints, trimmed.
    pub async fn git(&self, args: &[&str]) -> std::io::Result<String> {
        git(self.work.path(), args).await
    }
}

/// Runs Git in `dir`, away from the user's configuration, and returns what it prints, trimmed.
pub async fn git(dir: &Path, args: &[&str]) -> std::io::Result<String> {
    run(dir, args, Stdio::null()).await
}

async fn run(dir: &Path, args: &[&str], input: Stdio) -> std::io::Result<String> {
    let mut command = Command::new("git");
    // Submodules of tests are local folders.
    let settings = [("protocol.file.allow".to_owned(), "always".to_owned())];
    command.args(args).current_dir(dir).env_clear().envs(environment(&settings)).stdin(input);
    let out = command.output().await?;
    if !out.status.success() {
        return Err(std::io::Error::other(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// An environment in which Git asks nobody, reads no configuration but the repository's and these settings, and
/// touches repositories of other users too.
pub fn environment(settings: &[(String, String)]) -> Vec<(String, String)> {
    let safe = ("safe.directory".to_owned(), "*".to_owned());
    let settings: Vec<_> = std::iter::once(&safe).chain(settings).collect();
    let fixed = [
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("HOME", "/nonexistent".to_owned()),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
        ("GIT_TERMINAL_PROMPT", "0".to_owned()),
        ("GIT_AUTHOR_NAME", "Ferroflux".to_owned()),
        ("GIT_AUTHOR_EMAIL", "ferroflux@example.com".to_owned()),
        ("GIT_COMMITTER_NAME", "Ferroflux".to_owned()),
        ("GIT_COMMITTER_EMAIL", "ferroflux@example.com".to_owned()),
        ("GIT_CONFIG_COUNT", settings.len().to_string()),
    ];
    let mut environment: Vec<_> = fixed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (n, (name, value)) in settings.into_iter().enumerate() {
        environment.push((format!("GIT_CONFIG_KEY_{n}"), name.clone()));
        environment.push((format!("GIT_CONFIG_VALUE_{n}"), value.clone()));
    }
    environment
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy(&entry.path(), &target)? } else { std::fs::copy(entry.path(), &target).map(drop)? }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{HttpOptions, HttpServer};

    /// Real Git clones from the server, with and without a password.
    #[tokio::test(flavor = "multi_thread")]
    async fn git_clones() {
        let root = tempfile::tempdir().unwrap();
        let repository = Repository::create(root.path(), "fleet.git").await.unwrap();
        repository.write("a/b.txt", "hello").unwrap();
        let commit = repository.push("first").await.unwrap();
        let into = tempfile::tempdir().unwrap();
        let open = HttpServer::start(root.path(), HttpOptions::default()).await.unwrap();
        git(into.path(), &["clone", "-q", &open.url("fleet.git"), "one"]).await.unwrap();
        assert_eq!(git(&into.path().join("one"), &["rev-parse", "HEAD"]).await.unwrap(), commit);
        let closed = HttpServer::start(root.path(), HttpOptions::default().basic("me", "secret")).await.unwrap();
        let url = closed.url("fleet.git").replace("http://", "http://me:secret@");
        git(into.path(), &["clone", "-q", &url, "two"]).await.unwrap();
        assert!(git(into.path(), &["clone", "-q", &url.replace("secret", "guess"), "three"]).await.is_err());
    }
}
