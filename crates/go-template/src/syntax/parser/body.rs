//! Bodies: text and actions up to `{{end}}`, `{{else}}` or the end of the file.

use super::{MAX_NESTING, Parsed, Parser, RED_ZONE, STACK_SEGMENT, TreeState, is_blank};
use crate::syntax::lexer::{Item, Kind};
use crate::syntax::table::Rows;
use crate::syntax::tree::{Branch, Expr, Invocation, Node};
use crate::value::Str;

/// Bytes of text that are copied to stand in one piece with a literal beside it.
const JOINED_TEXT: usize = 256;

/// The action that ends a body.
#[derive(Clone, Copy)]
enum End {
    End,
    Else,
}

impl End {
    fn show(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// The actions that have a pipeline and a body.
#[derive(Clone, Copy, PartialEq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }
}

impl<'t> Parser<'t> {
    /// The body of a file; `define` is allowed only here.
    pub(super) fn file(&mut self) -> Parsed<Rows<Node>> {
        match self.body(true)? {
            (root, None) => Ok(root),
            (_, Some(end)) => self.error(format!("unexpected {}", end.show())),
        }
    }

    /// What stands between an action, whose right delimiter is looked at, and its `{{end}}` or `{{else}}`.
    fn inner_body(&mut self) -> Parsed<(Rows<Node>, End)> {
        match self.body(false)? {
            (list, Some(end)) => Ok((list, end)),
            (_, None) => self.error("unexpected EOF"),
        }
    }

