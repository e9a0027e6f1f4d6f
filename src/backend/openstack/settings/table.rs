//! All settings of an OpenStack, each declared once.

use crate::backend::settings::{Setting, Takes};

/// All settings, in the order the documentation shows them.
pub static SETTINGS: [Setting; 27] = [
    Setting {
        name: "cloud",
        takes: Takes::Text,
        variables: &["OS_CLOUD"],
        doc: "The name of a cloud in `clouds.yaml`, which is looked for in the working directory, in \
              `~/.config/openstack` and in `/etc/openstack`; `OS_CLIENT_CONFIG_FILE` names another file. Secrets can \
              stand in `secure.yaml`.",
    },
    Setting {
        name: "auth_url",
        takes: Takes::Text,
        variables: &["OS_AUTH_URL"],
        doc: "The address of Keystone (Identity API v3), with or without `/v3`.",
    },
    Setting {
        name: "region",
        takes: Takes::Text,
        variables: &["OS_REGION_NAME"],
        doc: "The region of the network service. Default: the first one in the catalog.",
    },
    Setting {
        name: "user_name",
        takes: Takes::Text,
        variables: &["OS_USERNAME"],
        doc: "The user. Goes together with `password`.",
    },
    Setting {
        name: "user_id",
        takes: Takes::Text,
        variables: &["OS_USER_ID"],
        doc: "The user's id, instead of the name.",
    },
    Setting { name: "password", takes: Takes::Secret, variables: &["OS_PASSWORD"], doc: "The user's password." },
    Setting {
        name: "application_credential_id",
        takes: Takes::Text,
        variables: &["OS_APPLICATION_CREDENTIAL_ID"],
        doc: "The id of an application credential. Goes together with its secret.",
    },
    Setting {
        name: "application_credential_name",
        takes: Takes::Text,
        variables: &["OS_APPLICATION_CREDENTIAL_NAME"],
        doc: "Its name instead of the id. Then its user has to be named as well.",
    },
    Setting {
        name: "application_credential_secret",
        takes: Takes::Secret,
        variables: &["OS_APPLICATION_CREDENTIAL_SECRET"],
        doc: "The secret of the application credential.",
    },
    Setting {
        name: "token",
        takes: Takes::Secret,
        variables: &["OS_TOKEN", "OS_AUTH_TOKEN"],
        doc: "A token that Keystone has made, instead of a user or an application credential. When it is over, it \
              cannot be renewed.",
    },
    Setting {
        name: "tenant_id",
        takes: Takes::Text,
        variables: &["OS_PROJECT_ID", "OS_TENANT_ID"],
        doc: "The id of the project.",
    },
    Setting {
        name: "tenant_name",
        takes: Takes::Text,
        variables: &["OS_PROJECT_NAME", "OS_TENANT_NAME"],
        doc: "The name of the project, instead of the id.",
    },
    Setting {
        name: "user_domain_id",
        takes: Takes::Text,
        variables: &["OS_USER_DOMAIN_ID"],
        doc: "The id of the user's domain.",
    },
    Setting {
        name: "user_domain_name",
        takes: Takes::Text,
        variables: &["OS_USER_DOMAIN_NAME"],
        doc: "The name of the user's domain.",
    },
    Setting {
        name: "project_domain_id",
        takes: Takes::Text,
        variables: &["OS_PROJECT_DOMAIN_ID"],
        doc: "The id of the project's domain.",
    },
    Setting {
        name: "project_domain_name",
        takes: Takes::Text,
        variables: &["OS_PROJECT_DOMAIN_NAME"],
        doc: "The name of the project's domain.",
    },
    Setting {
        name: "domain_id",
        takes: Takes::Text,
        variables: &["OS_DOMAIN_ID"],
        doc: "The id of the domain of both.",
    },
    Setting {
        name: "domain_name",
        takes: Takes::Text,
        variables: &["OS_DOMAIN_NAME"],
        doc: "The name of the domain of both.",
    },
    Setting {
        name: "default_domain",
        takes: Takes::Text,
        variables: &["OS_DEFAULT_DOMAIN"],
        doc: "The id of the domain where none is named. Default: `default`.",
    },
    Setting {
        name: "system_scope",
        takes: Takes::Flag,
        variables: &[],
        doc: "Whether the token is for the whole system instead of a project. Default: `false`.",
    },
    Setting {
        name: "endpoint_type",
        takes: Takes::Text,
        variables: &["OS_INTERFACE", "OS_ENDPOINT_TYPE"],
        doc: "Which address of the network service in the catalog: `public`, `internal` or `admin`. Default: `public`.",
    },
    Setting {
        name: "endpoint_overrides",
        takes: Takes::Texts,
        variables: &[],
        doc: "Addresses of services that are not to be taken from the catalog, by the services' types. Only `network` \
              is asked for anything.",
    },
    Setting {
        name: "cacert_file",
        takes: Takes::Text,
        variables: &["OS_CACERT"],
        doc: "The certificate of the authority that signed the services', in PEM form, or a file with it. Default: the \
              authorities that the system trusts.",
    },
    Setting {
        name: "insecure",
        takes: Takes::Flag,
        variables: &["OS_INSECURE"],
        doc: "Whether any certificate is trusted. Whoever is in between can read the credentials then. Default: \
              `false`.",
    },
    Setting {
        name: "cert",
        takes: Takes::Text,
        variables: &["OS_CERT"],
        doc: "A client certificate, in PEM form, or a file with it. Goes together with `key`.",
    },
    Setting {
        name: "key",
        takes: Takes::Secret,
        variables: &["OS_KEY"],
        doc: "The key of the client certificate, in PEM form, or a file with it.",
    },
    Setting {
        name: "max_retries",
        takes: Takes::Number,
        variables: &["OS_MAX_RETRIES"],
        doc: "How often a request is sent again that a service was too busy for, or whose connection failed. No request \
              is worked on for longer than five minutes, and an address where nothing has answered yet is tried four \
              times at most. Default: 10.",
    },
];
