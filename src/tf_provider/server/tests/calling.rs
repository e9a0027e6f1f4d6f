//! Functions: what is told of them, what they answer, and calls that cannot be answered. The
//! provider is not configured in any of these.

use super::*;
use crate::tf_provider::function::{Function, FunctionError, Signature};
use crate::tf_provider::provider::Provider;
use crate::tf_provider::{Context, DataSource, Diagnostics, Resource, Schema};

fn texts() -> Type {
    Type::list(Type::String)
}

fn packed(value: &Value, ty: &Type) -> DynamicValue {
    DynamicValue { msgpack: to_msgpack(value, ty).expect("fits its type"), json: Vec::new() }
}

fn text(text: &str) -> DynamicValue {
    packed(&text.into(), &Type::String)
}

fn number(number: i32) -> DynamicValue {
    packed(&number.into(), &Type::Number)
}

async fn call(arguments: Vec<DynamicValue>) -> Result<Value, (String, Option<i64>)> {
    let request = proto::call_function::Request { name: REPEAT.into(), arguments };
    let answer = client().call_function(request).await.expect("answered").into_inner();
    match (answer.result, answer.error) {
        (Some(result), None) => Ok(from_msgpack(&result.msgpack, &texts()).expect("fits its type")),
        (None, Some(error)) => Err((error.text, error.function_argument)),
        (result, error) => panic!("either an answer or an error: {result:?} {error:?}"),
    }
}

#[tokio::test]
async fn a_signature_is_told_with_its_types() {
    let told = client().get_functions(proto::get_functions::Request {}).await.expect("answered").into_inner();
    assert!(told.diagnostics.is_empty());
    let function = &told.functions[REPEAT];
    assert_eq!((function.summary.as_str(), function.description.as_str()), ("Repeats.", "Repeats a *text*."));
    let flags = |of: &proto::function::Parameter| {
        let ty = String::from_utf8(of.r#type.clone()).expect("JSON");
        (of.name.clone(), ty, of.allow_null_value, of.allow_unknown_values)
    };
    assert_eq!(
        function.parameters.iter().chain(&function.variadic_parameter).map(flags).collect::<Vec<_>>(),
        [
            ("text".to_owned(), r#""string""#.to_owned(), false, false),
            ("times".to_owned(), r#""number""#.to_owned(), true, false),
            ("more".to_owned(), r#"["list","string"]"#.to_owned(), false, true),
        ]
    );
    assert_eq!(function.r#return.as_ref().expect("told").r#type, br#"["list","string"]"#);
}

#[tokio::test]
async fn a_function_answers_before_anybody_configures_the_provider() {
    assert_eq!(call(vec![text("a"), number(2)]).await, Ok(Value::list_of(["a", "a"])));
    let more = packed(&Value::list_of(["x", "y"]), &texts());
    let none = packed(&Value::List(Vec::new()), &texts());
    let nothing = packed(&Value::Null, &Type::Number);
    assert_eq!(call(vec![text("a"), nothing, more, none]).await, Ok(Value::list_of(["a", "2", "0"])));
}

#[tokio::test]
async fn who_wants_to_know_is_not_asked_about_what_is_unknown() {
    let unknown = packed(&Value::unknown(), &Type::Number);
    assert_eq!(call(vec![text("boom"), unknown]).await, Ok(Value::unknown()));
    let partly = packed(&Value::List(vec![Value::unknown()]), &texts());
    assert_eq!(call(vec![text("a"), number(1), partly]).await, Ok(Value::list_of(["a", "1"])));
}

#[tokio::test]
async fn what_is_wrong_with_an_argument_names_it() {
    let refused = |text: &str, argument| Err((text.to_owned(), argument));
    let few = refused("repeat takes at least 2 arguments and was given 1", None);
    assert_eq!(call(vec![text("a")]).await, few);
    let null = packed(&Value::Null, &Type::String);
    assert_eq!(call(vec![null, number(1)]).await, refused("text must not be null", Some(0)));
    assert_eq!(call(vec![text("a"), number(-1)]).await, refused("nobody repeats less than never", Some(1)));
    let null = packed(&Value::Null, &texts());
    assert_eq!(call(vec![text("a"), number(1), null]).await, refused("more must not be null", Some(2)));
    let (text, argument) = call(vec![text("a"), packed(&true.into(), &Type::Bool)]).await.expect_err("no number");
    assert!(text.contains("times") && text.contains("expected"), "{text}");
    assert_eq!(argument, Some(1));
    let (_, argument) = call(vec![DynamicValue { msgpack: vec![0xc1, 0xff], json: Vec::new() }, number(1)])
        .await
        .expect_err("no value at all");
    assert_eq!(argument, Some(0));
}

#[tokio::test]
async fn mistakes_of_the_function_end_in_an_error() {
    let (told, argument) = call(vec![text("boom"), number(1)]).await.expect_err("it panics");
    assert!(told.contains("CallFunction of repeat broke off"), "{told}");
    assert_eq!(argument, None);
    let (told, _) = call(vec![text("crooked"), number(1)]).await.expect_err("no list of texts");
    assert!(told.contains("mistake in the provider"), "{told}");
}

#[tokio::test]
async fn no_name_is_taken_twice() {
    struct Twice;

    struct Nothing;

    impl Function for Nothing {
        fn name(&self) -> &'static str {
            "nothing"
        }

        fn signature(&self) -> Signature {
            Signature {
                summary: String::new(),
                description: String::new(),
                parameters: Vec::new(),
                variadic: None,
                returns: Type::Bool,
            }
        }

        fn call(&self, _: &[Value]) -> Result<Value, FunctionError> {
            Ok(Value::Null)
        }
    }

    #[async_trait::async_trait]
    impl Provider for Twice {
        fn schema(&self) -> Schema {
            Sample.schema()
        }

        fn resources(&self) -> Vec<Arc<dyn Resource>> {
            Vec::new()
        }

        fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
            Vec::new()
        }

        fn functions(&self) -> Vec<Arc<dyn Function>> {
            vec![Arc::new(Nothing), Arc::new(Nothing)]
        }

        async fn configure(&self, _: &Context, _: &Value) -> Diagnostics {
            Diagnostics::none()
        }
    }

    let error = ProviderService::new(Arc::new(Twice), CancellationToken::new()).err().expect("a name is there twice");
    assert_eq!(error.to_string(), "the provider declares the function \"nothing\" twice");
}
