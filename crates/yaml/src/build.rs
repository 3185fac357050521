//! Reading straight into somebody's own value type.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::error::{Error, ErrorKind};
use crate::json::JsonBuilder;
use crate::limits::{Budget, Exceeded, Limits};
use crate::node::Style;
use crate::number::format_g32;
use crate::resolve::{Dialect, Resolved, Scalar, resolve, typed};
use crate::source::{Event, Events, Place, decode_str, first_document, refuse_faults};

mod common;
mod go_syntax;

/// Makes the values of a caller's own type while a document is read, so that no tree stands in between.
///
/// `Value: Clone` because an alias is a second copy. Map keys arrive as text; the conversions of sigs.k8s.io/yaml (`1`,
/// `true`, `1.5` as keys) have been made.
pub trait Builder {
    /// A value.
    type Value: Clone;
    /// A mapping under construction.
    type Map;
    /// A sequence under construction.
    type Seq;

    /// A scalar. Dates are [`Scalar::Timestamp`] only under [`Dialect::GoYamlV3`]; floats may be infinite or not a number,
    /// which is an error for values that JSON must hold: the text of the error follows the place.
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<Self::Value, String>;
    /// An empty mapping.
    fn map(&mut self) -> Self::Map;
    /// Puts a pair; of equal keys the last one wins.
    fn insert(&mut self, map: &mut Self::Map, key: Cow<'_, str>, value: Self::Value);
    /// Whether the key is there (asked only in strict reading and for merge keys under [`Dialect::GoYamlV3`]).
    fn contains(&self, map: &Self::Map, key: &str) -> bool;
    /// Puts all pairs of `from` if it is a mapping and `true`, else `false`. With `keep` existing keys stay.
    fn merge(&mut self, map: &mut Self::Map, from: &Self::Value, keep: bool) -> bool;
    /// The keys of a mapping value, for strict reading: a merged key that is there already is a duplicate. `None` if the
    /// value is no mapping or cannot tell; then merged keys are not checked.
    fn keys(&self, _value: &Self::Value) -> Option<Vec<String>> {
        None
    }
    /// The items of a sequence value, in order (for a list of merges).
    fn items<'v>(&self, value: &'v Self::Value) -> Option<&'v [Self::Value]>;
    /// The finished mapping.
    fn finish_map(&mut self, map: Self::Map) -> Self::Value;
    /// An empty sequence.
    fn seq(&mut self) -> Self::Seq;
    /// Appends.
    fn push(&mut self, seq: &mut Self::Seq, value: Self::Value);
    /// The finished sequence.
    fn finish_seq(&mut self, seq: Self::Seq) -> Self::Value;
}

/// How to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildOptions {
    /// The typing of scalars.
    pub dialect: Dialect,
    /// Whether a key that stands twice is an error.
    pub strict: bool,
    /// Bounds for hostile input.
    pub limits: Limits,
}

impl Default for BuildOptions {
    /// sigs.k8s.io/yaml, not strict.
    fn default() -> Self {
        Self { dialect: Dialect::SigsYaml, strict: false, limits: Limits::default() }
    }
}

/// Builds the value of the first document; an empty text is null. What follows the first document is not looked at.
pub fn build<B: Builder>(text: &str, builder: &mut B, options: BuildOptions) -> Result<B::Value, Error> {
    let text = decode_str(text, &options.limits)?;
    match common::build_common(text, builder, &options) {
        Some(value) => Ok(value),
        None => build_parsed(text, builder, options),
    }
}

/// As [`build`], by the parser whatever form the text has.
fn build_parsed<B: Builder>(text: &str, builder: &mut B, options: BuildOptions) -> Result<B::Value, Error> {
    match build_first(text, builder, options) {
        // for the original the document ends where its node does
        Err(e) if e.is_ours_alone() => match first_document(text) {
            Some(first) => build_first(first, builder, options),
            None => Err(e),
        },
        other => other,
    }
}

fn build_first<B: Builder>(text: &str, builder: &mut B, options: BuildOptions) -> Result<B::Value, Error> {
    let mut values = Values::new(text, options)?;
    values.events = values.events.first_document();
    let value = values.next(builder)?;
    if values.events.are_doubtful() {
        refuse_faults(text)?;
    }
    match value {
        Some(value) => Ok(value),
        None => builder.scalar(Scalar::Null).map_err(|m| Error::nowhere(ErrorKind::Value(m))),
    }
}

/// The values of a text's documents one after another.
pub struct Values<'a> {
    events: Events<'a>,
    options: BuildOptions,
}

