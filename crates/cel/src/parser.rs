//! From tokens to a syntax tree.

mod macros;

use std::sync::Arc;

use crate::ast::{Access, Callee, Element, Entry, Expr, Node};
use crate::error::Diagnostic;
use crate::functions;
use crate::lexer::{Kind, Token, tokens};
use crate::stack::with_room;
use crate::value::{Text, Value};

/// Characters of an expression, as in the original.
const MAX_LENGTH: usize = 100_000;

/// How deep parts may be nested, as in the original. All that walks a tree relies on it.
pub(crate) const MAX_DEPTH: usize = 250;

/// Words that are no names of variables and functions.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A tree and how many parts it has.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Expr,
    pub(crate) parts: usize,
}

/// Parses a text.
pub(crate) fn parse(text: &str) -> Result<Parsed, Diagnostic> {
    let length = text.chars().count();
    if length > MAX_LENGTH {
        let message = format!("expression code point size exceeds limit: size: {length}, limit {MAX_LENGTH}");
        return Err(Diagnostic::new("", 0, message));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, heights: Vec::new() };
    let root = parser.expr().and_then(|root| match parser.peek() {
        Kind::End => Ok(root),
        _ => Err(parser.unexpected("the end of the expression")),
    });
    match root {
        Ok(root) => Ok(Parsed { root, parts: parser.heights.len() }),
        Err((at, message)) => Err(Diagnostic::new(text, at, message)),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// How many calls of [`Parser::expr`] are open.
    depth: usize,
    /// Of each part, how deep its own parts are nested.
    heights: Vec<usize>,
}

/// What is wrong, and where.
type Mistake = (usize, String);
type Parse<T> = Result<T, Mistake>;

impl Parser {
    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.next + ahead).or(self.tokens.last())
    }

    fn peek(&self) -> &Kind {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> &Kind {
        self.token(ahead).map_or(&Kind::End, |t| &t.kind)
    }

    /// Offset of the next token.
    fn at(&self) -> usize {
        self.token(0).map_or(0, |t| t.at)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(s) if *s == sign)
    }

    /// Takes the next token if it is this sign.
    fn accept(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Parse<()> {
        if self.accept(sign) { Ok(()) } else { Err(self.unexpected(&format!("'{sign}'"))) }
    }

    fn unexpected(&self, wanted: &str) -> Mistake {
        let found = match self.peek() {
            Kind::Ident(name) => format!("'{name}'"),
            Kind::Sign(sign) => format!("'{sign}'"),
            Kind::End => "<EOF>".to_owned(),
            _ => "a literal".to_owned(),
        };
        (self.at(), format!("Syntax error: mismatched input {found} expecting {wanted}"))
    }

    /// Makes a part.
    fn part(&mut self, at: usize, node: Node) -> Parse<Expr> {
        let part = Expr { id: self.heights.len(), at, node };
        let mut height = 0;
        part.parts(&mut |p| height = height.max(self.heights.get(p.id).map_or(0, |h| h + 1)));
        if height > MAX_DEPTH {
            return Err((at, "max recursion depth exceeded".to_owned()));
        }
        self.heights.push(height);
        Ok(part)
    }

    fn call(&mut self, at: usize, name: &str, args: Vec<Expr>, member: bool) -> Parse<Expr> {
        let callee = functions::find(name).map_or_else(|| Callee::Unknown(name.to_owned()), Callee::Known);
        self.part(at, Node::Call { callee, args, member })
    }

    fn expr(&mut self) -> Parse<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err((self.at(), format!("expression recursion limit exceeded: {MAX_DEPTH}")));
        }
        let expr = with_room(|| self.conditional());
        self.depth -= 1;
        expr
    }

    fn conditional(&mut self) -> Parse<Expr> {
        let condition = self.any()?;
        let at = self.at();
        if self.accept("?") {
            let yes = self.any()?;
            self.expect(":")?;
            let no = self.expr()?;
            self.part(at, Node::Conditional(Box::new([condition, yes, no])))
        } else {
            Ok(condition)
        }
    }

    /// Parts joined by `||`.
    fn any(&mut self) -> Parse<Expr> {
        let first = self.all()?;
        if !self.is("||") {
            return Ok(first);
        }
        let at = self.at();
        let mut terms = vec![first];
        while self.accept("||") {
            terms.push(self.all()?);
        }
        self.part(at, Node::Or(terms))
    }

    /// Parts joined by `&&`.
    fn all(&mut self) -> Parse<Expr> {
        let first = self.binary(0)?;
        if !self.is("&&") {
            return Ok(first);
        }
        let at = self.at();
        let mut terms = vec![first];
        while self.accept("&&") {
            terms.push(self.binary(0)?);
        }
        self.part(at, Node::And(terms))
    }

    /// Operators that bind at least as strong as `level`: comparison, sum, product.
    fn binary(&mut self, level: usize) -> Parse<Expr> {
        let mut left = self.unary()?;
        while let Kind::Sign(sign) = self.peek() {
            let (strength, name) = match *sign {
                "<" => (0, "_<_"),
                "<=" => (0, "_<=_"),
                ">=" => (0, "_>=_"),
                ">" => (0, "_>_"),
                "==" => (0, "_==_"),
                "!=" => (0, "_!=_"),
                "in" => (0, "@in"),
                "+" => (1, "_+_"),
                "-" => (1, "_-_"),
                "*" => (2, "_*_"),
                "/" => (2, "_/_"),
                "%" => (2, "_%_"),
                _ => break,
            };
            if strength < level {
                break;
            }
            let at = self.at();
            self.next += 1;
            let right = self.binary(strength + 1)?;
            left = self.call(at, name, vec![left, right], false)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parse<Expr> {
        let (sign, name) = match self.peek() {
            Kind::Sign("!") => ("!", "!_"),
            Kind::Sign("-") if !matches!(self.peek_at(1), Kind::Int(..) | Kind::Double(_)) => ("-", "-_"),
            _ => return self.member(),
        };
        let at = self.at();
        let mut odd = false;
        while self.accept(sign) {
            odd = !odd;
        }
        let operand = self.member()?;
        if odd { self.call(at, name, vec![operand], false) } else { Ok(operand) }
    }

    fn member(&mut self) -> Parse<Expr> {
        let mut operand = self.primary()?;
        loop {
            let at = self.at();
            if self.accept(".") {
                let optional = self.accept("?");
                let name_at = self.at();
                let name = self.name()?;
                if !optional && self.is("(") {
                    let open = self.at();
                    let args = self.arguments()?;
                    operand = self.member_call(open, operand, (name_at, name), args)?;
                } else {
                    let access = if optional { Access::Optional } else { Access::Value };
                    operand = self.part(at, Node::Select { operand: Box::new(operand), field: Arc::from(name), access })?;
                }
            } else if self.accept("[") {
                let optional = self.accept("?");
                let index = Box::new(self.expr()?);
                self.expect("]")?;
                operand = self.part(at, Node::Index { operand: Box::new(operand), index, optional })?;
            } else {
                return Ok(operand);
            }
        }
    }

    fn name(&mut self) -> Parse<String> {
        let Kind::Ident(name) = self.peek() else { return Err(self.unexpected("IDENTIFIER")) };
        let name = name.clone();
        self.next += 1;
        Ok(name)
    }

    /// Arguments in parentheses.
    fn arguments(&mut self) -> Parse<Vec<Expr>> {
        self.expect("(")?;
        let mut args = Vec::new();
        if !self.is(")") {
            args.push(self.expr()?);
            while self.accept(",") {
                args.push(self.expr()?);
            }
        }
        self.expect(")")?;
        Ok(args)
    }

    /// A macro, a function with a name like `sets.contains`, or a function on a target.
    fn member_call(&mut self, at: usize, target: Expr, (name_at, name): (usize, String), mut args: Vec<Expr>) -> Parse<Expr> {
        if macros::is_member(&name, args.len()) {
            return self.member_macro(at, target, &name, args);
        }
        let qualified = target.qualified_name().map(|prefix| format!("{prefix}.{name}"));
        if let Some(qualified) = qualified.filter(|name| functions::find(name).is_some()) {
            return self.call(name_at, &qualified, args, false);
        }
        args.insert(0, target);
        self.call(at, &name, args, true)
    }

    fn primary(&mut self) -> Parse<Expr> {
        let at = self.at();
        let literal = match self.peek() {
            Kind::Ident(_) => return self.named(at),
            Kind::Sign(".") => {
                self.next += 1;
                return self.named(at);
            }
            Kind::Sign("(") => {
                self.next += 1;
                let inner = self.expr()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Sign("[") => return self.list(at),
            Kind::Sign("{") => return self.map(at),
            Kind::Sign("-") if matches!(self.peek_at(1), Kind::Int(..) | Kind::Double(_)) => {
                self.next += 1;
                self.number(at, true)?
            }
            _ => self.number(at, false)?,
        };
        self.next += 1;
        self.part(at, Node::Literal(literal))
    }

    /// A literal that is one token, which is not taken.
    fn number(&self, at: usize, negative: bool) -> Parse<Value<'static>> {
        Ok(match self.peek() {
            Kind::Int(digits, hexadecimal) => {
                let number = i128::from_str_radix(digits, if *hexadecimal { 16 } else { 10 }).ok();
                let number = number.and_then(|n| i64::try_from(if negative { -n } else { n }).ok());
                Value::Int(number.ok_or_else(|| (at, "invalid int literal".to_owned()))?)
            }
            Kind::Double(n) => Value::Double(if negative { -n } else { *n }),
            Kind::Uint(n) => Value::Uint(*n),
            Kind::String(text) => Value::String(Text::Shared(Arc::from(text.as_str()))),
            Kind::Bytes(bytes) => Value::Bytes(Arc::from(bytes.as_slice())),
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Null => Value::Null,
            _ => return Err(self.unexpected("an expression")),
        })
    }

    /// A variable, a call or a message.
    fn named(&mut self, at: usize) -> Parse<Expr> {
        if let Some(name) = self.message_name() {
            return self.message(at, name);
        }
        let name_at = self.at();
        let name = self.name()?;
        if RESERVED.contains(&name.as_str()) {
            return Err((name_at, format!("reserved identifier: {name}")));
        }
        if !self.is("(") {
            return self.part(at, Node::Ident(name));
        }
        let open = self.at();
        let args = self.arguments()?;
        match (name.as_str(), <[Expr; 1]>::try_from(args)) {
            ("has", Ok([argument])) => self.has(argument),
            (name, Ok([argument])) => self.call(open, name, vec![argument], false),
            (name, Err(args)) => self.call(open, name, args, false),
        }
    }

    /// The dotted name of a message, if one begins here; it is taken.
    fn message_name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut ahead = 0;
        loop {
            let Kind::Ident(word) = self.peek_at(ahead) else { return None };
            name += word;
            match self.peek_at(ahead + 1) {
                Kind::Sign(".") => name.push('.'),
                Kind::Sign("{") => {
                    self.next += ahead + 1;
                    return Some(name);
                }
                _ => return None,
            }
            ahead += 2;
        }
    }

    fn message(&mut self, at: usize, name: String) -> Parse<Expr> {
        self.expect("{")?;
        let mut fields = Vec::new();
        let mut more = !self.is("}") && !self.is(",");
        while more {
            if self.is("?") {
                return Err((self.at(), "unsupported syntax: optional fields of messages".to_owned()));
            }
            let field = self.name()?;
            self.expect(":")?;
            fields.push((field, self.expr()?));
            more = self.more("}");
        }
        self.accept(",");
        self.expect("}")?;
        self.part(at, Node::Message { name, fields })
    }

    fn list(&mut self, at: usize) -> Parse<Expr> {
        self.expect("[")?;
        let mut elements = Vec::new();
        let mut more = !self.is("]") && !self.is(",");
        while more {
            let optional = self.accept("?");
            elements.push(Element { value: self.expr()?, optional });
            more = self.more("]");
        }
        self.accept(",");
        self.expect("]")?;
        self.part(at, Node::List(elements))
    }

    fn map(&mut self, at: usize) -> Parse<Expr> {
        self.expect("{")?;
        let mut entries = Vec::new();
        let mut more = !self.is("}") && !self.is(",");
        while more {
            let optional = self.accept("?");
            let key = self.expr()?;
            self.expect(":")?;
            entries.push(Entry { key, value: self.expr()?, optional });
            more = self.more("}");
        }
        self.accept(",");
        self.expect("}")?;
        self.part(at, Node::Map(entries))
    }

    /// Takes a comma that another item follows; a last one may be followed by the end.
    fn more(&mut self, end: &str) -> bool {
        let comma = self.is(",");
        let last = matches!(self.peek_at(1), Kind::Sign(s) if *s == end);
        self.next += usize::from(comma && !last);
        comma && !last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-60: what is not an expression is refused with its place.
    #[test]
    fn mistakes_have_a_place() {
        let place = |text: &str| parse(text).map(drop).map_err(|d| (d.line, d.column));
        assert_eq!(place("1 +"), Err((1, 4)));
        assert_eq!(place("[1,\n  2"), Err((2, 4)));
        assert_eq!(place("é ? 1 : 2"), Err((1, 1)));
        assert_eq!(place("[1,,2]"), Err((1, 4)));
        assert_eq!(place("a.?b()"), Err((1, 5)));
        assert_eq!(place("true ? false ? 1 : 2 : 3"), Err((1, 14)));
        for good in ["[,]", "{,}", "[1,]", "{'a':1,}", "a.if", "!!-1", "a.b{}", "- 5", "a ? b : c ? d : e"] {
            assert_eq!(place(good), Ok(()), "{good}");
        }
    }

    /// RT-60: nesting is bounded, in each of its forms.
    #[test]
    fn depth_is_bounded() {
        let too_deep = |text: String| parse(&text).is_err_and(|d| d.message.contains("recursion"));
        let n = 100_000 / 2;
        assert!(too_deep("(".repeat(n)));
        assert!(too_deep("[".repeat(n)));
        assert!(too_deep("a".to_owned() + &".a".repeat(n - 1)));
        assert!(too_deep("1".to_owned() + &"+1".repeat(n - 1)));
        assert!(too_deep("a?b:".repeat(n / 2)));
        assert!(too_deep("has(".repeat(n / 4)));
        assert!(too_deep("a[".repeat(n)));
        assert!(parse(&("a".to_owned() + &"&&a".repeat(n / 2))).is_ok());
        assert!(parse(&("(".repeat(200) + "1" + &")".repeat(200))).is_ok());
        assert!(parse(&"a".repeat(MAX_LENGTH + 1)).is_err());
    }
}
