//! A whole VPN, from nothing and back.

use crate::terraform::Workspace;

#[test]
fn a_profile_is_created_changed_and_destroyed() {
    let lab = Workspace::new();
    lab.configure(r#"resource "vpn_ike_profile" "a" { display_name = "a" }"#).apply();
    assert_eq!(lab.paths(), ["/infra/ipsec-vpn-ike-profiles/a"]);
    lab.plan_is_empty();
    lab.configure("resource \"vpn_ike_profile\" \"a\" {\n display_name = \"a\"\n sa_life_time = 30000\n}").apply();
    assert_eq!(lab.state("vpn_ike_profile.a")["sa_life_time"], 30000);
    lab.plan_is_empty();
    lab.destroy();
    assert!(lab.paths().is_empty());
}
