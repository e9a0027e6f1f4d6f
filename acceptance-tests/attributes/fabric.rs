//! The attributes and blocks of simulated devices and links, and of what compute agents collect.

use serde_json::{Value as Json, json};

use super::{Attribute, attribute, cases, valued};

const DEVICE: &str = "simulated_device";
const LINK: &str = "simulated_link";
const FLOW: &str = "flow_trace";
const TUNNEL: &str = "tunnel_trace";

/// What a block of the kind needs, each entry beginning with its name. `NUM` is a number that no other
/// case has.
fn needs(kind: &str) -> &'static [&'static str] {
    match kind {
        DEVICE => &["serial_number = \"S-NUM\"", "interface {\nname = \"a\"\n}"],
        LINK => &["end {\ndevice_path = vpn_simulated_device.one.path\ninterface = \"x-NUM\"\n}\n\
             end {\ndevice_path = vpn_simulated_device.two.path\ninterface = \"x-NUM\"\n}"],
        FLOW => &["src = \"10.7.NUM.1\"", "dst = \"10.8.NUM.1\""],
        _ => &[
            "src = \"10.7.NUM.2\"",
            "dst = \"10.8.NUM.2\"",
            "sport = 5000",
            "vnid = 200",
            "appsrc = \"10.9.0.1\"",
            "appdst = \"10.9.0.2\"",
            "appsmac = \"52:54:00:00:00:01\"",
            "appdmac = \"52:54:00:00:00:02\"",
        ],
    }
}

