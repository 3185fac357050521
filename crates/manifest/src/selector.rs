//! Label selectors, in the form of objects (`matchLabels`, `matchExpressions`) and of text (`a=b,c in (d,e),!f`).

use serde_json::{Map, Value};

/// A conjunction of requirements on labels. The empty one selects everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(String);

impl LabelSelector {
    /// Reads a `LabelSelector` object. An unknown operator, or values where there must be none, are errors.
    pub fn from_value(selector: &Value) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
            for (key, value) in labels {
                let value = value.as_str().ok_or_else(|| SelectorError(format!("matchLabels.{key}: must be a string")))?;
                requirements.push(Requirement { key: key.clone(), operator: Operator::In, values: vec![value.to_owned()] });
            }
        }
        for (i, expression) in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let key = expression.get("key").and_then(Value::as_str).unwrap_or_default();
            let values: Vec<String> = expression
                .get("values")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let operator = match expression.get("operator").and_then(Value::as_str) {
                Some("In") => Operator::In,
                Some("NotIn") => Operator::NotIn,
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::DoesNotExist,
                other => {
                    return Err(SelectorError(format!(
                        "matchExpressions[{i}]: {:?} is not a valid label selector operator",
                        other.unwrap_or_default()
                    )));
                }
            };
            let wants_values = matches!(operator, Operator::In | Operator::NotIn);
            if wants_values == values.is_empty() {
                return Err(SelectorError(format!(
                    "matchExpressions[{i}] ({key}): values must {}be given",
                    if wants_values { "" } else { "not " }
                )));
            }
            requirements.push(Requirement { key: key.to_owned(), operator, values });
        }
        Ok(Self { requirements })
    }

    /// Reads the text form: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (part, after) = split_requirement(rest);
            requirements.push(
                parse_requirement(part.trim()).ok_or_else(|| SelectorError(format!("unable to parse requirement: {:?}", part.trim())))?,
            );
            rest = match after {
                Some(after) if after.trim().is_empty() => {
                    return Err(SelectorError(format!("unable to parse requirement: {text:?} ends with a comma")));
                }
                Some(after) => after.trim_start(),
                None => "",
            };
        }
        Ok(Self { requirements })
    }

    /// The text form, as the API server takes it in a list request.
    pub fn to_query(&self) -> String {
        let one = |r: &Requirement| {
            let values = r.values.join(",");
            match r.operator {
                Operator::In => format!("{} in ({values})", r.key),
                Operator::NotIn => format!("{} notin ({values})", r.key),
                Operator::Exists => r.key.clone(),
                Operator::DoesNotExist => format!("!{}", r.key),
                Operator::GreaterThan => format!("{}>{values}", r.key),
                Operator::LessThan => format!("{}<{values}", r.key),
            }
        };
        self.requirements.iter().map(one).collect::<Vec<_>>().join(",")
    }

    /// Whether a map of labels fulfils all requirements. Values that are not strings count as absent.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        self.requirements.iter().all(|r| {
            let value = labels.and_then(|l| l.get(&r.key)).and_then(Value::as_str);
            let listed = value.is_some_and(|v| r.values.iter().any(|w| w == v));
            let number = || value.and_then(|v| v.parse::<i64>().ok()).zip(r.values.first().and_then(|v| v.parse::<i64>().ok()));
            match r.operator {
                Operator::In => listed,
                Operator::NotIn => !listed,
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
                Operator::GreaterThan => number().is_some_and(|(have, want)| have > want),
                Operator::LessThan => number().is_some_and(|(have, want)| have < want),
            }
        })
    }
}

/// The first requirement and what follows its comma; commas in parentheses do not count.
fn split_requirement(text: &str) -> (&str, Option<&str>) {
    let mut depth = 0_usize;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return (&text[..i], Some(&text[i + 1..])),
            _ => {}
        }
    }
    (text, None)
}

fn parse_requirement(part: &str) -> Option<Requirement> {
    let make = |key: &str, operator, values: Vec<String>| {
        let key = key.trim();
        let legal = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        legal.then(|| Requirement { key: key.to_owned(), operator, values })
    };
    let value = |v: &str| {
        let v = v.trim();
        v.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)).then(|| vec![v.to_owned()])
    };
    if let Some(key) = part.strip_prefix('!') {
        return make(key, Operator::DoesNotExist, Vec::new());
    }
    if let Some(open) = part.find('(') {
        let list = part[open + 1..].trim_end().strip_suffix(')')?;
        let mut words = part[..open].split_whitespace();
        let (key, word) = (words.next()?, words.next()?);
        let operator = match (word, words.next()) {
            ("in", None) => Operator::In,
            ("notin", None) => Operator::NotIn,
            _ => return None,
        };
        let values = list.split(',').map(|v| value(v).map(|mut v| v.remove(0))).collect::<Option<Vec<_>>>()?;
        return make(key, operator, values);
    }
    for (sign, operator) in
        [("!=", Operator::NotIn), ("==", Operator::In), ("=", Operator::In), (">", Operator::GreaterThan), ("<", Operator::LessThan)]
    {
        if let Some((key, v)) = part.split_once(sign) {
            let values = value(v)?;
            let numeric = matches!(operator, Operator::GreaterThan | Operator::LessThan);
            if numeric && values.iter().any(|v| v.parse::<i64>().is_err()) {
                return None;
            }
            return make(key, operator, values);
        }
    }
    make(part, Operator::Exists, Vec::new())
}
