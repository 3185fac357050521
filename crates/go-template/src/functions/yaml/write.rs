//! `toYaml`: the value as JSON, written as YAML 1.1.

use std::borrow::Cow;

use ferroflux_yaml::{SigsWriter, sort_keys};

use crate::error::CallError;
use crate::functions::deeper;
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
        Data::String(s) => writer.string(&through_json(lossy(s.as_bytes()))?),
        Data::Bytes(b) => writer.string(&base64::encode(b.as_bytes())),
        Data::List(items) => {
            writer.begin_seq();
            for item in items {
                deeper(|| write_value(writer, item, depth + 1))?;
            }
            writer.end_seq();
        }
        Data::Map(map) => {
            let entries = map.entries();
            let keys: Vec<Cow<'_, str>> = entries.iter().map(|(key, _)| through_json(lossy(key.as_bytes()))).collect::<Result<_, _>>()?;
            write_members(writer, keys.iter().zip(&entries).map(|(key, (_, value))| (&**key, value)).collect(), depth)?;
        }
        Data::Struct(fields) => {
            write_members(writer, fields.iter().map(|(name, value)| (*name, value)).collect(), depth)?;
        }
        Data::Other(value) => write_value(writer, &value, depth + 1)?,
    }
    Ok(())
}

/// The text as it comes back from the JSON in between, which the original reads as YAML: some control characters are
/// refused there, and U+0085 is a line break that is folded away.
fn through_json(text: Cow<'_, str>) -> Result<Cow<'_, str>, CallError> {
    const NEXT_LINE: char = '\u{85}';
    let special = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if text.bytes().all(|b| b < 0x7f) || !text.contains(special) {
        return Ok(text);
    }
    if text.contains(|c| special(c) && c != NEXT_LINE) {
        return Err("error converting JSON to YAML: yaml: control characters are not allowed".into());
    }
    // One break is a space, each further one a line feed; the spaces around go. JSON writes tabs as escapes.
    let lines: Vec<&str> = text.split(NEXT_LINE).collect();
    let (mut out, mut breaks) = (String::new(), 0);
    for (i, line) in lines.iter().enumerate() {
        let (first, last) = (i == 0, i + 1 == lines.len());
        let line = if first { line } else { line.trim_start_matches(' ') };
        let line = if last { line } else { line.trim_end_matches(' ') };
        if line.is_empty() && !first && !last {
            breaks += 1;
            continue;
        }
        match (first, breaks) {
            (true, _) => {}
            (false, 0) => out.push(' '),
            (false, n) => out.push_str(&"\n".repeat(n)),
        }
        breaks = 0;
        out.push_str(line);
    }
    Ok(Cow::Owned(out))
}

fn write_members(writer: &mut SigsWriter, mut members: Vec<(&str, &Value)>, depth: usize) -> Result<(), CallError> {
    sort_keys(&mut members, |(key, _)| key);
    writer.begin_map();
    for (key, value) in members {
        writer.key(key);
        deeper(|| write_value(writer, value, depth + 1))?;
    }
    writer.end_map();
    Ok(())
}
