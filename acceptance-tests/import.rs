//! Objects that exist already come under Terraform's management.

use std::fmt::Write;
use std::fs;

use serde_json::Value as Json;

use crate::attributes::Group;
use crate::samples::{self, SAMPLES};
use crate::terraform::Workspace;

fn block(to: &str, id: &str) -> String {
    format!("import {{\n  to = {to}\n  id = {id:?}\n}}\n")
}

/// An import block for every resource in the state of `owner`.
fn blocks_for_all(owner: &Workspace) -> String {
    let state = owner.json(&["show", "-json"]);
    let resources = state["values"]["root_module"]["resources"].as_array().unwrap();
    let word = |json: &Json| json.as_str().unwrap().to_owned();
    resources.iter().map(|it| block(&word(&it["address"]), &word(&it["values"]["path"]))).collect()
}

fn nothing_is_to_be_done_after_an_import(group: &Group) {
    let owner = Workspace::new();
    group.prepare(&owner);
    for way in [0, 1] {
        let hcl = group.declared(|case| case.body(way));
        owner.configure(&hcl).apply();
        let lab = Workspace::beside(&owner);
        lab.configure(&[hcl, blocks_for_all(&owner)].concat());
        assert_eq!(lab.changes(), [""; 0], "way {way}");
    }
}

#[test]
fn after_an_import_the_plan_is_empty_whatever_was_set() {
    nothing_is_to_be_done_after_an_import(&Group::policy());
}

#[test]
fn after_an_import_of_a_fabric_the_plan_is_empty_whatever_was_set() {
    nothing_is_to_be_done_after_an_import(&Group::fabric());
}

#[test]
fn after_an_import_of_live_traces_the_plan_is_empty_whatever_was_set() {
    // Whether an apply waits, only Terraform knows.
    nothing_is_to_be_done_after_an_import(&Group::live_traces().retaining(|case| case.name != "wait_for_completion"));
}

/// The ids by which the object `a` of a kind may be imported, besides its path.
fn forms(kind: &str) -> Vec<String> {
    let id = samples::sample(kind).id("a");
    let forms: &[&str] = match kind {
        "ike_profile" | "tunnel_profile" | "dpd_profile" | "simulated_peer" | "simulated_flow" => &["ID"],
        "prefix_list" => &["ID", "vmc/ID"],
        "bgp_neighbor" => &["ID", "vmc/default/ID"],
        "local_endpoint" => {
            &["ID", "vmc/default/default/ID", "/infra/tier-0s/vmc/ipsec-vpn-services/default/local-endpoints/ID"]
        }
        "route_based_session" | "policy_based_session" => {
            &["ID", "vmc/default/default/ID", "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/ID"]
        }
        "segment" => &["ID", "cgw/ID"],
        "segment_port" => &["cgw/home/ID"],
        other => panic!("no forms for {other}"),
    };
    forms.iter().map(|form| form.replace("ID", &id)).chain([samples::sample(kind).path("a")]).collect()
}

#[test]
fn an_object_is_imported_by_its_path_its_id_and_the_ids_along_the_path() {
    let owner = Workspace::new();
    owner.configure(&samples::all("a", "")).apply();
    let rounds = SAMPLES.iter().map(|sample| forms(sample.kind).len()).max().unwrap();
    for round in 0..rounds {
        let lab = Workspace::beside(&owner);
        let mut hcl = samples::all("a", "") + &block("vpn_segment.home", "home");
        for sample in &SAMPLES {
            let forms = forms(sample.kind);
            hcl += &block(&sample.address(), &forms[round.min(forms.len() - 1)]);
        }
        assert_eq!(lab.configure(&hcl).changes(), [""; 0], "round {round}");
    }
    // The same ids serve the command.
    let lab = Workspace::beside(&owner);
    lab.configure(&samples::all("a", ""));
    for (address, id) in [
        ("vpn_bgp_neighbor.x", "vmc/default/a-bgp_neighbor"),
        ("vpn_route_based_session.x", "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/a-route_based_session"),
    ] {
        lab.run(&["import", "-input=false", address, id]).succeeded();
        let found = lab.state(address)["path"].as_str().unwrap().to_owned();
        assert!(lab.paths().contains(&found), "{found}");
    }
}

