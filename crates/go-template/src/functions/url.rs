//! URLs as maps of their parts.

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Kind, Map, Type, Value};

use super::NIL_DEREFERENCE;
use parts::{Url, Userinfo};

mod escape;
mod parts;

const S: Type = Type::String;
const MAP: Type = *Type::MAP;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[Function::new("urlParse", &[S], parse), Function::new("urlJoin", &[MAP], join)];

fn parse(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let url = Url::parse(args.bytes(0)).map_err(|e| CallError::new(format!("unable to parse url: {e}")))?;
    let userinfo = url.user.as_ref().map(Userinfo::to_text).unwrap_or_default();
    Ok(Value::map([
        ("scheme", Value::string(url.scheme.as_slice())),
        ("hostname", Value::string(url.hostname())),
        ("host", Value::string(url.host)),
        ("path", Value::string(url.path)),
        ("query", Value::string(url.query)),
        ("opaque", Value::string(url.opaque)),
        ("fragment", Value::string(url.fragment)),
        ("userinfo", Value::string(userinfo)),
    ]))
}

fn join(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let map = args.map(0);
    let mut url = Url {
        scheme: part(&map, "scheme")?,
        host: part(&map, "host")?,
        path: part(&map, "path")?,
        query: part(&map, "query")?,
        opaque: part(&map, "opaque")?,
        fragment: part(&map, "fragment")?,
        user: None,
    };
    let userinfo = part(&map, "userinfo")?;
    if !userinfo.is_empty() {
        let parsed = Url::parse(&[b"proto://", &*userinfo, b"@host"].concat());
        url.user = parsed.map_err(|e| CallError::new(format!("unable to parse userinfo in dict: {e}")))?.user;
    }
    Ok(Value::string(url.to_text()))
}

fn part(map: &Map, key: &str) -> Result<Vec<u8>, CallError> {
    match map.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Nil) => Err(NIL_DEREFERENCE.into()),
        Some(value) => match (value.as_str(), value.kind()) {
            (Some(text), Kind::String) => Ok(text.as_bytes().to_vec()),
            (_, kind) => Err(format!("unable to parse {key} key, must be of type string, but {} found", kind.name()).into()),
        },
    }
}
