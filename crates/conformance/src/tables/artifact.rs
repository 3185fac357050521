//! Runners of the artifact tables: ignore rules, archives, unpacking.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use ferroflux_artifact::digest::Algorithm;
use ferroflux_artifact::ignore::Rules;
use ferroflux_artifact::revision;
use ferroflux_artifact::tarball::{self, Limits, UnpackError, UnpackOptions};
use serde_json::{Map, Value, json};

use super::judge;
use crate::Verdict;

/// Runs `op` if it is one of ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    let input = &case["input"];
    match op {
        "match" => Some(judge(case, matches(input))),
        "archive" => Some(judge(case, archive(input))),
        "untar" => Some(untar(case)),
        _ => None,
    }
}

fn matches(input: &Value) -> Result<Value> {
    let mut rules = Rules::none();
    for sub in input["sub"].as_array().into_iter().flatten() {
        let domain: Vec<&[u8]> = sub["domain"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::as_bytes).collect();
        rules.add(sub["patterns"].as_str().unwrap_or_default().as_bytes(), &domain);
    }
    rules.add(input["patterns"].as_str().unwrap_or_default().as_bytes(), &[]);
    if input["kind"] == "default" {
        rules = rules.over_all_defaults();
    }
    let path: Vec<&[u8]> = input["path"].as_str().context("path")?.split('/').map(str::as_bytes).collect();
    Ok(json!(rules.ignores(&path, input["dir"] == true)))
}

/// The files, links and directories of a case, on disk.
fn lay_out(input: &Value, keep: impl Fn(&str) -> bool) -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    let strings = |field: &str| -> Vec<(String, String)> {
        let object = input[field].as_object().cloned().unwrap_or_default();
        object.into_iter().map(|(k, v)| (k, v.as_str().unwrap_or_default().to_owned())).collect()
    };
    let place = |name: &str| -> Result<PathBuf> {
        let mut path = PathBuf::new();
        for component in Path::new(name).components() {
            match component {
                Component::Normal(segment) => path.push(segment),
                Component::ParentDir => drop(path.pop()),
                _ => {}
            }
        }
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().context("a parent")?)?;
        Ok(path)
    };
    for (name, content) in strings("files").iter().filter(|(name, _)| keep(name)) {
        fs::write(place(name)?, content)?;
    }
    for (name, mode) in strings("modes") {
        fs::set_permissions(place(&name)?, fs::Permissions::from_mode(u32::from_str_radix(&mode, 8)?))?;
    }
    for (name, target) in strings("symlinks") {
        symlink(target, place(&name)?)?;
    }
    for name in input["emptyDirs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        fs::create_dir_all(place(name)?)?;
    }
    Ok(dir)
}

fn archive(input: &Value) -> Result<Value> {
    let mut out = Map::new();
    let spec = input["ignore"].as_str().unwrap_or_default().as_bytes();
    let (dir, rules) = if input["kind"] == "Bucket" { bucket(input, spec, &mut out)? } else { source(input, spec)? };
    let mut archive = tarball::Writer::new(Vec::new());
    tarball::archive_dir(dir.path(), &rules, &mut archive)?;
    describe(&archive.finish()?, input["detail"] == true, &mut out)?;
    Ok(Value::Object(out))
}

/// A Git or OCI tree with its rules.
fn source(input: &Value, spec: &[u8]) -> Result<(tempfile::TempDir, Rules)> {
    let dir = lay_out(input, |_| true)?;
    let mut rules = Rules::none();
    rules.add_files_below(dir.path())?;
    rules.add(spec, &[]);
    Ok((dir, rules.for_source()))
}

/// What a bucket's listing leaves in the working directory, with the index and the revision.
fn bucket(input: &Value, spec: &[u8], out: &mut Map<String, Value>) -> Result<(tempfile::TempDir, Rules)> {
    let files = input["files"].as_object().context("files")?;
    let mut rules = Rules::none();
    rules.add(files.get(".sourceignore").and_then(Value::as_str).unwrap_or_default().as_bytes(), &[]);
    rules.add(spec, &[]);
    let prefix = input["prefix"].as_str().unwrap_or_default();
    let index: BTreeMap<&str, String> = files
        .iter()
        .filter(|(key, _)| key.starts_with(prefix) && !key.ends_with('/') && key.as_str() != ".sourceignore")
        .filter(|(key, _)| !rules.ignores(&key.split('/').map(str::as_bytes).collect::<Vec<_>>(), false))
        .map(|(key, content)| (key.as_str(), etag(content.as_str().unwrap_or_default())))
        .collect();
    let dir = lay_out(input, |name| name == ".sourceignore" || index.contains_key(name))?;
    out.insert("index".into(), json!(index.keys().collect::<Vec<_>>()));
    let digest = revision::bucket(index.iter().map(|(k, v)| (*k, v.as_str())), Algorithm::Sha256);
    out.insert("revision".into(), json!(digest.to_string()));
    Ok((dir, Rules::none()))
}

/// The etag that the oracle's in-memory bucket gives an object: half of the content's SHA-256.
fn etag(content: &str) -> String {
    Algorithm::Sha256.digest(content.as_bytes()).encoded()[..32].to_owned()
}

