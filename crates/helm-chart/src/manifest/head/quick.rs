//! A fast reader of heads for the YAML that charts print.
//!
//! Every rendered document must be checked for being YAML, and rendering is so fast that a full parse of megabytes of
//! definitions would take most of the time. This reader goes over a document line by line and knows block mappings, block
//! sequences, block scalars, plain and quoted scalars (also over several lines) and simple flow sequences. Wherever a line
//! is anything else it gives up, and the full parser decides. So it never refuses a document, and what it accepts the full parser accepts with
//! the same head; the property test below holds the two against each other.

use super::Head;
use super::fields::HELM;

/// Nested collections before the full parser takes over.
const MAX_DEPTH: usize = 100;

/// The head of a simple document; `None` for everything that is not simple.
pub(super) fn read(text: &str) -> Option<Head> {
    let tabs = printable(text)?;
    let mut reader = Reader { head: Head::default(), tabs, stack: Vec::new(), awaits: None, plain: None, quoted: None, block: None };
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        reader.line(text.get(start..end)?)?;
        start = end + 1;
    }
    reader.quoted.is_none().then_some(reader.head)
}

/// Gives up on characters that YAML forbids or takes for line breaks; tells whether there are tabs.
fn printable(text: &str) -> Option<bool> {
    let plain = |b: u8| b == b'\n' || b == b'\t' || (b >= b' ' && b != 0x7f);
    // These begin all letters beyond ASCII that matter here; others need no second look.
    let suspect = |b: u8| matches!(b, 0xc2 | 0xe2 | 0xef);
    let (mut fine, mut look, mut tabs) = (true, false, false);
    for b in text.bytes() {
        fine &= plain(b);
        look |= suspect(b);
        tabs |= b == b'\t';
    }
    let odd = |c: char| matches!(c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    (fine && !(look && text.contains(odd))).then_some(tabs)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Map,
    Seq,
}

/// What a collection means for the head.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Root,
    Metadata,
    Annotations,
    /// Of a key whose text belongs to the head.
    Text,
    Other,
}

struct Level {
    indent: usize,
    shape: Shape,
    role: Role,
}

/// A key or an item without a value yet: a collection may follow.
struct Awaits {
    /// The indent of the collection that owns the key or item.
    indent: usize,
    /// Whether a sequence may stand at that same indent (below a key).
    same: bool,
    role: Role,
}

/// A block scalar being skipped.
struct Block {
    /// Lines must be indented deeper than this.
    parent: usize,
    /// The indent of the first line with text.
    indent: Option<usize>,
    /// The most blanks of a blank line before that.
    blanks: usize,
}

struct Reader {
    head: Head,
    /// There are tabs somewhere in the text.
    tabs: bool,
    stack: Vec<Level>,
    awaits: Option<Awaits>,
    /// A scalar stands behind a key or item at this indent; whether it is a plain one that deeper lines may continue.
    plain: Option<(usize, bool)>,
    /// The indent of the owner of a quoted scalar that goes on, and its quote.
    quoted: Option<(usize, u8)>,
    block: Option<Block>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Option<()> {
        let indent = line.bytes().take_while(|b| *b == b' ').count();
        let content = line.get(indent..)?;
        if self.block.is_some() && self.in_block(content, indent)? {
            return Some(());
        }
        if content.is_empty() {
            return Some(());
        }
        if self.tabs && content.contains('\t') || indent == 0 && (content.starts_with("---") || content.starts_with("...")) {
            return None;
        }
        if let Some((owner, quote)) = self.quoted {
            return if indent > owner { self.quoted_text(content, quote, owner) } else { None };
        }
        if content.starts_with('#') {
            if let Some((_, open)) = &mut self.plain {
                *open = false;
            }
            return Some(());
        }
        if let Some((owner, open)) = self.plain {
            if indent > owner {
                return (open && !has_mark(content)).then_some(());
            }
            self.plain = None;
        }
        self.node(content, indent)
    }

