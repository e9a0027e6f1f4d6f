//! What Terraform sets in the environment, and the one line it gets back on
//! stdout.

use std::env;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use serde_json::json;

use super::ServeError;

/// The environment variable by which a plugin knows that Terraform started it.
const COOKIE_KEY: &str = "TF_PLUGIN_MAGIC_COOKIE";
/// What Terraform sets it to.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// The version of the plugin protocol spoken here.
const PROTOCOL: u32 = 5;
/// The version of the handshake itself.
const CORE_PROTOCOL: u32 = 1;

/// Whether Terraform started this process, rather than a person or a script.
pub fn started_by_terraform() -> bool {
    env::var_os(COOKIE_KEY).is_some_and(|cookie| cookie == COOKIE)
}

/// What Terraform sets in the environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    /// Terraform's certificate, as PEM; without it there is no TLS.
    pub client_certificate: Option<String>,
    /// Where the socket is to be.
    pub socket_dir: Option<PathBuf>,
    /// The group, by name or number, that may use the socket.
    pub socket_group: Option<String>,
}

impl Environment {
    /// Reads the environment of this process and checks that Terraform set it.
    pub fn of_process() -> Result<Self, ServeError> {
        Self::read(|key| env::var(key).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ServeError> {
        if variable(COOKIE_KEY).as_deref() != Some(COOKIE) {
            return Err(ServeError::NotStartedByTerraform);
        }
        let set = |key| variable(key).filter(|value| !value.is_empty());
        if let Some(offered) = set("PLUGIN_PROTOCOL_VERSIONS")
            && !offered.split(',').any(|version| version.trim().parse() == Ok(PROTOCOL))
        {
            return Err(ServeError::ProtocolVersion(offered));
        }
        Ok(Self {
            client_certificate: set("PLUGIN_CLIENT_CERT"),
            socket_dir: set("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: set("PLUGIN_UNIX_SOCKET_GROUP"),
        })
    }
}

/// The line that tells Terraform where to connect, and whom to expect there.
pub(super) fn line(socket: &Path, certificate: Option<&CertificateDer>) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    format!("{CORE_PROTOCOL}|{PROTOCOL}|unix|{}|grpc|{certificate}", socket.display())
}

/// The line that makes other Terraforms use this process, for their environment.
pub(super) fn reattach_line(address: &str, socket: &Path) -> String {
    let here = json!({
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": "unix", "String": socket.display().to_string() },
    });
    let providers = json!({ address: here }).to_string();
    // Quoted for a POSIX shell, in which only the quote itself means something.
    format!("TF_REATTACH_PROVIDERS='{}'", providers.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, ServeError> {
        Environment::read(|key| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn only_terraform_is_served() {
        assert!(matches!(read(&[]), Err(ServeError::NotStartedByTerraform)));
        assert!(matches!(read(&[(COOKIE_KEY, "1")]), Err(ServeError::NotStartedByTerraform)));
        assert!(read(&[(COOKIE_KEY, COOKIE)]).is_ok());
    }

    #[test]
    fn protocol_5_must_be_among_the_offered() {
        let offer = |versions| read(&[(COOKIE_KEY, COOKIE), ("PLUGIN_PROTOCOL_VERSIONS", versions)]);
        for accepted in ["5", "5,6", "6, 5", ""] {
            assert!(offer(accepted).is_ok(), "{accepted:?}");
        }
        for refused in ["6", "4,6", "55", "five"] {
            let error = offer(refused).expect_err(refused);
            assert!(error.to_string().contains(refused), "{error}");
        }
    }

    #[test]
    fn the_socket_and_the_certificate_come_from_the_environment() {
        let environment = read(&[
            (COOKIE_KEY, COOKIE),
            ("PLUGIN_CLIENT_CERT", "pem"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/x"),
            ("PLUGIN_UNIX_SOCKET_GROUP", ""),
        ])
        .expect("accepted");
        assert_eq!(environment.client_certificate.as_deref(), Some("pem"));
        assert_eq!(environment.socket_dir.as_deref(), Some(Path::new("/run/x")));
        assert_eq!(environment.socket_group, None);
    }

    #[test]
    fn the_line_has_six_fields_and_no_padding() {
        let certificate = CertificateDer::from(vec![0x30]);
        assert_eq!(line(Path::new("/tmp/p/s"), Some(&certificate)), "1|5|unix|/tmp/p/s|grpc|MA");
        assert_eq!(line(Path::new("/tmp/p/s"), None), "1|5|unix|/tmp/p/s|grpc|");
    }

    #[test]
    fn the_reattach_line_is_json_in_quotes() {
        let line = reattach_line("registry.terraform.io/a/b", Path::new("/tmp/it's/s"));
        let quoted =
            line.strip_prefix("TF_REATTACH_PROVIDERS='").and_then(|rest| rest.strip_suffix('\'')).expect("quoted");
        let json: serde_json::Value = serde_json::from_str(&quoted.replace(r"'\''", "'")).expect("JSON");
        let here = &json["registry.terraform.io/a/b"];
        assert_eq!(here["Protocol"], "grpc");
        assert_eq!(here["ProtocolVersion"], 5);
        assert_eq!(here["Pid"], std::process::id());
        assert_eq!(here["Test"], true);
        assert_eq!(here["Addr"], json!({ "Network": "unix", "String": "/tmp/it's/s" }));
    }
}
