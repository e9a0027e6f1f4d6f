//! Golden bytes, written by hand from the rules in the module's table, and
//! properties.

use proptest::prelude::*;

use crate::tf_provider::value::arbitrary::{ty, typed_value};
use crate::tf_provider::value::{CodecError, CodecProblem, NumberError, ValueSet};

use super::super::{Kind, Number, Refinement, Type, Value, from_msgpack, to_msgpack};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

fn refined(change: impl FnOnce(&mut Refinement)) -> Value {
    let mut refinement = Refinement::default();
    change(&mut refinement);
    Value::refined(refinement)
}

fn fails(bytes: &str, ty: &Type) -> CodecError {
    from_msgpack(&unhex(bytes), ty).unwrap_err()
}

#[test]
fn golden_bytes_both_ways() {
    let pair = Type::object([("a", Type::Number), ("b", Type::String)]);
    let dynamic = |ty, value| Value::Dynamic(Box::new((ty, value)));
    for (ty, value, bytes) in [
        (Type::String, Value::Null, "c0"),
        (Type::Bool, Value::from(true), "c3"),
        (Type::Bool, Value::from(false), "c2"),
        (Type::String, Value::from("hello"), "a5 68656c6c6f"),
        (Type::String, Value::from(""), "a0"),
        (Type::String, Value::from("x".repeat(32)), &("d920".to_owned() + &"78".repeat(32))),
        (Type::Number, Value::from(0), "00"),
        (Type::Number, Value::from(127), "7f"),
        (Type::Number, Value::from(128), "cc80"),
        (Type::Number, Value::from(65_535), "cdffff"),
        (Type::Number, Value::from(65_536), "ce00010000"),
        (Type::Number, Value::from(4_294_967_296_i64), "cf0000000100000000"),
        (Type::Number, Value::from(i64::MAX), "cf7fffffffffffffff"),
        (Type::Number, Value::from(-1), "ff"),
        (Type::Number, Value::from(-33), "d0df"),
        (Type::Number, Value::from(i64::MIN), "d38000000000000000"),
        (Type::Number, number("1.5"), "cb3ff8000000000000"),
        (Type::Number, number("9223372036854775808"), "cb43e0000000000000"),
        (Type::Number, number("0.1"), "a3302e31"),
        (Type::Number, number("18446744073709551615"), "b4 3138343436373434303733373039353531363135"),
        (Type::Number, Value::Number(Number::INFINITY), "cb7ff0000000000000"),
        (Type::Number, Value::Number(Number::NEGATIVE_INFINITY), "cbfff0000000000000"),
        (Type::list(Type::Bool), Value::list_of([true, false]), "92c3c2"),
        (Type::list(Type::Bool), Value::List(vec![]), "90"),
        (Type::set(Type::String), Value::set_of(["a"]), "91a161"),
        (Type::map(Type::Number), Value::object([("k", Value::from(1))]), "81a16b01"),
        (Type::Tuple(vec![Type::Bool, Type::String]), Value::list_of([Value::from(true), Value::Null]), "92c3c0"),
        (pair.clone(), Value::object([("a", Value::from(1)), ("b", Value::Null)]), "82 a161 01 a162 c0"),
        (Type::Dynamic, Value::Null, "c0"),
        (Type::Dynamic, Value::unknown(), "d40000"),
        // ["\"string\"", "x"]
        (Type::Dynamic, dynamic(Type::String, Value::from("x")), "92 c408 22737472696e6722 a178"),
        (Type::Dynamic, dynamic(Type::Bool, Value::Null), "92 c406 22626f6f6c22 c0"),
        // ["[\"list\",\"bool\"]", unknown]
        (
            Type::Dynamic,
            dynamic(Type::list(Type::Bool), Value::unknown()),
            "92 c40f 5b226c697374222c22626f6f6c225d d40000",
        ),
        (Type::String, Value::unknown(), "d40000"),
        (pair, Value::unknown(), "d40000"),
        // {1: false}: three bytes
        (Type::Bool, refined(|known| known.null = Some(false)), "c7030c 8101c2"),
        // {1: false, 2: "ab"}
        (
            Type::String,
            refined(|known| {
                known.null = Some(false);
                known.prefix = Some("ab".into());
            }),
            "c7070c 82 01c2 02a26162",
        ),
        // {3: [1, true]}: five bytes; {4: ["0.1", false]}: eight, so fixext
        (Type::Number, refined(|known| known.number_min = Some((Number::from(1), true))), "c7050c 81 03 92 01 c3"),
        (
            Type::Number,
            refined(|known| known.number_max = Some((Number::parse("0.1").unwrap(), false))),
            "d70c 81 04 92 a3302e31 c2",
        ),
        // {5: 1, 6: 300}
        (
            Type::set(Type::Bool),
            refined(|known| (known.length_min, known.length_max) = (Some(1), Some(300))),
            "c7070c 82 0501 06cd012c",
        ),
    ] {
        let bytes = unhex(bytes);
        assert_eq!(hex(&to_msgpack(&value, &ty).unwrap()), hex(&bytes), "writing {value:?}");
        assert_eq!(from_msgpack(&bytes, &ty).unwrap(), value, "reading {}", hex(&bytes));
    }
}

