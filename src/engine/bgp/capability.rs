//! The capabilities in OPEN messages (RFC 5492), by their names at IANA. No answer of the
//! API with any in it is known; the sample of seed 002 has none, for a neighbor that is
//! IDLE.

use super::Families;
use crate::model::GracefulRestartMode;

const IPV4_UNICAST: &str = "Multiprotocol Extensions: IPv4 Unicast";
const IPV6_UNICAST: &str = "Multiprotocol Extensions: IPv6 Unicast";
const ROUTE_REFRESH: &str = "Route Refresh";
const FOUR_OCTET_AS: &str = "4-octet AS Number";
const GRACEFUL_RESTART: &str = "Graceful Restart";

/// What the gateway announces.
pub(super) fn announced(families: Families, restart: GracefulRestartMode) -> Vec<&'static str> {
    list(families, restart != GracefulRestartMode::Disable)
}

/// What both ends announce.
pub(super) fn negotiated(families: Families, restart_time: Option<u32>) -> Vec<&'static str> {
    list(families, restart_time.is_some())
}

fn list(families: Families, restarts: bool) -> Vec<&'static str> {
    let has = [
        (families.v4, IPV4_UNICAST),
        (families.v6, IPV6_UNICAST),
        (true, ROUTE_REFRESH),
        (true, FOUR_OCTET_AS),
        (restarts, GRACEFUL_RESTART),
    ];
    has.into_iter().filter_map(|(has, name)| has.then_some(name)).collect()
}
