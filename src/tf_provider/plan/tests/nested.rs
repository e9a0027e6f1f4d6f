//! Nested blocks: which was which, and what stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::tf_provider::schema::{NestedBlock, Nesting};

use super::*;

/// A rule: what the user writes, and an id from the provider.
fn rule() -> Block {
    Block::new("")
        .with(string("name"))
        .with(caseless(string("cidr")))
        .with(computed("id"))
        .with(optional_computed("mode"))
}

/// An object with a computed attribute and rules.
fn rules(nesting: Nesting) -> Block {
    Block::new("").with(computed("revision")).with_block(NestedBlock::new("rule", nesting, rule()))
}

fn written(name: &str, cidr: &str) -> Value {
    object! { name: name, cidr: cidr, id: NULL, mode: NULL }
}

fn kept(name: &str, cidr: &str, id: &str) -> Value {
    object! { name: name, cidr: cidr, id: id, mode: "auto" }
}

fn fresh(name: &str, cidr: &str) -> Value {
    object! { name: name, cidr: cidr, id: unknown(), mode: unknown() }
}

fn list(elements: impl IntoIterator<Item = Value>) -> Value {
    Value::list_of(elements)
}

fn set(elements: impl IntoIterator<Item = Value>) -> Value {
    Value::set_of(elements)
}

/// Plans `config` rules over `prior` ones.
fn plan(block: &Block, config: Value, prior: Value) -> Value {
    let (config, prior) = (object! { rule: config }, object! { revision: "1", rule: prior });
    planned(block, &config, Some(&prior))
}

#[test]
fn lists_go_by_position() {
    let block = rules(Nesting::List);
    let prior = || list([kept("a", "x", "1"), kept("b", "y", "2")]);
    let same = plan(&block, list([written("a", "X"), written("b", "y")]), prior());
    assert_eq!(same, object! { revision: "1", rule: prior() });
    let grown = plan(&block, list([written("a", "X"), written("c", "y"), written("d", "z")]), prior());
    let expected = list([kept("a", "x", "1"), fresh("c", "y"), fresh("d", "z")]);
    assert_eq!(grown, object! { revision: unknown(), rule: expected });
    let shrunk = plan(&block, list([written("a", "x")]), prior());
    assert_eq!(shrunk, object! { revision: unknown(), rule: list([kept("a", "x", "1")]) });
}

#[test]
fn maps_go_by_key() {
    let block = rules(Nesting::Map);
    let prior = || object! { one: kept("a", "x", "1"), two: kept("b", "y", "2") };
    let same = plan(&block, object! { one: written("a", "x"), two: written("b", "y") }, prior());
    assert_eq!(same, object! { revision: "1", rule: prior() });
    let moved = plan(&block, object! { two: written("b", "y"), three: written("a", "x") }, prior());
    let expected = object! { two: kept("b", "y", "2"), three: fresh("a", "x") };
    assert_eq!(moved, object! { revision: unknown(), rule: expected });
    let shrunk = plan(&block, object! { two: written("b", "y") }, prior());
    assert_eq!(shrunk, object! { revision: unknown(), rule: object! { two: kept("b", "y", "2") } });
}

#[test]
fn single_blocks_come_and_go() {
    let block = rules(Nesting::Single);
    assert_eq!(plan(&block, NULL, NULL), object! { revision: "1", rule: NULL });
    assert_eq!(plan(&block, NULL, kept("a", "x", "1")), object! { revision: unknown(), rule: NULL });
    let came = plan(&block, written("a", "x"), NULL);
    assert_eq!(came, object! { revision: unknown(), rule: fresh("a", "x") });
    let stayed = plan(&block, written("a", "X"), kept("a", "x", "1"));
    assert_eq!(stayed, object! { revision: "1", rule: kept("a", "x", "1") });
}

