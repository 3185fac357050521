//! Builds syntax trees, with Go's error texts and line numbers (HE-TPL-02, HE-TPL-17).
//!
//! The parser looks at most three items ahead. The line of an error is that of the last item that was split off, so
//! the look-ahead is part of what users see.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::lexer::{Item, Kind, Lexer};
use super::numbers;
use super::tree::{Branch, Command, Expr, ExprKind, Invocation, Node, Pipe, Pos, Source, Template, Variable};
use crate::function::Function;
use crate::strconv;
use crate::value::Str;

/// Nesting of parentheses and of control structures that is accepted. Go allows 10,000 parentheses; no real template
/// comes near either, and a lower limit keeps hostile ones from costing stack.
const MAX_NESTING: usize = 1000;

/// Stack that must be left before a level of nesting is parsed, and what is added when it is not.
const RED_ZONE: usize = 64 << 10;
const STACK_SEGMENT: usize = 1 << 20;

/// Parses the text of a file. Answers the file's own body first in no particular order with its `define`s and
/// `block`s; of two definitions of one name the non-empty one counts. The error is Go's text.
pub(crate) fn parse(name: &Str, text: &Str, functions: fn(&str) -> Option<&'static Function>) -> Result<Vec<Template>, String> {
    let source = Arc::new(Source { name: name.clone(), text: text.clone() });
    let mut parser = Parser {
        name: name.to_text().into_owned(),
        lexer: Lexer::new(text.as_bytes()),
        functions,
        source: Arc::clone(&source),
        templates: Vec::new(),
        ids: FxHashMap::default(),
        tree: TreeState::new(),
        control_depth: 0,
    };
    parser.variable(b"$");
    let root = parser.file()?;
    parser.add(name.clone(), root)?;
    Ok(parser.templates)
}

struct Parser<'t> {
    name: String,
    lexer: Lexer<'t>,
    functions: fn(&str) -> Option<&'static Function>,
    source: Arc<Source>,
    templates: Vec<Template>,
    /// Variable names of the whole file.
    ids: FxHashMap<Str, u32>,
    tree: TreeState<'t>,
    control_depth: usize,
}

/// What Go keeps for each tree: a `define` or `block` starts with a fresh one.
struct TreeState<'t> {
    items: [Item<'t>; 3],
    peeked: usize,
    /// Variables that are declared at this point.
    variables: Vec<Variable>,
    /// The line on which the current action started, 0 outside of one.
    action_line: usize,
    range_depth: usize,
    paren_depth: usize,
}

impl TreeState<'_> {
    fn new() -> Self {
        let none = || Item { kind: Kind::Error, pos: 0, text: Cow::Borrowed(&[]), line: 0 };
        Self {
            items: [none(), none(), none()],
            peeked: 0,
            variables: vec![Variable { id: 0, name: "$".into() }],
            action_line: 0,
            range_depth: 0,
            paren_depth: 0,
        }
    }
}

type Parsed<T> = Result<T, String>;

/// What ends a list of nodes.
enum ListEnd {
    End,
    Else,
}

/// A node, or the end of the list that it stands in.
enum Step {
    Node(Node),
    End(ListEnd),
}

