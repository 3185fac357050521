//! Builds syntax trees, with Go's error texts and line numbers (HE-TPL-02, HE-TPL-17).
//!
//! The parser looks at one item, and takes the next one only when it needs it: the line of an error is that of the last
//! item that was split off, so how far the parser looks is part of what users see. Lines are counted when there is an
//! error to show.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::lexer::{Item, Kind, Lexer};
use super::table::{Id, Rows};
use super::tree::{Command, DOLLAR, Expr, NameId, Node, Number, Parts, Source, Template};
use crate::function::Function;
use crate::strconv;
use crate::value::Str;

mod body;
mod pipeline;

/// Nesting of parentheses and of control structures that is accepted. Go allows 10,000 parentheses; no real template
/// comes near either, and a lower limit keeps hostile ones from costing stack.
const MAX_NESTING: usize = 1000;

/// Stack that must be left before a level of nesting is parsed, and what is added when it is not.
const RED_ZONE: usize = 64 << 10;
const STACK_SEGMENT: usize = 1 << 20;

/// Parses one text; see [`Parser::parse`].
pub(crate) fn parse(name: &Str, text: &Str, functions: Functions) -> Result<Vec<Template>, String> {
    Parser::new(functions).parse(name, text)
}

/// The function of a name, if there is one.
pub(crate) type Functions = fn(&str) -> Option<&'static Function>;

/// Parses texts one after another. What it needs while it works it keeps for the next text.
pub(crate) struct Parser<'t> {
    functions: Functions,
    name: Str,
    text: &'t [u8],
    lexer: Lexer<'t>,
    /// The item that is looked at; none behind it has been split off.
    item: Item,
    definitions: Vec<Definition>,
    parts: Parts,
    /// Names of all texts so far: each is stored once.
    all_names: FxHashMap<&'t [u8], Str>,
    // What this text holds more than once stands in its tables once.
    names: FxHashMap<&'t [u8], NameId>,
    numbers: FxHashMap<&'t [u8], Id<Number>>,
    known_functions: FxHashMap<&'t [u8], Id<&'static Function>>,
    literals: FxHashMap<&'t [u8], Id<Str>>,
    tree: TreeState,
    control_depth: usize,
    /// Parts of lists that are not complete yet, those of outer lists first.
    open: Open,
}

#[derive(Default)]
struct Open {
    nodes: Vec<Node>,
    commands: Vec<Command>,
    args: Vec<Expr>,
}

/// A finished body.
#[derive(Debug)]
struct Definition {
    name: Str,
    root: Rows<Node>,
    is_empty: bool,
}

impl Definition {
    fn template(self, file: &Str, source: &Arc<Source>) -> Template {
        Template { name: self.name, file: file.clone(), source: Arc::clone(source), root: self.root, is_empty: self.is_empty }
    }
}

/// A parsed text that waits for the name of its file.
#[derive(Debug)]
pub(crate) struct Unnamed {
    source: Arc<Source>,
    own: Definition,
    definitions: Vec<Definition>,
}

impl Unnamed {
    /// What [`Parser::parse`] answers for this name; `None` if the text defines a template of the very name, of which then
    /// only one counts.
    pub(crate) fn named(self, file: &Str) -> Option<Vec<Template>> {
        if self.definitions.iter().any(|d| d.name == *file) {
            return None;
        }
        let own = Definition { name: file.clone(), ..self.own };
        Some(self.definitions.into_iter().chain([own]).map(|d| d.template(file, &self.source)).collect())
    }
}

/// What Go keeps for each tree: a `define` or `block` starts with a fresh one.
struct TreeState {
    /// Variables that are declared at this point.
    variables: Vec<NameId>,
    /// Where the current action started.
    action: Option<u32>,
    range_depth: usize,
    paren_depth: usize,
}

impl TreeState {
    fn new() -> Self {
        Self { variables: vec![DOLLAR], action: None, range_depth: 0, paren_depth: 0 }
    }
}

type Parsed<T> = Result<T, String>;

impl<'t> Parser<'t> {
    /// A parser for texts that use these functions.
    pub(crate) fn new(functions: Functions) -> Self {
        Self {
            functions,
            name: Str::default(),
            text: &[],
            lexer: Lexer::new(&[]),
            item: Item::NONE,
            definitions: Vec::new(),
            parts: Parts::default(),
            all_names: FxHashMap::default(),
            names: FxHashMap::default(),
            numbers: FxHashMap::default(),
            known_functions: FxHashMap::default(),
            literals: FxHashMap::default(),
            tree: TreeState::new(),
            control_depth: 0,
            open: Open::default(),
        }
    }

    /// Parses the text of a file. Answers the file's own body, under the file's name, and its `define`s and `block`s, in no
    /// particular order; of two definitions of one name the non-empty one counts. The error is Go's text.
    pub(crate) fn parse(&mut self, name: &Str, text: &'t Str) -> Result<Vec<Template>, String> {
        self.start(name, text);
        let root = self.file()?;
        self.add(name.clone(), root)?;
        let source = Arc::new(Source { text: text.clone(), parts: self.parts.take() });
        Ok(self.definitions.drain(..).map(|d| d.template(name, &source)).collect())
    }

