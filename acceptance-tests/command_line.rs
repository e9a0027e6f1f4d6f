//! The commands of the binary, as a shell runs them: what they print, and how they end.
//!
//! No Terraform is needed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::pedantic, missing_docs)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use terraform_provider_vpn::engine::taps::Member;
use terraform_provider_vpn::engine::{Caller, Engine, Moment};
use terraform_provider_vpn::model::{PolicyPath, TAP_FLOW, TAP_MIRROR, TAP_SERVICE, system};

/// What a command printed, and how it ended.
struct Said {
    out: String,
    err: String,
    code: i32,
}

/// A folder with an engine file: a segment, and a policy-based session to a peer.
struct Lab {
    folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { folder: TempDir::new().unwrap() };
        lab.declare("vpn-engine.db", true);
        lab
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn declare(&self, name: &str, with_session: bool) {
        let engine = Engine::open(&self.file(name), Moment::from_clock()).unwrap();
        let by = Caller { user: "admin".to_owned(), now: Moment::from_clock() };
        let put = |at: &str, body: Value| {
            engine.put(&PolicyPath::parse(at).unwrap(), body, &by).unwrap();
        };
        let body = json!({ "display_name": "App servers", "subnets": [{ "gateway_address": "192.168.98.1/24" }] });
        put(&format!("{}/segments/app", system::COMPUTE_GATEWAY), body);
        let body = json!({ "display_name": "Dallas", "address": "198.51.100.1", "psk": "a key" });
        put("/infra/simulated-peers/dallas", body);
        let body = json!({ "neighbor_address": "169.254.31.2", "remote_as_num": "65001" });
        put(&format!("{}/neighbors/dallas", system::BGP), body);
        if with_session {
            let body = json!({
                "resource_type": "PolicyBasedIPSecVpnSession",
                "display_name": "VPN to Dallas",
                "local_endpoint_path": format!("{}/local-endpoints/Public-IP1", system::VPN_SERVICE),
                "peer_address": "198.51.100.1",
                "peer_id": "198.51.100.1",
                "psk": "a key",
                "rules": [{ "id": "r", "action": "PROTECT",
                    "sources": [{ "subnet": "192.168.98.0/24" }], "destinations": [{ "subnet": "10.0.0.0/8" }] }],
            });
            put(&format!("{}/sessions/dallas", system::VPN_SERVICE), body);
        }
    }

    fn run(&self, line: &str) -> Said {
        self.run_with(line, b"", &[])
    }

    fn run_with(&self, line: &str, input: &[u8], environment: &[(&str, &str)]) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_remove("VPN_EMBEDDED_PATH")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that ends before it has read everything closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code().unwrap() }
    }
}

#[test]
fn a_trace_ends_with_the_answer_to_whether_the_packet_arrives() {
    let lab = Lab::new();
    let arrives = lab.run("trace 192.168.98.10 10.0.0.9 --settled");
    assert_eq!((arrives.code, arrives.err.as_str()), (0, ""), "{}", arrives.out);
    assert!(arrives.out.contains("VPN to Dallas") && arrives.out.contains("DELIVERED_TO_PEER"), "{}", arrives.out);
    assert!(!arrives.out.contains('\u{1b}'), "colours where no terminal is");

    let dropped = lab.run("trace 192.168.98.10 11.0.0.9 --settled --minimal");
    assert_eq!(dropped.code, 1, "{}", dropped.out);
    assert!(dropped.out.ends_with("DROPPED NO_ROUTE\n"), "{}", dropped.out);

    let json = lab.run("trace 192.168.98.10 10.0.0.9 --settled --json");
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["forward"]["disposition"], "DELIVERED_TO_PEER");
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    let lab = Lab::new();
    for (line, says) in [
        ("trace 10.0.0.1", "required arguments were not provided"),
        ("trace 10.0.0.1 2001:db8::1", "10.0.0.1 and 2001:db8::1 are not of one IP version"),
        ("trace 10.0.0.1 10.0.0.2 -D 443", "only TCP and UDP have ports"),
        ("trace 10.0.0.1 10.0.0.2 -p tcp", "TCP and UDP need --destination-port"),
        ("trace 10.0.0.1 10.0.0.2 --now --settled", "the argument '--now' cannot be used with '--settled'"),
        ("trace 10.0.0.1 10.0.0.2 --json --minimal", "cannot be used with"),
        ("topology --format png", "invalid value 'png'"),
        ("replay", "required arguments were not provided"),
        ("replay x --format yaml", "invalid value 'yaml'"),
        ("trace 10.0.0.1 10.0.0.2 --df --no-df", "cannot be used with"),
        ("routes", "required arguments were not provided"),
        ("reset-statistics", "required arguments were not provided"),
    ] {
        let said = lab.run(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line}");
        assert!(said.err.starts_with("error: ") && said.err.contains(says), "{line}: {}", said.err);
        assert!(said.err.contains("Usage:") || said.err.contains("--help"), "{line}: {}", said.err);
    }
}

