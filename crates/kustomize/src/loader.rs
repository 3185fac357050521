//! Finding files and directories for one kustomization: what it may read, and where a nested one stands
//! (KB-LOAD-01 … KB-LOAD-05).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result, nearest};
use crate::file_system::{FileError, FileSystem, Loaded, climbs_out, is_within, join, parent_and_name};
use crate::options::{Limits, LoadRestriction};
use crate::remote::{RemoteError, RemoteLoader, RepositoryUrl, is_http, status_text};
use crate::warning::Warnings;

/// Clone address, reference and whether submodules are wanted.
type Revision = (String, String, bool);

/// Status and body of a fetched file.
type Response = (u16, Arc<Vec<u8>>);

/// What all loaders of a build share.
pub(crate) struct Sources<'b> {
    pub(crate) remote: Option<&'b dyn RemoteLoader>,
    pub(crate) limits: Limits,
    pub(crate) warnings: Warnings,
    bytes: Cell<usize>,
    /// What was fetched: one address is fetched once a build (KB-GIT-03).
    repositories: RefCell<HashMap<Revision, Arc<dyn FileSystem>>>,
    files: RefCell<HashMap<String, Response>>,
}

impl<'b> Sources<'b> {
    pub(crate) fn new(remote: Option<&'b dyn RemoteLoader>, limits: Limits) -> Self {
        Self {
            remote,
            limits,
            warnings: Warnings::default(),
            bytes: Cell::new(0),
            repositories: RefCell::default(),
            files: RefCell::default(),
        }
    }

    fn count(&self, path: &str, bytes: usize) -> Result<()> {
        let total = self.bytes.get().saturating_add(bytes);
        self.bytes.set(total);
        if bytes > self.limits.file_bytes {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("'{path}' has {bytes} bytes, more than the limit of {}", self.limits.file_bytes),
            ));
        }
        if total > self.limits.total_bytes {
            return Err(Error::new(ErrorKind::Limit, format!("the inputs have more than {} bytes together", self.limits.total_bytes)));
        }
        Ok(())
    }

    fn remote(&self, address: &str) -> Result<&'b dyn RemoteLoader> {
        self.remote.ok_or_else(|| {
            Error::new(ErrorKind::Remote, format!("'{address}' is remote, and this build may not fetch remote bases or files"))
        })
    }
}

/// A file tree: the build's own or that of a repository.
#[derive(Clone)]
enum Tree<'b> {
    Own(&'b dyn FileSystem),
    Fetched(Arc<dyn FileSystem>),
}

impl Tree<'_> {
    fn get(&self) -> &dyn FileSystem {
        match self {
            Self::Own(tree) => *tree,
            Self::Fetched(tree) => &**tree,
        }
    }
}

/// Reads for the kustomization in one directory.
pub(crate) struct Loader<'b, 'p> {
    sources: &'b Sources<'b>,
    tree: Tree<'b>,
    root: String,
    restriction: LoadRestriction,
    repository: Option<RepositoryUrl>,
    parent: Option<&'p Loader<'b, 'p>>,
}

impl<'b, 'p> Loader<'b, 'p> {
    /// A loader at the directory that is built.
    pub(crate) fn new(sources: &'b Sources<'b>, tree: &'b dyn FileSystem, path: &str, restriction: LoadRestriction) -> Result<Self> {
        let resolved = tree.resolve(&join("/", path)).map_err(|e| file_error(path, &e))?;
        if !resolved.is_dir {
            return Err(Error::new(ErrorKind::NotFound, format!("must build at directory: '{}': file is not directory", resolved.path)));
        }
        Ok(Self { sources, tree: Tree::Own(tree), root: resolved.path, restriction, repository: None, parent: None })
    }