#[test]
fn what_cannot_be_imported_is_said_with_what_can() {
    let lab = Workspace::new();
    lab.configure(&(samples::HOME.to_owned() + &samples::resource("policy_based_session", "s", "id = \"s\""))).apply();
    let path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/s";
    for (kind, id, words) in [
        ("ike_profile", "none", &["does not exist", "/infra/ipsec-vpn-ike-profiles/none"][..]),
        (
            "ike_profile",
            "/infra/ipsec-vpn-ike-profiles/none",
            &["does not exist", "/infra/ipsec-vpn-ike-profiles/none"],
        ),
        ("ike_profile", "NSX-default-l3vpn-ike-profile", &["does not exist"]),
        (
            "ike_profile",
            "a/b",
            &["names no object", "the policy path: /infra/ipsec-vpn-ike-profiles/ID", "the bare id"],
        ),
        (
            "ike_profile",
            "/infra/ipsec-vpn-tunnel-profiles/x",
            &["is not the path of an IKE profile", "/infra/ipsec-vpn-ike-profiles/ID"],
        ),
        ("ike_profile", "/infra/", &["names no object"]),
        (
            "ike_profile",
            "/orgs/default/projects/p/infra/ipsec-vpn-ike-profiles/x",
            &["names no object", "/infra/ipsec-vpn-ike-profiles/ID"],
        ),
        ("ike_profile", "a?b", &["names no object"]),
        ("ike_profile", " ", &["names no object"]),
        ("prefix_list", "vmc/default/x", &["names no object", "TIER-0/PREFIX-LIST"]),
        ("bgp_neighbor", "vmc/x", &["names no object", "TIER-0/LOCALE-SERVICE/NEIGHBOR"]),
        ("bgp_neighbor", "vmc//x", &["names no object"]),
        ("segment_port", "port", &["names no object", "TIER-1/SEGMENT/PORT"]),
        ("segment_port", "cgw/home/none", &["does not exist", "/infra/tier-1s/cgw/segments/home/ports/none"]),
        ("route_based_session", "s", &["is a policy-based VPN session", "vpn_policy_based_session"]),
        ("route_based_session", path, &["is a policy-based VPN session", "vpn_policy_based_session"]),
    ] {
        let reader = Workspace::beside(&lab);
        reader.configure(&samples::resource(kind, "x", "")).write("home.tf", samples::HOME);
        let said = reader.run(&["import", "-input=false", &format!("vpn_{kind}.x"), id]);
        assert_eq!(said.code, 1, "{kind} {id:?}: {}", said.text);
        said.mentions(words);
    }
}

