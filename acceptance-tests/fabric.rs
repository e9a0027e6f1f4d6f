//! The fabric and its traces under Terraform: on the embedded engine, and through a compute
//! agent that `serve` is.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::terraform::Workspace;

/// Two leaves and a spine; 10.0.0.1 and 10.0.0.2 at the leaves.
const FABRIC: &str = r#"
resource "vpn_simulated_device" "leaf" {
  for_each      = { a = "10.0.0.1", b = "10.0.0.2" }
  id            = "leaf-${each.key}"
  serial_number = each.key
  interface { name = "host" }
  interface { name = "up" }
  host {
    address   = each.value
    interface = "host"
  }
}
resource "vpn_simulated_device" "spine" {
  id            = "spine"
  serial_number = "s"
  interface { name = "a" }
  interface { name = "b" }
}
resource "vpn_simulated_link" "up" {
  for_each = vpn_simulated_device.leaf
  id       = each.key
  end {
    device_path = each.value.path
    interface   = "up"
  }
  end {
    device_path = vpn_simulated_device.spine.path
    interface   = each.key
  }
}
"#;

const TRACE: &str = r#"
resource "vpn_flow_trace" "web" {
  src   = "10.0.0.1"
  dst   = "10.0.0.2"
  proto = "tcp"
  dport = 443
}
"#;

const PATH: &str = r#"
data "vpn_flow_path" "web" {
  trace_path = vpn_flow_trace.web.path
  depends_on = [vpn_flow_trace.web]
}
output "path" { value = data.vpn_flow_path.web.hops[*].device_name }
"#;

/// The trace is what changes, in this way.
fn changes_alone(lab: &Workspace, action: &str) {
    let changes = lab.changes();
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert!(change.contains("vpn_flow_trace.web") && change.contains(&format!("[\"{action}\"]")), "{change}");
}

#[test]
fn a_trace_is_started_changed_and_stopped() {
    let lab = Workspace::new();
    lab.configure(&[FABRIC, TRACE].concat()).apply();
    lab.plan_is_empty();
    let id = "10.0.0.1,10.0.0.2,tcp,33434,443";
    assert_eq!(lab.state("vpn_flow_trace.web")["id"], id);
    assert_eq!(lab.state("vpn_flow_trace.web")["sfreq"], 1);
    let changed = TRACE.replace("dport = 443", "dport = 443\n  sfreq = 3600\n  bw_ingress = true");
    lab.configure(&[FABRIC, &changed].concat());
    changes_alone(&lab, "update");
    lab.apply();
    assert_eq!(lab.object(&format!("/infra/flow-traces/{id}"))["sfreq"], 3_600);
    lab.configure(&[FABRIC, &changed, PATH].concat()).apply();
    let outputs = lab.json(&["output", "-json"]);
    assert_eq!(outputs["path"]["value"], serde_json::json!(["leaf-a", "spine", "leaf-b"]));
    lab.configure(&[FABRIC, &TRACE.replace("443", "80")].concat());
    changes_alone(&lab, "delete\",\"create");
    lab.apply();
    lab.destroy();
    assert!(lab.paths().is_empty());
}

#[test]
fn what_cannot_be_built_is_refused_with_the_attribute() {
    let lab = Workspace::new();
    for (from, to, why) in [
        ("interface   = \"up\"", "interface   = \"down\"", "The device has no interface down"),
        ("interface   = \"up\"", "interface   = \"host\"", "host is where the host"),
        ("interface = \"host\"\n  }", "interface = \"x\"\n  }", "The device has no interface x"),
        ("b = \"10.0.0.2\"", "b = \"10.0.0.1\"", "is already attached"),
    ] {
        lab.configure(&FABRIC.replace(from, to)).plan_is_refused().mentions(&[why]);
    }
    lab.configure(&TRACE.replace("10.0.0.2", "10.0.0.1")).plan_is_refused().mentions(&["dst is the same as src"]);
    let other = TRACE.replace("dport = 443", "dport = 443\n  id = \"web\"");
    lab.configure(&other).plan_is_refused().mentions(&["\"web\" is not the id of this collection", "tcp,33434,443"]);
    let mirrored = TRACE.replace("443", "443\n  mirror_type = \"ERSPAN\"");
    lab.configure(&mirrored).plan_is_refused().mentions(&["mirror_dir is missing"]);
}

