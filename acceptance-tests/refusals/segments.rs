//! Segments and their ports.

use super::{Wrong, wrong};

/// What a look at the configuration alone refuses of them.
pub const ALL: &[Wrong] = &[
    // Segments and ports.
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.0/24\" # !\n}",
        "192.168.1.0 is the network address",
        "host",
    ),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.255/24\" # !\n}",
        "192.168.1.255 is the broadcast address",
        "host",
    ),
    wrong("segment", "subnet {\ngateway_address = \"192.168.1.1\" # !\n}", "has no prefix length", "192.168.1.1/24"),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.1/24\"\ndhcp_ranges = [\"192.168.2.10-192.168.2.20\"] # !\n}",
        "does not lie in 192.168.1.0/24",
        "subnet",
    ),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.1/24\"\ndhcp_ranges = [\"192.168.1.20-192.168.1.10\"] # !\n}",
        "The range \"192.168.1.20-192.168.1.10\" runs backwards",
        "192.168.1.10-192.168.1.20",
    ),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.1/24\"\ndhcp_ranges = [\"192.168.1.20-2001:db8::1\"] # !\n}",
        "is not an address or a range",
        "first-last",
    ),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.1/24\"\n}\nsubnet {\ngateway_address = \"192.168.1.129/25\" # !\n}",
        "overlaps 192.168.1.0/24",
        "network of its own",
    ),
    wrong("segment", "connectivity_path = \"/infra/tier-0s/vmc\" # !", "\"/infra/tier-0s/vmc\"", "/infra/tier-1s/ID"),
    wrong("segment", "type = \"routed\" # !", "\"routed\" is not a value of type", "did you mean ROUTED?"),
    wrong(
        "segment_port",
        "address_binding {\nmac_address = \"00:50:56:ab:cd\" # !\n}",
        "is not a MAC address",
        "00:50:56",
    ),
    wrong("segment_port", "address_binding {\nvlan_id = 4095 # !\n}", "vlan_id cannot be 4095", "0 to 4094"),
    wrong(
        "segment_port",
        "address_binding {\nip_address = \"192.168.1.10/24\" # !\n}",
        "is not an IP address",
        "Leave out the prefix length",
    ),
    wrong("segment_port", "-segment_path", "segment_path", "required"),
    wrong("segment_port", "segment_path = \"/infra/tier-1s/cgw\" # !", "\"/infra/tier-1s/cgw\"", "segments/ID"),
];
