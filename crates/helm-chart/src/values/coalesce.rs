//! Laying values over a chart's defaults, through all its subcharts (HE-VAL-02, HE-VAL-03, HE-VAL-04).
//!
//! Two modes share the walk. *Coalescing* makes the values that templates see: a user's null removes a default, nulls
//! of defaults vanish. *Merging* keeps nulls, because a later coalescing still needs them (import-values).

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use ferroflux_go_template::strconv::quote;
use ferroflux_go_template::value::{Map, Str};

use crate::notice::{Level, Log, Notice, Unlogged};

use super::live::{Live, Node, freeze_map, live_at, make_live, thaw, to_template};
use super::{Table, Tree};

/// The key of the values that every chart of a tree shares.
const GLOBAL: &str = "global";

/// A chart as coalescing sees it: its name (or alias), its defaults and its enabled subcharts.
pub(crate) trait ChartValues: Sized {
    /// The name under which the parent's values hold this chart's.
    fn name(&self) -> &str;
    /// The chart's own default values.
    fn defaults(&self) -> &Table;
    /// The subcharts.
    fn subcharts(&self) -> &[Self];
}

/// A subchart's name is taken by something that is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("type mismatch on {name}: {value}")]
pub struct TypeMismatch {
    /// The subchart.
    pub name: String,
    /// The value, printed as Go prints it under `%t`.
    pub value: String,
}

/// Coalesced values of a chart and its subcharts.
#[derive(Debug)]
pub struct Coalesced {
    root: Live,
}

impl Coalesced {
    /// The values as templates see them. Maps that Helm shares between charts (inner tables of `global`) are shared.
    pub fn to_template(&self) -> Map {
        to_template(&self.root)
    }

    /// The values as an immutable table.
    pub fn to_table(&self) -> Table {
        freeze_map(&self.root)
    }
}

/// Lays `user` over the defaults of `chart` and its subcharts; nulls delete.
pub(crate) fn coalesce<C: ChartValues>(chart: &C, user: &Table, log: &dyn Log) -> Result<Coalesced, TypeMismatch> {
    run(chart, user, Mode::Coalesce, log)
}

/// The same walk with every null kept.
fn merge<C: ChartValues>(chart: &C, user: &Table, log: &dyn Log) -> Result<Coalesced, TypeMismatch> {
    run(chart, user, Mode::Merge, log)
}

/// What one dependency hands up.
#[derive(Debug)]
pub struct Import {
    /// The dependency, by the name that its parent knows.
    pub chart: String,
    /// The table, by its path in the dependency's values.
    pub child: String,
    /// Its path in the parent's values; `.` is the root.
    pub parent: String,
    /// Whether only the name of an export was given; Helm says less about one that is missing.
    pub is_export: bool,
}

/// The defaults of a chart after `import-values`: its merged values, with the imported tables below them (HE-DP-03).
pub(crate) fn import_values<C: ChartValues>(chart: &C, imports: &[Import], log: &dyn Log) -> Result<Table, TypeMismatch> {
    let merged = merge(chart, &Table::new(), log)?;
    let imported: Live = Rc::default();
    let mut walk = Walk { mode: Mode::Merge, log };
    for import in imports {
        let found = match table_at(&merged.root, &import.chart, &import.child) {
            Ok(found) => found,
            Err(missing) => {
                let error = format!("{} is not a table", quote(missing));
                let notice = match import.is_export {
                    true => Notice::new(Level::Warn, "ImportValues missing table"),
                    false => Notice::new(Level::Warn, "ImportValues missing table from chart").with("chart", &import.chart),
                };
                log.log(notice.with("error", error));
                continue;
            }
        };
        let nested = if import.parent == "." {
            found
        } else {
            import.parent.rsplit('.').fold(found, |inner, key| Rc::new(RefCell::new([(key.into(), Node::Live(inner))].into())))
        };
        walk.tables(&imported, &Node::Live(nested), "");
    }
    let own = Node::Live(merged.root).deep_copy();
    let Node::Live(own) = own else { return Ok(Table::new()) };
    walk.tables(&own, &Node::Live(imported), "");
    Ok(freeze_map(&own))
}

/// The table at a path below a chart's name; the error is the part of the path where there is none.
fn table_at<'p>(root: &Live, chart: &'p str, path: &'p str) -> Result<Live, &'p str> {
    let mut parts = chart.split('.').chain(path.split('.'));
    parts.try_fold(Rc::clone(root), |map, part| live_at(&map, &part.into()).ok_or(part))
}

/// How an upgrade treats the values of the revision before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReusePolicy {
    /// The new values, or the old release's if there are none.
    #[default]
    Default,
    /// Only the new values.
    Reset,
    /// The old release's values and its chart's defaults stay below the new values.
    Reuse,
    /// The new chart's defaults, then the old release's values, then the new ones.
    ResetThenReuse,
}

/// Values and defaults of an upgrade (HE-VAL-05).
#[derive(Debug, Clone, PartialEq)]
pub struct Reused {
    /// The values to render and to store.
    pub values: Table,
    /// What takes the place of the new chart's defaults, for [`ReusePolicy::Reuse`].
    pub defaults: Option<Table>,
}

