//! A client that is not Terraform and sends whatever it likes: nothing panics,
//! hangs, or repeats a secret. `HOSTILE_SEED` repeats a run, `HOSTILE_CALLS` makes
//! it longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use terraform_provider_vpn::engine::{Engine, Moment, Reveal};
use terraform_provider_vpn::provider::VpnProvider;
use terraform_provider_vpn::tf_provider::value::to_msgpack;
use terraform_provider_vpn::tf_provider::{Number, Provider, Type, Value};
use tonic::transport::Channel;

use crate::dice::{Dice, number, seed};
use crate::rpc::controller::{Empty, grpc_controller_client::GrpcControllerClient};
use crate::rpc::proto::provider_client::ProviderClient;
use crate::rpc::proto::{self, Diagnostic, DynamicValue};
use crate::rpc::{Served, plain};

/// What the secret attributes hold.
const SECRET: &str = "zqHOSTILEsecret";

/// So many calls are under way at once.
const AT_ONCE: u64 = 32;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

const TEXTS: [&str; 30] = [
    "",
    "a",
    "b",
    " ",
    "..",
    "/",
    "%2e",
    "\0",
    "\u{202e}\u{feff}",
    "ünï\u{6f22}",
    "ANY",
    "IKE_V2",
    "AES_GCM_128",
    "PSK",
    "CERTIFICATE",
    "PERIODIC",
    "10.0.0.0/8",
    "10.1.2.3/8",
    "10.0.0.0/33",
    "::/0",
    "fe80::1%eth0",
    "169.254.100.2",
    "203.0.113.1",
    "65000.1",
    "4294967296",
    "0x10",
    "1e9999999",
    "/infra/tier-0s/vmc",
    "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1",
    "/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile",
];

const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "30",
    "100",
    "3600",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1.5",
    "-0.1",
    "1e300",
    "1e-300",
];

/// A type of values that the provider takes, by its name.
struct Subject {
    name: String,
    ty: Type,
    is_resource: bool,
}

fn subjects() -> Vec<Subject> {
    let provider = VpnProvider::default();
    let resources =
        provider.resources().into_iter().map(|resource| (resource.type_name().to_owned(), resource.schema(), true));
    let sources =
        provider.data_sources().into_iter().map(|source| (source.type_name().to_owned(), source.schema(), false));
    let subject = |(name, schema, is_resource): (String, terraform_provider_vpn::tf_provider::Schema, bool)| Subject {
        name,
        ty: schema.block.ty(),
        is_resource,
    };
    resources.chain(sources).map(subject).collect()
}

/// A value of this type, which fits it and may be any.
fn value(ty: &Type, dice: &mut Dice, may_be_unknown: bool) -> Value {
    if dice.once_in(6) {
        return Value::Null;
    }
    if may_be_unknown && dice.once_in(8) {
        return Value::unknown();
    }
    let elements = |element: &Type, dice: &mut Dice| -> Vec<Value> {
        let count = if dice.once_in(40) { 200 } else { dice.below(4) };
        (0..count).map(|_| value(element, dice, may_be_unknown)).collect()
    };
    match ty {
        Type::Bool => Value::Bool(dice.once_in(2)),
        Type::Number if dice.once_in(30) => Value::Number(Number::INFINITY),
        Type::Number => Value::Number(Number::parse(NUMBERS[dice.index(NUMBERS.len())]).unwrap()),
        Type::String if dice.once_in(60) => Value::from("x".repeat(100_000)),
        Type::String => Value::from(*dice.one(&TEXTS)),
        Type::List(element) => Value::List(elements(element, dice)),
        Type::Set(element) => Value::Set(elements(element, dice).into_iter().collect()),
        Type::Object(attributes) => {
            // Most of what is sent is right but for a value or two, or nothing would
            // get far.
            let is_calm = !dice.once_in(4);
            Value::object(attributes.iter().map(|(name, ty)| {
                let value = match name.as_str() {
                    name if is_calm && !dice.once_in(24) => usual(name, ty, dice),
                    "psk" | "password" if !dice.once_in(4) => Value::from(SECRET.repeat(1 + dice.index(9))),
                    _ => value(ty, dice, may_be_unknown),
                };
                (name.clone(), value)
            }))
        }
        _ => Value::Null,
    }
}