fn device() -> Vec<Attribute> {
    const A: &str = "interface {\nname = \"a\"\n}\n";
    const B: &str = "interface {\nname = \"b\"\n}\n";
    const HOST: &str = "host {\naddress = \"10.200.NUM.1\"\ninterface = \"a\"\nIT\n}";
    let of = |name, values, at, held| valued(DEVICE, name, values, at, held);
    let block = |name, given: [&str; 2], at, held| attribute(DEVICE, name, given, at, held);
    let ports_and = |around: &str| format!("{A}{B}{around}");
    let interface = |around: &str| format!("interface {{\nname = \"a\"\n{around}\n}}");
    let lag = |needs: &str| ports_and(&format!("lag {{\n{needs}\nIT\n}}"));
    let group = |needs: &str| ports_and(&format!("ecmp_group {{\n{needs}\nIT\n}}"));
    let guest = |needs: &str| ports_and(&HOST.replace("IT", &format!("guest {{\n{needs}\nIT\n}}")));
    let host_held = |number: u8| json!({ "address": format!("10.200.NUM.{number}"), "interface": "a", "speed": 10_000, "latency": 5, "up": true });
    let guest_held = |number: u8| json!({ "address": format!("10.9.NUM.{number}"), "vnid": number, "mac_address": "52:54:00:00:00:01" });
    let guest_given = |number: u8| {
        format!("guest {{\naddress = \"10.9.NUM.{number}\"\nvnid = {number}\nmac_address = \"52:54:00:00:00:01\"\n}}")
    };
    let none = |names: &[&str]| -> Json { names.iter().map(|name| ((*name).to_owned(), json!(0))).collect() };
    let with = |zeros: &Json, name: &str, value: i64| {
        let mut held = zeros.clone();
        held[name] = json!(value);
        held
    };
    let counters = none(&COUNTERS);
    let background = none(&RATES);
    let (one_host, other_host) = (HOST.replace("IT", ""), HOST.replace(".1\"", ".2\"").replace("IT", ""));
    let guests = [guest_given(1), guest_given(2)];
    let mut all = vec![
        of("serial_number", ["\"TA-1\"", "\"TA-2\""], "/serial_number", json!(["TA-1", "TA-2"])),
        of("cpu_utilization", ["5", "100"], "/cpu_utilization", json!([5, 100, 0])),
        of("memory_utilization", ["5", "100"], "/memory_utilization", json!([5, 100, 0])),
        of("timestamp_type", ["\"PTP\"", "\"LCPU\""], "/timestamp_type", json!(["PTP", "LCPU", "NTP"])),
        of("clock_offset", ["-86400000", "7"], "/clock_offset", json!([-86_400_000, 7, 0])),
        of("response_time", ["0", "60000000"], "/response_time", json!([0, 60_000_000, 500])),
        of("answered_probes", ["0", "99"], "/answered_probes", json!([0, 99, 100])),
        block("interface", [A, &format!("{B}{A}")], "/interfaces", json!([[{ "name": "a" }], [{ "name": "b" }, { "name": "a" }]])),
        of("interface.name", ["\"a\"", "\"b\""], "/interfaces/0/name", json!(["a", "b"])).within("interface {\nIT\n}"),
        block("interface.counters", ["counters {\ntx_bytes = 9\n}", "counters {\n}"], "/interfaces/0/counters", json!([with(&counters, "tx_bytes", 9), counters, null])).within(interface("IT")),
        block("interface.background", ["background {\ntx_bw = 9\n}", "background {\n}"], "/interfaces/0/background", json!([with(&background, "tx_bw", 9), background, null])).within(interface("IT")),
        block("lag", ["lag {\nname = \"ae0\"\nmembers = [\"a\"]\n}", "lag {\nname = \"ae1\"\nmembers = [\"b\", \"a\"]\n}"], "/lags", json!([[{ "name": "ae0", "members": ["a"] }], [{ "name": "ae1", "members": ["b", "a"] }], null])).within(ports_and("IT")),
        of("lag.name", ["\"ae0\"", "\"ae1\""], "/lags/0/name", json!(["ae0", "ae1"])).within(lag("members = [\"a\", \"b\"]")),
        of("lag.members", ["[\"a\"]", "[\"b\", \"a\"]"], "/lags/0/members", json!([["a"], ["b", "a"]])).within(lag("name = \"ae0\"")),
        block(
            "ecmp_group",
            ["ecmp_group {\ndestinations = [\"10.1.0.0/16\"]\ninterfaces = [\"a\"]\n}", "ecmp_group {\ndestinations = [\"0.0.0.0/0\"]\ninterfaces = [\"b\", \"a\"]\n}"],
            "/ecmp_groups",
            json!([[{ "destinations": ["10.1.0.0/16"], "interfaces": ["a"] }], [{ "destinations": ["0.0.0.0/0"], "interfaces": ["b", "a"] }], null]),
        )
        .within(ports_and("IT")),
        of("ecmp_group.destinations", ["[\"10.1.0.0/16\"]", "[\"10.3.0.0/16\", \"10.2.0.0/16\"]"], "/ecmp_groups/0/destinations", json!([["10.1.0.0/16"], ["10.2.0.0/16", "10.3.0.0/16"]])).within(group("interfaces = [\"a\"]")),
        of("ecmp_group.interfaces", ["[\"a\"]", "[\"b\", \"a\"]"], "/ecmp_groups/0/interfaces", json!([["a"], ["b", "a"]])).within(group("destinations = [\"10.1.0.0/16\"]")),
        block("host", [&one_host, &format!("{other_host}\n{one_host}")], "/hosts", json!([[host_held(1)], [host_held(2), host_held(1)], null])).within(ports_and("IT")),
        of("host.address", ["\"10.200.NUM.1\"", "\"10.200.NUM.2\""], "/hosts/0/address", json!(["10.200.NUM.1", "10.200.NUM.2"])).within(ports_and("host {\ninterface = \"a\"\nIT\n}")),
        of("host.interface", ["\"a\"", "\"b\""], "/hosts/0/interface", json!(["a", "b"])).within(ports_and("host {\naddress = \"10.200.NUM.1\"\nIT\n}")),
        of("host.speed", ["1", "1600000"], "/hosts/0/speed", json!([1, 1_600_000, 10_000])).within(ports_and(HOST)),
        of("host.latency", ["0", "60000000"], "/hosts/0/latency", json!([0, 60_000_000, 5])).within(ports_and(HOST)),
        of("host.up", ["true", "false"], "/hosts/0/up", json!([true, false, true])).within(ports_and(HOST)),
        block("host.guest", guests.each_ref().map(String::as_str), "/hosts/0/guests", json!([[guest_held(1)], [guest_held(2)], null])).within(ports_and(HOST)),
        of("host.guest.address", ["\"10.9.NUM.1\"", "\"10.9.NUM.2\""], "/hosts/0/guests/0/address", json!(["10.9.NUM.1", "10.9.NUM.2"])).within(guest("vnid = 200\nmac_address = \"52:54:00:00:00:01\"")),
        of("host.guest.vnid", ["1", "16777215"], "/hosts/0/guests/0/vnid", json!([1, 16_777_215])).within(guest("address = \"10.9.NUM.1\"\nmac_address = \"52:54:00:00:00:01\"")),
        of("host.guest.mac_address", ["\"52:54:00:00:00:01\"", "\"52:54:00:b8:9b:2e\""], "/hosts/0/guests/0/mac_address", json!(["52:54:00:00:00:01", "52:54:00:b8:9b:2e"])).within(guest("address = \"10.9.NUM.1\"\nvnid = 200")),
    ];
    for (block, names, most) in
        [("counters", &COUNTERS[..], 9_007_199_254_740_991_i64), ("background", &RATES, 1_000_000_000_000)]
    {
        let around = interface(&format!("{block} {{\nIT\n}}"));
        let each = |name: &&str| {
            let at = format!("/interfaces/0/{block}/{name}");
            let values = ["1", &most.to_string()];
            valued(DEVICE, format!("interface.{block}.{name}"), values, at, json!([1, most, 0])).within(around.as_str())
        };
        all.extend(names.iter().map(each));
    }
    all
}

