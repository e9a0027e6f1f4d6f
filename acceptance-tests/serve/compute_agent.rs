//! A compute agent, as a client sees it that knows nothing but HTTP: the requests of seed 004.

use serde_json::{Value, json};

use crate::lab::{AUDITOR, Lab, PASSWORD, Reply, basic};

const FLOW: &str = "dport=9000&src=10.1.1.1&dst=10.1.7.1&sport=4567&proto=tcp";
const TUNNEL: &str = "src=10.1.1.1&sport=4567&vnid=5&dst=10.1.7.1&appdst=10.1.2.5&appsrc=10.1.2.3";

fn ask(lab: &Lab, user: (&str, &str), address: &str, originator: Option<&str>) -> Reply {
    let authorization = basic(user.0, user.1);
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(originator.map(|originator| ("originator", originator)));
    lab.send("GET", address, &headers, b"")
}

fn get(lab: &Lab, address: &str) -> Reply {
    ask(lab, ("admin", PASSWORD), address, None)
}

impl Reply {
    /// The return code, and the HTTP status it comes with.
    fn code(&self) -> (u64, String, u16) {
        let body = self.json();
        (body["code"].as_u64().unwrap(), body["name"].as_str().unwrap().to_owned(), self.status)
    }
}

/// A fabric of one device with two hosts.
fn fabric() -> Lab {
    let lab = Lab::new();
    let device = json!({
        "serial_number": "TA3714040533",
        "interfaces": [{ "name": "ge-0/0/0.0" }, { "name": "ge-0/0/12.0" }],
        "hosts": [
            { "address": "10.1.1.1", "interface": "ge-0/0/0.0" },
            { "address": "10.1.7.1", "interface": "ge-0/0/12.0" },
        ],
    });
    lab.put("/policy/api/v1/infra/simulated-devices/leaf", &device).ok();
    lab
}

/// The answer, once there is one: the first run takes about a millisecond.
fn data(lab: &Lab, address: &str) -> Reply {
    loop {
        let reply = get(lab, address);
        if reply.status == 200 {
            return reply;
        }
        assert_eq!(reply.code(), (2, "EFAIL".to_owned(), 404), "{}", reply.text());
    }
}

#[test]
fn a_flow_is_started_read_and_stopped_by_the_requests_of_the_seed() {
    let lab = fabric();
    assert_eq!(get(&lab, &format!("/start/flow?{FLOW}")).code(), (0, "EOK".to_owned(), 200));
    let found = data(&lab, &format!("/data/flow?{FLOW}")).json();
    assert_eq!(found["ID"], "('10.1.1.1', '10.1.7.1', 6, 4567, 9000)");
    assert_eq!(found["Path"][0]["DevName"], "leaf");
    assert_eq!(get(&lab, "/active/flow").ok(), json!({ "flows": [["10.1.7.1", "10.1.1.1", "tcp", 4567, 9000]] }));
    assert_eq!(get(&lab, &format!("/stop/flow?{FLOW}")).code(), (0, "EOK".to_owned(), 200));
    assert_eq!(get(&lab, &format!("/data/flow?{FLOW}")).code(), (4, "E_AoF".to_owned(), 404));
    assert_eq!(get(&lab, &format!("/stop/flow?{FLOW}")).code(), (4, "E_AoF".to_owned(), 404));
    let again = get(&lab, &format!("/start/flow?{FLOW}"));
    assert!(
        again.status == 200
            || again.code() == (1, "EAGAIN".to_owned(), 503) && again.header("retry-after") == Some("1")
    );
}

#[test]
fn a_tunnel_is_started_read_and_stopped_by_the_requests_of_the_seed() {
    let lab = fabric();
    let started = "appmac=44:1e:a1:02:25:c0&dport=9000&appsmac=9c:8e:99:12:88:2e&bw-ingress=true";
    assert_eq!(get(&lab, &format!("/start/tunnel?{TUNNEL}&{started}")).code().0, 0);
    let found = data(&lab, &format!("/data/tunnel?{TUNNEL}")).json();
    assert_eq!(found["ID"], "('10.1.1.1', '10.1.7.1', 4567, 5)");
    assert_eq!(found["Path"][0]["Bandwidth_Counter"], 0);
    let active = get(&lab, "/active/tunnel").ok();
    assert_eq!(active, json!({ "flows": [["10.1.1.1", "10.1.7.1", "10.1.2.5", "10.1.2.3", 5, 4567]] }));
    assert_eq!(get(&lab, &format!("/stop/tunnel?{TUNNEL}")).code().0, 0);
    assert_eq!(get(&lab, "/active/tunnel").ok(), json!({ "flows": [] }));
}

