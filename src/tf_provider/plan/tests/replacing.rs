//! What forces a replacement.

use crate::tf_provider::schema::{NestedBlock, Nesting, Replace};

use super::*;

fn block() -> Block {
    let grows = string("size").same_when(|_, _| false);
    let grows = Attribute {
        replace: Replace::When(std::sync::Arc::new(|before, after| {
            after.as_str().map(str::len) < before.as_str().map(str::len)
        })),
        ..grows
    };
    Block::new("").with(string("name")).with(caseless(string("zone").replaces())).with(grows)
}

fn value(name: &str, zone: Value, size: &str) -> Value {
    object! { name: name, zone: zone, size: size }
}

#[test]
fn attributes() {
    let prior = value("a", "z".into(), "xx");
    let none: [&str; 0] = [];
    for (config, expected) in [
        (value("a", "z".into(), "xx"), &none[..]),
        (value("b", "z".into(), "xx"), &none),
        (value("a", "Z".into(), "xx"), &none),
        (value("b", "y".into(), "xx"), &["zone"]),
        (value("a", NULL, "xx"), &["zone"]),
        (value("a", unknown(), "xx"), &["zone"]),
        (value("a", "z".into(), "xxx"), &none),
        (value("a", "z".into(), "x"), &["size"]),
        (value("a", "y".into(), "x"), &["zone", "size"]),
    ] {
        assert_eq!(replaced(&block(), &config, Some(&prior)), expected, "{config:?}");
        assert_eq!(replaced(&block(), &config, None), none, "there is nothing to replace yet");
    }
    let unset = value("a", NULL, "xx");
    assert_eq!(replaced(&block(), &value("a", "z".into(), "xx"), Some(&unset)), ["zone"]);
}

#[test]
fn attributes_of_nested_blocks() {
    let nest = |nesting| Block::new("").with_block(NestedBlock::new("disk", nesting, block()));
    let disk = |zone: &str| value("a", zone.into(), "xx");
    let disks = |zones: &[&str]| object! { disk: Value::list_of(zones.iter().map(|zone| disk(zone))) };
    let list = nest(Nesting::List);
    assert_eq!(replaced(&list, &disks(&["x", "other"]), Some(&disks(&["x", "y"]))), ["disk[1].zone"]);
    assert_eq!(replaced(&list, &disks(&["x", "y"]), Some(&disks(&["x"]))), ["disk[1].zone"], "a new block");
    assert_eq!(replaced(&list, &disks(&["x"]), Some(&disks(&["x", "y"]))), ["disk[1].zone", "disk[1].size"]);
    assert!(replaced(&list, &disks(&["x"]), None).is_empty());

    let map = nest(Nesting::Map);
    let keyed = |zone: &str| object! { disk: object! { k: disk(zone) } };
    assert_eq!(replaced(&map, &keyed("y"), Some(&keyed("x"))), [r#"disk["k"].zone"#]);

    let single = nest(Nesting::Single);
    let one = |zone: &str| object! { disk: disk(zone) };
    assert_eq!(replaced(&single, &one("y"), Some(&one("x"))), ["disk.zone"]);

    let set = nest(Nesting::Set);
    let some = |zones: &[&str]| object! { disk: Value::set_of(zones.iter().map(|zone| disk(zone))) };
    assert_eq!(replaced(&set, &some(&["x", "other"]), Some(&some(&["y", "x"]))), ["disk"], "no path leads into a set");
    assert!(replaced(&set, &some(&["x", "y"]), Some(&some(&["y", "x"]))).is_empty());
}

#[test]
fn nested_blocks_as_a_whole() {
    let mut nested = NestedBlock::new("disk", Nesting::List, Block::new("").with(string("name")));
    nested.replace = Replace::Always;
    let block = Block::new("").with(string("name")).with_block(nested);
    let value = |name: &str, disks: &[&str]| {
        object! { name: name, disk: Value::list_of(disks.iter().map(|disk| object! { name: *disk })) }
    };
    let prior = value("a", &["x"]);
    assert!(replaced(&block, &value("b", &["x"]), Some(&prior)).is_empty());
    for disks in [&["y"][..], &[], &["x", "y"]] {
        assert_eq!(replaced(&block, &value("a", disks), Some(&prior)), ["disk"]);
    }
    assert_eq!(replaced(&block, &object! { name: "a", disk: unknown() }, Some(&prior)), ["disk"]);
    assert!(replaced(&block, &value("a", &["y"]), None).is_empty());
}
