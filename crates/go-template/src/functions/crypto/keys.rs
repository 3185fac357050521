//! Private keys: making, reading, writing, signing.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};

use crate::context::Context;
use crate::error::CallError;
use crate::value::Value;

use super::der::{self, Reader, bits, element, explicit, sequence, unsigned};
use super::{dsa, pem};

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// An elliptic curve with the hash that signatures on it use.
#[derive(Debug)]
pub(super) struct Curve {
    oid: &'static [u8],
    signature_oid: &'static [u8],
    algorithm: &'static EcdsaSigningAlgorithm,
    /// Bytes of a private key.
    size: usize,
}

static CURVES: [Curve; 3] = [
    Curve {
        oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        signature_oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        algorithm: &ECDSA_P256_SHA256_ASN1_SIGNING,
        size: 32,
    },
    Curve {
        oid: &[0x2b, 0x81, 4, 0, 34],
        signature_oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
        algorithm: &ECDSA_P384_SHA384_ASN1_SIGNING,
        size: 48,
    },
    Curve {
        oid: &[0x2b, 0x81, 4, 0, 35],
        signature_oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
        algorithm: &ECDSA_P521_SHA512_ASN1_SIGNING,
        size: 66,
    },
];

/// A private key that may sign.
pub(super) enum PrivateKey {
    /// The pair and its PKCS#1 form.
    Rsa(Box<RsaKeyPair>, Vec<u8>),
    Ec(&'static Curve, EcdsaKeyPair, Vec<u8>),
    /// The pair and its PKCS#8 form.
    Ed25519(Ed25519KeyPair, Vec<u8>),
    /// Can be read and written, but signs no certificate.
    Dsa,
}

/// `genPrivateKey`: PEM text, or a sentence about an unknown type.
pub(super) fn generate_pem(ctx: &Context<'_>, kind: &str) -> Result<Value, CallError> {
    let key = match kind {
        "" | "rsa" => PrivateKey::rsa(KeySize::Rsa4096),
        "ecdsa" => PrivateKey::ec(&CURVES[0]),
        "ed25519" => PrivateKey::ed25519(),
        "dsa" => return Ok(pem::encode("DSA PRIVATE KEY", &dsa::generate(ctx)?).into()),
        other => return Ok(format!("Unknown type {other}").into()),
    };
    Ok(key.map_or_else(|e| format!("failed to generate private key: {e}"), |k| k.to_pem()).into())
}

impl PrivateKey {
    fn rsa(size: KeySize) -> Result<Self, CallError> {
        let pair = RsaKeyPair::generate(size).map_err(|_| "cannot generate an RSA key")?;
        let pkcs8 = pair.as_der().map_err(|_| "cannot encode an RSA key")?;
        let pkcs1 = inner_key(pkcs8.as_ref()).ok_or("cannot encode an RSA key")?.1.to_vec();
        Ok(Self::Rsa(Box::new(pair), pkcs1))
    }

    /// The key that certificates get by default: RSA with 2048 bits.
    pub(super) fn for_certificate() -> Result<Self, CallError> {
        Self::rsa(KeySize::Rsa2048).map_err(|e| e.context("error generating rsa key: "))
    }

    fn ec(curve: &'static Curve) -> Result<Self, CallError> {
        let pair = EcdsaKeyPair::generate(curve.algorithm).map_err(|_| "cannot generate an ECDSA key")?;
        let scalar = pair.private_key().as_der().map_err(|_| "cannot encode an ECDSA key")?;
        let scalar = sec1_scalar(scalar.as_ref()).ok_or("cannot encode an ECDSA key")?;
        let sec1 = sec1(curve, scalar, pair.public_key().as_ref());
        Ok(Self::Ec(curve, pair, sec1))
    }

