//! Addresses of VPN services without their locale service.
//!
//! Such an address means the locale service `default`; where a gateway has none of that name
//! and exactly one other, it means that one.

use serde_json::Value as Json;

use super::store::{StoreError, StoreExt, View};
use super::{Engine, Refusal, index};
use crate::model::LOCALE_SERVICE;
use crate::model::path::{PolicyPath, without_locale_service};

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

/// The address `text` with the only locale service of its gateway, where it names none and
/// there is none of the usual name.
pub(super) fn full_address(view: &(impl View + ?Sized), text: &str) -> Result<Option<String>, StoreError> {
    let Some((gateway, rest)) = without_locale_service(text) else { return Ok(None) };
    let Ok(path) = PolicyPath::parse(gateway) else { return Ok(None) };
    if index::get(view, &LOCALE_SERVICE.path(&path, USUAL))?.is_some() {
        return Ok(None);
    }
    let collection = LOCALE_SERVICE.collection().unwrap_or_default();
    let services = index::collection(view, gateway, collection)?;
    Ok(match &services[..] {
        [only] => Some(format!("{}/{rest}", only.path())),
        _ => None,
    })
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
