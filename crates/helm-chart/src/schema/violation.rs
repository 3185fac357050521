//! What is wrong with an instance, and the text of it.

/// One failed check, with the checks below it that made it fail.
#[derive(Debug)]
pub(super) struct Violation {
    /// Keys and indexes that lead to the place in the instance.
    pub(super) at: Vec<String>,
    pub(super) what: What,
    pub(super) causes: Vec<Violation>,
}

#[derive(Debug)]
pub(super) enum What {
    /// Several checks of one schema failed.
    Group,
    /// What a `$ref` leads to failed; it does not show if there is one cause.
    Reference,
    /// A check with its text.
    Text(String),
}

impl Violation {
    pub(super) fn new(at: &[String], text: impl Into<String>) -> Self {
        Self { at: at.to_vec(), what: What::Text(text.into()), causes: Vec::new() }
    }

    /// One line for the check and, indented, one for each cause.
    pub(super) fn write(&self, out: &mut String, depth: usize) {
        let text = match &self.what {
            What::Reference if self.causes.len() == 1 => None,
            What::Group | What::Reference => Some("validation failed"),
            What::Text(text) => Some(text.as_str()),
        };
        let mut below = depth;
        if let Some(text) = text {
            let place: String = self.at.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect();
            out.push_str(&"  ".repeat(depth));
            out.push_str(&format!("- at {}: {text}\n", quote(&place)));
            below += 1;
        }
        for cause in &self.causes {
            cause.write(out, below);
        }
    }
}

/// A text in single quotes, with Go's escapes.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Texts in single quotes, separated by commas.
pub(super) fn quote_all<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    texts.into_iter().map(|t| quote(t.as_ref())).collect::<Vec<_>>().join(", ")
}