#[test]
fn what_the_system_owns_is_imported_and_stays_as_it_is() {
    let lab = Workspace::new();
    let hcl = "resource \"vpn_dpd_profile\" \"d\" { id = \"nsx-default-l3vpn-dpd-profile\" }\n\
               resource \"vpn_ike_profile\" \"i\" { id = \"nsx-default-l3vpn-ike-profile\" }\n\
               resource \"vpn_local_endpoint\" \"p\" {\n  id = \"Private-IP1\"\n  display_name = \"Private IP1\"\n  local_address = \"10.73.118.66\"\n}\n";
    // It cannot be created: it is there.
    let said = lab.configure(hcl).plan_is_refused();
    said.mentions(&["owned by the system", "nsx-default-l3vpn-dpd-profile", "the data source vpn_dpd_profile"]);
    let imports = [
        block("vpn_dpd_profile.d", "nsx-default-l3vpn-dpd-profile"),
        block("vpn_ike_profile.i", "/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile"),
        block("vpn_local_endpoint.p", "Private-IP1"),
    ];
    lab.configure(&[hcl, &imports.concat()].concat()).apply();
    lab.configure(hcl).plan_is_empty();
    // It cannot be changed, deleted or replaced either, and the plan knows.
    let change = hcl.replace(
        "{ id = \"nsx-default-l3vpn-dpd-profile\" }",
        "{\n  id = \"nsx-default-l3vpn-dpd-profile\"\n  retry_count = 3\n}",
    );
    lab.configure(&change).plan_is_refused().mentions(&["owned by the system", "terraform state rm"]);
    let change = hcl.replace("local_address = \"10.73.118.66\"", "local_address = \"10.73.118.67\"");
    let said = lab.configure(&change).plan_is_refused();
    said.mentions(&["owned by the system", "local-endpoints/Private-IP1 belongs to the system"]);
    lab.configure(hcl);
    for arguments in [
        &["plan", "-destroy", "-input=false"][..],
        &["plan", "-input=false", "-replace=vpn_dpd_profile.d"],
        &["destroy", "-auto-approve", "-input=false"],
    ] {
        let said = lab.run(arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {}", said.text);
        said.mentions(&["owned by the system", "nsx-default-l3vpn-dpd-profile"]);
    }
    lab.configure("").plan_is_refused().mentions(&["owned by the system"]);
    lab.run(&["state", "rm", "vpn_dpd_profile.d", "vpn_ike_profile.i", "vpn_local_endpoint.p"]).succeeded();
    lab.plan_is_empty();
    assert_eq!(lab.paths(), [""; 0]);
    for (kind, id, address) in [
        ("dpd_profile", "nsx-default-l3vpn-dpd-profile", Json::Null),
        ("local_endpoint", "Private-IP1", "10.73.118.66".into()),
    ] {
        let object = lab.object(&format!("{}/{id}", samples::sample(kind).collection));
        assert_eq!((&object["_revision"], &object["local_address"]), (&0.into(), &address), "{id}");
    }
}

#[test]
fn a_secret_is_imported_and_can_be_changed_afterwards() {
    let owner = Workspace::new();
    let hcl = |psk: &str, password: &str| {
        samples::resource("policy_based_session", "x", &format!("id = \"s\"\npsk = {psk:?}"))
            + &samples::resource("bgp_neighbor", "x", &format!("id = \"n\"\npassword = {password:?}"))
            + &samples::resource(
                "simulated_peer",
                "x",
                &format!("id = \"p\"\npsk = {psk:?}\nbgp {{\npassword = {password:?}\n}}"),
            )
    };
    owner.configure(&hcl("key-of-theirs", "word-of-theirs")).apply();
    let imports = block("vpn_policy_based_session.x", "s")
        + &block("vpn_bgp_neighbor.x", "n")
        + &block("vpn_simulated_peer.x", "p");
    let lab = Workspace::beside(&owner);
    lab.configure(&(hcl("key-of-theirs", "word-of-theirs") + &imports));
    assert_eq!(lab.changes(), [""; 0]);
    lab.apply();
    lab.configure(&hcl("another-key", "another-word"));
    let changed = ["vpn_bgp_neighbor.x", "vpn_policy_based_session.x", "vpn_simulated_peer.x"].map(str::to_owned);
    lab.plan_is_empty_but_for(&changed, &["update"]);
    lab.apply();
    lab.plan_is_empty();
    let session = samples::sample("policy_based_session").collection;
    assert_eq!(lab.object(&format!("{session}/s"))["psk"], "another-key");
    assert_eq!(lab.object("/infra/simulated-peers/p")["bgp"]["password"], "another-word");
    // A change of something else leaves them alone.
    let more = hcl("another-key", "another-word").replace("id = \"s\"", "id = \"s\"\nenabled = false");
    lab.configure(&more).apply();
    assert_eq!(lab.object(&format!("{session}/s"))["psk"], "another-key");
    assert_eq!(lab.object(&format!("{session}/s"))["enabled"], false);
}

/// What only the id of a block tells from its default.
const IDS_OF_BLOCKS: [&str; 2] = ["tunnel_interface.id", "rule.display_name"];

fn is_deprecated(attribute: &str) -> bool {
    ["in_route_filters", "out_route_filters", "force_whitelisting"].contains(&attribute)
}

#[test]
fn the_configuration_that_terraform_generates_is_right_but_for_secrets() {
    let owner = Workspace::new();
    // Older ones write no id, not even that of a block.
    let writes_ids = owner.terraform_is_at_least(1, 11);
    let is_written = |name: &str| !is_deprecated(name) && (writes_ids || !IDS_OF_BLOCKS.contains(&name));
    let group = Group::policy().retaining(|case| !case.replaces && is_written(&case.name));
    owner.configure(&group.declared(|case| case.body(0))).apply();
    let lab = Workspace::beside(&owner);
    lab.configure(&blocks_for_all(&owner));
    lab.run(&["plan", "-input=false", "-generate-config-out=generated.tf"]);
    let generated = fs::read_to_string(lab.folder().join("generated.tf")).unwrap();
    // Terraform writes no secret; without it, the plan says what is missing, and
    // nothing else. It writes nothing that is deprecated either.
    let (_, complaints) = lab.complaints(&["plan", "-json"]);
    for complaint in complaints.iter().filter(|it| it.severity == "error") {
        let of_a_key = ["psk is missing", "The peer has nothing to prove itself with"];
        assert!(of_a_key.contains(&complaint.summary.as_str()), "{complaint:#?}");
    }
    let state = owner.json(&["show", "-json"]);
    let resources = state["values"]["root_module"]["resources"].as_array().unwrap();
    let (mut with_secrets, mut values) = (String::new(), &Json::Null);
    for line in generated.lines() {
        if let Some(labels) = line.strip_prefix("resource ") {
            let address = labels.trim_end_matches(" {").replace("\" \"", ".").replace('"', "");
            values = &resources.iter().find(|it| it["address"] == address).unwrap()["values"];
        }
        let secret = ["psk", "password"].into_iter().find(|name| line.trim_start().starts_with(&format!("{name} ")));
        // That of a simulated peer's speaker stands in its block.
        let held = |name: &str| values.get(name).unwrap_or(&values["bgp"][name]).clone();
        let line = secret.map_or_else(|| line.to_owned(), |name| format!("{name} = {}", held(name)));
        let _ = writeln!(with_secrets, "{line}");
    }
    lab.write("generated.tf", &with_secrets);
    assert_eq!(lab.changes(), [""; 0]);
}
