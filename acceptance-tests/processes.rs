//! Terraform while it runs: watched, interrupted, killed, with the provider
//! processes it starts. They are found through `/proc`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::terraform::{PROVIDER, Said, Workspace};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long a process that lost its parent may live.
const FAREWELL: Duration = Duration::from_secs(15);

/// A process that runs, in a process group of its own as a shell would have it.
pub struct Running {
    child: Child,
    heard: Arc<Heard>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Heard {
    text: Mutex<String>,
    more: Condvar,
}

impl Running {
    /// Starts `command`.
    pub fn start(mut command: Command) -> Self {
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let heard = Arc::new(Heard::default());
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        let readers = outputs.map(|output| {
            let heard = Arc::clone(&heard);
            thread::spawn(move || {
                let mut lines = BufReader::new(output);
                let mut line = Vec::new();
                while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                    heard.text.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                    heard.more.notify_all();
                    line.clear();
                }
            })
        });
        Self { child, heard, readers: readers.into() }
    }

    /// Starts a Terraform command in `lab`.
    pub fn terraform(lab: &Workspace, arguments: &[&str]) -> Self {
        Self::start(lab.command(arguments))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has said `words` so many times, or ended. Says whether it
    /// still ran.
    pub fn has_said(&mut self, words: &str, times: usize) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut text = self.heard.text.lock().unwrap();
        loop {
            if text.matches(words).count() >= times {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "waited for {words:?} in vain:\n{text}");
            text = self.heard.more.wait_timeout(text, Duration::from_millis(50)).unwrap().0;
        }
    }

    /// Sends a signal to it alone.
    pub fn signal(&self, name: &str) {
        signal(name, &self.id().to_string());
    }

    /// Sends a signal to its process group, as a terminal does.
    pub fn signal_group(&self, name: &str) {
        signal(name, &format!("-{}", self.id()));
    }

    /// Ends all provider processes it has started, with no chance to tidy up.
    /// Says whether there was any.
    pub fn kill_providers(&self) -> bool {
        let providers = providers_below(self.id());
        for provider in &providers {
            signal("KILL", &provider.to_string());
        }
        !providers.is_empty()
    }

    /// Waits until it ends by itself.
    pub fn ended(self) -> Said {
        self.ended_within(PATIENCE)
    }

    /// Waits until it ends by itself, which must happen in time.
    pub fn ended_within(mut self, limit: Duration) -> Said {
        let status = exit_of(&mut self.child, limit);
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let text = self.heard.text.lock().unwrap().clone();
        let status = status.unwrap_or_else(|| panic!("it did not end within {limit:?}:\n{text}"));
        Said { code: status.code().unwrap_or(-1), text }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed in the middle leaves nobody behind either.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal_group("KILL");
            let _ = self.child.wait();
        }
    }
}

/// Waits for the end of `child`; `None` when it takes longer than `limit`.
pub fn exit_of(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return Some(status),
            None if Instant::now() > deadline => return None,
            None => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Sends a signal to a process, or to a group when the number is negative. One
/// that is gone already is as good.
pub fn signal(name: &str, process: &str) {
    let sent = Command::new("kill").args(["-s", name, "--", process]).stderr(Stdio::null()).status();
    sent.expect("there is a kill command");
}

/// The processes whose parent is `parent` and whose program is the provider.
fn providers_below(parent: u32) -> BTreeSet<u32> {
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name in parentheses may hold anything.
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        after.split(' ').nth(1).is_some_and(|found| found == parent.to_string())
    };
    let is_provider = |process: &u32| {
        let program = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        program.split(|byte| *byte == 0).next() == Some(PROVIDER.as_bytes())
    };
    processes().filter(is_child).filter(is_provider).collect()
}

/// The processes of all kinds that were started for the workspace in `folder`:
/// its folder for temporary files is in their environment.
pub fn processes_of(folder: &Path) -> BTreeSet<u32> {
    let mark = format!("TMPDIR={}", temporary(folder).display());
    let belongs = |process: &u32| {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    processes().filter(belongs).collect()
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("there is /proc");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The folder for temporary files of the workspace in `folder`.
fn temporary(folder: &Path) -> std::path::PathBuf {
    folder.join("t")
}

/// Fails when a process that was started for the workspace does not end by
/// itself.
pub fn nobody_is_left(lab: &Workspace) {
    let deadline = Instant::now() + FAREWELL;
    while !processes_of(lab.folder()).is_empty() {
        assert!(Instant::now() < deadline, "still there: {:?}", processes_of(lab.folder()));
        thread::sleep(Duration::from_millis(20));
    }
}

/// The sockets in the workspace's folder for temporary files.
pub fn sockets_of(lab: &Workspace) -> Vec<String> {
    let entries = fs::read_dir(temporary(lab.folder())).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("plugin-"))
        .collect()
}

/// The objects in Terraform's state, by their paths, in order. Read from the file:
/// `terraform show` would start a provider.
pub fn state_of(lab: &Workspace) -> Vec<String> {
    state_at(&lab.folder().join("terraform.tfstate"))
}

/// The same, of a state in another file.
pub fn state_at(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|_| "{}".to_owned());
    let state: Json = serde_json::from_str(&text).expect("the state is JSON");
    let resources = state["resources"].as_array().cloned().unwrap_or_default();
    let instances = resources.iter().flat_map(|resource| resource["instances"].as_array().cloned().unwrap_or_default());
    let mut paths: Vec<_> =
        instances.map(|instance| instance["attributes"]["path"].as_str().expect("a path").to_owned()).collect();
    paths.sort();
    paths
}

/// Fails unless the engine holds `count` objects, and those are the ones in the
/// state.
pub fn engine_is_state(lab: &Workspace, count: usize) {
    let (engine, state) = (lab.paths(), state_of(lab));
    let orphans: Vec<_> = engine.iter().filter(|path| !state.contains(path)).collect();
    let lost: Vec<_> = state.iter().filter(|path| !engine.contains(path)).collect();
    assert!(orphans.is_empty() && lost.is_empty(), "orphans: {orphans:#?}\nlost: {lost:#?}");
    assert_eq!(engine.len(), count, "{engine:#?}");
}
