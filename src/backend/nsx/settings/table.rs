//! All settings of an endpoint, each declared once: the attributes of the provider's block,
//! the environment variables, and the options of the command line are made of this table.

use crate::backend::settings::{Setting, Takes};

const fn setting(name: &'static str, takes: Takes, variable: &'static [&'static str], doc: &'static str) -> Setting {
    Setting { name, takes, variables: variable, doc }
}

/// All settings, in the order the documentation shows them.
pub static SETTINGS: [Setting; 21] = [
    setting(
        "host",
        Takes::Text,
        &["NSXT_MANAGER_HOST"],
        "The address of the NSX Manager, or the reverse proxy's as VMware Cloud on AWS and its provider name it \
         (`nsxt_reverse_proxy_url`): with or without `https://`, a path, a slash at the end. `http://` is taken for this \
         machine only.",
    ),
    setting("username", Takes::Credential, &["NSXT_USERNAME"], "A user of NSX. Goes together with `password`."),
    setting("password", Takes::Secret, &["NSXT_PASSWORD"], "The user's password."),
    setting(
        "remote_auth",
        Takes::Flag,
        &["NSXT_REMOTE_AUTH"],
        "Whether the user is one of another directory (vIDM, Workspace ONE Access). Default: `false`.",
    ),
    setting(
        "session_auth",
        Takes::Flag,
        &["NSXT_SESSION_AUTH"],
        "Whether a session is opened, which spares the manager a look into its directory for each request. A session that \
         has ended is opened anew. Default: `true`.",
    ),
    setting(
        "client_auth_cert_file",
        Takes::Text,
        &["NSXT_CLIENT_AUTH_CERT_FILE"],
        "A file with the certificate of a principal identity, in PEM form. Goes together with a key.",
    ),
    setting(
        "client_auth_key_file",
        Takes::Text,
        &["NSXT_CLIENT_AUTH_KEY_FILE"],
        "A file with the certificate's key, in PEM form.",
    ),
    setting(
        "client_auth_cert",
        Takes::Credential,
        &["NSXT_CLIENT_AUTH_CERT"],
        "The certificate itself instead of a file.",
    ),
    setting("client_auth_key", Takes::Secret, &["NSXT_CLIENT_AUTH_KEY"], "The key itself instead of a file."),
    setting(
        "vmc_token",
        Takes::Secret,
        &["NSXT_VMC_TOKEN"],
        "An API token of VMware Cloud services, which is exchanged for access tokens. Those are renewed before they end.",
    ),
    setting(
        "vmc_client_id",
        Takes::Credential,
        &["NSXT_VMC_CLIENT_ID"],
        "The id of an OAuth app of VMware Cloud services. Goes together with `vmc_client_secret`.",
    ),
    setting("vmc_client_secret", Takes::Secret, &["NSXT_VMC_CLIENT_SECRET"], "The secret of the OAuth app."),
    setting(
        "vmc_auth_host",
        Takes::Text,
        &["NSXT_VMC_AUTH_HOST"],
        "Where access tokens are made: a host, or one with a path. Default: `console.cloud.vmware.com`, with the path for an \
         API token or an OAuth app.",
    ),
    setting(
        "vmc_auth_mode",
        Takes::Text,
        &["NSXT_VMC_AUTH_MODE"],
        "How the endpoint is shown who asks: `Default`, by an access token in the headers `Authorization` and \
         `csp-auth-token`; `Bearer`, in `Authorization` only; `Basic`, by `username` and `password`. Default: `Default`.",
    ),
    setting(
        "ca_file",
        Takes::Text,
        &["NSXT_CA_FILE"],
        "A file with the certificate of the authority that signed the endpoint's, in PEM form. Default: the authorities that \
         the system trusts.",
    ),
    setting("ca", Takes::Text, &["NSXT_CA"], "The certificate itself instead of a file."),
    setting(
        "allow_unverified_ssl",
        Takes::Flag,
        &["NSXT_ALLOW_UNVERIFIED_SSL"],
        "Whether any certificate is trusted. Whoever is in between can read the credentials then. Default: `false`.",
    ),
    setting(
        "max_retries",
        Takes::Number,
        &["NSXT_MAX_RETRIES"],
        "How often a request is sent again that the endpoint was too busy for, or whose connection failed. No request is \
         worked on for longer than five minutes, and an address where nothing has answered yet is tried four times at \
         most. Default: 10.",
    ),
    setting(
        "retry_min_delay",
        Takes::Number,
        &["NSXT_RETRY_MIN_DELAY"],
        "The first pause before a request is sent again, in milliseconds; each further one is about twice as long. Default: \
         500.",
    ),
    setting(
        "retry_max_delay",
        Takes::Number,
        &["NSXT_RETRY_MAX_DELAY"],
        "The longest pause, in milliseconds. What the endpoint asks for (`Retry-After`) counts for more. Default: 30000.",
    ),
    Setting {
        name: "retry_on_status_codes",
        takes: Takes::Numbers,
        variables: &["NSXT_RETRY_ON_STATUS_CODES"],
        doc: "The statuses of HTTP after which a request is sent again; in the variable, parted by commas. Default: 429, 503 and 504.",
    },
];
