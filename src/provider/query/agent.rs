//! From the answers of a compute agent to those of data sources.

use serde_json::{Map, Value as Json, json};

use crate::model::result::statistics;

/// A number times `scale`, rounded.
fn scaled(number: &Json, scale: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "moments and spans are small")]
    number.as_f64().map_or(Json::Null, |number| json!((number * scale).round() as i64))
}

fn interfaces(list: &Json) -> Json {
    let one = |interface: &Json| {
        let mut fields = Map::from_iter([("name".to_owned(), interface["IFLName"].clone())]);
        let counter = |api: &str| interface["IFLStats"].get(api).cloned().unwrap_or_else(|| json!(0));
        fields.extend(statistics().map(|(name, api)| (name.to_owned(), counter(api))));
        Json::Object(fields)
    };
    list.as_array().into_iter().flatten().map(one).collect()
}

fn hop(hop: &Json) -> Json {
    let egress = &hop["EgressIFLAttribute"];
    let ecmp = if egress["L3Ecmp"].is_object() { &egress["L3Ecmp"] } else { egress };
    let lag = |lag: &Json| {
        json!({
            "name": lag["AE_IFL_NAME"],
            "num_buckets": lag["NumBuckets"],
            "interfaces": interfaces(&lag["IFLList"]),
        })
    };
    let lags: Vec<Json> = ecmp["L2EcmpList"].as_array().into_iter().flatten().map(lag).collect();
    let single = ecmp["IFLList"].as_array().map_or(0, Vec::len);
    let stamp = &hop["TIMESTAMP"];
    let microseconds = stamp["TimeStamp"].as_i64().zip(stamp["TimeStamp_usec"].as_i64());
    json!({
        "hop": hop["HOP"],
        "device_name": hop["DevName"],
        "device_serial_id": hop["DevSerialID"],
        "cpu_utilization": scaled(&hop["DevCPUUtil"], 1.0),
        "memory_utilization": scaled(&hop["DevMEMUtil"], 1.0),
        "latency": scaled(&hop["Latency"], 1e6),
        "timestamp": microseconds.map(|(seconds, rest)| seconds * 1_000_000 + rest),
        "timestamp_type": stamp["Type"],
        "bandwidth_counter": hop["Bandwidth_Counter"],
        "bandwidth_id": hop["Bandwidth_ID"],
        "ingress_interfaces": interfaces(&hop["IngressIFLAttribute"]["IFLList"]),
        "egress_interfaces": interfaces(&ecmp["IFLList"]),
        "num_buckets": ecmp.get("NumBuckets").cloned().unwrap_or_else(|| json!(single)),
        "egress_lags": lags,
    })
}

/// The path that `data/flow` and `data/tunnel` answer.
pub(super) fn path(document: &Json) -> Json {
    let hops: Vec<Json> = document["Path"].as_array().into_iter().flatten().map(hop).collect();
    json!({ "flow_id": document["ID"], "time": scaled(&document["Time"], 1e3), "hops": hops })
}

/// The flows that `list/flow` answers.
pub(super) fn listed(document: &Json) -> Json {
    let mut flows = Vec::new();
    for flow in document["FLOWS"].as_array().into_iter().flatten() {
        for ports in flow["PORTS"].as_array().into_iter().flatten() {
            flows.push(json!({
                "source": flow["SIP"],
                "destination": flow["DIP"],
                "protocol": flow["PROTO"],
                "timestamp": scaled(&ports[0], 1e3),
                "destination_port": ports[1],
                "source_port": ports[2],
                "vnid": ports[3],
                "vm_source_mac": ports[4],
                "vm_destination_mac": ports[5],
                "vm_source": ports[6],
                "vm_destination": ports[7],
                "vm_protocol": ports[8],
                "vm_source_port": ports[9],
                "vm_destination_port": ports[10],
            }));
        }
    }
    json!({ "flows": flows })
}

/// What `active/flow` and `active/tunnel` answer, one beside the other.
pub(super) fn active(document: &Json) -> Json {
    let each = |name: &str| document[name].as_array().cloned().unwrap_or_default().into_iter();
    let flows = each("flows").map(|it| {
        json!({
            "destination": it[0], "source": it[1], "protocol": it[2], "source_port": it[3], "destination_port": it[4],
        })
    });
    let tunnels = each("tunnels").map(|it| {
        json!({
            "source": it[0],
            "destination": it[1],
            "application_destination": it[2],
            "application_source": it[3],
            "vnid": it[4],
            "source_port": it[5],
        })
    });
    json!({ "flows": flows.collect::<Vec<_>>(), "tunnels": tunnels.collect::<Vec<_>>() })
}
