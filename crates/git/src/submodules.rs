//! `.gitmodules`: which repository belongs at which path.

use std::collections::BTreeMap;

/// The largest file that is read.
pub(crate) const MAX_SIZE: usize = 1 << 20;

/// The URL of each submodule by its path. Sections without both are left out, as git does.
pub(crate) fn parse(text: &[u8]) -> BTreeMap<Vec<u8>, String> {
    let text = String::from_utf8_lossy(text);
    let mut sections: Vec<(Option<String>, Option<String>)> = Vec::new();
    let mut inside = false;
    // A backslash at a line's end joins the next.
    for line in text.replace("\\\r\n", "").replace("\\\n", "").lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.get(..10).is_some_and(|s| s.eq_ignore_ascii_case("[submodule"));
            if inside {
                sections.push((None, None));
            }
            continue;
        }
        let (Some(section), Some((key, value))) = (sections.last_mut().filter(|_| inside), line.split_once('=')) else { continue };
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => section.0 = Some(unquote(value)),
            "url" => section.1 = Some(unquote(value)),
            _ => {}
        }
    }
    sections.into_iter().filter_map(|(path, url)| Some((path?.trim_end_matches('/').as_bytes().to_vec(), url?))).collect()
}

/// A value without its quotes, escapes and trailing comment.
fn unquote(value: &str) -> String {
    let (mut out, mut quoted, mut kept) = (String::new(), false, 0);
    let mut chars = value.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '#' | ';' if !quoted => break,
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(c) => out.push(c),
                None => {}
            },
            c => out.push(c),
        }
        if quoted || !out.ends_with([' ', '\t']) {
            kept = out.len();
        }
    }
    out.truncate(kept);
    out
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    /// SRC-GIT-10: the forms in which git writes and people edit the file.
    #[test]
    fn sections_are_read() {
        let text = b"# c\n[submodule \"a\"]\n\tpath = libs/a/\n\turl = ../a.git ; here\n\tbranch = x\n[core]\n\tpath = no\n[Submodule \"b\"]\n  URL=\"https://h/b #1\"\n  Path = \"b c\"\n[submodule \"half\"]\n\tpath = x\n";
        let found = parse(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[b"libs/a".as_slice()], "../a.git");
        assert_eq!(found[b"b c".as_slice()], "https://h/b #1");
    }

    proptest! {
        /// SRC-ART-22: no text makes the parser panic.
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[a-z\"\\\\=#; \n\t]{0,120}") {
            parse(&bytes);
            parse(format!("[submodule \"x\"]\n{text}").as_bytes());
        }
    }
}
