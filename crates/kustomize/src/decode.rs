//! Reading typed records out of YAML trees the way Go's JSON decoder does: field names match without regard to case,
//! null leaves the default, a number is no string (KB-FILE-02).

use std::collections::BTreeMap;

use ferroflux_yaml::{Kind, Node, Scalar, Tag};

use crate::error::{Error, ErrorKind, Result, nearest};

/// Where a record stands in its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl At {
    pub(crate) fn of(node: &Node) -> Self {
        Self { line: node.line(), column: node.column() }
    }
}

/// What to do with a field that the record does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// An error.
    Refuse,
    /// Nothing.
    Ignore,
    /// Nothing at the top of the document, an error below it (KC-GEN-02).
    IgnoreAtTop,
}

/// The place in the document and the rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    unknown: Unknown,
    spells: bool,
    parent: Option<&'a Context<'a>>,
    part: Part<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

impl<'a> Context<'a> {
    pub(crate) fn new(unknown: Unknown) -> Self {
        Self { unknown, spells: false, parent: None, part: Part::Root }
    }

    /// As the original reads plug-in configurations: where text is wanted, numbers and booleans are spelled out.
    pub(crate) fn spelling(unknown: Unknown) -> Self {
        Self { spells: true, ..Self::new(unknown) }
    }

    pub(crate) fn field(&'a self, name: &'a str) -> Context<'a> {
        Context { unknown: self.unknown, spells: self.spells, parent: Some(self), part: Part::Field(name) }
    }

    fn item(&'a self, at: usize) -> Context<'a> {
        Context { unknown: self.unknown, spells: self.spells, parent: Some(self), part: Part::Item(at) }
    }

    fn path(&self) -> String {
        let mut path = self.parent.map(Context::path).unwrap_or_default();
        match self.part {
            Part::Root => {}
            Part::Field(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Part::Item(at) => path.push_str(&format!("[{at}]")),
        }
        path
    }

    fn error(&self, node: &Node, cause: String) -> Error {
        let error = Error::new(ErrorKind::KustomizationInvalid, cause).at(node.line(), node.column());
        let path = self.path();
        if path.is_empty() { error } else { error.in_field(path) }
    }

    pub(crate) fn unknown_field(&self, key: &Node, name: &str, known: &[&str]) -> Result<()> {
        let ignore = match self.unknown {
            Unknown::Refuse => false,
            Unknown::Ignore => true,
            Unknown::IgnoreAtTop => self.parent.is_none(),
        };
        if ignore {
            return Ok(());
        }
        let error = self.error(key, format!("unknown field {name:?}"));
        Err(match nearest(name, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None => error,
        })
    }
}

/// A type that can be read out of a node that is not null.
pub(crate) trait Decode: Sized + Default {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self>;
}

/// A record: a mapping with known fields.
pub(crate) trait Record: Sized + Default {
    const FIELDS: &'static [&'static str];

    /// Sets one field; `false` if there is none of this name.
    fn set(&mut self, name: &str, node: &Node, cx: &Context<'_>) -> Result<bool>;

    /// Remembers where the record stands.
    fn place(&mut self, _at: At) {}
}

impl<T: Record> Decode for T {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self> {
        let Some(pairs) = node.pairs() else { return Err(cx.error(node, format!("expected a mapping, found {}", what(node)))) };
        let mut record = T::default();
        record.place(At::of(node));
        // the original goes through sorted JSON: of two spellings of one field the later in byte order wins
        let mut keyed: Vec<(String, &Node, &Node)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            keyed.push((key_text(key, cx)?, key, value));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, key, value) in &keyed {
            if !record.set(name, value, cx)? {
                cx.unknown_field(key, name, T::FIELDS)?;
            }
        }
        Ok(record)
    }
}

/// The key as JSON has it: typed by YAML 1.1 and spelled again, so `n` is `false`.
fn key_text(key: &Node, cx: &Context<'_>) -> Result<String> {
    match key.scalar() {
        Some(Ok(Scalar::Str(text))) => Ok(text.into_owned()),
        Some(Ok(Scalar::Bool(v))) => Ok(v.to_string()),
        Some(Ok(Scalar::Int(v))) => Ok(v.to_string()),
        Some(Ok(Scalar::Uint(v))) => Ok(v.to_string()),
        Some(Ok(Scalar::Null)) => Ok("null".to_owned()),
        Some(Ok(Scalar::Float(_) | Scalar::Timestamp(_))) => Ok(key.text().unwrap_or_default().to_owned()),
        Some(Err(why)) => Err(cx.error(key, why)),
        None => Err(cx.error(key, format!("a key must be text, found {}", what(key)))),
    }
}

