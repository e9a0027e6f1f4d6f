//! A live endpoint that commands look at: its address, and the settings of the provider's
//! block `nsx` that are no credentials. Credentials are taken from the environment, since
//! everybody on a machine can read the arguments of a process.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::output;
use crate::backend::nsx::settings::SETTINGS;
use crate::backend::nsx::{Down, Seen};
use crate::backend::settings::{Given, Setting, Takes};
use crate::backend::{Backend, BackendError, Nsx};
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::{Answer, Object, Question};

/// The option that names the endpoint, and its id.
pub const NSX: &str = "nsx";
/// The setting that the option stands for.
const HOST: &str = "host";
/// Where the help lists the options.
const HEADING: &str = "Live endpoint";

/// So many sessions that are not up are named.
const MOST_NAMED: usize = 10;

/// What the user sets of a live endpoint.
#[derive(Clone, Default)]
pub struct EndpointOptions {
    given: Option<Given>,
}

impl Args for EndpointOptions {
    fn augment_args(command: Command) -> Command {
        let host = Arg::new(NSX)
            .long(NSX)
            .value_name("HOST")
            .help_heading(HEADING)
            .conflicts_with("data")
            .help("Look at a live NSX, or at an engine that is served, instead of a file")
            .long_help(
                "Look at a live NSX, or at an engine that is served, instead of a file: the address as the provider's \
                 attribute `host` takes it. Nothing is changed there.\n\nCredentials come from the environment: \
                 NSXT_USERNAME and NSXT_PASSWORD, NSXT_VMC_TOKEN, NSXT_VMC_CLIENT_ID and NSXT_VMC_CLIENT_SECRET, or \
                 NSXT_CLIENT_AUTH_CERT and NSXT_CLIENT_AUTH_KEY.",
            );
        options().fold(command.arg(host), |command, setting| command.arg(argument(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for EndpointOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Some(host) = matches.get_one::<String>(NSX) else { return Ok(Self::default()) };
        let mut given = Given::default();
        given.texts.insert(HOST, host.clone());
        for Setting { name, takes, .. } in options() {
            if matches.value_source(name) != Some(ValueSource::CommandLine) {
                continue;
            }
            match takes {
                Takes::Flag => given.flags.extend(matches.get_one::<bool>(name).map(|flag| (*name, *flag))),
                Takes::Number => given.numbers.extend(matches.get_one::<i64>(name).map(|number| (*name, *number))),
                Takes::Numbers => {
                    let numbers = matches.get_many::<i64>(name).map(|all| all.copied().collect());
                    given.lists.extend(numbers.map(|numbers| (*name, numbers)));
                }
                Takes::Text | Takes::Texts | Takes::Credential | Takes::Secret => {
                    given.texts.extend(matches.get_one::<String>(name).map(|text| (*name, text.clone())));
                }
            }
        }
        Ok(Self { given: Some(given) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The settings that are options: all but the address, which has one of its own, and what
/// nobody else may see.
fn options() -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(|setting| setting.name != HOST && !matches!(setting.takes, Takes::Credential | Takes::Secret))
}

fn argument(setting: &'static Setting) -> Arg {
    let doc = setting.doc.replace('`', "");
    let variable = setting.variables.first().map(|variable| format!(" [env: {variable}]")).unwrap_or_default();
    let argument = Arg::new(setting.name)
        .long(setting.name.replace('_', "-"))
        .help_heading(HEADING)
        .requires(NSX)
        .hide_short_help(true)
        .help(format!("{doc}{variable}"));
    match setting.takes {
        Takes::Flag => argument
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(value_parser!(bool)),
        Takes::Number => argument.value_name("NUMBER").value_parser(value_parser!(i64)),
        Takes::Numbers => {
            let numbers = argument.value_name("NUMBERS").value_delimiter(',').action(ArgAction::Append);
            numbers.value_parser(value_parser!(i64))
        }
        Takes::Text | Takes::Texts | Takes::Credential | Takes::Secret => argument.value_name("TEXT"),
    }
}

impl EndpointOptions {
    /// The endpoint, if one is named.
    pub fn open(&self) -> Result<Option<Endpoint>, Failure> {
        let Some(given) = self.given.clone() else { return Ok(None) };
        let environment =
            Given::of_the_environment(&SETTINGS).map_err(|wrong| Failure::new(wrong.what).hint(wrong.hint))?;
        // Nothing is created, so that nothing is noted.
        let notes = std::env::temp_dir();
        let settings = given
            .or(environment)
            .check(notes, CancellationToken::new(), &|_| false)
            .map_err(|wrong| Failure::new(wrong.what).hint(wrong.hint))?
            .ok_or_else(|| Failure::new("the endpoint is not fully described"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
        // The client belongs to the runtime that it is made in.
        let endpoint = runtime.block_on(async { Nsx::open(settings) });
        Ok(Some(Endpoint { nsx: endpoint.map_err(|failure| Failure::new(failure.to_string()))?, runtime }))
    }
}

/// A live endpoint, in use.
pub struct Endpoint {
    nsx: Nsx,
    runtime: Runtime,
}

impl Endpoint {
    /// What the endpoint is, rebuilt. Says on the standard error what was seen of it and
    /// what was not.
    pub fn seen(&self, mode: PrefixMatch) -> Result<Seen, Failure> {
        let seen = self.runtime.block_on(self.nsx.seen(mode)).map_err(failed)?;
        output::note(&what_was_seen(&self.nsx.describe(), &seen));
        Ok(seen)
    }

    /// All BGP neighbors of the endpoint.
    pub fn bgp_neighbors(&self) -> Result<Vec<Object>, Failure> {
        self.runtime.block_on(self.nsx.bgp_neighbors()).map_err(failed)
    }

    /// The routes of a neighbor as the endpoint's CSV.
    pub fn routes_csv(&self, question: &Question) -> Result<Option<String>, Failure> {
        self.runtime.block_on(self.nsx.routes_csv(question)).map_err(failed)
    }

    /// What the endpoint answers.
    pub fn ask(&self, question: &Question) -> Result<Answer, Failure> {
        self.runtime.block_on(self.nsx.ask(question, &[])).map_err(failed)
    }
}

#[allow(clippy::needless_pass_by_value)]
fn failed(error: BackendError) -> Failure {
    Failure::new(error.to_string())
}

/// What was seen of the endpoint, and what was not.
fn what_was_seen(endpoint: &str, seen: &Seen) -> String {
    if seen.is_engine {
        let keys = "It does not show keys, so those of both ends are taken to be the same.";
        let at_rest = format!("{endpoint} is an engine. It is shown as it is when all that takes time has come about.");
        return if seen.hides_keys { format!("{at_rest} {keys}") } else { at_rest };
    }
    let read = format!(
        "{endpoint} was read, and changed in nothing. What is beyond the tunnels cannot be read: far ends stand as they \
         were seen. Behind a session that is up lies what BGP has learned, or what its rules say; one that is not up \
         leads nowhere."
    );
    let more = seen.down.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("\n    and {more} more sessions are not up"));
    let named = seen.down.iter().take(MOST_NAMED).map(|Down { session, state, reason }| {
        let state = if state.is_empty() { "without a status" } else { state };
        let reason = if reason.is_empty() { String::new() } else { format!(", because {reason:?}") };
        format!("\n    {session} is {state} there{reason}")
    });
    [read].into_iter().chain(named).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;
    use crate::engine::Moment;
    use crate::model::PolicyPath;

    #[test]
    fn sessions_that_are_not_up_are_named_with_the_reason() {
        let now = Moment::from_clock();
        let down = |number: usize| Down {
            session: PolicyPath::parse(&format!("/infra/x/{number}")).unwrap(),
            state: if number == 0 { "DOWN" } else { "" }.to_owned(),
            reason: if number == 0 { "NO_PROPOSAL_CHOSEN" } else { "" }.to_owned(),
        };
        let seen = Seen {
            runtime: crate::engine::Runtime::of_world(iter::empty(), PrefixMatch::default(), now, now),
            is_engine: false,
            down: (0..12).map(down).collect(),
            hides_keys: false,
        };
        let text = what_was_seen("the NSX at nsx", &seen);
        assert!(text.starts_with("the NSX at nsx was read, and changed in nothing."), "{text}");
        let lines: Vec<_> = text.lines().skip(1).map(str::trim).collect();
        assert_eq!(lines[0], "/infra/x/0 is DOWN there, because \"NO_PROPOSAL_CHOSEN\"");
        assert_eq!((lines[1], lines[10]), ("/infra/x/1 is without a status there", "and 2 more sessions are not up"));
    }
}
