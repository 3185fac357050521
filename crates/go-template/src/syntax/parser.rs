//! Builds syntax trees, with Go's error texts and line numbers (HE-TPL-02, HE-TPL-17).
//!
//! The parser looks at most three items ahead. The line of an error is that of the last item that was split off, so
//! the look-ahead is part of what users see.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::lexer::{Item, Kind, Lexer};
use super::numbers;
use super::tree::{Branch, Command, Expr, ExprKind, Invocation, Node, Pipe, Source, Template, VariableId};
use crate::function::Function;
use crate::strconv;
use crate::value::Str;

/// Nesting of parentheses and of control structures that is accepted. Go allows 10,000 parentheses; no real template
/// comes near either, and a lower limit keeps hostile ones from costing stack.
const MAX_NESTING: usize = 1000;

/// Stack that must be left before a level of nesting is parsed, and what is added when it is not.
const RED_ZONE: usize = 64 << 10;
const STACK_SEGMENT: usize = 1 << 20;

/// Parses the text of a file. Answers the file's own body, under the file's name, and its `define`s and `block`s, in no
/// particular order; of two definitions of one name the non-empty one counts. The error is Go's text.
pub(crate) fn parse(name: &Str, text: &Str, functions: fn(&str) -> Option<&'static Function>) -> Result<Vec<Template>, String> {
    let mut parser = Parser {
        name: name.to_text().into_owned(),
        text: text.as_bytes(),
        lexer: Lexer::new(text.as_bytes()),
        functions,
        definitions: Vec::new(),
        constants: Vec::new(),
        variable_ids: FxHashMap::default(),
        variables: Vec::new(),
        names: FxHashMap::default(),
        tree: TreeState::new(),
        control_depth: 0,
    };
    parser.variable(b"$");
    let root = parser.file()?;
    parser.add(name.clone(), root)?;
    let source = Arc::new(Source {
        name: name.clone(),
        text: text.clone(),
        constants: parser.constants.into_boxed_slice(),
        variables: parser.variables.into_boxed_slice(),
    });
    let template = |d: Definition| Template { name: d.name, source: Arc::clone(&source), root: d.root, is_empty: d.is_empty };
    Ok(parser.definitions.into_iter().map(template).collect())
}

struct Parser<'t> {
    name: String,
    text: &'t [u8],
    lexer: Lexer<'t>,
    functions: fn(&str) -> Option<&'static Function>,
    definitions: Vec<Definition>,
    /// What the templates write as it is around literals.
    constants: Vec<u8>,
    variable_ids: FxHashMap<&'t [u8], VariableId>,
    variables: Vec<Str>,
    /// Names of fields: each is stored once for a file.
    names: FxHashMap<&'t [u8], Str>,
    tree: TreeState<'t>,
    control_depth: usize,
}

/// A finished body.
struct Definition {
    name: Str,
    root: Box<[Node]>,
    is_empty: bool,
}

/// What Go keeps for each tree: a `define` or `block` starts with a fresh one.
struct TreeState<'t> {
    items: [Item<'t>; 3],
    peeked: usize,
    /// Variables that are declared at this point.
    variables: Vec<VariableId>,
    /// The line on which the current action started, 0 outside of one.
    action_line: u32,
    range_depth: usize,
    paren_depth: usize,
}

