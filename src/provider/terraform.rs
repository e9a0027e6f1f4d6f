//! The Terraform that started this process: which one it is, what it was told, and
//! where it keeps the state of this run.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value as Json;
use uuid::Uuid;

/// Where Terraform keeps one state: a working directory with the workspace that is
/// selected in it, its backend, and the file that `-state` names. No path of this
/// machine can be read in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateHome(Uuid);

impl StateHome {
    /// Where the Terraform that started this process keeps its state.
    pub fn of_process() -> Self {
        let folder = env::current_dir().unwrap_or_default();
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let data = data_folder();
        let workspace = set("TF_WORKSPACE").map(|name| name.to_string_lossy().into_owned());
        Self::new(&folder, &data, workspace, &state_file())
    }

    /// The state in `folder` with Terraform's data in `data`, the workspace that was
    /// selected, or else the one that is noted there, and the file of the state.
    fn new(folder: &Path, data: &Path, workspace: Option<String>, state: &[u8]) -> Self {
        let data = folder.join(data);
        let noted = || fs::read_to_string(data.join("environment")).ok().filter(|name| !name.is_empty());
        let workspace = workspace.or_else(noted).unwrap_or_else(|| "default".to_owned());
        let backend = fs::read(data.join("terraform.tfstate")).ok();
        let backend = backend.and_then(|text| serde_json::from_slice::<Json>(&text).ok());
        let backend = backend.and_then(|all| Some(all.get("backend")?.to_string())).unwrap_or_default();
        let parts = [folder.as_os_str().as_bytes(), workspace.as_bytes(), backend.as_bytes(), state];
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, &parts.join(&b'\n')))
    }
}

/// The folder where Terraform keeps its own data for the working directory.
pub fn data_folder() -> PathBuf {
    let set = env::var_os("TF_DATA_DIR").filter(|value| !value.is_empty());
    set.map_or_else(|| PathBuf::from(".terraform"), PathBuf::from)
}

/// Whether Terraform carries out a plan that was saved.
pub fn has_saved_plan() -> bool {
    names_a_file(&arguments())
}

/// How many operations Terraform has under way at a time.
pub fn parallelism() -> usize {
    const DEFAULT: usize = 10;
    let given = given("parallelism").and_then(|number| String::from_utf8(number).ok());
    given.and_then(|number| number.parse().ok()).unwrap_or(DEFAULT)
}

/// Where the state is, as far as Terraform was told: the file of `-state`. What
/// `terraform test` creates is in no file, and in nobody else's state.
fn state_file() -> Vec<u8> {
    let tests = arguments().split(|byte| *byte == 0).skip(1).find(|word| !word.starts_with(b"-")) == Some(b"test");
    let test = tests.then(|| b"\0test".to_vec());
    test.or_else(|| given("state")).unwrap_or_default()
}

/// The value of an option that Terraform was given, by its arguments or by the
/// variables that hold more of them.
fn given(option_name: &str) -> Option<Vec<u8>> {
    let variables = ["TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_CLI_ARGS_apply", "TF_CLI_ARGS_destroy"];
    let set = variables.iter().filter_map(env::var_os).map(OsString::into_encoded_bytes);
    let spaced = set.map(|words| words.into_iter().map(|byte| if byte == b' ' { 0 } else { byte }).collect());
    spaced.chain([arguments()]).filter_map(|words: Vec<u8>| option(&words, option_name)).next_back()
}

/// Whether Terraform runs another process of this provider: what the one does not
/// know, the other may.
pub fn has_siblings() -> bool {
    let parent = Process::parent().number;
    let program = |process: &str| fs::read_link(format!("/proc/{process}/exe")).ok();
    let (own, own_number) = (program("self"), std::process::id());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let others = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    others.filter(|number: &u32| *number != own_number).any(|number| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let its_parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        its_parent == Some(parent) && own.is_some() && program(&number.to_string()) == own
    })
}

/// Terraform's arguments, each ended by a zero.
fn arguments() -> Vec<u8> {
    fs::read(format!("/proc/{}/cmdline", Process::parent().number)).unwrap_or_default()
}

/// The options of `terraform apply` whose value may be an argument of its own.
const VALUED: [&[u8]; 10] = [
    b"var",
    b"var-file",
    b"target",
    b"replace",
    b"state",
    b"state-out",
    b"backup",
    b"parallelism",
    b"lock-timeout",
    b"exclude",
];

