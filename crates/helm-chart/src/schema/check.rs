//! The validator: keywords in the order in which Helm's library checks them, because the order decides what a message
//! shows. A wrong type, const, enum or format ends the checks of a schema; everything else is collected.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use ferroflux_go_template::strconv::quote as quote_go;
use ferroflux_regex_go::Regex;
use serde_json::{Map, Value};

use super::Draft;
use super::format;
use super::number::{count, is_multiple, localized, plain};
use super::registry::{Registry, Target};
use super::violation::{Violation, What, quote, quote_all};

/// Schemas that may be checked before a schema counts as explosive.
const MAX_STEPS: u64 = 20_000_000;
/// Schemas that may be nested in each other, for one instance or going down.
const MAX_DEPTH: usize = 256;

/// Checks an instance; the violations of the root come without the group that holds them.
pub(super) fn check<'s>(registry: &'s Registry<'s>, schema: &'s Value, instance: &Value) -> Result<(), Vec<Violation>> {
    let checker = Checker { registry, steps: Cell::new(0), patterns: RefCell::default() };
    let mut at = Vec::new();
    match checker.schema(schema, instance, &mut at, &mut Active::default()) {
        Ok(_) => Ok(()),
        Err(violation) => Err(if matches!(violation.what, What::Group) { violation.causes } else { vec![violation] }),
    }
}

struct Checker<'s> {
    registry: &'s Registry<'s>,
    steps: Cell<u64>,
    patterns: RefCell<HashMap<String, Option<Regex>>>,
}

/// Properties and items that no keyword has looked at.
#[derive(Debug, Clone, Default)]
struct Unevaluated {
    keys: BTreeSet<String>,
    items: BTreeSet<usize>,
}

impl Unevaluated {
    fn of(instance: &Value) -> Self {
        match instance {
            Value::Object(object) => Self { keys: object.keys().cloned().collect(), items: BTreeSet::new() },
            Value::Array(items) => Self { keys: BTreeSet::new(), items: (0..items.len()).collect() },
            _ => Self::default(),
        }
    }

    fn keep_common(&mut self, other: &Self) {
        self.keys.retain(|k| other.keys.contains(k));
        self.items.retain(|i| other.items.contains(i));
    }
}

/// Keywords that refer to other schemas.
const REFERENCES: [&str; 3] = ["$ref", "$recursiveRef", "$dynamicRef"];

/// The schemas that led to the one that is checked.
#[derive(Default)]
struct Active<'s> {
    /// From the root on.
    path: Vec<&'s Value>,
    /// Where in the path those begin that were applied to the part of the instance that is looked at.
    since: usize,
}

/// Whether a number keeps to a limit.
type Holds = fn(f64, f64) -> bool;

/// One schema applied to one instance.
struct Run<'r, 's> {
    instance: &'r Value,
    at: &'r mut Vec<String>,
    active: &'r mut Active<'s>,
    errors: Vec<Violation>,
    left: Unevaluated,
}

impl Run<'_, '_> {
    fn fail(&mut self, text: impl Into<String>) {
        self.errors.push(Violation::new(self.at, text));
    }

    fn fail_because(&mut self, text: &str, causes: Vec<Violation>) {
        let mut violation = Violation::new(self.at, text);
        violation.causes = causes;
        self.errors.push(violation);
    }

    fn take(&mut self, result: Result<Unevaluated, Violation>) {
        match result {
            Ok(left) => self.left.keep_common(&left),
            Err(violation) => self.errors.push(violation),
        }
    }

    fn take_inner(&mut self, result: Result<Unevaluated, Violation>) {
        if let Err(violation) = result {
            self.errors.push(violation);
        }
    }
}

