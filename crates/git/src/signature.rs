//! Signatures of commits and tags: OpenPGP and SSH, checked against keys that a user trusts (SRC-GIT-14…16).

use std::time::SystemTime;

use ferroflux_openpgp::Keyring;
use russh::keys::ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

/// The namespace of SSH signatures that Git makes.
const NAMESPACE: &str = "git";

/// Ends of the names of keys in a Secret that are lists of SSH keys; all others are OpenPGP keyrings.
const SSH_KEYS: &str = ".sshpub";

/// How the signature of a kind begins.
const PGP: [&str; 2] = ["-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----"];
const SSH: &str = "-----BEGIN SSH SIGNATURE-----";
const X509: &str = "-----BEGIN SIGNED MESSAGE-----";

/// There is no key to check a signature with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no usable public key; expected OpenPGP keys in *.asc or SSH keys in *.sshpub{0}")]
pub struct NoKeys(String);

/// A signature that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The object has none.
    #[error("it is not signed")]
    Unsigned,
    /// It is of a kind that is not checked.
    #[error("its {0} signature is not supported; sign with OpenPGP or SSH")]
    Unsupported(&'static str),
    /// There are keys, but none of the kind of the signature.
    #[error("it has an {0} signature, and there is no {0} key to check that with")]
    NoKeyOfKind(&'static str),
    /// It is no signature, or there are several.
    #[error("its signature cannot be read: {0}")]
    Malformed(String),
    /// No OpenPGP key of ours made it.
    #[error(transparent)]
    OpenPgp(#[from] ferroflux_openpgp::SignatureError),
    /// No SSH key of ours made it.
    #[error("no SSH key that is trusted made its signature, which names the key {0}")]
    UntrustedKey(String),
    /// The SSH signature does not fit the object.
    #[error("its SSH signature does not hold: {0}")]
    Ssh(String),
}

/// The public keys whose signatures are trusted.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    pgp: Option<Keyring>,
    ssh: Vec<PublicKey>,
}

impl Keys {
    /// Reads the entries of a Secret, by name: `*.sshpub` has lines as `authorized_keys` does, everything else is an OpenPGP
    /// keyring. What cannot be read is left out as long as there is another key (SRC-GIT-14).
    pub fn parse<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, NoKeys> {
        let (mut keys, mut problems) = (Self::default(), String::new());
        for (name, bytes) in entries {
            let problem = if name.ends_with(SSH_KEYS) { keys.add_ssh(bytes) } else { keys.add_pgp(bytes) };
            if let Err(problem) = problem {
                problems.push_str(&format!("; {name}: {problem}"));
            }
        }
        if keys.pgp.is_none() && keys.ssh.is_empty() { Err(NoKeys(problems)) } else { Ok(keys) }
    }

    fn add_pgp(&mut self, bytes: &[u8]) -> Result<(), String> {
        let keyring = Keyring::parse(bytes).map_err(|e| e.to_string())?;
        self.pgp = Some(self.pgp.take().unwrap_or_default().merged(keyring));
        Ok(())
    }

    fn add_ssh(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut problem = "there is no key in it".to_owned();
        let before = self.ssh.len();
        for line in lines {
            // Options may come before the key, as sshd has them; they say nothing about signatures.
            let fields: Vec<&str> = line.split_whitespace().collect();
            let key = fields.windows(2).find_map(|pair| PublicKey::from_openssh(&pair.join(" ")).ok());
            match key {
                Some(key) => self.ssh.push(key),
                None => problem = "a line has no SSH public key".to_owned(),
            }
        }
        if self.ssh.len() > before { Ok(()) } else { Err(problem) }
    }
}

/// A commit or tag with what was signed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    payload: Vec<u8>,
    /// Armored.
    signature: Option<String>,
    broken: Option<&'static str>,
}

impl Signed {
    /// A commit as it is stored: the signature is a header of it, and what was signed is all the rest.
    pub(crate) fn commit(data: &[u8]) -> Self {
        let mut signed = Self { payload: Vec::with_capacity(data.len()), signature: None, broken: None };
        let (mut in_head, mut header) = (true, Header::Other);
        for line in data.split_inclusive(|b| *b == b'\n') {
            if in_head && !line.starts_with(b" ") {
                header = match line {
                    l if l.starts_with(b"gpgsig ") => Header::Signature,
                    l if l.starts_with(b"gpgsig-sha256 ") => Header::Dropped,
                    _ => Header::Other,
                };
                in_head = line != b"\n";
                if matches!(header, Header::Signature) && signed.signature.replace(String::new()).is_some() {
                    signed.broken = Some("there are two");
                }
            }
            match header {
                Header::Other => signed.payload.extend_from_slice(line),
                Header::Dropped => {}
                Header::Signature => {
                    // Continuation lines begin with a blank, the first with the header's name.
                    let text = line.strip_prefix(b"gpgsig ").or_else(|| line.strip_prefix(b" ")).unwrap_or(line);
                    if let Some(signature) = &mut signed.signature {
                        signature.push_str(&String::from_utf8_lossy(text));
                    }
                }
            }
        }
        signed
    }

