//! Parsed texts of `tpl`. Charts run the same few texts again and again, in one render and in the next.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::{ROOT, catalog};
use crate::syntax::tree::Template;
use crate::value::Str;

/// Source bytes that a cache holds before it starts anew.
const CAPACITY: usize = 4 << 20;

/// A parsed text.
#[derive(Debug)]
pub(crate) struct ParsedText {
    /// The text's own body.
    pub(crate) main: Arc<Template>,
    /// What the text defines, with its own body under the name of the root.
    pub(crate) templates: FxHashMap<Str, Arc<Template>>,
}

/// Parsed texts by their source.
#[derive(Debug, Default)]
pub(crate) struct TextCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    texts: FxHashMap<Str, Arc<ParsedText>>,
    bytes: usize,
}

impl TextCache {
    /// The parsed form of a text; the error is Go's text.
    pub(crate) fn parse(&self, text: &Str) -> Result<Arc<ParsedText>, String> {
        if let Some(parsed) = self.0.lock().unwrap_or_else(PoisonError::into_inner).texts.get(text) {
            return Ok(Arc::clone(parsed));
        }
        let parsed = Arc::new(parse(text)?);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.bytes + text.len() > CAPACITY {
            *entries = Entries::default();
        }
        if text.len() <= CAPACITY {
            entries.bytes += text.len();
            entries.texts.insert(text.clone(), Arc::clone(&parsed));
        }
        Ok(parsed)
    }
}

fn parse(text: &Str) -> Result<ParsedText, String> {
    let root = Str::from(ROOT);
    let templates: FxHashMap<Str, Arc<Template>> =
        crate::syntax::parse(&root, text, catalog::find)?.into_iter().map(|t| (t.name.clone(), Arc::new(t))).collect();
    match templates.get(&root) {
        Some(main) => Ok(ParsedText { main: Arc::clone(main), templates }),
        None => Err(format!("template: {ROOT}: incomplete or empty template")),
    }
}