#[test]
fn other_spellings_are_read() {
    for (ty, bytes, value) in [
        (Type::Number, "a131", number("1")),
        (Type::Number, "ca3f000000", number("0.5")),
        (Type::Number, "cb3ff0000000000000", number("1")),
        (Type::Number, "cfffffffffffffffff", number("18446744073709551615")),
        (Type::Number, "d30000000000000001", number("1")),
        (Type::String, "c40161", Value::from("a")),
        (Type::String, "db0000000161", Value::from("a")),
        (Type::list(Type::Bool), "dd00000001c3", Value::list_of([true])),
        (Type::map(Type::Bool), "de0001a161c3", Value::object([("a", Value::from(true))])),
        (Type::Dynamic, "92 a8 22737472696e6722 a178", Value::Dynamic(Box::new((Type::String, Value::from("x"))))),
        // Extensions nobody knows yet, or empty ones.
        (Type::String, "c70007", Value::unknown()),
        (Type::String, "c7037f010203", Value::unknown()),
        (Type::String, "d50c80c0", Value::unknown()),
        (Type::String, "c7000c", Value::unknown()),
        (Type::String, "d40c00", Value::unknown()),
        // {9: [1, {2: 3}], 1: false}: key 9 is passed over
        (Type::Bool, "c7090c 82 09 9201810203 01c2", refined(|known| known.null = Some(false))),
        (Type::Dynamic, "c7030c 8101c2", Value::unknown()),
    ] {
        assert_eq!(from_msgpack(&unhex(bytes), &ty), Ok(value), "{bytes}");
    }
}

#[test]
fn refinements_that_do_not_fit_the_type_are_not_written() {
    let everything = refined(|known| {
        known.null = Some(false);
        known.prefix = Some("a".into());
        known.number_min = Some((Number::from(1), true));
        known.length_max = Some(2);
    });
    for (ty, bytes) in [
        (Type::Dynamic, "d40000"),
        (Type::Bool, "c7030c8101c2"),
        (Type::String, "c7060c8201c202a161"),
        (Type::list(Type::Bool), "c7050c8201c20602"),
    ] {
        assert_eq!(hex(&to_msgpack(&everything, &ty).unwrap()), bytes);
    }
}

#[test]
fn absent_attributes_are_written_as_null() {
    let ty = Type::object([("a", Type::Bool), ("b", Type::Bool)]);
    assert_eq!(hex(&to_msgpack(&Value::object([("b", Value::from(true))]), &ty).unwrap()), "82a161c0a162c3");
}

#[test]
fn objects_must_have_their_attributes_and_no_others() {
    let ty = Type::object([("a", Type::Bool), ("b", Type::Bool)]);
    assert_eq!(fails("81a161c3", &ty).problem, CodecProblem::MissingAttribute("b".into()));
    assert_eq!(fails("80", &ty).problem, CodecProblem::MissingAttribute("a".into()));
    assert_eq!(fails("82a161c3a178c3", &ty).problem, CodecProblem::UnknownAttribute("x".into()));
    assert_eq!(fails("82a161c3a161c3", &ty).problem, CodecProblem::Repeated("a".into()));
    let extra = to_msgpack(&Value::object([("x", Value::Null)]), &ty).unwrap_err();
    assert_eq!(extra.problem, CodecProblem::UnknownAttribute("x".into()));
}