/// Combines an upgrade's values with those of the stored release. A stored chart has no subcharts, only its defaults.
pub fn reuse_values(
    policy: ReusePolicy,
    old_name: &str,
    old_defaults: &Table,
    old_values: &Table,
    new_values: &Table,
) -> Result<Reused, TypeMismatch> {
    struct Stored<'s>(&'s str, &'s Table);
    impl ChartValues for Stored<'_> {
        fn name(&self) -> &str {
            self.0
        }
        fn defaults(&self) -> &Table {
            self.1
        }
        fn subcharts(&self) -> &[Self] {
            &[]
        }
    }
    let over_old = || {
        let values = thaw(new_values);
        let old = Node::Frozen(Tree::Table(Arc::new(old_values.clone())));
        Walk { mode: Mode::Coalesce, log: &Unlogged }.tables(&values, &old, "");
        freeze_map(&values)
    };
    Ok(match policy {
        ReusePolicy::Reset => Reused { values: new_values.clone(), defaults: None },
        ReusePolicy::Reuse => {
            let defaults = coalesce(&Stored(old_name, old_defaults), old_values, &Unlogged)?.to_table();
            Reused { values: over_old(), defaults: Some(defaults) }
        }
        ReusePolicy::ResetThenReuse => Reused { values: over_old(), defaults: None },
        ReusePolicy::Default if new_values.is_empty() => Reused { values: old_values.clone(), defaults: None },
        ReusePolicy::Default => Reused { values: new_values.clone(), defaults: None },
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Coalesce,
    Merge,
}

fn run<C: ChartValues>(chart: &C, user: &Table, mode: Mode, log: &dyn Log) -> Result<Coalesced, TypeMismatch> {
    let root = thaw(user);
    let mut walk = Walk { mode, log };
    walk.chart(chart, &root, "")?;
    Ok(Coalesced { root })
}

struct Walk<'l> {
    mode: Mode,
    log: &'l dyn Log,
}

