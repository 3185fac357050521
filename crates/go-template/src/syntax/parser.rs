//! Builds syntax trees, with Go's error texts and line numbers (HE-TPL-02, HE-TPL-17).
//!
//! The parser looks at most three items ahead. The line of an error is that of the last item that was split off, so
//! the look-ahead is part of what users see. Lines are counted when there is an error to show.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::lexer::{Item, Kind, Lexer};
use super::numbers;
use super::table::{Id, Rows};
use super::tree::{Branch, Command, DOLLAR, Expr, ExprKind, Invocation, NameId, Node, Number, Parts, Pipe, Source, Template};
use crate::function::Function;
use crate::strconv;
use crate::value::Str;

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
    definitions: Vec<Definition>,
    parts: Parts,
    /// Names of all texts so far: each is stored once.
    all_names: FxHashMap<&'t [u8], Str>,
    // What this text holds more than once stands in its tables once.
    names: FxHashMap<&'t [u8], NameId>,
    numbers: FxHashMap<&'t [u8], Id<Number>>,
    known_functions: FxHashMap<&'t [u8], Id<&'static Function>>,
    literals: FxHashMap<&'t [u8], Id<Str>>,
    tree: TreeState<'t>,
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
struct TreeState<'t> {
    items: [Item<'t>; 3],
    peeked: usize,
    /// Variables that are declared at this point.
    variables: Vec<NameId>,
    /// Where the current action started.
    action: Option<u32>,
    range_depth: usize,
    paren_depth: usize,
}

impl TreeState<'_> {
    fn new() -> Self {
        let none = Item { kind: Kind::Error, pos: 0, text: &[] };
        Self { items: [none; 3], peeked: 0, variables: vec![DOLLAR], action: None, range_depth: 0, paren_depth: 0 }
    }
}

type Parsed<T> = Result<T, String>;

/// Bytes of text that are copied to stand in one piece with a literal beside it.
const JOINED_TEXT: usize = 256;

/// Offsets are kept in 32 bits; no template comes near 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// What ends a list of nodes.
enum ListEnd {
    End,
    Else,
}

