//! The README, followed from its first step to its last as a reader pastes it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::terraform::{PROVIDER, said};

/// The shell listings of a text.
fn listings(text: &str) -> Vec<&str> {
    text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_readme_can_be_followed_step_by_step() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(project.join("README.md")).unwrap();
    let steps = readme.split("### 1.").nth(1).unwrap().split("## The engine's file").next().unwrap();
    let refusal = steps.split("```\nError:").nth(1).unwrap().split("```").next().unwrap();
    let steps = listings(steps);
    assert_eq!(steps.len(), 6);

    let home = tempfile::tempdir().unwrap();
    let profile = Path::new(PROVIDER).parent().unwrap().file_name().unwrap();
    let plugins = home.path().join(".terraform.d/plugins");
    let installed = Command::new(project.join("scripts/install.sh")).arg(profile).arg(&plugins).output().unwrap();
    assert!(installed.status.success(), "{}", said(&installed).text);

    // Whatever it is called here, the reader has it on the path as `terraform`.
    let tools = home.path().join("bin");
    fs::create_dir(&tools).unwrap();
    let terraform = std::env::var("TERRAFORM").unwrap_or_else(|_| "terraform".into());
    let found = said(&Command::new("sh").args(["-c", "command -v \"$0\"", &terraform]).output().unwrap()).text;
    fs::write(tools.join("terraform"), format!("#!/bin/sh\nexec '{}' \"$@\"\n", found.trim())).unwrap();
    let version = said(&Command::new(found.trim()).arg("version").output().unwrap()).text;
    fs::set_permissions(tools.join("terraform"), fs::Permissions::from_mode(0o755)).unwrap();

    // Every command must succeed, but for the plan with the mistake.
    let script =
        steps
            .iter()
            .map(|step| {
                if step.starts_with("sed") {
                    step.replace("terraform plan", "! terraform plan")
                } else {
                    (*step).into()
                }
            })
            .collect::<String>();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-e", "-c", &format!("exec 2>&1\n{script}")])
        .current_dir(home.path())
        .env("HOME", home.path())
        .env("PATH", path)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_ARGS", "-no-color")
        .env_remove("TF_CLI_CONFIG_FILE")
        .env_remove("TF_LOG")
        .env_remove("VPN_EMBEDDED_PATH")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = said(&output).succeeded();
    said.mentions(&[
        "Resources: 2 added, 0 changed, 0 destroyed",
        "Resources: 1 added, 1 changed, 0 destroyed",
        refusal,
        "Import successful!",
        "Resources: 3 destroyed",
    ]);
    // See `nothing_differs` of the examples.
    let marks_are_a_change = version.starts_with("Terraform v1.6.");
    assert!(marks_are_a_change || said.says("No changes."), "{}", said.text);
}
