//! Pre-shared keys and BGP passwords are where they must be and nowhere else.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::processes::{Running, nobody_is_left, processes_of};
use crate::samples;
use crate::terraform::{Said, Workspace, said};
use crate::worlds::wrapped;

const SESSIONS: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions";
const NEIGHBORS: &str = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors";
const PEER: &str = "/infra/simulated-peers/peer";
const SHORT_ENDPOINT: &str =
    "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1";

/// A key of characters that HCL, JSON, Go and the shell each write in another way.
/// Whatever escapes them, the pieces in between are left as they are.
fn key(tag: &str) -> String {
    format!("{tag}Kq7 \"{tag}Xz\\{tag}Lm<{tag}Rt>&amp;{tag}Un\u{fc}\u{6f22}\u{5b57}{tag}'${{{tag}}}%{{{tag}%s\t{tag}")
}

/// The same for a password, which may be shorter.
fn password(tag: &str) -> String {
    format!("{tag}\"\\<&\u{fc}${{{tag}")
}

/// The pieces by which a secret is recognised in any spelling.
fn pieces(secret: &str) -> BTreeSet<String> {
    let plain = secret.split(|c: char| !c.is_ascii_alphanumeric()).filter(|piece| piece.len() >= 6);
    let mut pieces = BTreeSet::new();
    for piece in plain {
        pieces.insert(piece.to_owned());
        // As bytes, the way Go prints them, in hex, and in the middle of base64.
        let bytes = piece.as_bytes();
        pieces.insert(bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(" "));
        pieces.insert(bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(","));
        pieces.insert(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        for shift in 0..3 {
            let text = STANDARD.encode([&vec![b'-'; shift], bytes].concat());
            let (from, to) = ((shift * 8).div_ceil(6), (shift + bytes.len()) * 8 / 6);
            pieces.insert(text[from..to].to_owned());
        }
    }
    pieces
}

/// Fails when something of a secret is in `text`.
fn holds_none(secrets: &[String], text: &str, what: &str) {
    for piece in secrets.iter().flat_map(|secret| pieces(secret)) {
        if let Some(line) = text.lines().find(|line| line.contains(&piece)) {
            panic!("{what} holds {piece:?}:\n{line}");
        }
    }
}

#[test]
fn a_secret_is_recognised_in_any_spelling() {
    let secret = key("zqtest");
    let found = |text: &str| pieces(&secret).iter().any(|piece| text.contains(piece.as_str()));
    let json = json!({ "psk": secret }).to_string();
    assert!(found(&json) && found(&json.replace('<', "\\u003c")) && found(&format!("{secret:?}")));
    assert!(found(&format!("{:?}", secret.as_bytes()).replace(", ", ",")));
    for before in ["", "x", "xy"] {
        assert!(found(&STANDARD.encode(format!("{before}{secret}"))));
    }
    assert!(!found("zqtes") && !found(&STANDARD.encode("something else entirely, and long enough")));
}

/// Sessions of both kinds, a neighbor and the peer of them all. The secrets come from variables:
/// Terraform quotes the configuration when it complains.
const CONFIGURATION: &str = r#"
variable "route" { sensitive = true }
variable "policy" { sensitive = true }
variable "bgp" { sensitive = true }
variable "peer" { sensitive = true }
variable "speaker" { sensitive = true }
variable "description" { default = null }

resource "vpn_route_based_session" "s" {
  display_name        = "route"
  description         = var.description
  local_endpoint_path = "ENDPOINT"
  psk                 = var.route
  peer_address        = "203.0.113.1"
  peer_id             = "203.0.113.1"
  MORE_ROUTE
  tunnel_interface {
    ip_subnet {
      ip_addresses  = ["169.254.100.2"]
      prefix_length = 30
    }
  }
}
resource "vpn_policy_based_session" "s" {
  display_name        = "policy"
  description         = var.description
  local_endpoint_path = "ENDPOINT"
  psk                 = var.policy
  peer_address        = "203.0.113.1"
  peer_id             = "203.0.113.1"
  MORE_POLICY
  rule { sources = ["10.0.0.0/8"] }
}
resource "vpn_bgp_neighbor" "n" {
  display_name     = "neighbor"
  description      = var.description
  neighbor_address = "169.254.100.1"
  remote_as_num    = "65001"
  password         = var.bgp
  MORE_BGP
}
resource "vpn_simulated_peer" "p" {
  display_name = "peer"
  description  = var.description
  address      = "203.0.113.1"
  psk          = var.peer
  bgp {
    password = var.speaker
    route { network = "10.20.0.0/16" }
    MORE_SPEAKER
  }
}
data "vpn_route_based_session" "s" { path = vpn_route_based_session.s.path }
data "vpn_policy_based_session" "s" { path = vpn_policy_based_session.s.path }
data "vpn_bgp_neighbor" "n" { path = vpn_bgp_neighbor.n.path }
data "vpn_simulated_peer" "p" { path = vpn_simulated_peer.p.path }
output "all" {
  value = [
    data.vpn_route_based_session.s, data.vpn_policy_based_session.s, data.vpn_bgp_neighbor.n,
    data.vpn_simulated_peer.p,
  ]
}
"#;

/// A configuration with secrets, and the secrets.
struct Vault {
    lab: Workspace,
    secrets: Vec<String>,
}

impl Vault {
    fn new(tag: &str) -> Self {
        let vault = Self { lab: Workspace::new(), secrets: Vec::new() };
        vault.configure([""; 4]).with(tag)
    }

    /// More in the blocks of the route-based session, the policy-based one, the
    /// neighbor and the peer's BGP speaker.
    fn configure(self, more: [&str; 4]) -> Self {
        let text = CONFIGURATION.replace("ENDPOINT", SHORT_ENDPOINT);
        let text = text.replace("MORE_ROUTE", more[0]).replace("MORE_POLICY", more[1]).replace("MORE_BGP", more[2]);
        let text = text.replace("MORE_SPEAKER", more[3]);
        self.lab.configure(&text);
        self
    }

    /// Other secrets, with `tag` in them.
    fn with(self, tag: &str) -> Self {
        let tags = ["route", "polic", "bgp", "peer", "spk"].map(|object| format!("zq{tag}{object}"));
        let [route, policy, bgp, peer, speaker] = &tags;
        self.with_values([key(route), key(policy), password(bgp), key(peer), password(speaker)])
    }

    fn with_values(mut self, secrets: [String; 5]) -> Self {
        let [route, policy, bgp, peer, speaker] = &secrets;
        let values = json!({ "route": route, "policy": policy, "bgp": bgp, "peer": peer, "speaker": speaker });
        self.lab.write("terraform.tfvars.json", &values.to_string());
        self.secrets.extend(secrets);
        self
    }

    /// Runs a Terraform command with these variables set in its environment; no
    /// secret is in anything it says.
    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let said = said(&self.lab.command(arguments).envs(environment.iter().copied()).output().unwrap());
        holds_none(&self.secrets, &said.text, &format!("terraform {arguments:?} with {environment:?}"));
        said
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, &[])
    }

    fn apply(&self) -> Said {
        self.run(&["apply", "-auto-approve", "-input=false"]).succeeded()
    }
}

