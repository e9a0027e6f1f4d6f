//! The first packets of many flows, without looking at the others.

use crate::engine::Moment;
use crate::engine::topology::Flow;

/// The first `most` packets that `flows` send from `from` until just before `to`, in order:
/// the position of the flow, and the number of the packet. Of packets sent at the same
/// nanosecond, that of the flow named first comes first.
pub(super) fn first(flows: &[&Flow], from: Moment, to: Moment, most: usize) -> Vec<(usize, u64)> {
    if most == 0 || flows.is_empty() || from >= to {
        return Vec::new();
    }
    let to = enough_by(flows, from, to, most);
    let mut found: Vec<(i64, usize, u64)> = Vec::new();
    for (position, flow) in flows.iter().enumerate() {
        let numbers = flow.numbers(from, to).take(most);
        found.extend(numbers.map(|number| (flow.time_of(number), position, number)));
    }
    found.sort_unstable();
    found.truncate(most);
    found.into_iter().map(|(_, position, number)| (position, number)).collect()
}

/// The earliest moment before which the flows have sent `most` packets; `to` if that is not
/// before.
fn enough_by(flows: &[&Flow], from: Moment, to: Moment, most: usize) -> Moment {
    let sent = |until: i64| -> u64 {
        let each = flows.iter().map(|flow| {
            let numbers = flow.numbers(from, Moment(until));
            numbers.end - numbers.start
        });
        each.fold(0, u64::saturating_add)
    };
    let (mut low, mut high) = (from.0, to.0);
    while low < high {
        let middle = low + (high - low) / 2;
        if usize::try_from(sent(middle)).is_ok_and(|sent| sent < most) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Moment(high)
}
