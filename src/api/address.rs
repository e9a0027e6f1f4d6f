//! The path of a request, part by part.

use percent_encoding::percent_decode_str;

use super::error::ApiError;

/// Where the policy API begins.
const POLICY: &str = "/policy/api/v1";

/// `path` without what a reverse proxy of VMware Cloud on AWS puts before it:
/// `/vmc/reverse-proxy/api/orgs/ORG/sddcs/SDDC/sks-nsxt-manager`.
pub fn behind_the_proxy(path: &str) -> &str {
    let within = || {
        let rest = path.strip_prefix("/vmc/reverse-proxy/api/orgs/")?;
        let (_, rest) = rest.split_once("/sddcs/")?;
        let (_, rest) = rest.split_once('/')?;
        let rest = rest.strip_prefix("sks-nsxt-manager")?;
        rest.starts_with('/').then_some(rest)
    };
    within().unwrap_or(path)
}

/// Whether a request for `path` is one for a policy path. Seed 002 writes its URLs without
/// `/policy/api/v1`; both are there.
pub fn is_policy_path(path: &str) -> bool {
    let rest = path.strip_prefix(POLICY).unwrap_or(path);
    rest == "/infra" || rest.starts_with("/infra/")
}

/// The policy path that a request of the policy API names, decoded: `/infra/…`.
pub fn policy_path(path: &str) -> Result<String, ApiError> {
    if !is_policy_path(path) {
        return Err(ApiError::no_such_address(path));
    }
    let rest = path.strip_prefix(POLICY).unwrap_or(path);
    let mut decoded = String::with_capacity(rest.len());
    for part in rest[1..].split('/') {
        let part = percent_decode_str(part).decode_utf8();
        let part = part.map_err(|_| ApiError::bad_request("The path of the URL is not UTF-8."))?;
        let wrong = match &*part {
            "" => "has an empty part",
            "." | ".." => "has a part that means another place",
            part if part.contains('/') => "has an encoded slash in a part",
            part if part.chars().any(char::is_control) => "has a control character",
            _ => {
                decoded.push('/');
                decoded.push_str(&part);
                continue;
            }
        };
        return Err(ApiError::bad_request(format!("The path of the URL {wrong}.")));
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_with_and_without_what_stands_before_it() {
        let proxied = "/vmc/reverse-proxy/api/orgs/o-1/sddcs/s-1/sks-nsxt-manager/policy/api/v1/infra/a";
        for path in [proxied, "/policy/api/v1/infra/a", "/infra/a", "/infra/%61"] {
            assert_eq!(policy_path(behind_the_proxy(path)).unwrap(), "/infra/a", "{path}");
        }
    }

    #[test]
    fn a_path_that_could_mean_another_is_refused() {
        for path in
            ["/infra/", "/infra//a", "/infra/../a", "/infra/%2e%2e/a", "/infra/a%2fb", "/infra/%ff", "/infra/%00"]
        {
            policy_path(path).unwrap_err();
        }
        for path in ["/", "/infrastructure", "/policy/api/v2/infra", "/api/v1/infra/x"] {
            policy_path(path).unwrap_err();
        }
    }
}
