//! The kustomize suite: builds of whole file trees against what kustomize 5.8.1 prints, in both document orders.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use base64::Engine;
use ferroflux_kustomize::{
    Error, FileSystem, HttpFile, LoadRestriction, MemoryFileSystem, Options, Order, RemoteError, RemoteLoader, RepositoryUrl, build,
    to_yaml_stream,
};
use ferroflux_yaml::{Documents, Node, ReadOptions};
use serde_json::Value;

use crate::{Report, Suite, Verdict, cases};

/// The suite of kustomization builds.
#[derive(Debug, Default, Clone, Copy)]
pub struct Kustomize;

impl Suite for Kustomize {
    fn run(&self, path: &Path) -> Result<Report> {
        let mut report = Report::default();
        for case in cases(path)? {
            let name = case["name"].as_str().unwrap_or("<no name>").to_owned();
            let family = case["suite"].as_str().unwrap_or("<no suite>").to_owned();
            report.add(&family, &name, verdict(&case));
        }
        Ok(report)
    }
}

fn verdict(case: &Value) -> Verdict {
    if let Some(needs) = case["needs"].as_array()
        && let Some(need) = needs.iter().find(|n| *n != "git")
    {
        return Verdict::Skip(format!("needs {need}"));
    }
    match run(case) {
        Ok(verdict) => verdict,
        Err(e) => Verdict::Fail(format!("  the runner failed: {e:#}")),
    }
}

/// Repositories of a case: `${GIT}/name` with files by branch.
struct Repositories<'a> {
    repositories: &'a Value,
}

impl RemoteLoader for Repositories<'_> {
    fn get(&self, _: &str) -> Result<HttpFile, RemoteError> {
        Err(RemoteError::Refused("no network in this suite".to_owned()))
    }

    fn fetch(&self, url: &RepositoryUrl) -> Result<Arc<dyn FileSystem>, RemoteError> {
        let tree = self.tree(&url.repository, &url.reference, url.submodules, 0).map_err(|e| RemoteError::Failed(format!("{e:#}")))?;
        Ok(Arc::new(tree))
    }
}

impl Repositories<'_> {
    fn tree(&self, path: &str, reference: &str, submodules: bool, depth: usize) -> Result<MemoryFileSystem> {
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let known = [name.to_owned(), format!("{name}.git")].into_iter().find(|n| self.repositories[n].is_object()).unwrap_or_default();
        let repository = self.repositories[&known].as_object().with_context(|| format!("no repository {name}"))?;
        let branch = if reference.is_empty() {
            ["main", "master"].into_iter().find(|b| repository.contains_key(*b)).unwrap_or("main")
        } else {
            reference
        };
        let files = repository.get(branch).with_context(|| format!("no branch {branch} in {name}"))?;
        let mut tree = MemoryFileSystem::new();
        for (path, content) in files.as_object().context("files of a branch")? {
            if let Some(module) = content["submodule"].as_str() {
                if depth > 4 {
                    bail!("submodules in submodules");
                }
                tree.make_directory(path);
                if submodules {
                    let inner = self.tree(module, "", true, depth + 1)?;
                    copy(&inner, "/", &mut tree, path)?;
                }
            } else {
                put(&mut tree, path, content)?;
            }
        }
        Ok(tree)
    }
}

fn copy(from: &MemoryFileSystem, directory: &str, to: &mut MemoryFileSystem, prefix: &str) -> Result<()> {
    for entry in from.list(directory)? {
        let path = format!("{}/{}", directory.trim_end_matches('/'), entry.name);
        if from.resolve(&path)?.is_dir {
            copy(from, &path, to, prefix)?;
        } else {
            to.write(&format!("{prefix}{path}"), from.read(&path)?);
        }
    }
    Ok(())
}

fn put(tree: &mut MemoryFileSystem, path: &str, content: &Value) -> Result<()> {
    match content {
        Value::Null => tree.make_directory(path),
        Value::String(text) => tree.write(path, text.replace("${ROOT}", "").replace("${GIT}", "/git")),
        other => match (other["base64"].as_str(), other["symlink"].as_str()) {
            (Some(bytes), _) => tree.write(path, base64::engine::general_purpose::STANDARD.decode(bytes)?),
            (_, Some(target)) => tree.link(path, target),
            _ => bail!("unknown content of {path}: {other}"),
        },
    }
    Ok(())
}

fn options(case: &Value, order: Order) -> Result<Options> {
    let o = &case["options"];
    Ok(Options {
        order,
        load_restriction: match o["load_restrictor"].as_str() {
            Some("none") => LoadRestriction::None,
            Some("root_only") | None => LoadRestriction::RootOnly,
            Some(other) => bail!("unknown load restrictor {other}"),
        },
        managed_by_label: o["add_managed_by_label"].as_bool().unwrap_or_default(),
        managed_by_version: o["version_string"].as_str().map(str::to_owned),
        ..Options::default()
    })
}

