//! What the functions give, and what they refuse, as Terraform calls them.

use std::net::IpAddr;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::engine::prefix_filter::{Entry, PrefixFilter, PrefixMatch};
use crate::model::{Network, PREFIX_LIST, read};
use crate::tf_provider::value::from_json;

/// The argument of type `ty` that this JSON is; of any type, an object or a list of what it holds.
fn argument(field: &Field, json: &serde_json::Value) -> Value {
    match argument_type(field) {
        Type::Dynamic => Value::Dynamic(Box::new((Type::Dynamic, of_any_type(json)))),
        ty => from_json(json, &ty).unwrap(),
    }
}

fn of_any_type(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => Value::from(number.as_i64().unwrap()),
        serde_json::Value::String(text) if text == "?" => Value::unknown(),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(of_any_type).collect()),
        serde_json::Value::Object(fields) => {
            Value::object(fields.iter().map(|(name, value)| (name.as_str(), of_any_type(value))))
        }
    }
}

fn called(name: &str, arguments: &serde_json::Value) -> Result<Value, FunctionError> {
    let declaration = DECLARATIONS.iter().find(|it| it.name == name).unwrap();
    let values = declaration.arguments.fields.iter().zip(arguments.as_array().unwrap());
    let values: Vec<_> = values.map(|(field, json)| argument(field, json)).collect();
    Declared(declaration).call(&values)
}

/// The answer of the function `name` as JSON.
fn give(name: &str, arguments: &serde_json::Value) -> serde_json::Value {
    let declaration = DECLARATIONS.iter().find(|it| it.name == name).unwrap();
    let answer = called(name, arguments).unwrap_or_else(|error| panic!("{name}{arguments}: {error}"));
    crate::tf_provider::value::to_json(&answer, &declaration.returns()).unwrap()
}

/// What is wrong with a call, and with which argument.
fn refusal(name: &str, arguments: &serde_json::Value) -> (String, Option<usize>) {
    let error = called(name, arguments).expect_err(&format!("{name}{arguments}"));
    (error.text, error.argument)
}

#[test]
fn declarations_are_what_the_protocol_can_say() {
    let mut names: Vec<_> = DECLARATIONS.iter().map(|it| it.name).collect();
    names.dedup();
    assert!(names.is_sorted() && names.len() == DECLARATIONS.len(), "in the order of their names");
    for it in DECLARATIONS {
        let fields = it.arguments.fields;
        let optional = fields.iter().filter(|field| field.presence != Presence::Required).count();
        assert!(optional <= 1, "{}: one argument can be left out", it.name);
        assert_eq!(it.required().chain(it.optional()).count(), fields.len(), "{}", it.name);
        assert!(it.required().zip(fields).all(|(one, other)| one.name == other.name), "{}: the last one", it.name);
        assert!(fields.iter().all(|field| !field.doc.is_empty()), "{}", it.name);
        assert!(!it.summary.ends_with('.') && it.doc.ends_with('.'), "{}", it.name);
    }
}

#[test]
fn as_numbers_have_two_spellings() {
    for (plain, dot) in [("65006", "65006"), ("65546", "1.10"), ("4200000000", "64086.59904")] {
        for text in [plain, dot] {
            assert_eq!(give("asn_plain", &json!([text])), json!(plain));
            assert_eq!(give("asn_dot", &json!([text])), json!(dot));
        }
    }
    let (text, argument) = refusal("asn_dot", &json!(["0"]));
    assert!(text.contains("\"0\" is not an AS number") && text.contains("RFC 7607"), "{text}");
    assert_eq!(argument, Some(0));
    assert!(!refusal("asn_plain", &json!(["65536.1"])).0.ends_with('.'), "Terraform puts the full stop");
}

#[test]
fn communities_have_names_and_numbers() {
    let known = json!({
        "community": "65535:65281", "parts": [65535, 65281], "number": 4_294_967_041_u32, "name": "NO_EXPORT",
        "large": false,
    });
    for text in ["no-export", "NO_EXPORT", "65535:65281", "4294967041"] {
        assert_eq!(give("bgp_community", &json!([text])), known);
    }
    let large = give("bgp_community", &json!(["4200000000:1:2"]));
    assert_eq!(
        (&large["large"], &large["number"], &large["parts"]),
        (&json!(true), &json!(null), &json!([4_200_000_000_u32, 1, 2]))
    );
    let (text, argument) = refusal("bgp_community", &json!(["4200000000:1"]));
    assert!(text.contains("use a large community"), "{text}");
    assert_eq!(argument, Some(0));
}

