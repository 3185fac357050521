//! STATUS.md: which requirement of the specification is held by which test.
//!
//! The specification lies beside the project, in `../shared/contract`. Where it is absent the page stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::files::{self, TextFile};

/// Prefixes of requirement ids, and the document that defines them.
const DOCUMENTS: [(&str, &str); 13] = [
    ("SRC", "source.md"),
    ("KC", "kustomize-controller.md"),
    ("KB", "kustomize-build.md"),
    ("HC", "helm-controller.md"),
    ("HE", "helm-engine.md"),
    ("NC", "notification.md"),
    ("IMG", "image.md"),
    ("RT", "runtime.md"),
    ("FX", "fluxconfig.md"),
    ("EX", "extension.md"),
    ("INS", "install-and-cli.md"),
    ("CLI", "install-and-cli.md"),
    ("BP", "install-and-cli.md"),
];

/// Writes STATUS.md.
pub(crate) fn write(root: &Path) -> Result<()> {
    let Some(page) = page(root)? else { return Ok(()) };
    std::fs::write(root.join("STATUS.md"), page).context("write STATUS.md")
}

/// Fails if STATUS.md is not what [`write`] would write.
pub(crate) fn check(root: &Path) -> Result<()> {
    let Some(page) = page(root)? else { return Ok(()) };
    if std::fs::read_to_string(root.join("STATUS.md")).unwrap_or_default() != page {
        bail!("STATUS.md is not up to date; run `cargo xtask status`");
    }
    Ok(())
}

/// The page, or nothing where there is no specification.
fn page(root: &Path) -> Result<Option<String>> {
    let contract = root.join("../shared/contract");
    if !contract.exists() {
        println!("status: skipped, there is no specification at ../shared/contract");
        return Ok(None);
    }
    let mut defined: BTreeMap<&str, BTreeSet<Id>> = BTreeMap::new();
    for (prefix, document) in DOCUMENTS {
        let text = std::fs::read_to_string(contract.join(document)).with_context(|| format!("read {document}"))?;
        defined.entry(document).or_default().extend(ids(&text).map(|(_, id)| id).filter(|id| id.family() == prefix));
    }
    let cited = citations(&files::text_files(root)?);
    Ok(Some(render(&defined, &cited)))
}

fn render(defined: &BTreeMap<&str, BTreeSet<Id>>, cited: &BTreeMap<Id, BTreeSet<String>>) -> String {
    let held = |ids: &BTreeSet<Id>| ids.iter().filter(|id| cited.contains_key(*id)).count();
    let (all, all_held) = defined.values().fold((0, 0), |(all, with), ids| (all + ids.len(), with + held(ids)));
    let mut out = format!(
        "# Status\n\nMade by `cargo xtask status`. A requirement is *held* when a test says that it would catch its breaking.\n\n\
         **{all_held} of {all} requirements are held.**\n\n| Part of the specification | held | of |\n|---|---:|---:|\n"
    );
    for (document, ids) in defined {
        let _ = writeln!(out, "| [{0}](#{0}) | {1} | {2} |", title(document), held(ids), ids.len());
    }
    for (document, ids) in defined {
        let _ = write!(out, "\n## {}\n\n| Requirement | State | Tests |\n|---|---|---|\n", title(document));
        for id in ids {
            match cited.get(id) {
                Some(tests) => {
                    let tests: Vec<String> = tests.iter().map(|t| format!("`{t}`")).collect();
                    let _ = writeln!(out, "| {} | held | {} |", id.0, tests.join("<br>"));
                }
                None => {
                    let _ = writeln!(out, "| {} | open | |", id.0);
                }
            }
        }
    }
    out
}

fn title(document: &str) -> &str {
    document.trim_end_matches(".md")
}

/// A requirement id, such as KC-SOPS-03. Ordered by words, then by number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Id(String);

impl Id {
    fn parts(&self) -> (&str, u32) {
        let (words, number) = self.0.rsplit_once('-').unwrap_or((&self.0, "0"));
        (words, number.parse().unwrap_or(0))
    }

    fn family(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.parts().cmp(&other.parts()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The ids in a text with their positions: a known prefix, words of capital letters, a number.
fn ids(text: &str) -> impl Iterator<Item = (usize, Id)> + '_ {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut at = 0;
    text.split_inclusive(move |c: char| !is_part(c)).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        let token = piece.trim_end_matches(|c: char| !is_part(c));
        let mut words = token.split('-');
        let known = words.next().is_some_and(|first| DOCUMENTS.iter().any(|(prefix, _)| *prefix == first));
        let number = words.next_back()?;
        let is_id = known
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
            && words.all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_uppercase()));
        is_id.then(|| (start, Id(token.to_owned())))
    })
}

