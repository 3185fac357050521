use std::io::Read;

use ferroflux_helm_chart::{ArchiveError, LoadError, LoadLimits, SystemHost, TemplateRequest, load_archive, read_archive};
use proptest::prelude::*;

use super::{CHART_YAML, archive, gzip};

fn refusal(name: &str) -> String {
    let bytes = archive(&[("app/Chart.yaml", CHART_YAML.as_bytes()), (name, b"x")]);
    load_archive(&bytes, LoadLimits::default()).unwrap_err().to_string()
}

/// HE-AR-02: names that lead out of the chart are refused before anything is kept.
#[test]
fn hostile_names() {
    assert_eq!(refusal("app//etc/passwd"), "unable to load chart archive: chart illegally contains absolute paths");
    assert_eq!(refusal("app/../../etc/passwd"), "unable to load chart archive: chart illegally references parent directory");
    assert_eq!(refusal("app/a/../../../x"), "unable to load chart archive: chart illegally references parent directory");
    assert_eq!(refusal("app\\..\\..\\x"), "unable to load chart archive: chart illegally references parent directory");
    assert_eq!(refusal("app/C:/windows/x"), "unable to load chart archive: chart contains illegally named files");
    assert_eq!(refusal("x"), "unable to load chart archive: chart illegally contains content outside the base directory: \"x\"");
    assert_eq!(refusal("Chart.yaml/x"), "unable to load chart archive: chart yaml not in base directory");
}

/// HE-AR-01, HE-AR-02: the top directory goes whatever its name, Windows separators and byte order marks too.
#[test]
fn names_and_marks() {
    let bytes = archive(&[("top\\Chart.yaml", format!("\u{feff}{CHART_YAML}").as_bytes()), ("top\\templates\\a.yaml", b"a: 1\n")]);
    let chart = load_archive(&bytes, LoadLimits::default()).unwrap();
    assert_eq!((chart.name(), chart.templates[0].name.as_str()), ("app", "templates/a.yaml"));
    let empty = gzip(&[0; 1024]);
    assert!(matches!(load_archive(&empty, LoadLimits::default()), Err(LoadError::Archive(ArchiveError::NoFiles))));
}

