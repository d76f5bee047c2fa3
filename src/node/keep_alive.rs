//! Keeps the event loop, and with it the process, alive while calls with a timeout are under way,
//! or the loop is to come for more that is to be told, and not otherwise; and with the loop the
//! function that hears of it, which may be all that is left of a module that everybody else has
//! forgotten.
//!
//! Where the turns of the loop can be seen, the loop is let go at the beginning of a
//! turn in which nothing waits: calls that come and go within one turn, as they do by
//! the thousand, ask for nothing.

use std::cell::Cell;

use napi::sys;

/// See the [module](self). Lives on the loop's thread.
pub(crate) struct KeepAlive {
    env: sys::napi_env,
    /// The threadsafe function whose reference it is; none once that is closed.
    wake: Cell<Option<sys::napi_threadsafe_function>>,
    /// The reference to that function, weak while nothing is held.
    on_wakeup: sys::napi_ref,
    /// How many breakers have calls with a timeout under way, and one more while there is more to tell.
    waiting: Cell<usize>,
    holding: Cell<bool>,
    /// Whether [`KeepAlive::on_turn`] will be called.
    sees_turns: Cell<bool>,
}

impl KeepAlive {
    /// Holds nothing yet.
    ///
    /// # Safety
    ///
    /// `wake` must be an unreferenced threadsafe function of `env` and `on_wakeup` a weak
    /// reference of it; both must live until [`KeepAlive::close`].
    pub(crate) unsafe fn new(
        env: sys::napi_env,
        wake: sys::napi_threadsafe_function,
        on_wakeup: sys::napi_ref,
    ) -> Self {
        KeepAlive {
            env,
            wake: Cell::new(Some(wake)),
            on_wakeup,
            waiting: Cell::new(0),
            holding: Cell::new(false),
            sees_turns: Cell::new(false),
        }
    }

    /// One more breaker waits. Returns how many others do.
    #[inline]
    pub(crate) fn take(&self) -> usize {
        let others = self.waiting.get();
        self.waiting.set(others + 1);
        if !self.holding.get() {
            self.hold(true);
        }
        others
    }

    /// One of them waits no more. Returns how many others do.
    #[inline]
    pub(crate) fn give_back(&self) -> usize {
        let others = self.waiting.get() - 1;
        self.waiting.set(others);
        if !self.sees_turns.get() {
            self.let_go_if_idle();
        }
        others
    }

    /// Whether a breaker waits. The loop may be held for the rest of the turn when none does
    /// any more.
    pub(crate) fn is_waiting(&self) -> bool {
        self.wake.get().is_some() && self.waiting.get() != 0
    }

    /// A turn of the loop begins.
    pub(crate) fn on_turn(&self) {
        self.sees_turns.set(true);
        self.let_go_if_idle();
    }

    /// Lets the loop go for good.
    pub(crate) fn close(&self) {
        self.wake.set(None);
    }

    fn let_go_if_idle(&self) {
        if self.holding.get() && self.waiting.get() == 0 {
            self.hold(false);
        }
    }

    #[cold]
    fn hold(&self, hold: bool) {
        self.holding.set(hold);
        let Some(wake) = self.wake.get() else { return };
        let mut count = 0;
        // SAFETY: this is the loop's thread, and both live until `close`.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(self.env, wake);
                sys::napi_reference_ref(self.env, self.on_wakeup, &mut count);
            } else {
                sys::napi_unref_threadsafe_function(self.env, wake);
                sys::napi_reference_unref(self.env, self.on_wakeup, &mut count);
            }
        }
    }
}