/// What an attribute of this name usually is: what fits, and is of this object
/// alone where it has to be.
fn usual(name: &str, ty: &Type, dice: &mut Dice) -> Value {
    let number = dice.below(200);
    match (name, ty) {
        ("id", _) if number < 20 => "a".into(),
        ("id", _) => format!("h{number}").into(),
        ("psk" | "password", _) => SECRET.repeat(1 + dice.index(2)).into(),
        ("network", _) => "10.0.0.0/8".into(),
        ("neighbor_address", _) => format!("192.0.2.{number}").into(),
        ("remote_as_num", _) => "65001".into(),
        ("address", Type::String) => format!("198.18.0.{number}").into(),
        ("source", Type::String) => "192.168.1.9".into(),
        ("destination", Type::String) => "10.20.0.9".into(),
        ("destination_port", _) => 443.into(),
        ("local_address" | "peer_address" | "peer_id", Type::String) => format!("203.0.113.{number}").into(),
        ("local_endpoint_path", _) => TEXTS[28].into(),
        ("segment_path", _) => "/infra/tier-1s/cgw/segments/a".into(),
        ("ip_addresses", _) => Value::list_of([format!("169.254.{number}.1")]),
        ("prefix_length", _) => 30.into(),
        (
            "prefix" | "rule" | "tunnel_interface" | "ip_subnet" | "bgp" | "route",
            Type::List(element) | Type::Set(element),
        ) => {
            let Type::Object(attributes) = &**element else { return Value::Null };
            let element = Value::object(attributes.iter().map(|(name, ty)| (name.clone(), usual(name, ty, dice))));
            if matches!(ty, Type::Set(_)) { Value::set_of([element]) } else { Value::list_of([element]) }
        }
        (_, Type::List(element)) if matches!(**element, Type::Object(_)) => Value::List(Vec::new()),
        (_, Type::Set(element)) if matches!(**element, Type::Object(_)) => Value::Set(Vec::new().into_iter().collect()),
        _ => Value::Null,
    }
}

/// How a value is sent.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// As it should be.
    Whole,
    /// With some of its bytes changed.
    Spoiled,
}

fn message(ty: &Type, dice: &mut Dice, form: Form, may_be_unknown: bool) -> Option<DynamicValue> {
    let mut msgpack = match dice.below(12) {
        0 => return None,
        1 if form == Form::Spoiled => odd_bytes(dice),
        _ => {
            let mut value = value(ty, dice, may_be_unknown);
            // Blocks that are lists are never null, and all of them mostly there.
            if let (Value::Null | Value::Unknown(_), false) = (&value, dice.once_in(3)) {
                value = self::value(ty, dice, false);
            }
            to_msgpack(&value, ty).unwrap_or_default()
        }
    };
    if form == Form::Spoiled {
        for _ in 0..dice.below(4) {
            spoil(&mut msgpack, dice);
        }
    }
    Some(DynamicValue { msgpack, json: Vec::new() })
}

fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.index(bytes.len());
    match dice.below(4) {
        0 => bytes.truncate(at),
        1 => bytes[at] = dice.below(256) as u8,
        2 => bytes.insert(at, dice.below(256) as u8),
        _ => drop(bytes.remove(at)),
    }
}

/// Bytes that begin like a value and promise more than they hold.
fn odd_bytes(dice: &mut Dice) -> Vec<u8> {
    match dice.below(8) {
        0 => vec![0x91; 200_000],
        1 => vec![0x81; 200_000],
        2 => vec![0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, b'a'],
        3 => vec![0xdd, 0xff, 0xff, 0xff, 0xff],
        4 => vec![0xdb, 0xff, 0xff, 0xff, 0xff, b'a'],
        5 => vec![0xc9, 0xff, 0xff, 0xff, 0xff, 12],
        6 => [&[0xc7, 3, 12][..], &[0x81, 0x01, 0x91]].concat(),
        _ => vec![0xc1],
    }
}

/// A document as a state file might hold it.
fn state_json(ty: &Type, dice: &mut Dice) -> Vec<u8> {
    let value = value(ty, dice, false);
    let json = terraform_provider_vpn::tf_provider::value::to_json(&value, ty);
    let mut bytes = json.map(|json| json.to_string().into_bytes()).unwrap_or_default();
    match dice.below(4) {
        0 => spoil(&mut bytes, dice),
        1 => {
            bytes = ["[".repeat(100_000), "{\"a\":".repeat(100_000), "1".to_owned(), "null".to_owned()][dice.index(4)]
                .clone()
                .into_bytes()
        }
        _ => {}
    }
    bytes
}

