//! Addresses of git repositories as kustomizations write them (KB-GIT-01, KB-GIT-02).

use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(27);
const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", "file://"];

/// A repository, a revision and a directory in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryUrl {
    /// The address as written.
    pub raw: String,
    /// Scheme, user and host, up to and including the `/` or `:` before the path.
    pub host: String,
    /// The path of the repository on the host.
    pub repository: String,
    /// The directory inside the repository, without a leading slash; empty for its root.
    pub directory: String,
    /// Branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// Whether submodules are wanted too.
    pub submodules: bool,
    /// How long the fetch may take.
    pub timeout: Duration,
    /// Whether the address has the `git::` prefix, which means nothing and deserves a warning.
    pub forced_git: bool,
}

impl RepositoryUrl {
    /// Parses an address; `None` if the text is a path and no repository.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let (host, rest, forced_git) = split_host(address)?;
        let (repository, directory) = split_repository(&rest, host.starts_with("file://"))?;
        if repository.is_empty() || leaves_root(&directory) {
            return None;
        }
        let mut url = Self {
            raw: text.to_owned(),
            host,
            repository,
            directory: directory.strip_prefix('/').unwrap_or(&directory).to_owned(),
            reference: String::new(),
            submodules: true,
            timeout: DEFAULT_TIMEOUT,
            forced_git,
        };
        url.read_query(query);
        Some(url)
    }

    /// The address to clone from.
    pub fn clone_url(&self) -> String {
        format!("{}{}", self.host, self.repository)
    }

    fn read_query(&mut self, query: &str) {
        // one malformed part voids the whole query
        let Some(pairs) = query.split('&').filter(|p| !p.is_empty()).map(parse_pair).collect::<Option<Vec<_>>>() else { return };
        let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty());
        self.reference = get("ref").or_else(|| get("version")).unwrap_or_default().to_owned();
        if let Some(timeout) = get("timeout").and_then(parse_timeout) {
            self.timeout = timeout;
        }
        if let Some(submodules) = get("submodules").and_then(parse_bool) {
            self.submodules = submodules;
        }
    }
}

fn parse_pair(pair: &str) -> Option<(String, String)> {
    if pair.contains(';') {
        return None;
    }
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Some((unescape(key)?, unescape(value)?))
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whole seconds, or a Go duration such as `1m30s`.
fn parse_timeout(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return (seconds > 0).then(|| Duration::from_secs(seconds));
    }
    let mut total = 0.0;
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let (unit, seconds) = [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("h", 3600.0), ("m", 60.0), ("s", 1.0)]
            .into_iter()
            .find(|(unit, _)| rest[digits..].starts_with(unit))?;
        total += number * seconds;
        rest = &rest[digits + unit.len()..];
    }
    Duration::try_from_secs_f64(total).ok().filter(|d| !d.is_zero())
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// The host with scheme and user, the rest, and whether there was a `git::` prefix.
fn split_host(address: &str) -> Option<(String, String, bool)> {
    let without_force = strip_prefix_ignore_case(address, "git::");
    let rest = without_force.unwrap_or(address);
    let (scheme, rest) = SCHEMES.iter().find_map(|s| strip_prefix_ignore_case(rest, s).map(|rest| (*s, rest))).unwrap_or(("", rest));
    let (user, rest) = split_user(rest);
    let is_github = ["github.com/", "github.com:"].iter().any(|p| strip_prefix_ignore_case(rest, p).is_some());
    let may_be_scp = scheme.is_empty() && (!user.is_empty() || is_github);
    if scheme.is_empty() && !may_be_scp {
        return None;
    }
    let forced = without_force.is_some();
    if scheme == "file://" {
        return Some((scheme.to_owned(), format!("{user}{rest}"), forced));
    }
    let slash = rest.find('/');
    let colon = rest.find(':').filter(|at| may_be_scp && *at > 0);
    let end = match (slash, colon) {
        (Some(slash), Some(colon)) => Some(slash.min(colon)),
        (None, _) if may_be_scp => rest.find(':'),
        (slash, _) => slash,
    };
    let (host, path) = end.map_or((rest, ""), |at| rest.split_at(at + 1));
    if is_github {
        let host = if scheme == "ssh://" || !user.is_empty() { format!("{user}github.com:") } else { "https://github.com/".to_owned() };
        return Some((host, path.to_owned(), forced));
    }
    if host.is_empty() { None } else { Some((format!("{scheme}{user}{host}"), path.to_owned(), forced)) }
}

