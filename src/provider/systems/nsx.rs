//! The block `nsx`: a live endpoint.
//!
//! Attributes and environment variables carry the names of the provider that NSX users
//! know, and mean the same.

use std::env;

use tokio_util::sync::CancellationToken;

use crate::backend::Nsx;
use crate::backend::nsx::settings::{Given, Settings, Wrong};
use crate::provider::terraform::data_folder;
use crate::tf_provider::{Attribute, Block, Context, Diagnostic, Diagnostics, NestedBlock, Nesting, Path, Type, Value};

/// The block's name.
pub const NAME: &str = "nsx";

/// Where notes lie below Terraform's data folder.
const NOTES: &str = "vpn";

/// What an attribute of the block takes.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Text,
    Secret,
    Flag,
    Number,
    Numbers,
}

/// An attribute of the block.
struct Setting {
    name: &'static str,
    takes: Takes,
    variable: Option<&'static str>,
    doc: &'static str,
}

const fn setting(name: &'static str, takes: Takes, variable: &'static str, doc: &'static str) -> Setting {
    Setting { name, takes, variable: Some(variable), doc }
}

/// All attributes, in the order the documentation shows them.
static SETTINGS: [Setting; 21] = [
    setting(
        "host",
        Takes::Text,
        "NSXT_MANAGER_HOST",
        "The address of the NSX Manager, or the reverse proxy's as VMware Cloud on AWS and its provider name it \
         (`nsxt_reverse_proxy_url`): with or without `https://`, a path, a slash at the end. `http://` is taken for this \
         machine only.",
    ),
    setting("username", Takes::Text, "NSXT_USERNAME", "A user of NSX. Goes together with `password`."),
    setting("password", Takes::Secret, "NSXT_PASSWORD", "The user's password."),
    setting(
        "remote_auth",
        Takes::Flag,
        "NSXT_REMOTE_AUTH",
        "Whether the user is one of another directory (vIDM, Workspace ONE Access). Default: `false`.",
    ),
    setting(
        "session_auth",
        Takes::Flag,
        "NSXT_SESSION_AUTH",
        "Whether a session is opened, which spares the manager a look into its directory for each request. A session that \
         has ended is opened anew. Default: `true`.",
    ),
    setting(
        "client_auth_cert_file",
        Takes::Text,
        "NSXT_CLIENT_AUTH_CERT_FILE",
        "A file with the certificate of a principal identity, in PEM form. Goes together with a key.",
    ),
    setting(
        "client_auth_key_file",
        Takes::Text,
        "NSXT_CLIENT_AUTH_KEY_FILE",
        "A file with the certificate's key, in PEM form.",
    ),
    setting("client_auth_cert", Takes::Text, "NSXT_CLIENT_AUTH_CERT", "The certificate itself instead of a file."),
    setting("client_auth_key", Takes::Secret, "NSXT_CLIENT_AUTH_KEY", "The key itself instead of a file."),
    setting(
        "vmc_token",
        Takes::Secret,
        "NSXT_VMC_TOKEN",
        "An API token of VMware Cloud services, which is exchanged for access tokens. Those are renewed before they end.",
    ),
    setting(
        "vmc_client_id",
        Takes::Text,
        "NSXT_VMC_CLIENT_ID",
        "The id of an OAuth app of VMware Cloud services. Goes together with `vmc_client_secret`.",
    ),
    setting("vmc_client_secret", Takes::Secret, "NSXT_VMC_CLIENT_SECRET", "The secret of the OAuth app."),
    setting(
        "vmc_auth_host",
        Takes::Text,
        "NSXT_VMC_AUTH_HOST",
        "Where access tokens are made: a host, or one with a path. Default: `console.cloud.vmware.com`, with the path for an \
         API token or an OAuth app.",
    ),
    setting(
        "vmc_auth_mode",
        Takes::Text,
        "NSXT_VMC_AUTH_MODE",
        "How the endpoint is shown who asks: `Default`, by an access token in the headers `Authorization` and \
         `csp-auth-token`; `Bearer`, in `Authorization` only; `Basic`, by `username` and `password`. Default: `Default`.",
    ),
    setting(
        "ca_file",
        Takes::Text,
        "NSXT_CA_FILE",
        "A file with the certificate of the authority that signed the endpoint's, in PEM form. Default: the authorities that \
         the system trusts.",
    ),
    setting("ca", Takes::Text, "NSXT_CA", "The certificate itself instead of a file."),
    setting(
        "allow_unverified_ssl",
        Takes::Flag,
        "NSXT_ALLOW_UNVERIFIED_SSL",
        "Whether any certificate is trusted. Whoever is in between can read the credentials then. Default: `false`.",
    ),
    setting(
        "max_retries",
        Takes::Number,
        "NSXT_MAX_RETRIES",
        "How often a request is sent again that the endpoint was too busy for, or whose connection failed. No request is \
         worked on for longer than five minutes, and an address where nothing has answered yet is tried four times at \
         most. Default: 10.",
    ),
    setting(
        "retry_min_delay",
        Takes::Number,
        "NSXT_RETRY_MIN_DELAY",
        "The first pause before a request is sent again, in milliseconds; each further one is about twice as long. Default: \
         500.",
    ),
    setting(
        "retry_max_delay",
        Takes::Number,
        "NSXT_RETRY_MAX_DELAY",
        "The longest pause, in milliseconds. What the endpoint asks for (`Retry-After`) counts for more. Default: 30000.",
    ),
    Setting {
        name: "retry_on_status_codes",
        takes: Takes::Numbers,
        variable: None,
        doc: "The statuses of HTTP after which a request is sent again. Default: 429, 503 and 504.",
    },
];

