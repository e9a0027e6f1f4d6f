//! Requests to Neutron's taps and their answers, as the facts have them.

use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use super::{AGENT_INTERVAL, DEFAULT_PROJECT, Fault, LAST_TAAS_ID, Member, PROJECT_TAG, Quotas};
use crate::engine::{Caller, Engine, Moment, Object, Refusal, Reveal};
use crate::model::{Kind, PolicyPath, SEGMENT, SEGMENT_PORT, TAP_FLOW, TAP_MIRROR, TAP_SERVICE};

const SEGMENTS: &str = "/infra/tier-1s/cgw/segments/app";
const OTHER: &str = "bb2e4b1ff3ac4ba8a0ac5e2d54f6a1f0";
const NOBODY: &str = "11111111-2222-4333-8444-555555555555";

/// An engine with three ports, of which `c` is of another project, and a clock.
struct Lab {
    engine: Engine,
    _folder: TempDir,
    now: i64,
}

impl Lab {
    fn new() -> Self {
        Self::with(Quotas::UNLIMITED)
    }

    fn with(quotas: Quotas) -> Self {
        let folder = TempDir::new().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), Moment(1)).unwrap().with_quotas(quotas);
        let lab = Self { engine, _folder: folder, now: 1_000 };
        lab.put(SEGMENTS, json!({ "subnets": [{ "gateway_address": "192.168.10.1/24" }] }));
        for port in ["a", "b"] {
            lab.put(&format!("{SEGMENTS}/ports/{port}"), json!({}));
        }
        let tag = json!({ "scope": PROJECT_TAG, "tag": OTHER });
        lab.put(&format!("{SEGMENTS}/ports/c"), json!({ "tags": [tag] }));
        lab
    }

    fn caller(&self) -> Caller {
        Caller { user: "admin".to_owned(), now: Moment(self.now) }
    }

    fn put(&self, path: &str, body: Json) {
        self.engine.put(&PolicyPath::parse(path).unwrap(), body, &self.caller()).unwrap();
    }

    fn admin(&self) -> Member {
        Member::admin(self.caller())
    }

    fn stranger(&self) -> Member {
        Member { caller: self.caller(), project: OTHER.to_owned(), is_admin: false }
    }

    /// The UUID of the port `id`.
    fn port(&self, id: &str) -> String {
        let path = PolicyPath::parse(&format!("{SEGMENTS}/ports/{id}")).unwrap();
        self.engine.get(&path, Reveal::Public).unwrap().unique_id().to_owned()
    }

    fn create(&self, kind: &'static Kind, attributes: &Json, by: &Member) -> Result<Object, Refusal> {
        self.engine.create_tap(kind, map(attributes), by, None)
    }

    fn service(&self) -> String {
        self.create(&TAP_SERVICE, &json!({ "port_id": self.port("a") }), &self.admin()).unwrap().unique_id().to_owned()
    }

    fn flow(&self, service: &str) -> String {
        self.create(&TAP_FLOW, &self.flow_to(service), &self.admin()).unwrap().unique_id().to_owned()
    }

    fn flow_to(&self, service: &str) -> Json {
        json!({ "tap_service_id": service, "source_port": self.port("b"), "direction": "BOTH" })
    }

    fn mirror(&self, directions: &Json) -> Json {
        json!({
            "port_id": self.port("a"), "directions": directions, "remote_ip": "203.0.113.9", "mirror_type": "gre",
        })
    }

    fn status(&self, kind: &'static Kind, id: &str) -> Option<String> {
        let object = self.engine.tap(kind, id, &self.admin()).ok()?;
        Some(object.get("status").unwrap().as_str().unwrap().to_owned())
    }

    fn ids(&self, kind: &'static Kind) -> Vec<String> {
        let all = self.engine.taps(kind, &self.admin()).unwrap();
        all.iter().map(|object| object.unique_id().to_owned()).collect()
    }
}

