//! Each rule of a plan with expectations written down by hand, then properties.

mod nested;
mod properties;
mod replacing;

use crate::tf_provider::schema::{Attribute, Block, Schema};
use crate::tf_provider::value::{Type, Value};

use super::{Proposal, propose};

/// `{name = value, …}` with values given as anything that becomes a [`Value`].
macro_rules! object {
    ($($name:ident : $value:expr),* $(,)?) => {
        Value::object::<&str>([$((stringify!($name), Value::from($value))),*])
    };
}
use object;

const NULL: Value = Value::Null;

fn unknown() -> Value {
    Value::unknown()
}

fn schema(block: Block) -> Schema {
    Schema { version: 0, block }
}

fn string(name: &str) -> Attribute {
    Attribute::optional(name, Type::String, "")
}

fn computed(name: &str) -> Attribute {
    Attribute::computed(name, Type::String, "")
}

fn optional_computed(name: &str) -> Attribute {
    Attribute::optional_computed(name, Type::String, "")
}

/// Letters in upper and lower case are the same.
fn caseless(attribute: Attribute) -> Attribute {
    attribute.same_when(|a, b| match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    })
}

fn planned(block: &Block, config: &Value, prior: Option<&Value>) -> Value {
    propose(&schema(block.clone()), config, prior).planned
}

/// The paths that force a replacement.
fn replaced(block: &Block, config: &Value, prior: Option<&Value>) -> Vec<String> {
    let Proposal { replace, .. } = propose(&schema(block.clone()), config, prior);
    replace.iter().map(ToString::to_string).collect()
}

/// An object with an attribute of every kind.
fn sample() -> Block {
    Block::new("")
        .with(Attribute::required("name", Type::String, ""))
        .with(string("comment"))
        .with(caseless(string("cipher")))
        .with(computed("id").keep_prior())
        .with(computed("revision"))
        .with(optional_computed("address"))
        .with(Attribute::optional("port", Type::Number, "").default_value(Value::from(500)))
        .with(string("secret").write_only())
}

fn config() -> Value {
    object! {
        name: "a", comment: NULL, cipher: "AES", id: NULL, revision: NULL, address: NULL, port: NULL, secret: "s3cret"
    }
}

fn state() -> Value {
    object! {
        name: "a", comment: NULL, cipher: "aes", id: "i-1", revision: "r-1", address: "192.0.2.1", port: 500,
        secret: NULL
    }
}

fn with(mut value: Value, name: &str, attribute: impl Into<Value>) -> Value {
    value.set(name, attribute);
    value
}

#[test]
fn creation_fills_in_defaults_and_leaves_the_rest_to_the_provider() {
    let expected = object! {
        name: "a", comment: NULL, cipher: "AES", id: unknown(), revision: unknown(), address: unknown(), port: 500,
        secret: NULL
    };
    assert_eq!(planned(&sample(), &config(), None), expected);
    assert_eq!(planned(&sample(), &config(), Some(&NULL)), expected, "a null state is no state");
}

#[test]
fn nothing_to_change_is_the_prior_state_to_the_letter() {
    assert_eq!(planned(&sample(), &config(), Some(&state())), state());
    let rotated = with(config(), "secret", "another");
    assert_eq!(planned(&sample(), &rotated, Some(&state())), state(), "write-only values are not compared");
}

#[test]
fn a_change_makes_computed_values_unknown_except_those_that_stay() {
    let renamed = with(config(), "name", "b");
    let expected = object! {
        name: "b", comment: NULL, cipher: "aes", id: "i-1", revision: unknown(), address: unknown(), port: 500,
        secret: NULL
    };
    assert_eq!(planned(&sample(), &renamed, Some(&state())), expected);
}