#[test]
fn a_sibling_block_does_not_disturb_another() {
    let block = rules(Nesting::List).with_block(NestedBlock::new("peer", Nesting::Single, rule()));
    let prior = object! { revision: "1", rule: list([kept("a", "x", "1")]), peer: kept("p", "y", "2") };
    let config = object! { rule: list([written("b", "x")]), peer: written("p", "y") };
    let plan = planned(&block, &config, Some(&prior));
    assert_eq!(plan.get("peer"), prior.get("peer"));
    assert_eq!(plan.get("rule"), &list([fresh("b", "x")]));
}

#[test]
fn blocks_over_something_unknown_are_unknown() {
    for nesting in [Nesting::List, Nesting::Set, Nesting::Map, Nesting::Single] {
        let plan = plan(&rules(nesting), unknown(), NULL);
        assert_eq!(plan, object! { revision: unknown(), rule: unknown() });
    }
}

#[test]
fn absent_blocks_are_empty_and_never_null() {
    for (nesting, empty) in [(Nesting::List, list([])), (Nesting::Set, set([])), (Nesting::Map, object! {})] {
        let block = rules(nesting);
        assert_eq!(planned(&block, &object! {}, None), object! { revision: unknown(), rule: empty.clone() });
        let healed = plan(&block, empty.clone(), NULL);
        assert_eq!(healed, object! { revision: "1", rule: empty }, "an import that left them out is no change");
    }
}

#[test]
fn deeper_changes_reach_up_and_not_across() {
    let inner = Block::new("").with(string("port")).with(computed("handle"));
    let outer = rule().with_block(NestedBlock::new("port", Nesting::List, inner));
    let block = Block::new("").with(computed("revision")).with_block(NestedBlock::new("rule", Nesting::List, outer));
    let port = |port: &str, handle: Value| object! { port: port, handle: handle };
    let of = |rule: Value, ports: [Value; 2]| with(rule, "port", list(ports));
    let prior = list([
        of(kept("a", "x", "1"), [port("1", "h1".into()), port("2", "h2".into())]),
        of(kept("b", "y", "2"), [port("3", "h3".into()), port("4", "h4".into())]),
    ]);
    let config = list([
        of(written("a", "x"), [port("1", NULL), port("9", NULL)]),
        of(written("b", "y"), [port("3", NULL), port("4", NULL)]),
    ]);
    let expected = list([
        of(fresh("a", "x"), [port("1", "h1".into()), port("9", unknown())]),
        of(kept("b", "y", "2"), [port("3", "h3".into()), port("4", "h4".into())]),
    ]);
    assert_eq!(plan(&block, config, prior), object! { revision: unknown(), rule: expected });
}

#[test]
fn set_elements_are_recognised_by_what_is_set() {
    let block = rules(Nesting::Set);
    let prior = || set([kept("a", "x", "1"), kept("b", "y", "2"), kept("c", "z", "3")]);
    let same = plan(&block, set([written("c", "z"), written("a", "x"), written("b", "y")]), prior());
    assert_eq!(same, object! { revision: "1", rule: prior() });
    let respelled = plan(&block, set([written("c", "Z"), written("b", "Y"), written("a", "X")]), prior());
    assert_eq!(respelled, object! { revision: "1", rule: prior() });
    let changed = plan(&block, set([written("a", "x"), written("b", "other")]), prior());
    let expected = set([kept("a", "x", "1"), fresh("b", "other")]);
    assert_eq!(changed, object! { revision: unknown(), rule: expected });
    let shrunk = plan(&block, set([written("a", "x")]), prior());
    assert_eq!(shrunk, object! { revision: unknown(), rule: set([kept("a", "x", "1")]) });
    let explicit = with(written("a", "x"), "mode", "manual");
    let moded = plan(&block, set([explicit]), set([kept("a", "x", "1")]));
    assert_eq!(moded.get("rule"), &set([object! { name: "a", cidr: "x", id: unknown(), mode: "manual" }]));
}

