//! Gateways and their locale services: what the other objects lie below. They
//! exist from the start.

use super::field::{Field, Record, Shape};
use super::kind::Kind;

/// The gateway between the SDDC and the outside.
pub static TIER_0: Kind = Kind {
    name: "tier_0",
    title: "tier-0 gateway",
    resource_type: "Tier0",
    pattern: &["infra", "tier-0s", "*"],
    record: &Record { doc: "A tier-0 gateway.", fields: &[], rules: &[] },
    default_parent: None,
};

/// A gateway between segments and the tier-0.
pub static TIER_1: Kind = Kind {
    name: "tier_1",
    title: "tier-1 gateway",
    resource_type: "Tier1",
    pattern: &["infra", "tier-1s", "*"],
    record: &Record {
        doc: "A tier-1 gateway.",
        fields: &[Field::optional("tier0_path", Shape::Path(&["tier_0"]), "The tier-0 gateway it is connected to.")],
        rules: &[],
    },
    default_parent: None,
};

/// Where a tier-0 gateway's services run.
pub static LOCALE_SERVICE: Kind = Kind {
    name: "locale_service",
    title: "locale service",
    resource_type: "LocaleServices",
    pattern: &["infra", "tier-0s", "*", "locale-services", "*"],
    record: &Record { doc: "A locale service of a tier-0 gateway.", fields: &[], rules: &[] },
    default_parent: None,
};
