//! Addresses and subnets that only one object can have.

use crate::terraform::Workspace;

const APPLY: [&str; 3] = ["apply", "-auto-approve", "-input=false"];

/// A session whose tunnel interface has this address in a /30.
fn session(name: &str, address: &str) -> String {
    format!(
        r#"
        resource "vpn_route_based_session" {name:?} {{
          id                  = {name:?}
          local_endpoint_path = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1"
          psk                 = "secret"
          peer_address        = "203.0.113.1"
          peer_id             = "203.0.113.1"
          tunnel_interface {{
            ip_subnet {{
              ip_addresses  = [{address:?}]
              prefix_length = 30
            }}
          }}
        }}
        "#
    )
}

fn neighbor(name: &str, address: &str) -> String {
    format!(
        "resource \"vpn_bgp_neighbor\" {name:?} {{\n  id = {name:?}\n  neighbor_address = {address:?}\n  remote_as_num = \"65001\"\n}}\n"
    )
}

fn segment(name: &str, gateway: &str) -> String {
    format!("resource \"vpn_segment\" {name:?} {{\n  id = {name:?}\n  subnet {{ gateway_address = {gateway:?} }}\n}}\n")
}

fn peer(name: &str, address: &str) -> String {
    format!(
        "resource \"vpn_simulated_peer\" {name:?} {{\n  id = {name:?}\n  address = {address:?}\n  psk = \"k\"\n}}\n"
    )
}

#[test]
fn nobody_gets_what_another_one_has() {
    let pairs = [
        (session("a", "169.254.1.1"), session("b", "169.254.1.2"), "169.254.1.0/30 overlaps the tunnel subnet"),
        (neighbor("a", "169.254.1.2"), neighbor("b", "169.254.1.2"), "is already the address of the BGP neighbor"),
        (session("a", "169.254.1.1"), neighbor("b", "169.254.1.1"), "is the gateway's own address"),
        (segment("a", "10.0.0.1/8"), segment("b", "10.1.0.1/16"), "overlaps the subnet"),
        (peer("a", "2001:db8::1"), peer("b", "2001:DB8:0::1"), "is already the address of the simulated peer"),
    ];
    for (one, other, words) in pairs {
        // Both are new.
        let lab = Workspace::new();
        let together = [&*one, &*other].concat();
        lab.configure(&together).plan_is_refused();
        assert_eq!(lab.paths(), [""; 0]);
        // One of them is there, and stays as it is.
        lab.configure(&one).apply();
        lab.configure(&together).plan_is_refused().mentions(&[words]);
        // It is somebody else's.
        Workspace::beside(&lab).configure(&other).plan_is_refused().mentions(&[words]);
        // It goes, and what takes its place may come first.
        for parallelism in ["-parallelism=10", "-parallelism=1"] {
            lab.configure(&one).apply();
            lab.configure(&other).run(&[&APPLY[..], &[parallelism]].concat()).succeeded();
            lab.plan_is_empty();
            lab.destroy();
        }
    }
}

#[test]
fn an_address_that_becomes_free_is_taken() {
    let lab = Workspace::new();
    lab.configure(&[session("a", "169.254.1.1"), session("b", "169.254.2.1")].concat()).apply();
    lab.configure(&[session("a", "169.254.2.1"), session("b", "169.254.3.1")].concat()).apply();
    lab.plan_is_empty();
    // Two cannot change places at once.
    let said = lab.configure(&[session("a", "169.254.3.1"), session("b", "169.254.2.1")].concat()).run(&APPLY);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["overlaps the tunnel subnet", "first give one of them a free one"]);
    lab.configure(&[session("a", "169.254.2.1"), session("b", "169.254.3.1")].concat()).plan_is_empty();
}

/// More than Terraform has operations under way.
#[test]
fn many_take_the_place_of_many() {
    let many = |name: &str| {
        let one = session(name, "ADDRESS").replace("{\n          id ", "{\n          count = 25\n          id ");
        one.replace(&format!("= {name:?}"), &format!("= \"{name}-${{count.index}}\""))
            .replace("ADDRESS", "169.254.${count.index}.1")
    };
    let lab = Workspace::new();
    lab.configure(&many("a")).apply();
    lab.configure(&many("b")).run(&APPLY).succeeded();
    assert!(lab.paths().iter().all(|path| path.contains("/b-")) && lab.paths().len() == 25);
    lab.plan_is_empty();
}
