use std::io::Cursor;

use ferroflux_helm_chart::repository::{IndexEntry, IndexError, IndexItem, IndexLimits, LookupError, find, read_index};
use proptest::prelude::*;

const INDEX: &str = r#"# a repository
apiVersion: v1
entries:
  app:
  - apiVersion: v2
    name: app
    version: 1.2.0
    appVersion: 1.10
    created: "2024-02-01T10:00:00.5Z"
    description: |
      first line
      - not an item
    digest: 1111111111111111111111111111111111111111111111111111111111111111
    urls: [app-1.2.0.tgz]
  - {apiVersion: v2, name: app, version: 1.10.0, urls: ["https://example.com/app-1.10.0.tgz"]}
  - apiVersion: v2
    name: app
    version: 2.0.0-rc.1
    urls:
    - app-2.0.0-rc.1.tgz

  # another one
  "other":
    - name: other
      version: 0.1.0
      description: "quoted
- name: no item
  app: no chart"
      dependencies:
        - {name: x, version: 1.0.0, repository: ""}
        - {name: x, version: 1.0.0, repository: ""}
  empty: []
  none:
  inline: [{name: inline, version: 1.0.0}, null, {name: inline}]
generated: "2024-02-01T10:00:00Z"
serverInfo: {contextPath: /v1}
"#;

/// Charts, entries, and what was left out.
type Items = (Vec<String>, Vec<IndexEntry>, Vec<String>);

