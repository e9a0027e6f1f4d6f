//! What an address names.

use super::super::error::ApiError;
use super::live_traces::{self, LiveTraces};
use crate::engine::bgp::documents::Direction;
use crate::model::{
    BGP_CONFIG, BGP_NEIGHBOR, Kind, POLICY_BASED_SESSION, PolicyPath, ROUTE_BASED_SESSION, SIMULATED_FLOW, VPN_SERVICE,
    kinds_at,
};

/// What an address names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `/infra`: everything.
    Root,
    /// An object.
    Object(Address),
    /// The objects of a collection.
    Collection(Collection),
    /// Something that runs.
    Running(Running),
    /// Something about live traces.
    LiveTraces(LiveTraces),
    /// What became of what was declared.
    Realized(Realized),
    /// A place where what is declared takes effect: the parts after `/infra/sites`.
    Site(Vec<String>),
}

/// The address of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Its path.
    pub path: PolicyPath,
    /// The address of the object it lies below, as it was called.
    pub below: String,
}

/// The address of a collection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Collection {
    /// The path of the object it belongs to; none for `/infra`.
    pub parent: Option<PolicyPath>,
    /// Whether that is a folder, which is always there, and no object.
    pub is_folder: bool,
    /// Whether the address leaves open which locale service is meant.
    pub is_open: bool,
    /// Its name.
    pub name: String,
    /// The kinds of its objects.
    pub kinds: Vec<&'static Kind>,
}

/// Something that runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Running {
    /// `…/sessions/ID/detailed-status`
    Session(PolicyPath),
    /// `…/sessions/ID/statistics`
    Statistics(PolicyPath),
    /// `/infra/simulated-flows/ID/statistics`; only the engine has flows
    Flow(PolicyPath),
    /// `…/ipsec-vpn-services/ID/summary`
    Summary(PolicyPath),
    /// `…/bgp/neighbors/status`
    Neighbors(PolicyPath),
    /// `…/neighbors/ID/routes` and `…/advertised-routes`
    Routes(PolicyPath, Direction),
    /// `…/sessions/ID/diagnosis`; only the engine tells
    SessionDiagnosis(PolicyPath),
    /// `…/neighbors/ID/diagnosis`; only the engine tells
    NeighborDiagnosis(PolicyPath),
}

/// What became of what was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Realized {
    /// `/infra/realized-state/status`
    Status,
    /// `/infra/realized-state/realized-entities`
    Entities,
    /// `/infra/realized-state/realized-entity`
    Entity,
}

/// What the address `text` names; `full` is the same with the locale service that it means.
pub(super) fn find(text: &str, full: &str) -> Result<Target, ApiError> {
    let parts: Vec<_> = text.split('/').skip(1).collect();
    match parts[..] {
        ["infra"] => return Ok(Target::Root),
        ["infra", "realized-state", "status"] => return Ok(Target::Realized(Realized::Status)),
        ["infra", "realized-state", "realized-entities"] => return Ok(Target::Realized(Realized::Entities)),
        ["infra", "realized-state", "realized-entity"] => return Ok(Target::Realized(Realized::Entity)),
        ["infra", "sites", ref place @ ..] => {
            return Ok(Target::Site(place.iter().map(|&part| part.to_owned()).collect()));
        }
        _ => {}
    }
    if let Some(what) = live_traces::find(full) {
        return Ok(Target::LiveTraces(what));
    }
    if let Some(running) = running(full) {
        return Ok(Target::Running(running));
    }
    let unknown = || ApiError::no_such_address(text);
    let path = PolicyPath::parse(full).map_err(|_| unknown())?;
    let kind = kinds_at(&path).next();
    if let Some(kind) = kind {
        let below = parts.len() - if kind.collection().is_some() { 2 } else { 1 };
        let rest: usize = parts[below..].iter().map(|part| 1 + part.len()).sum();
        return Ok(Target::Object(Address { path, below: text[..text.len() - rest].to_owned() }));
    }
    // A collection is where an object would be.
    let member = PolicyPath::parse(&format!("{full}/id")).map_err(|_| unknown())?;
    let kinds: Vec<_> = kinds_at(&member).filter(|kind| kind.collection().is_some()).collect();
    let Some(kind) = kinds.first() else { return Err(unknown()) };
    let name = kind.collection().unwrap_or_default().to_owned();
    Ok(Target::Collection(Collection {
        parent: kind.parent(&member),
        is_folder: kind.parent_object(&member).is_none(),
        is_open: text != full,
        name,
        kinds,
    }))
}

