//! Signed commits and tags, made by the programs that people sign with.

use std::path::Path;

use ferroflux_git_server::Repository;
use serde_json::{Value, json};

use crate::World;
use crate::world::condition;

/// Runs a program that makes keys; `None` if it is not installed.
fn run(dir: &Path, program: &str, args: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(args).current_dir(dir).env("GNUPGHOME", dir).output().ok()?;
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Makes Git sign with an OpenPGP key; the armored public key and its ID.
async fn sign_with_gpg(repository: &Repository, dir: &Path) -> Option<(String, String)> {
    run(dir, "gpg", &["--version"])?;
    run(
        dir,
        "gpg",
        &[
            "--batch",
            "--pinentry-mode=loopback",
            "--passphrase=",
            "--quick-gen-key",
            "Signer <signer@example.com>",
            "ed25519",
            "sign",
            "never",
        ],
    )?;
    let listed = run(dir, "gpg", &["--list-keys", "--with-colons"])?;
    let id = listed.lines().find_map(|l| l.strip_prefix("pub:")).unwrap().split(':').nth(3).unwrap().to_owned();
    let program = dir.join("gpg");
    std::fs::write(&program, format!("#!/bin/sh\nGNUPGHOME='{}' exec gpg \"$@\"\n", dir.display())).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for (name, value) in [("gpg.format", "openpgp"), ("gpg.program", program.to_str().unwrap()), ("user.signingkey", &id)] {
        repository.git(&["config", name, value]).await.unwrap();
    }
    Some((run(dir, "gpg", &["--armor", "--export"])?, id))
}

/// Makes Git sign with an SSH key; the public key and its fingerprint.
async fn sign_with_ssh(repository: &Repository, dir: &Path) -> Option<(String, String)> {
    std::process::Command::new("ssh-keygen").arg("-?").output().ok()?;
    run(dir, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "key"])?;
    let fingerprint = run(dir, "ssh-keygen", &["-lf", "key.pub"])?.split(' ').nth(1).unwrap().to_owned();
    for (name, value) in [("gpg.format", "ssh"), ("user.signingkey", dir.join("key").to_str().unwrap())] {
        repository.git(&["config", name, value]).await.unwrap();
    }
    Some((std::fs::read_to_string(dir.join("key.pub")).unwrap(), fingerprint))
}

async fn commit(repository: &Repository, text: &str, sign: bool) -> String {
    repository.write("app.yaml", text).unwrap();
    repository.git(&["add", "-A"]).await.unwrap();
    repository.git(&["commit", "-q", "-m", text, if sign { "-S" } else { "--no-gpg-sign" }]).await.unwrap();
    repository.git(&["push", "-qf", "origin", "HEAD"]).await.unwrap();
    repository.git(&["rev-parse", "HEAD"]).await.unwrap()
}

async fn tag(repository: &Repository, name: &str, how: &str) -> String {
    repository.git(&["tag", how, "-m", "a release", name]).await.unwrap();
    repository.git(&["push", "-q", "origin", &format!("refs/tags/{name}")]).await.unwrap();
    repository.git(&["rev-parse", &format!("refs/tags/{name}")]).await.unwrap()
}