#[test]
fn a_missing_engine_file_is_an_error_and_stays_missing() {
    let lab = Lab::new();
    fs::write(lab.file("flows.csv"), "source,destination\n").unwrap();
    for line in ["trace 10.0.0.1 10.0.0.2", "topology", "replay flows.csv", "routes x", "reset-statistics x"] {
        let said = lab.run(&format!("{line} --data elsewhere.db"));
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line}");
        assert!(said.err.contains("there is no engine file at elsewhere.db"), "{line}: {}", said.err);
        let said = lab.run_with(line, b"", &[("VPN_EMBEDDED_PATH", "elsewhere.db")]);
        assert_eq!(said.code, 2, "{line}");
    }
    let said = lab.run("replay flows.csv --against elsewhere.db");
    assert_eq!(said.code, 2);
    assert!(!lab.file("elsewhere.db").exists());
}

#[test]
fn looking_changes_nothing() {
    let lab = Lab::new();
    let before = fs::read(lab.file("vpn-engine.db")).unwrap();
    lab.run("trace 192.168.98.10 10.0.0.9");
    lab.run("topology");
    assert!(fs::read(lab.file("vpn-engine.db")).unwrap() == before);
}

#[test]
fn a_picture_is_printed_or_put_into_a_file() {
    let lab = Lab::new();
    let printed = lab.run("topology");
    assert_eq!(printed.code, 0, "{}", printed.err);
    roxmltree::Document::parse(&printed.out).unwrap();
    assert_eq!(lab.run("topology -o picture.svg").code, 0);
    assert!(fs::read_to_string(lab.file("picture.svg")).unwrap().contains("VPN to Dallas"));
    assert!(lab.run("topology --format mermaid").out.starts_with("flowchart LR\n"));
    assert!(lab.run("topology --format dot").out.starts_with("graph vpn {\n"));
    let said = lab.run("topology -o no/such/folder.svg");
    assert!(said.code == 2 && said.err.contains("cannot write no/such/folder.svg"), "{}", said.err);
}

const FLOWS: &str = "source,destination,size,packets\n192.168.98.10,10.0.0.9,100,5\n192.168.98.10,11.0.0.9,100,2\n";

#[test]
fn flows_are_replayed_from_a_file_and_from_the_standard_input() {
    let lab = Lab::new();
    fs::write(lab.file("flows.csv"), FLOWS).unwrap();
    let from_file = lab.run("replay flows.csv");
    assert_eq!((from_file.code, from_file.err.as_str()), (0, ""), "{}", from_file.err);
    assert!(from_file.out.starts_with("7 packets, 700 B\n"), "{}", from_file.out);
    assert_eq!(lab.run_with("replay -", FLOWS.as_bytes(), &[]).out, from_file.out);
}

#[test]
fn what_a_change_would_have_done_is_told() {
    let lab = Lab::new();
    lab.declare("without.db", false);
    fs::write(lab.file("flows.csv"), FLOWS).unwrap();
    let said = lab.run("replay flows.csv --against without.db");
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("DELIVERED_TO_PEER → DROPPED NO_ROUTE: 5 packets, 500 B"), "{}", said.out);
    let same = lab.run("replay flows.csv --against vpn-engine.db");
    assert_eq!(same.code, 0);
    assert!(same.out.contains("Nothing fares differently"), "{}", same.out);
}