fn describe(archive: &[u8], detail: bool, out: &mut Map<String, Value>) -> Result<()> {
    let mut tar = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(archive), &mut tar)?;
    let (mut entries, mut headers, mut at, mut pax) = (Vec::new(), Vec::new(), 0, None);
    while at + 512 <= tar.len() && tar[at..at + 512].iter().any(|b| *b != 0) {
        let field = |from: usize, to: usize| String::from_utf8_lossy(&tar[at + from..at + to]).trim_end_matches('\0').to_owned();
        let number = |from, to| u64::from_str_radix(&field(from, to), 8);
        let (kind, size) = (field(156, 157), number(124, 136)?);
        let content = at + 512;
        at = content + (size as usize).div_ceil(512) * 512;
        if kind == "x" {
            let records = std::str::from_utf8(&tar[content..content + size as usize])?;
            pax = records.split_once("path=").and_then(|(_, rest)| rest.strip_suffix('\n')).map(str::to_owned);
            continue;
        }
        let header = content - 512;
        let field = |from: usize, to: usize| {
            let bytes = &tar[header + from..header + to];
            String::from_utf8_lossy(&bytes[..bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len())]).into_owned()
        };
        let number = |from, to| u64::from_str_radix(&field(from, to), 8);
        let format = if pax.is_some() { "PAX" } else { "USTAR" };
        let name = pax.take().unwrap_or_else(|| match field(345, 500).as_str() {
            "" => field(0, 100),
            prefix => format!("{prefix}/{}", field(0, 100)),
        });
        if field(257, 263) != "ustar" {
            bail!("not a USTAR header");
        }
        let shown = if name == "." { String::new() } else { name.clone() };
        entries.push(if name == "." {
            "./".into()
        } else if kind == "5" {
            format!("{shown}/")
        } else {
            shown
        });
        headers.push(json!({
            "format": format, "name": name, "type": kind, "size": size, "mode": format!("{:o}", number(100, 108)?),
            "uid": number(108, 116)?, "gid": number(116, 124)?, "mtime": number(136, 148)?,
            "uname": field(265, 297), "gname": field(297, 329),
        }));
    }
    out.insert("entries".into(), json!(entries));
    if detail {
        out.insert("headers".into(), json!(headers));
        out.insert("gzipHeader".into(), json!(archive[..10].iter().map(|b| format!("{b:02x}")).collect::<String>()));
        out.insert("tarSha256".into(), json!(Algorithm::Sha256.digest(&tar).encoded()));
        out.insert("tarSize".into(), json!(tar.len()));
    }
    Ok(())
}

/// Unpacks. The contract refuses four things that the original lets pass (SRC-ART-20): hard links, a gzip trailer that
/// does not fit, bytes after the end, a missing end. There the answer must be that very refusal; for the latter three,
/// which show only at the end, everything before must have come out as the original has it.
fn untar(case: &Value) -> Verdict {
    let run = || -> Result<(Result<(), UnpackError>, Value)> {
        let input = &case["input"];
        let bytes = base64::engine::general_purpose::STANDARD.decode(input["archiveBase64"].as_str().context("archiveBase64")?)?;
        let limit = match input["maxSize"].as_i64() {
            None => Limits::CONSUMER.bytes,
            Some(negative @ ..=-1) => (negative < -1).then_some(0),
            Some(limit) => Some(limit as u64),
        };
        let dir = tempfile::tempdir()?;
        let options = UnpackOptions { limits: Limits { bytes: limit, ..Limits::UNLIMITED }, skip_symlinks: input["skipSymlinks"] == true };
        let result = tarball::unpack(bytes.as_slice(), dir.path(), options).map(drop);
        let mut files = Vec::new();
        list(dir.path(), Path::new(""), &mut files)?;
        Ok((result, json!(files)))
    };
    match run() {
        Err(e) => Verdict::Fail(format!("{e:#}")),
        Ok((Ok(()), files)) => judge(case, Ok::<_, String>(json!({ "files": same_shape(&case["expect"]["files"], files) }))),
        Ok((Err(UnpackError::HardLink(name)), _)) if is_empty_file(&case["expect"]["files"], &name) => Verdict::Pass,
        Ok((Err(UnpackError::Checksum(_) | UnpackError::TrailingBytes | UnpackError::MissingEnd), files))
            if case.get("expect").is_some() =>
        {
            judge(case, Ok::<_, String>(json!({ "files": same_shape(&case["expect"]["files"], files) })))
        }
        Ok((Err(e), _)) => judge(case, Err(e)),
    }
}

fn is_empty_file(files: &Value, name: &str) -> bool {
    files.as_array().into_iter().flatten().any(|f| f["path"] == name && f["content"] == "")
}

fn list(root: &Path, below: &Path, out: &mut Vec<Value>) -> Result<()> {
    let mut entries = fs::read_dir(root.join(below))?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, meta) = (below.join(entry.file_name()), entry.metadata()?);
        let mode = format!("{:o}", meta.permissions().mode() & 0o7777);
        if meta.is_dir() {
            out.push(json!({ "type": "dir", "path": path, "mode": mode }));
            list(root, &path, out)?;
        } else {
            let content = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            out.push(json!({ "type": "file", "path": path, "mode": mode, "mtime": meta.mtime(), "content": content, "size": meta.len() }));
        }
    }
    Ok(())
}

/// Drops from our list what the case leaves open: large contents are given by size only, "now" stands for the present.
fn same_shape(want: &Value, mut got: Value) -> Value {
    for entry in got.as_array_mut().into_iter().flatten() {
        let wanted = want.as_array().into_iter().flatten().find(|w| w["path"] == entry["path"]);
        let Some(object) = entry.as_object_mut() else { continue };
        for field in ["content", "size"] {
            if wanted.is_some_and(|w| w.get(field).is_none()) {
                object.remove(field);
            }
        }
        let age = object
            .get("mtime")
            .and_then(Value::as_i64)
            .map(|t| std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(t.max(0) as u64));
        if wanted.is_some_and(|w| w["mtime"] == "now") && age.and_then(|t| t.elapsed().ok()).is_some_and(|age| age.as_secs() < 3600) {
            object.insert("mtime".into(), json!("now"));
        }
    }
    got
}