#[test]
fn a_prior_element_is_used_once_and_the_choosiest_go_first() {
    let block = rules(Nesting::Set);
    let manual = || with(written("a", "x"), "mode", "manual");
    let prior = || set([with(kept("a", "x", "1"), "mode", "manual"), kept("a", "x", "2")]);
    for config in [set([written("a", "x"), manual()]), set([manual(), written("a", "x")])] {
        assert_eq!(plan(&block, config, prior()), object! { revision: "1", rule: prior() });
    }
    let respelled = plan(&block, set([written("a", "x"), written("a", "X")]), set([kept("a", "x", "1")]));
    assert_eq!(respelled.get("rule"), &set([kept("a", "x", "1"), fresh("a", "X")]), "exact spelling goes first");
}

#[test]
fn defaults_take_part_in_recognition() {
    let rule = Block::new("").with(optional_computed("mode").default_value(Value::from("auto"))).with(computed("id"));
    let block = Block::new("").with_block(NestedBlock::new("rule", Nesting::Set, rule));
    let prior = || set([object! { mode: "manual", id: "1" }, object! { mode: "auto", id: "2" }]);
    let config = set([object! { mode: NULL, id: NULL }, object! { mode: "manual", id: NULL }]);
    assert_eq!(planned(&block, &object! { rule: config }, Some(&object! { rule: prior() })), object! { rule: prior() });
}

#[test]
fn set_elements_with_a_key_are_recognised_by_it() {
    let keyed = |key: &str| {
        Block::new("")
            .with(computed("revision"))
            .with_block(NestedBlock::new("rule", Nesting::Set, rule().with(computed("serial").keep_prior())).keyed(key))
    };
    let old = |name, cidr, id: &str| with(kept(name, cidr, id), "serial", format!("s{id}"));
    let prior = || set([old("a", "x", "1"), old("b", "y", "2")]);
    let changed = plan(&keyed("name"), set([written("b", "new"), written("a", "x"), written("c", "x")]), prior());
    let expected =
        set([with(fresh("b", "new"), "serial", "s2"), old("a", "x", "1"), with(fresh("c", "x"), "serial", unknown())]);
    assert_eq!(changed, object! { revision: unknown(), rule: expected });

    let unknown_key = with(written("", "y"), "name", unknown());
    let unnamed = plan(&keyed("name"), set([unknown_key]), prior());
    assert!(unnamed.get("rule").elements().all(|rule| rule.get("serial").is_unknown()));

    let no_key = with(written("", "y"), "name", NULL);
    let by_content = plan(&keyed("name"), set([no_key.clone()]), set([with(old("", "y", "3"), "name", NULL)]));
    assert_eq!(by_content.get("rule"), &set([with(old("", "y", "3"), "name", NULL)]));

    let respelled = plan(&keyed("cidr"), set([written("a", "X"), written("new", "Y")]), prior());
    let expected = set([old("a", "x", "1"), with(fresh("new", "y"), "serial", "s2")]);
    assert_eq!(respelled.get("rule"), &expected, "the key in another spelling");
}

#[test]
fn set_elements_with_blocks_inside_are_recognised() {
    for nesting in [Nesting::List, Nesting::Set] {
        let inner = Block::new("").with(caseless(string("port"))).with(computed("handle"));
        let outer = rule().with_block(NestedBlock::new("port", nesting, inner));
        let block = Block::new("").with_block(NestedBlock::new("rule", Nesting::Set, outer));
        let ports = |ports: Vec<Value>| if nesting == Nesting::List { list(ports) } else { set(ports) };
        let port = |port: &str, handle: Value| object! { port: port, handle: handle };
        let prior = set([
            with(kept("a", "x", "1"), "port", ports(vec![port("p", "h1".into()), port("q", "h2".into())])),
            with(kept("a", "x", "2"), "port", ports(vec![port("r", "h3".into())])),
        ]);
        let config = set([
            with(written("a", "x"), "port", ports(vec![port("R", NULL)])),
            with(written("a", "x"), "port", ports(vec![port("p", NULL), port("q", NULL)])),
        ]);
        let plan = planned(&block, &object! { rule: config }, Some(&object! { rule: prior.clone() }));
        assert_eq!(plan.get("rule"), &prior, "{nesting:?}");
    }
}