/// Which tests cite which requirement. Tests are the files below `tests/`, `e2e/` and `fuzz/`, files with `test` in their
/// name, and what follows the first `#[cfg(test)]` of a Rust file.
fn citations(files: &[TextFile]) -> BTreeMap<Id, BTreeSet<String>> {
    let mut out: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let Some(from) = tests_from(file) else { continue };
        let text = &file.text[from..];
        for (at, id) in ids(text) {
            out.entry(id).or_default().insert(match test_name(text, at) {
                Some(name) if file.extension() == "rs" => format!("{}::{name}", file.path),
                _ => file.path.clone(),
            });
        }
    }
    out
}

/// Where the tests of a file begin, if it has some.
fn tests_from(file: &TextFile) -> Option<usize> {
    const KINDS: [&str; 12] = ["rs", "py", "sh", "yaml", "yml", "json", "toml", "ts", "js", "bats", "tsv", "txt"];
    if !KINDS.contains(&file.extension()) {
        return None;
    }
    let mut folders = file.path.split('/').rev();
    let name = folders.next()?;
    if name.to_lowercase().contains("test") || folders.any(|f| matches!(f, "tests" | "e2e" | "fuzz")) {
        return Some(0);
    }
    (file.extension() == "rs").then(|| file.text.find("#[cfg(test)]")).flatten()
}

/// The function whose documentation or body the position is in: the doc comment's own, or else the one before.
fn test_name(text: &str, at: usize) -> Option<&str> {
    let line_start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let in_docs = text[line_start..].trim_start().starts_with("///");
    let function = |line: &'_ str| -> Option<(usize, usize)> {
        let from = line.find("fn ")? + 3;
        let length = line[from..].find(|c: char| !c.is_alphanumeric() && c != '_')?;
        (length > 0).then_some((from, length))
    };
    if in_docs {
        let mut start = line_start;
        for line in text[line_start..].split_inclusive('\n') {
            let code = line.trim_start();
            if !code.starts_with("//")
                && !code.starts_with('#')
                && let Some((from, length)) = function(line)
            {
                return Some(&text[start + from..start + from + length]);
            }
            start += line.len();
        }
        return None;
    }
    text[..line_start].lines().rev().filter(|l| !l.trim_start().starts_with("//")).find_map(|l| function(l).map(|(f, n)| &l[f..f + n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found() {
        // Written with another dash, or this test would cite them.
        let text = "| **RT~01** x KC~SOPS~3, (FX~15…FX~24) KC~API CRT~02~08 SRC~gen~1 XRT~1 RT~10~b".replace('~', "-");
        let found: Vec<String> = ids(&text).map(|(_, id)| id.0).collect();
        assert_eq!(found.join(" ").replace('-', "~"), "RT~01 KC~SOPS~3 FX~15 FX~24");
    }

    #[test]
    fn ids_are_ordered_by_number() {
        let mut ids: Vec<Id> = ["RT~10", "RT~9", "KC~B~1", "KC~A~2"].map(|id| Id(id.replace('~', "-"))).to_vec();
        ids.sort();
        let sorted: Vec<String> = ids.into_iter().map(|id| id.0.replace('-', "~")).collect();
        assert_eq!(sorted, ["KC~A~2", "KC~B~1", "RT~9", "RT~10"]);
    }

    #[test]
    fn citations_name_the_test() {
        let id = concat!("RT", "-12");
        let file = |path: &str, text: String| TextFile { path: path.to_owned(), text };
        let files = [
            file(
                "a/src/x.rs",
                format!(
                    "/// {id}\nfn not_a_test() {{}}\n#[cfg(test)]\nmod tests {{\n    /// {id}: why.\n    #[test]\n    fn one() {{}}\n}}\n"
                ),
            ),
            file("a/tests/it/y.rs", format!("#[test]\nfn two() {{\n    // {id}\n}}\n")),
            file("e2e/z.sh", format!("# {id}\n")),
            file("README.md", format!("{id}\n")),
        ];
        let cited = citations(&files);
        let tests: Vec<&str> = cited[&Id(id.to_owned())].iter().map(String::as_str).collect();
        assert_eq!(tests, ["a/src/x.rs::one", "a/tests/it/y.rs::two", "e2e/z.sh"]);
    }
}