    /// Whether a line belongs to the block scalar at hand.
    fn in_block(&mut self, content: &str, indent: usize) -> Option<bool> {
        let block = self.block.as_mut()?;
        match block.indent {
            _ if content.is_empty() => {
                if block.indent.is_none() {
                    block.blanks = block.blanks.max(indent);
                }
                Some(true)
            }
            None if indent > block.parent => {
                if content.starts_with('\t') || indent < block.blanks {
                    return None;
                }
                block.indent = Some(indent);
                Some(true)
            }
            Some(own) if indent >= own => Some(true),
            Some(_) if indent > block.parent => None,
            _ => {
                self.block = None;
                Some(false)
            }
        }
    }

    /// A line, or what follows `- ` on a line, that begins a key or an item.
    fn node(&mut self, content: &str, indent: usize) -> Option<()> {
        let item = is_item(content);
        let key = if item { None } else { key_end(content) };
        if !item && key.is_none() {
            return self.alone(content, indent);
        }
        self.open(indent, if item { Shape::Seq } else { Shape::Map })?;
        if item {
            let rest = content[1..].trim_start_matches(' ');
            let at = indent + content.len() - rest.len();
            if rest.is_empty() || rest.starts_with('#') {
                self.awaits = Some(Awaits { indent, same: false, role: Role::Other });
                return Some(());
            }
            if is_item(rest) || key_end(rest).is_some() {
                self.awaits = Some(Awaits { indent, same: false, role: Role::Other });
                return self.node(rest, at);
            }
            return self.value(rest, indent);
        }
        let (key, rest) = key?;
        let role = self.stack.last()?.role;
        let known = known_key(role, key)?;
        let value = rest.trim_start_matches(' ');
        if value.is_empty() || value.starts_with('#') && value.len() < rest.len() {
            let inner = match (role, key) {
                (Role::Root, "metadata") => Role::Metadata,
                (Role::Metadata, "annotations") => Role::Annotations,
                _ if known => Role::Text,
                _ => Role::Other,
            };
            self.clear(role, key);
            self.awaits = Some(Awaits { indent, same: true, role: inner });
            return Some(());
        }
        if role == Role::Annotations && !key.starts_with(HELM) {
            // Any scalar becomes text; a collection does not.
            if value.starts_with(['[', '{']) {
                return None;
            }
            return self.value(value, indent);
        }
        if known || role == Role::Annotations {
            let text = simple_text(value)?;
            self.set(role, key, text)?;
            self.plain = Some((indent, false));
            return Some(());
        }
        self.value(value, indent)
    }

    /// A scalar or flow collection on a line of its own, below the key or item that it belongs to.
    fn alone(&mut self, content: &str, indent: usize) -> Option<()> {
        let awaits = self.awaits.take().filter(|awaits| indent > awaits.indent)?;
        let fits = match awaits.role {
            Role::Other => !content.starts_with(['|', '>']) && self.stack.last().is_none_or(|level| level.role != Role::Annotations),
            Role::Metadata | Role::Annotations => content == "{}",
            Role::Root | Role::Text => false,
        };
        if fits { self.value(content, awaits.indent) } else { None }
    }

    /// Makes the collection of the given shape at this indent the current one, or gives up.
    fn open(&mut self, indent: usize, shape: Shape) -> Option<()> {
        if let Some(awaits) = self.awaits.take() {
            let below = indent > awaits.indent || awaits.same && shape == Shape::Seq && indent == awaits.indent;
            if below {
                // What stands in the place of metadata or annotations must be a mapping of texts.
                let odd = shape == Shape::Seq && awaits.role != Role::Other || awaits.role == Role::Text;
                let nested = self.stack.last().is_some_and(|l| l.role == Role::Annotations);
                if odd || nested || self.stack.len() >= MAX_DEPTH {
                    return None;
                }
                self.stack.push(Level { indent, shape, role: awaits.role });
                return Some(());
            }
        }
        if self.stack.is_empty() {
            if shape == Shape::Seq {
                return None;
            }
            self.stack.push(Level { indent, shape, role: Role::Root });
            return Some(());
        }
        loop {
            let top = self.stack.last()?;
            if top.indent == indent && top.shape == shape {
                return Some(());
            }
            // A sequence may end at the indent of the mapping that holds it.
            let ends = top.indent > indent || top.indent == indent && top.shape == Shape::Seq && shape == Shape::Map;
            if !ends {
                return None;
            }
            self.stack.pop();
        }
    }

