//! What every call has: a name, a subject, and the answer when it cannot be
//! carried out.

use super::proto;
use super::wire::diagnostics;
use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};

/// A request of the protocol.
pub(super) trait Call: Send + 'static {
    /// What it is answered with.
    type Reply: Send + 'static;

    /// The name of the call in the protocol.
    const NAME: &'static str;

    /// The type it is about; empty when it is about the provider as a whole.
    #[expect(clippy::unnecessary_literal_bound, reason = "most calls borrow it from the request")]
    fn subject(&self) -> &str {
        ""
    }

    /// The answer when the call cannot be carried out, still without the reason.
    fn fallback(&self) -> Self::Reply;

    /// Puts the reason into the answer.
    fn refuse(reply: &mut Self::Reply, reason: Diagnostics);
}

/// Calls whose answer has diagnostics, and is empty otherwise when they fail.
macro_rules! calls {
    ($($module:ident $name:literal $(of $subject:ident)? $(keeping |$request:ident| $kept:expr)?;)*) => {$(
        impl Call for proto::$module::Request {
            type Reply = proto::$module::Response;
            const NAME: &'static str = $name;

            $(fn subject(&self) -> &str {
                &self.$subject
            })?

            calls!(@fallback $module $(|$request| $kept)?);

            fn refuse(reply: &mut Self::Reply, reason: Diagnostics) {
                reply.diagnostics.extend(diagnostics::encode(reason));
            }
        }
    )*};
    (@fallback $module:ident) => {
        fn fallback(&self) -> Self::Reply {
            Self::Reply::default()
        }
    };
    (@fallback $module:ident |$request:ident| $kept:expr) => {
        fn fallback(&self) -> Self::Reply {
            let $request = self;
            $kept
        }
    };
}

calls! {
    get_metadata "GetMetadata";
    get_provider_schema "GetSchema";
    prepare_provider_config "PrepareProviderConfig";
    configure "Configure";
    validate_resource_type_config "ValidateResourceTypeConfig" of type_name;
    validate_data_source_config "ValidateDataSourceConfig" of type_name;
    upgrade_resource_state "UpgradeResourceState" of type_name;
    read_resource "ReadResource" of type_name keeping |request| proto::read_resource::Response {
        new_state: request.current_state.clone(),
        private: request.private.clone(),
        new_identity: request.current_identity.clone(),
        ..Default::default()
    };
    plan_resource_change "PlanResourceChange" of type_name;
    // A change that could not even be tried leaves the object as it was.
    apply_resource_change "ApplyResourceChange" of type_name keeping |request| proto::apply_resource_change::Response {
        new_state: request.prior_state.clone(),
        private: request.planned_private.clone(),
        ..Default::default()
    };
    import_resource_state "ImportResourceState" of type_name;
    read_data_source "ReadDataSource" of type_name;
    get_resource_identity_schemas "GetResourceIdentitySchemas";
    upgrade_resource_identity "UpgradeResourceIdentity" of type_name;
    move_resource_state "MoveResourceState" of target_type_name;
    generate_resource_config "GenerateResourceConfig" of type_name;
    validate_ephemeral_resource_config "ValidateEphemeralResourceConfig" of type_name;
    open_ephemeral_resource "OpenEphemeralResource" of type_name;
    renew_ephemeral_resource "RenewEphemeralResource" of type_name;
    close_ephemeral_resource "CloseEphemeralResource" of type_name;
    validate_list_resource_config "ValidateListResourceConfig" of type_name;
    get_functions "GetFunctions";
    plan_action "PlanAction" of action_type;
    validate_action_config "ValidateActionConfig" of type_name;
}

impl Call for proto::call_function::Request {
    type Reply = proto::call_function::Response;
    const NAME: &'static str = "CallFunction";

    fn subject(&self) -> &str {
        &self.name
    }

    fn fallback(&self) -> Self::Reply {
        Self::Reply::default()
    }

    fn refuse(reply: &mut Self::Reply, reason: Diagnostics) {
        let texts: Vec<_> = reason.into_iter().map(text).collect();
        reply.error = Some(proto::FunctionError { text: texts.join("\n"), function_argument: None });
    }
}

impl Call for proto::stop::Request {
    type Reply = proto::stop::Response;
    const NAME: &'static str = "Stop";

    fn fallback(&self) -> Self::Reply {
        Self::Reply::default()
    }

    fn refuse(reply: &mut Self::Reply, reason: Diagnostics) {
        let texts: Vec<_> = reason.into_iter().map(text).collect();
        reply.error = texts.join("\n");
    }
}

impl Call for proto::list_resource::Request {
    type Reply = proto::list_resource::Event;
    const NAME: &'static str = "ListResource";

    fn subject(&self) -> &str {
        &self.type_name
    }

    fn fallback(&self) -> Self::Reply {
        Self::Reply::default()
    }

    fn refuse(reply: &mut Self::Reply, reason: Diagnostics) {
        reply.diagnostic.extend(diagnostics::encode(reason));
    }
}

impl Call for proto::invoke_action::Request {
    type Reply = proto::invoke_action::Event;
    const NAME: &'static str = "InvokeAction";

    fn subject(&self) -> &str {
        &self.action_type
    }

    fn fallback(&self) -> Self::Reply {
        Self::Reply::default()
    }

    fn refuse(reply: &mut Self::Reply, reason: Diagnostics) {
        let completed = proto::invoke_action::event::Completed { diagnostics: diagnostics::encode(reason) };
        reply.r#type = Some(proto::invoke_action::event::Type::Completed(completed));
    }
}

fn text(diagnostic: Diagnostic) -> String {
    if diagnostic.detail.is_empty() {
        diagnostic.summary
    } else {
        format!("{}: {}", diagnostic.summary, diagnostic.detail)
    }
}