#[test]
fn errors_name_the_place() {
    let ty = Type::object([("l", Type::list(Type::map(Type::Bool)))]);
    let value = Value::object([("l", Value::list_of([Value::object([("k", Value::from("hunter2"))])]))]);
    let error = to_msgpack(&value, &ty).unwrap_err();
    assert_eq!(error.to_string(), r#"l[0]["k"]: expected a bool, found a string"#);
    let error = fails("81a16c9181a16b01", &ty);
    assert_eq!(error.to_string(), r#"l[0]["k"]: expected a bool, found a number"#);
    let set = Type::object([("s", Type::set(Type::object([("p", Type::Number)])))]);
    let value = Value::object([("s", Value::set_of([Value::object([("p", Value::from("hunter2"))])]))]);
    assert_eq!(to_msgpack(&value, &set).unwrap_err().to_string(), "s: expected a number, found a string");
    assert_eq!(fails("81a17391 81a170 a3616263", &set).to_string(), "s: not a decimal number");
}

#[test]
fn hostile_lengths_and_depths() {
    assert_eq!(fails("ddffffffff", &Type::list(Type::Bool)).problem, CodecProblem::Truncated);
    assert_eq!(fails("dfffffffff", &Type::map(Type::Bool)).problem, CodecProblem::Truncated);
    assert_eq!(fails("dbffffffff61", &Type::String).problem, CodecProblem::Truncated);
    assert_eq!(fails("c9ffffffff0c", &Type::String).problem, CodecProblem::Truncated);
    assert_eq!(fails("92c3", &Type::list(Type::Bool)).problem, CodecProblem::Truncated);
    assert_eq!(fails("", &Type::Bool).problem, CodecProblem::Truncated);
    assert_eq!(fails("c3c3", &Type::Bool).problem, CodecProblem::Trailing(1));
    assert_eq!(fails("a2c328", &Type::String).problem, CodecProblem::NotUtf8);
    assert_eq!(fails("cb7ff8000000000000", &Type::Number).problem, NumberError::NotANumber.into());
    assert_eq!(fails("ab3165393939393939393939", &Type::Number).problem, NumberError::TooLong.into());
    assert_eq!(fails("c1", &Type::Bool).problem, CodecProblem::Mismatch { expected: Kind::Bool, found: Kind::Invalid });
    assert_eq!(fails("91c3", &Type::Dynamic).problem, CodecProblem::NotDynamic);
    assert_eq!(fails("92a122c3", &Type::Dynamic).problem, CodecProblem::NotDynamic);
    assert_eq!(fails("c7030c 8101a0", &Type::Bool).problem, CodecProblem::Refinement);
    assert_eq!(fails("c7050c 8102a26162", &Type::Bool).problem, CodecProblem::Refinement);
    assert_eq!(fails("c7030c 8109c1", &Type::Bool).problem, CodecProblem::Refinement);
    assert_eq!(fails("d60c 81039101", &Type::Number).problem, CodecProblem::TupleLength { expected: 2, found: 1 });

    let mut nested = unhex(&"92a9 2264796e616d696322".repeat(10_000));
    nested.push(0xc0);
    assert_eq!(from_msgpack(&nested, &Type::Dynamic).unwrap_err().problem, CodecProblem::TooDeep);
    let deep = (0..200).fold(Type::Bool, |inner, _| Type::list(inner));
    assert_eq!(from_msgpack(&[0x91; 300], &deep).unwrap_err().problem, CodecProblem::TooDeep);
    let value = (0..200).fold(Value::Null, |inner, _| Value::list_of([inner]));
    assert_eq!(to_msgpack(&value, &deep).unwrap_err().problem, CodecProblem::TooDeep);
}

#[test]
fn ten_thousand_blocks_make_the_trip() {
    let element = Type::object([("name", Type::String), ("ports", Type::set(Type::Number))]);
    let ty = Type::object([("list", Type::list(element.clone())), ("set", Type::set(element))]);
    let blocks = || {
        (0..10_000_i64).map(|n| {
            Value::object([("name", Value::from(format!("rule-{n}"))), ("ports", Value::set_of([n, n + 1, n + 2]))])
        })
    };
    let value = Value::object([("list", Value::list_of(blocks())), ("set", Value::set_of(blocks()))]);
    let bytes = to_msgpack(&value, &ty).unwrap();
    assert_eq!(from_msgpack(&bytes, &ty).unwrap(), value);
    let backwards: ValueSet = blocks().collect::<Vec<_>>().into_iter().rev().collect();
    assert_eq!(value.get("set").as_set(), Some(&backwards));
}

/// Bytes that are more often nearly valid than chance would make them.
fn nearly_valid() -> impl Strategy<Value = (Type, Vec<u8>)> {
    (typed_value(true), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
        |((ty, value), at, byte, cut)| {
            let mut bytes = to_msgpack(&value, &ty).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.truncate(at);
            }
            (ty, bytes)
        },
    )
}

proptest! {
    #[test]
    fn every_value_survives((ty, value) in typed_value(true)) {
        let bytes = to_msgpack(&value, &ty).unwrap();
        prop_assert_eq!(from_msgpack(&bytes, &ty).unwrap(), value);
    }

    #[test]
    fn any_bytes_are_read_or_refused(ty in ty(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = from_msgpack(&bytes, &ty);
    }

    #[test]
    fn damaged_bytes_are_read_or_refused((ty, bytes) in nearly_valid()) {
        if let Ok(value) = from_msgpack(&bytes, &ty) {
            prop_assert_eq!(from_msgpack(&to_msgpack(&value, &ty).unwrap(), &ty).unwrap(), value);
        }
    }
}
