//! The canonical text of nodes, as errors show it between `<` and `>`.

use super::table::Rows;
use super::tree::{Branch, Command, Expr, ExprKind, Invocation, NameId, Node, Pipe, Source};
use crate::strconv;

/// A node that shows its source form.
pub(crate) trait Show {
    /// Appends the canonical text.
    fn show(&self, source: &Source, out: &mut Vec<u8>);
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn fields(out: &mut Vec<u8>, source: &Source, path: Rows<NameId>) {
    for name in source.parts.paths.list(path) {
        out.push(b'.');
        out.extend_from_slice(source.parts.names[*name].as_bytes());
    }
}

fn nodes(list: Rows<Node>, source: &Source, out: &mut Vec<u8>) {
    source.parts.nodes.list(list).iter().for_each(|n| n.show(source, out));
}

impl Show for Node {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        let parts = &source.parts;
        match self {
            Self::Text(range) => out.extend_from_slice(source.text(range)),
            Self::Constant(text) => out.extend_from_slice(parts.constants.list(*text)),
            Self::Action(_, pipe) => {
                put(out, "{{");
                parts.pipes[*pipe].show(source, out);
                put(out, "}}");
            }
            Self::If(_, branch) => show_branch("if", &parts.branches[*branch], source, out),
            Self::With(_, branch) => show_branch("with", &parts.branches[*branch], source, out),
            Self::Range(_, branch) => show_branch("range", &parts.branches[*branch], source, out),
            Self::Template(_, invocation) => parts.invocations[*invocation].show(source, out),
            Self::Break(_) => put(out, "{{break}}"),
            Self::Continue(_) => put(out, "{{continue}}"),
        }
    }
}

fn show_branch(word: &str, branch: &Branch, source: &Source, out: &mut Vec<u8>) {
    put(out, "{{");
    put(out, word);
    put(out, " ");
    source.parts.pipes[branch.pipe].show(source, out);
    put(out, "}}");
    nodes(branch.list, source, out);
    if let Some(otherwise) = branch.otherwise {
        put(out, "{{else}}");
        nodes(otherwise, source, out);
    }
    put(out, "{{end}}");
}

impl Show for Invocation {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        put(out, "{{template ");
        put(out, &strconv::quote(&self.name));
        if let Some(pipe) = self.pipe {
            put(out, " ");
            source.parts.pipes[pipe].show(source, out);
        }
        put(out, "}}");
    }
}

impl Show for Pipe {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        for (index, variable) in source.parts.paths.list(self.declared).iter().enumerate() {
            if index > 0 {
                put(out, ", ");
            }
            out.extend_from_slice(source.parts.names[*variable].as_bytes());
        }
        if !self.declared.is_empty() {
            put(out, if self.assign { " = " } else { " := " });
        }
        for (index, command) in source.parts.commands.list(self.commands).iter().enumerate() {
            if index > 0 {
                put(out, " | ");
            }
            command.show(source, out);
        }
    }
}

impl Show for Command {
    fn show(&self, source: &Source, out: &mut Vec<u8>) {
        show_word(&self.first, source, out);
        for arg in source.parts.exprs.list(self.args) {
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
        let parts = &source.parts;
        match &self.kind {
            ExprKind::Bool(b) => put(out, if *b { "true" } else { "false" }),
            ExprKind::Nil => put(out, "nil"),
            ExprKind::Dot => put(out, "."),
            ExprKind::Number(number) => put(out, &parts.numbers[*number].text),
            ExprKind::String(_, len) => out.extend_from_slice(source.text(&(self.pos..self.pos + len))),
            ExprKind::Field(path) => fields(out, source, *path),
            ExprKind::Variable(variable, path) => {
                out.extend_from_slice(parts.names[*variable].as_bytes());
                fields(out, source, *path);
            }
            ExprKind::Chain(inner, path) => {
                show_word(&parts.exprs[*inner], source, out);
                fields(out, source, *path);
            }
            ExprKind::Function(function) => put(out, parts.functions[*function].name()),
            ExprKind::Pipe(pipe) => parts.pipes[*pipe].show(source, out),
        }
    }
}
