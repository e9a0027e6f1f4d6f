//! VPN services: what sessions and endpoints lie below.

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::{Kind, below_locale_services};
use super::policy_based_session::BYPASS_RULE;

words! {
    /// How much IKE logs.
    pub enum IkeLogLevel {
        /// Everything.
        Debug = "DEBUG",
        /// What happens.
        Info = "INFO",
        /// What is odd.
        Warn = "WARN",
        /// What fails.
        Error = "ERROR",
        /// What stops the service.
        Emergency = "EMERGENCY",
    }
}

/// VPN services.
pub static VPN_SERVICE: Kind = Kind {
    name: "vpn_service",
    title: "VPN service",
    resource_type: "IPSecVpnService",
    places: below_locale_services!("ipsec-vpn-services", "*"),
    record: &Record {
        doc: "The VPN service of a gateway.",
        fields: &[
            Field::optional("enabled", Shape::Bool, "Whether the service runs.").or(Default::Bool(true)),
            Field::optional("ha_sync", Shape::Bool, "Whether the standby edge is kept in step.")
                .or(Default::Bool(true)),
            Field::optional("ike_log_level", Shape::Enum(&IkeLogLevel::WORDS), "How much IKE logs.")
                .or(Default::Text("INFO")),
            Field::optional(
                "bypass_rules",
                Shape::RecordSet(&BYPASS_RULE, "id", 0, usize::MAX),
                "Traffic that no policy-based session may take.",
            )
            .singular("bypass_rule"),
        ],
        rules: &[],
    },
    default_parent: Some(super::system::LOCALE_SERVICE),
};
