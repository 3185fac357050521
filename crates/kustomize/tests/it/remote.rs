//! Remote bases and files through the caller's loader.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ferroflux_kustomize::{ErrorKind, FileSystem, HttpFile, Options, RemoteError, RemoteLoader, RepositoryUrl, build};

use crate::{config_map, tree};

#[derive(Default)]
struct Remote {
    fetches: AtomicUsize,
    gets: AtomicUsize,
}

impl RemoteLoader for Remote {
    fn get(&self, url: &str) -> Result<HttpFile, RemoteError> {
        self.gets.fetch_add(1, Ordering::Relaxed);
        let found = url.ends_with("/cm.yaml");
        Ok(HttpFile { status: if found { 200 } else { 404 }, body: if found { config_map("web").into_bytes() } else { Vec::new() } })
    }

    fn fetch(&self, url: &RepositoryUrl) -> Result<Arc<dyn FileSystem>, RemoteError> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        assert_eq!((url.clone_url().as_str(), url.reference.as_str()), ("https://example.com/org/repo", "v1"));
        let cm = config_map("base");
        Ok(Arc::new(tree(&[
            ("/dir/kustomization.yaml", "resources: [cm.yaml]\n"),
            ("/dir/cm.yaml", &cm),
            ("/out/kustomization.yaml", "resources: [../../outside]\n"),
        ])))
    }
}

/// KB-GIT-01, KB-GIT-02, KB-GIT-03, KB-META-01: a repository is fetched once a build, however often it is named.
#[test]
fn repositories_are_fetched_once() {
    let files = tree(&[
        ("/kustomization.yaml", "resources: [a, b]\nbuildMetadata: [originAnnotations]\n"),
        ("/a/kustomization.yaml", "resources: ['https://example.com/org/repo//dir?ref=v1']\nnamePrefix: a-\n"),
        ("/b/kustomization.yaml", "resources: ['https://example.com/org/repo//dir?ref=v1']\nnamePrefix: b-\n"),
    ]);
    let remote = Remote::default();
    let output = build(&files, "/", &Options::default(), Some(&remote)).unwrap();
    let names: Vec<_> = output.objects.iter().map(|o| o.id().name.as_str()).collect();
    assert_eq!(names, ["a-base", "b-base"]);
    assert_eq!(remote.fetches.load(Ordering::Relaxed), 1);
    let yaml = output.objects[0].to_yaml().unwrap();
    assert!(
        yaml.contains("path: dir/cm.yaml") && yaml.contains("repo: https://example.com/org/repo") && yaml.contains("ref: v1"),
        "{yaml}"
    );
}

/// KB-LOAD-03: a base of a repository may not leave it.
#[test]
fn repositories_are_closed() {
    let files = tree(&[("/kustomization.yaml", "resources: ['https://example.com/org/repo//out?ref=v1']\n")]);
    let e = build(&files, "/", &Options::default(), Some(&Remote::default())).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::OutsideRoot);
}

/// KB-LOAD-05: a file over http, and the status of one that is not there.
#[test]
fn files_over_http() {
    let files = tree(&[("/kustomization.yaml", "resources: ['https://example.com/cm.yaml']\n")]);
    let remote = Remote::default();
    assert_eq!(build(&files, "/", &Options::default(), Some(&remote)).unwrap().objects[0].id().name, "web");
    assert_eq!(remote.gets.load(Ordering::Relaxed), 1);
    let files = tree(&[("/kustomization.yaml", "resources: ['https://example.com/nope.yaml']\n")]);
    let e = build(&files, "/", &Options::default(), Some(&remote)).unwrap_err();
    assert!(e.to_string().contains("HTTP Error: status code 404 (Not Found)"), "{e}");
}
