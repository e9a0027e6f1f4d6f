//! What goes wrong between Terraform and an endpoint: it ends well, or says what is wrong,
//! where, and what to do. Nothing is made twice, and nothing is lost.
//!
//! `FAULT_SEED` repeats the faults at random, `FAULT_ROUNDS` plays more of them.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::dice::{Dice, number, seed};
use crate::fleet::{UNIT, fleet};
use crate::over_http::Served;
use crate::processes::{Running, engine_is_state, nobody_is_left};
use crate::proxy::{Asked, Fault, Proxy};
use crate::terraform::{Said, Workspace};

const PLAN: [&str; 3] = ["plan", "-input=false", "-detailed-exitcode"];
const APPLY: [&str; 3] = ["apply", "-auto-approve", "-input=false"];
const DESTROY: [&str; 3] = ["destroy", "-auto-approve", "-input=false"];

const PASSWORD: &str = "Admin's own secret";

/// A workspace whose objects are reached by way of a proxy.
struct Lab {
    workspace: Workspace,
    proxy: Proxy,
    served: Served,
}

impl Lab {
    fn new() -> Self {
        Self::with(&["--no-auth", "--rate-limit", "0"], &[])
    }

    /// The same, served with these options and this in the environment.
    fn with(options: &[&str], environment: &[(&str, &str)]) -> Self {
        let workspace = Workspace::new();
        let served = Served::with(workspace.engine(), options, environment);
        let proxy = Proxy::before(&served.address);
        Self { workspace, proxy, served }
    }

    /// Makes `hcl` the configuration, with these lines in the block `nsx`. Pauses are short.
    fn configure(&self, lines: &str, hcl: &str) -> &Self {
        self.configure_at(&self.proxy.address, lines, hcl)
    }

    fn configure_at(&self, host: &str, lines: &str, hcl: &str) -> &Self {
        let block = format!(
            "nsx {{\n    host = {host:?}\n    retry_min_delay = 20\n    retry_max_delay = 200\n    {lines}\n  }}"
        );
        self.workspace.configure_with(&block, hcl);
        self
    }

    fn revision(&self, path: &str) -> i64 {
        self.workspace.object(path)["_revision"].as_i64().unwrap()
    }
}

const ANYBODY: &str = "username = \"admin\"\n    password = \"-\"\n    session_auth = false";

/// Faults that a run gets over, by names.
fn faults() -> BTreeMap<&'static str, Fault> {
    let busy = |status, headers| Fault::error(status, headers, 102, "Too busy.");
    BTreeMap::from([
        ("429", busy(429, "")),
        ("429-later", busy(429, "Retry-After: 1\r\n")),
        ("503", busy(503, "")),
        ("503-page", Fault::page(503, "Service Unavailable")),
        ("reset-before", Fault::ResetBefore),
        ("reset-after", Fault::ResetAfter),
        ("cut-short", Fault::CutShort),
        ("slowly", Fault::Slowly),
    ])
}

const PROFILES: &str = "/infra/ipsec-vpn-ike-profiles";

/// A profile for each of these names, and the list of them all as a data source would read it.
fn profiles<'a>(names: impl Iterator<Item = &'a str>, life_time: u32) -> String {
    let profile = |name: &str| {
        format!("resource \"vpn_ike_profile\" \"f_{name}\" {{\n  id = {name:?}\n  sa_life_time = {life_time}\n}}\n")
    };
    names.map(profile).collect()
}

/// Does to the first request of `method` for each profile what its name says.
fn by_name(method: &'static str) -> impl FnMut(&Asked) -> Option<Fault> {
    let mut left = faults();
    move |asked| {
        let line = asked.line();
        let name = line.strip_prefix(&format!("{method} {PROFILES}/"))?;
        left.remove(name)
    }
}

