//! Objects without a name of their own, and who may take over what a killed run
//! left of them: whoever goes on with it, and nobody else.

use std::collections::BTreeSet;

use crate::kill::mend_state;
use crate::processes::{Running, engine_is_state, nobody_is_left, state_of};
use crate::terraform::Workspace;

const MANY: usize = 10;

/// Segments that cannot be told from each other.
fn segments(count: usize) -> String {
    format!("resource \"vpn_segment\" \"s\" {{ count = {count} }}\n")
}

fn set(paths: Vec<String>) -> BTreeSet<String> {
    paths.into_iter().collect()
}

/// Kills Terraform so that there are segments it has no note of.
fn leave_some(lab: &Workspace) {
    lab.configure(&segments(MANY));
    for _ in 0..20 {
        let mut apply = Running::terraform(lab, &["apply", "-auto-approve", "-input=false"]);
        apply.has_said("Creation complete", 1);
        apply.signal("KILL");
        apply.ended();
        nobody_is_left(lab);
        mend_state(lab);
        if lab.paths().len() > state_of(lab).len() {
            return;
        }
        lab.destroy();
    }
    panic!("Terraform noted everything in time, twenty times");
}

#[test]
fn another_state_on_the_same_engine_does_not_take_it() {
    let ours = Workspace::new();
    leave_some(&ours);
    let before = set(ours.paths());

    let theirs = Workspace::beside(&ours);
    let said = theirs.configure(&segments(MANY)).apply();
    assert!(!said.says("existed already"), "{}", said.text);
    assert_eq!(state_of(&theirs).len(), MANY);
    assert!(before.is_disjoint(&set(state_of(&theirs))), "they took what is ours");

    ours.apply().mentions(&["The segment existed already"]);
    assert_eq!(state_of(&ours).len(), MANY);
    assert!(before.is_subset(&set(state_of(&ours))), "we did not find it again");
    assert_eq!(ours.paths().len(), 2 * MANY);
    ours.plan_is_empty();
    theirs.plan_is_empty();
}

#[test]
fn nor_does_another_workspace_of_the_same_folder() {
    let lab = Workspace::new();
    leave_some(&lab);
    let left = lab.paths();
    lab.run(&["workspace", "new", "other"]).succeeded();
    let said = lab.apply();
    assert!(!said.says("existed already"), "{}", said.text);
    assert_eq!(lab.paths().len(), left.len() + MANY);
    lab.destroy();
    assert_eq!(lab.paths(), left);
    lab.run(&["workspace", "select", "default"]).succeeded();
    lab.apply().mentions(&["The segment existed already"]);
    engine_is_state(&lab, MANY);
}

#[test]
fn what_a_run_in_good_order_created_is_nobody_s_to_take() {
    let lab = Workspace::new();
    lab.configure(&segments(1)).apply();
    let twin = segments(1) + "resource \"vpn_segment\" \"twin\" {}\n";
    lab.configure(&twin);
    // Terraform does not even look at the first one.
    lab.run(&["apply", "-auto-approve", "-input=false", "-target=vpn_segment.twin"]).succeeded();
    engine_is_state(&lab, 2);
    lab.plan_is_empty();
}

#[test]
fn two_provider_processes_of_one_run_do_not_take_from_each_other() {
    let lab = Workspace::new();
    let engine = lab.engine().display().to_string();
    lab.configure(&format!(
        "provider \"vpn\" {{\n  alias = \"b\"\n  embedded {{ path = {engine:?} }}\n}}\n\
         resource \"vpn_segment\" \"a\" {{ count = 5 }}\n\
         resource \"vpn_segment\" \"b\" {{\n  provider = vpn.b\n  count = 5\n}}\n\
         resource \"vpn_segment\" \"c\" {{\n  count = 5\n  depends_on = [vpn_segment.b]\n}}\n"
    ));
    let said = lab.apply();
    assert!(!said.says("existed already"), "{}", said.text);
    engine_is_state(&lab, 15);
    lab.plan_is_empty();
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
}