const APPLY: [&str; 3] = ["apply", "-auto-approve", "-input=false"];

/// A life of all the objects: created, changed, drifted, imported, destroyed.
fn live(mut vault: Vault, environment: &[(&str, &str)]) -> Vault {
    vault.run_with(&APPLY, environment).succeeded();
    vault = vault.with("new");
    vault.run_with(&["plan", "-input=false", "-out=plan.bin"], environment).succeeded();
    vault.run_with(&["show", "plan.bin"], environment).succeeded();
    vault.run_with(&["apply", "plan.bin"], environment).succeeded();
    assert_eq!(vault.lab.object(&format!("{SESSIONS}/route"))["psk"], vault.secrets[5]);
    assert_eq!(vault.lab.object(&format!("{NEIGHBORS}/neighbor"))["password"], vault.secrets[7]);
    let peer = vault.lab.object(PEER);
    assert_eq!((&peer["psk"], &peer["bgp"]["password"]), (&json!(vault.secrets[8]), &json!(vault.secrets[9])));
    let drifted = key("zqdrifted");
    vault.lab.patch(&format!("{SESSIONS}/policy"), json!({ "psk": drifted }));
    vault.secrets.push(drifted);
    let drifted = password("zqdrifted");
    vault.lab.patch(PEER, json!({ "bgp": { "password": drifted } }));
    vault.secrets.push(drifted);
    vault.run_with(&["plan", "-input=false"], environment).mentions(&["(sensitive value)", "2 to change"]);
    vault.run_with(&["apply", "-refresh-only", "-auto-approve", "-input=false"], environment).succeeded();
    vault.run_with(&["show"], environment).succeeded();
    for (address, id) in [("vpn_policy_based_session.s", "policy"), ("vpn_simulated_peer.p", "peer")] {
        vault.run_with(&["state", "rm", address], environment).succeeded();
        vault.run_with(&["import", "-input=false", address, id], environment).succeeded();
        vault.run_with(&["state", "show", address], environment).succeeded();
    }
    vault.run_with(&["destroy", "-auto-approve", "-input=false"], environment).succeeded();
    nobody_is_left(&vault.lab);
    vault
}