#[test]
fn what_cannot_be_read_is_told_after_what_can() {
    let lab = Lab::new();
    let header = [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
    let packet =
        [&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 192, 168, 98, 10, 10, 0, 0, 9][..], &[8, 0, 0, 0, 0, 0, 0, 0]]
            .concat();
    let record = [&[0, 0, 28, 28].map(u32::to_le_bytes).concat()[..], &packet].concat();
    let capture = [&header[..], &record, &record, &record[..30]].concat();
    fs::write(lab.file("cut.pcap"), &capture).unwrap();
    let said = lab.run("replay cut.pcap");
    // 24 bytes of the file's header, and twice 16 and 28.
    assert_eq!(said.err, "error: cut.pcap: packet 3, at byte 112: the file ends in the middle of it\n");
    assert!(said.code == 2 && said.out.starts_with("2 packets, 56 B\n"), "{}", said.out);

    for (name, bytes, says) in [
        ("nothing.pcap", &b""[..], "nothing.pcap: is empty"),
        ("stray.txt", &b"hello\n"[..], "stray.txt: is no capture (pcap, pcapng), and no list of flows either"),
        ("picture.png", &b"\x89PNG\r\n\x1a\n\0\0\0"[..], "picture.png: is no capture (pcap, pcapng)"),
        ("packed.gz", &b"\x1f\x8b\x08\0"[..], "packed.gz: is compressed with gzip: unpack it first"),
    ] {
        fs::write(lab.file(name), bytes).unwrap();
        let said = lab.run(&format!("replay {name}"));
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{name}");
        assert!(said.err.contains(says), "{name}: {}", said.err);
    }
    let said = lab.run("replay no-such-file");
    assert!(said.code == 2 && said.err.contains("cannot read no-such-file"), "{}", said.err);
}

#[test]
fn packets_are_listed_from_a_file_and_from_the_standard_input() {
    let lab = Lab::new();
    let header = [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
    let packet =
        [&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 192, 168, 98, 10, 10, 0, 0, 9][..], &[8, 0, 0, 0, 0, 1, 0, 2]]
            .concat();
    let record = [&[7, 8, 28, 28].map(u32::to_le_bytes).concat()[..], &packet].concat();
    let capture = [&header[..], &record, &record].concat();
    fs::write(lab.file("two.pcap"), &capture).unwrap();
    let said = lab.run("packets two.pcap --local 10.0.0.9 --interface ETH0 --format json --packets 2");
    let list: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, list.as_array().unwrap().len()), (0, 1), "{}", said.err);
    assert_eq!(
        list[0]["connection"],
        json!({ "localAddress": "10.0.0.9", "remoteAddress": "192.168.98.10", "direction": "RECV" })
    );
    assert_eq!(list[0]["summary"], "EchoRequest Id=1 Seq=2");
    assert_eq!((&list[0]["timing"]["absolute"], &list[0]["stackInterface"]), (&json!(7_000_008), &json!("ETH0")));
    assert_eq!(lab.run_with("packets -", &capture, &[]).out, lab.run("packets two.pcap").out);

    fs::write(lab.file("cut.pcap"), &capture[..capture.len() - 1]).unwrap();
    let said = lab.run("packets cut.pcap --format csv");
    assert_eq!(said.err, "error: cut.pcap: packet 2, at byte 68: the file ends in the middle of it\n");
    assert_eq!((said.code, said.out.lines().count()), (2, 2));
    let said = lab.run("packets two.pcap --packets 3-2");
    assert!(said.code == 2 && said.err.contains("3 comes after 2"), "{}", said.err);
    let said = lab.run("packets two.pcap --local here");
    assert!(said.code == 2 && said.err.contains("is no address and no network"), "{}", said.err);
}

