//! Neutron and Keystone, as a client sees them that knows nothing but HTTP.

use serde_json::{Value, json};

use crate::lab::{AUDITOR, Lab, PASSWORD, Reply, basic};
use crate::users::users;

const PROJECT: &str = "97e1586d580745d7b311406697aaf097";
const OTHER: &str = "0123456789abcdef0123456789abcdef";
const NOBODY: &str = "11111111-2222-4333-8444-555555555555";
const TAAS: &str = "/v2.0/taas";

impl Lab {
    fn post_to(&self, path: &str, body: &Value) -> Reply {
        self.by(("admin", PASSWORD), "POST", path, &body.to_string())
    }

    fn make(&self, path: &str, name: &str, attributes: Value) -> Value {
        let reply = self.post_to(path, &json!({ name: attributes }));
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()[name].clone()
    }

    /// A port of a network of its own.
    fn port(&self) -> String {
        let network = self.make("/v2.0/networks", "network", json!({}));
        let port = self.make("/v2.0/ports", "port", json!({ "network_id": network["id"] }));
        port["id"].as_str().unwrap().to_owned()
    }
}

impl Reply {
    /// An error in Neutron's form: its status, its type and its text.
    fn fault(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        let error = &body["NeutronError"];
        assert_eq!(error["detail"], "", "{body}");
        (self.status, error["type"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
    }

    fn is_fault(&self, status: u16, kind: &str, text: &str) {
        assert_eq!(self.fault(), (status, kind.to_owned(), text.to_owned()));
    }
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

#[test]
fn the_documents_of_the_seed_are_answered_as_printed() {
    let lab = Lab::new();
    let (tap, source) = (lab.port(), lab.port());
    let wanted = json!({
        "description": "Test_Tap",
        "name": "Test",
        "network_id": "8686f7d1-14e3-46ab-be3c-ccc0eead93cd",
        "port_id": tap,
        "tenant_id": PROJECT,
    });
    let service = lab.make(&format!("{TAAS}/tap-services"), "tap_service", wanted.clone());
    let same = |shown: &Value, wanted: &Value| {
        for (name, value) in wanted.as_object().unwrap().iter().filter(|(name, _)| *name != "network_id") {
            assert_eq!(&shown[name], value, "{shown}");
        }
        assert!(shown.get("network_id").is_none(), "{shown}");
    };
    same(&service, &wanted);
    assert_eq!((&service["project_id"], &service["status"]), (&json!(PROJECT), &json!("DOWN")));
    let flow = json!({
        "description": "Test_flow1",
        "direction": "BOTH",
        "name": "flow1",
        "source_port": source,
        "tap_service_id": service["id"],
        "tenant_id": PROJECT,
    });
    let made = lab.make(&format!("{TAAS}/tap-flows"), "tap_flow", flow.clone());
    same(&made, &flow);
    for (spelling, kind, wanted) in [
        ("tap-services", "tap_services", &wanted),
        ("tap_services", "tap_services", &wanted),
        ("tap-flows", "tap_flows", &flow),
    ] {
        let list = lab.get(&format!("{TAAS}/{spelling}")).ok();
        assert_eq!(list[kind].as_array().unwrap().len(), 1);
        same(&list[kind][0], wanted);
    }
    let one = lab.get(&format!("{TAAS}/tap_flows/{}", id(&made))).ok();
    assert_eq!(one["tap_flow"], made);
    assert_eq!(lab.delete(&format!("{TAAS}/tap-services/{}", id(&service))).status, 204);
    // A service takes its flows along.
    assert_eq!(lab.get(&format!("{TAAS}/tap_flows")).ok(), json!({ "tap_flows": [] }));
}

#[test]
fn every_refusal_of_taps_has_its_status_and_text() {
    let users = users(
        &format!(
            r#"{{"users": [{{"name": "bob", "password": "b", "role": "member", "projects": ["other"]}}],
                 "projects": [{{"name": "other", "id": "{OTHER}"}}]}}"#
        ),
        0o600,
    );
    let lab = Lab::within(
        users,
        &["--users", "users.json", "--rate-limit", "0", "--quota-tap-service", "2", "--quota-tap-flow=1"],
    );
    let (port, source) = (lab.port(), lab.port());
    let [services, flows, mirrors] = ["tap_services", "tap_flows", "tap_mirrors"].map(|it| format!("{TAAS}/{it}"));
    let service = |attributes: Value| lab.post_to(&services, &json!({ "tap_service": attributes }));
    let flow = |attributes: Value| lab.post_to(&flows, &json!({ "tap_flow": attributes }));
    let mirror = |attributes: Value| lab.post_to(&mirrors, &json!({ "tap_mirror": attributes }));
    let not_found = format!("Port {NOBODY} could not be found.");
    service(json!({ "port_id": NOBODY })).is_fault(404, "PortNotFound", &not_found);
    let foreign = service(json!({ "port_id": port, "project_id": OTHER }));
    foreign.is_fault(403, "PortDoesNotBelongToTenant", "The specified port does not belong to the tenant");
    let made = lab.make(&services, "tap_service", json!({ "port_id": port }));
    let wanted = json!({ "tap_service_id": made["id"], "source_port": source, "direction": "IN" });
    let with = |name: &str, value: Value| {
        let mut wanted = wanted.clone();
        wanted[name] = value;
        wanted
    };
    let text = "Specified Tap Service does not belong to the tenant";
    flow(with("tenant_id", json!(OTHER))).is_fault(403, "TapServiceNotBelongToTenant", text);
    let text = format!("Tap Service  {NOBODY} does not exist");
    flow(with("tap_service_id", json!(NOBODY))).is_fault(404, "TapServiceNotFound", &text);
    flow(with("source_port", json!(NOBODY))).is_fault(404, "PortNotFound", &not_found);
    lab.get(&format!("{services}/{NOBODY}")).is_fault(404, "TapServiceNotFound", &text);
    let text = format!("Tap Flow  {NOBODY} does not exist");
    lab.delete(&format!("{flows}/{NOBODY}")).is_fault(404, "TapFlowNotFound", &text);
    let text = format!("Tap Mirror {NOBODY} does not exist");
    lab.get(&format!("{mirrors}/{NOBODY}")).is_fault(404, "TapMirrorNotFound", &text);
    let tunnel =
        json!({ "port_id": port, "directions": { "IN": 5 }, "remote_ip": "203.0.113.9", "mirror_type": "gre" });
    lab.make(&mirrors, "tap_mirror", tunnel.clone());
    mirror(tunnel).is_fault(409, "TapMirrorTunnelConflict", "Tap Mirror with tunnel_id 5 already exists");
    lab.make(&flows, "tap_flow", wanted.clone());
    flow(wanted.clone()).is_fault(409, "OverQuota", "Quota exceeded for resources: ['tap_flow'].");
    // All of several, or none.
    let two = json!({ "tap_services": [{ "port_id": port, "name": "x" }, { "port_id": port }] });
    lab.post_to(&services, &two).is_fault(409, "TapServiceLimitReached", "Reached the maximum quota for Tap Services");
    assert_eq!(lab.get(&services).ok()["tap_services"].as_array().unwrap().len(), 1);
    let one = lab.post_to(&services, &json!({ "tap_services": [{ "port_id": port }] }));
    assert_eq!((one.status, one.json()["tap_services"][0]["port_id"].clone()), (201, json!(port)));
    // Who is of another project sees nothing of it.
    let as_bob = |method: &str, path: &str, body: &Value| lab.by(("bob", "b"), method, path, &body.to_string());
    let text = format!("Tap Service  {} does not exist", id(&made));
    as_bob("GET", &format!("{services}/{}", id(&made)), &json!("")).is_fault(404, "TapServiceNotFound", &text);
    let text = format!("Port {port} could not be found.");
    as_bob("POST", &services, &json!({ "tap_service": { "port_id": port } })).is_fault(404, "PortNotFound", &text);
    let (status, kind, text) =
        as_bob("POST", "/v2.0/networks", &json!({ "network": { "project_id": PROJECT } })).fault();
    assert_eq!((status, kind.as_str()), (400, "HTTPBadRequest"));
    assert!(text.ends_with("requires admin privileges"), "{text}");
    as_bob("GET", "/infra/segments", &json!("")).refused(403, 289);
    let quota = lab.get(&format!("/v2.0/quotas/{PROJECT}")).ok();
    assert_eq!(quota, json!({ "quota": { "tap_service": 2, "tap_flow": 1 } }));
}

#[test]
fn every_attribute_is_as_the_maps_of_the_seed_have_it() {
    let lab = Lab::new();
    let port = lab.port();
    let services = format!("{TAAS}/tap_services");
    let flows = format!("{TAAS}/tap_flows");
    let made = lab.make(&services, "tap_service", json!({ "port_id": port }));
    // What has a default has it.
    assert_eq!((&made["name"], &made["description"], &made["tenant_id"]), (&json!(""), &json!(""), &json!(PROJECT)));
    let flow = json!({ "tap_service_id": made["id"], "source_port": port, "direction": "OUT" });
    let shown = lab.make(&flows, "tap_flow", flow.clone());
    assert_eq!(shown["vlan_filter"], Value::Null);
    let bad = |path: &str, method: &str, name: &str, attributes: Value, text: &str| {
        let reply = lab.by(("admin", PASSWORD), method, path, &json!({ name: attributes }).to_string());
        reply.is_fault(400, "HTTPBadRequest", text);
    };
    let missing = |name: &str| format!("Failed to parse request. Required attribute '{name}' not specified");
    bad(&services, "POST", "tap_service", json!({ "name": "x" }), &missing("port_id"));
    for name in ["tap_service_id", "source_port", "direction"] {
        let mut without = flow.clone();
        without.as_object_mut().unwrap().remove(name);
        bad(&flows, "POST", "tap_flow", without, &missing(name));
    }
    let with = |name: &str, value: Value| {
        let mut flow = flow.clone();
        flow[name] = value;
        flow
    };
    for name in ["id", "status"] {
        bad(&flows, "POST", "tap_flow", with(name, json!(NOBODY)), &format!("Attribute '{name}' not allowed in POST"));
    }
    bad(&flows, "POST", "tap_flow", with("network_id", json!(NOBODY)), "Unrecognized attribute(s) 'network_id'");
    for (name, value, reason) in [
        ("tap_service_id", json!("x"), "'x' is not a valid UUID"),
        ("source_port", json!(7), "'7' is not a valid UUID"),
        ("direction", json!("UP"), "UP is not in valid_values"),
        ("direction", json!(null), "None is not in valid_values"),
        ("vlan_filter", json!("ten"), "'ten' is not a valid input"),
        ("name", json!(7), "'7' is not a valid string"),
    ] {
        let text = format!("Invalid input for {name}. Reason: {reason}.");
        bad(&flows, "POST", "tap_flow", with(name, value), &text);
    }
    let network = json!({ "port_id": port, "network_id": "x" });
    bad(&services, "POST", "tap_service", network, "Invalid input for network_id. Reason: 'x' is not a valid UUID.");
    let both = json!({ "port_id": port, "project_id": PROJECT, "tenant_id": OTHER });
    bad(&services, "POST", "tap_service", both, "'project_id' and 'tenant_id' do not match");
    // Names and descriptions change, and nothing else does.
    let item = format!("{flows}/{}", id(&shown));
    let changed = lab.put(&item, &json!({ "tap_flow": { "name": "n", "description": "d" } })).ok();
    assert_eq!((&changed["tap_flow"]["name"], &changed["tap_flow"]["description"]), (&json!("n"), &json!("d")));
    for name in ["id", "tenant_id", "project_id", "tap_service_id", "source_port", "direction", "vlan_filter", "status"]
    {
        let text = format!("Cannot update read-only attribute {name}");
        bad(&item, "PUT", "tap_flow", json!({ name: "x" }), &text);
    }
}

#[test]
fn what_no_client_should_send_is_refused_in_neutrons_form() {
    let lab = Lab::new();
    let services = format!("{TAAS}/tap_services");
    let post = |body: &str| lab.by(("admin", PASSWORD), "POST", &services, body);
    post("").is_fault(400, "HTTPBadRequest", "Resource body required");
    post("{}").is_fault(400, "HTTPBadRequest", "Resource body required");
    post(r#"{"tap_services": []}"#).is_fault(400, "HTTPBadRequest", "Resources required");
    post(r#"{"tap_flow": {}}"#).is_fault(400, "HTTPBadRequest", "Unable to find 'tap_service' in request body");
    post(r#"{"tap_service": 7}"#).is_fault(400, "HTTPBadRequest", "Object 'tap_service' contains invalid data");
    for body in ["{", "[]", r#"{"tap_service": {"name": "a", "name": "b"}}"#] {
        let (status, kind, text) = post(body).fault();
        assert_eq!((status, kind.as_str()), (400, "MalformedRequestBody"), "{body}");
        assert!(text.starts_with("Malformed request body: "), "{text}");
    }
    for path in
        ["/v2.0/nothing", "/v2.0/tap_services", "/v2.0/taas", "/v2.0//ports", "/v2.0/ports/a/b", "/v2.0/ports/%ff"]
    {
        lab.get(path).is_fault(404, "HTTPNotFound", "The resource could not be found.");
    }
    let patch = lab.patch(&services, &json!({}));
    patch.is_fault(405, "HTTPMethodNotAllowed", "The method PATCH is not allowed for this resource.");
    assert_eq!(patch.header("allow"), Some("GET, POST"));
    let text = "['nothing', 'shown'] is invalid attribute for filtering";
    lab.get(&format!("{services}?nothing=1&shown=2")).is_fault(400, "HTTPBadRequest", text);
    // network_id is taken, and never shown.
    lab.get(&format!("{services}?network_id={NOBODY}")).is_fault(
        400,
        "HTTPBadRequest",
        "['network_id'] is invalid attribute for filtering",
    );
    let many = "X-Many: x\r\n".repeat(200);
    for (path, form) in [("/v2.0/ports", "NeutronError"), ("/v3/auth/tokens", "error")] {
        let reply = lab.raw(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes());
        assert_eq!(reply.status, 431);
        assert!(reply.json()[form]["message"].is_string(), "{}", reply.text());
    }
}

#[test]
fn a_request_without_a_good_token_is_told_where_to_log_in() {
    let lab = Lab::new();
    let challenge = format!("Keystone uri=\"http://{}/identity\"", lab.host);
    let text = "The request you have made requires authentication.";
    let body = json!({ "error": { "code": 401, "title": "Unauthorized", "message": text } });
    for headers in [&[][..], &[("X-Auth-Token", "x")], &[("Authorization", &basic("admin", "wrong"))]] {
        let reply = lab.send("GET", "/v2.0/ports", headers, b"");
        assert_eq!((reply.status, reply.json()), (401, body.clone()));
        assert_eq!(reply.header("www-authenticate"), Some(challenge.as_str()));
    }
    let reply = lab.send("GET", "/v3/auth/tokens", &[], b"");
    assert_eq!((reply.status, reply.json()), (401, body));
    // Basic is as good as a token, and the auditor reads.
    let reader = ("auditor", AUDITOR);
    lab.by(reader, "GET", "/v2.0/ports", "").ok();
    let refused = lab.by(reader, "POST", "/v2.0/networks", r#"{"network": {}}"#);
    refused.is_fault(403, "PolicyNotAuthorized", "rule:create_network is disallowed by policy");
}

fn login(lab: &Lab, identity: Value, scope: Value) -> Reply {
    let mut auth = json!({ "identity": identity });
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    lab.send("POST", "/v3/auth/tokens", &[], json!({ "auth": auth }).to_string().as_bytes())
}

fn password(name: &str, password: &str) -> Value {
    let user = json!({ "name": name, "domain": { "id": "default" }, "password": password });
    json!({ "methods": ["password"], "password": { "user": user } })
}

#[test]
fn a_token_is_for_a_project_and_ends_when_it_is_revoked() {
    let lab = Lab::new();
    let by_name = json!({ "project": { "name": "admin", "domain": { "name": "Default" } } });
    for scope in [json!(null), by_name, json!({ "project": { "id": PROJECT } })] {
        let reply = login(&lab, password("admin", PASSWORD), scope);
        assert_eq!(reply.status, 201, "{}", reply.text());
        let told = &reply.json()["token"];
        assert_eq!((&told["project"]["id"], &told["roles"][0]["name"]), (&json!(PROJECT), &json!("admin")));
        let networks: Vec<_> =
            told["catalog"].as_array().unwrap().iter().filter(|it| it["type"] == "network").collect();
        assert_eq!(networks[0]["endpoints"][0]["url"], format!("http://{}", lab.host));
        let token = reply.header("x-subject-token").unwrap();
        let own = [("X-Auth-Token", token), ("X-Subject-Token", token)];
        lab.send("GET", "/v2.0/ports", &own[..1], b"").ok();
        assert_eq!(lab.send("GET", "/identity/v3/auth/tokens", &own, b"").ok()["token"], *told);
        assert_eq!(lab.send("GET", "/v3/auth/projects", &own, b"").ok()["projects"][0]["name"], "admin");
        assert_eq!(lab.send("DELETE", "/v3/auth/tokens", &own, b"").status, 204);
        assert_eq!(lab.send("GET", "/v2.0/ports", &own[..1], b"").status, 401);
    }
    let unscoped = login(&lab, password("admin", PASSWORD), json!("unscoped"));
    assert!(unscoped.json()["token"].get("project").is_none());
    let token = unscoped.header("x-subject-token").unwrap().to_owned();
    let refused = lab.send("GET", "/v2.0/ports", &[("X-Auth-Token", &token)], b"");
    assert_eq!(refused.fault().1, "PolicyNotAuthorized");
    let again =
        login(&lab, json!({ "methods": ["token"], "token": { "id": token } }), json!({ "project": { "id": PROJECT } }));
    assert_eq!(again.json()["token"]["expires_at"], unscoped.json()["token"]["expires_at"]);
}

#[test]
fn who_is_not_who_they_say_gets_no_token() {
    let lab = Lab::new();
    let other_domain = json!({ "methods": ["password"], "password": { "user": { "name": "admin", "domain": { "id": "x" }, "password": PASSWORD } } });
    for (identity, scope) in [
        (password("admin", "wrong"), json!(null)),
        (password("nobody", PASSWORD), json!(null)),
        (other_domain, json!(null)),
        (password("admin", PASSWORD), json!({ "project": { "id": NOBODY } })),
        (password("admin", PASSWORD), json!({ "domain": { "id": "default" } })),
        (json!({ "methods": ["token"], "token": { "id": "x" } }), json!(null)),
    ] {
        let reply = login(&lab, identity.clone(), scope);
        assert_eq!(reply.status, 401, "{identity}");
        assert_eq!(reply.json()["error"]["title"], "Unauthorized");
    }
    for (body, what) in [("{}", "auth"), (r#"{"auth": {}}"#, "identity"), (r#"{"auth": {"identity": {}}}"#, "methods")]
    {
        let reply = lab.send("POST", "/v3/auth/tokens", &[], body.as_bytes());
        let said = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 400);
        assert!(said.starts_with(&format!("Expecting to find {what} in ")), "{said}");
    }
    assert_eq!(lab.send("GET", "/v3/nothing", &[], b"").status, 401);
}

#[test]
fn versions_and_extensions_are_found() {
    let lab = Lab::new();
    let open = |path: &str| lab.send("GET", path, &[], b"").json();
    let versions = open("/");
    let ids: Vec<_> = versions["versions"].as_array().unwrap().iter().map(|version| &version["id"]).collect();
    assert_eq!(ids, ["v2.0", "v3.14"]);
    assert_eq!(open("/v3")["version"]["links"][0]["href"], format!("http://{}/v3/", lab.host));
    assert_eq!(
        open("/identity")["versions"]["values"][0]["links"][0]["href"],
        format!("http://{}/identity/v3/", lab.host)
    );
    let resources = lab.get("/v2.0/").ok();
    assert!(resources["resources"].as_array().unwrap().iter().any(|resource| resource["collection"] == "tap_mirrors"));
    for alias in ["taas", "tap-mirror", "port-security"] {
        assert_eq!(lab.get(&format!("/v2.0/extensions/{alias}")).ok()["extension"]["alias"], alias);
    }
    lab.get("/v2.0/extensions/x").is_fault(404, "HTTPNotFound", "Extension with alias x does not exist");
}

#[test]
fn a_port_is_the_same_in_both_apis() {
    let lab = Lab::new();
    let segment = "/infra/tier-1s/cgw/segments/app";
    lab.put(segment, &json!({ "subnets": [{ "gateway_address": "192.168.10.1/24" }] })).ok();
    let web = lab
        .put(&format!("{segment}/ports/web"), &json!({ "address_bindings": [{ "ip_address": "192.168.10.5" }] }))
        .ok();
    let uuid = web["unique_id"].as_str().unwrap();
    let shown = lab.get(&format!("/v2.0/ports/{uuid}")).ok()["port"].clone();
    assert_eq!((&shown["name"], &shown["fixed_ips"][0]["ip_address"]), (&json!("web"), &json!("192.168.10.5")));
    let network = shown["network_id"].as_str().unwrap();
    assert_eq!(
        lab.get(&format!("/v2.0/networks?id={network}&fields=name")).ok(),
        json!({ "networks": [{ "name": "app" }] })
    );
    let made = lab.make("/v2.0/ports", "port", json!({ "network_id": network, "name": "db" }));
    let declared = lab.get(&format!("{segment}/ports/{}", id(&made))).ok();
    assert_eq!((&declared["display_name"], &declared["unique_id"]), (&json!("db"), &made["id"]));
    assert_eq!(declared["address_bindings"][0]["ip_address"], "192.168.10.2");
    // Whichever API it is deleted by, its taps go along.
    let service = lab.make(&format!("{TAAS}/tap_services"), "tap_service", json!({ "port_id": uuid }));
    lab.delete(&format!("{segment}/ports/web")).ok();
    assert_eq!(lab.get(&format!("{TAAS}/tap_services/{}", id(&service))).status, 404);
    let text = format!(
        "Unable to complete operation on network {network}. There are one or more ports still in use on the network."
    );
    lab.delete(&format!("/v2.0/networks/{network}")).is_fault(409, "NetworkInUse", &text);
    assert_eq!(lab.delete(&format!("/v2.0/ports/{}", id(&made))).status, 204);
    assert_eq!(lab.delete(&format!("/v2.0/networks/{network}")).status, 204);
    lab.get(segment).refused(404, 600);
}

#[test]
fn a_change_is_made_at_the_revision_that_is_meant() {
    let lab = Lab::new();
    let network = lab.make("/v2.0/networks", "network", json!({ "name": "a" }));
    let path = format!("/v2.0/networks/{}", id(&network));
    let send = |method: &str, path: &str, tag: &str, body: &Value| {
        let headers = [("Authorization", basic("admin", PASSWORD)), ("If-Match", tag.to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lab.send(method, path, &headers, body.to_string().as_bytes())
    };
    let named = |name: &str| json!({ "network": { "name": name } });
    let first = network["revision_number"].as_i64().unwrap();
    let changed = send("PUT", &path, &format!("revision_number={first}"), &named("b")).ok()["network"].clone();
    let second = changed["revision_number"].as_i64().unwrap();
    assert_eq!((second, &changed["name"]), (first + 1, &json!("b")));
    let text = format!("Constrained to {first}, but current revision is {second}");
    for method in ["PUT", "DELETE"] {
        for tag in [format!("revision_number={first}"), format!("\"other\", \"revision_number={first}\"")] {
            send(method, &path, &tag, &named("c")).is_fault(412, "RevisionNumberConstraintFailed", &text);
        }
    }
    assert_eq!(lab.get(&path).ok()["network"], changed);
    let text = "Bad if-match request: Revision number etag must be in the format of revision_number=<int>.";
    send("PUT", &path, "revision_number=x", &named("c")).is_fault(400, "BadRequest", text);
    let two = format!("\"revision_number={first}\",\"revision_number={second}\"");
    let text = "Bad if-match request: Multiple revision_number etags are not supported..";
    send("DELETE", &path, &two, &json!("")).is_fault(400, "BadRequest", text);
    // Taps have no revisions.
    let service = lab.make(&format!("{TAAS}/tap_services"), "tap_service", json!({ "port_id": lab.port() }));
    assert!(service.get("revision_number").is_none(), "{service}");
    let tap = format!("{TAAS}/tap_services/{}", id(&service));
    let text = "Bad tap_services request: Revision matching not supported for this resource.";
    send("DELETE", &tap, "revision_number=0", &json!("")).is_fault(400, "BadRequest", text);
    // Other tags are none of its business.
    assert_eq!(send("DELETE", &path, "\"xyzzy\"", &json!("")).status, 204);
}

/// `fields` makes every list and every object as narrow as one likes.
#[test]
fn fields_are_those_that_are_asked_for() {
    let lab = Lab::new();
    let port = lab.port();
    let network = lab.get(&format!("/v2.0/ports/{port}")).ok()["port"]["network_id"].clone();
    lab.make("/v2.0/subnets", "subnet", json!({ "network_id": network, "ip_version": 4, "cidr": "10.1.0.0/24" }));
    let service = lab.make(&format!("{TAAS}/tap_services"), "tap_service", json!({ "port_id": port }));
    let flow = json!({ "tap_service_id": service["id"], "source_port": port, "direction": "IN" });
    lab.make(&format!("{TAAS}/tap_flows"), "tap_flow", flow);
    let mirror =
        json!({ "port_id": port, "directions": { "IN": 5 }, "remote_ip": "203.0.113.9", "mirror_type": "gre" });
    lab.make(&format!("{TAAS}/tap_mirrors"), "tap_mirror", mirror);
    for (path, kind) in [
        ("/v2.0/networks", "network"),
        ("/v2.0/subnets", "subnet"),
        ("/v2.0/ports", "port"),
        ("/v2.0/taas/tap_services", "tap_service"),
        ("/v2.0/taas/tap-flows", "tap_flow"),
        ("/v2.0/taas/tap_mirrors", "tap_mirror"),
    ] {
        let list = lab.get(&format!("{path}?fields=id&fields=project_id&fields=nothing")).ok();
        let one = &list[format!("{kind}s")][0];
        assert_eq!(*one, json!({ "id": one["id"], "project_id": PROJECT }), "{path}");
        let item = lab.get(&format!("{path}/{}?fields=id", id(one))).ok();
        assert_eq!(item, json!({ kind: { "id": one["id"] } }));
    }
}

/// How much a tap has copied, and the copies: the engine's own addresses.
#[test]
fn what_a_tap_has_copied_is_told_and_given() {
    let lab = Lab::new();
    let segment = "/infra/tier-1s/cgw/segments/s";
    lab.put(segment, &json!({ "subnets": [{ "gateway_address": "192.168.60.1/24" }] })).ok();
    let port = |name: &str, address: &str| {
        let body = json!({ "address_bindings": [{ "ip_address": address }] });
        lab.put(&format!("{segment}/ports/{name}"), &body).ok()["unique_id"].clone()
    };
    let (web, _) = (port("web", "192.168.60.10"), port("db", "192.168.60.20"));
    let mirror = json!({ "port_id": web, "remote_ip": "203.0.113.9", "mirror_type": "gre", "directions": { "IN": "7", "OUT": "8" } });
    let made = lab.make(&format!("{TAAS}/tap_mirrors"), "tap_mirror", mirror.clone());
    assert_eq!(made["directions"], mirror["directions"], "as they were sent");
    let refused = lab.post_to(
        &format!("{TAAS}/tap_mirrors"),
        &json!({ "tap_mirror": {
            "port_id": web, "remote_ip": "203.0.113.9", "mirror_type": "gre", "directions": { "BOTH": 7 },
        }}),
    );
    refused.is_fault(409, "TapMirrorTunnelConflict", "Tap Mirror with tunnel_id 7 already exists");
    let flow =
        json!({ "source": "192.168.60.10", "destination": "192.168.60.20", "destination_port": 53, "protocol": "UDP" });
    lab.put("/infra/simulated-flows/f", &flow).ok();
    let at = format!("{TAAS}/tap_mirrors/{}", id(&made));
    let told = (0..600).map(|_| lab.get(&format!("{at}/statistics")).ok()).find(|told| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        told["packets_copied"].as_u64() > Some(2)
    });
    assert_eq!(told.expect("packets are copied")["packets_lost"], 0);
    let file = lab.get(&format!("{at}/capture?count=2"));
    assert_eq!(file.header("content-type"), Some("application/vnd.tcpdump.pcap"));
    // A header of 24 bytes, and for each frame 16 and what was captured of it.
    let length = |at: usize| u32::from_le_bytes(file.body[at + 8..at + 12].try_into().unwrap()) as usize;
    let second = 24 + 16 + length(24);
    assert_eq!(file.body.len(), second + 16 + length(second), "two frames");
    // A file that was cut says so, and where it goes on.
    assert_eq!(file.header("capture-complete"), Some("false"));
    let since = file.header("capture-since").unwrap().to_owned();
    let next = |file: &Reply| {
        let (address, relation) = file.header("link")?.strip_prefix('<')?.split_once('>')?;
        assert_eq!(relation, "; rel=\"next\"");
        Some(address[address.find("/v2.0").unwrap()..].to_owned())
    };
    let first = next(&file).unwrap();
    let (_, to) = first.split_once("&to=").unwrap();
    let whole = lab.get(&format!("{at}/capture?to={}", to.split('&').next().unwrap()));
    assert_eq!((whole.header("capture-complete"), next(&whole)), (Some("true"), None));
    let (mut joined, mut following) = (file.body.clone(), Some(first));
    while let Some(address) = following {
        let file = lab.get(&address);
        assert_eq!(file.status, 200, "{}", file.text());
        joined.extend(&file.body[24..]);
        following = next(&file);
    }
    assert_eq!(joined, whole.body);
    lab.get(&format!("{at}/capture?from=2020-01-01T00:00:00Z")).is_fault(
        400,
        "HTTPBadRequest",
        &format!(
            "Invalid input for from. Reason: what happened before {since} cannot be seen any more, and \
             '2020-01-01T00:00:00Z' is before that."
        ),
    );
    lab.get(&format!("{at}/capture?skip=2")).is_fault(
        400,
        "HTTPBadRequest",
        "Invalid input for skip. Reason: only copies of the millisecond of from can be left out.",
    );
    lab.get(&format!("{at}/capture?count=0")).is_fault(
        400,
        "HTTPBadRequest",
        "Invalid input for count. Reason: '0' is no number from 1 to 100000.",
    );
    lab.get(&format!("{TAAS}/tap_mirrors/{NOBODY}/capture")).is_fault(
        404,
        "TapMirrorNotFound",
        &format!("Tap Mirror {NOBODY} does not exist"),
    );
}

/// Tags have addresses of their own, and narrow lists; the policy API has them as tags of a scope.
#[test]
fn tags_are_kept_shown_and_searched_by() {
    let lab = Lab::new();
    let network = lab.make("/v2.0/networks", "network", json!({ "name": "n" }));
    let subnet = json!({ "network_id": network["id"], "ip_version": 4, "cidr": "10.1.0.0/24" });
    let subnet = lab.make("/v2.0/subnets", "subnet", subnet);
    let port = json!({ "network_id": network["id"], "tags": ["red"] });
    let port = lab.make("/v2.0/ports", "port", port);
    assert_eq!((&network["tags"], &port["tags"]), (&json!([]), &json!(["red"])));
    let put = |path: &str, body: &str| lab.by(("admin", PASSWORD), "PUT", path, body);
    for (kind, of) in [("network", &network), ("subnet", &subnet), ("port", &port)] {
        let at = format!("/v2.0/{kind}s/{}", id(of));
        let tags = format!("{at}/tags");
        assert_eq!(put(&tags, r#"{"tags": ["red", "blue"]}"#).ok(), json!({ "tags": ["blue", "red"] }));
        let added = put(&format!("{tags}/deep%20green"), "");
        assert_eq!((added.status, added.body.len()), (201, 0));
        assert_eq!(lab.get(&tags).ok(), json!({ "tags": ["blue", "deep green", "red"] }));
        assert_eq!(lab.get(&at).ok()[kind]["tags"], json!(["blue", "deep green", "red"]));
        assert_eq!(lab.get(&format!("{tags}/red")).status, 204);
        assert_eq!(lab.delete(&format!("{tags}/red")).status, 204);
        for reply in [lab.get(&format!("{tags}/red")), lab.delete(&format!("{tags}/red"))] {
            reply.is_fault(404, "TagNotFound", "Tag red could not be found.");
        }
        let count =
            |query: &str| lab.get(&format!("/v2.0/{kind}s?{query}")).ok()[format!("{kind}s")].as_array().unwrap().len();
        for (query, found) in [
            ("tags=blue", 1),
            ("tags=blue,deep%20green", 1),
            ("tags=blue,red", 0),
            ("tags-any=blue,red", 1),
            ("not-tags=blue,red", 1),
            ("not-tags=blue", 0),
            ("not-tags-any=blue,red", 0),
            ("not-tags-any=red", 1),
        ] {
            assert_eq!(count(query), found, "{kind} {query}");
        }
        let nobody = format!("/v2.0/{kind}s/{NOBODY}/tags");
        let text = format!("Resource {kind}s {NOBODY} could not be found.");
        lab.get(&nobody).is_fault(404, "TagResourceNotFound", &text);
        put(&format!("{nobody}/x"), "").is_fault(404, "TagResourceNotFound", &text);
        for (body, says) in [
            (r#"{"tags": "red"}"#, "'red' is not a list"),
            (r#"{"tags": ["red", "red"]}"#, "Duplicate items in the list: 'red'"),
            (r#"{"tags": [7]}"#, "'7' is not a valid string"),
            (r#"{"tags": [""]}"#, "'' is not a valid string"),
            (r#"{"tag": ["red"]}"#, "Invalid tags body"),
        ] {
            let text = format!("Invalid input for operation: {says}.");
            put(&tags, body).is_fault(400, "InvalidInput", &text);
        }
        let update = put(&at, &json!({ kind: { "tags": [] } }).to_string());
        update.is_fault(400, "HTTPBadRequest", "Cannot update read-only attribute tags");
        let reader = lab.by(("auditor", AUDITOR), "PUT", &format!("{tags}/x"), "");
        reader.is_fault(403, "PolicyNotAuthorized", &format!("rule:update_{kind}_tags is disallowed by policy"));
        lab.by(("auditor", AUDITOR), "GET", &tags, "").ok();
        let patch = lab.patch(&tags, &json!({}));
        assert_eq!((patch.status, patch.header("allow")), (405, Some("GET, PUT, DELETE")));
    }
    let segment = lab.get(&format!("/infra/segments/{}", id(&network))).ok();
    for (scope, tag) in [("os-tag", "blue"), ("os-subnet-tag/10.1.0.0/24", "deep green")] {
        assert!(segment["tags"].as_array().unwrap().contains(&json!({ "scope": scope, "tag": tag })), "{segment}");
    }
    let new = lab.post_to("/v2.0/networks", &json!({ "network": { "tags": ["red"] } }));
    new.is_fault(400, "HTTPBadRequest", "Attribute 'tags' not allowed in POST");
    assert_eq!(lab.delete(&format!("/v2.0/networks/{}/tags", id(&network))).status, 204);
    assert_eq!(lab.get(&format!("/v2.0/networks/{}", id(&network))).ok()["network"]["tags"], json!([]));
    // Taps have none, as in tap-as-a-service.
    let service = lab.make(&format!("{TAAS}/tap_services"), "tap_service", json!({ "port_id": port["id"] }));
    assert!(service.get("tags").is_none());
    lab.get(&format!("{TAAS}/tap_services/{}/tags", id(&service))).is_fault(
        404,
        "HTTPNotFound",
        "The resource could not be found.",
    );
}

/// Where there is no gateway, its address is one like any other.
#[test]
fn a_subnet_without_a_gateway_gives_out_all_its_addresses() {
    let lab = Lab::new();
    let network = lab.make("/v2.0/networks", "network", json!({}));
    let wanted = json!({ "network_id": network["id"], "ip_version": 4, "cidr": "10.1.0.0/29", "gateway_ip": null });
    let subnet = lab.make("/v2.0/subnets", "subnet", wanted);
    assert_eq!(subnet["allocation_pools"], json!([{ "start": "10.1.0.1", "end": "10.1.0.6" }]));
    let port = lab.make("/v2.0/ports", "port", json!({ "network_id": network["id"] }));
    assert_eq!(port["fixed_ips"][0]["ip_address"], "10.1.0.1");
    let at = format!("/v2.0/subnets/{}", id(&subnet));
    let text = "Gateway ip 10.1.0.2 conflicts with allocation pool 10.1.0.1-10.1.0.6.";
    let gateway = |ip: &str| json!({ "subnet": { "gateway_ip": ip } });
    lab.put(&at, &gateway("10.1.0.2")).is_fault(409, "GatewayConflictWithAllocationPools", text);
    let pools = json!({ "subnet": { "allocation_pools": [{ "start": "10.1.0.2", "end": "10.1.0.5" }] } });
    lab.put(&at, &pools).ok();
    let text = format!("IP address 10.1.0.1 already allocated in subnet {}", id(&subnet));
    lab.put(&at, &gateway("10.1.0.1")).is_fault(409, "IpAddressAlreadyAllocated", &text);
    assert_eq!(lab.put(&at, &gateway("10.1.0.6")).ok()["subnet"]["gateway_ip"], "10.1.0.6");
}

/// Pages, filters and orders of lists that are read in parts are those of the whole list.
#[test]
fn lists_are_the_same_however_much_of_them_is_read() {
    let lab = Lab::new();
    let names = ["b", "a", "c", "a", "d"];
    for (at, name) in names.iter().enumerate() {
        let network = lab.make("/v2.0/networks", "network", json!({ "name": name }));
        let subnet = json!({ "network_id": network["id"], "ip_version": 4, "cidr": format!("10.{at}.0.0/24") });
        lab.make("/v2.0/subnets", "subnet", subnet);
        lab.make("/v2.0/ports", "port", json!({ "network_id": network["id"], "name": name }));
    }
    for kind in ["networks", "subnets", "ports"] {
        let ids = |query: &str| -> Vec<String> {
            let page = lab.get(&format!("/v2.0/{kind}?{query}")).ok();
            page[kind].as_array().unwrap().iter().map(|object| id(object).to_owned()).collect()
        };
        let all = ids("");
        assert!(all.len() == names.len() && all.is_sorted());
        let (first, third) = (&all[0], &all[2]);
        assert_eq!(ids("limit=2"), all[..2]);
        assert_eq!(ids(&format!("limit=2&marker={first}")), all[1..3]);
        assert_eq!(ids(&format!("limit=2&marker={third}&page_reverse=True")), all[..2]);
        assert_eq!(ids(&format!("id={third}&id={first}&id={NOBODY}")), [first.clone(), third.clone()]);
        if kind != "subnets" {
            let sorted = ids("sort_key=name&sort_dir=asc&sort_key=id&sort_dir=desc");
            let named = ids("name=a");
            assert_eq!((named.len(), [&sorted[1], &sorted[0]]), (2, [&named[0], &named[1]]));
            let rest =
                ids(&format!("sort_key=name&sort_dir=asc&sort_key=id&sort_dir=desc&limit=9&marker={}", sorted[1]));
            assert_eq!(rest, sorted[2..]);
        }
        let reply = lab.get(&format!("/v2.0/{kind}?limit=1&marker={NOBODY}"));
        assert_eq!(reply.status, 404, "{}", reply.text());
        let text = "Invalid input for operation: 'maybe' cannot be converted to boolean.";
        lab.get(&format!("/v2.0/{kind}?page_reverse=maybe")).is_fault(400, "InvalidInput", text);
    }
    let network = lab.get("/v2.0/networks?name=d").ok()["networks"][0]["id"].clone();
    for kind in ["subnets", "ports"] {
        let of_it = lab.get(&format!("/v2.0/{kind}?network_id={}", network.as_str().unwrap())).ok();
        let of_it = of_it[kind].as_array().unwrap();
        assert_eq!((of_it.len(), &of_it[0]["network_id"]), (1, &network));
    }
}
