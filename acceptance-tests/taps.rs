//! Tap services, tap flows and tap mirrors under Terraform.

use serde_json::{Value as Json, json};

use terraform_provider_vpn::engine::taps::Member;
use terraform_provider_vpn::engine::{Caller, Moment};
use terraform_provider_vpn::model::{TAP_FLOW, TAP_MIRROR, TAP_SERVICE};

use crate::over_http::Served;
use crate::terraform::Workspace;

/// Ports to tap, and to look at what is tapped.
const PORTS: &str = r#"
resource "vpn_segment" "s" {
  id = "s"
  subnet { gateway_address = "192.168.50.1/24" }
}
resource "vpn_segment_port" "web" {
  id           = "web"
  segment_path = vpn_segment.s.path
}
resource "vpn_segment_port" "mail" {
  id           = "mail"
  segment_path = vpn_segment.s.path
}
resource "vpn_segment_port" "analyzer" {
  id           = "analyzer"
  segment_path = vpn_segment.s.path
}
"#;

const TAPS: &str = r#"
resource "vpn_tap_service" "x" {
  name    = "analyzer"
  port_id = vpn_segment_port.analyzer.unique_id
}
resource "vpn_tap_flow" "x" {
  name           = "web"
  tap_service_id = vpn_tap_service.x.id
  source_port    = vpn_segment_port.web.unique_id
  direction      = "BOTH"
}
resource "vpn_tap_mirror" "x" {
  name        = "mail"
  port_id     = vpn_segment_port.mail.unique_id
  remote_ip   = "203.0.113.200"
  mirror_type = "erspanv1"
  directions {
    in  = 101
    out = 102
  }
}
"#;

/// All kinds.
const KINDS: [&str; 3] = ["tap_service", "tap_flow", "tap_mirror"];

/// An attribute of a kind, two ways in which it can be, what the state shows then, and whether a
/// change replaces the object.
type Case = (&'static str, &'static str, [&'static str; 2], [&'static str; 2], bool);

/// Every attribute that can be set.
pub const CASES: [Case; 21] = [
    ("tap_service", "name", ["name = \"one\"", "name = \"two\""], ["one", "two"], false),
    ("tap_service", "description", ["description = \"one\"", ""], ["one", ""], false),
    (
        "tap_service",
        "project_id",
        [
            "project_id = \"red\"\nport_id = vpn_segment_port.red.unique_id",
            "project_id = \"blue\"\nport_id = vpn_segment_port.blue.unique_id",
        ],
        ["red", "blue"],
        true,
    ),
    (
        "tap_service",
        "port_id",
        ["port_id = vpn_segment_port.web.unique_id", "port_id = vpn_segment_port.mail.unique_id"],
        ["WEB", "MAIL"],
        true,
    ),
    ("tap_flow", "name", ["name = \"one\"", "name = \"two\""], ["one", "two"], false),
    ("tap_flow", "description", ["description = \"one\"", "description = \"two\""], ["one", "two"], false),
    ("tap_flow", "project_id", ["project_id = \"97e1586d580745d7b311406697aaf097\"", ""], [PROJECT, PROJECT], false),
    (
        "tap_flow",
        "tap_service_id",
        ["tap_service_id = vpn_tap_service.base.id", "tap_service_id = vpn_tap_service.other.id"],
        ["BASE", "OTHER"],
        true,
    ),
    (
        "tap_flow",
        "source_port",
        ["source_port = vpn_segment_port.web.unique_id", "source_port = vpn_segment_port.mail.unique_id"],
        ["WEB", "MAIL"],
        true,
    ),
    ("tap_flow", "direction", ["direction = \"IN\"", "direction = \"OUT\""], ["IN", "OUT"], true),
    ("tap_flow", "vlan_filter", ["vlan_filter = \"10,20-30\"", "vlan_filter = \"11\""], ["10,20-30", "11"], true),
    ("tap_mirror", "name", ["name = \"one\"", "name = \"two\""], ["one", "two"], false),
    ("tap_mirror", "description", ["description = \"one\"", "description = \"two\""], ["one", "two"], false),
    ("tap_mirror", "project_id", ["", "project_id = \"97e1586d580745d7b311406697aaf097\""], [PROJECT, PROJECT], false),
    (
        "tap_mirror",
        "port_id",
        ["port_id = vpn_segment_port.web.unique_id", "port_id = vpn_segment_port.mail.unique_id"],
        ["WEB", "MAIL"],
        true,
    ),
    (
        "tap_mirror",
        "remote_ip",
        ["remote_ip = \"203.0.113.1\"", "remote_ip = \"2001:db8::1\""],
        ["203.0.113.1", "2001:db8::1"],
        true,
    ),
    ("tap_mirror", "mirror_type", ["mirror_type = \"gre\"", "mirror_type = \"erspanv1\""], ["gre", "erspanv1"], true),
    ("tap_mirror", "directions", ["directions { in = 1 }", "directions { out = 2 }"], ["in=1", "out=2"], true),
    ("tap_mirror", "directions.in", ["directions { in = 3 }", "directions { in = 4 }"], ["in=3", "in=4"], true),
    ("tap_mirror", "directions.out", ["directions { out = 5 }", "directions { out = 6 }"], ["out=5", "out=6"], true),
    (
        "tap_mirror",
        "directions.both",
        ["directions { both = 7 }", "directions { both = 8 }"],
        ["both=7", "both=8"],
        true,
    ),
];

