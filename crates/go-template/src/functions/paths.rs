//! Slash-separated paths, as Go's `path` and, on the systems that Helm charts are rendered on, `path/filepath`.

use crate::function::Function;
use crate::value::{Type, Value};

const S: Type = Type::String;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base", &[S], |_, a| Ok(Value::string(base(a.bytes(0))))),
    Function::new("dir", &[S], |_, a| Ok(Value::string(dir(a.bytes(0))))),
    Function::new("clean", &[S], |_, a| Ok(Value::string(clean(a.bytes(0))))),
    Function::new("ext", &[S], |_, a| Ok(Value::string(ext(a.bytes(0))))),
    Function::new("isAbs", &[S], |_, a| Ok(a.bytes(0).starts_with(b"/").into())),
    Function::new("osBase", &[S], |_, a| Ok(Value::string(base(a.bytes(0))))),
    Function::new("osDir", &[S], |_, a| Ok(Value::string(dir(a.bytes(0))))),
    Function::new("osClean", &[S], |_, a| Ok(Value::string(clean(a.bytes(0))))),
    Function::new("osExt", &[S], |_, a| Ok(Value::string(ext(a.bytes(0))))),
    Function::new("osIsAbs", &[S], |_, a| Ok(a.bytes(0).starts_with(b"/").into())),
];

/// The shortest path of the same meaning, by names alone.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(last) if *last != b".." => {
                    parts.pop();
                }
                None if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", &*joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

/// The last element; of the empty path `.`, of slashes `/`.
fn base(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |i| i + 1);
    match (path.is_empty(), end) {
        (true, _) => b".",
        (false, 0) => b"/",
        _ => {
            let start = path[..end].iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
            &path[start..end]
        }
    }
}

fn dir(path: &[u8]) -> Vec<u8> {
    clean(path.iter().rposition(|b| *b == b'/').map_or(&[], |i| &path[..=i]))
}

/// The last element from its last dot on.
fn ext(path: &[u8]) -> &[u8] {
    let start = path.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
    path[start..].iter().rposition(|b| *b == b'.').map_or(&[], |dot| &path[start + dot..])
}