impl<'s> Checker<'s> {
    fn schema(&self, schema: &'s Value, instance: &Value, at: &mut Vec<String>, active: &mut Active<'s>) -> Result<Unevaluated, Violation> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS || active.path.len() - active.since > MAX_DEPTH || at.len() > MAX_DEPTH {
            return Err(Violation::new(at, "the schema is too deep or takes too many steps"));
        }
        let left = if self.registry.tracks { Unevaluated::of(instance) } else { Unevaluated::default() };
        let object = match schema {
            Value::Bool(false) => return Err(Violation::new(at, "false schema")),
            Value::Object(object) => object,
            _ => return Ok(left),
        };
        let before = active.path[active.since..].iter().position(|other| std::ptr::eq(*other, schema));
        active.path.push(schema);
        if let Some(before) = before {
            let (here, there) = (self.keywords_to(&active.path), self.keywords_to(&active.path[..=active.since + before]));
            active.path.pop();
            let location = quote_go(self.registry.location(schema).as_bytes());
            return Err(Violation::new(at, format!("both {here} and {there} resolve to {location} causing reference cycle")));
        }
        let mut run = Run { instance, at, active, errors: Vec::new(), left };
        let stopped = self.keywords(object, &mut run);
        let Run { errors, left, at, active, .. } = run;
        active.path.pop();
        stopped?;
        let mut errors = errors;
        match errors.len() {
            0 => Ok(left),
            1 => Err(errors.remove(0)),
            _ => Err(Violation { at: at.clone(), what: What::Group, causes: errors }),
        }
    }

    /// The keywords that lead from the first schema to the last one.
    fn keywords_to(&self, path: &[&'s Value]) -> String {
        path.windows(2).map(|pair| self.step(pair[0], pair[1])).collect()
    }

    /// The keyword of `schema` that leads to `next`, which stands in it or is what it refers to.
    fn step(&self, schema: &'s Value, next: &'s Value) -> String {
        let Value::Object(object) = schema else { return String::new() };
        let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
        for (keyword, value) in object {
            let inside = match value {
                value if std::ptr::eq(value, next) => Some(String::new()),
                Value::Array(items) => items.iter().position(|item| std::ptr::eq(item, next)).map(|i| format!("/{i}")),
                Value::Object(named) => {
                    named.iter().find(|(_, value)| std::ptr::eq(*value, next)).map(|(key, _)| format!("/{}", escaped(key)))
                }
                _ => None,
            };
            if let Some(inside) = inside {
                return format!("/{}{inside}", escaped(keyword));
            }
        }
        let leads =
            |keyword: &&&'static str| matches!(self.registry.target(object, keyword), Some(Target::Schema(to)) if std::ptr::eq(to, next));
        REFERENCES.iter().find(leads).map(|keyword| format!("/{keyword}")).unwrap_or_default()
    }

    /// All keywords of a schema; an error ends them.
    fn keywords(&self, schema: &'s Map<String, Value>, run: &mut Run<'_, 's>) -> Result<(), Violation> {
        let draft = self.registry.draft_of(schema);
        let modern = draft >= Draft::D2019;
        if !modern && schema.contains_key("$ref") {
            self.reference(schema, "$ref", run);
            return Ok(());
        }
        self.value_checks(schema, run)?;
        self.reference(schema, "$ref", run);
        match run.instance {
            Value::Object(object) => self.object(schema, object, run),
            Value::Array(items) => self.array(schema, items, run),
            Value::String(text) => self.text(schema, text, run),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or(f64::NAN), run),
            _ => {}
        }
        if modern {
            self.reference(schema, "$recursiveRef", run);
            self.reference(schema, "$dynamicRef", run);
        }
        self.combined(schema, run);
        if modern {
            self.unevaluated(schema, run);
        }
        Ok(())
    }

    /// `type`, `const`, `enum`, `format`.
    fn value_checks(&self, schema: &'s Map<String, Value>, run: &Run<'_, 's>) -> Result<(), Violation> {
        let fail = |text: String| Err(Violation::new(run.at, text));
        if let Some(wanted) = schema.get("type") {
            let wanted: Vec<&str> = match wanted {
                Value::String(one) => vec![one],
                Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            let got = type_of(run.instance);
            let integer = |n: &serde_json::Number| n.as_f64().is_some_and(|f| f.fract() == 0.0);
            let fits = |want: &&str| *want == got || *want == "integer" && matches!(run.instance, Value::Number(n) if integer(n));
            if !wanted.is_empty() && !wanted.iter().any(fits) {
                let order = ["null", "boolean", "number", "integer", "string", "array", "object"];
                let wanted: Vec<&str> = order.into_iter().filter(|t| wanted.contains(t)).collect();
                return fail(format!("got {got}, want {}", wanted.join(" or ")));
            }
        }
        if let Some(wanted) = schema.get("const").filter(|_| self.registry.draft_of(schema) > Draft::D4)
            && !equal(wanted, run.instance)
        {
            return fail(if is_plain(wanted) { format!("value must be {}", shown(wanted)) } else { "'const' failed".to_owned() });
        }
        if let Some(wanted) = schema.get("enum").and_then(Value::as_array)
            && !wanted.iter().any(|w| equal(w, run.instance))
        {
            return fail(match wanted.as_slice() {
                [one] if is_plain(one) => format!("value must be {}", shown(one)),
                several if several.iter().all(is_plain) => {
                    format!("value must be one of {}", several.iter().map(shown).collect::<Vec<_>>().join(", "))
                }
                _ => "'enum' failed".to_owned(),
            });
        }
        if let Some(name) = schema.get("format").and_then(Value::as_str)
            && self.registry.draft_of(schema) <= Draft::D7
            && let Value::String(text) = run.instance
            && let Err(why) = format::check(name, text)
        {
            return fail(format!("{} is not valid {name}: {why}", quote(text)));
        }
        Ok(())
    }

    fn reference(&self, schema: &'s Map<String, Value>, keyword: &'static str, run: &mut Run<'_, 's>) {
        let Some(Target::Schema(target)) = self.registry.target(schema, keyword) else { return };
        let result = self.schema(target, run.instance, run.at, run.active);
        run.take(result.map_err(|violation| {
            let causes = if matches!(violation.what, What::Group) { violation.causes } else { vec![violation] };
            Violation { at: run.at.clone(), what: What::Reference, causes }
        }));
    }

    /// Applies a schema to a part of the instance.
    fn inner(&self, schema: &'s Value, part: &Value, key: String, run: &mut Run<'_, 's>) -> Result<Unevaluated, Violation> {
        run.at.push(key);
        let since = std::mem::replace(&mut run.active.since, run.active.path.len());
        let result = self.schema(schema, part, run.at, run.active);
        run.active.since = since;
        run.at.pop();
        result
    }

    fn object(&self, schema: &'s Map<String, Value>, object: &Map<String, Value>, run: &mut Run<'_, 's>) {
        let draft = self.registry.draft_of(schema);
        if let Some(min) = size(schema, "minProperties").filter(|min| object.len() < *min) {
            run.fail(format!("minProperties: got {}, want {}", count(object.len()), count(min)));
        }
        if let Some(max) = size(schema, "maxProperties").filter(|max| object.len() > *max) {
            run.fail(format!("maxProperties: got {}, want {}", count(object.len()), count(max)));
        }
        let missing = missing(schema.get("required"), object);
        match missing.as_slice() {
            [] => {}
            [one] => run.fail(format!("missing property {}", quote(one))),
            several => run.fail(format!("missing properties {}", quote_all(several))),
        }
        self.dependencies(schema, "dependencies", object, run);
        let properties = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let mut additional = Vec::new();
        for (key, value) in object {
            let mut evaluated = false;
            if let Some(inner) = properties.and_then(|p| p.get(key)) {
                evaluated = true;
                let result = self.inner(inner, value, key.clone(), run);
                run.take_inner(result);
            }
            for (pattern, inner) in patterns.into_iter().flatten() {
                if self.matches(pattern, key) {
                    evaluated = true;
                    let result = self.inner(inner, value, key.clone(), run);
                    run.take_inner(result);
                }
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) if !evaluated => {
                    evaluated = true;
                    additional.push(key);
                }
                Some(inner) if !evaluated => {
                    evaluated = true;
                    let result = self.inner(inner, value, key.clone(), run);
                    run.take_inner(result);
                }
                _ => {}
            }
            if evaluated {
                run.left.keys.remove(key);
            }
        }
        if !additional.is_empty() {
            run.fail(format!("additional properties {} not allowed", quote_all(additional)));
        }
        if draft == Draft::D4 {
            return;
        }
        if let Some(inner) = schema.get("propertyNames") {
            for key in object.keys() {
                let name = Value::String(key.clone());
                if let Err(mut violation) = self.schema(inner, &name, &mut Vec::new(), &mut Active::default()) {
                    let causes =
                        if matches!(violation.what, What::Group) { std::mem::take(&mut violation.causes) } else { vec![violation] };
                    // Helm's library shows the place of the name, not of the object.
                    run.errors.push(Violation { at: Vec::new(), what: What::Text(format!("invalid propertyName {}", quote(key))), causes });
                }
            }
        }
        if draft >= Draft::D2019 {
            self.dependencies(schema, "dependentSchemas", object, run);
            self.dependencies(schema, "dependentRequired", object, run);
        }
    }

    /// `dependencies` and the two keywords that replaced it.
    fn dependencies(&self, schema: &'s Map<String, Value>, keyword: &str, object: &Map<String, Value>, run: &mut Run<'_, 's>) {
        for (key, dependent) in schema.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            if !object.contains_key(key) {
                continue;
            }
            if dependent.is_array() {
                let missing = missing(Some(dependent), object);
                if !missing.is_empty() {
                    run.fail(format!("properties {} required, if {} exists", quote_all(missing), quote(key)));
                }
            } else {
                let result = self.schema(dependent, run.instance, run.at, run.active);
                run.take(result);
            }
        }
    }

    fn array(&self, schema: &'s Map<String, Value>, items: &[Value], run: &mut Run<'_, 's>) {
        if let Some(min) = size(schema, "minItems").filter(|min| items.len() < *min) {
            run.fail(format!("minItems: got {}, want {}", count(items.len()), count(min)));
        }
        if let Some(max) = size(schema, "maxItems").filter(|max| items.len() > *max) {
            run.fail(format!("maxItems: got {}, want {}", count(items.len()), count(max)));
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true))
            && let Some((i, j)) = duplicates(items)
        {
            run.fail(format!("items at {} and {} are equal", count(i), count(j)));
        }
        let modern = self.registry.draft_of(schema) >= Draft::D2020;
        let (listed, rest) = if modern { ("prefixItems", "items") } else { ("items", "additionalItems") };
        let mut evaluated = 0;
        match schema.get(listed) {
            Some(Value::Array(schemas)) => {
                for (i, (inner, item)) in schemas.iter().zip(items).enumerate() {
                    let result = self.inner(inner, item, i.to_string(), run);
                    run.take_inner(result);
                    evaluated = i + 1;
                }
            }
            Some(inner @ (Value::Object(_) | Value::Bool(_))) if !modern => {
                for (i, item) in items.iter().enumerate() {
                    let result = self.inner(inner, item, i.to_string(), run);
                    run.take_inner(result);
                }
                evaluated = items.len();
            }
            _ => {}
        }
        let rest = schema.get(rest).filter(|_| modern || schema.contains_key(listed));
        match rest {
            Some(Value::Bool(false)) if !modern => {
                if evaluated < items.len() {
                    run.fail(format!("last {} additionalItem(s) not allowed", count(items.len() - evaluated)));
                }
                evaluated = items.len();
            }
            Some(inner) => {
                for (i, item) in items.iter().enumerate().skip(evaluated) {
                    let result = self.inner(inner, item, i.to_string(), run);
                    run.take_inner(result);
                }
                evaluated = items.len();
            }
            None => {}
        }
        run.left.items.retain(|i| *i >= evaluated);
        if let Some(inner) = schema.get("contains").filter(|_| self.registry.draft_of(schema) > Draft::D4) {
            self.contains(schema, inner, items, run);
        }
    }

    fn contains(&self, schema: &'s Map<String, Value>, inner: &'s Value, items: &[Value], run: &mut Run<'_, 's>) {
        let (mut matched, mut errors) = (Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            match self.inner(inner, item, i.to_string(), run) {
                Ok(_) => matched.push(i),
                Err(violation) => errors.push(violation),
            }
        }
        let modern = self.registry.draft_of(schema) >= Draft::D2019;
        if self.registry.draft_of(schema) >= Draft::D2020 {
            run.left.items.retain(|i| !matched.contains(i));
        }
        let places = matched.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        match size(schema, "minContains").filter(|_| modern) {
            Some(min) if matched.len() < min && matched.is_empty() => {
                run.fail_because(&format!("min {} items required to match contains schema, but none matched", count(min)), errors);
            }
            Some(min) if matched.len() < min => {
                let text = format!(
                    "min {} items required to match contains schema, but matched {} items at {places}",
                    count(min),
                    count(matched.len())
                );
                run.fail_because(&text, errors);
            }
            None if matched.is_empty() => run.fail_because("no items match contains schema", errors),
            _ => {}
        }
        if let Some(max) = size(schema, "maxContains").filter(|max| modern && matched.len() > *max) {
            run.fail(format!(
                "max {} items required to match contains schema, but matched {} items at {places}",
                count(max),
                count(matched.len())
            ));
        }
    }

    fn text(&self, schema: &'s Map<String, Value>, text: &str, run: &mut Run<'_, 's>) {
        let length = || text.chars().count();
        if let Some(min) = size(schema, "minLength").filter(|min| length() < *min) {
            run.fail(format!("minLength: got {}, want {}", count(length()), count(min)));
        }
        if let Some(max) = size(schema, "maxLength").filter(|max| length() > *max) {
            run.fail(format!("maxLength: got {}, want {}", count(length()), count(max)));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && !self.matches(pattern, text)
        {
            run.fail(format!("{} does not match pattern {}", quote(text), quote(pattern)));
        }
    }

    fn number(&self, schema: &'s Map<String, Value>, value: f64, run: &mut Run<'_, 's>) {
        let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
        let strict = |key: &str| self.registry.draft_of(schema) == Draft::D4 && schema.get(key) == Some(&Value::Bool(true));
        let (mut minimum, mut above) = (limit("minimum"), limit("exclusiveMinimum"));
        if strict("exclusiveMinimum") {
            above = minimum.take();
        }
        let (mut maximum, mut below) = (limit("maximum"), limit("exclusiveMaximum"));
        if strict("exclusiveMaximum") {
            below = maximum.take();
        }
        let checks: [(&str, Option<f64>, Holds); 5] = [
            ("minimum", minimum, |v, limit| v >= limit),
            ("maximum", maximum, |v, limit| v <= limit),
            ("exclusiveMinimum", above, |v, limit| v > limit),
            ("exclusiveMaximum", below, |v, limit| v < limit),
            ("multipleOf", limit("multipleOf"), is_multiple),
        ];
        for (name, limit, holds) in checks {
            if let Some(limit) = limit.filter(|limit| !holds(value, *limit)) {
                run.fail(format!("{name}: got {}, want {}", localized(value), localized(limit)));
            }
        }
    }

    /// `not`, `allOf`, `anyOf`, `oneOf`, `if`.
    fn combined(&self, schema: &'s Map<String, Value>, run: &mut Run<'_, 's>) {
        if let Some(inner) = schema.get("not")
            && self.schema(inner, run.instance, run.at, run.active).is_ok()
        {
            run.fail("'not' failed");
        }
        let list = |key: &str| schema.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut errors = Vec::new();
        for inner in list("allOf") {
            match self.schema(inner, run.instance, run.at, run.active) {
                Ok(left) => run.left.keep_common(&left),
                Err(violation) => errors.push(violation),
            }
        }
        if !errors.is_empty() {
            run.fail_because("'allOf' failed", errors);
        }
        let (mut matched, mut errors) = (false, Vec::new());
        for inner in list("anyOf") {
            match self.schema(inner, run.instance, run.at, run.active) {
                Ok(left) => {
                    matched = true;
                    run.left.keep_common(&left);
                    if !self.registry.tracks {
                        break;
                    }
                }
                Err(violation) => errors.push(violation),
            }
        }
        if !matched && !errors.is_empty() {
            run.fail_because("'anyOf' failed", errors);
        }
        let (mut matched, mut errors) = (None, Vec::new());
        for (i, inner) in list("oneOf").iter().enumerate() {
            match (self.schema(inner, run.instance, run.at, run.active), matched) {
                (Ok(left), None) => {
                    matched = Some(i);
                    run.left.keep_common(&left);
                }
                (Ok(_), Some(first)) => {
                    run.fail(format!("'oneOf' failed, subschemas {}, {} matched", count(first), count(i)));
                    break;
                }
                (Err(violation), None) => errors.push(violation),
                (Err(_), Some(_)) => {}
            }
        }
        if matched.is_none() && !errors.is_empty() {
            run.fail_because("'oneOf' failed, none matched", errors);
        }
        if let Some(inner) = schema.get("if").filter(|_| self.registry.draft_of(schema) >= Draft::D7) {
            let branch = match self.schema(inner, run.instance, run.at, run.active) {
                Ok(left) => {
                    run.left.keep_common(&left);
                    "then"
                }
                Err(_) => "else",
            };
            if let Some(inner) = schema.get(branch) {
                let result = self.schema(inner, run.instance, run.at, run.active);
                run.take(result);
            }
        }
    }

    fn unevaluated(&self, schema: &'s Map<String, Value>, run: &mut Run<'_, 's>) {
        if let (Some(inner), Value::Object(object)) = (schema.get("unevaluatedProperties"), run.instance) {
            for key in std::mem::take(&mut run.left.keys) {
                if let Some(value) = object.get(&key) {
                    let result = self.inner(inner, value, key, run);
                    run.take_inner(result);
                }
            }
        }
        if let (Some(inner), Value::Array(items)) = (schema.get("unevaluatedItems"), run.instance) {
            for i in std::mem::take(&mut run.left.items) {
                let result = self.inner(inner, &items[i], i.to_string(), run);
                run.take_inner(result);
            }
        }
    }

    /// Whether a text matches a pattern anywhere; the schema check has refused patterns that do not compile.
    fn matches(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        if !patterns.contains_key(pattern) {
            patterns.insert(pattern.to_owned(), Regex::new(pattern).ok());
        }
        patterns.get(pattern).and_then(Option::as_ref).is_some_and(|p| p.is_match(text))
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// JSON equality: numbers by value, the order of keys does not matter.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| equal(v, w))),
        _ => a == b,
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Number(number) => plain(number),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

/// A limit that counts something.
fn size(schema: &Map<String, Value>, key: &str) -> Option<usize> {
    let value = schema.get(key)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and in range")]
    let whole = |f: f64| (f.fract() == 0.0 && (0.0..=9e15).contains(&f)).then_some(f as usize);
    value.as_u64().and_then(|n| usize::try_from(n).ok()).or_else(|| value.as_f64().and_then(whole))
}

fn missing<'s>(required: Option<&'s Value>, object: &Map<String, Value>) -> Vec<&'s str> {
    let names = required.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    names.iter().filter_map(Value::as_str).filter(|name| !object.contains_key(*name)).collect()
}

/// The first pair of equal items.
fn duplicates(items: &[Value]) -> Option<(usize, usize)> {
    (1..items.len()).find_map(|j| (0..j).find(|i| equal(&items[*i], &items[j])).map(|i| (i, j)))
}