/// The project of what names none.
const PROJECT: &str = "97e1586d580745d7b311406697aaf097";

/// What a block of `kind` needs besides the attribute that is tried.
fn needs(kind: &str, number: usize) -> Vec<(&'static str, String)> {
    let text = |name: &'static str, value: &str| (name, format!("{name} = {value}"));
    match kind {
        "tap_service" => vec![text("port_id", "vpn_segment_port.analyzer.unique_id")],
        "tap_flow" => vec![
            text("tap_service_id", "vpn_tap_service.base.id"),
            text("source_port", "vpn_segment_port.web.unique_id"),
            text("direction", "\"BOTH\""),
        ],
        _ => vec![
            text("port_id", "vpn_segment_port.web.unique_id"),
            text("remote_ip", "\"203.0.113.9\""),
            text("mirror_type", "\"gre\""),
            ("directions", format!("directions {{ both = {} }}", 1_000 + number)),
        ],
    }
}

fn declared(way: usize) -> String {
    let mut hcl = PORTS.to_owned();
    for project in ["red", "blue"] {
        hcl += &format!(
            "resource \"vpn_segment_port\" \"{project}\" {{\nsegment_path = vpn_segment.s.path\ntag {{\nscope = \
             \"os-project-id\"\ntag = \"{project}\"\n}}\n}}\n"
        );
    }
    for (name, project) in [("base", PROJECT), ("other", PROJECT)] {
        hcl += &format!(
            "resource \"vpn_tap_service\" \"{name}\" {{\nname = \"{name}\"\nproject_id = \"{project}\"\nport_id = \
             vpn_segment_port.analyzer.unique_id\n}}\n"
        );
    }
    for (number, (kind, attribute, given, ..)) in CASES.iter().enumerate() {
        let own = attribute.split('.').next().unwrap();
        let is_open = |name: &str| name != own && !given[way].contains(&format!("{name} ="));
        let rest: Vec<_> =
            needs(kind, number).into_iter().filter(|(name, _)| is_open(name)).map(|(_, hcl)| hcl).collect();
        let name = resource_name(attribute);
        hcl += &format!("resource \"vpn_{kind}\" \"{name}\" {{\n{}\n{}\n}}\n", rest.join("\n"), given[way]);
    }
    hcl
}

fn resource_name(attribute: &str) -> String {
    format!("of_{}", attribute.replace('.', "_"))
}

fn values(lab: &Workspace) -> Vec<Json> {
    lab.json(&["show", "-json"])["values"]["root_module"]["resources"].as_array().unwrap().clone()
}

