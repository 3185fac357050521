//! `ferroflux template`, beside the original where that is present.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_yaml::Value;

pub(crate) fn ferroflux(args: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferroflux"));
    command.arg("template").args(args).current_dir(directory).env("TZ", "UTC").env("HELM_PLUGINS", directory.join("plugins"));
    in_home(&mut command, directory).output().unwrap()
}

/// Helm's folders are below the directory of the test.
fn in_home<'c>(command: &'c mut Command, directory: &Path) -> &'c mut Command {
    let home = directory.join("helm-home");
    command.env("HELM_CACHE_HOME", &home).env("HELM_CONFIG_HOME", &home).env("HELM_DATA_HOME", &home)
}

/// The original, if it is there: a program that is only compared with, and never a part of the project.
pub(crate) fn original() -> Option<PathBuf> {
    let path = ferroflux_control_plane::cache_dir().ok()?.join("peers/helm");
    if !path.exists() {
        println!("skipped: no original to compare with");
    }
    path.exists().then_some(path)
}

pub(crate) fn helm(helm: &Path, args: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(helm);
    command.arg("template").args(args).current_dir(directory).env("TZ", "UTC").env("HELM_PLUGINS", directory.join("plugins"));
    in_home(&mut command, directory).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success(), "{}", text(&output.stdout));
    text(&output.stderr)
}

