//! Several Terraform processes on one engine file at the same time.

use std::collections::BTreeSet;

use terraform_provider_vpn::engine::store::{SqliteStore, StoreExt, ViewExt};

use crate::fleet::{UNIT, fleet};
use crate::processes::{Running, nobody_is_left, state_of};
use crate::terraform::{Said, Workspace};

const APPLY: [&str; 3] = ["apply", "-auto-approve", "-input=false"];
const DESTROY: [&str; 3] = ["destroy", "-auto-approve", "-input=false"];
const PLAN: [&str; 3] = ["plan", "-detailed-exitcode", "-input=false"];

/// Workspaces with states of their own on one engine file.
fn on_one_engine<const N: usize>() -> [Workspace; N] {
    let first = Workspace::new();
    let mut others = (1..N).map(|_| Workspace::beside(&first)).collect::<Vec<_>>();
    others.insert(0, first);
    others.try_into().ok().unwrap()
}

/// Runs a command in all workspaces at once.
fn at_once(labs: &[Workspace], command: &[&str]) -> Vec<Said> {
    let running: Vec<_> = labs.iter().map(|lab| Running::terraform(lab, command)).collect();
    let said = running.into_iter().map(Running::ended).collect();
    labs.iter().for_each(nobody_is_left);
    said
}

fn all_succeed(labs: &[Workspace], command: &[&str]) -> Vec<Said> {
    at_once(labs, command).into_iter().map(Said::succeeded).collect()
}

/// Every object can be read, and nothing else is in the file: opening checks each
/// page and each checksum.
fn nothing_is_damaged(lab: &Workspace) {
    let store = SqliteStore::open(lab.engine()).unwrap();
    let entries = store.read(|view| view.entries("")).unwrap();
    let objects = entries.iter().filter(|(key, _)| key.starts_with("o/")).count();
    let readable = lab.lab().all(terraform_provider_vpn::engine::Reveal::Secrets).unwrap();
    assert_eq!(objects, readable.len());
}

/// A fleet whose objects have other names and addresses than those of `fleet`.
fn other_fleet(units: usize) -> String {
    let renamed = ["segment ", "port-", "ike ", "tunnel-", "neighbor-", "session "];
    let fleet = renamed
        .iter()
        .fold(fleet(units), |text, name| text.replace(&format!("\"{name}$"), &format!("\"other {name}$")));
    fleet.replace("169.254.${100 +", "169.254.${150 +")
}

#[test]
fn two_hundred_objects_by_two_processes() {
    let labs: [Workspace; 2] = on_one_engine();
    labs[0].configure(&fleet(10));
    labs[1].configure(&other_fleet(10));
    all_succeed(&labs, &APPLY);
    let [ours, theirs] = labs.each_ref().map(state_of);
    assert_eq!((ours.len(), theirs.len()), (10 * UNIT, 10 * UNIT));
    let all: BTreeSet<_> = ours.into_iter().chain(theirs).collect();
    assert_eq!(labs[0].paths(), all.into_iter().collect::<Vec<_>>());
    nothing_is_damaged(&labs[0]);
    all_succeed(&labs, &PLAN);
    all_succeed(&labs, &DESTROY);
    assert_eq!(labs[0].paths(), [""; 0]);
    nothing_is_damaged(&labs[0]);
}

/// Objects with names, all of them known when planning.
const NAMED: &str = r#"
resource "vpn_segment" "s" {
  count        = 30
  display_name = "segment ${count.index}"
}
resource "vpn_segment_port" "p" {
  count        = 30
  id           = "port"
  segment_path = vpn_segment.s[count.index].path
}
resource "vpn_ike_profile" "k" {
  count        = 30
  id           = "ike-${count.index}"
}
"#;

/// Each object belongs to who created it, however alike the two are.
#[test]
fn the_same_objects_by_two_processes() {
    let labs: [Workspace; 2] = on_one_engine();
    for lab in &labs {
        lab.configure(NAMED);
    }
    let said = at_once(&labs, &APPLY);
    nothing_is_damaged(&labs[0]);
    assert!(!said.iter().any(|said| said.says("existed already")), "somebody has taken what is not theirs");
    let states = labs.each_ref().map(state_of);
    assert!(states[0].iter().all(|path| !states[1].contains(path)), "{states:?}");
    let mut all = states.concat();
    all.sort();
    assert_eq!(labs[0].paths(), all);
    for (said, state) in said.iter().zip(&states) {
        if state.len() < 90 {
            assert_eq!(said.code, 1);
            said.mentions(&[
                "exists already",
                "no interrupted run of this configuration has left it behind",
                "terraform import",
            ]);
        }
    }
    all_succeed(&labs, &["destroy", "-auto-approve", "-input=false", "-refresh=false"]);
    assert_eq!(labs[0].paths(), [""; 0]);
}

/// One object that both declare, with something else in it.
#[test]
fn different_objects_of_one_name_by_two_processes() {
    let labs: [Workspace; 2] = on_one_engine();
    for (lab, name) in labs.iter().zip(["ours", "theirs"]) {
        lab.configure(&format!(
            "resource \"vpn_segment\" \"s\" {{\n  count = 20\n  id = \"s-${{count.index}}\"\n  description = \"{name}\"\n}}\n"
        ));
    }
    let said = at_once(&labs, &APPLY);
    let states = labs.each_ref().map(state_of);
    assert_eq!(states[0].len() + states[1].len(), 20, "each segment belongs to one of them");
    assert!(states[0].iter().all(|path| !states[1].contains(path)));
    for (said, state) in said.iter().zip(&states) {
        if state.len() < 20 {
            assert_eq!(said.code, 1);
            said.mentions(&[
                "The segment exists already",
                "no interrupted run of this configuration has left it behind",
                "terraform import",
            ]);
        }
    }
    for (state, name) in states.iter().zip(["ours", "theirs"]) {
        state.iter().for_each(|path| assert_eq!(labs[0].object(path)["description"], name));
    }
    // Terraform plans the configuration before it destroys, and would hear again
    // that the others' segments are in its way.
    all_succeed(&labs, &["destroy", "-auto-approve", "-input=false", "-refresh=false"]);
    assert_eq!(labs[0].paths(), [""; 0]);
}

#[test]
fn the_first_start_of_four_processes() {
    for _ in 0..3 {
        let labs: [Workspace; 4] = on_one_engine();
        for (number, lab) in labs.iter().enumerate() {
            lab.configure(&format!(
                "resource \"vpn_segment\" \"s\" {{\n  count = 3\n  id = \"{number}-${{count.index}}\"\n}}\n"
            ));
        }
        assert!(!labs[0].engine().exists());
        all_succeed(&labs, &APPLY);
        assert_eq!(labs[0].paths().len(), 12);
        nothing_is_damaged(&labs[0]);
        all_succeed(&labs, &PLAN);
    }
}
