//! What became of a live trace (seed 000; nsx-fields.md part C).

use super::{COUNT, Field, Record, Shape, TEXT, told};
use crate::model::enumeration::words;
use crate::model::field::Default;

words! {
    /// How far a live trace is.
    pub enum OperationState {
        /// Packets are being looked at.
        InProgress = "IN_PROGRESS",
        /// It has ended, and looked at as many packets as it was to.
        Finished = "FINISHED",
        /// Its time is over, and an action looked at fewer packets than it was to.
        PartialFinished = "PARTIAL_FINISHED",
        /// It could not begin: its filter cannot be read.
        Canceled = "CANCELED",
        /// What it looked at was changed: the port or the session is gone, or out of operation.
        Invalidated = "INVALIDATED",
        /// Its time is over, and an action that was to look at packets saw none.
        Timeout = "TIMEOUT",
    }
}

words! {
    /// What became of the request to begin.
    pub enum RequestStatus {
        /// It began.
        SuccessDelivered = "SUCCESS_DELIVERED",
        /// The port it was to look at is not in operation.
        LcpFailure = "LCP_FAILURE",
        /// The filter cannot be read.
        InvalidFilter = "INVALID_FILTER",
        /// The tunnel it was to look at is not in operation.
        DatapathFailure = "DATAPATH_FAILURE",
        /// No answer came in time. A live NSX tells so; the engine answers at once.
        Timeout = "TIMEOUT",
        /// Parts of a host could not reach each other. A live NSX tells so; the engine has no such parts.
        ConnectionError = "CONNECTION_ERROR",
        /// It is not known. A live NSX tells so.
        Unknown = "UNKNOWN",
    }
}

words! {
    /// Why a live trace was invalidated.
    pub enum InvalidationReason {
        /// The port or the session is gone, or out of operation.
        PortDisconnect = "PORT_DISCONNECT",
        /// The data plane is gone. A live NSX tells so; a gateway of the engine cannot go while it has ports or sessions.
        DpDestroy = "DP_DESTROY",
        /// It is not known. A live NSX tells so.
        Unknown = "UNKNOWN",
        /// A capture could not be written. A live NSX tells so; the engine writes it when it is downloaded.
        PcapIoFailure = "PCAP_IO_FAILURE",
        /// The mode of the data path changed. A live NSX tells so; the engine has one mode.
        DpModeChange = "DP_MODE_CHANGE",
    }
}

pub(super) static LIVE_TRACE_INPUT: Record = Record {
    doc: "",
    fields: &[
        Field::required("live_trace_path", Shape::Path(&["live_trace"]), "The path of the live trace."),
        Field::optional(
            "wait_seconds",
            Shape::Int(0, 3_600),
            "How many seconds to wait at most for the live trace to end. What it has seen by then is the answer.",
        )
        .or(Default::Int(0)),
    ],
    rules: &[],
};

static INVALID: Record = Record {
    doc: "A filter that cannot be read.",
    fields: &[told("reason", TEXT, "Why it cannot be read.")],
    rules: &[],
};

static COUNTERS: Record = Record {
    doc: "How many observations there are of each type.",
    fields: &[
        told("received_count", COUNT, "That the packet was received."),
        told("delivered_count", COUNT, "That it was delivered."),
        told("dropped_count", COUNT, "That it was dropped."),
        told("forwarded_count", COUNT, "That it was forwarded."),
    ],
    rules: &[],
};

static TUNNEL: Record = Record {
    doc: "The tunnel it went into or came out of.",
    fields: &[
        told("local_ip", TEXT, "The gateway's end."),
        told("remote_ip", TEXT, "The peer's end."),
        told("inner_src_ip", TEXT, "Where the packet in it comes from."),
        told("inner_dst_ip", TEXT, "Where it goes to."),
        told("spi", COUNT, "The security parameters index. The engine has none."),
        told("vti_id", TEXT, "The UUID of the tunnel interface of a route-based session."),
        told("policy_id", TEXT, "The UUID of the rule of a policy-based session."),
        told("session_id", TEXT, "The UUID of the session."),
    ],
    rules: &[],
};

