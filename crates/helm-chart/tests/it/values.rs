use std::sync::Arc;

use ferroflux_helm_chart::values::{ReusePolicy, merge_tables, reuse_values};
use ferroflux_helm_chart::{Table, Tree};
use proptest::prelude::*;

use super::{chart, only_manifest, table};

const DUMP: (&str, &str) = ("templates/dump.yaml", "v: {{ toJson .Values }}\n");
const PARENT: (&str, &str) =
    ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n- name: sub\n  version: '*'\n  repository: ''\n");
const SUB: (&str, &str) = ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n");

/// HE-VAL-04: a null in the parent's defaults removes the child's default only if the user gave something for the child.
#[test]
fn null_in_parent_defaults() {
    let chart = chart(&[PARENT, SUB, ("values.yaml", "sub: {sn: null}\n"), ("charts/sub/values.yaml", "sn: c\n"), DUMP]);
    assert_eq!(only_manifest(&chart, "{}"), "v: {\"sub\":{\"global\":{},\"sn\":\"c\"}}\n");
    assert_eq!(only_manifest(&chart, "sub: {other: 1}"), "v: {\"sub\":{\"global\":{},\"other\":1}}\n");
}

/// HE-VAL-03: globals go down, the parent wins, inner tables below the second level are one table for all charts.
#[test]
fn globals_share_inner_tables() {
    let chart = chart(&[
        PARENT,
        SUB,
        ("values.yaml", "global: {a: {b: {x: 1}}, s: top}\n"),
        ("charts/sub/values.yaml", "global: {a: {b: {z: 2}}, s: sub}\n"),
        DUMP,
    ]);
    let want = "v: {\"global\":{\"a\":{\"b\":{\"x\":1,\"z\":2}},\"s\":\"top\"},\"sub\":{\"global\":{\"a\":{\"b\":{\"x\":1,\"z\":2}},\"s\":\"top\"}}}\n";
    assert_eq!(only_manifest(&chart, "{}"), want);
}

/// HE-VAL-02, HE-RND-01: what `set` changes in a render is gone in the next one of the same chart.
#[test]
fn renders_do_not_touch_the_chart() {
    let chart =
        chart(&[("values.yaml", "a: {b: 1}\n"), ("templates/a.yaml", "{{ $_ := set .Values.a \"b\" 2 }}v: {{ toJson .Values }}\n")]);
    for _ in 0..2 {
        assert_eq!(only_manifest(&chart, "{}"), "v: {\"a\":{\"b\":2}}\n");
    }
    assert_eq!(Tree::at(&chart.values, "a.b"), Some(&Tree::Float(1.0)));
}

/// HE-VAL-05: the four ways in which an upgrade treats old values.
#[test]
fn reuse() {
    let (defaults, old, new) = (table("a: 1\nb: 1\n"), table("b: 2\nc: 2\n"), table("c: 3\n"));
    let of = |policy, new: &Table| reuse_values(policy, "app", &defaults, &old, new).unwrap();
    assert_eq!(of(ReusePolicy::Reset, &new).values, new);
    assert_eq!(of(ReusePolicy::Default, &new).values, new);
    assert_eq!(of(ReusePolicy::Default, &Table::new()).values, old);
    let reused = of(ReusePolicy::Reuse, &new);
    assert_eq!((reused.values, reused.defaults), (table("b: 2\nc: 3\n"), Some(table("a: 1\nb: 2\nc: 2\n"))));
    let fresh = of(ReusePolicy::ResetThenReuse, &new);
    assert_eq!((fresh.values, fresh.defaults), (table("b: 2\nc: 3\n"), None));
}

fn trees() -> impl Strategy<Value = Table> {
    let leaf = prop_oneof![Just(Tree::Null), any::<bool>().prop_map(Tree::Bool), (0i32..3).prop_map(|i| Tree::Float(i.into()))];
    let tree = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| Tree::List(items.into())),
            prop::collection::btree_map("[abg]", inner, 0..4).prop_map(to_table),
        ]
    });
    prop::collection::btree_map("(a|b|global|sub)", tree, 0..4).prop_map(|m| m.into_iter().map(|(k, v)| (k.into(), v)).collect())
}

fn to_table(map: std::collections::BTreeMap<String, Tree>) -> Tree {
    Tree::Table(Arc::new(map.into_iter().map(|(k, v)| (k.into(), v)).collect()))
}

proptest! {
    /// HE-CH-04: merging over an empty table changes nothing, merging twice is merging once, and the upper side wins.
    #[test]
    fn merging(base in trees(), over in trees()) {
        let mut alone = Table::new();
        merge_tables(&mut alone, over.clone());
        prop_assert_eq!(&alone, &over);
        let mut once = base.clone();
        merge_tables(&mut once, over.clone());
        let mut twice = once.clone();
        merge_tables(&mut twice, over.clone());
        prop_assert_eq!(&once, &twice);
        for (key, value) in &over {
            if value.as_table().is_none() {
                prop_assert_eq!(once.get(key), Some(value));
            }
        }
    }

    /// HE-VAL-02: coalesced values over defaults hold every user value that is neither null nor a table, and no null that
    /// the user did not write.
    #[test]
    fn coalescing(defaults in trees(), user in trees()) {
        let coalesced = reuse_values(ReusePolicy::Reuse, "app", &defaults, &user, &Table::new()).unwrap().defaults.unwrap();
        for (key, value) in &user {
            match value {
                Tree::Null => prop_assert!(coalesced.get(key).is_none_or(Tree::is_null)),
                Tree::Table(_) => prop_assert!(coalesced.get(key).is_some_and(|v| v.as_table().is_some())),
                _ => prop_assert_eq!(coalesced.get(key), Some(value)),
            }
        }
        for (key, value) in &coalesced {
            prop_assert!(!value.is_null() || user.get(key).is_some_and(Tree::is_null));
        }
    }
}