#[test]
fn a_tunnel_has_two_ends() {
    let pair = give("tunnel_pair", &json!(["169.254.31.2/30"]));
    let ends = json!({
        "network": "169.254.31.0/30", "prefix_length": 30, "first": "169.254.31.1", "second": "169.254.31.2",
    });
    assert_eq!(pair, ends);
    assert_eq!(give("tunnel_pair", &json!(["2001:db8::/127"]))["first"], "2001:db8::");
    for (network, says) in [
        ("169.254.31.0/29", "no network of two ends"),
        ("127.0.0.0/30", "a loopback address"),
        ("169.254.31.1", "has no prefix length"),
        ("224.0.0.0/31", "a multicast address"),
    ] {
        let (text, argument) = refusal("tunnel_pair", &json!([network]));
        assert!(text.contains(says), "{network}: {text}");
        assert_eq!(argument, Some(0));
    }
}

#[test]
fn a_path_is_taken_apart_and_put_together() {
    let session = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/a";
    let parts = json!({
        "path": session, "id": "a", "collection": "sessions",
        "parent_path": "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default",
        "gateway_path": "/infra/tier-0s/vmc", "gateway_id": "vmc", "locale_service_id": "default",
        "vpn_service_id": "default", "resources": ["vpn_route_based_session", "vpn_policy_based_session"],
    });
    for path in [session, "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/a"] {
        assert_eq!(give("policy_path_parse", &json!([path])), parts);
    }
    let group = give("policy_path_parse", &json!(["/infra/domains/default/groups/g"]));
    assert_eq!((&group["id"], &group["gateway_path"], &group["resources"]), (&json!("g"), &json!(null), &json!([])));
    for (base, more) in [
        ("/infra", json!(["tier-0s", "vmc", "ipsec-vpn-services", "default", "sessions", "a"])),
        ("/infra/tier-0s/vmc/ipsec-vpn-services/default", json!(["sessions", "a"])),
    ] {
        assert_eq!(give("policy_path_join", &json!([base, more])), json!(session));
    }
    for (name, arguments, says, argument) in [
        ("policy_path_parse", json!(["/orgs/a"]), "does not start with /infra/", 0),
        ("policy_path_parse", json!(["/infra//a"]), "has an empty part", 0),
        ("policy_path_join", json!(["infra", ["a"]]), "does not start with /infra/", 0),
        ("policy_path_join", json!(["/infra", ["a/b"]]), "holds '/'", 1),
        ("policy_path_join", json!(["/infra", ["a", ".."]]), "cannot be an identifier", 1),
        ("policy_path_join", json!(["/infra", []]), "needs at least 1", 1),
    ] {
        let (text, at) = refusal(name, &arguments);
        assert!(text.contains(says), "{text}");
        assert_eq!(at, Some(argument), "{text}");
    }
}

#[test]
fn a_list_permits_what_the_engine_lets_pass() {
    let list = json!([{"network": "10.1.0.0/16", "action": "DENY", "le": 32}, {"network": "10.0.0.0/8", "le": 24}]);
    for (network, permitted) in [("10.2.0.0/16", true), ("10.1.2.0/24", false), ("10.2.0.1/25", false)] {
        assert_eq!(give("prefix_list_permits", &json!([list, network])), json!(permitted), "{network}");
    }
    let sizes = json!([[{"network": "10.0.0.0/8", "le": 26}], "10.1.2.3/32", "subnet_size"]);
    assert_eq!(give("prefix_list_permits", &sizes), json!(true));
    for (arguments, says, argument) in [
        (json!([[{"network": "10.0.0.0/8", "ge": 4}], "10.0.0.0/8"]), "prefixes[0].ge: ge 4 is shorter", 0),
        (json!([[{"network": "10.0.0.0/8", "el": 24}], "10.0.0.0/8"]), "prefixes[0].el: There is no field \"el\"", 0),
        (json!([[{"le": 24}], "10.0.0.0/8"]), "prefixes[0].network: network is missing", 0),
        (json!([[], "10.0.0.0/8"]), "needs at least 1", 0),
        (json!([{"network": "10.0.0.0/8"}, "10.0.0.0/8"]), "prefixes has the wrong type. Give a list", 0),
        (json!([["10.0.0.0/8"], "10.0.0.0/8"]), "is not an object", 0),
        (json!([list, "10.0.0.0"]), "has no prefix length", 1),
        (json!([list, "10.0.0.0/8", "sizes"]), "is not a value of prefix_match. Use mask_length or subnet_size", 2),
    ] {
        let (text, at) = refusal("prefix_list_permits", &arguments);
        assert!(text.contains(says), "{text}");
        assert_eq!(at, Some(argument), "{text}");
    }
}

