//! The certificate functions and the value they answer: a struct of certificate and key, both PEM.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use crate::context::Context;
use crate::error::CallError;
use crate::format::sprint;
use crate::function::{Args, Function};
use crate::functions::encoding::base64;
use crate::value::{Kind, Object, Str, Type, Value};

use super::certificate::{Issuer, Request, certificate_data, create, is_certificate};
use super::keys::PrivateKey;

const S: Type = Type::String;
const I: Type = Type::Int;
const LIST: Type = *Type::LIST;
const CERTIFICATE: Type = Type::Opaque(Kind::Struct, "sprig.certificate");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("genCA", &[S, I], |ctx, a| authority(ctx, a, &PrivateKey::for_certificate()?)),
    Function::new("genCAWithKey", &[S, I, S], |ctx, a| authority(ctx, a, &given_key(a, 2)?)),
    Function::new("genSelfSignedCert", &[S, LIST, LIST, I], |ctx, a| self_signed(ctx, a, &PrivateKey::for_certificate()?)),
    Function::new("genSelfSignedCertWithKey", &[S, LIST, LIST, I, S], |ctx, a| self_signed(ctx, a, &given_key(a, 4)?)),
    Function::new("genSignedCert", &[S, LIST, LIST, I, CERTIFICATE], |ctx, a| signed(ctx, a, &PrivateKey::for_certificate()?)),
    Function::new("genSignedCertWithKey", &[S, LIST, LIST, I, CERTIFICATE, S], |ctx, a| signed(ctx, a, &given_key(a, 5)?)),
    Function::new("buildCustomCert", &[S, S], custom),
];

fn given_key(args: &Args<'_>, index: usize) -> Result<PrivateKey, CallError> {
    PrivateKey::from_pem(args.bytes(index)).map_err(|e| e.context("parsing private key: "))
}

fn authority(ctx: &Context<'_>, args: &Args<'_>, key: &PrivateKey) -> Result<Value, CallError> {
    let request =
        Request { common_name: args.bytes(0).to_vec(), addresses: Vec::new(), dns_names: Vec::new(), days: args.int(1), is_ca: true };
    Ok(Certificate::value(create(ctx, &request, key, None)?, key.to_pem()))
}

fn self_signed(ctx: &Context<'_>, args: &Args<'_>, key: &PrivateKey) -> Result<Value, CallError> {
    Ok(Certificate::value(create(ctx, &request(args)?, key, None)?, key.to_pem()))
}

fn signed(ctx: &Context<'_>, args: &Args<'_>, key: &PrivateKey) -> Result<Value, CallError> {
    let (issuer_certificate, issuer_key) = match args.value(4) {
        Value::Object(object) => object.as_any().downcast_ref::<Certificate>().map(|c| (c.cert.clone(), c.key.clone())),
        _ => None,
    }
    .unwrap_or_default();
    certificate_data(issuer_certificate.as_bytes())?;
    let issuer_key = PrivateKey::from_pem(issuer_key.as_bytes()).map_err(|e| e.context("error parsing private key: "))?;
    let request = request(args)?;
    let issuer = Issuer::from_pem(issuer_certificate.as_bytes(), &issuer_key)?;
    Ok(Certificate::value(create(ctx, &request, key, Some(issuer))?, key.to_pem()))
}

/// A server certificate by common name, addresses, DNS names and days.
fn request(args: &Args<'_>) -> Result<Request, CallError> {
    let shown = |v: &Value| String::from_utf8_lossy(&sprint(v)).into_owned();
    let mut addresses = Vec::new();
    for item in args.list(1).items() {
        let Value::String(text) = item else { return Err(format!("error parsing ip: {} is not a string", shown(item)).into()) };
        let address: Option<IpAddr> = text.as_utf8().and_then(|t| t.parse().ok());
        addresses.push(address.ok_or_else(|| CallError::new(format!("error parsing ip: {text}")))?);
    }
    let mut dns_names = Vec::new();
    for item in args.list(2).items() {
        let Value::String(text) = item else {
            return Err(format!("error processing alternate dns name: {} is not a string", shown(item)).into());
        };
        dns_names.push(text.as_bytes().to_vec());
    }
    Ok(Request { common_name: args.bytes(0).to_vec(), addresses, dns_names, days: args.int(3), is_ca: false })
}

/// A pair that the chart brings, both parts in base 64 of PEM.
fn custom(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let cert = base64::decode(args.bytes(0)).map_err(|_| "unable to decode base64 certificate")?;
    let key = base64::decode(args.bytes(1)).map_err(|_| "unable to decode base64 private key")?;
    if !is_certificate(&certificate_data(&cert)?) {
        return Err("error parsing certificate: decodedCert.Bytes: x509: malformed certificate".into());
    }
    PrivateKey::from_pem(&key).map_err(|e| e.context("error parsing private key: "))?;
    Ok(Certificate::value(cert, key))
}

/// `sprig.certificate`.
struct Certificate {
    cert: Str,
    key: Str,
}

impl Certificate {
    fn value(cert: impl Into<Str>, key: impl Into<Str>) -> Value {
        Value::Object(Rc::new(Self { cert: cert.into(), key: key.into() }))
    }
}

/// Without the key, so that no log can hold it.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("cert", &self.cert).finish_non_exhaustive()
    }
}

impl Object for Certificate {
    fn go_type(&self) -> Type {
        CERTIFICATE
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("Cert", self.cert.clone().into()), ("Key", self.key.clone().into())]
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|o| o.cert == self.cert && o.key == self.key)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
