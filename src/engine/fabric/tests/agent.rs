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
fn a_tunnel_is_its_originators_alone() {
    let lab = leaves_and_spines(START);
    let given = fields(&tunnel(4567, "10.1.2.3"));
    lab.engine.start_collection(&TUNNEL_TRACE, given.clone(), Some("ann"), &caller(START)).unwrap();
    let mut part = given.clone();
    part.remove("sport");
    let later = Moment(START + 1_000);
    for other in [None, Some("bob")] {
        let start = lab.engine.start_collection(&TUNNEL_TRACE, given.clone(), other, &caller(later.0));
        assert!(matches!(start, Err(Fault::Unauthorized(_))));
        for given in [&given, &part] {
            let data = lab.engine.collected(&TUNNEL_TRACE, given, other, later);
            assert!(matches!(data, Err(Fault::Unauthorized(_))));
        }
        assert!(lab.engine.collections(&TUNNEL_TRACE, other, later).unwrap().is_empty());
        let stop = lab.engine.stop_collection(&TUNNEL_TRACE, &given, other, later);
        assert!(matches!(stop, Err(Fault::Unauthorized(_))));
    }
    lab.engine.collected(&TUNNEL_TRACE, &part, Some("ann"), later).unwrap();
    // Who has one like it reads that.
    let mut own = fields(&tunnel(4568, "10.1.2.3"));
    lab.engine.start_collection(&TUNNEL_TRACE, own.clone(), Some("bob"), &caller(START)).unwrap();
    let found = lab.engine.collected(&TUNNEL_TRACE, &part, Some("bob"), later).unwrap();
    assert_eq!(found["ID"], "('10.0.0.1', '10.0.0.2', 4568, 5)");
    own.remove("sport");
    assert_eq!(
        lab.engine.collected(&TUNNEL_TRACE, &own, Some("ann"), later).unwrap()["ID"],
        "('10.0.0.1', '10.0.0.2', 4567, 5)"
    );
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

#[test]
fn a_flow_that_has_ended_is_active_for_a_minute_more() {
    let lab = leaves_and_spines(START);
    for (name, port) in [("stays", 22), ("goes", 23), ("stops", 24)] {
        lab.flow(
            name,
            json!({
                "source": "10.0.0.1", "destination": "10.0.0.2", "protocol": "TCP", "source_port": port,
                "destination_port": 9000,
            }),
            START + 80_000,
        );
    }
    lab.delete("simulated-flows/goes", START + 84_000);
    lab.flow("stops", json!({ "stop_time": "2015-09-17T18:41:25Z" }), START + 84_500);
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
