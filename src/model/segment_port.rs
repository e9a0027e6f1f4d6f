//! Ports of segments: where a workload is plugged in. A port is the Neutron port
//! with its `unique_id` as well.

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::segment::AdminState;

words! {
    /// What is plugged in.
    pub enum AttachmentType {
        /// A workload that carries others, told apart by VLAN.
        Parent = "PARENT",
        /// A workload behind a parent.
        Child = "CHILD",
        /// A workload of a host that NSX does not manage.
        Independent = "INDEPENDENT",
        /// A workload on a bare-metal host.
        Static = "STATIC",
    }
}

words! {
    /// Which addresses are allocated for a port.
    pub enum AllocateAddresses {
        /// An IP address from a pool.
        IpPool = "IP_POOL",
        /// A MAC address from a pool.
        MacPool = "MAC_POOL",
        /// Both from pools.
        Both = "BOTH",
        /// By DHCP.
        Dhcp = "DHCP",
        /// By DHCPv6.
        Dhcpv6 = "DHCPV6",
        /// By stateless autoconfiguration.
        Slaac = "SLAAC",
        /// None.
        None = "NONE",
    }
}

words! {
    /// The state of a port when it is created.
    pub enum InitState {
        /// VLANs pass unblocked.
        UnblockedVlan = "UNBLOCKED_VLAN",
        /// The workload's attachment is restored.
        RestoreVif = "RESTORE_VIF",
    }
}

static ADDRESS_BINDING: Record = Record {
    doc: "An address of the workload.",
    fields: &[
        Field::optional("ip_address", Shape::Address, "The IPv4 or IPv6 address of the workload."),
        Field::optional("mac_address", Shape::Mac, "The MAC address of the workload, such as `00:50:56:00:00:0a`."),
        Field::optional("vlan_id", Shape::Int(0, 4_094), "The VLAN of the workload's traffic."),
    ],
    rules: &[],
};

static ATTACHMENT: Record = Record {
    doc: "What is plugged into the port.",
    fields: &[
        Field::optional("id", Shape::Text(1, 255), "The identifier of the workload's interface (VIF)."),
        Field::optional("type", Shape::Enum(&AttachmentType::WORDS), "What is plugged in."),
        Field::optional(
            "allocate_addresses",
            Shape::Enum(&AllocateAddresses::WORDS),
            "Which addresses are allocated for the port.",
        ),
        Field::optional("app_id", Shape::Text(1, 255), "Tells a child from the other children of its parent."),
        Field::optional(
            "context_id",
            Shape::Text(1, 255),
            "The parent's VIF or port path for a child, the transport node otherwise.",
        ),
        Field::optional("traffic_tag", Shape::Int(0, 4_094), "The VLAN that tells a child's traffic."),
    ],
    rules: &[],
};

/// Segment ports.
pub static SEGMENT_PORT: Kind = Kind {
    name: "segment_port",
    title: "segment port",
    resource_type: "SegmentPort",
    places: &[&["infra", "tier-1s", "*", "segments", "*", "ports", "*"], &["infra", "segments", "*", "ports", "*"]],
    record: &Record {
        doc: "A port of a segment: where a workload is plugged in.",
        fields: &[
            Field::optional(
                "address_bindings",
                Shape::Records(&ADDRESS_BINDING, 0, 512),
                "The addresses of the workload.",
            )
            .singular("address_binding"),
            Field::optional("admin_state", Shape::Enum(&AdminState::WORDS), "Whether the port is in operation.")
                .or(Default::Text("UP")),
            Field::optional("attachment", Shape::Record(&ATTACHMENT), "What is plugged into the port."),
            Field::optional("init_state", Shape::Enum(&InitState::WORDS), "The state of the port when it is created."),
        ],
        rules: &[],
    },
    default_parent: None,
};