/// A list whose packets would not fit into memory as fragments, and a capture that claims
/// frames of 4 GiB.
#[test]
fn sizes_that_cannot_be_neither_end_nor_hold_up_a_replay() {
    let lab = Lab::new();
    for size in ["9000000000000000000", "18446744073709551615", "0"] {
        fs::write(lab.file("big.csv"), format!("source,destination,size\n192.168.98.10,10.0.0.9,{size}\n")).unwrap();
        let said = lab.run("replay big.csv");
        let error = format!("error: big.csv: flow 1: a packet of {size} bytes cannot be");
        assert!(said.code == 2 && said.err.starts_with(&error), "{}", said.err);
    }
    let header = [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
    let packet = [&[0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 192, 168, 98, 10, 10, 0, 0, 9][..], &[0; 8]].concat();
    let record = [&[0, 0, 28, u32::MAX].map(u32::to_le_bytes).concat()[..], &packet].concat();
    fs::write(lab.file("huge.pcap"), [header, record.repeat(200)].concat()).unwrap();
    let said = lab.run("replay huge.pcap --format json");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &report["packets"]), (0, &json!(0)), "{}", said.err);
    assert_eq!((&report["skipped"][0]["reason"], &report["skipped"][0]["packets"]), (&json!("TOO_LARGE"), &json!(200)));
}

#[test]
fn the_routes_of_a_neighbor_are_listed() {
    let lab = Lab::new();
    let path = format!("{}/neighbors/dallas", system::BGP);
    for neighbor in ["dallas", &path] {
        let said = lab.run(&format!("routes {neighbor} --settled"));
        // There is no route-based session to it.
        assert!(said.code == 0 && said.out.contains("nothing is learned"), "{} {}", said.out, said.err);
    }
    let json = lab.run("routes dallas --advertised --format json");
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["results"][0]["neighbor_path"], path);
    assert!(lab.run("routes dallas --format csv").out.starts_with("logical_router_id,neighbor_id,"));
    let said = lab.run("routes austin");
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("there is no BGP neighbor austin") && said.err.contains(&path), "{}", said.err);
}

#[test]
fn the_statistics_of_a_session_are_reset() {
    let lab = Lab::new();
    let path = format!("{}/sessions/dallas", system::VPN_SERVICE);
    for session in ["dallas", &path] {
        let said = lab.run(&format!("reset-statistics {session}"));
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert!(said.out.contains("VPN to Dallas") && said.out.contains(&path), "{}", said.out);
    }
    let said = lab.run("reset-statistics austin");
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("there is no session austin") && said.err.contains(&path), "{}", said.err);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let lab = Lab::new();
    let shell = format!("'{}' topology | true", env!("CARGO_BIN_EXE_terraform-provider-vpn"));
    let output = Command::new("sh").args(["-c", &shell]).current_dir(lab.folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(Path::new(env!("CARGO_BIN_EXE_terraform-provider-vpn")).exists());
}

