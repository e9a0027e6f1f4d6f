//! Who may take over what a killed run left behind: whoever goes on with it, and
//! nobody else.

use std::collections::BTreeSet;

use crate::kill::mend_state;
use crate::processes::{Running, engine_is_state, nobody_is_left, state_of};
use crate::terraform::{Workspace, said};

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
    leave_some_of(lab, &segments(MANY));
}

/// The same for any configuration.
fn leave_some_of(lab: &Workspace, hcl: &str) {
    lab.configure(hcl);
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

/// Objects whose paths are known when planning.
const NAMED: &str = r#"
resource "vpn_ike_profile" "a" { display_name = "a" }
resource "vpn_segment" "a" {
  count        = 10
  display_name = "segment ${count.index}"
}
"#;

#[test]
fn what_has_a_name_and_is_somebody_else_s_is_refused() {
    let ours = Workspace::new();
    ours.configure(NAMED).apply();
    // Another folder.
    let theirs = Workspace::beside(&ours);
    let refused = |lab: &Workspace| {
        let said = lab.plan_is_refused();
        said.mentions(&[
            "The IKE profile exists already",
            "The segment exists already",
            "terraform import vpn_segment.NAME",
        ]);
        assert!(state_of(lab).is_empty());
    };
    refused(theirs.configure(NAMED));
    theirs.configure("").destroy();
    // Another workspace of the same folder.
    ours.run(&["workspace", "new", "other"]).succeeded();
    ours.plan_is_refused().mentions(&["The IKE profile exists already"]);
    ours.run(&["workspace", "select", "default"]).succeeded();
    // Another file in the same folder.
    let other_file = ["apply", "-auto-approve", "-input=false", "-state=other.tfstate"];
    let said = ours.run(&other_file);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["The IKE profile exists already"]);
    // Made by no Terraform.
    ours.patch("/infra/ipsec-vpn-ike-profiles/b", serde_json::json!({ "display_name": "b" }));
    ours.configure(&(NAMED.to_owned() + "resource \"vpn_ike_profile\" \"b\" { id = \"b\" }\n"));
    ours.plan_is_refused().mentions(&["/infra/ipsec-vpn-ike-profiles/b exists already"]);
    ours.configure(NAMED).plan_is_empty();
    engine_is_state(
        &{
            ours.delete("/infra/ipsec-vpn-ike-profiles/b");
            ours
        },
        11,
    );
}

/// The process of one provider block knows nothing of what the other's is about to
/// create.
#[test]
fn a_reference_from_one_alias_to_the_other() {
    let lab = Workspace::new();
    let engine = lab.engine().display().to_string();
    lab.configure(&format!(
        "provider \"vpn\" {{\n  alias = \"b\"\n  embedded {{ path = {engine:?} }}\n}}\n\
         resource \"vpn_segment\" \"s\" {{ id = \"s\" }}\n\
         resource \"vpn_segment_port\" \"p\" {{\n  provider = vpn.b\n  id = \"p\"\n  segment_path = vpn_segment.s.path\n}}\n"
    ));
    lab.apply();
    engine_is_state(&lab, 2);
    lab.plan_is_empty();
    lab.destroy();
}