/// Each fault, when the object is created, changed and deleted.
#[test]
fn a_run_gets_over_what_passes() {
    let lab = Lab::new();
    let all = faults();
    let names = || all.keys().copied();
    lab.proxy.obey(by_name("PUT"));
    lab.configure(ANYBODY, &profiles(names(), 30_000));
    lab.workspace.apply().mentions(&["Resources: 8 added, 0 changed, 0 destroyed"]);
    engine_is_state(&lab.workspace, all.len());
    names().for_each(|name| assert_eq!(lab.revision(&format!("{PROFILES}/{name}")), 0, "{name}"));

    lab.proxy.obey(by_name("PUT"));
    lab.configure(ANYBODY, &profiles(names(), 40_000));
    lab.workspace.apply().mentions(&["Resources: 0 added, 8 changed, 0 destroyed"]);
    for name in names() {
        let held = lab.workspace.object(&format!("{PROFILES}/{name}"));
        assert_eq!((&held["_revision"], &held["sa_life_time"]), (&json!(1), &json!(40_000)), "{name}");
    }

    // What is read is read again: the first list fails in each way, one after the other.
    let mut left = faults().into_values();
    lab.proxy.obey(move |asked| asked.is("GET", PROFILES).then(|| left.next()).flatten());
    lab.workspace.plan_is_empty();

    lab.proxy.obey(by_name("DELETE"));
    lab.workspace.destroy().mentions(&["Resources: 8 destroyed"]);
    assert_eq!(lab.workspace.paths(), [""; 0]);
    nobody_is_left(&lab.workspace);
}

/// A stale revision is read anew; of an object that is not there, it is told as it is.
#[test]
fn a_412() {
    let lab = Lab::new();
    let stale = || Fault::error(412, "", 206, "The object was modified by somebody else. Please retry.");
    let first_put = move || {
        let mut left = Some(stale());
        move |asked: &Asked| if asked.method == "PUT" { left.take() } else { None }
    };
    lab.configure(ANYBODY, &profiles(["a"].into_iter(), 30_000));
    lab.proxy.obey(first_put());
    let said = lab.workspace.run(&APPLY);
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["The object was modified by somebody else", "412, code 206", &format!("PUT {PROFILES}/a")]);
    assert!(!said.says("exists already"), "{}", said.text);
    lab.workspace.apply();
    lab.configure(ANYBODY, &profiles(["a"].into_iter(), 40_000));
    lab.proxy.obey(first_put());
    let said = lab.workspace.run(&APPLY);
    assert!(said.code == 0 || said.says("modified"), "{}", said.text);
    lab.proxy.behave();
    lab.workspace.apply();
    assert_eq!(lab.revision(&format!("{PROFILES}/a")), 1);
    lab.workspace.plan_is_empty();
}

/// What does not pass is told, and what was there stays.
#[test]
fn what_stays_wrong_is_told() {
    let lab = Lab::new();
    lab.configure(ANYBODY, &profiles(["a", "b"].into_iter(), 30_000));
    lab.workspace.apply();
    let state = fs::read(lab.workspace.folder().join("terraform.tfstate")).unwrap();
    let host = lab.proxy.address.trim_start_matches("http://").to_owned();
    let few = format!("max_retries = 2\n    {ANYBODY}");
    lab.configure(&few, &profiles(["a", "b"].into_iter(), 40_000));
    let cases: [(Fault, &[&str]); 7] = [
        (Fault::page(200, "Sign in"), &["answered 200 to GET", "not as NSX does: Sign in", "Check host"]),
        (Fault::page(502, "Bad Gateway"), &["answered 502 to GET", "not as NSX does: Bad Gateway", "Check host"]),
        (Fault::error(503, "", 98, "Starting up."), &["Starting up.", "503, code 98", "It was tried 3 times"]),
        (
            Fault::error(429, "Retry-After: 3600\r\n", 102, "Too many."),
            &["Too many.", "429, code 102", "It asks to wait for 3600 seconds", "Run the same command later"],
        ),
        (Fault::ResetBefore, &["The connection to", "ended before the answer to GET", "It was tried 3 times"]),
        (
            Fault::error(401, "", 401, "Not authenticated."),
            &["does not accept the credentials", "Not authenticated.", "Check username and password"],
        ),
        (
            Fault::error(403, "", 289, "No permission."),
            &["No permission.", "403, code 289", &format!("GET {PROFILES}")],
        ),
    ];
    for (fault, words) in cases {
        lab.proxy.behave();
        let answer = fault.clone();
        lab.proxy.obey(move |_| Some(answer.clone()));
        let said = lab.workspace.run(&PLAN);
        assert_eq!(said.code, 1, "{fault:?}: {}", said.text);
        said.mentions(words);
        let is_of_the_api = words.iter().any(|words| words.contains(", code "));
        assert!(is_of_the_api || said.says(&host), "{}", said.text);
        assert!(!said.says("Somebody's portal"), "{}", said.text);
        assert!(lab.proxy.lines().iter().all(|line| line.starts_with("GET ")));
    }
    assert_eq!(fs::read(lab.workspace.folder().join("terraform.tfstate")).unwrap(), state);
    lab.proxy.behave();
    lab.workspace.apply().mentions(&["Resources: 0 added, 2 changed, 0 destroyed"]);
    lab.workspace.plan_is_empty();
}