fn map(json: &Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

fn fault<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Fault {
    match result {
        Err(Refusal::Neutron(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// The status, the type and the text of an answer.
fn told<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (u16, &'static str, String) {
    let fault = fault(result);
    (fault.status(), fault.name(), fault.to_string())
}

#[test]
fn a_service_is_shown_as_the_seed_has_it() {
    let lab = Lab::new();
    let body = json!({
        "description": "Test_Tap", "name": "Test", "network_id": "8686f7d1-14e3-46ab-be3c-ccc0eead93cd",
        "port_id": lab.port("a"), "tenant_id": DEFAULT_PROJECT,
    });
    let made = lab.create(&TAP_SERVICE, &body, &lab.admin()).unwrap();
    let shown = Json::Object(made.shown_by_neutron());
    let expected = json!({
        "description": "Test_Tap", "id": made.unique_id(), "name": "Test", "port_id": lab.port("a"),
        "tenant_id": DEFAULT_PROJECT, "project_id": DEFAULT_PROJECT, "status": "DOWN",
    });
    assert_eq!(shown, expected);
    assert!(uuid::Uuid::parse_str(made.unique_id()).is_ok());
    let body = lab.flow_to(made.unique_id());
    let shown = lab.create(&TAP_FLOW, &body, &lab.admin()).unwrap().shown_by_neutron();
    assert_eq!((&shown["vlan_filter"], &shown["name"], &shown["description"]), (&Json::Null, &json!(""), &json!("")));
    let shown = lab.create(&TAP_MIRROR, &lab.mirror(&json!({ "IN": 5 })), &lab.admin()).unwrap().shown_by_neutron();
    assert_eq!(shown["directions"], json!({ "IN": 5 }));
    assert!(!shown.contains_key("status"));
}

#[test]
fn a_service_is_checked_in_order() {
    let lab = Lab::with(Quotas::of_settings(-1, 1));
    let create = |port: &str, project: &str| {
        lab.create(&TAP_SERVICE, &json!({ "port_id": port, "project_id": project }), &lab.admin())
    };
    let text = format!("Port {NOBODY} could not be found.");
    assert_eq!(told(create(NOBODY, OTHER)), (404, "PortNotFound", text));
    let text = "The specified port does not belong to the tenant".to_owned();
    assert_eq!(told(create(&lab.port("a"), OTHER)), (403, "PortDoesNotBelongToTenant", text));
    let first = create(&lab.port("c"), OTHER).unwrap();
    for _ in 0..100 {
        create(&lab.port("a"), DEFAULT_PROJECT).unwrap();
    }
    let text = "Reached the maximum quota for Tap Services".to_owned();
    assert_eq!(told(create(&lab.port("a"), DEFAULT_PROJECT)), (409, "TapServiceLimitReached", text));
    assert_eq!(lab.ids(&TAP_SERVICE).len(), usize::from(LAST_TAAS_ID - super::FIRST_TAAS_ID) + 1);
    // What is free is given again.
    lab.engine.delete_tap(&TAP_SERVICE, first.unique_id(), &lab.admin()).unwrap();
    create(&lab.port("a"), DEFAULT_PROJECT).unwrap();
}

#[test]
fn a_flow_is_checked_in_order() {
    let lab = Lab::with(Quotas::of_settings(-1, 1));
    let service = lab.service();
    let create = |service: &str, port: &str, project: &str| {
        let body = json!({
            "tap_service_id": service, "source_port": port, "direction": "IN", "project_id": project,
        });
        lab.create(&TAP_FLOW, &body, &lab.admin())
    };
    let text = format!("Tap Service  {NOBODY} does not exist");
    assert_eq!(told(create(NOBODY, NOBODY, OTHER)), (404, "TapServiceNotFound", text));
    let text = "Specified Tap Service does not belong to the tenant".to_owned();
    assert_eq!(told(create(&service, NOBODY, OTHER)), (403, "TapServiceNotBelongToTenant", text));
    let missing = fault(create(&service, NOBODY, DEFAULT_PROJECT));
    assert_eq!(missing, Fault::PortNotFound { port: NOBODY.to_owned(), attribute: "source_port" });
    assert!(missing.problem(&TAP_FLOW).hint.contains("a port of another project"));
    // Whose the source port is, nobody asks.
    create(&service, &lab.port("c"), DEFAULT_PROJECT).unwrap();
    let text = "Quota exceeded for resources: ['tap_flow'].".to_owned();
    assert_eq!(told(create(&service, &lab.port("b"), DEFAULT_PROJECT)), (409, "OverQuota", text));
}

#[test]
fn a_mirror_is_checked_against_all_others_but_not_against_itself() {
    let lab = Lab::new();
    lab.create(&TAP_MIRROR, &lab.mirror(&json!({ "IN": 7, "OUT": 7 })), &lab.admin()).unwrap();
    let mut other = lab.mirror(&json!({ "BOTH": 7 }));
    other["port_id"] = json!(lab.port("c"));
    assert_eq!(told(lab.create(&TAP_MIRROR, &other, &lab.admin())).0, 403);
    other["project_id"] = json!(OTHER);
    let text = "Tap Mirror with tunnel_id 7 already exists".to_owned();
    assert_eq!(told(lab.create(&TAP_MIRROR, &other, &lab.admin())), (409, "TapMirrorTunnelConflict", text));
    let text = format!("Tap Mirror {NOBODY} does not exist");
    assert_eq!(told(lab.engine.tap(&TAP_MIRROR, NOBODY, &lab.admin())), (404, "TapMirrorNotFound", text));
    let text = format!("Tap Flow  {NOBODY} does not exist");
    assert_eq!(told(lab.engine.delete_tap(&TAP_FLOW, NOBODY, &lab.admin())), (404, "TapFlowNotFound", text));
}

#[test]
fn neutrons_own_quotas_are_one_service_and_ten_flows() {
    let lab = Lab::with(Quotas::OF_NEUTRON);
    let service = lab.service();
    let again = lab.create(&TAP_SERVICE, &json!({ "port_id": lab.port("a") }), &lab.admin());
    assert_eq!(fault(again), Fault::TapServiceLimitReached);
    let bodies = |count: usize| std::iter::repeat_with(|| map(&lab.flow_to(&service))).take(count).collect();
    // All of them or none.
    let too_many = lab.engine.create_taps(&TAP_FLOW, bodies(11), &lab.admin());
    assert_eq!(fault(too_many), Fault::OverQuota("tap_flow"));
    assert!(lab.ids(&TAP_FLOW).is_empty());
    assert_eq!(lab.engine.create_taps(&TAP_FLOW, bodies(10), &lab.admin()).unwrap().len(), 10);
}

#[test]
fn bodies_are_refused_in_neutrons_words() {
    let lab = Lab::new();
    let service = lab.service();
    let said = |body: &Json| {
        let refused = lab.create(&TAP_FLOW, body, &lab.admin());
        let (status, name, text) = told(refused);
        assert_eq!((status, name), (400, "HTTPBadRequest"));
        text
    };
    let with = |name: &str, value: Json| {
        let mut body = lab.flow_to(&service);
        body[name] = value;
        body
    };
    for (body, text) in [
        (with("colour", json!("red")), "Unrecognized attribute(s) 'colour'"),
        (with("status", json!("ACTIVE")), "Attribute 'status' not allowed in POST"),
        (with("id", json!(NOBODY)), "Attribute 'id' not allowed in POST"),
        (json!({ "direction": "IN" }), "Failed to parse request. Required attribute 'tap_service_id' not specified"),
        (with("source_port", json!("x")), "Invalid input for source_port. Reason: 'x' is not a valid UUID."),
        (with("source_port", Json::Null), "Invalid input for source_port. Reason: 'None' is not a valid UUID."),
        (with("direction", json!("in")), "Invalid input for direction. Reason: in is not in valid_values."),
        (with("vlan_filter", json!("9-")), "Invalid input for vlan_filter. Reason: '9-' is not a valid input."),
        (with("name", json!(5)), "Invalid input for name. Reason: '5' is not a valid string."),
        (with("tenant_id", json!("")), "Invalid input for tenant_id. Reason: '' is not a valid string."),
    ] {
        assert_eq!(said(&body), text);
    }
    let mut body = with("tenant_id", json!("one"));
    body["project_id"] = json!("two");
    assert_eq!(said(&body), "'project_id' and 'tenant_id' do not match");
    let mut mirror = lab.mirror(&json!({ "IN": "many" }));
    let text = "Invalid input for directions. Reason: 'many' is not an integer.";
    assert_eq!(told(lab.create(&TAP_MIRROR, &mirror, &lab.admin())).2, text);
    mirror["directions"] = json!({ "IN": 1 });
    mirror["remote_ip"] = json!("here");
    let text = "Invalid input for remote_ip. Reason: 'here' is not a valid IP address.";
    assert_eq!(told(lab.create(&TAP_MIRROR, &mirror, &lab.admin())).2, text);
}

#[test]
fn name_and_description_can_be_changed_and_nothing_else() {
    let mut lab = Lab::new();
    let id = lab.service();
    let update = |lab: &Lab, body: &Json| lab.engine.update_tap(&TAP_SERVICE, &id, &map(body), &lab.admin());
    lab.now += AGENT_INTERVAL;
    let changed = update(&lab, &json!({ "name": "tap", "description": "mine" })).unwrap().shown_by_neutron();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("tap"), &json!("mine")));
    assert_eq!((&changed["status"], &changed["port_id"]), (&json!("ACTIVE"), &json!(lab.port("a"))));
    for attribute in ["port_id", "project_id", "id", "status", "tenant_id"] {
        let text = format!("Cannot update read-only attribute {attribute}");
        assert_eq!(told(update(&lab, &json!({ attribute: lab.port("b") }))), (400, "HTTPBadRequest", text));
    }
    let cleared = update(&lab, &json!({ "name": "" })).unwrap().shown_by_neutron();
    assert_eq!((&cleared["name"], &cleared["description"]), (&json!(""), &json!("mine")));
}

#[test]
fn the_clock_tells_how_far_an_object_is() {
    let mut lab = Lab::new();
    let service = lab.service();
    let flow = lab.flow(&service);
    assert_eq!(lab.status(&TAP_SERVICE, &service).as_deref(), Some("DOWN"));
    lab.now += AGENT_INTERVAL - 1;
    assert_eq!(lab.status(&TAP_FLOW, &flow).as_deref(), Some("DOWN"));
    lab.now += 1;
    assert_eq!(lab.status(&TAP_FLOW, &flow).as_deref(), Some("ACTIVE"));
    let late = lab.flow(&service);
    // What is in operation is undone first; the flow that is not goes at once.
    lab.engine.delete_tap(&TAP_SERVICE, &service, &lab.admin()).unwrap();
    assert_eq!(lab.status(&TAP_SERVICE, &service).as_deref(), Some("PENDING_DELETE"));
    assert_eq!(lab.status(&TAP_FLOW, &flow).as_deref(), Some("PENDING_DELETE"));
    assert_eq!(lab.status(&TAP_FLOW, &late), None);
    // A flow to a service that is being undone goes with it.
    lab.now += 1_000;
    let last = lab.flow(&service);
    lab.now += AGENT_INTERVAL - 1_000;
    assert_eq!([lab.status(&TAP_SERVICE, &service), lab.status(&TAP_FLOW, &flow)], [None, None]);
    assert_eq!(lab.status(&TAP_FLOW, &last), None);
    assert!(lab.ids(&TAP_FLOW).is_empty());
    assert_eq!(told(lab.engine.delete_tap(&TAP_SERVICE, &service, &lab.admin())).1, "TapServiceNotFound");
    // Deleted twice, an object is gone at once.
    let service = lab.service();
    lab.now += AGENT_INTERVAL;
    for _ in 0..2 {
        lab.engine.delete_tap(&TAP_SERVICE, &service, &lab.admin()).unwrap();
    }
    assert_eq!(lab.status(&TAP_SERVICE, &service), None);
}

#[test]
fn what_uses_a_port_goes_with_it() {
    let mut lab = Lab::new();
    let service = lab.service();
    let flow = lab.flow(&service);
    let mirror = lab.create(&TAP_MIRROR, &lab.mirror(&json!({ "IN": 1 })), &lab.admin()).unwrap();
    lab.now += AGENT_INTERVAL;
    let delete = |lab: &Lab, port: &str| {
        lab.engine.delete(&PolicyPath::parse(&format!("{SEGMENTS}/ports/{port}")).unwrap(), Moment(lab.now)).unwrap();
    };
    delete(&lab, "b");
    assert_eq!(lab.status(&TAP_FLOW, &flow).as_deref(), Some("PENDING_DELETE"));
    assert_eq!(lab.status(&TAP_SERVICE, &service).as_deref(), Some("ACTIVE"));
    delete(&lab, "a");
    assert_eq!(lab.status(&TAP_SERVICE, &service).as_deref(), Some("PENDING_DELETE"));
    assert!(lab.engine.tap(&TAP_MIRROR, mirror.unique_id(), &lab.admin()).is_err());
}

#[test]
fn projects_do_not_see_each_other() {
    let lab = Lab::new();
    let service = lab.service();
    let stranger = lab.stranger();
    assert_eq!(told(lab.engine.tap(&TAP_SERVICE, &service, &stranger)).1, "TapServiceNotFound");
    assert!(lab.engine.taps(&TAP_SERVICE, &stranger).unwrap().is_empty());
    let theirs = lab.create(&TAP_SERVICE, &json!({ "port_id": lab.port("a") }), &stranger);
    assert_eq!(told(theirs).1, "PortNotFound");
    let mine = lab.create(&TAP_SERVICE, &json!({ "port_id": lab.port("c") }), &stranger).unwrap();
    assert_eq!(mine.get("project_id"), Some(&json!(OTHER)));
    let as_another = json!({ "port_id": lab.port("c"), "project_id": DEFAULT_PROJECT });
    assert_eq!(fault(lab.create(&TAP_SERVICE, &as_another, &stranger)), Fault::ForeignProject);
    assert_eq!(told(lab.create(&TAP_FLOW, &lab.flow_to(&service), &stranger)).1, "TapServiceNotFound");
    assert_eq!(lab.ids(&TAP_SERVICE).len(), 2);
}

#[test]
fn neutron_knows_segments_and_their_ports_by_their_uuids() {
    let lab = Lab::new();
    let port = lab.engine.known_to_neutron(&SEGMENT_PORT, &lab.port("c")).unwrap().unwrap();
    assert_eq!(port.path().id(), "c");
    assert_eq!(lab.engine.project_of(&port).unwrap(), OTHER);
    assert!(lab.engine.known_to_neutron(&SEGMENT, &lab.port("c")).unwrap().is_none());
    let segment = lab.engine.get(&PolicyPath::parse(SEGMENTS).unwrap(), Reveal::Public).unwrap();
    let network = lab.engine.known_to_neutron(&SEGMENT, segment.unique_id()).unwrap().unwrap();
    assert_eq!(lab.engine.project_of(&network).unwrap(), DEFAULT_PROJECT);
}

#[test]
fn the_policy_api_has_nothing_to_do_with_taps() {
    let lab = Lab::new();
    let service = lab.service();
    let path = PolicyPath::parse(&format!("/v2.0/taas/tap_services/{service}")).unwrap();
    let refused = lab.engine.put(&path, json!({ "port_id": lab.port("b"), "_revision": 0 }), &lab.caller());
    assert!(matches!(refused, Err(Refusal::InvalidPath(_))), "{refused:?}");
    assert!(matches!(lab.engine.delete(&path, Moment(lab.now)), Err(Refusal::InvalidPath(_))));
    assert!(lab.engine.all(Reveal::Public).unwrap().iter().all(|object| !object.path().is_of_neutron()));
}