#[test]
fn in_no_log_of_terraform_and_the_provider() {
    let vault = Vault::new("trc");
    let log = vault.lab.folder().join("trace.log");
    let vault = live(vault, &[("TF_LOG", "TRACE"), ("TF_LOG_PATH", log.to_str().unwrap())]);
    let text = fs::read_to_string(&log).unwrap();
    for expected in ["provider.terraform-provider-vpn", "ApplyResourceChange", "[TRACE]"] {
        assert!(text.contains(expected), "it was no log of everything: {expected} is missing");
    }
    holds_none(&vault.secrets, &text, "the log");
}

#[test]
fn in_no_log_of_the_provider_alone() {
    for (variable, level) in [("TF_LOG_PROVIDER", "TRACE"), ("TF_LOG", "JSON")] {
        live(Vault::new("prv"), &[(variable, level)]);
    }
}

#[test]
fn in_no_log_at_lower_levels() {
    for level in ["DEBUG", "INFO", "WARN", "ERROR"] {
        let vault = Vault::new("low");
        vault.run_with(&APPLY, &[("TF_LOG", level)]).succeeded();
        vault.run_with(&["destroy", "-auto-approve", "-input=false"], &[("TF_LOG", level)]).succeeded();
    }
}

#[test]
fn in_no_refusal_of_a_configuration() {
    let refused = |vault: Vault, words: &[&str]| {
        for level in ["", "TRACE"] {
            let said = vault.run_with(&["plan", "-input=false"], &[("TF_LOG", level)]);
            assert_eq!(said.code, 1, "{}", said.text);
            said.mentions(words);
        }
    };
    let long = |tag: &str, length: usize| key(tag).chars().cycle().take(length).collect::<String>();
    refused(
        Vault::new("len").with_values([
            long("zqlenroute", 129),
            long("zqlenpolic", 5000),
            long("zqlenbgp", 33),
            long("zqlenpeer", 130),
            long("zqlenspk", 34),
        ]),
        &["psk", "128", "password", "32", "psk has 130 characters", "password has 34 characters"],
    );
    let empty = [String::new(), key("zqempty"), password("zqempty"), String::new(), password("zqempty")];
    refused(Vault::new("emp").with_values(empty), &["psk is missing", "The peer has nothing to prove itself with"]);
    let certificate = "authentication_mode = \"CERTIFICATE\"";
    refused(
        Vault::new("cer").configure([certificate, certificate, "", ""]),
        &["psk cannot be used with authentication_mode CERTIFICATE"],
    );
    refused(
        Vault::new("sui").configure(["compliance_suite = \"CNSA\"", "compliance_suite = \"PRIME\"", "", ""]),
        &["authenticates by certificate"],
    );
    refused(
        Vault::new("all").configure([
            "enabled = \"x\"",
            "dpd_profile_path = []",
            "hold_down_time = 1",
            "running = \"y\"",
        ]),
        &["a bool is required", "string required"],
    );
    refused(
        Vault::new("ref").configure([
            "ike_profile_path = \"/infra/ipsec-vpn-ike-profiles/none\"",
            "dpd_profile_path = \"/infra/ipsec-vpn-ike-profiles/none\"",
            "route_filtering { in_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/none\"] }",
            "out_route_filters = [\"/infra/ipsec-vpn-ike-profiles/none\"]",
        ]),
        &["is the path of another kind of object"],
    );
}

#[test]
fn in_no_refusal_of_what_is_there_already() {
    let vault = Vault::new("one");
    vault.apply();
    // Another state declares the same objects with other secrets, and then with the same.
    let other = Vault { lab: Workspace::beside(&vault.lab), secrets: vault.secrets.clone() }.configure([""; 4]);
    let refused = |other: &Vault| {
        let said = other.run(&APPLY);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&["The route-based VPN session exists already", "The BGP neighbor exists already"]);
        said.mentions(&["The simulated peer exists already"]);
        said.text.lines().filter(|line| line.contains("exists already")).count()
    };
    let other = other.with("two");
    let told = refused(&other);
    // Nor does anybody learn whether they have guessed right.
    assert_eq!(refused(&other.with("one")), told);
}

#[test]
fn in_no_clash_with_somebody_else_s_change() {
    let mut vault = Vault::new("cla");
    vault.apply();
    vault = vault.with("our");
    vault.run(&["plan", "-input=false", "-out=plan.bin"]).succeeded();
    let theirs = [key("zqtheirs"), password("zqtheirs"), password("zqtheirspeer")];
    vault.lab.patch(&format!("{SESSIONS}/route"), json!({ "psk": theirs[0] }));
    vault.lab.patch(&format!("{NEIGHBORS}/neighbor"), json!({ "password": theirs[1] }));
    vault.lab.patch(PEER, json!({ "bgp": { "password": theirs[2] } }));
    vault.secrets.extend(theirs);
    let said = vault.run(&["apply", "plan.bin"]);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["The route-based VPN session was changed by somebody else", "set psk of", "set password of"]);
    said.mentions(&["The simulated peer was changed by somebody else", "set bgp of"]);
}

