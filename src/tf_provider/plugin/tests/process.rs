//! The sample provider in a process of its own: what Terraform sees of it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::*;

/// Makes the child process serve to other Terraforms than the one that started it.
const REATTACH: &str = "SAMPLE_REATTACH";

/// The child process of the tests below; on its own it does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let reattach = std::env::var_os(REATTACH).is_some();
    if reattach || started_by_terraform() {
        let address = "registry.terraform.io/sample/sample".to_owned();
        serve(Sample, ServeOptions { address, reattach }).await.expect("serves");
    }
}

fn command(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_remove("PLUGIN_PROTOCOL_VERSIONS")
        .env_remove("PLUGIN_CLIENT_CERT")
        .env("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        .env("PLUGIN_UNIX_SOCKET_DIR", home)
        .env("TMPDIR", home)
        .env("TF_LOG_PROVIDER", "DEBUG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// This very program, told to run nothing but [`child`].
fn itself(home: &Path) -> Command {
    let mut command = command(&std::env::current_exe().expect("a program").to_string_lossy(), home);
    command.args(["--exact", "tf_provider::plugin::tests::process::child", "--nocapture"]);
    command
}

/// Starts it and waits for the line that begins with `start`.
///
/// The runner wants to have its last word too: its stdout must stay open so long.
fn start(mut command: Command, start: &str) -> (Child, String, impl Sized) {
    let mut child = command.spawn().expect("starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    // The test runner says a word of its own first, maybe on the same line.
    let found =
        stdout.by_ref().lines().map_while(Result::ok).find_map(|line| Some(line[line.find(start)?..].to_owned()));
    (child, found.expect("the line"), stdout)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("runs");
    assert!(status.success());
}

async fn exit(mut child: Child) -> ExitStatus {
    for _ in 0..100 {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    child.kill().expect("killed");
    panic!("it lingers");
}

fn is_empty(home: &Path) -> bool {
    std::fs::read_dir(home).expect("there").count() == 0
}

fn socket_of(line: &str) -> PathBuf {
    line.split('|').nth(3).expect("a path").into()
}

#[tokio::test]
async fn terraform_starts_it_and_ends_it() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut child, line, _stdout) = start(itself(home.path()), "1|5|unix|");
    assert!(line.ends_with("|grpc|"), "{line}");
    let channel = plain(&socket_of(&line)).await;
    assert!(is_served(&channel).await);
    signal(&child, "INT");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(is_served(&channel).await, "SIGINT is Terraform's to handle");
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.expect("answered");
    let stderr = BufReader::new(child.stderr.take().expect("piped"));
    assert!(exit(child).await.success());
    assert!(is_empty(home.path()));
    let events: Vec<serde_json::Value> =
        stderr.lines().map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()).collect();
    let answered = events.iter().find(|event| event["@message"] == "answered").expect("a log event of the call");
    assert_eq!((&answered["tf_rpc"], &answered["@level"]), (&"GetMetadata".into(), &"debug".into()));
}

#[tokio::test]
async fn sigterm_ends_it() {
    let home = tempfile::tempdir().expect("a directory");
    let (child, line, _stdout) = start(itself(home.path()), "1|5|unix|");
    let _connected = plain(&socket_of(&line)).await;
    signal(&child, "TERM");
    assert!(exit(child).await.success());
    assert!(is_empty(home.path()));
}

#[tokio::test]
async fn it_does_not_outlive_its_parent() {
    let home = tempfile::tempdir().expect("a directory");
    let mut shell = command("sh", home.path());
    let program = std::env::current_exe().expect("a program");
    shell.args(["-c", r#""$0" "$@" & sleep 1"#]).arg(program);
    shell.args(["--exact", "tf_provider::plugin::tests::process::child", "--nocapture"]);
    let (mut shell, line, _stdout) = start(shell, "1|5|unix|");
    let _connected = plain(&socket_of(&line)).await;
    shell.wait().expect("ends");
    let begun = Instant::now();
    while !is_empty(home.path()) {
        assert!(begun.elapsed() < Duration::from_secs(10), "it lingers");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn other_terraforms_find_it() {
    let home = tempfile::tempdir().expect("a directory");
    let mut command = itself(home.path());
    command.env(REATTACH, "1").env_remove("TF_PLUGIN_MAGIC_COOKIE");
    let (child, line, _stdout) = start(command, "TF_REATTACH_PROVIDERS=");
    let json = line.trim_start_matches("TF_REATTACH_PROVIDERS=").trim_matches('\'');
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let here = &json["registry.terraform.io/sample/sample"];
    assert_eq!(here["Pid"], child.id());
    assert!(is_served(&plain(Path::new(here["Addr"]["String"].as_str().expect("a path"))).await).await);
    signal(&child, "INT");
    assert!(exit(child).await.success());
    assert!(is_empty(home.path()));
}