/// HE-AR-02: one file, all files, the number of entries and archives inside archives count against one budget.
#[test]
fn sizes() {
    let limits = LoadLimits { file_bytes: 1000, total_bytes: 2500, entries: 10, depth: 2 };
    let kb = vec![b'x'; 1000];
    let chart = ("app/Chart.yaml", CHART_YAML.as_bytes());
    let load = |entries: &[(&str, &[u8])]| load_archive(&archive(entries), limits).map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(load(&[chart, ("app/a", &kb), ("app/b", &kb)]), Ok(()));
    let big = vec![b'x'; 1001];
    assert!(
        load(&[chart, ("app/a", &big)])
            .unwrap_err()
            .contains("decompressed chart file \"app/a\" is larger than the maximum file size 1000")
    );
    assert!(load(&[chart, ("app/a", &kb), ("app/b", &kb), ("app/c", &kb)]).unwrap_err().contains("larger than the maximum size 2500"));
    let many: Vec<String> = (0..11).map(|i| format!("app/{i}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|n| (n.as_str(), b"".as_slice())).collect();
    assert!(load(&many).unwrap_err().contains("more than 10 entries"));
    let inner = archive(&[chart, ("app/a", &kb), ("app/b", &kb)]);
    let nested = load(&[chart, ("app/c", &kb), ("app/charts/inner-1.tgz", &inner)]).unwrap_err();
    assert!(nested.contains("error unpacking subchart inner-1.tgz in app: decompressed chart is larger"), "{nested}");
    let mut matryoshka = archive(&[chart]);
    for _ in 0..4 {
        matryoshka = archive(&[chart, ("app/charts/x.tgz", &matryoshka)]);
    }
    assert!(
        load_archive(&matryoshka, LoadLimits { total_bytes: 1 << 20, file_bytes: 1 << 20, ..limits })
            .unwrap_err()
            .to_string()
            .contains("nested deeper than 2")
    );
}

/// HE-AR-02: a stream that unpacks to far more than a chart may hold ends early, wherever the bytes hide.
#[test]
fn bombs() {
    let zeros = std::io::repeat(0).take(64 << 20);
    let mut encoder = flate2::read::GzEncoder::new(zeros, flate2::Compression::fast());
    let mut bomb = Vec::new();
    encoder.read_to_end(&mut bomb).unwrap();
    assert!(read_archive(&bomb, LoadLimits::default()).is_err());

    // a GNU long name of many megabytes
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(32 << 20);
    header.set_cksum();
    let mut stream = header.as_bytes().to_vec();
    stream.resize(stream.len() + (32 << 20), b'a');
    let limits = LoadLimits { total_bytes: 1 << 20, entries: 10, ..LoadLimits::default() };
    assert!(matches!(read_archive(&gzip(&stream), limits), Err(ArchiveError::TooLarge(_) | ArchiveError::Read(_))));
}

/// HE-AR-01: what is no archive, or only the beginning of one.
#[test]
fn not_archives() {
    let error = |bytes: &[u8]| load_archive(bytes, LoadLimits::default()).unwrap_err().to_string();
    assert_eq!(error(b""), "unable to load chart archive: EOF");
    assert_eq!(error(b"apiVersion: v2"), "stream does not appear to be a valid chart file (details: gzip: invalid header)");
    let whole = archive(&[("app/Chart.yaml", CHART_YAML.as_bytes()), ("app/values.yaml", b"a: 1\n")]);
    for cut in [5, 12, whole.len() / 2] {
        assert!(load_archive(&whole[..cut], LoadLimits::default()).is_err(), "{cut}");
    }
}

proptest! {
    /// HE-AR-01, HE-AR-02: no bytes panic, and nothing that is loaded has a name that leads out of the chart.
    #[test]
    fn any_bytes_end(flips in prop::collection::vec((0usize..4096, any::<u8>()), 0..12), raw in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = load_archive(&raw, LoadLimits::default());
        let mut stream = {
            let mut plain = Vec::new();
            let bytes = archive(&[("app/Chart.yaml", CHART_YAML.as_bytes()), ("app/charts/b/Chart.yaml", CHART_YAML.as_bytes()), ("app/t", b"x")]);
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
            plain
        };
        for (at, byte) in flips {
            let at = at % stream.len();
            stream[at] = byte;
        }
        let limits = LoadLimits { total_bytes: 1 << 20, entries: 100, ..LoadLimits::default() };
        if let Ok(files) = read_archive(&gzip(&stream), limits) {
            for file in files {
                prop_assert!(!file.name.starts_with('/') && !file.name.split('/').any(|part| part == ".."), "{}", file.name);
            }
        }
    }
}

/// HE-CH-05, §6 `.Files`: definitions of a packaged chart are there for templates that look at them, in the chart, in a
/// subchart and in a packaged subchart, whether they are printed or not.
#[test]
fn definitions_are_files() {
    let chart_yaml = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
    let template = b"crd: {{ .Files.Get \"crds/a.yaml\" | trim }}-{{ len .Files }}\n";
    let packed = archive(&[
        ("packed/Chart.yaml", chart_yaml("packed").as_bytes()),
        ("packed/crds/a.yaml", b"in-packed\n"),
        ("packed/templates/t.yaml", template),
    ]);
    let bytes = archive(&[
        ("app/Chart.yaml", chart_yaml("app").as_bytes()),
        ("app/crds/a.yaml", b"in-app\n"),
        ("app/crds/README.md", b"kept"),
        ("app/templates/t.yaml", template),
        ("app/charts/sub/Chart.yaml", chart_yaml("sub").as_bytes()),
        ("app/charts/sub/crds/a.yaml", b"in-sub\n"),
        ("app/charts/sub/templates/t.yaml", template),
        ("app/charts/packed-0.1.0.tgz", &packed),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.tgz");
    std::fs::write(&path, bytes).unwrap();
    let print = |include_crds| {
        let request = TemplateRequest { release: "rel".to_owned(), namespace: "ns".to_owned(), include_crds, ..Default::default() };
        let mut out = Vec::new();
        request.run(&path, &SystemHost::new("UTC"), |_| Ok(Vec::new()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let (without, with) = (print(false), print(true));
    for part in ["crd: in-app-2\n", "crd: in-sub-1\n", "crd: in-packed-1\n"] {
        assert!(without.contains(part) && with.contains(part), "{part}: {without}");
    }
    assert!(!without.contains("crds/a.yaml"));
    for part in ["app/crds/a.yaml\nin-app\n", "app/charts/sub/crds/a.yaml\nin-sub\n", "app/charts/packed/crds/a.yaml\nin-packed\n"] {
        assert!(with.contains(part), "{part}: {with}");
    }
}