/// The block.
pub fn block() -> NestedBlock {
    let block = Block::new(
        "A live NSX, on premises or of VMware Cloud on AWS. Profiles, prefix lists, BGP neighbors, VPN sessions, local \
         endpoints, segments and ports live there. Simulated peers and flows do as well, if the endpoint is an engine that \
         `serve` has put there; beside a real NSX they need a block `embedded`.",
    );
    let block = SETTINGS.iter().fold(block, |block, setting| block.with(attribute(setting)));
    NestedBlock::new(NAME, Nesting::Single, block)
}

fn attribute(setting: &Setting) -> Attribute {
    let ty = match setting.takes {
        Takes::Text | Takes::Secret => Type::String,
        Takes::Flag => Type::Bool,
        Takes::Number => Type::Number,
        Takes::Numbers => Type::list(Type::Number),
    };
    let doc = match setting.variable {
        Some(variable) => format!("{} Environment variable: `{variable}`.", setting.doc),
        None => setting.doc.to_owned(),
    };
    let attribute = Attribute::optional(setting.name, ty, doc);
    if setting.takes == Takes::Secret { attribute.sensitive() } else { attribute }
}

/// What is wrong with the block, as far as its values are known.
pub fn validate(config: &Value) -> Diagnostics {
    settings(config, CancellationToken::new()).err().map(Diagnostics::from).unwrap_or_default()
}

/// The endpoint, in use.
pub fn open(cx: &Context, config: &Value) -> Result<Nsx, Diagnostics> {
    let Some(settings) = settings(config, cx.cancelled.clone())? else {
        let block = config.get(NAME);
        let unknown = SETTINGS.iter().find(|setting| block.get(setting.name).is_unknown());
        let name = unknown.map_or("host", |setting| setting.name);
        let detail = format!(
            "{name} is known only after apply. Give it a value that is known while planning: apply what it comes from \
             first, in a configuration of its own or with -target."
        );
        return Err(Diagnostic::error("The endpoint is not known yet", detail).at(at(name)).into());
    };
    Nsx::open(settings)
        .map_err(|failure| Diagnostic::error("The endpoint cannot be used", failure.to_string()).at(at("host")).into())
}

/// What is set, checked; none while something that it takes is not known.
fn settings(config: &Value, cancelled: CancellationToken) -> Result<Option<Settings>, Diagnostic> {
    let block = config.get(NAME);
    let given = in_block(block).or(in_environment(|name| env::var(name).ok())?);
    let is_unknown = |name: &str| block.get(name).is_unknown();
    given.check(data_folder().join(NOTES), cancelled, &is_unknown).map_err(|wrong| of_wrong(&wrong))
}

fn of_wrong(wrong: &Wrong) -> Diagnostic {
    // Terraform prints the line it is pointed at.
    let is_secret = SETTINGS.iter().any(|setting| setting.name == wrong.attribute && setting.takes == Takes::Secret);
    let diagnostic = Diagnostic::error(wrong.what.clone(), wrong.hint.clone());
    diagnostic.at(if is_secret { Path::attribute(NAME) } else { at(wrong.attribute) })
}

fn at(attribute: &str) -> Path {
    Path::attribute(NAME).child(attribute)
}

fn in_block(block: &Value) -> Given {
    let mut given = Given::default();
    for Setting { name, takes, .. } in &SETTINGS {
        let value = block.get(name);
        match takes {
            Takes::Text | Takes::Secret => given.texts.extend(value.as_str().map(|text| (*name, text.to_owned()))),
            Takes::Flag => given.flags.extend(value.as_bool().map(|flag| (*name, flag))),
            // What is no whole number, or too large, is out of any range.
            Takes::Number => given.numbers.extend(value.as_number().map(|n| (*name, n.as_i64().unwrap_or(i64::MIN)))),
            Takes::Numbers if value.is_null() || value.is_unknown() => {}
            Takes::Numbers => {
                let numbers = value.elements().map(|number| number.as_i64().unwrap_or(i64::MIN));
                given.retry_on_status_codes = Some(numbers.collect());
            }
        }
    }
    given
}

fn in_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Given, Diagnostic> {
    let mut given = Given::default();
    for Setting { name, takes, variable: of_setting, .. } in &SETTINGS {
        let Some((variable, text)) = of_setting.and_then(|name| Some((name, variable(name)?))) else { continue };
        if text.is_empty() {
            continue;
        }
        let wrong = |what: &str| {
            let summary = format!("The environment variable {variable} is no {what}");
            Diagnostic::error(summary, format!("It stands for {name} and is {text:?}.")).at(Path::attribute(NAME))
        };
        match takes {
            Takes::Text | Takes::Secret => drop(given.texts.insert(name, text)),
            Takes::Flag => {
                let flag = match text.to_ascii_lowercase().as_str() {
                    "true" | "1" | "t" => true,
                    "false" | "0" | "f" => false,
                    _ => return Err(wrong("truth value (true or false)")),
                };
                given.flags.insert(name, flag);
            }
            Takes::Number => drop(given.numbers.insert(name, text.parse().map_err(|_| wrong("whole number"))?)),
            Takes::Numbers => {}
        }
    }
    Ok(given)
}
