//! Writing TOML: direct keys of a table first, then its tables, each sorted; nested tables indented by two.

use crate::error::CallError;
use crate::functions::dates::toml_text;
use crate::functions::deeper;
use crate::functions::json::{Data, data};
use crate::strconv;
use crate::value::{MAX_DEPTH, Value};

/// The TOML of a value. What is no table is written as a bare value, as the original does.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, CallError> {
    let mut writer = Writer { out: Vec::new(), depth: 0 };
    match form(value)? {
        Form::Table => writer.table_body(&mut Vec::new(), value)?,
        Form::Tables => return Err("toml: top-level values must be Go maps or structs".into()),
        Form::Nothing if value.is_nil() => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Form::Nothing => {}
        Form::Plain => writer.element(value)?,
    }
    Ok(writer.out)
}

fn too_deep() -> CallError {
    CallError::new(format!("toml: the value is nested more than {MAX_DEPTH} deep"))
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nil: not at all.
    Nothing,
    /// Behind `key =`.
    Plain,
    /// Below `[key]`.
    Table,
    /// Below several `[[key]]`.
    Tables,
}

/// A value as TOML sees it; numbers that are not finite are allowed.
fn shape(value: &Value) -> Result<Data<'_>, CallError> {
    match value {
        Value::Float(f) => Ok(Data::Float(*f)),
        Value::List(list) => Ok(Data::List(list.items())),
        Value::Complex(..) => Err("unsupported type for key '': complex128".into()),
        other => data(other),
    }
}

fn form(value: &Value) -> Result<Form, CallError> {
    form_at(value, 0)
}

fn form_at(value: &Value, depth: usize) -> Result<Form, CallError> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    Ok(match shape(value)? {
        Data::Null => Form::Nothing,
        Data::Map(_) | Data::Struct(_) => Form::Table,
        Data::List(items) => {
            let mut all_tables = !items.is_empty();
            for item in items {
                match deeper(|| form_at(item, depth + 1))? {
                    Form::Nothing => return Err("toml: cannot encode array with nil element".into()),
                    Form::Table => {}
                    _ => all_tables = false,
                }
            }
            if all_tables { Form::Tables } else { Form::Plain }
        }
        _ => Form::Plain,
    })
}

/// The members of a map or struct: names as bytes.
fn members(value: &Value) -> Result<Vec<(Vec<u8>, Value)>, CallError> {
    Ok(match shape(value)? {
        Data::Map(map) => map.entries().into_iter().map(|(key, value)| (key.as_bytes().to_vec(), value)).collect(),
        Data::Struct(fields) => fields.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value)).collect(),
        _ => Vec::new(),
    })
}

struct Writer {
    out: Vec<u8>,
    depth: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A line break, except at the very start.
    fn line_break(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn enter(&mut self) -> Result<(), CallError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep());
        }
        Ok(())
    }

    /// The members of the table under `path`: plain ones first.
    fn table_body(&mut self, path: &mut Vec<Vec<u8>>, table: &Value) -> Result<(), CallError> {
        self.enter()?;
        let members = members(table)?;
        for (key, value) in &members {
            if form(value)? == Form::Plain {
                self.indent(path.len());
                self.key(key);
                self.text(" = ");
                self.element(value)?;
                self.line_break();
            }
        }
        for (key, value) in members {
            path.push(key);
            match form(&value)? {
                Form::Table => deeper(|| self.table(path, &value))?,
                Form::Tables => deeper(|| self.tables(path, &value))?,
                _ => {}
            }
            path.pop();
        }
        self.depth -= 1;
        Ok(())
    }

    fn table(&mut self, path: &mut Vec<Vec<u8>>, table: &Value) -> Result<(), CallError> {
        if path.len() == 1 {
            self.line_break();
        }
        self.header(path, "[", "]");
        self.table_body(path, table)
    }

    fn tables(&mut self, path: &mut Vec<Vec<u8>>, tables: &Value) -> Result<(), CallError> {
        for table in tables.items().unwrap_or_default().iter() {
            self.line_break();
            self.header(path, "[[", "]]");
            self.table_body(path, table)?;
        }
        Ok(())
    }

    fn header(&mut self, path: &[Vec<u8>], open: &str, close: &str) {
        self.indent(path.len() - 1);
        self.text(open);
        for (i, key) in path.iter().enumerate() {
            if i > 0 {
                self.text(".");
            }
            self.key(key);
        }
        self.text(close);
        self.line_break();
    }

    fn indent(&mut self, levels: usize) {
        self.out.resize(self.out.len() + 2 * levels, b' ');
    }

    /// A key, quoted if it is not made of letters, digits, `_` and `-`.
    fn key(&mut self, key: &[u8]) {
        if !key.is_empty() && key.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            self.out.extend_from_slice(key);
        } else {
            self.quoted(key);
        }
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for byte in text {
            match byte {
                b'"' | b'\\' => self.out.extend([b'\\', *byte]),
                0x08 => self.text("\\b"),
                b'\t' => self.text("\\t"),
                b'\n' => self.text("\\n"),
                0x0c => self.text("\\f"),
                b'\r' => self.text("\\r"),
                0..=0x1f | 0x7f => self.text(&format!("\\u{byte:04x}")),
                _ => self.out.push(*byte),
            }
        }
        self.out.push(b'"');
    }

    /// A value behind `=` or in an array; tables are written inline.
    fn element(&mut self, value: &Value) -> Result<(), CallError> {
        self.enter()?;
        match shape(value)? {
            Data::Null => {}
            Data::Bool(b) => self.text(if b { "true" } else { "false" }),
            Data::Int(i) => self.text(&i.to_string()),
            Data::Uint(u) => self.text(&u.to_string()),
            Data::Float(f) => self.text(&float(f)),
            Data::String(s) => self.quoted(s.as_bytes()),
            Data::Bytes(bytes) => {
                let numbers: Vec<String> = bytes.as_bytes().iter().map(u8::to_string).collect();
                self.text(&format!("[{}]", numbers.join(", ")));
            }
            Data::List(items) => {
                self.text("[");
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    deeper(|| self.element(item))?;
                }
                self.text("]");
            }
            Data::Map(_) | Data::Struct(_) => self.inline_table(value)?,
            // Times stand without quotes.
            Data::Other(other) => match toml_text(value) {
                Some(time) => self.out.extend(time),
                None => self.element(&other)?,
            },
        }
        self.depth -= 1;
        Ok(())
    }

    fn inline_table(&mut self, table: &Value) -> Result<(), CallError> {
        let mut members =
            members(table)?.into_iter().map(|(key, value)| Ok((form(&value)?, key, value))).collect::<Result<Vec<_>, CallError>>()?;
        members.sort_by_key(|(form, ..)| !matches!(form, Form::Plain | Form::Nothing));
        self.text("{");
        for (i, (form, key, value)) in members.iter().enumerate() {
            if *form == Form::Nothing {
                continue;
            }
            self.key(key);
            self.text(" = ");
            deeper(|| self.element(value))?;
            // the original separates before it sees that nulls are all that follows
            if i + 1 < members.len() {
                self.text(", ");
            }
        }
        self.text("}");
        Ok(())
    }
}

/// A float always shows that it is one.
fn float(f: f64) -> String {
    match f {
        f if f.is_nan() => "nan".to_owned(),
        f if f.is_infinite() => if f > 0.0 { "inf" } else { "-inf" }.to_owned(),
        f => {
            let text = strconv::format_float(f, 'g', None);
            if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
        }
    }
}
