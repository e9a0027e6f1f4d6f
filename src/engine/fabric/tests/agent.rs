//! Requests to the agent: who may what, and what is refused.

use serde_json::{Value as Json, json};

use super::lab::{Lab, caller, fields, leaves_and_spines};
use crate::engine::Moment;
use crate::engine::fabric::agent::{Fault, PENDING};
use crate::model::{FLOW_TRACE, TUNNEL_TRACE};

const START: i64 = 1_442_515_200_000;

fn flow(port: u16) -> Json {
    json!({ "src": "10.0.0.1", "dst": "10.0.0.2", "proto": "tcp", "sport": port, "dport": 9000 })
}

fn start(lab: &Lab, parameters: &Json, originator: Option<&str>, now: i64) -> Result<(), Fault> {
    lab.engine.start_collection(&FLOW_TRACE, fields(parameters), originator, &caller(now))
}

#[test]
fn a_collection_is_its_originators_alone() {
    let lab = leaves_and_spines(START);
    start(&lab, &flow(1), Some("ann"), START).unwrap();
    let later = START + 1_000;
    for other in [None, Some("bob")] {
        assert!(matches!(start(&lab, &flow(1), other, later), Err(Fault::Unauthorized(_))));
        let data = lab.engine.collected(&FLOW_TRACE, &fields(&flow(1)), other, Moment(later));
        assert!(matches!(data, Err(Fault::Unauthorized(_))));
        let stop = lab.engine.stop_collection(&FLOW_TRACE, &fields(&flow(1)), other, Moment(later));
        assert!(matches!(stop, Err(Fault::Unauthorized(_))));
        assert!(lab.engine.collections(&FLOW_TRACE, other, Moment(later)).unwrap().is_empty());
    }
    let own = lab.engine.collections(&FLOW_TRACE, Some("ann"), Moment(later)).unwrap();
    assert_eq!(own, [json!(["10.0.0.2", "10.0.0.1", "tcp", 1, 9000])]);
    lab.engine.collected(&FLOW_TRACE, &fields(&flow(1)), Some("ann"), Moment(later)).unwrap();
    lab.engine.stop_collection(&FLOW_TRACE, &fields(&flow(1)), Some("ann"), Moment(later)).unwrap();
}

#[test]
fn what_is_not_there_is_said_to_be() {
    let lab = leaves_and_spines(START);
    let stop = lab.engine.stop_collection(&FLOW_TRACE, &fields(&flow(1)), None, Moment(START));
    assert!(matches!(stop, Err(Fault::NoSuchFlow(_))));
    assert!(matches!(lab.data(&flow(1), START), Err(Fault::NoSuchFlow(_))));
}

#[test]
fn a_request_is_refused_while_an_earlier_one_is_served() {
    let lab = leaves_and_spines(START);
    start(&lab, &flow(1), None, START).unwrap();
    assert!(matches!(start(&lab, &flow(1), None, START + PENDING - 1), Err(Fault::Again(_))));
    start(&lab, &flow(1), None, START + PENDING).unwrap();
    let stopped = START + 1_000;
    lab.engine.stop_collection(&FLOW_TRACE, &fields(&flow(1)), None, Moment(stopped)).unwrap();
    assert!(matches!(start(&lab, &flow(1), None, stopped + PENDING - 1), Err(Fault::Again(_))));
    start(&lab, &flow(1), None, stopped + PENDING).unwrap();
}