/// Whether there is more than options after `apply`.
fn names_a_file(arguments: &[u8]) -> bool {
    let mut arguments = arguments.split(|byte| *byte == 0);
    if !arguments.any(|argument| argument == b"apply") {
        return false;
    }
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix(b"-").map(|option| option.strip_prefix(b"-").unwrap_or(option)) {
            Some(option) if VALUED.contains(&option) => drop(arguments.next()),
            Some(_) => {}
            None if argument.is_empty() => {}
            None => return true,
        }
    }
    false
}

/// The value of the option `name` among arguments.
fn option(arguments: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut arguments = arguments.split(|byte| *byte == 0);
    while let Some(argument) = arguments.next() {
        let option = argument.strip_prefix(b"-").unwrap_or_default();
        match option.strip_prefix(b"-").unwrap_or(option).strip_prefix(name.as_bytes()) {
            Some([]) => return arguments.next().map(<[u8]>::to_vec),
            Some([b'=', value @ ..]) => return Some(value.to_vec()),
            _ => {}
        }
    }
    None
}

impl Display for StateHome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for StateHome {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A process, told from others that had its number: in a container Terraform may
/// be number 1 every time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub number: u32,
    /// When it was started, in ticks since the machine was; 0 if that is not known.
    pub started: u64,
}

impl Process {
    /// The process that started this one.
    pub fn parent() -> Self {
        let number = std::os::unix::process::parent_id();
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // The name of the program, in parentheses, may hold anything; what follows
        // it begins with the third field, and the start is the twenty-second.
        let started = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)?.parse().ok());
        Self { number, started: started.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_a_workspace_a_backend_and_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let data = Path::new(".terraform");
        let of = |workspace: Option<&str>| StateHome::new(folder.path(), data, workspace.map(str::to_owned), b"");
        let default = of(None);
        assert_eq!(default, of(Some("default")));
        assert_ne!(default, of(Some("other")));
        assert_ne!(default, StateHome::new(&folder.path().join("below"), data, None, b""));
        assert_ne!(default, StateHome::new(folder.path(), data, None, b"other.tfstate"));
        fs::create_dir(folder.path().join(data)).unwrap();
        let note = |name: &str, text: &str| fs::write(folder.path().join(data).join(name), text).unwrap();
        note("environment", "other");
        assert_eq!(of(None), of(Some("other")));
        note("environment", "");
        note("terraform.tfstate", r#"{ "serial": 1, "backend": { "type": "http", "config": { "address": "a" } } }"#);
        let remote = of(None);
        assert_ne!(default, remote);
        note("terraform.tfstate", r#"{ "serial": 2, "backend": { "config": { "address": "a" }, "type": "http" } }"#);
        assert_eq!(remote, of(None));
        note("terraform.tfstate", r#"{ "serial": 3, "backend": { "type": "http", "config": { "address": "b" } } }"#);
        assert_ne!(remote, of(None));
    }

    #[test]
    fn an_option_among_the_arguments() {
        let of = |line: &str| {
            option(line.replace(' ', "\0").as_bytes(), "state").map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(of("terraform apply -auto-approve"), None);
        assert_eq!(of("terraform apply -state=a.tfstate -auto-approve").unwrap(), "a.tfstate");
        assert_eq!(of("terraform apply --state b.tfstate").unwrap(), "b.tfstate");
        assert_eq!(of("terraform apply -state-out=c.tfstate"), None);
        assert_eq!(of("terraform apply state=d"), None);
    }

    #[test]
    fn a_saved_plan_among_the_arguments() {
        let of = |line: &str| names_a_file((line.to_owned() + " ").replace(' ', "\0").as_bytes());
        assert!(of("terraform apply a.plan") && of("terraform -chdir=b apply -auto-approve a.plan"));
        assert!(of("terraform apply -var k=v a.plan") && of("terraform apply -parallelism=5 a.plan"));
        assert!(!of("terraform apply") && !of("terraform apply -auto-approve") && !of("terraform plan -out=a.plan"));
        assert!(!of("terraform apply -var k=v") && !of("terraform apply --target x -state f -parallelism 5"));
    }

    #[test]
    fn a_process_has_a_beginning() {
        assert!(Process::parent().started > 0);
    }
}