fn running(text: &str) -> Option<Running> {
    let (subject, what) = text.rsplit_once('/')?;
    let of = |subject: &str, kinds: &[&Kind]| {
        let path = PolicyPath::parse(subject).ok()?;
        let fits = kinds_at(&path).any(|kind| kinds.contains(&kind));
        fits.then_some(path)
    };
    let sessions = [&ROUTE_BASED_SESSION, &POLICY_BASED_SESSION];
    match what {
        "detailed-status" => Some(Running::Session(of(subject, &sessions)?)),
        "statistics" => match of(subject, &[&SIMULATED_FLOW]) {
            Some(flow) => Some(Running::Flow(flow)),
            None => Some(Running::Statistics(of(subject, &sessions)?)),
        },
        "summary" => Some(Running::Summary(of(subject, &[&VPN_SERVICE])?)),
        "status" => Some(Running::Neighbors(of(subject.strip_suffix("/neighbors")?, &[&BGP_CONFIG])?)),
        "routes" => Some(Running::Routes(of(subject, &[&BGP_NEIGHBOR])?, Direction::Learned)),
        "diagnosis" => match of(subject, &[&BGP_NEIGHBOR]) {
            Some(neighbor) => Some(Running::NeighborDiagnosis(neighbor)),
            None => Some(Running::SessionDiagnosis(of(subject, &sessions)?)),
        },
        "advertised-routes" => Some(Running::Routes(of(subject, &[&BGP_NEIGHBOR])?, Direction::Advertised)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::system;

    fn found(text: &str) -> Result<Target, ApiError> {
        find(text, text)
    }

    fn object(text: &str) -> (String, String) {
        match found(text).unwrap() {
            Target::Object(Address { path, below }) => (path.to_string(), below),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn both_addresses_of_a_vpn_service_name_one_object() {
        let session = format!("{}/sessions/a", system::VPN_SERVICE);
        assert_eq!(object(&session), (session.clone(), system::VPN_SERVICE.to_owned()));
        let current = "/infra/tier-0s/vmc/ipsec-vpn-services/default";
        assert_eq!(object(&format!("{current}/sessions/a")), (session, current.to_owned()));
        assert_eq!(object(system::BGP), (system::BGP.to_owned(), system::LOCALE_SERVICE.to_owned()));
    }

    #[test]
    fn an_address_without_a_locale_service_keeps_its_parent() {
        let short = "/infra/tier-0s/edge/ipsec-vpn-services/a";
        let full = "/infra/tier-0s/edge/locale-services/one/ipsec-vpn-services/a";
        let Target::Object(found) = find(&format!("{short}/sessions/b"), &format!("{full}/sessions/b")).unwrap() else {
            panic!()
        };
        assert_eq!((found.path.as_str(), found.below.as_str()), (format!("{full}/sessions/b").as_str(), short));
        let Target::Collection(found) = find(&format!("{short}/sessions"), &format!("{full}/sessions")).unwrap() else {
            panic!()
        };
        assert_eq!(found.parent.unwrap().as_str(), full);
    }

    #[test]
    fn a_collection_has_the_kinds_of_its_objects() {
        for address in [system::VPN_SERVICE, "/infra/tier-0s/vmc/ipsec-vpn-services/default"] {
            let Target::Collection(found) = found(&format!("{address}/sessions")).unwrap() else { panic!("{address}") };
            assert_eq!(found.parent.unwrap().as_str(), system::VPN_SERVICE);
            assert_eq!((found.name.as_str(), found.kinds.len()), ("sessions", 2));
        }
        let Target::Collection(profiles) = found("/infra/ipsec-vpn-ike-profiles").unwrap() else { panic!() };
        assert_eq!(profiles.parent, None);
    }

    #[test]
    fn what_runs_is_not_taken_for_an_object() {
        let flow = PolicyPath::parse("/infra/simulated-flows/a").unwrap();
        assert_eq!(found(&format!("{flow}/statistics")).unwrap(), Target::Running(Running::Flow(flow)));
        let bgp = PolicyPath::parse(system::BGP).unwrap();
        assert_eq!(
            found(&format!("{bgp}/neighbors/status")).unwrap(),
            Target::Running(Running::Neighbors(bgp.clone()))
        );
        let neighbor = bgp.child("neighbors", "a");
        let routes = Running::Routes(neighbor.clone(), Direction::Advertised);
        assert_eq!(found(&format!("{neighbor}/advertised-routes")).unwrap(), Target::Running(routes));
        let diagnosis = Running::NeighborDiagnosis(neighbor.clone());
        assert_eq!(found(&format!("{neighbor}/diagnosis")).unwrap(), Target::Running(diagnosis));
    }

    #[test]
    fn what_is_nowhere_is_refused() {
        for text in ["/infra/nothing", "/infra/tier-0s/vmc/nothing/a", "/infra/tier-0s/vmc/summary", "/infra/domains"] {
            found(text).unwrap_err();
        }
    }
}
