//! An engine file that cannot be used, or no longer: what the user of Terraform is
//! told, and that nothing is lost.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use terraform_provider_vpn::engine::{Engine, Moment};

use crate::fleet::{UNIT, fleet};
use crate::processes::{nobody_is_left, state_at};
use crate::terraform::{Said, Workspace, paths_in};
use crate::worlds::{Mortal, with_mounts};

const APPLY: [&str; 3] = ["apply", "-auto-approve", "-input=false"];
const PLAN: [&str; 2] = ["plan", "-input=false"];
const DESTROY: [&str; 3] = ["destroy", "-auto-approve", "-input=false"];

const SEGMENTS: &str = "resource \"vpn_segment\" \"s\" {\n  count = 5\n  id = \"s-${count.index}\"\n}\n";

/// A workspace with some segments, in the engine and in the state.
fn with_segments() -> Workspace {
    let lab = Workspace::new();
    lab.configure(SEGMENTS).apply();
    lab
}

/// The engine's file and whatever lies beside it, as it is.
fn files(lab: &Workspace) -> BTreeMap<String, Option<Vec<u8>>> {
    let name = lab.engine().file_name().unwrap().to_str().unwrap().to_owned();
    let entries = fs::read_dir(lab.engine().parent().unwrap()).into_iter().flatten().flatten();
    let named = entries.map(|entry| (entry.file_name().to_str().unwrap().to_owned(), entry.path()));
    let ours = named.filter(|(found, _)| found.starts_with(&name));
    ours.map(|(found, path)| (found, fs::read(path).ok())).collect()
}

/// Every command is refused for the same reason, which names the file and what to
/// do; the file and the state stay as they are.
fn all_is_refused(lab: &Workspace, run: impl Fn(&[&str]) -> Said, reason: &[&str]) {
    let (before, state) = (files(lab), fs::read(lab.folder().join("terraform.tfstate")).ok());
    // Terraform starts no provider to destroy nothing.
    let commands = [&PLAN[..], &APPLY, &DESTROY].into_iter().take(if state.is_some() { 3 } else { 2 });
    for command in commands {
        let said = run(command);
        assert_eq!(said.code, 1, "{command:?} was not refused:\n{}", said.text);
        said.mentions(&["Error: The engine's file cannot be used"]).mentions(reason);
        assert!(!said.says("(code") && !said.says("***"), "not in the user's words:\n{}", said.text);
        assert!(files(lab) == before, "{command:?} changed the file");
        assert!(fs::read(lab.folder().join("terraform.tfstate")).ok() == state, "{command:?} changed the state");
    }
    nobody_is_left(lab);
}

/// The same, of what `spoil` makes of the file of an engine with segments.
fn spoiled_is_refused(spoil: impl FnOnce(&Path), reason: &[&str]) {
    let lab = with_segments();
    spoil(lab.engine());
    let file = lab.engine().display().to_string();
    all_is_refused(&lab, |command| lab.run(command), &[&[file.as_str()], reason].concat());
}

#[test]
fn a_file_that_is_something_else() {
    let foreign = ["is not an engine file", "Give another path, or move the file away"];
    for content in [&b""[..], b"resource \"vpn_segment\" \"a\" {}\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"] {
        spoiled_is_refused(|path| fs::write(path, content).unwrap(), &foreign);
    }
    spoiled_is_refused(
        |path| {
            fs::remove_file(path).unwrap();
            let other = rusqlite::Connection::open(path).unwrap();
            other.execute_batch("CREATE TABLE other(x); INSERT INTO other VALUES (1)").unwrap();
        },
        &foreign,
    );
}

#[test]
fn a_damaged_file() {
    let change = |path: &Path, change: &dyn Fn(&mut Vec<u8>)| {
        let mut content = fs::read(path).unwrap();
        change(&mut content);
        fs::write(path, content).unwrap();
    };
    let damaged = ["is damaged", "restore it from a backup"];
    for kept in [50, 4096, 10_000] {
        spoiled_is_refused(|path| change(path, &|content| content.truncate(kept)), &damaged);
    }
    let flip = |content: &mut Vec<u8>| {
        let at = content.windows(4).position(|word| word == b"\"s-3").unwrap();
        content[at + 3] = b'4';
    };
    spoiled_is_refused(|path| change(path, &flip), &damaged);
    let zero = |content: &mut Vec<u8>| content[4096..8192].fill(0);
    spoiled_is_refused(|path| change(path, &zero), &damaged);
}

#[test]
fn a_file_of_a_newer_release() {
    spoiled_is_refused(
        |path| {
            let newer = rusqlite::Connection::open(path).unwrap();
            newer.execute_batch("PRAGMA user_version=7").unwrap();
        },
        &["has format 7, but this release knows formats up to 1", "use the release that wrote it or a newer one"],
    );
}

#[test]
fn a_log_without_its_file() {
    spoiled_is_refused(
        |path| {
            let log = path.with_extension("db-wal");
            fs::rename(path, log).unwrap();
        },
        &["the file is gone, but its log (-wal) is still there", "restore the file, or remove the log to start anew"],
    );
}