/// The documents of an output as the corpus counts them.
fn documents(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut documents = vec![String::new()];
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if line == "---" {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    documents
}

fn reordered(text: &str, order: &Value) -> String {
    let documents = documents(text);
    let picked: Vec<&str> =
        order.as_array().into_iter().flatten().filter_map(|at| documents.get(at.as_u64()? as usize).map(String::as_str)).collect();
    picked.join("---\n")
}

fn run(case: &Value) -> Result<Verdict> {
    let mut tree = MemoryFileSystem::new();
    for (path, content) in case["files"].as_object().context("files")? {
        put(&mut tree, path, content)?;
    }
    let root = case["root"].as_str().unwrap_or(".");
    let first = match case["options"]["reorder"].as_str() {
        Some("none") | None => Order::Input,
        Some("legacy" | "unspecified") => Order::Legacy,
        Some(other) => bail!("unknown order {other}"),
    };
    let second = if first == Order::Input { Order::Legacy } else { Order::Input };
    let remote = Repositories { repositories: &case["git_repos"] };
    let render = |order, restriction: Option<LoadRestriction>| -> Result<Result<String, Error>> {
        let mut options = options(case, order)?;
        options.load_restriction = restriction.unwrap_or(options.load_restriction);
        Ok(build(&tree, root, &options, Some(&remote)).and_then(|output| to_yaml_stream(&output.objects)))
    };
    let expect = &case["expect"];
    let got = render(first, None)?;
    let Some(want) = expect["yaml"].as_str() else { return Ok(judge_error(case, got)) };
    let want = &want.replace("${GIT}", "/git");
    let got = match got {
        Ok(got) => got,
        Err(e) => return Ok(Verdict::Fail(format!("  unexpected error ({}): {e}", e.kind().as_str()))),
    };
    let verdict = same(case, want, &got);
    // without a word about the order the corpus has only one
    if verdict != Verdict::Pass || case["options"]["reorder"] == "unspecified" {
        return Ok(verdict);
    }
    let order = [&expect["legacy_order"], &expect["fifo_order"]].into_iter().find(|o| o.is_array());
    let want = order.map_or_else(|| want.clone(), |order| reordered(want, order));
    let verdict = match render(second, None)? {
        Ok(got) => same(case, &want, &got),
        Err(e) => Verdict::Fail(format!("  unexpected error ({}): {e}", e.kind().as_str())),
    };
    if let Verdict::Fail(why) = verdict {
        return Ok(Verdict::Fail(format!("in the other order: {why}")));
    }
    // some of these were symbolic links in their repository and are plain files here
    let shows_restriction =
        case["files"].as_object().is_some_and(|files| files.iter().any(|(path, c)| c["symlink"].is_string() || !path.starts_with(root)));
    if expect["error_if_root_only"].is_string()
        && shows_restriction
        && let Ok(got) = render(first, Some(LoadRestriction::RootOnly))?
    {
        return Ok(Verdict::Fail(format!(
            "  with the default restriction an error was expected: {}\n  got: {got}",
            expect["error_if_root_only"]
        )));
    }
    Ok(verdict)
}

fn same(case: &Value, want: &str, got: &str) -> Verdict {
    if case["compare"] != "semantic" {
        return Verdict::same_text(want, got);
    }
    let read = |text: &str| -> Option<Vec<Node>> { Documents::new(text, ReadOptions::default()).ok()?.collect::<Result<_, _>>().ok() };
    match (read(want), read(got)) {
        (Some(a), Some(b)) if a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.same_value(b)) => Verdict::Pass,
        _ => Verdict::same_text(want, got),
    }
}

/// A failure must be of the same kind and name the same file, field or object; where the original's result is a defect,
/// anything but a crash will do.
fn judge_error(case: &Value, got: Result<String, Error>) -> Verdict {
    let expect = &case["expect"];
    let is_quirk = case.get("quirk").is_some();
    match got {
        Ok(_) if is_quirk => Verdict::Pass,
        Ok(got) => Verdict::Fail(format!("  want the error ({}): {}\n  got:\n{got}", expect["error_kind"], expect["error"])),
        Err(e) if is_quirk || expect["error_kind"] == e.kind().as_str() => Verdict::Pass,
        Err(e) => Verdict::Fail(format!(
            "  want the error ({}): {}\n  got the error ({}): {e}",
            expect["error_kind"],
            expect["error"],
            e.kind().as_str()
        )),
    }
}
