//! Types and values for property tests.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{Number, Refinement, Type, Value};

fn name() -> impl Strategy<Value = String> {
    "[a-z_]{1,6}"
}

/// Any type, a few levels deep.
pub(crate) fn ty() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        2 => Just(Type::Bool), 3 => Just(Type::Number), 3 => Just(Type::String), 1 => Just(Type::Dynamic)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            btree_map(name(), inner.clone(), 0..4).prop_map(Type::Object),
            vec(inner, 0..4).prop_map(Type::Tuple),
        ]
    })
}

/// Any type that is not `dynamic` itself.
fn concrete() -> impl Strategy<Value = Type> {
    ty().prop_filter("dynamic", |ty| *ty != Type::Dynamic)
}

/// Any finite number; infinities too when `infinite`.
pub(crate) fn number(infinite: bool) -> BoxedStrategy<Number> {
    let finite = prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        prop::num::f64::NORMAL.prop_map(|float| Number::from_f64(float).unwrap()),
        (any::<i128>(), -60_i32..60).prop_map(|(digits, power)| Number::parse(&format!("{digits}e{power}")).unwrap()),
    ];
    if infinite {
        prop_oneof![9 => finite, 1 => Just(Number::INFINITY), 1 => Just(Number::NEGATIVE_INFINITY)].boxed()
    } else {
        finite.boxed()
    }
}

fn refinement(ty: &Type) -> BoxedStrategy<Option<Box<Refinement>>> {
    let bound = || prop::option::of((number(true), any::<bool>()));
    let length = || prop::option::of(any::<i64>());
    let null = prop::option::of(any::<bool>());
    let refined = match ty {
        Type::Dynamic => return Just(None).boxed(),
        Type::String => (null, prop::option::of("\\PC{0,8}"))
            .prop_map(|(null, prefix)| Refinement { null, prefix, ..Refinement::default() })
            .boxed(),
        Type::Number => (null, bound(), bound())
            .prop_map(|(null, number_min, number_max)| Refinement {
                null,
                number_min,
                number_max,
                ..Refinement::default()
            })
            .boxed(),
        Type::List(_) | Type::Set(_) | Type::Map(_) => (null, length(), length())
            .prop_map(|(null, length_min, length_max)| Refinement {
                null,
                length_min,
                length_max,
                ..Refinement::default()
            })
            .boxed(),
        _ => null.prop_map(|null| Refinement { null, ..Refinement::default() }).boxed(),
    };
    refined.prop_map(|refined| (refined != Refinement::default()).then(|| Box::new(refined))).boxed()
}

/// Any value of type `ty`; with unknowns and infinities when `wire`, which only
/// msgpack can spell.
pub(crate) fn value(ty: &Type, wire: bool) -> BoxedStrategy<Value> {
    let known = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => number(wire).prop_map(Value::Number).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Dynamic => concrete()
            .prop_flat_map(move |ty| {
                value(&ty, wire).prop_map(move |value| Value::Dynamic(Box::new((ty.clone(), value))))
            })
            .boxed(),
        Type::List(element) => vec(value(element, wire), 0..4).prop_map(Value::List).boxed(),
        Type::Set(element) => vec(value(element, wire), 0..4).prop_map(Value::set_of).boxed(),
        Type::Map(element) => btree_map(any::<String>(), value(element, wire), 0..4).prop_map(Value::Map).boxed(),
        Type::Object(attributes) => attributes
            .iter()
            .map(|(name, ty)| {
                value(ty, wire).prop_map({
                    let name = name.clone();
                    move |value| (name.clone(), value)
                })
            })
            .collect::<Vec<_>>()
            .prop_map(Value::object)
            .boxed(),
        Type::Tuple(types) => types.iter().map(|ty| value(ty, wire)).collect::<Vec<_>>().prop_map(Value::List).boxed(),
    };
    if wire {
        prop_oneof![6 => known, 1 => Just(Value::Null), 1 => refinement(ty).prop_map(Value::Unknown)].boxed()
    } else {
        prop_oneof![6 => known, 1 => Just(Value::Null)].boxed()
    }
}

/// Any type, and any value of it.
pub(crate) fn typed_value(wire: bool) -> impl Strategy<Value = (Type, Value)> {
    ty().prop_flat_map(move |ty| {
        let value = value(&ty, wire);
        (Just(ty), value)
    })
}
