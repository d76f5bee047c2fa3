//! What the core counts is called at the border what it is.

use didelphis_abi::counters::COUNTERS;
use didelphis_core::window::Counter;

#[test]
fn the_counters_have_the_names_of_the_core_in_its_order() {
    let names = Counter::ALL.map(|kind| {
        let name = format!("{kind:?}");
        name[..1].to_lowercase() + &name[1..]
    });
    assert_eq!(names, COUNTERS);
}