#[test]
fn what_a_tap_copied_is_a_capture_that_others_read() {
    let lab = Lab::new();
    // A minute ago, so that the tap has been set up and a flow has sent packets since.
    let by = Caller { user: "admin".to_owned(), now: Moment(Moment::from_clock().0 - 60_000) };
    let engine = Engine::open(&lab.file("taps.db"), by.now).unwrap();
    let segment = format!("{}/segments/app", system::COMPUTE_GATEWAY);
    let put =
        |at: &str, body: Value| engine.put(&PolicyPath::parse(at).unwrap(), body, &by).unwrap().unique_id().to_owned();
    put(&segment, json!({ "subnets": [{ "gateway_address": "192.168.98.1/24" }] }));
    let port = |id: &str, address: &str| {
        put(&format!("{segment}/ports/{id}"), json!({ "address_bindings": [{ "ip_address": address }] }))
    };
    let (web, _, ids) = (port("web", "192.168.98.10"), port("db", "192.168.98.11"), port("ids", "192.168.98.12"));
    let member = Member::admin(by.clone());
    let create = |kind, body: Value| {
        let made = engine.create_tap(kind, body.as_object().unwrap().clone(), &member, None).unwrap();
        made.unique_id().to_owned()
    };
    let service = create(&TAP_SERVICE, json!({ "name": "watch", "port_id": ids }));
    create(&TAP_FLOW, json!({ "tap_service_id": service, "source_port": web, "direction": "BOTH" }));
    let mirror = json!({
        "port_id": web, "directions": { "OUT": 9 }, "remote_ip": "203.0.113.9", "mirror_type": "erspanv1",
    });
    let mirror = create(&TAP_MIRROR, mirror);
    put(
        "/infra/simulated-flows/f",
        json!({
            "source": "192.168.98.10", "destination": "192.168.98.11", "protocol": "TCP", "destination_port": 443,
            "packets_per_second": 2, "packet_size": 300,
        }),
    );
    let said = lab.run("capture --data taps.db --tap-service watch -o watch.pcap -c 40");
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.starts_with("40 frames of tap service watch since "), "{}", said.out);
    assert!(said.out.contains("and there are more"), "{}", said.out);
    let said = lab.run(&format!("capture --data taps.db --tap-mirror {mirror} -o mirror.pcap -c 8"));
    assert_eq!(said.code, 0, "{}", said.err);
    let by_port = lab.run("capture --data taps.db --port ids -o port.pcap -c 40 --to 2100-01-01T00:00:00Z");
    assert_eq!(by_port.code, 0, "{}", by_port.err);
    assert_eq!(fs::read(lab.file("port.pcap")).unwrap(), fs::read(lab.file("watch.pcap")).unwrap());
    // Kept as a trace, the copies are the same packets.
    let said = lab.run("packets snapshot --data taps.db --tap-service watch --definition WATCH -c 40");
    assert!(
        said.code == 0 && said.out.starts_with("40 packets, and there are more: say --count, as WATCH-1-1-TCPIP-0-1"),
        "{}{}",
        said.out,
        said.err
    );
    let id = "WATCH-1-1-TCPIP-0-1".parse().unwrap();
    let trace = engine.packet_trace("LOCAL", &id, Moment::from_clock()).unwrap().unwrap();
    assert_eq!(trace.state.word(), "SNAPSHOT");
    let summary = engine.packet_of(&trace, 40, |_, packet| serde_json::to_value(packet).unwrap()).unwrap().unwrap();
    let listed = lab.run("packets watch.pcap --packets 40 --format json");
    assert_eq!(serde_json::from_str::<Value>(&listed.out).unwrap()[0], summary);
    let nobody = lab.run("capture --data taps.db --tap-service nobody -o nobody.pcap");
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.starts_with("error: there is no tap service nobody"), "{}", nobody.err);
    let early = lab.run("capture --data taps.db --port ids -o early.pcap --from 2020-01-01T00:00:00Z");
    assert!(early.err.contains("cannot be seen any more"), "{}", early.err);
    assert!(!lab.file("early.pcap").exists());

    // Somebody else's program reads it.
    let fields = ["ip.src", "frame.len", "tcp.seq", "ip.checksum.status", "tcp.checksum.status", "tcp.analysis.flags"];
    let lines = read_by_tshark(&lab.file("watch.pcap"), &fields);
    assert_eq!(lines.len(), 40);
    for (position, line) in lines.iter().enumerate() {
        let (source, size) = if position % 2 == 0 { ("192.168.98.10", "314") } else { ("192.168.98.11", "54") };
        assert_eq!((line[0].as_str(), line[1].as_str()), (source, size));
        assert_eq!(line[3..], ["1", "1", ""], "{line:?}");
    }
    let fields = ["ip.dst", "erspan.spanid", "gre.sequence_number", "tcp.dstport"];
    let mirrored = read_by_tshark(&lab.file("mirror.pcap"), &fields);
    assert_eq!(mirrored[0], ["203.0.113.9,192.168.98.11", "9", "0", "443"]);
    assert_eq!(mirrored.len(), 8);
}

