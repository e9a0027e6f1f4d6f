//! Addresses of VPN services without their locale service.
//!
//! A path is known here by the locale service `default` where none is named. A gateway whose
//! only locale service has another name has its VPN services there: what is sent and asked
//! says so, and what comes back is put under the path it was asked by.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{Backend, BackendError};
use crate::engine::{Planned, Question};
use crate::model::path::without_locale_service;
use crate::model::{LOCALE_SERVICE, PolicyPath, Tree};

/// The locale service that an address without one means.
pub const USUAL_HOME: &str = "default";

/// The gateway of a VPN service, or of what lies below one, whose path may name no locale
/// service.
pub fn open_gateway(path: &PolicyPath) -> Option<PolicyPath> {
    let is_open = path.within("locale-services") == Some(USUAL_HOME) && path.current_address() != path.as_str();
    path.gateway().filter(|_| is_open)
}

/// `path` in the locale service `home` of its gateway.
pub fn in_locale_service(path: &PolicyPath, home: &PolicyPath) -> PolicyPath {
    let parts: Vec<_> = path.parts().skip(LOCALE_SERVICE.places[0].len()).collect();
    PolicyPath::parse(&format!("{home}/{}", parts.join("/"))).unwrap_or_else(|_| path.clone())
}

/// `value` with the addresses of VPN services of the gateway of `raw`, an object that the API
/// answered, in the locale service `own`. One that names none means the object's own, and the
/// API may name it whether it was called with it or not.
pub fn at_home(value: &Json, raw: &Map<String, Json>, own: &str) -> Json {
    let path = raw.get("path").and_then(Json::as_str).unwrap_or_default();
    let parsed = PolicyPath::parse(path).ok();
    let Some(gateway) = parsed.as_ref().and_then(PolicyPath::gateway) else { return value.clone() };
    // What names no locale service is not known to lie in any.
    let home = if without_locale_service(path).is_some() {
        None
    } else {
        parsed.as_ref().and_then(|it| it.within("locale-services"))
    };
    respelled(value, &|text| {
        let rest = if let Some((of, rest)) = without_locale_service(text) {
            Some(rest).filter(|_| of == gateway.as_str())
        } else {
            let below = format!("{gateway}/locale-services/{}/", home?);
            text.strip_prefix(&below).filter(|rest| rest.starts_with("ipsec-vpn-services/"))
        };
        Some(format!("{gateway}/locale-services/{own}/{}", rest?))
    })
}

/// `value` with each text in it that `respell` has another spelling of.
pub fn respelled(value: &Json, respell: &dyn Fn(&str) -> Option<String>) -> Json {
    match value {
        Json::String(text) => respell(text).map_or_else(|| value.clone(), Json::from),
        Json::Array(items) => items.iter().map(|item| respelled(item, respell)).collect(),
        Json::Object(fields) => {
            // What people write is theirs.
            let is_prose = |name: &str| matches!(name, "display_name" | "description");
            let field = |(name, value): (&String, &Json)| {
                (name.clone(), if is_prose(name) { value.clone() } else { respelled(value, respell) })
            };
            Json::Object(fields.iter().map(field).collect())
        }
        value => value.clone(),
    }
}

/// What open paths of a run mean, by gateway.
pub struct Homes(BTreeMap<PolicyPath, PolicyPath>);

impl Homes {
    /// What the open paths in `planned` and `question` mean to `backend`.
    pub async fn of(
        backend: &dyn Backend,
        question: Option<&Question>,
        planned: &[Planned],
    ) -> Result<Self, BackendError> {
        let mut open = BTreeMap::new();
        let mut note = |path: &PolicyPath| {
            if let Some(gateway) = open_gateway(path) {
                open.entry(gateway).or_insert_with(|| path.clone());
            }
        };
        question.map(Question::subject).into_iter().for_each(&mut note);
        for planned in planned {
            note(&planned.path);
            if let Some((_, tree)) = &planned.declared {
                each_text(tree, &mut |text| {
                    if let Some(path) = service_path(text) {
                        note(&path);
                    }
                });
            }
        }
        let mut homes = BTreeMap::new();
        for (gateway, path) in open {
            let meant = backend.meant(&path).await?;
            if meant != path
                && let Some(home) = meant.within("locale-services")
            {
                let home = LOCALE_SERVICE.path(&gateway, home);
                homes.insert(gateway, home);
            }
        }
        Ok(Self(homes))
    }

    /// What `path` means.
    fn meant(&self, path: &PolicyPath) -> PolicyPath {
        let home = open_gateway(path).and_then(|gateway| self.0.get(&gateway));
        home.map_or_else(|| path.clone(), |home| in_locale_service(path, home))
    }

    /// `question`, about what its subject means.
    pub fn question(&self, question: &Question) -> Question {
        question.about(self.meant(question.subject()))
    }

    /// `planned`, with the paths that are meant.
    pub fn planned(&self, planned: &[Planned]) -> Vec<Planned> {
        if self.0.is_empty() {
            return planned.to_vec();
        }
        let each = |planned: &Planned| Planned {
            path: self.meant(&planned.path),
            declared: planned.declared.as_ref().map(|(kind, tree)| (*kind, self.tree(tree))),
        };
        planned.iter().map(each).collect()
    }

    fn tree(&self, tree: &Tree) -> Tree {
        match tree {
            Tree::Text(text) => match service_path(text) {
                Some(path) => Tree::Text(self.meant(&path).to_string()),
                None => tree.clone(),
            },
            Tree::List(items) => Tree::List(items.iter().map(|item| self.tree(item)).collect()),
            Tree::Object(fields) => {
                Tree::Object(fields.iter().map(|(name, value)| (name.clone(), self.tree(value))).collect())
            }
            other => other.clone(),
        }
    }
}

/// The path of a VPN service, or of what lies below one, that `text` is.
fn service_path(text: &str) -> Option<PolicyPath> {
    text.contains("/ipsec-vpn-services/").then(|| PolicyPath::parse(text).ok()).flatten()
}

fn each_text(tree: &Tree, each: &mut dyn FnMut(&str)) {
    match tree {
        Tree::Text(text) => each(text),
        Tree::List(items) => items.iter().for_each(|item| each_text(item, each)),
        Tree::Object(fields) => fields.iter().for_each(|(_, value)| each_text(value, each)),
        _ => {}
    }
}
