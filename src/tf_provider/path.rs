//! The way from a block down to one of its attributes.

use std::fmt;

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// An attribute or a nested block type, by name.
    Attribute(String),
    /// An element of a list, by position from 0.
    Index(i64),
    /// An element of a map, by key.
    Key(String),
}

/// The way from a block down to one of its attributes, as Terraform shows it:
/// `rule[0].sources`. The empty path is the block itself.
///
/// The protocol has no step into a set, so a path that would lead into one ends
/// at the set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

impl Path {
    /// The block itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The attribute `name` of the block.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::root().then(Step::Attribute(name.into()))
    }

    /// This path and one more step.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// This path and the attribute `name` below it.
    #[must_use]
    pub fn child(&self, name: impl Into<String>) -> Self {
        self.then(Step::Attribute(name.into()))
    }

    /// This path and the list element at `index` below it.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The steps, from the root down.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the block itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}
