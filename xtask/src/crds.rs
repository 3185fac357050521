//! The CRD manifests in `crds/`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use ferroflux_api::crd;
use serde_json::Value;

const HEADER: &str = "# Made from the types in crates/api by `cargo xtask crds`; changes belong there.\n";

/// Writes one file a CRD and removes files of CRDs that are no more.
pub(crate) fn write(root: &Path) -> Result<()> {
    let dir = root.join("crds");
    std::fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
    let wanted = manifests()?;
    for name in present(&dir)?.keys().filter(|name| !wanted.contains_key(*name)) {
        std::fs::remove_file(dir.join(name)).with_context(|| format!("remove crds/{name}"))?;
    }
    for (name, text) in &wanted {
        std::fs::write(dir.join(name), text).with_context(|| format!("write crds/{name}"))?;
    }
    println!("crds: {} files", wanted.len());
    Ok(())
}

/// Fails if the files are not what [`write`] would write.
pub(crate) fn check(root: &Path) -> Result<()> {
    let (wanted, present) = (manifests()?, present(&root.join("crds"))?);
    let names = wanted.keys().chain(present.keys().filter(|name| !wanted.contains_key(*name)));
    let stale: Vec<&str> = names.filter(|name| wanted.get(*name) != present.get(*name)).map(String::as_str).collect();
    if !stale.is_empty() {
        bail!("not up to date: crds/{}; run `cargo xtask crds`", stale.join(", crds/"));
    }
    println!("crds: {} files are up to date", wanted.len());
    Ok(())
}

/// File names and contents.
fn manifests() -> Result<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for crd in crd::all() {
        let yaml = serde_yaml::to_string(&sorted(&crd.manifest)).with_context(|| format!("write {} as YAML", crd.file_name()))?;
        out.insert(crd.file_name(), format!("{HEADER}---\n{yaml}"));
    }
    Ok(out)
}

fn present(dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(out) };
    for entry in entries {
        let path = entry.with_context(|| format!("list {}", dir.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            out.insert(name, std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?);
        }
    }
    Ok(out)
}

/// The same value with keys in alphabetical order. Which order a JSON object keeps depends on features that any crate of
/// the build may switch on.
fn sorted(value: &Value) -> serde_yaml::Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().collect();
            sorted.into_iter().map(|(key, value)| (key.as_str().into(), self::sorted(value))).collect::<serde_yaml::Mapping>().into()
        }
        Value::Array(list) => list.iter().map(sorted).collect::<Vec<_>>().into(),
        Value::String(text) => text.as_str().into(),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) => float.into(),
            (None, None) => serde_yaml::Value::Null,
        },
        Value::Null => serde_yaml::Value::Null,
    }
}
