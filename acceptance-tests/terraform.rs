//! A working directory, and Terraform in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::over_http::{self, Served};

/// The provider under test.
pub const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-vpn");

/// What every configuration begins with.
const HEADER: &str = r#"
terraform {
  required_providers {
    vpn = { source = "terraform-provider-vpn/vpn" }
  }
}
"#;

/// A working directory of Terraform, with an engine file of its own.
pub struct Workspace {
    folder: TempDir,
    engine: PathBuf,
    /// What serves the engine's file, where objects are to be reached over HTTP.
    served: OnceLock<Served>,
}

/// Something Terraform complained about.
#[derive(Debug)]
pub struct Complaint {
    /// `error` or `warning`.
    pub severity: String,
    /// The first line.
    pub summary: String,
    /// What follows.
    pub detail: String,
    /// The resource it is about: `vpn_ike_profile.a`.
    pub address: String,
    /// The line of `main.tf` it points at, from 1; 0 when it points nowhere.
    pub line: usize,
}

/// What a Terraform command said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Everything it printed, without colours.
    pub text: String,
}

impl Workspace {
    /// An empty workspace on an engine of its own.
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = folder.path().join("vpn-engine.db");
        Self::in_folder(folder, engine)
    }

    /// An empty workspace on an engine in a folder of its own.
    pub fn apart() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = folder.path().join("e").join("vpn-engine.db");
        fs::create_dir(folder.path().join("e")).unwrap();
        Self::in_folder(folder, engine)
    }

    /// An empty workspace on the engine of another.
    pub fn beside(other: &Workspace) -> Self {
        Self::in_folder(TempDir::new().unwrap(), other.engine.clone())
    }

    fn in_folder(folder: TempDir, engine: PathBuf) -> Self {
        let binaries = Path::new(PROVIDER).parent().unwrap();
        let settings = format!(
            "provider_installation {{\n  dev_overrides {{ \"registry.terraform.io/terraform-provider-vpn/vpn\" = {:?} }}\n  direct {{}}\n}}\n",
            binaries.display().to_string()
        );
        fs::write(folder.path().join("cli.tfrc"), settings).unwrap();
        fs::create_dir(folder.path().join("t")).unwrap();
        Self { folder, engine, served: OnceLock::new() }
    }

    /// The folder Terraform works in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The engine's file.
    pub fn engine(&self) -> &Path {
        &self.engine
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.folder().join(name), text).unwrap();
        self
    }

    /// Makes `hcl` the configuration, after the header and a provider block that
    /// names the engine's file; or who serves it, if the suite works over HTTP.
    pub fn configure(&self, hcl: &str) -> &Self {
        let embedded = format!("embedded {{ path = {:?} }}", self.engine.display().to_string());
        if !over_http::is_wanted() {
            return self.configure_with(&embedded, hcl);
        }
        let block = self.served.get_or_init(|| Served::start(&self.engine)).block();
        // Further provider blocks name the file themselves.
        self.configure_with(&block, &hcl.replace(&embedded, &block))
    }

    /// Makes `hcl` the configuration, after the header and a provider block with `block`
    /// in it.
    pub fn configure_with(&self, block: &str, hcl: &str) -> &Self {
        self.write("main.tf", &format!("{HEADER}provider \"vpn\" {{\n  {block}\n}}\n{hcl}"))
    }

    /// A Terraform command in this workspace, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let terraform = std::env::var_os("TERRAFORM").unwrap_or_else(|| "terraform".into());
        let mut command = Command::new(terraform);
        command
            .args(arguments)
            .current_dir(self.folder())
            .env("TF_CLI_CONFIG_FILE", self.folder().join("cli.tfrc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_CLI_ARGS", "-no-color")
            // Short, because the path of a socket in it must be.
            .env("TMPDIR", self.folder().join("t"))
            .env_remove("TF_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Runs a Terraform command to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).output().expect("Terraform starts"))
    }

    /// Applies the configuration; it must succeed.
    pub fn apply(&self) -> Said {
        self.run(&["apply", "-auto-approve", "-input=false"]).succeeded()
    }

    /// Plans; returns what was said, and whether there is anything to do.
    pub fn plan(&self) -> (Said, bool) {
        let said = self.run(&["plan", "-detailed-exitcode", "-input=false"]);
        let changes = match said.code {
            0 => false,
            2 => true,
            _ => panic!("plan failed:\n{}", said.text),
        };
        (said, changes)
    }

    /// Plans; there must be nothing to do.
    pub fn plan_is_empty(&self) {
        let (said, changes) = self.plan();
        assert!(!changes, "there is something to do:\n{}", said.text);
    }

    /// Plans; what is about to change: addresses, actions, and the attributes that
    /// differ.
    pub fn changes(&self) -> Vec<String> {
        let plan = self.planned();
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let changing = changes.iter().filter(|it| it["change"]["actions"] != serde_json::json!(["no-op"]));
        let said = |it: &Json| {
            let (before, after) = (&it["change"]["before"], &it["change"]["after"]);
            let names = before.as_object().into_iter().chain(after.as_object()).flat_map(|it| it.keys());
            let differing: std::collections::BTreeSet<_> = names.filter(|name| before[name] != after[name]).collect();
            let values = differing.iter().map(|name| format!("{name} {} -> {}", before[name], after[name]));
            format!("{} {} {:?}", it["address"], it["change"]["actions"], values.collect::<Vec<_>>())
        };
        changing.map(said).collect()
    }

    /// Plans; exactly these resources must be about to change, in this way
    /// (`["update"]`, `["delete", "create"]` and so on).
    pub fn plan_is_empty_but_for(&self, addresses: &[String], actions: &[&str]) {
        let plan = self.planned();
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let mut changing: Vec<_> = changes
            .iter()
            .filter(|change| change["change"]["actions"] != serde_json::json!(["no-op"]))
            .map(|change| {
                (change["address"].as_str().unwrap_or_default().to_owned(), change["change"]["actions"].clone())
            })
            .collect();
        let mut expected: Vec<_> = addresses.iter().map(|it| (it.clone(), serde_json::json!(actions))).collect();
        changing.sort_by(|a, b| a.0.cmp(&b.0));
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(changing, expected);
    }

    /// Plans; it must be refused.
    pub fn plan_is_refused(&self) -> Said {
        let said = self.run(&["plan", "-input=false"]);
        assert_eq!(said.code, 1, "the plan was not refused:\n{}", said.text);
        said
    }

    /// The plan as Terraform's JSON.
    pub fn planned(&self) -> Json {
        self.planned_with(&[])
    }

    /// The same, with further options.
    pub fn planned_with(&self, options: &[&str]) -> Json {
        self.run(&[&["plan", "-input=false", "-out=plan.bin"], options].concat()).succeeded();
        self.json(&["show", "-json", "plan.bin"])
    }

    /// The exit code of a command with `-json` (`validate` or `plan`), and what it
    /// complained about.
    pub fn complaints(&self, arguments: &[&str]) -> (i32, Vec<Complaint>) {
        let output = self.command(arguments).output().expect("Terraform starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let whole = serde_json::from_str::<Json>(&text);
        let found: Vec<Json> = match &whole {
            Ok(json) if json["diagnostics"].is_array() => json["diagnostics"].as_array().unwrap().clone(),
            _ => {
                let lines = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
                lines.map(|line| line["diagnostic"].clone()).filter(Json::is_object).collect()
            }
        };
        let word = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let complaints = found.iter().map(|found| Complaint {
            severity: word(&found["severity"]),
            summary: word(&found["summary"]),
            detail: word(&found["detail"]),
            address: word(&found["address"]),
            line: found["range"]["start"]["line"].as_u64().unwrap_or_default() as usize,
        });
        (
            output.status.code().unwrap_or(-1),
            complaints.filter(|it| !it.summary.starts_with("Provider development")).collect(),
        )
    }

    /// The text of a line of `main.tf`, from 1.
    pub fn line(&self, number: usize) -> String {
        let text = fs::read_to_string(self.folder().join("main.tf")).unwrap();
        number.checked_sub(1).and_then(|at| text.lines().nth(at)).unwrap_or_default().to_owned()
    }

    /// Whether a line of `main.tf`, from 1, belongs to the resource `address`.
    pub fn is_in(&self, number: usize, address: &str) -> bool {
        let text = fs::read_to_string(self.folder().join("main.tf")).unwrap();
        let header = text.lines().take(number).filter(|line| line.starts_with("resource ")).last();
        let (kind, name) = address.split_once('.').unwrap();
        header.is_some_and(|line| line.starts_with(&format!("resource {kind:?} {name:?} ")))
    }

    /// Destroys everything; it must succeed.
    pub fn destroy(&self) -> Said {
        self.run(&["destroy", "-auto-approve", "-input=false"]).succeeded()
    }

    /// The values of a resource in the state.
    pub fn state(&self, address: &str) -> Json {
        let state = self.json(&["show", "-json"]);
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        let found = resources.into_iter().find(|resource| resource["address"] == address);
        found.unwrap_or_else(|| panic!("{address} is not in the state"))["values"].clone()
    }

    /// Whether Terraform is of this version or a later one.
    pub fn terraform_is_at_least(&self, major: u64, minor: u64) -> bool {
        let version = self.json(&["version", "-json"])["terraform_version"].as_str().unwrap().to_owned();
        let mut parts = version.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
        (parts.next(), parts.next()) >= (Some(major), Some(minor))
    }

    /// What a command prints as JSON.
    pub fn json(&self, arguments: &[&str]) -> Json {
        let output = self.command(arguments).output().expect("Terraform starts");
        assert!(output.status.success(), "{}", said(&output).text);
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The engine, opened by this process.
    pub fn lab(&self) -> terraform_provider_vpn::engine::Engine {
        use terraform_provider_vpn::engine::{Engine, Moment};
        Engine::open(&self.engine, Moment::from_clock()).unwrap()
    }

    /// The object at `path` in the engine, secrets included.
    pub fn object(&self, path: &str) -> Json {
        use terraform_provider_vpn::engine::Reveal;
        self.lab().get(&parsed(path), Reveal::Secrets).unwrap().into_json()
    }

    /// Somebody else changes the fields of `body` of the object at `path`, or
    /// creates it.
    pub fn patch(&self, path: &str, body: Json) {
        self.lab().patch(&parsed(path), body, &somebody()).unwrap();
    }

    /// Somebody else deletes the object at `path`.
    pub fn delete(&self, path: &str) {
        self.lab().delete(&parsed(path), terraform_provider_vpn::engine::Moment::from_clock()).unwrap();
    }

    /// The paths of the objects in the engine that the system does not own.
    pub fn paths(&self) -> Vec<String> {
        paths_in(&self.lab())
    }
}

impl Said {
    /// The same, if the command succeeded.
    pub fn succeeded(self) -> Self {
        let errors = self.text.find("\nError").map_or(self.text.as_str(), |at| &self.text[at..]);
        assert_eq!(self.code, 0, "Terraform failed:\n{errors}");
        self
    }

    /// Whether it said this, however the lines were wrapped.
    pub fn says(&self, words: &str) -> bool {
        let flat = |text: &str| text.replace(['│', '╷', '╵'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        flat(&self.text).contains(&flat(words))
    }

    /// Fails unless it said each of these.
    pub fn mentions(&self, all: &[&str]) -> &Self {
        for words in all {
            assert!(self.says(words), "not said: {words:?}\n{}", self.text);
        }
        self
    }
}

/// The paths of the objects in `engine` that the system does not own.
pub fn paths_in(engine: &terraform_provider_vpn::engine::Engine) -> Vec<String> {
    let all = engine.all(terraform_provider_vpn::engine::Reveal::Public).unwrap();
    all.iter().filter(|object| !object.is_system_owned()).map(|object| object.path().to_string()).collect()
}

/// Creates an object with nothing declared at each of `paths`, all at once.
pub fn create_all(engine: &terraform_provider_vpn::engine::Engine, paths: impl IntoIterator<Item = String>) {
    use terraform_provider_vpn::engine::{Change, Write};
    let write = |path: String| Write { path: parsed(&path), below: None, change: Change::Patch(serde_json::json!({})) };
    engine.write_all(paths.into_iter().map(write).collect(), &somebody()).unwrap();
}

/// A policy path.
fn parsed(path: &str) -> terraform_provider_vpn::model::PolicyPath {
    terraform_provider_vpn::model::PolicyPath::parse(path).unwrap()
}

/// Who is not Terraform.
fn somebody() -> terraform_provider_vpn::engine::Caller {
    use terraform_provider_vpn::engine::{Caller, Moment};
    Caller { user: "somebody".to_owned(), now: Moment::from_clock() }
}

/// What a finished command said.
pub fn said(output: &Output) -> Said {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    Said { code: output.status.code().unwrap_or(-1), text }
}
