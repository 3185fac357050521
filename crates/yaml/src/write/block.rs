//! The bytes of sigs.k8s.io/yaml `Marshal`: JSON printed by go-yaml v2.

use serde_json::Value;

use super::analysis::analyze;
use super::out::Out;
use crate::build::{BuildOptions, build};
use crate::error::Error;
use crate::json::JsonBuilder;
use crate::key_order::sort_keys;
use crate::number::{Number, format_g, format_json, parse};
use crate::resolve::is_plain_text_v2;

/// Writes block YAML as sigs.k8s.io/yaml `Marshal` does (KB-OUT-01…03): two spaces, sequences not indented below their
/// key, text folded at blanks past column 80, quotes where YAML 1.1 would read something else.
///
/// The caller walks its own values: `begin_map`, then `key` and one value each, `end_map`; `begin_seq`, values,
/// `end_seq`. Keys come in the caller's order: sort them with [`sort_keys`] first.
#[derive(Debug)]
pub struct SigsWriter {
    out: Out,
    stack: Vec<Frame>,
    /// A container whose first entry has not come yet: without one it is written `{}` or `[]`.
    pending: Option<Container>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Map,
    Seq,
}

#[derive(Debug)]
struct Frame {
    container: Container,
    outer_indent: isize,
}

/// The longest key that stands before its colon on one line; longer ones take the form `? key`.
const SIMPLE_KEY: usize = 128;

impl SigsWriter {
    /// A writer that appends to `buf`, whose last line must be complete.
    pub fn new(buf: String) -> Self {
        Self { out: Out::new(buf, false, 2, 80), stack: Vec::new(), pending: None }
    }

    /// A writer with the bytes of go-yaml v3 instead: sequences indented below their key, nothing folded, floats as they
    /// are (`1e+06`). Helm's `toYamlPretty` is this with an indent of 2. Sort keys with [`crate::sort_keys_v3`].
    pub fn pretty(buf: String, indent: usize) -> Self {
        Self { out: Out::new(buf, true, indent, usize::MAX), stack: Vec::new(), pending: None }
    }

    /// Ends the document and returns the text.
    pub fn finish(mut self) -> String {
        self.out.write_indent();
        self.out.buf
    }

    /// Starts a mapping.
    pub fn begin_map(&mut self) {
        self.value_starts();
        self.pending = Some(Container::Map);
    }

    /// A key of the current mapping; its value must follow.
    pub fn key(&mut self, key: &str) {
        self.open();
        self.out.write_indent();
        let analysis = analyze(key, self.out.v3);
        if analysis.multiline || key.len() > SIMPLE_KEY {
            self.out.indicator("?", true, false, true);
            self.text(key, is_plain_text_v2(key), false);
            self.out.write_indent();
            self.out.indicator(":", true, false, true);
        } else {
            self.text(key, is_plain_text_v2(key), true);
            self.out.indicator(":", false, false, false);
        }
    }

    /// Ends the current mapping.
    pub fn end_map(&mut self) {
        self.end("{", "}");
    }

    /// Starts a sequence.
    pub fn begin_seq(&mut self) {
        self.value_starts();
        self.pending = Some(Container::Seq);
    }

    /// Ends the current sequence.
    pub fn end_seq(&mut self) {
        self.end("[", "]");
    }

    /// `null`
    pub fn null(&mut self) {
        self.plain("null");
    }

    /// A boolean.
    pub fn bool(&mut self, v: bool) {
        self.plain(if v { "true" } else { "false" });
    }

    /// An integer.
    pub fn int(&mut self, v: i64) {
        self.plain(&v.to_string());
    }

    /// An integer without a sign.
    pub fn uint(&mut self, v: u64) {
        self.plain(&v.to_string());
    }

    /// A float as `Marshal` prints it after its detour through JSON: a whole number that fits 64 bits is an integer.
    /// Infinities and not-a-number, which `Marshal` refuses, are printed `.inf`, `-.inf`, `.nan`.
    pub fn float(&mut self, v: f64) {
        if !self.out.v3 && v.fract() == 0.0 && v.abs() < 1e21 {
            // the digits are those of the shortest form, filled up with zeros
            match parse(&format_json(v)) {
                Some(Number::Int(v)) => return self.int(v),
                Some(Number::Uint(v)) => return self.uint(v),
                _ => {}
            }
        }
        self.float_as_is(v);
    }

    /// A float as go-yaml v2 prints one that it has read itself: `1e+06` stays a float.
    pub fn float_as_is(&mut self, v: f64) {
        match format_g(v).as_str() {
            "+Inf" => self.plain(".inf"),
            "-Inf" => self.plain("-.inf"),
            "NaN" => self.plain(".nan"),
            text => self.plain(text),
        }
    }

    /// A text, in the style that keeps it a text. On the detour through JSON, `Marshal` reads U+0085 as the end of a line
    /// and folds it.
    pub fn string(&mut self, text: &str) {
        if !self.out.v3 && text.contains(NEXT_LINE) {
            return self.string_as_is(&fold_next_lines(text));
        }
        self.string_as_is(text);
    }

    /// A text as go-yaml prints one that it has read itself.
    pub fn string_as_is(&mut self, text: &str) {
        self.value_starts();
        self.text(text, is_plain_text_v2(text), false);
    }