static OBSERVATION: Record = Record {
    doc: "What a component on the way said of the packet.",
    fields: &[
        told(
            "resource_type",
            TEXT,
            "What happened: `PolicyTraceflowObservationReceived`, `…Forwarded`, `…Delivered`, `…ReceivedLogical`, `…ForwardedLogical` or `…DroppedLogical`.",
        ),
        told("sequence_no", COUNT, "How many nodes the packet had entered before, from 0."),
        told("transport_node_id", TEXT, "The UUID of the node."),
        told("transport_node_name", TEXT, "Its name."),
        told("transport_node_type", TEXT, "What sort of node it is, such as `ESX` or `EDGE`."),
        told("timestamp", COUNT, "When, in milliseconds since 1970."),
        told("timestamp_micro", COUNT, "The same in microseconds."),
        told(
            "component_type",
            TEXT,
            "The component: `LS` is a segment, `LR` a gateway, `IPSEC` the VPN, `PHYSICAL` an uplink.",
        ),
        told("component_sub_type", TEXT, "More of it: `LR_TIER1`, `LR_TIER0` or `EDGE_UPLINK`."),
        told("component_name", TEXT, "Its name."),
        told("component_id", TEXT, "Its UUID."),
        told("src_component_type", TEXT, "The component it was received from."),
        told("src_component_id", TEXT, "The UUID of that."),
        told("src_component_name", TEXT, "The name of that."),
        told("dst_component_type", TEXT, "The component it was forwarded to."),
        told("dst_component_id", TEXT, "The UUID of that."),
        told("dst_component_name", TEXT, "The name of that."),
        told("lport_id", TEXT, "The UUID of the segment port."),
        told("lport_name", TEXT, "Its name."),
        told("segment_port_path", TEXT, "Its path."),
        told("interface_path", TEXT, "The path of the tunnel interface."),
        told("route_prefix", TEXT, "The route by which it was forwarded."),
        told("next_hop", TEXT, "The next hop of that route."),
        told("reason", TEXT, "Why it was dropped, in the API's words."),
        told("ipsec_fail_reason", TEXT, "Why it was dropped, where that is about a tunnel."),
        told("local_ip_address", TEXT, "The gateway's end of the tunnel, at an uplink."),
        told("remote_ip_address", TEXT, "The peer's end of the tunnel, at an uplink."),
        told("uplink_name", TEXT, "The uplink."),
        told("ipsec_vpn", Shape::Record(&TUNNEL), "The tunnel it went into or came out of."),
    ],
    rules: &[],
};

static TRACED: Record = Record {
    doc: "A packet that was traced.",
    fields: &[
        told("packet_id", TEXT, "Tells it from the other packets."),
        told("direction", TEXT, "`FORWARD` if it entered at the source, `BACKWARD` if at the destination."),
        told("analysis", Shape::List(&TEXT, 0, usize::MAX), "What became of it, in words."),
        told("result_overflowed", Shape::Bool, "Whether there were more observations than are shown."),
        told("counters", Shape::Record(&COUNTERS), "How many observations there are of nodes."),
        told("logical_counters", Shape::Record(&COUNTERS), "How many there are of components."),
        told(
            "observations",
            Shape::Records(&OBSERVATION, 0, usize::MAX),
            "What the components on the way said, in order.",
        ),
    ],
    rules: &[],
};

static CHECKPOINT: Record = Record {
    doc: "A checkpoint of a port.",
    fields: &[
        told(
            "checkpoint_type",
            TEXT,
            "`PORT_INPUT`, `PORT_OUTPUT`, `UPLINK_INPUT` or `UPLINK_OUTPUT`, as the packets pass.",
        ),
        told("count", COUNT, "How many packets passed it."),
    ],
    rules: &[],
};

static CHECKPOINTS: Record = Record {
    doc: "The checkpoints of a port.",
    fields: &[
        told(
            "ens_checkpoints_result",
            Shape::Records(&CHECKPOINT, 0, usize::MAX),
            "On the fast path. The engine has none.",
        ),
        told("non_ens_checkpoints_result", Shape::Records(&CHECKPOINT, 0, usize::MAX), "On the other one."),
    ],
    rules: &[],
};

