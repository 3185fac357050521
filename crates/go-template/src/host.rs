//! What templates may ask the outside world for. Everything a render answers follows from its input and its host, so
//! a test can fix time and randomness.

use std::time::SystemTime;

use crate::error::CallError;
use crate::value::{Map, Value};

/// The world outside a render.
pub trait Host {
    /// `lookup api kind namespace name`: one object, a list object for an empty name, an empty map for what is not
    /// there. The default answers an empty map, as Helm does without a cluster.
    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, CallError> {
        let _ = (api_version, kind, namespace, name);
        Ok(Value::Map(Map::new()))
    }

    /// `getHostByName`: an address of the name; empty (the default) while DNS is not enabled.
    fn resolve(&self, name: &str) -> String {
        let _ = name;
        String::new()
    }

    /// `env`, which the templates of charts do not have: a variable of the environment; empty (the default) for none.
    fn variable(&self, name: &str) -> String {
        let _ = name;
        String::new()
    }

    /// The current time.
    fn now(&self) -> SystemTime;

    /// Fills `buffer` with random bytes that are good enough for keys.
    fn random(&self, buffer: &mut [u8]) -> Result<(), CallError>;

    /// Whether nobody wants the result any more (a newer revision came, the process is ending): the render then ends with
    /// an error. Asked every few thousand steps.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// The name of the local time zone (Go's `time.Local`), for instance `UTC`.
    fn local_zone(&self) -> &str {
        "UTC"
    }
}

/// A host without cluster, DNS and clock: the time stands at the epoch and random bytes are an error.
#[derive(Debug, Default, Clone, Copy)]
pub struct Isolated;

impl Host for Isolated {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn random(&self, _buffer: &mut [u8]) -> Result<(), CallError> {
        Err(CallError::new("this render has no source of random bytes"))
    }
}