/// A node, or the end of the list that it stands in.
enum Step<'t> {
    Text(Item<'t>),
    /// A literal that stands alone in its action and is not blank.
    Literal(Cow<'t, [u8]>),
    Node(Node),
    End(ListEnd),
}

impl<'t> Parser<'t> {
    /// A parser for texts that use these functions.
    pub(crate) fn new(functions: Functions) -> Self {
        Self {
            functions,
            name: Str::default(),
            text: &[],
            lexer: Lexer::new(&[]),
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

    fn next(&mut self) -> Item<'t> {
        if self.tree.peeked > 0 {
            self.tree.peeked -= 1;
        } else {
            self.tree.items[0] = self.lexer.next_item();
        }
        self.buffered(self.tree.peeked)
    }

    fn buffered(&self, index: usize) -> Item<'t> {
        *self.tree.items.get(index).unwrap_or(&self.tree.items[0])
    }

    fn backup(&mut self) {
        self.tree.peeked += 1;
    }

    fn peek(&mut self) -> Item<'t> {
        if self.tree.peeked == 0 {
            self.tree.items[0] = self.lexer.next_item();
            self.tree.peeked = 1;
        }
        self.buffered(self.tree.peeked - 1)
    }

    fn next_non_space(&mut self) -> Item<'t> {
        loop {
            let item = self.next();
            if item.kind != Kind::Space {
                return item;
            }
        }
    }

    fn peek_non_space(&mut self) -> Item<'t> {
        let item = self.next_non_space();
        self.backup();
        item
    }

    // ----- errors -----

    fn error<T>(&self, message: impl std::fmt::Display) -> Parsed<T> {
        Err(format!("template: {}:{}: {message}", self.name, self.line(self.tree.items[0].pos)))
    }

    /// The line of a position, from 1.
    fn line(&self, pos: u32) -> usize {
        1 + memchr::memchr_iter(b'\n', self.source(&(0..pos))).count()
    }

    fn unexpected<T>(&self, item: &Item<'_>, context: &str) -> Parsed<T> {
        if item.kind == Kind::Error {
            let text = self.lexer.show(item);
            let mut extra = String::new();
            if let Some(start) = self.tree.action.map(|at| self.line(at))
                && start != self.line(item.pos)
            {
                let action = if text.ends_with(" action") { "" } else { " in action" };
                extra = format!("{action} started at {}:{start}", self.name);
            }
            return self.error(format!("{text}{extra}"));
        }
        self.error(format!("unexpected {} in {context}", self.lexer.show(item)))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Item<'t>> {
        let item = self.next_non_space();
        if item.kind == kind { Ok(item) } else { self.unexpected(&item, context) }
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

    /// The name of a field without its dot.
    fn field(&mut self, item: &Item<'t>) -> NameId {
        self.name_id(item.text.get(1..).unwrap_or(&[]))
    }

    fn add(&mut self, name: Str, root: Rows<Node>) -> Parsed<()> {
        let is_empty = self.is_empty(root);
        let known = self.definitions.iter().position(|d| d.name == name);
        let new = Definition { name, root, is_empty };
        match known.and_then(|index| self.definitions.get_mut(index)) {
            None => self.definitions.push(new),
            Some(old) if old.is_empty => *old = new,
            Some(_) if new.is_empty => {}
            Some(_) => return self.error(format!("template: multiple definition of template {}", strconv::quote(new.name.as_bytes()))),
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

    // The parts of the list that is being read stand at the end of `open.nodes`; `mark` is where it began.

    /// Puts a literal that is alone in its action behind other nodes. It becomes a constant together with short text
    /// around it: charts that carry templates of another program hold thousands of these.
    fn push_literal(&mut self, mark: usize, literal: &[u8]) {
        if let Some(Node::Text(range)) = self.open.nodes.get(mark..).and_then(<[Node]>::last)
            && range.len() <= JOINED_TEXT
        {
            let text = self.source(range);
            self.open.nodes.pop();
            self.push_constant(mark, text);
        }
        self.push_constant(mark, literal);
    }

    fn push_text(&mut self, mark: usize, item: &Item<'t>) {
        let joined = item.text.len() <= JOINED_TEXT && self.continue_constant(mark, item.text);
        if !joined {
            self.open.nodes.push(Node::Text(item.pos..item.pos + offset(item.text.len())));
        }
    }

    fn push_constant(&mut self, mark: usize, text: &[u8]) {
        if !self.continue_constant(mark, text) {
            let constant = self.parts.constants.extend(text);
            self.open.nodes.push(Node::Constant(constant));
        }
    }

    /// Puts text behind the constant that was read last, if nothing has come between.
    fn continue_constant(&mut self, mark: usize, text: &[u8]) -> bool {
        match self.open.nodes.get_mut(mark..).and_then(<[Node]>::last_mut) {
            Some(Node::Constant(constant)) => self.parts.constants.continue_last(constant, text),
            _ => false,
        }
    }

    /// Puts a step behind the nodes of a list; the end of the list is given back.
    fn push(&mut self, mark: usize, step: Step<'t>) -> Option<ListEnd> {
        match step {
            Step::Text(text) => self.push_text(mark, &text),
            Step::Literal(literal) => self.push_literal(mark, &literal),
            Step::Node(node) => self.open.nodes.push(node),
            Step::End(end) => return Some(end),
        }
        None
    }

    fn close_nodes(&mut self, mark: usize) -> Rows<Node> {
        self.parts.nodes.append(&mut self.open.nodes, mark)
    }

    /// The body of a file; `define` is allowed only here.
    fn file(&mut self) -> Parsed<Rows<Node>> {
        let mark = self.open.nodes.len();
        loop {
            let item = self.peek();
            if item.kind == Kind::Eof {
                return Ok(self.close_nodes(mark));
            }
            if item.kind == Kind::LeftDelim {
                let delim = self.next();
                if self.next_non_space().kind == Kind::Define {
                    self.subtree(Self::definition)?;
                    continue;
                }
                self.tree.items[1] = delim;
                self.tree.peeked = 2;
            }
            let step = self.text_or_action()?;
            if let Some(end) = self.push(mark, step) {
                return self.error(format!("unexpected {}", end.show()));
            }
        }
    }

    /// Parses with a fresh tree state, as Go does for `define` and `block`.
    fn subtree(&mut self, body: impl FnOnce(&mut Self) -> Parsed<()>) -> Parsed<()> {
        let outer = std::mem::replace(&mut self.tree, TreeState::new());
        body(self)?;
        self.tree = outer;
        Ok(())
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let item = self.next_non_space();
        if !matches!(item.kind, Kind::String | Kind::RawString) {
            return self.unexpected(&item, CONTEXT);
        }
        let name = self.unquote(&item)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        self.named_body(name, CONTEXT)
    }

    fn named_body(&mut self, name: Str, context: &str) -> Parsed<()> {
        let (root, end) = self.list()?;
        if let ListEnd::Else = end {
            return self.error(format!("unexpected {} in {context}", end.show()));
        }
        self.add(name, root)
    }

    fn unquote(&self, item: &Item<'_>) -> Parsed<Str> {
        literal(item.text).map_or_else(|| self.error("invalid syntax"), |text| Ok((&*text).into()))
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn list(&mut self) -> Parsed<(Rows<Node>, ListEnd)> {
        let mark = self.open.nodes.len();
        while self.peek_non_space().kind != Kind::Eof {
            let step = self.text_or_action()?;
            if let Some(end) = self.push(mark, step) {
                return Ok((self.close_nodes(mark), end));
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Step<'t>> {
        let item = self.next_non_space();
        match item.kind {
            Kind::Text => Ok(Step::Text(item)),
            Kind::LeftDelim => {
                self.tree.action = Some(item.pos);
                let step = self.action()?;
                self.tree.action = None;
                Ok(step)
            }
            _ => self.unexpected(&item, "input"),
        }
    }

    // ----- actions -----

    fn action(&mut self) -> Parsed<Step<'t>> {
        let item = self.next_non_space();
        let node = match item.kind {
            Kind::Block => self.block()?,
            Kind::Break => {
                self.leave_range("{{break}}")?;
                Node::Break(item.pos)
            }
            Kind::Continue => {
                self.leave_range("{{continue}}")?;
                Node::Continue(item.pos)
            }
            Kind::Else => {
                if !matches!(self.peek_non_space().kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Step::End(ListEnd::Else));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Step::End(ListEnd::End));
            }
            Kind::If => self.control("if")?,
            Kind::Range => self.control("range")?,
            Kind::Template => self.template()?,
            Kind::With => self.control("with")?,
            _ => {
                if let Some(literal) = self.lone_literal(&item) {
                    return Ok(Step::Literal(literal));
                }
                let at = item.pos;
                Node::Action(at, self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Step::Node(node))
    }

    /// The literal that is all there is in an action, unless it is blank: that stays an action, because it makes a body
    /// count as not empty. Otherwise `item` is the next one again.
    fn lone_literal(&mut self, item: &Item<'t>) -> Option<Cow<'t, [u8]>> {
        let value = matches!(item.kind, Kind::String | Kind::RawString).then(|| literal(item.text)).flatten();
        let Some(value) = value.filter(|text| !is_blank(text)) else {
            self.backup();
            return None;
        };
        let after = self.peek();
        if self.peek_non_space().kind == Kind::RightDelim {
            self.next();
            return Some(value);
        }
        self.put_back(*item, after);
        None
    }

    /// Makes two items the next ones again: one that was read and the one behind it. The latter has been looked at, and so
    /// has, if it is a space, the one behind that.
    fn put_back(&mut self, item: Item<'t>, after: Item<'t>) {
        if after.kind == Kind::Space {
            self.tree.items[1] = after;
            self.tree.items[2] = item;
            self.tree.peeked = 3;
        } else {
            self.tree.items[1] = item;
            self.tree.peeked = 2;
        }
    }

    fn leave_range(&mut self, action: &str) -> Parsed<()> {
        let item = self.next_non_space();
        if item.kind != Kind::RightDelim {
            return self.unexpected(&item, action);
        }
        if self.tree.range_depth == 0 {
            return self.error(format!("{action} outside {{{{range}}}}"));
        }
        Ok(())
    }

    /// `if`, `with` and `range`.
    fn control(&mut self, word: &str) -> Parsed<Node> {
        if self.control_depth >= MAX_NESTING {
            return self.error("control structures are nested too deeply");
        }
        self.control_depth += 1;
        let node = stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, || self.control_body(word))?;
        self.control_depth -= 1;
        Ok(node)
    }

    fn control_body(&mut self, word: &str) -> Parsed<Node> {
        let declared = self.tree.variables.len();
        let pipe = self.pipeline(word, Kind::RightDelim)?;
        let ranges = usize::from(word == "range");
        self.tree.range_depth += ranges;
        let (list, end) = self.list()?;
        self.tree.range_depth -= ranges;
        let otherwise = match end {
            ListEnd::End => None,
            ListEnd::Else => Some(self.otherwise(word)?),
        };
        self.tree.variables.truncate(declared);
        let at = self.parts.pipes[pipe].pos;
        let branch = self.parts.branches.push(Branch { pipe, list, otherwise });
        Ok(match word {
            "if" => Node::If(at, branch),
            "with" => Node::With(at, branch),
            _ => Node::Range(at, branch),
        })
    }

    /// What follows `{{else`: the rest of an `else if` or `else with`, or a list up to `{{end}}`.
    fn otherwise(&mut self, word: &str) -> Parsed<Rows<Node>> {
        let next = self.peek().kind;
        if word == "if" && next == Kind::If || word == "with" && next == Kind::With {
            self.next();
            let mark = self.open.nodes.len();
            let node = self.control(word)?;
            self.open.nodes.push(node);
            return Ok(self.close_nodes(mark));
        }
        let (list, end) = self.list()?;
        match end {
            ListEnd::End => Ok(list),
            ListEnd::Else => self.error(format!("expected end; found {}", end.show())),
        }
    }

    fn template_name(&self, item: &Item<'t>, context: &str) -> Parsed<Str> {
        match item.kind {
            Kind::String | Kind::RawString => self.unquote(item),
            _ => self.unexpected(item, context),
        }
    }

    fn template(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        let mut pipe = None;
        if self.next_non_space().kind != Kind::RightDelim {
            self.backup();
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Node::Template(item.pos, self.parts.invocations.push(Invocation { name, pipe })))
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let body_name = name.clone();
        if self.control_depth >= MAX_NESTING {
            return self.error("control structures are nested too deeply");
        }
        self.control_depth += 1;
        stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, || self.subtree(|p| p.named_body(body_name, CONTEXT)))?;
        self.control_depth -= 1;
        Ok(Node::Template(item.pos, self.parts.invocations.push(Invocation { name, pipe: Some(pipe) })))
    }

    // ----- pipelines -----

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Id<Pipe>> {
        let pos = self.peek_non_space().pos;
        let mut declared = Declared::new();
        let mut assign = false;
        while self.declaration(&mut declared, &mut assign, context)? {}
        let mark = self.open.commands.len();
        loop {
            let item = self.next_non_space();
            if item.kind == end {
                break;
            }
            match item.kind {
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    let command = self.command()?;
                    self.open.commands.push(command);
                }
                _ => return self.unexpected(&item, context),
            }
        }
        let commands = self.parts.commands.append(&mut self.open.commands, mark);
        if commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (stage, command) in (1..).zip(self.parts.commands.list(commands)).skip(1) {
            let constant = matches!(
                command.first.kind,
                ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::String(..)
            );
            if constant {
                return self.error(format!("non executable command in pipeline stage {stage}"));
            }
        }
        let declared = self.parts.paths.extend(&declared);
        Ok(self.parts.pipes.push(Pipe { pos, assign, declared, commands }))
    }

    /// Reads a declaration or assignment, if there is one; `true` when a second variable may follow.
    fn declaration(&mut self, declared: &mut Declared, assign: &mut bool, context: &str) -> Parsed<bool> {
        let variable = self.peek_non_space();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        self.next();
        // `$x foo` uses the variable, `$x := foo` declares it: one more item decides.
        let after = self.peek();
        let next = self.peek_non_space();
        if matches!(next.kind, Kind::Assign | Kind::Declare) {
            *assign = next.kind == Kind::Assign;
            self.next_non_space();
            self.declare(declared, &variable);
        } else if next.kind == Kind::Char && next.text == b"," {
            self.next_non_space();
            self.declare(declared, &variable);
            if context == "range" && declared.len() < 2 {
                return match self.peek_non_space().kind {
                    Kind::Variable | Kind::RightDelim | Kind::RightParen => Ok(true),
                    _ => self.error("range can only initialize variables"),
                };
            }
            return self.error(format!("too many declarations in {context}"));
        } else {
            self.put_back(variable, after);
        }
        Ok(false)
    }

    fn declare(&mut self, declared: &mut Declared, item: &Item<'t>) {
        let variable = self.name_id(item.text);
        self.tree.variables.push(variable);
        declared.push(variable);
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut first = None;
        let mark = self.open.args.len();
        loop {
            self.peek_non_space();
            match (self.operand()?, &first) {
                (None, _) => {}
                (operand, None) => first = operand,
                (Some(operand), Some(_)) => self.open.args.push(operand),
            }
            let item = self.next();
            match item.kind {
                Kind::Space => {}
                Kind::RightDelim | Kind::RightParen => {
                    self.backup();
                    break;
                }
                Kind::Pipe => break,
                _ => return self.unexpected(&item, "operand"),
            }
        }
        let args = self.parts.exprs.append(&mut self.open.args, mark);
        match first {
            Some(first) => Ok(Command { first, args }),
            None => self.error("empty command"),
        }
    }

    /// A term with the fields behind it.
    fn operand(&mut self) -> Parsed<Option<Expr>> {
        let Some(expr) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(expr));
        }
        let mut names = match expr.kind {
            ExprKind::Field(own) | ExprKind::Variable(_, own) => own,
            _ => Rows::EMPTY,
        };
        while self.peek().kind == Kind::Field {
            let item = self.next();
            let name = [self.field(&item)];
            if names.is_empty() {
                names = self.parts.paths.extend(&name);
            } else {
                self.parts.paths.continue_last(&mut names, &name);
            }
        }
        let kind = match expr.kind {
            ExprKind::Field(_) => ExprKind::Field(names),
            ExprKind::Variable(variable, _) => ExprKind::Variable(variable, names),
            ExprKind::Bool(b) => return self.field_of(if b { b"true" } else { b"false" }),
            ExprKind::Nil => return self.field_of(b"nil"),
            ExprKind::Dot => return self.field_of(b"."),
            ExprKind::Number(number) => return self.field_of(self.parts.numbers[number].text.as_bytes()),
            ExprKind::String(_, len) => return self.field_of(self.source(&(expr.pos..expr.pos + len))),
            kind => {
                let start = self.parts.exprs.push(Expr { pos: expr.pos, kind });
                ExprKind::Chain(start, names)
            }
        };
        Ok(Some(Expr { pos: first.pos, kind }))
    }

    /// A constant has no fields.
    fn field_of<T>(&self, term: &[u8]) -> Parsed<T> {
        self.error(format!("unexpected . after term {}", strconv::quote(term)))
    }

    fn term(&mut self) -> Parsed<Option<Expr>> {
        let item = self.next_non_space();
        let kind = match item.kind {
            Kind::Identifier => ExprKind::Function(self.function(item.text)?),
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => {
                let variable = self.name_id(item.text);
                if !self.tree.variables.contains(&variable) {
                    return self.error(format!("undefined variable {}", strconv::quote(item.text)));
                }
                ExprKind::Variable(variable, Rows::EMPTY)
            }
            Kind::Field => {
                let name = self.field(&item);
                ExprKind::Field(self.parts.paths.extend(&[name]))
            }
            Kind::Bool => ExprKind::Bool(item.text == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => ExprKind::Number(self.number(&item)?),
            Kind::LeftParen => {
                if self.tree.paren_depth >= MAX_NESTING {
                    return self.error("max expression depth exceeded");
                }
                self.tree.paren_depth += 1;
                let pipe = stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, || self.pipeline("parenthesized pipeline", Kind::RightParen))?;
                self.tree.paren_depth -= 1;
                // Go's node is the pipeline itself: its position is that of its first word.
                return Ok(Some(Expr { pos: self.parts.pipes[pipe].pos, kind: ExprKind::Pipe(pipe) }));
            }
            Kind::String | Kind::RawString => ExprKind::String(self.literal(&item)?, offset(item.text.len())),
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos: item.pos, kind }))
    }

    fn function(&mut self, name: &'t [u8]) -> Parsed<Id<&'static Function>> {
        if let Some(known) = self.known_functions.get(name) {
            return Ok(*known);
        }
        let Some(function) = (self.functions)(&String::from_utf8_lossy(name)) else {
            return self.error(format!("function {} not defined", strconv::quote(name)));
        };
        let id = self.parts.functions.push(function);
        self.known_functions.insert(name, id);
        Ok(id)
    }

    fn number(&mut self, item: &Item<'t>) -> Parsed<Id<Number>> {
        if let Some(known) = self.numbers.get(item.text) {
            return Ok(*known);
        }
        let text = String::from_utf8_lossy(item.text);
        let number = match item.kind {
            Kind::CharConstant => numbers::character(item.text),
            Kind::Complex => numbers::complex(&text),
            _ => numbers::number(&text),
        };
        let id = match number {
            Ok(number) => self.parts.numbers.push(number),
            Err(message) => return self.error(message),
        };
        self.numbers.insert(item.text, id);
        Ok(id)
    }

    fn literal(&mut self, item: &Item<'t>) -> Parsed<Id<Str>> {
        if let Some(known) = self.literals.get(item.text) {
            return Ok(*known);
        }
        let text = self.unquote(item)?;
        let id = self.parts.strings.push(text);
        self.literals.insert(item.text, id);
        Ok(id)
    }
}

/// The variables that a pipeline declares: two at most.
type Declared = SmallVec<[NameId; 2]>;

/// The value of a string literal.
fn literal(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    match text {
        [b'`', inner @ .., b'`'] if !inner.contains(&b'\r') => Some(Cow::Borrowed(inner)),
        _ => strconv::unquote(text).map(Cow::Owned),
    }
}

impl ListEnd {
    fn show(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
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
