//! Why Neutron refuses a request: the exceptions of neutron-lib, with their texts.

use serde_json::{Value as Json, json};

use crate::engine::networks::NetworkFault;
use crate::model::{Kind, Place, Problem};

/// Why Neutron refuses a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such port, or the caller cannot see it.
    #[error("Port {port} could not be found.")]
    PortNotFound {
        /// Its UUID.
        port: String,
        /// The attribute that names it.
        attribute: &'static str,
    },
    /// The port is of another project than the object that is to use it.
    #[error("The specified port does not belong to the tenant")]
    PortDoesNotBelongToTenant,
    /// A tap flow is of another project than its tap service.
    #[error("Specified Tap Service does not belong to the tenant")]
    TapServiceNotBelongToTenant,
    /// There is no such tap service, or the caller cannot see it.
    #[error("Tap Service  {0} does not exist")]
    TapServiceNotFound(String),
    /// There is no such tap flow, or the caller cannot see it.
    #[error("Tap Flow  {0} does not exist")]
    TapFlowNotFound(String),
    /// There is no such tap mirror, or the caller cannot see it.
    #[error("Tap Mirror {0} does not exist")]
    TapMirrorNotFound(String),
    /// All taas ids are in use, or the project has as many tap services as it may.
    #[error("Reached the maximum quota for Tap Services")]
    TapServiceLimitReached,
    /// The project has as many objects as it may.
    #[error("Quota exceeded for resources: ['{0}'].")]
    OverQuota(&'static str),
    /// Another mirror uses the tunnel.
    #[error("Tap Mirror with tunnel_id {0} already exists")]
    TapMirrorTunnelConflict(i64),
    /// The body has attributes that there are none of.
    #[error("Unrecognized attribute(s) '{}'", .0.join(", "))]
    Unrecognized(Vec<String>),
    /// An attribute cannot be set when the object is created.
    #[error("Attribute '{0}' not allowed in POST")]
    NotAllowedInPost(&'static str),
    /// An attribute is missing.
    #[error("Failed to parse request. Required attribute '{0}' not specified")]
    Missing(&'static str),
    /// An attribute has a value that does not fit.
    #[error("Invalid input for {attribute}. Reason: {reason}.")]
    Invalid {
        /// The attribute.
        attribute: &'static str,
        /// What is wrong with the value.
        reason: String,
    },
    /// An attribute cannot be changed.
    #[error("Cannot update read-only attribute {0}")]
    ReadOnly(&'static str),
    /// The project is named twice, by different names.
    #[error("'project_id' and 'tenant_id' do not match")]
    TwoProjects,
    /// Only an administrator creates something for another project.
    #[error(
        "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin \
         privileges"
    )]
    ForeignProject,
    /// A network, a subnet or a port is refused.
    #[error(transparent)]
    Network(#[from] NetworkFault),
}

impl Fault {
    /// The name of the exception, which is the `type` of the answer.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PortNotFound { .. } => "PortNotFound",
            Self::PortDoesNotBelongToTenant => "PortDoesNotBelongToTenant",
            Self::TapServiceNotBelongToTenant => "TapServiceNotBelongToTenant",
            Self::TapServiceNotFound(_) => "TapServiceNotFound",
            Self::TapFlowNotFound(_) => "TapFlowNotFound",
            Self::TapMirrorNotFound(_) => "TapMirrorNotFound",
            Self::TapServiceLimitReached => "TapServiceLimitReached",
            Self::OverQuota(_) => "OverQuota",
            Self::TapMirrorTunnelConflict(_) => "TapMirrorTunnelConflict",
            Self::Network(fault) => fault.name(),
            Self::Unrecognized(_)
            | Self::NotAllowedInPost(_)
            | Self::Missing(_)
            | Self::Invalid { .. }
            | Self::ReadOnly(_)
            | Self::TwoProjects
            | Self::ForeignProject => "HTTPBadRequest",
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::PortNotFound { .. }
            | Self::TapServiceNotFound(_)
            | Self::TapFlowNotFound(_)
            | Self::TapMirrorNotFound(_) => 404,
            Self::Network(fault) => fault.status(),
            Self::PortDoesNotBelongToTenant | Self::TapServiceNotBelongToTenant => 403,
            Self::TapServiceLimitReached | Self::OverQuota(_) | Self::TapMirrorTunnelConflict(_) => 409,
            Self::Unrecognized(_)
            | Self::NotAllowedInPost(_)
            | Self::Missing(_)
            | Self::Invalid { .. }
            | Self::ReadOnly(_)
            | Self::TwoProjects
            | Self::ForeignProject => 400,
        }
    }

    /// Whether there are as many objects as there may be.
    pub const fn is_out_of_quota(&self) -> bool {
        matches!(self, Self::TapServiceLimitReached | Self::OverQuota(_))
    }

    /// The attribute that it is about; none where it is about the object as a whole.
    pub const fn attribute(&self) -> Option<&'static str> {
        match self {
            Self::PortNotFound { attribute, .. }
            | Self::Invalid { attribute, .. }
            | Self::NotAllowedInPost(attribute)
            | Self::Missing(attribute)
            | Self::ReadOnly(attribute) => Some(attribute),
            Self::PortDoesNotBelongToTenant => Some("port_id"),
            Self::TapServiceNotBelongToTenant => Some("tap_service_id"),
            Self::TapMirrorTunnelConflict(_) => Some("directions"),
            Self::TwoProjects | Self::ForeignProject => Some("project_id"),
            Self::TapServiceNotFound(_)
            | Self::TapFlowNotFound(_)
            | Self::TapMirrorNotFound(_)
            | Self::TapServiceLimitReached
            | Self::OverQuota(_)
            | Self::Network(_)
            | Self::Unrecognized(_) => None,
        }
    }

    /// The same as a problem of an object of `kind`.
    pub fn problem(&self, kind: &Kind) -> Problem {
        let field = self.attribute().and_then(|name| kind.field(name));
        let at = field.map_or_else(Place::default, |field| Place::default().field(field.name));
        let whose = match self {
            Self::PortNotFound { .. } => " It may be a port of another project, which an administrator alone sees.",
            _ => "",
        };
        let hint = format!("Neutron answers {}, {}.{whose}", self.status(), self.name());
        Problem::refused(at, self.to_string().trim_end_matches('.').to_owned(), hint)
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Json {
        json!({ "NeutronError": { "type": self.name(), "message": self.to_string(), "detail": "" } })
    }
}
