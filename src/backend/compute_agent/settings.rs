//! What a user sets of a compute agent, checked.

use std::fs;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::backend::settings::{Given, Setting, Takes, Wrong, wrong};
use crate::backend::transport::{AddressError, Retries, Trust, address, clear_address};

/// All settings, in the order the documentation shows them.
pub static SETTINGS: [Setting; 7] = [
    Setting {
        name: "url",
        takes: Takes::Text,
        variables: &["COMPUTE_AGENT_URL"],
        doc: "The address of the agent, such as `http://10.94.201.11:8080`.",
    },
    Setting {
        name: "originator",
        takes: Takes::Text,
        variables: &["COMPUTE_AGENT_ORIGINATOR"],
        doc: "Whose collections these are (the header `Originator`): others can neither see, change nor stop them.",
    },
    Setting {
        name: "username",
        takes: Takes::Text,
        variables: &["COMPUTE_AGENT_USERNAME"],
        doc: "The user, where the agent asks for one, as `serve` does. Goes together with `password`.",
    },
    Setting {
        name: "password",
        takes: Takes::Secret,
        variables: &["COMPUTE_AGENT_PASSWORD"],
        doc: "The user's password. It is sent in the clear to no other machine.",
    },
    Setting {
        name: "cacert_file",
        takes: Takes::Text,
        variables: &["COMPUTE_AGENT_CACERT"],
        doc: "The certificate of the authority that signed the agent's, in PEM form, or a file with it. Default: the \
              authorities that the system trusts.",
    },
    Setting {
        name: "insecure",
        takes: Takes::Flag,
        variables: &["COMPUTE_AGENT_INSECURE"],
        doc: "Whether any certificate is trusted. Whoever is in between can read the credentials then. Default: \
              `false`.",
    },
    Setting {
        name: "max_retries",
        takes: Takes::Number,
        variables: &["COMPUTE_AGENT_MAX_RETRIES"],
        doc: "How often a request is sent again that the agent was too busy for (`EAGAIN`), or whose connection failed. \
              Default: 10.",
    },
];

/// Settings that are right.
pub struct Settings {
    /// Where the agent is.
    pub url: Url,
    /// Whose collections these are.
    pub originator: Option<String>,
    /// The user and the password.
    pub user: Option<(String, String)>,
    /// Whom we trust.
    pub trust: Trust,
    /// When requests are sent again.
    pub retries: Retries,
    /// The folder for what is noted beside the objects.
    pub notes: PathBuf,
    /// Cancelled when Terraform stops.
    pub cancelled: CancellationToken,
}

/// Checks what `block` sets and, of the rest, what the `environment` does. `unknown` says of which
/// attributes the values are known only later: nothing is made of those.
///
/// # Errors
/// The first attribute that is wrong.
pub fn check(
    block: &Given,
    environment: &Given,
    notes: PathBuf,
    cancelled: CancellationToken,
    unknown: &dyn Fn(&str) -> bool,
) -> Result<Option<Settings>, Wrong> {
    let text = |name: &str| {
        let of = |given: &Given| given.texts.get(name).filter(|text| !text.is_empty()).cloned();
        if unknown(name) { None } else { of(block).or_else(|| of(environment)) }
    };
    if SETTINGS.iter().any(|setting| unknown(setting.name)) {
        return Ok(None);
    }
    let hint = "Give the address of the agent, such as http://10.94.201.11:8080, or set COMPUTE_AGENT_URL.";
    let user = match (text("username"), text("password")) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (Some(_), None) => return Err(wrong("password", "password is missing", "It goes together with username.")),
        (None, Some(_)) => return Err(wrong("username", "username is missing", "It goes together with password.")),
    };
    let Some(url) = text("url") else { return Err(wrong("url", "url is missing", hint)) };
    let read = if user.is_some() { address(&url) } else { clear_address(&url) };
    let url = read.map_err(|error| {
        let what = match &error {
            // Not repeated: credentials are among it.
            AddressError::Credentials => format!("url {error}"),
            _ => format!("url {url:?} {error}"),
        };
        wrong("url", what, hint)
    })?;
    let originator = text("originator");
    let is_header =
        |text: &String| text.chars().count() <= 255 && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if let Some(originator) = originator.as_ref().filter(|text| !is_header(text)) {
        let what = format!("originator cannot be {originator:?}");
        return Err(wrong("originator", what, "It is sent in a header: up to 255 characters of ASCII."));
    }
    let number = block.numbers.get("max_retries").or(environment.numbers.get("max_retries"));
    let usual = Retries::default();
    let retries = match number {
        None => usual,
        Some(given) => {
            let most = usize::try_from(*given).ok().filter(|most| *most <= 1_000);
            most.map(|most| Retries { most, ..usual }).ok_or_else(|| {
                wrong("max_retries", format!("max_retries cannot be {given}"), "Use a whole number from 0 to 1000.")
            })?
        }
    };
    let authorities = match text("cacert_file") {
        Some(pem) if !pem.contains("-----BEGIN ") => Some(fs::read_to_string(&pem).map_err(|error| {
            let hint = "Give the path of a file in PEM form, or what is in it.";
            wrong("cacert_file", format!("cacert_file {pem:?} cannot be read: {error}"), hint)
        })?),
        pem => pem,
    };
    let anybody = block.flags.get("insecure").or(environment.flags.get("insecure")) == Some(&true);
    let trust = Trust { system: authorities.is_none(), authorities, anybody, identity: None };
    Ok(Some(Settings { url, originator, user, trust, retries, notes, cancelled }))
}
