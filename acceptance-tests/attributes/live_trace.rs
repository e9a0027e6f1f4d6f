//! The attributes and blocks of live traces. The filter of the way there and those of the ways back
//! have the same ones, and so have the actions.

use serde_json::{Value as Json, json};

use super::{Attribute, attribute, cases, valued};
use crate::samples;

const KIND: &str = "live_trace";
const SOURCE: &str = "src_port_path = vpn_segment_port.a.path\n";
const ACTIONS: &str = "actions {\ncounter_config {\ntrace_type = \"UNI_DIRECTIONAL\"\n}\n}\n";
const WAY_BACK: &str = "trace_type = \"BI_DIRECTIONAL\"\ndest_port_path = vpn_segment_port.b.path\n";
const PORTS: &str = "/infra/tier-1s/cgw/segments/home/ports";
const SESSIONS: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions";

/// An action.
struct Action {
    name: &'static str,
    /// How packets are sampled, if the action does.
    sampling: Option<i64>,
}

const EACH: [Action; 4] = [
    Action { name: "trace_config", sampling: Some(50) },
    Action { name: "counter_config", sampling: None },
    Action { name: "pktcap_config", sampling: Some(500) },
    Action { name: "datapath_stats_config", sampling: Some(65_535) },
];

/// What the API has and no action takes.
pub const REFUSED: [&str; 10] = [
    "actions.trace_config.sampling.sampling_rate",
    "actions.trace_config.sampling.sampling_interval",
    "actions.counter_config.sampling",
    "actions.counter_config.sampling.match_number",
    "actions.counter_config.sampling.sampling_rate",
    "actions.counter_config.sampling.sampling_interval",
    "actions.pktcap_config.sampling.sampling_rate",
    "actions.pktcap_config.sampling.sampling_interval",
    "actions.datapath_stats_config.sampling.sampling_rate",
    "actions.datapath_stats_config.sampling.sampling_interval",
];

impl Action {
    /// The block, with `inner` in it.
    fn block(&self, inner: &str) -> String {
        format!("{} {{\n{inner}\n}}\n", self.name)
    }

    /// How it samples, as HCL.
    fn sampled(&self) -> String {
        self.sampling.map(|most| format!("sampling {{\nmatch_number = {most}\n}}\n")).unwrap_or_default()
    }

    /// What the API holds of it with these fields besides.
    fn held(&self, mut fields: Json) -> Json {
        if let Some(most) = self.sampling {
            fields["sampling"] = json!({ "match_number": most });
        }
        fields
    }

    fn cases(&self) -> Vec<Attribute> {
        let name = |inner: &str| format!("actions.{}{inner}", self.name);
        let at = |inner: &str| format!("/actions/{}{inner}", self.name);
        let around = |inner: &str| format!("{SOURCE}actions {{\n{}}}\n", self.block(inner));
        let sampled = self.sampled();
        let uni = self.block(&format!("trace_type = \"UNI_DIRECTIONAL\"\n{sampled}"));
        let both = self.block(&format!("{WAY_BACK}{sampled}"));
        let back = |id: &str| json!({ "trace_type": "BI_DIRECTIONAL", "dest_port_path": format!("{PORTS}/{id}") });
        let mut all = vec![
            attribute(
                KIND,
                name(""),
                [uni, both],
                at(""),
                json!([self.held(json!({ "trace_type": "UNI_DIRECTIONAL" })), self.held(back("b"))]),
            )
            .within(format!("{SOURCE}actions {{\nIT\n}}\n")),
            attribute(
                KIND,
                name(".trace_type"),
                ["trace_type = \"UNI_DIRECTIONAL\"", WAY_BACK],
                at("/trace_type"),
                json!(["UNI_DIRECTIONAL", "BI_DIRECTIONAL"]),
            )
            .within(around(&format!("IT\n{sampled}"))),
            valued(
                KIND,
                name(".dest_port_path"),
                ["vpn_segment_port.b.path", "vpn_segment_port.c.path"],
                at("/dest_port_path"),
                json!([format!("{PORTS}/b"), format!("{PORTS}/c")]),
            )
            .within(around(&format!("trace_type = \"BI_DIRECTIONAL\"\nIT\n{sampled}"))),
        ];
        let tunnel = around(&format!("trace_type = \"BI_DIRECTIONAL\"\nIT\n{sampled}"));
        all.extend(tunnel_of(&name(".dest_ipsec_vpn_config"), &at("/dest_ipsec_vpn_config"), &tunnel));
        let filter = around(&format!("{WAY_BACK}{sampled}IT"));
        all.extend(filter_of(&name(".reverse_filter"), &at("/reverse_filter"), &filter));
        if let Some(most) = self.sampling {
            let sampling = format!("sampling {{\nmatch_number = {most}\n}}");
            all.push(
                attribute(
                    KIND,
                    name(".sampling"),
                    ["sampling {\nmatch_number = 1\n}", &sampling],
                    at("/sampling"),
                    json!([{ "match_number": 1 }, { "match_number": most }]),
                )
                .within(around("trace_type = \"UNI_DIRECTIONAL\"\nIT")),
            );
            all.push(
                valued(
                    KIND,
                    name(".sampling.match_number"),
                    ["1", &most.to_string()],
                    at("/sampling/match_number"),
                    json!([1, most]),
                )
                .within(around("trace_type = \"UNI_DIRECTIONAL\"\nsampling {\nIT\n}")),
            );
        }
        all
    }
}

