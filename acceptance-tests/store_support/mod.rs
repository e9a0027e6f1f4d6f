//! Running a part of a test in a process of its own: the test binary again, with
//! the part's name in the environment.

use std::path::Path;
use std::process::{Command, Stdio};

const ROLE: &str = "VPN_STORE_TEST_ROLE";
const PATH: &str = "VPN_STORE_TEST_PATH";

/// The part this process has been started to play, and the file to play it on.
pub fn role() -> Option<(String, String)> {
    Some((std::env::var(ROLE).ok()?, std::env::var(PATH).ok()?))
}

/// A command that plays `role` on `path`, started through `wrapper`. The binary
/// must have a test `child` that calls [`role`].
pub fn child(wrapper: &[&str], role: &str, path: &Path) -> Command {
    let exe = std::env::current_exe().unwrap();
    let mut words = wrapper.iter().map(std::ffi::OsStr::new).chain([exe.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["child", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(PATH, path).stdout(Stdio::piped());
    command
}