fn holds(lab: &Workspace, way: usize) {
    let all = values(lab);
    let of = |address: &str, name: &str| {
        let found = all.iter().find(|it| it["address"] == address).unwrap_or_else(|| panic!("no {address}"));
        found["values"][name].clone()
    };
    for (kind, attribute, _, shown, _) in &CASES {
        let address = format!("vpn_{kind}.{}", resource_name(attribute));
        let top = attribute.split('.').next().unwrap();
        let expected = match (shown[way], shown[way].split_once('=')) {
            ("WEB", _) => of("vpn_segment_port.web", "unique_id"),
            ("MAIL", _) => of("vpn_segment_port.mail", "unique_id"),
            ("BASE", _) => of("vpn_tap_service.base", "id"),
            ("OTHER", _) => of("vpn_tap_service.other", "id"),
            (_, Some((direction, id))) => {
                let mut tunnels = json!({ "in": null, "out": null, "both": null });
                tunnels[direction] = json!(id.parse::<i64>().unwrap());
                tunnels
            }
            (text, None) => json!(text),
        };
        assert_eq!(of(&address, top), expected, "{address}.{top}");
    }
}

#[test]
fn every_attribute_is_changed_in_place_or_replaces() {
    let lab = Workspace::new();
    lab.configure(&declared(0)).apply();
    lab.plan_is_empty();
    holds(&lab, 0);
    lab.configure(&declared(1));
    let plan = lab.planned();
    for (kind, attribute, given, shown, replaces) in &CASES {
        let address = format!("vpn_{kind}.{}", resource_name(attribute));
        let change = plan["resource_changes"].as_array().unwrap().iter().find(|it| it["address"] == *address).unwrap();
        let expected = match (shown[0] == shown[1], replaces) {
            (true, _) => json!(["no-op"]),
            (false, true) => json!(["delete", "create"]),
            (false, false) => json!(["update"]),
        };
        assert_eq!(change["change"]["actions"], expected, "{address}: {given:?}");
    }
    lab.apply();
    lab.plan_is_empty();
    holds(&lab, 1);
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
    let caller = Caller { user: "admin".to_owned(), now: Moment::from_clock() };
    for kind in [&TAP_SERVICE, &TAP_FLOW, &TAP_MIRROR] {
        let left = lab.lab().taps(kind, &Member::admin(caller.clone())).unwrap();
        assert!(left.iter().all(|it| it.get("status").is_some_and(|status| status == "PENDING_DELETE")), "{left:?}");
    }
}

#[test]
fn each_is_imported_by_its_id_and_by_its_name() {
    let owner = Workspace::new();
    owner.configure(&(PORTS.to_owned() + TAPS)).apply();
    for (kind, name) in KINDS.into_iter().zip(["analyzer", "web", "mail"]) {
        let address = format!("vpn_{kind}.x");
        let id = owner.state(&address)["id"].as_str().unwrap().to_owned();
        for by in [name, &id] {
            let lab = Workspace::beside(&owner);
            lab.configure(&format!("resource \"vpn_{kind}\" \"x\" {{}}\n"));
            lab.run(&["import", "-input=false", &address, by]).succeeded();
            let [mut found, mut known] = [&lab, &owner].map(|lab| lab.state(&address));
            // It changes with time.
            for state in [&mut found, &mut known] {
                state.as_object_mut().unwrap().remove("status");
            }
            assert_eq!(found, known, "{address} by {by}");
        }
    }
}

#[test]
fn what_cannot_be_imported_is_said() {
    let lab = Workspace::new();
    let twins = TAPS
        .replace("resource \"vpn_tap_service\" \"x\"", "resource \"vpn_tap_service\" \"y\"")
        .replace("vpn_tap_service.x.id", "vpn_tap_service.y.id");
    let twin = twins.split("resource \"vpn_tap_flow\"").next().unwrap().to_owned();
    lab.configure(&(PORTS.to_owned() + TAPS + &twin)).apply();
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (kind, id, words) in [
        ("tap_service", "analyzer", &["Several tap services are called \"analyzer\"", "by its id"][..]),
        ("tap_service", "nobody", &["names no object", "no tap service of this name", "the id: UUID"]),
        ("tap_flow", unknown, &["does not exist", unknown]),
        ("tap_mirror", "", &["names no object"]),
    ] {
        let reader = Workspace::beside(&lab);
        reader.configure(&format!("resource \"vpn_{kind}\" \"x\" {{}}\n"));
        let said = reader.run(&["import", "-input=false", &format!("vpn_{kind}.x"), id]);
        assert_eq!(said.code, 1, "{kind} {id:?}: {}", said.text);
        said.mentions(words);
    }
}

