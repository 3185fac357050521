//! Go's `fmt`: `print`, `println`, `printf` and the form in which actions print values (HE-TPL-08, HE-TPL-12).

use crate::strconv;
use crate::value::{Kind, MAX_DEPTH, Type, Value};

mod number;
mod verbs;

pub(crate) use verbs::sprintf;

/// Appends what `{{ value }}` prints.
pub(crate) fn print_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(s) => out.extend_from_slice(s.as_bytes()),
        Value::Nil => out.extend_from_slice(b"<nil>"),
        other => Printer::new(out).argument(Some(other), 'v'),
    }
}

/// Appends what `{{ value }}` prints for an object: a pointer shows what it points to.
pub(crate) fn print_pointed(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Object(object) if object.go_type().kind() == Kind::Pointer => Printer::new(out).structure(object.as_ref(), 'v', 0),
        other => print_value(out, other),
    }
}

/// What `fmt.Sprint` gives for one value (`%v`).
pub(crate) fn sprint(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    print_value(&mut out, value);
    out
}

/// What `fmt.Sprint` gives: a space only between two values that are both not strings.
pub(crate) fn sprint_all(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut previous_string = false;
    for (index, value) in values.iter().enumerate() {
        let string = value.kind() == Kind::String;
        if index > 0 && !string && !previous_string {
            out.push(b' ');
        }
        print_value(&mut out, value);
        previous_string = string;
    }
    out
}

/// What `fmt.Sprintln` gives.
pub(crate) fn sprintln(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        print_value(&mut out, value);
    }
    out.push(b'\n');
    out
}

/// Flags, width and precision of one verb.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    width: Option<usize>,
    precision: Option<usize>,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%+v`: field names.
    plus_v: bool,
    /// `%#v`: Go syntax.
    sharp_v: bool,
}

/// Prints values into a buffer under the flags of one verb.
struct Printer<'o> {
    out: &'o mut Vec<u8>,
    flags: Flags,
    /// Set while a bad verb is reported, so that the report does not call methods.
    reporting: bool,
}

