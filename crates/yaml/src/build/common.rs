//! A caller's own values of texts in the common form.

use std::borrow::Cow;

use super::{BuildOptions, Builder};
use crate::common_form::{At, Maker, read};
use crate::node::Style;
use crate::resolve::{Resolved, Scalar, resolve, typed};

/// The value of the one document of a checked text, or `None` if the parser has to read it. Of what a builder made before
/// that nothing stays.
pub(super) fn build_common<B: Builder>(text: &str, builder: &mut B, options: &BuildOptions) -> Option<B::Value> {
    read(text, &options.limits, &mut Built { builder, options })
}

struct Built<'b, B> {
    builder: &'b mut B,
    options: &'b BuildOptions,
}

impl<'a, B: Builder> Maker<'a> for Built<'_, B> {
    type Value = B::Value;
    type Key = &'a str;
    type Pairs = B::Map;
    type Items = B::Seq;
    const PLACED: bool = false;

    fn scalar(&mut self, text: Cow<'a, str>, style: Style, _at: At) -> Option<B::Value> {
        self.builder.scalar(typed(self.options.dialect, &text, style, None).ok()?).ok()
    }

    fn open_mapping(&mut self) -> B::Map {
        self.builder.map()
    }

    /// Keys that are no text are made text, and pairs merged, behind the parser.
    fn key(&mut self, pairs: &mut B::Map, text: &'a str, style: Style, _at: At) -> Option<&'a str> {
        let is_text = match style {
            Style::Plain => matches!(resolve(self.options.dialect, text), Resolved::Scalar(Scalar::Str(_))),
            _ => text != "<<",
        };
        (is_text && !(self.options.strict && self.builder.contains(pairs, text))).then_some(text)
    }

    fn pair(&mut self, pairs: &mut B::Map, key: &'a str, value: B::Value) {
        self.builder.insert(pairs, Cow::Borrowed(key), value);
    }

    fn mapping(&mut self, pairs: B::Map, _style: Style, _at: At) -> B::Value {
        self.builder.finish_map(pairs)
    }

    fn open_sequence(&mut self) -> B::Seq {
        self.builder.seq()
    }

    fn item(&mut self, items: &mut B::Seq, value: B::Value) {
        self.builder.push(items, value);
    }

    fn sequence(&mut self, items: B::Seq, _style: Style, _at: At) -> B::Value {
        self.builder.finish_seq(items)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::super::build_parsed;
    use super::*;
    use crate::common_form::cases;
    use crate::json::JsonBuilder;
    use crate::resolve::Dialect;

    /// What is built here is what is built of the parser's events; whether anything is built here.
    fn check(text: &str) -> Result<bool, String> {
        let mut any = false;
        for (dialect, strict) in [(Dialect::GoYamlV3, false), (Dialect::SigsYaml, false), (Dialect::SigsYaml, true)] {
            let options = BuildOptions { dialect, strict, ..BuildOptions::default() };
            let Some(built) = build_common(text, &mut JsonBuilder, &options) else { continue };
            any = true;
            match build_parsed(text, &mut JsonBuilder, options) {
                Ok(parsed) if parsed == built => {}
                other => return Err(format!("{text}\nhere {built:?}\nthe parser {other:?}")),
            }
        }
        Ok(any)
    }

    /// HE-VAL-01: duplicate keys and scalars among them.
    #[test]
    fn values_are_built_as_of_events() {
        const TWICE: &str = "a: b\na: c\n";
        for text in cases::COMMON.iter().chain(&["a: é # ü\nb: \"ß\" # c\n", "a:\n  b: |\n  c: |-\n\n\n  # d\ne: f\n", TWICE]) {
            assert_eq!(check(text), Ok(true), "{text}");
        }
        for text in cases::OTHERS.iter().filter(|text| **text != TWICE).chain(&["a: x\u{2028}y\n", "1: a\n", "a: .inf\n"]) {
            assert_eq!(check(text), Ok(false), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 4_000 } else { 400_000 }, failure_persistence: None, ..ProptestConfig::default() })]

        /// HE-VAL-01: no text is built in another way than of the parser's events.
        #[test]
        fn lines_are_built_as_of_events(text in cases::text()) {
            prop_assert!(check(&text).is_ok(), "{}", check(&text).unwrap_err());
            prop_assert!(check(text.trim_end()).is_ok(), "{}", check(text.trim_end()).unwrap_err());
        }
    }
}