#[test]
fn a_changed_set_element_without_a_key_is_a_new_one() {
    let port = Block::new("").with(string("port"));
    let rule = Block::new("")
        .with(caseless(string("cidr")))
        .with(computed("serial").keep_prior())
        .with_block(NestedBlock::new("port", Nesting::List, port));
    let block = Block::new("").with_block(NestedBlock::new("rule", Nesting::Set, rule));
    let rule = |cidr: &str, serial: Value, ports: Value| object! { cidr: cidr, serial: serial, port: ports };
    let prior = object! { rule: set([rule("x", "s1".into(), list([]))]) };
    for (cidr, ports, serial) in [
        ("X", list([]), Value::from("s1")),
        ("y", list([]), unknown()),
        ("x", list([object! { port: "1" }]), unknown()),
        ("x", unknown(), unknown()),
    ] {
        let plan = planned(&block, &object! { rule: set([rule(cidr, NULL, ports)]) }, Some(&prior));
        assert!(plan.get("rule").elements().all(|rule| *rule.get("serial") == serial), "{plan:?}");
    }
}

#[test]
fn two_new_elements_alike_stay_two() {
    let block = rules(Nesting::Set);
    let half = |name: Value| with(written("", "x"), "name", name);
    let plan = planned(&block, &object! { rule: set([half(unknown()), half(unknown())]) }, None);
    assert_eq!(plan.get("rule").elements().count(), 2);
}

/// Plans ten thousand blocks and counts how often spellings are compared and
/// defaults computed.
fn count_calls(nesting: Nesting, key: Option<&str>, old: fn(usize) -> String, new: fn(usize) -> String) -> usize {
    let calls = Arc::new(AtomicUsize::new(0));
    let (same_calls, default_calls) = (calls.clone(), calls.clone());
    let cidr = string("cidr").same_when(move |a, b| {
        same_calls.fetch_add(1, Ordering::Relaxed);
        a.as_str().map(str::to_lowercase) == b.as_str().map(str::to_lowercase)
    });
    let mode = optional_computed("mode").default_with(move |_| {
        default_calls.fetch_add(1, Ordering::Relaxed);
        Some(Value::from("auto"))
    });
    let rule = Block::new("").with(string("name")).with(cidr).with(mode).with(computed("id"));
    let mut nested = NestedBlock::new("rule", nesting, rule);
    nested.key = key.map(str::to_owned);
    let block = Block::new("").with_block(nested);
    let gather = |elements: Vec<Value>| if nesting == Nesting::List { list(elements) } else { set(elements) };
    let element = |n: usize, cidr: String, id: Value| {
        object! { name: format!("n{n}"), cidr: cidr, mode: if id.is_null() { NULL } else { "auto".into() }, id: id }
    };
    let prior = gather((0..10_000).map(|n| element(n, old(n), n.to_string().into())).collect());
    let config = gather((0..10_000).rev().map(|n| element(n, new(n), NULL)).collect());
    let config = if nesting == Nesting::List { list(config.elements().rev().cloned()) } else { config };
    let _ = planned(&block, &object! { rule: config }, Some(&object! { rule: prior }));
    calls.load(Ordering::Relaxed)
}

#[test]
fn ten_thousand_blocks_are_linear_work() {
    let plain: fn(usize) -> String = |n| format!("cidr-{n}");
    let respelled: fn(usize) -> String = |n| format!("CIDR-{n}");
    let different: fn(usize) -> String = |n| format!("other-{n}");
    for (nesting, key) in [(Nesting::List, None), (Nesting::Set, None), (Nesting::Set, Some("name"))] {
        for new in [plain, respelled, different] {
            let calls = count_calls(nesting, key, plain, new);
            assert!((10_000..100_000).contains(&calls), "{nesting:?} {key:?}: {calls}");
        }
    }
}