fn read(text: &str, limits: IndexLimits) -> Result<Items, IndexError> {
    let (mut charts, mut entries, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    read_index(Cursor::new(text.as_bytes()), limits, &mut |item| match item {
        IndexItem::Chart(name) => charts.push(name.to_owned()),
        IndexItem::Entry(entry) => entries.push(*entry),
        IndexItem::Skipped { chart, version, reason } => skipped.push(format!("{chart} {version:?}: {reason}")),
    })?;
    Ok((charts, entries, skipped))
}

fn error(text: &str) -> String {
    read(text, IndexLimits::default()).unwrap_err().to_string()
}

fn lookup(text: &str, name: &str, version: &str) -> Result<String, String> {
    let found = find(Cursor::new(text.as_bytes()), IndexLimits::default(), name, version);
    found.map(|entry| entry.metadata.version).map_err(|e: LookupError| e.to_string())
}

/// HE-REPO-01: charts, versions and what is left out, in every style in which an index may be written.
#[test]
fn entries() {
    let (charts, entries, skipped) = read(INDEX, IndexLimits::default()).unwrap();
    assert_eq!(charts, ["app", "other", "empty", "none", "inline"]);
    let listed: Vec<_> = entries.iter().map(|e| format!("{} {}", e.chart, e.metadata.version)).collect();
    assert_eq!(listed, ["app 1.2.0", "app 1.10.0", "app 2.0.0-rc.1", "other 0.1.0", "inline 1.0.0"]);
    assert_eq!(skipped, ["inline \"\": empty entry", "inline \"\": validation: chart.metadata.version is required"]);
    let first = &entries[0];
    assert_eq!(first.metadata.app_version, "1.1", "YAML numbers become text as Go prints them");
    assert_eq!(first.metadata.description, "first line - not an item ", "control characters are blanks");
    assert_eq!(first.urls, ["app-1.2.0.tgz"]);
    assert_eq!(first.created.unwrap().to_string(), "2024-02-01T10:00:00.5Z");
    assert_eq!(entries[3].metadata.description, "quoted - name: no item app: no chart");
    assert_eq!(entries[3].metadata.api_version, "v1");
}

/// HE-REPO-01, SRC-CHART-03: an equal text first, else the highest version in range; empty means stable.
#[test]
fn lookups() {
    assert_eq!(lookup(INDEX, "app", ""), Ok("1.10.0".to_owned()));
    assert_eq!(lookup(INDEX, "app", "1.2.0"), Ok("1.2.0".to_owned()));
    assert_eq!(lookup(INDEX, "app", "~1.2"), Ok("1.2.0".to_owned()));
    assert_eq!(lookup(INDEX, "app", ">0.0.0-0"), Ok("2.0.0-rc.1".to_owned()));
    assert_eq!(lookup(INDEX, "app", "2.0.0-rc.1"), Ok("2.0.0-rc.1".to_owned()));
    assert_eq!(lookup(INDEX, "app", ">=3"), Err("no chart version found for app->=3".to_owned()));
    assert_eq!(lookup(INDEX, "missing", ""), Err("no chart name found".to_owned()));
    assert_eq!(lookup(INDEX, "empty", ""), Err("no chart version found".to_owned()));
    assert!(lookup(INDEX, "app", "not a range").is_err());
    let twice = "apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, created: 2024-01-01T00:00:00Z, urls: [old]}\n  - {name: a, version: 1.0.0, created: 2024-03-01T01:00:00+02:00, urls: [new]}\n  - {name: a, version: 1.0.0, created: 2024-02-01T00:00:00Z, urls: [middle]}\n";
    for version in ["1.0.0", "1.x"] {
        let found = find(Cursor::new(twice.as_bytes()), IndexLimits::default(), "a", version).unwrap();
        assert_eq!(found.urls, ["new"], "ties go to the newest");
    }
}

/// HE-REPO-01: JSON is read as JSON, where unknown keys are fine; YAML is strict.
#[test]
fn json_and_strict_yaml() {
    let json = r#"{"entries": {"a": [{"name": "a", "version": "1.0.0", "extra": 1}, null], "b": null}, "apiVersion": "v1", "x": [1]}"#;
    let (charts, entries, skipped) = read(json, IndexLimits::default()).unwrap();
    assert_eq!((charts.len(), entries.len(), skipped.len()), (2, 1, 1));
    let (_, entries, _) = read("{apiVersion: v1, entries: {a: [{name: a, version: 1.0.0}]}}", IndexLimits::default()).unwrap();
    assert_eq!(entries.len(), 1, "flow style is no JSON");
    assert!(error("apiVersion: v1\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n    extra: 1\n").contains("unknown field \"extra\""));
    assert!(error("apiVersion: v1\nunknown: 1\nentries: {}\n").contains("unknown field \"unknown\""));
    assert!(error("apiVersion: v1\nentries:\n  a:\n  - name: a\n    maintainers: [{name: x, web: y}]\n").contains("unknown field \"web\""));
    let twice = error("apiVersion: v1\nentries:\n  a:\n  - name: a\n    name: b\n");
    assert_eq!(twice, "error converting YAML to JSON: yaml: line 5: key \"name\" already set in map");
    assert!(error("apiVersion: v1\nentries:\n  a: []\n  b: []\n  a: []\n").contains("line 5: key \"a\" already set in map"));
    assert!(error("apiVersion: v1\nentries: {}\nentries: {}\n").contains("already set in map"));
}

/// HE-REPO-01: what is no index.
#[test]
fn refused() {
    assert!(matches!(read("", IndexLimits::default()), Err(IndexError::Empty)));
    assert_eq!(error("entries:\n  a: []\n"), "no API version specified");
    assert_eq!(error("{\"entries\": {}}"), "no API version specified");
    assert!(error("apiVersion: v1\nentries:\n- a\n").contains("IndexFile.entries"));
    for crooked in ["    - {name: a}\n  - {name: a}\n", "    - {name: a}\n   - {name: a}\n", "  - {name: a}\n b: []\n", "- {name: a}\n"] {
        let text = error(&format!("apiVersion: v1\nentries:\n  a:\n{crooked}"));
        assert!(text.contains("yaml: line"), "{text}");
    }
    assert!(error("apiVersion: v1\nentries:\n  a: text\n").contains("cannot unmarshal string"));
    assert!(error("apiVersion: v1\nentries:\n  a:\n  - just text\n").contains("cannot unmarshal string"));
    assert!(error("apiVersion: v1\nentries:\n  a:\n  - name: [\n").contains("error converting YAML to JSON: yaml: line"));
    assert!(
        error("apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, created: yesterday}\n").contains("parsing time \"yesterday\"")
    );
    assert!(error("{\"apiVersion\": 1, \"entries\": []}").contains("the index is not what it should be"));
}

/// HE-REPO-01: digests with and without prefix, and an archive that was replaced.
#[test]
fn digests() {
    let mut entry = IndexEntry { chart: "a".to_owned(), ..IndexEntry::default() };
    assert!(entry.check_digest(b"abc").is_ok(), "nothing to compare with");
    entry.digest = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD".to_owned();
    assert!(entry.check_digest(b"abc").is_ok());
    entry.digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
    assert!(entry.check_digest(b"abc").is_ok());
    assert!(entry.check_digest(b"abd").unwrap_err().to_string().contains("replaced or damaged"));
}

/// HE-REPO-01, SRC-HELMREPO-02: an index, an entry or a list of charts that grows without end is refused where it
/// passes the limit, in YAML and in JSON.
#[test]
fn limits() {
    let limits = IndexLimits { bytes: 2_000_000, entry_bytes: 10_000, charts: 100 };
    let of = |text: String| read(&text, limits).unwrap_err().to_string();
    let entry = |i: usize| format!("  - {{name: a, version: 1.0.{i}, description: {}}}\n", "x".repeat(1000));
    let long: String = (0..3000).map(entry).collect();
    assert_eq!(of(format!("apiVersion: v1\nentries:\n  a:\n{long}")), "index exceeds the maximum index file size of 2000000 bytes");
    let wide = format!("apiVersion: v1\nentries:\n  a:\n  - name: a\n    description: {}\n", "x".repeat(20_000));
    assert_eq!(of(wide), "line 5: an entry of the index is larger than 10000 bytes");
    let tall = format!("apiVersion: v1\nentries:\n  a:\n  - name: a\n    keywords:\n{}", "    - x\n".repeat(2000));
    assert_eq!(of(tall), "line 4: an entry of the index is larger than 10000 bytes");
    let unclosed = format!("apiVersion: v1\nentries:\n  a:\n  - name: \"a\n{}", "  - x\n".repeat(100_000));
    assert!(of(unclosed).contains("yaml: line"));
    let charts: String = (0..101).map(|i| format!("  c{i}: []\n")).collect();
    assert_eq!(of(format!("apiVersion: v1\nentries:\n{charts}")), "the index lists more than 100 charts");
    let head = format!("apiVersion: v1\nannotations: {{a: {}}}\n", "x".repeat(20_000));
    assert!(of(head).contains("an entry of the index is larger"));
    let json = |entries: &str| format!("{{\"apiVersion\":\"v1\",\"entries\":{{\"a\":[{entries}{{}}]}}}}");
    assert_eq!(of(json(&"{},".repeat(1_000_000))), "index exceeds the maximum index file size of 2000000 bytes");
    let wide = format!("{{\"name\":\"{}\"}},", "x".repeat(200_000));
    assert!(of(json(&wide)).contains("an entry of the index is larger than 10000 bytes"), "{}", of(json(&wide)));
    assert!(of(json(&format!("{}{}", "[".repeat(5000), "]".repeat(5000)))).len() < 400);
    let deep = format!("apiVersion: v1\nentries:\n  a:\n  - name: {}{}\n", "[".repeat(4000), "]".repeat(4000));
    assert!(
        of(deep).contains("nested") || of(format!("apiVersion: v1\nentries:\n  a:\n  - name: {}\n", "[".repeat(4000))).contains("yaml")
    );
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,90}",
        Just("line\n- item\n  key: x\n".to_owned()),
        Just("# no comment\n\n\"quoted\n".to_owned()),
        Just(format!("{} {}", "word ".repeat(30), "- x")),
        "\\PC{0,20}",
    ]
}

