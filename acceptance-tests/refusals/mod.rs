//! What is refused before anything is written, and how it is said.

mod profiles;
mod routing;
mod segments;
mod sessions;
mod simulation;

use crate::attributes::OTHERS;
use crate::samples;
use crate::terraform::{Complaint, Workspace};

/// A declaration that is refused. The offending line of the block ends in `# !`;
/// where nothing is there to offend, the line of the resource itself does, and
/// where the line holds a secret, which must not be shown: that one ends in
/// `# secret`.
pub struct Wrong {
    /// The resource type without `vpn_`.
    pub kind: &'static str,
    /// What stands in the block; what the kind needs besides is added.
    pub body: &'static str,
    /// Words of the refusal: what is wrong.
    what: &'static str,
    /// Words of the refusal: what to do about it.
    hint: &'static str,
}

const fn wrong(kind: &'static str, body: &'static str, what: &'static str, hint: &'static str) -> Wrong {
    Wrong { kind, body, what, hint }
}

/// The resource `name` with `body`. Where no line of the body is marked, its own
/// is.
pub fn declared(kind: &str, name: &str, body: &str) -> String {
    let hcl = samples::resource(kind, name, body);
    if body.contains("# !") { hcl } else { hcl.replacen('{', "{ # !", 1) }
}

/// The resources `r0`, `r1` and so on.
fn all_declared(all: &[&Wrong]) -> String {
    let each = |(position, wrong): (usize, &&Wrong)| declared(wrong.kind, &format!("r{position}"), wrong.body);
    all.iter().enumerate().map(each).collect()
}

