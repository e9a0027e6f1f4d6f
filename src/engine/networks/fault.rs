//! Why Neutron refuses a network, a subnet or a port: the exceptions of neutron-lib, with
//! their texts.

use std::net::IpAddr;

/// Why Neutron refuses a network, a subnet or a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// There is no such network, or the caller cannot see it.
    #[error("Network {0} could not be found.")]
    NetworkNotFound(String),
    /// There is no such subnet, or the caller cannot see it.
    #[error("Subnet {0} could not be found.")]
    SubnetNotFound(String),
    /// There is no such object whose tags are meant, or the caller cannot see it.
    #[error("Resource {resource} {id} could not be found.")]
    TagResourceNotFound {
        /// The collection it would be in: `networks`.
        resource: &'static str,
        /// Its id.
        id: String,
    },
    /// The object has no such tag.
    #[error("Tag {0} could not be found.")]
    TagNotFound(String),
    /// The network has ports.
    #[error("Unable to complete operation on network {0}. There are one or more ports still in use on the network.")]
    NetworkInUse(String),
    /// Ports have addresses of the subnet.
    #[error("Unable to complete operation on subnet {0}: One or more ports have an IP allocation from this subnet.")]
    SubnetInUse(String),
    /// A value does not go together with others.
    #[error("Invalid input for operation: {0}.")]
    Invalid(String),
    /// The address is in no subnet of the network.
    #[error("IP address {0} is not a valid IP for any of the subnets on the specified network.")]
    InvalidIpForNetwork(IpAddr),
    /// The address is not that of a host of the subnet.
    #[error("IP address {0} is not a valid IP for the specified subnet.")]
    InvalidIpForSubnet(IpAddr),
    /// A port, or the gateway, has the address.
    #[error("IP address {ip} already allocated in subnet {subnet}")]
    IpAddressAlreadyAllocated {
        /// The address.
        ip: IpAddr,
        /// The UUID of the subnet.
        subnet: String,
    },
    /// All addresses are in use.
    #[error("No more IP addresses available on network {0}.")]
    IpAddressGenerationFailure(String),
    /// A port of the network has the MAC address.
    #[error("Unable to complete operation for network {network}. The mac address {mac} is in use.")]
    MacAddressInUse {
        /// The UUID of the network.
        network: String,
        /// The MAC address.
        mac: String,
    },
    /// The object is not at the revision that the request wants it to be at (`If-Match`).
    #[error("Constrained to {expected}, but current revision is {current}")]
    RevisionNumberConstraintFailed {
        /// The revision that is wanted.
        expected: i64,
        /// The revision that it is at.
        current: i64,
    },
    /// The subnet has more name servers than there may be.
    #[error("Unable to complete operation for {subnet}. The number of DNS nameservers exceeds the limit {limit}.")]
    DnsNameServersExhausted {
        /// The subnet's UUID, or what Neutron says of one that is not there yet.
        subnet: String,
        /// How many there may be.
        limit: usize,
    },
    /// The end of a pool lies before its start.
    #[error("The allocation pool {0} is not valid.")]
    InvalidAllocationPool(String),
    /// A pool leaves the subnet.
    #[error("The allocation pool {pool} spans beyond the subnet cidr {cidr}.")]
    OutOfBoundsAllocationPool {
        /// The pool.
        pool: String,
        /// The subnet.
        cidr: String,
    },
    /// Two pools have addresses in common.
    #[error("Found overlapping allocation pools: {one} {other} for subnet {cidr}.")]
    OverlappingAllocationPools {
        /// The first pool.
        one: String,
        /// The other one.
        other: String,
        /// The subnet.
        cidr: String,
    },
    /// A pool holds the gateway's address.
    #[error("Gateway ip {gateway} conflicts with allocation pool {pool}.")]
    GatewayConflictWithAllocationPools {
        /// The gateway's address.
        gateway: IpAddr,
        /// The pool.
        pool: String,
    },
}

impl NetworkFault {
    /// The name of the exception, which is the `type` of the answer.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NetworkNotFound(_) => "NetworkNotFound",
            Self::SubnetNotFound(_) => "SubnetNotFound",
            Self::TagResourceNotFound { .. } => "TagResourceNotFound",
            Self::TagNotFound(_) => "TagNotFound",
            Self::NetworkInUse(_) => "NetworkInUse",
            Self::SubnetInUse(_) => "SubnetInUse",
            Self::Invalid(_) => "InvalidInput",
            Self::InvalidIpForNetwork(_) => "InvalidIpForNetwork",
            Self::InvalidIpForSubnet(_) => "InvalidIpForSubnet",
            Self::IpAddressAlreadyAllocated { .. } => "IpAddressAlreadyAllocated",
            Self::IpAddressGenerationFailure(_) => "IpAddressGenerationFailure",
            Self::MacAddressInUse { .. } => "MacAddressInUse",
            Self::RevisionNumberConstraintFailed { .. } => "RevisionNumberConstraintFailed",
            Self::DnsNameServersExhausted { .. } => "DNSNameServersExhausted",
            Self::InvalidAllocationPool(_) => "InvalidAllocationPool",
            Self::OutOfBoundsAllocationPool { .. } => "OutOfBoundsAllocationPool",
            Self::OverlappingAllocationPools { .. } => "OverlappingAllocationPools",
            Self::GatewayConflictWithAllocationPools { .. } => "GatewayConflictWithAllocationPools",
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NetworkNotFound(_)
            | Self::SubnetNotFound(_)
            | Self::TagResourceNotFound { .. }
            | Self::TagNotFound(_) => 404,
            Self::Invalid(_)
            | Self::InvalidIpForNetwork(_)
            | Self::InvalidIpForSubnet(_)
            | Self::DnsNameServersExhausted { .. }
            | Self::InvalidAllocationPool(_)
            | Self::OutOfBoundsAllocationPool { .. } => 400,
            Self::RevisionNumberConstraintFailed { .. } => 412,
            Self::NetworkInUse(_)
            | Self::SubnetInUse(_)
            | Self::IpAddressAlreadyAllocated { .. }
            | Self::IpAddressGenerationFailure(_)
            | Self::MacAddressInUse { .. }
            | Self::OverlappingAllocationPools { .. }
            | Self::GatewayConflictWithAllocationPools { .. } => 409,
        }
    }
}