impl<'o> Printer<'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, flags: Flags::default(), reporting: false }
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn padding(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.resize(self.out.len() + count, byte);
    }

    /// Appends `bytes`, padded to the width.
    fn pad(&mut self, bytes: &[u8]) {
        let missing = self.flags.width.map_or(0, |w| w.saturating_sub(strconv::rune_count(bytes)));
        if self.flags.minus {
            self.out.extend_from_slice(bytes);
            self.padding(missing);
        } else {
            self.padding(missing);
            self.out.extend_from_slice(bytes);
        }
    }

    /// Like [`Self::pad`], with spaces whatever the zero flag says.
    fn pad_spaces(&mut self, bytes: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(bytes);
        self.flags.zero = zero;
    }

    /// Prints one operand; `None` is nil.
    fn argument(&mut self, value: Option<&Value>, verb: char) {
        let Some(value) = value.filter(|v| !v.is_nil()) else {
            match verb {
                'T' | 'v' => self.pad(b"<nil>"),
                _ => self.bad_verb(verb, None),
            }
            return;
        };
        match verb {
            'T' => self.string(value.type_name().as_bytes(), 's'),
            'p' => self.pointer(value, verb),
            _ => {
                if !self.methods(value, verb) {
                    self.value(value, verb, 0);
                }
            }
        }
    }

    /// Prints with the value's own `String()` or `Error()`, if it has one and the verb asks for text.
    fn methods(&mut self, value: &Value, verb: char) -> bool {
        let Value::Object(object) = value else { return false };
        if self.reporting || self.flags.sharp_v || !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return false;
        }
        match object.stringer() {
            Some(text) => {
                self.string(text.as_bytes(), verb);
                true
            }
            None => false,
        }
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > MAX_DEPTH {
            // Go would exhaust its stack on a value that holds itself.
            self.text("...");
            return;
        }
        if depth > 0 && self.methods(value, verb) {
            return;
        }
        match value {
            Value::Nil => self.nil_inside(),
            Value::Bool(b) => match verb {
                't' | 'v' => self.pad(if *b { b"true" } else { b"false" }),
                _ => self.bad_verb(verb, Some(value)),
            },
            Value::Int(i) | Value::Int64(i) | Value::Sint(_, i) => self.integer(i.unsigned_abs(), *i < 0, true, verb, value),
            Value::Uint(_, u) => self.integer(*u, false, false, verb, value),
            Value::Float(f) => self.float(*f, verb, value),
            Value::Complex(re, im) => self.complex(*re, *im, verb, value),
            Value::String(s) => {
                if !self.try_string(s.as_bytes(), verb) {
                    self.bad_verb(verb, Some(value));
                }
            }
            Value::Bytes(bytes) => self.bytes(bytes.as_bytes(), verb, depth, value),
            Value::List(list) => self.list(list, verb, depth),
            Value::Map(map) => self.map(map, verb, depth),
            Value::Object(object) => self.object(value, object.as_ref(), verb, depth),
        }
    }

    /// A nil inside a container.
    fn nil_inside(&mut self) {
        self.text(if self.flags.sharp_v { "interface {}(nil)" } else { "<nil>" });
    }

    fn separator(&mut self, index: usize) {
        if index > 0 {
            self.text(if self.flags.sharp_v { ", " } else { " " });
        }
    }

    fn list(&mut self, list: &crate::value::List, verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.text(&list.go_type().to_string());
            if list.is_nil() {
                self.text("(nil)");
                return;
            }
        }
        self.text(if self.flags.sharp_v { "{" } else { "[" });
        for (index, item) in list.items().iter().enumerate() {
            self.separator(index);
            self.value(item, verb, depth + 1);
        }
        self.text(if self.flags.sharp_v { "}" } else { "]" });
    }

    fn map(&mut self, map: &crate::value::Map, verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.text(&map.go_type().to_string());
            if map.is_nil() {
                self.text("(nil)");
                return;
            }
        }
        self.text(if self.flags.sharp_v { "{" } else { "map[" });
        for (index, (key, item)) in map.entries().into_iter().enumerate() {
            self.separator(index);
            self.value(&Value::String(key), verb, depth + 1);
            self.text(":");
            self.value(&item, verb, depth + 1);
        }
        self.text(if self.flags.sharp_v { "}" } else { "]" });
    }

    fn object(&mut self, value: &Value, object: &dyn crate::value::Object, verb: char, depth: usize) {
        if let Some(plain) = object.underlying() {
            return self.value(plain, verb, depth);
        }
        let go_type = object.go_type();
        if go_type.kind() == Kind::Pointer {
            if depth > 0 {
                return self.pointer(value, verb);
            }
            self.text("&");
        }
        self.structure(object, verb, depth);
    }

    fn structure(&mut self, object: &dyn crate::value::Object, verb: char, depth: usize) {
        if self.flags.sharp_v {
            if let Some(text) = object.go_string() {
                return self.text(&text);
            }
            self.text(object.go_type().to_string().trim_start_matches('*'));
        }
        self.text("{");
        for (index, (name, field)) in object.printed_fields().into_iter().enumerate() {
            self.separator(index);
            if self.flags.plus_v || self.flags.sharp_v {
                self.text(name);
                self.text(":");
            }
            self.value(&field, verb, depth + 1);
        }
        self.text("}");
    }

    fn bytes(&mut self, bytes: &[u8], verb: char, depth: usize, value: &Value) {
        match verb {
            'v' | 'd' if self.flags.sharp_v => {
                self.text(if depth == 0 { "[]byte" } else { "[]uint8" });
                self.text("{");
                for (index, byte) in bytes.iter().enumerate() {
                    self.separator(index);
                    self.hex_literal(u64::from(*byte));
                }
                self.text("}");
            }
            's' | 'x' | 'X' | 'q' => {
                self.try_string(bytes, verb);
            }
            _ => {
                let items = value.items().unwrap_or_default();
                self.text("[");
                for (index, item) in items.iter().enumerate() {
                    self.separator(index);
                    self.value(item, verb, depth + 1);
                }
                self.text("]");
            }
        }
    }

    fn string(&mut self, text: &[u8], verb: char) {
        if !self.try_string(text, verb) {
            self.bad_verb(verb, Some(&Value::String(text.into())));
        }
    }

    /// Prints a text under a verb for texts; `false` for any other verb.
    fn try_string(&mut self, text: &[u8], verb: char) -> bool {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => {
                let cut = self.truncate(text);
                self.pad(cut);
            }
            'x' => self.hex_text(text, false),
            'X' => self.hex_text(text, true),
            'q' => self.quoted(text),
            _ => return false,
        }
        true
    }

    /// The text cut to the precision in characters.
    fn truncate<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(precision) = self.flags.precision else { return text };
        let mut end = 0;
        for _ in 0..precision {
            let rest = text.get(end..).unwrap_or(&[]);
            if rest.is_empty() {
                break;
            }
            end += strconv::decode_rune(rest).1;
        }
        text.get(..end).unwrap_or(text)
    }

    fn quoted(&mut self, text: &[u8]) {
        let text = self.truncate(text);
        if self.flags.sharp && strconv::can_backquote(text) {
            let raw = [b"`", text, b"`"].concat();
            return self.pad(&raw);
        }
        let quoted = if self.flags.plus { strconv::quote_to_ascii(text) } else { strconv::quote(text) };
        self.pad(quoted.as_bytes());
    }

    fn hex_text(&mut self, text: &[u8], upper: bool) {
        let text = text.get(..self.flags.precision.unwrap_or(text.len()).min(text.len())).unwrap_or(text);
        let prefix = if upper { "0X" } else { "0x" };
        let mut hex = String::new();
        for (index, byte) in text.iter().enumerate() {
            if index > 0 && self.flags.space {
                hex.push(' ');
            }
            if self.flags.sharp && (index == 0 || self.flags.space) {
                hex.push_str(prefix);
            }
            hex.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
        }
        self.pad(hex.as_bytes());
    }

    /// `%p`, and what pointers print inside other values. Addresses are not real: nothing may depend on them.
    fn pointer(&mut self, value: &Value, verb: char) {
        if !matches!(value.kind(), Kind::Map | Kind::Slice | Kind::Pointer) {
            return self.bad_verb(verb, Some(value));
        }
        let address = 0x00c0_0000_0000_u64;
        match verb {
            'v' | 'p' => {
                let sharp = self.flags.sharp;
                self.flags.sharp = !sharp;
                self.integer(address, false, false, 'x', value);
                self.flags.sharp = sharp;
            }
            'b' | 'o' | 'd' | 'x' | 'X' => self.integer(address, false, false, verb, value),
            _ => self.bad_verb(verb, Some(value)),
        }
    }

    /// `%!verb(type=value)`.
    fn bad_verb(&mut self, verb: char, value: Option<&Value>) {
        self.reporting = true;
        self.text("%!");
        self.text(verb.encode_utf8(&mut [0; 4]));
        self.text("(");
        match value {
            Some(value) => {
                let name = value.type_of().unwrap_or(Type::Any).to_string();
                self.text(&name);
                self.text("=");
                self.value(value, 'v', 0);
            }
            None => self.text("<nil>"),
        }
        self.text(")");
        self.reporting = false;
    }
}