/// Reads a field that may be null.
pub(crate) fn nullable<T: Decode>(node: &Node, cx: &Context<'_>) -> Result<T> {
    if node.is_null() { Ok(T::default()) } else { T::decode(node, cx) }
}

/// What a node is, for messages.
pub(crate) fn what(node: &Node) -> String {
    let text = node.text().unwrap_or_default();
    match (node.kind(), node.tag()) {
        (Kind::Mapping(_), _) => "a mapping".to_owned(),
        (Kind::Sequence(_), _) => "a list".to_owned(),
        (_, Tag::Null) => "null".to_owned(),
        (_, Tag::Bool) => format!("the boolean {text}"),
        (_, Tag::Int | Tag::Float) => format!("the number {text}"),
        _ => format!("the text {:?}", text.chars().take(60).collect::<String>()),
    }
}

impl Decode for String {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self> {
        match node.scalar() {
            Some(Ok(Scalar::Str(text))) => Ok(text.into_owned()),
            Some(Ok(Scalar::Timestamp(_))) => Ok(node.text().unwrap_or_default().to_owned()),
            Some(Err(why)) => Err(cx.error(node, why)),
            Some(Ok(Scalar::Bool(v))) if cx.spells => Ok(v.to_string()),
            Some(Ok(Scalar::Int(v))) if cx.spells => Ok(v.to_string()),
            Some(Ok(Scalar::Uint(v))) if cx.spells => Ok(v.to_string()),
            Some(Ok(Scalar::Float(v))) if cx.spells => Ok(ferroflux_yaml::number::format_g(v)),
            _ => {
                let error = cx.error(node, format!("expected text, found {}", what(node)));
                Err(if node.is_scalar() { error.hint(format!("put it in quotes: \"{}\"", node.text().unwrap_or_default())) } else { error })
            }
        }
    }
}

impl Decode for bool {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self> {
        node.as_bool().ok_or_else(|| cx.error(node, format!("expected true or false, found {}", what(node))))
    }
}

impl Decode for i64 {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self> {
        match node.scalar() {
            Some(Ok(Scalar::Int(v))) => Ok(v),
            Some(Ok(Scalar::Float(v))) if v.fract() == 0.0 && v.abs() < 9e15 => Ok(v as i64),
            _ => Err(cx.error(node, format!("expected a whole number, found {}", what(node)))),
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self> {
        T::decode(node, cx).map(Some)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self> {
        let Some(items) = node.items() else { return Err(cx.error(node, format!("expected a list, found {}", what(node)))) };
        items.iter().enumerate().map(|(at, item)| nullable(item, &cx.item(at))).collect()
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(node: &Node, cx: &Context<'_>) -> Result<Self> {
        let Some(pairs) = node.pairs() else { return Err(cx.error(node, format!("expected a mapping, found {}", what(node)))) };
        let mut map = BTreeMap::new();
        for (key, value) in pairs {
            let name = key_text(key, cx)?;
            let value = nullable(value, &cx.field(&name))?;
            map.insert(name, value);
        }
        Ok(map)
    }
}

/// Anything: read and not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Anything;

impl Decode for Anything {
    fn decode(_: &Node, _: &Context<'_>) -> Result<Self> {
        Ok(Self)
    }
}

/// Declares a record: `name: Type = "jsonName"` for fields, `#inline name: Type` for embedded records.
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$inline:ident])? $field:ident : $type:ty $(= $json:literal)?),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default)]
        $vis struct $name {
            pub(crate) at: $crate::decode::At,
            $(pub(crate) $field: $type,)*
        }

        impl $crate::decode::Record for $name {
            const FIELDS: &'static [&'static str] = &[$($($json,)?)*];

            fn set(&mut self, name: &str, node: &ferroflux_yaml::Node, cx: &$crate::decode::Context<'_>) -> $crate::error::Result<bool> {
                $($(
                    if name.eq_ignore_ascii_case($json) {
                        self.$field = $crate::decode::nullable(node, &cx.field($json))?;
                        return Ok(true);
                    }
                )?)*
                $($crate::decode::record!(@inline $($inline)? self.$field, name, node, cx);)*
                Ok(false)
            }

            fn place(&mut self, at: $crate::decode::At) {
                self.at = at;
            }
        }
    };
    (@inline inline $target:expr, $name:ident, $node:ident, $cx:ident) => {
        if $crate::decode::Record::set(&mut $target, $name, $node, $cx)? {
            return Ok(true);
        }
    };
    (@inline $target:expr, $name:ident, $node:ident, $cx:ident) => {};
}
pub(crate) use record;