#[test]
fn a_normal_list_is_spelled_in_one_way_and_has_no_idle_entries() {
    let list = json!([
        {"network": "10.1.2.3/8", "le": 24},
        {"network": "10.9.0.0/16"},
        {"network": "10.9.0.0/16", "action": "DENY", "le": 28},
        {"network": "any", "action": "DENY"},
        {"network": "2001:DB8::/32"},
    ]);
    let normal = json!([
        {"network": "10.0.0.0/8", "action": "PERMIT", "ge": null, "le": 24},
        {"network": "10.9.0.0/16", "action": "DENY", "ge": null, "le": 28},
        {"network": "ANY", "action": "DENY", "ge": null, "le": null},
    ]);
    assert_eq!(give("prefix_list_normalize", &json!([list])), normal);
    assert_eq!(give("prefix_list_normalize", &json!([normal])), normal);
}

/// Sizes measured elsewhere: `engine/esp/oracle` writes packets byte by byte.
#[test]
fn sizes_of_packets_are_those_of_the_engine() {
    let gcm = json!({});
    // IP header, ESP header, initialization vector, padding with its trailer, integrity check value.
    assert_eq!(give("esp_overhead", &json!([gcm, 1_400])), json!(20 + 8 + 8 + 4 + 16));
    assert_eq!(
        give("esp_overhead", &json!([gcm, 1_400, {"nat_traversal": true, "outer_ip_version": "IPV6"}])),
        json!(20 + 8 + 8 + 4 + 16 + 8 + 20)
    );
    let both = json!({"encryption_algorithms": ["AES_GCM_128", "AES_256"], "digest_algorithms": ["SHA2_512"]});
    let cbc = json!({"encryption_algorithms": ["AES_256"], "digest_algorithms": ["SHA2_512"]});
    assert_eq!(give("esp_overhead", &json!([both, 1_400])), give("esp_overhead", &json!([cbc, 1_400])), "the most");
    assert_eq!(give("effective_mss", &json!([both, 1_500])), give("effective_mss", &json!([cbc, 1_500])), "the least");
    let ipv6 = give("effective_mss", &json!([gcm, 1_500, {"inner_ip_version": "IPV6"}])).as_i64().unwrap();
    assert_eq!(give("effective_mss", &json!([gcm, 1_500])), json!(ipv6 + 20));
    for (name, arguments, says, argument) in [
        ("effective_mss", json!([gcm, 80]), "leave no room for a TCP segment", 1),
        ("effective_mss", json!([gcm, 67]), "mtu cannot be 67", 1),
        (
            "esp_overhead",
            json!([{"encryption_algorithms": ["DES"]}, 100]),
            "encryption_algorithms[0]: \"DES\" is not",
            0,
        ),
        (
            "esp_overhead",
            json!([{"encryption_algorithm": "AES_128"}, 100]),
            "There is no field \"encryption_algorithm\"",
            0,
        ),
        ("esp_overhead", json!([{"digest_algorithms": ["SHA1"]}, 100]), "takes no digest algorithm", 0),
        ("esp_overhead", json!([gcm, 100, {"inner_ip_version": "IPV6"}]), "There is no field \"inner_ip_version\"", 2),
    ] {
        let (text, at) = refusal(name, &arguments);
        assert!(text.contains(says), "{text}");
        assert_eq!(at, Some(argument), "{text}");
    }
}

