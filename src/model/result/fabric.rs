//! What compute agents tell: the flows of applications, what is collected, and what probes
//! have found on a path (seed 004).

use super::super::field::Default;
use super::{COUNT, Field, Record, Shape, TEXT, told};

const ANY: usize = usize::MAX;

pub(super) static FLOW_PATH_INPUT: Record = Record {
    doc: "",
    fields: &[
        Field::required(
            "trace_path",
            Shape::Path(&["flow_trace", "tunnel_trace"]),
            "The path of the flow trace or tunnel trace.",
        ),
        Field::optional(
            "wait_seconds",
            Shape::Int(0, 3_600),
            "How many seconds to wait for the end of the first probe run.",
        )
        .or(Default::Int(10)),
    ],
    rules: &[],
};

/// The counters of an interface, by their names in the API, and what they count.
const STATISTICS: [(&str, &str, &str); 18] = [
    ("tx_pkts", "TX_PKTS", "Packets sent."),
    ("rx_pkts", "RX_PKTS", "Packets received."),
    ("tx_ucpkts", "TX_UCPKTS", "Unicast packets sent."),
    ("rx_ucpkts", "RX_UCPKTS", "Unicast packets received."),
    ("tx_bcpkts", "TX_BCPKTS", "Broadcast packets sent."),
    ("rx_bcpkts", "RX_BCPKTS", "Broadcast packets received."),
    ("tx_mcpkts", "TX_MCPKTS", "Multicast packets sent."),
    ("rx_mcpkts", "RX_MCPKTS", "Multicast packets received."),
    ("tx_pps", "TX_PPS", "Packets sent in a second."),
    ("rx_pps", "RX_PPS", "Packets received in a second."),
    ("tx_crcerror", "TX_CRCERROR", "CRC errors while sending."),
    ("rx_crcerror", "RX_CRCERROR", "CRC errors while receiving."),
    ("tx_droppkt", "TX_DROPPKT", "Packets dropped in the queues to it."),
    ("rx_droppkt", "RX_DROPPKT", "Packets dropped after it."),
    ("tx_bytes", "TX_BYTES", "Bytes sent."),
    ("rx_bytes", "RX_BYTES", "Bytes received."),
    ("tx_bw", "TX_BW", "Bytes sent in a second."),
    ("rx_bw", "RX_BW", "Bytes received in a second."),
];

/// The names of the counters here, and in the API.
pub fn statistics() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATISTICS.into_iter().map(|(name, api, _)| (name, api))
}

const INTERFACE_FIELDS: [Field; 19] = {
    let mut fields = [told("name", TEXT, "Its name."); 19];
    let mut position = 0;
    while position < STATISTICS.len() {
        let (name, _, doc) = STATISTICS[position];
        fields[position + 1] = told(name, COUNT, doc);
        position += 1;
    }
    fields
};

static INTERFACE: Record =
    Record { doc: "An interface, and what it has counted.", fields: &INTERFACE_FIELDS, rules: &[] };

static LAG: Record = Record {
    doc: "An aggregated interface.",
    fields: &[
        told("name", TEXT, "Its name."),
        told("num_buckets", COUNT, "How many members flows are spread over."),
        told("interfaces", Shape::Records(&INTERFACE, 0, ANY), "Its members."),
    ],
    rules: &[],
};

static HOP: Record = Record {
    doc: "A device on the path.",
    fields: &[
        told("hop", COUNT, "Its position on the path, from 1."),
        told("device_name", TEXT, "Its name."),
        told("device_serial_id", TEXT, "Its serial number."),
        told("cpu_utilization", COUNT, "The load of its processor in percent."),
        told("memory_utilization", COUNT, "How much of its memory is in use, in percent."),
        told("latency", COUNT, "Microseconds until it had answered."),
        told("timestamp", COUNT, "When the probe was there by the device's clock, in microseconds since 1970."),
        told("timestamp_type", TEXT, "Which clock that is: `PTP`, `LCPU` or `NTP`."),
        told(
            "bandwidth_counter",
            COUNT,
            "Packets of the flow that its filter has counted. Unset without `bw_ingress`.",
        ),
        told("bandwidth_id", COUNT, "The number of the filter: another one has begun to count anew."),
        told("ingress_interfaces", Shape::Records(&INTERFACE, 0, ANY), "Where the flow arrives."),
        told("egress_interfaces", Shape::Records(&INTERFACE, 0, ANY), "The next hops that are single interfaces."),
        told("egress_lags", Shape::Records(&LAG, 0, ANY), "The next hops that are aggregated interfaces."),
        told("num_buckets", COUNT, "How many next hops flows are spread over; 1 where there is one."),
    ],
    rules: &[],
};