/// Access tokens that end, and one that is no longer taken in the middle.
#[test]
fn an_access_token_ends_in_the_middle() {
    let environment = [("VPN_SERVE_REFRESH_TOKEN", "the-refresh-token")];
    let lab = Lab::with(&["--token-lifetime", "2", "--rate-limit", "0"], &environment);
    let token = |token: &str| format!("vmc_token = {token:?}\n    vmc_auth_host = {:?}", lab.proxy.address);
    lab.configure(&token("the-refresh-token"), &fleet(1));
    let mut puts = 0;
    lab.proxy.obey(move |asked| {
        puts += usize::from(asked.method == "PUT");
        // The proxy before a cloud does not answer as NSX does.
        (asked.method == "PUT" && puts == 5).then(|| Fault::page(401, "Unauthorized"))
    });
    lab.workspace.apply();
    engine_is_state(&lab.workspace, UNIT);
    let exchanges = lab.proxy.lines().iter().filter(|line| line.contains("/api-tokens/authorize")).count();
    assert!(exchanges >= 2, "{exchanges}");
    lab.proxy.behave();
    lab.workspace.plan_is_empty();
    lab.configure(&token("revoked"), &fleet(1));
    let said = lab.workspace.run(&PLAN);
    assert_eq!(said.code, 1);
    said.mentions(&["does not accept the credentials", "Check vmc_token", "expired or been revoked"]);
    assert!(!said.says("revoked-") && !said.says("\"revoked\""), "{}", said.text);
}

/// More wrong passwords would lock the user out.
#[test]
fn a_wrong_password_is_tried_once_in_a_run() {
    let lab = Lab::with(&["--rate-limit", "0"], &[("VPN_SERVE_ADMIN_PASSWORD", PASSWORD)]);
    let by = |password: &str, session: bool| {
        format!("username = \"admin\"\n    password = {password:?}\n    session_auth = {session}")
    };
    for session in [true, false] {
        lab.configure(&by("a wrong guess", session), &fleet(2));
        lab.proxy.behave();
        let said = lab.workspace.run(&PLAN);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&["does not accept the credentials", "Check username and password"]);
        assert!(!said.says("a wrong guess"), "{}", said.text);
        assert_eq!(lab.proxy.lines().len(), 1, "{:#?}", lab.proxy.lines());
    }
    lab.configure(&by(PASSWORD, true), &fleet(1));
    lab.workspace.apply();
    engine_is_state(&lab.workspace, UNIT);
}

/// Addresses as people write them, and those where nobody answers.
#[test]
fn an_address_with_a_path_and_one_where_nobody_is() {
    let lab = Lab::new();
    let profile = profiles(["a"].into_iter(), 30_000);
    let proxied = "/vmc/reverse-proxy/api/orgs/o/sddcs/s/sks-nsxt-manager";
    for tail in ["/", "/policy/api/v1/", proxied, &format!("{proxied}/policy/api/v1")] {
        lab.configure_at(&format!("{}{tail}", lab.proxy.address), ANYBODY, &profile);
        lab.workspace.apply();
        engine_is_state(&lab.workspace, 1);
    }
    assert!(lab.proxy.targets().iter().any(|target| target.starts_with(proxied)));
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    // Without a scheme https is meant; with one, the path has to be that of an NSX.
    for (host, words) in [
        (nowhere.as_str(), [nowhere.as_str(), "cannot be reached", "Check host"]),
        (lab.served.address.trim_start_matches("http://"), ["cannot be reached", "without TLS", "Check host"]),
        ("http://nsx.example.com", ["http://", "would send credentials in the clear", "https://nsx.example.com"]),
    ] {
        lab.configure_at(host, ANYBODY, &profile);
        let begin = Instant::now();
        let said = lab.workspace.run(&PLAN);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&words);
        assert!(begin.elapsed() < Duration::from_secs(60), "a wrong address is not tried for minutes");
    }
}

