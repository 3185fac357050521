use std::process::Command;

use super::{call, text};
use crate::value::{Object, Value};

fn pair(value: &Value) -> (String, String) {
    let Value::Object(object) = value else { panic!("no certificate") };
    let object: &dyn Object = object.as_ref();
    (object.field("Cert").unwrap().as_str().unwrap().to_string(), object.field("Key").unwrap().as_str().unwrap().to_string())
}

/// Runs OpenSSL on files in a folder of their own; `None` where there is no OpenSSL.
fn openssl(files: &[(&str, &str)], args: &[&str]) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    match Command::new("openssl").args(args).current_dir(dir.path()).output() {
        Ok(output) => {
            let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "openssl {args:?}: {text}");
            Some(text)
        }
        Err(_) => {
            println!("skipped: no openssl on this machine");
            None
        }
    }
}

fn list(items: &[&str]) -> Value {
    Value::list(items.iter().map(|i| Value::from(*i)).collect())
}

/// A chain that OpenSSL verifies, with the names, addresses and uses that were asked for.
#[test]
fn openssl_verifies_the_chain() {
    // The clock of the test's host stands in 2023; a hundred years reach far enough.
    let days = Value::Int(36_500);
    let authority = call("genCA", &["test ca".into(), days.clone()]).unwrap();
    let (ca, _) = pair(&authority);
    for key in ["", "ecdsa", "ed25519"] {
        let args = ["svc".into(), list(&["10.0.0.1", "::1"]), list(&["svc.ns", "*.example.com"]), days.clone(), authority.clone()];
        let signed = if key.is_empty() {
            call("genSignedCert", &args).unwrap()
        } else {
            call("genSignedCertWithKey", &[&args[..], &[call("genPrivateKey", &[key.into()]).unwrap()]].concat()).unwrap()
        };
        let (cert, private) = pair(&signed);
        let files = [("ca.pem", ca.as_str()), ("cert.pem", cert.as_str()), ("key.pem", private.as_str())];
        let Some(verified) = openssl(&files, &["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem", "cert.pem"]) else {
            return;
        };
        assert!(verified.contains("cert.pem: OK"), "{verified}");
        let shown = openssl(&files, &["x509", "-in", "cert.pem", "-noout", "-text"]).unwrap();
        for want in
            ["CN = svc", "DNS:svc.ns, DNS:*.example.com, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1", "TLS Web Client Authentication"]
        {
            assert!(shown.contains(want) || shown.replace("CN=", "CN = ").contains(want), "{want}: {shown}");
        }
        let from_cert = openssl(&files, &["x509", "-in", "cert.pem", "-noout", "-pubkey"]).unwrap();
        let from_key = openssl(&files, &["pkey", "-in", "key.pem", "-pubout"]).unwrap();
        assert_eq!(from_cert, from_key);
    }
}

#[test]
fn keys_have_the_forms_of_the_original() {
    for (kind, label) in [("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY")] {
        let key = text("genPrivateKey", &[kind.into()]);
        assert!(key.starts_with(&format!("-----BEGIN {label}-----\n")), "{key}");
        if openssl(&[("key.pem", &key)], &["pkey", "-in", "key.pem", "-check", "-noout"]).is_none() {
            return;
        }
        // A key that is read is written again the same.
        let certificate = call("genCAWithKey", &["ca".into(), Value::Int(1), key.as_str().into()]).unwrap();
        assert_eq!(pair(&certificate).1, key);
    }
    let (_, rsa) = pair(&call("genCA", &["ca".into(), Value::Int(1)]).unwrap());
    assert!(rsa.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    openssl(&[("key.pem", &rsa)], &["rsa", "-in", "key.pem", "-check", "-noout"]);
}

#[test]
fn a_foreign_key_does_not_sign() {
    let authority = call("genCA", &["ca".into(), Value::Int(1)]).unwrap();
    let args = ["svc".into(), list(&["bad"]), list(&[]), Value::Int(1), authority];
    assert_eq!(call("genSignedCert", &args).unwrap_err().to_string(), "error parsing ip: bad");
    let other = call("genPrivateKey", &["ecdsa".into()]).unwrap();
    assert!(call("genCAWithKey", &["ca".into(), Value::Int(1), "junk".into()]).is_err());
    let broken = text("b64enc", &["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into()]);
    let key = text("b64enc", &[other]);
    assert!(call("buildCustomCert", &[broken.into(), key.into()]).unwrap_err().to_string().contains("malformed certificate"));
}

/// A private key is in no debug output.
#[test]
fn debug_output_holds_no_key() {
    let certificate = call("genCA", &["ca".into(), Value::Int(1)]).unwrap();
    assert!(!format!("{certificate:?}").contains("PRIVATE KEY"));
}

#[test]
fn derived_passwords_are_the_algorithms() {
    let derive = |kind: &str, site: &str| {
        text("derivePassword", &[Value::Uint(crate::value::Kind::Uint32, 1), kind.into(), "password".into(), "user".into(), site.into()])
    };
    assert_eq!(derive("long", "example.com"), "ZedaFaxcZaso9*");
    assert_eq!(derive("nothing", "x"), "cannot find password template nothing");
}