impl<'a> Values<'a> {
    /// Starts reading.
    pub fn new(text: &'a str, options: BuildOptions) -> Result<Self, Error> {
        let text = decode_str(text, &options.limits)?;
        Ok(Self { events: Events::new(text, false, options.limits), options })
    }

    /// The next document's value; `None` at the end. A document without content is a null. Do not go on after an error.
    pub fn next<B: Builder>(&mut self, builder: &mut B) -> Result<Option<B::Value>, Error> {
        match build_one(&mut self.events, builder, &self.options) {
            Err(e) if matches!(e.kind(), ErrorKind::Repairable(_)) => {
                let repaired = self.events.repair()?;
                build_one(&mut Events::of_repaired(&repaired, false, self.options.limits), builder, &self.options)
            }
            other => other,
        }
    }
}

fn build_one<B: Builder>(events: &mut Events<'_>, builder: &mut B, options: &BuildOptions) -> Result<Option<B::Value>, Error> {
    if !events.next_document(|_| {})? {
        return Ok(None);
    }
    let budget = Budget::new(&options.limits);
    let mut run = Run { events, options, builder, anchors: HashMap::new(), budget, postponed: None };
    let (event, place) = run.events.next()?;
    let value = match run.value(event, place) {
        // the original parses the whole document before it looks at what the nodes mean
        Err(e) if !matches!(e.kind(), ErrorKind::Value(_) | ErrorKind::MergeWantsMapping) => return Err(e),
        other => other,
    };
    while !matches!(run.events.next()?.0, Event::DocumentEnd) {}
    match (value, run.postponed) {
        (Ok(value), None) => Ok(Some(value)),
        (Err(e), _) | (Ok(_), Some(e)) => Err(e),
    }
}

struct Run<'r, 'a, B: Builder> {
    events: &'r mut Events<'a>,
    options: &'r BuildOptions,
    builder: &'r mut B,
    anchors: HashMap<usize, Anchored<B::Value>>,
    budget: Budget,
    /// What JSON cannot hold: the original makes JSON of the whole document once that is decoded, so that other faults come first.
    postponed: Option<Error>,
}

struct Anchored<V> {
    name: String,
    /// Of a scalar, what it is as a key.
    key: Option<(String, KeyKind)>,
    value: Option<V>,
    nodes: usize,
}

