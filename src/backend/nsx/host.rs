//! The address of an endpoint, as people and other providers write it.

use std::fmt;

use url::Url;

use crate::backend::transport::{AddressError, address, escaped, name_of};
use crate::model::PolicyPath;

/// What the policy API lies below.
const POLICY: &str = "policy/api/v1";

/// What the manager API lies below; some write it after the host.
const MANAGER: &str = "api/v1";

/// The address below which an NSX answers: `https://nsx.example.com/`, or a reverse
/// proxy's with a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads an address with or without a scheme, a path, a slash at its end, and with
    /// or without the root of the API after it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut url = address(text)?;
        let path = url.path().trim_end_matches('/');
        let path = [POLICY, MANAGER].iter().find_map(|root| path.strip_suffix(root)).unwrap_or(path);
        let path = format!("{}/", path.trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address of the object or collection at `path`, a policy path such as
    /// `/infra/tier-0s/vmc`.
    pub fn policy(&self, path: &str) -> Url {
        self.below(&format!("{POLICY}{}", escaped(path)))
    }

    /// The address below this one: `api/session/create`.
    pub fn below(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path()));
        url
    }

    /// The host and the port, if it is not the usual one.
    pub fn name(&self) -> String {
        name_of(&self.0)
    }

    /// Whether connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// The address by which the API knows the object at `path`.
///
/// A VPN service has two: with its locale service, as seed 002 has it for VMware
/// Cloud on AWS, and without. Paths without one are read as those of the locale
/// service `default`, which on-premises gateways need not have: there they are
/// called without it.
pub(super) fn called(path: &PolicyPath) -> String {
    let on_vmc = path.within("tier-0s") == Some("vmc");
    if !on_vmc && path.within("locale-services") == Some("default") { path.current_address() } else { path.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        for (text, whole) in [
            ("nsx.example.com", "https://nsx.example.com"),
            (" nsx.example.com/ ", "https://nsx.example.com"),
            ("https://nsx.example.com:8443", "https://nsx.example.com:8443"),
            ("https://nsx.example.com/policy/api/v1", "https://nsx.example.com"),
            ("nsx.example.com/policy/api/v1/", "https://nsx.example.com"),
            ("192.0.2.1", "https://192.0.2.1"),
            ("[2001:db8::1]:443", "https://[2001:db8::1]"),
            (
                "nsx-1.rp.example.com/vmc/reverse-proxy/api/orgs/o/sddcs/s/sks-nsxt-manager",
                "https://nsx-1.rp.example.com/vmc/reverse-proxy/api/orgs/o/sddcs/s/sks-nsxt-manager",
            ),
            (
                "https://nsx-1.rp.example.com/vmc/reverse-proxy/api/orgs/o/sddcs/s/sks-nsxt-manager/policy/api/v1/",
                "https://nsx-1.rp.example.com/vmc/reverse-proxy/api/orgs/o/sddcs/s/sks-nsxt-manager",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, why) in [
            ("", "is not an address"),
            ("https://", "is not an address"),
            ("ftp://nsx", "begins with ftp://"),
            ("http://nsx.example.com", "in the clear"),
            ("https://admin:x@nsx", "holds credentials"),
            ("https://nsx/?a=b", "goes on with ? or #"),
        ] {
            let said = Endpoint::parse(text).unwrap_err().to_string();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn objects_lie_below_the_address() {
        let endpoint = Endpoint::parse("https://proxy.example.com/a/sks-nsxt-manager").unwrap();
        let url = endpoint.policy("/infra/tier-0s/vmc/prefix-lists/a b");
        assert_eq!(
            url.as_str(),
            "https://proxy.example.com/a/sks-nsxt-manager/policy/api/v1/infra/tier-0s/vmc/prefix-lists/a%20b"
        );
        assert_eq!(endpoint.below("api/session/create").path(), "/a/sks-nsxt-manager/api/session/create");
    }

    #[test]
    fn a_gateway_on_premises_need_not_have_the_locale_service_default() {
        for (path, called_by) in [
            (
                "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/a",
                "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/a",
            ),
            (
                "/infra/tier-0s/edge/ipsec-vpn-services/v/sessions/a",
                "/infra/tier-0s/edge/ipsec-vpn-services/v/sessions/a",
            ),
            (
                "/infra/tier-0s/edge/locale-services/one/ipsec-vpn-services/v",
                "/infra/tier-0s/edge/locale-services/one/ipsec-vpn-services/v",
            ),
        ] {
            assert_eq!(called(&PolicyPath::parse(path).unwrap()), called_by);
        }
    }
}