fn success(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// A chart with a definition, a manifest of two documents, a hook beside a manifest, a test and a template that shows
/// what the options did.
fn chart(directory: &Path) {
    let files = [
        ("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        ("app/crds/d.yaml", "kind: CustomResourceDefinition\nmetadata: {name: d}\n"),
        (
            "app/templates/two.yaml",
            "kind: ConfigMap\nmetadata:\n  name: one\n---\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name | default \"two\" }}\n",
        ),
        (
            "app/templates/mixed.yaml",
            "kind: ConfigMap\nmetadata:\n  name: plain\n---\nkind: Job\nmetadata:\n  name: hook\n  annotations:\n    helm.sh/hook: pre-install\n",
        ),
        ("app/templates/tests/t.yaml", "kind: Pod\nmetadata:\n  name: test\n  annotations:\n    helm.sh/hook: test\n"),
        ("values.yaml", "name: from-file\n"),
        ("part.txt", "from text"),
    ];
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// The files below a directory with their texts, sorted.
fn files(directory: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(directory).unwrap().display().to_string();
                found.push((name, fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// HE-MAN-04: one line of the original's help after the other: every option exists, and those that change what is printed
/// print the same.
#[test]
fn options() {
    let Some(original) = original() else { return };
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path());
    let cases: &[&[&str]] = &[
        &["rel", "app"],
        &["app"],
        &["rel", "app", "--include-crds"],
        &["rel", "app", "--include-crds=false", "--no-hooks=true"],
        &["rel", "app", "--skip-tests", "-n", "web"],
        &["rel", "app", "-s", "templates/mixed.yaml"],
        &["rel", "app", "-f", "values.yaml"],
        &["rel", "app", "--kube-version", "1", "--kube-version", "1.30", "-n", "one", "-n", "two", "--no-hooks", "--no-hooks=false"],
        &["rel", "app", "--set-file", "name=part.txt"],
        &["rel", "app", "--set", "name=a", "--set-string", "name=1", "--set-json", "name=\"j\"", "--set-literal", "name=l,m"],
        &["app", "--name-template", "{{ \"x\" | upper | lower }}"],
        &["rel", "app", "--dry-run=client", "--create-namespace", "--labels", "a=b,c=d", "--timeout", "10s", "--wait=watcher", "--devel"],
        &["rel", "app", "--server-side=false", "--take-ownership", "--replace", "--rollback-on-failure", "--description", "words"],
        &["rel", "app", "--disable-openapi-validation", "--wait-for-jobs", "--enable-dns", "--skip-crds", "--version", "9.9.9"],
        &["rel", "app", "--kube-context", "x", "--burst-limit", "5", "--qps", "2.5", "--color", "never", "--kubeconfig", "none"],
        &["rel", "app", "--username", "u", "--password", "p", "--plain-http", "--insecure-skip-tls-verify", "--pass-credentials"],
    ];
    for args in cases {
        let (ours, theirs) = (ferroflux(args, dir.path()), helm(&original, args, dir.path()));
        assert_eq!(success(&ours), success(&theirs), "{args:?}");
    }
    let refused: &[&[&str]] = &[
        &["rel", "app", "--dry-run=none"],
        &["rel", "app", "-s", "templates/nothing.yaml"],
        &["rel", "./missing"],
        &["rel", "app", "-g"],
        &["rel", "app", "--verify"],
        &["rel", "values.yaml"],
        &["rel", "app", "-f", "missing.yaml"],
    ];
    for args in refused {
        let (ours, theirs) = (error(&ferroflux(args, dir.path())), error(&helm(&original, args, dir.path())));
        assert_eq!(ours.trim_end(), theirs.trim_end(), "{args:?}");
    }
    let mine = success(&ferroflux(&["--help"], dir.path()));
    assert!(mine.contains("Examples:"));
    let help = success(&helm(&original, &["--help"], dir.path()));
    let lines = help.lines().filter(|line| line.trim_start().starts_with('-'));
    for option in lines.filter_map(|line| line.split("--").nth(1)?.split([' ', '[']).next()) {
        let complaint = text(&ferroflux(&[&format!("--{option}=x"), "rel", "app"], dir.path()).stderr);
        assert!(!complaint.contains("unexpected argument"), "--{option}: {complaint}");
    }
}

/// HE-MAN-04: files below `--output-dir`, what is said about them, and hooks behind what is there already.
#[test]
fn output_directory() {
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path());
    let args = ["rel", "app", "--include-crds", "--output-dir", "out"];
    let said = success(&ferroflux(&args, dir.path()));
    let written = files(&dir.path().join("out"));
    assert_eq!(
        written.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["app/crds/d.yaml", "app/templates/mixed.yaml", "app/templates/tests/t.yaml", "app/templates/two.yaml"]
    );
    assert_eq!(written[3].1.matches("# Source: app/templates/two.yaml\n").count(), 2);
    success(&ferroflux(&args, dir.path()));
    let again = files(&dir.path().join("out"));
    assert_eq!(again[3], written[3], "manifests are replaced");
    success(&ferroflux(&["rel", "app", "--output-dir", "named", "--release-name"], dir.path()));
    assert!(dir.path().join("named/rel/app/templates/two.yaml").exists());
    let Some(original) = original() else { return };
    fs::remove_dir_all(dir.path().join("out")).unwrap();
    let theirs = success(&helm(&original, &args, dir.path()));
    assert_eq!((said, written), (theirs, files(&dir.path().join("out"))));
    success(&helm(&original, &args, dir.path()));
    assert_eq!(again, files(&dir.path().join("out")), "a second run");
}

/// HE-PR-01: a plugin by its name and a program by its path get the same stream, with their arguments; failures say why.
#[test]
fn post_renderer() {
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path());
    let plugin = dir.path().join("plugins/mark");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(
        plugin.join("plugin.yaml"),
        "apiVersion: v1\nname: mark\nversion: 1.0.0\ntype: postrenderer/v1\nruntime: subprocess\nruntimeConfig:\n  platformCommand:\n  - command: ${HELM_PLUGIN_DIR}/run.sh\n    args: [first]\n",
    )
    .unwrap();
    let script = plugin.join("run.sh");
    fs::write(&script, "#!/bin/sh\n[ \"$2\" = fail ] && { echo no luck >&2; exit 3; }\n[ \"$2\" = empty ] && exit 0\nsed \"s/name: one/name: $1-$2/\"\nprintf -- '---\\nkind: New\\n'\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let named = ["rel", "app", "--post-renderer", "mark", "--post-renderer-args", "second"];
    let ours = success(&ferroflux(&named, dir.path()));
    assert!(ours.contains("name: first-second") && ours.contains("# Source: generated-by-postrender-"), "{ours}");
    assert!(!ours.contains("postrender-filename") && ours.contains("helm.sh/hook: pre-install"));
    let path = script.display().to_string();
    let direct = ["rel", "app", "--post-renderer", &path, "--post-renderer-args", "first", "--post-renderer-args", "second"];
    assert_eq!(success(&ferroflux(&direct, dir.path())), ours);
    let failing = |argument| error(&ferroflux(&["rel", "app", "--post-renderer", "mark", "--post-renderer-args", argument], dir.path()));
    assert!(failing("fail").contains("no luck") && failing("fail").contains("error while running post render on files"));
    assert!(failing("empty").contains("post-renderer \"mark\" produced empty output"));
    assert!(error(&ferroflux(&["rel", "app", "--post-renderer", "./nothing"], dir.path())).contains("./nothing"));
    if let Some(original) = original() {
        assert_eq!(ours, success(&helm(&original, &named, dir.path())));
    }
}

/// HE-REPO-04: `--verify` with the archive's provenance file, and what keeps it from passing.
#[test]
fn verification() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/helm-chart/tests/data/provenance");
    let dir = tempfile::tempdir().unwrap();
    for (from, to) in [
        ("tiny-1.0.0.tgz", "tiny-1.0.0.tgz"),
        ("ed25519.prov", "tiny-1.0.0.tgz.prov"),
        ("keyring.gpg", "keyring.gpg"),
        ("keyring.asc", "keyring.asc"),
    ] {
        fs::copy(data.join(from), dir.path().join(to)).unwrap();
    }
    let verify = |keyring: &str| ferroflux(&["rel", "tiny-1.0.0.tgz", "--verify", "--keyring", keyring], dir.path());
    for keyring in ["keyring.gpg", "keyring.asc"] {
        assert!(success(&verify(keyring)).contains("name: tiny"));
    }
    assert!(error(&verify("missing.gpg")).contains("failed to load keyring: missing.gpg"));
    fs::write(dir.path().join("empty.gpg"), "").unwrap();
    assert!(error(&verify("empty.gpg")).contains("no OpenPGP public key found"));
    let archive = dir.path().join("tiny-1.0.0.tgz");
    let good = fs::read(&archive).unwrap();
    fs::write(&archive, [good.as_slice(), b"x"].concat()).unwrap();
    assert!(error(&verify("keyring.gpg")).contains("Error: sha256 sum does not match for tiny-1.0.0.tgz"));
    fs::write(&archive, good).unwrap();
    fs::remove_file(dir.path().join("tiny-1.0.0.tgz.prov")).unwrap();
    assert!(error(&verify("keyring.gpg")).contains("could not load provenance file"));
}

/// What only a cluster can answer says so, and what to do instead.
#[test]
fn refused() {
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path());
    let says = |args: &[&str]| error(&ferroflux(args, dir.path()));
    assert!(says(&["rel", "app", "--dry-run=server"]).contains("needs a cluster"));
    assert!(says(&["rel", "app", "--validate"]).contains("needs a cluster"));
}

/// Flags with wrong values, flags that exclude each other, unknown ones and deprecated ones: as the original, which ends
/// with 1 and says it in one line.
#[test]
fn wrong_flags() {
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path());
    let original = original();
    for (args, says) in [
        (&["app", "--timeout", "x"][..], "invalid argument \"x\" for \"--timeout\" flag: time: invalid duration \"x\""),
        (&["app", "--timeout", "5"], "missing unit in duration \"5\""),
        (&["app", "--nope"], "unknown flag: --nope"),
        (&["app", "-z"], "unknown shorthand flag: 'z' in -z"),
        (&["app", "--set"], "flag needs an argument: --set"),
        (&[], "requires at least 1 argument"),
        (&["a", "b", "c"], "expected at most two arguments, unexpected arguments: c"),
        (&["app", "--include-crds=maybe"], "for \"--include-crds\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax"),
        (&["app", "--burst-limit", "1.5"], "strconv.ParseInt: parsing \"1.5\": invalid syntax"),
        (&["app", "-l", "x"], "invalid argument \"x\" for \"-l, --labels\" flag: x must be formatted as key=value"),
        (&["app", "-l", "a=1,b=2,c"], "c must be formatted as key=value"),
        (&["app", "-f", "\"v.yaml"], "for \"-f, --values\" flag: parse error on line 1, column 8: extraneous or missing"),
        (&["app", "-a", "x\"y"], "parse error on line 1, column 2: bare"),
        (&["app/templates/../crds/"], "unable to detect chart at"),
        (&["app", "--wait=x"], "invalid wait input \"x\""),
        (&["app", "--dry-run=none"], "invalid dry-run value (\"none\")"),
        (&["app", "--validate", "--dry-run=client"], "[validate dry-run] are set none of the others can be"),
        (&["app", "--force", "--force-conflicts"], "[force force-conflicts] were all set"),
        (&["app", "--kube-version", "x", "-f", "none"], "invalid kube version 'x'"),
        (&["none"], "non-absolute URLs should be in form of repo_name/path_to_chart, got: none"),
        (&["none/app"], "repo none not found"),
        (
            &["-n", "-f", "app", "--timeout", "-5m", "-l", "a=b,c", "--atomic", "--dry-run", "--qps", "-1"],
            "Flag --atomic has been deprecated",
        ),
    ] {
        let ours = ferroflux(args, dir.path());
        let said = text(&ours.stderr).replace("ferroflux template", "helm template");
        assert!(said.contains(says), "{args:?}: {said}");
        if let Some(original) = &original {
            let theirs = helm(original, args, dir.path());
            assert_eq!((ours.status.code(), text(&ours.stdout)), (theirs.status.code(), text(&theirs.stdout)), "{args:?}");
            assert_eq!(said.trim_end(), text(&theirs.stderr).trim_end(), "{args:?}");
        }
    }
}

/// HE-TPL-16, HE-MAN-05: with `--debug` the files are printed that could not be read, and without it the error says so.
#[test]
fn debug() {
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path());
    fs::remove_dir_all(dir.path().join("app/templates")).unwrap();
    fs::create_dir(dir.path().join("app/templates")).unwrap();
    fs::write(dir.path().join("app/templates/bad.yaml"), "a: [\n").unwrap();
    let original = original();
    let both = |args: &[&str]| {
        let ours = ferroflux(args, dir.path());
        if let Some(original) = &original {
            let theirs = helm(original, args, dir.path());
            let texts = |output: &Output| (output.status.code(), text(&output.stdout), text(&output.stderr).trim_end().to_owned());
            assert_eq!(texts(&ours), texts(&theirs), "{args:?}");
        }
        ours
    };
    assert!(error(&both(&["rel", "app"])).contains("Use --debug flag to render out invalid YAML"));
    let shown = both(&["rel", "app", "--debug", "--version", ">1"]);
    assert_eq!(text(&shown.stdout), "---\n# Source: app/templates/bad.yaml\na: [\n");
    assert!(text(&shown.stderr).contains("level=DEBUG msg=\"Original chart version\" version=>1\n"));
    both(&["rel", "app", "--debug", "-s", "templates/bad.yaml"]);
    both(&["rel", "app", "--debug", "-s", "templates/none.yaml"]);
    both(&["rel", "app", "--debug", "--output-dir", "out"]);
    fs::write(dir.path().join("app/templates/bad.yaml"), "{{ fail \"no\" }}").unwrap();
    both(&["rel", "app", "--debug"]);
    both(&["rel", "app", "--debug=false"]);
}

