//! What the host calls: the environment, and the crossings, which take a breaker's number and what
//! else there is in the shared words, and leave the result there.

use super::environment::Environment;
use super::room::ask_for_room;
use super::shared::Shared;
use didelphis_abi::fingerprint::FINGERPRINT;
use didelphis_core::latency::{self, BINS};
use didelphis_host::commands;
use didelphis_host::hot::{self, Crossing, Environment as _};
use didelphis_host::memory::Memory;

/// Begins the environment, with 64 bits of chance. Returns where the shared memory lies.
#[no_mangle]
pub extern "C" fn begin(high: u32, low: u32) -> *mut f64 {
    Environment::begin(u64::from(high) << 32 | u64::from(low));
    Shared::address()
}

/// The number of the border.
#[no_mangle]
pub extern "C" fn fingerprint() -> u32 {
    FINGERPRINT
}

/// The timer has gone off. Whether there is something to be fetched.
#[no_mangle]
pub extern "C" fn on_time() -> bool {
    Environment::get().on_time()
}

/// Whether a crossing was stopped in the middle, as is seen where none is under way.
#[no_mangle]
pub extern "C" fn is_cut() -> bool {
    Environment::get().crossing.get()
}

/// Whether stalls of the loop are to be among the wake-ups.
#[no_mangle]
pub extern "C" fn hear_stalls(wanted: bool) {
    ask_for_room();
    let site = Environment::get().site();
    site.mailbox.hear_stalls(wanted);
    site.page.hear_stalls(wanted);
}

/// Leaves in the shared memory what the turns of the loop were like.
#[no_mangle]
pub extern "C" fn read_lag() {
    ask_for_room();
    let (mut loop_delay, busy, now) = Environment::get().site().page.loop_delay();
    commands::put_lag(&Shared, &mut loop_delay, busy, now);
}

/// Lets every call of every breaker pass, or ends that.
#[no_mangle]
pub extern "C" fn bypass_all(bypassed: bool) {
    ask_for_room();
    let environment = Environment::get();
    // Makes room for the command.
    environment.instances().obey_commands();
    environment.site().bypass(bypassed);
}

/// Something of a call may have been lost: it is looked for in the next turn.
#[no_mangle]
pub extern "C" fn look() {
    ask_for_room();
    Environment::get().site().page.look();
}

/// A random number.
#[no_mangle]
pub extern "C" fn random() -> u32 {
    Environment::get().random_number() as u32
}

/// For a bin of a histogram the latency that it stands for, in ms.
#[no_mangle]
pub extern "C" fn midpoint(bin: u32) -> f64 {
    let bin = (bin as usize).min(BINS - 1);
    latency::midpoint_of(bin).as_millis_f64()
}

macro_rules! crossings {
    ($($name:ident: $crossing:ident)*) => {
        $(
            /// A crossing, by the shared words.
            #[no_mangle]
            pub extern "C" fn $name() {
                ask_for_room();
                cross();
                // What a function has on the stack of the module it takes as it begins, and nobody gives it back
                // where there is no room.
                #[inline(never)]
                fn cross() {
                    let environment = Environment::get();
                    environment.crossing.set(true);
                    let result = hot::$crossing::cross(environment, Shared.word(0) as u32);
                    environment.crossing.set(false);
                    Shared.put_word(0, result);
                }
            }
        )*
    };
}

crossings! {
    admit: Admit
    admit_again: AdmitAgain
    admit_within: AdmitWithin
    enter: Enter
    leave: Leave
    settle: Settle
    expire: Expire
    evaluate_trip: EvaluateTrip
    abandon: Abandon
    next_out: NextOut
    next_under_way: NextUnderWay
    count: CountOne
    delay: Delay
    next_wakeup: NextWakeup
    poll: Poll
    state: ReadState
}
