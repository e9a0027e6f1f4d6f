//! Two values of every attribute and block of every resource, and what becomes of
//! it when it is left out again.

pub mod live_trace;

mod cases;
mod fabric;
mod simulation;

use serde_json::{Value as Json, json};

use self::cases::{common, own, session};
use self::simulation::{flow, peer};
use crate::samples::{self, SAMPLES};
use crate::terraform::Workspace;

/// An attribute or a block, and what it can be.
pub struct Attribute {
    /// The resource type without `vpn_`.
    pub kind: &'static str,
    /// Its name, with the blocks it stands in: `bfd.interval`.
    pub name: String,
    /// What stands around it in the resource's block; `IT` is where it goes.
    pub around: String,
    /// It, in two different ways.
    pub given: [String; 2],
    /// Where the API has it, as a JSON pointer.
    pub at: String,
    /// What the API holds then.
    pub held: [Json; 2],
    /// What the API holds when it is left out; `None` when it cannot be.
    pub left_out: Option<Json>,
    /// Whether the API cannot change it, so that the object is replaced.
    pub replaces: bool,
    /// Other attributes that change with it.
    pub also: &'static [&'static str],
}

impl Attribute {
    /// An id that no other case has.
    pub fn key(&self) -> String {
        format!("{}-{}", self.kind, self.name_of_resource())
    }

    /// The name of the resource that the case has to itself.
    pub fn name_of_resource(&self) -> String {
        self.name.replace('.', "-")
    }

    /// The address of that resource.
    pub fn address(&self) -> String {
        format!("vpn_{}.{}", self.kind, self.name_of_resource())
    }

    /// The block with it in the first (0) or the second (1) way, or without it (2).
    pub fn body(&self, way: usize) -> String {
        let it = match (way, &self.left_out) {
            (2, Some(_)) => "",
            (2, None) => &self.given[1],
            (way, _) => &self.given[way],
        };
        self.around.replace("IT", it)
    }

    /// What the API holds then.
    pub fn held(&self, way: usize) -> &Json {
        match (way, &self.left_out) {
            (2, Some(held)) => held,
            (2, None) => &self.held[1],
            (way, _) => &self.held[way],
        }
    }
}

fn attribute(
    kind: &'static str,
    name: impl Into<String>,
    given: [impl Into<String>; 2],
    at: impl Into<String>,
    held: Json,
) -> Attribute {
    let held = held.as_array().unwrap().clone();
    Attribute {
        kind,
        name: name.into(),
        around: "IT".to_owned(),
        given: given.map(Into::into),
        at: at.into(),
        held: [held[0].clone(), held[1].clone()],
        left_out: held.get(2).cloned(),
        replaces: false,
        also: &[],
    }
}

/// A case of the attribute that `name` ends with, given these values of HCL.
fn valued(
    kind: &'static str,
    name: impl Into<String>,
    values: [&str; 2],
    at: impl Into<String>,
    held: Json,
) -> Attribute {
    let name = name.into();
    let given = values.map(|value| format!("{} = {value}", name.rsplit('.').next().unwrap_or_default()));
    attribute(kind, name, given, at, held)
}

impl Attribute {
    fn within(self, around: impl Into<String>) -> Self {
        Self { around: around.into(), ..self }
    }

    fn replaces(self) -> Self {
        Self { replaces: true, ..self }
    }

    fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
}

/// Cases that are declared together.
pub struct Group {
    /// The cases.
    pub cases: Vec<Attribute>,
    /// Adds what is not declared, and has to be there before.
    prepare: fn(&Workspace),
    /// What is declared besides.
    world: fn() -> String,
    /// The resource of a case: its number, itself, and its block.
    resource: fn(usize, &Attribute, &str) -> String,
}

