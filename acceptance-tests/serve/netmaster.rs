//! NetMaster's packet traces: captures are kept by `packets import`, and read over HTTP.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::lab::{AUDITOR, Lab, PASSWORD, Reply};
use crate::users::users;
use terraform_provider_vpn::provider::DEFAULT_ENGINE_FILE as ENGINE_FILE;

const ROOT: &str = "/api/v1/tcpip/U22NDE55/smart";

/// A capture of segments as that of the seed's sample, one each 10 µs.
fn capture(packets: u32) -> Vec<u8> {
    let mut file = [0xa1b2_3c4d_u32, 4 << 16 | 2, 0, 0, 262_144, 101].map(u32::to_le_bytes).concat();
    for number in 0..packets {
        let ip = [0x45, 0, 0, 52, 0, 0, 0, 0, 64, 6, 0, 0, 10, 2, 2, 2, 10, 1, 1, 1];
        let tcp = [
            &40_006_u16.to_be_bytes()[..],
            &63_158_u16.to_be_bytes(),
            &(4_225_965_973 + number).to_be_bytes(),
            &1_598_973_467_u32.to_be_bytes(),
            &[0x80, 0x18],
            &4_095_u16.to_be_bytes(),
            &[0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
        ]
        .concat();
        file.extend([1_666_978_684, 671_000_000 + number * 10_000, 52, 52].map(u32::to_le_bytes).concat());
        file.extend(ip);
        file.extend(tcp);
    }
    file
}

impl Lab {
    /// Keeps a capture as a trace.
    fn import(&self, definition: &str, packets: u32) {
        let file = self.folder.path().join(format!("{definition}.pcap"));
        std::fs::write(&file, capture(packets)).unwrap();
        let options = ["--region", "U22NDE55", "--stack", "TCPIP11", "--local", "10.1.1.1", "--interface", "LOOPBACK"];
        let done = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
            .args(["packets", "import", "--definition", definition])
            .args(options)
            .arg(file)
            .current_dir(self.folder.path())
            .env_remove("VPN_EMBEDDED_PATH")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// What `packets` says.
    pub fn packets(&self, arguments: &[&str]) -> String {
        let done = self.run_packets(arguments);
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// What `packets` says that cannot do what it is told to.
    pub fn refused_packets(&self, arguments: &[&str]) -> String {
        let done = self.run_packets(arguments);
        assert!(!done.status.success(), "{done:?}");
        String::from_utf8(done.stderr).unwrap()
    }

    fn run_packets(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
            .arg("packets")
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("VPN_EMBEDDED_PATH")
            .output()
            .unwrap()
    }

    /// What is within the envelope of the answer.
    fn data(&self, place: &str) -> Value {
        let answer = self.get(&format!("{ROOT}{place}")).ok();
        assert_eq!((&answer["apiVersion"], &answer["swaggerVersion"]), (&json!("v1"), &json!("2.0")));
        assert!(answer["time"].as_i64().unwrap() > 1_700_000_000_000);
        answer["data"].clone()
    }
}

impl Reply {
    /// The status and the text of an error.
    fn error(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["error"]["code"], self.status, "{body}");
        (self.status, body["error"]["message"].as_str().unwrap().to_owned())
    }
}

#[test]
fn the_sample_of_the_seed_is_answered() {
    let lab = Lab::new();
    lab.import("WWFCPCOPY", 6);
    assert_eq!(
        lab.data("/trace/WWFCPCOPY-1-1-TCPIP11-0-0/packets/6"),
        json!({
            "packetNumber": 6,
            "connection": {
                "localAddress": "10.1.1.1",
                "localPort": 63158,
                "remoteAddress": "10.2.2.2",
                "remotePort": 40006,
                "direction": "RECV",
            },
            "length": 52,
            "protocol": "TCP",
            "timing": { "absolute": 1_666_978_684_671_050_i64, "delta": 0 },
            "summary": "Ack Psh Win=4095 Seq=4225965978 Ack=1598973467 TimeStamp",
            "data": {
                "hex": "9C46F6B6FBE31F9A5F4E661B80180FFF",
                "ebcdic": "..6..T..^+......",
                "ascii": ".F......_Nf.....",
            },
            "stackInterface": "LOOPBACK",
            "totalPackets": 1,
        })
    );
}

#[test]
fn traces_are_listed_in_part_and_in_order() {
    let lab = Lab::new();
    for (definition, packets) in [("B", 1), ("A", 2), ("A", 3)] {
        lab.import(definition, packets);
    }
    let ids = |query: &str| {
        let list = lab.data(&format!("/trace{query}"));
        assert_eq!(list["keys"], json!(["id"]));
        let ids: Vec<_> =
            list["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()[..3].to_owned()).collect();
        (ids, list["totalRows"].as_u64().unwrap())
    };
    let all = |ids: [&str; 3]| (ids.map(str::to_owned).to_vec(), 3);
    assert_eq!(ids(""), all(["A-1", "A-2", "B-1"]));
    assert_eq!(ids("?sort=packetCount:desc"), all(["A-2", "A-1", "B-1"]));
    assert_eq!(ids("?index=1&limit=1"), (vec!["A-2".to_owned()], 3));
    assert_eq!(ids("?definitionName=eq:B|C"), (vec!["B-1".to_owned()], 1));
    let row = &lab.data("/trace")["rows"][1];
    assert_eq!(
        row["key"],
        json!({
            "definitionName": "A", "generation": 2, "sequence": 1, "stackName": "TCPIP11",
            "tcpCreatorSequence": 0, "snapshotSequence": 0,
        })
    );
    assert_eq!((&row["info"]["state"], &row["info"]["packetCount"]), (&json!("ENDED"), &json!(3)));
    for query in ["?limit=x", "?sort=id", "?sort=nothing:asc", "?definitionName=B", "?other=1", "?index=1&index=2"] {
        assert_eq!(lab.get(&format!("{ROOT}/trace{query}")).error().0, 400, "{query}");
    }
    assert_eq!(lab.get("/api/v1/tcpip/OTHER/smart/trace").ok()["data"]["totalRows"], 0);
}

#[test]
fn a_trace_is_told_in_detail_saved_and_downloaded() {
    let lab = Lab::new();
    lab.import("COPY", 3);
    let trace = lab.data("/trace/COPY-1-1-TCPIP11-0-0/");
    assert_eq!(
        (&trace["checks"]["isTcpConversation"], &trace["checks"]["hasSeenIPv6Packets"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(trace["timestamps"]["start"], 1_666_978_684_671_i64);
    let saved = &lab.data("/saved")["rows"][0];
    assert_eq!((&saved["id"], &saved["packetCount"]), (&json!("COPY-1"), &json!({ "saved": 3, "total": 3 })));
    let formatted = lab.data("/saved/COPY-1/packets/2/details/formatted");
    let names: Vec<_> = formatted.as_array().unwrap().iter().map(|section| section["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["PKT", "IP", "TCP"]);
    let time = formatted[0]["values"].as_array().unwrap().iter().find(|value| value["key"] == "Timestamp").unwrap();
    assert_eq!((&time["value"], &time["type"]), (&json!(1_666_978_684_671_010_000_i64), &json!("datetime")));
    let address = &formatted[1]["values"][0];
    assert_eq!((&address["value"], &address["version"]), (&json!("10.1.1.1"), &json!(4)));
    let raw = lab.data("/saved/COPY-1/packets/1/details/raw");
    assert_eq!(raw["length"], 52);
    assert_eq!(raw["sections"][0]["name"], "IP");
    assert_eq!(raw["sections"][0]["hex"], "4500003400000000400600000A0202020A010101");
    for place in ["/trace/COPY-1-1-TCPIP11-0-0/download", "/saved/COPY-1/download"] {
        let url = format!("http://{}{ROOT}{place}", lab.host);
        let done = Command::new("curl")
            .args(["--silent", "--include", "--user", &format!("admin:{PASSWORD}"), &url])
            .output()
            .unwrap();
        let head = String::from_utf8_lossy(&done.stdout).to_lowercase();
        assert!(head.contains("content-type: application/pcap"), "{head}");
        assert!(head.contains("content-disposition: attachment; filename=\"copy.pcap\""), "{head}");
        assert!(done.stdout.ends_with(&capture(3)), "{place}");
    }
}

#[test]
fn what_cannot_be_answered_has_its_status() {
    let lab = Lab::new();
    lab.import("COPY", 1);
    let status = |place: &str| lab.get(&format!("{ROOT}{place}")).error();
    for place in
        ["/trace/COPY-1-1/packets/1", "/trace/COPY-1-1-TCPIP11-0-0/packets/0", "/trace/COPY-1-1-TCPIP11-0-0/packets/x"]
    {
        assert_eq!(status(place).0, 400, "{place}");
    }
    for (place, says) in [
        ("/trace/COPY-9-1-TCPIP11-0-0/packets/1", "There is no packet 1 of COPY-9-1-TCPIP11-0-0."),
        ("/trace/COPY-1-1-TCPIP11-0-0/packets/2", "There is no packet 2 of COPY-1-1-TCPIP11-0-0."),
        ("/trace/COPY-9-1-TCPIP11-0-0", "There is no trace COPY-9-1-TCPIP11-0-0."),
        ("/saved/COPY-9/download", "There is no saved trace COPY-9."),
        ("/elsewhere", "There is nothing at this address."),
    ] {
        assert_eq!(status(place), (404, says.to_owned()));
    }
    let place = format!("{ROOT}/trace");
    assert_eq!(lab.send("GET", &place, &[], b"").error().0, 401);
    assert_eq!(lab.by(("admin", "wrong"), "GET", &place, "").error().0, 401);
    assert_eq!(lab.by(("auditor", AUDITOR), "GET", &place, "").status, 200);
    assert_eq!(lab.post(&place).error().0, 405);
}

/// Users of OpenStack may not see packets.
#[test]
fn who_may_not_see_packets_is_told() {
    let file = r#"{"users": [{"name": "bob", "password": "b", "role": "member", "projects": ["other"]}],
                   "projects": [{"name": "other", "id": "0123456789abcdef0123456789abcdef"}]}"#;
    let lab = Lab::within(users(file, 0o600), &["--users", "users.json", "--rate-limit", "0"]);
    assert_eq!(lab.by(("bob", "b"), "GET", &format!("{ROOT}/trace"), "").error().0, 403);
}

/// What is stored cannot be read any more: that is the server's error, and no trace that there
/// is not.
#[test]
fn a_server_error_is_one() {
    let lab = Lab::new();
    lab.import("COPY", 2);
    let packet = "/trace/COPY-1-1-TCPIP11-0-0/packets/2";
    assert_eq!(lab.data(packet)["packetNumber"], 2);
    let spoil = |key: &str, change: &str| {
        let file = rusqlite::Connection::open(lab.folder.path().join(ENGINE_FILE)).unwrap();
        file.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
        let spoiled = file.execute(&format!("{change} WHERE key LIKE '{key}%'"), ()).unwrap();
        assert!(spoiled > 0, "{key}");
    };
    let status = |place: &str| lab.get(&format!("{ROOT}{place}")).error();
    // The packets are gone, and the trace is there.
    spoil("m/c/", "DELETE FROM entries");
    let (code, says) = status(packet);
    assert!(code == 500 && says.contains("cannot be read"), "{code} {says}");
    assert_eq!(lab.data("/trace")["totalRows"], 1);
    // The trace is not what was written.
    spoil("m/h/", "UPDATE entries SET sum = sum + 1");
    for place in [packet, "/trace", "/trace/COPY-1-1-TCPIP11-0-0", "/saved", "/saved/COPY-1/packets/1/details/raw"] {
        let (code, says) = status(place);
        assert!(code == 500 && says.contains("damaged"), "{place}: {code} {says}");
    }
    let answer = lab.get(&format!("{ROOT}{packet}"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!((&body["apiVersion"], &body["swaggerVersion"]), (&json!("v1"), &json!("2.0")));
    assert!(body["time"].is_i64() && body["data"].is_null(), "{body}");
    assert_eq!(lab.get("/healthz").status, 200);
}

/// The packets of a trace that goes on grow while nobody does anything but look.
#[test]
fn an_active_trace_grows_and_ends() {
    let lab = Lab::new();
    let put = |path: &str, body: Value| {
        let reply = lab.by(("admin", PASSWORD), "PATCH", &format!("/policy/api/v1{path}"), &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    put("/infra/tier-1s/cgw/segments/s", json!({ "subnets": [{ "gateway_address": "192.168.60.1/24" }] }));
    let flow = json!({
        "source": "192.168.60.10", "destination": "192.168.60.11", "protocol": "UDP", "destination_port": 53,
        "packets_per_second": 200, "packet_size": 100, "reply_packet_size": 60,
    });
    put("/infra/simulated-flows/f", flow);
    let said = lab.packets(&["follow", "--flow", "f", "--definition", "FLOW", "--local", "192.168.60.10"]);
    assert!(said.contains("and those to come, as FLOW-1-1-TCPIP-0-0"), "{said}");
    let root = "/api/v1/tcpip/LOCAL/smart";
    let trace = || lab.get(&format!("{root}/trace/FLOW-1-1-TCPIP-0-0")).ok()["data"].clone();
    let count = |trace: &Value| trace["info"]["packetCount"].as_u64().unwrap();
    let first = loop {
        let told = trace();
        assert_eq!((&told["info"]["state"], &told["timestamps"]["end"]), (&json!("RUNNING"), &Value::Null));
        if count(&told) > 0 {
            break count(&told);
        }
    };
    while count(&trace()) <= first {}
    let packet = lab.get(&format!("{root}/trace/FLOW-1-1-TCPIP-0-0/packets/1")).ok()["data"].clone();
    assert_eq!((&packet["connection"]["direction"], &packet["length"]), (&json!("SEND"), &json!(100)));
    assert_eq!(lab.get(&format!("{root}/saved")).ok()["data"]["totalRows"], 0);
    let said = lab.packets(&["stop", "FLOW-1-1-TCPIP-0-0"]);
    assert!(said.starts_with("FLOW-1-1-TCPIP-0-0 has ended, with "), "{said}");
    let ended = trace();
    assert_eq!(ended["info"]["state"], "ENDED");
    assert_eq!(trace(), ended);
    assert_eq!(lab.get(&format!("{root}/saved")).ok()["data"]["totalRows"], 1);
    let said = lab.packets(&["traces"]);
    assert!(said.contains("FLOW-1-1-TCPIP-0-0") && said.contains("ENDED"), "{said}");
    assert_eq!(lab.packets(&["delete", "FLOW-1-1-TCPIP-0-0"]), "FLOW-1-1-TCPIP-0-0 is removed\n");
    assert_eq!(lab.get(&format!("{root}/trace/FLOW-1-1-TCPIP-0-0")).error().0, 404);
    assert_eq!(lab.packets(&["traces"]), "There are no traces in the region LOCAL.\n");
    let said = lab.refused_packets(&["delete", "FLOW-1-1-TCPIP-0-0"]);
    assert!(said.contains("there is no trace FLOW-1-1-TCPIP-0-0 in the region LOCAL"), "{said}");
    assert!(lab.refused_packets(&["stop", "FLOW-1"]).contains("is no id of a trace"));
}
