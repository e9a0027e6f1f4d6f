//! An engine with a clock that the test sets.

use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use crate::engine::fabric::agent::Fault;
use crate::engine::{Caller, Engine, Moment, Refusal};
use crate::model::{FLOW_TRACE, Kind, PolicyPath, TUNNEL_TRACE};

pub struct Lab {
    pub engine: Engine,
    pub folder: TempDir,
}

pub fn caller(now: i64) -> Caller {
    Caller { user: "admin".to_owned(), now: Moment(now) }
}

pub fn fields(document: &Json) -> Map<String, Json> {
    document.as_object().unwrap().clone()
}

/// The kind whose collections have such parameters.
fn kind(document: &Json) -> &'static Kind {
    if document.get("vnid").is_some() { &TUNNEL_TRACE } else { &FLOW_TRACE }
}

impl Lab {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let engine = Engine::open(&folder.path().join("engine.db"), Moment(1)).unwrap();
        Self { engine, folder }
    }

    /// The same file, opened by another process.
    pub fn again(&self, now: i64) -> Engine {
        Engine::open(&self.folder.path().join("engine.db"), Moment(now)).unwrap()
    }

    pub fn try_put(&self, path: &str, body: Json, now: i64) -> Result<(), Refusal> {
        let path = PolicyPath::parse(&format!("/infra/{path}")).unwrap();
        self.engine.patch(&path, body, &caller(now)).map(drop)
    }

    pub fn put(&self, path: &str, body: Json, now: i64) {
        self.try_put(path, body, now).unwrap();
    }

    pub fn delete(&self, path: &str, now: i64) {
        self.engine.delete(&PolicyPath::parse(&format!("/infra/{path}")).unwrap(), Moment(now)).unwrap();
    }

    /// A device with these interfaces; `more` are its other fields.
    pub fn device(&self, name: &str, interfaces: &[&str], more: Json, now: i64) {
        let interfaces: Vec<_> = interfaces.iter().map(|name| json!({ "name": name })).collect();
        let mut body = json!({ "serial_number": name, "interfaces": interfaces });
        body.as_object_mut().unwrap().extend(fields(&more));
        self.put(&format!("simulated-devices/{name}"), body, now);
    }

    /// A link between two interfaces: `a:1`.
    pub fn link(&self, one: &str, other: &str, more: Json, now: i64) {
        let end = |text: &str| {
            let (device, interface) = text.split_once(':').unwrap();
            json!({ "device_path": format!("/infra/simulated-devices/{device}"), "interface": interface })
        };
        let mut body = json!({ "ends": [end(one), end(other)] });
        body.as_object_mut().unwrap().extend(fields(&more));
        let name = format!("{one}-{other}").replace([':', '/'], "_");
        self.put(&format!("simulated-links/{name}"), body, now);
    }

    pub fn flow(&self, name: &str, body: Json, now: i64) {
        self.put(&format!("simulated-flows/{name}"), body, now);
    }

    pub fn start(&self, parameters: &Json, now: i64) -> Result<(), Fault> {
        self.engine.start_collection(kind(parameters), fields(parameters), None, &caller(now))
    }

    pub fn data(&self, parameters: &Json, now: i64) -> Result<Json, Fault> {
        self.engine.collected(kind(parameters), &fields(parameters), None, Moment(now))
    }

    /// The names of the devices that have answered.
    pub fn path(&self, parameters: &Json, now: i64) -> Vec<String> {
        let data = self.data(parameters, now).unwrap();
        let hops = data["Path"].as_array().unwrap().iter();
        hops.map(|hop| hop["DevName"].as_str().unwrap().to_owned()).collect()
    }
}

/// Two leaves and two spines: host 10.0.0.1 at `l1`, 10.0.0.2 at `l2`, links of 10 ms.
pub fn leaves_and_spines(now: i64) -> Lab {
    let lab = Lab::new();
    let host = |address: &str| json!([{ "address": address, "interface": "h", "latency": 0 }]);
    lab.device("l1", &["h", "s1", "s2"], json!({ "hosts": host("10.0.0.1"), "response_time": 1000 }), now);
    lab.device("l2", &["h", "s1", "s2"], json!({ "hosts": host("10.0.0.2"), "response_time": 1000 }), now);
    for spine in ["s1", "s2"] {
        lab.device(spine, &["l1", "l2"], json!({ "response_time": 1000 }), now);
        for leaf in ["l1", "l2"] {
            lab.link(&format!("{leaf}:{spine}"), &format!("{spine}:{leaf}"), json!({ "latency": 10_000 }), now);
        }
    }
    lab
}
