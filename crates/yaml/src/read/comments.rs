//! Where comments belong: the rules of go-yaml v3 as far as events show them.
//!
//! A comment behind content belongs to that line; lines directly below content that an empty line or the end of the
//! block follows belong to what stands above (foot); all others to what comes next (head).

use smol_str::SmolStr;

use crate::source::Place;

/// Comments between the last content and the next.
#[derive(Default)]
pub(super) struct Pending {
    lines: Vec<Line>,
}

struct Line {
    text: SmolStr,
    line: usize,
    column: usize,
    /// Whether an empty line or the end of the text follows.
    last: bool,
}

impl Pending {
    pub(super) fn add(&mut self, source: &str, place: Place) {
        let after = source.get(place.end..).unwrap_or_default();
        let next = after.split_once('\n').map_or("", |(_, rest)| rest.split('\n').next().unwrap_or_default());
        let text = source.get(place.start..place.end).unwrap_or_default().trim_end_matches('\r');
        self.lines.push(Line { text: SmolStr::new(text), line: place.line, column: place.column, last: next.trim().is_empty() });
    }

    /// Takes the comment that stands behind content in `line`.
    pub(super) fn take_line(&mut self, line: usize) -> SmolStr {
        match self.lines.first() {
            Some(first) if first.line == line => self.lines.remove(0).text,
            _ => SmolStr::default(),
        }
    }

    /// Takes the comment behind the header of a block scalar whose text starts in `line`.
    pub(super) fn take_header(&mut self, line: usize) -> SmolStr {
        match self.lines.first() {
            Some(first) if first.line < line => self.lines.remove(0).text,
            _ => SmolStr::default(),
        }
    }

    /// Takes the lines that belong to content that ended in `line` and stands at `column`; `ends` says that its block
    /// ends here.
    pub(super) fn take_foot(&mut self, line: usize, column: usize, ends: bool) -> SmolStr {
        let run = self.lines.iter().zip(line + 1..).take_while(|(l, expected)| l.line == *expected).count();
        let Some(end) = self.lines[..run].iter().position(|l| l.last).map(|i| i + 1).or((ends && run > 0).then_some(run)) else {
            return SmolStr::default();
        };
        if ends && self.lines[0].column < column {
            return SmolStr::default();
        }
        join(self.lines.drain(..end).map(|l| (l.text, false)))
    }

    /// Takes everything as the comment above what comes next.
    pub(super) fn take_head(&mut self) -> SmolStr {
        join(self.lines.drain(..).map(|l| (l.text, l.last)))
    }

    /// Takes what belongs to the document as a whole: all that an empty line divides from the first content.
    pub(super) fn take_document(&mut self) -> SmolStr {
        let Some(end) = self.lines.iter().rposition(|l| l.last).map(|i| i + 1) else { return SmolStr::default() };
        let text = join(self.lines.drain(..end).map(|l| (l.text, l.last)));
        SmolStr::new(text.trim_end_matches('\n'))
    }
}

/// Joins lines; an empty line follows where the flag says so.
fn join(lines: impl Iterator<Item = (SmolStr, bool)>) -> SmolStr {
    let mut out = String::new();
    for (text, gap) in lines {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&text);
        if gap {
            out.push('\n');
        }
    }
    SmolStr::new(out)
}
