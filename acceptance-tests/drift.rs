//! Somebody else works on the same objects.

use serde_json::{Value as Json, json};
use terraform_provider_vpn::engine::{Caller, Moment, Object, Refusal};
use terraform_provider_vpn::model::PolicyPath;

use crate::terraform::Workspace;

const PROFILE: &str = "/infra/ipsec-vpn-ike-profiles/a";

const HCL: &str = r#"
resource "vpn_ike_profile" "a" {
  display_name = "a"
  description  = "mine"
  sa_life_time = 30000
  tag {
    scope = "team"
    tag   = "net"
  }
}
"#;

/// What somebody else does.
impl Workspace {
    fn somebody_patches(&self, path: &str, body: Json) -> Object {
        let by = Caller { user: "somebody".to_owned(), now: Moment::from_clock() };
        self.lab().patch(&PolicyPath::parse(path).unwrap(), body, &by).unwrap()
    }

    fn somebody_deletes(&self, path: &str) -> Result<(), Refusal> {
        self.lab().delete(&PolicyPath::parse(path).unwrap(), terraform_provider_vpn::engine::Moment::from_clock())
    }

    fn field(&self, path: &str, name: &str) -> Json {
        use terraform_provider_vpn::engine::Reveal;
        let object = self.lab().get(&PolicyPath::parse(path).unwrap(), Reveal::Secrets).unwrap();
        object.get(name).cloned().unwrap_or_default()
    }
}

/// The actions a plan has for a resource, and its values before and after.
fn change(plan: &Json, address: &str) -> Json {
    let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
    changes.into_iter().find(|change| change["address"] == address).unwrap()["change"].clone()
}

fn applied() -> Workspace {
    let lab = Workspace::new();
    lab.configure(HCL).apply();
    lab
}

/// Plans `hcl` on top of [`HCL`], lets `meanwhile` happen, and applies the plan.
fn planned_then(hcl: &str, meanwhile: impl Fn(&Workspace)) -> (Workspace, crate::terraform::Said) {
    let lab = applied();
    lab.configure(hcl).run(&["plan", "-input=false", "-out=plan.bin"]).succeeded();
    meanwhile(&lab);
    let said = lab.run(&["apply", "-input=false", "plan.bin"]);
    (lab, said)
}

#[test]
fn a_changed_object_is_set_right_again() {
    let lab = applied();
    lab.somebody_patches(PROFILE, json!({ "sa_life_time": 40_000, "tags": [{ "scope": "team", "tag": "other" }] }));
    let change = change(&lab.planned(), "vpn_ike_profile.a");
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!((&change["before"]["sa_life_time"], &change["after"]["sa_life_time"]), (&json!(40_000), &json!(30_000)));
    lab.apply();
    assert_eq!(lab.field(PROFILE, "sa_life_time"), json!(30_000));
    assert_eq!(lab.field(PROFILE, "tags"), json!([{ "scope": "team", "tag": "net" }]));
    lab.plan_is_empty();
}

#[test]
fn a_deleted_object_is_created_again() {
    let lab = applied();
    lab.somebody_deletes(PROFILE).unwrap();
    assert_eq!(change(&lab.planned(), "vpn_ike_profile.a")["actions"], json!(["create"]));
    lab.apply();
    lab.plan_is_empty();
    assert_eq!(lab.paths(), [PROFILE]);
}

#[test]
fn what_was_deleted_already_need_not_be_destroyed() {
    let lab = applied();
    lab.run(&["plan", "-destroy", "-input=false", "-out=plan.bin"]).succeeded();
    lab.somebody_deletes(PROFILE).unwrap();
    lab.run(&["apply", "-input=false", "plan.bin"]).succeeded();
}

#[test]
fn a_changed_secret_is_set_right_again() {
    let lab = Workspace::new();
    let neighbor = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/n";
    lab.configure(
        r#"resource "vpn_bgp_neighbor" "n" {
  id               = "n"
  neighbor_address = "169.254.1.1"
  remote_as_num    = "65001"
  password         = "first"
}"#,
    )
    .apply();
    lab.somebody_patches(neighbor, json!({ "password": "another" }));
    assert_eq!(change(&lab.planned(), "vpn_bgp_neighbor.n")["actions"], json!(["update"]));
    lab.apply();
    assert_eq!(lab.field(neighbor, "password"), json!("first"));
}

