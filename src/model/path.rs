//! Policy paths: the names of objects. Those of Neutron are named by their addresses.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The path of an object: `/infra/tier-0s/vmc/prefix-lists/in`.
///
/// There is one spelling of a path: the deprecated and the current address of a
/// VPN service (with and without its locale service) are the same object, and
/// the one with the locale service, which VMware Cloud on AWS uses (seed 002), is
/// the one that is kept. An object of Neutron has its address for a path:
/// `/v2.0/taas/tap_services/UUID`. A copy costs nothing: each of a million routes has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyPath(Arc<str>);

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not start with `/infra/`.
    #[error("does not start with /infra/")]
    Root,
    /// Two slashes in a row, or one at the end.
    #[error("has an empty part")]
    EmptyPart,
    /// A part holds a character that no identifier has.
    #[error("holds {0:?}, which no identifier has")]
    Character(char),
}

/// The locale service a VPN service belongs to when its path names none.
const DEFAULT_LOCALE_SERVICE: &str = "default";

/// The first part of Neutron's addresses.
pub(super) const NEUTRON: &str = "v2.0";

/// The longest identifier the API takes.
pub const LONGEST_ID: usize = 1024;

/// The first character of `id` that no identifier may hold.
///
/// An identifier is a part of a path and of a URL, so `/` and the characters that
/// end or escape a URL's path are out.
pub fn stray_character(id: &str) -> Option<char> {
    id.chars().find(|&c| matches!(c, '/' | '\\' | '&' | '?' | '#' | '%') || c.is_control())
}

/// An identifier made of a display name: what no identifier may hold, and spaces,
/// become dashes. `None` when nothing is left.
pub fn id_from_name(display_name: &str) -> Option<String> {
    let dashed: String = display_name
        .trim()
        .chars()
        .map(|c| if c.is_whitespace() || stray_character(c.encode_utf8(&mut [0; 4])).is_some() { '-' } else { c })
        .take(LONGEST_ID)
        .collect();
    let usable = !dashed.is_empty() && !matches!(dashed.as_str(), "." | "..");
    usable.then_some(dashed)
}

/// The gateway that the address of a VPN service, or of what lies below it, begins with, and
/// the rest, where the address names no locale service.
pub fn without_locale_service(text: &str) -> Option<(&str, &str)> {
    let (_, tail) =
        text.strip_prefix("/infra/tier-0s/").or_else(|| text.strip_prefix("/infra/tier-1s/"))?.split_once('/')?;
    let is_service =
        tail.strip_prefix("ipsec-vpn-services").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_service.then(|| (&text[..text.len() - tail.len() - 1], tail))
}

impl PolicyPath {
    /// Parses a path into its one spelling.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let rest = text.strip_prefix("/infra/").or_else(|| text.strip_prefix("/v2.0/")).ok_or(PathError::Root)?;
        for part in rest.split('/') {
            if part.is_empty() {
                return Err(PathError::EmptyPart);
            }
            if let Some(stray) = stray_character(part) {
                return Err(PathError::Character(stray));
            }
        }
        Ok(Self(match without_locale_service(text) {
            // The deprecated address has a part more.
            Some((gateway, rest)) => format!("{gateway}/locale-services/{DEFAULT_LOCALE_SERVICE}/{rest}").into(),
            None => text.into(),
        }))
    }

    /// The path of the object `id` in the collection `collection` of this one.
    #[must_use]
    pub fn child(&self, collection: &str, id: &str) -> Self {
        Self(format!("{self}/{collection}/{id}").into())
    }

    /// The path of the object `id` in the same collection.
    #[must_use]
    pub fn sibling(&self, id: &str) -> Self {
        let collection = self.0.rsplit_once('/').map_or("", |(collection, _)| collection);
        Self(format!("{collection}/{id}").into())
    }

    /// The current address of a VPN service or of what lies below it: without the
    /// locale service. Other paths stay as they are.
    pub fn current_address(&self) -> String {
        let parts: Vec<_> = self.parts().collect();
        match parts[..] {
            ["infra", gateways, gateway, "locale-services", _, ref services @ ..]
                if services.first() == Some(&"ipsec-vpn-services") =>
            {
                format!("/infra/{gateways}/{gateway}/{}", services.join("/"))
            }
            _ => self.to_string(),
        }
    }

    /// The tier-0 or tier-1 gateway that the object belongs to: itself, or what it lies
    /// below.
    pub fn gateway(&self) -> Option<Self> {
        let mut parts = self.parts().skip(1);
        match (parts.next(), parts.next()) {
            (Some(tier @ ("tier-0s" | "tier-1s")), Some(id)) => Some(Self(format!("/infra/{tier}/{id}").into())),
            _ => None,
        }
    }

    /// The path of the object `id` in the collection `collection` of Neutron, such as `ports`.
    pub fn of_neutron(collection: &str, id: &str) -> Self {
        Self(format!("/{NEUTRON}/{collection}/{id}").into())
    }

    /// Whether the object is one of Neutron.
    pub fn is_of_neutron(&self) -> bool {
        self.parts().next() == Some(NEUTRON)
    }

    /// Whether the object is a tier-1 gateway, or lies below one.
    pub fn is_of_tier1(&self) -> bool {
        self.as_str().starts_with("/infra/tier-1s/")
    }

    /// The collection that the object lies in: the part before its id.
    pub fn collection(&self) -> &str {
        self.as_str().rsplit('/').nth(1).unwrap_or_default()
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: the object's identifier.
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The parts between the slashes.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }

    /// The identifier after the part `collection`: of `tier-0s`, the gateway.
    pub fn within(&self, collection: &str) -> Option<&str> {
        let mut parts = self.parts();
        parts.by_ref().find(|part| *part == collection)?;
        parts.next()
    }
}

