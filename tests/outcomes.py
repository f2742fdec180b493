"""Which outcome of docs/operators/outcomes.md does which test show? Each runs by its name.

python -m tests.outcomes                 # all names
python -m tests.outcomes full_disk       # shows that outcome
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

import pytest

OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "full_disk": (
        "test_outcomes.py::test_while_the_disk_is_full_guidance_goes_on_and_a_send_is_refused",
        "test_outcomes.py::test_a_full_disk_leaves_nothing_half_and_says_so_in_the_persons_language",
        "test_outcomes.py::test_a_start_on_a_full_disk_says_so",
        "test_outcomes.py::test_the_doctor_says_that_the_disk_is_full_or_takes_nothing",
    ),
    "full_disk_postgresql": (
        "test_outcomes.py::test_while_the_disk_of_postgresql_is_full_nothing_half_is_kept",
        "test_outcomes.py::test_the_doctor_says_that_the_disk_of_postgresql_is_full",
    ),
    "corrupt_page": (
        "test_outcomes.py::test_a_damaged_database_is_refused_at_the_start_with_what_to_do",
        "test_outcomes.py::test_whatever_page_is_damaged_no_wrong_word_is_shown",
        "test_outcomes.py::test_while_the_database_is_damaged_guidance_goes_on_and_a_send_is_refused",
    ),
    "swapped_rows": (
        "test_outcomes.py::test_a_case_that_was_tampered_with_is_refused_and_the_others_open",
        "test_desk_keys.py::test_what_is_locked_opens_nowhere_else",
        "test_desk_keys.py::test_whoever_changes_what_was_done_breaks_the_chain",
    ),
    "clock_jump": (
        "test_outcomes.py::test_a_clock_that_jumps_brings_no_reminder_twice_and_none_at_night",
        "test_outcomes.py::test_a_clock_that_was_put_back_holds_up_nothing_that_waits",
        "test_outcomes.py::test_a_card_outlives_no_jump_of_the_clock_for_ever",
        "test_outcomes.py::test_while_the_clock_is_wrong_requests_are_refused_and_then_taken",
        "test_outcomes.py::test_what_has_come_is_known_though_the_clock_jumps",
        "test_desk_time.py::test_a_clock_that_leaps_an_hour_forward_and_back_brings_nothing_twice",
    ),
    "platform_outage": (
        "test_outcomes.py::test_a_day_without_the_platform_loses_nothing_and_asks_seldom",
        "test_desk_faults.py::test_while_slack_takes_no_token_everything_waits_and_nothing_is_lost",
    ),
    "database_away": (
        "test_outcomes.py::test_while_postgresql_is_away_guidance_goes_on_and_it_mends_itself",
        "test_store.py::test_when_postgresql_is_silent_nothing_waits_for_ever",
    ),
    "killed": (
        "test_desk_crash.py::test_nothing_is_lost_where_it_dies_while_several_things_go_on",
        "test_pins_crash.py",
    ),
    "backup": (
        "test_backup.py::test_a_backup_taken_while_people_work_brings_everything_back",
        "test_backup.py::test_what_was_erased_after_the_backup_is_erased_again",
    ),
    "wrong_keys": (
        "test_backup.py::test_with_the_wrong_keys_nothing_opens_and_nothing_is_destroyed",
        "test_desk_keys.py::test_without_the_key_of_a_case_nothing_opens_and_nothing_is_lost",
    ),
    "key_rotation": (
        "test_backup.py::test_keys_are_changed_replica_by_replica_and_everything_opens_all_along",
        "test_backup.py::test_a_new_key_in_front_at_once_shuts_out_the_replicas_that_lack_it",
        "test_desk_keys.py::test_keys_change_though_the_process_is_killed_wherever_it_can_be",
    ),
    "upgrade": (
        "test_backup.py::test_from_each_older_version_everything_is_kept",
        "test_backup.py::test_an_upgrade_leaves_the_tables_of_the_version_before_as_they_were",
        "test_store.py::test_four_replicas_may_start_on_an_empty_database",
    ),
    "rollback": (
        "test_backup.py::test_the_backup_made_before_an_upgrade_brings_the_version_before_back",
        "test_store.py::test_a_database_of_a_newer_version_is_refused",
    ),
}  # fmt: skip


def main(names: list[str]) -> int:
    if not names or not set(names) <= set(OUTCOMES):
        print("\n".join(OUTCOMES))  # noqa: T201
        return int(bool(names))
    tests = [f"tests/{test}" for name in names for test in OUTCOMES[name]]
    return int(pytest.main(["-n", "0", "-q", "-rA", "--show-capture=no", *tests]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