/// A certificate that nobody vouches for, and one that is named.
#[test]
fn a_certificate_that_is_not_trusted() {
    let lab = Workspace::new();
    let folder = TempDir::new().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let [cert_file, key_file] =
        [("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())].map(|(name, pem)| {
            let file = folder.path().join(name);
            fs::write(&file, pem).unwrap();
            file.display().to_string()
        });
    let served = Served::with(lab.engine(), &["--no-auth", "--tls-cert", &cert_file, "--tls-key", &key_file], &[]);
    let block = |more: &str| format!("nsx {{\n    host = {:?}\n    {ANYBODY}\n    {more}\n  }}", served.address);
    let profile = profiles(["a"].into_iter(), 30_000);
    lab.configure_with(&block(""), &profile);
    let said = lab.run(&PLAN);
    assert_eq!(said.code, 1, "{}", said.text);
    let host = served.address.trim_start_matches("https://");
    said.mentions(&[&format!("The certificate of {host} is not trusted"), "ca_file", "allow_unverified_ssl"]);
    assert_eq!(lab.paths(), [""; 0]);
    lab.configure_with(&block(&format!("ca_file = {cert_file:?}")), &profile);
    lab.apply();
    lab.configure_with(&block("allow_unverified_ssl = true"), &profile);
    lab.plan_is_empty();
}