impl Group {
    /// Those of VPNs and segments, and of peers and flows.
    pub fn policy() -> Self {
        let common = SAMPLES.iter().flat_map(|sample| common(sample.kind));
        let sessions = ["route_based_session", "policy_based_session"].into_iter().flat_map(session);
        let cases = common.chain(sessions).chain(own()).chain(peer()).chain(flow()).collect();
        let resource = |number, case: &Attribute, body: &str| {
            let block = with_id(case, body);
            samples::apart(&samples::resource(case.kind, &case.name_of_resource(), &block), number)
        };
        Self { cases, prepare: add_parents, world: || OTHERS.to_owned(), resource }
    }

    /// Those of the fabric, and of what compute agents collect in it.
    pub fn fabric() -> Self {
        Self { cases: fabric::all(), prepare: |_| {}, world: fabric::world, resource: plain }
    }

    /// Those of live traces.
    pub fn live_traces() -> Self {
        Self { cases: live_trace::all(), prepare: |_| {}, world: live_trace::world, resource: plain }
    }

    /// Those of these cases for which `is_wanted` holds.
    #[must_use]
    pub fn retaining(mut self, is_wanted: impl Fn(&Attribute) -> bool) -> Self {
        self.cases.retain(is_wanted);
        self
    }

    /// Adds what has to be there before.
    pub fn prepare(&self, lab: &Workspace) {
        (self.prepare)(lab);
    }

    /// A resource for each case, with the block that `body` makes of it.
    pub fn declared(&self, body: impl Fn(&Attribute) -> String) -> String {
        let one = |(number, case): (usize, &Attribute)| {
            (self.resource)(number, case, &body(case)).replace("KEY", &case.key())
        };
        (self.world)() + &self.cases.iter().enumerate().map(one).collect::<String>()
    }
}

/// The block with the id of the case, unless it has one.
fn with_id(case: &Attribute, body: &str) -> String {
    let is_given = case.name == "id" || fabric::has_an_id_of_its_own(case.kind);
    if is_given { body.to_owned() } else { format!("id = \"KEY\"\n{body}") }
}

/// A resource of which the case says everything.
fn plain(_: usize, case: &Attribute, body: &str) -> String {
    format!("resource \"vpn_{}\" \"{}\" {{\n{}\n}}\n", case.kind, case.name_of_resource(), with_id(case, body))
}

/// Other objects that the attributes name.
pub const OTHERS: &str = r#"
resource "vpn_ike_profile" "other" { id = "other" }
resource "vpn_tunnel_profile" "other" { id = "other" }
resource "vpn_dpd_profile" "other" { id = "other" }
resource "vpn_prefix_list" "other" {
  id = "other"
  prefix { network = "10.0.0.0/8" }
}
resource "vpn_prefix_list" "another" {
  id = "another"
  prefix { network = "10.0.0.0/8" }
}
resource "vpn_local_endpoint" "certified" {
  id               = "certified"
  local_address    = "203.0.113.10"
  certificate_path = "/infra/certificates/own"
}
resource "vpn_segment" "home" { id = "home" }
resource "vpn_segment" "away" { id = "away" }
"#;

/// Adds parents besides those that exist from the start.
fn add_parents(lab: &Workspace) {
    for path in [
        "/infra/tier-0s/other",
        "/infra/tier-0s/other/locale-services/ls",
        "/infra/tier-0s/other/locale-services/ls/bgp",
        "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/other",
        "/infra/tier-1s/other",
    ] {
        lab.patch(path, json!({}));
    }
}

/// Checks that the engine holds of each case what it is to hold in this way.
pub fn holds(lab: &Workspace, cases: &[Attribute], way: usize) {
    let state = lab.json(&["show", "-json"]);
    let resources = state["values"]["root_module"]["resources"].as_array().unwrap();
    let mut failures = Vec::new();
    for case in cases {
        let values = &resources.iter().find(|it| it["address"] == case.address()).unwrap()["values"];
        let object = lab.object(values["path"].as_str().unwrap());
        let expected: Json = serde_json::from_str(&case.held(way).to_string().replace("KEY", &case.key())).unwrap();
        let held = object.pointer(&case.at).unwrap_or(&Json::Null);
        if *held != expected {
            failures.push(format!("{}: {} is {held}, not {expected}", case.address(), case.at));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
