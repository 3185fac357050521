//! A repository to make commits in.

use std::path::{Path, PathBuf};

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

    /// Commits everything that changed and pushes `main`. Returns the commit's id.
    pub async fn push(&self, message: &str) -> std::io::Result<String> {
        self.git(&["add", "-A"]).await?;
        self.git(&["commit", "-q", "--allow-empty", "-m", message]).await?;
        self.git(&["push", "-q", "--force", "origin", "HEAD:refs/heads/main"]).await?;
        self.git(&["rev-parse", "HEAD"]).await
    }

    /// Tags the present commit and pushes the tag.
    pub async fn tag(&self, name: &str) -> std::io::Result<()> {
        self.git(&["tag", "-f", name]).await?;
        self.git(&["push", "-q", "--force", "origin", &format!("refs/tags/{name}")]).await.map(drop)
    }

    /// Runs Git in the work tree and returns what it prints, trimmed.
    pub async fn git(&self, args: &[&str]) -> std::io::Result<String> {
        git(self.work.path(), args).await
    }
}

/// Runs Git in `dir`, away from the user's configuration, and returns what it prints, trimmed.
pub async fn git(dir: &Path, args: &[&str]) -> std::io::Result<String> {
    let identity = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|n| (n, "Ferroflux")).into_iter();
    let identity = identity.chain(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|n| (n, "ferroflux@example.com")));
    let out = Command::new("git")
        .args(args)
        .current_dir(dir)
        .envs(identity)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .await?;
    if !out.status.success() {
        return Err(std::io::Error::other(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
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
        let closed = HttpServer::start(root.path(), HttpOptions::basic("me", "secret")).await.unwrap();
        let url = closed.url("fleet.git").replace("http://", "http://me:secret@");
        git(into.path(), &["clone", "-q", &url, "two"]).await.unwrap();
        assert!(git(into.path(), &["clone", "-q", &url.replace("secret", "guess"), "three"]).await.is_err());
    }
}