impl<'a, B: Builder> Run<'_, 'a, B> {
    /// Each kind has its own function, so that what is on the stack while a document is walked down stays small.
    fn value(&mut self, event: Event<'a>, place: Place) -> Result<B::Value, Error> {
        self.count(1, false, place)?;
        let before = self.budget.nodes();
        match event {
            Event::Scalar { text, style, anchor, tag } => self.scalar((text, style, tag), anchor, place),
            Event::SequenceStart { anchor, .. } => {
                self.anchored(anchor)?;
                let seq = self.seq()?;
                let value = self.builder.finish_seq(seq);
                self.remember(anchor, &value, before);
                Ok(value)
            }
            Event::MappingStart { anchor, .. } => {
                self.anchored(anchor)?;
                let map = self.pairs()?;
                let value = self.builder.finish_map(map);
                self.remember(anchor, &value, before);
                Ok(value)
            }
            Event::Alias(id) => self.alias(id, place),
            _ => Err(Error::new(place.line, place.column, ErrorKind::Syntax("did not find expected node content".to_owned()))),
        }
    }

    fn scalar(
        &mut self,
        (text, style, tag): (Cow<'a, str>, Style, Option<Box<str>>),
        anchor: usize,
        place: Place,
    ) -> Result<B::Value, Error> {
        let before = self.budget.nodes();
        self.anchored(anchor)?;
        let fail = |m: String| Error::new(place.line, place.column, ErrorKind::Value(m));
        // the newer library takes a lone `!` for no tag, the older one for text
        let tag = tag.filter(|t| **t != *"!" || self.options.dialect == Dialect::SigsYaml);
        let scalar = typed(self.options.dialect, &text, style, tag.as_deref()).map_err(fail)?;
        self.anchored_key(anchor, &scalar);
        let value = match self.builder.scalar(scalar) {
            Ok(value) => value,
            Err(what) => {
                self.postpone(fail(what));
                self.builder.scalar(Scalar::Null).map_err(fail)?
            }
        };
        self.remember(anchor, &value, before);
        Ok(value)
    }

    /// Keeps a fault for the end of the document. Keys are made text before numbers are written.
    fn postpone(&mut self, error: Error) {
        let of_a_key = |e: &Error| e.message().starts_with("unsupported map key");
        if self.postponed.as_ref().is_none_or(|first| of_a_key(&error) && !of_a_key(first)) {
            self.postponed = Some(error);
        }
    }

    fn seq(&mut self) -> Result<B::Seq, Error> {
        let mut seq = self.builder.seq();
        loop {
            let (event, place) = match self.events.next()? {
                (Event::End, _) => return Ok(seq),
                next => next,
            };
            let item = self.value(event, place)?;
            self.builder.push(&mut seq, item);
        }
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<B::Value, Error> {
        let known = self.anchors.get(&id);
        let Some((value, nodes)) = known.and_then(|k| Some((k.value.as_ref()?, k.nodes))) else {
            let name = known.map_or_else(String::new, |k| k.name.clone());
            return Err(Error::new(place.line, place.column, ErrorKind::RecursiveAnchor(name)));
        };
        let value = value.clone();
        self.count(nodes, true, place)?;
        Ok(value)
    }

    /// Keeps a value that has an anchor, for the aliases to come; `before` is the count of nodes when it began.
    fn remember(&mut self, anchor: usize, value: &B::Value, before: usize) {
        if let Some(known) = self.anchors.get_mut(&anchor) {
            known.nodes = self.budget.nodes() - before + 1;
            known.value = Some(value.clone());
        }
    }

    fn pairs(&mut self) -> Result<B::Map, Error> {
        let mut map = self.builder.map();
        let mut seen = HashSet::new();
        let mut late_merges = Vec::new();
        loop {
            let (event, place) = match self.events.next()? {
                (Event::End, _) => break,
                next => next,
            };
            self.events.check_key(&event, place)?;
            match self.key(event, place)? {
                Key::Merge => {
                    let (event, place) = self.events.next()?;
                    let from = self.value(event, place)?;
                    // the older library merges where the key stands, so that pairs before it lose; the newer one last
                    match self.options.dialect {
                        Dialect::SigsYaml => self.merge(&mut map, &from, &mut seen, place)?,
                        Dialect::GoYamlV3 => late_merges.push((from, place)),
                    }
                }
                Key::Null => {}
                Key::Text(key, kind) => {
                    let (event, value_place) = self.events.next()?;
                    let value = self.value(event, value_place)?;
                    self.unique(&mut seen, &key, kind, place)?;
                    self.builder.insert(&mut map, key, value);
                }
            }
        }
        for (from, place) in late_merges {
            self.merge(&mut map, &from, &mut seen, place)?;
        }
        Ok(map)
    }

    /// In strict reading, refuses a key that is there already. `1` and `"1"` differ, although they become one key.
    fn unique(&self, seen: &mut HashSet<(KeyKind, String)>, key: &str, kind: KeyKind, place: Place) -> Result<(), Error> {
        if self.options.strict && !seen.insert((kind, key.to_owned())) {
            return Err(Error::new(place.line, place.column, ErrorKind::Value(format!("key {key:?} already set in map"))));
        }
        Ok(())
    }

    fn key(&mut self, event: Event<'a>, place: Place) -> Result<Key<'a>, Error> {
        let fail = |m: String| Error::new(place.line, place.column, ErrorKind::Value(m));
        let (text, style, anchor, tag) = match event {
            Event::Scalar { text, style, anchor, tag } => (text, style, anchor, tag),
            Event::Alias(id) => {
                let key = self.anchors.get(&id).and_then(|known| known.key.clone());
                let (text, kind) = key.ok_or_else(|| fail("invalid map key: an alias to what is no text".to_owned()))?;
                return Ok(Key::Text(Cow::Owned(text), kind));
            }
            Event::MappingStart { flow: true, .. } | Event::SequenceStart { flow: true, .. } if self.is_empty()? => {
                return Err(self.no_key(place));
            }
            collection => return Err(fail(format!("invalid map key: {}", self.describe(collection, place)?))),
        };
        self.count(1, false, place)?;
        self.anchored(anchor)?;
        if text == "<<" && (style == Style::Plain && tag.is_none() || tag.as_deref() == Some("!!merge")) {
            return Ok(Key::Merge);
        }
        // most keys are plain text
        let plain_text =
            |text: &str| style != Style::Plain || matches!(resolve(self.options.dialect, text), Resolved::Scalar(Scalar::Str(_)));
        if anchor == 0 && tag.is_none() && plain_text(&text) {
            return Ok(Key::Text(text, KeyKind::Text));
        }
        let scalar = typed(self.options.dialect, &text, style, tag.as_deref()).map_err(fail)?;
        self.anchored_key(anchor, &scalar);
        if let Some(known) = self.anchors.get_mut(&anchor) {
            known.value = Some(self.builder.scalar(scalar.clone()).map_err(fail)?);
            known.nodes = 1;
        }
        if scalar == Scalar::Null {
            let (event, value_place) = self.events.next()?;
            let value = self.describe(event, value_place)?;
            self.postpone(fail(format!("unsupported map key of type: %!s(<nil>), key: <nil>, value: {value}")));
            return Ok(Key::Null);
        }
        let (key, kind) = key_text(&scalar).map_err(fail)?;
        Ok(Key::Text(Cow::Owned(key), kind))
    }

    /// Whether the collection that has just started ends at once.
    fn is_empty(&mut self) -> Result<bool, Error> {
        Ok(matches!(self.events.peek()?.0, Event::End))
    }

    /// An empty flow collection is no key for the original: the mapping ends before it.
    fn no_key(&self, place: Place) -> Error {
        self.events.blame(Error::new(place.line, place.column, ErrorKind::Syntax("did not find expected key".to_owned())))
    }

    /// The node that starts with `event`, for a message.
    fn describe(&mut self, event: Event<'a>, place: Place) -> Result<String, Error> {
        let budget = Budget::new(&self.options.limits);
        let mut run =
            Run { events: self.events, options: self.options, builder: &mut JsonBuilder, anchors: HashMap::new(), budget, postponed: None };
        Ok(go_syntax::go_syntax(&run.value(event, place)?))
    }

    fn anchored_key(&mut self, anchor: usize, scalar: &Scalar<'_>) {
        if anchor != 0
            && let Some(known) = self.anchors.get_mut(&anchor)
        {
            known.key = key_text(scalar).ok();
        }
    }

    fn merge(&mut self, map: &mut B::Map, from: &B::Value, seen: &mut HashSet<(KeyKind, String)>, place: Place) -> Result<(), Error> {
        let keep = self.options.dialect == Dialect::GoYamlV3;
        if self.merge_one(map, from, seen, place)? {
            return Ok(());
        }
        let wrong = || Error::new(place.line, place.column, ErrorKind::MergeWantsMapping);
        let mut items = self.builder.items(from).ok_or_else(wrong)?.to_vec();
        if !keep {
            // earlier ones win: they come last where the last one wins
            items.reverse();
        }
        for item in items {
            if !self.merge_one(map, &item, seen, place)? {
                return Err(wrong());
            }
        }
        Ok(())
    }

    /// Merges one mapping; `false` if it is none.
    fn merge_one(&mut self, map: &mut B::Map, from: &B::Value, seen: &mut HashSet<(KeyKind, String)>, place: Place) -> Result<bool, Error> {
        let keep = self.options.dialect == Dialect::GoYamlV3;
        if self.options.strict && !keep {
            for key in self.builder.keys(from).unwrap_or_default() {
                self.unique(seen, &key, KeyKind::Text, place)?;
            }
        }
        Ok(self.builder.merge(map, from, keep))
    }

    fn anchored(&mut self, id: usize) -> Result<(), Error> {
        if id != 0
            && let (Event::Anchor(name), _) = self.events.next()?
        {
            self.anchors.insert(id, Anchored { name: name.into_owned(), key: None, value: None, nodes: 0 });
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, aliased: bool, place: Place) -> Result<(), Error> {
        self.budget.add(nodes, aliased).map_err(|e| {
            let kind = match e {
                Exceeded::Nodes => ErrorKind::TooManyNodes(self.options.limits.nodes),
                Exceeded::Aliasing => ErrorKind::ExcessiveAliasing,
            };
            Error::new(place.line, place.column, kind)
        })
    }
}

enum Key<'a> {
    Merge,
    /// A null, which has been reported together with its value.
    Null,
    Text(Cow<'a, str>, KeyKind),
}

/// What a key was before it became text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum KeyKind {
    Text,
    Number,
    Bool,
}

/// A key as text, as sigs.k8s.io/yaml makes it one.
fn key_text(scalar: &Scalar<'_>) -> Result<(String, KeyKind), String> {
    Ok(match scalar {
        Scalar::Str(s) => (s.clone().into_owned(), KeyKind::Text),
        Scalar::Int(v) => (v.to_string(), KeyKind::Number),
        Scalar::Bool(v) => (v.to_string(), KeyKind::Bool),
        Scalar::Float(v) => {
            let text = match format_g32(*v).as_str() {
                "+Inf" => ".inf".to_owned(),
                "-Inf" => "-.inf".to_owned(),
                "NaN" => ".nan".to_owned(),
                text => text.to_owned(),
            };
            (text, KeyKind::Number)
        }
        Scalar::Timestamp(t) => (t.to_rfc3339(), KeyKind::Text),
        Scalar::Null => return Err("unsupported map key: null".to_owned()),
        Scalar::Uint(v) => return Err(format!("unsupported map key: {v} does not fit 64 bits with a sign")),
    })
}