/// Checks that each of `all` is refused, by what `complaints` say: with its words,
/// at its line, with a hint.
pub fn each_is_refused(lab: &Workspace, all: &[&Wrong], complaints: &[Complaint]) {
    let mut failures = Vec::new();
    for (position, wrong) in all.iter().enumerate() {
        let address = format!("vpn_{}.r{position}", wrong.kind);
        let about: Vec<_> = complaints
            .iter()
            .filter(|it| it.address == address || it.address.is_empty() && lab.is_in(it.line, &address))
            .collect();
        let found = about.iter().find(|it| {
            let text = format!("{} {}", it.summary, it.detail);
            it.severity == "error" && text.contains(wrong.what) && text.contains(wrong.hint)
        });
        match found {
            None => failures.push(format!(
                "{address} ({:?}) was not refused with {:?} and {:?}, but {about:#?}",
                wrong.body, wrong.what, wrong.hint
            )),
            Some(found) if !lab.line(found.line).ends_with("# !") => failures.push(format!(
                "{address} ({:?}): the complaint points at line {} ({:?})",
                wrong.body,
                found.line,
                lab.line(found.line)
            )),
            Some(found) if found.detail.trim().is_empty() => failures.push(format!("{address}: no hint")),
            Some(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Everything that a look at the configuration alone can refuse.
pub fn refused_at_once() -> Vec<&'static Wrong> {
    [profiles::ALL, routing::ALL, sessions::ALL, segments::ALL, simulation::ALL].into_iter().flatten().collect()
}

#[test]
fn what_the_configuration_alone_shows_is_refused_by_validate_and_by_plan() {
    let lab = Workspace::new();
    let all = refused_at_once();
    lab.configure(&[&all_declared(&all), OTHERS].concat());
    for command in ["validate", "plan"] {
        let (code, complaints) = lab.complaints(&[command, "-json"]);
        assert_eq!(code, 1, "{command}");
        each_is_refused(&lab, &all, &complaints);
        let wrong = complaints.iter().filter(|it| it.severity == "error");
        let one_each: std::collections::BTreeSet<_> = wrong.map(|it| it.address.clone()).collect();
        assert!(!lab.engine().exists() || lab.paths().is_empty(), "{command} wrote something: {one_each:?}");
    }
}

/// What only a look at what is there can refuse.
const REFUSED_BY_PLAN: &[Wrong] = &[
    wrong(
        "policy_based_session",
        "ike_profile_path = \"/infra/ipsec-vpn-ike-profiles/none\" # !",
        "/infra/ipsec-vpn-ike-profiles/none does not exist",
        "vpn_ike_profile.NAME.path",
    ),
    wrong(
        "policy_based_session",
        "tunnel_profile_path = \"/infra/ipsec-vpn-tunnel-profiles/none\" # !",
        "/infra/ipsec-vpn-tunnel-profiles/none does not exist",
        "refer to it as vpn_tunnel_profile.NAME.path",
    ),
    wrong(
        "route_based_session",
        "dpd_profile_path = \"/infra/ipsec-vpn-dpd-profiles/none\" # !",
        "/infra/ipsec-vpn-dpd-profiles/none does not exist",
        "refer to it as vpn_dpd_profile.NAME.path",
    ),
    wrong(
        "route_based_session",
        "local_endpoint_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/none\" # !",
        "local-endpoints/none does not exist",
        "data.vpn_local_endpoint.NAME.path. The ids of the system's endpoints are Private-IP1 and Public-IP1",
    ),
    wrong(
        "route_based_session",
        "-psk\nauthentication_mode = \"CERTIFICATE\"\nlocal_endpoint_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1\" # !",
        "no certificate",
        "certificate_path",
    ),
    wrong(
        "bgp_neighbor",
        "route_filtering {\nin_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/none\"] # !\n}",
        "/infra/tier-0s/vmc/prefix-lists/none does not exist",
        "data.vpn_prefix_list.NAME.path",
    ),
    wrong(
        "bgp_neighbor",
        "in_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/none\"] # !",
        "/infra/tier-0s/vmc/prefix-lists/none does not exist",
        "vpn_prefix_list.NAME.path",
    ),
    wrong(
        "bgp_neighbor",
        "route_filtering {\nin_route_filters = [] \nout_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/none\"] # !\n}",
        "/infra/tier-0s/vmc/prefix-lists/none does not exist",
        "vpn_prefix_list.NAME.path",
    ),
    wrong(
        "simulated_peer",
        "bgp {\nout_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/none\"] # !\n}",
        "/infra/tier-0s/vmc/prefix-lists/none does not exist",
        "vpn_prefix_list.NAME.path",
    ),
    wrong(
        "bgp_neighbor",
        "bgp_path = \"/infra/tier-0s/none/locale-services/default/bgp\" # !",
        "/infra/tier-0s/none/locale-services/default/bgp does not exist",
        "from the start, /infra/tier-0s/vmc/locale-services/default/bgp.",
    ),
    wrong(
        "prefix_list",
        "gateway_path = \"/infra/tier-0s/none\" # !",
        "/infra/tier-0s/none does not exist",
        "from the start, /infra/tier-0s/vmc.",
    ),
    wrong(
        "local_endpoint",
        "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/none\" # !",
        "ipsec-vpn-services/none does not exist",
        "from the start, /infra/tier-0s/vmc/ipsec-vpn-services/default.",
    ),
    wrong(
        "segment",
        "connectivity_path = \"/infra/tier-1s/none\" # !",
        "/infra/tier-1s/none does not exist",
        "from the start, /infra/tier-1s/cgw.",
    ),
    wrong(
        "segment_port",
        "segment_path = \"/infra/tier-1s/cgw/segments/none\" # !",
        "/infra/tier-1s/cgw/segments/none does not exist",
        "vpn_segment.NAME.path",
    ),
    wrong(
        "dpd_profile",
        "id = \"nsx-default-l3vpn-dpd-profile\" # !",
        "owned by the system",
        "data source vpn_dpd_profile",
    ),
    wrong("local_endpoint", "id = \"Public-IP1\" # !", "owned by the system", "data source vpn_local_endpoint"),
    wrong(
        "ike_profile",
        "id = \"theirs\" # !",
        "exists already",
        "terraform import vpn_ike_profile.NAME /infra/ipsec-vpn-ike-profiles/theirs",
    ),
    wrong(
        "ike_profile",
        "id = \"it's theirs\" # !",
        "exists already",
        r"terraform import vpn_ike_profile.NAME '/infra/ipsec-vpn-ike-profiles/it'\''s theirs'",
    ),
    wrong("ike_profile", "display_name = \"theirs\"", "exists already", "choose another id"),
];

#[test]
fn what_does_not_fit_what_is_there_is_refused_by_plan() {
    let lab = Workspace::new();
    let theirs = ["/infra/ipsec-vpn-ike-profiles/it's theirs", "/infra/ipsec-vpn-ike-profiles/theirs"];
    theirs.iter().for_each(|path| lab.patch(path, serde_json::json!({ "sa_life_time": 30_000 })));
    let all: Vec<_> = REFUSED_BY_PLAN.iter().collect();
    // The last one is refused on its own: two of a path are refused as such.
    let (last, others) = all.split_last().unwrap();
    for all in [others, &[*last]] {
        lab.configure(&all_declared(all));
        let (code, complaints) = lab.complaints(&["plan", "-json"]);
        assert_eq!(code, 1);
        each_is_refused(&lab, all, &complaints);
        assert_eq!(lab.paths(), theirs);
    }
    theirs.iter().for_each(|path| assert_eq!(lab.object(path)["_revision"], 0));
}

#[test]
fn what_should_no_longer_be_used_is_warned_of() {
    let lab = Workspace::new();
    let deprecated = [
        wrong(
            "route_based_session",
            "force_whitelisting = false # !",
            "force_whitelisting is deprecated",
            "firewall rule",
        ),
        wrong(
            "bgp_neighbor",
            "in_route_filters = [vpn_prefix_list.other.path] # !",
            "in_route_filters is deprecated",
            "route_filtering",
        ),
    ];
    let deprecated: Vec<_> = deprecated.iter().collect();
    lab.configure(&(all_declared(&deprecated) + OTHERS));
    let (code, mut complaints) = lab.complaints(&["validate", "-json"]);
    assert_eq!(code, 0);
    assert!(complaints.iter().all(|it| it.severity == "warning"), "{complaints:#?}");
    complaints.iter_mut().for_each(|it| it.severity = "error".to_owned());
    each_is_refused(&lab, &deprecated, &complaints);
    // Nothing is said of what is not set.
    lab.configure(&(samples::resource("route_based_session", "s", "") + &samples::resource("bgp_neighbor", "n", "")));
    assert!(lab.complaints(&["validate", "-json"]).1.is_empty());
}

#[test]
fn an_engine_file_that_cannot_be_used_is_said_at_its_line() {
    let provider = |path: &str| {
        format!(
            "terraform {{\n  required_providers {{\n    vpn = {{ source = \"terraform-provider-vpn/vpn\" }}\n  }}\n}}\n\
             resource \"terraform_data\" \"x\" {{ input = \"a.db\" }}\n\
             provider \"vpn\" {{\n  embedded {{\n    path = {path}\n  }}\n}}\nresource \"vpn_ike_profile\" \"a\" {{ id = \"a\" }}\n"
        )
    };
    for (path, words) in [
        ("\"\"", &["The engine's file has no name"][..]),
        ("\"/none/engine.db\"", &["The engine's file cannot be used", "The folder /none does not exist"]),
        ("\"/\"", &["The engine's file cannot be used", "is a folder"]),
        ("\"~/engine.db\"", &["The engine's file cannot be used", "pathexpand(\"~/engine.db\")"]),
        ("terraform_data.x.output", &["The engine's file is not known yet"]),
    ] {
        let lab = Workspace::new();
        lab.write("main.tf", &provider(path));
        lab.plan_is_refused().mentions(words).mentions(&[&format!("path = {path}")]);
    }
}

#[test]
fn a_tilde_in_the_variable_that_names_the_engine_file_is_refused() {
    let lab = Workspace::new();
    lab.configure("resource \"vpn_ike_profile\" \"a\" { id = \"a\" }\n");
    let configuration = std::fs::read_to_string(lab.folder().join("main.tf")).unwrap();
    let path = format!("path = {:?}", lab.engine().display().to_string());
    lab.write("main.tf", &configuration.replace(&path, ""));
    let run = |value: &str| {
        let mut command = lab.command(&["apply", "-auto-approve", "-input=false"]);
        crate::terraform::said(&command.env("VPN_EMBEDDED_PATH", value).output().unwrap())
    };
    let refused = run("~/engine.db");
    assert_eq!(refused.code, 1, "{}", refused.text);
    refused.mentions(&["The engine's file cannot be used", "VPN_EMBEDDED_PATH is ~/engine.db", "$HOME"]);
    assert!(!lab.folder().join("~").exists());
    // It can be the name of a file all the same.
    run("./~engine.db").succeeded();
    assert!(lab.folder().join("~engine.db").exists());
}