    /// A scalar or simple flow collection that has no meaning for the head.
    fn value(&mut self, value: &str, indent: usize) -> Option<()> {
        let first = value.as_bytes().first()?;
        match first {
            b'|' | b'>' => {
                let header = value.get(1..)?.split(" #").next()?.trim_end_matches(' ');
                if !matches!(header, "" | "+" | "-") {
                    return None;
                }
                self.block = Some(Block { parent: indent, indent: None, blanks: 0 });
            }
            quote @ (b'"' | b'\'') => self.quoted_text(value.get(1..)?, *quote, indent)?,
            b'[' | b'{' => {
                let rest = flow_end(value)?;
                blank_or_comment(rest)?;
                self.plain = Some((indent, false));
            }
            _ => {
                let (_, commented) = plain(value)?;
                self.plain = Some((indent, !commented));
            }
        }
        Some(())
    }

    /// The first or a further line of a quoted scalar, from behind its opening quote on.
    fn quoted_text(&mut self, text: &str, quote: u8, owner: usize) -> Option<()> {
        match quoted_rest(text, quote)? {
            Some(rest) => {
                blank_or_comment(rest)?;
                self.quoted = None;
                self.plain = Some((owner, false));
            }
            None => self.quoted = Some((owner, quote)),
        }
        Some(())
    }

    /// Forgets what an earlier key of the same name said.
    fn clear(&mut self, role: Role, key: &str) {
        match (role, key) {
            (Role::Root, "apiVersion") => self.head.api_version.clear(),
            (Role::Root, "kind") => self.head.kind.clear(),
            (Role::Root, "metadata") => {
                self.head.name.clear();
                self.head.annotations.clear();
            }
            (Role::Metadata, "name") => self.head.name.clear(),
            (Role::Metadata, "annotations") => self.head.annotations.clear(),
            (Role::Annotations, key) if key.starts_with(HELM) => {
                self.head.annotations.insert(key.to_owned(), String::new());
            }
            _ => {}
        }
    }

    fn set(&mut self, role: Role, key: &str, text: &str) -> Option<()> {
        let text = text.to_owned();
        match (role, key) {
            (Role::Root, "apiVersion") => self.head.api_version = text,
            (Role::Root, "kind") => self.head.kind = text,
            (Role::Metadata, "name") => self.head.name = text,
            (Role::Annotations, key) => {
                if key.starts_with(HELM) {
                    self.head.annotations.insert(key.to_owned(), text);
                }
            }
            _ => return None,
        }
        Some(())
    }
}

/// Whether a key belongs to the head; gives up on one that does in another case of letters.
fn known_key(role: Role, key: &str) -> Option<bool> {
    let names: &[&str] = match role {
        Role::Root => &["apiVersion", "kind", "metadata"],
        Role::Metadata => &["name", "annotations"],
        Role::Annotations | Role::Text | Role::Other => return Some(false),
    };
    if names.contains(&key) {
        return Some(true);
    }
    if names.iter().any(|name| name.eq_ignore_ascii_case(key)) { None } else { Some(false) }
}

/// A key in front of `: ` or a final `:`, and what follows the colon.
fn key_end(content: &str) -> Option<(&str, &str)> {
    let (key, rest) = match content.as_bytes().first()? {
        quote @ (b'"' | b'\'') => {
            let inside = &content[1..];
            let end = inside.find(char::from(*quote))?;
            let key = &inside[..end];
            if key.contains('\\') || inside[end + 1..].starts_with(char::from(*quote)) {
                return None;
            }
            (key, &inside[end + 1..])
        }
        b if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'$') => {
            let end = content
                .bytes()
                .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'.' | b'$' | b'-' | b'@' | b'+' | b'~')))?;
            let key = &content[..end];
            if key.eq_ignore_ascii_case("null") {
                return None;
            }
            (key, &content[end..])
        }
        _ => return None,
    };
    let rest = rest.strip_prefix(':')?;
    (key.len() < 1000 && (rest.is_empty() || rest.starts_with(' '))).then_some((key, rest))
}

