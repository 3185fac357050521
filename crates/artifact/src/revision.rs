//! The forms in which an artifact's revision is written: Git pointers and hashes (SRC-GIT-02) and bucket listings
//! (SRC-BUCKET-02).

use crate::digest::{Algorithm, Digest};

/// A hash with the name of its kind, as revisions carry it: `sha1:<40 hex>`; nothing for the empty hash. A hash of
/// another length than 40 has no kind that the format knows.
fn hash_digest(hash: &str) -> String {
    match hash.len() {
        0 => String::new(),
        40 => format!("sha1:{hash}"),
        _ => format!("<unknown>:{hash}"),
    }
}

/// `<full reference>@<hash>`, the form used with `spec.ref.name`; without a reference only the hash.
pub fn git_absolute(reference: &str, hash: &str) -> String {
    if reference.is_empty() { hash_digest(hash) } else { format!("{reference}@{}", hash_digest(hash)) }
}

/// `<short reference>@<hash>`, where short is what follows the second slash (`refs/heads/a/b` → `a/b`); a reference
/// with fewer slashes yields only the hash.
pub fn git_short(reference: &str, hash: &str) -> String {
    match reference.splitn(3, '/').nth(2) {
        Some(short) => format!("{short}@{}", hash_digest(hash)),
        None => hash_digest(hash),
    }
}

/// The pointer of a revision in today's or the old form (`main@sha1:…`, `main/<hash>`), empty if it has none.
pub fn git_pointer(revision: &str) -> &str {
    if let Some(at) = revision.rfind('@') {
        return &revision[..at];
    }
    match revision.rfind('/') {
        Some(slash) if &revision[..slash] != "HEAD" => &revision[..slash],
        _ => "",
    }
}

/// The hash of a revision in today's or the old form, without the name of its kind.
pub fn git_hash(revision: &str) -> &str {
    let start = revision.rfind(':').or_else(|| revision.rfind('/')).map_or(0, |i| i + 1);
    &revision[start..]
}

/// Today's form of a revision: the old `<pointer>/<hash>` is rewritten, everything else stays.
pub fn git_transform(revision: &str) -> String {
    if revision.is_empty() || revision.contains(':') {
        return revision.to_owned();
    }
    match git_pointer(revision) {
        "" => hash_digest(git_hash(revision)),
        pointer => format!("{pointer}@{}", hash_digest(git_hash(revision))),
    }
}

/// The text over which a bucket's revision is computed: one line `key SP etag LF` an object, sorted by key.
pub fn bucket_listing<'a>(objects: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted: Vec<_> = objects.into_iter().collect();
    sorted.sort_unstable();
    sorted.into_iter().map(|(key, etag)| format!("{key} {etag}\n")).collect()
}

/// The revision of a bucket: the digest of [`bucket_listing`].
pub fn bucket<'a>(objects: impl IntoIterator<Item = (&'a str, &'a str)>, algorithm: Algorithm) -> Digest {
    algorithm.digest(bucket_listing(objects).as_bytes())
}

/// Whether an artifact of revision `stored` is the one that `asked` names: the texts must be equal. A status written in
/// the old form must go through [`git_transform`] first.
pub fn is_same(stored: &str, asked: &str) -> bool {
    stored == asked
}
