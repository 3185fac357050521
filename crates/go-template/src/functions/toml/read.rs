//! Reading TOML 1.0.

use thiserror::Error;

use crate::functions::dates::toml_time;
use crate::functions::deeper;
use crate::strconv;
use crate::value::{MAX_DEPTH, Map, Value};

/// Where a text stops to be TOML, and why.
#[derive(Debug, Error)]
pub(super) enum TomlError {
    #[error("toml: line {0}: {1}")]
    Line(usize, String),
    #[error("toml: line {0} (last key {key}): {2}", key = strconv::quote(.1))]
    Key(usize, String, String),
}

/// Parses a document into a map.
pub(super) fn read(text: &str) -> Result<Value, TomlError> {
    let root = Map::new();
    let mut reader = Reader { rest: text, line: 1, depth: 0, last_key: String::new(), made: vec![] };
    reader.document(&root)?;
    Ok(Value::Map(root))
}

/// How a table came to be, which decides what may still be added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// On the way to another header; its own header may follow.
    Implicit,
    /// By its own `[header]`.
    Header,
    /// By a dotted key.
    Dotted,
    /// `{…}`: closed.
    Inline,
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    depth: usize,
    /// The dotted name of the key that is being read, for errors.
    last_key: String,
    /// Tables with their origins. Few enough to search.
    made: Vec<(Map, Origin)>,
}

type Parsed<T> = Result<T, TomlError>;