/// A server on the engine of a workspace.
struct Agent {
    child: Child,
    url: String,
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(lab: &Workspace) -> Agent {
    let mut child = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
        .args(["serve", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--data"])
        .arg(lab.engine())
        .env("VPN_SERVE_ADMIN_PASSWORD", "secret")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("listening on ").map(str::to_owned)).unwrap();
    Agent { child, url }
}

#[test]
fn the_same_configuration_drives_a_compute_agent() {
    let fabric = Workspace::new();
    fabric.configure(FABRIC).apply();
    let agent = serve(&fabric);
    let lab = Workspace::apart();
    let block = |originator: &str| {
        format!(
            "compute_agent {{\n url = {:?}\n username = \"admin\"\n password = \"secret\"\n originator = {originator:?}\n insecure = true\n}}",
            agent.url
        )
    };
    lab.configure_with(&block("ann"), TRACE).apply();
    lab.plan_is_empty();
    let changed = TRACE.replace("443", "443\n  sfreq = 2");
    lab.configure_with(&block("ann"), &changed);
    changes_alone(&lab, "update");
    lab.apply();
    let everything = [
        changed.as_str(),
        PATH,
        "data \"vpn_active_flows\" \"own\" {\n depends_on = [vpn_flow_trace.web]\n}\n",
        "output \"active\" { value = data.vpn_active_flows.own.flows[*].destination_port }\n",
        "data \"vpn_application_flows\" \"all\" {}\n",
    ];
    lab.configure_with(&block("ann"), &everything.concat()).apply();
    let outputs = lab.json(&["output", "-json"]);
    assert_eq!(outputs["path"]["value"], serde_json::json!(["leaf-a", "spine", "leaf-b"]));
    assert_eq!(outputs["active"]["value"], serde_json::json!([443]));
    lab.plan_is_empty();
    // Another originator neither sees it nor may take it.
    let other = Workspace::apart();
    other.configure_with(&block("bob"), TRACE);
    other.run(&["apply", "-auto-approve", "-input=false"]).mentions(&["E_UNAUTHORIZED"]);
    // What was started elsewhere is imported.
    let id = "10.0.0.1,10.0.0.2,tcp,33434,443";
    lab.run(&["state", "rm", "vpn_flow_trace.web"]).succeeded();
    lab.run(&["import", "-input=false", "vpn_flow_trace.web", id]).succeeded();
    lab.plan_is_empty();
    lab.destroy();
    assert!(!fabric.paths().iter().any(|path| path.contains("flow-traces")), "{:?}", fabric.paths());
    // What has no place there is refused.
    lab.configure_with(&block("ann"), "resource \"vpn_dpd_profile\" \"a\" {\n display_name = \"a\"\n}\n");
    lab.plan_is_refused().mentions(&["embedded {} or nsx {}"]);
}

/// A provider block that names an NSX alone says what is missing, without asking it.
#[test]
fn an_nsx_alone_is_told_to_have_no_flow_paths() {
    let lab = Workspace::apart();
    let block = "nsx {\n host = \"https://127.0.0.1:9\"\n username = \"a\"\n password = \"b\"\n max_retries = 0\n}";
    let id = "10.0.0.1,10.0.0.2,tcp,33434,443";
    for source in [
        format!("data \"vpn_flow_path\" \"a\" {{\n trace_path = \"/infra/flow-traces/{id}\"\n}}\n"),
        "data \"vpn_application_flows\" \"a\" {}\n".to_owned(),
        "data \"vpn_active_flows\" \"a\" {}\n".to_owned(),
    ] {
        lab.configure_with(block, &source);
        lab.plan_is_refused().mentions(&["An NSX collects no flows", "compute_agent {}", "embedded {}"]);
    }
}