prop_compose! {
    fn versions()(name in "[a-z]{1,8}", minor in 0u32..30, description in texts(), keywords in prop::collection::vec(texts(), 0..3), flag in any::<bool>()) -> serde_json::Value {
        serde_json::json!({"name": name, "version": format!("1.{minor}.0"), "description": description, "keywords": keywords, "deprecated": flag})
    }
}

proptest! {
    /// HE-REPO-01: an index in YAML, read piece by piece, is what the same index in JSON is.
    #[test]
    fn pieces_are_the_whole(charts in prop::collection::btree_map("[a-z0-9-]{1,6}", prop::collection::vec(versions(), 0..4), 0..5)) {
        let index = serde_json::json!({"apiVersion": "v1", "entries": charts, "generated": "2024-01-01T00:00:00Z"});
        let json = read(&index.to_string(), IndexLimits::default()).unwrap();
        let node = ferroflux_yaml::read_document(&index.to_string(), ferroflux_yaml::ReadOptions::default()).unwrap();
        let yaml = ferroflux_yaml::write_document(&node, ferroflux_yaml::WriteOptions::default(), String::new());
        let found = read(&yaml, IndexLimits::default());
        prop_assert!(found.is_ok(), "{:?}\n{}", found, yaml);
        prop_assert_eq!(found.unwrap(), json, "{}", yaml);
    }

    /// HE-REPO-01: no bytes panic.
    #[test]
    fn any_bytes_end(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), raw in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut index = INDEX.as_bytes().to_vec();
        for (at, byte) in flips {
            let at = at.index(index.len());
            index[at] = byte;
        }
        for bytes in [index, raw] {
            let _ = read_index(Cursor::new(bytes), IndexLimits::default(), &mut |_| {});
        }
    }
}
