use proptest::prelude::*;

use super::call;
use crate::value::{Kind, List, Map, Type, Value};

/// Functions that take long on purpose.
const SLOW: [&str; 11] = [
    "genPrivateKey",
    "genCA",
    "genCAWithKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "derivePassword",
    "bcrypt",
    "htpasswd",
    "buildCustomCert",
];

fn argument() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![-3i64..70, Just(i64::MIN), Just(i64::MAX), any::<i64>()].prop_map(Value::Int),
        any::<i64>().prop_map(Value::Int64),
        any::<u64>().prop_map(|u| Value::Uint(Kind::Uint32, u & 0xffff_ffff)),
        any::<f64>().prop_map(Value::Float),
        "[a-zA-Z0-9 .,:/%$_@?#\\[\\]()*+=\n-]{0,16}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::string),
        prop::collection::vec("[a-c]{0,3}", 0..4).prop_map(Value::strings),
        prop::collection::vec(-2i64..5, 0..4).prop_map(|v| Value::list(v.into_iter().map(Value::Int).collect())),
        prop::collection::vec(("(scheme|host|path|userinfo|a|b)", "[a-z%@:/]{0,6}"), 0..5)
            .prop_map(|entries| Value::map(entries.into_iter().map(|(k, v)| (k, v.into())))),
        Just(Value::List(List::nil(Type::LIST))),
        Just(Value::Map(Map::nil(Type::MAP))),
        Just(call("now", &[]).unwrap()),
        Just(call("semver", &["1.2.3".into()]).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the arguments: every function answers or fails, in bounded memory.
    #[test]
    fn no_function_panics(args in prop::collection::vec(argument(), 0..5)) {
        for function in crate::functions::all().filter(|f| !SLOW.contains(&f.name())) {
            let _ = call(function.name(), &args);
        }
    }

    /// The same for the methods of times, durations and versions.
    #[test]
    fn no_method_panics(args in prop::collection::vec(argument(), 0..4)) {
        let time = call("now", &[]).unwrap();
        let duration = method(&time, "Sub", &[call("toDate", &["2006".into(), "1999".into()]).unwrap()]).unwrap();
        for receiver in [time, duration, call("semver", &["1.2.3-a".into()]).unwrap()] {
            let Some(Type::Named(named)) = receiver.type_of() else { panic!("a type without methods") };
            for function in named.methods {
                if let Ok(answer) = method(&receiver, function.name(), &args) {
                    let _ = call("toString", &[answer.clone()]);
                    let _ = call("toJson", &[answer]);
                }
            }
        }
    }
}

fn method(receiver: &Value, name: &str, args: &[Value]) -> Result<Value, crate::error::CallError> {
    let function = receiver.type_of().and_then(|t| t.method(&name.into())).unwrap();
    let crate::function::Body::Plain(body) = function.body() else { panic!("{name} is no plain method") };
    let (host, meter) = (super::Fixed(1.into()), crate::limits::Meter::new(crate::limits::Limits::default()));
    let all: Vec<Value> = std::iter::once(receiver).chain(args).cloned().collect();
    body(&crate::context::Context::new(&host, &meter), &crate::function::Args::new(&all))
}
