//! The canonical text of nodes, as errors show it between `<` and `>`.

use super::tree::{Branch, Command, Expr, ExprKind, Invocation, Node, Pipe, Source};
use crate::strconv;
use crate::value::Str;

/// A node that shows its source form.
pub(crate) trait Show {
    /// Appends the canonical text.
    fn show(&self, source: &Source, out: &mut Vec<u8>);
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn fields(out: &mut Vec<u8>, names: &[Str]) {
    for name in names {
        out.push(b'.');
        out.extend_from_slice(name.as_bytes());
    }
}

impl Show for Node {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        match self {
            Self::Text(range) => out.extend_from_slice(source.text(range)),
            Self::Constant(range) => out.extend_from_slice(source.constant(range)),
            Self::Action(_, pipe) => {
                put(out, "{{");
                pipe.show(source, out);
                put(out, "}}");
            }
            Self::If(_, branch) => show_branch("if", branch, source, out),
            Self::With(_, branch) => show_branch("with", branch, source, out),
            Self::Range(_, branch) => show_branch("range", branch, source, out),
            Self::Template(_, invocation) => invocation.show(source, out),
            Self::Break(_) => put(out, "{{break}}"),
            Self::Continue(_) => put(out, "{{continue}}"),
        }
    }
}

fn show_branch(word: &str, branch: &Branch, source: &Source, out: &mut Vec<u8>) {
    put(out, "{{");
    put(out, word);
    put(out, " ");
    branch.pipe.show(source, out);
    put(out, "}}");
    branch.list.iter().for_each(|n| n.show(source, out));
    if let Some(otherwise) = &branch.otherwise {
        put(out, "{{else}}");
        otherwise.iter().for_each(|n| n.show(source, out));
    }
    put(out, "{{end}}");
}

impl Show for Invocation {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        put(out, "{{template ");
        put(out, &strconv::quote(self.name.as_bytes()));
        if let Some(pipe) = &self.pipe {
            put(out, " ");
            pipe.show(source, out);
        }
        put(out, "}}");
    }
}

impl Show for Pipe {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        for (index, variable) in self.declared.iter().enumerate() {
            if index > 0 {
                put(out, ", ");
            }
            out.extend_from_slice(source.variable(*variable));
        }
        if !self.declared.is_empty() {
            put(out, if self.assign { " = " } else { " := " });
        }
        self.first.show(source, out);
        for command in &self.rest {
            put(out, " | ");
            command.show(source, out);
        }
    }
}

impl Show for Command {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        show_word(&self.first, source, out);
        for arg in &self.args {
            out.push(b' ');
            show_word(arg, source, out);
        }
    }
}

/// A word of a command: a pipeline there has parentheses.
fn show_word(expr: &Expr, source: &Source, out: &mut Vec<u8>) {
    if matches!(expr.kind, ExprKind::Pipe(_)) {
        out.push(b'(');
        expr.show(source, out);
        out.push(b')');
    } else {
        expr.show(source, out);
    }
}

impl Show for Expr {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        match &self.kind {
            ExprKind::Bool(b) => put(out, if *b { "true" } else { "false" }),
            ExprKind::Nil => put(out, "nil"),
            ExprKind::Dot => put(out, "."),
            ExprKind::Number(number) => put(out, &number.text),
            ExprKind::String(_, len) => {
                let start = self.pos as usize;
                out.extend_from_slice(source.text.as_bytes().get(start..start + *len as usize).unwrap_or(&[]));
            }
            ExprKind::Field(names) => fields(out, names),
            ExprKind::Variable(variable, names) => {
                out.extend_from_slice(source.variable(*variable));
                fields(out, names);
            }
            ExprKind::Chain(inner, names) => {
                show_word(inner, source, out);
                fields(out, names);
            }
            ExprKind::Function(function) => put(out, function.name()),
            ExprKind::Pipe(pipe) => pipe.show(source, out),
        }
    }
}