#[test]
fn configured_values_win_over_prior_and_default_ones() {
    let moved = with(with(config(), "address", "192.0.2.2"), "port", 4500);
    let plan = planned(&sample(), &moved, Some(&state()));
    assert_eq!((plan.get("address").as_str(), plan.get("port").as_i64()), (Some("192.0.2.2"), Some(4500)));
    let back = planned(&sample(), &config(), Some(&with(state(), "port", 4500)));
    assert_eq!(back.get("port").as_i64(), Some(500), "no longer configured: the default again");
    let kept = planned(&sample(), &with(config(), "address", "192.0.2.1"), Some(&state()));
    assert_eq!(kept, state(), "configured as it was");
    let unset = planned(&sample(), &with(config(), "cipher", NULL), Some(&state()));
    assert!(unset.get("cipher").is_null(), "not computed and no longer configured");
}

#[test]
fn unknown_configuration_is_unknown_in_the_plan() {
    let plan = planned(&sample(), &with(config(), "cipher", unknown()), Some(&state()));
    assert!(plan.get("cipher").is_unknown());
    assert!(plan.get("revision").is_unknown(), "it may be a change");
    assert_eq!(plan.get("id").as_str(), Some("i-1"));
    let port = planned(&sample(), &with(config(), "port", unknown()), Some(&state()));
    assert!(port.get("port").is_unknown(), "the default is for what is not configured");
    let secret = planned(&sample(), &with(config(), "secret", unknown()), Some(&state()));
    assert_eq!(secret, state());
}

#[test]
fn another_spelling_is_asked_about_only_when_both_are_known_and_set() {
    let picky = |name| {
        string(name).same_when(|a, b| {
            assert!(a.is_wholly_known() && b.is_wholly_known() && !a.is_null() && !b.is_null());
            true
        })
    };
    let list = Attribute { ty: Type::list(Type::String), ..picky("list") };
    let block = Block::new("").with(picky("a")).with(list);
    let prior = object! { a: "x", list: Value::list_of(["x"]) };
    for config in [
        object! { a: unknown(), list: Value::list_of([unknown()]) },
        object! { a: NULL, list: NULL },
        object! { a: "y", list: Value::list_of(["y", "z"]) },
    ] {
        let _ = planned(&block, &config, Some(&prior));
        let _ = planned(&block, &config, Some(&object! { a: NULL, list: NULL }));
        let _ = planned(&block, &config, Some(&object! { a: unknown(), list: Value::list_of([unknown()]) }));
    }
    let whole = planned(&block, &object! { a: "y", list: Value::list_of(["y", "z"]) }, Some(&prior));
    assert_eq!(whole, prior, "a list is asked about as a whole");
}

#[test]
fn defaults_are_computed_from_the_block_and_may_pass() {
    let block = Block::new("").with(string("name")).with(optional_computed("label").default_with(|block| {
        let name = block.get("name");
        if name.is_unknown() { Some(Value::unknown()) } else { name.as_str().map(|name| format!("l-{name}").into()) }
    }));
    let label = |config: &Value, prior: Option<&Value>| planned(&block, config, prior).get("label").clone();
    let prior = object! { name: NULL, label: "old" };
    assert_eq!(label(&object! { name: "a" }, None), Value::from("l-a"));
    assert_eq!(label(&object! { name: unknown() }, None), unknown());
    assert_eq!(label(&object! { name: NULL }, None), unknown(), "the default passed: the provider decides");
    assert_eq!(label(&object! { name: NULL }, Some(&prior)), Value::from("old"));
    assert_eq!(label(&object! { name: "a", label: "mine" }, Some(&prior)), Value::from("mine"));
}

#[test]
fn a_default_in_another_spelling_is_no_change() {
    let cipher = caseless(optional_computed("cipher").default_value(Value::from("AES")));
    let block = Block::new("").with(cipher).with(computed("revision"));
    let prior = object! { cipher: "aes", revision: "1" };
    assert_eq!(planned(&block, &object! { cipher: NULL }, Some(&prior)), prior);
}

#[test]
fn a_write_only_value_left_in_old_state_goes() {
    let leaky = with(state(), "secret", "leaked");
    let plan = planned(&sample(), &config(), Some(&leaky));
    assert!(plan.get("secret").is_null());
    assert!(plan.get("revision").is_unknown());
}
