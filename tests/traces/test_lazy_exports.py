"""What waits for a package of others happens too early, twice, or not at all."""

import sys
from importlib.util import find_spec

import pytest

from traces.lazy_exports import when_imported

NAME = "package_of_others"


@pytest.fixture
def others(tmp_path, monkeypatch):
    """A package that nobody has imported."""
    (tmp_path / f"{NAME}.py").write_text("names = ['its own']\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield
    sys.modules.pop(NAME, None)


def _register():
    import package_of_others

    package_of_others.names.append("ours")


class TestWhenImported:
    def test_waits_for_the_import(self, others):
        when_imported(NAME, _register)
        assert NAME not in sys.modules
        import package_of_others

        assert package_of_others.names == ["its own", "ours"]

    def test_who_only_asks_for_the_package_takes_nothing_away(self, others):
        when_imported(NAME, _register)
        assert find_spec(NAME) is not None
        import package_of_others

        assert package_of_others.names == ["its own", "ours"]

    def test_happens_once(self, others):
        when_imported(NAME, _register)
        import package_of_others

        del sys.modules[NAME]
        import package_of_others  # noqa: F811

        assert package_of_others.names == ["its own"]

    def test_happens_at_once_where_it_is_imported_already(self, others):
        import package_of_others

        when_imported(NAME, _register)
        assert package_of_others.names == ["its own", "ours"]

    def test_a_package_that_is_absent_stays_absent(self, others):
        when_imported("no_such_package_of_others", _register)
        with pytest.raises(ModuleNotFoundError):
            import no_such_package_of_others  # noqa: F401
