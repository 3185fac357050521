//! X.509 certificates as Go's `x509.CreateCertificate` lays them out.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::error::CallError;
use crate::functions::dates::utc_fields;

use super::der::{self, Element, Reader, bits, element, explicit, implicit, sequence, unsigned};
use super::keys::PrivateKey;
use super::pem;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// What a certificate is asked for.
pub(super) struct Request {
    pub(super) common_name: Vec<u8>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) dns_names: Vec<Vec<u8>>,
    /// Days from now; may be negative.
    pub(super) days: i64,
    pub(super) is_ca: bool,
}

/// Who signs.
pub(super) struct Issuer<'k> {
    /// The Name, in DER.
    name: Vec<u8>,
    key_id: Option<Vec<u8>>,
    key: &'k PrivateKey,
}

impl<'k> Issuer<'k> {
    /// Reads the issuer from its certificate, which must be that of the key.
    pub(super) fn from_pem(certificate: &[u8], key: &'k PrivateKey) -> Result<Self, CallError> {
        let data = certificate_data(certificate)?;
        let parsed = Parsed::parse(&data).ok_or("error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate")?;
        if parsed.public_key_info != key.public_key_info()? {
            return Err("error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey".into());
        }
        Ok(Self { name: parsed.subject.to_vec(), key_id: parsed.key_id.map(<[u8]>::to_vec), key })
    }
}

/// The bytes of the first certificate in a PEM text.
pub(super) fn certificate_data(text: &[u8]) -> Result<Vec<u8>, CallError> {
    Ok(pem::decode(text).ok_or("unable to decode certificate")?.data)
}

/// Whether the bytes are laid out as a certificate.
pub(super) fn is_certificate(data: &[u8]) -> bool {
    Parsed::parse(data).is_some()
}

/// What an issuer's certificate is read for.
struct Parsed<'d> {
    subject: &'d [u8],
    public_key_info: &'d [u8],
    key_id: Option<&'d [u8]>,
}

impl<'d> Parsed<'d> {
    fn parse(data: &'d [u8]) -> Option<Self> {
        let mut signed = Reader(Reader(data).expect(der::SEQUENCE)?.content);
        let mut fields = Reader(signed.expect(der::SEQUENCE)?.content);
        signed.expect(der::SEQUENCE)?;
        signed.expect(der::BIT_STRING)?;
        fields.optional(explicit(0));
        fields.expect(der::INTEGER)?;
        let [_algorithm, _issuer, _validity, subject, public_key_info] = std::array::from_fn(|_| fields.expect(der::SEQUENCE));
        let extensions = fields.find(|e| e.tag == explicit(3)).and_then(|e| Reader(e.content).expect(der::SEQUENCE));
        let key_id = extensions.and_then(|e| Reader(e.content).find_map(|e| subject_key_id(&e)));
        Some(Self { subject: subject?.whole, public_key_info: public_key_info?.whole, key_id })
    }
}

fn subject_key_id<'d>(extension: &Element<'d>) -> Option<&'d [u8]> {
    let mut parts = Reader(extension.content);
    parts.expect(der::OID).filter(|oid| oid.content == SUBJECT_KEY_ID)?;
    parts.optional(der::BOOLEAN);
    Some(Reader(parts.expect(der::OCTET_STRING)?.content).expect(der::OCTET_STRING)?.content)
}

/// Makes a certificate for `key`, signed by `issuer` or by itself; PEM text.
pub(super) fn create(ctx: &Context<'_>, request: &Request, key: &PrivateKey, issuer: Option<Issuer<'_>>) -> Result<String, CallError> {
    let subject = name(&request.common_name);
    let public_key_info = key.public_key_info()?;
    let key_id = if request.is_ca { key_identifier(&public_key_info) } else { None };
    let authority = issuer.as_ref().filter(|i| i.name != subject).and_then(|i| i.key_id.clone());
    let signer = issuer.as_ref().map_or(key, |i| i.key);
    let issuer_name = issuer.as_ref().map_or(&subject, |i| &i.name);
    let mut serial = [0; 16];
    ctx.host().random(&mut serial)?;
    let algorithm = signer.signature_algorithm();
    let to_sign = sequence(&[
        &element(explicit(0), &unsigned(&[2])),
        &unsigned(&serial),
        &algorithm,
        issuer_name,
        &validity(ctx.host().now(), request.days),
        &subject,
        &public_key_info,
        &element(explicit(3), &element(der::SEQUENCE, &extensions(request, key_id, authority)?.concat())),
    ]);
    let signature = signer.sign(&to_sign)?;
    Ok(pem::encode("CERTIFICATE", &sequence(&[&to_sign, &algorithm, &bits(&signature, 0)])))
}

