//! Terraform in a world that is not as it should be: without rights, on a disk
//! that is read-only or full. Where the machine grants no such world, the test
//! says so and leaves the rest out.

use std::fs;
use std::io::Write;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use crate::terraform::{PROVIDER, Said, Workspace, said};

/// The user who may do nothing.
const NOBODY: u32 = 65534;

/// `command`, started by `wrapper`, which takes a command at its end.
pub fn wrapped(wrapper: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(wrapper[0]);
    wrapped.args(&wrapper[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
}

/// Says on the screen that this test, or the rest of it, cannot run here: what
/// `eprintln` prints is kept back of a test that passes.
pub fn skipped(why: impl std::fmt::Display) {
    let thread = std::thread::current();
    let _ = writeln!(std::io::stderr(), "SKIPPED {}: {why}", thread.name().unwrap_or_default());
}

/// Terraform as a user to whom permissions mean something: root goes past them.
/// `None` when there is no such user.
pub struct Mortal {
    wrapper: Vec<&'static str>,
}

impl Mortal {
    /// Makes `lab` that user's.
    pub fn of(lab: &Workspace) -> Option<Self> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0);
        if !is_root {
            return Some(Self { wrapper: vec!["env"] });
        }
        give_away(lab.folder());
        let wrapper = vec!["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
        let tried = Command::new(wrapper[0]).args(&wrapper[1..]).args([PROVIDER, "--version"]).output();
        if tried.is_ok_and(|output| output.status.success()) {
            return Some(Self { wrapper });
        }
        skipped("the user nobody cannot run the provider");
        None
    }

    /// Runs a Terraform command.
    pub fn run(&self, lab: &Workspace, arguments: &[&str]) -> Said {
        said(&wrapped(&self.wrapper, &lab.command(arguments)).env("HOME", lab.folder()).output().unwrap())
    }
}

fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give_away(&entry.unwrap().path()));
    }
}

/// Runs a shell script with Terraform's environment in a world where it may mount.
/// In the script `terraform` is the one under test. `None` when this machine does
/// not allow it.
pub fn with_mounts(lab: &Workspace, script: &str) -> Option<Said> {
    let namespace = ["unshare", "-rm"];
    let tried =
        Command::new(namespace[0]).args(&namespace[1..]).args(["mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        skipped("unshare -rm cannot mount here");
        return None;
    }
    let terraform = lab.command(&[]);
    let script = format!("terraform() {{ command \"$0\" \"$@\"; }}\n{script}");
    let shell = ["unshare", "-rm", "sh", "-c", &script];
    Some(said(&wrapped(&shell, &terraform).output().unwrap()))
}
