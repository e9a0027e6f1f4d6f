//! The suite over HTTP: engines are served, and reached with the block `nsx`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::terraform::PROVIDER;

/// Set, it has the suite work over HTTP.
const VARIABLE: &str = "VPN_TEST_OVER_HTTP";

/// Tests that work on the engine's file even so, by the beginning of their names, and why.
const ON_THE_FILE: [(&str, &str); 3] = [
    ("engine_file::", "they are about a file that cannot be used"),
    ("together::the_first_start_of_four_processes", "the file is made by whoever comes first"),
    ("refusals::a_tilde_in_the_variable_that_names_the_engine_file_is_refused", "it is about the name of the file"),
];

/// Whether the test that runs works over HTTP.
pub fn is_wanted() -> bool {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    std::env::var_os(VARIABLE).is_some() && ON_THE_FILE.iter().all(|(name, _)| !test.starts_with(name))
}

/// An engine's file, served over HTTP until this is dropped.
pub struct Served {
    child: Child,
    /// Where: `http://127.0.0.1:40123`.
    pub address: String,
}

impl Served {
    /// Serves the engine in the file `engine` to everybody.
    pub fn start(engine: &Path) -> Self {
        Self::with(engine, &["--no-auth", "--rate-limit", "0"], &[])
    }

    /// The same, with other options and this in its environment.
    pub fn with(engine: &Path, options: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::at("127.0.0.1:0", engine, options, environment)
    }

    /// The same, on a certain address.
    pub fn at(listen: &str, engine: &Path, options: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(PROVIDER)
            .args(["serve", "--no-access-log", "--listen", listen, "--data"])
            .arg(engine)
            .args(options)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the engine is served");
        let said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = said.filter_map(|line| line.strip_prefix("listening on ").map(str::to_owned)).next();
        Self { child, address: address.expect("it listens") }
    }

    /// The block of the provider that reaches it.
    pub fn block(&self) -> String {
        let user = "password = \"-\"";
        let nsx = format!("host = {:?}\n    username = \"admin\"\n    {user}\n    session_auth = false", self.address);
        let openstack =
            format!("auth_url = {:?}\n    user_name = \"admin\"\n    {user}", format!("{}/v3", self.address));
        let netmaster =
            format!("url = {:?}\n    region = \"LOCAL\"\n    username = \"admin\"\n    {user}", self.address);
        format!("nsx {{\n    {nsx}\n  }}\n  openstack {{\n    {openstack}\n  }}\n  netmaster {{\n    {netmaster}\n  }}")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