/// A Name of a common name; an empty one has no parts.
fn name(common_name: &[u8]) -> Vec<u8> {
    if common_name.is_empty() {
        return sequence(&[]);
    }
    let printable = common_name.iter().all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(b));
    let tag = if printable { der::PRINTABLE_STRING } else { der::UTF8_STRING };
    let attribute = sequence(&[&element(der::OID, COMMON_NAME), &element(tag, common_name)]);
    sequence(&[&element(der::SET, &attribute)])
}

/// The first 160 bits of the SHA-256 of the public key (RFC 7093, method 1).
fn key_identifier(public_key_info: &[u8]) -> Option<Vec<u8>> {
    let mut info = Reader(Reader(public_key_info).expect(der::SEQUENCE)?.content);
    info.expect(der::SEQUENCE)?;
    let key = info.expect(der::BIT_STRING)?.content.get(1..)?;
    Some(Sha256::digest(key)[..20].to_vec())
}

fn validity(now: SystemTime, days: i64) -> Vec<u8> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let from = i64::try_from(now.as_secs()).unwrap_or(0);
    // The original counts in nanoseconds of 64 bits, which wrap around after 292 years.
    let span = days.wrapping_mul(24 * 3600 * 1_000_000_000) / 1_000_000_000;
    sequence(&[&time(from), &time(from + span)])
}

fn time(unix: i64) -> Vec<u8> {
    let [year, month, day, hour, minute, second] = utc_fields(unix);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    if (1950..2050).contains(&year) {
        element(der::UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        element(der::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes())
    }
}

fn extensions(request: &Request, key_id: Option<Vec<u8>>, authority: Option<Vec<u8>>) -> Result<Vec<Vec<u8>>, CallError> {
    let extension = |oid: &[u8], critical: bool, value: &[u8]| {
        let critical = if critical { element(der::BOOLEAN, &[0xff]) } else { Vec::new() };
        sequence(&[&element(der::OID, oid), &critical, &element(der::OCTET_STRING, value)])
    };
    // Digital signature and key encipherment; a CA signs certificates as well.
    let usage = if request.is_ca { bits(&[0xa4], 2) } else { bits(&[0xa0], 5) };
    let purposes = sequence(&[&element(der::OID, SERVER_AUTH), &element(der::OID, CLIENT_AUTH)]);
    let ca = if request.is_ca { element(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    let mut all = vec![
        extension(KEY_USAGE, true, &usage),
        extension(EXTENDED_KEY_USAGE, false, &purposes),
        extension(BASIC_CONSTRAINTS, true, &sequence(&[&ca])),
    ];
    if let Some(id) = key_id {
        all.push(extension(SUBJECT_KEY_ID, false, &element(der::OCTET_STRING, &id)));
    }
    if let Some(id) = authority {
        all.push(extension(AUTHORITY_KEY_ID, false, &sequence(&[&element(implicit(0), &id)])));
    }
    let names = alternative_names(request)?;
    if !names.is_empty() {
        // Without a subject the names are all there is, and must be understood.
        all.push(extension(SUBJECT_ALT_NAME, request.common_name.is_empty(), &element(der::SEQUENCE, &names)));
    }
    Ok(all)
}

fn alternative_names(request: &Request) -> Result<Vec<u8>, CallError> {
    let mut names = Vec::new();
    for dns in &request.dns_names {
        if !dns.is_ascii() {
            let quoted = crate::strconv::quote(dns);
            return Err(format!("error creating certificate: x509: {quoted} cannot be encoded as an IA5String").into());
        }
        names.extend(element(implicit(2), dns));
    }
    for address in &request.addresses {
        match address {
            IpAddr::V4(v4) => names.extend(element(implicit(7), &v4.octets())),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => names.extend(element(implicit(7), &v4.octets())),
                None => names.extend(element(implicit(7), &v6.octets())),
            },
        }
    }
    Ok(names)
}
