//! A provider of things. The name of a thing says how it behaves.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::function::{Function, FunctionError, Parameter, Signature};
use crate::tf_provider::path::Path;
use crate::tf_provider::provider::{
    Applied, Context, CreateRequest, DataSource, DeleteRequest, Found, ImportRequest, Imported, PlanRequest, Private,
    Provider, ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use crate::tf_provider::schema::{Attribute, Block, NestedBlock, Nesting, Schema};
use crate::tf_provider::value::{Type, Value};

/// The provider.
pub struct Sample;

/// The schema of a thing.
pub fn thing_schema() -> Schema {
    let rule = Block::new("A rule.")
        .with(Attribute::required("sources", Type::set(Type::String), "From where."))
        .with(Attribute::optional("token", Type::String, "A secret.").write_only());
    let block = Block::new("A thing.")
        .with(Attribute::required("name", Type::String, "How it behaves."))
        .with(Attribute::optional("size", Type::Number, "How big.").default_value(1.into()).replaces())
        .with(Attribute::optional("secret", Type::String, "A secret.").write_only())
        .with(Attribute::computed("id", Type::String, "Its id.").keep_prior())
        .with(Attribute::computed("serial", Type::Number, "Counts changes."))
        .with_block(NestedBlock::new("rule", Nesting::List, rule));
    Schema { version: 2, block }
}

struct Thing;

struct Lookup;

/// A text as often as is said, then the length of each further argument. The text says how it
/// behaves.
struct Repeat;

impl Function for Repeat {
    fn name(&self) -> &'static str {
        super::REPEAT
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Repeats.".into(),
            description: "Repeats a *text*.".into(),
            parameters: vec![
                Parameter::new("text", Type::String, "What."),
                Parameter::new("times", Type::Number, "How often; null for once.").or_null(),
            ],
            variadic: Some(Parameter::new("more", Type::list(Type::String), "More.").or_unknown()),
            returns: Type::list(Type::String),
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let (text, times, more) = match arguments {
            [text, times, more @ ..] => (text.as_str().unwrap_or_default(), times.as_i64(), more),
            _ => return Err(FunctionError::new("two arguments at least")),
        };
        match text {
            "boom" => panic!("a function that panics"),
            "crooked" => return Ok(Value::from(1)),
            _ => {}
        }
        let Ok(times) = usize::try_from(times.unwrap_or(1)) else {
            return Err(FunctionError::at(1, "nobody repeats less than never"));
        };
        let lengths = more.iter().map(|more| Value::from(more.elements().count().to_string()));
        Ok(Value::List(std::iter::repeat_n(Value::from(text), times).chain(lengths).collect()))
    }
}

fn wrong(summary: &str) -> Diagnostics {
    Diagnostic::error(summary, "").at(Path::attribute("name")).into()
}

#[async_trait]
impl Provider for Sample {
    fn schema(&self) -> Schema {
        let block = Block::new("").with(Attribute::optional("url", Type::String, "Where."));
        Schema { version: 0, block }
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![Arc::new(Thing)]
    }

    fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
        vec![Arc::new(Lookup)]
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        vec![Arc::new(Repeat)]
    }

    async fn validate(&self, _: &Context, config: &Value) -> Diagnostics {
        match config.get("url").as_str() {
            Some("nowhere") => Diagnostic::error("No such url", "").at(Path::attribute("url")).into(),
            _ => Diagnostics::none(),
        }
    }

    async fn configure(&self, _: &Context, config: &Value) -> Diagnostics {
        match config.get("url").as_str() {
            Some("down") => Diagnostic::error("Cannot connect", "").into(),
            _ => Diagnostics::none(),
        }
    }
}

