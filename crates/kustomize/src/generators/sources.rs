//! Where generators take their pairs from: env files, literals and files, in this order (KB-GEN-01).

use std::collections::BTreeMap;

use super::{Content, ReadFile};
use crate::error::{Error, ErrorKind, Result};
use crate::kustomization::fields::GeneratorArgs;

type Pair = (String, Content);

fn fails(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::GeneratorInput, cause)
}

/// All pairs of a generator.
pub(super) fn read(args: &GeneratorArgs, read: ReadFile<'_>) -> Result<BTreeMap<String, Content>> {
    let mut pairs: Vec<Pair> = Vec::new();
    let load = |path: &str, read: &mut dyn FnMut(&str) -> Result<Content>, what: &str| {
        read(path).map_err(|e| {
            let kind = if e.kind() == ErrorKind::IsDirectory { ErrorKind::GeneratorInput } else { e.kind() };
            let cause = format!("loading KV pairs: {what}: {}", e.cause());
            e.with_cause(cause).with_kind(kind)
        })
    };
    for path in &args.envs {
        let content = load(path, read, "env source files")?;
        env_pairs(content.as_bytes(), &mut pairs).map_err(|e| e.in_field(path.clone()))?;
    }
    for literal in &args.literals {
        pairs.push(literal_pair(literal)?);
    }
    for source in &args.files {
        let (key, path) = file_source(source)?;
        pairs.push((key.to_owned(), load(path, read, "file sources")?));
    }
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.contains_key(&key) {
            return Err(fails(format!("configmap {} illegally repeats the key `{key}`", args.name)));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// `key=value`, the value without one pair of equal quotes around it.
fn literal_pair(literal: &str) -> Result<Pair> {
    let (key, value) = literal
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| fails(format!("loading KV pairs: invalid literal source {literal}, expected key=value")))?;
    let unquoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(value);
    Ok((key.to_owned(), Content::Text(unquoted.into())))
}

/// `[key=]path`; the key defaults to the name of the file.
fn file_source(source: &str) -> Result<(&str, &str)> {
    match source.split_once('=') {
        None => Ok((source.trim_end_matches('/').rsplit('/').next().unwrap_or(source), source)),
        Some((_, rest)) if rest.contains('=') => Err(fails(format!("source {source:?} key name or file path contains '='"))),
        Some(("", path)) => Err(fails(format!("missing key name for file path {path:?} in source {source:?}"))),
        Some((key, "")) => Err(fails(format!("missing file path for key name {key:?} in source {source:?}"))),
        Some(pair) => Ok(pair),
    }
}

/// One pair a line. A name without `=` has an empty value: this renderer does not look into its own environment.
fn env_pairs(content: &[u8], pairs: &mut Vec<Pair>) -> Result<()> {
    for (number, line) in content.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line).map_err(|_| fails("the line has invalid utf8 bytes").at(number + 1, 0))?;
        let line = if number == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), Content::Text(value.into())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(content: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        env_pairs(content.as_bytes(), &mut pairs).unwrap();
        pairs.into_iter().map(|(k, v)| (k, String::from_utf8(v.as_bytes().to_vec()).unwrap())).collect()
    }

    /// KB-GEN-01
    #[test]
    fn env_files() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(
            env("\u{feff}A=1 \n# c\n\n  B='x'\r\nC\nexport D=2\nE=a=b\n=x\n"),
            [pair("A", "1 "), pair("B", "'x'"), pair("C", ""), pair("export D", "2"), pair("E", "a=b")]
        );
        assert!(env_pairs(b"A=\xff\n", &mut Vec::new()).is_err());
    }

    /// KB-GEN-01
    #[test]
    fn literals_and_files() {
        assert_eq!(literal_pair("a=\"b=c\"").unwrap(), ("a".to_owned(), Content::Text("b=c".into())));
        assert_eq!(literal_pair("a='b\"").unwrap(), ("a".to_owned(), Content::Text("'b\"".into())));
        assert!(literal_pair("a").is_err() && literal_pair("=b").is_err());
        assert_eq!(file_source("x/y.conf").unwrap(), ("y.conf", "x/y.conf"));
        assert_eq!(file_source("k=x/y").unwrap(), ("k", "x/y"));
        for wrong in ["=x", "k=", "a=b=c"] {
            assert!(file_source(wrong).is_err(), "{wrong}");
        }
    }
}