/// Declares a fabric of two leaves and a spine, a minute ago, with a flow between hosts and one
/// between guests, which are traced and mirrored to 10.0.0.9.
fn declare_fabric(file: &Path) {
    let by = Caller { user: "admin".to_owned(), now: Moment(Moment::from_clock().0 - 60_000) };
    let engine = Engine::open(file, by.now).unwrap();
    let put = |at: &str, body: Value| {
        engine.put(&PolicyPath::parse(&format!("/infra/{at}")).unwrap(), body, &by).unwrap();
    };
    for (leaf, host, guest) in [("a", "10.0.0.1", "172.16.0.1"), ("b", "10.0.0.2", "172.16.0.2")] {
        let guests = json!([{ "address": guest, "vnid": 5, "mac_address": format!("52:54:00:00:00:0{leaf}") }]);
        let mut hosts = vec![json!({ "address": host, "interface": "host", "guests": guests })];
        if leaf == "b" {
            hosts.push(json!({ "address": "10.0.0.9", "interface": "analyzer" }));
        }
        let interfaces = [json!({ "name": "host" }), json!({ "name": "analyzer" }), json!({ "name": "up" })];
        let body = json!({ "serial_number": format!("LEAF-{leaf}"), "interfaces": interfaces, "hosts": hosts });
        put(&format!("simulated-devices/leaf-{leaf}"), body);
    }
    put(
        "simulated-devices/spine",
        json!({ "serial_number": "SPINE", "interfaces": [{ "name": "a" }, { "name": "b" }] }),
    );
    for leaf in ["a", "b"] {
        let end = |device: &str, interface: &str| json!({ "device_path": format!("/infra/simulated-devices/{device}"), "interface": interface });
        put(
            &format!("simulated-links/{leaf}"),
            json!({ "ends": [end(&format!("leaf-{leaf}"), "up"), end("spine", leaf)] }),
        );
    }
    let flow = |id: &str, source: &str, destination: &str, protocol: &str| {
        let body = json!({
            "source": source, "destination": destination, "protocol": protocol, "source_port": 4567,
            "destination_port": 443, "packets_per_second": 2, "packet_size": 300,
        });
        put(&format!("simulated-flows/{id}"), body);
    };
    flow("web", "10.0.0.1", "10.0.0.2", "TCP");
    flow("vm", "172.16.0.1", "172.16.0.2", "TCP");
    let mirror = json!({ "mirror_type": "ERSPAN", "mirror_dir": "ingress", "mirror_analyzer": "10.0.0.9" });
    let trace = |at: &str, mut body: Value| {
        body.as_object_mut().unwrap().extend(mirror.as_object().unwrap().clone());
        put(at, body);
    };
    let web = json!({ "src": "10.0.0.1", "dst": "10.0.0.2", "proto": "tcp", "sport": 4567, "dport": 443, "bw_ingress": true });
    trace("flow-traces/10.0.0.1,10.0.0.2,tcp,4567,443", web);
    let flows = engine.application_flows(false, Moment::from_clock()).unwrap();
    let of_vm = flows["FLOWS"].as_array().unwrap().iter().find(|flow| flow["PROTO"] == "UDP").unwrap();
    let port = &of_vm["PORTS"][0][2];
    let vm = json!({
        "src": "10.0.0.1", "dst": "10.0.0.2", "sport": port, "vnid": 5, "appsrc": "172.16.0.1", "appdst": "172.16.0.2",
        "appsmac": "52:54:00:00:00:0a", "appdmac": "52:54:00:00:00:0b",
    });
    trace(&format!("tunnel-traces/10.0.0.1,10.0.0.2,{port},5,172.16.0.1,172.16.0.2"), vm);
    let plain = json!({ "src": "10.0.0.1", "dst": "10.0.0.2" });
    put("flow-traces/10.0.0.1,10.0.0.2,udp,33434,33434", plain);
}