#[test]
fn each_is_found_by_its_id_and_by_its_name() {
    let owner = Workspace::new();
    owner.configure(&(PORTS.to_owned() + TAPS)).apply();
    let mut hcl = String::new();
    for (kind, name) in KINDS.into_iter().zip(["analyzer", "web", "mail"]) {
        let id = owner.state(&format!("vpn_{kind}.x"))["id"].clone();
        hcl += &format!(
            "data \"vpn_{kind}\" \"name\" {{\n  name = \"{name}\"\n}}\ndata \"vpn_{kind}\" \"id\" {{\n  id = {id}\n}}\n"
        );
    }
    let reader = Workspace::beside(&owner);
    reader.configure(&hcl).apply();
    for kind in KINDS {
        let [by_id, by_name] = ["id", "name"].map(|by| reader.state(&format!("data.vpn_{kind}.{by}")));
        assert_eq!(by_id, by_name);
        assert_eq!(by_id["id"], owner.state(&format!("vpn_{kind}.x"))["id"]);
    }
}

#[test]
fn what_neutron_would_refuse_a_plan_refuses() {
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (change, with, line, words) in [
        ("direction      = \"BOTH\"", "direction = \"both\"", "direction", &["\"both\"", "BOTH"][..]),
        ("direction      = \"BOTH\"", "vlan_filter = \"a\"\ndirection = \"IN\"", "vlan_filter", &["list of VLANs"]),
        ("vpn_segment_port.web.unique_id", "\"web\"", "source_port", &["\"web\""]),
        ("vpn_segment_port.web.unique_id", &format!("{unknown:?}"), "source_port", &[unknown, "does not exist"]),
        ("vpn_tap_service.x.id", &format!("{unknown:?}"), "tap_service_id", &[unknown, "does not exist"]),
        ("\"203.0.113.200\"", "\"collector\"", "remote_ip", &["\"collector\""]),
        ("\"203.0.113.200\"", "\"224.0.0.1\"", "remote_ip", &["nobody's address"]),
        ("\"erspanv1\"", "\"erspan\"", "mirror_type", &["erspanv1", "gre"]),
        ("in  = 101", "in = 1024", "in", &["1024"]),
        ("in  = 101", "in = -1", "in", &["-1"]),
    ] {
        let lab = Workspace::new();
        let hcl = (PORTS.to_owned() + TAPS).replace(change, with);
        assert!(hcl.contains(with));
        lab.configure(&hcl);
        let (code, complaints) = lab.complaints(&["plan", "-json"]);
        assert_eq!(code, 1, "{with}");
        let complaint = complaints.iter().find(|it| it.severity == "error").unwrap();
        assert!(lab.line(complaint.line).trim_start().starts_with(line), "{with}: line {}", lab.line(complaint.line));
        let text = format!("{} {}", complaint.summary, complaint.detail);
        assert!(words.iter().all(|word| text.contains(word)), "{with}: {text}");
        assert!(lab.paths().is_empty());
    }
}

#[test]
fn what_copies_nothing_a_plan_refuses_although_neutron_takes_it() {
    let directions = "\n    in  = 101\n    out = 102\n  ";
    for (change, with, line, words) in [
        ("direction      = \"BOTH\"", "vlan_filter = \"30-20\"\ndirection = \"IN\"", "vlan_filter", "30-20 is no VLAN"),
        ("direction      = \"BOTH\"", "vlan_filter = \"5000\"\ndirection = \"IN\"", "vlan_filter", "5000 is no VLAN"),
        // Terraform points at the block that an empty one stands in.
        (directions, "\n", "resource \"vpn_tap_mirror\"", "directions names none"),
    ] {
        let lab = Workspace::new();
        lab.configure(&(PORTS.to_owned() + &TAPS.replace(change, with)));
        let (code, complaints) = lab.complaints(&["plan", "-json"]);
        assert_eq!(code, 1, "{with}");
        let complaint = complaints.iter().find(|it| it.severity == "error").unwrap();
        assert!(lab.line(complaint.line).trim_start().starts_with(line), "{with}: line {}", lab.line(complaint.line));
        assert!(complaint.summary.contains(words), "{with}: {}", complaint.summary);
    }
    // Of several VLANs, some are there: that is worth a warning.
    let lab = Workspace::new();
    let some = TAPS.replace("direction      = \"BOTH\"", "vlan_filter = \"10,5000\"\ndirection = \"IN\"");
    lab.configure(&(PORTS.to_owned() + &some)).apply().mentions(&["5000 is no VLAN"]);
}

