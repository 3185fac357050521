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
}