/// Two resources declare one object, through two processes that know nothing of
/// each other, one of them before it is interrupted.
#[test]
fn an_alias_takes_nothing_from_its_sibling() {
    let lab = Workspace::new();
    let engine = lab.engine().display().to_string();
    let alias = format!("provider \"vpn\" {{\n  alias = \"b\"\n  embedded {{ path = {engine:?} }}\n}}\n");
    let twin = "resource \"vpn_ike_profile\" \"b\" {\n  provider = vpn.b\n  display_name = \"a\"\n}\n";
    lab.configure(NAMED).apply();
    lab.plan_is_empty();
    let all = [NAMED, &alias, twin].concat();
    lab.configure(&all).plan_is_refused().mentions(&["/infra/ipsec-vpn-ike-profiles/a exists already"]);
    let said = lab.run(&["apply", "-auto-approve", "-input=false", "-target=vpn_ike_profile.b"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["/infra/ipsec-vpn-ike-profiles/a exists already"]);
    lab.configure(NAMED).plan_is_empty();
}

#[test]
fn what_was_forgotten_is_imported() {
    let lab = Workspace::new();
    lab.configure(NAMED).apply();
    // A plan to replace it that nobody carries out leaves no trace.
    lab.run(&["plan", "-input=false", "-replace=vpn_ike_profile.a"]).succeeded();
    lab.run(&["state", "rm", "vpn_ike_profile.a"]).succeeded();
    let said = lab.plan_is_refused();
    said.mentions(&["/infra/ipsec-vpn-ike-profiles/a exists already", "terraform import vpn_ike_profile.NAME"]);
    assert!(!said.says("is in this state already"), "{}", said.text);
    lab.run(&["import", "-input=false", "vpn_ike_profile.a", "a"]).succeeded();
    lab.plan_is_empty();
}

/// After a run in good order, Terraform knows of what it created.
#[test]
fn a_state_that_was_lost_is_imported() {
    let lab = Workspace::new();
    lab.configure(NAMED).apply();
    std::fs::remove_file(lab.folder().join("terraform.tfstate")).unwrap();
    lab.plan_is_refused().mentions(&["exists already", "terraform import"]);
    assert_eq!(lab.paths().len(), 11);
}

/// `terraform test` has a state of its own, and destroys what is in it.
#[test]
fn a_test_takes_nothing_and_destroys_nothing() {
    let lab = Workspace::new();
    lab.configure(NAMED).apply();
    lab.write("a.tftest.hcl", "run \"a\" {\n  command = apply\n}\n");
    let said = lab.run(&["test"]);
    assert_ne!(said.code, 0, "{}", said.text);
    said.mentions(&["exists already"]);
    lab.plan_is_empty();
    assert_eq!(lab.paths().len(), 11);
}

#[test]
fn nor_does_another_resource_of_the_same_state() {
    let lab = Workspace::new();
    let one = "resource \"vpn_ike_profile\" \"one\" { id = \"x\" }\n";
    let two = "resource \"vpn_ike_profile\" \"two\" { id = \"x\" }\n";
    lab.configure(one).apply();
    let said = lab.configure(&[one, two].concat()).run(&["apply", "-auto-approve", "-target=vpn_ike_profile.two"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["exists already"]);
    engine_is_state(&lab, 1);
}

/// The arguments that tell states apart may stand in variables.
#[test]
fn nor_does_another_state_of_the_same_folder() {
    let lab = Workspace::new();
    lab.configure("resource \"vpn_ike_profile\" \"a\" { id = \"x\" }\nresource \"vpn_segment\" \"a\" {}\n");
    let apply = |state: &str| {
        let mut command = lab.command(&["apply", "-auto-approve", "-input=false"]);
        said(&command.env("TF_CLI_ARGS_apply", format!("-state={state}")).output().unwrap())
    };
    apply("a.tfstate").succeeded();
    let refused = apply("b.tfstate");
    assert_eq!(refused.code, 1, "{}", refused.text);
    refused.mentions(&["The IKE profile exists already"]);
}

/// What an earlier plan said of objects that were given up since is not believed.
#[test]
fn an_old_plan_says_nothing() {
    let ours = Workspace::new();
    let declared = |name: &str| {
        format!("variable \"v\" {{ default = \"\" }}\nresource \"vpn_segment\" {name:?} {{ id = \"x\" }}\n")
    };
    ours.configure(&declared("a")).apply();
    ours.configure(&declared("b")).run(&["plan", "-input=false"]).succeeded();
    ours.run(&["state", "rm", "vpn_segment.a"]).succeeded();
    let theirs = Workspace::beside(&ours);
    theirs.configure(&declared("a")).run(&["import", "-input=false", "vpn_segment.a", "x"]).succeeded();
    for arguments in [&["-var", "v=1"][..], &["-target", "vpn_segment.b"], &[]] {
        let said = ours.run(&[&["apply", "-auto-approve", "-input=false"], arguments].concat());
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&["/infra/tier-1s/cgw/segments/x exists already", "terraform import"]);
        assert!(!said.says("is in this state already"), "{}", said.text);
    }
    theirs.plan_is_empty();
}

/// A plan to rename that nobody carried out has no say in another plan.
#[test]
fn an_old_plan_keeps_nothing_from_being_deleted() {
    let lab = Workspace::new();
    lab.configure(NAMED).apply();
    let renamed = NAMED.replace("\"vpn_segment\" \"a\"", "\"vpn_segment\" \"b\"");
    lab.configure(&renamed).run(&["plan", "-input=false", "-out=rename.plan"]).succeeded();
    lab.configure(NAMED).run(&["plan", "-destroy", "-input=false", "-out=destroy.plan"]).succeeded();
    lab.run(&["apply", "-input=false", "destroy.plan"]).succeeded();
    assert_eq!(lab.paths(), [""; 0]);
}

/// The object of an interrupted run whose configuration was changed since.
#[test]
fn what_is_no_longer_declared_so_is_said_to_be_one_s_own() {
    let lab = Workspace::new();
    leave_some_of(&lab, NAMED);
    lab.configure(&NAMED.replace("display_name = \"segment", "description = \"new\"\n  display_name = \"segment"));
    lab.plan_is_refused().mentions(&["An interrupted run of this configuration created", "terraform import"]);
}
