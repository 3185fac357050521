//! A file tree in memory.

use std::collections::BTreeMap;

use super::{Entry, EntryKind, FileError, FileSystem, Resolved, climbs_out, join, parent_and_name};

/// How many links one path may pass, as on Linux.
const MAX_LINKS: usize = 40;

#[derive(Debug, Clone)]
enum Node {
    File(Vec<u8>),
    Directory,
    Link(String),
}

/// A file tree in memory: tests, in-process generators and unpacked remote bases.
#[derive(Debug, Clone)]
pub struct MemoryFileSystem {
    nodes: BTreeMap<String, Node>,
}

impl Default for MemoryFileSystem {
    fn default() -> Self {
        Self { nodes: BTreeMap::from([("/".to_owned(), Node::Directory)]) }
    }
}

impl MemoryFileSystem {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a file and makes the directories above it.
    pub fn write(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.put(path, Node::File(content.into()));
    }

    /// Makes a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.put(path, Node::Link(target.to_owned()));
    }

    /// Makes a directory.
    pub fn make_directory(&mut self, path: &str) {
        self.put(path, Node::Directory);
    }

    fn put(&mut self, path: &str, node: Node) {
        let path = join("/", path);
        let mut directory = parent_and_name(&path).0;
        while directory != "/" {
            self.nodes.entry(directory.to_owned()).or_insert(Node::Directory);
            directory = parent_and_name(directory).0;
        }
        self.nodes.insert(path, node);
    }

    /// Follows links in every part of the path.
    fn follow(&self, path: &str) -> Result<(String, &Node), FileError> {
        let mut pending: Vec<String> = path.split('/').rev().filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect();
        let mut at = "/".to_owned();
        let mut links = 0;
        while let Some(part) = pending.pop() {
            if part == ".." {
                if at == "/" {
                    return Err(FileError::Outside);
                }
                at = parent_and_name(&at).0.to_owned();
                continue;
            }
            let next = join(&at, &part);
            match self.nodes.get(&next) {
                None => return Err(FileError::NotFound),
                Some(Node::Link(target)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(FileError::Io("too many levels of symbolic links".to_owned()));
                    }
                    if target.starts_with('/') {
                        at = "/".to_owned();
                    } else if climbs_out(&at, target) {
                        return Err(FileError::Outside);
                    }
                    pending.extend(target.split('/').rev().filter(|p| !p.is_empty() && *p != ".").map(str::to_owned));
                }
                Some(Node::File(_)) if !pending.is_empty() => return Err(FileError::NotDirectory),
                Some(_) => at = next,
            }
        }
        self.nodes.get(&at).map(|node| (at, node)).ok_or(FileError::NotFound)
    }
}

impl FileSystem for MemoryFileSystem {
    fn resolve(&self, path: &str) -> Result<Resolved, FileError> {
        let (path, node) = self.follow(path)?;
        Ok(Resolved { path, is_dir: matches!(node, Node::Directory) })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match self.follow(path)?.1 {
            Node::File(content) => Ok(content.clone()),
            _ => Err(FileError::IsDirectory),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, FileError> {
        let (directory, node) = self.follow(path)?;
        if !matches!(node, Node::Directory) {
            return Err(FileError::NotDirectory);
        }
        let prefix = if directory == "/" { "/".to_owned() } else { format!("{directory}/") };
        Ok(self
            .nodes
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .filter_map(|(path, node)| {
                let name = &path[prefix.len()..];
                let kind = match node {
                    Node::File(_) => EntryKind::File,
                    Node::Directory => EntryKind::Directory,
                    Node::Link(_) => EntryKind::Other,
                };
                (!name.is_empty() && !name.contains('/')).then(|| Entry { name: name.to_owned(), kind })
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KB-SAFE-01: links are followed inside the tree, and neither they nor `..` leave it.
    #[test]
    fn links_stay_inside() {
        let mut fs = MemoryFileSystem::new();
        fs.write("/a/b.yaml", "x");
        fs.link("/l", "a");
        fs.link("/out", "../../etc");
        fs.link("/loop", "loop");
        assert_eq!(fs.read("/l/b.yaml").unwrap(), b"x");
        assert_eq!(fs.resolve("/l/b.yaml").unwrap().path, "/a/b.yaml");
        assert_eq!(fs.resolve("/out").unwrap_err(), FileError::Outside);
        assert_eq!(fs.resolve("/a/../../x").unwrap_err(), FileError::Outside);
        assert!(matches!(fs.resolve("/loop").unwrap_err(), FileError::Io(_)));
        assert_eq!(fs.read("/a").unwrap_err(), FileError::IsDirectory);
        assert_eq!(fs.resolve("/a/b.yaml/c").unwrap_err(), FileError::NotDirectory);
        let names: Vec<_> = fs.list("/").unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["a", "l", "loop", "out"]);
    }
}