/// What an interface counts.
const COUNTERS: [&str; 12] = [
    "tx_ucpkts",
    "rx_ucpkts",
    "tx_bcpkts",
    "rx_bcpkts",
    "tx_mcpkts",
    "rx_mcpkts",
    "tx_crcerror",
    "rx_crcerror",
    "tx_droppkt",
    "rx_droppkt",
    "tx_bytes",
    "rx_bytes",
];
/// What passes an interface in a second.
const RATES: [&str; 4] = ["tx_pps", "rx_pps", "tx_bw", "rx_bw"];

fn link() -> Vec<Attribute> {
    let of = |name, values, at, held| valued(LINK, name, values, at, held);
    let end = |device: &str, interface: &str| {
        format!("end {{\ndevice_path = vpn_simulated_device.{device}.path\ninterface = \"{interface}\"\n}}\n")
    };
    let held = |device: &str, interface: &str| json!({ "device_path": format!("/infra/simulated-devices/{device}"), "interface": interface });
    let second = end("two", "x-NUM");
    let ends = [end("one", "x-NUM") + &second, end("three", "y-NUM") + &second];
    vec![
        attribute(
            LINK,
            "end",
            ends.each_ref().map(String::as_str),
            "/ends",
            json!([[held("one", "x-NUM"), held("two", "x-NUM")], [held("three", "y-NUM"), held("two", "x-NUM")]]),
        ),
        of(
            "end.device_path",
            ["vpn_simulated_device.one.path", "vpn_simulated_device.three.path"],
            "/ends/0/device_path",
            json!(["/infra/simulated-devices/one", "/infra/simulated-devices/three"]),
        )
        .within(format!("end {{\ninterface = \"x-NUM\"\nIT\n}}\n{second}")),
        of("end.interface", ["\"x-NUM\"", "\"y-NUM\""], "/ends/0/interface", json!(["x-NUM", "y-NUM"]))
            .within(format!("end {{\ndevice_path = vpn_simulated_device.one.path\nIT\n}}\n{second}")),
        of("speed", ["1", "1600000"], "/speed", json!([1, 1_600_000, 10_000])),
        of("latency", ["0", "60000000"], "/latency", json!([0, 60_000_000, 5])),
        of("up", ["true", "false"], "/up", json!([true, false, true])),
    ]
}

