//! One line of a `.sourceignore`: its domain, its segments and what a match of it means.

use super::glob::Glob;

/// A parsed line.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// Segments of the directory below which the line holds.
    domain: Vec<Vec<u8>>,
    /// A leading `!`: a match brings the path back.
    include: bool,
    /// A trailing `/`: only directories (and what lies below them) match.
    dir_only: bool,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// No slash in the line: any segment of the path may match.
    Name(Option<Glob>),
    /// The segments match from the domain on, in order.
    Segments(Vec<Segment>),
    /// A malformed segment: nothing matches.
    Never,
}

#[derive(Debug, Clone)]
enum Segment {
    /// Nothing between two slashes: constrains nothing, and ends the reach of a `**` before it.
    Empty,
    /// `**`: the next segment may lie any number of levels deeper.
    AnyDepth,
    One(Glob),
}

impl Pattern {
    /// Reads one line that is neither blank nor a comment.
    pub(super) fn parse(line: &[u8], domain: &[&[u8]]) -> Self {
        let (include, line) = match line.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let line = if line.ends_with(b"\\ ") { line } else { trim_spaces(line) };
        let (dir_only, line) = match line.strip_suffix(b"/") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let shape = if line.contains(&b'/') { segments(line) } else { Shape::Name(Glob::compile(line).filter(|_| !line.is_empty())) };
        Self { domain: domain.iter().map(|s| s.to_vec()).collect(), include, dir_only, shape }
    }

    /// Whether a match brings the path back instead of leaving it out.
    pub(super) fn includes(&self) -> bool {
        self.include
    }

    /// Whether the line says anything about the path. A match of one of its parents counts.
    pub(super) fn matches(&self, path: &[&[u8]], is_dir: bool) -> bool {
        let depth = self.domain.len();
        if path.len() <= depth || !self.domain.iter().zip(path).all(|(want, got)| want == got) {
            return false;
        }
        let path = &path[depth..];
        // What is left of the path after the match: nothing means that the path itself matched, not a parent.
        let left = match &self.shape {
            Shape::Never | Shape::Name(None) => None,
            Shape::Name(Some(glob)) => path.iter().position(|name| glob.matches(name)).map(|i| path.len() - 1 - i),
            Shape::Segments(segments) => match_segments(segments, path),
        };
        left.is_some_and(|left| !(self.dir_only && !is_dir && left == 0))
    }
}

fn trim_spaces(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|b| *b != b' ').map_or(0, |i| i + 1);
    &line[..end]
}

fn segments(line: &[u8]) -> Shape {
    let mut out = Vec::new();
    let all: Vec<&[u8]> = line.split(|b| *b == b'/').collect();
    for (i, text) in all.iter().enumerate() {
        match *text {
            b"" => out.push(Segment::Empty),
            b"**" => {
                out.push(Segment::AnyDepth);
                if i + 1 == all.len() {
                    break;
                }
            }
            // `**` inside of a name means nothing, unlike in git.
            text if text.windows(2).any(|w| w == b"**") => return Shape::Never,
            text => match Glob::compile(text) {
                Some(glob) => out.push(Segment::One(glob)),
                None => return Shape::Never,
            },
        }
    }
    Shape::Segments(out)
}

/// Matches segment by segment: after `**` the first fit for the next segment is taken, and there is no going back.
/// Answers how many path segments are left below the match; at least one segment of the pattern must have named
/// something.
fn match_segments(segments: &[Segment], path: &[&[u8]]) -> Option<usize> {
    let (mut at, mut matched, mut any_depth) = (0, false, false);
    for segment in segments {
        match segment {
            Segment::Empty => any_depth = false,
            Segment::AnyDepth => any_depth = true,
            Segment::One(glob) => {
                let reach = if any_depth { path.len() } else { path.len().min(at + 1) };
                let found = (at..reach).find(|i| glob.matches(path[*i]))?;
                (at, matched, any_depth) = (found + 1, true, false);
            }
        }
    }
    matched.then_some(path.len() - at)
}