    /// A tag as it is stored: the signature is the end of its message, and what was signed is all before.
    pub(crate) fn tag(data: &[u8]) -> Self {
        let (mut at, mut found) = (0, None);
        for line in data.split_inclusive(|b| *b == b'\n') {
            if kind(&String::from_utf8_lossy(line)).is_some() {
                found = Some(at);
            }
            at += line.len();
        }
        let (payload, signature) = data.split_at(found.unwrap_or(data.len()));
        let signature = found.map(|_| String::from_utf8_lossy(signature).into_owned());
        Self { payload: payload.to_vec(), signature, broken: None }
    }

    /// Whether there is a signature, good or bad.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Checks the signature at a point in time. Answers with the key that made it: the ID of the primary key of OpenPGP, the
    /// fingerprint of an SSH key.
    pub fn verify(&self, keys: &Keys, now: SystemTime) -> Result<String, SignatureError> {
        let signature = self.signature.as_deref().ok_or(SignatureError::Unsigned)?;
        if let Some(broken) = self.broken {
            return Err(SignatureError::Malformed(broken.to_owned()));
        }
        match kind(signature) {
            Some("OpenPGP") => {
                let keyring = keys.pgp.as_ref().ok_or(SignatureError::NoKeyOfKind("OpenPGP"))?;
                let signer = keyring.verify_detached(&self.payload, signature.as_bytes(), now)?;
                Ok(signer.fingerprint[signer.fingerprint.len().saturating_sub(16)..].to_owned())
            }
            Some("SSH") => self.verify_ssh(keys, signature),
            Some(other) => Err(SignatureError::Unsupported(other)),
            None => Err(SignatureError::Unsupported("unknown kind of")),
        }
    }

    fn verify_ssh(&self, keys: &Keys, signature: &str) -> Result<String, SignatureError> {
        if keys.ssh.is_empty() {
            return Err(SignatureError::NoKeyOfKind("SSH"));
        }
        let signature = SshSig::from_pem(signature.trim_end()).map_err(|e| SignatureError::Malformed(e.to_string()))?;
        // RSA over SHA-1, which the format forbids.
        if matches!(signature.signature().algorithm(), Algorithm::Rsa { hash: None }) {
            return Err(SignatureError::Ssh("it is made with SHA-1".to_owned()));
        }
        let named = signature.public_key().fingerprint(HashAlg::Sha256).to_string();
        let key = keys.ssh.iter().find(|key| key.key_data() == signature.public_key());
        let key = key.ok_or_else(|| SignatureError::UntrustedKey(named.clone()))?;
        key.verify(NAMESPACE, &self.payload, &signature).map_err(|e| SignatureError::Ssh(e.to_string()))?;
        Ok(named)
    }
}

enum Header {
    Other,
    Signature,
    Dropped,
}