#[test]
fn a_flow_of_another_project_than_its_service_is_refused_whichever_system_it_lives_in() {
    let lab = Workspace::apart();
    let served = Served::start(lab.engine());
    let embedded = format!("embedded {{ path = {:?} }}", lab.engine().display().to_string());
    let refused = "Specified Tap Service does not belong to the tenant";
    lab.configure_with(&embedded, &(PORTS.to_owned() + TAPS)).apply();
    let moved = TAPS.replace("name           = \"web\"", "project_id = \"blue\"");
    let more = "resource \"vpn_tap_flow\" \"more\" {\n  project_id = \"blue\"\n  tap_service_id = vpn_tap_service.x.id\n  \
                source_port = vpn_segment_port.mail.unique_id\n  direction = \"IN\"\n}\n";
    for block in [&embedded, &served.block()] {
        for hcl in [&moved, &(TAPS.to_owned() + more)] {
            lab.configure_with(block, &(PORTS.to_owned() + hcl));
            lab.plan_is_refused().mentions(&[refused, "tap_service_id"]);
        }
        lab.configure_with(block, &(PORTS.to_owned() + TAPS));
        lab.plan_is_empty();
    }
}

#[test]
fn a_packet_is_traced_though_an_openstack_cannot_be_reached() {
    let lab = Workspace::apart();
    let embedded = format!("embedded {{ path = {:?} }}", lab.engine().display().to_string());
    let ports =
        PORTS.replace("\"web\"\n  segment", "\"web\"\n  address_binding { ip_address = \"192.168.50.10\" }\n  segment");
    lab.configure_with(&embedded, &ports).apply();
    let nowhere = "openstack {\n    auth_url = \"http://127.0.0.1:9/v3\"\n    token = \"t\"\n    max_retries = 0\n  }";
    let trace = "data \"vpn_path_trace\" \"it\" {\n  source = \"192.168.50.10\"\n  destination = \"192.168.50.1\"\n}\n\
                 output \"it\" { value = data.vpn_path_trace.it.disposition }\n";
    lab.configure_with(&format!("{embedded}\n  {nowhere}"), &(ports + trace));
    lab.apply().mentions(&["The packet was traced without its taps", "127.0.0.1:9 cannot be reached"]);
    assert!(lab.json(&["output", "-json"])["it"]["value"].is_string());
}

#[test]
fn what_is_deleted_elsewhere_is_created_again() {
    let lab = Workspace::new();
    lab.configure(&(PORTS.to_owned() + TAPS)).apply();
    // With the port go its taps.
    lab.delete("/infra/tier-1s/cgw/segments/s/ports/analyzer");
    let gone = ["vpn_segment_port.analyzer", "vpn_tap_flow.x", "vpn_tap_service.x"].map(str::to_owned);
    lab.plan_is_empty_but_for(&gone, &["create"]);
    lab.apply();
    lab.plan_is_empty();
}

#[test]
fn a_system_that_no_block_names_is_asked_for() {
    let lab = Workspace::new();
    lab.write(
        "main.tf",
        "terraform {\n  required_providers {\n    vpn = { source = \"terraform-provider-vpn/vpn\" }\n  }\n}\nprovider \"vpn\" {\n  \
         openstack {\n    auth_url = \"http://127.0.0.1:9/v3\"\n    token = \"t\"\n  }\n}\nresource \"vpn_ike_profile\" \"a\" {}\n",
    );
    lab.plan_is_refused().mentions(&["No system is named for objects of NSX", "Add `embedded {} or nsx {}`"]);
}

