//! Every attribute of every resource: changed, cleared, replaced.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::attributes::{self, Attribute, Group, live_trace};
use crate::samples;
use crate::taps;
use crate::terraform::Workspace;

/// The attributes and blocks that a user can set, as `type name`.
fn configurable(schemas: &Json) -> BTreeSet<String> {
    fn walk(kind: &str, block: &Json, before: &str, found: &mut BTreeSet<String>) {
        for (name, attribute) in block["attributes"].as_object().into_iter().flatten() {
            if attribute["optional"] == true || attribute["required"] == true {
                found.insert(format!("{kind} {before}{name}"));
            }
        }
        for (name, nested) in block["block_types"].as_object().into_iter().flatten() {
            found.insert(format!("{kind} {before}{name}"));
            walk(kind, &nested["block"], &format!("{before}{name}."), found);
        }
    }
    let mut found = BTreeSet::new();
    let ours = schemas["provider_schemas"].as_object().unwrap().values().next().unwrap();
    for (kind, schema) in ours["resource_schemas"].as_object().unwrap() {
        walk(kind.trim_start_matches("vpn_"), &schema["block"], "", &mut found);
    }
    found
}

#[test]
fn there_is_a_case_for_every_attribute() {
    let lab = Workspace::new();
    lab.configure("");
    let groups = [Group::policy(), Group::fabric(), Group::live_traces()];
    let of_groups = groups.iter().flat_map(|group| &group.cases).map(|case| format!("{} {}", case.kind, case.name));
    let refused = live_trace::REFUSED.iter().map(|name| format!("live_trace {name}"));
    let of_neutron = taps::CASES.iter().map(|(kind, name, ..)| format!("{kind} {name}"));
    let cases: BTreeSet<_> = of_groups.chain(refused).chain(of_neutron).collect();
    let known = configurable(&lab.json(&["providers", "schema", "-json"]));
    assert_eq!(known.difference(&cases).collect::<Vec<_>>(), [""; 0], "without a case");
    assert_eq!(cases.difference(&known).collect::<Vec<_>>(), [""; 0], "without an attribute");
}

/// What changes in a planned change: the names of top-level attributes.
fn changing(change: &Json) -> BTreeSet<String> {
    let is_unknown = |name: &str| change["after_unknown"][name] == true;
    let names = change["before"].as_object().into_iter().chain(change["after"].as_object()).flat_map(|it| it.keys());
    names.filter(|name| is_unknown(name) || change["before"][name] != change["after"][name]).cloned().collect()
}

