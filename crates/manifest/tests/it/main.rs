//! The rules on objects, one module a concern. The tables of the corpora run in `ferroflux-conformance`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod hostile;
mod ignore;
mod inventory;
mod managed_fields;
mod normalize;
mod selector;
