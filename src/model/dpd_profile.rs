//! DPD profiles: how a dead peer is noticed (seed 002, "DPD Profile").

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::problem::Problem;
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// When a peer is probed.
    pub enum DpdProbeMode {
        /// Every interval, whatever the traffic.
        Periodic = "PERIODIC",
        /// When there is something to send and nothing came from the peer for an interval.
        OnDemand = "ON_DEMAND",
    }
}

impl DpdProbeMode {
    /// The lowest, the highest and the default interval in seconds. The default
    /// for `ON_DEMAND` is the seed's; the vendor's SDK text says 10.
    const fn intervals(self) -> (i64, i64, i64) {
        match self {
            Self::Periodic => (3, 360, 60),
            Self::OnDemand => (1, 10, 3),
        }
    }
}

fn mode(profile: &Tree) -> Option<DpdProbeMode> {
    match profile.get("dpd_probe_mode") {
        Tree::Null => Some(DpdProbeMode::Periodic),
        mode => mode.text().and_then(DpdProbeMode::parse),
    }
}

fn default_interval(profile: &Tree) -> Tree {
    mode(profile).map_or(Tree::Unknown, |mode| mode.intervals().2.into())
}

fn interval_fits_mode(profile: &Facts<'_>) -> Vec<Problem> {
    let (Some(mode), Some(interval)) = (mode(profile.record), profile.int("dpd_probe_interval")) else {
        return Vec::new();
    };
    let (min, max, _) = mode.intervals();
    if (min..=max).contains(&interval) {
        return Vec::new();
    }
    vec![refuse(
        "dpd_probe_interval",
        format!("dpd_probe_interval cannot be {interval} with {}", mode.word()),
        format!("With {} it is {min} to {max} seconds.", mode.word()),
    )]
}

/// DPD profiles.
pub static DPD_PROFILE: Kind = Kind {
    name: "dpd_profile",
    title: "DPD profile",
    resource_type: "IPSecVpnDpdProfile",
    places: &[&["infra", "ipsec-vpn-dpd-profiles", "*"]],
    record: &Record {
        doc: "How VPN sessions notice that their peer is dead (dead peer detection, RFC 3706). \
              A change applies to every session that uses the profile, and a profile that a session uses cannot be \
              deleted. A session that names none has the system's `nsx-default-l3vpn-dpd-profile`.",
        fields: &[
            Field::optional(
                "enabled",
                Shape::Bool,
                "Whether peers are probed. Otherwise a dead peer is noticed only when IKE negotiates anew.",
            )
            .or(Default::Bool(true)),
            Field::optional("dpd_probe_mode", Shape::Enum(&DpdProbeMode::WORDS), "When a peer is probed.")
                .or(Default::Text("PERIODIC")),
            Field::optional(
                "dpd_probe_interval",
                Shape::Int(1, 360),
                "Seconds between probes (`PERIODIC`, 3 to 360), or without traffic from the peer before it is probed \
                 (`ON_DEMAND`, 1 to 10).",
            )
            .or(Default::Derived(default_interval, "60 with `PERIODIC`, 3 with `ON_DEMAND`")),
            Field::optional(
                "retry_count",
                Shape::Int(1, 100),
                "How often an unanswered probe is repeated before the peer is declared dead.",
            )
            .or(Default::Int(10)),
        ],
        rules: &[interval_fits_mode],
    },
    default_parent: None,
};
