//! Clients that nobody here wrote.

use std::path::Path;
use std::process::Command;

use crate::lab::Lab;

#[test]
fn openstack_nsxlib_drives_it_unmodified() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let setup = Command::new(project.join("scripts/nsxlib-setup.sh")).output().unwrap();
    assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
    let python = String::from_utf8(setup.stdout).unwrap();

    let file = r#"{"users": [{"name": "openstack", "password": "its-secret", "role": "admin"}]}"#;
    let lab = Lab::within(crate::users::users(file, 0o600), &["--users", "users.json", "--rate-limit", "0"]);
    let output = Command::new(python.trim())
        .arg(project.join("acceptance-tests/serve/nsxlib.py"))
        .args([&format!("http://{}", lab.host), "openstack", "its-secret"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // It has logged in as it does, by a session.
    let log = lab.log.lock().unwrap().clone();
    assert!(log.contains("/api/session/create"), "{log}");
}
