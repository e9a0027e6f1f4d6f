//! What is wrong with a document, and where.

use std::fmt;

/// One step from an object down to a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field, by its name in the API.
    Field(&'static str),
    /// A field the API does not have, by the name it was given.
    Stray(String),
    /// An element of a list, by position from 0.
    Item(usize),
}

/// Where in a document a value stands: `prefixes[0].ge`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<Step>);

impl Place {
    /// The field `name` below this place.
    #[must_use]
    pub fn field(&self, name: &'static str) -> Self {
        self.then(Step::Field(name))
    }

    /// The element at `position` below this place.
    #[must_use]
    pub fn item(&self, position: usize) -> Self {
        self.then(Step::Item(position))
    }

    /// This place and one more step.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// A place below `self`, given from there.
    #[must_use]
    pub fn join(&self, below: &Place) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            let dot = if position == 0 { "" } else { "." };
            match step {
                Step::Field(name) => write!(f, "{dot}{name}")?,
                Step::Stray(name) => write!(f, "{dot}{name}")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// The API refuses it.
    Refused,
    /// The API takes it, and nothing comes of it: nobody means that, and a plan refuses it.
    Idle,
    /// The API takes it, and does something the user may not expect.
    Surprising,
}

/// What is wrong, as far as the API has different answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A value does not fit.
    Value,
    /// A value should be the path of an object of a certain kind, and is this.
    Path(String),
    /// A value is taken: another object has the address, or one that overlaps.
    Taken,
}

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The value it is about.
    pub at: Place,
    /// How bad it is.
    pub gravity: Gravity,
    /// What sort of thing is wrong.
    pub nature: Nature,
    /// What is wrong, in one line, without a full stop. Never holds a secret.
    pub what: String,
    /// What to do about it, in whole sentences. Never holds a secret.
    pub hint: String,
}

impl Problem {
    /// The API refuses the value at `at`.
    pub fn refused(at: Place, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, gravity: Gravity::Refused, nature: Nature::Value, what: what.into(), hint: hint.into() }
    }

    /// The API takes the value at `at`, with a surprise.
    pub fn surprising(at: Place, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { gravity: Gravity::Surprising, ..Self::refused(at, what, hint) }
    }

    /// The API takes the value at `at`, and nothing comes of it.
    pub fn idle(at: Place, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { gravity: Gravity::Idle, ..Self::refused(at, what, hint) }
    }

    /// The same problem, which is of `nature`.
    #[must_use]
    pub fn of(self, nature: Nature) -> Self {
        Self { nature, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.0.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        write!(f, "{}. {}", self.what, self.hint)
    }
}