/// The block `name` with the path of a session, which the API has at `at`.
fn tunnel_of(name: &str, at: &str, around: &str) -> [Attribute; 2] {
    let block = name.rsplit('.').next().unwrap();
    let sessions = ["vpn_route_based_session.one.path", "vpn_route_based_session.two.path"];
    let paths = ["one", "two"].map(|id| format!("{SESSIONS}/{id}"));
    [
        attribute(
            KIND,
            name,
            sessions.map(|session| format!("{block} {{\nsession_path = {session}\n}}")),
            at,
            json!([{ "session_path": paths[0] }, { "session_path": paths[1] }]),
        )
        .within(around),
        valued(KIND, format!("{name}.session_path"), sessions, format!("{at}/session_path"), json!(paths))
            .within(around.replace("IT", &format!("{block} {{\nIT\n}}"))),
    ]
}

/// The filter `name`, which the API has at `at`. Each within is what stands around it in its block.
fn filter_of(name: &str, at: &str, around: &str) -> Vec<Attribute> {
    const TEXT: &str = "basic_filter = \"proto tcp\"";
    const WITH_PORTS: &str = "transport_info {\nprotocol = \"UDP\"\nIT\n}";
    let block = name.rsplit('.').next().unwrap();
    let within = |inner: &str| around.replace("IT", &format!("{block} {{\n{inner}\n}}"));
    let is = |inner: &str, given: [&str; 2], held: Json, inside: &str| {
        let (name, at) = (format!("{name}.{inner}"), format!("{at}/{}", inner.replace('.', "/")));
        attribute(KIND, name, given, at, held).within(within(inside))
    };
    let of = |inner: &str, values: [&str; 2], held: Json, inside: &str| {
        let own = inner.rsplit('.').next().unwrap();
        is(inner, values.map(|value| format!("{own} = {value}")).each_ref().map(String::as_str), held, inside)
    };
    let mut all = vec![
        attribute(
            KIND,
            name,
            [
                format!("{block} {{\nnetwork_info {{\nsrc_ip = \"10.0.0.0/8\"\n}}\n}}"),
                format!("{block} {{\n{TEXT}\n}}"),
            ],
            at,
            json!([
                { "resource_type": "FieldsFilterData", "network_info": { "src_ip": "10.0.0.0/8" } },
                { "resource_type": "PlainFilterData", "basic_filter": "proto tcp" },
                null
            ]),
        )
        .within(around),
        is(
            "resource_type",
            ["resource_type = \"FieldsFilterData\"", &format!("resource_type = \"PlainFilterData\"\n{TEXT}")],
            json!(["FieldsFilterData", "PlainFilterData", "FieldsFilterData"]),
            "IT",
        ),
        of("basic_filter", ["\"proto tcp\"", "\"src 10.0.0.0/8\""], json!(["proto tcp", "src 10.0.0.0/8", null]), "IT"),
        of("extend_filter", ["\"tcp or udp\"", "\"not tcp\""], json!(["tcp or udp", "not tcp", null]), "IT"),
        is(
            "transport_info",
            ["transport_info {\nprotocol = \"TCP\"\n}", "transport_info {\nprotocol = \"UDP\"\ndst_port = 53\n}"],
            json!([{ "protocol": "TCP" }, { "protocol": "UDP", "dst_port": 53 }, null]),
            "IT",
        ),
        of(
            "transport_info.protocol",
            ["\"ICMPv4\"", "\"ICMPv6\""],
            json!(["ICMPv4", "ICMPv6", null]),
            "transport_info {\nIT\n}",
        ),
        of("transport_info.src_port", ["0", "65535"], json!([0, 65_535, null]), WITH_PORTS),
        of("transport_info.dst_port", ["0", "65535"], json!([0, 65_535, null]), WITH_PORTS),
        of(
            "transport_info.spi",
            ["1", "4294967295"],
            json!([1, 4_294_967_295_u32, null]),
            "transport_info {\nprotocol = \"ESP\"\nIT\n}",
        ),
    ];
    for info in ["network_info", "ip_info"] {
        all.push(is(
            info,
            [&format!("{info} {{\nsrc_ip = \"10.0.0.0/8\"\n}}"), &format!("{info} {{\ndst_ip = \"2001:db8::1\"\n}}")],
            json!([{ "src_ip": "10.0.0.0/8" }, { "dst_ip": "2001:db8::1" }, null]),
            "IT",
        ));
        let inside = |other: &str| format!("{info} {{\n{other} = \"192.0.2.1\"\nIT\n}}");
        for (end, other) in [("src_ip", "dst_ip"), ("dst_ip", "src_ip")] {
            let inner = format!("{info}.{end}");
            let held = json!(["10.0.0.0/8", "10.0.0.1", null]);
            all.push(of(&inner, ["\"10.0.0.0/8\"", "\"10.0.0.1\""], held, &inside(other)));
        }
    }
    all
}

