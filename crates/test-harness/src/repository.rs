//! A bare repository that is filled by commands.

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A bare repository `<root>/<name>.git` with a work tree beside it.
#[derive(Debug)]
pub struct Repository {
    bare: PathBuf,
    work: tempfile::TempDir,
}

impl Repository {
    /// Makes an empty one with the default branch `main`.
    pub fn create(root: &Path, name: &str) -> Result<Self> {
        let bare = root.join(format!("{name}.git"));
        let work = tempfile::tempdir()?;
        let repository = Self { bare, work };
        let bare = repository.bare.display().to_string();
        repository.run(root, &["init", "-q", "--bare", "-b", "main", &bare])?;
        repository.run(root, &["-C", &bare, "config", "http.receivepack", "true"])?;
        repository.git(&["init", "-q", "-b", "main"])?;
        repository.git(&["remote", "add", "origin", &bare])?;
        Ok(repository)
    }

    /// The bare repository.
    pub fn path(&self) -> &Path {
        &self.bare
    }

    /// The work tree.
    pub fn work_tree(&self) -> &Path {
        self.work.path()
    }

    /// Writes the files (an empty content removes one), commits everything on the current branch and pushes it. Answers
    /// the commit's hash.
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> Result<String> {
        for (path, content) in files {
            let path = self.work.path().join(path);
            if content.is_empty() {
                std::fs::remove_file(path)?;
                continue;
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, content)?;
        }
        self.git(&["add", "-A"])?;
        self.git(&["commit", "-q", "--allow-empty", "-m", message])?;
        self.push()
    }

    /// Replaces the content by that of a directory, commits and pushes it.
    pub fn commit_dir(&self, message: &str, dir: &Path) -> Result<String> {
        self.git(&["rm", "-rqf", "--ignore-unmatch", "."])?;
        copy(dir, self.work.path())?;
        self.commit(message, &[])
    }

    /// Pushes the current branch, by force, and answers its commit.
    pub fn push(&self) -> Result<String> {
        self.git(&["push", "-qf", "origin", "HEAD"])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the work tree, apart from the user's configuration; answers what it prints.
    pub fn git(&self, args: &[&str]) -> Result<String> {
        self.run(self.work.path(), args)
    }

    /// Runs git in the bare repository.
    pub fn git_bare(&self, args: &[&str]) -> Result<String> {
        self.run(&self.bare, args)
    }

    fn run(&self, dir: &Path, args: &[&str]) -> Result<String> {
        let output = Command::new("git").args(args).current_dir(dir).env_clear().envs(environment()).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            return Err(Error::other(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// An environment in which git asks nobody and reads no configuration but the repository's.
pub(crate) fn environment() -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = BTreeMap::new();
    environment.insert("PATH".into(), std::env::var("PATH").unwrap_or_default());
    for (name, value) in [
        ("HOME", "/nonexistent"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_AUTHOR_NAME", "Alice"),
        ("GIT_AUTHOR_EMAIL", "alice@example.com"),
        ("GIT_COMMITTER_NAME", "Alice"),
        ("GIT_COMMITTER_EMAIL", "alice@example.com"),
        // Repositories may belong to another user, and submodules of tests may be files.
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", "safe.directory"),
        ("GIT_CONFIG_VALUE_0", "*"),
        ("GIT_CONFIG_KEY_1", "protocol.file.allow"),
        ("GIT_CONFIG_VALUE_1", "always"),
    ] {
        environment.insert(name.into(), value.into());
    }
    environment
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
