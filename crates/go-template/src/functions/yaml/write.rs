//! `toYaml`: the value as JSON, written as YAML 1.1.

use std::borrow::Cow;

use ferroflux_yaml::{SigsWriter, sort_keys};

use crate::error::CallError;
use crate::functions::encoding::base64;
use crate::functions::json::{Data, data};
use crate::functions::runes::lossy;
use crate::value::{MAX_DEPTH, Value};

/// The YAML text of a value, with its final line break.
pub(super) fn write(value: &Value) -> Result<String, CallError> {
    let mut writer = SigsWriter::new(String::new());
    write_value(&mut writer, value, 0)?;
    Ok(writer.finish())
}

fn write_value(writer: &mut SigsWriter, value: &Value, depth: usize) -> Result<(), CallError> {
    if depth > MAX_DEPTH {
        return Err(CallError::new(format!("json: unsupported value: nested more than {MAX_DEPTH} deep")));
    }
    match data(value)? {
        Data::Null => writer.null(),
        Data::Bool(b) => writer.bool(b),
        Data::Int(i) => writer.int(i),
        Data::Uint(u) => writer.uint(u),
        Data::Float(f) => writer.float(f),
        Data::String(s) => writer.string(&lossy(s.as_bytes())),
        Data::Bytes(b) => writer.string(&base64::encode(b.as_bytes())),
        Data::List(items) => {
            writer.begin_seq();
            for item in items {
                write_value(writer, item, depth + 1)?;
            }
            writer.end_seq();
        }
        Data::Map(map) => {
            let entries = map.entries();
            let keys: Vec<Cow<'_, str>> = entries.iter().map(|(key, _)| lossy(key.as_bytes())).collect();
            write_members(writer, keys.iter().zip(&entries).map(|(key, (_, value))| (&**key, value)).collect(), depth)?;
        }
        Data::Struct(fields) => {
            write_members(writer, fields.iter().map(|(name, value)| (*name, value)).collect(), depth)?;
        }
        Data::Other(value) => write_value(writer, &value, depth + 1)?,
    }
    Ok(())
}

fn write_members(writer: &mut SigsWriter, mut members: Vec<(&str, &Value)>, depth: usize) -> Result<(), CallError> {
    sort_keys(&mut members, |(key, _)| key);
    writer.begin_map();
    for (key, value) in members {
        writer.key(key);
        write_value(writer, value, depth + 1)?;
    }
    writer.end_map();
    Ok(())
}