static COUNTED: Record = Record {
    doc: "The packets that were counted at a port.",
    fields: &[
        told("logical_port_path", TEXT, "The path of the port, or of the tunnel interface."),
        told("port_id", TEXT, "Its UUID."),
        told("port_name", TEXT, "Its name, where it has no UUID: that of an uplink."),
        told("transport_node_id", TEXT, "The UUID of the node."),
        told("checkpoints", Shape::Record(&CHECKPOINTS), "Its checkpoints."),
    ],
    rules: &[],
};

static COUNTS: Record = Record {
    doc: "The packets that were counted.",
    fields: &[
        told("forward_results", Shape::Records(&COUNTED, 0, usize::MAX), "Those that entered at the source."),
        told("backward_results", Shape::Records(&COUNTED, 0, usize::MAX), "Those that entered at the destination."),
    ],
    rules: &[],
};

static FILE: Record = Record {
    doc: "A capture file.",
    fields: &[
        told("port_id", TEXT, "The UUID of the port at which it was captured."),
        told(
            "pktcap_file_download_url",
            TEXT,
            "Where it can be downloaded. On the engine that is an address of `serve`; without one, `terraform-provider-vpn \
             capture --live-trace` writes the file.",
        ),
    ],
    rules: &[],
};

static CAPTURED: Record = Record {
    doc: "The packets that were captured at a node.",
    fields: &[
        told("transport_node_id", TEXT, "The UUID of the node."),
        told("transport_node_type", TEXT, "What sort of node it is."),
        told("pktcap_resource_list", Shape::Records(&FILE, 0, usize::MAX), "The files."),
    ],
    rules: &[],
};

static MODULE_COUNTER: Record = Record {
    doc: "A counter.",
    fields: &[told("counter_name", TEXT, "Its name."), told("counter_value", COUNT, "Its value.")],
    rules: &[],
};

static MODULE: Record = Record {
    doc: "A module of the data path.",
    fields: &[
        told("module_name", TEXT, "Its name."),
        told("module_counters", Shape::Records(&MODULE_COUNTER, 0, usize::MAX), "Its counters."),
    ],
    rules: &[],
};

static NODE: Record = Record {
    doc: "A node.",
    fields: &[
        told("transport_node_id", TEXT, "Its UUID."),
        told("transport_node_name", TEXT, "Its name."),
        told("datapath_counter_results", Shape::Records(&MODULE, 0, usize::MAX), "The modules of its data path."),
    ],
    rules: &[],
};

static MEASURED: Record = Record {
    doc: "What modules of the data path did with packets of one direction.",
    fields: &[
        told("direction", TEXT, "`FORWARD` or `REVERSE`."),
        told("transport_node_datapath_stats", Shape::Records(&NODE, 0, usize::MAX), "Node by node."),
    ],
    rules: &[],
};

/// What became of a live trace.
pub(super) static LIVE_TRACE_RESULT: Record = Record {
    doc: "How a live trace is, and what it has seen.",
    fields: &[
        told("operation_state", Shape::Enum(&OperationState::WORDS), "How far it is."),
        told("request_status", Shape::Enum(&RequestStatus::WORDS), "What became of the request to begin."),
        told(
            "invalidation_reason",
            Shape::Enum(&InvalidationReason::WORDS),
            "Why it was invalidated; empty if it was not.",
        ),
        told("filter_invalid_info", Shape::Records(&INVALID, 0, usize::MAX), "Filters that cannot be read."),
        told(
            "trace_results",
            Shape::Records(&TRACED, 0, usize::MAX),
            "The packets that were traced, in the order in which they entered.",
        ),
        told("counter_results", Shape::Record(&COUNTS), "The packets that were counted. Null if none were to be."),
        told("pktcap_results", Shape::Records(&CAPTURED, 0, usize::MAX), "The packets that were captured, as files."),
        told("datapath_stats_results", Shape::Records(&MEASURED, 0, usize::MAX), "What modules of the data path did."),
    ],
    rules: &[],
};
