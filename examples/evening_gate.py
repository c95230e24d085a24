"""A gate of one's own: from half past five to nine in the evening, jobs that have time wait.

rare simulate --scenario islanded --scheduler easy+examples/evening_gate.py:Evening
"""

from rare import ClusterView, JobView
from schedulers import Gate


class Evening(Gate):
    """flexible jobs wait while households cook: 17:30 to 21:00 on the site's clock"""

    def holds(self, view: ClusterView, job: JobView) -> bool:
        """True while the job shall wait."""
        return 17.5 <= view.local_hour < 21.0