/// A key that stands in the configuration itself: Terraform quotes the line it is
/// pointed at, and is pointed at the resource.
#[test]
fn a_literal_key_is_quoted_by_nobody() {
    let lab = Workspace::new();
    let key = format!("zqliteral{}", "x".repeat(130));
    lab.configure(&format!(
        "resource \"vpn_policy_based_session\" \"s\" {{\n  local_endpoint_path = \"{SHORT_ENDPOINT}\"\n  \
         peer_address = \"203.0.113.1\"\n  peer_id = \"203.0.113.1\"\n  psk = \"{key}\"\n  rule {{}}\n}}\n"
    ));
    for (name, value) in [("TF_LOG", ""), ("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "TRACE")] {
        let said = said(&lab.command(&["plan", "-input=false"]).env(name, value).output().unwrap());
        assert_eq!(said.code, 1);
        said.mentions(&["psk", "128"]);
        said.mentions(&["resource \"vpn_policy_based_session\" \"s\" {"]);
        assert!(!said.text.contains("zqliteral"), "{}", said.text);
    }
    let output = lab.command(&["validate", "-json"]).output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.contains("psk has 139 characters") && !answer.contains("zqliteral"), "{answer}");
}

/// What else can be wrong with a secret in the configuration.
#[test]
fn a_literal_secret_that_does_not_fit_is_quoted_by_nobody() {
    let lab = Workspace::new();
    let long = format!("zqliteral{}", "x".repeat(30));
    let session = |more: &str| samples::resource("policy_based_session", "s", &format!("psk = \"zqliteral\"\n{more}"));
    for (hcl, words) in [
        (session("authentication_mode = \"CERTIFICATE\""), "psk cannot be used with authentication_mode CERTIFICATE"),
        (samples::resource("bgp_neighbor", "n", &format!("password = \"{long}\"")), "password has 39 characters"),
        (
            samples::resource("simulated_peer", "p", &format!("bgp {{\npassword = \"{long}\"\n}}")),
            "password has 39 characters",
        ),
        (
            samples::resource("simulated_peer", "p", "psk = \"zqliteral\"\ncertificate_subject = \"CN=p\""),
            "certificate_subject cannot be used with psk",
        ),
        (
            // Known at apply only.
            "resource \"terraform_data\" \"d\" { input = \"CERTIFICATE\" }\n".to_owned()
                + &session("authentication_mode = terraform_data.d.output"),
            "psk cannot be used with authentication_mode CERTIFICATE",
        ),
    ] {
        lab.configure(&hcl);
        let said = lab.run(&APPLY);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&[words]);
        assert!(!said.text.contains("zqliteral"), "{}", said.text);
    }
}

#[test]
fn in_no_process_table_and_no_temporary_file() {
    let vault = Vault::new("prc");
    let watch = |command: &[&str], words: &str| {
        // Anybody may read and write what is made without care.
        let command = wrapped(&["sh", "-c", "umask 000; exec \"$@\"", "sh"], &vault.lab.command(command));
        let mut running = Running::start(command);
        running.has_said(words, 1);
        let mut looked = 0;
        for process in processes_of(vault.lab.folder()) {
            for part in ["cmdline", "environ"] {
                let bytes = fs::read(format!("/proc/{process}/{part}")).unwrap_or_default();
                holds_none(&vault.secrets, &String::from_utf8_lossy(&bytes).replace('\0', "\n"), part);
                looked += usize::from(!bytes.is_empty());
            }
        }
        only_its_owner_reads(&vault.lab);
        let said = running.ended();
        assert!(looked > 0 || said.code == 0);
        holds_none(&vault.secrets, &said.text, "what Terraform said");
        said.succeeded()
    };
    watch(&APPLY, "Creating...");
    watch(&["plan", "-destroy", "-input=false", "-out=plan.bin"], "Plan:");
    assert_eq!(temporary_files(vault.lab.folder()), []);
    watch(&["apply", "plan.bin"], "Destroying...");
    assert_eq!(temporary_files(vault.lab.folder()), []);
}

/// The engine's file, its log and the log's index.
fn only_its_owner_reads(lab: &Workspace) {
    let mut found = 0;
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", lab.engine().display());
        // The log is gone when nobody uses the file.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600, "{path}");
        found += 1;
    }
    assert!(found > 0);
}

/// The files in the folder for temporary files, with their contents.
fn temporary_files(folder: &Path) -> Vec<(String, String)> {
    let list = Command::new("find").arg(folder.join("t")).args(["-type", "f"]).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let files = list.lines().map(|path| {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o600, "{path}");
        (path.to_owned(), fs::read_to_string(path).unwrap())
    });
    files.collect()
}