impl TreeState<'_> {
    fn new() -> Self {
        let none = Item { kind: Kind::Error, pos: 0, line: 0, text: &[] };
        Self { items: [none; 3], peeked: 0, variables: vec![0], action_line: 0, range_depth: 0, paren_depth: 0 }
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
        Err(format!("template: {}:{}: {message}", self.name, self.tree.items[0].line))
    }

    fn unexpected<T>(&self, item: &Item<'_>, context: &str) -> Parsed<T> {
        if item.kind == Kind::Error {
            let text = self.lexer.show(item);
            let mut extra = String::new();
            if self.tree.action_line != 0 && self.tree.action_line != item.line {
                let action = if text.ends_with(" action") { "" } else { " in action" };
                extra = format!("{action} started at {}:{}", self.name, self.tree.action_line);
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

    fn variable(&mut self, name: &'t [u8]) -> VariableId {
        let next = VariableId::try_from(self.variables.len()).unwrap_or(VariableId::MAX);
        *self.variable_ids.entry(name).or_insert_with(|| {
            self.variables.push(name.into());
            next
        })
    }

    /// The name of a field without its dot.
    fn field(&mut self, item: &Item<'t>) -> Str {
        let name = item.text.get(1..).unwrap_or(&[]);
        self.names.entry(name).or_insert_with(|| name.into()).clone()
    }

    fn add(&mut self, name: Str, nodes: Vec<Node>) -> Parsed<()> {
        // Constants hold a literal that is not blank.
        let is_empty = nodes.iter().all(|node| matches!(node, Node::Text(range) if is_blank(self.source(range))));
        let known = self.definitions.iter().position(|d| d.name == name);
        let new = Definition { name, root: nodes.into_boxed_slice(), is_empty };
        match known.and_then(|index| self.definitions.get_mut(index)) {
            None => self.definitions.push(new),
            Some(old) if old.is_empty => *old = new,
            Some(_) if new.is_empty => {}
            Some(_) => return self.error(format!("template: multiple definition of template {}", strconv::quote(new.name.as_bytes()))),
        }
        Ok(())
    }

    /// A part of the text.
    fn source(&self, range: &Range<u32>) -> &'t [u8] {
        self.text.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// Puts a node behind others. An action of one literal becomes a constant together with short text around it: charts
    /// that carry templates of another program hold thousands of these. A blank literal stays an action, because it makes
    /// a body count as not empty.
    fn push(&mut self, nodes: &mut Vec<Node>, node: Node) {
        let Node::Action(_, pipe) = &node else { return nodes.push(node) };
        let literal = match &**pipe {
            Pipe { declared, first: Command { first: Expr { kind: ExprKind::String(text, _), .. }, args }, rest, .. }
                if declared.is_empty() && args.is_empty() && rest.is_empty() && !is_blank(text.as_bytes()) =>
            {
                text
            }
            _ => return nodes.push(node),
        };
        match nodes.last() {
            Some(Node::Constant(range)) if range.end == offset(self.constants.len()) => {}
            Some(Node::Text(range)) if range.len() <= JOINED_TEXT => {
                let text = self.source(range);
                nodes.pop();
                self.push_constant(nodes, text);
            }
            _ => {}
        }
        self.push_constant(nodes, literal.as_bytes());
    }

    fn push_text(&mut self, nodes: &mut Vec<Node>, item: &Item<'t>) {
        match nodes.last() {
            Some(Node::Constant(range)) if range.end == offset(self.constants.len()) && item.text.len() <= JOINED_TEXT => {
                self.push_constant(nodes, item.text);
            }
            _ => nodes.push(Node::Text(item.pos..item.pos + offset(item.text.len()))),
        }
    }

    fn push_constant(&mut self, nodes: &mut Vec<Node>, text: &[u8]) {
        let start = offset(self.constants.len());
        self.constants.extend_from_slice(text);
        let end = offset(self.constants.len());
        match nodes.last_mut() {
            Some(Node::Constant(range)) if range.end == start => range.end = end,
            _ => nodes.push(Node::Constant(start..end)),
        }
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
                Step::Text(text) => self.push_text(&mut root, &text),
                Step::Node(node) => self.push(&mut root, node),
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
        strconv::unquote(item.text).map_or_else(|| self.error("invalid syntax"), |t| Ok(t.into()))
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn list(&mut self) -> Parsed<(Vec<Node>, ListEnd)> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Step::Text(text) => self.push_text(&mut nodes, &text),
                Step::Node(node) => self.push(&mut nodes, node),
                Step::End(end) => return Ok((nodes, end)),
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Step<'t>> {
        let item = self.next_non_space();
        match item.kind {
            Kind::Text => Ok(Step::Text(item)),
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
                self.backup();
                let at = self.peek().pos;
                Node::Action(at, Box::new(self.pipeline("command", Kind::RightDelim)?))
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
        let list = list.into_boxed_slice();
        self.tree.range_depth -= ranges;
        let otherwise = match end {
            ListEnd::End => None,
            ListEnd::Else => Some(self.otherwise(word)?.into_boxed_slice()),
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
        Ok(Node::Template(item.pos, Box::new(Invocation { name, pipe })))
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
        Ok(Node::Template(item.pos, Box::new(Invocation { name, pipe: Some(pipe) })))
    }

    // ----- pipelines -----

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let pos = self.peek_non_space().pos;
        let mut declared = Vec::new();
        let mut assign = false;
        while self.declaration(&mut declared, &mut assign, context)? {}
        let mut first = None;
        let mut rest = Vec::new();
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
                    match first {
                        None => first = Some(command),
                        Some(_) => rest.push(command),
                    }
                }
                _ => return self.unexpected(&item, context),
            }
        }
        let Some(first) = first else { return self.error(format!("missing value for {context}")) };
        for (stage, command) in (2..).zip(&rest) {
            let constant = matches!(
                command.first.kind,
                ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::String(..)
            );
            if constant {
                return self.error(format!("non executable command in pipeline stage {stage}"));
            }
        }
        Ok(Pipe { pos, assign, declared: declared.into_boxed_slice(), first, rest: rest.into_boxed_slice() })
    }

    /// Reads a declaration or assignment, if there is one; `true` when a second variable may follow.
    fn declaration(&mut self, declared: &mut Vec<VariableId>, assign: &mut bool, context: &str) -> Parsed<bool> {
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

    fn declare(&mut self, declared: &mut Vec<VariableId>, item: &Item<'t>) {
        let variable = self.variable(item.text);
        self.tree.variables.push(variable);
        declared.push(variable);
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut first = None;
        let mut args = Vec::new();
        loop {
            self.peek_non_space();
            match (self.operand()?, &first) {
                (None, _) => {}
                (operand, None) => first = operand,
                (Some(operand), Some(_)) => args.push(operand),
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
        match first {
            Some(first) => Ok(Command { first, args: args.into_boxed_slice() }),
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
        let mut names = match &expr.kind {
            ExprKind::Field(own) | ExprKind::Variable(_, own) => own.to_vec(),
            _ => Vec::new(),
        };
        while self.peek().kind == Kind::Field {
            let item = self.next();
            names.push(self.field(&item));
        }
        let names = names.into_boxed_slice();
        let kind = match expr.kind {
            ExprKind::Field(_) => ExprKind::Field(names),
            ExprKind::Variable(variable, _) => ExprKind::Variable(variable, names),
            ExprKind::Bool(b) => return self.field_of(if b { b"true" } else { b"false" }),
            ExprKind::Nil => return self.field_of(b"nil"),
            ExprKind::Dot => return self.field_of(b"."),
            ExprKind::Number(number) => return self.field_of(number.text.as_bytes()),
            ExprKind::String(_, len) => {
                let (start, len) = (expr.pos as usize, len as usize);
                return self.field_of(self.text.get(start..start + len).unwrap_or(&[]));
            }
            kind => ExprKind::Chain(Box::new(Expr { pos: expr.pos, kind }), names),
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
            Kind::Identifier => {
                let name = String::from_utf8_lossy(item.text);
                match (self.functions)(&name) {
                    Some(function) => ExprKind::Function(function),
                    None => return self.error(format!("function {} not defined", strconv::quote(name.as_bytes()))),
                }
            }
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => {
                let variable = self.variable(item.text);
                if !self.tree.variables.contains(&variable) {
                    return self.error(format!("undefined variable {}", strconv::quote(item.text)));
                }
                ExprKind::Variable(variable, Box::default())
            }
            Kind::Field => ExprKind::Field(Box::new([self.field(&item)])),
            Kind::Bool => ExprKind::Bool(item.text == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let text = String::from_utf8_lossy(item.text);
                let number = match item.kind {
                    Kind::CharConstant => numbers::character(item.text),
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
                let pipe = stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, || self.pipeline("parenthesized pipeline", Kind::RightParen))?;
                self.tree.paren_depth -= 1;
                // Go's node is the pipeline itself: its position is that of its first word.
                return Ok(Some(Expr { pos: pipe.pos, kind: ExprKind::Pipe(Box::new(pipe)) }));
            }
            Kind::String | Kind::RawString => ExprKind::String(self.unquote(&item)?, u32::try_from(item.text.len()).unwrap_or(u32::MAX)),
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos: item.pos, kind }))
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
    text.iter().all(u8::is_ascii_whitespace) || String::from_utf8_lossy(text).trim().is_empty()
}