    /// Text and actions behind the item that is looked at, and what ended them if it was not the end of the text. The last
    /// item of that stays the one that is looked at.
    fn body(&mut self, of_file: bool) -> Parsed<(Rows<Node>, Option<End>)> {
        let mark = self.open.nodes.len();
        loop {
            self.advance();
            match self.item.kind {
                Kind::Text => self.push_text(mark, self.item),
                Kind::LeftDelim => {
                    let start = self.item.pos;
                    self.advance();
                    if of_file && self.item.kind == Kind::Define {
                        self.subtree(Self::definition)?;
                        continue;
                    }
                    self.tree.action = Some(start);
                    let end = self.action(mark)?;
                    self.tree.action = None;
                    if end.is_some() {
                        return Ok((self.close_nodes(mark), end));
                    }
                }
                Kind::Eof => return Ok((self.close_nodes(mark), None)),
                _ => return self.unexpected("input"),
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
        self.advance();
        let name = self.template_name(CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        self.named_body(name, CONTEXT)
    }

    fn named_body(&mut self, name: Str, context: &str) -> Parsed<()> {
        match self.inner_body()? {
            (root, End::End) => self.add(name, root),
            (_, end) => self.error(format!("unexpected {} in {context}", end.show())),
        }
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

    fn push_text(&mut self, mark: usize, item: Item) {
        let text = self.lexer.text_of(item);
        let joined = text.len() <= JOINED_TEXT && self.continue_constant(mark, text);
        if !joined {
            self.open.nodes.push(Node::Text(item.pos..item.end));
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

    fn close_nodes(&mut self, mark: usize) -> Rows<Node> {
        self.parts.nodes.append(&mut self.open.nodes, mark)
    }

    /// An action from its first word to its right delimiter, which stays the item that is looked at. Answers whether the
    /// action ends the body that it stands in.
    fn action(&mut self, mark: usize) -> Parsed<Option<End>> {
        let pos = self.item.pos;
        let node = match self.item.kind {
            Kind::End => {
                self.advance();
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Some(End::End));
            }
            Kind::Else => {
                self.advance();
                if !matches!(self.item.kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Some(End::Else));
            }
            Kind::If => self.control(Control::If)?,
            Kind::With => self.control(Control::With)?,
            Kind::Range => self.control(Control::Range)?,
            Kind::Template => self.template()?,
            Kind::Block => self.block()?,
            Kind::Break => {
                self.leave_range("{{break}}")?;
                Node::Break(pos)
            }
            Kind::Continue => {
                self.leave_range("{{continue}}")?;
                Node::Continue(pos)
            }
            Kind::String | Kind::RawString => return self.literal_action(mark).map(|()| None),
            _ => Node::Action(pos, self.pipeline("command", Kind::RightDelim)?),
        };
        self.open.nodes.push(node);
        Ok(None)
    }

    /// An action that begins with a string. If that is all there is, it is known now what is printed. A blank string stays an
    /// action, because that makes a body count as not empty.
    fn literal_action(&mut self, mark: usize) -> Parsed<()> {
        let (pos, text) = (self.item.pos, self.word());
        let value = self.unquoted(text)?;
        self.advance();
        if self.item.kind == Kind::RightDelim && !is_blank(&value) {
            self.push_literal(mark, &value);
            return Ok(());
        }
        let first = Expr { pos, kind: self.string(text)? };
        let pipe = self.pipeline_after(first, "command", Kind::RightDelim)?;
        self.open.nodes.push(Node::Action(pos, pipe));
        Ok(())
    }

    fn leave_range(&mut self, action: &str) -> Parsed<()> {
        self.advance();
        self.expect(Kind::RightDelim, action)?;
        if self.tree.range_depth == 0 {
            return self.error(format!("{action} outside {{{{range}}}}"));
        }
        Ok(())
    }

    /// Goes one level of nesting down.
    fn nested<T>(&mut self, level: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.control_depth >= MAX_NESTING {
            return self.error("control structures are nested too deeply");
        }
        self.control_depth += 1;
        let read = stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, || level(self))?;
        self.control_depth -= 1;
        Ok(read)
    }

    fn control(&mut self, control: Control) -> Parsed<Node> {
        self.nested(|p| p.control_body(control))
    }

    fn control_body(&mut self, control: Control) -> Parsed<Node> {
        let declared = self.tree.variables.len();
        self.advance();
        let pipe = self.pipeline(control.word(), Kind::RightDelim)?;
        let ranges = usize::from(control == Control::Range);
        self.tree.range_depth += ranges;
        let (list, end) = self.inner_body()?;
        self.tree.range_depth -= ranges;
        let otherwise = match end {
            End::End => None,
            End::Else => Some(self.otherwise(control)?),
        };
        self.tree.variables.truncate(declared);
        let at = self.parts.pipes[pipe].pos;
        let branch = self.parts.branches.push(Branch { pipe, list, otherwise });
        Ok(match control {
            Control::If => Node::If(at, branch),
            Control::With => Node::With(at, branch),
            Control::Range => Node::Range(at, branch),
        })
    }

    /// What follows `{{else`: the rest of an `else if` or `else with`, or a body up to `{{end}}`.
    fn otherwise(&mut self, control: Control) -> Parsed<Rows<Node>> {
        if matches!((control, self.item.kind), (Control::If, Kind::If) | (Control::With, Kind::With)) {
            let mark = self.open.nodes.len();
            let node = self.control(control)?;
            self.open.nodes.push(node);
            return Ok(self.close_nodes(mark));
        }
        self.expect(Kind::RightDelim, "input")?;
        match self.inner_body()? {
            (list, End::End) => Ok(list),
            (_, end) => self.error(format!("expected end; found {}", end.show())),
        }
    }

    /// The name of a template; the item behind it is looked at afterwards.
    fn template_name(&mut self, context: &str) -> Parsed<Str> {
        if !matches!(self.item.kind, Kind::String | Kind::RawString) {
            return self.unexpected(context);
        }
        let name = (&*self.unquoted(self.word())?).into();
        self.advance();
        Ok(name)
    }

    fn template(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        self.advance();
        let pos = self.item.pos;
        let name = self.template_name(CONTEXT)?;
        let pipe = match self.item.kind {
            Kind::RightDelim => None,
            _ => Some(self.pipeline(CONTEXT, Kind::RightDelim)?),
        };
        Ok(Node::Template(pos, self.parts.invocations.push(Invocation { name, pipe })))
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        self.advance();
        let pos = self.item.pos;
        let name = self.template_name(CONTEXT)?;
        let pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        let body_name = name.clone();
        self.nested(|p| p.subtree(|p| p.named_body(body_name, CONTEXT)))?;
        Ok(Node::Template(pos, self.parts.invocations.push(Invocation { name, pipe })))
    }
}
