"""Months of acts and waiting on one license: whatever is done in whatever order, these things hold."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.core.license_terms import DAY, NOW, policies

from tradepost.core import license_acts as acts
from tradepost.core.edition import LOWEST, Edition
from tradepost.core.errors import ConflictError, IllegalTransitionError
from tradepost.core.license import PAID, RUNNING, Billing, LicensePolicy, LicenseTerms, LicenseType, Period
from tradepost.core.license_acts import LicenseRule
from tradepost.core.license_decision import Standing, decide, first_edition, may_try_edition, switching
from tradepost.core.license_settling import next_change_at, settle
from tradepost.core.states import LicenseState

editions = st.sampled_from(Edition)
some_periods = st.sampled_from(Period)


class OneLicense(RuleBasedStateMachine):
    """A license, settled, at a moment; an app whose editions went live at some time or never."""

    @initialize(
        policy=policies, live_after=st.none() | st.timedeltas(-DAY, 200 * DAY), billing=st.sampled_from(Billing)
    )
    def begin(self, policy: LicensePolicy, live_after: timedelta | None, billing: Billing) -> None:
        self.policy, self.billing = policy, billing
        self.live_at = NOW + live_after if live_after is not None else None
        self.now: datetime = NOW
        self.terms = LicenseTerms()
        self.has_been_told_an_edition = False

    @rule(by=st.timedeltas(timedelta(microseconds=1), 400 * DAY))
    def wait(self, by):
        self.now += by
        self.terms, _ = settle(self.terms, self.now, self.policy)

    @rule()
    def wait_for_the_next_change(self):
        at = next_change_at(self.terms, self.policy)
        if at is not None:
            before, self.now = self.terms, at
            self.terms, _ = settle(self.terms, at, self.policy)
            assert self.terms != before

    @rule()
    def start_a_trial(self):
        self._do(lambda: acts.start_trial(self.terms, at=self.now, policy=self.policy, edition=self._first()))

    @rule(period=some_periods)
    def buy(self, period):
        self._do(lambda: acts.buy(self.terms, at=self.now, period=period, edition=self._first()))

    @rule(act=st.sampled_from([acts.pay, acts.cancel, acts.resume, acts.end, acts.keep]))
    def mark(self, act):
        self._do(lambda: act(self.terms, at=self.now))

    @rule(kind=st.sampled_from(LicenseType), tier=st.none() | st.integers(1, 9), period=st.none() | some_periods)
    def change(self, kind, tier, period):
        self._do(lambda: acts.change(self.terms, at=self.now, kind=kind, user_tier=tier, period=period))

    @rule(to=editions)
    def switch(self, to):
        answer = switching(self._standing(), to, at=self.now)
        if answer.may:
            at = answer.takes_effect_at
            self._do(lambda: acts.switch(self.terms, to, at=self.now))
            assert settle(self.terms, at, self.policy)[0].edition is to

    @rule(to=editions)
    def try_an_edition(self, to):
        if may_try_edition(self._standing(), at=self.now):
            self._do(lambda: acts.try_edition(self.terms, to, at=self.now, policy=self.policy))

    @rule()
    def move_to_improved_billing(self):
        before = self._told().edition
        self.billing = Billing.IMPROVED
        assert before is None or self._told().edition is before

    @invariant()
    def what_stands_there_fits_together(self):
        terms = self.terms
        assert settle(terms, self.now, self.policy) == (terms, ())
        if terms.next_edition is not None:
            assert terms.state in PAID
            assert terms.period_ends_at is not None
            assert terms.next_edition.rank < terms.edition.rank
        if terms.edition_trial_ends_at is not None:
            assert terms.state in RUNNING
            assert terms.next_edition is None
            assert terms.falls_back_to.rank < terms.edition.rank
        else:
            assert terms.falls_back_to is None
        assert (terms.state is LicenseState.TRIAL) <= (terms.trial_ends_at is not None)
        assert (terms.state is LicenseState.CANCELLED) <= (terms.period_ends_at is not None)
        if terms.state is LicenseState.ACTIVE:
            assert (terms.period is Period.NONE) == (terms.period_ends_at is None)

    @invariant()
    def who_is_told_an_edition_once_is_always_told_one(self):
        told = self._told()
        if self.billing is Billing.ORIGINAL:
            assert told.edition is None
        if told.active and self.has_been_told_an_edition:
            assert told.edition is not None
        self.has_been_told_an_edition |= told.edition is not None

    @invariant()
    def more_than_the_lowest_is_told_where_it_was_chosen_alone(self):
        if self.live_at is None or self.live_at > self.now:
            assert self.terms.edition is None
        assert self.terms.edition in {None, LOWEST} or self.live_at is not None

    def _do(self, act):
        try:
            self.terms = act()
        except IllegalTransitionError:
            pass
        except ConflictError as refused:
            LicenseRule(refused.rule)  # raises for a rule that nobody explains
        self.terms, _ = settle(self.terms, self.now, self.policy)

    def _first(self):
        return first_edition(self.terms, billing=self.billing, live_at=self.live_at, at=self.now)

    def _standing(self):
        return Standing(terms=self.terms, billing=self.billing, live_at=self.live_at)

    def _told(self):
        policy = replace(self.policy, keeps_edition=True)
        return decide(self._standing(), entitlement_id="a", entitlement_number="b", support_number="c", policy=policy)


OneLicense.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestWhateverIsDoneInWhateverOrder = OneLicense.TestCase
