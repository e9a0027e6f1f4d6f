//! Diagnostics and attribute paths as messages.

use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::tf_provider::path::{Path, Step};
use crate::tf_provider::server::proto::{self, attribute_path, diagnostic};

/// All of `diagnostics`, in their order.
pub fn encode(diagnostics: Diagnostics) -> Vec<proto::Diagnostic> {
    diagnostics.into_iter().map(one).collect()
}

fn one(told: Diagnostic) -> proto::Diagnostic {
    let severity = match told.severity {
        Severity::Error => diagnostic::Severity::Error,
        Severity::Warning => diagnostic::Severity::Warning,
    };
    proto::Diagnostic {
        severity: severity.into(),
        summary: told.summary,
        detail: told.detail,
        attribute: (!told.path.is_root()).then(|| path(&told.path)),
    }
}

/// `path`, step by step.
pub fn path(path: &Path) -> proto::AttributePath {
    let step = |step: &Step| {
        let selector = match step {
            Step::Attribute(name) => attribute_path::step::Selector::AttributeName(name.clone()),
            Step::Index(index) => attribute_path::step::Selector::ElementKeyInt(*index),
            Step::Key(key) => attribute_path::step::Selector::ElementKeyString(key.clone()),
        };
        attribute_path::Step { selector: Some(selector) }
    };
    proto::AttributePath { steps: path.steps().iter().map(step).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_about_the_whole_block_has_no_path() {
        let sent = encode(Diagnostic::warning("Careful", "It is hot.").into());
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].severity(), diagnostic::Severity::Warning);
        assert_eq!((sent[0].summary.as_str(), sent[0].detail.as_str()), ("Careful", "It is hot."));
        assert_eq!(sent[0].attribute, None);
    }

    #[test]
    fn every_kind_of_step_arrives_as_itself() {
        use attribute_path::step::Selector;
        let place = Path::attribute("rule").index(2).child("labels").then(Step::Key("a.b".into()));
        let sent = encode(Diagnostic::error("No", "").at(place).into());
        let steps = sent[0].attribute.clone().expect("a path").steps;
        let selectors: Vec<_> = steps.into_iter().filter_map(|step| step.selector).collect();
        assert_eq!(
            selectors,
            [
                Selector::AttributeName("rule".into()),
                Selector::ElementKeyInt(2),
                Selector::AttributeName("labels".into()),
                Selector::ElementKeyString("a.b".into()),
            ]
        );
    }
}