    fn plain(&mut self, text: &str) {
        self.value_starts();
        self.out.plain(text, true);
    }

    /// What stands before a value: the opening of its container, the dash of a list item.
    fn value_starts(&mut self) {
        self.open();
        if let Some(Frame { container: Container::Seq, .. }) = self.stack.last() {
            self.out.write_indent();
            self.out.indicator("-", true, false, true);
        }
    }

    /// Opens the pending container, since it is not empty.
    fn open(&mut self) {
        let Some(container) = self.pending.take() else { return };
        let outer_indent = self.out.indent;
        let under_key = matches!(self.stack.last(), Some(Frame { container: Container::Map, .. }));
        let indentless = container == Container::Seq && under_key && !self.out.indention && !self.out.v3;
        if outer_indent < 0 {
            self.out.indent = 0;
        } else if !indentless {
            self.deeper();
        }
        self.stack.push(Frame { container, outer_indent });
    }

    /// One level more: the newer library goes to the next multiple, except behind a dash.
    fn deeper(&mut self) {
        let step = isize::try_from(self.out.best_indent).unwrap_or(2);
        let in_item = matches!(self.stack.last(), Some(Frame { container: Container::Seq, .. }));
        if self.out.v3 && !in_item {
            self.out.indent = step * ((self.out.indent + step) / step);
        } else {
            self.out.indent += 2;
        }
    }

    fn end(&mut self, empty_open: &str, empty_close: &str) {
        if self.pending.take().is_some() {
            self.out.indicator(empty_open, true, true, false);
            self.out.indicator(empty_close, false, false, false);
        } else if let Some(frame) = self.stack.pop() {
            self.out.indent = frame.outer_indent;
        }
    }

    fn text(&mut self, text: &str, plain_is_text: bool, simple_key: bool) {
        let analysis = analyze(text, self.out.v3);
        let outer_indent = self.out.indent;
        if outer_indent < 0 {
            self.out.indent = isize::try_from(self.out.best_indent).unwrap_or(2);
        } else {
            self.deeper();
        }
        let breaks = !simple_key;
        if text.contains('\n') {
            if analysis.block && !simple_key {
                self.out.literal(text, Out::put_break);
            } else {
                self.out.double_quoted(text, breaks);
            }
        } else if !plain_is_text || (simple_key && analysis.multiline) {
            self.out.double_quoted(text, breaks);
        } else if analysis.block_plain && !(text.is_empty() && simple_key) {
            self.out.plain(text, breaks);
        } else if analysis.single_quoted {
            self.out.single_quoted(text, breaks);
        } else {
            self.out.double_quoted(text, breaks);
        }
        self.out.indent = outer_indent;
    }
}

const NEXT_LINE: char = '\u{85}';

/// A single U+0085 becomes a blank, several become one line break less; the blanks around them go.
fn fold_next_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut breaks = 0;
    for (i, line) in text.split(NEXT_LINE).enumerate() {
        let inner = if i > 0 { line.trim_start_matches(' ') } else { line };
        if i > 0 {
            breaks += 1;
            out.truncate(out.trim_end_matches(' ').len());
            if inner.is_empty() && text.matches(NEXT_LINE).count() > i {
                continue;
            }
            if breaks == 1 {
                out.push(' ');
            }
            out.extend(std::iter::repeat_n('\n', breaks - 1));
            breaks = 0;
        }
        out.push_str(inner);
    }
    out
}

/// Writes a value as `Marshal` does, keys sorted.
pub fn value_to_yaml(value: &Value) -> String {
    let mut writer = SigsWriter::new(String::new());
    write_value(&mut writer, value, SigsWriter::float, SigsWriter::string);
    writer.finish()
}

/// Reads JSON as YAML and writes it, as sigs.k8s.io/yaml `JSONToYAML` does.
pub fn json_to_yaml(json: &str) -> Result<String, Error> {
    let value = build(json, &mut JsonBuilder, BuildOptions::default())?;
    let mut writer = SigsWriter::new(String::with_capacity(json.len()));
    write_value(&mut writer, &value, SigsWriter::float_as_is, SigsWriter::string_as_is);
    Ok(writer.finish())
}

fn write_value(writer: &mut SigsWriter, value: &Value, float: fn(&mut SigsWriter, f64), string: fn(&mut SigsWriter, &str)) {
    match value {
        Value::Null => writer.null(),
        Value::Bool(v) => writer.bool(*v),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(v), _) => writer.int(v),
            (None, Some(v)) => writer.uint(v),
            (None, None) => float(writer, n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(s) => string(writer, s),
        Value::Array(items) => {
            writer.begin_seq();
            for item in items {
                write_value(writer, item, float, string);
            }
            writer.end_seq();
        }
        Value::Object(map) => {
            let mut pairs: Vec<(&str, &Value)> = map.iter().map(|(k, v)| (k.as_str(), v)).collect();
            sort_keys(&mut pairs, |(k, _)| k);
            writer.begin_map();
            for (key, value) in pairs {
                writer.key(key);
                write_value(writer, value, float, string);
            }
            writer.end_map();
        }
    }
}