#[test]
fn no_two_mirrors_send_through_one_tunnel() {
    let lab = Workspace::new();
    let mirror = |name: &str, id: u32| {
        format!(
            "resource \"vpn_tap_mirror\" \"{name}\" {{\n  port_id = vpn_segment_port.web.unique_id\n  remote_ip = \"203.0.113.9\"\n  \
             mirror_type = \"gre\"\n  directions {{ both = {id} }}\n}}\n"
        )
    };
    // In one plan.
    lab.configure(&(PORTS.to_owned() + &mirror("a", 7) + &mirror("b", 7)));
    lab.plan_is_refused().mentions(&["Tap Mirror with tunnel_id 7 already exists", "directions"]);
    // One that is there, and stays.
    lab.configure(&(PORTS.to_owned() + &mirror("a", 7))).apply();
    lab.configure(&(PORTS.to_owned() + &mirror("a", 7) + &mirror("b", 7)));
    lab.plan_is_refused().mentions(&["Tap Mirror with tunnel_id 7 already exists"]);
    // One that goes, or that changes with it.
    lab.configure(&(PORTS.to_owned() + &mirror("b", 7))).apply();
    lab.configure(&(PORTS.to_owned() + &mirror("b", 8) + &mirror("c", 7))).apply();
    lab.plan_is_empty();
}

#[test]
fn taps_are_replaced_when_asked_or_tainted() {
    let lab = Workspace::new();
    lab.configure(&(PORTS.to_owned() + TAPS)).apply();
    let addresses = KINDS.map(|kind| format!("vpn_{kind}.x"));
    let ids = || addresses.each_ref().map(|address| lab.state(address)["id"].clone());
    let mut before = ids();
    for address in &addresses {
        let replace = format!("-replace={address}");
        lab.run(&["apply", "-auto-approve", "-input=false", &replace]).succeeded();
        lab.plan_is_empty();
    }
    for _ in 0..2 {
        let after = ids();
        assert!(before.iter().zip(&after).all(|(before, after)| before != after), "{before:?} {after:?}");
        before = after;
        for address in &addresses {
            lab.run(&["taint", address]).succeeded();
        }
        lab.apply();
        lab.plan_is_empty();
    }
}

/// A port, and a tap service on it that another project has.
fn of_projects(port: &str, service: &str) -> String {
    PORTS.to_owned()
        + &format!(
            "resource \"vpn_segment_port\" \"own\" {{\n  id = \"own\"\n  segment_path = vpn_segment.s.path\n  tag {{\n    \
             scope = \"os-project-id\"\n    tag = \"{port}\"\n  }}\n}}\n"
        )
        + &if service.is_empty() {
            String::new()
        } else {
            format!(
                "resource \"vpn_tap_service\" \"own\" {{\n  project_id = \"{service}\"\n  port_id = \
                 vpn_segment_port.own.unique_id\n}}\n"
            )
        }
}

#[test]
fn whose_a_port_will_be_decides_what_a_plan_refuses() {
    let lab = Workspace::new();
    let refused = "The specified port does not belong to the tenant";
    lab.configure(&of_projects("red", "")).apply();
    lab.configure(&of_projects("red", "blue"));
    lab.plan_is_refused().mentions(&[refused, "port_id = vpn_segment_port.own.unique_id"]);
    // The port changes hands first.
    lab.configure(&of_projects("blue", "blue")).apply();
    lab.plan_is_empty();
    // A port that has no UUID yet is nobody's: the apply tells.
    let other = Workspace::new();
    other.configure(&of_projects("red", "blue"));
    let (_, has_changes) = other.plan();
    assert!(has_changes);
    other.run(&["apply", "-input=false", "-auto-approve"]).mentions(&[refused]);
    other.configure(&of_projects("red", "red")).apply();
    other.plan_is_empty();
}

#[test]
fn what_is_wrong_is_told_of_ports_that_do_not_exist_yet() {
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (change, with, words) in [
        ("direction      = \"BOTH\"", "direction = \"BOTH\"\nvlan_filter = \"1-\"", &["list of VLANs"][..]),
        ("in  = 101", "in = 5000", &["5000 is no session of ERSPAN"]),
        ("vpn_tap_service.x.id", &format!("{unknown:?}"), &["does not exist", unknown]),
    ] {
        let lab = Workspace::new();
        let hcl = (PORTS.to_owned() + TAPS).replace(change, with);
        assert!(hcl.contains(with));
        lab.configure(&hcl);
        lab.plan_is_refused().mentions(words);
    }
    // Neutron looks at the tunnels of other mirrors only.
    let lab = Workspace::new();
    lab.configure(&(PORTS.to_owned() + TAPS).replace("out = 102", "out = 101")).apply();
}