/// One call with values of chance; what the provider has to say to it.
async fn call(mut client: ProviderClient<Channel>, subject: &Subject, dice: &mut Dice, form: Form) -> Vec<Diagnostic> {
    let (type_name, ty) = (subject.name.clone(), &subject.ty);
    let value = |dice: &mut Dice| message(ty, dice, form, true);
    // That a state holds nothing unknown, nor what is read, is so sure that no call
    // needs to look.
    let state = |dice: &mut Dice| message(ty, dice, form, false);
    let failed = "the call never arrived";
    if !subject.is_resource {
        return if dice.once_in(3) {
            let config = value(dice);
            let request = proto::validate_data_source_config::Request { type_name, config };
            client.validate_data_source_config(request).await.expect(failed).into_inner().diagnostics
        } else {
            let config = state(dice);
            let request = proto::read_data_source::Request { type_name, config, ..Default::default() };
            client.read_data_source(request).await.expect(failed).into_inner().diagnostics
        };
    }
    match dice.below(7) {
        0 => {
            let config = value(dice);
            let request = proto::validate_resource_type_config::Request { type_name, config, ..Default::default() };
            client.validate_resource_type_config(request).await.expect(failed).into_inner().diagnostics
        }
        1 | 2 => {
            let request = proto::plan_resource_change::Request {
                type_name,
                prior_state: if dice.once_in(2) { None } else { state(dice) },
                proposed_new_state: value(dice),
                config: value(dice),
                ..Default::default()
            };
            client.plan_resource_change(request).await.expect(failed).into_inner().diagnostics
        }
        3 | 4 => {
            let request = proto::apply_resource_change::Request {
                type_name,
                prior_state: if dice.once_in(2) { None } else { state(dice) },
                planned_state: if dice.once_in(4) { None } else { value(dice) },
                config: value(dice),
                planned_private: if dice.once_in(9) { b"[\"junk\"".to_vec() } else { Vec::new() },
                ..Default::default()
            };
            client.apply_resource_change(request).await.expect(failed).into_inner().diagnostics
        }
        5 => {
            let request = proto::read_resource::Request { type_name, current_state: state(dice), ..Default::default() };
            client.read_resource(request).await.expect(failed).into_inner().diagnostics
        }
        _ if dice.once_in(2) => {
            let id = dice.one(&TEXTS).to_string();
            let request = proto::import_resource_state::Request { type_name, id, ..Default::default() };
            client.import_resource_state(request).await.expect(failed).into_inner().diagnostics
        }
        _ => {
            let raw_state = Some(proto::RawState { json: state_json(ty, dice), flatmap: Default::default() });
            let request =
                proto::upgrade_resource_state::Request { type_name, version: dice.below(2) as i64, raw_state };
            client.upgrade_resource_state(request).await.expect(failed).into_inner().diagnostics
        }
    }
}

/// Nothing about it is a mistake of the provider's.
fn is_fair(diagnostics: &[Diagnostic], form: Form) -> Result<(), String> {
    for told in diagnostics {
        let text = format!("{}: {}", told.summary, told.detail);
        let is_ours = if form == Form::Whole { "mistake in the provider" } else { "failed unexpectedly" };
        if text.contains(is_ours) {
            return Err(text);
        }
        // What the spoiling of a message moves to another place is no secret there.
        if form == Form::Whole && text.contains("zqHOSTILE") {
            return Err(format!("a secret: {text}"));
        }
    }
    Ok(())
}

async fn configured(served: &Served, engine: &str) -> ProviderClient<Channel> {
    let mut client = ProviderClient::new(plain(&served.socket()).await).max_decoding_message_size(64 << 20);
    assert_eq!(configure(&mut client, engine).await, []);
    client
}

async fn configure(client: &mut ProviderClient<Channel>, engine: &str) -> Vec<Diagnostic> {
    let ty = VpnProvider::default().schema().block.ty();
    let config = Value::object([("embedded", Value::object([("path", Value::from(engine))]))]);
    let config = DynamicValue { msgpack: to_msgpack(&config, &ty).unwrap(), json: Vec::new() };
    let request = proto::configure::Request { config: Some(config), ..Default::default() };
    let told = tokio::time::timeout(PATIENCE, client.configure(request)).await;
    told.expect("in time").unwrap().into_inner().diagnostics
}

