//! Clients that nobody here wrote.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::{Lab, PASSWORD};
use crate::users::users;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of a client that is set up when it is not there.
fn program(client: &str, name: &str) -> PathBuf {
    let setup = Command::new(project().join("scripts/client-setup.sh")).arg(client).output().unwrap();
    assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
    Path::new(String::from_utf8(setup.stdout).unwrap().trim()).join(name)
}

#[test]
fn openstack_nsxlib_drives_it_unmodified() {
    let python = program("nsxlib", "python");
    let file = r#"{"users": [{"name": "openstack", "password": "its-secret", "role": "admin"}]}"#;
    let lab = Lab::within(users(file, 0o600), &["--users", "users.json", "--rate-limit", "0"]);
    let output = Command::new(python)
        .arg(project().join("acceptance-tests/serve/nsxlib.py"))
        .args([&format!("http://{}", lab.host), "openstack", "its-secret"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // It has logged in as it does, by a session.
    let log = lab.log.lock().unwrap().clone();
    assert!(log.contains("/api/session/create"), "{log}");
}

/// Whether there is time for all that can be asked (`make soak`): it takes minutes.
fn has_time() -> bool {
    std::env::var_os("VPN_TEST_LONG").is_some()
}

/// Answers that are as the description says, none of them an error of ours.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,unsupported_method,use_after_free";

/// Lets schemathesis send what it makes of the description.
fn requests_of_the_description(lab: &Lab, options: &[&str]) {
    let output = Command::new(program("schemathesis", "schemathesis"))
        .current_dir(lab.folder.path())
        .arg("run")
        .arg(format!("http://{}/openapi.json", lab.host))
        .args(["--checks", CHECKS, "--no-color"])
        .args(options)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{options:?} {said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_request_made_of_the_description_ends_in_an_error_of_ours_or_another_answer() {
    let lab = Lab::new();
    let seeds: &[&str] = if has_time() { &["1", "2", "3"] } else { &["1"] };
    for seed in seeds {
        let auth = format!("admin:{PASSWORD}");
        let how = ["--auth", &auth, "--phases", "examples,fuzzing", "--max-examples", "5", "--seed", seed];
        requests_of_the_description(&lab, &how);
    }
}

/// Requests that follow each other and, where there is time, each parameter and field at its bounds
/// and beyond, and methods that are not there. Without credentials, as wrong ones lock a name.
#[test]
fn nor_does_one_at_the_bounds_or_after_another() {
    let lab = Lab::with(&["--no-auth", "--rate-limit", "0"]);
    let phases = if has_time() { "coverage,stateful" } else { "stateful" };
    requests_of_the_description(&lab, &["--phases", phases, "--max-examples", "5", "--seed", "4"]);
}

#[test]
fn openstacks_command_line_and_sdk_drive_it_unmodified() {
    let python = program("openstack", "python");
    let file = r#"{"users": [{"name": "alice", "password": "hers", "role": "member", "projects": ["lab"]}],
        "applications": [{"id": "robot", "secret": "its", "role": "member", "project": "lab", "user": "alice", "name": "nightly"}]}"#;
    let lab = Lab::within(users(file, 0o600), &["--users", "users.json", "--rate-limit", "0"]);
    let output = Command::new(python)
        .arg(project().join("acceptance-tests/serve/openstack_clients.py"))
        .args([&format!("http://{}", lab.host), PASSWORD, "hers", "its"])
        .current_dir(lab.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The fifth step: what arrives at the port of the tap service is observed. The port sends
    // something, and its tap is in operation some seconds after it was created.
    let service = String::from_utf8(output.stdout).unwrap();
    let pings = serde_json::json!({ "source": "10.1.0.20", "destination": "10.1.0.99", "protocol": "ICMP" });
    lab.put("/infra/simulated-flows/pings", &pings).ok();
    let capture = lab.folder.path().join("tap.pcap");
    loop {
        let written = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
            .args(["capture", "--data", "vpn-engine.db", "--tap-service", service.trim(), "--output", "tap.pcap"])
            .current_dir(lab.folder.path())
            .output()
            .unwrap();
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        // Beyond the header of the file there is a packet.
        if capture.metadata().unwrap().len() > 24 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    observed(&capture);
}

/// Wireshark's own reader finds the packets of the source port.
fn observed(capture: &Path) {
    let setup = Command::new(project().join("scripts/tshark-setup.sh")).output().unwrap();
    assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
    let tshark = String::from_utf8(setup.stdout).unwrap();
    let fields = ["-T", "fields", "-e", "ip.src", "-e", "ip.dst"];
    let read = Command::new(tshark.trim()).arg("-r").arg(capture).args(fields).output().unwrap();
    let found = String::from_utf8(read.stdout).unwrap();
    let said = String::from_utf8_lossy(&read.stderr);
    assert!(found.lines().any(|line| line == "10.1.0.20\t10.1.0.99"), "{found}{said}");
}
