//! What a user sets of a NetMaster, checked.

use std::fs;

use reqwest::header::HeaderValue;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::backend::settings::{Given, Setting, Takes, Wrong, wrong};
use crate::backend::transport::{AddressError, Retries, Trust, address, header, secret};
use crate::engine::traces::id;

/// All settings, in the order the documentation shows them.
pub static SETTINGS: [Setting; 7] = [
    Setting {
        name: "url",
        takes: Takes::Text,
        variables: &["NETMASTER_URL"],
        doc: "The address of NetMaster's API, up to `/api`.",
    },
    Setting {
        name: "region",
        takes: Takes::Text,
        variables: &["NETMASTER_REGION"],
        doc: "The region that is asked where nothing else is said.",
    },
    Setting {
        name: "username",
        takes: Takes::Credential,
        variables: &["NETMASTER_USERNAME"],
        doc: "The user. Goes together with `password`.",
    },
    Setting { name: "password", takes: Takes::Secret, variables: &["NETMASTER_PASSWORD"], doc: "The user's password." },
    Setting {
        name: "token",
        takes: Takes::Secret,
        variables: &["NETMASTER_TOKEN"],
        doc: "A login token, instead of user and password.",
    },
    Setting {
        name: "ca_file",
        takes: Takes::Text,
        variables: &["NETMASTER_CA_FILE"],
        doc: "A file with the certificate of the authority that signed the endpoint's, in PEM form. Default: the \
              authorities that the system trusts.",
    },
    Setting {
        name: "insecure",
        takes: Takes::Flag,
        variables: &["NETMASTER_INSECURE"],
        doc: "Whether any certificate is trusted. Whoever is in between can read the credentials then. Default: \
              `false`.",
    },
];

/// Settings that are right.
pub struct Settings {
    /// Where the API is.
    pub url: Url,
    /// The region that is asked where nothing else is said.
    pub region: String,
    /// The header that says who asks.
    pub authorization: HeaderValue,
    /// Whom we trust.
    pub trust: Trust,
    /// When requests are sent again.
    pub retries: Retries,
    /// Cancelled when Terraform stops.
    pub cancelled: CancellationToken,
}

/// What is set in the block, and by the environment what is not. A token and a password are not
/// taken together: what the block says counts.
pub fn together(mut block: Given, environment: Given) -> Given {
    let has = |names: &[&str]| names.iter().any(|name| block.texts.contains_key(name));
    let (own_user, own_token) = (has(&["username", "password"]), has(&["token"]));
    let wanted = |name: &str| match name {
        "token" => !own_user,
        "username" | "password" => !own_token,
        _ => true,
    };
    for (name, text) in environment.texts {
        if wanted(name) {
            block.texts.entry(name).or_insert(text);
        }
    }
    for (name, flag) in environment.flags {
        block.flags.entry(name).or_insert(flag);
    }
    block
}

/// Checks what is `given`. `unknown` says of which attributes the values are known only later:
/// nothing is said of those, and nothing is made of them.
///
/// # Errors
/// The first attribute that is wrong.
pub fn check(
    given: &Given,
    cancelled: CancellationToken,
    unknown: &dyn Fn(&str) -> bool,
) -> Result<Option<Settings>, Wrong> {
    let text = |name: &str| given.texts.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let is_open = |name: &str| text(name).is_none() && unknown(name);
    let url = match text("url") {
        Some(text) => Some(address(text).map_err(|error| of_address(text, &error))?),
        None if is_open("url") => None,
        None => return Err(wrong("url", "url is missing", "Give the address of NetMaster, or set NETMASTER_URL.")),
    };
    let region = match text("region") {
        Some(text) => Some(id::name(text).map_err(|error| wrong("region", error.to_string(), "Give its name."))?),
        None if is_open("region") => None,
        None => return Err(wrong("region", "region is missing", "Give its name, or set NETMASTER_REGION.")),
    };
    let authorization = match (text("username"), text("password"), text("token")) {
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            let what = "A token and a password are two ways to say who you are";
            return Err(wrong("token", what, "Leave one of them out."));
        }
        (None, None, Some(token)) => {
            let header = secret(&format!("Bearer {token}"));
            let unfit = || wrong("token", "token has a character that no header takes", "Check it for white space.");
            Some(header.ok_or_else(unfit)?)
        }
        (Some(username), Some(password), None) => Some(header("Basic", username, password)),
        _ if ["username", "password", "token"].into_iter().any(is_open) => None,
        (Some(_), None, None) => {
            return Err(wrong("password", "password is missing", "It goes together with username."));
        }
        (None, Some(_), None) => {
            return Err(wrong("username", "username is missing", "It goes together with password."));
        }
        (None, None, None) => {
            let hint = "Give username and password, or token; or set NETMASTER_USERNAME and NETMASTER_PASSWORD.";
            return Err(wrong("username", "How to authenticate is not said", hint));
        }
    };
    let authorities = text("ca_file").map(|file| {
        fs::read_to_string(file).map_err(|error| {
            wrong(
                "ca_file",
                format!("ca_file {file:?} cannot be read: {error}"),
                "Give the path of a file in PEM form.",
            )
        })
    });
    let authorities = authorities.transpose()?;
    let anybody = given.flags.get("insecure") == Some(&true);
    let trust = Trust { system: authorities.is_none(), authorities, anybody, identity: None };
    let (Some(url), Some(region), Some(authorization)) = (url, region, authorization) else { return Ok(None) };
    Ok(Some(Settings { url, region, authorization, trust, retries: Retries::default(), cancelled }))
}

fn of_address(text: &str, error: &AddressError) -> Wrong {
    let what = match error {
        // Not repeated: credentials are among it.
        AddressError::Credentials => format!("url {error}"),
        _ => format!("url {text:?} {error}"),
    };
    wrong("url", what, "Give the address of NetMaster, such as https://netmaster.example.com:8080.")
}