#[async_trait]
impl Resource for Thing {
    fn type_name(&self) -> &'static str {
        super::THING
    }

    fn schema(&self) -> Schema {
        thing_schema()
    }

    async fn validate(&self, _: &Context, config: &Value) -> Diagnostics {
        if config.get("name").as_str() == Some("invalid") { wrong("Invalid name") } else { Diagnostics::none() }
    }

    async fn plan(&self, _: &Context, request: &mut PlanRequest<'_>) -> Diagnostics {
        match request.config.get("name").as_str() {
            Some("unplannable") => return wrong("Unplannable"),
            Some("careless") => {
                request.planned.set("secret", "not to be told");
                request.replace = ["size", "name", "size"].map(Path::attribute).into();
            }
            _ => {}
        }
        request.private.0.insert("planned".into(), json!(true));
        Diagnostics::none()
    }

    async fn plan_delete(&self, _: &Context, state: &Value, private: Private) -> (Private, Diagnostics) {
        let told = match state.get("name").as_str() {
            Some("precious") => wrong("Too precious"),
            _ => Diagnostics::none(),
        };
        (private, told)
    }

    async fn create(&self, cx: &Context, request: CreateRequest<'_>) -> Applied {
        let mut state = request.planned.clone();
        state.set("id", "thing-1");
        state.set("serial", 1);
        let mut private = request.private;
        private.0.insert("etag".into(), json!(7));
        let done = |state, diagnostics| Applied { state, private, diagnostics };
        match request.config.get("name").as_str() {
            Some("boom") => panic!("the secret is {:?}", request.config.get("secret")),
            Some("slow") => {
                cx.cancelled.cancelled().await;
                done(Some(state), wrong("Cancelled"))
            }
            Some("half") => done(Some(state), wrong("Only half of it")),
            Some("refused") => done(None, wrong("Refused")),
            Some("lost") => done(None, Diagnostics::none()),
            Some("vague") => {
                state.set("serial", Value::unknown());
                done(Some(state), Diagnostics::none())
            }
            Some("sparse") => {
                let kept = ["name", "id"].map(|name| (name, state.get(name).clone()));
                done(Some(Value::object(kept)), Diagnostics::none())
            }
            Some("crooked") => {
                state.set("serial", "one");
                done(Some(state), Diagnostics::none())
            }
            Some("chatty") => {
                state.set("secret", "told");
                done(Some(state), Diagnostics::none())
            }
            _ => done(Some(state), Diagnostics::none()),
        }
    }

    async fn read(&self, _: &Context, request: ReadRequest<'_>) -> ReadResponse {
        let state = request.state.clone();
        let (state, diagnostics) = match state.get("name").as_str() {
            Some("gone") => (None, Diagnostics::none()),
            Some("unreadable") => (None, wrong("Unreadable")),
            _ => (Some(state), Diagnostics::none()),
        };
        ReadResponse { state, private: request.private, diagnostics }
    }

    async fn update(&self, _: &Context, request: UpdateRequest<'_>) -> Applied {
        assert_ne!(request.config.get("name").as_str(), Some("boom"), "an update that panics");
        let mut state = request.planned.clone();
        state.set("serial", request.prior.get("serial").as_i64().unwrap_or_default() + 1);
        let told = match request.config.get("name").as_str() {
            Some("refused") => return Applied { state: None, private: request.private, diagnostics: wrong("Refused") },
            _ => Diagnostics::none(),
        };
        Applied { state: Some(state), private: request.private, diagnostics: told }
    }

    async fn delete(&self, _: &Context, request: DeleteRequest<'_>) -> Diagnostics {
        match request.state.get("name").as_str() {
            Some("sticky") => wrong("Still referenced"),
            _ => Diagnostics::none(),
        }
    }

    async fn import(&self, _: &Context, request: ImportRequest<'_>) -> Result<Vec<Imported>, Diagnostics> {
        match request.id {
            "absent" => Ok(Vec::new()),
            "elsewhere" => {
                Ok(vec![Imported { type_name: "sample_other".into(), state: Value::Null, private: Private::default() }])
            }
            id => Ok(vec![Imported {
                type_name: self.type_name().into(),
                state: Value::object([("id", id)].map(|(name, id)| (name, Value::from(id)))),
                private: Private::default(),
            }]),
        }
    }

    /// Version 0 called the name `title`.
    fn upgrade(&self, version: i64, mut state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        if version == 0 {
            state["name"] = state["title"].take();
        }
        Ok(state)
    }
}

#[async_trait]
impl DataSource for Lookup {
    fn type_name(&self) -> &'static str {
        "sample_lookup"
    }

    fn schema(&self) -> Schema {
        let block = Block::new("").with(Attribute::required("key", Type::String, "")).with(Attribute::computed(
            "length",
            Type::Number,
            "",
        ));
        Schema { version: 0, block }
    }

    async fn validate(&self, _: &Context, config: &Value) -> Diagnostics {
        match config.get("key").as_str() {
            Some("") => Diagnostic::error("Empty key", "").at(Path::attribute("key")).into(),
            _ => Diagnostics::none(),
        }
    }

    async fn read(&self, _: &Context, config: &Value) -> Result<Found, Diagnostics> {
        match config.get("key").as_str() {
            Some("boom") => panic!("a read that panics"),
            Some("absent") => Err(Diagnostic::error("Not found", "").into()),
            key => {
                let length = i64::try_from(key.unwrap_or_default().len()).unwrap_or_default();
                Ok(Value::object([("key", config.get("key").clone()), ("length", length.into())]).into())
            }
        }
    }
}
