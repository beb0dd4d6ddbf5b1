"""System 004: logistic regression on the pixels of handwritten digits; it quantises nothing."""

from __future__ import annotations

from core.config import preset_experiment
from core.evaluate import measure
from core.reference.figure import TESTS, Answer
from core.train import train


def system_004() -> dict[str, Answer]:
    """Return the figures of system 004."""
    e = preset_experiment("system-004")
    trained = train(e.data, e.train)
    found = measure(trained, trained.parts)
    accuracy, f1 = found["test"]["accuracy"], {n: found["test"][f"f1_{n}"] for n in ("macro", "weighted")}
    return {
        "test_accuracy": (accuracy, ""),
        "training_accuracy": (
            found["train"]["accuracy"],
            f"The document repeats the test accuracy; of its {trained.report.n_train:,} training rows the model gets "
            f"{100 * found['train']['accuracy']:.2f} % right.",
        ),
        # With one class a row, micro precision, micro recall and therefore micro F1 are the accuracy.
        "f1": (
            {**f1, "micro": accuracy},
            "Only the micro average fits, and that is the accuracy under another name; macro and weighted F1 differ.",
        ),
        "tests": TESTS,
    }