/// What there is besides actions.
fn own() -> Vec<Attribute> {
    let needs = format!("{SOURCE}{ACTIONS}IT");
    let actions = [
        "trace_config {\ntrace_type = \"UNI_DIRECTIONAL\"\nsampling {\nmatch_number = 1\n}\n}",
        "counter_config {\ntrace_type = \"UNI_DIRECTIONAL\"\n}",
    ];
    let mut all = vec![
        valued(
            KIND,
            "src_port_path",
            ["vpn_segment_port.a.path", "vpn_segment_port.b.path"],
            "/src_port_path",
            json!([format!("{PORTS}/a"), format!("{PORTS}/b")]),
        )
        .within(format!("{ACTIONS}IT")),
        valued(KIND, "timeout", ["5", "600"], "/timeout", json!([5, 600, 10])).within(needs.as_str()),
        attribute(
            KIND,
            "actions",
            actions.map(|action| format!("actions {{\n{action}\n}}")),
            "/actions",
            json!([
                { "trace_config": { "trace_type": "UNI_DIRECTIONAL", "sampling": { "match_number": 1 } } },
                { "counter_config": { "trace_type": "UNI_DIRECTIONAL" } }
            ]),
        )
        .within(format!("{SOURCE}IT")),
    ];
    all.extend(tunnel_of("ipsec_vpn_config", "/ipsec_vpn_config", &format!("{ACTIONS}IT")));
    all.extend(filter_of("filter", "/filter", &needs));
    all.into_iter().chain(EACH.iter().flat_map(Action::cases)).map(Attribute::replaces).collect()
}

/// All of them.
pub fn all() -> Vec<Attribute> {
    let needs = format!("{SOURCE}{ACTIONS}timeout = 5\nIT");
    let mut all = vec![
        valued(KIND, "is_transient", ["true", "false"], "/is_transient", json!([true, false, false])),
        // Only Terraform has it.
        valued(KIND, "wait_for_completion", ["false", "true"], "/wait_for_completion", json!([null, null, null])),
    ];
    all.extend(cases::common(KIND));
    let changing = all.into_iter().map(|case| {
        let around = needs.replace("IT", &case.around);
        case.within(around)
    });
    changing.chain(own()).collect()
}

/// Ports and tunnels to look at.
pub fn world() -> String {
    let port = |id: &str| {
        format!("resource \"vpn_segment_port\" \"{id}\" {{\nid = \"{id}\"\nsegment_path = vpn_segment.home.path\n}}\n")
    };
    let session = |(number, id): (usize, &str)| {
        samples::apart(&samples::resource("route_based_session", id, &format!("id = \"{id}\"")), number)
    };
    let sessions: String = ["one", "two"].into_iter().enumerate().map(session).collect();
    samples::HOME.to_owned() + &["a", "b", "c"].map(port).concat() + &sessions
}

/// A live trace with one of [`REFUSED`] in it.
pub fn refused(name: &str) -> String {
    let parts: Vec<_> = name.split('.').collect();
    let given = match parts[..] {
        [.., "sampling"] => "sampling {\nmatch_number = 1\n}".to_owned(),
        [.., attribute] => format!("sampling {{\n{attribute} = 1\n}}"),
        [] => String::new(),
    };
    let body = format!("actions {{\n{} {{\ntrace_type = \"UNI_DIRECTIONAL\"\n{given}\n}}\n}}", parts[1]);
    format!("{}resource \"vpn_live_trace\" \"x\" {{\n{SOURCE}{body}\n}}\n", world())
}