impl<'t> Parser<'t> {
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
        self.tree.items.get(index).unwrap_or(&self.tree.items[0]).clone()
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
        Err(format!("template: {}:{}: {message}", self.name, self.tree.items[0].line))
    }

    fn unexpected<T>(&self, item: &Item<'_>, context: &str) -> Parsed<T> {
        if item.kind == Kind::Error {
            let text = item.show();
            let mut extra = String::new();
            if self.tree.action_line != 0 && self.tree.action_line != item.line {
                let action = if text.ends_with(" action") { "" } else { " in action" };
                extra = format!("{action} started at {}:{}", self.name, self.tree.action_line);
            }
            return self.error(format!("{text}{extra}"));
        }
        self.error(format!("unexpected {} in {context}", item.show()))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Item<'t>> {
        let item = self.next_non_space();
        if item.kind == kind { Ok(item) } else { self.unexpected(&item, context) }
    }

    // ----- trees -----

    fn variable(&mut self, name: &[u8]) -> Variable {
        let name = Str::from(name);
        let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        Variable { id: *self.ids.entry(name.clone()).or_insert(next), name }
    }

    fn add(&mut self, name: Str, root: Vec<Node>) -> Parsed<()> {
        let template = Template::new(name, Arc::clone(&self.source), root);
        match self.templates.iter().position(|t| t.name == template.name) {
            None => self.templates.push(template),
            Some(index) => {
                let old_is_empty = self.templates.get(index).is_some_and(|t| t.is_empty);
                if old_is_empty {
                    if let Some(slot) = self.templates.get_mut(index) {
                        *slot = template;
                    }
                } else if !template.is_empty {
                    return self.error(format!("template: multiple definition of template {}", strconv::quote(template.name.as_bytes())));
                }
            }
        }
        Ok(())
    }

    /// The body of a file; `define` is allowed only here.
    fn file(&mut self) -> Parsed<Vec<Node>> {
        let mut root = Vec::new();
        loop {
            let item = self.peek();
            if item.kind == Kind::Eof {
                return Ok(root);
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
            match self.text_or_action()? {
                Step::Node(node) => root.push(node),
                Step::End(end) => return self.error(format!("unexpected {}", end.show())),
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
        strconv::unquote(&item.text).map_or_else(|| self.error("invalid syntax"), |t| Ok(t.into()))
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn list(&mut self) -> Parsed<(Vec<Node>, ListEnd)> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Step::Node(node) => nodes.push(node),
                Step::End(end) => return Ok((nodes, end)),
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Step> {
        let item = self.next_non_space();
        match item.kind {
            Kind::Text => Ok(Step::Node(Node::Text(pos(&item), item.pos..item.pos + item.text.len()))),
            Kind::LeftDelim => {
                self.tree.action_line = item.line;
                let step = self.action()?;
                self.tree.action_line = 0;
                Ok(step)
            }
            _ => self.unexpected(&item, "input"),
        }
    }

    // ----- actions -----

    fn action(&mut self) -> Parsed<Step> {
        let item = self.next_non_space();
        let node = match item.kind {
            Kind::Block => self.block()?,
            Kind::Break => {
                self.leave_range("{{break}}")?;
                Node::Break(pos(&item))
            }
            Kind::Continue => {
                self.leave_range("{{continue}}")?;
                Node::Continue(pos(&item))
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
                self.backup();
                let at = pos(&self.peek());
                Node::Action(at, self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Step::Node(node))
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
        let at = pipe.pos;
        let branch = Box::new(Branch { pipe, list, otherwise });
        Ok(match word {
            "if" => Node::If(at, branch),
            "with" => Node::With(at, branch),
            _ => Node::Range(at, branch),
        })
    }

    /// What follows `{{else`: the rest of an `else if` or `else with`, or a list up to `{{end}}`.
    fn otherwise(&mut self, word: &str) -> Parsed<Vec<Node>> {
        let next = self.peek().kind;
        if word == "if" && next == Kind::If || word == "with" && next == Kind::With {
            self.next();
            return Ok(vec![self.control(word)?]);
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
        Ok(Node::Template(pos(&item), Box::new(Invocation { name, pipe })))
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
        Ok(Node::Template(pos(&item), Box::new(Invocation { name, pipe: Some(pipe) })))
    }

    // ----- pipelines -----

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let mut pipe = Pipe { pos: pos(&self.peek_non_space()), declared: Vec::new(), assign: false, commands: Vec::new() };
        while self.declaration(&mut pipe, context)? {}
        loop {
            let item = self.next_non_space();
            if item.kind == end {
                return self.check(pipe, context);
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
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(&item, context),
            }
        }
    }

    /// Reads a declaration or assignment, if there is one; `true` when a second variable may follow.
    fn declaration(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<bool> {
        let variable = self.peek_non_space();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        self.next();
        // `$x foo` uses the variable, `$x := foo` declares it: one more item decides.
        let after = self.peek();
        let next = self.peek_non_space();
        if matches!(next.kind, Kind::Assign | Kind::Declare) {
            pipe.assign = next.kind == Kind::Assign;
            self.next_non_space();
            self.declare(pipe, &variable);
        } else if next.kind == Kind::Char && *next.text == *b"," {
            self.next_non_space();
            self.declare(pipe, &variable);
            if context == "range" && pipe.declared.len() < 2 {
                return match self.peek_non_space().kind {
                    Kind::Variable | Kind::RightDelim | Kind::RightParen => Ok(true),
                    _ => self.error("range can only initialize variables"),
                };
            }
            return self.error(format!("too many declarations in {context}"));
        } else if after.kind == Kind::Space {
            self.tree.items[1] = after;
            self.tree.items[2] = variable;
            self.tree.peeked = 3;
        } else {
            self.tree.items[1] = variable;
            self.tree.peeked = 2;
        }
        Ok(false)
    }

    fn declare(&mut self, pipe: &mut Pipe, item: &Item<'_>) {
        let variable = self.variable(&item.text);
        self.tree.variables.push(variable.clone());
        pipe.declared.push(variable);
    }

    fn check(&self, pipe: Pipe, context: &str) -> Parsed<Pipe> {
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            let constant = matches!(
                command.first.kind,
                ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::String { .. }
            );
            if constant {
                return self.error(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(pipe)
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut words = Vec::new();
        loop {
            self.peek_non_space();
            words.extend(self.operand()?);
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
        let mut words = words.into_iter();
        match words.next() {
            Some(first) => Ok(Command { first, args: words.collect() }),
            None => self.error("empty command"),
        }
    }

    /// A term with the fields behind it.
    fn operand(&mut self) -> Parsed<Option<Expr>> {
        let Some(mut expr) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(expr));
        }
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(Str::from(self.next().text.get(1..).unwrap_or(&[])));
        }
        let at = pos(&first);
        match &mut expr.kind {
            ExprKind::Field(own) | ExprKind::Variable(_, own) => {
                own.extend(names);
                expr.pos = at;
            }
            ExprKind::Bool(_) | ExprKind::String { .. } | ExprKind::Number(_) | ExprKind::Nil | ExprKind::Dot => {
                let mut shown = Vec::new();
                super::show::Show::show(&expr, &[], &mut shown);
                return self.error(format!("unexpected . after term {}", strconv::quote(&shown)));
            }
            _ => expr = Expr { pos: at, kind: ExprKind::Chain(Box::new(expr), names) },
        }
        Ok(Some(expr))
    }

    fn term(&mut self) -> Parsed<Option<Expr>> {
        let item = self.next_non_space();
        let kind = match item.kind {
            Kind::Identifier => {
                let name = String::from_utf8_lossy(&item.text);
                match (self.functions)(&name) {
                    Some(function) => ExprKind::Function(function),
                    None => return self.error(format!("function {} not defined", strconv::quote(name.as_bytes()))),
                }
            }
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => {
                let variable = self.variable(&item.text);
                if !self.tree.variables.iter().any(|v| v.id == variable.id) {
                    return self.error(format!("undefined variable {}", strconv::quote(&item.text)));
                }
                ExprKind::Variable(variable, Vec::new())
            }
            Kind::Field => ExprKind::Field(vec![Str::from(item.text.get(1..).unwrap_or(&[]))]),
            Kind::Bool => ExprKind::Bool(*item.text == *b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let text = String::from_utf8_lossy(&item.text);
                let number = match item.kind {
                    Kind::CharConstant => numbers::character(&item.text),
                    Kind::Complex => numbers::complex(&text),
                    _ => numbers::number(&text),
                };
                match number {
                    Ok(number) => ExprKind::Number(Box::new(number)),
                    Err(message) => return self.error(message),
                }
            }
            Kind::LeftParen => {
                if self.tree.paren_depth >= MAX_NESTING {
                    return self.error("max expression depth exceeded");
                }
                self.tree.paren_depth += 1;
                let pipe =
                    stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, || self.pipeline("parenthesized pipeline", Kind::RightParen))?;
                self.tree.paren_depth -= 1;
                // Go's node is the pipeline itself: its position is that of its first word.
                return Ok(Some(Expr { pos: pipe.pos, kind: ExprKind::Pipe(Box::new(pipe)) }));
            }
            Kind::String | Kind::RawString => {
                ExprKind::String { text: self.unquote(&item)?, quoted: Str::from(item.text.as_ref()) }
            }
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos: pos(&item), kind }))
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

fn pos(item: &Item<'_>) -> Pos {
    Pos::try_from(item.pos).unwrap_or(Pos::MAX)
}