#[test]
fn a_path_over_the_fabric_is_shown_hop_by_hop() {
    let lab = Lab::new();
    declare_fabric(&lab.file("fabric.db"));
    let packet = "trace --fabric 10.0.0.1 10.0.0.2 -p tcp -S 4567 -D 443 --data fabric.db";
    let drawn = lab.run(packet);
    assert_eq!((drawn.code, drawn.err.as_str()), (0, ""), "{}", drawn.out);
    for says in
        ["host 10.0.0.1", "leaf-a", "SPINE", "probe     answered in ", "packets of the flow, by filter", "DELIVERED"]
    {
        assert!(drawn.out.contains(says), "{says}: {}", drawn.out);
    }
    let minimal = lab.run(&format!("{packet} --minimal --return"));
    let there = "hop 1 /infra/simulated-devices/leaf-a host > up\nhop 2 /infra/simulated-devices/spine a > b\n\
                 hop 3 /infra/simulated-devices/leaf-b up > host\nDELIVERED\n";
    assert!(minimal.out.contains(there) && minimal.out.ends_with("leaf-a up > host\nDELIVERED\n"), "{}", minimal.out);
    let json: Value = serde_json::from_str(&lab.run(&format!("{packet} --json")).out).unwrap();
    let hop = &json["forward"]["hops"][1];
    assert_eq!(
        (&hop["device"]["path"], &hop["probe"]["answered"]),
        (&json!("/infra/simulated-devices/spine"), &json!(true))
    );
    assert!(hop["ingress"]["rx_pkts"].as_u64() >= Some(100), "{hop}");
    let guests = lab.run("trace --fabric 172.16.0.1 172.16.0.2 -p tcp -S 4567 -D 443 --summary --data fabric.db");
    assert!(guests.code == 0 && guests.out.contains("in VXLAN 5, UDP 10.0.0.1:"), "{}", guests.out);
    let probes = lab.run("trace --fabric --flow-trace 10.0.0.1,10.0.0.2,udp,33434,33434 --data fabric.db");
    assert!(
        probes.code == 0 && probes.out.starts_with("probes of UDP 10.0.0.1:33434 → 10.0.0.2:33434"),
        "{}",
        probes.out
    );
    let dropped = lab.run("trace --fabric 10.0.0.1 10.9.9.9 --data fabric.db");
    assert!(dropped.code == 1 && dropped.out.contains("DROPPED: NO_ROUTE"), "{}", dropped.out);
}

#[test]
fn a_path_that_cannot_be_shown_is_refused_with_what_there_is() {
    let lab = Lab::new();
    declare_fabric(&lab.file("fabric.db"));
    for (line, says) in [
        (
            "trace --fabric 10.9.9.9 10.0.0.2 --data fabric.db",
            &["10.9.9.9 is no host of the fabric", "10.0.0.1 at leaf-a host"][..],
        ),
        (
            "trace --fabric 172.16.0.1 172.16.0.2 --vnid 6 --data fabric.db",
            &["172.16.0.1 is not in VXLAN 6", "it is in VXLAN 5"],
        ),
        ("trace --fabric 10.0.0.1 10.0.0.2", &["there is no fabric", "vpn_simulated_device"]),
        (
            "trace --fabric --flow-trace mine --data fabric.db",
            &["there is no flow trace or tunnel trace mine", "/infra/flow-traces/10.0.0.1,10.0.0.2,tcp,4567,443"],
        ),
        ("trace --fabric --flow-trace mine 10.0.0.1 10.0.0.2", &["cannot be used with"]),
        ("trace --flow-trace mine", &["--fabric"]),
        ("trace --vnid 5 10.0.0.1 10.0.0.2", &["--fabric"]),
        ("trace --fabric 10.0.0.1 10.0.0.2 --nsx nsx.example.com", &["cannot be used with"]),
        ("trace --fabric", &["required arguments were not provided"]),
        (
            "capture --flow-trace 10.0.0.1,10.0.0.2,udp,33434,33434 -o x.pcap --data fabric.db",
            &["10.0.0.1,10.0.0.2,udp,33434,33434 is not mirrored", "mirror_type"],
        ),
        ("capture --flow-trace mine -o x.pcap --data fabric.db", &["there is no flow trace or tunnel trace mine"]),
    ] {
        let said = lab.run(line);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line}");
        assert!(says.iter().all(|it| said.err.contains(it)), "{line}: {}", said.err);
    }
    assert!(!lab.file("x.pcap").exists());
}