/// SRC-GIT-08, SRC-GIT-14, SRC-GIT-15, SRC-GIT-16, SRC-GEN-11: a commit that is signed by somebody trusted is stored; one that
/// is not is refused, again and again, while the last good one is served; keys may change.
#[tokio::test(flavor = "multi_thread")]
async fn of_commits() {
    let world = World::new("signed-commits").await;
    let repository = world.repository("app.git").await;
    let gnupg = tempfile::tempdir().unwrap();
    let Some((armored, id)) = sign_with_gpg(&repository, gnupg.path()).await else {
        return println!("skipped: gpg is not installed");
    };
    let _controller = world.start("controller", &[]).await;
    let good = commit(&repository, "a: 2\n", true).await;
    let verify = json!({"verify": {"mode": "HEAD", "secretRef": {"name": "keys"}}});
    world.git_repository("app", &world.git.url("app.git"), verify).await;
    let told = world.told("app", "SourceVerified", "VerificationError").await;
    assert_eq!(told, "public keys secret 'signed-commits/keys': secrets \"keys\" not found");
    world.apply("Secret", "keys", json!({"stringData": {"broken.asc": "nonsense", "empty.sshpub": ""}})).await;
    world.reconcile("app").await;
    let told = world.told("app", "SourceVerified", "VerificationError").await;
    assert!(told.contains("there is no usable public key") && told.contains("broken.asc"), "{told}");
    assert!(world.get("app").await["status"]["artifact"].is_null());
    world.apply("Secret", "keys", json!({"stringData": {"broken.asc": "nonsense", "signer.asc": armored}})).await;
    world.reconcile("app").await;
    let ready = world.ready("app").await;
    assert_eq!(condition(&ready, "SourceVerified")["message"], format!("verified signature of\n- commit '{good}' with key '{id}'"));
    assert_eq!(ready["status"]["sourceVerificationMode"], "HEAD");
    let artifact = ready["status"]["artifact"].clone();

    let bad = commit(&repository, "a: 3\n", false).await;
    let failed = world.reconcile("app").await;
    let text = format!("signature verification of commit '{bad}' failed: it is not signed");
    for type_ in ["SourceVerified", "Ready"] {
        let condition = condition(&failed, type_);
        assert_eq!(
            (&condition["status"], &condition["reason"], &condition["message"]),
            (&json!("False"), &json!("InvalidCommitSignature"), &json!(text))
        );
    }
    assert_eq!(failed["status"]["artifact"], artifact, "the last good one is served");
    assert!(condition(&failed, "Stalled").is_null(), "it is tried again");
    world
        .until("a warning", async || world.events().await.contains(&("Warning".into(), "InvalidCommitSignature".into(), text.clone())))
        .await;

    // The commit is taken back: what is stored is verified again.
    repository.git(&["reset", "-q", "--hard", &good]).await.unwrap();
    repository.git(&["push", "-qf", "origin", "HEAD"]).await.unwrap();
    let healed = world.reconcile("app").await;
    assert_eq!(condition(&healed, "SourceVerified")["status"], "True");
    let ssh = tempfile::tempdir().unwrap();
    if let Some((key, fingerprint)) = sign_with_ssh(&repository, ssh.path()).await {
        let other = commit(&repository, "a: 4\n", true).await;
        let untrusted = world.reconcile("app").await;
        let message = condition(&untrusted, "SourceVerified")["message"].as_str().unwrap();
        assert!(message.ends_with("it has an SSH signature, and there is no SSH key to check that with"), "{message}");
        world.apply("Secret", "keys", json!({"stringData": {"signer.sshpub": format!("# people\n{key}")}})).await;
        let trusted = world.reconcile("app").await;
        let text = format!("verified signature of\n- commit '{other}' with key '{fingerprint}'");
        assert_eq!(condition(&trusted, "SourceVerified")["message"], text);
    } else {
        println!("skipped: ssh-keygen is not installed");
    }
    // Nothing is verified any more, and nothing says that it was.
    let manifest = json!({"spec": {"interval": "1h", "url": world.git.url("app.git"), "ref": {"branch": "main"}}});
    world.apply("GitRepository", "app", manifest).await;
    let plain = world.wait("app", "without verification", |o| condition(o, "SourceVerified").is_null()).await;
    world.ready("app").await;
    assert_eq!(world.get("app").await["status"]["sourceVerificationMode"], Value::Null, "{}", plain["status"]);
}

/// SRC-GIT-15, SRC-GIT-16: tags, alone and with their commit; tags that are not signed; tags where there are none.
#[tokio::test(flavor = "multi_thread")]
async fn of_tags() {
    let world = World::new("signed-tags").await;
    let repository = world.repository("app.git").await;
    let dir = tempfile::tempdir().unwrap();
    let Some((key, fingerprint)) = sign_with_ssh(&repository, dir.path()).await else {
        return println!("skipped: ssh-keygen is not installed");
    };
    let _controller = world.start("controller", &[]).await;
    world.apply("Secret", "keys", json!({"stringData": {"signer.sshpub": key}})).await;
    commit(&repository, "a: 2\n", false).await;
    let first = tag(&repository, "v1.0.0", "-s").await;
    tag(&repository, "v1.1.0-rc.1", "-a").await;
    repository.tag("light").await.unwrap();
    let signed = commit(&repository, "a: 3\n", true).await;
    let second = tag(&repository, "v2.0.0", "-s").await;
    let ask = async |name: &str, mode: &str, reference: Value| {
        let spec = json!({"verify": {"mode": mode, "secretRef": {"name": "keys"}}, "ref": reference});
        world.git_repository(name, &world.git.url("app.git"), spec).await;
    };
    ask("tag", "Tag", json!({"tag": "v1.0.0"})).await;
    let ready = world.ready("tag").await;
    assert_eq!(
        condition(&ready, "SourceVerified")["message"],
        format!("verified signature of\n- tag 'v1.0.0@{first}' with key '{fingerprint}'")
    );
    ask("both", "TagAndHEAD", json!({"semver": "2.x"})).await;
    let ready = world.ready("both").await;
    let text =
        format!("verified signature of\n- tag 'v2.0.0@{second}' with key '{fingerprint}'\n- commit '{signed}' with key '{fingerprint}'");
    assert_eq!(condition(&ready, "SourceVerified")["message"], text);
    ask("half", "TagAndHEAD", json!({"name": "refs/tags/v1.0.0"})).await;
    let told = world.told("half", "SourceVerified", "InvalidCommitSignature").await;
    assert!(told.ends_with("it is not signed"), "{told}");
    for (name, reference) in [("unsigned", "v1.1.0-rc.1"), ("light", "light")] {
        ask(name, "Tag", json!({"tag": reference})).await;
        let told = world.told(name, "SourceVerified", "InvalidGitObject").await;
        assert!(
            told.starts_with(&format!("cannot verify signature of tag '{reference}@")) && told.ends_with("since it is not signed"),
            "{told}"
        );
    }
    ask("branch", "Tag", json!({"branch": "main"})).await;
    let stalled = world.wait("branch", "stalled", |o| condition(o, "Stalled")["reason"] == "InvalidVerificationMode").await;
    assert_eq!(condition(&stalled, "Ready")["message"], "cannot verify tag object's signature if a tag reference is not specified");
    for name in ["half", "unsigned", "light", "branch"] {
        assert!(world.get(name).await["status"]["artifact"].is_null(), "{name} is stored");
    }
}