/// A line, or what is left of it, that begins an item of a sequence.
fn is_item(content: &str) -> bool {
    matches!(content.as_bytes(), [b'-'] | [b'-', b' ', ..])
}

/// Whether a line holds what ends a plain scalar: a colon at its end or before a blank, or a comment.
fn has_mark(content: &str) -> bool {
    let bytes = content.as_bytes();
    memchr::memchr2_iter(b':', b'#', bytes).any(|at| match bytes.get(at) {
        Some(b':') => matches!(bytes.get(at + 1), None | Some(b' ')),
        _ => at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b' '),
    })
}

/// A plain scalar on one line without a comment behind it, and whether there was one.
fn plain(value: &str) -> Option<(&str, bool)> {
    let bytes = value.as_bytes();
    let second = bytes.get(1).copied();
    match bytes.first()? {
        b'-' | b'?' | b':' if matches!(second, None | Some(b' ')) => return None,
        b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'#' | b',' | b']' | b'}' | b'|' | b'>' | b'[' | b'{' | b'"' | b'\'' => return None,
        _ => {}
    }
    let (text, commented) = if has_mark(value) {
        let (text, commented) = value.split_once(" #").map_or((value, false), |(text, _)| (text, true));
        if text.trim_end_matches(' ').ends_with(':') || text.contains(": ") {
            return None;
        }
        (text, commented)
    } else {
        (value, false)
    };
    let text = text.trim_end_matches(' ');
    if text.is_empty() || text == "<<" {
        return None;
    }
    // Infinities and not-a-number are YAML, but not JSON.
    let tail = text.get(text.len().saturating_sub(3)..).unwrap_or_default();
    let special = text.len() <= 5 && text.contains('.') && (tail.eq_ignore_ascii_case("inf") || tail.eq_ignore_ascii_case("nan"));
    (!special).then_some((text, commented))
}

/// A scalar that is surely a text, and its text.
fn simple_text(value: &str) -> Option<&str> {
    if let Some(quote @ (b'"' | b'\'')) = value.as_bytes().first() {
        let rest = quoted_end(value)?;
        blank_or_comment(rest)?;
        let inside = &value[1..value.len() - rest.len() - 1];
        return (!inside.contains(['\\', char::from(*quote)])).then_some(inside);
    }
    let (text, _) = plain(value)?;
    let letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    (letter && !words.iter().any(|w| w.eq_ignore_ascii_case(text))).then_some(text)
}

/// What follows a quoted scalar that ends on its line.
fn quoted_end(value: &str) -> Option<&str> {
    quoted_rest(value.get(1..)?, *value.as_bytes().first()?)?
}

/// What follows the closing quote; inside, `None` if the scalar goes on on the next line. Gives up on rare escapes.
fn quoted_rest(text: &str, quote: u8) -> Option<Option<&str>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += match memchr::memchr2(b'\\', quote, bytes.get(at..)?) {
            None => return Some(None),
            Some(next) => next,
        };
        match (*bytes.get(at)?, bytes.get(at + 1)) {
            (b'\\', _) if quote == b'\'' => at += 1,
            // A backslash at the end of a line joins it with the next one.
            (b'\\', None) => return Some(None),
            (b'\\', Some(b'\\' | b'"' | b'n' | b't' | b'r' | b'0' | b'b' | b'f' | b' ')) => at += 2,
            (b'\\', Some(_)) => return None,
            (_, Some(b'\'')) if quote == b'\'' => at += 2,
            _ => return text.get(at + 1..).map(Some),
        }
    }
}