/// What both sorts of collections have.
fn collection(kind: &'static str) -> Vec<Attribute> {
    let of = |name, values, at, held| valued(kind, name, values, at, held);
    // There is one word for either, so that it is there or not.
    let mirror = |name: &str, at: &str, word: &str, also| {
        let given = ["", "mirror_type = \"ERSPAN\"\nmirror_dir = \"ingress\"\nmirror_analyzer = \"10.7.0.9\""];
        attribute(kind, name, given, at, json!([null, word, null])).also(also)
    };
    vec![
        of("sfreq", ["2", "86400"], "/sfreq", json!([2, 86_400, 1])),
        of("nhops", ["1", "254"], "/nhops", json!([1, 254, 255])),
        of("ntry", ["2", "255"], "/ntry", json!([2, 255, 1])),
        of("timeout", ["1", "3600000"], "/timeout", json!([1, 3_600_000, 30_000])),
        of("chksum", ["true", "false"], "/chksum", json!([true, false, true])),
        of("bw_ingress", ["false", "true"], "/bw_ingress", json!([false, true, false])),
        mirror("mirror_type", "/mirror_type", "ERSPAN", &["mirror_dir", "mirror_analyzer"]),
        mirror("mirror_dir", "/mirror_dir", "ingress", &["mirror_type", "mirror_analyzer"]),
        of("mirror_analyzer", ["\"10.7.0.8\"", "\"10.7.0.9\""], "/mirror_analyzer", json!(["10.7.0.8", "10.7.0.9"]))
            .within("mirror_type = \"ERSPAN\"\nmirror_dir = \"ingress\"\nIT"),
        of("originator", ["\"ann\"", "\"bob\""], "/originator", json!(["ann", "bob", null])).replaces(),
    ]
}

fn flow_trace() -> Vec<Attribute> {
    let of = |name, values, at, held| valued(FLOW, name, values, at, held).replaces();
    vec![
        of("src", ["\"10.7.NUM.1\"", "\"10.7.NUM.3\""], "/src", json!(["10.7.NUM.1", "10.7.NUM.3"])),
        of("dst", ["\"10.8.NUM.1\"", "\"10.8.NUM.3\""], "/dst", json!(["10.8.NUM.1", "10.8.NUM.3"])),
        of("proto", ["\"udp\"", "\"tcp\""], "/proto", json!(["udp", "tcp", "udp"])),
        of("sport", ["1", "65535"], "/sport", json!([1, 65_535, 33_434])),
        of("dport", ["1", "65535"], "/dport", json!([1, 65_535, 33_434])),
    ]
}

fn tunnel_trace() -> Vec<Attribute> {
    let of = |name, values, at, held| valued(TUNNEL, name, values, at, held);
    let macs = ["\"52:54:00:00:01:01\"", "\"52:54:00:00:01:02\""];
    vec![
        of("src", ["\"10.7.NUM.2\"", "\"10.7.NUM.4\""], "/src", json!(["10.7.NUM.2", "10.7.NUM.4"])).replaces(),
        of("dst", ["\"10.8.NUM.2\"", "\"10.8.NUM.4\""], "/dst", json!(["10.8.NUM.2", "10.8.NUM.4"])).replaces(),
        of("sport", ["1", "65535"], "/sport", json!([1, 65_535])).replaces(),
        of("vnid", ["1", "16777215"], "/vnid", json!([1, 16_777_215])).replaces(),
        of("appsrc", ["\"10.9.1.1\"", "\"10.9.1.2\""], "/appsrc", json!(["10.9.1.1", "10.9.1.2"])).replaces(),
        of("appdst", ["\"10.9.1.1\"", "\"10.9.1.2\""], "/appdst", json!(["10.9.1.1", "10.9.1.2"])).replaces(),
        of("appsmac", macs, "/appsmac", json!(["52:54:00:00:01:01", "52:54:00:00:01:02"])),
        of("appdmac", macs, "/appdmac", json!(["52:54:00:00:01:01", "52:54:00:00:01:02"])),
        of("dport", ["1", "65535"], "/dport", json!([1, 65_535, null])),
    ]
}

