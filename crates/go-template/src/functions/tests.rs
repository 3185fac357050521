//! The functions called as the executor calls them. The corpus has their answers case by case; here are the rules
//! that no table can cover, and hostile input.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::cloned_ref_to_slice_refs, reason = "tests")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Body};
use crate::host::Host;
use crate::limits::{Limits, Meter};
use crate::value::Value;

mod certificates;
mod collections;
mod dates;
mod hostile;
mod text;
mod toml;
mod yaml;

/// A host whose clock stands at a known moment, and whose random bytes are a fixed sequence.
struct Fixed(std::cell::Cell<u64>);

impl Host for Fixed {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), CallError> {
        for byte in buffer {
            // A linear congruential generator; the high bits are random enough for tests.
            let next = self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.0.set(next);
            *byte = (next >> 56) as u8;
        }
        Ok(())
    }
}

/// Calls a function of this folder by its name.
fn call(name: &str, args: &[Value]) -> Result<Value, CallError> {
    let limits = Limits { bytes: 1 << 26, ..Limits::default() };
    let (host, meter) = (Fixed(1.into()), Meter::new(limits));
    call_with(&Context::new(&host, &meter), name, args)
}

fn call_with(ctx: &Context<'_>, name: &str, args: &[Value]) -> Result<Value, CallError> {
    let function = super::all().find(|f| f.name() == name).unwrap_or_else(|| panic!("no function {name}"));
    match function.body() {
        Body::Plain(body) => body(ctx, &Args::new(args)),
        _ => panic!("{name} is no plain function"),
    }
}

/// The text that a function answers.
fn text(name: &str, args: &[Value]) -> String {
    call(name, args).unwrap().as_str().unwrap().to_string()
}

/// A value from JSON, with numbers as floats.
fn json(text: &str) -> Value {
    call("mustFromJson", &[text.into()]).unwrap()
}

/// A value as JSON.
fn shown(value: &Value) -> String {
    text("mustToJson", &[value.clone()])
}

/// No name comes twice, and nothing of Sprig or Helm is missing but what Helm removes or the engine has.
#[test]
fn names_are_unique_and_complete() {
    let mut names: Vec<_> = super::all().map(crate::function::Function::name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|w| w[0] != w[1]));
    for removed in ["env", "expandenv"] {
        assert!(!names.contains(&removed));
    }
    // Sprig's without those two and `fail`, which the engine has, and nine that Helm adds.
    assert_eq!(names.len(), 208 + 9);
}