    /// Parses the text of a file whose name is not known yet; `None` if it does not parse.
    pub(crate) fn parse_unnamed(&mut self, text: &'t Str) -> Option<Unnamed> {
        self.start(&Str::default(), text);
        let root = self.file().ok()?;
        let own = Definition { name: Str::default(), root, is_empty: self.is_empty(root) };
        let source = Source { text: text.clone(), parts: self.parts.take() };
        Some(Unnamed { source: Arc::new(source), own, definitions: std::mem::take(&mut self.definitions) })
    }

    /// Begins a text. An error may have ended the one before it anywhere.
    fn start(&mut self, name: &Str, text: &'t Str) {
        self.name = name.clone();
        self.text = text.as_bytes();
        self.lexer = Lexer::new(self.text);
        self.item = Item::NONE;
        self.definitions.clear();
        self.parts.clear();
        self.names.clear();
        self.numbers.clear();
        self.known_functions.clear();
        self.literals.clear();
        self.tree = TreeState::new();
        self.control_depth = 0;
        self.open.nodes.clear();
        self.open.commands.clear();
        self.open.args.clear();
        self.name_id(b"$");
    }

    // ----- items -----

    fn advance(&mut self) {
        self.item = self.lexer.next_item();
    }

    /// The text of the item that is looked at.
    fn word(&self) -> &'t [u8] {
        self.lexer.text_of(self.item)
    }

    fn expect(&self, kind: Kind, context: &str) -> Parsed<()> {
        if self.item.kind == kind { Ok(()) } else { self.unexpected(context) }
    }

    // ----- errors -----

    fn error<T>(&self, message: impl std::fmt::Display) -> Parsed<T> {
        self.error_at(self.item.pos, message)
    }

    fn error_at<T>(&self, pos: u32, message: impl std::fmt::Display) -> Parsed<T> {
        Err(format!("template: {}:{}: {message}", self.name, self.line(pos)))
    }

    /// The line of a position, from 1.
    fn line(&self, pos: u32) -> usize {
        1 + memchr::memchr_iter(b'\n', self.source(&(0..pos))).count()
    }

    /// The item that is looked at may not stand where it does.
    fn unexpected<T>(&self, context: &str) -> Parsed<T> {
        let text = self.lexer.show(self.item);
        if self.item.kind != Kind::Error {
            return self.error(format!("unexpected {text} in {context}"));
        }
        let mut extra = String::new();
        if let Some(start) = self.tree.action.map(|at| self.line(at))
            && start != self.line(self.item.pos)
        {
            let action = if text.ends_with(" action") { "" } else { " in action" };
            extra = format!("{action} started at {}:{start}", self.name);
        }
        self.error(format!("{text}{extra}"))
    }

    // ----- trees -----

    fn name_id(&mut self, name: &'t [u8]) -> NameId {
        // Nearly every name has been there before.
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let shared = self.all_names.entry(name).or_insert_with(|| name.into());
        let id = self.parts.names.push(shared.clone());
        self.names.insert(name, id);
        id
    }

    fn add(&mut self, name: Str, root: Rows<Node>) -> Parsed<()> {
        let is_empty = self.is_empty(root);
        let known = self.definitions.iter().position(|d| d.name == name);
        let new = Definition { name, root, is_empty };
        match known.and_then(|index| self.definitions.get_mut(index)) {
            None => self.definitions.push(new),
            Some(old) if old.is_empty => *old = new,
            Some(_) if new.is_empty => {}
            Some(_) => return self.error(format!("template: multiple definition of template {}", strconv::quote(&new.name))),
        }
        Ok(())
    }

    /// Whether a body is nothing but white space. Constants hold a literal that is not blank.
    fn is_empty(&self, body: Rows<Node>) -> bool {
        let blank = |node: &Node| matches!(node, Node::Text(range) if is_blank(self.source(range)));
        self.parts.nodes.list(body).iter().all(blank)
    }

    /// A part of the text.
    fn source(&self, range: &Range<u32>) -> &'t [u8] {
        self.text.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// The value of a string literal.
    fn unquoted(&self, text: &'t [u8]) -> Parsed<Cow<'t, [u8]>> {
        match text {
            [b'`', inner @ .., b'`'] if !inner.contains(&b'\r') => Ok(Cow::Borrowed(inner)),
            [b'"', inner @ .., b'"'] if inner.iter().all(|b| b.is_ascii() && *b != b'\\') => Ok(Cow::Borrowed(inner)),
            _ => strconv::unquote(text).map_or_else(|| self.error("invalid syntax"), |text| Ok(Cow::Owned(text))),
        }
    }
}

/// Whether there is nothing but white space, as Go's `bytes.TrimSpace` sees it.
fn is_blank(text: &[u8]) -> bool {
    let rest = text.trim_ascii_start();
    match rest.first() {
        None => true,
        // Unicode's white space: of ASCII the vertical tab is left.
        Some(0x0b | 0x80..) => String::from_utf8_lossy(rest).trim().is_empty(),
        Some(_) => false,
    }
}
