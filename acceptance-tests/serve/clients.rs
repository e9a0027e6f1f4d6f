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

#[test]
fn no_request_made_of_the_description_ends_in_an_error_of_ours_or_another_answer() {
    let schemathesis = program("schemathesis", "schemathesis");
    let lab = Lab::new();
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    let output = Command::new(schemathesis)
        .current_dir(lab.folder.path())
        .arg("run")
        .arg(format!("http://{}/openapi.json", lab.host))
        .args(["--auth", &format!("admin:{PASSWORD}"), "--checks", checks, "--phases", "fuzzing"])
        .args(["--max-examples", "5", "--seed", "1", "--no-color"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
