//! `routes`: what a BGP neighbor teaches the gateway, and what the gateway advertises to
//! it, as the API's `…/neighbors/ID/routes` and `…/advertised-routes` list it.

use std::collections::HashSet;

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use super::endpoint::Endpoint;
use super::names;
use super::output::{self, Answer, FAINT, Failure, GOOD, PENDING, STRONG, styled};
use super::source::Source;
use super::table::{left, right, table};
use crate::engine::bgp::documents::{self, Direction};
use crate::engine::{EngineView, Question, When};
use crate::model::PolicyPath;

/// What is listed the routes of.
const SORT: &str = "BGP neighbor";
/// The state of a BGP neighbor in which routes are exchanged (RFC 4271 section 8.2.2).
const ESTABLISHED: &str = "ESTABLISHED";

/// What the `routes` command is given.
#[derive(Args)]
pub struct Options {
    /// The BGP neighbor: its id, or its policy path
    neighbor: String,
    /// What the gateway advertises to it, not what it teaches the gateway
    #[arg(long)]
    advertised: bool,
    #[command(flatten)]
    engine: Source,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,
}

/// The forms of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Table,
    /// The API's document
    Json,
    /// The API's CSV
    Csv,
}

/// A neighbor, and the routes asked for.
struct Asked {
    path: PolicyPath,
    address: String,
    remote_as: String,
    /// The state of the connection, in the API's word.
    connection: String,
    /// Why it is not established, where that is known.
    reason: Option<String>,
    direction: Direction,
    /// The API's document.
    document: Json,
}

/// Lists the routes.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let direction = if options.advertised { Direction::Advertised } else { Direction::Learned };
    let (neighbor, format) = (options.neighbor.as_str(), options.format);
    let text = match options.engine.endpoint()? {
        Some(_) if options.engine.is_to_settle() => {
            let hint = "leave out --settled; `topology --settled` and `trace --settled` show what is to come";
            return Err(Failure::new("an endpoint lists the routes that are there now").hint(hint));
        }
        Some(endpoint) => text_of_endpoint(&endpoint, neighbor, direction, format)?,
        None => text(&options.engine.view(When::Current)?, neighbor, direction, format)?,
    };
    output::print(&text)?;
    Ok(Answer::Yes)
}

fn text(view: &EngineView, said: &str, direction: Direction, format: Format) -> Result<String, Failure> {
    let (path, neighbor) = names::find(&view.topology.neighbors, SORT, said)?;
    // Whatever is declared has a state.
    let state = view.neighbors.get(path).ok_or_else(|| Failure::new(format!("nothing is known of {path}")))?;
    let exchange = view.ribs().neighbors.get(path);
    if format == Format::Csv {
        return Ok(documents::routes_csv(neighbor, state, exchange, direction));
    }
    let asked = Asked {
        path: path.clone(),
        address: neighbor.address.to_string(),
        remote_as: neighbor.remote_as.to_string(),
        connection: state.connection.word().to_owned(),
        reason: state.reason.as_ref().map(ToString::to_string),
        direction,
        document: documents::routes(neighbor, state, exchange, direction),
    };
    Ok(asked.text(format == Format::Json))
}

/// The routes as a live endpoint tells them itself.
fn text_of_endpoint(endpoint: &Endpoint, said: &str, direction: Direction, format: Format) -> Result<String, Failure> {
    let neighbors = endpoint.bgp_neighbors()?.into_iter().map(|neighbor| (neighbor.path().clone(), neighbor)).collect();
    let (path, neighbor) = names::find(&neighbors, SORT, said)?;
    let question = match direction {
        Direction::Learned => Question::LearnedRoutes(path.clone()),
        Direction::Advertised => Question::AdvertisedRoutes(path.clone()),
    };
    let gone = || Failure::new(format!("the endpoint lists no routes of {path}"));
    if format == Format::Csv {
        return endpoint.routes_csv(&question)?.ok_or_else(gone);
    }
    let document = endpoint.ask(&question)?.document.ok_or_else(gone)?;
    let status = endpoint.ask(&Question::NeighborStatus(path.clone()))?.document;
    let declared = |name: &str| neighbor.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let connection = status.as_ref().and_then(|status| status["connection_state"].as_str());
    let asked = Asked {
        path: path.clone(),
        address: declared("neighbor_address"),
        remote_as: declared("remote_as_num"),
        connection: connection.unwrap_or("UNKNOWN").to_owned(),
        reason: None,
        direction,
        document,
    };
    Ok(asked.text(format == Format::Json))
}