#[test]
fn changes_to_different_attributes_meet() {
    let (lab, said) = planned_then(&HCL.replace("30000", "50000"), |lab| {
        lab.somebody_patches(PROFILE, json!({ "description": "theirs" }));
    });
    said.succeeded().mentions(&["changed by somebody else as well", "description"]);
    assert_eq!(lab.field(PROFILE, "sa_life_time"), json!(50_000));
    assert_eq!(lab.field(PROFILE, "description"), json!("theirs"));
    let change = change(&lab.planned(), "vpn_ike_profile.a");
    assert_eq!((&change["before"]["description"], &change["after"]["description"]), (&json!("theirs"), &json!("mine")));
    lab.apply();
    lab.plan_is_empty();
}

#[test]
fn changes_to_one_attribute_are_refused_by_name() {
    let (lab, said) = planned_then(&HCL.replace("30000", "50000"), |lab| {
        lab.somebody_patches(PROFILE, json!({ "sa_life_time": 60_000, "description": "theirs" }));
    });
    assert_eq!(said.code, 1);
    said.mentions(&["changed by somebody else", "sa_life_time = 50000", "Nothing was changed"]);
    assert_eq!(lab.field(PROFILE, "sa_life_time"), json!(60_000));
    assert_eq!(lab.field(PROFILE, "description"), json!("theirs"));
}

#[test]
fn the_same_change_twice_is_one() {
    let (lab, said) = planned_then(&HCL.replace("30000", "50000"), |lab| {
        lab.somebody_patches(PROFILE, json!({ "sa_life_time": 50_000 }));
    });
    said.succeeded();
    lab.plan_is_empty();
}

#[test]
fn an_object_that_went_away_is_not_made_anew_by_a_change() {
    let (lab, said) = planned_then(&HCL.replace("30000", "50000"), |lab| lab.somebody_deletes(PROFILE).unwrap());
    assert_eq!(said.code, 1);
    said.mentions(&["is gone", "Run terraform plan again"]);
    assert_eq!(lab.paths(), [""; 0]);
    lab.apply();
    lab.plan_is_empty();
}

#[test]
fn an_object_that_somebody_created_meanwhile_is_theirs_however_alike() {
    let hcl = r#"resource "vpn_dpd_profile" "d" { display_name = "d" }"#;
    let path = "/infra/ipsec-vpn-dpd-profiles/d";
    for theirs in [json!({}), json!({ "retry_count": 3 })] {
        let lab = Workspace::new();
        lab.configure(hcl).run(&["plan", "-input=false", "-out=plan.bin"]).succeeded();
        let object = lab.somebody_patches(path, theirs);
        let said = lab.run(&["apply", "-input=false", "plan.bin"]);
        assert_eq!(said.code, 1);
        said.mentions(&["exists already", "terraform import vpn_dpd_profile.NAME /infra/ipsec-vpn-dpd-profiles/d"]);
        lab.plan_is_refused().mentions(&["exists already"]);
        assert_eq!(lab.field(path, "unique_id"), *object.get("unique_id").unwrap());
    }
}

#[test]
fn what_others_change_and_change_back_is_no_drift() {
    let lab = applied();
    lab.somebody_patches(PROFILE, json!({ "description": "theirs" }));
    lab.somebody_patches(PROFILE, json!({ "description": "mine" }));
    lab.plan_is_empty();
}

#[test]
fn what_somebody_created_in_its_place_is_left_alone() {
    let lab = applied();
    lab.run(&["plan", "-destroy", "-input=false", "-out=plan.bin"]).succeeded();
    lab.somebody_deletes(PROFILE).unwrap();
    lab.somebody_patches(PROFILE, json!({ "description": "theirs" }));
    lab.run(&["apply", "-input=false", "plan.bin"]).succeeded().mentions(&["created anew by somebody else"]);
    assert_eq!(lab.field(PROFILE, "description"), json!("theirs"));

    let (lab, said) = planned_then(&HCL.replace("30000", "50000"), |lab| {
        lab.somebody_deletes(PROFILE).unwrap();
        lab.somebody_patches(PROFILE, json!({ "description": "theirs" }));
    });
    assert_eq!(said.code, 1);
    said.mentions(&["is gone"]);
    assert_eq!(lab.field(PROFILE, "description"), json!("theirs"));
}