#[test]
fn starting_again_changes_what_is_given_and_keeps_the_rest() {
    let lab = leaves_and_spines(START);
    let with = |more: Json| {
        let mut parameters = fields(&flow(1));
        parameters.extend(fields(&more));
        Json::Object(parameters)
    };
    start(&lab, &with(json!({ "nhops": 2, "sfreq": 10 })), None, START).unwrap();
    start(&lab, &with(json!({ "sfreq": 5 })), None, START + 1_000).unwrap();
    assert_eq!(lab.path(&flow(1), START + 2_000).len(), 2);
    let data = lab.data(&flow(1), START + 6_500).unwrap();
    // By the new frequency, from the change on.
    assert!((data["Time"].as_f64().unwrap() - 1_442_515_206.0).abs() < 1e-3, "{data}");
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let lab = leaves_and_spines(START);
    for (more, why) in [
        (json!({ "dst": "10.0.0.1" }), "dst is the same as src"),
        (json!({ "mirror_type": "ERSPAN" }), "mirror_dir is missing"),
        (json!({ "mirror_analyzer": "10.0.0.2" }), "cannot be used without mirror_type"),
        (json!({ "sfreq": 0 }), "sfreq"),
        (json!({ "dst": "2001:db8::1" }), "no IPv4 address"),
    ] {
        let mut parameters = fields(&flow(1));
        parameters.extend(fields(&more));
        let refused = start(&lab, &Json::Object(parameters), None, START).unwrap_err();
        assert!(matches!(&refused, Fault::Fail(text) if text.contains(why)), "{refused}");
    }
    let refused = start(&lab, &json!({ "src": "10.0.0.1" }), None, START).unwrap_err();
    assert_eq!(refused.to_string(), "dst is missing");
}

fn tunnel(port: u16, application: &str) -> Json {
    json!({
        "src": "10.0.0.1", "dst": "10.0.0.2", "sport": port, "vnid": 5, "appsrc": application, "appdst": "10.1.2.5",
        "appsmac": "9c:8e:99:12:88:2e", "appdmac": "44:1e:a1:02:25:c0",
    })
}

#[test]
fn a_tunnel_is_named_by_part_of_what_tells_it_apart() {
    let lab = leaves_and_spines(START);
    lab.start(&tunnel(4567, "10.1.2.3"), START).unwrap();
    lab.start(&tunnel(4568, "10.1.2.4"), START).unwrap();
    let part = |application: &str| {
        json!({
            "src": "10.0.0.1", "dst": "10.0.0.2", "vnid": 5, "appsrc": application, "appdst": "10.1.2.5",
        })
    };
    let found = lab.data(&part("10.1.2.4"), START + 1_000).unwrap();
    assert_eq!(found["ID"], "('10.0.0.1', '10.0.0.2', 4568, 5)");
    assert!(matches!(lab.data(&part("10.1.2.9"), START + 1_000), Err(Fault::NoSuchFlow(_))));
    lab.start(&tunnel(4569, "10.1.2.4"), START).unwrap();
    assert!(matches!(lab.data(&part("10.1.2.4"), START + 1_000), Err(Fault::Fail(_))));
    let all = lab.engine.collections(&TUNNEL_TRACE, None, Moment(START)).unwrap();
    assert_eq!(all[0], json!(["10.0.0.1", "10.0.0.2", "10.1.2.5", "10.1.2.3", 5, 4567]));
}