/// `name@` at the start, where the name is letters, digits and dashes.
fn split_user(text: &str) -> (&str, &str) {
    match text.find('@') {
        Some(at)
            if text.as_bytes()[..at].first().is_some_and(u8::is_ascii_alphabetic)
                && text.as_bytes()[..at].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-') =>
        {
            text.split_at(at + 1)
        }
        _ => ("", text),
    }
}

/// The repository and the directory in it: by an explicit marker, else by the number of segments.
fn split_repository(path: &str, is_file: bool) -> Option<(String, String)> {
    if let Some(at) = path.find("_git/") {
        let start = at + "_git/".len();
        let (name, directory) = path[start..].split_once('/').unwrap_or((&path[start..], ""));
        return Some((format!("{}{name}", &path[..start]), directory.to_owned()));
    }
    if let Some(at) = path.find("//") {
        return Some((path[..at].to_owned(), path[at + 2..].to_owned()));
    }
    if let Some(at) = path.find(".git") {
        let end = at + ".git".len();
        return Some((path[..end].to_owned(), path[end..].to_owned()));
    }
    if is_file {
        return Some((path.to_owned(), String::new()));
    }
    let second = path.match_indices('/').nth(1);
    match second {
        Some((at, _)) => Some((path[..at].to_owned(), path[at + 1..].to_owned())),
        None if path.contains('/') => Some((path.to_owned(), String::new())),
        None => None,
    }
}

fn leaves_root(directory: &str) -> bool {
    crate::file_system::climbs_out("/", directory.strip_prefix('/').unwrap_or(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(String, String, String)> {
        RepositoryUrl::parse(text).map(|u| (u.clone_url(), u.directory, u.reference))
    }

    fn some(clone: &str, directory: &str, reference: &str) -> Option<(String, String, String)> {
        Some((clone.to_owned(), directory.to_owned(), reference.to_owned()))
    }

    /// KB-GIT-01, KB-GIT-02
    #[test]
    fn addresses_of_repositories() {
        assert_eq!(parts("github.com/org/repo/path?ref=v1"), some("https://github.com/org/repo", "path", "v1"));
        assert_eq!(parts("git@github.com:org/repo.git//a?version=x"), some("git@github.com:org/repo.git", "a", "x"));
        assert_eq!(parts("https://example.com/org/repo//sub/dir?ref=main"), some("https://example.com/org/repo", "sub/dir", "main"));
        assert_eq!(parts("HTTPS://example.com/org/repo.git/sub"), some("https://example.com/org/repo.git", "sub", ""));
        assert_eq!(parts("ssh://git@host.xz/org/repo"), some("ssh://git@host.xz/org/repo", "", ""));
        assert_eq!(parts("https://dev.azure.com/o/p/_git/repo/path"), some("https://dev.azure.com/o/p/_git/repo", "path", ""));
        assert_eq!(parts("file:///srv/repo"), some("file:///srv/repo", "", ""));
        assert_eq!(parts("git::https://example.com/a/b"), some("https://example.com/a/b", "", ""));
        for path in ["/abs", "../base", "base", "a/b/c", "https://example.com", "https://example.com/a", "https://h/a/b//../.."] {
            assert_eq!(parts(path), None, "{path}");
        }
        let url = RepositoryUrl::parse("https://h/a/b?timeout=1m30s&submodules=false").unwrap();
        assert_eq!((url.timeout, url.submodules), (Duration::from_secs(90), false));
        assert_eq!(RepositoryUrl::parse("https://h/a/b?timeout=61").unwrap().timeout, Duration::from_secs(61));
        assert_eq!(RepositoryUrl::parse("https://h/a/b?timeout=x").unwrap().timeout, DEFAULT_TIMEOUT);
    }
}