#[test]
fn a_project_has_as_many_taps_as_the_block_says() {
    let lab = Workspace::apart();
    let services = |ports: &[&str]| {
        let service = |port: &&str| {
            format!("resource \"vpn_tap_service\" \"{port}\" {{\n  port_id = vpn_segment_port.{port}.unique_id\n}}\n")
        };
        PORTS.to_owned() + &ports.iter().map(service).collect::<String>()
    };
    let block = "embedded {\n    quota_tap_service = 1\n  }";
    lab.configure_with(block, &services(&["web", "mail"]));
    lab.plan_is_refused().mentions(&[
        "Reached the maximum quota for Tap Services",
        "Neutron answers 409, TapServiceLimitReached.",
        "may have 1, and would have 2",
    ]);
    // What goes makes room.
    lab.configure_with(block, &services(&["web"])).apply();
    lab.configure_with(block, &services(&["mail"])).apply();
    lab.plan_is_empty();
    lab.run(&["apply", "-input=false", "-auto-approve", "-replace=vpn_tap_service.mail"]).succeeded();
    lab.configure_with(block, &services(&["web", "mail"]));
    lab.plan_is_refused().mentions(&["may have 1, and would have 2"]);
    lab.configure_with(block, &services(&["analyzer"]));
    lab.run(&["plan", "-input=false", "-out=plan.bin"]).succeeded();
    lab.run(&["apply", "-input=false", "plan.bin"]).succeeded();
    lab.configure_with("embedded {\n    quota_tap_service = -1\n  }", &services(&["web", "mail"])).apply();
    lab.configure_with("embedded {\n    quota_tap_service = 1.5\n  }", &services(&["web"]));
    lab.plan_is_refused().mentions(&["quota_tap_service is no whole number"]);
}

/// The steps at which a trace shows copies, and of which taps.
fn copied(trace: &Json) -> Vec<String> {
    let hops = trace["hops"].as_array().unwrap().iter();
    let copies = hops.filter(|hop| hop["action"] == "COPIED");
    copies.map(|hop| hop["object_path"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn copies_are_traced_whichever_system_the_taps_live_in() {
    let lab = Workspace::apart();
    let served = Served::start(lab.engine());
    let embedded = format!("embedded {{ path = {:?} }}", lab.engine().display().to_string());
    let ports = PORTS
        .replace("\"web\"\n  segment", "\"web\"\n  address_binding { ip_address = \"192.168.50.10\" }\n  segment")
        .replace("\"mail\"\n  segment", "\"mail\"\n  address_binding { ip_address = \"192.168.50.20\" }\n  segment");
    let trace = r#"
        data "vpn_path_trace" "it" {
          source           = "192.168.50.10"
          destination      = "192.168.50.20"
          protocol         = "UDP"
          destination_port = 53
        }
        output "it" { value = data.vpn_path_trace.it }
    "#;
    lab.configure_with(&served.block(), &(ports.clone() + TAPS)).apply();
    let paths = ["vpn_tap_flow.x", "vpn_tap_mirror.x"].map(|address| {
        let state = lab.state(address);
        let kind = if address.contains("flow") { "tap_flows" } else { "tap_mirrors" };
        format!("/v2.0/taas/{kind}/{}", state["id"].as_str().unwrap())
    });
    for block in [&served.block(), &embedded] {
        lab.configure_with(block, &(ports.clone() + TAPS + trace)).apply();
        let found = lab.json(&["output", "-json"])["it"]["value"].clone();
        assert_eq!(copied(&found), paths, "{block}: {found}");
        // What is planned is seen as well.
        let more = "resource \"vpn_tap_flow\" \"more\" {\n  name = \"more of it\"\n  tap_service_id = vpn_tap_service.x.id\n  source_port = \
                    vpn_segment_port.mail.unique_id\n  direction = \"IN\"\n}\n";
        let hcl = ports.clone() + &TAPS.replace("in  = 101", "both = 101") + more + trace;
        lab.configure_with(block, &hcl);
        let planned = lab.planned()["output_changes"]["it"]["after"].clone();
        let copied = copied(&planned);
        assert_eq!(copied.len(), 3, "{block}: {planned}");
        // Its id is made at apply, its name is known.
        assert!(copied.iter().any(|path| path.contains("known-after-apply-more-of-it-")), "{copied:?}");
    }
}