/// The samples of `list/flow` in the seed, but for the source port of the VXLAN, which the VTEP
/// makes of the packet.
#[test]
fn flows_of_applications_are_listed() {
    let lab = Lab::new();
    let guest = |address: &str, mac: &str| json!([{ "address": address, "vnid": 200, "mac_address": mac }]);
    lab.device(
        "a",
        &["h", "g"],
        json!({ "hosts": [
        { "address": "10.10.11.11", "interface": "h", "guests": guest("10.0.0.2", "52:54:00:b8:9b:2e") },
        { "address": "10.1.1.1", "interface": "g" },
    ] }),
        START,
    );
    lab.device(
        "b",
        &["h", "g"],
        json!({ "hosts": [
        { "address": "192.168.5.11", "interface": "h", "guests": guest("10.0.0.3", "52:54:00:6e:cc:dc") },
        { "address": "10.1.7.1", "interface": "g" },
    ] }),
        START,
    );
    let send = |name: &str, from: &str, to: &str, protocol: &str, sport: u16, dport: u16, now: i64| {
        lab.flow(name, json!({
            "source": from, "destination": to, "protocol": protocol, "source_port": sport, "destination_port": dport,
        }), now);
    };
    send("ssh", "10.1.1.1", "10.1.7.1", "TCP", 46047, 22, START + 68_272);
    send("a", "10.1.1.1", "10.1.7.1", "TCP", 59011, 9000, START + 82_154);
    send("b", "10.1.1.1", "10.1.7.1", "TCP", 59010, 9000, START + 82_257);
    send("vm", "10.0.0.2", "10.0.0.3", "UDP", 41504, 9000, START + 82_300);
    let flows = lab.engine.application_flows(true, Moment(START + 83_000)).unwrap();
    let port = flows["FLOWS"][1]["PORTS"][0][2].clone();
    assert!((49_152..=65_535).contains(&port.as_u64().unwrap()));
    assert_eq!(
        flows,
        json!({ "FLOWS": [
        { "SIP": "10.1.1.1", "DIP": "10.1.7.1", "PROTO": "TCP", "PORTS": [
            [1_442_515_268.272, 22, 46047], [1_442_515_282.154, 9000, 59011], [1_442_515_282.257, 9000, 59010],
        ] },
        { "SIP": "10.10.11.11", "DIP": "192.168.5.11", "PROTO": "UDP", "PORTS": [[
            1_442_515_282.3, 4789, port, 200, "52:54:0:b8:9b:2e", "52:54:0:6e:cc:dc", "10.0.0.2", "10.0.0.3", "UDP",
            41504, 9000,
        ]] },
    ] })
    );
    // One that has ended is active for a minute more.
    lab.delete("simulated-flows/a", START + 84_000);
    lab.flow("ssh", json!({ "stop_time": "2015-09-17T18:41:25Z" }), START + 84_500);
    let count = |is_active: bool, now: i64| {
        let flows = lab.engine.application_flows(is_active, Moment(now)).unwrap();
        flows["FLOWS"][0]["PORTS"].as_array().unwrap().len()
    };
    assert_eq!(count(true, START + 90_000), 2);
    assert_eq!(count(true, START + 200_000), 1);
    assert_eq!(count(false, START + 200_000), 2);
}

#[test]
fn a_collection_has_the_id_that_its_flow_makes() {
    let lab = leaves_and_spines(START);
    lab.put("flow-traces/10.0.0.1,10.0.0.2,tcp,1,9000", flow(1), START);
    let refused = lab.try_put("flow-traces/mine", flow(1), START).unwrap_err().to_string();
    assert!(refused.contains("10.0.0.1,10.0.0.2,tcp,1,9000"), "{refused}");
}

#[test]
fn links_end_at_interfaces_and_hosts_are_in_one_place() {
    let lab = leaves_and_spines(START);
    let link = |interface: &str| {
        json!({ "ends": [
        { "device_path": "/infra/simulated-devices/l1", "interface": interface },
        { "device_path": "/infra/simulated-devices/s3", "interface": "l1" },
    ] })
    };
    lab.device("s3", &["l1"], json!({}), START);
    for (interface, why) in [("x", "no interface x"), ("h", "10.0.0.1 is attached"), ("s1", "ends there already")] {
        let refused = lab.try_put("simulated-links/new", link(interface), START).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    let device = json!({
        "serial_number": "n", "interfaces": [{ "name": "h" }], "hosts": [{ "address": "10.0.0.1", "interface": "h" }],
    });
    let refused = lab.try_put("simulated-devices/new", device, START).unwrap_err().to_string();
    assert!(refused.contains("10.0.0.1 is already attached"), "{refused}");
    // An interface that a link ends at stays.
    let refused = lab.try_put("simulated-devices/s1", json!({ "interfaces": [{ "name": "l1" }] }), START);
    assert!(refused.unwrap_err().to_string().contains("no interface l2"));
}
