//! The form of files.

use crate::files::TextFile;

/// A file of ours with more lines probably has two jobs.
const LONG_FILE: usize = 1000;

/// What must not be in any file, each with the reason. Written in two halves, or this file would be a finding.
const FOREIGN: [(&str, &str); 3] = [
    (concat!("/wo", "rk/"), "a path of somebody's machine"),
    (concat!("/ro", "ot/"), "a path of somebody's machine"),
    (concat!("arti", "factory"), "a registry host"),
];

/// Findings that must not be.
pub(crate) fn check(files: &[TextFile]) -> Vec<String> {
    let mut out = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            for finding in check_line(file, line) {
                out.push(format!("{}:{}: {finding}", file.path, number + 1));
            }
        }
        if matches!(file.extension(), "md" | "toml" | "rs")
            && !file.text.is_empty()
            && (!file.text.ends_with('\n') || file.text.ends_with("\n\n"))
        {
            out.push(format!("{}: must end with one newline", file.path));
        }
        if file.path.ends_with("src/lib.rs") && !file.text.starts_with("//! ") {
            out.push(format!("{}: a crate begins with what it is and what it is not (`//! …`)", file.path));
        }
    }
    out
}

fn check_line(file: &TextFile, line: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (foreign, what) in FOREIGN {
        if names_path(line, foreign) {
            out.push(format!("{what}: {foreign}"));
        }
    }
    if matches!(file.extension(), "md" | "toml") && line != line.trim_end() {
        out.push("space at the end of the line".to_owned());
    }
    if file.extension() == "rs" {
        for open in [concat!("to", "do!("), concat!("unimple", "mented!(")] {
            if line.contains(open) {
                out.push(format!("unfinished: {open}…)"));
            }
        }
    }
    out
}

/// Whether the line has the text as an absolute path or a word, not as the middle of another path.
fn names_path(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !text.starts_with('/') || !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '}' | '-' | '/' | '~' | ')'))
    })
}

/// Findings that deserve a thought.
pub(crate) fn notes(files: &[TextFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.extension() == "rs" && !file.path.contains("/generated/"))
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LONG_FILE).then(|| format!("{}: {lines} lines; does it have two jobs?", file.path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&[TextFile { path: path.to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn what_is_found_and_what_is_not() {
        let home = concat!("/ro", "ot/");
        assert_eq!(findings("a/src/lib.rs", "//! What.\n"), Vec::<String>::new());
        assert_eq!(findings("a/src/lib.rs", "fn f() {}\n").len(), 1);
        assert_eq!(findings("README.md", "text \n").len(), 1);
        assert_eq!(findings("README.md", "text").len(), 1);
        assert_eq!(findings("a.rs", concat!("to", "do!(\"later\")\n")).len(), 1);
        assert_eq!(findings("a.yaml", &format!("path: {home}x\n")).len(), 1);
        assert_eq!(findings("a.yaml", &format!("path: chart{home}x\n")).len(), 0);
    }

    #[test]
    fn long_files_are_noted() {
        let file = |path: &str| TextFile { path: path.to_owned(), text: "x\n".repeat(LONG_FILE + 1) };
        assert_eq!(notes(&[file("a.rs"), file("a/generated/b.rs"), file("c.md")]).len(), 1);
    }
}
