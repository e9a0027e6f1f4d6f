//! `routes`: what a BGP neighbor teaches the gateway, and what the gateway advertises to
//! it, as the API's `…/neighbors/ID/routes` and `…/advertised-routes` list it.

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use super::engine_file::EngineFile;
use super::names;
use super::output::{self, Answer, FAINT, Failure, GOOD, PENDING, STRONG, styled};
use super::table::{left, right, table};
use crate::engine::bgp::documents::{self, Direction};
use crate::engine::bgp::{Exchange, NeighborState};
use crate::engine::topology::Neighbor;
use crate::engine::{EngineView, When};

/// What the `routes` command is given.
#[derive(Args)]
pub struct Options {
    /// The BGP neighbor: its id, or its policy path
    neighbor: String,
    /// What the gateway advertises to it, not what it teaches the gateway
    #[arg(long)]
    advertised: bool,
    #[command(flatten)]
    engine: EngineFile,
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

/// A neighbor, and what it exchanges with the gateway.
struct Asked<'a> {
    neighbor: &'a Neighbor,
    state: &'a NeighborState,
    exchange: Option<&'a Exchange>,
    direction: Direction,
}

/// Lists the routes.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let direction = if options.advertised { Direction::Advertised } else { Direction::Learned };
    let view = options.engine.view(When::Current)?;
    output::print(&text(&view, &options.neighbor, direction, options.format)?)?;
    Ok(Answer::Yes)
}

fn text(view: &EngineView, said: &str, direction: Direction, format: Format) -> Result<String, Failure> {
    let (path, neighbor) = names::find(&view.topology.neighbors, "BGP neighbor", said)?;
    // Whatever is declared has a state.
    let state = view.neighbors.get(path).ok_or_else(|| Failure::new(format!("nothing is known of {path}")))?;
    let asked = Asked { neighbor, state, exchange: view.ribs().neighbors.get(path), direction };
    Ok(match format {
        Format::Table => asked.table(),
        Format::Json => format!("{:#}\n", asked.document()),
        Format::Csv => documents::routes_csv(neighbor, state, asked.exchange, direction),
    })
}

impl Asked<'_> {
    fn document(&self) -> Json {
        documents::routes(self.neighbor, self.state, self.exchange, self.direction)
    }

    fn table(&self) -> String {
        let Self { neighbor, state, .. } = self;
        let style = if state.is_established() { GOOD } else { PENDING };
        let mut text = format!(
            "BGP neighbor {}, {} in AS {}, {}  {}\n",
            styled(STRONG, neighbor.path.id()),
            neighbor.address,
            neighbor.remote_as,
            styled(style, state.connection.word()),
            styled(FAINT, &neighbor.path),
        );
        if let Some(reason) = &state.reason {
            text.push_str("  ");
            text.push_str(&reason.to_string());
            text.push('\n');
        }
        let document = self.document();
        let routes = document.pointer("/results/0/edge_node_routes/0/routes").and_then(Json::as_array);
        let rows: Vec<_> = routes.into_iter().flatten().map(row).collect();
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