/// HE-REPO-01, HE-REPO-04: charts and values over http: by address, with `--repo`, from a repository that was added; with
/// versions, ranges, credentials and digests; beside the original where that is present.
#[test]
fn from_the_network() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    chart(root);
    let shelf = root.join("shelf/private");
    fs::create_dir_all(&shelf).unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/helm-chart/tests/data/provenance");
    let server = Server::of(root.join("shelf"));
    let here = format!("http://{}", server.address);
    let other = Server::of(root.join("shelf"));
    let entry =
        |version: &str, url: &str, digest: &str| format!("  - {{name: tiny, version: {version}, urls: ['{url}'], digest: '{digest}'}}\n");
    let index = format!(
        "apiVersion: v1\nentries:\n  tiny:\n{}{}{}  gone:\n  - {{name: gone, version: 1.0.0, urls: [gone.tgz]}}\n",
        entry("1.0.0", "tiny-1.0.0.tgz", ""),
        entry("2.0.0-rc.1", &format!("http://{}/private/tiny-1.0.0.tgz", other.address), ""),
        entry("0.1.0", "tiny-1.0.0.tgz", &"0".repeat(64)),
    );
    for folder in [&shelf, &root.join("shelf")] {
        fs::copy(data.join("tiny-1.0.0.tgz"), folder.join("tiny-1.0.0.tgz")).unwrap();
        fs::copy(data.join("ed25519.prov"), folder.join("tiny-1.0.0.tgz.prov")).unwrap();
        fs::write(folder.join("index.yaml"), &index).unwrap();
        fs::write(folder.join("v.yaml"), "name: from-the-network\n").unwrap();
    }
    // What `helm repo add` leaves behind.
    let home = root.join("helm-home");
    fs::create_dir_all(home.join("repository")).unwrap();
    let repository = |name: &str, path: &str, user: &str| {
        fs::write(home.join(format!("repository/{name}-index.yaml")), &index).unwrap();
        format!("- {{name: {name}, url: '{here}/{path}', username: '{user}', password: '{user}', caFile: ''}}\n")
    };
    let list = format!("apiVersion: ''\nrepositories:\n{}{}", repository("open", "", ""), repository("closed", "private", "u"));
    fs::write(home.join("repositories.yaml"), list).unwrap();
    let private = format!("{here}/private");
    let with_user = |args: &[&'static str]| [args, &["--username", "u", "--password", "u"]].concat();
    let cases: Vec<(Vec<&str>, bool)> = vec![
        (vec!["rel", "app", "-f", "{here}/v.yaml", "--set-file", "text={here}/v.yaml"], true),
        (vec!["rel", "app", "-f", "{here}/none.yaml"], false),
        (vec!["rel", "app", "--set-file", "text={here}/none.yaml"], false),
        (vec!["rel", "{here}/tiny-1.0.0.tgz", "--version", "9"], true),
        (vec!["rel", "{here}/none.tgz"], false),
        (vec!["rel", "{here}/v.yaml"], false),
        (vec!["rel", "{private}/tiny-1.0.0.tgz"], false),
        (with_user(&["rel", "{private}/tiny-1.0.0.tgz"]), true),
        (vec!["rel", "tiny", "--repo", "{here}/"], true),
        (vec!["rel", "tiny", "--repo", "{here}", "--version", "^1"], true),
        (vec!["rel", "tiny", "--repo", "{here}", "--version", "^3"], false),
        (vec!["rel", "none", "--repo", "{here}"], false),
        (vec!["rel", "gone", "--repo", "{here}"], false),
        (vec!["rel", "tiny", "--repo", "{here}/none"], false),
        (vec!["rel", "tiny", "--repo", "nowhere"], false),
        (vec!["rel", "tiny", "--repo", "{private}"], false),
        (with_user(&["rel", "tiny", "--repo", "{private}"]), true),
        // The index names another host, which is not given the password.
        (with_user(&["rel", "tiny", "--repo", "{private}", "--devel"]), false),
        (with_user(&["rel", "tiny", "--repo", "{private}", "--devel", "--pass-credentials"]), true),
        (vec!["rel", "open/tiny"], true),
        (vec!["rel", "open/tiny", "--version", "1.x"], true),
        (vec!["rel", "open/tiny", "--version", "^3"], false),
        (vec!["rel", "open/none"], false),
        (vec!["rel", "closed/tiny"], true),
        (vec!["rel", "closed/tiny", "--devel"], false),
    ];
    let original = original();
    for (args, works) in cases {
        let args: Vec<String> = args.iter().map(|arg| arg.replace("{here}", &here).replace("{private}", &private)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ours = ferroflux(&args, root);
        assert_eq!(ours.status.success(), works, "{args:?}: {}", text(&ours.stderr));
        if let Some(original) = &original {
            let theirs = helm(original, &args, root);
            assert_eq!((ours.status.code(), text(&ours.stdout)), (theirs.status.code(), text(&theirs.stdout)), "{args:?}");
            // Where Helm keeps what it fetched is its own affair.
            if !args[1].ends_with("v.yaml") {
                assert_eq!(text(&ours.stderr).trim_end(), text(&theirs.stderr).trim_end(), "{args:?}");
            }
        }
    }
    let replaced = error(&ferroflux(&["rel", "tiny", "--repo", &here, "--version", "0.1.0"], root));
    assert!(replaced.contains("the archive was replaced or damaged"), "{replaced}");
    let keyring = data.join("keyring.gpg").display().to_string();
    success(&ferroflux(&["rel", "tiny", "--repo", &here, "--verify", "--keyring", &keyring], root));
    fs::remove_file(root.join("shelf/tiny-1.0.0.tgz.prov")).unwrap();
    let unsigned = error(&ferroflux(&["rel", "tiny", "--repo", &here, "--verify", "--keyring", &keyring], root));
    assert!(unsigned.contains("failed to fetch provenance"), "{unsigned}");
    let secret = error(&ferroflux(&["rel", &format!("http://u:s3cret@{}/private/none.tgz", server.address)], root));
    assert!(!secret.contains("s3cret"), "{secret}");
}

/// HE-REPO-02: charts and dependencies from registries, by tag, range and digest; with a password and with a token for it;
/// nothing that is not what its digest says.
#[test]
fn from_a_registry() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let archive =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/helm-chart/tests/data/provenance/tiny-1.0.0.tgz")).unwrap();
    let digest = |bytes: &[u8]| {
        let hex: String = sha2::Digest::finalize(sha2::Digest::chain_update(<sha2::Sha256 as sha2::Digest>::new(), bytes))
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        format!("sha256:{hex}")
    };
    let layer = digest(&archive);
    let manifest =
        format!("{{\"layers\":[{{\"mediaType\":\"application/vnd.cncf.helm.chart.content.v1.tar+gzip\",\"digest\":\"{layer}\"}}]}}");
    let pinned = digest(manifest.as_bytes());
    for repository in ["charts/tiny", "private/tiny", "token/tiny", "bad/tiny"] {
        let folder = root.join("shelf/v2").join(repository);
        for part in ["tags", "manifests", "blobs"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        fs::write(folder.join("tags/list"), r#"{"tags":["1.0.0","1.1.0_b.1","2.0.0-rc.1","latest"]}"#).unwrap();
        for reference in ["1.0.0", "1.1.0_b.1", pinned.as_str()] {
            fs::write(folder.join("manifests").join(reference), &manifest).unwrap();
        }
        let content = if repository.starts_with("bad") { b"other" } else { archive.as_slice() };
        fs::write(folder.join("blobs").join(&layer), content).unwrap();
    }
    fs::write(root.join("shelf/token"), r#"{"token":"t0ken"}"#).unwrap();
    let server = Server::of(root.join("shelf"));
    let at = |rest: &str| format!("oci://{}/{rest}", server.address);
    let pull = |rest: &str, args: &[&str]| ferroflux(&[&["rel", &at(rest), "--plain-http"], args].concat(), root);
    let pulled = |output: &Output| {
        assert!(success(output).contains("name: tiny"));
        text(&output.stderr).lines().next().unwrap_or_default().replace(&server.address, "host")
    };
    assert_eq!(pulled(&pull("charts/tiny", &[])), "Pulled: host/charts/tiny:1.1.0_b.1");
    assert_eq!(pulled(&pull("charts/tiny", &["--version", "~1.0"])), "Pulled: host/charts/tiny:1.0.0");
    assert_eq!(pulled(&pull("charts/tiny", &["--version", "1.1.0+b.1"])), "Pulled: host/charts/tiny:1.1.0_b.1");
    assert_eq!(pulled(&pull("charts/tiny:1.0.0", &[])), "Pulled: host/charts/tiny:1.0.0");
    assert_eq!(pulled(&pull(&format!("charts/tiny@{pinned}"), &[])), format!("Pulled: host/charts/tiny@{pinned}"));
    success(&ferroflux(&["-g", &at("charts/tiny:1.0.0"), "--plain-http"], root));
    assert!(error(&pull("charts/tiny", &["--version", "^9"])).contains("could not locate a version matching provided version string ^9"));
    assert!(error(&pull("charts/tiny:1.0.0", &["--version", "2"])).contains("chart reference and version mismatch: 2 is not 1.0.0"));
    assert!(error(&pull("charts/tiny:9.9.9", &[])).contains("charts/tiny:9.9.9: not found"));
    assert!(error(&pull("charts/none", &[])).contains("response status code 404"));
    assert!(error(&pull("charts/tiny:1.0.0", &["--verify"])).contains("failed to fetch provenance"));
    assert!(error(&pull("bad/tiny:1.0.0", &[])).contains("the registry sent bytes with the digest sha256:"));
    let other = format!("sha256:{}", "0".repeat(64));
    fs::write(root.join("shelf/v2/bad/tiny/manifests").join(&other), &manifest).unwrap();
    assert!(error(&pull(&format!("bad/tiny@{other}"), &[])).contains("the registry sent a manifest with the digest sha256:"));
    // A password is for who asks for it, at once or by way of a token.
    assert!(error(&pull("private/tiny", &[])).contains("response status code 401"));
    assert!(error(&pull("token/tiny", &["--username", "u", "--password", "wrong"])).contains("401 Unauthorized"));
    pulled(&pull("private/tiny", &["--username", "u", "--password", "u"]));
    pulled(&pull("token/tiny", &["--username", "u", "--password", "u"]));
    let login = format!("{{\"auths\":{{{:?}:{{\"auth\":\"dTp1\"}}}}}}", server.address);
    fs::write(root.join("login.json"), login).unwrap();
    pulled(&pull("token/tiny", &["--registry-config", "login.json"]));
    let declare = |version: &str| {
        let _ = fs::remove_dir_all(root.join("app"));
        fs::create_dir(root.join("app")).unwrap();
        let dependency = format!("{{name: tiny, version: '{version}', repository: '{}'}}", at("charts"));
        fs::write(root.join("app/Chart.yaml"), format!("apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{dependency}]\n"))
            .unwrap();
        ferroflux(&["rel", "app", "--dependency-update", "--plain-http"], root)
    };
    assert!(success(&declare("1.x")).contains("Downloading tiny from repo oci://"));
    assert!(root.join("app/charts/tiny-1.1.0+b.1.tgz").exists());
    assert!(fs::read_to_string(root.join("app/Chart.lock")).unwrap().contains("version: 1.1.0+b.1"));
    assert!(error(&declare("^9")).contains("could not locate a version"));
    assert!(!root.join("app/charts").exists(), "nothing is changed");
}

/// Answers requests for files of a directory until it is dropped; what is in `private/` is for the user `u`, and what is in
/// `v2/token/` for a token that `token` gives that user.
pub(crate) struct Server {
    pub(crate) address: String,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn of(directory: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let own = address.clone();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let lines: Vec<String> =
                    BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let request = lines.first().cloned().unwrap_or_default();
                let path = request.split([' ', '?']).nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
                // The user and the password `u`.
                let with = |proof: &str| lines.iter().any(|line| line.eq_ignore_ascii_case(&format!("authorization: {proof}")));
                let for_user = path.starts_with("private/") || path.starts_with("v2/private/") || path == "token";
                let refused = for_user && !with("Basic dTp1") || path.starts_with("v2/token/") && !with("Bearer t0ken");
                let bearer = format!("Bearer realm=\"http://{own}/token\",service=\"here\",scope=\"repository:token/tiny:pull\"");
                let challenge = if for_user { "Basic realm=\"here\"" } else { &bearer };
                let (status, body) = match fs::read(directory.join(&path)) {
                    _ if refused => ("401 Unauthorized", Vec::new()),
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let asks = if refused { format!("WWW-Authenticate: {challenge}\r\n") } else { String::new() };
                let head = format!("HTTP/1.1 {status}\r\n{asks}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                // A client that has seen enough may be gone.
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        Self { address, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// HE-SCH-01, HE-SCH-02: schemas over http, what they say when they cannot be had, and no file of this machine.
#[test]
fn schemas_from_the_network() {
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path());
    let shelf = dir.path().join("shelf");
    fs::create_dir(&shelf).unwrap();
    fs::write(shelf.join("name.json"), r#"{"properties":{"name":{"$ref":"text.json"}}}"#).unwrap();
    fs::write(shelf.join("text.json"), r#"{"type":"string","maxLength":3}"#).unwrap();
    let server = Server::of(shelf.clone());
    let here = &server.address;
    let mut outcomes = Vec::new();
    for reference in [format!("http://{here}/name.json"), format!("http://{here}/none.json"), "none.json".to_owned()] {
        fs::write(dir.path().join("app/values.schema.json"), format!("{{\"$ref\":{reference:?}}}")).unwrap();
        let args = ["rel", "app", "--set", "name=long"];
        let ours = error(&ferroflux(&args, dir.path()));
        if let Some(original) = original() {
            assert_eq!(ours.trim_end(), error(&helm(&original, &args, dir.path())).trim_end());
        }
        outcomes.push(ours);
    }
    assert!(outcomes[0].contains("- at '/name': maxLength: got 4, want 3"), "{}", outcomes[0]);
    assert!(outcomes[1].contains("none.json returned status 404 (Not Found)"), "{}", outcomes[1]);
    let secret = dir.path().join("values.yaml").display().to_string();
    fs::write(dir.path().join("app/values.schema.json"), format!("{{\"$ref\":\"file://{secret}\"}}")).unwrap();
    assert!(error(&ferroflux(&["rel", "app"], dir.path())).contains("schemas may not refer to files outside of their chart"));
}

/// HE-REPO-01, HE-REPO-03: `--dependency-update` from a directory and from a repository, the lock file, what is no longer
/// needed, and what cannot be had; beside the original where that is present.
#[test]
fn dependency_update() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let write = |path: &str, text: &str| {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), text).unwrap();
    };
    write("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 0.2.0\n");
    write("lib/templates/l.yaml", "kind: Lib\n");
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/helm-chart/tests/data/provenance/tiny-1.0.0.tgz");
    let archive = fs::read(&tiny).unwrap();
    fs::create_dir(root.join("shelf")).unwrap();
    fs::write(root.join("shelf/tiny-1.0.0.tgz"), &archive).unwrap();
    let server = Server::of(root.join("shelf"));
    let repository = format!("http://{}", server.address);
    let entry = |digest: &str| {
        format!("apiVersion: v1\nentries:\n  tiny:\n  - name: tiny\n    version: 1.0.0\n    urls: [tiny-1.0.0.tgz]\n    digest: {digest}\n")
    };
    write("shelf/index.yaml", &entry("\"\""));
    let declare = |lines: &str| {
        let _ = fs::remove_dir_all(root.join("app"));
        write("app/Chart.yaml", &format!("apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n{lines}"));
        write("app/templates/a.yaml", "kind: App\n");
        fs::create_dir(root.join("app/charts")).unwrap();
        fs::write(root.join("app/charts/tiny-0.9.0.tgz"), &archive).unwrap();
    };
    let lib = "- {name: lib, version: '>=0.1.0', repository: 'file://../lib'}\n";
    let both = format!("{lib}- {{name: tiny, version: ^1, repository: '{repository}', alias: little}}\n");
    let wanting = [
        "- {name: lib, version: '>=9', repository: 'file://../lib'}\n".to_owned(),
        "- {name: lib, version: '>=9', repository: 'file://../none'}\n".to_owned(),
        format!("{lib}- {{name: tiny2, version: '>=9', repository: '{repository}'}}\n"),
        format!("{lib}- {{name: tiny, version: '>=9', repository: '{repository}'}}\n"),
        "- {name: lib, version: x.y, repository: 'file://../lib'}\n".to_owned(),
        "- {name: lib, repository: 'file://../lib'}\n".to_owned(),
    ];
    let args = ["rel", "app", "--dependency-update"];
    let result = |run: &dyn Fn() -> Output| {
        let output = run();
        let mut left: Vec<_> = fs::read_dir(root.join("app/charts")).unwrap().flatten().map(|e| e.file_name()).collect();
        left.sort();
        let lock = fs::read_to_string(root.join("app/Chart.lock")).unwrap_or_default();
        let lock: Vec<_> = lock.lines().filter(|line| !line.starts_with("generated: ")).map(str::to_owned).collect();
        (output.status.code(), text(&output.stdout), text(&output.stderr).trim_end().to_owned(), left, lock)
    };
    for (n, lines) in std::iter::once(&both).chain(&wanting).enumerate() {
        declare(lines);
        let ours = result(&|| ferroflux(&args, root));
        if n == 0 {
            assert_eq!(ours.0, Some(0), "{}", ours.2);
            assert_eq!(ours.3, ["lib-0.2.0.tgz", "tiny-1.0.0.tgz"]);
            assert!(ours.4.iter().any(|line| line == "  version: 1.0.0") && ours.4.iter().any(|line| line.starts_with("digest: sha256:")));
        } else {
            assert_eq!((ours.0, ours.4.len()), (Some(1), 0), "{}", ours.1);
        }
        if let Some(original) = original() {
            declare(lines);
            assert_eq!(ours, result(&|| helm(&original, &args, root)), "{lines}");
        }
    }
    // What is not the archive of the index is not taken.
    write("shelf/index.yaml", &entry(&"0".repeat(64)));
    declare(&both);
    let refused = result(&|| ferroflux(&args, root));
    assert!(refused.2.contains("the archive was replaced or damaged"), "{}", refused.2);
    assert_eq!(refused.3, ["tiny-0.9.0.tgz"], "nothing is changed");
}

/// The values of a release in the tutorial's repository, with the patch of an environment.
fn tutorial_values(repository: &Path, files: &[&str]) -> Value {
    let mut values = Value::Mapping(Default::default());
    for file in files {
        let release: Value = serde_yaml::from_str(&fs::read_to_string(repository.join(file)).unwrap()).unwrap();
        merge(&mut values, &release["spec"]["values"]);
    }
    values
}

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (_, Value::Null) => {}
        (Value::Mapping(base), Value::Mapping(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// HE-RND-01, HE-MAN-04: the charts of the tutorial print what the original prints, with their default values and with
/// those of the tutorial's repository.
#[test]
fn tutorial() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let (charts, archive) = (corpus.join("tutorial"), corpus.join("repos/gitops-flux2-kustomize-helm-mt.tar.gz"));
    let (Some(original), true) = (original(), archive.exists()) else {
        println!("skipped: no corpus at ../shared/corpus");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(dir.path()).status().unwrap();
    assert!(unpacked.success());
    let root = fs::read_dir(dir.path()).unwrap().flatten().map(|e| e.path()).find(|p| p.join("infrastructure").exists());
    let repository = root.unwrap_or_else(|| dir.path().to_owned());
    let base = "apps/base/podinfo/release.yaml";
    // What is random in the charts' own tests and passwords is left out or set.
    let cases: [(&str, &str, &[&str], &[&str]); 6] = [
        ("podinfo-6.14.1.tgz", "podinfo", &[], &["--skip-tests"]),
        ("podinfo-6.14.1.tgz", "podinfo", &[base, "apps/production/podinfo-values.yaml"], &["--skip-tests"]),
        ("podinfo-6.14.1.tgz", "podinfo", &[base, "apps/staging/podinfo-values.yaml"], &["--skip-tests"]),
        ("redis-17.17.1.tgz", "redis", &["infrastructure/redis/release.yaml"], &["--set", "auth.password=x"]),
        ("ingress-nginx-4.10.1.tgz", "nginx", &[], &[]),
        ("ingress-nginx-4.10.1.tgz", "nginx", &["infrastructure/nginx/release.yaml"], &["--include-crds"]),
    ];
    for (chart, name, releases, more) in cases {
        let values = tutorial_values(&repository, releases);
        fs::write(dir.path().join("v.yaml"), serde_yaml::to_string(&values).unwrap()).unwrap();
        let path = charts.join(chart).display().to_string();
        let args = [&[name, path.as_str(), "-n", name, "-f", "v.yaml"], more].concat();
        let (ours, theirs) = (success(&ferroflux(&args, dir.path())), success(&helm(&original, &args, dir.path())));
        assert!(ours == theirs, "{chart} {releases:?} differs from the original");
        assert!(ours.len() > 1000);
    }
}