pub(super) static FLOW_PATH: Record = Record {
    doc: "What the last probe run along the path of a flow or a tunnel has found, hop by hop. Hops that did not answer are \
          left out.",
    fields: &[
        told("flow_id", TEXT, "What tells the collection from others, as the agent has it."),
        told("time", COUNT, "When the run began, in milliseconds since 1970; 0 while none has ended."),
        told("hops", Shape::Records(&HOP, 0, ANY), "The devices, in the order of the path."),
    ],
    rules: &[],
};

pub(super) static APPLICATION_FLOWS_INPUT: Record = Record {
    doc: "",
    fields: &[Field::optional(
        "active",
        Shape::Bool,
        "Whether only flows are wanted that have sent something in the last 60 seconds.",
    )
    .or(Default::Bool(false))],
    rules: &[],
};

static APPLICATION_FLOW: Record = Record {
    doc: "A flow of an application.",
    fields: &[
        told("source", TEXT, "The source address; of a tunnel, that of the VTEP."),
        told("destination", TEXT, "The destination address; of a tunnel, that of the VTEP."),
        told("protocol", TEXT, "`TCP` or `UDP`."),
        told("source_port", COUNT, "The source port."),
        told("destination_port", COUNT, "The destination port."),
        told("timestamp", COUNT, "When it was found, in milliseconds since 1970."),
        told("vnid", COUNT, "The VXLAN network identifier; unset for a flow that is in no tunnel, as what follows."),
        told("vm_source_mac", TEXT, "The MAC address of the virtual machine at the source."),
        told("vm_destination_mac", TEXT, "The MAC address of the virtual machine at the destination."),
        told("vm_source", TEXT, "The address of the virtual machine at the source."),
        told("vm_destination", TEXT, "The address of the virtual machine at the destination."),
        told("vm_protocol", TEXT, "The protocol between the virtual machines."),
        told("vm_source_port", COUNT, "Its source port."),
        told("vm_destination_port", COUNT, "Its destination port."),
    ],
    rules: &[],
};

pub(super) static APPLICATION_FLOWS: Record = Record {
    doc: "The flows of applications that a compute agent has found on its host, which can be traced. The embedded engine \
          has an agent on each host of the fabric.",
    fields: &[told("flows", Shape::Records(&APPLICATION_FLOW, 0, ANY), "The flows.")],
    rules: &[],
};

pub(super) static ACTIVE_FLOWS_INPUT: Record = Record {
    doc: "",
    fields: &[Field::optional(
        "originator",
        Shape::Text(1, 255),
        "Whose collections are wanted. Unset, those without an originator; with a block `compute_agent`, those of its `originator`.",
    )],
    rules: &[],
};

static ACTIVE_FLOW: Record = Record {
    doc: "A flow that is collected.",
    fields: &[
        told("source", TEXT, "The source address."),
        told("destination", TEXT, "The destination address."),
        told("protocol", TEXT, "`tcp` or `udp`."),
        told("source_port", COUNT, "The source port."),
        told("destination_port", COUNT, "The destination port."),
    ],
    rules: &[],
};

static ACTIVE_TUNNEL: Record = Record {
    doc: "A tunnel that is collected.",
    fields: &[
        told("source", TEXT, "The address of the VTEP at the source."),
        told("destination", TEXT, "The address of the VTEP at the destination."),
        told("application_source", TEXT, "The address of the application behind the source."),
        told("application_destination", TEXT, "The address of the application behind the destination."),
        told("vnid", COUNT, "The VXLAN network identifier."),
        told("source_port", COUNT, "The source port of the outer UDP header."),
    ],
    rules: &[],
};

pub(super) static ACTIVE_FLOWS: Record = Record {
    doc: "What a compute agent collects for an originator.",
    fields: &[
        told("flows", Shape::Records(&ACTIVE_FLOW, 0, ANY), "The flows."),
        told("tunnels", Shape::Records(&ACTIVE_TUNNEL, 0, ANY), "The tunnels."),
    ],
    rules: &[],
};
