//! Addresses of VPN services without their locale service.
//!
//! Such an address means the locale service that has the VPN service. Where none has it, it means
//! the locale service `default`, or the only one of a gateway that has none of that name.

use serde_json::Value as Json;

use super::store::{StoreError, StoreExt, View};
use super::{Engine, Refusal, index};
use crate::model::path::{PolicyPath, without_locale_service};
use crate::model::{LOCALE_SERVICE, VPN_SERVICE};

/// The locale service that an address without one means.
const USUAL: &str = "default";

impl Engine {
    /// The address `text` with the locale service that it means, where it names none.
    pub fn full_address(&self, text: &str) -> Result<String, Refusal> {
        let Some((gateway, rest)) = without_locale_service(text) else { return Ok(text.to_owned()) };
        let usual = || format!("{gateway}/locale-services/{USUAL}/{rest}");
        Ok(self.store.read(|view| Ok::<_, StoreError>(full_address(view, text)?.unwrap_or_else(usual)))?)
    }

    /// The path of the object with the address `text`.
    pub fn path_at(&self, text: &str) -> Result<PolicyPath, Refusal> {
        PolicyPath::parse(&self.full_address(text)?).map_err(|_| Refusal::InvalidPath(text.to_owned()))
    }

    /// The path that `path` means, of somebody who does not tell whether the locale service
    /// `default` was named or left out.
    pub fn path_meant(&self, path: &PolicyPath) -> Result<PolicyPath, Refusal> {
        if path.within("locale-services") == Some(USUAL) {
            self.path_at(&path.current_address())
        } else {
            Ok(path.clone())
        }
    }
}

/// The address `text` with the locale service that has its VPN service, where it names none. Of a
/// service that none has, the address means the only locale service, if that is not called as usual.
pub(super) fn full_address(view: &(impl View + ?Sized), text: &str) -> Result<Option<String>, StoreError> {
    let Some((gateway, rest)) = without_locale_service(text) else { return Ok(None) };
    let Ok(path) = PolicyPath::parse(gateway) else { return Ok(None) };
    let usual = LOCALE_SERVICE.path(&path, USUAL);
    let id = rest.split('/').nth(1);
    let has_it = |home: &PolicyPath| match id {
        Some(id) => index::get(view, &VPN_SERVICE.path(home, id)).map(|found| found.is_some()),
        None => Ok(false),
    };
    if has_it(&usual)? {
        return Ok(None);
    }
    let homes = index::collection(view, gateway, LOCALE_SERVICE.collection().unwrap_or_default())?;
    let mut holders = Vec::new();
    for home in &homes {
        if has_it(home.path())? {
            holders.push(home);
        }
    }
    let meant = match (&holders[..], &homes[..]) {
        ([only], _) => Some(*only),
        (_, [only]) => Some(only),
        _ => None,
    };
    Ok(meant.map(|home| format!("{}/{rest}", home.path())))
}

/// Puts the locale service into each address in a body that names none.
pub(super) fn complete(view: &(impl View + ?Sized), body: &mut Json) -> Result<(), StoreError> {
    match body {
        Json::String(text) => {
            if let Some(full) = full_address(view, text)? {
                *text = full;
            }
        }
        Json::Array(items) => {
            for item in items {
                complete(view, item)?;
            }
        }
        Json::Object(fields) => {
            // What people write is theirs.
            for (_, value) in
                fields.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "display_name" | "description"))
            {
                complete(view, value)?;
            }
        }
        _ => {}
    }
    Ok(())
}