    /// The directory, without links.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    pub(crate) fn sources(&self) -> &'b Sources<'b> {
        self.sources
    }

    /// The directory as messages show it: with the repository where there is one.
    pub(crate) fn display_root(&self) -> String {
        match self.containing_repository() {
            Some(url) => format!("{}//{}", url.clone_url(), self.root.trim_start_matches('/')),
            None => self.root.clone(),
        }
    }

    fn containing_repository(&self) -> Option<&RepositoryUrl> {
        self.repository.as_ref().or_else(|| self.parent.and_then(Loader::containing_repository))
    }

    /// The content of a file, by a path relative to the directory or an http address.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>> {
        let full = join(&self.root, path);
        match self.look(path)? {
            Some(content) => Ok(content),
            None => Err(Error::new(ErrorKind::IsDirectory, format!("'{full}' must resolve to a file"))),
        }
    }

    /// The content of a file of the directory itself, or `None` if it cannot be read.
    pub(crate) fn read_own(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let full = join(&self.root, name);
        match self.tree.get().load_entry(&self.root, name) {
            Ok(Loaded { path, content: Some(content) })
                if self.restriction == LoadRestriction::None || is_within(parent_and_name(&path).0, &self.root) =>
            {
                self.sources.count(&full, content.len())?;
                Ok(Some(content))
            }
            Err(e @ FileError::TooLarge(_)) => Err(file_error(&full, &e)),
            _ => Ok(None),
        }
    }

    /// What a path names: the content of a file, or `None` for a directory. Where files may lie is checked.
    pub(crate) fn look(&self, path: &str) -> Result<Option<Vec<u8>>> {
        if is_http(path) {
            return self.get(path).map(Some);
        }
        if climbs_out(if path.starts_with('/') { "/" } else { &self.root }, path) {
            return Err(self.outside(path));
        }
        let full = join(&self.root, path);
        let is_restricted = self.restriction == LoadRestriction::RootOnly;
        let violation = || Error::new(ErrorKind::OutsideRoot, format!("security; file '{full}' is not in or below '{}'", self.root));
        if is_restricted && path.starts_with('/') && !is_within(&full, &self.root) {
            return Err(violation());
        }
        // the root is resolved, so a name in it needs no walk over its links
        let is_name = !path.is_empty() && path != "." && path != ".." && !path.contains('/');
        let tree = self.tree.get();
        let loaded = if is_name { tree.load_entry(&self.root, path) } else { tree.load(&full) };
        let loaded = loaded.map_err(|e| self.explain(path, &full, &e))?;
        let Some(content) = loaded.content else { return Ok(None) };
        if is_restricted && !is_within(parent_and_name(&loaded.path).0, &self.root) {
            return Err(violation());
        }
        self.sources.count(&full, content.len())?;
        Ok(Some(content))
    }

    fn outside(&self, path: &str) -> Error {
        Error::new(
            ErrorKind::OutsideRoot,
            format!("fs-security-constraint read {path}: path '{path}' is not in or below '/', the root of the file tree"),
        )
    }

    fn explain(&self, path: &str, full: &str, error: &FileError) -> Error {
        let explained = match error {
            FileError::Outside => self.outside(path),
            FileError::IsDirectory => Error::new(ErrorKind::IsDirectory, format!("'{full}' must resolve to a file")),
            error => file_error(full, error),
        };
        match self.neighbour(full).filter(|_| *error == FileError::NotFound) {
            Some(near) => explained.hint(format!("did you mean '{near}'?")),
            None => explained,
        }
    }

    /// A name beside a missing file that looks like it.
    fn neighbour(&self, full: &str) -> Option<String> {
        let (directory, name) = parent_and_name(full);
        let entries = self.tree.get().list(directory).ok()?;
        nearest(name, entries.iter().map(|e| e.name.as_str())).map(str::to_owned)
    }

    fn get(&self, address: &str) -> Result<Vec<u8>> {
        if let Some((status, body)) = self.sources.files.borrow().get(address) {
            return check_status(address, *status).map(|()| body.to_vec());
        }
        let file = self.sources.remote(address)?.get(address).map_err(|e| remote_error(address, &e))?;
        self.sources.count(address, file.body.len())?;
        let body = Arc::new(file.body);
        self.sources.files.borrow_mut().insert(address.to_owned(), (file.status, Arc::clone(&body)));
        check_status(address, file.status).map(|()| body.to_vec())
    }

    /// A loader at a directory or repository that this kustomization names.
    pub(crate) fn enter<'c>(&'c self, path: &str) -> Result<Loader<'b, 'c>>
    where
        'p: 'c,
    {
        if path.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, "new root cannot be empty"));
        }
        if let Some(url) = RepositoryUrl::parse(path) {
            return self.enter_repository(url);
        }
        if path.starts_with('/') {
            return Err(Error::new(ErrorKind::OutsideRoot, format!("new root '{path}' cannot be absolute")));
        }
        if climbs_out(&self.root, path) {
            return Err(match self.containing_repository() {
                Some(url) => Error::new(
                    ErrorKind::OutsideRoot,
                    format!(
                        "security; bases in kustomizations found in cloned git repos must be within the repo, but base '{path}' is outside '{}'",
                        url.clone_url()
                    ),
                ),
                None => self.outside(path),
            });
        }
        let full = join(&self.root, path);
        let resolved = self.tree.get().resolve(&full).map_err(|e| self.explain(path, &full, &e))?;
        if !resolved.is_dir {
            return Err(Error::new(ErrorKind::NotFound, format!("must build at directory: '{full}': file is not directory")));
        }
        self.check_cycle(&resolved.path)?;
        Ok(Loader {
            sources: self.sources,
            tree: self.tree.clone(),
            root: resolved.path,
            restriction: self.restriction,
            repository: None,
            parent: Some(self),
        })
    }

    fn enter_repository<'c>(&'c self, url: RepositoryUrl) -> Result<Loader<'b, 'c>>
    where
        'p: 'c,
    {
        let mut above = Some(self);
        while let Some(loader) = above {
            if let Some(known) = loader.repository.as_ref().filter(|known| known.raw.starts_with(&url.raw)) {
                return Err(Error::new(
                    ErrorKind::Cycle,
                    format!("cycle detected: URI '{}' referenced by previous URI '{}'", url.raw, known.raw),
                ));
            }
            above = loader.parent;
        }
        if url.forced_git {
            self.sources.warnings.push(None, format!("{}: the 'git::' prefix has no effect; please remove it", url.raw));
        }
        let key = (url.clone_url(), url.reference.clone(), url.submodules);
        let known = self.sources.repositories.borrow().get(&key).cloned();
        let tree = match known {
            Some(tree) => tree,
            None => {
                let tree = self.sources.remote(&url.raw)?.fetch(&url).map_err(|e| remote_error(&url.raw, &e))?;
                self.sources.repositories.borrow_mut().insert(key, Arc::clone(&tree));
                tree
            }
        };
        let directory = join("/", &url.directory);
        let resolved = tree.resolve(&directory).map_err(|e| match e {
            FileError::Outside => {
                Error::new(ErrorKind::OutsideRoot, format!("\"{directory}\" refers to directory outside of repo \"{}\"", url.clone_url()))
            }
            e => file_error(&format!("{}//{}", url.clone_url(), url.directory), &e),
        })?;
        if !resolved.is_dir {
            return Err(Error::new(ErrorKind::NotFound, format!("'{}' refers to file '{}'; expecting directory", url.raw, resolved.path)));
        }
        Ok(Loader {
            sources: self.sources,
            tree: Tree::Fetched(tree),
            root: resolved.path,
            restriction: LoadRestriction::RootOnly,
            repository: Some(url),
            parent: Some(self),
        })
    }

    /// A directory that is being built, or that holds one, cannot be entered again.
    fn check_cycle(&self, candidate: &str) -> Result<()> {
        let mut above = Some(self);
        while let Some(loader) = above {
            if is_within(&loader.root, candidate) {
                return Err(Error::new(
                    ErrorKind::Cycle,
                    format!("cycle detected: candidate root '{candidate}' contains visited root '{}'", loader.root),
                ));
            }
            // another repository is another tree
            if loader.repository.is_some() {
                break;
            }
            above = loader.parent;
        }
        Ok(())
    }
}

fn file_error(path: &str, error: &FileError) -> Error {
    let kind = match error {
        FileError::NotFound | FileError::NotDirectory => ErrorKind::NotFound,
        FileError::IsDirectory => ErrorKind::IsDirectory,
        FileError::Outside => ErrorKind::OutsideRoot,
        FileError::TooLarge(_) => ErrorKind::Limit,
        FileError::Io(_) => ErrorKind::Other,
    };
    Error::new(kind, format!("'{path}': {error}"))
}

fn remote_error(address: &str, error: &RemoteError) -> Error {
    let kind = if matches!(error, RemoteError::Failed(_)) { ErrorKind::NotFound } else { ErrorKind::Remote };
    Error::new(kind, format!("'{address}': {error}"))
}

fn check_status(address: &str, status: u16) -> Result<()> {
    if (200..300).contains(&status) {
        return Ok(());
    }
    if RepositoryUrl::parse(address).is_some() {
        return Err(Error::new(ErrorKind::IsRepository, format!("'{address}': URL is a git repository")));
    }
    Err(Error::new(ErrorKind::Remote, format!("'{address}': HTTP Error: status code {status} ({})", status_text(status))))
}
