"""What a scenario says of its site's priorities becomes a case's, and mistakes name file, line and remedy."""

import pytest

from rare.episodes import window_case
from rare.options.slurm_priority import Priority, PriorityShare
from rare.scenario.case_hash import case_hash, config_hash
from rare.scenario.scenario_episodes import episodes_of
from schedulers import make_scheduler
from traces.errors import InputError

PRIORITY = """[priority]
age_weight = 1000
fair_share_weight = 5000
half_life_s = 3600
[priority.qos]
high = 100
"low one" = 10
[priority.partition]
main = 4
[[priority.share]]
account = "physics"
shares = 3
[[priority.share]]
account = "theory"
parent = "physics"
[[priority.share]]
account = "theory"
user = "ada"
shares = 2
usage_core_h = 0.5
"""
SHARE = "[[priority.share]]\n"
USERS = """# start_utc: 2022-06-13T00:00:00Z
# zone: UTC
# processors: 8
job_id,submit_s,cores,work_s,estimate_s,user,account,qos,nice
1,100,2,600,900,ada,theory,high,0
2,200,4,1200,3600,bob,physics,,7
3,86500,8,300,600,ada,theory,,0
"""


class TestTables:
    def test_every_key_reaches_the_case(self, made):
        assert made(PRIORITY).case.priority == Priority(
            age_weight=1000,
            fair_share_weight=5000,
            half_life_s=3600,
            qos=(("high", 100), ("low one", 10)),
            partition=(("main", 4),),
            shares=(
                PriorityShare("physics", shares=3),
                PriorityShare("theory", parent="physics"),
                PriorityShare("theory", "ada", shares=2, usage_core_s=1800),
            ),
        )

    def test_defaults_are_those_of_slurm(self, made):
        assert made("[priority]\n").case.priority == Priority()
        rules = Priority()
        assert (rules.max_age_s, rules.half_life_s, rules.calc_period_s) == (604_800, 604_800, 300)
        assert rules.fair_share == "tree" and rules.fair_share_weight == rules.age_weight == 0
        assert made().case.priority is None

    def test_keys_may_be_set_on_the_command_line(self, made):
        settings = ("priority.age_weight=7", "priority.share.0.account=physics", "priority.qos.high=9")
        rules = made("", *settings).case.priority
        assert rules == Priority(age_weight=7, qos=(("high", 9),), shares=(PriorityShare("physics"),))

    @pytest.mark.parametrize(
        "more, message",
        [
            ("age_weight = -1", r"mine.toml:\d+: priority.age_weight must be between 0 and 10000000000"),
            ("age_weight = 1.5", "age_weight must be a whole number"),
            ("age_weight = true", "age_weight must be a whole number"),
            ("age_wait = 1", "age_wait is an unknown key; did you mean 'age_weight'"),
            ('fair_share = "forest"', "fair_share must be one of tree, classic"),
            ("calc_period_s = 0", "calc_period_s must be between 1 and 100000"),
            ("half_life_s = 9999999999999", "half_life_s must be between 0 and 1000000000"),
            ("qos = 3", "priority.qos"),
            ("[priority.qos]\nlow = 3\nhigh = -1", r"mine.toml:11: priority.qos.high must be between 0"),
            ('[priority.qos]\nhigh = "much"', r"mine.toml:10: priority.qos.high must be a whole number"),
            ("[priority.partition]\nfast = 1", r"mine.toml:10: .*fast is no partition .* known are main"),
            (
                "[priority.share]\nshares = 1",
                r"priority.share must be an array of tables.*\[\[priority.share",
            ),
            ("[[priority.share]]\nshares = 1", r"mine.toml:9: priority.share.0.account is missing"),
            ('[[priority.share]]\naccount = ""', "priority.share.0.account must be a text"),
            ('[[priority.share]]\naccount = "a"\n' * 2, r"mine.toml:11: .*account 'a' has shares twice"),
            (
                SHARE + 'account = "a"\nparent = "b"\n' + SHARE + 'account = "b"\nparent = "a"',
                r"mine.toml:9: priority.share.0 .*account 'a' lies below itself; give it another parent",
            ),
            ('[[priority.share]]\naccount = "a"\nuser = "u"\nparent = "b"', "leave it out"),
            ('[[priority.share]]\naccount = "root"', "is the root and has no shares"),
            ('[[priority.share]]\naccount = "a"\nusage_core_h = -1', "usage_core_h must be between 0"),
            ('[[priority.share]]\naccount = "a\\nb"\n' * 2, "has shares twice"),
        ],
    )
    def test_wrong_tables_are_one_clear_line(self, made, more, message):
        with pytest.raises(InputError, match=message) as refused:
            made(f"[priority]\n{more}\n")
        assert "\n" not in str(refused.value)

    def test_a_long_chain_of_accounts_is_no_riddle(self, made):
        many = "".join(f'[[priority.share]]\naccount = "a{i}"\nparent = "a{i + 1}"\n' for i in range(9000))
        assert len(made(f"[priority]\n{many}").case.priority.shares) == 9000


class TestRuns:
    def test_a_scenario_without_it_refuses_the_order(self, made):
        with pytest.raises(InputError, match=r"no \[priority\]; add it, or --set priority"):
            make_scheduler("multifactor").check(made().case)

    def test_users_come_from_the_trace(self, here, made):
        (here / "jobs.csv").write_text(USERS, encoding="utf-8")
        case = made(PRIORITY).case
        make_scheduler("multifactor+easy").check(case)
        assert case.workload.user.tolist() == ["ada", "bob", "ada"]

    def test_it_counts_in_hashes_where_it_is_used_and_nowhere_else(self, here, made):
        plain, ranked = made(), made(PRIORITY)
        changed = made(PRIORITY.replace("shares = 3", "shares = 4"))
        for hashed in (lambda one: case_hash(one.case), lambda one: config_hash(one.loaded.scenario)):
            assert len({hashed(plain), hashed(ranked), hashed(changed)}) == 3
        (here / "jobs.csv").write_text(USERS, encoding="utf-8")
        assert case_hash(made().case) == case_hash(plain.case)
        assert case_hash(made(PRIORITY).case) != case_hash(ranked.case)

    def test_a_window_begins_with_the_usage_of_the_table(self):
        settings = (
            "priority.fair_share_weight=10",
            "priority.share.0.account=a",
            "priority.share.0.usage_core_h=2",
        )
        episodes = episodes_of("tiny", settings)
        case = window_case(episodes.cases[0], episodes.of("validation")[0])
        assert case.priority == episodes.cases[0].priority
        assert case.priority.shares[0].usage_core_s == 7200