#[test]
fn what_is_no_file() {
    let refused = |make: &dyn Fn(&Path), kind: &str| {
        let what = format!("is {kind}, not a file");
        spoiled_is_refused(
            |path| {
                fs::remove_file(path).unwrap();
                make(path);
            },
            &[&what, "Give another path"],
        );
    };
    refused(&|path| fs::create_dir(path).unwrap(), "a folder");
    refused(&|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()), "a socket");
    refused(&|path| symlink("/dev/null", path).unwrap(), "a device");
}

#[test]
fn a_folder_that_does_not_exist() {
    let lab = Workspace::new();
    let engine = lab.folder().join("no/such/folder/vpn.db").display().to_string();
    lab.configure(SEGMENTS);
    let configuration = fs::read_to_string(lab.folder().join("main.tf")).unwrap();
    lab.write("main.tf", &configuration.replace(&lab.engine().display().to_string(), &engine));
    let folder = lab.folder().join("no/such/folder").display().to_string();
    for command in [&PLAN[..], &APPLY] {
        let said = lab.run(command);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&["The engine's file cannot be used", &format!("folder {folder} does not exist"), "Create it"]);
    }
    assert!(!lab.folder().join("no").exists());
}

#[test]
fn without_permission() {
    let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let lab = Workspace::apart();
    lab.configure(SEGMENTS);
    let Some(user) = Mortal::of(&lab) else { return };
    let file = lab.engine().display().to_string();
    let folder = lab.engine().parent().unwrap();
    let refused = |action: &str, place: &str| {
        all_is_refused(
            &lab,
            |command| user.run(&lab, command),
            &[&format!("No permission to {action} {place}"), "Let this user have it, or give another path"],
        );
    };

    chmod(folder, 0o555);
    refused("create files in", &folder.display().to_string());
    chmod(folder, 0o755);
    user.run(&lab, &APPLY).succeeded();
    for mode in [0o444, 0o200, 0o000] {
        chmod(lab.engine(), mode);
        refused("read and write", &file);
    }
    chmod(lab.engine(), 0o600);
    chmod(folder, 0o555);
    refused("create files in", &folder.display().to_string());
    chmod(folder, 0o755);
    assert_eq!(user.run(&lab, &["plan", "-detailed-exitcode"]).code, 0, "all is well again");
}

#[test]
fn on_a_read_only_disk() {
    let lab = Workspace::apart();
    lab.configure(SEGMENTS);
    let place = lab.engine().parent().unwrap().display().to_string();
    let mount = format!("mount --bind {place} {place} && mount -o remount,ro,bind {place}\n");
    for _ in 0..2 {
        for command in [&PLAN[..], &APPLY] {
            let before = files(&lab);
            let Some(said) = with_mounts(&lab, &format!("{mount}terraform {}", command.join(" "))) else { return };
            assert_eq!(said.code, 1, "{}", said.text);
            said.mentions(&["The engine's file cannot be used", &place, "is on a read-only file system"]);
            said.mentions(&["Give a path on a disk that can be written to"]);
            assert!(files(&lab) == before);
        }
        // The second time there is a file.
        lab.apply();
    }
    lab.plan_is_empty();
}

#[test]
fn on_a_disk_that_is_full_from_the_start() {
    let lab = Workspace::apart();
    lab.configure(SEGMENTS);
    let place = lab.engine().parent().unwrap().display().to_string();
    let script = format!(
        "mount -t tmpfs -o size=256k none {place}
        head -c 1000000 /dev/zero > {place}/ballast 2>/dev/null
        terraform apply -auto-approve -input=false
        echo \"exit $?\"; ls {place}
        rm {place}/ballast
        terraform apply -auto-approve -input=false && terraform plan -detailed-exitcode"
    );
    let Some(said) = with_mounts(&lab, &script) else { return };
    said.mentions(&[
        "The engine's file cannot be used",
        "No space left on the disk of",
        "Make room and run the same command again",
    ]);
    said.mentions(&["exit 1 ballast", "Apply complete!", "No changes."]);
    assert_eq!(said.code, 0, "{}", said.text);
}

#[test]
fn on_a_disk_that_fills_up_in_the_middle() {
    let lab = Workspace::apart();
    let units = 20;
    lab.configure(&fleet(units));
    let place = lab.engine().parent().unwrap().display().to_string();
    let saved = lab.folder().join("saved");
    fs::create_dir(&saved).unwrap();
    // What is written to a mount is gone with it: it is copied out when the disk is full.
    let script = format!(
        "mount -t tmpfs -o size=1m none {place}
        terraform apply -auto-approve -input=false
        echo \"exit $?\"
        cp -a {place}/. terraform.tfstate {saved}
        mount -o remount,size=16m {place}
        terraform apply -auto-approve -input=false && terraform plan -detailed-exitcode",
        saved = saved.display(),
    );
    let Some(said) = with_mounts(&lab, &script) else { return };
    let full = ["could not be created", "no space left on the disk of", "Make room and run the same command again"];
    said.mentions(&["exit 1"]).mentions(&full);
    let created = state_at(&saved.join("terraform.tfstate"));
    assert!((1..units * UNIT).contains(&created.len()), "{} were created", created.len());
    let engine = Engine::open(&saved.join("vpn-engine.db"), Moment::from_clock()).unwrap();
    assert_eq!(paths_in(&engine), created);

    assert_eq!(said.code, 0, "{}", said.text);
    said.mentions(&["Apply complete!", "No changes."]);
    assert!(!said.says("existed already"), "{}", said.text);
    nobody_is_left(&lab);
}
