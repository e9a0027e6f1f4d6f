//! The description of the API (`OpenAPI` 3.0), made of the model: what is declared there is
//! described here without a line for it.
//!
//! | module | what it holds |
//! |---|---|
//! | `schemas` | what objects look like |
//! | `paths` | which requests there are |
//! | `live_traces` | those about live traces, of both APIs of NSX |
//! | `openstack` | those to OpenStack's APIs |
//! | `netmaster` | those to NetMaster's API |
//! | `compute_agent` | those to a compute agent |

mod compute_agent;
mod live_traces;
mod netmaster;
mod openstack;
mod paths;
mod schemas;

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value as Json, json};

/// The description as text, as it is checked in at `docs/openapi.json`.
pub fn text() -> String {
    format!("{:#}\n", describe())
}

fn describe() -> Json {
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "terraform-provider-vpn",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0" },
            "description": "The policy API of NSX, for IPSec VPNs and live traces, the network API of OpenStack, the packet traces of NetMaster, and the API of a compute agent, over the embedded engine.",
        },
        "security": [{ "basic": [] }, { "bearer": [] }, { "cloud": [] }, { "openstack": [] }, { "session": [], "xsrf": [] }],
        "paths": paths::all(),
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic" },
                "bearer": { "type": "http", "scheme": "bearer" },
                "cloud": { "type": "apiKey", "in": "header", "name": "csp-auth-token" },
                "openstack": { "type": "apiKey", "in": "header", "name": "X-Auth-Token" },
                "session": { "type": "apiKey", "in": "cookie", "name": "JSESSIONID" },
                "xsrf": { "type": "apiKey", "in": "header", "name": "X-XSRF-TOKEN" },
            },
        },
    })
}

static TEXT: LazyLock<String> = LazyLock::new(text);

/// Answers `/openapi.json`.
pub(super) async fn document() -> Response {
    let mut response = Response::new(TEXT.as_str().into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::KINDS;

    /// All texts under the name `$ref`.
    fn references(json: &Json, found: &mut Vec<String>) {
        match json {
            Json::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Json::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Json::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_kind_is_described() {
        let all = describe();
        for kind in KINDS.into_iter().chain(crate::api::neutron::kinds()) {
            assert!(all["components"]["schemas"][kind.resource_type]["properties"].is_object(), "{kind:?}");
        }
        assert!(
            all["paths"]["/policy/api/v1/infra/ipsec-vpn-ike-profiles/{ipsec-vpn-ike-profile-id}"]["put"].is_object()
        );
    }

    #[test]
    fn what_is_referred_to_is_there() {
        let all = describe();
        let mut found = Vec::new();
        references(&all, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            assert!(all.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_parts_of_a_path_are_its_parameters() {
        for (path, methods) in describe()["paths"].as_object().unwrap() {
            let named: Vec<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            for (method, operation) in methods.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().unwrap();
                let declared: Vec<_> =
                    parameters.iter().filter(|it| it["in"] == "path").map(|it| it["name"].as_str().unwrap()).collect();
                assert_eq!(declared, named, "{method} {path}");
            }
        }
    }
}