/// What devices send to the analyzer, as somebody else's program reads it.
#[test]
fn what_devices_mirror_is_a_capture_that_others_read() {
    let lab = Lab::new();
    declare_fabric(&lab.file("fabric.db"));
    let said = lab.run("capture --data fabric.db --flow-trace 10.0.0.1,10.0.0.2,tcp,4567,443 -o web.pcap -c 30");
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.starts_with("30 frames of flow trace 10.0.0.1,10.0.0.2,tcp,4567,443 since "), "{}", said.out);
    let fields = [
        "frame.len",
        "ip.src",
        "ip.dst",
        "ip.ttl",
        "ip.checksum.status",
        "gre.sequence_number",
        "erspan.spanid",
        "tcp.dstport",
        "tcp.checksum.status",
    ];
    let read = read_by_tshark(&lab.file("web.pcap"), &fields);
    assert_eq!(read.len(), 30);
    let mut sent = [0; 3];
    for line in &read {
        // Ethernet, IP, GRE and ERSPAN, then the frame: 14 and 300.
        assert_eq!((line[0].as_str(), line[1].as_str()), ("364", "192.0.2.1,10.0.0.1"), "{line:?}");
        assert_eq!((line[2].as_str(), line[4].as_str()), ("10.0.0.9,10.0.0.2", "1,1"), "{line:?}");
        // The session is the number of the hop, which each device counts for itself.
        let hop: usize = line[6].parse().unwrap();
        assert_eq!(
            (line[3].clone(), line[5].clone()),
            (format!("64,{}", 65 - hop), sent[hop - 1].to_string()),
            "{line:?}"
        );
        assert_eq!((line[7].as_str(), line[8].as_str()), ("443", "1"), "{line:?}");
        sent[hop - 1] += 1;
    }
    assert_eq!(sent, [10; 3]);

    // The packets of guests are in VXLAN 5, between their hosts.
    let all = lab.run("capture --data fabric.db --flow-trace nothing -o vm.pcap").err;
    let tunnel = all.lines().find_map(|line| line.trim().strip_prefix("/infra/tunnel-traces/")).unwrap().to_owned();
    let port = tunnel.split(',').nth(2).unwrap();
    let said = lab.run(&format!("capture --data fabric.db --flow-trace {tunnel} -o vm.pcap -c 6"));
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let fields = [
        "frame.len",
        "ip.src",
        "ip.ttl",
        "udp.srcport",
        "udp.dstport",
        "vxlan.vni",
        "eth.src",
        "tcp.dstport",
        "ip.checksum.status",
        "tcp.checksum.status",
    ];
    for line in read_by_tshark(&lab.file("vm.pcap"), &fields) {
        assert_eq!((line[0].as_str(), line[1].as_str()), ("414", "192.0.2.1,10.0.0.1,172.16.0.1"), "{line:?}");
        assert!(line[2].ends_with(",64") && line[3] == port && line[4] == "4789" && line[5] == "5", "{line:?}");
        assert!(line[6].ends_with(",52:54:00:00:00:0a") && line[7] == "443", "{line:?}");
        assert_eq!((line[8].as_str(), line[9].as_str()), ("1,1,1", "1"), "{line:?}");
    }
    // Our own decoder tells the same of it.
    let listed = lab.run("packets vm.pcap --packets 1 --format json");
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let summary = listed[0]["summary"].as_str().unwrap();
    assert!(summary.contains("ERSPAN-II Session=1") && summary.contains("VXLAN VNI=5"), "{summary}");
}

/// The fields of each packet of a capture, as tshark tells them.
fn read_by_tshark(file: &Path, fields: &[&str]) -> Vec<Vec<String>> {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/tshark-setup.sh");
    let setup = Command::new(setup).output().unwrap();
    assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
    let mut tshark = Command::new(String::from_utf8(setup.stdout).unwrap().trim());
    tshark.args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-n", "-T", "fields", "-r"]);
    tshark.arg(file).args(fields.iter().flat_map(|field| ["-e", field]));
    let output = tshark.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}
