//! A compute agent, as a client sees it that knows nothing but HTTP: the requests of seed 004.

use std::io::{Read, Write};
use std::net::TcpStream;

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
fn data_of(lab: &Lab, address: &str) -> Reply {
    found(|| get(lab, address))
}

/// The same for an originator.
fn data(lab: &Lab, originator: &str, address: &str) -> Reply {
    found(|| ask(lab, ("admin", PASSWORD), address, Some(originator)))
}

fn found(ask: impl Fn() -> Reply) -> Reply {
    loop {
        let reply = ask();
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
    let found = data_of(&lab, &format!("/data/flow?{FLOW}")).json();
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
    let found = data_of(&lab, &format!("/data/tunnel?{TUNNEL}")).json();
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

/// Each address that names a collection, with what starts one beside.
const OWNED: [(&str, &str, &str); 10] = [
    ("/start/flow", FLOW, ""),
    ("/data/flow", FLOW, ""),
    ("/mirror/flow", FLOW, ""),
    ("/capture/flow", FLOW, ""),
    ("/stop/flow", FLOW, ""),
    ("/start/tunnel", TUNNEL, MORE),
    ("/data/tunnel", TUNNEL, ""),
    ("/mirror/tunnel", TUNNEL, ""),
    ("/capture/tunnel", TUNNEL, ""),
    ("/stop/tunnel", TUNNEL, ""),
];
/// What a tunnel is started with besides.
const MORE: &str = "&appdmac=44:1e:a1:02:25:c0&dport=9000&appsmac=9c:8e:99:12:88:2e";
const MIRROR: &str = "&mirror_type=ERSPAN&mirror_dir=ingress&mirror_analyzer=10.1.7.1";

#[test]
fn a_collection_is_its_originators_alone() {
    let lab = fabric();
    let admin = ("admin", PASSWORD);
    let by = |originator, address: &str| ask(&lab, admin, address, originator);
    for (address, what, more) in OWNED.iter().filter(|(address, ..)| address.starts_with("/start")) {
        assert_eq!(by(Some("ann"), &format!("{address}?{what}{more}{MIRROR}")).code().0, 0);
    }
    data(&lab, "ann", &format!("/data/flow?{FLOW}"));
    data(&lab, "ann", &format!("/data/tunnel?{TUNNEL}"));
    for other in [None, Some("bob"), Some("Ann"), Some("ann2"), Some("annä"), Some("null")] {
        for (address, what, more) in OWNED {
            let reply = by(other, &format!("{address}?{what}{more}"));
            assert_eq!(reply.code(), (3, "E_UNAUTHORIZED".to_owned(), 403), "{other:?} {address}");
            assert!(!reply.text().contains("DevName"), "{}", reply.text());
        }
        // All or part of what tells a tunnel apart.
        let part = TUNNEL.replace("&sport=4567", "");
        assert_eq!(by(other, &format!("/data/tunnel?{part}")).code().0, 3);
        for address in ["/active/flow", "/active/tunnel"] {
            assert_eq!(by(other, address).ok(), json!({ "flows": [] }), "{other:?} {address}");
        }
        // What hosts send is nobody's, and hides nothing.
        assert_eq!(by(other, "/list/flow").ok(), json!({ "FLOWS": [] }));
    }
    for address in ["/active/flow", "/active/tunnel"] {
        assert_eq!(by(Some("ann"), address).ok()["flows"].as_array().unwrap().len(), 1);
    }
    for (address, what, _) in OWNED.iter().filter(|(address, ..)| !address.starts_with("/start")) {
        let reply = by(Some("ann"), &format!("{address}?{what}"));
        assert_eq!(reply.status, 200, "{address}");
    }
    // One that is gone can be anybody's.
    let mut again = by(Some("bob"), &format!("/start/flow?{FLOW}"));
    while again.code().0 == 1 {
        again = by(Some("bob"), &format!("/start/flow?{FLOW}"));
    }
    assert_eq!(again.code().0, 0);
    assert_eq!(by(Some("ann"), &format!("/stop/flow?{FLOW}")).code().0, 3);
}

/// The requests that the seed prints, one after the other, are all served.
#[test]
fn every_request_of_the_seed_is_served() {
    let lab = fabric();
    let tunnel = "src=10.1.1.1&sport=4567&vnid=5&dst=10.1.7.1&appdst=10.1.2.5";
    let flows = [
        ("dport=9000&src=10.1.1.1&dst=10.1.7.1&sport=4567&proto=tcp", ""),
        ("src=10.1.1.1&proto=tcp&dst=10.1.7.1&dport=9000&sport=58991", "&bw_ingress=true"),
        ("src=10.1.1.1&proto=udp&dst=10.1.7.1&dport=9000&sport=54676", "&bw_ingress=true"),
        (
            "src=10.1.1.1&proto=tcp&dst=10.1.7.1&dport=9000&sport=59047",
            "&mirror_dir=ingress&mirror_analyzer=10.2.1.1&bw_ingress=true&mirror_type=ERSPAN",
        ),
    ];
    assert_eq!(get(&lab, "/list/flow?active=True").ok(), json!({ "FLOWS": [] }));
    for (flow, more) in flows {
        assert_eq!(get(&lab, &format!("/start/flow?{flow}{more}")).code().0, 0, "{flow}");
        let found = data_of(&lab, &format!("/data/flow?{flow}")).json();
        assert_eq!(found["Path"][0].get("Bandwidth_ID").is_some(), !more.is_empty(), "{found}");
    }
    for mac in ["appmac", "appdmac"] {
        let more = format!("&{mac}=44:1e:a1:02:25:c0&dport=9000&appsrc=10.1.2.3&appsmac=9c:8e:99:12:88:2e");
        assert_eq!(get(&lab, &format!("/start/tunnel?{tunnel}{more}")).code().0, 0, "{mac}");
        data_of(&lab, &format!("/data/tunnel?{tunnel}&appsrc=10.1.2.3"));
        assert_eq!(get(&lab, &format!("/stop/tunnel?{tunnel}&appsrc=10.1.2.3")).code().0, 0);
        // For 100 ms more the tunnel is being stopped.
        std::thread::sleep(std::time::Duration::from_millis(150));
    }
    assert_eq!(get(&lab, "/active/flow").ok()["flows"].as_array().unwrap().len(), 4);
    assert_eq!(get(&lab, "/active/tunnel").ok(), json!({ "flows": [] }));
}

/// The copies that devices send to the analyzer, part by part.
#[test]
fn what_is_mirrored_can_be_downloaded() {
    let lab = fabric();
    let flow = json!({
        "source": "10.1.1.1", "destination": "10.1.7.1", "protocol": "TCP", "source_port": 4567,
        "destination_port": 9000, "packets_per_second": 100, "packet_size": 200,
    });
    lab.put("/policy/api/v1/infra/simulated-flows/f", &flow).ok();
    assert_eq!(get(&lab, &format!("/start/flow?{FLOW}")).code().0, 0);
    let refused = get(&lab, &format!("/capture/flow?{FLOW}"));
    assert_eq!(refused.code(), (2, "EFAIL".to_owned(), 400));
    assert!(refused.text().contains("is not mirrored"), "{}", refused.text());
    // One that is changed at once is told to wait.
    while get(&lab, &format!("/start/flow?{FLOW}{MIRROR}")).code().0 == 1 {}
    let counted = (0..600).map(|_| get(&lab, &format!("/mirror/flow?{FLOW}")).ok()).find(|told| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        told["packets"].as_u64() > Some(3)
    });
    assert_eq!(counted.unwrap()["lost"], 0);
    let file = get(&lab, &format!("/capture/flow?{FLOW}&count=2"));
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/vnd.tcpdump.pcap")));
    // A header of 24 bytes, and for each frame 16: Ethernet, IP, GRE, ERSPAN, Ethernet and 200.
    assert_eq!(file.body.len(), 24 + 2 * (16 + 14 + 20 + 8 + 8 + 14 + 200));
    assert_eq!(file.header("capture-complete"), Some("false"));
    let link = file.header("link").unwrap();
    let next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    assert!(next.starts_with(&format!("/capture/flow?{FLOW}&from=")), "{next}");
    let rest = get(&lab, next);
    assert_eq!((rest.status, rest.header("capture-complete").is_some()), (200, true), "{}", rest.text());
    for (more, why) in [
        ("&count=0", "count: '0' is no number from 1 to 100000"),
        ("&from=yesterday", "from: 'yesterday' is no time"),
        ("&skip=1", "only copies of the millisecond of from"),
        ("&from=2001-01-01T00:00:00Z", "cannot be seen any more"),
        ("&colour=red", "colour"),
    ] {
        let refused = get(&lab, &format!("/capture/flow?{FLOW}{more}"));
        assert_eq!(refused.code(), (2, "EFAIL".to_owned(), 400), "{more}");
        assert!(refused.text().contains(why), "{}", refused.text());
    }
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

/// Whatever is asked: one of the codes, in a body that can be read, and nothing is started.
#[test]
fn what_no_client_should_ask_is_refused() {
    let lab = fabric();
    let huge = "9".repeat(5_000);
    let long = "x".repeat(7_000);
    let many: String = (0..500).map(|number| format!("&p{number}={number}")).collect();
    let wrong = [
        "sport=65536",
        "sport=-1",
        "sport=1.5",
        "sport=1e3",
        "sport=0x10",
        "sport=NaN",
        "sport=%00",
        "sport=١٢",
        "sport=18446744073709551617",
        &format!("sport={huge}"),
        "sfreq=0",
        "sfreq=86401",
        "nhops=256",
        "nhops=0",
        "ntry=0",
        "ntry=256",
        "timeout=0",
        "timeout=3600001",
        "chksum=2",
        "bw_ingress=yes",
        "bw_ingress=true&bw_ingress=true",
        "proto=6",
        "proto=tcp%00",
        "proto=%74%63%70%0a",
        "src=10.1.1.1&src=10.1.1.1",
        "mirror_type=RSPAN",
        "mirror_type=ERSPAN&mirror_dir=egress&mirror_analyzer=10.1.7.1",
        "mirror_type=ERSPAN&mirror_dir=ingress&mirror_analyzer=::1",
        "mirror_type=ERSPAN&mirror_dir=ingress&mirror_analyzer=10.1.7.1/24",
        "SPORT=5",
        "originator=ann",
        "display_name=x",
        "_revision=1",
        "%ff=1",
        "=1",
        "&=",
        &format!("x={long}"),
        &many[1..],
    ];
    for more in wrong {
        let reply = get(&lab, &format!("/start/flow?src=10.1.1.1&dst=10.1.7.1&{more}"));
        assert_eq!(reply.code().0, 2, "{}: {}", &more[..more.len().min(60)], reply.text());
        assert!(reply.status == 400 && reply.body.len() < 20_000, "{more}");
    }
    for address in [
        "/start/flow?src=localhost&dst=10.1.7.1",
        "/start/flow?src=10.1.1&dst=10.1.7.1",
        "/start/flow?src=10.1.1.1&dst=",
        "/start/flow?src=010.1.1.1&dst=10.1.7.1",
        "/start/flow?src=224.0.0.1&dst=10.1.7.1",
        "/start/flow?src=0.0.0.0&dst=10.1.7.1",
        "/start/flow?src=1&dst=2",
        "/start/flow?src=10.1.1.1%20&dst=10.1.7.1",
        "/start/flow?src=１０.1.1.1&dst=10.1.7.1",
        "/start/flow",
        "/start/tunnel?src=10.1.1.1",
        "/data/flow",
        "/stop/flow?src=10.1.1.1",
        "/data/tunnel?src=10.1.1.1&dst=10.1.7.1",
        "/active/flow?src=10.1.1.1",
        "/list/flow?active=True&active=False",
        "/list/flow?active=%F0%9F%98%80",
        "/mirror/flow?x=1",
        "/data/flow?src=10.1.1.1&dst=10.1.7.1&sport=,",
    ] {
        let address: String = address
            .bytes()
            .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02x}") })
            .collect();
        let reply = get(&lab, &address);
        assert_eq!((reply.code().0, reply.status), (2, 400), "{address}: {}", reply.text());
    }
    for originator in ["", " ", &"x".repeat(256), "a\tb"] {
        let reply = ask(&lab, ("admin", PASSWORD), &format!("/start/flow?{FLOW}"), Some(originator));
        let is_text = originator == "a\tb";
        assert_eq!(reply.code().0, if is_text { 0 } else { 2 }, "{originator:?}");
    }
    let twice = basic("admin", PASSWORD);
    let headers = [("authorization", twice.as_str()), ("originator", "ann"), ("originator", "bob")];
    assert_eq!(lab.send("GET", "/active/flow", &headers, b"").code(), (2, "EFAIL".to_owned(), 400));
    for address in ["/list", "/list/", "/list/flows", "/start/flow/", "/data/flow/x", "/data", "/mirror", "/capture/x"]
    {
        let reply = get(&lab, address);
        assert_eq!((reply.code().0, reply.status), (2, 404), "{address}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let reply = lab.by(("admin", PASSWORD), method, &format!("/stop/flow?{FLOW}"), "");
        assert_eq!(reply.status, 405, "{method}");
    }
    assert_eq!(get(&lab, "/active/flow").ok(), json!({ "flows": [] }));
}

/// Ten thousand requests on a few connections, good ones and others: each is answered, and memory
/// stays as it is.
#[test]
fn ten_thousand_requests_are_answered() {
    const CONNECTIONS: usize = 4;
    const EACH: usize = 2_500;
    let lab = fabric();
    assert_eq!(get(&lab, &format!("/start/flow?{FLOW}")).code().0, 0);
    data_of(&lab, &format!("/data/flow?{FLOW}"));
    let before = lab.memory();
    let authorization = basic("admin", PASSWORD);
    let addresses = [
        format!("/data/flow?{FLOW}"),
        "/active/flow".to_owned(),
        "/list/flow?active=True".to_owned(),
        format!("/start/flow?{FLOW}&sport=x"),
        "/data/flow?src=10.1.1.1&dst=10.9.9.9".to_owned(),
        format!("/mirror/flow?{FLOW}"),
    ];
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut stream = lab.connect();
                for number in 0..EACH {
                    let address = &addresses[number % addresses.len()];
                    let request = format!(
                        "GET {address} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n\r\n",
                        lab.host
                    );
                    stream.write_all(request.as_bytes()).unwrap();
                    let reply = read_one(&mut stream);
                    let status = [200, 200, 200, 400, 404, 400][number % addresses.len()];
                    assert_eq!(reply.0, status, "{address}: {}", reply.1);
                    serde_json::from_str::<Value>(&reply.1).unwrap();
                }
            });
        }
    });
    assert!(lab.memory() < before + 64 * 1024 * 1024, "{before} bytes before, {} after", lab.memory());
    assert_eq!(get(&lab, "/active/flow").ok()["flows"].as_array().unwrap().len(), 1);
}

/// The status and the body of one answer, of which there are more on the connection.
fn read_one(stream: &mut TcpStream) -> (u16, String) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.trim().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head.split_whitespace().nth(1).unwrap().parse().unwrap(), String::from_utf8(body).unwrap())
}