#[test]
fn the_ends_of_a_session_agree_or_say_why_not() {
    let given = give("proposals_common", &json!([{}, {}]));
    assert_eq!(
        given,
        json!({
            "agree": true, "reason": null, "ike_version": "IKE_V2",
            "ike": {
                "encryption_algorithm": "AES_128", "digest_algorithm": "SHA2_256", "prf_algorithm": "SHA2_256",
                "dh_group": "GROUP14",
            },
            "esp": {"encryption_algorithm": "AES_GCM_128", "digest_algorithm": null, "dh_group": "GROUP14"},
        })
    );
    let groups = |groups: &[&str]| json!({"ike_profile": {"dh_groups": groups}});
    // IKE_FLEX begins with version 2, and answers both.
    let version = |version: &str| json!({"ike_profile": {"ike_version": version}});
    let begun = |by: &str| {
        give("proposals_common", &json!([version("IKE_FLEX"), version("IKE_V1"), by]))["ike_version"].clone()
    };
    assert_eq!((begun("GATEWAY"), begun("PEER")), (json!(null), json!("IKE_V1")));
    for (peer, says) in [
        (json!({"ike_profile": {"ike_version": "IKE_V1"}}), "No common IKE version"),
        (groups(&["GROUP20"]), "offered AES_128/SHA2_256/GROUP14, accepted AES_128/SHA2_256/GROUP20"),
        (json!({"tunnel_profile": {"encryption_algorithms": ["AES_256"]}}), "No tunnel proposal chosen"),
        (json!({"tunnel_profile": {"enable_perfect_forward_secrecy": false}}), "GROUP14 here, no group at the peer"),
    ] {
        let given = give("proposals_common", &json!([{}, peer]));
        assert_eq!((&given["agree"], &given["ike"], &given["esp"]), (&json!(false), &json!(null), &json!(null)));
        assert!(given["reason"].as_str().unwrap().contains(says), "{given}");
    }
    let (text, at) = refusal("proposals_common", &json!([{}, {"ike_profiles": {}}]));
    assert!(text.contains("There is no field \"ike_profiles\""), "{text}");
    assert_eq!(at, Some(1));
    let gcm = json!([{"ike_profile": {"ike_version": "IKE_V1", "encryption_algorithms": ["AES_GCM_128"]}}, {}]);
    assert!(refusal("proposals_common", &gcm).0.contains("gateway.ike_profile.ike_version"));
}

#[test]
fn what_does_not_count_may_be_unknown() {
    // A resource that is to be created.
    let planned = json!({"id": "?", "path": "?", "revision": "?", "tag": [], "encryption_algorithms": ["AES_GCM_128"]});
    assert_eq!(give("esp_overhead", &json!([planned, 1_400])), give("esp_overhead", &json!([{}, 1_400])));
    let unknown = json!([{"encryption_algorithms": "?"}, 1_400]);
    assert_eq!(called("esp_overhead", &unknown), Ok(Value::unknown()));
    assert_eq!(called("prefix_list_permits", &json!([[{"network": "?"}], "10.0.0.0/8"])), Ok(Value::unknown()));
    // What is known is checked all the same.
    let (text, _) = refusal("prefix_list_permits", &json!([[{"network": "?", "action": "ALLOW"}], "10.0.0.0/8"]));
    assert!(text.contains("\"ALLOW\" is not a value of action"), "{text}");
    assert_eq!(give("esp_overhead", &json!([{}, 1_400, null])), give("esp_overhead", &json!([{}, 1_400])));
}

/// An entry whose bounds the model takes.
fn entry() -> impl Strategy<Value = serde_json::Value> {
    let bounds = (8_u8..=20).prop_flat_map(|length| {
        let bound = proptest::option::of(length..=32);
        (Just(length), bound.clone(), bound)
    });
    (0_u32..8, bounds, any::<bool>()).prop_map(|(bits, (length, ge, le), permits)| {
        let network = Network::around(IpAddr::V4((0x0a00_0000 | bits << 17).into()), length).unwrap();
        let (ge, le) = match (ge, le) {
            (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other))),
            bounds => bounds,
        };
        json!({"network": network.to_string(), "ge": ge, "le": le, "action": if permits { "PERMIT" } else { "DENY" }})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A list and its normal form treat every route alike, and no entry can be left out of it
    /// that `deciding` would leave out of it again.
    #[test]
    fn what_never_decides_is_missed_by_no_route(
        prefixes in prop::collection::vec(entry(), 1..12),
        routes in prop::collection::vec((0_u32..16, 8_u8..=32), 32),
    ) {
        let filter = |prefixes: &serde_json::Value| {
            let list = read(&PREFIX_LIST, &Tree::from(json!({ "prefixes": prefixes })), None).tree;
            PrefixFilter::new(&Entry::all_of(&list).unwrap(), PrefixMatch::MaskLength)
        };
        let (before, normal) = (json!(prefixes), give("prefix_list_normalize", &json!([prefixes])));
        let (one, other) = (filter(&before), filter(&normal));
        for (bits, length) in routes {
            let route = Network::around(IpAddr::V4((0x0a00_0000 | bits << 16).into()), length).unwrap();
            prop_assert_eq!(one.judge(route).permits(), other.judge(route).permits(), "{}", route);
            let asked = give("prefix_list_permits", &json!([prefixes, route.to_string()]));
            prop_assert_eq!(asked, json!(one.judge(route).permits()));
        }
        prop_assert_eq!(give("prefix_list_normalize", &json!([normal])), normal);
    }
}