/// The kind of an armored signature, or of a line that begins one.
fn kind(text: &str) -> Option<&'static str> {
    match text {
        t if PGP.iter().any(|begin| t.starts_with(begin)) => Some("OpenPGP"),
        t if t.starts_with(SSH) => Some("SSH"),
        t if t.starts_with(X509) => Some("x509"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::time::Duration;

    use super::*;

    /// Commits and tags as `git cat-file` prints them, signed by Git with OpenSSH and GnuPG.
    macro_rules! data {
        ($name:literal) => {
            include_bytes!(concat!("../tests/data/", $name)).as_slice()
        };
    }

    fn keys() -> Keys {
        Keys::parse([("people.sshpub", data!("people.sshpub")), ("people.asc", data!("people.asc"))]).unwrap()
    }

    fn verify(signed: &Signed, keys: &Keys) -> Result<String, SignatureError> {
        // Some days after the keys were made.
        signed.verify(keys, SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_000_000))
    }

    /// SRC-GIT-14, SRC-GIT-16: what Git signs with every kind of key, commits and tags.
    #[test]
    fn good_ones() {
        for commit in [data!("ssh-ed25519.commit"), data!("ssh-rsa.commit"), data!("ssh-ecdsa.commit")] {
            let key = verify(&Signed::commit(commit), &keys()).unwrap();
            assert!(key.starts_with("SHA256:"), "{key}");
        }
        let key = verify(&Signed::commit(data!("pgp.commit")), &keys()).unwrap();
        assert!(key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
        assert_eq!(verify(&Signed::tag(data!("pgp.tag")), &keys()), Ok(key));
        assert!(verify(&Signed::tag(data!("ssh.tag")), &keys()).is_ok());
    }

    /// SRC-GIT-15, SRC-GIT-16: any change of what was signed, of the signature, of the keys; signatures for something else
    /// than Git, two signatures, none, and kinds that are not checked.
    #[test]
    fn bad_ones() {
        let replaced = |data: &[u8], from: &str, to: &str| {
            let text = String::from_utf8(data.to_vec()).unwrap();
            assert!(text.contains(from));
            text.replacen(from, to, 1).into_bytes()
        };
        let ssh = data!("ssh-ed25519.commit");
        for changed in ["tree ", "Signer <", "signed with"] {
            let other = format!("{}{}", &changed[..changed.len() - 1], "!");
            let commit = Signed::commit(&replaced(ssh, changed, &other));
            assert!(matches!(verify(&commit, &keys()), Err(SignatureError::Ssh(_))), "{changed}");
        }
        let pgp = Signed::commit(&replaced(data!("pgp.commit"), "signed with", "sealed with"));
        assert!(matches!(verify(&pgp, &keys()), Err(SignatureError::OpenPgp(_))));
        assert!(matches!(verify(&Signed::tag(&replaced(data!("ssh.tag"), "tag v1", "tag v2")), &keys()), Err(SignatureError::Ssh(_))));
        assert!(matches!(verify(&Signed::commit(data!("ssh-other-namespace.commit")), &keys()), Err(SignatureError::Ssh(_))));
        let (only_pgp, only_ssh) = (
            Keys::parse([("people.asc", data!("people.asc"))]).unwrap(),
            Keys::parse([("a.sshpub", data!("people.sshpub").split(|b| *b == b'\n').nth(1).unwrap())]).unwrap(),
        );
        assert_eq!(verify(&Signed::commit(ssh), &only_pgp), Err(SignatureError::NoKeyOfKind("SSH")));
        assert!(matches!(verify(&Signed::commit(ssh), &only_ssh), Err(SignatureError::UntrustedKey(_))));
        assert!(verify(&Signed::commit(data!("ssh-rsa.commit")), &only_ssh).is_ok());
        assert_eq!(verify(&Signed::commit(data!("pgp.commit")), &only_ssh), Err(SignatureError::NoKeyOfKind("OpenPGP")));
        let x509 = replaced(ssh, SSH, X509);
        assert_eq!(verify(&Signed::commit(&x509), &keys()), Err(SignatureError::Unsupported("x509")));
        let twice = replaced(ssh, "author ", &format!("gpgsig {SSH}\n x\nauthor "));
        assert!(matches!(verify(&Signed::commit(&twice), &keys()), Err(SignatureError::Malformed(_))));
        let plain = Signed::commit(b"tree 1\nauthor a\n\ngpgsig in the message\n");
        assert_eq!((plain.is_signed(), verify(&plain, &keys())), (false, Err(SignatureError::Unsigned)));
        assert_eq!(plain.payload, b"tree 1\nauthor a\n\ngpgsig in the message\n");
    }

    /// SRC-GIT-14: keys that cannot be read are left out while there are others; options and comments of lines are borne.
    #[test]
    fn keys_are_read() {
        let lines = String::from_utf8(data!("people.sshpub").to_vec()).unwrap();
        let first = lines.lines().next().unwrap();
        let written = format!("# people\n\nnamespaces=\"git\" {first}\nnonsense\n");
        let keys = Keys::parse([("bad.asc", b"nonsense".as_slice()), ("a.sshpub", written.as_bytes())]).unwrap();
        assert!(keys.pgp.is_none() && keys.ssh.len() == 1);
        assert!(Keys::parse([("anything", data!("people.asc"))]).is_ok_and(|keys| keys.pgp.is_some()));
        let error = Keys::parse([("bad.asc", b"nonsense".as_slice()), ("bad.sshpub", b"# none\n")]).unwrap_err().to_string();
        assert!(error.contains("bad.asc: ") && error.contains("bad.sshpub: there is no key in it"), "{error}");
        assert!(Keys::parse([]).is_err());
    }

    proptest::proptest! {
        /// SRC-GIT-16: whatever a remote sends as a commit or a tag is read without harm, and nothing of it is lost.
        #[test]
        fn hostile(data: Vec<u8>, cut in 0..480_usize) {
            for data in [data.as_slice(), &data!("ssh-ed25519.commit")[..cut.min(data!("ssh-ed25519.commit").len())]] {
                let (commit, tag) = (Signed::commit(data), Signed::tag(data));
                proptest::prop_assert!(verify(&commit, &keys()).is_err() && verify(&tag, &keys()).is_err());
                proptest::prop_assert!(commit.payload.len() <= data.len() && data.starts_with(&tag.payload));
            }
        }
    }
}