impl Walk<'_> {
    /// Says something about a value by its path. Helm shows some of these values behind the text; they may be secret, so that
    /// is left out here.
    fn inform(&self, text: String) {
        self.log.log(Notice::new(Level::Info, text));
    }

    fn chart<C: ChartValues>(&mut self, chart: &C, values: &Live, prefix: &str) -> Result<(), TypeMismatch> {
        let own_prefix = join(prefix, chart.name());
        for (key, default) in chart.defaults() {
            self.default_value(chart, values, key, default, &own_prefix);
        }
        for sub in chart.subcharts() {
            let key = Str::from(sub.name());
            values.borrow_mut().entry(key.clone()).or_insert_with(|| Node::Live(Rc::default()));
            let Some(sub_values) = live_at(values, &key) else {
                let value = values.borrow().get(key.as_bytes()).map(Node::freeze).unwrap_or_default();
                return Err(TypeMismatch { name: sub.name().to_owned(), value: as_bad_bool(&value) });
            };
            self.globals(&sub_values, values, &own_prefix);
            self.chart(sub, &sub_values, &own_prefix)?;
        }
        Ok(())
    }

    /// One key of a chart's defaults.
    fn default_value<C: ChartValues>(&mut self, chart: &C, values: &Live, key: &Str, default: &Tree, prefix: &str) {
        enum Given {
            Nothing,
            Null,
            Table,
            Other,
        }
        let given = match values.borrow().get(key.as_bytes()) {
            None => Given::Nothing,
            Some(node) if node.is_null() => Given::Null,
            Some(node) if node.is_table() => Given::Table,
            Some(_) => Given::Other,
        };
        let default = Node::Frozen(default.clone());
        match given {
            Given::Null if self.mode == Mode::Coalesce => {
                values.borrow_mut().remove(key.as_bytes());
            }
            Given::Table if default.is_table() => {
                // A subchart coalesces its own part later, and needs the parent's nulls for that.
                let mode = if chart.subcharts().iter().any(|s| s.name().as_bytes() == key.as_bytes()) { Mode::Merge } else { self.mode };
                let default = if mode == Mode::Coalesce { default.without_nulls() } else { default };
                if let Some(given) = live_at(values, key) {
                    let outer = std::mem::replace(&mut self.mode, mode);
                    self.tables(&given, &default, &join(prefix, &key.to_text()));
                    self.mode = outer;
                }
            }
            Given::Table if !default.is_null() => self.inform(format!("warning: skipped value for {prefix}.{key}: Not a table.")),
            Given::Nothing => match self.mode {
                Mode::Coalesce if default.is_null() => {}
                Mode::Coalesce => {
                    values.borrow_mut().insert(key.clone(), default.without_nulls());
                }
                Mode::Merge => {
                    values.borrow_mut().insert(key.clone(), default);
                }
            },
            Given::Null | Given::Table | Given::Other => {}
        }
    }

    /// Hands the parent's globals down into a subchart's values; the parent wins (HE-VAL-03). The child gets a copy of
    /// the first two levels and shares what lies below, so that the child's defaults may show up in the parent's
    /// inner tables; Helm does so.
    fn globals(&mut self, child: &Live, parent: &Live, prefix: &str) {
        let global = Str::from(GLOBAL);
        let of = |map: &Live, what: &str| {
            if !map.borrow().contains_key(GLOBAL.as_bytes()) {
                return Some(Live::default());
            }
            let found = live_at(map, &global);
            if found.is_none() {
                self.inform(format!("warning: skipping globals because {what} {GLOBAL} is not a table."));
            }
            found
        };
        let Some(theirs) = of(child, "destination") else { return };
        let Some(ours) = of(parent, "source") else { return };
        let keys: Vec<Str> = ours.borrow().keys().cloned().collect();
        for key in keys {
            let existing = theirs.borrow().get(key.as_bytes()).cloned();
            let Some(table) = live_at(&ours, &key) else {
                if existing.is_some_and(|e| e.is_table()) {
                    self.inform(format!("key {key} is table. Skipping"));
                } else if let Some(value) = ours.borrow().get(key.as_bytes()) {
                    theirs.borrow_mut().insert(key, value.clone());
                }
                continue;
            };
            let copy: Live = Rc::new(RefCell::new(
                table
                    .borrow_mut()
                    .iter_mut()
                    .map(|(k, v)| {
                        make_live(v);
                        (k.clone(), v.clone())
                    })
                    .collect(),
            ));
            match existing {
                None => {}
                Some(existing) if existing.is_table() => {
                    let outer = std::mem::replace(&mut self.mode, Mode::Merge);
                    self.tables(&copy, &existing, &join(prefix, &key.to_text()));
                    self.mode = outer;
                }
                Some(_) => {
                    self.inform(format!("Conflict: cannot merge map onto non-map for {}. Skipping.", quote(&key)));
                    continue;
                }
            }
            theirs.borrow_mut().insert(key, Node::Live(copy));
        }
        child.borrow_mut().insert(global, Node::Live(theirs));
    }

    /// Merges the table `below` into `over`, which wins. A null in `over` deletes what `below` has when coalescing.
    fn tables(&mut self, over: &Live, below: &Node, prefix: &str) {
        let entries: Vec<(Str, Node)> = match below {
            Node::Frozen(Tree::Table(table)) => table.iter().map(|(k, v)| (k.clone(), Node::Frozen(v.clone()))).collect(),
            Node::Frozen(_) => return,
            Node::Live(below) if Rc::ptr_eq(below, over) => return,
            Node::Live(below) => {
                // Inner tables become live first, so that both sides share them from here on. Nulls of `over` are
                // written into `below` as in the original, where another alias of `below` may see them.
                let entries = below
                    .borrow_mut()
                    .iter_mut()
                    .map(|(k, v)| {
                        make_live(v);
                        (k.clone(), v.clone())
                    })
                    .collect();
                let nulls: Vec<Str> = over.borrow().iter().filter(|(_, v)| v.is_null()).map(|(k, _)| k.clone()).collect();
                below.borrow_mut().extend(nulls.into_iter().map(|k| (k, Node::Frozen(Tree::Null))));
                entries
            }
        };
        for (key, value) in entries {
            let existing = over.borrow().get(key.as_bytes()).map(|v| (v.is_null(), v.is_table()));
            match existing {
                None => {
                    over.borrow_mut().insert(key, value);
                }
                Some((true, _)) => {
                    if self.mode == Mode::Coalesce && !value.is_null() {
                        over.borrow_mut().remove(key.as_bytes());
                    }
                }
                Some((_, true)) if value.is_table() => {
                    if let Some(inner) = live_at(over, &key) {
                        self.tables(&inner, &value, &join(prefix, &key.to_text()));
                    }
                }
                Some((_, true)) if !value.is_null() => {
                    self.inform(format!("warning: destination for {} is a table. Ignoring non-table value", join(prefix, &key.to_text())));
                }
                Some((_, false)) if value.is_table() => {
                    self.inform(format!("warning: cannot overwrite table with non table for {}", join(prefix, &key.to_text())));
                }
                Some(_) => {}
            }
        }
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// What Go prints for a value under the verb `%t`, which fits booleans only.
fn as_bad_bool(value: &Tree) -> String {
    match value {
        Tree::Bool(b) => b.to_string(),
        Tree::Null => "%!t(<nil>)".to_owned(),
        Tree::Int(i) => format!("%!t(int64={i})"),
        Tree::Float(f) => format!("%!t(float64={})", ferroflux_yaml::number::format_g(*f)),
        Tree::String(s) => format!("%!t(string={s})"),
        Tree::List(items) => format!("[{}]", items.iter().map(nested_bad_bool).collect::<Vec<_>>().join(" ")),
        Tree::Table(table) => {
            let entries: Vec<String> =
                table.iter().map(|(k, v)| format!("{}:{}", as_bad_bool(&Tree::String(k.clone())), nested_bad_bool(v))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

fn nested_bad_bool(value: &Tree) -> String {
    if value.is_null() { "<nil>".to_owned() } else { as_bad_bool(value) }
}
