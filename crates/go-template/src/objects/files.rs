//! The methods of `.Files`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::FILES_TYPE;
use super::glob::Glob;
use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Map, Str, Type, Value};

pub(super) const METHODS: &[&Function] = &[&GET, &GET_BYTES, &GLOB, &LINES, &AS_CONFIG, &AS_SECRETS];

static GET: Function = Function::new("Get", &[Type::String], |_, args| Ok(Value::String(content(args).unwrap_or_default())));
static GET_BYTES: Function = Function::new("GetBytes", &[Type::String], |_, args| Ok(Value::Bytes(content(args).unwrap_or_default())));
static GLOB: Function = Function::new("Glob", &[Type::String], glob);
static LINES: Function = Function::new("Lines", &[Type::String], lines);
static AS_CONFIG: Function = Function::new("AsConfig", &[], |ctx, args| flatten(ctx, args, |data| Value::String(data.clone())));
static AS_SECRETS: Function =
    Function::new("AsSecrets", &[], |ctx, args| flatten(ctx, args, |data| STANDARD.encode(data.as_bytes()).into()));

fn bytes_of(value: Value) -> Option<Str> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// The file that argument 1 names.
fn content(args: &Args<'_>) -> Option<Str> {
    args.map(0).get(args.bytes(1)).and_then(bytes_of)
}

/// The files whose path matches; all of them if the pattern is none.
fn glob(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let pattern = Glob::new(&args.text(1));
    let matches = args.map(0).entries().into_iter().filter(|(path, _)| pattern.as_ref().is_none_or(|p| p.is_match(&path.to_text())));
    Ok(Value::Map(Map::from_entries(FILES_TYPE, matches)))
}

fn lines(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let Some(data) = content(args) else { return Ok(Value::strings::<Str>([])) };
    if data.is_empty() {
        return Err("runtime error: index out of range [-1]".into());
    }
    let bytes = data.as_bytes();
    Ok(Value::strings(bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|b| *b == b'\n')))
}

/// Base names and contents as YAML.
fn flatten(ctx: &Context<'_>, args: &Args<'_>, show: fn(&Str) -> Value) -> Result<Value, CallError> {
    let entries = args.map(0).entries();
    let files = entries.into_iter().filter_map(|(path, data)| Some((base(&path), show(&bytes_of(data)?))));
    let map = Map::from_entries(Type::STRING_MAP, files);
    crate::engine::to_yaml(ctx, &Value::Map(map))
}

/// Go's `path.Base`.
fn base(path: &Str) -> Str {
    let trimmed: &[u8] = {
        let bytes = path.as_bytes();
        let end = bytes.iter().rposition(|b| *b != b'/').map_or(0, |at| at + 1);
        bytes.get(..end).unwrap_or(bytes)
    };
    match trimmed.rsplit(|b| *b == b'/').next() {
        Some(name) if !name.is_empty() => name.into(),
        _ => if path.is_empty() { "." } else { "/" }.into(),
    }
}