/// A certificate of another name, and addresses that say TLS where there is none, or the reverse.
#[test]
fn what_is_wrong_with_tls_is_said_in_words() {
    let lab = Workspace::new();
    let folder = TempDir::new().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let named = rcgen::CertificateParams::new(["nsx.example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
    let [cert_file, key_file] = [("cert.pem", named.pem()), ("key.pem", key.serialize_pem())].map(|(name, pem)| {
        let file = folder.path().join(name);
        fs::write(&file, pem).unwrap();
        file.display().to_string()
    });
    let served = Served::with(lab.engine(), &["--no-auth", "--tls-cert", &cert_file, "--tls-key", &key_file], &[]);
    let clear = Served::start(lab.engine());
    let host = served.address.trim_start_matches("https://");
    for (address, words) in [
        (
            served.address.clone(),
            vec!["another name than 127.0.0.1: of nsx.example.com", "ca_file", "allow_unverified_ssl"],
        ),
        (clear.address.replace("http://", "https://"), vec!["HTTP without TLS", "Check host"]),
        (format!("http://{host}"), vec!["begins with https://"]),
    ] {
        let block = format!(
            "nsx {{\n    host = {address:?}\n    ca_file = {cert_file:?}\n    max_retries = 1\n    retry_min_delay = 20\n    \
             {ANYBODY}\n  }}"
        );
        lab.configure_with(&block, &profiles(["a"].into_iter(), 30_000));
        let said = lab.run(&PLAN);
        assert_eq!(said.code, 1, "{}", said.text);
        said.mentions(&words);
    }
}

/// The endpoint goes away in the middle of an apply, and comes back.
#[test]
fn an_endpoint_that_is_gone_in_the_middle() {
    let lab = Workspace::new();
    let options = ["--no-auth", "--rate-limit", "0"];
    let served = Served::start(lab.engine());
    let address = served.address.clone();
    let block =
        format!("nsx {{\n    host = {address:?}\n    max_retries = 2\n    retry_min_delay = 20\n    {ANYBODY}\n  }}");
    lab.configure_with(&block, &fleet(4));
    let mut apply = Running::terraform(&lab, &APPLY);
    assert!(apply.has_said("Creation complete", 5));
    drop(served);
    let said = apply.ended();
    assert_eq!(said.code, 1, "{}", said.text);
    said.mentions(&["cannot be reached", address.trim_start_matches("http://"), "Check host"]);
    let _served = Served::at(address.trim_start_matches("http://"), lab.engine(), &options, &[]);
    lab.apply();
    engine_is_state(&lab, 4 * UNIT);
    lab.plan_is_empty();
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
    nobody_is_left(&lab);
}

/// One of the faults, or a page that is no answer of the API.
fn any(dice: &mut Dice) -> Fault {
    let all: Vec<_> =
        faults().into_values().chain([Fault::page(502, "Bad Gateway"), Fault::page(200, "Sign in")]).collect();
    dice.one(&all).clone()
}

/// Whatever happens on the way: a second run makes it what is declared, and destroys all of it.
#[test]
fn faults_at_random() {
    let seed = seed("FAULT_SEED");
    for round in 0..number("FAULT_ROUNDS").unwrap_or(1) {
        let lab = Lab::new();
        lab.configure(ANYBODY, &fleet(3));
        let told = |said: &Said| {
            let is_told = said.code == 0 || said.says("Error: ");
            assert!(is_told && !said.says("panicked") && !said.says("Provider produced"), "seed {seed}: {}", said.text);
        };
        let harm = |more: u64, once_in: u64| {
            let mut dice = Dice::of_round(seed, round + more);
            lab.proxy.obey(move |_| dice.once_in(once_in).then(|| any(&mut dice)));
        };
        for (more, once_in) in [(1_000, 6), (2_000, 12)] {
            harm(more, once_in);
            told(&lab.workspace.run(&APPLY));
        }
        lab.proxy.behave();
        lab.workspace.apply();
        engine_is_state(&lab.workspace, 3 * UNIT);
        lab.workspace.plan_is_empty();
        harm(3_000, 8);
        told(&lab.workspace.run(&DESTROY));
        lab.proxy.behave();
        lab.workspace.destroy();
        assert_eq!(lab.workspace.paths(), [""; 0], "seed {seed}, round {round}");
    }
}

/// How many objects are refreshed.
const MANY: usize = 3_000;

/// A state with many objects of which nothing is known but where they are: what a refresh
/// takes is counted.
#[test]
fn three_thousand_objects_are_refreshed_by_few_requests() {
    let lab = Lab::with(&["--no-auth", "--rate-limit", "100"], &[]);
    let kinds = [
        ("vpn_ike_profile", "Ike", PROFILES),
        ("vpn_dpd_profile", "Dpd", "/infra/ipsec-vpn-dpd-profiles"),
        ("vpn_tunnel_profile", "Tunnel", "/infra/ipsec-vpn-tunnel-profiles"),
    ];
    let each = MANY / kinds.len();
    let engine = lab.workspace.lab();
    let (mut resources, mut hcl) = (Vec::new(), String::new());
    let mut writes = Vec::new();
    for (resource, _, collection) in kinds {
        let path = |number: usize| format!("{collection}/p-{number}");
        let instance = |number: usize| {
            let attributes = json!({ "id": format!("p-{number}"), "path": path(number) });
            json!({ "index_key": number, "schema_version": 0, "attributes": attributes, "sensitive_attributes": [] })
        };
        let provider = "provider[\"registry.terraform.io/terraform-provider-vpn/vpn\"]";
        resources.push(json!({
            "mode": "managed", "type": resource, "name": "p", "provider": provider,
            "instances": (0..each).map(instance).collect::<Vec<_>>(),
        }));
        hcl.push_str(&format!("resource {resource:?} \"p\" {{\n  count = {each}\n  id = \"p-${{count.index}}\"\n}}\n"));
        writes.extend((0..each).map(path));
    }
    crate::terraform::create_all(&engine, writes);
    drop(engine);
    let state = json!({ "version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "few requests", "resources": resources });
    lab.workspace.write("terraform.tfstate", &state.to_string());
    lab.configure(ANYBODY, &hcl);
    let said = lab.workspace.run(&PLAN);
    assert_eq!(said.code, 0, "{}", &said.text[..said.text.len().min(4_000)]);
    let lines = lab.proxy.lines();
    assert!((3..20).contains(&lines.len()), "{} requests: {lines:#?}", lines.len());
}
