//! What is in memory is what is stored, whoever has written it.

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use crate::engine::{Caller, Change, Engine, Moment, Reveal, Write};
use crate::model::PolicyPath;

const LISTS: &str = "/infra/tier-0s/vmc/prefix-lists";
const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";

fn by() -> Caller {
    Caller { user: "admin".to_owned(), now: Moment(1_000) }
}

fn path(text: &str) -> PolicyPath {
    PolicyPath::parse(text).unwrap()
}

/// Two engines on one file, as two processes have them.
fn two() -> (TempDir, [Engine; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let open = || Engine::open(&folder.path().join("engine.db"), Moment(1)).unwrap();
    let engines = [open(), open()];
    (folder, engines)
}

/// What the engine has in memory is what its store holds.
fn is_in_step(engine: &Engine) {
    let declared = engine.declared().unwrap();
    let stored = engine.all(Reveal::Public).unwrap();
    assert_eq!(declared.all().len(), stored.len());
    for object in &stored {
        let shown = declared.get(object.path()).unwrap();
        assert_eq!(shown.document().as_ref(), object.to_stored());
        let (parent, name) = object.path().as_str().rsplit_once('/').unwrap().0.rsplit_once('/').unwrap();
        let collection = declared.collection(parent, name).unwrap();
        assert_eq!(collection.beyond(None, false).filter(|it| it.path() == object.path()).count(), 1);
    }
    drop(declared);
    assert!(engine.declared_at_once().is_some());
}

#[test]
fn what_another_has_written_is_seen_at_once() {
    let (_folder, [one, other]) = two();
    let at = path(&format!("{LISTS}/a"));
    is_in_step(&one);
    let body = |action: &str| json!({ "prefixes": [{ "network": "ANY", "action": action }] });
    other.put(&at, body("PERMIT"), &by()).unwrap();
    assert!(one.declared_at_once().is_none());
    assert!(one.declared().unwrap().get(&at).is_some());
    other.patch(&at, body("DENY"), &by()).unwrap();
    let document = one.declared().unwrap().get(&at).unwrap().document().clone();
    assert!(String::from_utf8(document.to_vec()).unwrap().contains("DENY"));
    other.delete(&at, Moment(1_000)).unwrap();
    assert!(one.declared().unwrap().get(&at).is_none());
    assert!(one.declared().unwrap().collection("/infra/tier-0s/vmc", "nothing").is_none());
}

#[test]
fn secrets_are_not_kept() {
    let (_folder, [one, _]) = two();
    let session = path(&format!("{SERVICE}/sessions/s"));
    let body = json!({
        "resource_type": "RouteBasedIPSecVpnSession", "peer_address": "198.51.100.7", "peer_id": "198.51.100.7",
        "psk": "hush hush", "local_endpoint_path": format!("{SERVICE}/local-endpoints/Public-IP1"),
        "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": ["169.254.31.2"], "prefix_length": 30 }] }],
    });
    one.put(&session, body, &by()).unwrap();
    let declared = one.declared().unwrap();
    assert!(!format!("{:?}", declared.get(&session).unwrap().document()).contains("hush"));
}

/// What somebody does to one of a few lists, through one of the two engines.
#[derive(Clone, Debug)]
enum Act {
    Patch(usize, u8, u8),
    Delete(usize, u8),
    Many(usize, u8),
    Settle(usize),
    Look(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..2_usize, 0..6_u8, any::<u8>()).prop_map(|(who, at, what)| Act::Patch(who, at, what)),
        2 => (0..2_usize, 0..6_u8).prop_map(|(who, at)| Act::Delete(who, at)),
        1 => (0..2_usize, any::<u8>()).prop_map(|(who, what)| Act::Many(who, what)),
        1 => (0..2_usize).prop_map(Act::Settle),
        3 => (0..2_usize).prop_map(Act::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever two processes write, settle and look at: what is in memory is what is stored.
    #[test]
    fn what_is_kept_is_what_is_stored(acts in proptest::collection::vec(act(), 1..30)) {
        let (_folder, engines) = two();
        let at = |number: u8| path(&format!("{LISTS}/{number}"));
        let body = |what: u8| {
            let name = if what.is_multiple_of(3) { format!("Name {what}") } else { format!("name {what}") };
            json!({ "display_name": name, "prefixes": [{ "network": "ANY", "action": "PERMIT" }] })
        };
        for act in acts {
            match act {
                Act::Patch(who, number, what) => drop(engines[who].patch(&at(number), body(what), &by()).unwrap()),
                Act::Delete(who, number) => drop(engines[who].delete(&at(number), by().now)),
                Act::Many(who, what) => {
                    let write = |number| Write { path: at(number), below: None, change: Change::Patch(body(what)) };
                    drop(engines[who].write_all((0..6).map(write).collect(), &by()).unwrap());
                }
                Act::Settle(who) => engines[who].course.settle(&engines[who], by().now).unwrap(),
                Act::Look(who) => is_in_step(&engines[who]),
            }
        }
        engines.iter().for_each(is_in_step);
    }
}
