//! Gateways: what a tier-1 gateway tells its tier-0 gateway of, and what a tier-0 gateway
//! tells its BGP neighbors of.

use std::collections::BTreeSet;

use super::Topology;
use super::read::Doc;
use crate::model::{
    AdvertisementAction, AdvertisementType, Network, PolicyPath, PrefixOperator, RedistributionDestination,
    RedistributionType, Tree,
};

/// A tier-1 gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier1 {
    /// The tier-0 gateway it is connected to.
    pub tier0: Option<PolicyPath>,
    /// What it tells the tier-0 gateway of.
    types: BTreeSet<AdvertisementType>,
    /// What decides before that.
    rules: Vec<AdvertisementRule>,
}

/// A rule of what a tier-1 gateway tells its tier-0 gateway of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AdvertisementRule {
    permits: bool,
    types: BTreeSet<AdvertisementType>,
    subnets: Vec<Network>,
    operator: PrefixOperator,
}

impl AdvertisementRule {
    fn matches(&self, of: AdvertisementType, network: Network) -> bool {
        let is_meant = |subnet: &Network| match self.operator {
            PrefixOperator::GreaterOrEqual => subnet.covers(network),
            PrefixOperator::Equal => *subnet == network,
        };
        (self.types.is_empty() || self.types.contains(&of))
            && (self.subnets.is_empty() || self.subnets.iter().any(is_meant))
    }
}

impl Tier1 {
    /// Whether it tells the tier-0 gateway of a network of its own: the first rule that
    /// matches decides, or else whether the type is advertised.
    pub fn advertises(&self, of: AdvertisementType, network: Network) -> bool {
        let rule = self.rules.iter().find(|rule| rule.matches(of, network));
        rule.map_or_else(|| self.types.contains(&of), |rule| rule.permits)
    }
}

/// A locale service of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocaleService {
    /// Of which of the gateway's own networks BGP neighbors are told.
    pub redistributes: BTreeSet<RedistributionType>,
}

/// A network that a tier-0 gateway has itself, or one of its tier-1 gateways tells it of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnNetwork {
    /// The network.
    pub network: Network,
    /// What it is, by the types of redistribution that it belongs to.
    is: [RedistributionType; 2],
}

impl Topology {
    /// The networks that the tier-0 gateway at `gateway` has itself: those of segments, and
    /// of local endpoints, its own and what its tier-1 gateways tell it of.
    pub fn own_networks<'a>(&'a self, gateway: &'a str) -> impl Iterator<Item = OwnNetwork> + 'a {
        use RedistributionType as Is;
        let segments = self.segments.values().filter(|it| it.is_routed && it.is_up).flat_map(move |segment| {
            let networks = segment.subnets.iter().map(|(_, network)| *network);
            networks.filter_map(move |network| {
                let at = segment.gateway.as_ref()?;
                if at.as_str() == gateway {
                    return Some(OwnNetwork { network, is: [Is::Tier0Connected, Is::Tier0Segment] });
                }
                let tier1 = self.tier1s.get(at).filter(|tier1| is_below(tier1, gateway))?;
                tier1
                    .advertises(AdvertisementType::Connected, network)
                    .then_some(OwnNetwork { network, is: [Is::Tier1Connected, Is::Tier1Segment] })
            })
        });
        let endpoints = self.endpoints.iter().filter_map(move |(path, endpoint)| {
            let (at, network) = (path.gateway()?, Network::from(endpoint.address));
            if at.as_str() == gateway {
                return Some(OwnNetwork { network, is: [Is::Tier0IpsecLocalIp; 2] });
            }
            let tier1 = self.tier1s.get(&at).filter(|tier1| is_below(tier1, gateway))?;
            tier1
                .advertises(AdvertisementType::IpsecLocalEndpoint, network)
                .then_some(OwnNetwork { network, is: [Is::Tier1IpsecLocalEndpoint; 2] })
        });
        segments.chain(endpoints)
    }

    /// The networks of its own of which the BGP instance at `instance` tells its neighbors:
    /// what its locale service redistributes.
    pub fn redistributed<'a>(&'a self, gateway: &'a str, instance: &PolicyPath) -> impl Iterator<Item = Network> + 'a {
        let service = instance.as_str().strip_suffix("/bgp").and_then(|service| PolicyPath::parse(service).ok());
        let types = service.and_then(|service| self.locale_services.get(&service)).map(|it| &it.redistributes);
        let own = types.into_iter().flat_map(move |types| {
            self.own_networks(gateway).filter(move |own| own.is.iter().any(|is| types.contains(is)))
        });
        own.map(|own| own.network)
    }
}

fn is_below(tier1: &Tier1, tier0: &str) -> bool {
    tier1.tier0.as_ref().is_some_and(|above| above.as_str() == tier0)
}

pub(super) fn tier1(tree: &Tree) -> Tier1 {
    let doc = Doc(tree);
    let types = |doc: Doc<'_>| doc.words("route_advertisement_types", AdvertisementType::parse).into_iter().collect();
    let rule = |rule: Doc<'_>| AdvertisementRule {
        permits: rule.word("action", AdvertisementAction::parse) != Some(AdvertisementAction::Deny),
        types: types(rule),
        subnets: rule.all_parsed("subnets"),
        operator: rule.word("prefix_operator", PrefixOperator::parse).unwrap_or(PrefixOperator::GreaterOrEqual),
    };
    Tier1 {
        tier0: doc.path("tier0_path"),
        types: types(doc),
        rules: doc.items("route_advertisement_rules").map(rule).collect(),
    }
}

pub(super) fn locale_service(tree: &Tree) -> LocaleService {
    let doc = Doc(tree);
    let config = doc.get("route_redistribution_config");
    let types = |doc: Doc<'_>| doc.words("route_redistribution_types", RedistributionType::parse);
    // The deprecated list counts where there is no configuration.
    let redistributes = if config.is_null() {
        types(doc)
    } else if config.bool("bgp_enabled", true) {
        config.items("redistribution_rules").filter(|rule| is_for_bgp(*rule)).flat_map(types).collect()
    } else {
        Vec::new()
    };
    LocaleService { redistributes: redistributes.into_iter().collect() }
}

/// Whether a rule says what BGP neighbors are told. One without destinations does.
fn is_for_bgp(rule: Doc<'_>) -> bool {
    let destinations = rule.words("destinations", RedistributionDestination::parse);
    destinations.is_empty() || destinations.contains(&RedistributionDestination::Bgp)
}
