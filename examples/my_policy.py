"""Trained policies of one's own, judged beside heuristics: of sb3-contrib, and of TorchScript.

rare evaluate --scenario tiny --scheduler 'easy,examples/my_policy.py:MaskedPPO(path="model.zip")'
"""

import numpy as np


class MaskedPPO:
    """A MaskablePPO that was trained on GreenClusterEnv with its default layout."""

    def __init__(self, path="model.zip"):
        from sb3_contrib import MaskablePPO

        self.model = MaskablePPO.load(path, device="cpu")

    def act(self, observation: np.ndarray, mask: np.ndarray) -> int:
        """The most likely valid action."""
        return self.model.predict(observation, action_masks=mask, deterministic=True)[0]


class TorchScript:
    """A module that gives a number for each action; the greatest of the valid ones is taken.

    slots: queue and running slots that it was trained with.
    """

    def __init__(self, path="module.pt", slots=(64, 16)):
        import torch

        self.torch, self.module = torch, torch.jit.load(path, map_location="cpu").eval()
        self.layout = {"queue_slots": slots[0], "running_slots": slots[1]}

    def act(self, observation: np.ndarray, mask: np.ndarray) -> int:
        """The valid action with the greatest number."""
        with self.torch.no_grad():
            scores = self.module(self.torch.from_numpy(observation)[None])[0].numpy()
        return int(np.where(mask, scores, -np.inf).argmax())
