//! An NSX of a few lines, on a socket, that fails as it is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::backend::Nsx;
use crate::backend::settings::Given;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET`, …
    pub method: String,
    /// Without the query.
    pub path: String,
    /// After the question mark.
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As text.
    pub body: String,
}

impl Asked {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The policy path.
    pub fn object(&self) -> &str {
        self.path.split_once("/policy/api/v1").map_or(self.path.as_str(), |(_, path)| path)
    }

    /// `PUT /infra/…`
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.object())
    }
}

/// What the server does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Closes the connection, after doing what was asked if so.
    Close { after_the_work: bool },
    /// Announces more than it sends, and closes; what was asked is done.
    CutShort,
    /// Does what was asked, and sends the answer in two parts with a pause between.
    Slowly(Duration),
}

impl Act {
    /// An answer with a document.
    pub fn json(status: u16, document: &Json) -> Self {
        Self::Answer(status, vec![("content-type", "application/json".to_owned())], document.to_string())
    }

    /// An error of the API.
    pub fn error(status: u16, code: i64, text: &str) -> Self {
        Self::json(status, &json!({ "error_code": code, "module_name": "policy", "error_message": text }))
    }
}

/// A status, headers and a body.
type Said = (u16, Vec<(&'static str, String)>, String);

type Hook = dyn Fn(&Asked, usize) -> Option<Act> + Send + Sync;

/// The server.
pub struct Fake {
    /// Where it is.
    pub address: String,
    objects: Mutex<BTreeMap<String, Map<String, Json>>>,
    asked: Mutex<Vec<Asked>>,
    hook: Box<Hook>,
    /// The folder for notes of those who use it.
    pub folder: TempDir,
    ended: CancellationToken,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

impl Fake {
    /// A server that is in order.
    pub async fn start() -> Arc<Self> {
        Self::with(|_, _| None).await
    }

    /// A server that does what `hook` says of a request, and of how many came before; or
    /// else its work.
    pub async fn with(hook: impl Fn(&Asked, usize) -> Option<Act> + Send + Sync + 'static) -> Arc<Self> {
        Self::over(hook, None).await
    }

    /// The same, over TLS if so.
    pub async fn over(
        hook: impl Fn(&Asked, usize) -> Option<Act> + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let fake = Arc::new(Self {
            address: format!("{scheme}://{}", listener.local_addr().unwrap()),
            objects: Mutex::default(),
            asked: Mutex::default(),
            hook: Box::new(hook),
            folder: TempDir::new().unwrap(),
            ended: CancellationToken::new(),
        });
        let (server, ended) = (Arc::downgrade(&fake), fake.ended.clone());
        tokio::spawn(ended.run_until_cancelled_owned(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (server, tls) = (server.clone(), tls.clone());
                tokio::spawn(async move {
                    let Some(server) = server.upgrade() else { return };
                    match tls {
                        None => server.serve(connection).await,
                        Some(tls) => {
                            if let Ok(connection) = tls.accept(connection).await {
                                server.serve(connection).await;
                            }
                        }
                    }
                });
            }
        }));
        fake
    }

    /// Settings for a client of this server.
    pub fn given(&self) -> Given {
        let texts = [("host", self.address.as_str()), ("username", "admin"), ("password", "hunter2-of-admin")];
        Given {
            texts: texts.map(|(name, text)| (name, text.to_owned())).into(),
            flags: [("session_auth", false)].into(),
            numbers: [("retry_min_delay", 1), ("retry_max_delay", 5), ("max_retries", 4)].into(),
            ..Given::default()
        }
    }

    /// A client of this server.
    pub fn client(&self) -> Nsx {
        self.client_as(&self.given(), CancellationToken::new())
    }

    /// A client with other settings.
    pub fn client_as(&self, given: &Given, cancelled: CancellationToken) -> Nsx {
        let notes: PathBuf = self.folder.path().join("notes");
        let settings = given.check(notes, cancelled, &|_| false).unwrap().unwrap();
        Nsx::open(settings).unwrap()
    }

    /// Puts an object there, as somebody else would.
    pub fn hold(&self, path: &str, fields: Json) {
        let Json::Object(fields) = fields else { panic!("no object") };
        self.write(path, fields);
    }

    /// The object there.
    pub fn held(&self, path: &str) -> Option<Json> {
        self.objects.lock().unwrap().get(path).cloned().map(Json::Object)
    }

    /// What was asked so far, in one line each.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn write(&self, path: &str, mut fields: Map<String, Json>) -> Map<String, Json> {
        let mut objects = self.objects.lock().unwrap();
        let before = objects.get(path);
        let id = path.rsplit('/').next().unwrap();
        let revision = before.map_or(0, |before| before["_revision"].as_i64().unwrap() + 1);
        let unique_id = before.map_or_else(|| json!(Uuid::new_v4().to_string()), |before| before["unique_id"].clone());
        fields.extend(
            [("id", json!(id)), ("path", json!(path)), ("_revision", json!(revision)), ("unique_id", unique_id)]
                .map(|(name, value)| (name.to_owned(), value)),
        );
        objects.insert(path.to_owned(), fields.clone());
        fields
    }

    async fn serve(&self, mut connection: impl AsyncRead + AsyncWrite + Unpin) {
        while let Some(asked) = read(&mut connection).await {
            let count = {
                let mut all = self.asked.lock().unwrap();
                all.push(asked.clone());
                all.len() - 1
            };
            let act = (self.hook)(&asked, count);
            let answer = match act {
                Some(Act::Answer(status, headers, body)) => (status, headers, body),
                Some(Act::Close { after_the_work }) => {
                    if after_the_work {
                        self.work(&asked);
                    }
                    return;
                }
                Some(Act::CutShort) => {
                    self.work(&asked);
                    let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"id\":").await;
                    let _ = connection.flush().await;
                    return;
                }
                Some(Act::Slowly(pause)) => {
                    let (status, _, body) = self.work(&asked);
                    let head = format!("HTTP/1.1 {status} OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    let (first, second) = body.split_at(body.len() / 2);
                    let _ = connection.write_all(format!("{head}{first}").as_bytes()).await;
                    let _ = connection.flush().await;
                    tokio::time::sleep(pause).await;
                    let _ = connection.write_all(second.as_bytes()).await;
                    let _ = connection.flush().await;
                    continue;
                }
                None => self.work(&asked),
            };
            let (status, headers, body) = answer;
            let headers = headers.iter().fold(String::new(), |all, (name, value)| all + name + ": " + value + "\r\n");
            let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
            if connection.write_all(text.as_bytes()).await.is_err() {
                return;
            }
            let _ = connection.flush().await;
        }
    }

    /// Does what an NSX does.
    fn work(&self, asked: &Asked) -> Said {
        let answer = |status: u16, document: Json| (status, Vec::new(), document.to_string());
        let error = |status, code: i64, text: String| {
            answer(status, json!({ "error_code": code, "module_name": "policy", "error_message": text }))
        };
        let path = asked.object();
        let missing = || {
            error(
                404,
                600,
                format!("The requested object : {path} could not be found. Object identifiers are case sensitive."),
            )
        };
        let held = self.objects.lock().unwrap().get(path).cloned();
        match (asked.method.as_str(), held) {
            ("GET", Some(mut object)) => {
                if !asked.query.contains("show_sensitive_data") {
                    object.remove("psk");
                    object.remove("password");
                }
                answer(200, Json::Object(object))
            }
            ("GET", None) => self.page(asked).unwrap_or_else(missing),
            ("PUT", held) => {
                let body: Map<String, Json> = serde_json::from_str(&asked.body).unwrap();
                match (held, body.get("_revision").and_then(Json::as_i64)) {
                    (Some(_), None) => {
                        error(400, 500_127, format!("Cannot create an object with path=[{path}] as it already exists."))
                    }
                    (Some(held), Some(sent)) if held["_revision"] != sent => error(
                        412,
                        206,
                        "The object was modified. Fetch the latest copy of the object and retry.".to_owned(),
                    ),
                    _ => {
                        let mut written = self.write(path, body);
                        written.remove("psk");
                        written.remove("password");
                        answer(200, Json::Object(written))
                    }
                }
            }
            ("DELETE", Some(_)) => {
                self.objects.lock().unwrap().remove(path);
                (200, Vec::new(), String::new())
            }
            _ => missing(),
        }
    }

    /// A page of the collection that is asked for, if it is one.
    fn page(&self, asked: &Asked) -> Option<Said> {
        let prefix = format!("{}/", asked.object());
        let objects = self.objects.lock().unwrap();
        let all: Vec<_> = objects
            .iter()
            .filter(|(path, _)| path.strip_prefix(&prefix).is_some_and(|id| !id.contains('/')))
            .map(|(_, object)| object.clone())
            .collect();
        let is_list = asked.query.contains("page_size");
        if !is_list {
            return None;
        }
        let cursor = asked.query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let to = (from + 1_000).min(all.len());
        let mut page = json!({ "results": all[from..to] });
        if from == 0 {
            page["result_count"] = json!(all.len());
        }
        if to < all.len() {
            page["cursor"] = json!(to.to_string());
        }
        Some((200, Vec::new(), page.to_string()))
    }
}

/// Reads a request.
async fn read(connection: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(Asked { method, path: path.to_owned(), query: query.to_owned(), headers, body: String::from_utf8(body).ok()? })
}