    fn ed25519() -> Result<Self, CallError> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| "cannot generate an Ed25519 key")?;
        Self::from_ed25519(pkcs8.as_ref()).ok_or_else(|| "cannot read an Ed25519 key".into())
    }

    fn from_ed25519(pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
        // Written again in the first version of the form, without the public key.
        let (_, seed) = inner_key(pkcs8)?;
        let algorithm = sequence(&[&element(der::OID, ED25519)]);
        let pkcs8 = sequence(&[&unsigned(&[]), &algorithm, &element(der::OCTET_STRING, seed)]);
        Some(Self::Ed25519(pair, pkcs8))
    }

    fn from_sec1(sec1_der: &[u8], curve_oid: Option<&[u8]>) -> Option<Self> {
        let named = curve_oid.map(<[u8]>::to_vec).or_else(|| {
            let mut key = Reader(Reader(sec1_der).expect(der::SEQUENCE)?.content);
            key.expect(der::INTEGER)?;
            key.expect(der::OCTET_STRING)?;
            Some(Reader(key.optional(explicit(0))?.content).expect(der::OID)?.content.to_vec())
        })?;
        let curve = CURVES.iter().find(|c| *c.oid == *named)?;
        let scalar = sec1_scalar(sec1_der)?;
        // The library wants the curve inside; the public key it works out itself.
        let complete = sequence(&[
            &unsigned(&[1]),
            &element(der::OCTET_STRING, &padded(scalar, curve.size)),
            &element(explicit(0), &element(der::OID, curve.oid)),
        ]);
        let pair = EcdsaKeyPair::from_private_key_der(curve.algorithm, &complete).ok()?;
        let sec1 = sec1(curve, scalar, pair.public_key().as_ref());
        Some(Self::Ec(curve, pair, sec1))
    }

    fn from_pkcs1(pkcs1: &[u8]) -> Option<Self> {
        Some(Self::Rsa(Box::new(RsaKeyPair::from_der(pkcs1).ok()?), pkcs1.to_vec()))
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let (algorithm, inner) = inner_key(pkcs8)?;
        let mut algorithm = Reader(algorithm);
        match algorithm.expect(der::OID)?.content {
            RSA_ENCRYPTION => Self::from_pkcs1(inner),
            EC_PUBLIC_KEY => Self::from_sec1(inner, Some(algorithm.expect(der::OID)?.content)),
            ED25519 => Self::from_ed25519(pkcs8),
            _ => None,
        }
    }

    /// Reads the first PEM block of a text.
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, CallError> {
        let block = pem::decode(text).ok_or("no PEM data in input")?;
        let Some(kind) = block.label.strip_suffix("PRIVATE KEY") else {
            return Err(format!("no private key data in PEM block of type {}", block.label).into());
        };
        let malformed = "asn1: structure error: not a key of this kind";
        match kind {
            "" => Self::from_pkcs8(&block.data).ok_or_else(|| format!("decoding PEM as PKCS#8: {malformed}").into()),
            "RSA " => Self::from_pkcs1(&block.data).ok_or_else(|| format!("parsing RSA private key from PEM: {malformed}").into()),
            "EC " => Self::from_sec1(&block.data, None).ok_or_else(|| format!("parsing EC private key from PEM: {malformed}").into()),
            "DSA " if dsa::is_key(&block.data) => Ok(Self::Dsa),
            "DSA " => Err(format!("parsing DSA private key from PEM: {malformed}").into()),
            other if other.ends_with(' ') => Err(format!("invalid private key type {}", other.trim_end()).into()),
            _ => Err(format!("no private key data in PEM block of type {}", block.label).into()),
        }
    }

    pub(super) fn to_pem(&self) -> String {
        match self {
            Self::Rsa(_, pkcs1) => pem::encode("RSA PRIVATE KEY", pkcs1),
            Self::Ec(_, _, sec1) => pem::encode("EC PRIVATE KEY", sec1),
            Self::Ed25519(_, pkcs8) => pem::encode("PRIVATE KEY", pkcs8),
            Self::Dsa => String::new(),
        }
    }

    /// The SubjectPublicKeyInfo.
    pub(super) fn public_key_info(&self) -> Result<Vec<u8>, CallError> {
        let info = |algorithm: &[&[u8]], key: &[u8]| sequence(&[&sequence(algorithm), &bits(key, 0)]);
        Ok(match self {
            Self::Rsa(pair, _) => info(&[&element(der::OID, RSA_ENCRYPTION), &der::NULL], pair.public_key().as_ref()),
            Self::Ec(curve, pair, _) => {
                info(&[&element(der::OID, EC_PUBLIC_KEY), &element(der::OID, curve.oid)], pair.public_key().as_ref())
            }
            Self::Ed25519(pair, _) => info(&[&element(der::OID, ED25519)], pair.public_key().as_ref()),
            Self::Dsa => return Err("error creating certificate: x509: certificate private key does not implement crypto.Signer".into()),
        })
    }

    /// The AlgorithmIdentifier of this key's signatures.
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(..) => sequence(&[&element(der::OID, SHA256_WITH_RSA), &der::NULL]),
            Self::Ec(curve, ..) => sequence(&[&element(der::OID, curve.signature_oid)]),
            Self::Ed25519(..) | Self::Dsa => sequence(&[&element(der::OID, ED25519)]),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CallError> {
        let rng = SystemRandom::new();
        let failed = "error creating certificate: the private key cannot sign";
        match self {
            Self::Rsa(pair, _) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).map_err(|_| failed)?;
                Ok(signature)
            }
            Self::Ec(_, pair, _) => Ok(pair.sign(&rng, message).map_err(|_| failed)?.as_ref().to_vec()),
            Self::Ed25519(pair, _) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Dsa => Err(failed.into()),
        }
    }
}

/// The content of the AlgorithmIdentifier and the key inside a PKCS#8 document.
fn inner_key(pkcs8: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut document = Reader(Reader(pkcs8).expect(der::SEQUENCE)?.content);
    document.expect(der::INTEGER)?;
    let algorithm = document.expect(der::SEQUENCE)?.content;
    Some((algorithm, document.expect(der::OCTET_STRING)?.content))
}

/// The private number in an ECPrivateKey.
fn sec1_scalar(sec1: &[u8]) -> Option<&[u8]> {
    let mut key = Reader(Reader(sec1).expect(der::SEQUENCE)?.content);
    key.expect(der::INTEGER)?;
    Some(key.expect(der::OCTET_STRING)?.content)
}

/// An ECPrivateKey with curve and public key.
fn sec1(curve: &Curve, scalar: &[u8], public: &[u8]) -> Vec<u8> {
    sequence(&[
        &unsigned(&[1]),
        &element(der::OCTET_STRING, &padded(scalar, curve.size)),
        &element(explicit(0), &element(der::OID, curve.oid)),
        &element(explicit(1), &bits(public, 0)),
    ])
}

/// The number in exactly `size` bytes.
fn padded(number: &[u8], size: usize) -> Vec<u8> {
    let significant = &number[number.len().saturating_sub(size)..];
    [vec![0; size - significant.len()], significant.to_vec()].concat()
}