impl Reader<'_> {
    fn error(&self, text: impl Into<String>) -> TomlError {
        if self.last_key.is_empty() {
            TomlError::Line(self.line, text.into())
        } else {
            TomlError::Key(self.line, self.last_key.clone(), text.into())
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest.starts_with(text);
        if found {
            for _ in text.chars() {
                self.next();
            }
        }
        found
    }

    /// What stands here, as errors show it.
    fn here(&self) -> String {
        match self.peek() {
            None => "end of file".to_owned(),
            Some('\n') => "'\\n'".to_owned(),
            Some(c) => format!("'{c}'"),
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.next();
        }
    }

    fn skip_comment(&mut self) {
        if self.peek() == Some('#') {
            while self.peek().is_some_and(|c| c != '\n') {
                self.next();
            }
        }
    }

    /// Skips blanks, comments and line breaks.
    fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            self.skip_comment();
            if !(self.take("\n") || self.take("\r\n")) {
                return;
            }
        }
    }

    fn end_of_line(&mut self) -> Parsed<()> {
        self.skip_blanks();
        self.skip_comment();
        if self.rest.is_empty() || self.take("\n") || self.take("\r\n") {
            return Ok(());
        }
        Err(self.error(format!("expected a top-level item to end with a newline, comment, or EOF, but got {} instead", self.here())))
    }

    fn document(&mut self, root: &Map) -> Parsed<()> {
        let mut table = root.clone();
        let mut prefix = String::new();
        loop {
            self.skip_lines();
            // Between keys, errors name the table.
            self.last_key.clone_from(&prefix);
            match self.peek() {
                None => return Ok(()),
                Some('[') => (table, prefix) = self.header(root)?,
                Some(_) => self.key_value(&table, &prefix)?,
            }
            self.last_key.clone_from(&prefix);
            self.end_of_line()?;
        }
    }

    fn header(&mut self, root: &Map) -> Parsed<(Map, String)> {
        let several = self.rest.starts_with("[[");
        self.next();
        if several {
            self.next();
        }
        let keys = self.keys(']')?;
        if !self.take("]") {
            return Err(self.no_separator(']'));
        }
        if several && !self.take("]") {
            // a line break has been read when it turns out not to be the second bracket
            let got = strconv::quote_rune(self.next().unwrap_or_default(), false);
            return Err(self.error(format!("expected end of table array name delimiter ']', but got {got} instead")));
        }
        let (last, parents) = keys.split_last().ok_or_else(|| self.error("empty key"))?;
        self.last_key = parents.join(".");
        let mut table = root.clone();
        for (i, key) in parents.iter().enumerate() {
            table = self.child(&table, key, Origin::Implicit, &dotted(&keys[..=i]))?;
        }
        let name = dotted(&keys);
        let table = if several { self.appended(&table, last, &name)? } else { self.child(&table, last, Origin::Header, &name)? };
        Ok((table, keys.join(".")))
    }

    /// What stands behind a part of a key does not belong there.
    fn no_separator(&mut self, end: char) -> TomlError {
        let next = self.peek();
        if end == '=' && next.is_none() {
            return self.error("unexpected EOF; expected key separator '='");
        }
        let got = strconv::quote_rune(next.unwrap_or_default(), false);
        if end == '=' {
            return self.error(format!("expected '.' or '=', but got {got} instead"));
        }
        self.next();
        self.error(format!("expected '.' or ']' to end table name, but got {got} instead"))
    }

    fn defined(&self, name: &str) -> TomlError {
        self.error(format!("Key '{name}' has already been defined."))
    }

    fn origin(&mut self, map: &Map) -> Option<&mut Origin> {
        self.made.iter_mut().find(|(made, _)| made.same(map)).map(|(_, origin)| origin)
    }

    /// The table under a key, made if it is not there.
    fn child(&mut self, table: &Map, key: &str, origin: Origin, name: &str) -> Parsed<Map> {
        let Some(value) = table.get(key) else {
            let map = Map::new();
            self.made.push((map.clone(), origin));
            table.insert(key, Value::Map(map.clone()));
            return Ok(map);
        };
        let inner = match value {
            Value::Map(map) => map,
            // A further header inside of an array of tables means its last table.
            Value::List(list) if origin == Origin::Implicit => match list.items().last() {
                Some(Value::Map(map)) => return Ok(map.clone()),
                _ => return Err(self.defined(name)),
            },
            _ => return Err(self.defined(name)),
        };
        let allowed = match (self.origin(&inner), origin) {
            (None | Some(Origin::Inline), _) => false,
            (Some(made), Origin::Header) if *made == Origin::Implicit => {
                *made = Origin::Header;
                true
            }
            (Some(_), Origin::Implicit) => true,
            (Some(made), Origin::Dotted) => *made == Origin::Dotted,
            _ => false,
        };
        if allowed { Ok(inner) } else { Err(self.defined(name)) }
    }

    /// A new table at the end of an array of tables.
    fn appended(&mut self, table: &Map, key: &str, name: &str) -> Parsed<Map> {
        let mut items = match table.get(key) {
            None => Vec::new(),
            Some(Value::List(list))
                if list.items().last().is_some_and(|v| {
                    v.as_map().is_some_and(|m| self.made.iter().any(|(made, o)| made.same(m) && *o == Origin::Header))
                }) =>
            {
                list.items().to_vec()
            }
            Some(_) => return Err(self.defined(name)),
        };
        let map = Map::new();
        self.made.push((map.clone(), Origin::Header));
        items.push(Value::Map(map.clone()));
        table.insert(key, Value::list(items));
        Ok(map)
    }

    /// `a.b.c = value`, put into `table`.
    fn key_value(&mut self, table: &Map, prefix: &str) -> Parsed<()> {
        let keys = self.keys('=')?;
        if !self.take("=") {
            return Err(self.no_separator('='));
        }
        let below = |key: String| if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        let full = |keys: &[String]| below(dotted(keys));
        let name = full(&keys);
        self.last_key = below(keys.join("."));
        let (last, parents) = keys.split_last().ok_or_else(|| self.error("empty key"))?;
        let mut table = table.clone();
        for (i, key) in parents.iter().enumerate() {
            table = self.child(&table, key, Origin::Dotted, &full(&keys[..=i]))?;
        }
        self.skip_blanks();
        // A value may have several lines; the error about its key names the first.
        let line = self.line;
        let value = self.value()?;
        if table.contains_key(last) {
            self.line = line;
            return Err(self.defined(&name));
        }
        table.insert(last.as_str(), value);
        Ok(())
    }

    /// Dotted keys up to `end`, with the blanks around them.
    fn keys(&mut self, end: char) -> Parsed<Vec<String>> {
        let mut keys = Vec::new();
        loop {
            self.skip_blanks();
            let key = match self.peek() {
                Some('"') => self.basic_string()?,
                Some('\'') => self.literal_string()?,
                _ => {
                    let len = self.rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
                    if len == 0 {
                        let blank = match (end, self.peek()) {
                            (']', None | Some(']')) => "unexpected end of table name (table names cannot be empty)",
                            (']', Some('.')) => "unexpected table separator (table names cannot be empty)",
                            ('=', Some('=')) if keys.is_empty() => "unexpected '=': key name appears blank",
                            ('=', Some('.')) if keys.is_empty() => "unexpected '.': keys cannot start with a '.'",
                            ('=', Some('=') | None) => "unexpected '='",
                            ('=', Some('.')) => "unexpected '.'",
                            _ => return Err(self.no_separator(end)),
                        };
                        return Err(self.error(blank));
                    }
                    let (key, rest) = self.rest.split_at(len);
                    self.rest = rest;
                    key.to_owned()
                }
            };
            keys.push(key);
            self.skip_blanks();
            if !self.take(".") {
                return Ok(keys);
            }
        }
    }

    fn value(&mut self) -> Parsed<Value> {
        match self.peek() {
            Some('"') if self.rest.starts_with("\"\"\"") => self.multi_line("\"\"\"").map(Value::from),
            Some('\'') if self.rest.starts_with("'''") => self.multi_line("'''").map(Value::from),
            Some('"') => self.basic_string().map(Value::from),
            Some('\'') => self.literal_string().map(Value::from),
            Some('[') => self.nested(Self::array),
            Some('{') => self.nested(Self::inline_table),
            Some(c) if c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_') => self.bare(),
            None => Err(self.error("unexpected EOF; expected value")),
            Some(c) if c.is_alphabetic() => self.bare(),
            _ => Err(self.error(format!("expected value but found {} instead", self.here()))),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<Value>) -> Parsed<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("values are nested more than {MAX_DEPTH} deep")));
        }
        self.next();
        let value = deeper(|| read(self));
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Parsed<Value> {
        let mut items = Vec::new();
        loop {
            self.skip_lines();
            if self.take("]") {
                return Ok(Value::list(items));
            }
            items.push(self.value()?);
            self.skip_lines();
            if !self.take(",") && self.peek() != Some(']') {
                return Err(self.error(format!("expected a comma (',') or array terminator (']'), but got {}", self.here())));
            }
        }
    }

    fn inline_table(&mut self) -> Parsed<Value> {
        let map = Map::new();
        let outer = self.last_key.clone();
        loop {
            self.skip_lines();
            if self.take("}") {
                break;
            }
            if self.peek() == Some(',') {
                return Err(self.error("unexpected comma"));
            }
            self.key_value(&map, "")?;
            self.skip_lines();
            if !self.take(",") && self.peek() != Some('}') {
                return Err(self.error(format!("expected a comma or an inline table terminator '}}', but got {} instead", self.here())));
            }
        }
        self.last_key = outer;
        self.made.push((map.clone(), Origin::Inline));
        Ok(Value::Map(map))
    }

    /// A boolean, number, date or time: each character decides what may follow.
    fn bare(&mut self) -> Parsed<Value> {
        let first = self.peek().unwrap_or_default();
        if first.is_alphabetic() && !self.rest.starts_with("inf") && !self.rest.starts_with("nan") {
            let len = self.rest.find(|c: char| !c.is_alphabetic()).unwrap_or(self.rest.len());
            return match self.cut(len).to_owned().as_str() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                other => Err(self.error(format!("expected value but found {} instead", strconv::quote(other)))),
            };
        }
        let sign = usize::from(matches!(first, '+' | '-'));
        let digits = &self.rest[sign..];
        if digits.starts_with('.') {
            return Err(self.error("floats must start with a digit, not '.'"));
        }
        if digits.starts_with("inf") || digits.starts_with("nan") {
            return self.float(sign + 3);
        }
        if sign == 1 {
            match digits.chars().next() {
                Some(c @ ('i' | 'n')) => return Err(self.error(format!("invalid float: '{first}{c}'"))),
                Some('0') if digits[1..].starts_with(['b', 'o', 'x']) => {
                    let what = &self.rest[..3];
                    return Err(self.error(format!("cannot use sign with non-decimal numbers: '{what}'")));
                }
                Some(c) if c.is_ascii_digit() => {}
                other => {
                    self.next();
                    self.next();
                    let got = strconv::quote_rune(other.unwrap_or_default(), false);
                    return Err(self.error(format!("expected a digit but got {got}")));
                }
            }
        }
        let base = match digits.as_bytes() {
            [b'0', b'x', ..] => Some(("a hexadecimal", 16)),
            [b'0', b'o', ..] => Some(("an octal", 8)),
            [b'0', b'b', ..] => Some(("a binary", 2)),
            _ => None,
        };
        if let Some((name, radix)) = base {
            let is_digit = |c: char| c.is_digit(radix);
            if !digits[2..].starts_with(is_digit) {
                let next = digits[2..].chars().next().unwrap_or_default();
                return Err(self.error(format!("not {name} number: '{}{next}'", &digits[..2])));
            }
            let len = digits[2..].find(|c| !is_digit(c) && c != '_').map_or(digits.len(), |n| n + 2);
            return self.integer(len);
        }
        let plain = sign + digits.bytes().take_while(|b| b.is_ascii_digit() || *b == b'_').count();
        let part = |is_part: fn(char) -> bool| self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        match self.rest[plain..].chars().next() {
            Some('.' | 'e' | 'E') => {
                let len = part(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | '-' | '+' | 'e' | 'E'));
                self.float(len)
            }
            Some('-' | ':') if sign == 0 && plain > 1 && !self.rest[..plain].contains('_') => {
                let len = part(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+'));
                let text = self.cut(self.rest[..len].trim_end_matches(' ').len()).replace(' ', "T").to_ascii_uppercase();
                let time = toml_time(&text);
                let time = time.ok_or_else(|| self.error(format!("invalid datetime: {}", strconv::quote(&text))))?;
                Ok(time)
            }
            _ => self.integer(plain),
        }
    }

    /// Goes on behind the next `len` bytes, which are returned.
    fn cut(&mut self, len: usize) -> &str {
        let (text, rest) = self.rest.split_at(len);
        self.rest = rest;
        text
    }

    fn integer(&mut self, len: usize) -> Parsed<Value> {
        let text = self.cut(len).to_owned();
        let invalid = |why: &str| self.error(format!("Invalid integer {}: {why}", strconv::quote(&text)));
        let digits = text.trim_start_matches(['+', '-']);
        let decimal = !digits.starts_with("0x") && !digits.starts_with("0o") && !digits.starts_with("0b");
        if lonely_underscores(digits) {
            return Err(invalid("underscores must be surrounded by digits"));
        }
        if decimal && digits.len() > 1 && digits.starts_with('0') {
            return Err(invalid("cannot have leading zeroes"));
        }
        let plain: String = text.chars().filter(|c| *c != '_').collect();
        strconv::parse_int(&plain).map(Value::Int64).ok_or_else(|| self.error(format!("{text} is out of range for int64")))
    }

    fn float(&mut self, len: usize) -> Parsed<Value> {
        let text = self.cut(len).to_owned();
        let digits = text.trim_start_matches(['+', '-']);
        match digits {
            "inf" => return Ok(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }.into()),
            "nan" => return Ok(f64::NAN.into()),
            _ => {}
        }
        let invalid = |why: &str| self.error(format!("Invalid float {}: {why}", strconv::quote(&text)));
        let parts: Vec<&str> = digits.split(['.', 'e', 'E']).filter(|part| !part.is_empty()).collect();
        if parts.iter().any(|part| lonely_underscores(part.trim_start_matches(['+', '-']))) {
            return Err(invalid("underscores must be surrounded by digits"));
        }
        if parts.first().is_some_and(|whole| whole.len() > 1 && whole.starts_with('0')) {
            return Err(invalid("cannot have leading zeroes"));
        }
        if digits.match_indices('.').any(|(at, _)| !digits[at + 1..].starts_with(|c: char| c.is_ascii_digit())) {
            return Err(invalid("'.' must be followed by one or more digits"));
        }
        let plain: String = text.chars().filter(|c| *c != '_').collect();
        match plain.parse::<f64>() {
            Ok(f) if f.is_finite() => Ok(f.into()),
            Ok(_) => Err(self.error(format!("{text} is out of range for float64"))),
            Err(_) => Err(self.error(format!("Invalid float value: {}", strconv::quote(&text)))),
        }
    }

    fn basic_string(&mut self) -> Parsed<String> {
        self.next();
        let content = self.rest;
        let mut out = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.next();
                    return Ok(out);
                }
                Some('\\') => {
                    self.next();
                    out.push(self.escape(content)?);
                }
                None => return Err(self.error("unexpected EOF; expected '\"'")),
                Some('\n' | '\r') if self.rest.starts_with(['\n']) || self.rest.starts_with("\r\n") => {
                    // the original goes a line back, also where it has not come to the next one
                    self.line -= usize::from(self.rest.starts_with('\r'));
                    return Err(self.error("strings cannot contain newlines"));
                }
                Some(c) if c.is_control() && c != '\t' => {
                    return Err(self.error(format!("control characters are not allowed inside strings: '0x{:02x}'", u32::from(c))));
                }
                Some(c) => {
                    self.next();
                    out.push(c);
                }
            }
        }
    }

    fn literal_string(&mut self) -> Parsed<String> {
        self.next();
        let end = self.rest.find(['\'', '\n']).ok_or_else(|| self.error("unexpected EOF; expected \"'\""))?;
        if self.rest.as_bytes().get(end) == Some(&b'\n') {
            return Err(self.error("strings cannot contain newlines"));
        }
        let text = self.rest[..end].to_owned();
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }

    /// A string between three quotes; a line break directly behind the first ones does not count.
    fn multi_line(&mut self, quotes: &str) -> Parsed<String> {
        self.take(quotes);
        let content = self.rest;
        _ = self.take("\n") || self.take("\r\n");
        let quote = quotes.chars().next();
        let mut out = String::new();
        loop {
            if self.take(quotes) {
                // Up to two quotes may stand before the closing ones.
                for _ in 0..2 {
                    if self.peek() == quote {
                        out.extend(self.next());
                    }
                }
                return Ok(out);
            }
            match self.next() {
                None => return Err(self.error(format!("unexpected EOF; expected {}", strconv::quote(quotes)))),
                Some('\\') if quote == Some('"') => {
                    let rest = self.rest.trim_start_matches([' ', '\t', '\r']);
                    if rest.starts_with('\n') {
                        while self.peek().is_some_and(char::is_whitespace) {
                            self.next();
                        }
                    } else {
                        out.push(self.escape(content)?);
                    }
                }
                Some('\r') if self.peek() == Some('\n') => {}
                Some(c) => out.push(c),
            }
        }
    }

    /// The character behind a backslash. `content` is where the string begins: errors show what was read of it.
    fn escape(&mut self, content: &str) -> Parsed<char> {
        let c = self.next();
        let (kind, count, digits) = match c {
            Some('b') => return Ok('\u{8}'),
            Some('t') => return Ok('\t'),
            Some('n') => return Ok('\n'),
            Some('f') => return Ok('\u{c}'),
            Some('r') => return Ok('\r'),
            Some('e') => return Ok('\u{1b}'),
            Some(c @ ('"' | '\\')) => return Ok(c),
            Some('x') => ('x', "two", 2),
            Some('u') => ('u', "four", 4),
            Some('U') => ('U', "eight", 8),
            other => {
                return Err(self.error(format!("invalid escape in string '\\{}'", other.unwrap_or_default())));
            }
        };
        let mut code = 0u32;
        let hex = self.rest;
        for _ in 0..digits {
            let digit = self.next().and_then(|c| c.to_digit(16)).ok_or_else(|| {
                let read = &content[..content.len() - self.rest.len()];
                let got = strconv::quote(read);
                self.error(format!("expected {count} hexadecimal digits after '\\{kind}', but got {got} instead"))
            })?;
            code = code << 4 | digit;
        }
        let hex = &hex[..digits];
        char::from_u32(code).ok_or_else(|| self.error(format!("Escaped character '\\u{hex}' is not valid UTF-8.")))
    }
}

/// Whether an underscore stands at an end or beside another one.
fn lonely_underscores(digits: &str) -> bool {
    digits.starts_with('_') || digits.ends_with('_') || digits.contains("__")
}

/// A dotted key as the original shows one that is there already: parts that are not bare in quotes.
fn dotted(keys: &[String]) -> String {
    let bare = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let shown = keys.iter().map(|key| if bare(key) { key.clone() } else { strconv::quote(key) });
    shown.collect::<Vec<_>>().join(".")
}