/// What follows `{}`, `[]` or a flow sequence of simple scalars.
fn flow_end(value: &str) -> Option<&str> {
    if let Some(rest) = value.strip_prefix("{}").or_else(|| value.strip_prefix("[]")) {
        return Some(rest);
    }
    let mut rest = value.strip_prefix('[')?;
    loop {
        rest = rest.trim_start_matches(' ');
        rest = match rest.as_bytes().first()? {
            b'"' | b'\'' => quoted_end(rest)?,
            b if b.is_ascii_alphanumeric() || *b == b'/' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '*')))?;
                &rest[end..]
            }
            _ => return None,
        };
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix(']') {
            return Some(after);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// Only blanks, or a comment behind a blank.
fn blank_or_comment(rest: &str) -> Option<()> {
    let text = rest.trim_start_matches(' ');
    (text.is_empty() || text.starts_with('#') && text.len() < rest.len()).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Head;
    use super::read;

    /// HE-MAN-05: the usual manifest takes the fast way.
    #[test]
    fn usual_manifests() {
        let text = "# Source\napiVersion: apps/v1\nkind: Deployment # really\nmetadata:\n  name: \"a\"\n  labels: {}\n  annotations:\n    helm.sh/hook: pre-install,post-install\n    \"helm.sh/hook-weight\": \"-5\"\n    other: text\nspec:\n  args: [\"a\", b]\n  list:\n  - x\n  - name: y\n    value: 'it''s'\n  -\n    deep: 1\n  text: |-\n    a: b\n      c\n\n    \t- d\n  quoted: 'a: b\n\n    # c ''d'' e'\n  joined: \"one\\\n    \\ two\\\" \\\n    three\"\n  empty:\n    {}\n  below:\n    plain text\n    goes on\n  folded: one two\n    three - four\n\n    five\n  empty:\n  last: yes\n";
        let head = read(text);
        assert!(head.is_some());
        assert_eq!(head, Head::parse_fully(text).ok());
        assert_eq!(head.map(|h| h.annotations.len()), Some(2));
    }

    fn lines() -> impl Strategy<Value = String> {
        let words = prop_oneof![
            Just("apiVersion: v1"),
            Just("kind: A"),
            Just("Kind: B"),
            Just("kind: 12"),
            Just("kind: yes"),
            Just("metadata:"),
            Just("name: x"),
            Just("name:"),
            Just("annotations:"),
            Just("helm.sh/hook: test"),
            Just("helm.sh/hook-weight: 5"),
            Just("helm.sh/hook-weight: \"5\""),
            Just("- a"),
            Just("- a: 1"),
            Just("-"),
            Just("- - b"),
            Just("- |"),
            Just("k: |"),
            Just("k: >-"),
            Just("k: text more"),
            Just("k: a: b"),
            Just("k: 'q'"),
            Just("k: 'q"),
            Just("k: \"a\\ b"),
            Just("k: \"a\\/b\""),
            Just("kind:"),
            Just("'r'"),
            Just("end' # c"),
            Just("it''s' x"),
            Just("go \\"),
            Just("\\ on\""),
            Just("{}"),
            Just("[]"),
            Just("|"),
            Just("a # b: c"),
            Just("helm.sh/hook:"),
            Just("k: \"q\\n\""),
            Just("k: [a, \"b\"]"),
            Just("k: [a, b"),
            Just("k: {}"),
            Just("k: {a: 1}"),
            Just("# note"),
            Just(""),
            Just("plain"),
            Just("k:"),
            Just("k: # c"),
            Just("k: v #c"),
            Just("k:v"),
            Just("\tk: v"),
            Just("k: .inf"),
            Just("k: &a v"),
            Just("k: *a"),
            Just("? k"),
            Just("\"q\": 1"),
            Just("null: 1"),
            Just("k: - a"),
            Just("k: !!str a"),
            Just("<<: {a: 1}"),
            Just("---"),
            Just("é: ü"),
            Just("k: é"),
            Just("k: a:"),
            Just("a b: c"),
            Just("k: |2"),
            Just("k: v\t"),
            Just("metadata: []"),
        ];
        prop::collection::vec((prop_oneof![Just(0usize), Just(2), Just(4), 0usize..6], words), 0..10)
            .prop_map(|lines| lines.into_iter().map(|(indent, text)| format!("{}{text}\n", " ".repeat(indent))).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        /// HE-MAN-05: what the fast way accepts, the full parser accepts with the same head.
        #[test]
        fn never_wrong(text in lines()) {
            if let Some(head) = read(&text) {
                prop_assert_eq!(Ok(head), Head::parse_fully(&text));
            }
        }
    }
}