impl TryFrom<String> for PolicyPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::parse(&text)
    }
}

impl From<PolicyPath> for String {
    fn from(path: PolicyPath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for PolicyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_addresses_of_a_vpn_service_are_one_path() {
        let with = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/a";
        let without = "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/a";
        assert_eq!(PolicyPath::parse(without).unwrap(), PolicyPath::parse(with).unwrap());
        assert_eq!(PolicyPath::parse(without).unwrap().as_str(), with);
    }

    #[test]
    fn the_current_address_is_a_path_without_the_locale_service() {
        for (text, current) in [
            ("/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services", "/infra/tier-0s/vmc/ipsec-vpn-services"),
            (
                "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/a",
                "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/a",
            ),
            ("/infra/tier-0s/vmc/locale-services/default", "/infra/tier-0s/vmc/locale-services/default"),
            ("/infra/tier-0s/vmc/prefix-lists/in", "/infra/tier-0s/vmc/prefix-lists/in"),
        ] {
            let path = PolicyPath::parse(text).unwrap();
            assert_eq!(path.current_address(), current);
            assert!(PolicyPath::parse(current).unwrap() == path);
        }
    }

    #[test]
    fn an_address_without_a_locale_service_is_told_from_one_with() {
        let (gateway, rest) = without_locale_service("/infra/tier-1s/a/ipsec-vpn-services/b/sessions/c").unwrap();
        assert_eq!((gateway, rest), ("/infra/tier-1s/a", "ipsec-vpn-services/b/sessions/c"));
        assert!(without_locale_service("/infra/tier-0s/a/ipsec-vpn-services").is_some());
        for text in [
            "/infra/tier-0s/a",
            "/infra/tier-0s/a/locale-services/b/ipsec-vpn-services/c",
            "/infra/x/a/ipsec-vpn-services",
        ] {
            assert_eq!(without_locale_service(text), None, "{text}");
        }
    }

    #[test]
    fn the_parts_of_a_path_can_be_told() {
        let path = PolicyPath::parse("/infra/tier-0s/vmc/prefix-lists/in").unwrap();
        assert_eq!((path.id(), path.within("tier-0s"), path.within("tier-1s")), ("in", Some("vmc"), None));
    }

    #[test]
    fn what_is_not_a_path_says_why() {
        for (text, why) in [
            ("", PathError::Root),
            ("infra/x", PathError::Root),
            ("/orgs/default", PathError::Root),
            ("/infra//x", PathError::EmptyPart),
            ("/infra/x/", PathError::EmptyPart),
            ("/infra/x?y", PathError::Character('?')),
        ] {
            assert_eq!(PolicyPath::parse(text).unwrap_err(), why, "{text:?}");
        }
    }

    #[test]
    fn a_display_name_becomes_an_identifier() {
        for (name, id) in [
            ("VPNtoDFWDC1", Some("VPNtoDFWDC1")),
            (" VPN to DFW/DC 1", Some("VPN-to-DFW-DC-1")),
            ("100% b&w", Some("100--b-w")),
            ("  ", None),
            ("..", None),
        ] {
            assert_eq!(id_from_name(name).as_deref(), id, "{name:?}");
        }
    }
}