#[test]
fn the_spelling_of_the_seed_is_given_on_request() {
    let lab = fabric();
    get(&lab, &format!("/start/flow?{FLOW}"));
    let reply = get(&lab, "/active/flow?format=python");
    assert_eq!(reply.text(), "{'flows': [['10.1.7.1', '10.1.1.1', 'tcp', 4567, 9000]]}");
    let reply = get(&lab, "/list/flow?active=True&format=python");
    assert_eq!(reply.text(), "{'FLOWS': []}");
    let refused = get(&lab, "/stop/flow?format=python");
    assert!(refused.text().starts_with("{'code': 2, "), "{}", refused.text());
}

#[test]
fn a_flow_is_its_originators_alone() {
    let lab = fabric();
    let admin = ("admin", PASSWORD);
    assert_eq!(ask(&lab, admin, &format!("/start/flow?{FLOW}"), Some("ann")).code().0, 0);
    for other in [None, Some("bob")] {
        for address in ["/start/flow", "/data/flow", "/stop/flow"] {
            let reply = ask(&lab, admin, &format!("{address}?{FLOW}"), other);
            assert_eq!(reply.code(), (3, "E_UNAUTHORIZED".to_owned(), 403), "{address}");
        }
        assert_eq!(ask(&lab, admin, "/active/flow", other).ok(), json!({ "flows": [] }));
    }
    assert_eq!(ask(&lab, admin, "/active/flow", Some("ann")).ok()["flows"].as_array().unwrap().len(), 1);
    assert_eq!(ask(&lab, admin, &format!("/stop/flow?{FLOW}"), Some("ann")).code().0, 0);
}

#[test]
fn who_may_what_is_as_elsewhere() {
    let lab = fabric();
    let nobody = lab.send("GET", "/active/flow", &[], b"");
    assert_eq!(nobody.code(), (3, "E_UNAUTHORIZED".to_owned(), 401));
    assert!(nobody.header("www-authenticate").is_some());
    let auditor = ("auditor", AUDITOR);
    assert_eq!(ask(&lab, auditor, "/list/flow", None).status, 200);
    assert_eq!(ask(&lab, auditor, &format!("/start/flow?{FLOW}"), None).code().0, 3);
    // A page of another site in the admin's browser.
    let authorization = basic("admin", PASSWORD);
    let headers = [("authorization", authorization.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(lab.send("GET", &format!("/start/flow?{FLOW}"), &headers, b"").code().0, 3);
}

#[test]
fn what_is_no_request_is_refused_with_a_code() {
    let lab = fabric();
    for (address, why) in [
        ("/start/flow?src=10.1.1.1", "dst is missing"),
        ("/start/flow?src=10.1.1.1&dst=10.1.7", "dst is an IPv4 address"),
        ("/start/flow?src=10.1.1.1&dst=10.1.7.1&sport=0", "sport is a number from 1 to 65535"),
        ("/start/flow?src=10.1.1.1&dst=10.1.7.1&proto=sctp", "proto is tcp or udp"),
        ("/start/flow?src=10.1.1.1&dst=10.1.7.1&chksum=perhaps", "chksum is true or false"),
        ("/start/flow?src=10.1.1.1&dst=10.1.7.1&colour=red", "colour"),
        ("/start/flow?src=10.1.1.1&dst=10.1.7.1&mirror_type=ERSPAN", "mirror_dir is missing"),
        ("/start/tunnel?src=10.1.1.1&dst=10.1.7.1&vnid=16777216", "vnid is a number"),
        ("/start/tunnel?src=10.1.1.1&dst=10.1.7.1&bw-ingress=true&bw_ingress=true", "more than once"),
        ("/list/flow?active=1", "active is True or False"),
        ("/list/flow?format=xml", "format is json or python"),
    ] {
        let reply = get(&lab, address);
        assert_eq!(reply.code(), (2, "EFAIL".to_owned(), 400), "{address}");
        let message: Value = reply.json()["message"].clone();
        assert!(message.as_str().unwrap().contains(why), "{address}: {message}");
    }
    let posted = lab.by(("admin", PASSWORD), "POST", "/start/flow", "");
    assert_eq!((posted.code().0, posted.status, posted.header("allow")), (2, 405, Some("GET")));
}