/// Checks that the plan changes each case in place, and nothing else of it, or
/// replaces it, as its attribute requires.
fn plans_only_that(lab: &Workspace, cases: &[Attribute]) {
    let plan = lab.planned();
    let changes = plan["resource_changes"].as_array().unwrap();
    let mut failures = Vec::new();
    for case in cases {
        let change = &changes.iter().find(|it| it["address"] == case.address()).unwrap()["change"];
        let (actions, expected) =
            (&change["actions"], if case.replaces { json!(["delete", "create"]) } else { json!(["update"]) });
        if *actions != expected {
            failures.push(format!("{}: {actions}, not {expected}", case.address()));
        }
        let first = case.name.split('.').next().unwrap();
        let mut expected: BTreeSet<_> = case.also.iter().chain(&[first]).map(|name| (*name).to_owned()).collect();
        expected.extend(["revision", "last_modified_time", "last_modified_user"].map(str::to_owned));
        if !case.replaces && changing(change) != expected {
            failures.push(format!("{}: changes {:?}", case.address(), changing(change)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Declares each of the cases in its three ways, one after the other.
fn are_changed_and_cleared(group: &Group) {
    let lab = Workspace::new();
    group.prepare(&lab);
    let before = lab.paths();
    lab.configure(&group.declared(|case| case.body(0))).apply();
    lab.plan_is_empty();
    attributes::holds(&lab, &group.cases, 0);

    lab.configure(&group.declared(|case| case.body(1)));
    plans_only_that(&lab, &group.cases);
    lab.run(&["apply", "-input=false", "plan.bin"]).succeeded();
    lab.plan_is_empty();
    attributes::holds(&lab, &group.cases, 1);

    lab.configure(&group.declared(|case| case.body(2))).apply();
    lab.plan_is_empty();
    attributes::holds(&lab, &group.cases, 2);

    lab.destroy();
    assert_eq!(lab.paths(), before);
}

#[test]
fn every_attribute_can_be_changed_and_cleared() {
    are_changed_and_cleared(&Group::policy());
}

#[test]
fn every_attribute_of_the_fabric_can_be_changed_and_cleared() {
    are_changed_and_cleared(&Group::fabric());
}

#[test]
fn every_attribute_of_a_live_trace_can_be_changed_and_cleared() {
    are_changed_and_cleared(&Group::live_traces());
}

#[test]
fn what_no_live_trace_can_sample_is_refused_with_its_attribute() {
    let lab = Workspace::new();
    for name in live_trace::REFUSED {
        lab.configure(&live_trace::refused(name));
        let (code, complaints) = lab.complaints(&["validate", "-json"]);
        let errors: Vec<_> = complaints.iter().filter(|it| it.severity == "error").collect();
        let [error] = errors[..] else { panic!("{name}: {complaints:?}") };
        // Counting takes none at all.
        let is_counted = name.starts_with("actions.counter_config");
        let attribute = if is_counted { "sampling" } else { name.rsplit('.').next().unwrap() };
        assert_eq!(code, 1, "{name}");
        assert!(lab.line(error.line).trim_start().starts_with(attribute), "{name}: {error:?}");
        assert!(error.summary.contains("takes no"), "{name}: {error:?}");
    }
}

/// Five rules; one more goes between the second and the third.
fn rules(ids: &[u8]) -> String {
    let rule =
        |id: &u8| format!("rule {{\nid = \"r{id}\"\nsources = [\"10.{id}.0.0/16\"]\nsequence_number = {id}\n}}\n");
    samples::resource("policy_based_session", "s", &format!("id = \"s\"\n{}", ids.iter().map(rule).collect::<String>()))
}

#[test]
fn a_rule_in_the_middle_changes_only_itself() {
    let lab = Workspace::new();
    lab.configure(&rules(&[10, 20, 30, 40, 50])).apply();
    let changed_rules = |ids: &[u8]| {
        lab.configure(&rules(ids));
        let change = lab.planned()["resource_changes"][0]["change"].clone();
        assert_eq!(change["actions"], json!(["update"]));
        let [before, after] = ["before", "after"].map(|side| change[side]["rule"].as_array().unwrap().clone());
        assert!(!change["after_unknown"]["rule"].to_string().contains("true"), "{}", change["after_unknown"]["rule"]);
        let only = |one: &[Json], other: &[Json]| {
            one.iter().filter(|rule| !other.contains(rule)).map(|rule| rule["id"].clone()).collect::<Vec<_>>()
        };
        (only(&before, &after), only(&after, &before))
    };
    assert_eq!(changed_rules(&[10, 20, 25, 30, 40, 50]), (vec![], vec![json!("r25")]));
    lab.apply();
    assert_eq!(changed_rules(&[10, 20, 25, 40, 50]), (vec![json!("r30")], vec![]));
    lab.apply();
    lab.plan_is_empty();
    let held = lab.object(&samples::sample("policy_based_session").collection.replace("sessions", "sessions/s"));
    let ids: Vec<_> = held["rules"].as_array().unwrap().iter().map(|rule| rule["id"].clone()).collect();
    assert_eq!(ids, ["r10", "r20", "r25", "r40", "r50"]);
}

#[test]
fn a_session_of_the_other_type_takes_the_place_of_one_with_the_same_id() {
    let lab = Workspace::new();
    let of = |kind: &str| samples::resource(kind, "s", "id = \"s\"");
    for kind in ["policy_based_session", "route_based_session", "policy_based_session"] {
        lab.configure(&of(kind)).apply();
        lab.plan_is_empty();
        let type_there = lab.object(&format!("{}/s", samples::sample(kind).collection))["resource_type"].clone();
        assert_eq!(type_there.as_str().unwrap().starts_with("Route"), kind.starts_with("route"));
    }
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}