impl Asked {
    /// As JSON, or as a table.
    fn text(&self, as_json: bool) -> String {
        if as_json { format!("{:#}\n", self.document) } else { self.table() }
    }

    /// The routes of all edge nodes, each once: several have learned the same.
    fn routes(&self) -> Vec<&Json> {
        let results = self.document["results"].as_array().into_iter().flatten();
        let nodes = results.flat_map(|result| result["edge_node_routes"].as_array().into_iter().flatten());
        let routes = nodes.flat_map(|node| node["routes"].as_array().into_iter().flatten());
        let mut listed = HashSet::new();
        routes.filter(|route| listed.insert(route.to_string())).collect()
    }

    fn table(&self) -> String {
        let style = if self.connection == ESTABLISHED { GOOD } else { PENDING };
        let mut text = format!(
            "BGP neighbor {}, {} in AS {}, {}  {}\n",
            styled(STRONG, self.path.id()),
            self.address,
            self.remote_as,
            styled(style, &self.connection),
            styled(FAINT, &self.path),
        );
        if let Some(reason) = &self.reason {
            text.push_str("  ");
            text.push_str(reason);
            text.push('\n');
        }
        let rows: Vec<_> = self.routes().into_iter().map(row).collect();
        let heading = match self.direction {
            Direction::Learned => "learned",
            Direction::Advertised => "advertised",
        };
        if rows.is_empty() {
            text.push_str("\n  nothing is ");
            text.push_str(heading);
            text.push('\n');
        }
        table(&mut text, heading, ["next hop", "local pref", "weight", "MED", "AS path"], rows);
        text
    }
}

/// A route of the API's document.
fn row(route: &Json) -> Vec<super::table::Cell> {
    let text = |field: &str| match route.get(field) {
        Some(Json::String(text)) => text.clone(),
        Some(number) => number.to_string(),
        None => String::new(),
    };
    let numbers = ["local_pref", "weight", "med"].map(|field| right(text(field)));
    let mut row = vec![left(text("network")), left(text("next_hop"))];
    row.extend(numbers);
    row.push(left(text("as_path")));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Lab, neighbor};

    fn plain(said: &str, direction: Direction, format: Format) -> Result<String, String> {
        let text = text(&Lab::new().view(), said, direction, format).map_err(|failure| failure.to_string())?;
        Ok(anstream::adapter::strip_str(&text).to_string())
    }

    #[test]
    fn a_neighbor_is_found_by_its_id_and_by_its_path() {
        let by_id = plain("dallas", Direction::Learned, Format::Table).unwrap();
        assert_eq!(plain(&neighbor(), Direction::Learned, Format::Table), Ok(by_id.clone()));
        // The peer announces 10.1.0.0/24 to 10.1.5.0/24.
        for number in 0..6 {
            let network = format!("10.1.{number}.0/24");
            let line = by_id.lines().find(|line| line.trim_start().starts_with(&network)).unwrap();
            assert!(line.contains("169.254.31.2") && line.ends_with("65001"), "{line}");
        }
        assert_eq!(plain("austin", Direction::Learned, Format::Table), Err("there is no BGP neighbor austin".into()));
    }

    #[test]
    fn every_format_has_every_route() {
        let json = plain("dallas", Direction::Learned, Format::Json).unwrap();
        let json: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(json["results"][0]["edge_node_routes"][0]["routes"].as_array().unwrap().len(), 6);
        let csv = plain("dallas", Direction::Learned, Format::Csv).unwrap();
        assert_eq!(csv.lines().count(), 7); // The names of the columns come first.
        let advertised = plain("dallas", Direction::Advertised, Format::Table).unwrap();
        assert!(advertised.contains("192.168.98.0/24") && advertised.contains("192.168.99.0/24"), "{advertised}");
    }
}
