//! The binary without Terraform around it, and with a Terraform that did not
//! start it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tonic::transport::{Channel, Error};

use crate::fleet::{UNIT, fleet};
use crate::processes::{Running, engine_is_state, exit_of};
use crate::rpc::controller::{Empty, grpc_controller_client::GrpcControllerClient};
use crate::rpc::proto::{self, provider_client::ProviderClient};
use crate::rpc::{COOKIE, Served, client_key, encrypted, plain, provider, try_plain};
use crate::terraform::{Workspace, said};
use crate::worlds::skipped;

/// Runs it by hand to its end.
fn by_hand(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let home = TempDir::new().unwrap();
    let output = provider(home.path()).args(arguments).envs(environment.iter().copied()).output().unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "it left something behind");
    output
}

async fn is_served(channel: &Channel) -> bool {
    let mut client = ProviderClient::new(channel.clone());
    let answer = tokio::time::timeout(Duration::from_secs(20), client.get_metadata(proto::get_metadata::Request {}));
    matches!(answer.await, Ok(Ok(_)))
}

/// The same for a channel that may not even have come about.
async fn is_let_in(channel: Result<Channel, Error>) -> bool {
    match channel {
        Ok(channel) => is_served(&channel).await,
        Err(_) => false,
    }
}

#[test]
fn started_by_a_person_it_says_what_it_is() {
    for environment in [&[][..], &[(COOKIE.0, "")], &[(COOKIE.0, "something else")]] {
        let output = by_hand(&[], environment);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"", "Terraform would read that");
        said(&output).mentions(&[
            "This program is a Terraform provider: Terraform starts it by itself when a configuration requires it",
            "debug",
            "TF_REATTACH_PROVIDERS",
        ]);
    }
    let version = by_hand(&["--version"], &[]);
    assert!(version.status.success());
    assert_eq!(said(&version).text, concat!("terraform-provider-vpn ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(by_hand(&["nonsense"], &[]).status.code(), Some(2));
}

#[test]
fn what_terraform_asks_for_in_vain() {
    for (environment, words) in [
        (("PLUGIN_PROTOCOL_VERSIONS", "4,6"), "\"4,6\", and this provider speaks version 5"),
        (("PLUGIN_CLIENT_CERT", "junk"), "Terraform's certificate in PLUGIN_CLIENT_CERT cannot be read"),
        (("PLUGIN_UNIX_SOCKET_DIR", "/nonexistent"), "cannot listen on /nonexistent/"),
        (("PLUGIN_UNIX_SOCKET_GROUP", "no-such-group"), "names the group \"no-such-group\""),
    ] {
        let output = by_hand(&[], &[COOKIE, environment]);
        assert_eq!(output.status.code(), Some(1), "{environment:?}");
        assert_eq!(output.stdout, b"", "{environment:?}");
        said(&output).mentions(&[words]);
    }
}

#[tokio::test]
async fn one_line_a_whole_life_and_nothing_left() {
    let folder = TempDir::new().unwrap();
    for directory in [None, Some(folder.path().to_str().unwrap())] {
        let mut environment = vec![("PLUGIN_PROTOCOL_VERSIONS", "5,6"), ("TF_LOG_PROVIDER", "TRACE")];
        environment.extend(directory.map(|directory| ("PLUGIN_UNIX_SOCKET_DIR", directory)));
        let mut served = Served::start(&[], &environment);
        let fields: Vec<_> = served.line.trim_end_matches('\n').split('|').collect();
        let [core, protocol, network, socket, kind, certificate] = fields[..] else { panic!("{:?}", served.line) };
        assert_eq!([core, protocol, network, kind, certificate], ["1", "5", "unix", "grpc", ""]);
        let home = directory.map_or_else(|| served.home.path(), Path::new);
        assert!(Path::new(socket).starts_with(home), "{socket}");
        assert_eq!(fs::metadata(socket).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(Path::new(socket).parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);

        let channel = plain(&served.socket()).await;
        let mut client = ProviderClient::new(channel.clone()).max_decoding_message_size(64 << 20);
        let schema = client.get_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
        assert!(schema.resource_schemas.contains_key("vpn_segment"));
        served.signal("INT");
        assert!(is_served(&channel).await && served.runs(), "Ctrl-C is Terraform's to handle");
        GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
        let left = served.ended();
        assert!(left.status.success());
        assert_eq!(left.stdout.matches('\n').count(), 1, "{}", left.stdout);
        assert_eq!(left.files, [""; 0]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // Everything it logs is for Terraform to parse.
        for line in left.stderr.lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            assert!(event["@level"].is_string() && event["@timestamp"].is_string(), "{line}");
        }
    }
}

#[test]
fn a_temporary_folder_no_socket_fits_in() {
    let folder = TempDir::new().unwrap();
    let long = folder.path().join("long".repeat(30));
    fs::create_dir(&long).unwrap();
    for place in [long, folder.path().join("none")] {
        let served = Served::start(&[], &[("TMPDIR", place.to_str().unwrap())]);
        let socket = served.socket();
        assert!(socket.exists());
        served.signal("TERM");
        assert!(served.ended().status.success());
        assert!(!socket.parent().unwrap().exists());
    }
}

#[test]
fn sigterm_ends_it() {
    let served = Served::start(&[], &[]);
    let _somebody = UnixStream::connect(served.socket()).unwrap();
    served.signal("TERM");
    let left = served.ended();
    assert!(left.status.success());
    assert_eq!(left.files, [""; 0]);
}

#[test]
fn it_ends_when_its_parent_is_gone() {
    let home = TempDir::new().unwrap();
    let provider = provider(home.path());
    let script = "\"$0\" & echo \"provider $!\"; sleep 0.5";
    let mut shell = crate::worlds::wrapped(&["sh", "-c", script], &provider);
    let output = shell.env(COOKIE.0, COOKIE.1).stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = output.stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    // Until the provider closes it, too: it has inherited the shell's stdout.
    let begun = Instant::now();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(15), "it lingered");
    assert!(text.contains("provider ") && text.contains("1|5|unix|"), "{text}");
    child.wait().unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

/// What says that a client speaks HTTP/2, and a frame of settings.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Whether the server answers a client that is openssl's, with this key or none.
/// `None` where there is no openssl.
fn openssl_is_served(served: &Served, key: Option<&crate::rpc::ClientKey>) -> Option<bool> {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let mut command = Command::new("openssl");
    command.args(["s_client", "-quiet", "-alpn", "h2", "-servername", "localhost", "-unix"]).arg(served.socket());
    // The server's certificate is the one of the handshake line, and good for its name.
    let certificate = file("server.der", &served.certificate());
    let pem = folder.path().join("server.pem");
    let mut convert = Command::new("openssl");
    convert.args(["x509", "-inform", "der", "-in"]).arg(certificate).arg("-out").arg(&pem);
    assert!(convert.status().ok()?.success(), "openssl does not read the certificate");
    command.arg("-CAfile").arg(&pem).args(["-verify_return_error", "-verify_hostname", "localhost"]);
    if let Some(key) = key {
        command.arg("-cert").arg(file("client.pem", key.pem.as_bytes()));
        command.arg("-key").arg(file("client.key", key.key_pem.as_bytes()));
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(GREETING);
    let _ = stdin.flush();
    let mut answer = [0; 9];
    let answered = child.stdout.take().unwrap().read_exact(&mut answer).is_ok();
    drop(stdin);
    let _ = child.kill();
    exit_of(&mut child, Duration::from_secs(10)).expect("openssl ends");
    assert!(!answered || answer[3] == 4, "a frame of settings comes first: {answer:?}");
    Some(answered)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_terraform_that_started_it_is_served() {
    let key = client_key();
    let served = Served::start(&[], &[("PLUGIN_CLIENT_CERT", &key.pem), ("TF_LOG_PROVIDER", "WARN")]);
    assert!(is_let_in(encrypted(&served, &key).await).await);
    let stranger = client_key();
    assert!(!is_let_in(encrypted(&served, &stranger).await).await, "a stranger with a certificate");
    assert!(!is_let_in(try_plain(&served.socket()).await).await, "without TLS");
    match openssl_is_served(&served, Some(&key)) {
        None => skipped("there is no openssl"),
        Some(answered) => {
            assert!(answered, "openssl with the right key");
            assert_eq!(openssl_is_served(&served, Some(&stranger)), Some(false), "a stranger");
            assert_eq!(openssl_is_served(&served, None), Some(false), "nobody");
        }
    }
    // Garbage, and somebody who says nothing.
    UnixStream::connect(served.socket()).unwrap().write_all(&[0xff; 4096]).unwrap();
    let _silent = UnixStream::connect(served.socket()).unwrap();
    let channel = encrypted(&served, &key).await.unwrap();
    assert!(is_served(&channel).await, "still the right one");
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
    let left = served.ended();
    assert!(left.status.success());
    assert!(left.stderr.contains("refused a connection"), "{}", left.stderr);
    assert_eq!(left.files, [""; 0]);
}

/// What a person copies from the screen into the environment of Terraform.
fn reattach(served: &Served) -> String {
    let quoted = served.line.trim_end().strip_prefix("TF_REATTACH_PROVIDERS='").expect("an assignment");
    quoted.strip_suffix('\'').expect("in quotes").to_owned()
}

#[test]
fn a_process_for_debuggers_serves_one_terraform_after_the_other() {
    let mut served = Served::start(&["debug"], &[]);
    let reattach = reattach(&served);
    let run = |lab: &Workspace, arguments: &[&str]| {
        said(&lab.command(arguments).env("TF_REATTACH_PROVIDERS", &reattach).output().unwrap())
    };
    let apply = ["apply", "-auto-approve", "-input=false"];
    // Engines of their own: nothing of one run may stick to the next.
    let labs = [Workspace::new(), Workspace::new()];
    for lab in &labs {
        lab.configure(&fleet(1));
        // Nothing but that process offers the provider here.
        lab.write("cli.tfrc", "");
        run(lab, &["init", "-input=false"]).succeeded();
        run(lab, &apply).succeeded();
        engine_is_state(lab, UNIT);
    }
    for lab in &labs {
        assert_eq!(run(lab, &["plan", "-detailed-exitcode", "-input=false"]).code, 0);
        engine_is_state(lab, UNIT);
    }
    // Ctrl-C ends the run and not the process.
    let lab = &labs[0];
    lab.configure(&fleet(10));
    let mut command = lab.command(&apply);
    command.env("TF_REATTACH_PROVIDERS", &reattach);
    let mut interrupted = Running::start(command);
    interrupted.has_said("Creation complete", 20);
    interrupted.signal_group("INT");
    assert_ne!(interrupted.ended().code, 0);
    run(lab, &apply).succeeded();
    engine_is_state(lab, 10 * UNIT);
    for lab in &labs {
        run(lab, &["destroy", "-auto-approve", "-input=false"]).succeeded();
        assert_eq!(lab.paths(), [""; 0]);
    }
    assert!(served.runs());
    served.signal("INT");
    let left = served.ended();
    assert!(left.status.success());
    assert_eq!(left.stdout.matches('\n').count(), 1, "{}", left.stdout);
    assert!(!left.files.iter().any(|file| file.starts_with("plugin-")), "{:?}", left.files);
}