/// What every kind has. The id of a collection is what tells it from the others.
fn common(kind: &'static str) -> Vec<Attribute> {
    let mut all = Vec::from(cases::common(kind));
    let ids = match kind {
        FLOW => ["10.7.NUM.1,10.8.NUM.1,udp,33434,33434", "10.7.NUM.1,10.8.NUM.1,udp,33434,80"],
        TUNNEL => {
            ["10.7.NUM.2,10.8.NUM.2,5000,200,10.9.0.1,10.9.0.2", "10.7.NUM.2,10.8.NUM.2,5001,200,10.9.0.1,10.9.0.2"]
        }
        _ => return all,
    };
    for case in &mut all {
        match case.name.as_str() {
            "id" => {
                let ports =
                    if kind == FLOW { ["dport = 33434", "dport = 80"] } else { ["sport = 5000", "sport = 5001"] };
                case.given = [0, 1].map(|way| format!("id = \"{}\"\n{}", ids[way], ports[way]));
                case.held = ids.map(Json::from);
            }
            "display_name" => case.left_out = Some(ids[0].into()),
            _ => {}
        }
    }
    all
}

/// All of them, each with a number of its own.
pub fn all() -> Vec<Attribute> {
    let shared = |kind| if has_an_id_of_its_own(kind) { collection(kind) } else { Vec::new() };
    let kinds = [(DEVICE, device()), (LINK, link()), (FLOW, flow_trace()), (TUNNEL, tunnel_trace())];
    let each = kinds.into_iter().flat_map(|(kind, own)| common(kind).into_iter().chain(shared(kind)).chain(own));
    each.enumerate().map(|(number, case)| numbered(number, case)).collect()
}

/// The case with what its block needs besides, and with its number.
fn numbered(number: usize, case: Attribute) -> Attribute {
    let own = |text: &str| text.replace("NUM", &number.to_string());
    let json = |held: &Json| serde_json::from_str(&own(&held.to_string())).unwrap();
    let is_given = |entry: &str| {
        let name = entry.split(' ').next();
        case.given[0].lines().chain(case.around.lines()).any(|line| line.split(' ').next() == name)
    };
    let needed: Vec<_> = needs(case.kind).iter().copied().filter(|entry| !is_given(entry)).collect();
    Attribute {
        around: own(&format!("{}\n{}", needed.join("\n"), case.around)),
        given: case.given.each_ref().map(|it| own(it)),
        held: case.held.each_ref().map(json),
        left_out: case.left_out.as_ref().map(json),
        ..case
    }
}

/// Whether an object of `kind` has the id that its flow makes.
pub fn has_an_id_of_its_own(kind: &str) -> bool {
    matches!(kind, FLOW | TUNNEL)
}

/// Devices for the links of all cases.
pub fn world() -> String {
    let interface =
        |number: usize| format!("interface {{\nname = \"x-{number}\"\n}}\ninterface {{\nname = \"y-{number}\"\n}}\n");
    let interfaces: String = (0..all().len()).map(interface).collect();
    let device = |id: &str| {
        format!(
            "resource \"vpn_simulated_device\" \"{id}\" {{\nid = \"{id}\"\nserial_number = \"{id}\"\n{interfaces}}}\n"
        )
    };
    ["one", "two", "three"].map(device).concat()
}