#[tokio::test(flavor = "multi_thread")]
async fn engine_files_that_cannot_be() {
    let mut served = Served::start(&[], &[]);
    let mut client = ProviderClient::new(plain(&served.socket()).await);
    let home = served.home.path().to_owned();
    let status = std::process::Command::new("mkfifo").arg(home.join("pipe")).status().unwrap();
    assert!(status.success());
    std::os::unix::fs::symlink("loop", home.join("loop")).unwrap();
    let long = "x".repeat(5_000);
    let places =
        ["", "/", ".", "..", "pipe", "loop", "a\0b", "a/b", &long, "/dev/full", "/dev/null/x", "/proc/self/mem"];
    for place in places.into_iter().chain(["/proc/self/fd/0", "/proc/1/environ", "/sys/kernel/x", "/dev/tty", "~/x"]) {
        let told = configure(&mut client, place).await;
        assert_eq!(told.len(), 1, "{place:?}: {told:?}");
        assert_eq!(told[0].summary, "The engine's file cannot be used", "{place:?}");
        assert!(!told[0].detail.contains("mistake"), "{place:?}: {}", told[0].detail);
    }
    assert_eq!(configure(&mut client, "an odd name \n \u{202e}.db").await, []);
    assert!(served.runs());
    GrpcControllerClient::new(plain(&served.socket()).await).shutdown(Empty {}).await.unwrap();
    let mut files = served.ended().files;
    files.sort();
    assert_eq!(files, ["an odd name \n \u{202e}.db", "loop", "pipe"]);
}

async fn hostile(form: Form, calls: u64) {
    let seed = seed("HOSTILE_SEED");
    let calls = number("HOSTILE_CALLS").unwrap_or(calls);
    let mut served = Served::start(&[], &[("TF_LOG_PROVIDER", "TRACE")]);
    let engine = served.home.path().join("engine.db");
    let client = configured(&served, engine.to_str().unwrap()).await;
    let (subjects, next) = (Arc::new(subjects()), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (client, subjects, next) = (client.clone(), Arc::clone(&subjects), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let round = next.fetch_add(1, Ordering::Relaxed);
                    if round >= calls {
                        return Ok(());
                    }
                    let mut dice = Dice::of_round(seed, round);
                    let subject = &subjects[dice.index(subjects.len())];
                    let answer = tokio::time::timeout(PATIENCE, call(client.clone(), subject, &mut dice, form)).await;
                    let told = answer.map_err(|_| format!("call {round} hangs"))?;
                    is_fair(&told, form).map_err(|why| format!("call {round} ({}): {why}", subject.name))?;
                }
            })
        })
        .collect();
    // What waits for others of its run waits as long as that goes on. It is told to
    // stop now and then, as by Ctrl-C.
    let mut stopping = client.clone();
    let stopper = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            stopping.stop(proto::stop::Request {}).await.expect("Stop is answered");
        }
    });
    let mut failures = Vec::new();
    for worker in workers {
        failures.extend(worker.await.unwrap_or_else(|panic| Err(format!("{panic}"))).err());
    }
    stopper.abort();
    let memory = std::fs::read_to_string(format!("/proc/{}/status", served.id())).unwrap_or_default();
    let peak =
        memory.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    assert!(served.runs(), "it died");
    let all = Engine::open(&engine, Moment::from_clock()).unwrap().all(Reveal::Public).unwrap();
    let created = all.iter().filter(|object| !object.is_system_owned()).count();
    assert!(form == Form::Spoiled || created > 18, "HOSTILE_SEED={seed}: only {created} got as far as the engine");
    GrpcControllerClient::new(plain(&served.socket()).await).shutdown(Empty {}).await.unwrap();
    let left = served.ended();
    assert!(!left.stderr.contains("panicked"), "HOSTILE_SEED={seed}: {}", left.stderr);
    assert!(!left.stderr.contains("zqHOSTILE"), "HOSTILE_SEED={seed}: a secret is in the log");
    assert!(failures.is_empty(), "HOSTILE_SEED={seed}: {failures:#?}");
    assert!(peak.is_none_or(|peak| peak < 400_000), "HOSTILE_SEED={seed}: {peak:?} kB");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_fit_and_mean_nothing() {
    hostile(Form::Whole, 3_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_damaged() {
    hostile(Form::Spoiled, 3_000).await;
}
